"""What the commands that send have in common: asking first, working until told to stop, and telling what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import click

from tertib import naming, record
from tertib import plan as planning
from tertib.cli import context, exits, onward, outcome, preview, progress, screen, speech
from tertib.errors import PlanRefused
from tertib.model import Held, Outcome, Pick, Plan, Run, Spent, State
from tertib.plan.holds import LIMITS
from tertib.telling.changes import summary


def refuse_unasked(verb: str, *, yes: bool) -> None:
    """Raise `click.UsageError` where a person would have to be asked and nobody sits at a terminal."""
    if not yes and not screen.asks():
        raise click.UsageError(f"there is no terminal to ask on; add `--yes` to {verb} without being asked")


def restored(
    written: Mapping[str, Any], sessions: Sequence[context.Session], pick: Pick
) -> tuple[Plan, Pick, context.Session]:
    """Return a plan from its document, the pick as the plan names its orders, and the plan's account.

    Raises `PlanRefused` where the pick names an order that is not in the plan, or two orders at once.
    """
    opened, plan = context.of_account(sessions, written.get("account")), record.restore(written)
    only, but = ([_planned(plan, text) for text in texts] for texts in (pick.only, pick.but))
    picked = replace(pick, only=tuple(only), but=tuple(but))
    planning.select(plan, picked)
    return plan, picked, opened


def _planned(plan: Plan, text: str) -> str:
    """Return an order as the plan names it: a typing mistake must not pass for a pick, so `PlanRefused` for none."""
    rows = (*plan.changes, *plan.over_limit)
    found = naming.among((name for one in rows for name in (one.order_id or "", str(one.id))), text)
    if not found:
        raise PlanRefused(f"order `{naming.spelled(text)}` is not among the plan's changes")
    return found


def agreed(plan: Plan, pick: Pick, opened: context.Session) -> bool:
    """Show on stderr what is to be done, so that `--json` keeps stdout to itself, and ask."""
    rows = planning.select(plan, pick)
    console = screen.console(color=opened.choices.color, stderr=True)
    preview.changes(plan, rows, console, opened.time.now())
    console.print(summary(rows, opened.tongue), style="bold")
    return not rows or confirmed(len(rows))


def confirmed(count: int) -> bool:
    """Ask whether so many changes are to be sent."""
    return speech.confirmed(
        speech.ngettext("Send %(count)s change to Scalev?", "Send %(count)s changes to Scalev?", count)
    )


@dataclass(frozen=True, slots=True)
class Work:
    """Work that a signal can end: whom it tells how far it is, and what the signal asked for."""

    stop: context.Stop
    progress: progress.Progress | None

    def exit_code(self, code: int) -> int:
        """Return the exit code: that of the signal where one came, else the given one."""
        return code if self.stop.number is None else exits.SIGNALLED + self.stop.number


@contextmanager
def at_work(opened: context.Session) -> Iterator[Work]:
    """Show how far the work is, and let SIGINT and SIGTERM end it in an orderly way."""
    with (
        context.stopping(opened.clock) as stop,
        progress.shown(opened.choices.color, opened.budget.left_hour) as report,
    ):
        yield Work(stop, report)


def held_whole(plan: Plan, pick: Pick) -> bool:
    """Tell whether limits hold everything that was to be sent: such a plan is not begun, and can still be applied in parts."""
    return pick == Pick() and not plan.changes and bool(plan.over_limit)


def tell_held(plan: Plan, opened: context.Session, carried_out: str, *, as_json: bool) -> int:
    """Say which limits hold the whole plan and what to do, and return the exit code; `carried_out` is the plan's command."""
    if as_json:
        outcomes = (
            Outcome(one.id or "", one.order_id or "", one.rule, State.HELD, one.why, one.code)
            for one in plan.held
            if one.code in LIMITS
        )
        screen.emit(
            {**record.run_document(Run("", plan.plan_id, Spent(), 0, tuple(outcomes))), "run_id": None}
        )
    else:
        console = opened.console()
        console.print(summary(plan.changes, opened.tongue, plan.held), style="bold")
        console.print(speech.gettext("nothing was sent, and the plan can still be applied in parts"))
        for line in onward.ways(plan, carried_out):
            console.print(line, soft_wrap=True)
    return outcome.NOT_AS_INTENDED


def tell(
    run: Run,
    opened: context.Session,
    *,
    as_json: bool,
    beside: Mapping[str, Any] | None = None,
    held: Sequence[Held] = (),
) -> None:
    """Tell what a run came to, and what of its plan was `held`; `beside` goes into the JSON document with it."""
    if as_json:
        screen.emit({**record.run_document(run), **(beside or {})})
    else:
        outcome.show(run, opened.console(), held)
