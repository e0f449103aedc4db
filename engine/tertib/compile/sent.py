"""Spell what is sent: query values as the API takes them, and the columns that hold what is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from tertib.language.calendars import before
from tertib.model import Ago, Field
from tertib.scalev import contract


def as_sent(value: str | datetime | Ago, now: datetime) -> str:
    """Spell a query value as the API takes it: times as ISO 8601 in UTC, to the second."""
    if isinstance(value, Ago):
        value = before(now, value.distance)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def columns_for(reads: Iterable[str], fields: Mapping[str, Field]) -> str:
    """Name the columns that hold these fields, the three that are always asked for first."""
    wanted = {column for path in reads if (column := _column(path, fields))}
    return ",".join((*contract.ALWAYS_COLUMNS, *sorted(wanted - set(contract.ALWAYS_COLUMNS))))


def _column(path: str, fields: Mapping[str, Field]) -> str | None:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        known = fields.get(".".join(parts[:length]))
        if known is not None:
            return known.column
    return None
