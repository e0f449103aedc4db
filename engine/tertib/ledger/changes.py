"""Each change of a run, written down before anything happens to it, and ended here when nothing was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Self

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from tertib.errors import LedgerError
from tertib.ledger import plans, schema
from tertib.ledger.audit import canonical
from tertib.ledger.lease import fence
from tertib.ledger.trail import Writing
from tertib.ledger.values import Veil, id_kind, order_key, wire_id
from tertib.model import Change, Outcome, State

_C: Final = schema.changes.c
_A: Final = schema.accounts.c

NEVER_SENT: Final = frozenset(
    {State.HELD, State.STALE, State.ABANDONED, State.PREVIEWED, State.AWAITING_APPROVAL}
)
"""The ends of a change that put nothing on the wire."""


# --- planned --------------------------------------------------------------------------------------------


def intend(
    writing: Writing,
    veil: Veil,
    run_id: str,
    pairs: Sequence[tuple[Change, Mapping[str, Any]]],
    now: datetime,
) -> None:
    """Write the changes down as `planned`; raise ValueError where one order is to change twice in a run."""
    run = fence(writing, run_id)
    if not pairs:
        return
    if len({order_key(change.id) for change, _ in pairs}) != len(pairs):
        raise ValueError("a run changes an order once")
    facts = _rules(writing.connection, run.plan)
    first = _count(writing.connection, run_id) + 1
    rows = [
        _planned(run, change, document, veil, facts.get(change.rule, {}))
        | {"id": f"{run_id}:{number}", "number": number, "planned_at": now}
        for number, (change, document) in enumerate(pairs, first)
    ]
    writing.connection.execute(insert(schema.changes), rows)
    writing.record("changes_planned", now, run=run_id, changes=[_audited(row) for row in rows])


def _rules(connection: Connection, plan_id: str | None) -> Mapping[str, Mapping[str, Any]]:
    facts = connection.scalar(select(schema.plans.c.rules).where(schema.plans.c.id == plan_id))
    return facts or {}


def _count(connection: Connection, run_id: str) -> int:
    return connection.scalar(select(func.coalesce(func.max(_C.number), 0)).where(_C.run == run_id)) or 0


def _planned(
    run: Row[Any], change: Change, document: Mapping[str, Any], veil: Veil, rule: Mapping[str, Any]
) -> dict[str, Any]:
    # what a template took of a buyer is personal in whatever field it ends up
    wanted = replace(veil, personal=veil.personal | change.personal)
    return _named(run, change.id, change.order_id, change.rule, rule) | {
        "before": _shown(veil.stored(change.before), document.get("before")),
        "set": _shown(wanted.stored(change.set), document.get("set")),
        "readable": wanted.readable(change.set),
        "value": None if change.value is None else str(change.value),
        "reversible": change.reversible,
        "trace": document.get("reasons"),
        "state": State.PLANNED.value,
        "why": "",
        "read_at": change.read_at,
        "updated_at": change.updated_at,
    }


def _named(
    run: Row[Any], wire: int | str, order_id: str, rule: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what every change's row says of its place: run, plan, order, rule."""
    return {
        "run": run.id,
        "plan": run.plan,
        "account": run.account,
        "epoch": run.epoch,
        "order_key": order_key(wire),
        "id_kind": id_kind(wire),
        "order_id": order_id,
        "rule": rule,
        "rule_hash": facts.get("hash"),
        "store": facts.get("store"),
        "refused": False,
    }


def _shown(stored: dict[str, Any], document: Any) -> dict[str, Any]:
    """Return stored values with the masks that the plan's document shows beside the fingerprints."""
    masked = document if isinstance(document, Mapping) else {}
    return {
        name: dict(masked[name]) if isinstance(value, dict) and _fits(value, masked.get(name)) else value
        for name, value in stored.items()
    }


def _fits(stored: Mapping[str, Any], shown: Any) -> bool:
    return isinstance(shown, Mapping) and shown.get("fingerprint") == stored.get("fingerprint")


