"""The ids that one order has had: Scalev gives orders new ids when it moves them, and their numbers stay.

So whatever rests on "this order" finds it by its id or by its number (`order_id`). Two orders that bear one number are
taken for one: what is known of either holds the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, select

from tertib.ledger import schema
from tertib.ledger.parts import chunks

_C: Final = schema.changes.c


def keys_of(connection: Connection, account: str, orders: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return, by key, all keys under which the record may know an order: its own, and those of its number.

    `orders` are the numbers of the orders by their keys, "" where an order has none.
    """
    known: dict[str, set[str]] = defaultdict(set)
    for part in chunks(sorted({number for number in orders.values() if number})):
        wanted = select(_C.order_id, _C.order_key).where(_C.account == account, _C.order_id.in_(part))
        for row in connection.execute(wanted.distinct()):
            known[row.order_id].add(row.order_key)
    return {key: frozenset({key, *known.get(number, ())}) for key, number in orders.items()}
