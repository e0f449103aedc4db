"""What is asked of Scalev and what comes back: scans, pages, and what reading has cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from tertib.model.rules import Source

Order: TypeAlias = Mapping[str, Any]
"""An order as decoded from an answer: fractions as `Decimal`, nothing renamed, absent keys absent."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One walk through an endpoint's pages: what is sent, and the rules that it serves.

    `params` are as sent, without cursor and page size. `starts_from` are the statuses that its rules start from,
    None for all of them. Orders created before `created_since` can match none of its rules.
    """

    source: Source
    params: Mapping[str, str]
    rules: tuple[str, ...]
    starts_from: frozenset[str] | None = None
    created_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answered page. `read_at` is when it was asked for: nothing in it is younger than that for certain."""

    orders: tuple[Order, ...]
    next_cursor: str | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What reading one scan came to; `failure` says why it did not finish.

    `ended_early` says that it was whole although pages were left: nothing in them could match.
    """

    scan: Scan
    pages: int
    orders: int
    failure: str | None = None
    ended_early: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests of one run, by what they were for, and what the budget has left (None where unknown).

    A request's further attempts are `retries`, and not in the other numbers.
    """

    reads: int = 0
    retries: int = 0
    rereads: int = 0
    writes: int = 0
    waited: timedelta = timedelta()
    left_hour: int | None = None

    @property
    def requests(self) -> int:
        """Return all requests together, each attempt counted."""
        return self.reads + self.rereads + self.writes + self.retries
