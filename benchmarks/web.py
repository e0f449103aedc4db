"""How heavy the pages are, and how long the server takes for each, with a long record behind them.

The record has as many changes as it says, in runs that are spread over four months, each with its plan, its slot and its
audit records; one plan waits for approval. Each page is asked of the application itself, without a network between; *first*
is its first answer after the program began, which loads templates and adds up past days.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette

from benchmarks.measure import Report, Table, Target, number
from tertib.clock import SystemClock
from tertib.language.personal import Mask
from tertib.ledger.store import SqlLedger
from tertib.model import Answer, Change, Echo, Mode, Outcome, Plan, RuleTally, Run, Spent, State, Trace, Web
from tertib.record import seal
from tertib.session import Session
from tertib.web.app import build
from tertib.web.desk import desk_of
from tertib.web.site import Site

BATCH: Final = 50
_MASK: Final = Mask(b"a key for benchmarks, 32 bytes..")
_ACCOUNT: Final = "default"
_RULES: Final = 12
_DAYS: Final = 120
_LIGHT: Final = 100.0
_FAST: Final = 50.0
_RULE: Final = """\
name: cancel-{number}
schedule: "*/30 8-21 * * *"
query: {{status: pending, payment_status: unpaid, payment_method: bank_transfer}}
conditions:
  - pending_time: {{older_than: {number}d}}
action: {{status: canceled}}
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many changes the record has, how many each run, and how often each page is asked for."""

    changes: int
    each: int
    rounds: int


FULL: Final = Size(100_000, 400, 15)
QUICK: Final = Size(1_000, 100, 3)


def measure(size: Size) -> Report:
    """Fill a ledger, and ask for every page."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        _lay_out(place)
        with _opened(place) as opened:
            plan = _fill(opened.ledger, size)
            site = Site({_ACCOUNT: desk_of(opened)}, opened.clock, Web(), _Silent(), local="somebody")
            return _report([_page(site, name, path, size.rounds) for name, path in _paths(plan, size)], size)


def _paths(plan: str, size: Size) -> Iterator[tuple[str, str]]:
    account = f"/accounts/{_ACCOUNT}"
    yield "today", "/"
    yield "approvals", f"{account}/approvals"
    yield "a plan", f"{account}/plans/{plan}"
    yield "a plan, searched and sorted", f"{account}/plans/{plan}?q=order-1&sort=-money"
    yield "rules", f"{account}/rules"
    yield "a rule", f"{account}/rules/cancel-3"
    yield "orders", f"{account}/orders"
    yield "an order", f"{account}/orders/order-{size.changes // 2}"
    yield "runs", f"{account}/runs"
    yield "runs, an older page", f"{account}/runs?before=default-{size.changes // size.each // 2}"
    yield "a run", f"{account}/runs/default-2"
    yield "schedule", f"{account}/schedule"
    yield "audit", f"{account}/audit"
    yield "accounts", "/accounts"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What asking for a page came to: its KiB, and milliseconds for its first answer and for the others."""

    name: str
    kib: float
    first: float
    others: Sequence[float]


def _page(site: Site, name: str, path: str, rounds: int) -> _Seen:
    app = build(site)
    first, body = _ask(app, path)
    others = [_ask(app, path)[0] for _ in range(rounds)]
    return _Seen(name, len(body) / 1024, first, others)


def _ask(app: Starlette, path: str) -> tuple[float, bytes]:
    """Return the milliseconds that the application takes for a page, and the page."""
    got: list[dict[str, Any]] = []
    where, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1:8787")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8787),
        "scheme": "http",
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        got.append(message)

    took = 0.0

    async def ask() -> None:
        nonlocal took
        loop = asyncio.get_running_loop()
        began = loop.time()
        await app(scope, receive, send)
        took = loop.time() - began

    asyncio.run(ask())
    assert got[0]["status"] == 200, (path, got[0]["status"])  # noqa: PLR2004 - what HTTP calls well
    return took * 1000, b"".join(one.get("body", b"") for one in got)


def _report(seen: Sequence[_Seen], size: Size) -> Report:
    rows = tuple(
        (
            one.name,
            number(one.kib),
            number(one.first),
            number(statistics.median(one.others)),
            number(max(one.others)),
        )
        for one in seen
    )
    head = ("page", "KiB", "ms, first", "ms, middle", "ms, most")
    heaviest = max(seen, key=lambda one: one.kib)
    slowest = max(seen, key=lambda one: statistics.median(one.others))
    today = statistics.median(seen[0].others)
    broken = [f"{one.name} weighs {one.kib:.0f} KiB" for one in seen if one.kib > _LIGHT]
    return Report(
        (Table(f"pages over a record of {size.changes:,} changes", head, rows),),
        targets=(
            Target(
                "the first page, server time", f"below {_FAST:.0f} ms", f"{number(today)} ms", today < _FAST
            ),
            Target(
                "every page, server time",
                f"below {_FAST:.0f} ms",
                f"{number(statistics.median(slowest.others))} ms ({slowest.name})",
                statistics.median(slowest.others) < _FAST,
            ),
            Target(
                "every page, weight",
                f"below {_LIGHT:.0f} KiB",
                f"{number(heaviest.kib)} KiB ({heaviest.name})",
                heaviest.kib < _LIGHT,
            ),
        ),
        broken=tuple(broken),
    )


# --- the record -----------------------------------------------------------------------------------------


class _Silent:
    """A log that nobody reads."""

    def warning(self, event: str, **fields: Any) -> None:
        """Drop a line."""

    error = warning


@dataclass
class _Moved(SystemClock):
    """A clock that can be set back while the past is written."""

    moment: datetime | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def now(self) -> datetime:
        """Return the moment that it was set to, else the present."""
        return self.moment or super().now()


def _lay_out(place: Path) -> None:
    (place / "rules").mkdir()
    for rule in range(1, _RULES + 1):
        (place / "rules" / f"cancel-{rule}.yaml").write_text(_RULE.format(number=rule), encoding="utf-8")


@contextmanager
def _opened(place: Path) -> Iterator[Session]:
    opened = Session(None, {}, place)
    opened.project.clock = opened.clock = _Moved()
    try:
        yield opened
    finally:
        opened.close()


def _fill(ledger: SqlLedger, size: Size) -> str:
    """Write the past, the oldest first, and a plan that waits; return that plan's id."""
    clock = ledger._terms.clock  # noqa: SLF001 - the past must be written as of then
    assert isinstance(clock, _Moved)
    runs = size.changes // size.each
    began = datetime.now(UTC)
    for place in range(runs):
        clock.moment = began - timedelta(days=_DAYS) * (runs - place) / runs
        _run(ledger, range(place * size.each, (place + 1) * size.each), clock.moment)
    clock.moment = None
    waiting, document = seal(_plan(range(size.changes, size.changes + size.each), began), _MASK)
    ledger.save_plan(waiting, document)
    ledger.ask_approval(waiting, "it asks", began + timedelta(days=1), began)
    return waiting.plan_id


