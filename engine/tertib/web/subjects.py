"""What a report can be about: a plan, a past run, or an account of which there is nothing to tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from tertib import record
from tertib.ledger import AuditVerdict, Checkpoint
from tertib.ledger.approvals import Approval
from tertib.ledger.plans import PlanRecord
from tertib.ledger.runs import RunDetails
from tertib.ledger.store import SqlLedger
from tertib.model import Plan, Settings, Web
from tertib.telling import waiting


@dataclass(frozen=True, slots=True)
class OfPlan:
    """A plan to report on, as it was recorded, and what became of it. `apply` is what `tertib apply` takes, `expires_at` until when.

    `approval` is None where nobody was asked, `applied` where it was not applied.
    """

    plan: Plan
    zone: str
    web: Web
    expires_at: datetime
    apply: str
    approval: Approval | None = None
    applied: PlanRecord | None = None


@dataclass(frozen=True, slots=True)
class Seal:
    """What the audit log says of a run: whether it is whole, how far it goes, and which of its records tell of the run."""

    verdict: AuditVerdict
    newest: Checkpoint | None
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OfRun:
    """A past run to report on, with the plans that it rests on, and what people said to them."""

    found: RunDetails
    plans: tuple[Plan, ...]
    approvals: tuple[Approval, ...]
    seal: Seal
    zone: str
    web: Web


@dataclass(frozen=True, slots=True)
class OfNothing:
    """An account of which there is nothing to report, and why."""

    account: str
    why: str


Subject: TypeAlias = OfPlan | OfRun | OfNothing


def plan_to_tell(plan: Plan, ledger: SqlLedger, settings: Settings, apply: str, now: datetime) -> OfPlan:
    """Return what there is to tell of a plan as it was recorded: personal data stand in that as masks."""
    approval = ledger.approvals.of(settings.account, plan.plan_id, now)
    kept = ledger.plan_record(plan.plan_id)
    return OfPlan(
        plan=plan,
        zone=settings.timezone,
        web=settings.web or Web(),
        expires_at=plan.created_at + settings.plan_ttl if approval is None else approval.asked.expires_at,
        apply=apply,
        approval=approval,
        applied=kept if kept is not None and kept.applied_by is not None else None,
    )


def run_to_tell(
    found: RunDetails, ledger: SqlLedger, settings: Settings, verdict: AuditVerdict, now: datetime
) -> OfRun:
    """Return what there is to tell of a past run: its plans, what people said to them, its place in the audit log."""
    account = settings.account
    told = waiting.as_it_stands(found.changes, ledger.approvals, account, now, settings.timezone)
    documents = map(ledger.plan_document, found.plan_ids)
    plans = tuple(record.as_recorded(one) for one in documents if one is not None)
    asked = (ledger.approvals.of(account, plan.plan_id, now) for plan in plans)
    return OfRun(
        found=replace(found, changes=told),
        plans=plans,
        approvals=tuple(one for one in asked if one is not None),
        seal=Seal(verdict, ledger.checkpoint(account), tuple(_records(found, ledger, verdict))),
        zone=settings.timezone,
        web=settings.web or Web(),
    )


def _records(found: RunDetails, ledger: SqlLedger, verdict: AuditVerdict) -> Iterator[int]:
    """Yield the numbers of the records that tell of a run; none of a chain that is broken, which may say anything."""
    run = found.run
    for one in ledger.audit_records(run.account, since=run.started_at) if verdict.ok else ():
        if one.facts.get("run") == run.run_id:
            yield one.seq
