"""`tertib hold`: keep every rule away from an order, and list those that rules keep away from."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from tertib import naming
from tertib.cli import context, options, screen, speech, until
from tertib.ledger.schema import plain
from tertib.sayings import N_


@click.command("hold")
@click.argument("order", required=False)
@click.option(
    "--until",
    "ends",
    metavar="TIME",
    help="When the hold ends: `3d`, `2026-12-24` or a full time; else never.",
)
@click.option("--why", help="The reason, for whoever asks later.")
@click.option(
    "--list", "listing", is_flag=True, help="List what is on hold, and what rules leave alone by themselves."
)
@options.json_output
def command(order: str | None, *, ends: str | None, why: str | None, listing: bool, as_json: bool) -> int:
    """Keep every rule away from ORDER (its number or id) until the hold ends or `tertib release` ends it."""
    if listing and (order or ends or why):
        raise click.UsageError("`--list` stands alone")
    opened = context.session()
    if listing:
        return _list(opened, as_json=as_json)
    if order is None or not naming.bare(order):
        raise click.UsageError("name the order that rules are to leave alone, or ask for `--list`")
    return _hold(opened, order, ends, why or "no reason was given", as_json=as_json)


def _hold(opened: context.Session, order: str, given: str | None, why: str, *, as_json: bool) -> int:
    now, account = opened.time.now(), opened.settings.account
    ends = until.read(given, now, opened.settings.timezone)
    named = naming.find(order, opened.ledger, account, lambda: opened.reader)
    opened.ledger.hold(account, named.name, ends, why, now)
    if named.doubt:
        click.echo(screen.clean(_doubted(named)), err=True)
    if as_json:
        told = {"order": named.name, "until": ends and ends.isoformat(), "why": why}
        screen.emit({**told, "verified": not named.doubt, "doubt": named.doubt or None})
    else:
        click.echo(screen.clean(_said(named.name, ends, opened.settings.timezone)))
    return 0


def _doubted(named: naming.Named) -> str:
    """Warn that the hold may hold nothing: what was typed may be no order's number."""
    why = speech.gettext(
        "nobody could check that there is an order %(order)s: %(why)s",
        order=named.name,
        why=speech.say(named.doubt),
    )
    return speech.gettext("warning: %(why)s", why=why)


def _said(order: str, ends: datetime | None, zone: str) -> str:
    if ends is None:
        return speech.gettext("%(order)s is on hold until it is released", order=order)
    at = screen.moment(ends, zone)
    return speech.gettext("%(order)s is on hold until %(at)s", order=order, at=at)


def _list(opened: context.Session, *, as_json: bool) -> int:
    """List the holds, and the orders that rules leave alone because a person changed them."""
    account, zone = opened.settings.account, opened.settings.timezone
    holds, quarantined = opened.ledger.holds(account, opened.time.now()), opened.ledger.quarantined(account)
    if as_json:
        screen.emit(
            {
                "holds": [plain(asdict(one)) for one in holds],
                "quarantined": [plain(asdict(one)) for one in quarantined],
            }
        )
        return 0
    listed = screen.table(N_("order"), N_("kept from"), N_("since"), N_("until"), N_("why"))
    released = speech.gettext("released")
    for hold in holds:
        lasts = screen.moment(hold.until, zone) if hold.until else released
        listed.add_row(
            screen.clean(hold.ref),
            speech.gettext("every rule"),
            screen.moment(hold.since, zone),
            lasts,
            screen.clean(speech.say(hold.why)),
        )
    for one in quarantined:
        why = (
            speech.gettext("undone by run %(run)s", run=one.undone_by)
            if one.undone_by
            else speech.gettext("a person changed it after this rule did")
        )
        order, since = screen.clean(one.order_id or one.id), screen.moment(one.since, zone)
        listed.add_row(order, screen.clean(one.rule), since, released, why)
    opened.console().print(listed if holds or quarantined else speech.gettext("no order is on hold"))
    return 0
