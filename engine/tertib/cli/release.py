"""`tertib release`: let rules have an order again."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tertib import naming
from tertib.cli import context, options, screen, speech
from tertib.errors import SettingsError


@click.command("release")
@click.argument("order")
@options.json_output
def command(order: str, *, as_json: bool) -> int:
    """End ORDER's hold, and hand it back to rules that stayed away because a person had changed it."""
    opened = context.session()
    account, now = opened.settings.account, opened.time.now()
    name = naming.known_as(order, opened.ledger, account)
    # a hold stands under the name that it was given, which may be an id
    standing = [one.ref for one in opened.ledger.holds(account, now) if _means(one.ref, (order, name))]
    lifted = [ref for ref in standing if opened.ledger.unhold(account, ref, now)]
    handed_back = opened.ledger.release(account, name, now)
    if not lifted and not handed_back:
        raise SettingsError(f"order `{name}` is not on hold, and no rule has changed it")
    if as_json:
        screen.emit({"order": name, "hold_ended": bool(lifted), "handed_back": bool(handed_back)})
    else:
        click.echo(screen.clean(_said(name, lifted=bool(lifted), handed_back=bool(handed_back))))
    return 0


def _means(ref: str, texts: Sequence[str]) -> bool:
    return any(naming.among([ref], text) is not None for text in texts)


def _said(order: str, *, lifted: bool, handed_back: bool) -> str:
    if lifted and handed_back:
        return speech.gettext("%(order)s: its hold has ended, and rules may change it again", order=order)
    if lifted:
        return speech.gettext("%(order)s: its hold has ended", order=order)
    return speech.gettext("%(order)s: rules may change it again", order=order)
