"""Intents before anything happens, and ends of what was never sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tertib.errors import LedgerError
from tertib.model import Mode, RuleTally, Source, State

ACCOUNT = "default"


def test_an_intent_is_kept_whole(desk: Any) -> None:
    """Order, rule, values, money, reasons and where it was read: all there after the fact."""
    ledger = desk.open()
    change = desk.change(41)
    run = desk.begin(ledger, change)
    (kept,) = ledger.run_details(run).changes
    assert (kept.change_id, kept.plan_id, kept.id, kept.order_id, kept.rule) == (
        "default-1:1", "plan-1", 41, "order-41", "cancel",
    )  # fmt: skip
    assert (kept.rule_hash, kept.source, kept.reversible, kept.state) == (
        "hash of cancel",
        Source(),
        False,
        "planned",
    )
    assert (kept.before, kept.set) == (change.before, change.set)
    assert (kept.value, kept.read_at, kept.planned_at) == (Decimal("168724.00"), desk.now, desk.now)
    assert kept.trace == desk.document(change)["reasons"]


def test_the_store_of_a_rules_source_goes_with_its_changes(desk: Any) -> None:
    """What was read from a store's customer is read back there."""
    ledger = desk.open()
    change = desk.change(1)
    plan = desk.save(
        ledger, change, definitions=({"name": "cancel", "source": {"customer_orders": {"store": "store_x"}}},)
    )
    run = ledger.begin(ACCOUNT, plan.plan_id, kind="apply", slots=(), now=desk.now)
    ledger.intend(run, [change], [{}], desk.now)
    desk.send(ledger, run, change)
    assert ledger.unsettled(ACCOUNT)[0].source == Source("store_x")


def test_masks_of_the_plan_are_kept_beside_the_fingerprints(desk: Any) -> None:
    """People see `6281•••89`; comparisons use the hash."""
    ledger = desk.open()
    plain = desk.change(1, set={"payment_account_number": "6281234567889"})
    hidden = {"mask": "6281•••89", "fingerprint": ledger.fingerprint("6281234567889")}
    run = desk.begin(ledger)
    ledger.intend(run, [plain], [{"set": {"payment_account_number": hidden}}], desk.now)
    desk.send(ledger, run, plain)
    assert ledger.run_details(run).changes[0].set == {"payment_account_number": hidden}
    assert ledger.unsettled(ACCOUNT)[0].set == {
        "payment_account_number": {"fingerprint": hidden["fingerprint"]}
    }


def test_a_mask_of_another_value_is_not_kept(desk: Any) -> None:
    """A document that disagrees with the change does not decide what is shown."""
    ledger = desk.open()
    change = desk.change(1, set={"payment_account_number": "6281234567889"})
    run = desk.begin(ledger)
    ledger.intend(
        run, [change], [{"set": {"payment_account_number": {"mask": "x", "fingerprint": "y"}}}], desk.now
    )
    kept = ledger.run_details(run).changes[0].set
    assert kept == {"payment_account_number": {"fingerprint": ledger.fingerprint("6281234567889")}}


def test_a_change_restored_from_its_file_keeps_its_fingerprint(desk: Any) -> None:
    """A value that is known by its hash only is not hashed again."""
    ledger = desk.open()
    hidden = {"mask": "S•••", "fingerprint": "abc123"}
    change = desk.change(1, set={"payment_account_holder": hidden})
    run = desk.begin(ledger, change)
    assert ledger.run_details(run).changes[0].set == {"payment_account_holder": hidden}


def test_a_run_changes_an_order_once(desk: Any) -> None:
    """Two intents for one order in one run are a mistake, whatever their rules."""
    ledger = desk.open()
    with pytest.raises(ValueError, match="a run changes an order once"):
        desk.begin(ledger, desk.change(1), desk.change("1", rule="other"))


def test_intending_nothing_writes_nothing(desk: Any) -> None:
    """A plan without changes leaves no empty record."""
    ledger = desk.open()
    desk.begin(ledger)
    assert "changes_planned" not in desk.kinds(ledger)


