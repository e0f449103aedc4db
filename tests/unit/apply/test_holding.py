"""A hold binds from the moment at which a person asks for it, also a run that is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tertib import pipeline
from tertib.model import Answer, Run, State

from .conftest import START

WHY = "the order is on hold: the buyer called"


def hold(world: Any, ref: str, **given: Any) -> None:
    """Put an order on hold, as a person does at another screen."""
    account, until = given.get("account", "default"), given.get("until")
    world.ledger.hold(account, ref, until, "the buyer called", world.clock.now())


def once(act: Callable[[], None]) -> Callable[[], None]:
    """Return what does something the first time that it is called."""
    waiting = [act]
    return lambda: waiting.pop()() if waiting else None


def left_alone(run: Run) -> list[tuple[Any, ...]]:
    """Return what is said of the orders that were not changed."""
    return [
        (one.id, one.state, one.code, one.why) for one in run.outcomes if one.state is not State.CONFIRMED
    ]


@pytest.fixture
def three(world: Any) -> Any:
    """Give a world with three orders, each of which takes a request of its own."""
    world.settings = replace(world.settings, batch_size=1)
    for number in (1, 2, 3):
        world.shop.add(number)
    return world


@pytest.mark.parametrize("ref", ["3", "order-3"])
def test_an_order_that_is_held_while_another_request_is_on_the_wire_is_left_alone(
    three: Any, ref: str
) -> None:
    """It is dropped as one that was on hold before, by its number as well as by its id; the others go on."""
    plan = three.plan(three.rule())
    three.shop.before_send = once(lambda: hold(three, ref))
    run = three.apply(plan)
    assert three.shop.sent_ids == [1, 2]
    assert left_alone(run) == [(3, State.STALE, "on_hold", WHY)]
    (record,) = three.ledger.changes_of("default", "order-3")
    assert (record.state, record.why) == ("stale", WHY)


@pytest.mark.parametrize("given", [{"account": "melati"}, {"until": START}], ids=["elsewhere", "over"])
def test_a_hold_that_does_not_concern_the_order_keeps_nothing_back(three: Any, given: Any) -> None:
    """It is another account's, or its time has come."""
    plan = three.plan(three.rule())
    three.shop.before_send = once(lambda: hold(three, "order-3", **given))
    assert left_alone(three.apply(plan)) == []
    assert three.shop.sent_ids == [1, 2, 3]


def test_an_order_that_was_sent_stays_as_it_was_answered(three: Any) -> None:
    """Who holds an order when its request is on the wire comes too late for this run, and it says what was done."""
    plan = three.plan(three.rule())
    three.shop.before_send = once(lambda: hold(three, "order-1"))
    assert left_alone(three.apply(plan)) == []
    assert three.shop.sent_ids == [1, 2, 3]


def test_an_order_that_is_held_while_its_turn_is_awaited_is_left_alone(world: Any) -> None:
    """Waiting for the rate limit can take long; the rest of the request goes."""
    world.shop.add(1)
    world.shop.add(2)
    plan = world.plan(world.rule())
    world.shop.await_turn = lambda: hold(world, "order-1")
    run = world.apply(plan)
    assert world.shop.sent_ids == [2]
    assert left_alone(run) == [(1, State.STALE, "on_hold", WHY)]


def test_an_order_that_is_held_at_the_last_moment_is_not_let_out(world: Any) -> None:
    """The ledger asks once more, in the transaction that lets changes out, and people are told the reason."""
    world.shop.add(1)
    world.shop.add(2)
    plan = world.plan(world.rule())
    claim = world.ledger.claim

    def claimed(*given: Any) -> Any:
        hold(world, "order-1")
        return claim(*given)

    world.ledger.claim = claimed
    run = world.apply(plan)
    assert world.shop.sent_ids == [2]
    assert left_alone(run) == [(1, State.STALE, "on_hold", WHY)]


def test_an_order_that_is_held_between_the_halves_of_a_refused_request_is_left_alone(world: Any) -> None:
    """It was put back to be tried once more, and is not."""
    for number in (1, 2, 3, 4):
        world.shop.add(number)
    plan = world.plan(world.rule())

    def refused(_body: Any) -> Answer:
        hold(world, "order-4")
        return Answer("refused", 422, message="bad id")

    world.shop.script.append(refused)
    run = world.apply(plan)
    assert [body["ids"] for body in world.shop.bodies] == [[1, 2, 3, 4], [1, 2], [3]]
    assert left_alone(run) == [(4, State.STALE, "on_hold", WHY)]


def test_an_order_that_is_held_while_an_undo_is_under_way_is_not_taken_back(three: Any) -> None:
    """A hold keeps everybody from the order, also who takes a run back."""
    done = three.apply(three.plan(three.rule(action={"status": "confirmed"})))
    three.clock.moment += timedelta(minutes=1)
    plan = pipeline.undo(done.run_id, three.means())
    three.shop.bodies.clear()
    three.shop.before_send = once(lambda: hold(three, "order-3"))
    run = three.apply(plan)
    assert three.shop.sent_ids == [1, 2]
    assert left_alone(run) == [(3, State.STALE, "on_hold", WHY)]
