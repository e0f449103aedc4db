"""The requests and seconds of a preview, beside the script that people write today.

That script reads one status at a time, newest first and one page after the other, a script a rule; it stops after two
pages that are older than its window, and sleeps 10 seconds times the attempt on a 429. A better one reads each status
once for all its rules. All read the same sandbox over HTTP, every answer 50 ms late. *First* is a ledger that knows
nothing, *next* the run after it.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

import tertib
from benchmarks.measure import Report, Spread, Table, Target, at_most, number, spread
from tertib.cli.demo import SHOWN
from tertib.load import load, loads
from tertib.model import Rule, Settings
from tertib.sandbox.limits import Limits
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop
from tertib.shipped import rules as shipped_rules

WINDOW: Final = timedelta(days=90)
OLD_PAGES: Final = 2
TOO_MANY: Final = 429
ONE: Final = "cancel-unpaid-transfer"
MANY: Final = 40
SCRIPT: Final = "script, one a rule"
_SEED: Final = 7
_REQUESTS: Final = 1 / 3
_SECONDS: Final = 1 / 5


@dataclass(frozen=True, slots=True)
class Size:
    """How many orders the shop has, how late it answers, how often all is done with the rate limit and without.

    Under the rate limit nearly all of the time is waiting, which is the same in every round.
    """

    orders: int
    milliseconds: int
    limited: int
    unlimited: int


FULL: Final = Size(3_000, 50, 1, 3)
QUICK: Final = Size(750, 0, 0, 1)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way of reading took, and the orders that it saw or matched, by rule."""

    requests: int
    seconds: float
    orders: Mapping[str, set[str]] = field(repr=False)


Costs = Mapping[str, Cost]


def measure(size: Size) -> Report:
    """Compare each starter rule alone, then sets of rules, without Scalev's rate limit and with it."""
    starters = _starters()
    sets = _sets(starters)
    alone, broken = _alone(starters, size)
    tables, targets = [alone], [_never_more(alone, broken)]
    for rounds, limits, what in (
        (size.unlimited, Limits.none(), "no rate limit"),
        (size.limited, Limits(), "Scalev's rate limit"),
    ):
        if rounds:
            measured = {title: _rounds(several, size, limits, rounds) for title, several in sets.items()}
            tables.append(
                _table(f"{size.orders:,} orders, {size.milliseconds} ms an answer, {what}", measured)
            )
            targets += _targets(measured[f"{len(starters)} starter rules"], size, what)
            broken += _broken(measured)
    return Report(tuple(tables), tuple(targets), tuple(broken))


# --- rules ----------------------------------------------------------------------------------------------


def _starters() -> Sequence[Rule]:
    loaded = load([shipped_rules()], Settings())
    assert not loaded.errors, loaded.problems
    return loaded.rules


def _sets(starters: Sequence[Rule]) -> dict[str, Sequence[Rule]]:
    by_name = {rule.name: rule for rule in starters}
    return {
        "1 rule": [by_name[ONE]],
        f"{len(SHOWN)} rules": [by_name[name] for name in SHOWN],
        f"{len(starters)} starter rules": starters,
        f"{MANY} rules": [*starters, *_of_stores(MANY - len(starters))],
    }


_FLOWS: Final = (
    ("pending", "pending_time"), ("draft", "draft_time"), ("shipped", "shipped_time"), ("confirmed", "confirmed_time"),
)  # fmt: skip
_STORES: Final = (31, 32, 33, 34, 57)


def _of_stores(count: int) -> Iterator[Rule]:
    """Yield what an agency adds to the starter rules: a status and an age for a store of its own."""
    for place in range(count):
        status, time_of = _FLOWS[place % len(_FLOWS)]
        document: dict[str, Any] = {
            "name": f"store-rule-{place}",
            "query": {"status": status},
            "conditions": [
                {"store.id": _STORES[place % len(_STORES)]},
                {time_of: {"older_than": f"{2 + place}d"}},
                {"payment_status": "unpaid"},
            ],
            "action": {"status": "canceled"},
        }
        loaded = loads(json.dumps(document), Settings())
        assert not loaded.errors, loaded.problems
        yield loaded.rules[0]


