"""Count the requests and the seconds of a preview, against the script that people write today.

That script reads one status at a time, newest first and one page after the other, a script a rule; it stops after two
pages that are older than its window, and sleeps 10 seconds times the attempt on a 429. Both read the same sandbox over
HTTP, every answer 50 ms late, under Scalev's rate limit. *First* is a ledger that knows nothing, *next* the run after it.

    python benchmarks/requests.py [--orders 3000] [--rounds 3] [--no-limits]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tertib import pipeline
from tertib.cli import Choices
from tertib.cli.context import Session
from tertib.cli.demo import SHOWN
from tertib.load import load
from tertib.model import Rule
from tertib.sandbox.limits import Limits
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop
from tertib.shipped import rules as shipped_rules

WINDOW = timedelta(days=90)
OLD_PAGES = 2
TOO_MANY = 429
ONE = "cancel-unpaid-transfer"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way of reading took, and the orders that it saw or matched, by rule."""

    requests: int
    seconds: float
    orders: dict[str, set[str]]


# --- the script people write ------------------------------------------------------------------------------


def script(rules: Sequence[Rule], served: Served) -> Cost:
    """Read what each rule needs as the usual script does, a script a rule."""
    began, before = time.perf_counter(), len(served.journal)
    orders: dict[str, set[str]] = {}
    headers = {"Authorization": f"Bearer {served.business_token}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60) as http:
        for rule in rules:
            seen = orders.setdefault(rule.name, set())
            for status in rule.query.get("status", (None,)):
                for order in _walk(http, {} if status is None else {"status": str(status)}):
                    seen.add(str(order["id"]))
    return Cost(len(served.journal) - before, time.perf_counter() - began, orders)


def _walk(http: httpx.Client, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    oldest = (datetime.now(UTC) - WINDOW).isoformat()
    old_pages, cursor = 0, None
    while old_pages < OLD_PAGES:
        page = _get(http, {**params, "page_size": "25", **({"next_cursor": cursor} if cursor else {})})
        yield from page["data"]
        is_old = bool(page["data"]) and all(order["created_at"] < oldest for order in page["data"])
        old_pages = old_pages + 1 if is_old else 0
        cursor = page["next_cursor"]
        if not page["has_next"]:
            return


def _get(http: httpx.Client, params: dict[str, str]) -> dict[str, Any]:
    for attempt in range(1, 20):
        answer = http.get("/v3/orders", params=params)
        if answer.status_code != TOO_MANY:
            answer.raise_for_status()
            page: dict[str, Any] = answer.json()
            return page
        time.sleep(10 * attempt)
    raise RuntimeError("the rate limit never gave way")


# --- Tertib -----------------------------------------------------------------------------------------------


@contextmanager
def session_on(served: Served, place: Path) -> Iterator[Session]:
    """Open a session on the shop, with its ledger in a directory."""
    environ = {"SCALEV_BASE_URL": served.url, "SCALEV_TOKEN": served.business_token}
    session = Session(Choices(), environ, place)
    try:
        yield session
    finally:
        session.close()


def preview(rules: Sequence[Rule], served: Served, place: Path) -> Cost:
    """Plan the rules together."""
    with session_on(served, place) as session:
        reader, ledger, mask = session.reader, session.ledger, session.mask
        began, before = time.perf_counter(), len(served.journal)
        plan = pipeline.plan(
            rules, session.settings, reader=reader, ledger=ledger, clock=session.clock, mask=mask
        )
        taken, asked = time.perf_counter() - began, len(served.journal) - before
    orders: dict[str, set[str]] = {}
    for change in plan.changes:
        orders.setdefault(change.rule, set()).add(str(change.id))
    return Cost(asked, taken, orders)


# --- the comparison ---------------------------------------------------------------------------------------


def compare(rules: Sequence[Rule], served: Served, pause: Callable[[], None]) -> dict[str, Cost]:
    """Return the costs of the script, of a first preview and of the next one; assert that none lost an order."""
    pause()
    costs = {"script": script(rules, served)}
    with tempfile.TemporaryDirectory() as place:
        for name in ("first", "next"):
            pause()
            costs[name] = preview(rules, served, Path(place))
            for rule, matched in costs[name].orders.items():
                assert matched <= costs["script"].orders[rule], f"the script has not seen all of {rule}"
    assert costs["first"].orders == costs["next"].orders, "a later run found something else"
    return costs


def show(title: str, measured: Sequence[dict[str, Cost]]) -> None:
    """Print requests, seconds and their ratios to the script's: minimum, median and maximum of the rounds."""
    for name in ("script", "first", "next"):
        requests = statistics.median(one[name].requests for one in measured)
        seconds = statistics.median(one[name].seconds for one in measured)
        print(
            f"{title:12} {name:7} {requests:8.0f} {seconds:9.2f}"
            f"   {_ratios([one[name].requests / one['script'].requests for one in measured])}"
            f"   {_ratios([one[name].seconds / one['script'].seconds for one in measured])}"
        )


def _ratios(values: Sequence[float]) -> str:
    return " ".join(f"{value:6.3f}" for value in (min(values), statistics.median(values), max(values)))


def singly(rules: Sequence[Rule], served: Served) -> None:
    """Print how each rule does by itself: the worst of the ratios, and any that takes more than the script."""
    ratios = {}
    for rule in rules:
        costs = compare([rule], served, lambda: None)
        for name in ("first", "next"):
            ratios[f"{rule.name} ({name})"] = costs[name].requests / costs["script"].requests
    worst = max(ratios, key=lambda name: ratios[name])
    more = [name for name, ratio in ratios.items() if ratio > 1]
    print(f"each rule alone, requests to the script's: {_ratios(list(ratios.values()))}, worst {worst}")
    print(f"rules that take more than their script: {', '.join(more) or 'none'}")


def main() -> None:
    """Run the comparisons and print the table."""
    parser = argparse.ArgumentParser(description="requests and seconds of a preview")
    parser.add_argument("--orders", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=int, default=50, help="milliseconds")
    parser.add_argument("--no-limits", action="store_true", help="without Scalev's rate limit")
    chosen = parser.parse_args()
    with project_rules() as rules:
        by_name = {rule.name: rule for rule in rules}
        with serve(Shop(seed=7, orders=chosen.orders), limits=Limits.none()) as served:
            singly(rules, served)
        sets = {
            "1 rule": [by_name[ONE]],
            "8 rules": [by_name[name] for name in SHOWN],
            f"{len(rules)} rules": rules,
        }
        limits = Limits.none() if chosen.no_limits else Limits()
        print(
            f"\n{'':12} {'':7} {'requests':>8} {'seconds':>9}   {'requests: min med max':20}   seconds: min med max"
        )
        for title, several in sets.items():
            measured = []
            for seed in range(7, 7 + chosen.rounds):
                with serve(Shop(seed=seed, orders=chosen.orders), limits=limits) as served:
                    served.faults.add("slow", times=None, delay_ms=chosen.latency)
                    pause = (lambda: None) if chosen.no_limits else served.sandbox.meter.clear
                    measured.append(compare(several, served, pause))
            show(title, measured)


@contextmanager
def project_rules() -> Iterator[Sequence[Rule]]:
    """Load the starter rules under default settings."""
    with tempfile.TemporaryDirectory() as place:
        loaded = load([shipped_rules()], Session(Choices(), {}, Path(place)).settings)
        assert not loaded.errors
        yield loaded.rules


if __name__ == "__main__":
    main()
