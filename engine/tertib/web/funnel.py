"""From the orders that were read to those that were changed, as the steps of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tertib.ledger.runs import RunDetails, RunOutline
from tertib.model import Plan, State
from tertib.plan.holds import UNINTENDED
from tertib.telling.tongue import Tongue
from tertib.web.charts import Step

KNOWN: Final = frozenset({State.CONFIRMED.value, State.CONFIRMED_BY_READBACK.value})
"""The states of changes that are known to have been made."""


def of_plan(plan: Plan, tongue: Tongue) -> list[Step]:
    """Return the funnel of a plan: from the orders that were read to those that are to change."""
    return [
        *_decided([plan], plan.orders_for_its_rules, 0, tongue),
        Step(tongue.gettext("to change"), len(plan.changes), "good"),
    ]


def of_run(found: RunDetails | RunOutline, plans: Sequence[Plan], tongue: Tongue) -> list[Step]:
    """Return the funnel of a run: from the orders that were read to those that were confirmed."""
    totals = found.run.totals
    kept = sum(totals.get(state, 0) for state in (State.HELD.value, State.STALE.value))
    return [
        # the parts of one reading each tell of all that was read
        *_decided(plans, max((plan.orders_read for plan in plans), default=0), kept, tongue),
        Step(tongue.gettext("sent"), totals["on_the_wire"]),
        Step(tongue.gettext("confirmed"), sum(totals.get(state, 0) for state in KNOWN), "good"),
    ]


def _decided(plans: Sequence[Plan], read: int, kept: int, tongue: Tongue) -> list[Step]:
    """Return the steps up to the decision: so many orders were `read` for it, and `kept` were held after it."""
    vetoed = {(one.rule, one.id) for plan in plans for one in plan.held if one.code not in UNINTENDED}
    held = [one for plan in plans for one in plan.held if one.code in UNINTENDED]
    return [
        Step(tongue.gettext("read"), read),
        Step(tongue.gettext("matched"), sum(tally.matched for plan in plans for tally in plan.rules)),
        Step(tongue.gettext("vetoed"), len(vetoed), "quiet"),
        Step(tongue.gettext("held"), len(held) + kept, "wait"),
    ]
