"""The system clock: its sleep ends at once when the process is asked to stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tertib.cli.context import stopping
from tertib.clock import Stopped, SystemClock


@pytest.fixture
def clock() -> Iterator[SystemClock]:
    """Make a clock that is closed afterwards."""
    made = SystemClock()
    yield made
    made.close()


def test_now_has_its_zone(clock: SystemClock) -> None:
    """Instants are compared with instants of orders, so a zone is a must."""
    assert clock.now().utcoffset() == timedelta(0)


def test_a_stop_wakes_every_sleeper_and_forbids_further_sleep(clock: SystemClock) -> None:
    """Two threads that sleep for an hour end at once, and so does any sleep after that."""
    sleepers = [threading.Thread(target=clock.sleep, args=(3600.0,)) for _ in range(2)]
    for sleeper in sleepers:
        sleeper.start()
    clock.stop()
    for sleeper in sleepers:
        sleeper.join(10)
    clock.sleep(3600.0)
    assert not any(sleeper.is_alive() for sleeper in sleepers)


TAKEN_ELSEWHERE = """
import signal, threading, time
from tertib.cli.context import stopping
from tertib.clock import SystemClock

clock = SystemClock()
with stopping(clock) as stop:
    asleep = threading.Event()

    def take() -> None:
        asleep.wait()
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        time.sleep(120)

    threading.Thread(target=take, daemon=True).start()
    asleep.set()
    clock.sleep(100.0)
print(clock.stopping, stop.number)
"""


def test_a_signal_that_another_thread_takes_wakes_the_main_one() -> None:
    """It interrupts no wait of the main thread, and neither does one that comes just before the wait begins."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TAKEN_ELSEWHERE],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,  # it sleeps for longer where nobody looks
    )
    assert (done.stdout, done.stderr) == (f"True {signal.SIGTERM.value}\n", "")


def test_a_negative_sleep_does_not_wait(clock: SystemClock) -> None:
    """A wait that is computed from two instants may come out below zero."""
    begun = clock.monotonic()
    clock.sleep(-5.0)
    assert clock.monotonic() - begun < 1


def test_heed_raises_only_after_a_stop(clock: SystemClock) -> None:
    """A stage that heeds the clock goes on until somebody asks for a stop."""
    clock.heed()
    clock.stop()
    with pytest.raises(Stopped):
        clock.heed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_clock_and_not_the_work(clock: SystemClock, number: signal.Signals) -> None:
    """Inside `stopping`, a signal raises nothing: the request in flight must end and be recorded."""
    before = signal.getsignal(number)
    with stopping(clock) as stop:
        signal.raise_signal(number)
        assert clock.stopping
    assert stop.number == number
    assert signal.getsignal(number) is before


def test_a_second_interrupt_breaks_off(clock: SystemClock) -> None:
    """Whoever presses Ctrl-C twice means it."""
    with stopping(clock):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
