"""Scheduled times: taken once, closed once, and free again only where nothing was begun."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tertib.errors import LedgerError, PlanRefused, SlotLost
from tertib.ledger import slot_key
from tertib.model import Held, Run, Spent, State

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
    run = desk.begin(ledger, desk.change(1), slots=[key])
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
    run = desk.begin(crashed, desk.change(1), slots=[slot_key(ACCOUNT, "cancel", EIGHT)])
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


# --- slots that share a run -----------------------------------------------------------------------------


def taken_together(desk: Any, ledger: Any, *rules: str) -> list[str]:
    """Take the slots of rules that are due together and return their keys."""
    for rule in rules:
        assert ledger.slot_open(ACCOUNT, rule, EIGHT, desk.now)
    return [slot_key(ACCOUNT, rule, EIGHT) for rule in rules]


def test_every_slot_of_a_run_knows_it_from_its_beginning(desk: Any) -> None:
    """None of them counts as never begun: not to the process that gives slots back, not to the next one."""
    ledger = desk.open()
    run = desk.begin(ledger, desk.change(1), slots=taken_together(desk, ledger, "a", "b", "c"))
    assert {slot.run_id for slot in ledger.slots(ACCOUNT)} == {run}
    assert ledger.run_details(run).run.slot == slot_key(ACCOUNT, "a", EIGHT)
    desk.end(ledger, run)
    ledger.give_back(ACCOUNT, desk.now)
    ledger.close()
    successor = desk.open()
    for rule in ("a", "b", "c"):
        assert not successor.slot_open(ACCOUNT, rule, EIGHT, desk.now)
        assert not successor.slot_pass(ACCOUNT, rule, EIGHT, "missed", desk.now, note="nobody")


def test_an_interrupted_run_fails_all_its_slots(desk: Any) -> None:
    """Each of them is closed by the run that comes next."""
    crashed = desk.open()
    run = desk.begin(crashed, desk.change(1), slots=taken_together(desk, crashed, "a", "b"))
    crashed.close()
    ledger = desk.open()
    desk.begin(ledger, desk.change(2))
    assert {(slot.state, slot.run_id) for slot in ledger.slots(ACCOUNT)} == {("failed", run)}


def test_no_run_begins_where_one_of_its_slots_had_one(desk: Any) -> None:
    """Whichever of them it is; the refusal takes no lease, and the slots are as they were."""
    ledger = desk.open()
    first = taken_together(desk, ledger, "a", "b")
    run = desk.begin(ledger, desk.change(1), slots=first)
    desk.end(ledger, run)
    (third,) = taken_together(desk, ledger, "c")
    with pytest.raises(PlanRefused, match=f"slot `{first[1]}` already had its run `{run}`"):
        desk.begin(ledger, desk.change(2), slots=[third, first[1]])
    assert ledger.slots(ACCOUNT, "c")[0].run_id is None
    assert desk.begin(ledger, desk.change(2), slots=[third]) == "default-2"


def test_no_run_begins_for_a_slot_that_is_anothers(desk: Any) -> None:
    """A process that slept wakes up when its slot was closed, or taken, by another."""
    ledger, other = desk.open(), desk.open()
    (mine, theirs) = taken_together(desk, ledger, "mine")[0], taken_together(desk, other, "theirs")[0]
    with pytest.raises(SlotLost, match="is no longer this process's"):
        desk.begin(ledger, desk.change(1), slots=[mine, theirs])
    ledger.slot_close(ACCOUNT, "mine", EIGHT, "skipped", desk.now)
    with pytest.raises(SlotLost, match="was already closed as `skipped`"):
        desk.begin(ledger, desk.change(1), slots=[mine])


def test_a_slot_is_closed_by_the_process_that_has_it(desk: Any) -> None:
    """What a process remembers of a slot that it gave back, or that another has by now, is no longer true of it."""
    ledger, other = desk.open(), desk.open()
    taken_together(desk, ledger, "cancel")
    with pytest.raises(SlotLost, match="is no longer this process's"):
        other.slot_close(ACCOUNT, "cancel", EIGHT, "done", desk.now)
    ledger.give_back(ACCOUNT, desk.now)
    with pytest.raises(SlotLost, match="is no longer this process's"):
        ledger.slot_close(ACCOUNT, "cancel", EIGHT, "failed", desk.now)
    assert other.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    other.slot_close(ACCOUNT, "cancel", EIGHT, "done", desk.now)


# --- slots that nobody closed ---------------------------------------------------------------------------


def left(
    desk: Any, *changes: Any, state: State = State.CONFIRMED, stopped: str | None = None, **given: Any
) -> Any:
    """Let a process end between the end of a run and the closing of its slot; return the slot as it is closed then."""
    crashed = desk.open()
    crashed.slot_open(ACCOUNT, "cancel", EIGHT, desk.now)
    plan = desk.save(crashed, *changes, **given)
    slots = [slot_key(ACCOUNT, "cancel", EIGHT)]
    run = crashed.begin(ACCOUNT, plan.plan_id, kind="slot", slots=slots, now=desk.now)
    crashed.intend(run, changes, [desk.document(one) for one in changes], desk.now)
    if changes and state is State.CONFIRMED:
        desk.answer(crashed, desk.send(crashed, run, *changes), "answered", state, *changes)
    elif changes and state is not State.PLANNED:
        crashed.conclude(run, [desk.outcome(one, state) for one in changes], desk.now)
    crashed.end(Run(run, plan.plan_id, Spent(), 0, (), stopped), desk.now)
    crashed.close()
    ledger = desk.open()
    assert [(one.rule, one.run_id) for one in ledger.orphans(ACCOUNT, desk.now)] == [("cancel", run)]
    (closed,) = ledger.close_orphans(ACCOUNT, desk.now)
    assert closed == ledger.slots(ACCOUNT)[0]
    assert closed.note.endswith(f"run `{run}` was ended")
    assert ledger.orphans(ACCOUNT, desk.now) == ()
    return closed


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        (State.CONFIRMED, "done"),
        (State.STALE, "done"),
        (State.PLANNED, "held"),  # abandoned with the run's end
        (State.HELD, "failed"),  # by a veto or by a pause: the record does not tell
    ],
)
def test_a_slot_whose_run_ended_is_closed_as_its_changes_tell(desk: Any, state: State, ended: str) -> None:
    """The process died between its run's end and the slot's: the run tells what was done, as far as it can."""
    assert left(desk, desk.change(1), state=state).state == ended


def test_a_slot_whose_run_had_nothing_to_do_is_done(desk: Any) -> None:
    """Its plan has no order of the rule, and held none."""
    assert left(desk).state == "done"


@pytest.mark.parametrize(
    "how",
    [
        {"held": (Held("1", "cancel", "limit_orders", "too many"),)},
        {"rules": ()},
        {"stopped": "failed: KeyError"},
    ],
    ids=["held", "a rule of no part that acts", "stopped"],
)
def test_a_slot_of_which_the_record_tells_too_little_has_failed(desk: Any, how: Any) -> None:
    """Orders that were held may be as they should, or kept by a limit; a run that stopped may have failed."""
    assert left(desk, **how).state == "failed"


def test_a_slot_whose_run_ended_is_its_own_process_to_close(desk: Any) -> None:
    """Another process that looks in the moment between the two leaves it alone, here and on another machine."""
    for mine, rule in ((desk.open(), "here"), (desk.elsewhere(), "there")):
        run = desk.begin(mine, desk.change(1), slots=taken_together(desk, mine, rule))
        desk.end(mine, run)
        other = desk.open()
        assert other.orphans(ACCOUNT, desk.now) == other.close_orphans(ACCOUNT, desk.now) == ()
        mine.slot_close(ACCOUNT, rule, EIGHT, "done", desk.now, run_id=run)


def test_a_slot_whose_run_is_still_open_is_left_to_the_next_run(desk: Any) -> None:
    """What was sent may be under way: the next run takes the account over, and fails the slot."""
    crashed = desk.open()
    desk.begin(crashed, desk.change(1), slots=taken_together(desk, crashed, "cancel"))
    crashed.close()
    assert desk.open().close_orphans(ACCOUNT, desk.now) == ()


def test_a_slot_that_names_no_process_is_closed_with_its_run(desk: Any) -> None:
    """An older version wrote none."""
    ledger = desk.open()
    run = desk.begin(ledger, desk.change(1), slots=taken_together(desk, ledger, "cancel"))
    desk.end(ledger, run)
    desk.execute("UPDATE slots SET owner = NULL")
    (closed,) = desk.open().close_orphans(ACCOUNT, desk.now)
    assert closed.run_id == run


def test_a_worker_gives_back_its_own_slots_only(desk: Any) -> None:
    """What it took and began no run for is due again; what another process took stays that one's."""
    mine, other = desk.open(), desk.elsewhere()
    at = desk.now
    assert mine.slot_open(ACCOUNT, "mine", at, desk.now)
    assert other.slot_open(ACCOUNT, "other", at, desk.now)
    mine.give_back(ACCOUNT, desk.now)
    assert {slot.rule: slot.state for slot in mine.slots(ACCOUNT)} == {"mine": "due", "other": "running"}


def test_each_rules_latest_slot_is_found_among_any_number(desk: Any) -> None:
    """However many slots other rules had since; rules that are not asked about, or had none, are left out."""
    ledger = desk.open()
    for rule, hours in (("cancel", 0), ("cancel", 1), ("close", 2), ("other", 3)):
        ledger.slot_close(ACCOUNT, rule, EIGHT + timedelta(hours=hours), "missed", desk.now, note="late")
    ledger.slot_close("second", "cancel", EIGHT + timedelta(hours=9), "missed", desk.now, note="late")
    found = ledger.last_slots(ACCOUNT, {"close", "cancel", "never"})
    assert [(one.rule, one.slot_at - EIGHT) for one in found] == [
        ("cancel", timedelta(hours=1)),
        ("close", timedelta(hours=2)),
    ]
    assert ledger.last_slots(ACCOUNT, ()) == ()
