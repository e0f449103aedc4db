"""Every slot ends, and ends once: over months, days off, pauses, edits, and clocks that are set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchored import Anchored
from breadth import examples
from logged import Log
from tertib.dispatch.needs import SlotLedger
from tertib.dispatch.rulebook import Edition
from tertib.dispatch.timetable import NOBODY_RAN, RESCHEDULED, TAKEN_AWAY, Timetable
from tertib.errors import LedgerError
from tertib.ledger.anchors import times
from tertib.ledger.slots import Slot
from tertib.model import Holidays, Origin, Pause, Rule, Schedule
from tertib.schedule import MOST_MISSED, day_off, slots_between

ZONES = ("Asia/Jakarta", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Record:
    """A ledger of slots that fails a test where one is closed twice."""

    def __init__(self) -> None:
        self.slots_of: dict[tuple[str, datetime], Slot] = {}
        self.paused: list[Pause] = []
        self.busy = 0
        self.anchors = Anchored()
        self.ended: list[Pause] = []

    def pauses_at(self, account: str, at: datetime) -> list[Pause]:
        """Return the pauses that stood, those too that were ended since."""
        return [*self.pauses(account, at), *(one for one in self.ended if one.since <= at)]

    def slots(self, _account: str, rule: str | None = None, limit: int = 50) -> list[Slot]:
        """Return a rule's slots, the latest first."""
        mine = [one for (name, _), one in self.slots_of.items() if name == rule]
        return sorted(mine, key=lambda one: one.slot_at, reverse=True)[:limit]

    def slot_open(self, _account: str, rule: str, at: datetime, now: datetime) -> bool:
        """Take a slot that nobody has."""
        if self.busy:
            self.busy -= 1
            raise LedgerError("the ledger is busy")
        if (rule, at) in self.slots_of:
            return False
        self.slots_of[rule, at] = Slot(f"{rule}/{at}", rule, at, "running", None, "", now, None)
        return True

    def slot_close(
        self, _account: str, rule: str, at: datetime, state: Any, now: datetime, **how: Any
    ) -> None:
        """Close a slot that is open."""
        present = self.slots_of[rule, at]
        assert present.state == "running"
        self.slots_of[rule, at] = replace(present, state=state, closed_at=now, note=how.get("note", ""))

    def slot_pass(
        self, account: str, rule: str, at: datetime, state: Any, now: datetime, *, note: str
    ) -> bool:
        """Write down a slot that nobody has."""
        ours = self.slot_open(account, rule, at, now)
        if ours:
            self.slot_close(account, rule, at, state, now, note=note)
        return ours

    def close_orphans(self, _account: str, _now: datetime, but: Iterable[str] = ()) -> list[Slot]:
        """Find none."""
        del but
        return []

    def pauses(self, _account: str, now: datetime) -> list[Pause]:
        """Return the pauses that stand."""
        return [one for one in self.paused if one.since <= now and (one.until is None or now < one.until)]

    def states(self, rule: str = "r") -> dict[datetime, str]:
        """Return how each slot of a rule ended."""
        return {at: one.state for (name, at), one in self.slots_of.items() if name == rule}

    def notes(self, rule: str = "r") -> dict[datetime, str]:
        """Return what is noted on each slot of a rule."""
        return {at: one.note for (name, at), one in self.slots_of.items() if name == rule}


def rule(name: str = "r", cron: str = "0 * * * *", *, digest: str = "h", **how: Any) -> Rule:
    """Return a rule with a schedule."""
    schedule = Schedule(cron, how.pop("timezone", "Asia/Jakarta"), **how)
    return Rule(name, Origin("r.yaml", 1), {}, (), {}, {}, digest, schedule=schedule)


class Shop:
    """A timetable that is served: each slot that is taken is done at once."""

    def __init__(
        self, *rules: Rule, now: datetime = BEGIN, record: Record | None = None, **how: bool
    ) -> None:
        self.record, self.log = record or Record(), Log()
        self.table = Timetable(rules, "default", cast("SlotLedger", self.record), self.log, **how)
        self.ran: list[datetime] = []
        self.table.begin(now)

    def turn(self, now: datetime) -> None:
        """Run what is due."""
        for one in self.table.rules:
            at = self.table.take(one, now)
            if at is not None:
                self.ran.append(at)
                self.record.slot_close("default", one.name, at, "done", now)


