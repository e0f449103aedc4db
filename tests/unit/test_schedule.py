"""Slots: what a cron line means in a time zone, and what becomes of slots that passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.model import Holidays, Schedule
from tertib.schedule import MOST_MISSED, ON_TIME, Passed, day_off, due, jitter, next_slot, slots_between

JAKARTA = "Asia/Jakarta"
BERLIN = "Europe/Berlin"
HALF_HOURS = Schedule("*/30 * * * *", JAKARTA)


def local(text: str, zone: str = JAKARTA) -> datetime:
    """Read a wall-clock time in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def walls(schedule: Schedule, after: datetime, until: datetime) -> list[str]:
    """Return the slots as the zone's clocks show them."""
    zone = ZoneInfo(schedule.timezone)
    return [f"{slot.astimezone(zone):%d %H:%M%z}" for slot in slots_between(schedule, after, until)]


def test_a_slot_is_read_on_the_clock_of_its_zone() -> None:
    """Eight in Jakarta is one in the morning in UTC."""
    slot = next_slot(Schedule("0 8 * * *", JAKARTA), local("2026-11-21T20:00"))
    assert slot == datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_slots_exclude_the_beginning_and_include_the_end() -> None:
    """`(after, until]` lets two neighbouring spans share no slot and lose none."""
    assert walls(HALF_HOURS, local("2026-11-21T08:00"), local("2026-11-21T09:00")) == [
        "21 08:30+0700",
        "21 09:00+0700",
    ]


def test_a_sixth_field_counts_seconds() -> None:
    """Tests and impatient people can run a rule every few seconds."""
    slots = slots_between(
        Schedule("* * * * * */20", JAKARTA), local("2026-11-21T08:00:00"), local("2026-11-21T08:01:00")
    )
    assert [slot.second for slot in slots] == [20, 40, 0]


def test_a_time_that_the_clocks_skip_fires_once_when_the_gap_ends() -> None:
    """Berlin has no 02:30 on 29 March 2026; the daily rule still runs that day, once."""
    daily = Schedule("30 2 * * *", BERLIN)
    assert walls(daily, local("2026-03-28T12:00", BERLIN), local("2026-03-30T12:00", BERLIN)) == [
        "29 03:00+0200",
        "30 02:30+0200",
    ]


def test_several_skipped_times_make_one_slot() -> None:
    """Half-hourly slots inside the gap and at its end are one and the same instant."""
    found = walls(
        Schedule("*/30 * * * *", BERLIN), local("2026-03-29T01:15", BERLIN), local("2026-03-29T04:00", BERLIN)
    )
    assert found == ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200", "29 04:00+0200"]


def test_a_time_that_comes_twice_fires_once() -> None:
    """Berlin has 02:30 twice on 25 October 2026; a daily rule must not run twice."""
    daily = Schedule("30 2 * * *", BERLIN)
    assert walls(daily, local("2026-10-24T12:00", BERLIN), local("2026-10-26T12:00", BERLIN)) == [
        "25 02:30+0200",
        "26 02:30+0100",
    ]


def test_a_date_that_never_comes_has_no_slot() -> None:
    """30 February is a valid cron line without a single slot."""
    never = Schedule("0 0 30 2 *", JAKARTA)
    assert next_slot(never, local("2026-01-01T00:00")) is None
    assert due(never, local("2026-01-01T00:00"), local("2026-02-01T00:00")) == Passed()


@given(
    minutes=st.integers(0, 60 * 24 * 400),
    span=st.integers(1, 60 * 30),
    cron=st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 */3 * * 1-5", "15,45 1-3 * * *"]),
    zone=st.sampled_from([JAKARTA, BERLIN, "America/Santiago", "Australia/Lord_Howe"]),
)
def test_what_passed_is_what_came(minutes: int, span: int, cron: str, zone: str) -> None:
    """Walking back from now finds exactly the slots that walking forward gave, clock changes included."""
    schedule = Schedule(cron, zone)
    last = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    now = last + timedelta(minutes=span)
    passed = due(schedule, last, now)
    came = slots_between(schedule, last, now)
    assert [*passed.missed, *([passed.run] if passed.run else [])] == came[-MOST_MISSED - 1 :]


@given(minutes=st.integers(0, 60 * 24 * 400), zone=st.sampled_from([JAKARTA, BERLIN, "America/Santiago"]))
def test_following_next_slot_after_slot_loses_none(minutes: int, zone: str) -> None:
    """Stepping from slot to slot gives the same slots as listing them, strictly later each time."""
    schedule = Schedule("20,50 */2 * * *", zone)
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    stepped = [begin]
    for _ in range(6):
        following = next_slot(schedule, stepped[-1])
        assert following is not None
        assert following > stepped[-1]
        stepped.append(following)
    assert slots_between(schedule, begin, stepped[-1]) == stepped[1:]


def test_only_the_newest_of_several_passed_slots_runs() -> None:
    """After a night without power, one run is enough; the others are missed, and named."""
    passed = due(HALF_HOURS, local("2026-11-21T20:00"), local("2026-11-21T22:10"))
    assert passed.run == local("2026-11-21T22:00")
    assert passed.missed == tuple(local(f"2026-11-21T{time}") for time in ("20:30", "21:00", "21:30"))


