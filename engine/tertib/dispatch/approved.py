"""Apply what people approved: the part of each plan that they said yes to, with every check at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tertib import pipeline, record
from tertib.dispatch.needs import ApprovalLedger
from tertib.errors import PlanRefused
from tertib.ledger.approvals import Approval
from tertib.model import Run
from tertib.ports import Writer


def due(ledger: ApprovalLedger, account: str, now: datetime) -> Iterator[Approval]:
    """Yield what was approved and is not applied yet, the oldest first."""
    yield from ledger.approvals.approved(account, now)


def carry_out(approval: Approval, ledger: ApprovalLedger, means: pipeline.Means, writer: Writer) -> Run:
    """Apply an approved plan, the part that was approved.

    Raises `PlanRefused` for a plan that cannot be applied any more, after recording so: it is not tried again. Any other
    failure (a lease that another holds, a token) leaves it approved.
    """
    plan_id = approval.asked.plan_id
    try:
        plan = record.restore(ledger.plan_document(plan_id) or {})
        return pipeline.apply(plan, means, writer, kind="approved", pick=approval.part)
    except PlanRefused as refused:
        ledger.approvals.refuse(approval.account, plan_id, str(refused), means.clock.now())
        raise
