"""`tertib release`: let rules have an order again."""

from __future__ import annotations

import click

from tertib.cli import context, options, screen, speech
from tertib.errors import SettingsError


@click.command("release")
@click.argument("order")
@options.json_output
def command(order: str, *, as_json: bool) -> int:
    """End ORDER's hold, and hand it back to rules that stayed away because a person had changed it."""
    opened = context.session()
    account, now = opened.settings.account, opened.time.now()
    lifted = opened.ledger.unhold(account, order, now)
    handed_back = opened.ledger.release(account, order, now)
    if not lifted and not handed_back:
        raise SettingsError(f"order `{order}` is not on hold, and no rule has changed it")
    if as_json:
        screen.emit({"order": order, "hold_ended": lifted, "handed_back": bool(handed_back)})
    else:
        click.echo(screen.clean(_said(order, lifted=bool(lifted), handed_back=bool(handed_back))))
    return 0


def _said(order: str, *, lifted: bool, handed_back: bool) -> str:
    if lifted and handed_back:
        return speech.gettext("%(order)s: its hold has ended, and rules may change it again", order=order)
    if lifted:
        return speech.gettext("%(order)s: its hold has ended", order=order)
    return speech.gettext("%(order)s: rules may change it again", order=order)
