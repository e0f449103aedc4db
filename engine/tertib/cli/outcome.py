"""What a run came to, as people read it and as an exit code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tertib.cli import screen, speech
from tertib.model import Held, Mode, Outcome, Plan, Run, State
from tertib.plan.holds import UNINTENDED
from tertib.plan.limits import waiting
from tertib.sayings import N_
from tertib.telling import states

if TYPE_CHECKING:
    from rich.console import Console

NOT_AS_INTENDED: Final = 3

AS_INTENDED: Final = frozenset(
    {State.CONFIRMED, State.CONFIRMED_BY_READBACK, State.PREVIEWED, State.AWAITING_APPROVAL}
)

_MOST_ROWS: Final = 20


def exit_code(outcomes: Sequence[Outcome], held: Iterable[Held] = (), stopped: str | None = None) -> int:
    """Return 3 where something intended was held by a limit or a conflict, dropped, refused or is unknown.

    `held` are the holds of the plan that was to be carried out, as far as its rules were to act; `stopped` is why the
    run ended early, if it did.
    """
    if stopped is not None or any(_against_intention(one) for one in outcomes):
        return NOT_AS_INTENDED
    return NOT_AS_INTENDED if any(one.code in UNINTENDED for one in held) else 0


def _against_intention(one: Outcome) -> bool:
    """Tell whether an outcome is not what was meant to happen; an ordinary veto is."""
    if one.state is State.HELD:
        return not one.code or one.code in UNINTENDED
    return one.state not in AS_INTENDED


def held_live(plan: Plan) -> list[Held]:
    """Return the holds of the rules that act without being asked."""
    live = {tally.name for tally in plan.rules if tally.mode is Mode.APPLY}
    return [one for one in plan.held if one.rule in live]


def show(run: Run, out: Console, held: Iterable[Held] = ()) -> None:
    """Print a run: how many changes ended in each state, each reason with the orders it met, and what waits.

    `held` are the holds of the plan that was carried out, where nobody was told of them a moment ago.
    """
    listed = screen.table(N_("what became of it"), N_("orders"), right=["orders"])
    for state, count in Counter(one.state for one in run.outcomes).items():
        listed.add_row(speech.state(states.CHANGES, state), screen.number(count))
    if run.outcomes:
        out.print(listed)
    reasons(run.outcomes, out)
    for waits in waiting(held):
        out.print(screen.clean(speech.say(waits)))
    if run.stopped:
        said = speech.gettext("stopped: %(why)s", why=speech.say(run.stopped))
        out.print(screen.clean(said), style="red")
    out.print(_cost(run))
    if any(one.state is State.SENT for one in run.outcomes):
        out.print(
            speech.gettext(
                "some outcomes are unknown: nothing is sent twice; `tertib settle` reads them back later"
            )
        )


def _cost(run: Run) -> str:
    requests = speech.ngettext("%(count)s request", "%(count)s requests", run.spent.requests)
    if run.spent.left_hour is None:
        return speech.gettext("run %(run)s: %(requests)s", run=run.run_id, requests=requests)
    return speech.gettext(
        "run %(run)s: %(requests)s, at most %(left)s left this hour",
        run=run.run_id,
        requests=requests,
        left=screen.number(run.spent.left_hour),
    )


def reasons(outcomes: Sequence[Outcome], out: Console) -> None:
    """Print why changes did not go through, orders with one reason together."""
    groups: dict[tuple[State, str], list[str]] = defaultdict(list)
    for one in outcomes:
        if one.state not in AS_INTENDED:
            groups[one.state, one.why].append(one.order_id or str(one.id))
    if not groups:
        return
    listed = screen.table(N_("orders"), N_("state"), N_("why"))
    for (state, why), orders in groups.items():
        word = speech.state(states.CHANGES, state)
        listed.add_row(screen.clean(_named(orders)), word, screen.clean(speech.say(why)))
    out.print(listed)


def _named(orders: Sequence[str]) -> str:
    """Return the first of some orders by name, and how many more there are."""
    named = ", ".join(orders[:_MOST_ROWS])
    if len(orders) <= _MOST_ROWS:
        return named
    more = screen.number(len(orders) - _MOST_ROWS)
    return speech.gettext("%(orders)s and %(more)s more", orders=named, more=more)
