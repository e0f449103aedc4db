"""Unknown outcomes: kept until they are due, read back, and given one end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tertib.errors import AlreadySettled, LeaseLost, LedgerError
from tertib.model import State

ACCOUNT = "default"


def unknown(desk: Any, ledger: Any, *changes: Any, end: bool = True) -> str:
    """Do a run whose one request got no answer."""
    run: str = desk.begin(ledger, *changes)
    desk.answer(ledger, desk.send(ledger, run, *changes), "unknown", State.SENT, *changes, status=None)
    if end:
        desk.end(ledger, run)
    return run


def settle(desk: Any, ledger: Any, state: State = State.CONFIRMED_BY_READBACK) -> None:
    """Settle the first change that waits."""
    waiting = ledger.unsettled(ACCOUNT)[0]
    change = desk.change(waiting.id, rule=waiting.rule)
    ledger.settle(ACCOUNT, waiting, desk.outcome(change, state, "read back"), desk.now)


def test_an_unknown_change_says_what_to_look_for_and_when(desk: Any) -> None:
    """It carries the wanted values that an answer can show, and is due one settling time after it was sent."""
    ledger = desk.open(settle=timedelta(minutes=20))
    run = unknown(desk, ledger, desk.change(1))
    (waiting,) = ledger.unsettled(ACCOUNT)
    assert (waiting.change_id, waiting.run_id, waiting.id, waiting.order_id) == (
        f"{run}:1",
        run,
        1,
        "order-1",
    )
    assert waiting.set == {"status": "canceled"}
    assert (waiting.sent_at, waiting.due_at) == (desk.now, desk.now + timedelta(minutes=20))


def test_a_claim_without_an_answer_is_unknown_too(desk: Any) -> None:
    """A process that dies between claim and answer leaves its changes to be read back."""
    crashed = desk.open()
    run = desk.begin(crashed, desk.change(1))
    desk.send(crashed, run, desk.change(1))
    crashed.close()
    ledger = desk.open()
    assert [one.id for one in ledger.unsettled(ACCOUNT)] == [1]
    desk.later(minutes=15)
    settle(desk, ledger)
    assert desk.states(ledger, run) == {"1": "confirmed_by_readback"}


@pytest.mark.parametrize("state", [State.CONFIRMED_BY_READBACK, State.NOT_APPLIED, State.HELD])
def test_reading_back_gives_the_end(desk: Any, state: State) -> None:
    """State, reason, time and record; afterwards nothing waits."""
    ledger = desk.open()
    run = unknown(desk, ledger, desk.change(1))
    settled = desk.later(minutes=15)
    settle(desk, ledger, state)
    kept = ledger.run_details(run).changes[0]
    assert (kept.state, kept.why, kept.settled_at) == (state.value, "read back", settled)
    assert ledger.unsettled(ACCOUNT) == ()
    (record,) = ledger.audit_records(ACCOUNT, kind="change_settled")
    assert (record.facts["change"], record.facts["state"]) == (f"{run}:1", state.value)


def test_what_still_cannot_be_told_stays_unknown(desk: Any) -> None:
    """The reason is kept, the change waits on, and the chain does not grow with every attempt."""
    ledger = desk.open()
    run = unknown(desk, ledger, desk.change(1))
    before = desk.kinds(ledger)
    settle(desk, ledger, State.SENT)
    kept = ledger.run_details(run).changes[0]
    assert (kept.state, kept.why, kept.settled_at) == ("sent", "read back", None)
    assert desk.kinds(ledger) == before


def test_a_change_that_may_still_arrive_is_not_settled(desk: Any) -> None:
    """Reading back too early would call a late change undone."""
    ledger = desk.open()
    run = unknown(desk, ledger, desk.change(1))
    desk.later(minutes=15, microseconds=-1)
    with pytest.raises(LedgerError, match="the change of order `order-1` may still arrive") as caught:
        settle(desk, ledger)
    assert caught.value.hint == "settle it after 2026-03-10T05:15:00.000000+00:00"
    assert desk.states(ledger, run) == {"1": "sent"}


@pytest.mark.parametrize("state", [State.CONFIRMED, State.PLANNED, State.ABANDONED])
def test_ends_that_reading_back_cannot_find(desk: Any, state: State) -> None:
    """Only what an order shows can be concluded from it."""
    ledger = desk.open()
    unknown(desk, ledger, desk.change(1))
    desk.later(minutes=15)
    with pytest.raises(ValueError, match=f"reading back cannot find a change `{state}`"):
        settle(desk, ledger, state)


def test_a_change_is_settled_once(desk: Any) -> None:
    """Of two settlements the second is told that it came late, and changes nothing."""
    ledger = desk.open()
    run = unknown(desk, ledger, desk.change(1))
    desk.later(minutes=15)
    (waiting,) = ledger.unsettled(ACCOUNT)
    settle(desk, ledger)
    with pytest.raises(AlreadySettled, match="the change of order `order-1` was settled meanwhile"):
        ledger.settle(ACCOUNT, waiting, desk.outcome(desk.change(1), State.NOT_APPLIED), desk.now)
    assert desk.states(ledger, run) == {"1": "confirmed_by_readback"}


def test_the_ledgers_own_due_time_decides(desk: Any) -> None:
    """Whoever asks with an earlier one is refused all the same."""
    ledger = desk.open()
    run = unknown(desk, ledger, desk.change(1))
    early = replace(ledger.unsettled(ACCOUNT)[0], due_at=desk.now)
    with pytest.raises(LedgerError, match="the change of order `order-1` was settled meanwhile"):
        ledger.settle(ACCOUNT, early, desk.outcome(desk.change(1), State.NOT_APPLIED), desk.now)
    assert desk.states(ledger, run) == {"1": "sent"}


def test_a_reading_of_an_earlier_request_settles_nothing(desk: Any) -> None:
    """A change that was put back and sent again is another unknown than the one that was read back."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    claim = desk.send(ledger, run, change)
    (earlier,) = ledger.unsettled(ACCOUNT)
    desk.later(seconds=30)
    desk.answer(ledger, claim, "refused", State.PLANNED, change, status=422)
    desk.send(ledger, run, change)
    desk.later(minutes=16)
    with pytest.raises(LedgerError, match="was settled meanwhile"):
        ledger.settle(ACCOUNT, earlier, desk.outcome(change, State.NOT_APPLIED), desk.now)
    assert desk.states(ledger, run) == {"1": "sent"}


