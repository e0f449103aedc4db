"""A rule acts by itself on its schedule once it has earned it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tertib.dispatch import approved
from tertib.errors import PlanRefused, ReadError
from tertib.model import Pick, Reversals

ACCOUNT = "default"


def slot(world: Any) -> tuple[str]:
    """Name a scheduled time that nothing ran for yet."""
    world.clock.moment += timedelta(minutes=30)
    return (f"{ACCOUNT}/cancel/{world.clock.moment.isoformat()}",)


def carry_out(world: Any, plan_id: str) -> Any:
    """Apply what was approved of a plan."""
    approval = world.ledger.approvals.of(ACCOUNT, plan_id, world.clock.now())
    return approved.carry_out(approval, world.ledger, world.means(), world.shop)


def waiting(world: Any) -> Any:
    """Return the one plan that waits."""
    (found,) = world.ledger.approvals.waiting(ACCOUNT, world.clock.now())
    return found


def test_a_new_rule_asks_on_its_schedule_until_a_person_let_it_act(world: Any) -> None:
    """Its first slots wait for a person; after a yes it goes by itself."""
    world.shop.add(1)
    rule = world.rule()
    for _ in range(2):
        _, run = world.run(rule, slots=slot(world))
        assert [str(one.state) for one in run.outcomes] == ["awaiting_approval"]
    assert "new or was edited" in waiting(world).asked.why
    plan_id = waiting(world).asked.plan_id
    world.ledger.approvals.approve(ACCOUNT, plan_id, who="budi", now=world.clock.now())
    assert [str(one.state) for one in carry_out(world, plan_id).outcomes] == ["confirmed"]
    world.shop.add(2)
    _, run = world.run(rule, slots=slot(world))
    assert [(one.id, str(one.state)) for one in run.outcomes] == [(2, "confirmed")]


def test_an_edited_rule_asks_again(world: Any) -> None:
    """Another meaning is another hash: what the old one earned is gone."""
    world.shop.add(1)
    world.run(world.rule())
    world.shop.add(2)
    edited = world.rule(conditions=[{"gross_revenue": {"lt": 200000}}])
    _, run = world.run(edited, slots=slot(world))
    assert {str(one.state) for one in run.outcomes} == {"awaiting_approval"}


def test_first_run_apply_acts_at_once(world: Any) -> None:
    """A rule may say that nobody is to be asked."""
    world.shop.add(1)
    _, run = world.run(world.rule(first_run="apply"), slots=slot(world))
    assert [str(one.state) for one in run.outcomes] == ["confirmed"]


def test_a_persons_run_does_as_told(world: Any) -> None:
    """`tertib run` asks nobody: a person is there."""
    world.shop.add(1)
    _, run = world.run(world.rule())
    assert [str(one.state) for one in run.outcomes] == ["confirmed"]


def test_a_rule_that_people_take_back_asks_again(world: Any) -> None:
    """More reversals than the set share, of enough changes, and the rule falls back to asking and says why."""
    world.settings = replace(world.settings, reversals=Reversals(Decimal("0.2"), 4, timedelta(days=30)))
    rule = world.rule()
    for number in range(1, 5):
        world.shop.add(number)
    world.run(rule)
    world.shop.orders["1"]["status"] = "pending"
    world.shop.add(5)
    _, run = world.run(rule, slots=slot(world))
    assert "confirmed" in {str(one.state) for one in run.outcomes}
    world.shop.orders["2"]["status"] = "pending"
    world.run(rule, slots=slot(world))
    world.shop.add(6)
    _, run = world.run(rule, slots=slot(world))
    assert [(one.id, str(one.state)) for one in run.outcomes if one.id == 6] == [(6, "awaiting_approval")]
    assert waiting(world).asked.why.startswith("people took back 2 of its 5 changes (40%)")


def test_each_rule_that_asks_waits_for_its_own_yes(world: Any) -> None:
    """A person decides on one rule at a time, and may take a part."""
    world.shop.add(1)
    world.shop.add(2)
    world.shop.add(3, status="ready")
    rules = world.rule("a", mode="approve"), world.rule("b", mode="approve", query={"status": "ready"})
    world.run(*rules, slots=slot(world))
    queue = {one.asked.rules: one for one in world.ledger.approvals.waiting(ACCOUNT, world.clock.now())}
    assert {rules: one.asked.changes for rules, one in queue.items()} == {("a",): 2, ("b",): 1}
    plan_id = queue["a",].asked.plan_id
    part = Pick(only=("2",))
    world.ledger.approvals.approve(ACCOUNT, plan_id, who="budi", part=part, now=world.clock.now())
    carry_out(world, plan_id)
    assert world.shop.sent_ids == [2]


def test_what_is_approved_is_checked_once_more(world: Any) -> None:
    """An order that was paid while its plan waited is dropped when the plan is applied."""
    world.shop.add(1)
    world.shop.add(2)
    world.run(world.rule(mode="approve"), slots=slot(world))
    plan_id = waiting(world).asked.plan_id
    world.shop.orders["1"]["payment_status"] = "paid"
    world.clock.moment += timedelta(hours=2)
    world.ledger.approvals.approve(ACCOUNT, plan_id, who="budi", now=world.clock.now())
    run = carry_out(world, plan_id)
    assert {one.id: str(one.state) for one in run.outcomes} == {1: "stale", 2: "confirmed"}


def test_an_approved_plan_that_is_refused_is_not_tried_again(world: Any) -> None:
    """What cannot be applied any more says why, and leaves the queue."""
    world.shop.add(1)
    world.run(world.rule(mode="approve"), slots=slot(world))
    plan_id = waiting(world).asked.plan_id
    world.ledger.approvals.approve(ACCOUNT, plan_id, who="budi", now=world.clock.now())
    approval = world.ledger.approvals.of(ACCOUNT, plan_id, world.clock.now())
    world.settings = replace(world.settings, plan_ttl=timedelta(minutes=5))
    world.clock.moment += timedelta(minutes=10)
    with pytest.raises(PlanRefused, match="too old"):
        approved.carry_out(approval, world.ledger, world.means(), world.shop)
    assert list(approved.due(world.ledger, ACCOUNT, world.clock.now())) == []
    assert world.shop.sent_ids == []


def fail_on_ready(params: Any) -> None:
    """Lose the page that asks for ready orders."""
    if params.get("status") == "ready":
        raise ReadError("the page was lost")


def test_an_incomplete_reading_asks_nobody(world: Any) -> None:
    """A plan that cannot be applied is not put before a person."""
    world.shop.add(1)
    world.shop.add(2, status="ready")
    world.shop.on_read = fail_on_ready
    rules = world.rule("a", mode="approve"), world.rule("b", mode="approve", query={"status": "ready"})
    world.run(*rules, slots=slot(world))
    assert world.ledger.approvals.waiting(ACCOUNT, world.clock.now()) == ()