def _audited(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the chain keeps of an intent; the digest binds values and reasons, which may be forgotten."""
    bound = {name: schema.plain(row[name]) for name in ("before", "set", "value", "trace")}
    return {
        "change": row["id"],
        "id": wire_id(row["order_key"], row["id_kind"]),
        "order_id": row["order_id"],
        "rule": row["rule"],
        "rule_hash": row["rule_hash"],
        "digest": sha256(canonical(bound).encode("utf-8", "surrogatepass")).hexdigest(),
    }


# --- ended without a request ----------------------------------------------------------------------------


def conclude(writing: Writing, run_id: str, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Record outcomes that sent nothing; one that was never intended gets its row from the plan that it names.

    Raises `LedgerError` where that plan holds no such change: a row that nothing explains is not written.
    """
    run = fence(writing, run_id)
    if not outcomes:
        return
    for outcome in outcomes:
        if outcome.state not in NEVER_SENT:
            raise ValueError(f"`{outcome.state}` is no end of a change that was never sent")
    known = _states(writing.connection, run_id)
    _close_planned(writing.connection, run_id, [one for one in outcomes if _place(one) in known], known, now)
    _insert_concluded(writing, run, [one for one in outcomes if _place(one) not in known], now)
    writing.record("changes_concluded", now, run=run_id, outcomes=[brief(outcome) for outcome in outcomes])


def _place(outcome: Outcome) -> tuple[str, str]:
    return order_key(outcome.id), outcome.rule


def _states(connection: Connection, run_id: str) -> dict[tuple[str, str], str]:
    rows = connection.execute(select(_C.order_key, _C.rule, _C.state).where(_C.run == run_id))
    return {(row.order_key, row.rule): row.state for row in rows}


def _close_planned(
    connection: Connection,
    run_id: str,
    outcomes: Sequence[Outcome],
    known: Mapping[tuple[str, str], str],
    now: datetime,
) -> None:
    for outcome in outcomes:
        if known[_place(outcome)] != State.PLANNED.value:
            raise LedgerError(
                f"order `{outcome.order_id}`: `{outcome.state}` cannot follow `{known[_place(outcome)]}`"
            )
    if outcomes:
        rows = update(schema.changes).where(
            _C.run == run_id, _C.order_key == bindparam("of_order"), _C.rule == bindparam("of_rule")
        )
        ends = rows.values(state=bindparam("to"), why=bindparam("because"), settled_at=now)
        connection.execute(
            ends,
            [
                {
                    "of_order": order_key(one.id),
                    "of_rule": one.rule,
                    "to": one.state.value,
                    "because": one.why,
                }
                for one in outcomes
            ],
        )


def _insert_concluded(writing: Writing, run: Row[Any], outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write rows for orders that were never intended, each as the plan has it that its outcome names."""
    if not outcomes:
        return
    named = dict.fromkeys(one.plan_id for one in outcomes)
    recorded = {plan_id: _Recorded.of(writing.connection, plan_id) for plan_id in named}
    first = _count(writing.connection, run.id) + 1
    rows = []
    for number, outcome in enumerate(outcomes, first):
        plan = recorded[outcome.plan_id]
        row = _from_document(plan.change(outcome))
        row |= _named(run, outcome.id, outcome.order_id, outcome.rule, plan.rules[outcome.rule])
        row |= {"plan": plan.plan_id, "state": outcome.state.value, "why": outcome.why}
        rows.append(
            row | {"id": f"{run.id}:{number}", "number": number, "planned_at": now, "settled_at": now}
        )
    writing.connection.execute(insert(schema.changes), rows)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What one recorded plan holds: its rules' facts, and its changes' documents by order and rule."""

    plan_id: str
    rules: Mapping[str, Mapping[str, Any]]
    changes: Mapping[tuple[str, str], Mapping[str, Any]]

    @classmethod
    def of(cls, connection: Connection, plan_id: str) -> Self:
        """Read the plan; raises `LedgerError` where none of that id is recorded."""
        found = plans.document(connection, plan_id)
        if found is None:
            raise LedgerError(f"what was never intended must be of a recorded plan, and `{plan_id}` is none")
        changes = {(order_key(one["id"]), one["rule"]): one for one in found.get("changes", ())}
        return cls(plan_id, _rules(connection, plan_id), changes)

    def change(self, outcome: Outcome) -> Mapping[str, Any]:
        """Return the document of an outcome's change; raises `LedgerError` where the plan holds none."""
        found = self.changes.get(_place(outcome))
        if found is None:
            raise LedgerError(
                f"plan `{self.plan_id}` holds no change of order `{outcome.order_id}` by rule `{outcome.rule}`"
            )
        return found


def _from_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a change that only its plan knows, masked as the plan's document has them."""
    return {
        "before": document["before"],
        "set": document["set"],
        "readable": {},
        "value": document["value"],
        "reversible": document["reversible"],
        "trace": document["reasons"],
    }


def brief(outcome: Outcome) -> dict[str, Any]:
    """Return what the chain keeps of an outcome: no reason, since a reason may quote the order."""
    return {
        "id": outcome.id,
        "order_id": outcome.order_id,
        "rule": outcome.rule,
        "state": outcome.state.value,
    }
