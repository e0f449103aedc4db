"""When a rule runs: the slots of a cron line in its time zone, and what becomes of those that passed.

A slot is an instant in UTC. Cron lines are read as wall-clock time: a time that the clocks skip fires once,
when the gap ends; a time that they show twice fires once, the first time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from tertib.model import Schedule

ON_TIME: Final = timedelta(seconds=60)
"""How late a slot may be opened and still count as on time, for schedules whose missed slots are skipped."""

MOST_MISSED: Final = 200
"""How many missed slots are listed; after a long silence the oldest ones are not."""

_SECOND: Final = timedelta(seconds=1)


def next_slot(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first slot later than `after`, in UTC; None for a cron line that never comes (30 February)."""
    return next(_forward(schedule, after), None)


def slots_between(schedule: Schedule, after: datetime, until: datetime) -> list[datetime]:
    """Return the slots in `(after, until]`, oldest first, in UTC."""
    slots = []
    for slot in _forward(schedule, after):
        if slot > until:
            break
        slots.append(slot)
    return slots


def jitter(schedule: Schedule, rule: str, slot: datetime) -> timedelta:
    """Return by how much a slot's start is put off: below the schedule's `jitter`, the same at every call.

    Two machines that share a ledger must agree, so it is a hash of rule and slot, not chance.
    """
    digest = hashlib.sha256(f"{rule}/{slot.astimezone(UTC).isoformat()}".encode()).digest()
    fraction = int.from_bytes(digest[:6], "big") / 2**48
    return schedule.jitter * fraction


def due(
    schedule: Schedule, last: datetime, now: datetime, rule: str = ""
) -> tuple[datetime | None, tuple[datetime, ...]]:
    """Return the slot to run now, if any, and the slots after `last` that were missed, oldest first.

    `last` is the newest slot that was decided, or the instant from which slots count. Of several that passed
    only the newest can run: with `missed: latest` while its deadline holds, with `missed: skip` only where it
    is on time. A slot whose jitter has not passed yet is neither due nor missed.
    """
    slots = _passed(schedule, last, now)
    while slots and slots[-1] + jitter(schedule, rule, slots[-1]) > now:
        slots.pop()
    if not slots:
        return None, ()
    *older, newest = slots
    late = now - newest - jitter(schedule, rule, newest)
    if late <= _patience(schedule):
        return newest, tuple(older)
    return None, tuple(slots)


def _patience(schedule: Schedule) -> timedelta:
    """Return how late the newest slot may still be run."""
    deadline = timedelta.max if schedule.deadline is None else schedule.deadline
    return min(deadline, ON_TIME) if schedule.missed == "skip" else deadline


def _passed(schedule: Schedule, last: datetime, now: datetime) -> list[datetime]:
    """Return the newest slots in `(last, now]`, at most `MOST_MISSED` and one, oldest first.

    Walked backwards, so that a ledger that slept for a year costs no more than one that slept for a day.
    """
    slots: list[datetime] = []
    for slot in _backward(schedule, now):
        if slot <= last or len(slots) > MOST_MISSED:
            break
        slots.append(slot)
    return slots[::-1]


def _forward(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    zone = _zone(schedule.timezone)
    wall = after.astimezone(zone).replace(tzinfo=None, fold=0)
    newest = after.astimezone(UTC)
    walls = croniter(schedule.cron, wall, ret_type=datetime)
    while True:
        try:
            slot = _instant(walls.get_next(), zone)
        except CroniterBadDateError:
            return
        if slot > newest:
            newest = slot
            yield slot


def _backward(schedule: Schedule, until: datetime) -> Iterator[datetime]:
    zone = _zone(schedule.timezone)
    local = until.astimezone(zone)
    # in an hour that comes twice, wall times later than now may have passed already, the first time round
    repeated = (local.replace(fold=0).utcoffset() or timedelta()) - (local.utcoffset() or timedelta())
    wall = local.replace(tzinfo=None, fold=0) + repeated + _SECOND
    oldest = until.astimezone(UTC) + _SECOND / 1000_000
    walls = croniter(schedule.cron, wall, ret_type=datetime)
    while True:
        try:
            slot = _instant(walls.get_prev(), zone)
        except CroniterBadDateError:
            return
        if slot < oldest:
            oldest = slot
            yield slot


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which clocks in `zone` first show `wall`, or skip past it."""
    slot = wall.replace(tzinfo=zone).astimezone(UTC)
    if slot.astimezone(zone).replace(tzinfo=None) == wall:
        return slot
    return _end_of_gap(slot, zone)


def _end_of_gap(beyond: datetime, zone: ZoneInfo) -> datetime:
    """Return the second at which the clocks were put forward, at most a day before `beyond`."""
    offset = beyond.astimezone(zone).utcoffset()
    earlier, later = int((beyond - timedelta(days=1)).timestamp()), int(beyond.timestamp())
    while later - earlier > 1:
        middle = (earlier + later) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            later = middle
        else:
            earlier = middle
    return datetime.fromtimestamp(later, UTC)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
