"""Keep one credential's requests within Scalev's two rolling windows, across threads.

Source: scalev-api.md, "Rate limits": 100 requests in 10 seconds and 10,000 in an hour, per credential.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from threading import Lock
from typing import Final

from tertib.errors import BudgetExhausted
from tertib.ports import Clock
from tertib.sayings import N_, said
from tertib.scalev import headers as rate

DEFAULT_WINDOWS: Final = ((100, 10.0), (10_000, 3600.0))
DEFAULT_LONGEST_WAIT: Final = timedelta(minutes=15)

# Requests are counted here when they leave and there when they arrive: without a margin, a slow request followed by a
# quick one would fall into one window there and into two here.
_MARGIN: Final = 0.5
# A wait that ends this much early was ended by someone: the process is to stop.
_EARLY: Final = 0.05
_TOO_MANY: Final = 429


def show(seconds: float) -> str:
    """Write a wait as a person says it: `40 seconds`, `12 minutes`."""
    if seconds < 100:  # noqa: PLR2004 - from here on, minutes read better
        return f"{max(round(seconds), 1)} seconds"
    return f"{-(-seconds // 60):.0f} minutes"


def rest(clock: Clock, seconds: float) -> bool:
    """Wait on the clock; False where the wait was cut short because the process is to stop."""
    begun = clock.monotonic()
    clock.sleep(seconds)
    return clock.monotonic() - begun >= seconds - _EARLY


def wait_for_room(attempt: Callable[[], float], clock: Clock, longest: float) -> None:
    """Wait until `attempt` returns 0 rather than seconds to wait; raise `BudgetExhausted` where that takes too long."""
    waited = 0.0
    while (wait := attempt()) > 0:
        if waited + wait > longest:
            raise BudgetExhausted(
                said("the rate limit leaves no room for %(wait)s", wait=show(wait)),
                hint=said(
                    "run it again in %(wait)s, or narrow the query so that it reads fewer pages",
                    wait=show(wait),
                ),
            )
        if not rest(clock, wait):
            raise BudgetExhausted(N_("stopped while waiting for the rate limit"))
        waited += wait


class RollingBudget:
    """The request allowance of one credential in this process; implements `ports.Budget`.

    `windows` are (requests, seconds), the shortest first; the last is what `left_hour` reports on. `longest_wait`
    bounds one `take`. What a server says (`observe`) can only narrow what is counted here: other programs may use the
    same credential.
    """

    def __init__(
        self,
        clock: Clock,
        windows: Sequence[tuple[int, float]] = DEFAULT_WINDOWS,
        longest_wait: timedelta = DEFAULT_LONGEST_WAIT,
    ) -> None:
        self._clock = clock
        self._windows = tuple(windows)
        self._longest_wait = longest_wait.total_seconds()
        self._stamps: deque[float] = deque(maxlen=max(count for count, _ in windows))
        self._blocked_until = float("-inf")
        # What the server said was left, and until when that holds; None before it said anything.
        self._left: int | None = None
        self._left_until = float("-inf")
        self._left_is_hourly = False
        self._lock = Lock()

    def take(self) -> None:
        """Wait until a request may be made; raise `BudgetExhausted` where that would be too long."""
        wait_for_room(self._try, self._clock, self._longest_wait)

    def observe(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer's rate-limit headers (names in lower case)."""
        now = self._clock.now()
        reset = rate.reset_in(headers, now)
        pause = rate.retry_after(headers, now)
        with self._lock:
            instant = self._clock.monotonic()
            if status == _TOO_MANY and pause is not None:
                self._blocked_until = max(self._blocked_until, instant + pause)
            remaining = rate.whole(headers, "x-ratelimit-remaining")
            if remaining is not None and reset is not None:
                self._learn(remaining, instant, reset, rate.whole(headers, "x-ratelimit-limit"))

    def left_hour(self) -> int | None:
        """Return how many requests the longest window still allows, as far as is known."""
        count, seconds = self._windows[-1]
        with self._lock:
            now = self._clock.monotonic()
            left = count - sum(stamp > now - seconds - _MARGIN for stamp in self._stamps)
            if self._left is not None and self._left_is_hourly and now < self._left_until:
                left = min(left, self._left)
            return max(left, 0)

    def _try(self) -> float:
        """Note a request and return 0, or return the seconds until one may be made."""
        with self._lock:
            now = self._clock.monotonic()
            wait = max(self._blocked_until, self._window_free(), self._server_free(now)) - now
            if wait > 0:
                return wait
            self._stamps.append(now)
            if self._left is not None:
                self._left -= 1
            return 0.0

    def _window_free(self) -> float:
        """Return when every window has room, by what was counted here."""
        free = float("-inf")
        for count, seconds in self._windows:
            if len(self._stamps) >= count:
                free = max(free, self._stamps[-count] + seconds + _MARGIN)
        return free

    def _server_free(self, now: float) -> float:
        """Return when the server gives room again, by what it said."""
        if self._left is None or now >= self._left_until:
            self._left = None
            return float("-inf")
        return self._left_until if self._left <= 0 else float("-inf")

    def _learn(self, remaining: int, now: float, reset: float, limit: int | None) -> None:
        """Take over what the server says is left until its reset.

        Answers of concurrent requests arrive in any order, so within one window the smaller number is the newer.
        """
        until = now + reset
        same = self._left is not None and abs(until - self._left_until) < 2  # noqa: PLR2004 - headers count seconds
        self._left = min(remaining, self._left) if same and self._left is not None else remaining
        self._left_until = until
        short_count, short_seconds = self._windows[0]
        self._left_is_hourly = reset > short_seconds if limit is None else limit > short_count
