"""`tertib doctor`: is everything in place, and what to mend."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Final

import click

from tertib.cli import context, options, screen
from tertib.cli.examination import examine
from tertib.errors import SettingsError

_STYLES: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@options.json_output
@click.option(
    "--clear-halt", is_flag=True, help="Let a stopped account work again, after you have looked. Needs --why."
)
@click.option("--why", help="What you found, for the audit log.")
def command(*, as_json: bool, clear_halt: bool, why: str | None) -> int:
    """Check settings, rules, token, clock, rate limit and ledger, and say what to mend. Changes nothing."""
    opened = context.session()
    if clear_halt != bool(why):
        raise click.UsageError("`--clear-halt` and `--why` go together")
    if clear_halt and why:
        return _clear(opened, why, as_json=as_json)
    found = list(examine(opened))
    failed = any(one.state == "fail" for one in found)
    if as_json:
        screen.emit({"ok": not failed, "checks": [asdict(one) for one in found]})
        return 1 if failed else 0
    console = opened.console()
    for one in found:
        console.print(f"{one.state:4} {one.check}: {screen.clean(one.message)}", style=_STYLES[one.state])
        if one.mend:
            console.print(f"     → {screen.clean(one.mend)}")
    return 1 if failed else 0


def _clear(opened: context.Session, why: str, *, as_json: bool) -> int:
    account = opened.settings.account
    halted = opened.ledger.halted(account)
    if halted is None:
        raise SettingsError(f"account `{account}` is not stopped")
    opened.ledger.clear_halt(account, getpass.getuser(), why, opened.clock.now())
    if as_json:
        screen.emit({"account": account, "cleared": halted})
    else:
        click.echo(f"account `{account}` may work again")
    return 0
