"""The clock of a ledger that machines share: they agree, whatever their own clocks say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from tertib.clock import LedgerClock, SystemClock
from tertib.errors import LedgerError

NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)


@dataclass
class Machine:
    """A machine's own clocks, and the server's beside them."""

    wall: datetime = NOON + timedelta(hours=3)
    monotonic_at: float = 50.0
    server: datetime = NOON
    asked: int = 0
    reachable: bool = True

    def now(self) -> datetime:
        """Return what this machine takes for the time."""
        return self.wall

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self.monotonic_at

    def ask(self) -> datetime:
        """Return the server's time."""
        self.asked += 1
        if not self.reachable:
            raise LedgerError("the ledger cannot be reached")
        return self.server

    def later(self, seconds: float) -> None:
        """Let time pass everywhere."""
        self.wall += timedelta(seconds=seconds)
        self.server += timedelta(seconds=seconds)
        self.monotonic_at += seconds

    def clock(self) -> LedgerClock:
        """Return the ledger's clock on this machine."""
        return LedgerClock(cast("SystemClock", self), self.ask)


def test_two_machines_agree() -> None:
    """One is three hours ahead, one a day behind; both tell the server's time, without asking at every look."""
    one, other = Machine(), Machine(wall=NOON - timedelta(days=1))
    clocks = one.clock(), other.clock()
    for _ in range(20):
        assert clocks[0].now() == clocks[1].now() == one.server
        one.later(2)
        other.later(2)
    assert one.asked == 2


@pytest.mark.parametrize("by", [timedelta(hours=-5), timedelta(minutes=30)])
def test_a_clock_that_is_set_changes_nothing(by: timedelta) -> None:
    """The machine's clock jumps either way: the ledger is asked at once, and its time stands."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.wall += by
    assert clock.now() == machine.server
    assert machine.asked == 2


def test_a_machine_that_slept_asks_again() -> None:
    """While it slept its monotonic clock stood still: what it would tell is behind."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.wall += timedelta(hours=2)
    machine.server += timedelta(hours=2)
    assert clock.now() == machine.server


def test_a_server_that_is_gone_leaves_the_time_going_on() -> None:
    """Once it was asked, its time goes on with the monotonic clock until it answers again."""
    machine = Machine()
    clock = machine.clock()
    clock.now()
    machine.reachable = False
    machine.later(300)
    assert clock.now() == machine.server
    machine.later(10)
    assert clock.now() == machine.server


def test_without_any_word_of_the_server_there_is_no_time() -> None:
    """A ledger that was never reached tells no time, and nothing is decided by a clock that may be wrong."""
    with pytest.raises(LedgerError, match="cannot be reached"):
        Machine(reachable=False).clock().now()