# --- the scripts people write ---------------------------------------------------------------------------


def script(rules: Sequence[Rule], served: Served) -> Cost:
    """Read what each rule needs as the usual script does, a script a rule."""
    began, before = time.perf_counter(), len(served.journal)
    with _client(served) as http:
        orders = {
            rule.name: {key for status in _statuses(rule) for key in _walk(http, status)} for rule in rules
        }
    return Cost(len(served.journal) - before, time.perf_counter() - began, orders)


def better_script(rules: Sequence[Rule], served: Served) -> Cost:
    """Read each status once for all rules, one after the other; all orders where a rule names none."""
    began, before = time.perf_counter(), len(served.journal)
    needed = {status for rule in rules for status in _statuses(rule)}
    needed = {None} if None in needed else needed
    with _client(served) as http:
        seen = {status: set(_walk(http, status)) for status in sorted(needed, key=str)}
    together = set[str]().union(*seen.values())
    return Cost(
        len(served.journal) - before, time.perf_counter() - began, {rule.name: together for rule in rules}
    )


def _client(served: Served) -> httpx.Client:
    headers = {"Authorization": f"Bearer {served.business_token}"}
    return httpx.Client(base_url=served.url, headers=headers, timeout=60)


def _statuses(rule: Rule) -> list[str | None]:
    return [str(status) for status in rule.query["status"]] if "status" in rule.query else [None]


def _walk(http: httpx.Client, status: str | None) -> Iterator[str]:
    """Yield the ids of a status's orders, until two pages are older than the window."""
    oldest = (datetime.now(UTC) - WINDOW).isoformat()
    old_pages, cursor = 0, None
    params = {"page_size": "25", **({"status": status} if status else {})}
    while old_pages < OLD_PAGES:
        page = _get(http, {**params, **({"next_cursor": cursor} if cursor else {})})
        yield from (str(order["id"]) for order in page["data"])
        is_old = bool(page["data"]) and all(order["created_at"] < oldest for order in page["data"])
        old_pages = old_pages + 1 if is_old else 0
        cursor = page["next_cursor"]
        if not page["has_next"]:
            return


def _get(http: httpx.Client, params: Mapping[str, str]) -> dict[str, Any]:
    for attempt in range(1, 20):
        answer = http.get("/v3/orders", params=params)
        if answer.status_code != TOO_MANY:
            answer.raise_for_status()
            page: dict[str, Any] = answer.json()
            return page
        time.sleep(10 * attempt)
    raise RuntimeError("the rate limit never gave way")


# --- Tertib ---------------------------------------------------------------------------------------------


def preview(rules: Sequence[Rule], served: Served, place: Path) -> Cost:
    """Plan the rules together, with the ledger that is in a directory."""
    config = place / "tertib.yaml"
    config.write_text(f"ledger: sqlite:///{place / 'tertib.db'}\n")
    environ = {"SCALEV_BASE_URL": served.url, "SCALEV_TOKEN": served.business_token}
    with tertib.open_shop(config, environ=environ) as shop:
        began, before = time.perf_counter(), len(served.journal)
        plan = shop.plan(rules)
        taken, asked = time.perf_counter() - began, len(served.journal) - before
    orders: dict[str, set[str]] = {}
    for change in plan.changes:
        orders.setdefault(change.rule, set()).add(str(change.id))
    return Cost(asked, taken, orders)


# --- the comparison -------------------------------------------------------------------------------------


def compare(rules: Sequence[Rule], served: Served, pause: Callable[[], object]) -> Costs:
    """Return the costs of the scripts, of a first preview and of the next one; assert that none lost an order."""
    costs = {}
    for name, read in ((SCRIPT, script), ("script, each status once", better_script)):
        pause()
        costs[name] = read(rules, served)
    with tempfile.TemporaryDirectory() as place:
        for name in ("tertib, first", "tertib, next"):
            pause()
            costs[name] = preview(rules, served, Path(place))
            for rule, matched in costs[name].orders.items():
                assert matched <= costs[SCRIPT].orders[rule], f"the script has not seen all of {rule}"
    assert costs["tertib, first"].orders == costs["tertib, next"].orders, "a later run found something else"
    return costs


