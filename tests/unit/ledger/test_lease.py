"""One writer an account: who gets the lease, who is shut out, and what becomes of what they leave behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tertib.errors import AccountHalted, LeaseLost, LedgerError, PlanRefused
from tertib.ledger.process import Owner, host
from tertib.model import State

ACCOUNT = "default"


def begin(desk: Any, ledger: Any, plan: Any, **given: Any) -> str:
    """Begin a run of a recorded plan."""
    named = {"kind": "apply", "slots": (), "now": desk.now} | given
    run: str = ledger.begin(ACCOUNT, plan.plan_id, **named)
    return run


# --- who gets it ----------------------------------------------------------------------------------------


def test_a_second_run_waits_for_the_first(desk: Any) -> None:
    """While one run holds the account no other begins, in this process or another; ending it lets the next in."""
    ledger, other = desk.open(), desk.open()
    run = desk.begin(ledger, desk.change(1))
    plan = desk.save(other, desk.change(2))
    for one in (ledger, other):
        with pytest.raises(LeaseLost, match=f"run `{run}` is at work on account `default`"):
            begin(desk, one, plan)
    desk.end(ledger, run)
    assert begin(desk, other, plan) == "default-2"


def test_accounts_do_not_wait_for_each_other(desk: Any) -> None:
    """Each account has a lease, an epoch and run numbers of its own."""
    ledger = desk.open()
    desk.begin(ledger, desk.change(1))
    other = desk.save(ledger, desk.change(1), account="second")
    assert ledger.begin("second", other.plan_id, kind="apply", slots=(), now=desk.now) == "second-1"


def test_a_lease_whose_process_cannot_be_seen_ends_with_its_time(desk: Any) -> None:
    """A machine that fell silent keeps the account until its lease expires, and not a moment longer."""
    far = desk.elsewhere()
    desk.begin(far, desk.change(1))
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(2))
    desk.later(minutes=2, microseconds=-1)
    with pytest.raises(LeaseLost):
        begin(desk, ledger, plan)
    desk.later(microseconds=1)
    assert begin(desk, ledger, plan) == "default-2"


def test_a_lease_whose_process_is_gone_is_taken_over_at_once(desk: Any) -> None:
    """A process number that nothing runs under needs no waiting."""
    dead = Owner(host(), 2**22 + 1, "long ago", 1)  # above the largest number that Linux gives out
    desk.begin(desk.open(owner=dead), desk.change(1))
    assert desk.begin(desk.open(), desk.change(2)) == "default-2"


def test_a_process_number_that_was_given_out_again_is_another_process(desk: Any) -> None:
    """The same number with another start time is not the process that took the lease."""
    earlier = Owner(host(), os.getppid(), "1", 1)
    desk.begin(desk.open(owner=earlier), desk.change(1))
    assert desk.begin(desk.open(), desk.change(2)) == "default-2"


def test_renewing_extends_the_lease(desk: Any) -> None:
    """A long run that renews is not overtaken; one that does not, is."""
    far = desk.elsewhere()
    run = desk.begin(far, desk.change(1))
    for _ in range(5):
        far.renew(run, desk.later(seconds=90))
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(2))
    with pytest.raises(LeaseLost):
        begin(desk, ledger, plan)
    desk.later(minutes=3)
    begin(desk, ledger, plan)
    with pytest.raises(LeaseLost, match=f"run `{run}` no longer holds account `default`"):
        far.renew(run, desk.now)


def test_a_lease_that_nobody_took_can_be_renewed_late(desk: Any) -> None:
    """A laptop that slept through its lease goes on where nobody else began meanwhile."""
    ledger = desk.elsewhere()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    ledger.renew(run, desk.later(hours=1))
    assert desk.send(ledger, run, change).ids == (1,)


# --- who is shut out ------------------------------------------------------------------------------------


def test_nothing_of_a_run_that_was_overtaken_is_written(desk: Any) -> None:
    """A worker that was frozen and wakes up can neither claim, answer, conclude nor end."""
    frozen = desk.elsewhere()
    first, second, third = desk.changes(3)
    run = desk.begin(frozen, first, second)
    claim = desk.send(frozen, run, first)
    desk.later(minutes=3)
    ledger = desk.open()
    desk.begin(ledger, third)
    before = (desk.states(ledger, run), desk.kinds(ledger))
    attempts: list[Callable[[], object]] = [
        lambda: desk.send(frozen, run, second),
        lambda: desk.answer(frozen, claim, "answered", State.CONFIRMED, first),
        lambda: frozen.conclude(run, [desk.outcome(second, State.STALE)], desk.now),
        lambda: frozen.intend(run, [desk.change(9)], [{}], desk.now),
        lambda: frozen.renew(run, desk.now),
        lambda: desk.end(frozen, run),
    ]
    for attempt in attempts:
        with pytest.raises(LeaseLost):
            attempt()
    assert (desk.states(ledger, run), desk.kinds(ledger)) == before


def test_a_run_that_ended_can_write_nothing_more(desk: Any) -> None:
    """Ending is final, though the account's epoch is still the run's."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    desk.end(ledger, run)
    with pytest.raises(LeaseLost):
        desk.send(ledger, run, change)
    with pytest.raises(LeaseLost):
        desk.end(ledger, run)


def test_a_run_that_is_unknown_is_named(desk: Any) -> None:
    """A run of another ledger is not taken for one of this."""
    with pytest.raises(LedgerError, match="this ledger has no run `default-7`"):
        desk.open().renew("default-7", desk.now)


# --- what is left behind --------------------------------------------------------------------------------


