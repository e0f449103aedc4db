"""How much memory a preview's reading takes, for ten thousand orders and for a million.

Twenty rules on five statuses read orders that are made up page by page, in four threads, as a run reads them; the same
100 orders match, however many do not. Each size has a process of its own, and what is compared is the most memory that
the process held (its resident set).
"""

from __future__ import annotations

import json
import platform
import re
import resource
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.measure import Report, Spread, Table, Target, at_most, in_fresh_process, number, spread
from tertib import reading
from tertib.compile import compile_rules
from tertib.language.personal import Mask
from tertib.load import loads
from tertib.model import Page, Rule, Settings, Source, Spent
from tertib.ports import Decode

NOW: Final = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
STATUSES: Final = ("draft", "pending", "confirmed", "ready", "shipped")
RULES: Final = 20
MATCHES: Final = 100
PAGE: Final = 25
_BOUND: Final = 1.2
_FAR_OFF: Final = 1.5


@dataclass(frozen=True, slots=True)
class Size:
    """How many orders are read, the least first, and how often, but for the largest, which is read once."""

    orders: tuple[int, ...]
    rounds: int


FULL: Final = Size((10_000, 100_000, 1_000_000), 3)
QUICK: Final = Size((2_000, 20_000), 1)


@dataclass(frozen=True, slots=True)
class Held:
    """The megabytes that a process held before reading and at most, and the seconds that it read."""

    before: float
    peak: float
    seconds: float


def measure(size: Size) -> Report:
    """Read each number of orders, each time in a process of its own."""
    taken: dict[int, list[Held]] = {orders: [] for orders in size.orders}
    for place in range(size.rounds):
        for orders in size.orders if place == 0 else size.orders[:-1]:
            taken[orders].append(in_fresh_process(read, orders))
    peaks = {orders: spread(one.peak for one in held) for orders, held in taken.items()}
    ratio = peaks[size.orders[-1]].middle / peaks[size.orders[0]].middle
    what = f"{size.orders[-1]:,} orders"
    broken = f"{what} take {number(ratio)} of the memory of {size.orders[0]:,}"
    return Report(
        (_table(taken, peaks),),
        (_target(what, size, ratio),),
        (broken,) if ratio > _FAR_OFF else (),
    )


def _target(what: str, size: Size, ratio: float) -> Target:
    return at_most(f"Memory for {what} through {RULES} rules, of that for {size.orders[0]:,}", _BOUND, ratio)


def _table(taken: Mapping[int, list[Held]], peaks: Mapping[int, Spread]) -> Table:
    first = next(iter(peaks.values())).middle
    rows = tuple(
        (
            f"{orders:,}",
            number(spread(one.before for one in held).middle),
            *peaks[orders].cells(),
            number(peaks[orders].middle / first),
            number(spread(one.seconds * 1e6 / orders for one in held).middle),
        )
        for orders, held in taken.items()
    )
    head = ("orders", "MB before", "MB at most: least", "middle", "most", "of the first", "µs an order")
    return Table(
        f"{RULES} rules, {MATCHES} orders that match",
        head,
        rows,
        "The time includes making the orders up and writing them as JSON.",
    )


# --- one process ----------------------------------------------------------------------------------------


def read(orders: int) -> Held:
    """Read so many orders in this process."""
    program = compile_rules(list(rules()), Settings(), NOW)
    before, began = _peak(), time.perf_counter()
    was_read = reading.read(
        program, Endless(orders), Mask(b"k" * 32), threads=4, progress=lambda _event, **_numbers: None
    )
    seen = sum(report.orders for report in was_read.reports)
    assert seen == orders, f"{seen} of {orders} orders were read"
    assert len(was_read.evaluated.matches) == MATCHES * RULES
    return Held(before, _peak(), time.perf_counter() - began)


class Endless:
    """A reader that makes its orders up, as the bytes of an answer: so many of each status, of which the first few match."""

    def __init__(self, orders: int) -> None:
        self.of_each = orders // len(STATUSES)

    def page(
        self,
        source: Source,
        params: Mapping[str, str],
        cursor: str | None = None,
        decode: Decode | None = None,
    ) -> Page:
        """Return a page of one status."""
        assert source.store is None
        start = int(cursor or 0)
        end = min(start + PAGE, self.of_each)
        made = [_order(number, params["status"], self.of_each) for number in range(start, end)]
        body = (decode or msgspec.json.decode)(msgspec.json.encode({"data": made}))
        return Page(tuple(body["data"]), str(end) if end < self.of_each else None, NOW)

    def count(self, params: Mapping[str, str]) -> int | None:
        """Answer as a credential without the statistics scope."""
        del params
        return None

    def spent(self) -> Spent:
        """Return nothing of interest."""
        return Spent()


def _order(number: int, status: str, of_each: int) -> dict[str, Any]:
    place = STATUSES.index(status)
    created = (NOW - timedelta(days=10, seconds=number)).isoformat()
    return {
        "id": place * of_each + number,
        "order_id": f"{place}-{number:08}",
        "status": status,
        "payment_status": "unpaid",
        "transferproof_url": None,
        "shipment_receipt": None,
        "gross_revenue": f"{100_000 + number}.00",
        "created_at": created,
        "pending_time": created,
        "customer": {"name": f"Buyer {number}"},
        "tags": [{"id": 1, "name": "match"}] if number < MATCHES // len(STATUSES) else [],
        "notes": f"note {number}",
    }


def rules() -> Iterator[Rule]:
    """Yield rules that are all judged on every order, of conditions that hold for few of them."""
    for place in range(RULES):
        document: dict[str, Any] = {
            "name": f"rule-{place}",
            "query": {"status": list(STATUSES)},
            "conditions": [
                {"tags": {"includes": "match"}},
                {"pending_time": {"older_than": "3d"}},
                {"gross_revenue": {"gt": 50_000 + place}},
            ],
            "action": {"payment_status": "paid"},
        }
        yield loads(json.dumps(document), Settings()).rules[0]


def _peak() -> float:
    """Return the most memory this process has held, in MB.

    Linux tells it of this program alone; elsewhere what started it may count too. macOS counts in bytes.
    """
    status = Path("/proc/self/status")
    if status.exists():
        held = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        assert held is not None
        return int(held[1]) / 1e3
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if platform.system() == "Darwin" else most / 1e3
