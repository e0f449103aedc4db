"""What became of the plan that an order's change waited in: decided once, for the terminal, the pages and the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from tertib.ledger.approvals import APPLIED, REJECTED, WAITING, Approval, Approvals
from tertib.ledger.runs import ChangeRecord
from tertib.ledger.schema import plain
from tertib.ledger.values import order_key
from tertib.model import Pick, State
from tertib.sayings import N_, said
from tertib.telling import text
from tertib.telling.states import WAITED

_NOT_ASKED: Final = N_("its plan is none of those that people were asked about")
_REJECTED: Final = N_("the plan was rejected by %(who)s, %(at)s")
_NOT_APPROVED: Final[Mapping[str, str]] = {
    "applied": N_("the plan was applied by run `%(run)s`"),
    "replaced": N_("the plan was replaced by plan `%(plan)s`"),
    "expired": N_("the plan expired: nobody approved it until %(until)s"),
}
_APPROVED: Final[Mapping[str, str]] = {
    "approved": N_("the plan was approved by %(who)s, %(at)s, and is about to be applied"),
    "applied": N_("the plan was approved by %(who)s, %(at)s, and applied by run `%(run)s`"),
    "expired": N_("the plan was approved by %(who)s, %(at)s, and expired before it was applied"),
    "refused": N_("the plan was approved by %(who)s, %(at)s, and could not be applied: %(why)s"),
}
_IN_PART: Final = N_("the first %(first)s orders of the plan were approved by %(who)s, %(at)s")
_WITHOUT_THIS: Final = N_("the plan was approved by %(who)s, %(at)s, without this order")
_APPLIED_WITHOUT_THIS: Final = N_("the plan was applied by run `%(run)s`, without this order")


def as_it_stands(
    changes: Iterable[ChangeRecord], approvals: Approvals, account: str, now: datetime, zone: str
) -> tuple[ChangeRecord, ...]:
    """Return changes of an account as people are told of them: of one that waited, what became of its plan.

    Such a change stands as `WAITED`, with the sentence as its `why`; `zone` is the shop's. All others stay as they are.
    """
    rows = tuple(changes)
    waiting = [one for one in rows if one.state == State.AWAITING_APPROVAL]
    if not waiting:
        return rows
    asked = approvals.of_plans(account, {one.plan_id for one in waiting if one.plan_id}, now)
    runs = {one.run_id for one in asked.values() if one.run_id}
    taken = approvals.taken_by(runs, {order_key(one.id) for one in waiting})
    told = {
        one.change_id: _told(one, asked.get(one.plan_id or ""), zone, is_taken=_key(one, asked) in taken)
        for one in waiting
    }
    return tuple(told.get(one.change_id, one) for one in rows)


def documents(recorded: Iterable[ChangeRecord], told: Iterable[ChangeRecord]) -> list[dict[str, Any]]:
    """Return changes for JSON: each as it is recorded, with how it `stands` by now and the sentence that says so."""
    return [
        {**plain(asdict(one)), "why": now.why, "stands": now.state}
        for one, now in zip(recorded, told, strict=True)
    ]


def _key(change: ChangeRecord, asked: Mapping[str, Approval]) -> tuple[str | None, str]:
    """Name the run that applied a change's plan, and the order."""
    approval = asked.get(change.plan_id or "")
    return None if approval is None else approval.run_id, order_key(change.id)


def _told(change: ChangeRecord, approval: Approval | None, zone: str, *, is_taken: bool) -> ChangeRecord:
    if approval is None:
        return replace(change, state=WAITED, why=_NOT_ASKED)
    if approval.state == WAITING:
        return change
    decided = approval.decided_at
    why = said(
        _sentence(change, approval, is_taken=is_taken),
        who=approval.decided_by,
        at="" if decided is None else text.moment(decided, zone),
        until=text.moment(approval.asked.expires_at, zone),
        run=approval.run_id,
        plan=approval.replaced_by,
        first=approval.part.first,
        why=approval.refused,
    )
    return replace(change, state=WAITED, why=why)


def _sentence(change: ChangeRecord, approval: Approval, *, is_taken: bool) -> str:
    """Choose what is said of a plan that waits no longer, as far as it concerns one of its orders."""
    if approval.state == REJECTED:
        return _REJECTED
    if approval.state == APPLIED and not is_taken:
        return _APPLIED_WITHOUT_THIS
    if not approval.approved:
        return _NOT_APPROVED[approval.state]
    if approval.state == APPLIED:
        return _APPROVED[APPLIED]
    if not _is_picked(change, approval.part):
        return _WITHOUT_THIS
    return _APPROVED[approval.state] if approval.part.first is None else _IN_PART


def _is_picked(change: ChangeRecord, part: Pick) -> bool:
    """Tell whether a person's pick by name reaches an order."""
    names = {change.order_id, str(change.id)}
    return (not part.only or bool(names & set(part.only))) and not names & set(part.but)
