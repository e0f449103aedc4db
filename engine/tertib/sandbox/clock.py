"""Keep the shop's time: the real one, or one that stands still until a test moves it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any


class Clock:
    """Tell the shop's time; `advance` moves it, rate windows included."""

    def __init__(self, stands_at: datetime | None = None) -> None:
        self._stands_at = None if stands_at is None else _utc(stands_at)
        self._moved = timedelta()

    def now(self) -> datetime:
        """Tell the shop's present instant."""
        return (self._stands_at or datetime.now(UTC)) + self._moved

    def monotonic(self) -> float:
        """Tell seconds that only grow; they pass even while the calendar stands still."""
        return time.monotonic() + self._moved.total_seconds()

    def advance(self, by: timedelta) -> datetime:
        """Move the shop's time forward and tell the new instant."""
        self._moved += by
        return self.now()


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("the shop's `now` needs a time zone")
    return instant.astimezone(UTC)


def iso(instant: datetime) -> str:
    """Write an instant as the documents do."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: Any) -> datetime | None:
    """Read an ISO 8601 instant; a time without offset counts as UTC, anything else as nothing."""
    if not isinstance(text, str):
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
