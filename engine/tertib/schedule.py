"""When a rule runs: the slots of a cron line in its time zone, and what becomes of those that passed.

A slot is an instant in UTC. Cron lines are read as wall-clock time: a time that the clocks skip fires once,
when the gap ends; a time that they show twice fires once, the first time. A slot on a day off (`skip`, `holidays`)
is a slot all the same: it is skipped, and nobody has to wonder where it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from tertib.language import calendars, clocks
from tertib.model import Pause, Rule, Schedule
from tertib.sayings import said

ON_TIME: Final = timedelta(seconds=60)
"""How late a slot may be opened and still count as on time, for schedules whose missed slots are skipped."""

MOST_MISSED: Final = 200
"""How many missed slots are listed; after a long silence the oldest ones are not."""

MOST_AHEAD: Final = 2_000
"""So many slots of one rule are looked at; a rule that runs every few seconds has more than anybody reads."""

_SECOND: Final = timedelta(seconds=1)


def next_slot(schedule: Schedule, after: datetime) -> datetime | None:
    """Return the first slot later than `after`, in UTC; None for a cron line that never comes (30 February)."""
    return next(_forward(schedule, after), None)


def slots_between(
    schedule: Schedule, after: datetime, until: datetime, most: int | None = None
) -> list[datetime]:
    """Return the slots in `(after, until]`, oldest first, in UTC; at most so many where that is said."""
    slots: list[datetime] = []
    for slot in _forward(schedule, after):
        if slot > until or len(slots) == most:
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


def day_off(schedule: Schedule, moment: datetime) -> str | None:
    """Return why nothing is to run at a moment, by the day on the schedule's own clock; None where it may."""
    day = moment.astimezone(clocks.zone(schedule.timezone)).date()
    if calendars.covers(schedule.skip, day):
        return said("%(day)s is a day to skip", day=day)
    return calendars.holiday(schedule.holidays, day)


@dataclass(frozen=True, slots=True)
class Passed:
    """What becomes of the slots that passed, all oldest first: one at most is run, the others are written down.

    `skipped` are those on days off, each with its reason. `cut` says that more had passed than are listed.
    """

    run: datetime | None = None
    missed: tuple[datetime, ...] = ()
    skipped: tuple[tuple[datetime, str], ...] = ()
    cut: bool = False


def due(schedule: Schedule, last: datetime, now: datetime, rule: str = "") -> Passed:
    """Return the slot to run now, if any, and what becomes of the others after `last`.

    `last` is the newest slot that was decided, or the instant from which slots count. Of several that passed
    only the newest can run: with `missed: latest` while its deadline holds, with `missed: skip` only where it
    is on time; and only an on-time one on a day off, whose slot was of the day before. A slot whose jitter has not
    passed yet is neither due nor missed.
    """
    slots = _passed(schedule, last, now)
    cut = len(slots) > MOST_MISSED
    while slots and slots[-1] + jitter(schedule, rule, slots[-1]) > now:
        slots.pop()
    reasons = [(slot, day_off(schedule, slot)) for slot in slots]
    skipped = tuple((slot, why) for slot, why in reasons if why is not None)
    wanted = [slot for slot, why in reasons if why is None]
    if not wanted:
        return Passed(skipped=skipped, cut=cut)
    late = now - wanted[-1] - jitter(schedule, rule, wanted[-1])
    patience = _patience(schedule)
    if late <= (patience if day_off(schedule, now) is None else min(patience, ON_TIME)):
        return Passed(wanted[-1], tuple(wanted[:-1]), skipped, cut)
    return Passed(None, tuple(wanted), skipped, cut)


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
    zone = clocks.zone(schedule.timezone)
    wall = after.astimezone(zone).replace(tzinfo=None, fold=0)
    newest = after.astimezone(UTC)
    walls = croniter(schedule.cron, wall, ret_type=datetime)
    while True:
        try:
            slot = clocks.instant(walls.get_next(), zone)
        except CroniterBadDateError:
            return
        if slot > newest:
            newest = slot
            yield slot


def _backward(schedule: Schedule, until: datetime) -> Iterator[datetime]:
    zone = clocks.zone(schedule.timezone)
    local = until.astimezone(zone)
    # in an hour that comes twice, wall times later than now may have passed already, the first time round
    repeated = (local.replace(fold=0).utcoffset() or timedelta()) - (local.utcoffset() or timedelta())
    wall = local.replace(tzinfo=None, fold=0) + repeated + _SECOND
    oldest = until.astimezone(UTC) + _SECOND / 1000_000
    walls = croniter(schedule.cron, wall, ret_type=datetime)
    while True:
        try:
            slot = clocks.instant(walls.get_prev(), zone)
        except CroniterBadDateError:
            return
        if slot < oldest:
            oldest = slot
            yield slot


# --- what comes ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """One slot to come. `why` says what keeps it from running; then its state is `skipped` or `paused`."""

    rule: str
    at: datetime
    starts: datetime
    state: Literal["runs", "skipped", "paused"] = "runs"
    why: str | None = None


def planned(
    rule: Rule, pauses: Iterable[Pause], after: datetime, until: datetime, most: int = MOST_AHEAD
) -> list[Planned]:
    """Return a rule's slots in `(after, until]`, at most `most` of them, with what keeps each from running."""
    if rule.schedule is None:
        return []
    mine = [one for one in pauses if one.rule in {None, rule.name}]
    found = []
    for at in slots_between(rule.schedule, after, until, most):
        starts = at + jitter(rule.schedule, rule.name, at)
        off = day_off(rule.schedule, at)
        pause = next((one for one in mine if one.until is None or starts < one.until), None)
        if off is not None:
            found.append(Planned(rule.name, at, starts, "skipped", off))
        elif pause is not None:
            found.append(Planned(rule.name, at, starts, "paused", pause.told))
        else:
            found.append(Planned(rule.name, at, starts))
    return found


def days_from(now: datetime, count: int, zone: str) -> list[date]:
    """Return today and the days after it on the shop's clock, so many in all."""
    today = now.astimezone(ZoneInfo(zone)).date()
    return [today + timedelta(days=number) for number in range(count)]