def _run(ledger: SqlLedger, keys: range, now: datetime) -> None:
    """Record one whole run: its slot, its plan, its changes in batches, and its end."""
    plan, document = seal(_plan(keys, now), _MASK)
    rule = plan.rules[0].name
    ledger.save_plan(plan, document)
    ledger.slot_open(_ACCOUNT, rule, now.replace(microsecond=0), now)
    run = ledger.begin(_ACCOUNT, plan.plan_id, kind="slot", slots=(), now=now)
    ledger.intend(run, plan.changes, document["changes"], now)
    for start in range(0, len(plan.changes), BATCH):
        batch = plan.changes[start : start + BATCH]
        claim = ledger.claim(run, batch, {"status": "canceled"}, now)
        echoes = tuple(Echo(one.id, "canceled", None) for one in batch)
        outcomes = [Outcome(one.id, one.order_id, one.rule, State.CONFIRMED, "named") for one in batch]
        ledger.answer(claim, Answer("answered", 200, echoes), outcomes, now)
    ledger.end(Run(run, plan.plan_id, Spent(writes=1), len(plan.changes), tuple(outcomes)), now)
    ledger.slot_close(_ACCOUNT, rule, now.replace(microsecond=0), "done", now, run_id=run)


def _plan(keys: range, now: datetime) -> Plan:
    rule = f"cancel-{keys.start // max(1, len(keys)) % _RULES + 1}"
    changes = tuple(_change(key, rule, now) for key in keys)
    return Plan(
        plan_id="",
        created_at=now,
        now=now,
        account=_ACCOUNT,
        contract="seeds",
        complete=True,
        requests=9,
        orders_read=2 * len(changes),
        scans=(),
        rules=(RuleTally(rule, "hash", Mode.APPLY, len(changes), len(changes)),),
        changes=changes,
        held=(),
        warnings=(),
        definitions=({"name": rule},),
    )


def _change(key: int, rule: str, now: datetime) -> Change:
    return Change(
        id=key,
        order_id=f"order-{key}",
        rule=rule,
        before={"status": "pending", "payment_status": "unpaid"},
        set={"status": "canceled", "by": f"tertib/{rule}"},
        value=Decimal(100_000 + key % 977 * 1000),
        reversible=False,
        reasons=(
            Trace("pending_time: {older_than: 3d}", "2026-11-16 10:00 (5d old)", result=True),
            Trace("transferproof_url: null", "null", result=True),
        ),
        read_at=now,
        since=now - timedelta(days=5),
    )
