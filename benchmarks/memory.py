"""Measure how much memory a preview's reading takes, for ten thousand orders and for a million.

Twenty rules on five statuses read orders that are made up page by page, in four threads, as a run reads them; the same
100 orders match, however many do not. Each size has a process of its own, and what is compared is the most memory that
the process held (its resident set).

    python benchmarks/memory.py [--sizes 10000 1000000]
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tertib import reading
from tertib.compile import compile_rules
from tertib.language.personal import Mask
from tertib.load import loads
from tertib.model import Order, Page, Rule, Settings, Source, Spent

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
STATUSES = ("draft", "pending", "confirmed", "ready", "shipped")
RULES = 20
MATCHES = 100
PAGE = 25


class Endless:
    """A reader that makes its orders up: so many of each status, of which the first few match."""

    def __init__(self, orders: int) -> None:
        self.of_each = orders // len(STATUSES)

    def page(self, source: Source, params: Mapping[str, str], cursor: str | None = None) -> Page:
        """Return a page of one status."""
        assert source.store is None
        start = int(cursor or 0)
        end = min(start + PAGE, self.of_each)
        made = tuple(_order(number, params["status"], self.of_each) for number in range(start, end))
        return Page(made, str(end) if end < self.of_each else None, NOW)

    def count(self, params: Mapping[str, str]) -> int | None:
        """Answer as a credential without the statistics scope."""
        del params
        return None

    def spent(self) -> Spent:
        """Return nothing of interest."""
        return Spent()


def _order(number: int, status: str, of_each: int) -> Order:
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
    for number in range(RULES):
        document: dict[str, Any] = {
            "name": f"rule-{number}",
            "query": {"status": list(STATUSES)},
            "conditions": [
                {"tags": {"includes": "match"}},
                {"pending_time": {"older_than": "3d"}},
                {"gross_revenue": {"gt": 50_000 + number}},
            ],
            "action": {"payment_status": "paid"},
        }
        yield loads(json.dumps(document), Settings()).rules[0]


def run(orders: int) -> None:
    """Read so many orders and print what it took, as JSON."""
    program = compile_rules(list(rules()), Settings(), NOW)
    before, began = _peak(), time.perf_counter()
    was_read = reading.read(
        program, Endless(orders), Mask(b"k" * 32), threads=4, progress=lambda _event, **_numbers: None
    )
    seen = sum(report.orders for report in was_read.reports)
    assert seen == orders, f"{seen} of {orders} orders were read"
    assert len(was_read.evaluated.matches) == MATCHES * RULES
    print(json.dumps({"before": before, "peak": _peak(), "seconds": time.perf_counter() - began}))


def _peak() -> float:
    """Return the most memory this process has held, in MB; macOS counts in bytes, Linux in kilobytes."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / 1e6 if platform.system() == "Darwin" else held / 1e3


def main() -> None:
    """Run each size in a process of its own and print the table."""
    parser = argparse.ArgumentParser(description="memory of a preview's reading")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--only", type=int, help="run one size in this process")
    chosen = parser.parse_args()
    if chosen.only:
        run(chosen.only)
        return
    print(f"{'orders':>10} {'before MB':>10} {'peak MB':>9} {'ratio':>6} {'seconds':>8}")
    first = 0.0
    for size in chosen.sizes:
        command = [sys.executable, __file__, "--only", str(size)]
        taken = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603 - our own program
        first = first or taken["peak"]
        figures = f"{taken['before']:10.1f} {taken['peak']:9.1f} {taken['peak'] / first:6.2f} {taken['seconds']:8.1f}"
        print(f"{size:10} {figures}", flush=True)


if __name__ == "__main__":
    main()
