"""Days as people write them: weekdays, dates and spans of them, and the holidays of a country.

Types were checked against the schema before; each function reads what has the right type and complains of the rest
that no schema sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from tertib.language import calendars
from tertib.language.nearest import did_you_mean
from tertib.language.wording import one_of, quote
from tertib.model import Calendar, Complaint, DaySpan, Holidays, Path

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = ".."
_LONGEST_SPAN: Final = timedelta(days=366)


def weekdays(
    data: Any, complaints: list[Complaint], path: Path, base: tuple[int, ...] = Calendar().weekdays
) -> tuple[int, ...]:
    """Read the weekdays on which a shop works, such as `[mon..sat]`; `base` where none are given."""
    if not isinstance(data, list):
        return base
    found: set[int] = set()
    for index, word in enumerate(data):
        first, separator, last = str(word).partition(_SPAN)
        ends = [WEEKDAYS.index(one) for one in (first, last or first) if one in WEEKDAYS]
        if len(ends) < 2 or (separator and not last) or ends[0] > ends[1]:  # noqa: PLR2004 - a first and a last
            hint = did_you_mean(first, WEEKDAYS) or "such as `[mon..fri]` or `[mon, tue, sat]`"
            complaints.append(Complaint((*path, index), "T521", f"{quote(word)} names no weekdays", hint))
        else:
            found.update(range(ends[0], ends[1] + 1))
    return tuple(sorted(found)) or base


def spans(data: Any, complaints: list[Complaint], path: Path) -> tuple[DaySpan, ...]:
    """Read a list of dates and spans such as `2026-12-24..2027-01-02`, whose last day belongs to it."""
    if not isinstance(data, list):
        return ()
    found = ((index, _span(one)) for index, one in enumerate(data) if isinstance(one, str))
    read = []
    for index, one in found:
        if isinstance(one, str):
            hint = "write a date such as `2026-12-24`, or a span such as `2026-12-24..2027-01-02`"
            complaints.append(Complaint((*path, index), "T522", one, hint))
        else:
            read.append(one)
    return tuple(sorted(set(read)))


def _span(text: str) -> DaySpan | str:
    """Return a span, or what is wrong with it."""
    first, separator, last = text.partition(_SPAN)
    try:
        ends = _date(first), _date(last if separator else first)
    except ValueError:
        return f"{quote(text)} is no date, and no span of dates"
    if ends[0] > ends[1]:
        return f"{quote(text)} ends before it begins"
    return ends if ends[1] - ends[0] < _LONGEST_SPAN else f"{quote(text)} is longer than a year"


def _date(text: str) -> date:
    """Read a date in the one form that is not mistaken; raises ValueError."""
    found = date.fromisoformat(text)
    if found.isoformat() != text:
        raise ValueError(text)
    return found


def told(days: tuple[DaySpan, ...]) -> list[str]:
    """Write days as `spans` reads them."""
    return [f"{first}" if first == last else f"{first}{_SPAN}{last}" for first, last in days]


def holidays(data: Any, complaints: list[Complaint], path: Path) -> Holidays | None:
    """Read the holidays that are kept: a country's code, or a mapping with `country`, `extra`, `except` and so on."""
    if isinstance(data, str):
        return _known(Holidays(data), complaints, {"country": path})
    if not isinstance(data, Mapping):
        return None
    country, part = data.get("country"), data.get("subdiv")
    categories = data.get("categories")
    found = Holidays(
        country=country if isinstance(country, str) else "",
        subdivision=part if isinstance(part, str) else None,
        categories=tuple(categories) if isinstance(categories, list) else Holidays().categories,
        extra=spans(data.get("extra"), complaints, (*path, "extra")),
        without=spans(data.get("except"), complaints, (*path, "except")),
    )
    places = {name: (*path, name) for name in ("country", "subdiv", "categories")}
    return _known(found, complaints, places) if found.country else found


def _known(found: Holidays, complaints: list[Complaint], places: Mapping[str, Path]) -> Holidays | None:
    """Return holidays that the package knows, None after a complaint."""
    unknown = calendars.unknown_part(found)
    if unknown is None:
        return found
    name, value, known = unknown
    what = {"country": "country", "subdiv": "part of the country", "categories": "category of holidays"}[name]
    complaints.append(
        Complaint(places[name], "T523", f"unknown {what} {quote(value)}", _hint(name, value, known))
    )
    return None


def _hint(name: str, value: str, known: tuple[str, ...]) -> str:
    if value.upper() in known:
        return f"write `{value.upper()}`"
    if not known:
        return "the calendar of this country has none"
    near = did_you_mean(value, known)
    return near or ("a country is its two letters, such as `ID`" if name == "country" else one_of(known))


# --- plain data -----------------------------------------------------------------------------------------


def of_holidays(kept: Holidays | None) -> dict[str, Any] | None:
    """Return holidays as plain JSON data."""
    if kept is None:
        return None
    return {
        "country": kept.country,
        "subdiv": kept.subdivision,
        "categories": list(kept.categories),
        "extra": told(kept.extra),
        "except": told(kept.without),
    }


def to_holidays(data: Mapping[str, Any] | None) -> Holidays | None:
    """Return what `of_holidays` was given."""
    if data is None:
        return None
    extra, without = to_spans(data["extra"]), to_spans(data["except"])
    return Holidays(data["country"], data["subdiv"], tuple(data["categories"]), extra, without)


def to_spans(data: list[str]) -> tuple[DaySpan, ...]:
    """Return what `told` was given; raises ValueError for anything else."""
    return tuple(_of_plan(data))


def _of_plan(data: list[str]) -> Iterator[DaySpan]:
    for text in data:
        found = _span(text)
        if isinstance(found, str):
            raise ValueError(found)  # noqa: TRY004 - the text is wrong, not its type
        yield found


def of_calendar(calendar: Calendar) -> dict[str, Any]:
    """Return a calendar as plain JSON data, with what stands for all its holidays."""
    kept = of_holidays(calendar.holidays)
    return {
        "weekdays": [WEEKDAYS[number] for number in calendar.weekdays],
        "holidays": kept,
        "sha256": "" if calendar.holidays is None else calendars.digest(calendar.holidays),
    }


def to_calendar(data: Mapping[str, Any], timezone: str) -> Calendar:
    """Return what `of_calendar` was given, whether or not its holidays are the same today."""
    numbers = tuple(WEEKDAYS.index(word) for word in data["weekdays"])
    return Calendar(timezone, numbers, to_holidays(data["holidays"]))
