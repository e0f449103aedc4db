"""What rules changed within a time, added up by the database: for charts and for the day's figures."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, Float, cast, func, select

from tertib.ledger import schema
from tertib.model import Sent, State

_C: Final = schema.changes.c
_KNOWN: Final = (State.CONFIRMED.value, State.CONFIRMED_BY_READBACK.value)


def changed(connection: Connection, account: str, since: datetime, until: datetime) -> dict[str, Sent]:
    """Return by rule how many changes were sent from `since` to before `until` and confirmed, and their money.

    The database adds money up as floating point numbers: exact to far below a rupiah, and nothing is decided by it.
    """
    total = func.sum(cast(_C.value, Float))
    rows = (
        select(_C.rule, func.count(), total)
        .where(_C.account == account, _C.sent_at >= since, _C.sent_at < until, _C.state.in_(_KNOWN))
        .group_by(_C.rule)
        .order_by(_C.rule)
    )
    return {rule: Sent(count, _rupiah(money)) for rule, count, money in connection.execute(rows)}


def _rupiah(money: float | None) -> Decimal:
    return Decimal(round(money or 0))
