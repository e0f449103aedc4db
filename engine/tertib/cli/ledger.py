"""`tertib ledger`: the record itself, as a thing to look after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tertib.cli import context, options, screen, speech
from tertib.errors import SettingsError
from tertib.language import durations
from tertib.sayings import N_, said

if TYPE_CHECKING:
    from tertib.ledger.forget import Forgotten

_STATUS: Final = {
    "ledger": N_("ledger"),
    "account": N_("account"),
    "size": N_("size"),
    "rows": N_("rows"),
    "last_record": N_("last record"),
    "checkpoints": N_("checkpoints"),
    "exported": N_("exported"),
    "whole": N_("whole"),
    "faults": N_("faults"),
}
"""What the facts of the status are called."""


@click.group("ledger")
def command() -> None:
    """Look at the record itself, copy it, go on with an older one, and forget old personal data."""


@command.command("status")
@options.json_output
def status(*, as_json: bool) -> int:
    """Say where the ledger is, what it holds, and whether it is whole. Exit code 1 where it is not."""
    opened = context.session()
    found = _status(opened)
    if as_json:
        screen.emit(found)
    else:
        for name, value in found.items():
            told = screen.clean(_said(value, opened.settings.timezone))
            click.echo(f"{speech.gettext(_STATUS[name])}: {told}")
    return 0 if found["whole"] else 1


def _status(opened: context.Session) -> dict[str, Any]:
    account, ledger = opened.settings.account, opened.ledger
    volume, head, beside = ledger.volume(), ledger.checkpoint(account), opened.witness.saw(account)
    exported = opened.witness.exported(account)
    faults = [
        *ledger.integrity(),
        *(
            said("it is older than its checkpoint, which saw record %(record)s", record=one.seq)
            for one in ledger.ahead(account)
        ),
    ]
    return {
        "ledger": ledger.name,
        "account": account,
        "size": volume.size,
        "rows": dict(volume.rows),
        "last_record": None if head is None else head.document(),
        "checkpoints": [one.document() for one in beside],
        "exported": None if exported is None else asdict(exported),
        "whole": not faults,
        "faults": faults,
    }


def _said(value: Any, zone: str) -> str:  # noqa: PLR0911 - a line for each type that a fact has
    """Return a value of the status as people read it."""
    if isinstance(value, bool):
        return speech.gettext("yes") if value else speech.gettext("no, see the faults")
    if isinstance(value, int):
        return screen.number(value)
    if isinstance(value, dict) and "seq" in value:
        told = speech.gettext("record %(record)s, %(at)s", record=value["seq"], at=_at(value["at"], zone))
        if not value.get("failed"):
            return told
        return f"{told}, " + speech.gettext("failed: %(why)s", why=speech.say(value["failed"]))
    if isinstance(value, dict):
        return ", ".join(f"{name} {screen.number(count)}" for name, count in value.items())
    if isinstance(value, list):
        return "; ".join(_said(one, zone) for one in value) or speech.gettext("none")
    return speech.gettext("none") if value is None else speech.say(str(value))


def _at(written: str, zone: str) -> str:
    """Return an instant on the shop's clock; a checkpoint that was written by hand may hold none."""
    try:
        return screen.moment(datetime.fromisoformat(written), zone)
    except ValueError:
        return written


@command.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@options.json_output
def backup(file: Path, *, as_json: bool) -> int:
    """Copy the ledger to FILE, whole and at one moment, also while runs go on. The audit key is not in it."""
    opened = context.session()
    opened.ledger.back_up(file)
    if as_json:
        screen.emit({"backup": str(file)})
    else:
        click.echo(
            speech.gettext(
                "`%(file)s` is a copy of `%(ledger)s`; keep the audit key as well, apart from it",
                file=file,
                ledger=opened.ledger.name,
            )
        )
    return 0