def test_nothing_is_due_between_slots() -> None:
    """The slot that was decided last does not come again."""
    assert due(HALF_HOURS, local("2026-11-21T20:00"), local("2026-11-21T20:29")) == Passed()


@pytest.mark.parametrize(
    ("late", "runs"), [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False)]
)
def test_a_deadline_ends_a_slots_chance(late: timedelta, *, runs: bool) -> None:
    """A slot at its deadline runs; a second later it is missed."""
    schedule = Schedule("0 8 * * *", JAKARTA, deadline=timedelta(minutes=5))
    at = local("2026-11-21T08:00")
    assert due(schedule, local("2026-11-20T08:00"), at + late) == (
        Passed(at) if runs else Passed(None, (at,))
    )


@pytest.mark.parametrize(("late", "runs"), [(ON_TIME, True), (ON_TIME + timedelta(seconds=1), False)])
def test_missed_skip_runs_nothing_late(late: timedelta, *, runs: bool) -> None:
    """With `missed: skip` only a slot that is on time runs."""
    schedule = Schedule("0 8 * * *", JAKARTA, missed="skip")
    at = local("2026-11-21T08:00")
    assert due(schedule, local("2026-11-20T08:00"), at + late) == (
        Passed(at) if runs else Passed(None, (at,))
    )


@given(seconds=st.integers(0, 10**9), span=st.integers(1, 3600), rule=st.text(max_size=20))
def test_jitter_is_bounded_and_the_same_every_time(seconds: int, span: int, rule: str) -> None:
    """Two machines put a slot off by the same time, never by the whole span."""
    schedule = Schedule("* * * * *", JAKARTA, jitter=timedelta(seconds=span))
    slot = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    put_off = jitter(schedule, rule, slot)
    assert timedelta(0) <= put_off < schedule.jitter
    assert put_off == jitter(schedule, rule, slot.astimezone(ZoneInfo(JAKARTA)))


def test_jitter_differs_between_rules() -> None:
    """Rules of one cron line do not all start at the same second."""
    schedule = Schedule("0 8 * * *", JAKARTA, jitter=timedelta(minutes=10))
    at = local("2026-11-21T08:00")
    assert len({jitter(schedule, f"rule-{number}", at) for number in range(20)}) > 15


def test_a_slot_waits_for_its_jitter_and_is_not_missed_meanwhile() -> None:
    """Before its jitter has passed a slot is neither due nor missed; afterwards it is due."""
    schedule = Schedule("0 8 * * *", JAKARTA, jitter=timedelta(hours=1))
    at = local("2026-11-21T08:00")
    starts = at + jitter(schedule, "r", at)
    last = local("2026-11-20T08:00")
    assert due(schedule, last, starts - timedelta(microseconds=1), "r") == Passed()
    assert due(schedule, last, starts, "r") == Passed(at)


def test_a_long_silence_is_listed_up_to_a_bound() -> None:
    """A year of missed seconds does not fill the ledger; the newest ones are named."""
    passed = due(Schedule("* * * * * *", JAKARTA), local("2025-11-21T08:00"), local("2026-11-21T08:00"))
    assert passed.run == local("2026-11-21T08:00")
    assert len(passed.missed) == MOST_MISSED
    assert passed.missed[-1] == passed.run - timedelta(seconds=1)
    assert passed.cut


# --- days off and ends of months ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "days"),
    [
        ("0 9 31 * *", ["01-31", "03-31", "05-31", "07-31", "08-31"]),
        ("0 9 L * *", ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31"]),
    ],
)
def test_ends_of_months(cron: str, days: list[str]) -> None:
    """The 31st comes where there is one; `L` is the last day of every month."""
    found = slots_between(Schedule(cron, JAKARTA), local("2026-01-01T00:00"), local("2026-09-01T00:00"))
    assert [f"{slot.astimezone(ZoneInfo(JAKARTA)):%m-%d}" for slot in found] == days


@given(
    minutes=st.integers(0, 60 * 24 * 400),
    first=st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    length=st.integers(0, 20),
    zone=st.sampled_from([JAKARTA, BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_day_off_is_a_day_of_the_schedules_own_zone(
    minutes: int, first: date, length: int, zone: str
) -> None:
    """From its midnight to the next on the wall, both ends of the span included."""
    last = first + timedelta(days=length)
    schedule = Schedule("0 * * * *", zone, skip=((first, last),))
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    wall = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    inside = datetime.combine(first, time()) <= wall < datetime.combine(last + timedelta(days=1), time())
    assert (day_off(schedule, moment) is not None) == inside


def test_what_passed_on_days_off_is_skipped_and_the_newest_other_slot_runs() -> None:
    """A machine that was off over Christmas finds its slots sorted: missed, skipped with the name, and one to run."""
    schedule = Schedule("0 9 * * *", JAKARTA, holidays=Holidays("ID"))
    passed = due(schedule, local("2026-12-23T10:00"), local("2026-12-26T12:00"))
    assert passed == Passed(
        local("2026-12-26T09:00"),
        (local("2026-12-24T09:00"),),
        ((local("2026-12-25T09:00"), "Hari Raya Natal"),),
    )
