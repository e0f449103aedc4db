"""Scheduled times: taken once, closed once, and free again only where nothing was begun."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tertib.errors import LedgerError
from tertib.ledger import slot_key

ACCOUNT = "default"
EIGHT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def test_a_slot_is_taken_once(desk: Any) -> None:
    """The second process, and the second attempt of the first, are told no."""
    ledger, other = desk.open(), desk.open()
    assert ledger.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    assert not other.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    assert not ledger.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    assert other.slot_open(ACCOUNT, "close", EIGHT, desk.now)
    assert other.slot_open("second", "cancel", EIGHT, desk.now)


def test_a_slot_is_an_instant_whatever_its_zone(desk: Any) -> None:
    """Eight in Jakarta and one in UTC are the same slot."""
    ledger = desk.open()
    jakarta = EIGHT.astimezone(timezone(timedelta(hours=7)))
    assert slot_key(ACCOUNT, "cancel", jakarta) == "default/cancel/2026-03-10T01:00:00Z"
    assert ledger.slot_open(ACCOUNT, "cancel", jakarta, desk.now)
    assert not ledger.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)


def test_a_slot_is_closed_with_its_run(desk: Any) -> None:
    """What became of it can be looked up by rule, the latest first."""
    ledger = desk.open()
    opened = desk.now
    ledger.slot_open(ACCOUNT, "cancel", EIGHT, opened)
    key = slot_key(ACCOUNT, "cancel", EIGHT)
    run = desk.begin(ledger, desk.change(1), slot=key)
    assert ledger.slots(ACCOUNT)[0].run_id == run
    closed = desk.later(seconds=9)
    ledger.slot_close(ACCOUNT, "cancel", EIGHT, "done", closed, run_id=run, note="3 orders")
    ledger.slot_close(ACCOUNT, "close", EIGHT + timedelta(hours=1), "missed", closed, note="nobody ran")
    missed, done = ledger.slots(ACCOUNT)
    assert (done.key, done.state, done.run_id, done.note) == (key, "done", run, "3 orders")
    assert (done.opened_at, done.closed_at, done.slot_at) == (opened, closed, EIGHT)
    assert (missed.rule, missed.state, missed.run_id, missed.note) == ("close", "missed", None, "nobody ran")
    assert [one.rule for one in ledger.slots(ACCOUNT, "cancel")] == ["cancel"]
    assert desk.kinds(ledger)[-2:] == ["slot_closed", "slot_closed"]


def test_a_slot_is_closed_once(desk: Any) -> None:
    """What is written of a slot stays."""
    ledger = desk.open()
    ledger.slot_close(ACCOUNT, "cancel", EIGHT, "missed", desk.now)
    with pytest.raises(
        LedgerError, match="slot `default/cancel/2026-03-10T01:00:00Z` was already closed as `missed`"
    ):
        ledger.slot_close(ACCOUNT, "cancel", EIGHT, "done", desk.now)
    assert not ledger.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)


def test_the_last_slot_is_the_latest_of_its_rule(desk: Any) -> None:
    """What was decided in whichever way counts; a rule without slots has none."""
    ledger = desk.open()
    assert ledger.last_slot(ACCOUNT, "cancel") is None
    ledger.slot_close(ACCOUNT, "cancel", EIGHT, "skipped", desk.now)
    ledger.slot_open(ACCOUNT, "cancel", EIGHT - timedelta(hours=1), desk.now)
    ledger.slot_open(ACCOUNT, "close", EIGHT + timedelta(hours=1), desk.now)
    assert ledger.last_slot(ACCOUNT, "cancel") == EIGHT


def test_a_slot_whose_process_died_before_its_run_is_free_again(desk: Any) -> None:
    """Nothing was sent for it, so it is not lost."""
    crashed = desk.open()
    crashed.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    crashed.close()
    ledger = desk.open()
    assert ledger.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    assert not desk.open().slot_open(ACCOUNT, "cancel", EIGHT, desk.now)


def test_a_slot_whose_process_cannot_be_seen_is_not_free(desk: Any) -> None:
    """Another machine may still be at it."""
    desk.elsewhere().slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    assert not desk.open().slot_open(ACCOUNT, "cancel", EIGHT, desk.now)


def test_a_slot_whose_run_had_begun_is_not_run_again(desk: Any) -> None:
    """The run may have sent something: the next run closes the slot as failed and decides afresh."""
    crashed = desk.open()
    crashed.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    run = desk.begin(crashed, desk.change(1), slot=slot_key(ACCOUNT, "cancel", EIGHT))
    crashed.close()
    ledger = desk.open()
    assert not ledger.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    desk.begin(ledger, desk.change(2))
    (slot,) = ledger.slots(ACCOUNT)
    assert (slot.state, slot.run_id, slot.note) == ("failed", run, "the run was interrupted")


def test_a_slot_that_nothing_runs_for_is_written_down_once(desk: Any) -> None:
    """One that another process has, or had, is its own to close."""
    ledger, other = desk.open(), desk.elsewhere()
    assert ledger.slot_pass(ACCOUNT, "cancel", EIGHT, "skipped", desk.now, note="Hari Raya Natal")
    assert not other.slot_pass(ACCOUNT, "cancel", EIGHT, "missed", desk.now, note="nobody")
    other.slot_open(ACCOUNT, "close", EIGHT, desk.now)
    assert not ledger.slot_pass(ACCOUNT, "close", EIGHT, "missed", desk.now, note="nobody")
    states = {one.rule: (one.state, one.note) for one in ledger.slots(ACCOUNT)}
    assert states == {"cancel": ("skipped", "Hari Raya Natal"), "close": ("running", "")}


def test_a_slot_of_a_dead_process_can_be_written_down(desk: Any) -> None:
    """Its successor finds it too old to be run."""
    crashed = desk.open()
    crashed.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    crashed.close()
    assert desk.open().slot_pass(ACCOUNT, "cancel", EIGHT, "missed", desk.now, note="nobody")


def test_slots_that_nobody_takes_up_are_closed_as_failed(desk: Any) -> None:
    """A rule that was taken away after a crash leaves no slot that runs for ever; those of others are left alone."""
    crashed, other = desk.open(), desk.elsewhere()
    crashed.slot_open(ACCOUNT, "gone", EIGHT, desk.now)
    crashed.slot_open(ACCOUNT, "served", EIGHT, desk.now)
    other.slot_open(ACCOUNT, "elsewhere", EIGHT, desk.now)
    crashed.close()
    ledger = desk.open()
    (closed,) = ledger.close_orphans(ACCOUNT, desk.now, {slot_key(ACCOUNT, "served", EIGHT)})
    assert (closed.rule, closed.state) == ("gone", "failed")
    assert closed.note == "its process ended before it said what became of it; no run began"
    states = {one.rule: one.state for one in ledger.slots(ACCOUNT)}
    assert states == {"gone": "failed", "served": "running", "elsewhere": "running"}
    assert ledger.close_orphans(ACCOUNT, desk.now, {slot_key(ACCOUNT, "served", EIGHT)}) == ()


def test_a_slot_whose_run_ended_is_closed_with_it(desk: Any) -> None:
    """The process died between its run's end and the slot's: the run tells what was done."""
    crashed = desk.open()
    crashed.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    run = desk.begin(crashed, desk.change(1), slot=slot_key(ACCOUNT, "cancel", EIGHT))
    desk.end(crashed, run)
    crashed.close()
    (closed,) = desk.open().close_orphans(ACCOUNT, desk.now)
    assert (closed.state, closed.run_id) == ("failed", run)
    assert closed.note.endswith(f"run `{run}` was ended")


def test_a_worker_gives_back_its_own_slots_only(desk: Any) -> None:
    """What it took and began no run for is due again; what another process took stays that one's."""
    mine, other = desk.open(), desk.elsewhere()
    at = desk.now
    assert mine.slot_open(ACCOUNT, "mine", at, desk.now)
    assert other.slot_open(ACCOUNT, "other", at, desk.now)
    mine.give_back(ACCOUNT, desk.now)
    assert {slot.rule: slot.state for slot in mine.slots(ACCOUNT)} == {"mine": "due", "other": "running"}
