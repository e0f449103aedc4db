"""Rules, orders and a decision in a line each, for tests of the plan stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tertib.compile import compile_rules
from tertib.evaluate import Evaluated, absorb
from tertib.language import conditions
from tertib.language.personal import Mask
from tertib.model import Complaint, History, Mode, Order, Origin, Page, Plan, Rule, ScanReport, Settings
from tertib.plan import Reading, decide
from tertib.plan.vetoes import Facts
from tertib.scalev import contract

NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
MASK = Mask(b"k" * 32)


def make_rule(name: str = "rule", **given: Any) -> Rule:
    """Return a rule that cancels pending orders, with whatever is given put in its place."""
    complaints: list[Complaint] = []
    parsed = conditions.parse(
        given.pop("conditions", []), contract.FIELDS["orders"], ZoneInfo("Asia/Jakarta"), complaints
    )
    assert complaints == []
    given.setdefault("query", {"status": ("pending",)})
    given.setdefault("action", {"status": "canceled"})
    action = {"by": f"tertib/{name}", **given.pop("action")}
    return Rule(
        name=name,
        origin=Origin("rules.yaml", 1),
        conditions=parsed,
        action=action,
        definition={"name": name},
        hash=f"hash-{name}",
        **given,
    )


def make_order(number: int = 1, **given: Any) -> dict[str, Any]:
    """Return a pending, unpaid order without proof or receipt."""
    order: dict[str, Any] = {
        "id": number,
        "order_id": f"26031{number:04d}",
        "status": "pending",
        "payment_status": "unpaid",
        "transferproof_url": None,
        "shipment_receipt": "",
        "gross_revenue": "100000.00",
        "created_at": "2026-03-01T00:00:00Z",
        "customer": {"name": "Budi Santoso"},
    }
    order.update(given)
    return {key: value for key, value in order.items() if value is not ...}


def make_plan(
    orders: Sequence[Order],
    rules: Sequence[Rule] | Rule,
    *,
    acting: bool = False,
    history: History | None = None,
    failure: Mapping[str, str] | None = None,
    **settings: Any,
) -> Plan:
    """Run compile, evaluate and plan over orders as if every scan had returned all of them."""
    chosen = Settings(**settings)
    program = compile_rules([rules] if isinstance(rules, Rule) else rules, chosen, NOW)
    evaluated = Evaluated()
    reports = []
    for scan in program.scans:
        absorb(evaluated, program, scan, Page(tuple(orders), None, NOW), MASK)
        why = (failure or {}).get(scan.params.get("status", ""))
        reports.append(ScanReport(scan, 1, len(orders), why))
    facts = Facts(chosen, program.protect, history or History(), now=NOW, rendered_at=NOW, mask=MASK)
    return decide(evaluated, program, Reading(tuple(reports), 1), facts, acting=acting, created_at=NOW)


@pytest.fixture
def rule() -> Callable[..., Rule]:
    """Return the maker of rules."""
    return make_rule


@pytest.fixture
def order() -> Callable[..., dict[str, Any]]:
    """Return the maker of orders."""
    return make_order


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """Return the maker of plans."""
    return make_plan


@pytest.fixture
def live() -> Mode:
    """Return the mode of rules that act by themselves."""
    return Mode.APPLY
