"""*Schedule*: the slots to come, a day a timeline, with those that are skipped or paused and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from tertib.model import Rule
from tertib.schedule import Planned, days_from
from tertib.web.charts import Mark, Row
from tertib.web.site import Visit

_DAYS: Final = 2
_CLOSE: Final = timedelta(minutes=61)
_MANY: Final = 4
"""From so many slots on that follow closely, they are drawn as one bar."""
_LOOKS: Final = {"runs": "good", "skipped": "wait", "paused": "quiet"}


@dataclass(frozen=True, slots=True)
class Day:
    """One day's timeline: a row a rule, and the reasons for which slots do not run."""

    day: date
    rows: tuple[Row, ...]
    reasons: tuple[tuple[str, str], ...]
    slots: int
    now: float | None


def show(visit: Visit) -> Response:
    """Show today's and tomorrow's slots."""
    desk, now = visit.desk, visit.now
    rules = [one for one in desk.book.loaded().rules if one.enabled and one.schedule is not None]
    days = days_from(now, _DAYS, desk.zone)
    pauses = desk.ledger.pauses(desk.account, now)
    slots = {one.name: desk.ahead.of(one, pauses, now, _DAYS) for one in rules}
    return visit.page(
        "schedule.html",
        days=[_day(day, rules, slots, visit) for day in days],
        coming=sorted(
            (found[0] for found in slots.values() if found), key=lambda one: (one.starts, one.rule)
        ),
        pauses=pauses,
        rules={one.name: one for one in rules},
    )


def _day(day: date, rules: Sequence[Rule], slots: dict[str, list[Planned]], visit: Visit) -> Day:
    zone = ZoneInfo(visit.desk.zone)
    mine = {
        rule.name: [one for one in slots[rule.name] if one.starts.astimezone(zone).date() == day]
        for rule in rules
    }
    rows = tuple(Row(name, tuple(_marks(found, zone, visit))) for name, found in mine.items() if found)
    reasons = dict.fromkeys((one.rule, one.why or "") for found in mine.values() for one in found if one.why)
    today = visit.now.astimezone(zone)
    return Day(
        day=day,
        rows=rows,
        reasons=tuple(reasons),
        slots=sum(map(len, mine.values())),
        now=_part(today) if today.date() == day else None,
    )


def _marks(slots: Sequence[Planned], zone: ZoneInfo, visit: Visit) -> Iterator[Mark]:
    """Yield a dot a slot; a bar for many that follow each other closely and fare alike."""
    row: list[Planned] = []
    for one in slots:
        if row and (one.why != row[-1].why or one.starts - row[-1].starts > _CLOSE):
            yield from _drawn(row, zone, visit)
            row = []
        row.append(one)
    yield from _drawn(row, zone, visit)


def _drawn(row: Sequence[Planned], zone: ZoneInfo, visit: Visit) -> Iterator[Mark]:
    if len(row) < _MANY:
        yield from (_mark([one], zone, visit) for one in row)
    else:
        yield _mark(row, zone, visit)


def _mark(row: Sequence[Planned], zone: ZoneInfo, visit: Visit) -> Mark:
    first, last = row[0], row[-1]
    clock = [visit.tongue.clock(one.starts, visit.desk.zone) for one in (first, last)]
    when = clock[0] if len(row) == 1 else f"{clock[0]} - {clock[1]} ({len(row)})"
    why = f": {visit.tongue.say(first.why)}" if first.why else ""
    ends = None if len(row) == 1 else _part(last.starts.astimezone(zone))
    return Mark(_part(first.starts.astimezone(zone)), _LOOKS[first.state], f"{first.rule}, {when}{why}", ends)


def _part(local: datetime) -> float:
    """Return which part of the day has passed."""
    return (local.hour * 60 + local.minute) / (24 * 60)
