"""How large scans were when they were last read: what the next run plans its requests by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from tertib.ledger.schema import scan_sizes
from tertib.ledger.trail import Writing

KEPT: Final = timedelta(days=30)
"""After this a size says nothing of the shop any more."""

_A_PAGE: Final = 25


def sizes(connection: Connection, account: str) -> dict[str, int]:
    """Return the orders of each scan as last seen, by its key."""
    known = scan_sizes.c
    rows = connection.execute(
        select(known.scan, known.orders).where(known.account == account).order_by(known.at)
    )
    return {row.scan: row.orders for row in rows}


def save(writing: Writing, seen: Mapping[str, int], now: datetime) -> None:
    """Put what was seen in place of what was known, and forget what is too old."""
    if not seen:
        return
    known = scan_sizes.c
    of_account = known.account == writing.account
    writing.connection.execute(delete(scan_sizes).where(of_account, known.scan.in_(tuple(seen))))
    writing.connection.execute(delete(scan_sizes).where(of_account, known.at < now - KEPT))
    writing.connection.execute(
        insert(scan_sizes),
        [
            {
                "account": writing.account,
                "scan": scan,
                "at": now,
                "orders": orders,
                "pages": -(-orders // _A_PAGE),
            }
            for scan, orders in seen.items()
        ],
    )
