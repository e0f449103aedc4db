"""A run taken back by the real stages: what goes, what stays and why, and what rules make of it afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from tertib import pipeline
from tertib.errors import PlanRefused, ReadError
from tertib.model import Answer, Plan, Rule, Run, State

MINUTES = 60.0


def confirm(world: Any, name: str = "confirm", **given: Any) -> Rule:
    """Return a rule that confirms pending orders."""
    made: Rule = world.rule(name, action={"status": "confirmed"}, **given)
    return made


def done(world: Any, *rules: Rule, orders: int = 2) -> Run:
    """Put orders into the shop, run rules over them, and let some minutes pass."""
    for number in range(1, orders + 1):
        world.shop.add(number)
    run: Run = world.run(*rules)[1]
    world.clock.sleep(10 * MINUTES)
    return run


def undo(world: Any, run: Run | str, **given: Any) -> Plan:
    """Plan the way back."""
    run_id = run if isinstance(run, str) else run.run_id
    return pipeline.undo(run_id, world.means(), **given)


def statuses(world: Any) -> list[str]:
    """Return the status of every order in the shop."""
    return [one["status"] for one in world.shop.orders.values()]


def codes(plan: Plan) -> dict[str, str]:
    """Return why each order is held."""
    return {str(one.id): one.code for one in plan.held}


def states(run: Run) -> list[State]:
    """Return how each change ended."""
    return [one.state for one in run.outcomes]


# --- there and back -------------------------------------------------------------------------------------


def test_undo_puts_back_what_was_there_and_is_recorded_like_any_plan(world: Any) -> None:
    """Planning sends nothing; applying sends exactly what was shown; a second undo finds nothing left to do."""
    run = done(world, confirm(world))
    plan = undo(world, run)
    assert (len(world.shop.bodies), len(plan.changes)) == (1, 2)
    assert {one.set["status"] for one in plan.changes} == {"pending"}
    assert world.ledger.plan_document(plan.plan_id) is not None

    back = world.apply(plan)
    assert (states(back), statuses(world)) == ([State.CONFIRMED] * 2, ["pending"] * 2)
    details = world.ledger.run_details(back.run_id)
    assert details is not None
    assert details.run.kind == "undo"
    again = undo(world, run)
    assert (again.changes, codes(again)) == ((), {"1": "taken_back", "2": "taken_back"})


def test_an_undo_can_be_undone(world: Any) -> None:
    """The way back is a run too, and the order is the rule's again: as if nobody had changed his mind."""
    rule = confirm(world)
    run = done(world, rule, orders=1)
    back = world.apply(undo(world, run))
    forth = world.apply(undo(world, back))
    assert (states(forth), statuses(world)) == ([State.CONFIRMED], ["confirmed"])
    assert world.ledger.quarantined("default") == ()
    # and back once more: the first run is the last that stands
    assert [one.set["status"] for one in undo(world, run).changes] == ["pending"]
    assert states(world.apply(undo(world, run))) == [State.CONFIRMED]


def test_a_later_run_is_taken_back_first(world: Any) -> None:
    """Where two runs changed an order one after the other, they go back in the opposite order."""
    first = done(world, confirm(world), orders=1)
    _, second = world.run(world.rule("pack", query={"status": "confirmed"}, action={"status": "ready"}))
    plan = undo(world, first)
    assert (plan.changes, codes(plan)) == ((), {"1": "changed_since"})
    assert f"tertib undo {second.run_id}" in plan.held[0].why
    world.apply(undo(world, second))
    world.apply(undo(world, first))
    assert statuses(world) == ["pending"]


def test_part_of_a_run_can_be_undone(world: Any) -> None:
    """`only` and `but` name orders by number or id; a name that the run does not know is refused."""
    run = done(world, confirm(world), orders=3)
    assert [one.id for one in undo(world, run, only=["order-2", "3"], but=["3"]).changes] == [2]
    for given in ({"only": ["order-9"]}, {"but": ["9"]}):
        with pytest.raises(PlanRefused, match="did nothing with order"):
            undo(world, run, **given)
    with pytest.raises(PlanRefused, match="there is no run `default-77`"):
        undo(world, "default-77")


def test_a_name_that_means_two_orders_of_a_run_is_refused(world: Any) -> None:
    """One order's number may be another one's id: nobody takes back what they did not mean."""
    world.shop.add(7, order_id="1")
    run = done(world, confirm(world))
    for given in ({"only": ["1"]}, {"but": ["1"]}):
        with pytest.raises(PlanRefused, match="`1` means two orders"):
            undo(world, run, **given)
    assert [one.id for one in undo(world, run, only=["order-1", "7"]).changes] == [7, 1]


# --- what stays -----------------------------------------------------------------------------------------


def test_what_cannot_go_back_is_listed(world: Any) -> None:
    """Cancelled for good, moved on by a person, removed, brought back by a person: each with its own reason."""
    cancelled = done(world, world.rule(), orders=1)
    assert codes(undo(world, cancelled)) == {"1": "status_flow"}
    run = done(world, confirm(world), orders=4)
    world.shop.orders["1"]["status"] = "ready"
    del world.shop.orders["2"]
    world.shop.orders["3"]["status"] = "pending"
    plan = undo(world, run)
    assert codes(plan) == {"1": "changed_since", "2": "changed_since", "3": "taken_back"}
    assert "`status` is ready" in next(one.why for one in plan.held if one.id == 1)
    assert [one.id for one in plan.changes] == [4]


