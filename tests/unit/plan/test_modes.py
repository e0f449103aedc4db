"""The parts of a plan: each tells of its own rules, and of the reading that it shares with the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tertib.model import Mode, Plan
from tertib.plan.modes import by_mode


@pytest.fixture
def parts(plan: Any, order: Any, rule: Any) -> dict[str, Plan]:
    """Return a decision of four rules in its parts, by the rules of each."""
    rules = [
        rule("shows", mode=Mode.PREVIEW, query={"status": ("pending",)}),
        rule("asks", mode=Mode.APPROVE, query={"status": ("ready",), "search": ("JQ",)}),
        rule(
            "asks-too", mode=Mode.APPROVE, query={"status": ("pending",)}, conditions=[{"gross_revenue": 5}]
        ),
        rule("acts", mode=Mode.APPLY, query={"status": ("confirmed",)}),
    ]
    orders = [order(1, gross_revenue="n/a"), order(2, status="ready"), order(3, status="ready")]
    decided = plan(orders, rules, acting=True)
    return {", ".join(one.name for one in part.rules): part for _, part in by_mode(decided)}


def test_each_rule_that_asks_is_a_part_of_its_own(parts: dict[str, Plan]) -> None:
    """A person says yes or no to one rule at a time; what acts or only shows itself stays together."""
    assert set(parts) == {"shows", "asks", "asks-too", "acts"}
    assert all({one.rule for one in part.changes} <= {name} for name, part in parts.items())


def test_a_part_tells_what_was_read_for_its_rules(parts: dict[str, Plan]) -> None:
    """Its scans are those that served its rules, and it counts their orders; in all it knows the whole reading."""
    for name, part in parts.items():
        assert part.scans
        assert all(name in one.scan.rules for one in part.scans)
        assert part.orders_for_its_rules == sum(one.orders for one in part.scans) < part.orders_read
    assert len({(part.orders_read, part.requests) for part in parts.values()}) == 1


def test_a_part_warns_of_its_own_rules_and_of_the_reading(parts: dict[str, Plan]) -> None:
    """Another rule's filter does not concern who decides on this one; a value that nobody could read may."""
    (filter_, field) = parts["asks"].warnings
    assert "rule `asks`: filter `search` is trusted" in filter_
    assert "gross_revenue" in field
    assert all(parts[name].warnings == (field,) for name in ("shows", "asks-too", "acts"))


def test_a_scan_that_failed_is_told_of_in_every_part(plan: Any, order: Any, rule: Any) -> None:
    """No part of an incomplete reading can be applied, and each says why."""
    rules = [
        rule("asks", mode=Mode.APPROVE, query={"status": ("ready",)}),
        rule("acts", mode=Mode.APPLY, query={"status": ("pending",)}),
    ]
    decided = plan([order(1, status="ready")], rules, acting=True, failure={"pending": "broken"})
    asks = next(part for mode, part in by_mode(decided) if mode is Mode.APPROVE)
    assert not asks.complete
    assert [one.failure for one in asks.scans] == [one.failure for one in decided.scans]
    assert asks.orders_for_its_rules < asks.orders_read


def test_rules_of_one_mode_are_one_part_that_is_the_whole(plan: Any, order: Any, rule: Any) -> None:
    """Nothing is lost or changed where there is nothing to part."""
    decided = plan([order(1)], [rule("one", mode=Mode.APPLY), rule("two", mode=Mode.APPLY)], acting=True)
    assert list(by_mode(decided)) == [(Mode.APPLY, decided)]
    assert list(by_mode(replace(decided, rules=(), definitions=()))) == []
