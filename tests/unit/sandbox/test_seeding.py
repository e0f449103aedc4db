from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tertib.sandbox import contract as documents
from tertib.sandbox.clock import iso, read_instant
from tertib.sandbox.contract import METHODS, Contract
from tertib.sandbox.order import PATH, STAMPS
from tertib.sandbox.shop import Shop
from tertib.sandbox.stories import STORIES, shares

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.fixture(scope="module", params=["seeds", "current"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """Seed a shop for each contract."""
    return Shop(orders=2000, contract=request.param, now=NOW)


def orders(shop: Shop) -> list[dict[str, Any]]:
    """Give the fields of every order."""
    return [order.fields for order in shop.shelf]


def test_same_seed_same_shop() -> None:
    """A seed gives the same orders every time, and another seed others."""
    assert orders(Shop(3, 80, now=NOW)) == orders(Shop(3, 80, now=NOW))
    assert orders(Shop(3, 80, now=NOW)) != orders(Shop(4, 80, now=NOW))


@pytest.mark.parametrize("count", [0, 1, 40, 41, 100, 3000])
def test_stories_add_up(count: int) -> None:
    """There are exactly as many orders as asked for, and every story where there is room."""
    counted = [share for _, share in shares(count)]
    assert sum(counted) == count == len(Shop(orders=count, now=NOW))
    assert count < len(STORIES) or min(counted) >= 1


def test_every_status_method_and_platform_occurs(shop: Shop) -> None:
    """People meet every value of the documents, and two from the wild."""
    all_orders = orders(shop)
    contract: Contract = shop.contract
    assert {order["status"] for order in all_orders} == documents.FILTER_STATUSES | {"paid", "deleted"}
    assert set(documents.PAYMENT_STATUSES) <= {order["payment_status"] for order in all_orders}
    assert set(METHODS[contract]) <= {order["payment_method"] for order in all_orders}
    assert set(documents.PLATFORMS) <= {order["platform"] for order in all_orders}


def test_ids_follow_the_contract(shop: Shop) -> None:
    """Integers in one contract; UUIDv7 in the other, with an old integer for what is old."""
    for order in shop.shelf:
        if shop.contract == "seeds":
            assert isinstance(order.shown_id, int)
        else:
            assert UUID(str(order.shown_id)).version == 7
            assert (order.legacy_id is not None) == (
                order.fields["created_at"] < iso(NOW - timedelta(days=30))
            )


def test_ids_and_references_are_unique(shop: Shop) -> None:
    """No two orders share an id or a human reference."""
    assert len(shop.snapshot()) == len(shop) == len({order["order_id"] for order in orders(shop)})


def test_times_fit_the_status(shop: Shop) -> None:
    """Every time lies between 90 days ago and now, and the way to the present status is stamped in order."""
    for order in orders(shop):
        stamps = [read_instant(order.get(stamp)) for stamp in STAMPS]
        assert all(NOW - timedelta(days=91) < time <= NOW for time in stamps if time)
        if order["status"] in PATH[2:]:
            way = [read_instant(order[f"{name}_time"]) for name in PATH[: PATH.index(order["status"]) + 1]]
            assert way == sorted(way, key=lambda time: time or NOW)


def test_shipped_goods_have_a_receipt(shop: Shop) -> None:
    """What travels has a receipt; what is digital has no courier."""
    for order in orders(shop):
        is_digital = all(line["item_type"] == "digital" for line in order["orderlines"])
        assert (order["courier_service"] is None) == is_digital
        if order["status"] == "shipped" and not is_digital:
            assert order["shipment_receipt"]


def _age(order: dict[str, Any], stamp: str) -> timedelta:
    time = read_instant(order.get(stamp))
    return NOW - time if time else timedelta()


def _tags(order: dict[str, Any]) -> set[str]:
    return {tag["name"] for tag in order.get("tags") or []}


@pytest.mark.parametrize(
    ("what", "least"),
    [
        ("forgotten transfer", 60),
        ("abandoned draft", 60),
        ("shipped for a month", 30),
        ("digital and paid", 20),
        ("delivered", 30),
        ("returning", 15),
        ("bukti-ok", 10),
        ("spam", 10),
    ],
)
def test_typical_rules_find_orders(shop: Shop, what: str, least: int) -> None:
    """Every rule that a shop would write first has something to do."""
    finders: dict[str, Callable[[dict[str, Any]], bool]] = {
        "forgotten transfer": lambda one: (
            (one["status"], one["payment_status"], one["payment_method"])
            == ("pending", "unpaid", "bank_transfer")
            and not one.get("transferproof_url")
            and _age(one, "pending_time") > timedelta(days=3)
        ),
        "abandoned draft": lambda one: (
            one["status"] == "draft" and _age(one, "draft_time") > timedelta(days=7)
        ),
        "shipped for a month": lambda one: (
            one["status"] == "shipped" and _age(one, "shipped_time") > timedelta(days=30)
        ),
        "digital and paid": lambda one: (
            one["payment_status"] == "paid"
            and one["status"] in ("confirmed", "ready", "shipped")
            and {line["item_type"] for line in one["orderlines"]} == {"digital"}
        ),
        "delivered": lambda one: (one["status"], one["shipment_status"]) == ("shipped", "delivered"),
        "returning": lambda one: one["status"] == "shipped" and one["shipment_status"] in ("returned", "rts"),
        "bukti-ok": lambda one: one["payment_status"] == "unpaid" and "bukti-ok" in _tags(one),
        "spam": lambda one: (
            one["is_probably_spam"] and (one["status"], one["payment_status"]) == ("pending", "unpaid")
        ),
    }
    assert sum(bool(finders[what](order)) for order in orders(shop)) >= least


def test_buyers_come_back(shop: Shop) -> None:
    """Some buyers order again, and their later orders say so."""
    repeats = sum(bool(order["is_repeat"]) for order in orders(shop))
    assert len(shop) // 5 < repeats < len(shop)


def test_odd_values_occur(shop: Shop) -> None:
    """Missing keys, nulls and nonsense are out there."""
    all_orders = orders(shop)
    assert any("transferproof_url" not in order for order in all_orders)
    assert any(order["gross_revenue"] == "n/a" for order in all_orders)
    assert any(order["customer"] is None for order in all_orders)
