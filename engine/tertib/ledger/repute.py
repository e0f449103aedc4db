"""How far a rule has earned to act by itself: what it changed, and how much of that people took back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select

from tertib.ledger import schema
from tertib.ledger.identities import keys_of
from tertib.ledger.trail import Writing
from tertib.model import Plan, Repute, State

HUMAN_CHANGE: Final = "human_change"
"""The code of a hold that says that a person changed an order after a rule did."""

_C: Final = schema.changes.c
_T: Final = schema.reversals.c
_KNOWN: Final = (State.CONFIRMED.value, State.CONFIRMED_BY_READBACK.value)


def note_reversals(writing: Writing, plan: Plan, now: datetime) -> None:
    """Remember which orders a plan left alone because a person had changed them after the rule did; each once."""
    held = {
        (one.rule, str(one.id), one.order_id or "")
        for one in plan.held
        if one.code == HUMAN_CHANGE and one.id is not None
    }
    names = keys_of(writing.connection, writing.account, {key: number for _, key, number in held})
    for rule, key in sorted({(rule, key) for rule, key, _ in held}):
        change = writing.connection.scalar(_last_change(writing.account, rule, names[key]))
        if change is None:
            continue
        known = writing.connection.scalar(select(_T.change).where(_T.change == change))
        if known is None:
            values = {"change": change, "account": writing.account, "rule": rule, "seen_at": now}
            writing.connection.execute(insert(schema.reversals).values(values))


def _last_change(account: str, rule: str, names: frozenset[str]) -> Any:
    mine = and_(_C.account == account, _C.order_key.in_(names), _C.rule == rule, _C.state.in_(_KNOWN))
    return select(_C.id).where(mine).order_by(_C.epoch.desc(), _C.number.desc()).limit(1)


def reputes(
    connection: Connection, account: str, hashes: Mapping[str, str], since: datetime
) -> dict[str, Repute]:
    """Return what is known of each rule, named with its hash: counted over what was sent from `since` on."""
    return {rule: _repute(connection, account, rule, found, since) for rule, found in hashes.items()}


def _repute(connection: Connection, account: str, rule: str, rule_hash: str, since: datetime) -> Repute:
    mine = and_(_C.account == account, _C.rule == rule, _C.rule_hash == rule_hash, _C.state.in_(_KNOWN))
    if connection.scalar(select(_C.id).where(mine).limit(1)) is None:
        return Repute()
    return Repute(
        proven=True,
        changed=_orders(connection, and_(mine, _C.sent_at >= since)),
        reversed=_orders(connection, and_(mine, _C.sent_at >= since, _C.id.in_(select(_T.change)))),
    )


def _orders(connection: Connection, which: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count(_C.order_key.distinct())).where(which)) or 0
