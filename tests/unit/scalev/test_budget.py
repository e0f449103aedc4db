from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.errors import BudgetExhausted
from tertib.scalev.budget import RollingBudget, rest, show

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


class Ticker:
    """A clock that only sleeping moves, made anew for every example."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """Return the present instant."""
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.seconds += seconds


class Deaf(Ticker):
    """A clock whose sleeps end at once, because the process is to stop."""

    def sleep(self, seconds: float) -> None:
        """Return early."""


def taken_at(budget: RollingBudget, clock: Ticker, times: int) -> list[float]:
    """Take `times` turns and return when each was given."""
    stamps = []
    for _ in range(times):
        budget.take()
        stamps.append(clock.seconds)
    return stamps


def most_within(stamps: Iterable[float], seconds: float) -> int:
    """Return the most turns that any window of that length holds."""
    stamps = sorted(stamps)
    return max(sum(start <= stamp < start + seconds for stamp in stamps) for start in stamps)


def test_the_first_hundred_are_free_and_the_next_waits() -> None:
    """A hundred requests leave at once; the hundred-and-first waits for the ten seconds to pass."""
    clock = Ticker()
    stamps = taken_at(RollingBudget(clock), clock, 101)
    assert stamps[:100] == [0.0] * 100
    assert 10.0 <= stamps[100] <= 11.0


@given(
    st.lists(st.floats(min_value=0, max_value=4), min_size=1, max_size=60),
    st.integers(min_value=1, max_value=6),
    st.integers(min_value=7, max_value=20),
)
def test_no_window_ever_holds_too_many(pauses: list[float], short: int, long: int) -> None:
    """However requests come, both rolling windows hold."""
    clock = Ticker()
    budget = RollingBudget(clock, windows=((short, 2.0), (long, 30.0)))
    stamps = []
    for pause in pauses:
        clock.sleep(pause)
        stamps += taken_at(budget, clock, 1)
    assert most_within(stamps, 2.0) <= short
    assert most_within(stamps, 30.0) <= long


def test_the_hour_that_is_used_up_is_an_error_that_says_when() -> None:
    """Nobody waits longer than the longest wait; the message says when there is room."""
    clock = Ticker()
    budget = RollingBudget(clock, windows=((2, 3600.0),), longest_wait=timedelta(minutes=15))
    taken_at(budget, clock, 2)
    with pytest.raises(BudgetExhausted, match="no room for 61 minutes") as refused:
        budget.take()
    assert refused.value.hint is not None
    assert clock.seconds == 0


def test_left_hour_counts_down_and_recovers() -> None:
    """The report says what the hour still allows."""
    clock = Ticker()
    budget = RollingBudget(clock)
    taken_at(budget, clock, 3)
    assert budget.left_hour() == 9997
    clock.sleep(3601)
    assert budget.left_hour() == 10_000


def test_retry_after_holds_every_thread_of_the_credential() -> None:
    """What one request was told, the next one heeds."""
    clock = Ticker()
    budget = RollingBudget(clock)
    budget.take()
    budget.observe(429, {"retry-after": "30"})
    assert taken_at(budget, clock, 1) == [30.0]


def test_retry_after_of_another_status_is_not_the_budgets() -> None:
    """A server that is down says nothing about the allowance."""
    clock = Ticker()
    budget = RollingBudget(clock)
    budget.observe(503, {"retry-after": "30"})
    assert taken_at(budget, clock, 1) == [0.0]


@pytest.mark.parametrize("reset", ["20", str(int(NOW.timestamp()) + 20)])
def test_nothing_remaining_waits_for_the_reset(reset: str) -> None:
    """The server counts other programs' requests too; its word narrows ours."""
    clock = Ticker()
    budget = RollingBudget(clock)
    budget.take()
    budget.observe(
        200, {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "1", "x-ratelimit-reset": reset}
    )
    assert taken_at(budget, clock, 2) == [0.0, 20.0]


def test_a_late_answer_does_not_widen_the_budget() -> None:
    """Answers of concurrent requests arrive in any order: within a window the smaller number holds."""
    clock = Ticker()
    budget = RollingBudget(clock)
    budget.observe(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "20"})
    budget.observe(200, {"x-ratelimit-remaining": "50", "x-ratelimit-reset": "20"})
    assert taken_at(budget, clock, 1) == [20.0]


def test_after_the_reset_the_servers_word_is_spent() -> None:
    """An old word does not hold back a new window."""
    clock = Ticker()
    budget = RollingBudget(clock)
    budget.observe(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "20"})
    clock.sleep(21)
    assert taken_at(budget, clock, 2) == [21.0, 21.0]


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        ({"x-ratelimit-limit": "10000", "x-ratelimit-remaining": "400", "x-ratelimit-reset": "1800"}, 400),
        ({"x-ratelimit-remaining": "400", "x-ratelimit-reset": "1800"}, 400),
        ({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "40", "x-ratelimit-reset": "5"}, 9999),
        ({"x-ratelimit-remaining": "40"}, 9999),
        ({"x-ratelimit-remaining": "n/a", "x-ratelimit-reset": "5"}, 9999),
    ],
)
def test_left_hour_believes_the_server_about_the_hour_only(headers: dict[str, str], left: int) -> None:
    """What is left of ten seconds says nothing about the hour."""
    clock = Ticker()
    budget = RollingBudget(clock)
    budget.take()
    budget.observe(200, headers)
    assert budget.left_hour() == left


def test_a_stop_ends_the_wait() -> None:
    """A sleep that returns early means stop: the wait ends as an error and does not spin."""
    budget = RollingBudget(Deaf(), windows=((1, 10.0),))
    budget.take()
    with pytest.raises(BudgetExhausted, match="stopped"):
        budget.take()


def test_threads_share_one_allowance() -> None:
    """Eight threads take no more than one could."""
    clock = Ticker()
    budget = RollingBudget(clock, windows=((40, 10.0),), longest_wait=timedelta(seconds=1))
    given_turns, refused = [], []

    def take_ten() -> None:
        for _ in range(10):
            try:
                budget.take()
                given_turns.append(1)
            except BudgetExhausted:
                refused.append(1)

    threads = [threading.Thread(target=take_ten) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(given_turns), len(refused)) == (40, 40)


def test_rest_tells_a_whole_wait_from_a_short_one() -> None:
    """Only a wait that was cut short is reported as such."""
    assert rest(Ticker(), 3.0)
    assert not rest(Deaf(), 3.0)


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 seconds"), (40, "40 seconds"), (700, "12 minutes")])
def test_waits_are_shown_as_people_say_them(seconds: float, words: str) -> None:
    """Seconds up to a hundred, minutes rounded up from there."""
    assert show(seconds) == words