def test_the_chain_binds_what_was_intended(desk: Any) -> None:
    """The record names orders and rules, and a digest of values and reasons that may be forgotten later."""
    ledger = desk.open()
    desk.begin(ledger, desk.change(1), desk.change(2, value=None))
    (record,) = ledger.audit_records(ACCOUNT, kind="changes_planned")
    first, second = record.facts["changes"]
    assert {name: first[name] for name in ("change", "id", "order_id", "rule", "rule_hash")} == {
        "change": "default-1:1", "id": 1, "order_id": "order-1", "rule": "cancel", "rule_hash": "hash of cancel",
    }  # fmt: skip
    assert len(first["digest"]) == 64
    assert first["digest"] != second["digest"]


# --- ends without a request -----------------------------------------------------------------------------


def test_what_was_planned_can_end_unsent(desk: Any) -> None:
    """Held, stale and abandoned changes have their reason and their time."""
    ledger = desk.open()
    changes = desk.changes(3)
    run = desk.begin(ledger, *changes)
    states = (State.HELD, State.STALE, State.ABANDONED)
    ended = desk.later(seconds=1)
    ledger.conclude(
        run, [desk.outcome(one, state) for one, state in zip(changes, states, strict=True)], ended
    )
    kept = ledger.run_details(run).changes
    assert [(one.state, one.why, one.settled_at) for one in kept] == [
        (state.value, "because", ended) for state in states
    ]
    assert desk.send(ledger, run, *changes).ids == ()


def test_what_waits_for_a_person_is_kept_with_its_plan(desk: Any) -> None:
    """An outcome of a rule that only previews gets its row from the plan that holds it, whichever plan runs."""
    ledger = desk.open()
    waiting, going = desk.change(1, rule="preview-me"), desk.change(2)
    shown = desk.save(ledger, waiting)
    run = desk.begin(ledger, going)
    ledger.conclude(run, [desk.outcome(waiting, State.AWAITING_APPROVAL, plan_id=shown.plan_id)], desk.now)
    kept = ledger.changes_of(ACCOUNT, "order-1")[0]
    assert (kept.plan_id, kept.state, kept.rule_hash) == (
        shown.plan_id,
        "awaiting_approval",
        "hash of preview-me",
    )
    assert (kept.before, kept.set, kept.value) == (waiting.before, waiting.set, waiting.value)
    assert desk.states(ledger, run) == {"2": "planned", "1": "awaiting_approval"}


def test_each_of_many_plans_explains_what_waits_in_it(desk: Any) -> None:
    """A run may record any number of plans in one instant: every row says what was to be set, for how much, and why."""
    ledger = desk.open()
    run = desk.begin(ledger, desk.change(100))
    waiting = [desk.change(number, rule=f"ask-{number}") for number in range(9)]
    told = [
        desk.outcome(one, State.AWAITING_APPROVAL, plan_id=desk.save(ledger, one).plan_id) for one in waiting
    ]
    ledger.conclude(run, told, desk.now)
    kept = {one.id: one for one in ledger.run_details(run).changes}
    for one, outcome in zip(waiting, told, strict=True):
        row = kept[one.id]
        assert (row.plan_id, row.rule_hash) == (outcome.plan_id, f"hash of {one.rule}")
        assert (row.before, row.set, row.value) == (one.before, one.set, one.value)
        assert row.trace == desk.document(one)["reasons"]


def test_what_waits_is_told_by_its_own_plan_and_no_later_one(desk: Any) -> None:
    """Another plan of the same rule and order, recorded meanwhile, does not lend its values."""
    ledger = desk.open()
    waiting = desk.change(1, rule="ask")
    mine = desk.save(ledger, waiting)
    run = desk.begin(ledger, desk.change(2))
    desk.later(seconds=1)
    desk.save(ledger, desk.change(1, rule="ask", value=Decimal("9.00"), set={"status": "closed"}))
    ledger.conclude(run, [desk.outcome(waiting, State.PREVIEWED, plan_id=mine.plan_id)], desk.now)
    (kept,) = ledger.changes_of(ACCOUNT, "1")
    assert (kept.plan_id, kept.set, kept.value) == (mine.plan_id, waiting.set, waiting.value)


