"""A credential's requests where several machines make them: counted together, a few taken at a time.

What this process counts and learns by itself (`RollingBudget`) holds as ever; the shared count can only narrow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import Final, Protocol

from tertib.ports import Clock
from tertib.scalev import headers as rate
from tertib.scalev.budget import DEFAULT_LONGEST_WAIT, RollingBudget, wait_for_room

MOST_AT_ONCE: Final = 10
"""How many requests are taken ahead at the most: what is not made in time is lost to the others."""

_TOO_MANY: Final = 429


class Taken(Protocol):
    """What the shared count gave: requests to make now, or the seconds to wait; and what the longest window has left."""

    @property
    def requests(self) -> int:
        """Return how many requests may be made."""
        ...

    @property
    def wait(self) -> float:
        """Return the seconds until some may be made, where none may."""
        ...

    @property
    def left(self) -> int:
        """Return how many the longest window still allows."""
        ...


class SharedCount(Protocol):
    """The count that all machines share."""

    def reserve(self, wanted: int) -> Taken:
        """Take at most so many requests."""
        ...

    def block(self, seconds: float) -> None:
        """Let nobody make a request for so long."""
        ...


class SharedBudget:
    """The request allowance of one credential over all machines; implements `ports.Budget`.

    Requests are taken one at a time while few are made, and up to `MOST_AT_ONCE` while each handful is used up within
    `hold` seconds, after which what is left of it may not be made any more.
    """

    def __init__(
        self,
        own: RollingBudget,
        shared: SharedCount,
        clock: Clock,
        hold: float,
        longest_wait: timedelta = DEFAULT_LONGEST_WAIT,
    ) -> None:
        self._own, self._shared, self._clock, self._hold = own, shared, clock, hold
        self._longest_wait = longest_wait.total_seconds()
        self._in_hand, self._until = 0, float("-inf")
        self._handful = 1
        self._left: int | None = None
        self._lock = Lock()

    def take(self) -> None:
        """Wait until a request may be made; raise `BudgetExhausted` where that would be too long."""
        self._own.take()
        wait_for_room(self._try, self._clock, self._longest_wait)

    def observe(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer's rate-limit headers; a pause that the server asks for holds for every machine."""
        self._own.observe(status, headers)
        pause = rate.retry_after(headers, self._clock.now())
        if status == _TOO_MANY and pause is not None:
            with self._lock:
                self._in_hand = 0
            self._shared.block(pause)

    def left_hour(self) -> int | None:
        """Return how many requests the longest window still allows, as far as is known."""
        known = [one for one in (self._own.left_hour(), self._left) if one is not None]
        return min(known, default=None)

    def _try(self) -> float:
        """Use a request that is in hand or take some, and return 0; or return the seconds until one may be made."""
        with self._lock:
            now = self._clock.monotonic()
            if self._in_hand and now < self._until:
                self._in_hand -= 1
                return 0.0
            # A handful that was used up in time was too small, one that was not was too large.
            used_up = self._in_hand == 0 and now < self._until
            self._handful = min(self._handful * 2, MOST_AT_ONCE) if used_up else 1
            given = self._shared.reserve(self._handful)
            self._left = given.left
            self._in_hand, self._until = max(given.requests - 1, 0), now + self._hold
            return 0.0 if given.requests else given.wait
