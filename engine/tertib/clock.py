"""The system's time, with a sleep that ends as soon as the process is asked to stop."""

from __future__ import annotations

import os
import select
import time
from datetime import UTC, datetime

from tertib.errors import TertibError


class Stopped(TertibError):  # noqa: N818 - named for what was asked, which is no fault
    """The process was asked to stop while nothing was on the wire."""


class SystemClock:
    """Tell the machine's time and wait in a way that a signal handler can cut short.

    A byte in a pipe is what wakes the sleepers: writing one is safe inside a signal handler, where setting a
    `threading.Event` could wait for a lock that the interrupted code holds. The byte is never read, so every
    sleeper of every thread wakes, and no later sleep waits.
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
        if seconds > 0 and not self._stopping:
            select.select([self._wake], [], [], seconds)

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