def test_an_answer_that_does_not_show_the_order_undoes_nothing(world: Any) -> None:
    """Missing knowledge never acts."""
    run = done(world, confirm(world), orders=1)
    del world.shop.orders["1"]["payment_status"]
    plan = undo(world, run)
    assert (plan.changes, codes(plan)) == ((), {"1": "cannot_tell"})


def test_a_run_that_changed_nothing_leaves_nothing_to_undo(world: Any) -> None:
    """A refused change is listed as such, and an empty plan reads nothing."""
    world.shop.script.append(lambda _body: Answer("refused", 422, message="no"))
    run = done(world, confirm(world), orders=1)
    reads = len(world.shop.requests)
    plan = undo(world, run)
    assert (codes(plan), plan.complete, len(world.shop.requests)) == ({"1": "not_done"}, True, reads)
    assert states(world.apply(plan)) == []


def test_an_unknown_outcome_waits_until_it_is_read_back(world: Any) -> None:
    """What may not have happened is not undone; once read back it is; a change that nobody can tell of stays."""

    def lost(body: Mapping[str, Any]) -> Answer:
        world.shop.do(body)
        return Answer("unknown", None, message="timed out")

    world.shop.script.append(lost)
    run = done(world, confirm(world))
    assert set(codes(undo(world, run)).values()) == {"unsettled"}
    world.clock.sleep(20 * MINUTES)
    world.shop.orders["2"] |= {"status": "pending", "last_updated_at": world.clock.now().isoformat()}
    world.settle()
    plan = undo(world, run)
    assert ([one.id for one in plan.changes], codes(plan)) == ([1], {"2": "not_confirmed"})


def test_holds_and_protections_stand_against_an_undo(world: Any) -> None:
    """Nobody's word for leaving an order alone is lifted."""
    run = done(world, confirm(world))
    world.ledger.hold("default", "order-1", None, "the buyer called", world.clock.now())
    assert codes(undo(world, run)) == {"1": "on_hold"}
    protect = world.rule(conditions=[{"gross_revenue": {"gte": 1}}]).conditions
    world.settings = replace(world.settings, protect=protect)
    assert codes(undo(world, run)) == {"1": "on_hold", "2": "protected"}


def test_an_undo_is_judged_again_before_it_is_sent(world: Any) -> None:
    """Who moves an order between the plan and its apply keeps it: it is dropped, and the rest goes."""
    run = done(world, confirm(world))
    plan = undo(world, run)
    world.clock.sleep(5 * MINUTES)
    world.shop.orders["1"]["status"] = "ready"
    assert states(world.apply(plan)) == [State.STALE, State.CONFIRMED]
    assert statuses(world) == ["ready", "pending"]


# --- money ----------------------------------------------------------------------------------------------


def paid(world: Any) -> Rule:
    """Return a rule that marks confirmed orders as paid."""
    made: Rule = world.rule("mark", query={"status": "confirmed"}, action={"payment_status": "paid"})
    return made


def test_our_own_payment_is_taken_back_and_nobody_elses(world: Any) -> None:
    """What only we called paid goes back; what the gateway settled, or anybody touched since, stays paid."""
    for number in (1, 2, 3):
        world.shop.add(number, status="confirmed")
    _, run = world.run(paid(world))
    world.clock.sleep(10 * MINUTES)
    world.shop.orders["2"] |= {"payment_status": "settled", "last_updated_at": world.clock.now().isoformat()}
    world.shop.orders["3"]["last_updated_at"] = world.clock.now().isoformat()
    plan = undo(world, run)
    assert ([one.id for one in plan.changes], codes(plan)) == (
        [1],
        {"2": "changed_since", "3": "changed_since"},
    )
    assert "the money may have come" in next(one.why for one in plan.held if one.id == 3)
    world.apply(plan)
    assert world.shop.orders["1"]["payment_status"] == "unpaid"


def test_a_payment_that_came_after_a_status_change_keeps_the_order_where_it_is(world: Any) -> None:
    """An order that was paid since is no longer as the run left it, though the run set no payment."""
    run = done(world, confirm(world), orders=1)
    world.shop.orders["1"]["payment_status"] = "paid"
    assert codes(undo(world, run)) == {"1": "changed_since"}


def test_personal_values_never_come_back_and_never_show(world: Any) -> None:
    """An account holder stands in the record as a fingerprint: it stays as the run set it, and the plan says so."""
    world.shop.add(1, payment_account_holder="Budi Santoso")
    holder = {"status": "confirmed", "payment_account_holder": "{{ order.customer.name }} & Co"}
    _, run = world.run(world.rule("confirm", action=holder))
    plan = undo(world, run)
    assert [set(one.set) for one in plan.changes] == [{"status", "by"}]
    assert any("`payment_account_holder`" in line and "personal" in line for line in plan.warnings)
    assert "Budi" not in str(world.ledger.plan_document(plan.plan_id))


