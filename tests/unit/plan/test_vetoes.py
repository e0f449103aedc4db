"""Vetoes: what keeps an order as it is, and that unknown keeps it too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tertib.language import conditions
from tertib.model import Confirmed, History
from tertib.scalev import contract

CONFIRMED_AT = datetime(2026, 3, 9, tzinfo=UTC)


def codes(plan: Any) -> list[str]:
    """Return the codes of what a plan holds."""
    return [held.code for held in plan.held]


def test_an_ordinary_unpaid_order_is_cancelled(plan: Any, order: Any, rule: Any) -> None:
    """A pending, unpaid order without proof or receipt passes every veto."""
    decided = plan([order()], rule())
    assert [change.set["status"] for change in decided.changes] == ["canceled"]
    assert decided.held == ()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"payment_status": "paid"}, "paid"),
        ({"payment_status": "settled"}, "paid"),
        ({"payment_status": "conflict"}, "conflict"),
        ({"transferproof_url": "https://x.example/p.jpg"}, "transfer_proof"),
        ({"shipment_receipt": "JX123"}, "shipment_receipt"),
        ({"payment_status": ...}, "cannot_tell"),
        ({"payment_status": None}, "cannot_tell"),
        ({"payment_status": "refunded"}, "cannot_tell"),
        ({"transferproof_url": ...}, "cannot_tell"),
        ({"shipment_receipt": ...}, "cannot_tell"),
        ({"shipment_receipt": 17}, "cannot_tell"),
    ],
)
def test_cancelling_is_vetoed(plan: Any, order: Any, rule: Any, given: Any, code: Any) -> None:
    """A cancellation is held by what speaks against it, and by what cannot be told."""
    decided = plan([order(**given)], rule())
    assert decided.changes == ()
    assert codes(decided) == [code]


@pytest.mark.parametrize(
    ("given", "allow"),
    [
        ({"payment_status": "paid"}, "paid"),
        ({"payment_status": "conflict"}, "conflict"),
        ({"transferproof_url": "https://x.example/p.jpg"}, "transfer_proof"),
        ({"shipment_receipt": "JX123"}, "shipment_receipt"),
    ],
)
def test_a_rule_lifts_one_veto_by_name(plan: Any, order: Any, rule: Any, given: Any, allow: Any) -> None:
    """`allow` lifts exactly the veto it names."""
    assert len(plan([order(**given)], rule(allow=frozenset({allow}))).changes) == 1
    others = {"paid", "conflict", "transfer_proof", "shipment_receipt"} - {allow}
    assert plan([order(**given)], rule(allow=frozenset(others))).changes == ()


def test_a_certain_veto_is_named_before_one_that_cannot_be_told(plan: Any, order: Any, rule: Any) -> None:
    """What is known for certain explains better than what is not."""
    decided = plan([order(shipment_receipt=..., payment_status="paid")], rule())
    assert codes(decided) == ["paid"]


def test_an_order_in_conflict_is_not_marked_paid(plan: Any, order: Any, rule: Any) -> None:
    """Marking paid is held while the payment is in conflict, unless the rule lifts it."""
    paying = {"query": {}, "action": {"payment_status": "paid"}}
    given = order(payment_status="conflict")
    assert codes(plan([given], rule(**paying))) == ["conflict"]
    assert len(plan([given], rule(**paying, allow=frozenset({"conflict"}))).changes) == 1


@pytest.mark.parametrize("present", ["canceled", "closed", "shipped_rts", "deleted", "completed"])
def test_no_order_moves_along_an_arrow_that_the_flow_lacks(
    plan: Any, order: Any, rule: Any, present: Any
) -> None:
    """Statuses without a documented step to the target hold the order, also statuses nobody documents."""
    decided = plan([order(status=present)], rule(query={}, action={"status": "pending"}))
    assert codes(decided) == ["status_flow"]


def test_a_missing_status_cannot_be_told(plan: Any, order: Any, rule: Any) -> None:
    """An answer without `status` moves nothing."""
    assert codes(plan([order(status=...)], rule(query={}))) == ["cannot_tell"]


def test_a_payment_only_change_is_no_arrow(plan: Any, order: Any, rule: Any) -> None:
    """Staying in a status needs no step of the flow."""
    decided = plan([order(status="closed")], rule(query={}, action={"payment_status": "paid"}))
    assert len(decided.changes) == 1


def protect(text: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Parse protect conditions."""
    return conditions.parse(text, contract.FIELDS["orders"], ZoneInfo("UTC"), [])


def test_protected_orders_are_never_touched(plan: Any, order: Any, rule: Any) -> None:
    """An order for which a `protect` condition holds, or cannot be told, is held; `allow` lifts nothing."""
    guard = protect([{"tags": {"any_of": ["hold"]}}])
    lifted = rule(allow=frozenset({"protect", "protected", "paid"}))
    assert codes(plan([order(tags=[{"id": 1, "name": "hold"}])], lifted, protect=guard)) == ["protected"]
    assert codes(plan([order()], lifted, protect=guard)) == ["cannot_tell"]
    assert len(plan([order(tags=[])], lifted, protect=guard).changes) == 1


def test_orders_on_hold_are_never_touched(plan: Any, order: Any, rule: Any) -> None:
    """A hold binds by order number or by id, and shows its reason."""
    for ref in ("260310001", "1"):
        decided = plan([order()], rule(), history=History(holds={ref: "buyer called"}))
        assert codes(decided) == ["on_hold"]
        assert "buyer called" in decided.held[0].why


def test_an_unsettled_order_waits(plan: Any, order: Any, rule: Any) -> None:
    """While an outcome is unknown nothing more is planned for the order."""
    assert codes(plan([order()], rule(), history=History(unsettled=frozenset({"1"})))) == ["unsettled"]


def test_what_a_person_changed_back_stays(plan: Any, order: Any, rule: Any) -> None:
    """An order that no longer shows what this rule confirmed was changed by a person."""
    ours = Confirmed("rule", {"status": "canceled"}, CONFIRMED_AT)
    history = History(confirmed={"1": (ours,)})
    assert codes(plan([order()], rule(), history=history)) == ["human_change"]
    assert len(plan([order()], rule("other"), history=history).changes) == 1
    assert len(plan([order()], rule(allow=frozenset({"human_change"})), history=history).changes) == 1


def test_our_own_later_change_is_no_persons_change(plan: Any, order: Any, rule: Any) -> None:
    """What another rule of ours set afterwards is expected, and does not count against the first."""
    first = Confirmed("rule", {"status": "confirmed"}, CONFIRMED_AT)
    later = Confirmed("other", {"status": "pending"}, CONFIRMED_AT)
    decided = plan([order()], rule(), history=History(confirmed={"1": (first, later)}))
    assert len(decided.changes) == 1
