"""True time and turns: whoever waits hands the baton to whatever comes next, so that one thread runs at any moment.

A process takes its turn at every port call. What happens next is decided by the time of events alone, and two events of
one time happen in the order in which they were asked for: the same scenario is the same history, threads or not.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import TypeAlias


class Turn:
    """One thread's place in the order of turns."""

    def __init__(self) -> None:
        self.baton = threading.Semaphore(0)


Event: TypeAlias = Turn | Callable[[], None]


class Schedule:
    """The events to come, in the order of true time (in seconds)."""

    def __init__(self) -> None:
        self.true = 0.0
        self.main = Turn()
        self._events: list[tuple[float, int, Event]] = []
        self._numbers = itertools.count()

    def at(self, moment: float, event: Event) -> None:
        """Let something happen, or someone go on, at a moment of true time."""
        heapq.heappush(self._events, (max(moment, self.true), next(self._numbers), event))

    def wait(self, me: Turn, seconds: float) -> None:
        """Let `seconds` pass for the caller, and everything happen that comes before."""
        self.at(self.true + max(seconds, 0.0), me)
        self.pass_on(me, comes_back=True)

    def pass_on(self, me: Turn, *, comes_back: bool) -> None:
        """Hand the baton to the next in time, to the main thread where nothing is left; wait until it comes back."""
        while True:
            following = self._next()
            if not isinstance(following, Turn):
                following()
                continue
            if following is me:
                return
            following.baton.release()
            if comes_back:
                me.baton.acquire()
            return

    def _next(self) -> Event:
        if not self._events:
            return self.main
        self.true, _, event = heapq.heappop(self._events)
        return event
