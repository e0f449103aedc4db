"""*A plan*: every order with its present state, its new state and the reason; and how an approved one goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tertib.ledger.approvals import APPLIED, APPROVED, REFUSED, WAITING, Approval
from tertib.ledger.runs import RunOutline
from tertib.model import Plan
from tertib.sayings import said
from tertib.telling import changes
from tertib.telling.portion import Portion, portion
from tertib.web.site import Refusal, Visit
from tertib.web.table import table, view_of

_GOING: Final = frozenset({APPROVED, APPLIED, REFUSED})
"""The states from a person's yes on, which the page follows."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an approved plan has come: what of it was approved, its run, once there is one, and its changes counted by state."""

    approval: Approval
    approved: Portion | None
    run: RunOutline | None
    states: Mapping[str, int]

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more happens by itself within the next moments."""
        waits = self.approval.state == APPROVED and self.run is None
        return not waits and (self.run is None or self.run.run.ended_at is not None)


def plan_of(visit: Visit) -> Plan:
    """Return the plan that the page is about; raises `Refusal` where the account has none of that id."""
    plan_id = visit.arg("plan")
    found = visit.desk.plan(plan_id)
    if found is None:
        told = said("there is no plan `%(plan)s` in this account", plan=plan_id[:40])
        raise Refusal(told, status=404)
    return found


def show(visit: Visit) -> Response:
    """Show a plan as a table; to htmx only the table."""
    plan = plan_of(visit)
    approval = visit.desk.ledger.approvals.of(visit.desk.account, plan.plan_id, visit.now)
    waits = approval is not None and approval.state == WAITING
    values: dict[str, Any] = {
        "plan": plan,
        "approval": approval,
        "table": table(plan, view_of(visit.query)),
        "may_decide": waits and visit.who.may("approver", visit.desk.account),
    }
    if visit.is_part:
        return visit.page("parts/plan_table.html", **values)
    going = progress_of(visit, approval) if approval is not None and approval.state in _GOING else None
    return visit.page(
        "plan.html", summary=changes.summary(plan.changes, visit.tongue, plan.held), progress=going, **values
    )


def progress(visit: Visit) -> Response:
    """Show how an approved plan goes; htmx asks for it again until it is over."""
    plan_id = visit.arg("plan")
    approval = visit.desk.ledger.approvals.of(visit.desk.account, plan_id, visit.now)
    if approval is None:
        told = said("nobody was asked about plan `%(plan)s`", plan=plan_id[:40])
        raise Refusal(told, status=404)
    template = "parts/progress.html" if visit.is_part else "progress.html"
    return visit.page(template, progress=progress_of(visit, approval), plan_id=plan_id)


def approved_of(visit: Visit, approval: Approval) -> Portion | None:
    """Return what of a plan was approved, None where nothing was."""
    return portion(approval, visit.desk.plan)


def progress_of(visit: Visit, approval: Approval) -> Progress:
    """Return how far the plan of an approval has come."""
    run = None if approval.run_id is None else visit.desk.ledger.run_outline(approval.run_id)
    return Progress(approval, approved_of(visit, approval), run, run.states if run else {})
