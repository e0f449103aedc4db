"""`tertib apply`: do exactly what a plan says, after asking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from tertib import pipeline, record
from tertib import plan as planning
from tertib.cli import context, files, options, outcome, preview, progress, screen
from tertib.errors import PlanRefused
from tertib.model import Plan

_LARGEST_PLAN: Final = 512 * 1024 * 1024


@click.command("apply")
@click.argument("plan", metavar="PLANFILE|PLAN_ID")
@options.json_output
@click.option("--yes", is_flag=True, help="Do not ask. Needed where nobody sits at a terminal.")
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="Apply the first N changes only.")
@click.option("--only", multiple=True, metavar="ORDER", help="Apply this order only; may be repeated.")
@click.option(
    "--except", "but", multiple=True, metavar="ORDER", help="Leave this order out; may be repeated."
)
def command(
    plan: str, *, as_json: bool, yes: bool, first: int | None, only: tuple[str, ...], but: tuple[str, ...]
) -> int:
    """Do exactly what a plan says, once: a file of `tertib plan --out`, or the id of a recorded plan.

    --first, --only and --except work off a backlog in parts; they also reach what a limit held.
    """
    if not yes and not screen.asks():
        raise click.UsageError("there is no terminal to ask on; add `--yes` to apply without being asked")
    sessions = context.sessions()
    written = document(plan, sessions[0])
    opened = context.of_account(sessions, written.get("account"))
    restored = record.restore(written)
    pick = pipeline.Pick(first, only, but)
    refuse_strangers(restored, pick)
    if not yes and not agreed(restored, pick, opened):
        click.echo("nothing was sent", err=True)
        return 1
    return _apply(restored, pick, opened, as_json=as_json)


def document(named: str, opened: context.Session) -> Mapping[str, Any]:
    """Read a plan's document from the file of that name, or from the ledger by its id.

    Raises `PlanRefused` where there is neither, or where the file holds no JSON.
    """
    file = Path(named)
    if not file.exists():
        recorded = opened.ledger.plan_document(named)
        if recorded is None:
            raise PlanRefused(
                f"there is no file `{named}`, and no plan of that id in this ledger",
                hint="`tertib plan --out plan.json` makes one",
            )
        return recorded
    raw = files.read(file, _LARGEST_PLAN)
    if raw is None:
        raise PlanRefused(f"`{named}` is too large to be a plan")
    try:
        written = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PlanRefused(f"`{named}` is no plan: it is not readable as JSON") from error
    if not isinstance(written, Mapping):
        raise PlanRefused(f"`{named}` is no plan")
    return written


def refuse_strangers(plan: Plan, pick: pipeline.Pick) -> None:
    """Raise `PlanRefused` for an order that is not in the plan: a typing mistake must not pass for a pick."""
    known = {name for one in (*plan.changes, *plan.over_limit) for name in (one.order_id, str(one.id))}
    strange = [name for name in (*pick.only, *pick.but) if name not in known]
    if strange:
        raise PlanRefused(f"order `{strange[0]}` is not among the plan's changes")


def agreed(plan: Plan, pick: pipeline.Pick, opened: context.Session) -> bool:
    """Show on stderr what is to be done, so that `--json` keeps stdout to itself, and ask."""
    rows = planning.select(plan, first=pick.first, only=pick.only, but=pick.but)
    console = screen.console(color=opened.choices.color, stderr=True)
    preview.changes(plan, rows, console, opened.clock.now())
    console.print(record.summary(rows), style="bold")
    return not rows or click.confirm(f"Send {screen.many(len(rows), 'change')} to Scalev?", err=True)


def _apply(plan: Plan, pick: pipeline.Pick, opened: context.Session, *, as_json: bool) -> int:
    with (
        context.stopping(opened.clock) as stop,
        progress.shown(opened.choices.color, opened.budget.left_hour) as report,
    ):
        run = pipeline.apply(plan, opened.means(progress=report), opened.writer, pick=pick)
    if as_json:
        screen.emit(record.run_document(run))
    else:
        outcome.show(run, opened.console())
    if stop.number is not None:
        return 128 + stop.number
    # whoever picks a part has seen the rest held
    return outcome.exit_code(run.outcomes, plan.held if pick == pipeline.Pick() else ())
