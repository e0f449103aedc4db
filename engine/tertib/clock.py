"""The system's time, with a sleep that ends as soon as the process is asked to stop; and the time of a shared ledger."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from tertib.errors import LedgerError, TertibError

_NAP: Final = 0.5
"""Seconds that a sleeper lies still at most before it looks whether the process was asked to stop."""


class Stopped(TertibError):  # noqa: N818 - named for what was asked, which is no fault
    """The process was asked to stop while nothing was on the wire."""


class SystemClock:
    """Tell the machine's time and wait in a way that a signal handler can cut short.

    A byte in a pipe is what wakes the sleepers: writing one is safe inside a signal handler, where setting a
    `threading.Event` could wait for a lock that the interrupted code holds. The byte is never read, so every
    sleeper of every thread wakes, and no later sleep waits. But Python runs the handler only once its main thread runs:
    a signal that comes just before that thread begins to wait, or is taken by another one, does not wake it. So a long
    wait is made of short ones.
    """

    def __init__(self) -> None:
        self._wake, self._bell = os.pipe()
        self._stopping = False

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`, or until `stop` is called."""
        until = time.monotonic() + seconds
        while not self._stopping and (left := until - time.monotonic()) > 0:
            select.select([self._wake], [], [], min(left, _NAP))

    @property
    def stopping(self) -> bool:
        """Tell whether the process was asked to stop."""
        return self._stopping

    def heed(self) -> None:
        """Raise `Stopped` once a stop was asked for."""
        if self._stopping:
            raise Stopped("stopped before anything was sent")

    def stop(self) -> None:
        """Ask for a stop: every sleeper wakes, now and later. Safe in a signal handler."""
        if not self._stopping:
            self._stopping = True
            os.write(self._bell, b"!")

    def close(self) -> None:
        """Give the pipe back; the clock cannot sleep afterwards."""
        self.stop()
        for end in (self._wake, self._bell):
            os.close(end)


ASKED_EVERY: Final = 30.0
"""Seconds after which a shared ledger is asked for its time again."""

_JUMP: Final = timedelta(seconds=1)


class LedgerClock:
    """The time of a ledger that several machines share, so that they agree whatever their own clocks say.

    The ledger is asked now and then; in between its time goes on with this machine's monotonic clock. Where the two
    clocks of this machine part (it slept, or its clock was set), the ledger is asked at once. Waiting and stopping are
    the `SystemClock`'s.
    """

    def __init__(self, system: SystemClock, ask: Callable[[], datetime]) -> None:
        self._system, self._ask = system, ask
        self._told: datetime | None = None
        self._at = 0.0
        self._wall = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the present instant by the ledger; raises `LedgerError` where it could never be asked."""
        with self._lock:
            gone_by = self._system.monotonic() - self._at
            parted = abs(self._system.now() - self._wall - timedelta(seconds=gone_by)) > _JUMP
            if self._told is None or gone_by > ASKED_EVERY or parted:
                self._told = self._look()
            return self._told + timedelta(seconds=self._system.monotonic() - self._at)

    def _look(self) -> datetime:
        """Return the ledger's time; one that cannot be asked now is taken to be where it would have come to."""
        before = self._system.monotonic()
        try:
            told = self._ask()
        except LedgerError:
            if self._told is None:
                raise
            told = self._told + timedelta(seconds=before - self._at)
            self._at, self._wall = before, self._system.now()
            return told
        # It was read somewhere on the way there and back; half of it is the best guess.
        self._at, self._wall = (before + self._system.monotonic()) / 2, self._system.now()
        return told

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return self._system.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`, or until the process is asked to stop."""
        self._system.sleep(seconds)

    @property
    def stopping(self) -> bool:
        """Tell whether the process was asked to stop."""
        return self._system.stopping

    def heed(self) -> None:
        """Raise `Stopped` once a stop was asked for."""
        self._system.heed()
