"""`tertib runs`: what past runs did."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from tertib.cli import context, options, screen, story
from tertib.errors import SettingsError
from tertib.ledger.runs import RunDetails, RunRecord
from tertib.ledger.schema import plain


@click.group("runs", invoke_without_command=True)
@options.json_output
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, limit: int) -> int:
    """List past runs, newest first; `tertib runs show RUN` tells all of one."""
    if ctx.invoked_subcommand is not None:
        ctx.meta[__name__] = as_json
        return 0
    opened = context.session()
    found = opened.ledger.runs(opened.settings.account, limit)
    if as_json:
        screen.emit({"runs": [_run(one) for one in found]})
        return 0
    console = opened.console()
    listed = screen.table("run", "kind", "state", "began", "slot", "totals")
    for one in found:
        began = screen.moment(one.started_at, opened.settings.timezone)
        listed.add_row(one.run_id, one.kind, one.state, began, one.slot or "", _totals(one))
    console.print(listed if found else "no runs yet")
    return 0


@command.command("show")
@click.argument("run")
@options.json_output
@click.pass_context
def show(ctx: click.Context, run: str, *, as_json: bool) -> int:
    """Tell one run in words: its course, every request, and what became of every order."""
    opened = context.session()
    found = opened.ledger.run_details(run)
    if found is None:
        raise SettingsError(f"there is no run `{run}` in this ledger", hint="`tertib runs` lists them")
    if as_json or ctx.meta.get(__name__):
        screen.emit(_details(found))
    else:
        _show(found, opened)
    return 0


def _run(one: RunRecord) -> dict[str, Any]:
    document: dict[str, Any] = plain(asdict(one))
    return document


def _totals(one: RunRecord) -> str:
    counts = {name: count for name, count in one.totals.items() if isinstance(count, int) and count}
    return ", ".join(f"{name} {screen.number(count)}" for name, count in counts.items())


def _details(found: RunDetails) -> dict[str, Any]:
    return {
        **_run(found.run),
        "requests": [plain(asdict(one)) for one in found.requests],
        "changes": [plain(asdict(one)) for one in found.changes],
    }


def _show(found: RunDetails, opened: context.Session) -> None:
    console = opened.console()
    for sentence in story.tell(found, opened.settings.timezone):
        console.print(sentence)
    listed = screen.table("order", "rule", "state", "money", "why", right=["money"])
    for change in found.changes:
        listed.add_row(
            screen.clean(change.order_id or change.id),
            change.rule,
            change.state,
            screen.rupiah(change.value),
            screen.clean(change.why),
        )
    if found.changes:
        console.print(listed)
