"""Pauses stop what is to be sent: before it begins, while it is under way, and rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from tertib.errors import Paused
from tertib.model import State

WHY = {"who": "budi", "why": "stok opname", "until": None}


def pause(world: Any, rule: str | None = None) -> None:
    """Pause a rule, or the account."""
    world.ledger.pausing.pause("default", rule, now=world.clock.now(), **WHY)


def pause_everything(world: Any) -> None:
    """Throw the switch."""
    world.ledger.pausing.pause_everything("default", now=world.clock.now(), **WHY)


@pytest.mark.parametrize("stop", [pause, pause_everything])
def test_nothing_is_read_or_sent_under_a_pause(world: Any, stop: Any) -> None:
    """Run and apply refuse at once, with who and why; the plan can be applied when the pause is over."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    reads = len(world.shop.requests)
    stop(world)
    with pytest.raises(Paused, match="paused by budi: stok opname"):
        world.apply(plan)
    with pytest.raises(Paused):
        world.run(world.rule())
    assert (len(world.shop.requests), world.shop.bodies) == (reads, [])
    world.ledger.pausing.resume("default", None, "sari", world.clock.now())
    world.ledger.pausing.resume_everything("default", "sari", world.clock.now())
    world.apply(plan)
    assert world.shop.sent_ids == [1]


@pytest.mark.parametrize("stop", [pause, pause_everything])
def test_a_pause_stops_a_run_before_its_next_request(world: Any, stop: Any) -> None:
    """What was on the wire is recorded as it went; the rest is abandoned, and says by whom."""
    for key in range(120):
        world.shop.add(key)
    plan = world.plan(world.rule())
    world.shop.before_send = lambda: stop(world)
    run = world.apply(plan)
    assert len(world.shop.bodies) == 1
    assert "paused by budi: stok opname" in run.stopped
    states = [one.state for one in run.outcomes]
    assert (states.count(State.CONFIRMED), states.count(State.ABANDONED)) == (50, 70)


def test_a_rules_pause_holds_its_changes_and_no_others(world: Any) -> None:
    """A person's plan still shows them, with a warning."""
    world.shop.add(1)
    world.shop.add(2, payment_method="qris")
    banks = world.rule("banks", query={"status": "pending", "payment_method": "bank_transfer"})
    codes = world.rule("codes", query={"status": "pending", "payment_method": "qris"})
    pause(world, "codes")
    plan = world.plan(banks, codes)
    assert len(plan.changes) == 2
    assert any("rule `codes` is paused by budi" in one for one in plan.warnings)
    run = world.apply(plan)
    assert world.shop.sent_ids == [1]
    assert {(one.id, one.state, one.code) for one in run.outcomes} == {
        (1, State.CONFIRMED, ""),
        (2, State.HELD, "paused"),
    }


def test_a_rule_that_is_paused_while_it_runs_sends_nothing_more(world: Any) -> None:
    """The request after the pause does not go."""
    for key in range(120):
        world.shop.add(key)
    plan = world.plan(world.rule())
    world.shop.before_send = lambda: pause(world, "cancel")
    run = world.apply(plan)
    assert len(world.shop.bodies) == 1
    held = [one for one in run.outcomes if one.state is State.HELD]
    assert {one.code for one in held} == {"paused"}
    assert len(held) == 70


def test_a_plan_under_no_pause_warns_of_none(world: Any) -> None:
    """Another rule's pause is nothing to this plan."""
    world.shop.add(1)
    pause(world, "other")
    assert world.plan(world.rule()).warnings == ()
