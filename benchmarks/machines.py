"""What several machines cost on one PostgreSQL: a tick over all schedules, and what an account's turn takes as accounts grow.

The tick is the whole of it: schedules claimed, slots announced, schedules moved on, jobs queued, committed. The turns are
real ones, of ten rules due together on orders that answer at once; each request is then counted with a latency, and the
turns are laid out over two workers of four threads to tell how late the last slot of a quarter of an hour starts.
"""

from __future__ import annotations

import heapq
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from benchmarks.ledger import SERVER, schema_on
from benchmarks.measure import Report, Table, Target, at_most, number
from tertib.clock import SystemClock
from tertib.dispatch import queue, tick
from tertib.dispatch.local import Machine, Server
from tertib.dispatch.rulebook import Rulebook
from tertib.dispatch.worker import Post
from tertib.language.personal import Mask
from tertib.ledger import SqlLedger, open_ledger, process
from tertib.ledger.database import Database
from tertib.ledger.rota import Scheduled
from tertib.ledger.store import open_database
from tertib.load import load
from tertib.model import Page, Settings, Spent

_KEY: Final = b"a key for benchmarks, 32 bytes.."
_RULES: Final = 10
_NOON: Final = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
_QUARTER: Final = timedelta(minutes=15)
_FETCH: Final = "SELECT id, queue_name FROM procrastinate_fetch_job_v2(NULL, NULL)"
_OWNER: Final = process.register()
_LATENCY: Final = 0.3
_THREADS: Final = 2 * 4
_TICK_BOUND: Final = 2.0
_GROWTH_BOUND: Final = 1.5
_RULE: Final = """\
name: {name}
schedule: "*/15 * * * *"
query: {{status: pending, payment_status: unpaid}}
conditions: [{{gross_revenue: {{gt: {place}}}}}]
action: {{status: canceled}}
mode: apply
first_run: apply
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many schedules are due in a tick, and with how many accounts turns are measured, for how many quarters."""

    schedules: int
    accounts: tuple[int, ...]
    quarters: int


FULL: Final = Size(5_000, (10, 100, 1_000), 4)
QUICK: Final = Size(500, (2, 10), 1)


def measure(size: Size) -> Report:
    """Measure on the server that is named, if one is."""
    with schema_on(os.environ.get(SERVER)) as url:
        if url is None:
            return Report((Table("On PostgreSQL", ("", ""), (("all of it", "not run"),)),))
        ticked = _ticks(url, size.schedules)
    turned = {}
    for accounts in size.accounts:
        with schema_on(os.environ.get(SERVER)) as url:
            turned[accounts] = _turns(cast("str", url), accounts, size.quarters)
    return _report(size, ticked, turned)


def _report(size: Size, ticked: Sequence[float], turned: dict[int, Turned]) -> Report:
    few, many = turned[min(turned)], turned[max(turned)]
    growth = many.seconds / few.seconds
    rows = [
        (f"{count:,}", number(one.seconds * 1000), number(one.processor * 1000), number(one.late))
        for count, one in turned.items()
    ]
    head = ("accounts", "milliseconds a turn", "of the processor, here", "seconds until the last slot starts")
    tables = (
        Table(
            f"A tick over {size.schedules:,} due schedules",
            ("", "seconds"),
            tuple((f"tick {place}", number(one)) for place, one in enumerate(ticked, 1)),
        ),
        Table(f"Turns of {_RULES} rules, {size.quarters} times a quarter of an hour", head, tuple(rows)),
    )
    quarter = _QUARTER.total_seconds()
    targets = (
        at_most(f"seconds of a tick over {size.schedules:,} due schedules", _TICK_BOUND, max(ticked)),
        at_most("cost of a turn with most accounts, to that with fewest", _GROWTH_BOUND, growth),
        Target(
            f"{max(turned):,} accounts within their quarter of an hour, two workers",
            f"under {quarter:.0f} s",
            f"{many.late:.0f} s",
            many.late < quarter,
        ),
    )
    return Report(tables, targets)


# --- the tick -------------------------------------------------------------------------------------------


def _ticks(url: str, count: int) -> list[float]:
    """Return the seconds of three ticks in which every schedule is due."""
    clock = SystemClock()
    with open_ledger(url, key=_KEY, clock=clock) as ledger:
        database = Database(url)
        queue.prepare(database)
        _enrol(ledger, count)
        seconds = []
        for hour in range(1, 4):
            began = time.perf_counter()
            moved = tick.look(ledger.rota, queue.QueueBell(), _NOON + timedelta(days=hour))
            seconds.append(time.perf_counter() - began)
            assert moved == count, moved
            with database.writing() as connection:
                connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
        database.close()
    clock.close()
    return seconds


