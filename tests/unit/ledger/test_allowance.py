"""One credential's requests over all machines: no window ever holds more than its limit, and little is given away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from tertib.errors import BudgetExhausted
from tertib.ledger import allowance
from tertib.ledger.allowance import HOLD, Allowance, Grant, hashed
from tertib.ledger.database import Database
from tertib.scalev.budget import RollingBudget
from tertib.scalev.sharing import SharedBudget

START = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
WINDOWS = ((10, 10.0), (60, 120.0))


@dataclass
class Clock:
    """Time that moves only when somebody sleeps or a test says so."""

    moment: float = 0.0

    def now(self) -> datetime:
        """Return the moment as an instant."""
        return START + timedelta(seconds=self.moment)

    def monotonic(self) -> float:
        """Return the moment in seconds."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.moment += seconds


@dataclass(frozen=True)
class Row(Allowance):
    """An allowance whose row is in memory."""

    row: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(spent=[], blocked_until=None))

    def _locked(self, connection: Connection) -> Any:  # noqa: ARG002 - the base class's signature
        return self.row

    def _keep(self, connection: Connection, **values: Any) -> None:  # noqa: ARG002 - the base class's signature
        vars(self.row).update(values)


def in_memory(clock: Clock) -> Row:
    """Return an allowance on a clock."""

    def writing() -> AbstractContextManager[Connection]:
        return nullcontext(cast("Connection", None))

    return Row(writing, "c", WINDOWS, lambda _connection: clock.now())


def most_in(times: list[float], seconds: float) -> int:
    """Return how many of these fall into any window of so many seconds."""
    return max((sum(one - seconds < other <= one for other in times) for one in times), default=0)


GAPS = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 3)), min_size=1, max_size=150)


@given(GAPS)
def test_no_window_holds_more_than_its_limit(steps: list[tuple[int, float]]) -> None:
    """Three machines ask in any order, at any pace, and each request leaves at the moment that it was allowed."""
    clock = Clock()
    shared = in_memory(clock)
    machines = [SharedBudget(RollingBudget(clock, WINDOWS), shared, clock, HOLD) for _ in range(3)]
    times = []
    for machine, gap in steps:
        clock.moment += gap
        machines[machine].take()
        times.append(clock.moment)
    assert all(most_in(times, seconds) <= limit for limit, seconds in WINDOWS)


@given(st.lists(st.floats(0, 4), min_size=1, max_size=120))
def test_alone_it_is_never_ahead_of_a_budget_in_memory_and_little_behind(gaps: list[float]) -> None:
    """A single machine gets what one without others would get: not sooner, and at most a handful of seconds later."""
    here, alone = Clock(), Clock()
    shared = SharedBudget(RollingBudget(here, WINDOWS), in_memory(here), here, HOLD)
    memory = RollingBudget(alone, WINDOWS)
    for gap in gaps:
        for clock, budget in ((here, shared), (alone, memory)):
            clock.moment += gap
            budget.take()
    rounds = len(gaps) / WINDOWS[0][0] + 1
    lost_a_round, coarse = HOLD + 0.5, 12.0
    assert alone.moment <= here.moment + 1e-6
    assert here.moment - alone.moment <= rounds * lost_a_round + coarse


def test_a_pause_that_one_machine_learns_of_holds_for_all() -> None:
    """`Retry-After` of one answer keeps every machine from asking until it is over."""
    clock = Clock()
    shared = in_memory(clock)
    one, other = (SharedBudget(RollingBudget(clock, WINDOWS), shared, clock, HOLD) for _ in range(2))
    one.take()
    one.observe(429, {"retry-after": "30"})
    other.take()
    assert clock.moment == pytest.approx(30.0)


def test_what_is_left_is_told() -> None:
    """The longest window's rest is known once something was asked for."""
    clock = Clock()
    shared = in_memory(clock)
    budget = SharedBudget(RollingBudget(clock, WINDOWS), shared, clock, HOLD)
    assert budget.left_hour() == 60
    shared.reserve(10)
    clock.moment += 20
    budget.take()
    assert budget.left_hour() == 49


def test_a_wait_that_is_too_long_is_said() -> None:
    """Nobody waits an hour for one page."""
    clock = Clock()
    budget = SharedBudget(RollingBudget(clock, WINDOWS), in_memory(clock), clock, HOLD, timedelta(minutes=15))
    budget.observe(429, {"retry-after": "3000"})
    with pytest.raises(BudgetExhausted, match="leaves no room"):
        budget.take()


def test_an_old_row_stays_small() -> None:
    """An hour of requests is some hundred numbers, however many there were."""
    clock = Clock()
    row = Row(
        lambda: nullcontext(cast("Connection", None)),
        "c",
        ((100, 10.0), (10_000, 3600.0)),
        lambda _: clock.now(),
    )
    for _ in range(4000):
        row.reserve(2)
        clock.moment += 0.9
    assert len(row.row.spent) < 450


def test_a_credential_is_known_by_a_keyed_hash() -> None:
    """Neither the token nor anything that shows it without the key."""
    assert hashed("a token", b"key") == hashed("a token", b"key")
    assert hashed("a token", b"key") != hashed("a token", b"other key")
    assert "token" not in hashed("a token", b"key")


def taken(url: str, count: int) -> list[Grant]:
    """Ask for requests in a process of its own, as fast as it goes."""
    database = Database(url)
    allowance = Allowance(database.writing, "c", ((100, 10.0), (10_000, 3600.0)))
    given = [allowance.reserve(7) for _ in range(count)]
    database.close()
    return given


@pytest.fixture
def pool() -> Iterator[ProcessPoolExecutor]:
    """Give two processes; one that dies fails what waits for it."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        yield pool


def test_two_processes_never_get_more_than_the_limit_together(
    desk_at: Any, postgresql_url: str, pool: ProcessPoolExecutor
) -> None:
    """A hundred in ten seconds, however they race for them; and the rest of the hour is told alike."""
    desk_at(postgresql_url).open().close()
    both = pool.map(taken, [postgresql_url] * 2, [40] * 2)
    grants = [grant for one in both for grant in one]
    assert sum(grant.requests for grant in grants) == 100
    assert min(grant.left for grant in grants) == 9_900
    assert all(0 < grant.wait <= 12 for grant in grants if not grant.requests)


def test_a_pause_is_kept_on_the_server(desk_at: Any, postgresql_url: str) -> None:
    """Blocked until the longest pause that anyone was told; the server's clock tells when that is over."""
    ledger = desk_at(postgresql_url).open()
    allowance = ledger.allowance("c", WINDOWS)
    allowance.block(60)
    allowance.block(5)
    given = ledger.allowance("c", WINDOWS).reserve(1)
    assert given.requests == 0
    assert 55 < given.wait <= 60
    assert ledger.allowance("another", WINDOWS).reserve(3) == Grant(3, 0.0, 57)
    ledger.close()


def test_what_no_window_counts_any_more_is_forgotten() -> None:
    """The row keeps what the longest window still holds, and nothing older."""
    now = 1000.0
    kept = list(allowance._standing([(now - 500, 3), (now - 1, 2)], WINDOWS, now))
    assert kept == [(now - 1, 2)]


def test_an_empty_window_has_room_at_once() -> None:
    """Where nothing was spent, or nothing that still counts, nobody waits."""
    assert allowance._free_in([], WINDOWS[0], 1000.0) == 0
    assert allowance._free_in([(1.0, 10)], WINDOWS[0], 1000.0) == 0
