"""The queue of plans that wait for a person, and what a rule has earned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tertib.errors import PlanRefused
from tertib.model import Held, Pick, Repute, State

ACCOUNT = "default"


def ask(desk: Any, ledger: Any, *changes: Any) -> Any:
    """Record a plan of these changes and let it wait for a day."""
    plan = desk.save(ledger, *changes)
    ledger.ask_approval(plan, "the rule is new", desk.now + timedelta(hours=24), desk.now)
    return plan


def test_a_plan_waits_until_somebody_says_yes(desk: Any) -> None:
    """It is listed with its orders and money; a yes names who said it, and then it waits for nobody."""
    ledger = desk.open()
    plan = ask(desk, ledger, desk.change(1), desk.change(2))
    (found,) = ledger.approvals.waiting(ACCOUNT, desk.now)
    assert (found.asked.plan_id, found.asked.rules, found.asked.changes) == (plan.plan_id, ("cancel",), 2)
    assert (found.asked.value, found.state) == ("337448.00", "waiting")
    part = Pick(only=("order-1",))
    ledger.approvals.approve(ACCOUNT, plan.plan_id, who="budi", note="checked", part=part, now=desk.now)
    assert ledger.approvals.waiting(ACCOUNT, desk.now) == ()
    (yes,) = ledger.approvals.approved(ACCOUNT, desk.now)
    assert (yes.decided_by, yes.note, yes.part) == ("budi", "checked", part)
    assert "plan_approved" in desk.kinds(ledger)
    assert ledger.verify_audit(ACCOUNT).ok


def test_a_part_is_kept_as_it_was_picked(desk: Any) -> None:
    """Whether orders were picked by id alone is kept; a record from before that was asked tells of names of either kind."""
    ledger = desk.open()
    parts = {
        ask(desk, ledger, desk.change(number, rule=f"rule-{number}")).plan_id: part
        for number, part in enumerate(
            (Pick(only=("1", "2"), by_id=True), Pick(but=("order-1",)), Pick(first=2), Pick())
        )
    }
    for plan, part in parts.items():
        ledger.approvals.approve(ACCOUNT, plan, who="budi", part=part, now=desk.now)
        assert ledger.approvals.of(ACCOUNT, plan, desk.now).part == part
    plan = next(iter(parts))
    before = '{"first":null,"only":["1"],"but":[]}'
    desk.execute("UPDATE approvals SET part = :part", part=before)
    assert ledger.approvals.of(ACCOUNT, plan, desk.now).part == Pick(only=("1",))


def test_a_plan_is_decided_once(desk: Any) -> None:
    """After a yes, a no, or its time, each further word is refused in one sentence that says why."""
    ledger = desk.open()
    plan = ask(desk, ledger, desk.change(1)).plan_id
    ledger.approvals.reject(ACCOUNT, plan, who="sari", now=desk.now)
    with pytest.raises(PlanRefused, match="was rejected by sari"):
        ledger.approvals.approve(ACCOUNT, plan, who="budi", now=desk.now)
    late = ask(desk, ledger, desk.change(2)).plan_id
    desk.later(hours=25)
    assert ledger.approvals.waiting(ACCOUNT, desk.now) == ()
    with pytest.raises(PlanRefused, match="has expired"):
        ledger.approvals.approve(ACCOUNT, late, who="budi", now=desk.now)
    with pytest.raises(PlanRefused, match="does not wait for approval"):
        ledger.approvals.approve(ACCOUNT, "no-such-plan", who="budi", now=desk.now)


def test_a_plan_that_was_declined_is_applied_by_nobody(desk: Any) -> None:
    """Neither the one that a person rejected nor one whose place another took, whoever has its file."""
    ledger = desk.open()
    rejected = ask(desk, ledger, desk.change(1)).plan_id
    ledger.approvals.reject(ACCOUNT, rejected, who="sari", now=desk.now)
    replaced, last = (ask(desk, ledger, desk.change(2)).plan_id for _ in range(2))
    for plan, why in ((rejected, "was rejected by sari"), (replaced, f"has gone stale: plan `{last}`")):
        with pytest.raises(PlanRefused, match=why):
            ledger.begin(ACCOUNT, plan, kind="apply", slots=(), now=desk.now)
    assert ledger.begin(ACCOUNT, last, kind="apply", slots=(), now=desk.now)


def test_a_later_plan_of_the_same_rule_takes_the_place_of_the_first(desk: Any) -> None:
    """What was read earlier can be approved no more; a later plan without changes ends the waiting too."""
    ledger = desk.open()
    first = ask(desk, ledger, desk.change(1)).plan_id
    other = ask(desk, ledger, desk.change(7, rule="close")).plan_id
    second = ask(desk, ledger, desk.change(1), desk.change(2)).plan_id
    assert [one.asked.plan_id for one in ledger.approvals.waiting(ACCOUNT, desk.now)] == [other, second]
    with pytest.raises(PlanRefused, match=f"has gone stale: plan `{second}` took its place"):
        ledger.approvals.approve(ACCOUNT, first, who="budi", now=desk.now)
    ask(desk, ledger)
    assert [one.asked.plan_id for one in ledger.approvals.waiting(ACCOUNT, desk.now)] == [other]


def test_another_accounts_plan_cannot_be_approved(desk: Any) -> None:
    """The queue of one account does not know the plans of another."""
    ledger = desk.open()
    plan = ask(desk, ledger, desk.change(1)).plan_id
    with pytest.raises(PlanRefused, match="does not wait for approval in account `other`"):
        ledger.approvals.approve("other", plan, who="budi", now=desk.now)
    assert ledger.approvals.waiting("other", desk.now) == ()


def test_an_applied_plan_says_so(desk: Any) -> None:
    """However it came to be applied, it waits no longer, and its run is named."""
    ledger = desk.open()
    plan = ask(desk, ledger, desk.change(1))
    run = ledger.begin(ACCOUNT, plan.plan_id, kind="apply", slots=(), now=desk.now)
    found = ledger.approvals.of(ACCOUNT, plan.plan_id, desk.now)
    assert (found.state, found.run_id) == ("applied", run)
    with pytest.raises(PlanRefused, match=f"was applied already, by run `{run}`"):
        ledger.approvals.reject(ACCOUNT, plan.plan_id, who="budi", now=desk.now)


def test_what_could_not_be_applied_is_not_tried_again(desk: Any) -> None:
    """A refused plan leaves the queue, and keeps the reason."""
    ledger = desk.open()
    plan = ask(desk, ledger, desk.change(1)).plan_id
    ledger.approvals.approve(ACCOUNT, plan, who="budi", now=desk.now)
    ledger.approvals.refuse(ACCOUNT, plan, "a table changed", desk.now)
    assert ledger.approvals.approved(ACCOUNT, desk.now) == ()
    found = ledger.approvals.of(ACCOUNT, plan, desk.now)
    assert (found.state, found.refused) == ("refused", "a table changed")


def test_the_approvals_of_many_plans_are_read_at_once(desk: Any) -> None:
    """Each by its plan, those that nobody was asked about left out; whether there was a yes outlives what came after."""
    ledger = desk.open()
    yes, no, late, typed = (ask(desk, ledger, desk.change(n, rule=f"rule-{n}")).plan_id for n in range(4))
    ledger.approvals.approve(ACCOUNT, yes, who="budi", now=desk.now)
    ledger.approvals.reject(ACCOUNT, no, who="sari", now=desk.now)
    for plan in (yes, typed):
        desk.end(ledger, ledger.begin(ACCOUNT, plan, kind="apply", slots=(), now=desk.now))
    found = ledger.approvals.of_plans(ACCOUNT, {yes, no, late, typed, "no-such-plan"}, desk.later(hours=25))
    assert {plan: (one.state, one.approved) for plan, one in found.items()} == {
        yes: ("applied", True),
        no: ("rejected", False),
        typed: ("applied", False),
        late: ("expired", False),
    }
    assert ledger.approvals.of_plans("other", {yes}, desk.now) == {}
    assert ledger.approvals.of_plans(ACCOUNT, (), desk.now) == {}


def test_the_orders_that_runs_were_to_change_are_found(desk: Any) -> None:
    """As pairs, for the runs and orders that are asked about alone."""
    ledger = desk.open()
    first = desk.begin(ledger, desk.change(1), desk.change(2))
    desk.end(ledger, first)
    second = desk.begin(ledger, desk.change(2), desk.change(3))
    assert ledger.approvals.taken_by({first, second}, {"2", "3", "4"}) == {
        (first, "2"),
        (second, "2"),
        (second, "3"),
    }
    assert ledger.approvals.taken_by({first}, {"3"}) == frozenset()
    assert ledger.approvals.taken_by((), {"2"}) == frozenset()


def test_asking_twice_is_asking_once(desk: Any) -> None:
    """The same plan asked for again neither doubles nor revives it."""
    ledger = desk.open()
    plan = ask(desk, ledger, desk.change(1))
    ledger.approvals.reject(ACCOUNT, plan.plan_id, who="budi", now=desk.now)
    ledger.ask_approval(plan, "again", desk.now + timedelta(hours=1), desk.now)
    assert [one.state for one in ledger.approvals.listed(ACCOUNT, desk.now)] == ["rejected"]


# --- what a rule has earned -----------------------------------------------------------------------------


def test_a_rule_is_proven_by_its_hash(desk: Any) -> None:
    """Having changed orders proves the rule as it was then, not as it was edited since."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1), desk.change(2))
    hashes = {"cancel": "hash of cancel", "edited": "hash of cancel"}
    since = desk.now - timedelta(days=30)
    found = ledger.reputes(ACCOUNT, hashes, since)
    assert found == {"cancel": Repute(proven=True, changed=2), "edited": Repute()}
    assert ledger.reputes(ACCOUNT, {"cancel": "another hash"}, since) == {"cancel": Repute()}


def test_what_people_take_back_counts_once(desk: Any) -> None:
    """An order that a plan leaves alone because a person changed it is one reversal, however often it is seen."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1), desk.change(2))
    held = Held("order-1", "cancel", "human_change", "a person changed it", 1)
    for _ in range(2):
        desk.save(ledger, held=(held, replace(held, id=99), replace(held, code="paid", id=2)))
        desk.later(minutes=30)
    since = desk.now - timedelta(days=30)
    found = ledger.reputes(ACCOUNT, {"cancel": "hash of cancel"}, since)["cancel"]
    assert found == Repute(proven=True, changed=2, reversed=1)
    later = ledger.reputes(ACCOUNT, {"cancel": "hash of cancel"}, desk.now)["cancel"]
    assert later == Repute(proven=True)


def test_changes_of_unknown_outcome_prove_nothing(desk: Any) -> None:
    """Only confirmed changes count."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    claim = desk.send(ledger, run, change)
    desk.answer(ledger, claim, "unknown", State.SENT, change, status=None)
    assert ledger.reputes(ACCOUNT, {"cancel": "hash of cancel"}, desk.now)["cancel"] == Repute()
