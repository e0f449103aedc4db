"""Plans that rest on lookup tables: what they set, what they hold, and when they may no longer be applied."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib.errors import PlanRefused
from tertib.load import load
from tertib.model import Rule
from tertib.record import document, restore

RULE = """
name: mark-paid
query: {status: pending}
data: {transfers: transfers.csv}
conditions:
  - order_id: {not_in: {table: transfers}}
action:
  payment_status: paid
mode: apply
"""
RULES = RULE.replace("not_in", "in").replace(
    "payment_status: paid",
    "payment_status: paid\n  payment_account_holder: \"{{ lookup('transfers', order.order_id).holder }}\"",
)
CSV = "order_id;holder\norder-1;Budi Santoso\norder-2;\n"


def rule(world: Any, text: str = RULES) -> Rule:
    """Write a rule and its table into the world's folder and load it."""
    folder = Path(world.directory)
    (folder / "transfers.csv").write_text(CSV, "utf-8")
    (folder / "rule.yaml").write_text(text, "utf-8")
    loaded = load([folder / "rule.yaml"], world.settings)
    assert loaded.errors == ()
    return loaded.rules[0]


@pytest.fixture(autouse=True)
def orders(world: Any) -> None:
    """Put three orders into the shop; the table knows two of them, and the holder of one."""
    for number in (1, 2, 3):
        world.shop.add(number)


def test_a_missing_cell_holds_its_order_and_the_rest_goes(world: Any) -> None:
    """What the table says is planned; an order whose cell is empty is held, and the table is named as the reason."""
    plan = world.plan(rule(world))
    assert [change.order_id for change in plan.changes] == ["order-1"]
    assert [(held.order_id, held.code, held.why) for held in plan.held] == [
        (
            "order-2",
            "template",
            "`payment_account_holder`: table `transfers` has nothing under `holder` for this order",
        )
    ]


def test_personal_values_of_a_table_are_masked_and_sent_in_clear(world: Any) -> None:
    """A name from a table is in no plan and no record, and is looked up again when it is sent."""
    plan = world.plan(rule(world))
    written = json.dumps(document(plan, world.mask))
    assert "Budi" not in written
    world.apply(restore(json.loads(written)))
    assert [body["payment_account_holder"] for body in world.shop.bodies] == ["Budi Santoso"]
    kept = [path for path in world.directory.iterdir() if path.name.startswith("tertib.db")]
    assert b"Budi" not in b"".join(path.read_bytes() for path in kept)


def test_a_plan_is_judged_again_by_the_tables_it_was_made_with(world: Any) -> None:
    """Orders that are read again before they are sent meet the table's conditions again."""
    plan = world.plan(rule(world, RULE))
    assert [change.order_id for change in plan.changes] == ["order-3"]
    world.clock.moment += timedelta(minutes=5)
    world.apply(restore(json.loads(json.dumps(document(plan, world.mask)))))
    assert world.shop.sent_ids == [3]


def test_a_changed_table_refuses_the_plan_before_anything_happens(world: Any) -> None:
    """The plan stays as it was, so that it can be applied once the table is what it was."""
    plan = world.plan(rule(world))
    table = world.directory / "transfers.csv"
    table.write_text(CSV.replace("Budi", "Tuti"), "utf-8")
    with pytest.raises(PlanRefused, match="table `transfers` changed since the plan was made"):
        world.apply(plan)
    table.unlink()
    with pytest.raises(PlanRefused, match="table `transfers` changed since the plan was made"):
        world.apply(plan)
    assert world.shop.bodies == []
    table.write_text(CSV, "utf-8")
    assert world.apply(plan).sent == 1


def test_a_run_goes_by_the_tables_that_its_rules_were_loaded_with(world: Any) -> None:
    """What changes on the disk in the middle of a run is for the next one."""
    loaded = rule(world)
    (world.directory / "transfers.csv").write_text("order_id;holder\norder-3;Tuti\n", "utf-8")
    _, run = world.run(loaded)
    assert world.shop.sent_ids == [1]
    assert run.sent == 1