def test_the_next_run_closes_what_an_interrupted_one_left(desk: Any) -> None:
    """What was planned is abandoned and may be decided afresh; what was sent stays unknown, to be read back."""
    crashed = desk.open()
    first, second = desk.changes(2)
    run = desk.begin(crashed, first, second, slots=["default/cancel/1"])
    desk.send(crashed, run, first)
    crashed.close()
    ledger = desk.open()
    again = desk.begin(ledger, second)
    assert desk.states(ledger, run) == {"0": "sent", "1": "abandoned"}
    assert [one.state for one in ledger.runs(ACCOUNT)] == ["running", "interrupted"]
    assert [one.change_id for one in ledger.unsettled(ACCOUNT)] == [f"{run}:1"]
    assert desk.send(ledger, again, second).ids == (1,)
    told = next(iter(ledger.audit_records(ACCOUNT, kind="run_interrupted")))
    assert told.facts == {"run": run, "abandoned": 1, "unknown": 1}


def test_ending_a_run_abandons_what_it_did_not_send(desk: Any) -> None:
    """A run that stops early leaves nothing `planned`."""
    ledger = desk.open()
    run = desk.begin(ledger, *desk.changes(2))
    desk.end(ledger, run)
    assert desk.states(ledger, run) == {"0": "abandoned", "1": "abandoned"}


def test_totals_tell_states_and_requests(desk: Any) -> None:
    """A run's totals count its orders by state and its requests by purpose."""
    ledger = desk.open()
    changes = desk.changes(4)
    run = desk.begin(ledger, *changes)
    desk.answer(ledger, desk.send(ledger, run, changes[3]), "answered", State.CONFIRMED, changes[3])
    outcomes = [
        desk.outcome(changes[0], State.HELD),
        *(desk.outcome(one, State.STALE) for one in changes[1:3]),
    ]
    ledger.conclude(run, outcomes, desk.now)
    desk.end(ledger, run, *outcomes)
    details = ledger.run_details(run)
    assert details.run.totals == {
        "held": 1, "stale": 2, "confirmed": 1, "on_the_wire": 1, "reads": 2, "retries": 0, "rereads": 0, "writes": 1,
    }  # fmt: skip


# --- plans and slots are used once ----------------------------------------------------------------------


def test_a_plan_is_applied_once(desk: Any) -> None:
    """The second apply of a plan is refused with the run that did it."""
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(1))
    run = begin(desk, ledger, plan)
    desk.end(ledger, run)
    with pytest.raises(PlanRefused, match=f"plan `{plan.plan_id}` was already applied, by run `{run}`"):
        begin(desk, ledger, plan)
    assert ledger.plans(ACCOUNT)[0].applied_by == run


def test_a_plan_of_another_ledger_or_account_is_refused(desk: Any) -> None:
    """Only what is on record here, for this account, can be applied; a refusal takes no lease."""
    ledger = desk.open()
    foreign = desk.save(ledger, desk.change(1), account="second")
    with pytest.raises(PlanRefused, match="was made for account `second`, not `default`"):
        begin(desk, ledger, foreign)
    with pytest.raises(PlanRefused, match="plan `plan-9` is not recorded in this ledger"):
        ledger.begin(ACCOUNT, "plan-9", kind="apply", slots=(), now=desk.now)
    assert desk.begin(ledger, desk.change(1)) == "default-1"


def test_a_slot_has_one_run(desk: Any) -> None:
    """A run key is used once, even after its run ended."""
    ledger = desk.open()
    run = desk.begin(ledger, desk.change(1), slots=["default/cancel/8:00"])
    desk.end(ledger, run)
    with pytest.raises(PlanRefused, match=f"slot `default/cancel/8:00` already had its run `{run}`"):
        desk.begin(ledger, desk.change(2), slots=["default/cancel/8:00"])


def test_a_run_may_have_no_plan(desk: Any) -> None:
    """A run whose rules all only preview still has its record."""
    ledger = desk.open()
    run = ledger.begin(ACCOUNT, None, kind="run", slots=(), now=desk.now)
    desk.end(ledger, run)
    assert ledger.run_details(run).run.plan_id is None


# --- stopped accounts -----------------------------------------------------------------------------------


def test_a_halted_account_begins_nothing_until_a_person_clears_it(desk: Any) -> None:
    """The refusal names the reason and where to look; clearing is recorded with who and why."""
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(1))
    ledger.halt(ACCOUNT, "Scalev changed an order that was not sent", desk.now)
    ledger.halt(ACCOUNT, "a second reason", desk.now)
    assert ledger.halted(ACCOUNT) == "Scalev changed an order that was not sent"
    with pytest.raises(
        AccountHalted, match="`default` was stopped: Scalev changed an order that was"
    ) as caught:
        begin(desk, ledger, plan)
    assert "tertib doctor" in str(caught.value.hint)
    ledger.clear_halt(ACCOUNT, "rina", "looked at the order: it was ours", desk.now)
    assert ledger.halted(ACCOUNT) is None
    assert begin(desk, ledger, plan) == "default-1"
    assert desk.kinds(ledger)[-3:] == ["account_halted", "halt_cleared", "run_begun"]


def test_clearing_what_is_not_halted_is_an_error(desk: Any) -> None:
    """A mistaken account name must not look like a success."""
    with pytest.raises(LedgerError, match="account `default` is not stopped"):
        desk.open().clear_halt(ACCOUNT, "rina", "why not", desk.now)


def test_the_lease_can_be_shorter_or_longer(desk: Any) -> None:
    """`lease_ttl` decides how long a claim is good for."""
    ledger = desk.open(lease_ttl=timedelta(seconds=40))
    change = desk.change(1)
    run = desk.begin(ledger, change)
    assert desk.send(ledger, run, change).deadline == desk.now + timedelta(seconds=40)