@settings(max_examples=examples(40), deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(["30 2 * * *", "0 */6 * * *", "15 1-3 * * *", "0 9 31 * *", "0 9 L * *"]),
    skip=st.lists(st.integers(0, 120), max_size=4),
    jumps=st.lists(
        st.tuples(st.integers(1, 200), st.sampled_from([-30, -3, -1, 5, 24, 200])), min_size=1, max_size=6
    ),
    missed=st.sampled_from(["latest", "skip"]),
    deadline=st.sampled_from([None, timedelta(hours=3)]),
)
def test_over_months_every_slot_is_accounted_for_exactly_once(
    *,
    zone: str,
    cron: str,
    skip: list[int],
    jumps: list[tuple[int, int]],
    missed: Any,
    deadline: timedelta | None,
) -> None:
    """However the clock is set meanwhile, each slot up to the latest time has one ending, and ran at most once."""
    days = tuple((date(2026, 3, 1) + timedelta(days=number),) * 2 for number in skip)
    one = rule(cron=cron, timezone=zone, missed=missed, deadline=deadline, skip=days)
    shop, now, latest = Shop(one), BEGIN, BEGIN
    for hours, jump in jumps:
        for _ in range(hours):
            now += HOUR
            shop.turn(now)
            latest = max(latest, now)
        now += jump * HOUR
    now = max(now, latest) + HOUR
    shop.turn(now)
    assert one.schedule is not None
    came = slots_between(one.schedule, BEGIN, now)
    assert sorted(shop.record.states()) == came
    assert len(shop.ran) == len(set(shop.ran))
    for at, state in shop.record.states().items():
        assert state == "skipped" if day_off(one.schedule, at) else state in {"done", "missed"}


def test_a_holiday_ends_a_slot_with_its_name() -> None:
    """Whoever asks why nothing ran at Christmas reads it in the ledger."""
    eve = datetime(2026, 12, 24, 12, tzinfo=UTC)
    shop = Shop(rule(cron="0 9 * * *", holidays=Holidays("ID")), now=eve)
    shop.turn(eve + timedelta(days=1))
    assert list(shop.record.notes().values()) == ["Hari Raya Natal"]
    assert list(shop.record.states().values()) == ["skipped"]
    shop.turn(eve + timedelta(days=2))
    assert list(shop.record.states().values()) == ["skipped", "done"]


def test_nothing_is_run_late_on_a_day_off() -> None:
    """A slot of the evening before that is found on a holiday is missed: nothing is to run that day."""
    evening = datetime(2026, 12, 24, 13, tzinfo=UTC)  # 20:00 in Jakarta
    shop = Shop(rule(cron="0 21 * * *", holidays=Holidays("ID")), now=evening)
    shop.turn(evening + timedelta(hours=8))
    assert list(shop.record.states().values()) == ["missed"]


@pytest.mark.parametrize("rule_name", ["r", None])
def test_a_pause_skips_slots_and_says_by_whom(rule_name: str | None) -> None:
    """A paused slot is not run later; after the pause its successors run."""
    shop = Shop(rule())
    until = BEGIN + 3 * HOUR
    shop.record.paused = [Pause("default", rule_name, "budi", "stok opname", BEGIN, until)]
    for hours in range(1, 5):
        shop.turn(BEGIN + hours * HOUR)
    assert list(shop.record.states().values()) == ["skipped", "skipped", "done", "done"]
    assert "is paused by budi: stok opname" in shop.record.notes()[BEGIN + HOUR]


def test_anothers_pause_is_nothing_to_a_rule() -> None:
    """A pause names the rule that it stops."""
    shop = Shop(rule())
    shop.record.paused = [Pause("default", "other", "budi", "why", BEGIN)]
    shop.turn(BEGIN + HOUR)
    assert shop.record.states() == {BEGIN + HOUR: "done"}


def test_a_pause_that_is_over_binds_the_slots_that_were_due_under_it() -> None:
    """Whoever found the slot late, after the pause, does not run it either; the next one runs."""
    shop = Shop(rule())
    shop.record.ended = [Pause("default", "r", "budi", "stok opname", BEGIN)]
    shop.turn(BEGIN + HOUR + timedelta(minutes=31))
    assert shop.record.states() == {BEGIN + HOUR: "skipped"}
    assert "is paused by budi: stok opname" in shop.record.notes()[BEGIN + HOUR]
    shop.record.ended = []
    shop.turn(BEGIN + 2 * HOUR)
    assert shop.record.states()[BEGIN + 2 * HOUR] == "done"


# --- restarts -------------------------------------------------------------------------------------------


