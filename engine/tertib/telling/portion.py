"""What of a plan a person approved: how many orders, and their money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tertib.errors import LedgerCorrupt, PlanRefused
from tertib.ledger.approvals import Approval
from tertib.model import Plan
from tertib.plan import select


@dataclass(frozen=True, slots=True)
class Portion:
    """The orders of a plan that a person approved, of how many, and their money as far as it is known."""

    orders: int
    of: int
    value: Decimal

    @property
    def whole(self) -> bool:
        """Tell whether these are all orders that the person was asked about."""
        return self.orders == self.of


def portion(approval: Approval, read: Callable[[str], Plan | None]) -> Portion | None:
    """Return what of a plan a person said yes to, None where nobody did; `read` gives a plan by its id.

    A yes to all of a plan leaves out the orders that a limit holds, although it was asked about them too. A plan that
    was damaged in the ledger tells nothing here, for its own page says so; nor does a part in which one name means two
    orders, for it is refused.
    """
    if not approval.approved:
        return None
    try:
        plan = read(approval.asked.plan_id)
        return None if plan is None else _portion(approval, plan)
    except (LedgerCorrupt, PlanRefused):
        return None


def _portion(approval: Approval, plan: Plan) -> Portion:
    chosen = select(plan, approval.part)
    value = sum((one.value or Decimal(0) for one in chosen), Decimal(0))
    return Portion(len(chosen), approval.asked.changes, value)
