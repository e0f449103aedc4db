"""Durations (`1d12h`, `2wd`) and instants (ISO 8601) as people write them in rules.

A day is 24 hours, whatever the clocks of a zone do: a rule that waits three days waits 72 hours. Only a `wd`, a working
day, is a day of a calendar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from tertib.model import Calendar, Distance, WorkingDays

UNITS: Final[Mapping[str, timedelta]] = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "weeks": timedelta(weeks=1),
}
"""What a number in another field may count, where a rule takes a duration from it."""

LONGEST: Final = timedelta(days=36_500)
"""No duration is longer: whoever writes a hundred years means something else."""

MOST_WORKING_DAYS: Final = 2_600
"""No age is longer in working days: that is ten years."""

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_WORKING_DAYS = re.compile(r"(\d{1,18})wd", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
_LOCAL = re.compile(_CLOCK, re.ASCII)
_TIMESTAMP = re.compile(_CLOCK + r" ?(?:[Zz]|[+-]\d\d(?::?\d\d)?)", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Read a duration such as `30m`, `12h`, `3d`, `2w` or `1d12h`: the larger unit first, each at most once.

    Raises ValueError, with a message for the person who wrote it, for anything else and beyond 100 years.
    """
    found = _DURATION.fullmatch(text) if text else None
    if found is None:
        msg = f"`{text}` is not a duration"
        raise ValueError(msg)
    amounts = [amount or "0" for amount in found.groups()]
    if any(len(amount) > len("3153600000") for amount in amounts):
        msg = f"`{text}` is longer than 100 years"
        raise ValueError(msg)
    seconds = sum(int(amount) * size for amount, size in zip(amounts, _UNITS.values(), strict=True))
    if seconds > LONGEST.total_seconds():
        msg = f"`{text}` is longer than 100 years"
        raise ValueError(msg)
    return timedelta(seconds=seconds)


def parse_distance(text: str, calendar: Calendar) -> Distance:
    """Read an age: a duration, or working days of a calendar such as `2wd`, which stand alone.

    Raises ValueError as `parse_duration` does, and for no working day or more than ten years of them.
    """
    found = _WORKING_DAYS.fullmatch(text)
    if found is None:
        return parse_duration(text)
    if not 1 <= int(found[1]) <= MOST_WORKING_DAYS:
        msg = f"`{text}` is not between one working day and `{MOST_WORKING_DAYS}wd`"
        raise ValueError(msg)
    return WorkingDays(int(found[1]), calendar)


def format_duration(duration: Distance) -> str:
    """Write an age so that `parse_distance` reads it back: `1d12h`, `2wd`; parts of a second are rounded up.

    A negative duration is written with a leading `-`, which no rule can say.
    """
    if isinstance(duration, WorkingDays):
        return f"{duration.count}wd"
    sign = "-" if duration < timedelta() else ""
    return sign + ("".join(_parts(abs(duration))) or "0s")


def format_wait(duration: timedelta) -> str:
    """Write a time still to wait by its two largest units, rounded up: `5h12m`, `3d4h`, `40s`."""
    coarse = 3_600 if duration >= timedelta(days=1) else 60 if duration >= timedelta(hours=1) else 1
    whole = -(-duration // timedelta(seconds=coarse)) * coarse
    return "".join(_parts(timedelta(seconds=max(whole, 0)))[:2]) or "0s"


def format_age(age: timedelta) -> str:
    """Write how old something is by its two largest units, rounded down: `4d 3h`, `12m 5s`."""
    whole = timedelta(seconds=abs(age) // timedelta(seconds=1))
    return " ".join(_parts(whole)[:2]) or "0s"


def _parts(duration: timedelta) -> list[str]:
    left = -(-duration // timedelta(seconds=1))
    parts = []
    for unit, size in _UNITS.items():
        if unit == "w":
            continue  # people read `16d` more easily than `2w2d`
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return parts


def parse_timestamp(text: str) -> datetime:
    """Read an ISO 8601 date and time with an offset, as an instant in UTC.

    Raises ValueError for everything else: a date alone, a time without offset, a day that no calendar has.
    """
    if _TIMESTAMP.fullmatch(text) is None:
        why = (
            "has no time zone, that is, no offset such as `+07:00`"
            if _LOCAL.fullmatch(text)
            else "is not a date and time"
        )
        msg = f"`{text}` {why}"
        raise ValueError(msg)
    # upper() for `t` and `z`, the dot for a comma, no blank before the offset: the same on every Python version
    spelled = text[:19].upper() + text[19:].upper().replace(",", ".").replace(" ", "")
    try:
        return datetime.fromisoformat(spelled).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"`{text}` is no time that exists"
        raise ValueError(msg) from None


def parse_instant(text: str, zone: tzinfo) -> datetime:
    """Read an instant as a rule writes it, in UTC: ISO 8601, where a bare date is midnight in `zone`.

    Raises ValueError for everything else, a time without offset included.
    """
    if _DATE.fullmatch(text) is None:
        return parse_timestamp(text)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"`{text}` is no day that exists"
        raise ValueError(msg) from None


def day_after(date: str) -> str:
    """Return the date that follows a bare date; the last day of the calendar is followed by itself."""
    day = datetime.fromisoformat(date).date()
    return date if day == day.max else (day + timedelta(days=1)).isoformat()


def is_bare_date(text: str) -> bool:
    """Tell whether `text` is a date alone, which stands for local midnight."""
    return _DATE.fullmatch(text) is not None
