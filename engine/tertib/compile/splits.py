"""Read a long scan in parts at the same time, where that takes no further page and leaves no order out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Final

from tertib.compile.queries import Query, narrowed
from tertib.compile.sent import as_sent
from tertib.compile.sizes import Gauge
from tertib.scalev import contract

AGES: Final = (1, 2, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 365)
"""Days ago at which a scan may be parted: few, so that a later run knows their sizes."""

RATE: Final = 100
"""Requests that 10 seconds allow: beyond them the rate limit sets the pace, and threads do not."""


def split_longest(scans: Sequence[Query], gauge: Gauge, threads: int) -> list[tuple[Query, Query]]:
    """Split scans that all others would wait for; returns each query to read with the one it is a part of."""
    parts = [(query, query) for query in scans]
    while (found := _next_split([query for query, _ in parts], gauge, threads)) is not None:
        place, pair = found
        origin = parts[place][1]
        parts[place : place + 1] = [(part, origin) for part in pair]
    return parts


def _next_split(scans: Sequence[Query], gauge: Gauge, threads: int) -> tuple[int, tuple[Query, Query]] | None:
    """Find the longest scan, where it alone decides how long reading takes, and its most even split."""
    total = gauge.total(scans)
    if threads == 1 or not scans or total is None or total > RATE:
        return None
    longest = max(range(len(scans)), key=lambda place: gauge.pages(scans[place]) or 0)
    whole = gauge.pages(scans[longest]) or 0
    if whole * threads <= total + threads:
        return None
    fitting = [pair for pair in halves(scans[longest], gauge.now) if _longer(pair, whole, gauge) is not None]
    if not fitting:
        return None
    return longest, min(fitting, key=lambda pair: _longer(pair, whole, gauge) or 0)


def _longer(pair: tuple[Query, Query], whole: int, gauge: Gauge) -> int | None:
    """Return the pages of the longer part, None where the parts take more together or save no time."""
    together = gauge.at_most(pair)
    longer = max(gauge.pages(part) or 0 for part in pair)
    return longer if together is not None and together <= whole and longer < whole else None


def halves(query: Query, now: datetime) -> Iterator[tuple[Query, Query]]:
    """Yield ways to read a query in two parts that leave no order out.

    An order has a transfer proof or has none. A bound on a time leaves out the orders that have no such time, so what
    lies on both sides of a further instant is all of it. Values of an enum would leave out the orders with none of them.
    """
    params = query.params
    if query.source.store is not None:
        return
    if "is_transferproof_exist" not in params:
        yield (
            narrowed(query, {"is_transferproof_exist": "true"}),
            narrowed(query, {"is_transferproof_exist": "false"}),
        )
    bounded = [name for name in params if name.endswith("_time_until")]
    for name, days in product(bounded, AGES):
        since = name.replace("_until", "_since")
        middle = as_sent(now - timedelta(days=days), now)
        if since in contract.PARAMETERS and params.get(since, "") < middle < params[name]:
            yield narrowed(query, {name: middle}), narrowed(query, {since: middle})