# --- what it costs --------------------------------------------------------------------------------------


def test_orders_are_read_one_by_one_unless_scans_are_known_to_be_fewer(world: Any) -> None:
    """Thirty orders take thirty requests where nobody can count, and two pages where the statistics say so."""
    run = done(world, confirm(world), orders=30)
    before = len(world.shop.requests)
    assert len(undo(world, run).changes) == 30
    assert len(world.shop.requests) - before == 30
    with patch.object(type(world.shop), "count", lambda *_: 30):
        before = len(world.shop.requests)
        world.shop.orders["7"]["status"] = "ready"
        plan = undo(world, run)
    assert (len(plan.changes), codes(plan)) == (29, {"7": "changed_since"})
    assert len(world.shop.requests) - before == 2
    with patch.object(type(world.shop), "count", side_effect=ReadError("no")):
        assert len(undo(world, run).scans) == 30


def test_an_unfinished_reading_undoes_nothing_and_blames_no_order(world: Any) -> None:
    """What was not read is not called changed; the plan cannot be applied."""
    run = done(world, confirm(world))

    def fail(params: Mapping[str, str]) -> None:
        if params.get("order_id") == "order-2":
            raise ReadError("the connection was lost")

    world.shop.on_read = fail
    plan = undo(world, run)
    assert (plan.complete, plan.changes, codes(plan)) == (False, (), {"None": "incomplete_read"})
    with pytest.raises(PlanRefused, match="did not finish"):
        world.apply(plan)


# --- quarantine -----------------------------------------------------------------------------------------


def test_rules_leave_an_undone_order_alone_until_it_is_released(world: Any) -> None:
    """The next run must not do again what a person just took back, under whichever name."""
    rule, twin = confirm(world), confirm(world, "twin")
    world.apply(undo(world, done(world, rule, orders=1)))
    for rules in ((rule,), (twin,), (twin, rule), (confirm(world, conditions=[{"status": "pending"}]),)):
        plan, run = world.run(*rules)
        assert (run.sent, set(codes(plan).values())) == (0, {"human_change"})
    other = world.rule("close", action={"status": "in_process"})
    assert [one.id for one in world.plan(other).changes] == [1]
    assert [(one.order_id, one.rule, one.undone_by) for one in world.ledger.quarantined("default")] == [
        ("order-1", "confirm", "default-2")
    ]
    world.clock.sleep(1)
    assert world.ledger.release("default", "order-1", world.clock.now()) == 1
    assert world.ledger.quarantined("default") == ()
    assert states(world.run(twin)[1]) == [State.CONFIRMED]


def test_what_a_person_changed_is_left_alone_on_every_path(world: Any) -> None:
    """Plan, run, an edited rule, and the look just before sending all leave it; release hands it back."""
    rule = confirm(world)
    done(world, rule, orders=1)
    world.shop.orders["1"]["status"] = "pending"
    edited = confirm(world, description="edited", conditions=[{"gross_revenue": {"gt": 1}}], priority=200)
    for one in (rule, edited):
        assert codes(world.plan(one)) == {"1": "human_change"}
        assert world.run(one)[1].sent == 0
    assert [(one.order_id, one.rule, one.undone_by) for one in world.ledger.quarantined("default")] == [
        ("order-1", "confirm", "")
    ]
    world.clock.sleep(1)
    world.ledger.release("default", "order-1", world.clock.now())
    assert world.ledger.quarantined("default") == ()
    assert world.run(rule)[1].sent == 1


def test_a_change_taken_back_between_plan_and_apply_is_left_alone(world: Any) -> None:
    """The look just before sending holds it too: planned twice, applied once, taken back, and not sent again."""
    rule = confirm(world)
    world.shop.add(1)
    early = world.plan(rule)
    world.clock.sleep(1)
    world.run(rule)
    world.clock.sleep(5 * MINUTES)
    world.shop.orders["1"]["status"] = "pending"
    run = world.apply(early)
    assert [(one.state, one.code) for one in run.outcomes] == [(State.STALE, "human_change")]
    assert world.shop.sent_ids == [1]


@pytest.mark.parametrize("arrived", [True, False])
def test_what_was_taken_back_before_it_was_read_back_is_left_alone(world: Any, *, arrived: bool) -> None:
    """After an unknown outcome the first plan leaves alone what somebody touched in between."""

    def lost(body: Mapping[str, Any]) -> Answer:
        if arrived:
            world.shop.do(body)
        return Answer("unknown", None, message="timed out")

    rule = confirm(world)
    world.shop.script.append(lost)
    done(world, rule, orders=1)
    world.shop.orders["1"] |= {"status": "pending", "last_updated_at": world.clock.now().isoformat()}
    assert codes(world.plan(rule)) == {"1": "unsettled"}
    world.clock.sleep(timedelta(minutes=20).total_seconds())
    plan, run = world.run(rule)
    assert (codes(plan), run.sent) == ({"1": "human_change"}, 0)