def test_a_first_slot_that_came_while_nothing_ran_is_run() -> None:
    """A monthly rule is served for weeks, and the machine is started anew over its first slot."""
    record, first = Record(), datetime(2026, 4, 1, 2, tzinfo=UTC)  # 9:00 in Jakarta
    monthly = rule(cron="0 9 1 * *")
    Shop(monthly, record=record, now=BEGIN + 3 * HOUR).turn(first - HOUR)
    shop = Shop(monthly, record=record, now=first + timedelta(minutes=1))
    shop.turn(first + timedelta(minutes=1))
    assert record.states() == {first: "done"}


@pytest.mark.parametrize("enrolled", [False, True])
def test_a_schedule_that_was_changed_while_nothing_ran_has_no_past(*, enrolled: bool) -> None:
    """It has slots only from when somebody saw it, and none of another schedule is taken up."""
    record, thursday = Record(), datetime(2026, 3, 5, 5, tzinfo=UTC)
    Shop(rule(cron="0 9 * * 1"), record=record).turn(datetime(2026, 3, 2, 2, tzinfo=UTC))
    left = record.slots_of["r", datetime(2026, 3, 2, 2, tzinfo=UTC)]
    record.slots_of["r", left.slot_at] = replace(left, state="running", closed_at=None)
    shop = Shop(rule(cron="0 3 * * 2"), record=record, now=thursday, enrolled=enrolled)
    shop.turn(thursday)
    assert list(record.states()) == [left.slot_at]
    assert [one.at for one in shop.table.upcoming()] == [datetime(2026, 3, 9, 20, tzinfo=UTC)]


@pytest.mark.parametrize("whole", [False, True])
def test_a_rule_that_was_away_missed_nothing(*, whole: bool) -> None:
    """It was switched off while all rules were served; of those who serve some, nobody can tell."""
    record, back = Record(), BEGIN + timedelta(days=49)
    Shop(rule(), record=record, whole=True).turn(BEGIN + HOUR)
    Shop(rule("other"), record=record, whole=whole, now=BEGIN + 2 * HOUR)
    Shop(rule(), record=record, whole=True, now=back).turn(back)
    assert ("missed" in record.states().values()) is not whole


def test_an_announced_slot_of_a_former_schedule_is_nobodys() -> None:
    """It is written down, and pulls no slot of today's schedule out of the past."""
    shop = Shop(rule(), now=BEGIN + 5 * HOUR)
    old = Slot("r/old", "r", BEGIN + timedelta(minutes=30), "due", None, "", BEGIN, None)
    shop.table.begin(BEGIN + 5 * HOUR, [old])
    shop.turn(BEGIN + 5 * HOUR)
    assert shop.record.states() == {}
    shop.table.give_up([old], BEGIN + 5 * HOUR)
    assert shop.record.notes() == {old.slot_at: RESCHEDULED}


def test_machines_that_share_schedules_count_from_when_the_rule_was_enrolled() -> None:
    """A server that hears of a new rule only with its first slot takes that slot."""
    shop = Shop(rule(), enrolled=True)
    enrolled, first = BEGIN + HOUR, BEGIN + timedelta(hours=4, minutes=30)
    new, moved = rule("new", "30 11 * * *"), rule(cron="30 11 * * *", digest="moved")
    wanted = {one.name: times(one.schedule) for one in (new, moved) if one.schedule}
    shop.record.anchors.keep("default", wanted, enrolled, gone=lambda _: False)
    shop.table.begin(first, [Slot("r/x", "new", first, "due", None, "", first, None)])
    shop.table.adopt(Edition((new, moved)), first)
    shop.turn(first)
    assert (shop.record.states("new"), shop.record.states("r")) == ({first: "done"}, {first: "done"})


# --- rules that change ----------------------------------------------------------------------------------


def test_a_rule_that_no_longer_loads_fails_its_slots_until_it_is_mended() -> None:
    """The schedule goes on, loudly; nothing is run by a version that nobody wants any more."""
    shop = Shop(rule())
    shop.table.adopt(Edition((), {"r": "r.yaml:3: unknown field"}), BEGIN)
    shop.turn(BEGIN + HOUR)
    assert shop.record.states() == {BEGIN + HOUR: "failed"}
    assert shop.record.notes()[BEGIN + HOUR] == "the rule does not load: r.yaml:3: unknown field"
    assert shop.log.of("rule does not load") == [{"rule": "r", "why": "r.yaml:3: unknown field"}]
    shop.table.adopt(Edition((rule(digest="mended"),)), BEGIN + HOUR)
    shop.turn(BEGIN + 2 * HOUR)
    assert shop.record.states()[BEGIN + 2 * HOUR] == "done"


