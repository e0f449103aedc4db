"""Days that count: holidays by their names, and ages in working days.

Looking back so many working days from `now` is going from one day that the shop works to the one before, and keeping
the time on its clock. On a day off, the clock stands where the last working day ended. So of two moments the later
never looks back less far, and an age in working days is one bound like every other.

What a country celebrates is the `holidays` package's word; it is imported where a calendar names a country.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from tertib.language import clocks
from tertib.model import (
    Ago,
    Calendar,
    Condition,
    DaySpan,
    Distance,
    Elements,
    Group,
    Holidays,
    Rule,
    Test,
    WorkingDays,
)

FIRST_YEAR, LAST_YEAR = 2015, 2045
"""The years whose holidays stand for a calendar where two are compared."""

_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


# --- holidays -------------------------------------------------------------------------------------------


def holiday(holidays: Holidays | None, day: date) -> str | None:
    """Return what is celebrated on a day, in the country's own language; None on any other day."""
    if holidays is None:
        return None
    if covers(holidays.extra, day):
        return "an extra holiday"
    if not holidays.country or covers(holidays.without, day):
        return None
    return _of_year(holidays.country, holidays.subdivision, holidays.categories, day.year).get(day)


def covers(spans: Iterable[DaySpan], day: date) -> bool:
    """Tell whether a day lies in one of the spans."""
    return any(first <= day <= last for first, last in spans)


def unknown_part(holidays: Holidays) -> tuple[str, str, tuple[str, ...]] | None:
    """Return what the package does not know, as key and value, with the values it does know; None where all is known."""
    import holidays as known  # noqa: PLC0415 - slow to import, and most projects name no country

    countries = known.list_supported_countries(include_aliases=False)
    if holidays.country not in countries:
        return "country", holidays.country, tuple(sorted(countries))
    of_country = type(known.country_holidays(holidays.country))
    parts = tuple(sorted(of_country.subdivisions))
    if holidays.subdivision is not None and holidays.subdivision not in parts:
        return "subdiv", holidays.subdivision, parts
    categories = tuple(sorted(of_country.supported_categories))
    strange = next((one for one in holidays.categories if one not in categories), None)
    return None if strange is None else ("categories", strange, categories)


@lru_cache(maxsize=512)
def _of_year(
    country: str, subdivision: str | None, categories: tuple[str, ...], year: int
) -> Mapping[date, str]:
    import holidays as known  # noqa: PLC0415 - as in `unknown_part`

    language = _language(country)
    found: Mapping[date, str] = known.country_holidays(
        country, subdiv=subdivision, years=year, categories=categories, language=language
    )
    return {day: name for day, name in found.items() if day.year == year}


@lru_cache(maxsize=64)
def _language(country: str) -> str | None:
    """Return the country's own language, so that a name does not depend on the machine's."""
    import holidays as known  # noqa: PLC0415 - as in `unknown_part`

    own: str | None = type(known.country_holidays(country)).default_language
    return own


@lru_cache(maxsize=64)
def digest(holidays: Holidays) -> str:
    """Return what stands for all days of a calendar of holidays: the package learns new ones with every release."""
    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    days = (first + _DAY * number for number in range((last - first).days + 1))
    told = ",".join(day.isoformat() for day in days if holiday(holidays, day) is not None)
    return hashlib.sha256(told.encode()).hexdigest()


# --- working days ---------------------------------------------------------------------------------------


def works(calendar: Calendar, day: date) -> bool:
    """Tell whether the shop works on a day."""
    return day.weekday() in calendar.weekdays and holiday(calendar.holidays, day) is None


def before(moment: datetime, distance: Distance) -> datetime:
    """Return the instant so long before another; raises `OverflowError` where no calendar has it."""
    if isinstance(distance, timedelta):
        return moment - distance
    return _working_days_before(moment, distance)


@lru_cache(maxsize=512)
def _working_days_before(moment: datetime, distance: WorkingDays) -> datetime:
    return _looking_back(moment, distance)


def _looking_back(moment: datetime, distance: WorkingDays) -> datetime:
    calendar = distance.calendar
    where = clocks.zone(calendar.timezone)
    shown = clocks.wall(moment, where)
    day, clock = shown.date(), shown.time()
    if works(calendar, day):
        return clocks.instant(datetime.combine(_back(calendar, day, distance.count), clock), where)
    # the end of a day is the midnight after it
    last = _back(calendar, day, distance.count + 1)
    return clocks.instant(datetime.combine(last + _DAY, time()), where)


def _back(calendar: Calendar, day: date, count: int) -> date:
    """Return the working day so many before another day."""
    while count:
        day -= _DAY
        count -= works(calendar, day)
    return day


def reached(moment: datetime, distance: Distance) -> tuple[datetime, ...]:
    """Return when the instant so long before `now` comes to `moment`, and when it passes it.

    For a plain duration that is one instant; over days off a bound stands still, and there are two. None where no
    calendar has them.
    """
    try:
        if isinstance(distance, timedelta):
            return (moment + distance,)
        return _first(moment, distance, moment), _first(moment, distance, moment + _INSTANT) - _INSTANT
    except OverflowError:
        return ()


def _first(moment: datetime, distance: WorkingDays, bound: datetime) -> datetime:
    """Return the first instant from which looking back reaches `bound`, by halving: it never goes back."""
    step = timedelta(days=distance.count + 1)
    while _looking_back(moment + step, distance) < bound:
        step *= 2
    early, late = 0, step // _INSTANT
    while late - early > 1:
        middle = (early + late) // 2
        if _looking_back(moment + middle * _INSTANT, distance) < bound:
            early = middle
        else:
            late = middle
    return moment + late * _INSTANT


# --- who measures by it ---------------------------------------------------------------------------------


def measuring(rule: Rule) -> Calendar | None:
    """Return the calendar that ages in a rule are measured by, None where all of them are plain durations."""
    asked = (one.distance for values in rule.query.values() for one in values if isinstance(one, Ago))
    distances = chain(asked, _operands(rule.conditions))
    return next((one.calendar for one in distances if isinstance(one, WorkingDays)), None)


def _operands(conditions: Iterable[Condition]) -> Iterator[Any]:
    for condition in conditions:
        if isinstance(condition, Test):
            yield condition.operand
        elif isinstance(condition, Group):
            yield from _operands(condition.children)
        elif isinstance(condition, Elements):
            yield from _operands((condition.child,))
