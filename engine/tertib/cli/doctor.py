"""`tertib doctor`: is everything in place, and what to mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import click

from tertib.cli import accounts, context, exits, options, screen, speech
from tertib.cli.examination import Finding, examine
from tertib.errors import SettingsError
from tertib.sayings import N_

_WORDS: Final = {"ok": N_("ok"), "warn": N_("warn"), "fail": N_("fail")}
_STYLES: Final = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@options.json_output
@click.option(
    "--clear-halt", is_flag=True, help="Let a stopped account work again, after you have looked. Needs --why."
)
@click.option("--why", help="What you found; it stays in the audit log, so name no buyer.")
def command(*, as_json: bool, clear_halt: bool, why: str | None) -> int:
    """Check settings, rules, token, clock, rate limit and ledger, and say what to mend. Changes nothing."""
    if clear_halt != bool(why):
        raise click.UsageError("`--clear-halt` and `--why` go together")
    if clear_halt and why:
        return _clear(context.session(), why, as_json=as_json)
    return accounts.each(_examined, as_json=as_json, some_failed=exits.FAILED)


def _examined(opened: context.Session) -> accounts.Said:
    found = list(examine(opened))
    failed = any(one.state == "fail" for one in found)
    document = {"ok": not failed, "checks": [asdict(one) for one in found]}
    return accounts.Said(document, lambda: _show(found, opened), exits.FAILED if failed else 0)


def _show(found: Sequence[Finding], opened: context.Session) -> None:
    console = opened.console()
    words = {state: speech.gettext(word) for state, word in _WORDS.items()}
    width = max(map(len, words.values()))
    for one in found:
        said = f"{words[one.state]:{width}} {speech.say(one.check)}: {speech.say(one.message)}"
        console.print(screen.clean(said), style=_STYLES[one.state])
        if one.mend:
            console.print(f"{' ' * width} → {screen.clean(speech.say(one.mend))}")


def _clear(opened: context.Session, why: str, *, as_json: bool) -> int:
    account = opened.settings.account
    halted = opened.ledger.halted(account)
    if halted is None:
        raise SettingsError(f"account `{account}` is not stopped")
    opened.ledger.clear_halt(account, context.person(), why, opened.time.now())
    if as_json:
        screen.emit({"account": account, "cleared": halted})
    else:
        click.echo(speech.gettext("account `%(account)s` may work again", account=account))
    return 0
