"""What people ask for single orders: to be left alone for a while, or to be handed back to the rules.

A hold is looked at where it counts: when an order is planned, before each request, and inside the step that lets a
request out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from tertib.ledger import schema
from tertib.ledger.trail import Writing
from tertib.model import Hold

_H: Final = schema.holds.c
_C: Final = schema.changes.c


def _active(account: str, now: datetime) -> ColumnElement[bool]:
    return and_(_H.account == account, _H.released_at.is_(None), or_(_H.until.is_(None), _H.until > now))


def hold(writing: Writing, ref: str, until: datetime | None, why: str, now: datetime) -> None:
    """Keep rules from an order; a new hold takes the place of one that still stands."""
    _lift(writing, ref, now)
    writing.connection.execute(
        insert(schema.holds).values(account=writing.account, ref=ref, why=why, since=now, until=until)
    )
    # Not why: people write names and numbers into it, and the chain keeps things for ever.
    writing.record("order_held", now, ref=ref, until=None if until is None else schema.iso(until))


def unhold(writing: Writing, ref: str, now: datetime) -> bool:
    """End an order's hold and return whether there was one."""
    lifted = _lift(writing, ref, now)
    if lifted:
        writing.record("order_unheld", now, ref=ref)
    return lifted


def _lift(writing: Writing, ref: str, now: datetime) -> bool:
    rows = update(schema.holds).where(_active(writing.account, now), _H.ref == ref)
    return writing.connection.execute(rows.values(released_at=now)).rowcount > 0


def holds(connection: Connection, account: str, now: datetime) -> tuple[Hold, ...]:
    """Return the holds that stand at `now`, the oldest first."""
    rows = connection.execute(
        select(_H.ref, _H.why, _H.since, _H.until).where(_active(account, now)).order_by(_H.since, _H.id)
    )
    return tuple(Hold(*row) for row in rows)


def orders_on_hold(connection: Connection, account: str, now: datetime) -> frozenset[str]:
    """Return the orders that are on hold at `now`, each by the order_id or id that the person named."""
    return frozenset(hold.ref for hold in holds(connection, account, now))


def release(writing: Writing, ref: str, now: datetime) -> int:
    """Forget, for comparisons, what we did to an order so far; return how many orders the reference named."""
    keys = list(writing.connection.scalars(_keys(writing.account, ref)))
    if keys:
        rows = [{"account": writing.account, "order_key": key, "at": now} for key in keys]
        writing.connection.execute(insert(schema.releases), rows)
        writing.record("order_released", now, ref=ref)
    return len(keys)


def _keys(account: str, ref: str) -> Any:
    """Choose the keys of the orders that a reference names, with those that they had before under the same number."""
    mine = _C.account == account
    numbers = select(_C.order_id).where(mine, _C.order_key == ref, _C.order_id != "")
    named = or_(_C.order_key == ref, _C.order_id == ref, _C.order_id.in_(numbers))
    return select(_C.order_key).where(mine, named).distinct().order_by(_C.order_key)
