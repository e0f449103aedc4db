"""Orders whose ids change under way, and orders that cannot be told apart: one order is changed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tertib.model import Answer, Run, State

UUID = "01930b7a-6a00-7c11-9a00-000000000001"


def migrate(world: Any, key: str = "1", new: str = UUID) -> None:
    """Give an order another id, as Scalev did when it moved its orders."""
    order = world.shop.orders.pop(key)
    world.shop.orders[new] = {**order, "id": new}


def lost(world: Any) -> Any:
    """Return an answer that is lost on its way, after the change was made."""

    def answer(body: Any) -> Answer:
        world.shop.do(body)
        return Answer("unknown", None, message="the connection was cut")

    return answer


def codes(plan: Any) -> list[str]:
    """Return the codes of what a plan holds."""
    return [one.code for one in plan.held]


def states(run: Run) -> list[State]:
    """Return how each change ended."""
    return [one.state for one in run.outcomes]


def test_an_order_with_an_unknown_outcome_is_not_sent_again_under_its_new_id(world: Any) -> None:
    """What is open under the old id is open for the order."""
    world.shop.add(1)
    world.shop.script.append(lambda _body: Answer("unknown", None, message="the connection was cut"))
    world.run(world.rule())
    migrate(world)
    plan, run = world.run(world.rule())
    assert (codes(plan), run.sent, world.shop.sent_ids) == (["unsettled"], 0, [1])


def test_an_unknown_outcome_is_read_back_under_the_new_id(world: Any) -> None:
    """The number still finds the order, and its new id is no reason to leave the change unknown for good."""
    world.shop.add(1)
    world.shop.script.append(lost(world))
    world.run(world.rule())
    migrate(world)
    world.clock.moment += timedelta(minutes=16)
    settled = world.settle()
    assert [(one.id, one.state) for one in settled.outcomes] == [(1, State.CONFIRMED_BY_READBACK)]
    assert settled.waiting == 0


def test_two_orders_of_one_number_settle_nothing(world: Any) -> None:
    """Which of them is the one that was sent cannot be told; another integer certainly is not."""
    world.shop.add(1)
    world.shop.script.append(lost(world))
    world.run(world.rule())
    migrate(world)
    world.shop.add(UUID[:-1] + "2", order_id="order-1")
    world.clock.moment += timedelta(minutes=16)
    assert [one.state for one in world.settle().outcomes] == [State.SENT]
    world.shop.orders.clear()
    world.shop.add(2, order_id="order-1")
    assert [one.state for one in world.settle().outcomes] == [State.SENT]


def test_what_a_person_changed_back_stays_under_the_new_id(world: Any) -> None:
    """The record of what the rule did moves with the order, and so does handing it back."""
    world.shop.add(1)
    world.run(world.rule())
    world.clock.sleep(1)
    world.shop.orders["1"]["status"] = "pending"
    migrate(world)
    plan, run = world.run(world.rule())
    assert (codes(plan), run.sent) == (["human_change"], 0)
    assert [one.order_id for one in world.ledger.quarantined("default")] == ["order-1"]
    world.clock.sleep(1)
    assert world.ledger.release("default", "order-1", world.clock.now()) == 1
    assert states(world.run(world.rule())[1]) == [State.CONFIRMED]


def test_a_plan_from_before_sends_nothing_after(world: Any) -> None:
    """The id that was planned is gone, and no other is put in its place."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    migrate(world)
    world.clock.moment += timedelta(minutes=5)
    assert (states(world.apply(plan)), world.shop.bodies) == ([State.STALE], [])


def test_a_hold_by_the_old_id_binds_under_the_new_one(world: Any) -> None:
    """Where the record knows that the two ids are one order: when planning, and in the claim."""
    world.shop.add(1)
    world.run(world.rule())
    world.clock.sleep(1)
    world.ledger.release("default", "1", world.clock.now())
    world.shop.orders["1"]["status"] = "pending"
    migrate(world)
    before = world.plan(world.rule())
    world.ledger.hold("default", "1", None, "the buyer called", world.clock.now())
    assert codes(world.plan(world.rule())) == ["on_hold"]
    run = world.apply(before)
    assert (states(run), len(world.shop.bodies)) == ([State.ABANDONED], 1)


def test_one_number_under_two_ids_is_held_wherever_it_is_wanted(world: Any) -> None:
    """An order that the list shows under both ids while it is moved would be changed twice."""
    world.shop.add(1)
    world.shop.add(UUID, order_id="order-1")
    world.shop.add(2)
    plan, run = world.run(world.rule())
    assert codes(plan) == ["cannot_tell", "cannot_tell"]
    assert "`order-1`" in plan.held[0].why
    assert (run.sent, world.shop.sent_ids) == (1, [2])


def test_an_order_without_a_number_keeps_the_reason_that_is_known(world: Any) -> None:
    """A hold of its own is no matter of other orders without a number."""
    world.shop.add(1, order_id=None)
    world.shop.add(2, order_id=None)
    world.ledger.hold("default", "1", None, "the buyer called", world.clock.now())
    assert codes(world.plan(world.rule())) == ["on_hold", "cannot_tell"]


def test_a_number_in_the_answer_is_the_orders_number(world: Any) -> None:
    """A hold by `250130` binds where the answer has it as a JSON number, and such an order can be read again."""
    world.shop.add(1, order_id=250130)
    world.shop.add(2, order_id=250131)
    world.ledger.hold("default", "250130", None, "the buyer called", world.clock.now())
    plan = world.plan(world.rule())
    assert [(one.order_id, one.code) for one in plan.held] == [("250130", "on_hold")]
    assert [one.order_id for one in plan.changes] == ["250131"]
    world.clock.moment += timedelta(minutes=5)
    assert states(world.apply(plan)) == [State.CONFIRMED]


@pytest.mark.parametrize("number", ["null", "2.5", "[250130]", "true"])
def test_an_order_whose_number_cannot_be_read_is_held(world: Any, number: str) -> None:
    """No rule touches it: a person may have put it on hold by its number."""
    world.shop.add(1, order_id={"null": None, "2.5": 2.5, "[250130]": [250130], "true": True}[number])
    world.ledger.hold("default", "250130", None, "the buyer called", world.clock.now())
    plan, run = world.run(world.rule())
    assert (codes(plan), run.sent) == (["cannot_tell"], 0)
    assert "order_id" in plan.held[0].why
