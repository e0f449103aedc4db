"""Reading back many changes: what cannot be read, or is settled elsewhere, keeps the rest from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tertib.errors import BudgetExhausted, CredentialError, ReadError
from tertib.model import Answer, State
from tertib.settling import PATIENCE


def send_in_vain(world: Any, orders: int) -> None:
    """Send the changes of so many orders, lose the answer, and let the time to read them back come."""

    def lost(body: Any) -> Answer:
        world.shop.do(body)
        return Answer("unknown", None, message="the connection was cut")

    for number in range(1, orders + 1):
        world.shop.add(number)
    world.shop.script.append(lost)
    world.run(world.rule())
    world.clock.moment += timedelta(minutes=16)


def fail_for(world: Any, *numbers: str, error: Exception, seconds: float = 0.0) -> None:
    """Let reading these orders by their numbers fail, after some time."""

    def fail(params: Mapping[str, str]) -> None:
        if params.get("order_id") in numbers:
            world.clock.sleep(seconds)
            raise error

    world.shop.on_read = fail


def told(settled: Any) -> dict[int, State]:
    """Return what became of each order."""
    return {one.id: one.state for one in settled.outcomes}


def test_an_order_that_cannot_be_read_keeps_no_other_from_its_end(world: Any) -> None:
    """It stays unknown and says why; the others are settled, and rules run."""
    send_in_vain(world, 3)
    fail_for(world, "order-2", error=ReadError("Scalev failed (HTTP 500)"))
    settled = world.settle()
    assert told(settled) == {
        1: State.CONFIRMED_BY_READBACK,
        2: State.SENT,
        3: State.CONFIRMED_BY_READBACK,
    }
    assert "Scalev failed (HTTP 500)" in settled.outcomes[1].why
    assert settled.waiting == 1
    world.shop.add(4)
    assert world.run(world.rule())[1].sent == 1


def test_an_order_without_a_number_is_not_asked_for(world: Any) -> None:
    """A filter without a value would return any order; a person must look, and everything else goes on."""
    send_in_vain(world, 2)
    with world.ledger._writing("default", world.clock.now()) as writing:
        writing.connection.exec_driver_sql("UPDATE changes SET order_id = '' WHERE order_key = '1'")
    asked = len(world.shop.requests)
    settled = world.settle()
    assert told(settled) == {1: State.SENT, 2: State.CONFIRMED_BY_READBACK}
    assert "look at it there by hand" in settled.outcomes[0].why
    assert [one["order_id"] for one in world.shop.requests[asked:]] == ["order-2"]
    assert world.run(world.rule())[1].stopped is None


@pytest.mark.parametrize("error", [CredentialError("rejected"), BudgetExhausted("no room")])
def test_what_concerns_every_reading_ends_settling(world: Any, error: Exception) -> None:
    """A rejected token or an empty budget is no matter of one order."""
    send_in_vain(world, 2)
    fail_for(world, "order-1", error=error)
    with pytest.raises(type(error)):
        world.settle()


def test_reading_back_ends_where_scalev_is_out_of_reach(world: Any) -> None:
    """Orders that fail slowly, one after the other, hold a run up for no more than the patience."""
    send_in_vain(world, 5)
    numbers = [f"order-{number}" for number in range(1, 6)]
    fail_for(world, *numbers, error=ReadError("no route"), seconds=PATIENCE * 0.6)
    settled = world.settle()
    assert told(settled) == {1: State.SENT, 2: State.SENT}
    assert settled.waiting == 5


def test_a_change_that_another_process_settled_meanwhile_is_done(world: Any) -> None:
    """`tertib settle` at the moment in which a run settles takes nothing from the run."""
    send_in_vain(world, 2)
    before = world.shop.on_read

    def settle_elsewhere(_params: Mapping[str, str]) -> None:
        world.shop.on_read = before
        assert told(world.settle()) == dict.fromkeys((1, 2), State.CONFIRMED_BY_READBACK)

    world.shop.on_read = settle_elsewhere
    settled = world.settle()
    assert (settled.outcomes, settled.waiting) == ((), 0)
    world.shop.on_read = before
    assert world.run(world.rule())[1].stopped is None
