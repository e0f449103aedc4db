from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tertib.sandbox.refusal import Refusal
from tertib.sandbox.shop import Shop

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


def test_defaults_fill_in_a_partial_order() -> None:
    """A test says what matters to it, and gets a whole order that fits."""
    order = Shop.empty(now=NOW).add({"status": "shipped", "shipped_time": datetime(2026, 11, 1, tzinfo=UTC)})
    assert order["created_at"] == order["pending_time"] == order["shipped_time"] == "2026-11-01T00:00:00Z"
    assert order["completed_time"] is None
    assert order["order_id"].startswith("261101")


def test_partial_objects_keep_the_rest() -> None:
    """A store's expiry can be said without describing the store."""
    order = Shop.empty().add(
        {"store": {"auto_expire_days": 9}, "courier_service": {"courier": {"code": "x"}}}
    )
    assert (order["store"]["name"], order["store"]["auto_expire_days"]) == ("Rumah Herbal Nusantara", 9)
    assert (order["courier_service"]["courier"]["code"], order["courier_service"]["courier"]["id"]) == (
        "x",
        61,
    )


def test_given_orders_are_copies() -> None:
    """Nobody changes the shop by changing what it handed out."""
    shop = Shop.empty()
    order = shop.add({"id": 1, "tags": ["vip"]})
    order["tags"].append("hold")
    order["store"]["name"] = "x"
    assert shop.order(1)["tags"] == [{"id": 42, "name": "vip"}]
    assert Shop.empty().add({})["store"]["name"] != "x"


@pytest.mark.parametrize("shown", [None, "1234"])
def test_strange_ids_are_shown_as_they_are(shown: str | None) -> None:
    """An order may lack its id or show a number as text."""
    shop = Shop.empty()
    order = shop.add({"id": shown, "order_id": "250101AAAAAA"})
    assert order["id"] == shown
    assert shop.order("250101AAAAAA")["id"] == shown
    assert set(shop.snapshot()) == {shown or "250101AAAAAA"}


def test_replace_keeps_the_ids() -> None:
    """Another order can stand under a known id."""
    shop = Shop.empty("current")
    old = shop.add({"legacy_id": 5})
    new = shop.replace(old["id"], {"status": "draft"})
    assert (new["id"], new["order_id"], new["status"]) == (old["id"], old["order_id"], "draft")
    assert shop.find(5).fields["status"] == "draft"
    assert len(shop) == 1


def test_taken_ids_and_fixed_fields_are_refused() -> None:
    """Mistakes in a test show at once."""
    shop = Shop.empty()
    shop.add({"id": 1})
    with pytest.raises(ValueError, match="taken"):
        shop.add({"id": 1})
    with pytest.raises(ValueError, match="never changes"):
        shop.edit(1, {"id": 2})
    with pytest.raises(ValueError, match="time zone"):
        Shop.empty(now=datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="contract"):
        Shop(contract="v4")
    with pytest.raises(Refusal):
        shop.order(2)


def test_reset_brings_the_seeded_orders_back() -> None:
    """A reset undoes changes and forgets added orders."""
    shop = Shop(orders=60, now=NOW)
    before = shop.snapshot()
    shop.add({"id": 5})
    shop.edit(next(iter(before)), {"status": "closed"})
    shop.reset()
    assert shop.snapshot() == before


def test_demo_customer_is_the_most_loyal_one() -> None:
    """The store's well-known customer is who ordered there most."""
    shop = Shop.empty()
    for customer in (8, 9, 9):
        shop.add({"customer": {"id": customer}})
    assert shop.demo_customer("store_rumahherbal") == 9
    assert shop.demo_customer("store_nowhere") is None
