"""Signs of life of a process that serves: when its loop last moved, and what it knows that the record does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

STALLED: Final = 1200.0
"""After how long (seconds) without a sign of life the loop counts as dead: a wait for the rate limit may take 900."""


class Coming(Protocol):
    """A rule's next slot."""

    @property
    def starts(self) -> datetime:
        """Return when its run starts."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What one account's turn left: its rules, when the next slot of any starts, and the requests left by credential."""

    rules: tuple[str, ...] = ()
    next_starts: datetime | None = None
    requests_left: Mapping[str, int] = field(default_factory=dict)


class Pulse:
    """What the loop's thread writes and the server's thread reads: each value is replaced whole, so no lock is needed."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Take a clock that never goes back; being made counts as the first sign of life."""
        self._monotonic = monotonic
        self._last = monotonic()
        self._standing: Mapping[str, Standing] = {}

    def beat(self) -> None:
        """Note a sign of life."""
        self._last = self._monotonic()

    @property
    def age(self) -> float:
        """Return the seconds since the last sign of life."""
        return max(self._monotonic() - self._last, 0.0)

    @property
    def alive(self) -> bool:
        """Tell whether the last sign of life is young enough."""
        return self.age < STALLED

    def turned(
        self, account: str, rules: Sequence[str], coming: Sequence[Coming], left: Mapping[str, int]
    ) -> None:
        """Note how an account's turn ended; `coming` are its next slots."""
        self.beat()
        starts = min((one.starts for one in coming), default=None)
        self._standing = {**self._standing, account: Standing(tuple(rules), starts, dict(left))}

    def of(self, account: str) -> Standing:
        """Return what an account's last turn left."""
        return self._standing.get(account, Standing())
