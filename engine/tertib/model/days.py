"""Days as a shop counts them: its working week, its holidays, and distances in either."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

DaySpan: TypeAlias = tuple[date, date]
"""Days from the first to the last, both included."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """A country's holidays by the `holidays` package's names, with what a shop adds to them and takes away.

    `categories` are those of the package: for Indonesia `government` is collective leave. Where `country` is empty
    there are only the `extra` ones.
    """

    country: str = ""
    subdivision: str | None = None
    categories: tuple[str, ...] = ("public",)
    extra: tuple[DaySpan, ...] = ()
    without: tuple[DaySpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which a shop works: these weekdays (0 is Monday) on its own clock, but for holidays."""

    timezone: str = "Asia/Jakarta"
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: Holidays | None = None


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """A distance in time that only a calendar can measure: so many working days."""

    count: int
    calendar: Calendar


Distance: TypeAlias = timedelta | WorkingDays
"""How long ago something happened."""