@pytest.mark.parametrize("number", [1, 9])
def test_a_change_that_its_plan_lacks_is_no_row(desk: Any, number: int) -> None:
    """An outcome of another order, or of another rule, than its plan holds is refused, and nothing of it is written."""
    ledger = desk.open()
    shown = desk.save(ledger, desk.change(1, rule="ask"))
    run = desk.begin(ledger, desk.change(2))
    stray = desk.outcome(desk.change(number), State.PREVIEWED, plan_id=shown.plan_id)
    with pytest.raises(LedgerError, match=f"holds no change of order `order-{number}` by rule `cancel`"):
        ledger.conclude(run, [stray], desk.now)
    assert desk.states(ledger, run) == {"2": "planned"}


@pytest.mark.parametrize("plan_id", ["", "plan-9"])
def test_what_was_never_intended_names_its_plan(desk: Any, plan_id: str) -> None:
    """Without a recorded plan nothing could explain the row."""
    ledger = desk.open()
    run = desk.begin(ledger, desk.change(1))
    stray = desk.outcome(desk.change(9), State.HELD, "over the limit", plan_id=plan_id)
    with pytest.raises(LedgerError, match=f"must be of a recorded plan, and `{plan_id}` is none"):
        ledger.conclude(run, [stray], desk.now)
    assert desk.states(ledger, run) == {"1": "planned"}


def test_one_order_can_be_held_for_one_rule_and_changed_by_another(desk: Any) -> None:
    """The rule that lost keeps its own line; the change of the rule that won goes on."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    other = desk.change(1, rule="other")
    plan_id = desk.save(ledger, other).plan_id
    ledger.conclude(run, [desk.outcome(other, State.HELD, plan_id=plan_id)], desk.now)
    assert desk.send(ledger, run, change).ids == (1,)


@pytest.mark.parametrize("state", [State.PLANNED, State.SENT, State.CONFIRMED, State.NOT_APPLIED])
def test_concluding_cannot_claim_that_something_was_sent(desk: Any, state: State) -> None:
    """Ends that only an answer can give are refused."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    with pytest.raises(ValueError, match=f"`{state}` is no end of a change that was never sent"):
        ledger.conclude(run, [desk.outcome(change, state)], desk.now)


def test_concluding_cannot_overwrite_what_was_sent(desk: Any) -> None:
    """A change on the wire is not abandoned by a later thought."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    desk.send(ledger, run, change)
    with pytest.raises(LedgerError, match="order `order-1`: `abandoned` cannot follow `sent`"):
        ledger.conclude(run, [desk.outcome(change, State.ABANDONED)], desk.now)
    assert desk.states(ledger, run) == {"1": "sent"}


def test_concluding_nothing_writes_nothing(desk: Any) -> None:
    """No outcomes, no record."""
    ledger = desk.open()
    run = desk.begin(ledger, desk.change(1))
    before = desk.kinds(ledger)
    ledger.conclude(run, [], desk.now)
    assert desk.kinds(ledger) == before


def test_rules_without_a_source_read_the_business(desk: Any) -> None:
    """A tally whose definition is absent, or names the business's orders, has no store."""
    ledger = desk.open()
    change = desk.change(1)
    tallies = (RuleTally("cancel", "h", Mode.APPLY, 1, 1),)
    plan = desk.save(ledger, change, rules=tallies, definitions=({"name": "cancel", "source": "orders"},))
    run = ledger.begin(ACCOUNT, plan.plan_id, kind="apply", slots=(), now=desk.now)
    ledger.intend(run, [change], [{}], desk.now)
    assert ledger.run_details(run).changes[0].source == Source()
