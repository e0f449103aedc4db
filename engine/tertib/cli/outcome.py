"""What a run came to, as people read it and as an exit code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tertib.cli import screen
from tertib.model import UNINTENDED_HOLDS, Held, Mode, Outcome, Plan, Run, State

if TYPE_CHECKING:
    from rich.console import Console

NOT_AS_INTENDED: Final = 3

AS_INTENDED: Final = frozenset(
    {State.CONFIRMED, State.CONFIRMED_BY_READBACK, State.PREVIEWED, State.AWAITING_APPROVAL}
)

_MOST_ROWS: Final = 20

_SAID: Final = {
    State.CONFIRMED: "confirmed",
    State.CONFIRMED_BY_READBACK: "confirmed by reading back",
    State.NOT_APPLIED: "not applied",
    State.SENT: "unknown",
    State.STALE: "dropped",
    State.ABANDONED: "not sent",
    State.HELD: "held",
    State.PREVIEWED: "previewed only",
    State.AWAITING_APPROVAL: "waiting for approval",
    State.PLANNED: "planned",
}


def exit_code(outcomes: Sequence[Outcome], held: Iterable[Held] = ()) -> int:
    """Return 3 where something intended was held by a limit or a conflict, dropped, refused or is unknown.

    `held` are the holds of the plan that was to be carried out, as far as its rules were to act.
    """
    if any(_against_intention(one) for one in outcomes):
        return NOT_AS_INTENDED
    return NOT_AS_INTENDED if any(one.code in UNINTENDED_HOLDS for one in held) else 0


def _against_intention(one: Outcome) -> bool:
    """Tell whether an outcome is not what was meant to happen; an ordinary veto is."""
    if one.state is State.HELD:
        return not one.code or one.code in UNINTENDED_HOLDS
    return one.state not in AS_INTENDED


def held_live(plan: Plan) -> list[Held]:
    """Return the holds of the rules that act without being asked."""
    live = {tally.name for tally in plan.rules if tally.mode is Mode.APPLY}
    return [one for one in plan.held if one.rule in live]


def show(run: Run, out: Console) -> None:
    """Print a run: how many changes ended in each state, and each reason with the orders it met."""
    listed = screen.table("what became of it", "orders", right=["orders"])
    for state, count in Counter(one.state for one in run.outcomes).items():
        listed.add_row(_SAID[state], screen.number(count))
    if run.outcomes:
        out.print(listed)
    reasons(run.outcomes, out)
    if run.stopped:
        out.print(f"stopped: {screen.clean(run.stopped)}", style="red")
    left = "" if run.spent.left_hour is None else f", {screen.number(run.spent.left_hour)} left this hour"
    out.print(f"run {run.run_id}: {screen.many(run.spent.requests, 'request')}{left}")
    if any(one.state is State.SENT for one in run.outcomes):
        out.print("some outcomes are unknown: nothing is sent twice; `tertib settle` reads them back later")


def reasons(outcomes: Sequence[Outcome], out: Console) -> None:
    """Print why changes did not go through, orders with one reason together."""
    groups: dict[tuple[State, str], list[str]] = defaultdict(list)
    for one in outcomes:
        if one.state not in AS_INTENDED:
            groups[one.state, one.why].append(one.order_id or str(one.id))
    if not groups:
        return
    listed = screen.table("orders", "state", "why", right=[])
    for (state, why), orders in groups.items():
        more = f" and {screen.number(len(orders) - _MOST_ROWS)} more" if len(orders) > _MOST_ROWS else ""
        listed.add_row(screen.clean(", ".join(orders[:_MOST_ROWS]) + more), _SAID[state], screen.clean(why))
    out.print(listed)
