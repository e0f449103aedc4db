"""What decisions need of the past: what we are known to have changed, what is open, and what today has cost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from tertib.ledger import schema
from tertib.ledger.changes import chunks
from tertib.ledger.holds import holds
from tertib.model import Confirmed, History, Sent, State

_C: Final = schema.changes.c

ALL_RULES: Final = ""
"""The key in `History.sent_today` that stands for all rules together."""

_KNOWN: Final = (State.CONFIRMED.value, State.CONFIRMED_BY_READBACK.value)


def _had_it() -> ColumnElement[bool]:
    """Choose the changes that an order had from us, or may have had: sent, and held where reading back could not tell."""
    may_have = and_(_C.state == State.HELD.value, _C.sent_at.is_not(None), _C.refused.is_(False))
    return or_(_C.state.in_(_KNOWN), may_have)


def history(
    connection: Connection, account: str, ids: Collection[str], since: datetime, now: datetime
) -> History:
    """Return what is known of these orders at `now`, and what was sent from `since` on."""
    keys = sorted(set(ids))
    return History(
        confirmed=_confirmed(connection, account, keys),
        unsettled=_open_orders(connection, account) & frozenset(keys),
        holds={hold.ref: hold.why for hold in holds(connection, account, now)},
        sent_today=_sent(connection, account, since),
    )


def _confirmed(connection: Connection, account: str, keys: list[str]) -> Mapping[str, tuple[Confirmed, ...]]:
    found: dict[str, list[Confirmed]] = {}
    # Sorted here: asked to sort, SQLite walks all changes in the order of sending instead of finding a few by order.
    for row in sorted(_since_release(connection, account, keys), key=_sending):
        found.setdefault(row.order_key, []).append(Confirmed(row.rule, row.readable, row.sent_at))
    return {key: tuple(changes) for key, changes in found.items()}


def _sending(row: Any) -> tuple[datetime, int, int]:
    return row.sent_at, row.epoch, row.number


def _since_release(connection: Connection, account: str, keys: list[str]) -> Iterator[Any]:
    """Yield the confirmed changes of these orders that came after each one's last release."""
    releases = schema.releases.c
    last = (
        select(releases.order_key, func.max(releases.at).label("at"))
        .where(releases.account == account)
        .group_by(releases.order_key)
        .subquery()
    )
    wanted = (
        select(_C.order_key, _C.rule, _C.readable, _C.sent_at, _C.epoch, _C.number)
        .outerjoin(last, last.c.order_key == _C.order_key)
        .where(_C.account == account, _had_it())
        .where(or_(last.c.at.is_(None), _C.sent_at > last.c.at))
    )
    for part in chunks(keys):
        yield from connection.execute(wanted.where(_C.order_key.in_(part)))


def _open_orders(connection: Connection, account: str) -> frozenset[str]:
    sent = select(_C.order_key).where(_C.account == account, _C.state == schema.IS_UNSETTLED)
    return frozenset(connection.scalars(sent))


def _sent(connection: Connection, account: str, since: datetime) -> Mapping[str, Sent]:
    """Count what went on the wire: a request that was certainly refused did nothing, every other one may have.

    Money is added up here, exactly: SQLite would do it in binary fractions.
    """
    rows = connection.execute(
        select(_C.rule, _C.value).where(_C.account == account, _C.sent_at >= since, _C.refused.is_(False))
    )
    totals: dict[str, Sent] = {}
    for rule, value in rows:
        money = Decimal(value or 0)
        for key in (rule, ALL_RULES):
            so_far = totals.get(key, Sent())
            totals[key] = Sent(so_far.orders + 1, so_far.value + money)
    return totals
