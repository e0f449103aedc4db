"""Count requests per credential in the two documented windows, and say how many are left."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from typing import Literal

from tertib.sandbox.clock import Clock
from tertib.sandbox.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests a credential has, and in which of its forms the server tells when to come back."""

    short: int = 100
    short_seconds: float = 10
    long: int = 10_000
    long_seconds: float = 3600
    headers: bool = True
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    reset: Literal["delta", "epoch"] = "delta"

    @classmethod
    def none(cls) -> Limits:
        """Set limits that nobody reaches."""
        return cls(short=10**9, long=10**9)


class Meter:
    """Sliding windows of requests, one pair a credential."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = {}

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._sent.clear()

    def spend(self, token: str) -> dict[str, str]:
        """Count a request and give the headers for its answer, or refuse it with 429."""
        with self._lock:
            now = self._clock.monotonic()
            sent = self._sent.setdefault(token, deque())
            while sent and sent[0] <= now - self.limits.long_seconds:
                sent.popleft()
            limit, left, reset = self._tightest(sent, now)
            if left > 0:
                sent.append(now)
                return self._headers(limit, left - 1, reset)
        headers = {**self._headers(limit, 0, reset), **self._retry_after(reset)}
        raise Refusal(429, "Too many requests", code="rate_limited", headers=headers)

    def _tightest(self, sent: deque[float], now: float) -> tuple[int, int, float]:
        """Find the window with the least left, and the seconds until its oldest request leaves it."""
        limits = self.limits
        recent = 0
        oldest = now
        for moment in reversed(sent):
            if moment <= now - limits.short_seconds:
                break
            recent, oldest = recent + 1, moment
        short = (limits.short, limits.short - recent, oldest + limits.short_seconds - now)
        start = sent[0] if sent else now
        long = (limits.long, limits.long - len(sent), start + limits.long_seconds - now)
        return min(long, short, key=lambda window: window[1])

    def _headers(self, limit: int, left: int, reset: float) -> dict[str, str]:
        if not self.limits.headers:
            return {}
        epoch = self._clock.now().timestamp() if self.limits.reset == "epoch" else 0.0
        return {
            "X-Ratelimit-Limit": str(limit),
            "X-Ratelimit-Remaining": str(left),
            "X-Ratelimit-Reset": str(math.ceil(epoch + reset)),
        }

    def _retry_after(self, reset: float) -> dict[str, str]:
        seconds = max(1, math.ceil(reset))
        if self.limits.retry_after == "none":
            return {}
        if self.limits.retry_after == "seconds":
            return {"Retry-After": str(seconds)}
        return {"Retry-After": format_datetime(self._clock.now() + timedelta(seconds=seconds), usegmt=True)}