def test_a_live_run_of_another_process_settles_for_itself(desk: Any) -> None:
    """While it is at work, nobody else writes for the account."""
    far, ledger = desk.elsewhere(), desk.open()
    run = unknown(desk, far, desk.change(1), end=False)
    desk.later(minutes=14, seconds=30)
    far.renew(run, desk.now)
    desk.later(seconds=40)
    with pytest.raises(LeaseLost, match=f"run `{run}` is at work on account `default`"):
        settle(desk, ledger)
    settle(desk, far)
    assert desk.states(ledger, run) == {"1": "confirmed_by_readback"}
    desk.end(far, run)


def test_a_lease_that_is_over_is_shut_out_before_settling(desk: Any) -> None:
    """The worker that was frozen over its request cannot write its late answer over what was read back."""
    frozen, ledger = desk.elsewhere(), desk.open()
    first, second = desk.changes(2)
    run = desk.begin(frozen, first, second)
    claim = desk.send(frozen, run, first)
    desk.later(minutes=16)
    settle(desk, ledger, State.NOT_APPLIED)
    with pytest.raises(LeaseLost):
        desk.answer(frozen, claim, "answered", State.CONFIRMED, first)
    assert desk.states(ledger, run) == {"0": "not_applied", "1": "abandoned"}
    assert desk.kinds(ledger)[-3:] == ["run_interrupted", "lease_taken_over", "change_settled"]
    assert desk.begin(ledger, second) == "default-3"


def test_settling_works_on_a_halted_account(desk: Any) -> None:
    """Reading back sends nothing, and shows the person who must look what has happened."""
    ledger = desk.open()
    run = unknown(desk, ledger, desk.change(1))
    ledger.halt(ACCOUNT, "look first", desk.now)
    desk.later(minutes=15)
    settle(desk, ledger)
    assert desk.states(ledger, run) == {"1": "confirmed_by_readback"}


def test_the_oldest_waits_first(desk: Any) -> None:
    """Unknown changes come in the order in which they were sent."""
    ledger = desk.open()
    for number in (5, 3, 4):
        unknown(desk, ledger, desk.change(number))
        desk.later(minutes=1)
    assert [one.id for one in ledger.unsettled(ACCOUNT)] == [5, 3, 4]
