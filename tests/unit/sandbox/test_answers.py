from __future__ import annotations

from tertib.sandbox import answers, contract
from tertib.sandbox.shop import Shop

ORDER = {"id": 1, "gross_revenue": 168724, "product_price": "150000.50", "shipping_cost": 9000, "by": "x"}


def test_full_answer_lacks_what_the_example_lacks() -> None:
    """Without columns there is no status, payment or orderline, but there is the spam mark."""
    shop = Shop.empty()
    shop.add(ORDER)
    shown = answers.full_answer(shop.find(1))
    assert set(shown) == set(contract.FULL_FIELDS)
    assert not {"status", "payment_status", "payment_method", "orderlines", "by", "rtsproof_url"} & set(shown)


def test_narrow_answer_has_what_was_asked() -> None:
    """Columns bring themselves, three fields come along, unknown and full-only ones are ignored."""
    shop = Shop.empty()
    shop.add(ORDER)
    shown = answers.narrow_answer(shop.find(1), ["status", "is_probably_spam", "nonsense"])
    assert list(shown) == ["id", "created_at", "last_updated_at", "status"]


def test_the_two_lists_disagree_about_money() -> None:
    """The same amount is a number for the business and a text for the customer."""
    shop = Shop.empty()
    shop.add(ORDER)
    business, customer = answers.full_answer(shop.find(1)), answers.customer_answer(shop.find(1))
    assert (business["product_price"], customer["product_price"]) == (150000.5, "150000.50")
    assert (business["shipping_cost"], customer["shipping_cost"]) == (9000, "9000.00")
    assert business["gross_revenue"] == customer["gross_revenue"] == "168724.00"


def test_customer_answer_has_its_own_store() -> None:
    """The buyer sees the store's payment terms and never who is behind it."""
    shop = Shop.empty()
    shop.add(ORDER)
    shown = answers.customer_answer(shop.find(1))
    assert set(shown) == set(contract.CUSTOMER_FIELDS)
    assert set(shown["store"]) == set(contract.CUSTOMER_STORE)
    assert set(shown["courier_service"]["courier"]) == set(contract.CUSTOMER_COURIER)


def test_odd_values_go_out_as_they_are() -> None:
    """What is no amount is not mended, and a missing key stays missing."""
    shop = Shop.empty()
    shop.add({"id": 1, "gross_revenue": "n/a", "shipping_cost": None}, without=("product_price",))
    shown = answers.full_answer(shop.find(1))
    assert (shown["gross_revenue"], shown["shipping_cost"]) == ("n/a", None)
    assert "product_price" not in shown


def test_bulk_answer_follows_the_contract() -> None:
    """The later documents add the order's two links."""
    shop = Shop.empty()
    shop.add(ORDER)
    order = shop.find(1)
    assert set(answers.changed_answer(order, "seeds")) == {"id", "order_id", "status", "payment_status"}
    more = set(answers.changed_answer(order, "current")) - set(answers.changed_answer(order, "seeds"))
    assert more == {"public_order_url", "payment_url"}
