"""What decisions need of the past: what we are known to have changed, what is open, and what today has cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from tertib.ledger import schema
from tertib.ledger.holds import holds
from tertib.ledger.identities import keys_of
from tertib.ledger.parts import chunks
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
    connection: Connection, account: str, orders: Mapping[str, str], since: datetime, now: datetime
) -> History:
    """Return what is known of these orders at `now`, under any id that they had, and what was sent from `since` on.

    `orders` are the numbers of the orders by their keys, and so is everything that is known of them.
    """
    keys = keys_of(connection, account, orders)
    unsettled = _open_orders(connection, account)
    return History(
        confirmed=_confirmed(connection, account, keys),
        unsettled=frozenset(key for key, known in keys.items() if not known.isdisjoint(unsettled)),
        holds=_holds(connection, account, keys, now),
        sent_today=_sent(connection, account, since),
    )


def _holds(
    connection: Connection, account: str, keys: Mapping[str, frozenset[str]], now: datetime
) -> Mapping[str, str]:
    """Return the holds by what a person named, and by an order's present key where that was one of its earlier ones."""
    named = {hold.ref: hold.why for hold in holds(connection, account, now)}
    return named | {key: named[name] for key, known in keys.items() for name in known & named.keys()}


def _confirmed(
    connection: Connection, account: str, keys: Mapping[str, frozenset[str]]
) -> Mapping[str, tuple[Confirmed, ...]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in _since_release(connection, account, sorted(frozenset[str]().union(*keys.values()))):
        found[row.order_key].append(row)
    # Sorted here: asked to sort, SQLite walks all changes in the order of sending instead of finding a few by order.
    sent = {
        key: sorted((row for name in known if name in found for row in found[name]), key=_sending)
        for key, known in keys.items()
    }
    return {
        key: tuple(Confirmed(row.rule, row.readable, row.sent_at) for row in rows)
        for key, rows in sent.items()
        if rows
    }


def _sending(row: Row[Any]) -> tuple[datetime, int, int]:
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