def _rounds(rules: Sequence[Rule], size: Size, limits: Limits, rounds: int) -> list[Costs]:
    """Compare on a shop of its own in each round, the rate limit's windows empty before each way."""
    measured = []
    for seed in range(_SEED, _SEED + rounds):
        with serve(Shop(seed=seed, orders=size.orders), limits=limits) as served:
            if size.milliseconds:
                served.faults.add("slow", times=None, delay_ms=size.milliseconds)
            measured.append(compare(rules, served, served.sandbox.meter.clear))
    return measured


def _ratio(measured: Sequence[Costs], name: str, of: Callable[[Cost], float]) -> Spread:
    return spread(of(one[name]) / of(one[SCRIPT]) for one in measured)


def _requests(cost: Cost) -> float:
    return cost.requests


def _seconds(cost: Cost) -> float:
    return cost.seconds


def _table(title: str, measured: Mapping[str, Sequence[Costs]]) -> Table:
    rows = []
    for rules, costs in measured.items():
        for name in costs[0]:
            requests, seconds = (spread(of(one[name]) for one in costs) for of in (_requests, _seconds))
            rows.append(
                (
                    rules,
                    name,
                    number(requests.middle),
                    " / ".join(_ratio(costs, name, _requests).cells()),
                    number(seconds.middle),
                    " / ".join(_ratio(costs, name, _seconds).cells()),
                )
            )
    head = ("", "", "requests", "of the script's", "seconds", "of the script's")
    return Table(
        title,
        head,
        tuple(rows),
        "Ratios are least / middle / largest of the rounds, each with a shop of its own.",
    )


def _targets(measured: Sequence[Costs], size: Size, what: str) -> list[Target]:
    requests = _ratio(measured, "tertib, first", _requests).most
    seconds = _ratio(measured, "tertib, first", _seconds).middle
    found = [at_most(f"Requests of the starter rules together, of the script's, {what}", _REQUESTS, requests)]
    if size.milliseconds:
        found.append(
            at_most(f"Wall time of the starter rules together, of the script's, {what}", _SECONDS, seconds)
        )
    return found


def _broken(measured: Mapping[str, Sequence[Costs]]) -> list[str]:
    found = []
    for rules, costs in measured.items():
        share = _ratio(costs, "tertib, first", _requests).most
        bound = _REQUESTS if "starter" in rules else 1
        if share > bound:
            found.append(f"{rules}: {number(share)} of the script's requests, more than {number(bound)}")
    return found


# --- each rule alone ------------------------------------------------------------------------------------


def _alone(rules: Sequence[Rule], size: Size) -> tuple[Table, list[str]]:
    """Return how each rule does by itself, and which take more requests than their script; time is no matter here."""
    rows, broken = [], []
    with serve(Shop(seed=_SEED, orders=size.orders), limits=Limits.none()) as served:
        for rule in rules:
            costs = compare([rule], served, lambda: None)
            rows.append((rule.name, *(str(cost.requests) for cost in costs.values())))
            broken += [
                f"{rule.name} alone takes {costs[name].requests} requests, its script {costs[SCRIPT].requests}"
                for name in ("tertib, first", "tertib, next")
                if costs[name].requests > costs[SCRIPT].requests
            ]
    head = ("", *costs)
    return Table(f"Requests of each starter rule alone, {size.orders:,} orders", head, tuple(rows)), broken


def _never_more(alone: Table, broken: Sequence[str]) -> Target:
    worst = max(int(row[3]) / int(row[1]) for row in alone.rows)
    return Target(
        "Requests of any starter rule alone, of its script's",
        "never more",
        f"{number(worst)} at most",
        not broken,
    )