def _enrol(ledger: SqlLedger, count: int) -> None:
    """Put schedules of ten rules an account on the rota, no two of an account alike."""
    for number_ in range(count // _RULES):
        account = f"shop-{number_:04}"
        wanted = {
            f"rule-{rule}": Scheduled(
                account,
                f"rule-{rule}",
                f"{(number_ + rule) % 60} {rule}-{rule + 12} * * *",
                "Asia/Jakarta",
                timedelta(),
                _NOON,
                _NOON,
            )
            for rule in range(_RULES)
        }
        ledger.rota.enrol(account, wanted, _NOON, changed="", gone="")


# --- turns ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turned:
    """What a turn took at the middle (by the clock, and of this process), and how late the last one of a quarter began."""

    seconds: float
    processor: float
    late: float


class _At:
    """A clock that stands where the benchmark says."""

    stopping = False

    def __init__(self) -> None:
        self.moment = _NOON

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment

    def monotonic(self) -> float:
        """Return real seconds."""
        return time.monotonic()

    def sleep(self, _seconds: float) -> None:
        """Wait for nothing."""

    def heed(self) -> None:
        """Go on."""


class _Orders:
    """Reads of a shop without orders, at once; counts the requests."""

    def __init__(self) -> None:
        self.requests = 0

    def page(self, *_asked: Any, **_how: Any) -> Page:
        """Return an empty page."""
        self.requests += 1
        return Page((), None, _NOON)

    def count(self, _params: object) -> None:
        """Tell nothing."""

    def spent(self) -> Spent:
        """Return what was asked."""
        return Spent(reads=self.requests)


class _Quiet:
    """Says nothing."""

    def info(self, event: str, **fields: Any) -> None:
        """Say nothing."""

    warning = error = info


def _turns(url: str, accounts: int, quarters: int) -> Turned:
    clock, late = _At(), 0.0
    taken: list[float] = []
    processor: list[float] = []
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for number_ in range(_RULES):
            text = _RULE.format(name=f"rule-{number_}", place=number_)
            (place / f"rule-{number_}.yaml").write_text(text, encoding="utf-8")
        database = open_database(url)
        stack.callback(database.close)
        queue.prepare(database)
        posts = dict(_posts(url, database, clock, place, accounts))
        for post, _ in posts.values():
            post.enrol()
        rota, bell = _ledger(url, database, clock, "shop-0000").rota, queue.QueueBell()
        for _ in range(quarters):
            clock.moment += _QUARTER
            tick.look(rota, bell, clock.moment)
            lasted = []
            for account in _jobs(database):
                post, orders = posts[account]
                asked, began, ran = orders.requests, time.perf_counter(), time.process_time()
                post.look()
                taken.append(time.perf_counter() - began)
                processor.append(time.process_time() - ran)
                lasted.append(taken[-1] + (orders.requests - asked) * _LATENCY)
            assert len(lasted) == accounts, len(lasted)
            late = max(late, _last_start(lasted))
    return Turned(_middle(taken), _middle(processor), late)


def _posts(
    url: str, database: Database, clock: _At, place: Path, accounts: int
) -> Iterator[tuple[str, tuple[Post, _Orders]]]:
    """Yield accounts that share the same rules, each with what counts its requests."""
    for number_ in range(accounts):
        settings = Settings(account=f"shop-{number_:04}", rules=(str(place),), ledger=url)
        orders, ledger = _Orders(), _ledger(url, database, clock, settings.account)
        machine = Machine(
            settings,
            reader=lambda orders=orders: cast("Any", orders),  # type: ignore[misc] # each its own
            writer=lambda: cast("Any", None),
            ledger=ledger,
            clock=clock,
            mask=Mask(_KEY),
            log=_Quiet(),
        )
        rules = load(settings.rules, settings).rules
        book = Rulebook((), (), settings)

        def make(machine: Machine = machine, rules: Any = rules) -> Server:
            return Server(rules, machine)

        post = Post(settings.account, ledger, clock, _Quiet(), make=make, book=book, rest=lambda: None)
        yield settings.account, (post, orders)


def _ledger(url: str, database: Database, clock: _At, account: str) -> SqlLedger:
    return open_ledger(url, key=_KEY, clock=clock, account=account, on=database, owner=_OWNER)


def _jobs(database: Database) -> Iterator[str]:
    """Take the jobs as a worker does, each ended before the next is taken."""
    while True:
        with database.writing() as connection:
            found = connection.exec_driver_sql(_FETCH).one()
        if found.id is None:
            return
        yield found.queue_name
        with database.writing() as connection:
            connection.exec_driver_sql(f"SELECT procrastinate_finish_job_v1({found.id}, 'succeeded', true)")


def _last_start(lasted: Sequence[float]) -> float:
    """Return when the last of these turns starts, where so many threads take one after the other."""
    free = [0.0] * _THREADS
    start = 0.0
    for seconds in lasted:
        start = heapq.heappop(free)
        heapq.heappush(free, start + seconds)
    return start


def _middle(figures: Sequence[float]) -> float:
    return sorted(figures)[len(figures) // 2]