def test_an_edited_rule_keeps_its_place() -> None:
    """Other conditions on the same schedule: no slot is lost, and the new version runs."""
    shop = Shop(rule())
    shop.turn(BEGIN + HOUR)
    shop.table.adopt(Edition((rule(digest="new"),)), BEGIN + 2 * HOUR)
    shop.turn(BEGIN + 2 * HOUR)
    assert list(shop.record.states().values()) == ["done", "done"]
    assert [one.hash for one in shop.table.rules] == ["new"]


def test_days_off_that_are_new_move_no_slot() -> None:
    """What is to become of slots is another, the slots are the same: one that is due goes by what is said now."""
    shop = Shop(rule())
    shop.table.adopt(Edition((rule(missed="skip"),)), BEGIN + HOUR)
    shop.turn(BEGIN + HOUR)
    assert shop.record.states() == {BEGIN + HOUR: "done"}


def test_what_failed_while_an_edit_was_taken_over_is_done_again() -> None:
    """A ledger that is busy leaves the edit waiting: nothing is told twice, nothing is lost."""
    shop, edited = Shop(rule(), rule("gone")), Edition((rule(cron="*/10 * * * *"),))
    shop.record.busy = 1
    with pytest.raises(LedgerError):
        shop.table.adopt(edited, BEGIN + HOUR)
    shop.table.adopt(edited, BEGIN + HOUR)
    assert (shop.record.notes(), shop.record.notes("gone")) == (
        {BEGIN + HOUR: RESCHEDULED},
        {BEGIN + HOUR: TAKEN_AWAY},
    )
    assert [one.rule.name for one in shop.table.upcoming()] == ["r"]


def test_a_changed_schedule_counts_from_when_it_is_noticed() -> None:
    """A slot of the old one that was due is written down; slots that the new one never had are not missed."""
    shop = Shop(rule())
    edited = rule(cron="*/10 * * * *")
    noticed = BEGIN + HOUR + timedelta(minutes=1)
    shop.table.adopt(Edition((edited,)), noticed)
    shop.turn(noticed + timedelta(minutes=10))
    assert shop.record.states() == {
        BEGIN + HOUR: "skipped",
        BEGIN + HOUR + timedelta(minutes=10): "done",
    }
    assert shop.record.notes()[BEGIN + HOUR] == RESCHEDULED


@pytest.mark.parametrize("gone", [(), (replace(rule(), enabled=False),), (replace(rule(), schedule=None),)])
def test_a_rule_that_is_taken_away_ends(gone: tuple[Rule, ...]) -> None:
    """Deleted, disabled, or without a schedule: what was due is written down, and nothing comes next."""
    shop = Shop(rule())
    shop.table.adopt(Edition(gone), BEGIN + HOUR)
    shop.turn(BEGIN + 5 * HOUR)
    assert shop.record.notes() == {BEGIN + HOUR: TAKEN_AWAY}
    assert shop.table.upcoming() == []


def test_a_new_rule_counts_from_now() -> None:
    """It has no past: nothing of it was missed."""
    shop = Shop(rule())
    shop.table.adopt(Edition((rule(), rule("new"))), BEGIN + 5 * HOUR)
    shop.turn(BEGIN + 6 * HOUR)
    assert shop.record.states("new") == {BEGIN + 6 * HOUR: "done"}


# --- trouble --------------------------------------------------------------------------------------------


def test_a_busy_ledger_loses_no_slot() -> None:
    """What could not be written down is written at the next turn."""
    shop = Shop(rule())
    shop.record.busy = 1
    with pytest.raises(LedgerError):
        shop.turn(BEGIN + 3 * HOUR)
    shop.turn(BEGIN + 3 * HOUR)
    assert list(shop.record.states().values()) == ["missed", "missed", "done"]


def test_a_silence_longer_than_the_list_is_told() -> None:
    """The oldest slot that is listed says that there were more."""
    shop = Shop(rule())
    shop.turn(BEGIN + 1000 * HOUR)
    notes = [note for _, note in sorted(shop.record.notes().items())]
    assert notes[0].startswith(f"{NOBODY_RAN}, nor for any other since 2026-03-01T00:00:00Z")
    assert notes[1:MOST_MISSED] == [NOBODY_RAN] * (MOST_MISSED - 1)