@command.command("accept")
@click.option("--why", required=True, help="What you found; it stays in the audit log, so name no buyer.")
@options.json_output
def accept(*, why: str, as_json: bool) -> int:
    """Go on with a ledger that is older than its checkpoint, after you have looked at what was done since."""
    opened = context.session()
    account, now = opened.settings.account, opened.time.now()
    given_up = opened.ledger.ahead(account)
    if not given_up:
        raise SettingsError(f"the ledger is not older than a checkpoint of account `{account}`")
    opened.ledger.accept(account, context.person(), why, now)
    head = opened.ledger.checkpoint(account)
    failed = None if head is None else opened.witness.accept(head, now)
    if failed is not None:
        opened.warn(failed)
    if as_json:
        screen.emit({"account": account, "given_up": [one.document() for one in given_up]})
    else:
        click.echo(speech.gettext("account `%(account)s` goes on with this ledger", account=account))
    return 0


@command.command("prune")
@click.option(
    "--older-than", "span", default="180d", show_default=True, help="How old data is before it is forgotten."
)
@click.option("--yes", is_flag=True, help="Do not ask. Needed where nobody sits at a terminal.")
@options.json_output
def prune(*, span: str, yes: bool, as_json: bool) -> int:
    """Forget old personal data: masks and keyed hashes of values, traces, reasons, notes. Cannot be undone.

    What was done to which order stays, and so does the audit log, which holds no personal data and stays verifiable.
    """
    opened = context.session()
    account, now = opened.settings.account, opened.time.now()
    before = now - _span(span, opened)
    found = opened.ledger.forgettable(account, before)
    if not as_json or not yes:
        listed = ", ".join(_counted(found)) or speech.gettext("nothing")
        click.echo(speech.gettext("to be forgotten: %(what)s", what=listed), err=as_json)
    if found.rows and not yes:
        if not screen.asks():
            raise click.UsageError(
                "there is no terminal to ask on; add `--yes` to forget without being asked"
            )
        if not speech.confirmed(speech.gettext("forget their personal data for good?")):
            return 1
    done = opened.ledger.forget(account, before, context.person(), now) if found.rows else found
    if as_json:
        screen.emit({"account": account, "before": before.isoformat(), "forgotten": asdict(done)})
    elif found.rows:
        click.echo(speech.gettext("forgotten"))
    return 0


def _counted(found: Forgotten) -> Iterator[str]:
    """Yield how much there is to forget of each kind."""
    told = {
        "plans": speech.ngettext("%(count)s plan", "%(count)s plans", found.plans),
        "changes": speech.ngettext("%(count)s change", "%(count)s changes", found.changes),
        "requests": speech.ngettext("%(count)s request", "%(count)s requests", found.requests),
        "holds": speech.ngettext("%(count)s hold", "%(count)s holds", found.holds),
        "approvals": speech.ngettext("%(count)s approval", "%(count)s approvals", found.approvals),
    }
    yield from (told[kind] for kind, count in asdict(found).items() if count)


def _span(text: str, opened: context.Session) -> timedelta:
    """Read how old data must be; younger than what a plan or an unknown outcome may still need is refused."""
    try:
        found = durations.parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--older-than") from error
    least = max(opened.settings.plan_ttl, opened.settings.settle)
    if found < least:
        raise click.BadParameter(
            f"plans and unknown outcomes may need what is younger than {screen.age(least)}",
            param_hint="--older-than",
        )
    return found


@command.command("grants")
@click.argument("role")
@click.option("--apply", "give", is_flag=True, help="Give them, rather than print them.")
def grants(role: str, *, give: bool) -> int:
    """Print the SQL by which ROLE may work on a ledger on PostgreSQL without owning it.

    Run it as the ledger's owner. A role that owns no table sees one account's rows at a time, whatever it asks for.
    """
    from tertib.ledger import grants as granting  # noqa: PLC0415 - brings sqlalchemy, and few ask for it
    from tertib.ledger.store import open_database  # noqa: PLC0415 - the same

    opened = context.session()
    database = open_database(opened.settings.ledger)
    try:
        if database.dialect != "sqlite" and find_spec("procrastinate") is not None:
            from tertib.dispatch import queue  # noqa: PLC0415 - only where it is installed

            queue.prepare(database)
        statements = granting.apply(database, role) if give else granting.statements(database, role)
    finally:
        database.close()
    if give:
        count = len(statements)
        click.echo(
            speech.ngettext(
                "granted to %(role)s: %(count)s statement",
                "granted to %(role)s: %(count)s statements",
                count,
                role=role,
            )
        )
    else:
        click.echo("\n".join(statements))
    return 0
