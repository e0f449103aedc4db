"""Plans as they were shown: kept word for word under their id, and applied at most once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Select, func, insert, or_, select

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger import repute, schema, tallies
from tertib.ledger.trail import Writing
from tertib.model import Plan
from tertib.sayings import N_, said

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
    sealed = digest(document)
    present = writing.connection.execute(select(_P.digest).where(_P.id == plan.plan_id)).first()
    if present is not None:
        if present.digest != sealed:
            raise LedgerError(f"another plan is already recorded as `{plan.plan_id}`")
        return
    writing.connection.execute(
        insert(schema.plans).values(
            id=plan.plan_id,
            account=plan.account,
            created_at=plan.created_at,
            recorded_at=now,
            document=json.dumps(document, separators=(",", ":")),
            digest=sealed,
            rules=_rules(plan),
        )
    )
    writing.record(
        "plan_recorded", now, plan=plan.plan_id, digest=sealed, changes=len(plan.changes), held=len(plan.held)
    )
    tallies.note(writing, plan)
    repute.note_reversals(writing, plan, now)


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
    if digest(written) != found.digest:
        raise LedgerCorrupt(
            said("plan `%(plan)s` was changed in the ledger", plan=plan_id),
            hint=N_("`tertib audit verify` shows what else was"),
        )
    return written


def digest(document: Mapping[str, Any]) -> str:
    """Return a hash over what a document says, whichever order its keys are in."""
    return sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def listed(connection: Connection, account: str, limit: int) -> tuple[PlanRecord, ...]:
    """Return the account's plans, the newest first."""
    wanted = _records().where(_P.account == account).order_by(_P.created_at.desc(), _P.id).limit(limit)
    return tuple(PlanRecord(*row) for row in connection.execute(wanted))


def one(connection: Connection, plan_id: str) -> PlanRecord | None:
    """Return a plan without its document, None where there is none of that id."""
    row = connection.execute(_records().where(_P.id == plan_id)).first()
    return None if row is None else PlanRecord(*row)


def _records() -> Select[Any]:
    return select(_P.id, _P.account, _P.created_at, _P.recorded_at, _P.applied_by, _P.applied_at)


@dataclass(frozen=True, slots=True)
class KeptBack:
    """That a plan held an order, under which code and why."""

    plan_id: str
    created_at: datetime
    rule: str
    code: str
    why: str


def kept_back(connection: Connection, account: str, ref: str, plans: int) -> tuple[KeptBack, ...]:
    """Return where the account's last so many plans held an order, named by its order_id or id, the newest first."""
    last = select(_P.id).where(_P.account == account).order_by(_P.created_at.desc()).limit(plans)
    # not LIKE, which folds letters and takes ten times as long over so much text
    position = func.instr if connection.dialect.name == "sqlite" else func.strpos
    named = or_(*(position(_P.document, one) > 0 for one in _spellings(ref)))
    rows = select(_P.id, _P.created_at, _P.document).where(_P.id.in_(last), named)
    return tuple(
        KeptBack(row.id, row.created_at, one["rule"], one["code"], one["why"])
        for row in connection.execute(rows.order_by(_P.created_at.desc()))
        for one in json.loads(row.document).get("held", ())
        if ref in {one["order_id"], str(one["id"])}
    )


def _spellings(ref: str) -> tuple[str, ...]:
    """Return how a plan's document may name an order."""
    quoted = json.dumps(ref)
    return (quoted, f'"id":{ref}') if ref.isascii() and ref.isdecimal() else (quoted,)
