"""The system's clock, set back: days of history are played in seconds, until it has caught up with the present."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from tertib.clock import SystemClock


class CatchingUpClock(SystemClock):
    """A clock that is `behind`; a sleep brings it forward at once, and waits as any other once the present is reached.

    Another clock that it `takes_along` is moved by every step.
    """

    def __init__(self, behind: timedelta) -> None:
        super().__init__()
        self._behind = behind
        self._others: list[Callable[[timedelta], object]] = []
        self._lock = Lock()

    def takes_along(self, advance: Callable[[timedelta], object]) -> None:
        """Move another clock forward with this one, from now on."""
        self._others.append(advance)

    @property
    def behind(self) -> timedelta:
        """Return how far it is behind the present, nothing once it has caught up."""
        return self._behind

    def now(self) -> datetime:
        """Return the instant that it stands at, in UTC."""
        return super().now() - self._behind

    def monotonic(self) -> float:
        """Return seconds that grow with it."""
        return super().monotonic() - self._behind.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Move on, at most to the present; there, wait as long or until `stop` is called."""
        with self._lock:
            step = max(timedelta(), min(timedelta(seconds=seconds), self._behind))
            self._behind -= step
            for advance in self._others:
                advance(step)
        if not step:
            super().sleep(seconds)
