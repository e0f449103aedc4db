"""A log that keeps what was said, for tests of what logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Log:
    """What was logged, in order: each event with its fields."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **fields: Any) -> None:
        """Keep an event."""
        self.events.append((event, fields))

    warning = error = info

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the fields of every such event."""
        return [fields for name, fields in self.events if name == event]
