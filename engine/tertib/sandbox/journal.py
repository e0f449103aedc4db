"""Write down every request to the shop, without its token."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

KEPT: Final = 50_000


@dataclass(slots=True)
class Entry:
    """One request; its status is None while it is unanswered and for ever if the connection was dropped."""

    number: int
    at: str
    method: str
    path: str
    endpoint: str
    params: dict[str, str]
    body: Any = None
    status: int | None = None
    faults: list[str] = field(default_factory=list)


class Journal:
    """Every request since the start or the last reset, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))

    @property
    def entries(self) -> list[Entry]:
        """Give every request that is still kept."""
        return list(self)

    def begin(self, at: str, method: str, path: str, endpoint: str, params: Mapping[str, str]) -> Entry:
        """Write down a request that has come in."""
        with self._lock:
            self._count += 1
            entry = Entry(self._count, at, method, path, endpoint, dict(params))
            self._entries.append(entry)
            return entry

    def of(self, endpoint: str) -> list[Entry]:
        """Give the requests to one endpoint: list, statistics, customer, order, change."""
        return [entry for entry in self if entry.endpoint == endpoint]

    def requests(self) -> dict[str, Any]:
        """Count the requests by endpoint and by status."""
        entries = self.entries
        return {
            "total": len(self),
            "by_endpoint": dict(Counter(entry.endpoint for entry in entries)),
            "by_status": dict(Counter(str(entry.status or "dropped") for entry in entries)),
        }

    def shown(self, last: int | None = None) -> list[dict[str, Any]]:
        """Show the requests, or the last of them, in the state view."""
        entries = self.entries
        return [asdict(entry) for entry in (entries if last is None else entries[-last:] if last else [])]

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._entries.clear()
            self._count = 0


def masked(value: Any, secrets: frozenset[str]) -> Any:
    """Blot out tokens, should somebody have put one where it does not belong."""
    if isinstance(value, dict):
        return {masked(key, secrets): masked(one, secrets) for key, one in value.items()}
    if isinstance(value, list):
        return [masked(one, secrets) for one in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "•••") if secret in value else value
    return value
