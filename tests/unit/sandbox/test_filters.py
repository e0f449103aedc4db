from __future__ import annotations

import pytest

from tertib.sandbox.filters import list_tests, passes, statistics_tests
from tertib.sandbox.refusal import Refusal
from tertib.sandbox.shop import Shop

SHIPPED = "2026-11-10T03:00:00Z"
ORDER = {
    "status": "shipped",
    "payment_status": "paid",
    "payment_method": "va",
    "shipped_time": SHIPPED,
    "is_repeat": True,
    "tags": ["vip", "hold"],
    "transferproof_url": "https://cdn.example/p.jpg",
    "store": {"id": 31},
    "customer": {"name": "Siti Rahayu", "phone": "628123"},
    "gross_revenue": "150000.00",
    "order_id": "251110ABCDEF",
    "external_id": "77",
    "product_ids": [7001],
    "awb_ca_status": "created",
    "affiliate_business_id": 1201,
}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, True),
        ({"status": "shipped"}, True),
        ({"status": "shipped_rts"}, False),
        ({"is_repeat": "true"}, True),
        ({"is_repeat": "false"}, False),
        ({"is_probably_spam": "false"}, True),
        ({"is_transferproof_exist": "false"}, False),
        ({"tags": "vip"}, True),
        ({"tags": "bukti-ok, vip"}, True),
        ({"tags": "VIP"}, False),
        ({"store_id": "31"}, True),
        ({"store_id": "store_rumahherbal"}, False),
        ({"business_id": "411"}, True),
        ({"courier_id": "61"}, True),
        ({"product_id": "7001"}, True),
        ({"product_id": "700"}, False),
        ({"order_id": "251110ABCDEF"}, True),
        ({"order_id": "251110"}, False),
        ({"search": "251110"}, True),
        ({"search": "rahayu", "search_field": "customer_name"}, True),
        ({"search": "rahayu", "search_field": "shoe_size"}, False),
        ({"search": "150000", "search_field": "gross_revenue"}, True),
        ({"search": "15000", "search_field": "gross_revenue"}, False),
        ({"affiliate_business_id": "1201"}, True),
        ({"awb_ca_status": "failed"}, False),
        ({"shipped_time_since": SHIPPED}, True),
        ({"shipped_time_until": SHIPPED}, True),
        ({"shipped_time_until": "2026-11-10T10:00:00+07:00"}, True),
        ({"shipped_time_until": "2026-11-10T09:59:59+07:00"}, False),
        ({"completed_time_since": "2020-01-01"}, False),
        ({"created_at_since": "2030-01-01"}, True),
        ({"colour": "blue"}, True),
    ],
)
def test_filters_find_what_they_say(params: dict[str, str], found: object) -> None:
    """Each documented filter does its work, bounds included; unknown ones widen silently."""
    order = Shop.empty().add(ORDER)
    assert passes(order, list_tests(params, "seeds")) is found


@pytest.mark.parametrize(
    "params",
    [
        {"status": "paid"},
        {"payment_status": "open"},
        {"payment_method": "va_bca"},
        {"is_repeat": "yes"},
        {"platform": "ebay"},
        {"shipped_time_since": "yesterday"},
        {"affiliate_business_id": "x"},
        {"business_role": "owner"},
    ],
)
def test_impossible_values_are_refused(params: dict[str, str]) -> None:
    """A value outside its enumeration or type gives 422 that names the parameter."""
    with pytest.raises(Refusal) as refused:
        list_tests(params, "seeds")
    assert refused.value.status == 422
    assert set(refused.value.details) == set(params)


def test_va_means_every_bank_in_the_current_contract() -> None:
    """The old name keeps filtering after the method was split by bank."""
    order = Shop.empty("current").add({"payment_method": "va_bca"})
    assert passes(order, list_tests({"payment_method": "va"}, "current"))
    assert not passes(order, list_tests({"payment_method": "va_bni"}, "current"))


def test_tags_can_be_made_to_mean_all() -> None:
    """The documents do not say what the comma means, so both readings can be served."""
    order = Shop.empty().add({"tags": ["vip"]})
    assert not passes(order, list_tests({"tags": "vip,hold"}, "seeds", "all"))


def test_statistics_take_their_documented_filters_only() -> None:
    """A filter that the statistics page does not list is ignored there."""
    assert len(statistics_tests({"status": "shipped", "payment_method": "cod"}, "seeds")) == 1


def test_odd_orders_never_match_by_accident() -> None:
    """Null, missing and malformed values pass no filter and crash none."""
    shop = Shop.empty()
    odd = shop.add({"store": None, "tags": None, "shipped_time": "soon", "customer": None}, without=("page",))
    for params in (
        {"store_id": "31"},
        {"tags": "vip"},
        {"shipped_time_since": "2000-01-01"},
        {"search": "x", "search_field": "customer_name"},
        {"page_id": "1"},
    ):
        assert not passes(odd, list_tests(params, "seeds"))
