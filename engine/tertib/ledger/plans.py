"""Plans as they were shown: kept word for word under their id, and applied at most once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger import schema
from tertib.ledger.trail import Writing
from tertib.model import Plan

_P: Final = schema.plans.c


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A recorded plan, without its document."""

    plan_id: str
    account: str
    created_at: datetime
    recorded_at: datetime
    applied_by: str | None
    applied_at: datetime | None


def save(writing: Writing, plan: Plan, document: Mapping[str, Any], now: datetime) -> None:
    """Record a plan's document; saving the same one again does nothing, another under its id raises `LedgerError`."""
    digest = _digest(document)
    present = writing.connection.execute(select(_P.digest).where(_P.id == plan.plan_id)).first()
    if present is not None:
        if present.digest != digest:
            raise LedgerError(f"another plan is already recorded as `{plan.plan_id}`")
        return
    writing.connection.execute(
        insert(schema.plans).values(
            id=plan.plan_id,
            account=plan.account,
            created_at=plan.created_at,
            recorded_at=now,
            document=json.dumps(document, separators=(",", ":")),
            digest=digest,
            rules=_rules(plan),
        )
    )
    writing.record(
        "plan_recorded", now, plan=plan.plan_id, digest=digest, changes=len(plan.changes), held=len(plan.held)
    )


def _rules(plan: Plan) -> dict[str, dict[str, str | None]]:
    """Return what each change's row takes from its rule: the hash, and the store whose orders it reads."""
    stores = {str(one.get("name")): _store(one.get("source")) for one in plan.definitions}
    return {rule.name: {"hash": rule.hash, "store": stores.get(rule.name)} for rule in plan.rules}


def _store(source: Any) -> str | None:
    customer = source.get("customer_orders") if isinstance(source, Mapping) else None
    return str(customer["store"]) if isinstance(customer, Mapping) else None


def document(connection: Connection, plan_id: str) -> Mapping[str, Any] | None:
    """Return a plan's document, None where there is none; raise `LedgerCorrupt` where it is not as it was saved."""
    found = connection.execute(select(_P.document, _P.digest).where(_P.id == plan_id)).first()
    if found is None:
        return None
    try:
        written: Mapping[str, Any] = json.loads(found.document)
    except (TypeError, ValueError):
        written = {}
    if _digest(written) != found.digest:
        raise LedgerCorrupt(
            f"plan `{plan_id}` was changed in the ledger", hint="`tertib audit verify` shows what else was"
        )
    return written


def _digest(document: Mapping[str, Any]) -> str:
    """Return a hash over what a document says, whichever order its keys are in."""
    return sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def listed(connection: Connection, account: str, limit: int) -> tuple[PlanRecord, ...]:
    """Return the account's plans, the newest first."""
    rows = connection.execute(
        select(_P.id, _P.account, _P.created_at, _P.recorded_at, _P.applied_by, _P.applied_at)
        .where(_P.account == account)
        .order_by(_P.created_at.desc(), _P.id)
        .limit(limit)
    )
    return tuple(PlanRecord(*row) for row in rows)
