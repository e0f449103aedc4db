"""How often something was tried lately: what slows down whoever guesses passwords, or asks Scalev too much."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_MOST_KEYS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many tries within so many seconds."""

    tries: int
    seconds: float


SIGN_IN_NAME: Final = Allowance(8, 900)
SIGN_IN_ADDRESS: Final = Allowance(30, 900)
ASK_SCALEV: Final = Allowance(20, 60)


@dataclass(slots=True)
class Attempts:
    """The tries of late, by what they are counted for; times are a monotonic clock's seconds."""

    _tries: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, allowed: Iterable[tuple[str, str, Allowance]], now: float) -> float:
        """Count one try for each kind and key; return 0 where all allow it, else how many seconds to wait.

        A try that is not allowed is not counted, so that waiting helps.
        """
        asked = tuple(allowed)
        with self._lock:
            waits = [self._wait((kind, key), allowance, now) for kind, key, allowance in asked]
            if max(waits) > 0:
                return max(waits)
            self._make_room()
            for kind, key, _ in asked:
                self._tries.setdefault((kind, key), deque()).append(now)
        return 0

    def forget(self, kind: str, key: str) -> None:
        """Forget the tries for one key: the last one was right."""
        with self._lock:
            self._tries.pop((kind, key), None)

    def _wait(self, key: tuple[str, str], allowance: Allowance, now: float) -> float:
        tries = self._tries.get(key, deque())
        while tries and now - tries[0] >= allowance.seconds:
            tries.popleft()
        return allowance.seconds - (now - tries[0]) if len(tries) >= allowance.tries else 0

    def _make_room(self) -> None:
        """Forget the keys that were tried longest ago, where somebody tries more of them than there is room for."""
        while len(self._tries) >= _MOST_KEYS:
            del self._tries[next(iter(self._tries))]
