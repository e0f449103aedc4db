from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.model import Verdict
from tertib.scalev.contract import PARAMETERS, check

A_UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
NOON = "2026-09-01T12:00:00Z"

SHOWN: list[tuple[str, str, dict[str, Any], Verdict]] = [
    ("status", "pending", {"status": "pending"}, True),
    ("status", "pending", {"status": "draft"}, False),
    ("status", "pending", {"status": "PENDING"}, False),
    ("status", "shipped", {"status": "shipped_rts"}, False),
    ("status", "pending", {"status": None}, False),
    ("status", "pending", {"status": ""}, False),
    ("status", "pending", {"status": 3}, None),
    ("status", "pending", {}, None),
    ("payment_status", "unpaid", {"payment_status": "paid"}, False),
    ("payment_method", "va", {"payment_method": "va"}, True),
    ("payment_method", "va", {"payment_method": "va_bca"}, True),
    ("payment_method", "va", {"payment_method": "vault"}, False),
    ("payment_method", "va", {"payment_method": None}, False),
    ("payment_method", "va_bca", {"payment_method": "va_bca"}, True),
    ("payment_method", "va_bca", {"payment_method": "va_bni"}, False),
    ("payment_method", "va_bca", {"payment_method": "va"}, False),
    ("payment_method", "va", {}, None),
    ("platform", "shopee", {"platform": "shopee"}, True),
    ("platform", "shopee", {"platform": "scalev"}, False),
    ("order_id", "250130JQHFZG", {"order_id": "250130JQHFZG"}, True),
    ("order_id", "250130JQHFZG", {"order_id": "250130JQHFZH"}, False),
    ("external_id", "77", {"external_id": 77}, True),
    ("external_id", "77", {"external_id": 78}, False),
    ("external_id", "77", {"external_id": True}, None),
    ("shipment_status", "delivered", {"shipment_status": "delivered "}, False),
    ("utm_source", "fb", {"utm_source": None}, False),
    ("awb_ca_status", "failed", {"awb_ca_status": "failed"}, True),
    ("is_repeat", "true", {"is_repeat": True}, True),
    ("is_repeat", "true", {"is_repeat": False}, False),
    ("is_repeat", "false", {"is_repeat": False}, True),
    ("is_repeat", "false", {"is_repeat": "false"}, True),
    ("is_repeat", "false", {"is_repeat": None}, None),
    ("is_repeat", "true", {"is_repeat": None}, False),
    ("is_repeat", "false", {"is_repeat": 0}, None),
    ("is_transferproof_exist", "true", {"transferproof_url": "https://x/y.jpg"}, True),
    ("is_transferproof_exist", "true", {"transferproof_url": None}, False),
    ("is_transferproof_exist", "true", {"transferproof_url": ""}, False),
    ("is_transferproof_exist", "false", {"transferproof_url": ""}, True),
    ("is_transferproof_exist", "false", {"transferproof_url": "https://x/y.jpg"}, False),
    ("is_transferproof_exist", "false", {}, None),
    ("tags", "vip", {"tags": [{"id": 1, "name": "hold"}, {"id": 2, "name": "vip"}]}, True),
    ("tags", "vip", {"tags": [{"id": 1, "name": "VIP"}]}, False),
    ("tags", "vip", {"tags": []}, False),
    ("tags", "vip", {"tags": None}, False),
    ("tags", "vip", {"tags": ["vip"]}, True),
    ("tags", "vip", {"tags": [{"id": 1}]}, None),
    ("tags", "vip", {"tags": "vip"}, None),
    ("tags", "vip", {}, None),
    ("draft_time_until", NOON, {"draft_time": NOON}, True),
    ("draft_time_until", NOON, {"draft_time": "2026-09-01T12:00:00.900Z"}, True),
    ("draft_time_until", NOON, {"draft_time": "2026-09-01T12:00:01Z"}, False),
    ("draft_time_until", NOON, {"draft_time": "2026-09-01T19:00:00+07:00"}, True),
    ("confirmed_time_since", NOON, {"confirmed_time": "2026-09-01T18:59:59+07:00"}, False),
    ("confirmed_time_until", NOON, {"confirmed_time": "2026-09-01T18:59:59+07:00"}, True),
    ("shipped_time_until", NOON, {"shipped_time": "2026-09-02T00:00:00Z"}, False),
    ("completed_time_since", NOON, {"completed_time": "2026-09-02T00:00:00Z"}, True),
    ("shipped_time_since", NOON, {"shipped_time": "2026-09-01T12:00:00.1Z"}, True),
    ("completed_time_until", NOON, {"completed_time": None}, False),
    ("completed_time_until", NOON, {"completed_time": ""}, False),
    ("completed_time_until", NOON, {}, None),
    ("completed_time_until", NOON, {"completed_time": "2026-09-01T12:00:00"}, None),
    ("completed_time_until", NOON, {"completed_time": "yesterday"}, None),
    ("completed_time_until", NOON, {"completed_time": 1788264000}, None),
    ("completed_time_until", NOON, {"completed_time": "0001-01-01T00:00:00+14:00"}, None),
    ("store_id", "5", {"store": {"id": 5, "unique_id": "store_x"}}, True),
    ("store_id", "store_x", {"store": {"id": 5, "unique_id": "store_x"}}, True),
    ("store_id", A_UUID, {"store": {"id": 5, "uuid": A_UUID.upper()}}, True),
    ("store_id", "6", {"store": {"id": 5, "unique_id": "store_x"}}, False),
    ("store_id", "store_y", {"store": {"id": 5, "unique_id": "store_x"}}, False),
    ("store_id", A_UUID, {"store": {"id": 5, "unique_id": "store_x"}}, None),
    ("store_id", "5", {"store": {"name": "Toko"}}, None),
    ("store_id", "5", {"store": None}, False),
    ("store_id", "5", {}, None),
    ("warehouse_id", "5", {"warehouse": {"id": "5"}}, True),
    ("warehouse_id", "5", {"warehouse": {"id": 6}}, False),
    ("warehouse_id", "1", {"warehouse": {"id": True}}, None),
    ("handler_id", "5", {"handler": None}, False),
    ("advertiser_id", "5", {"advertiser": {"id": 5}}, True),
    ("financial_entity_id", "5", {"financial_entity": {"id": 7}}, False),
    ("courier_id", "5", {"courier_service": {"courier": {"id": 5}, "id": 9}}, True),
    ("courier_id", "9", {"courier_service": {"courier": {"id": 5}, "id": 9}}, False),
    ("courier_id", "9", {"courier_service": {"courier": None}}, False),
    ("business_id", "5", {"store": {"business": {"id": 5}}, "warehouse": {"business": {"id": 6}}}, True),
    ("business_id", "6", {"store": {"business": {"id": 5}}, "warehouse": {"business": {"id": 6}}}, True),
    ("business_id", "7", {"store": {"business": {"id": 5}}, "warehouse": {"business": {"id": 6}}}, False),
    ("business_id", "7", {"store": {"business": {"id": 5}}, "warehouse": None}, False),
    ("business_id", "7", {"store": {"business": {"id": 5}}}, None),
    ("page_id", "5", {"page": {"id": 5}}, True),
    ("page_id", "5", {"page": {"id": 6}}, False),
    ("page_id", "5", {"page": {"slug": "promo"}}, None),
    ("page_id", "5", {"page": None}, False),
    ("page_id", "5", {"page": "promo"}, None),
    ("page_id", "5", {}, None),
    ("product_id", "5", {"orderlines": [{"product_id": 4}, {"product_id": 5}]}, True),
    ("product_id", "5", {"orderlines": [{"product": {"id": 5}}]}, True),
    ("product_id", "5", {"orderlines": [{"product_id": 4}]}, False),
    ("product_id", "5", {"orderlines": [{"product_id": 4}, {"product_name": "Kopi"}]}, None),
    ("product_id", "5", {"orderlines": [{"product_id": None}]}, None),
    ("product_id", "5", {"orderlines": ["Kopi"]}, None),
    ("product_id", "5", {"orderlines": []}, None),
    ("product_id", "5", {}, None),
    ("is_probably_spam", "true", {"is_probably_spam": False}, False),
    ("is_probably_spam", "true", {"is_probably_spam": True}, True),
    ("is_probably_spam", "true", {"is_probably_spam": None}, None),
    ("is_probably_spam", "true", {}, None),
    ("search", "Budi", {"order_id": "x"}, None),
    ("search_field", "order_id", {"order_id": "x"}, None),
    ("is_from_form", "true", {"is_from_form": False}, None),
    ("business_role", "retailer", {}, None),
    ("affiliate_business_id", "5", {"affiliate_business_id": 6}, None),
]


@pytest.mark.parametrize(("parameter", "sent", "order", "verdict"), SHOWN)
def test_an_order_confirms_or_denies_a_filter(
    parameter: str, sent: str, order: dict[str, Any], verdict: Verdict
) -> None:
    """A filter is denied by what contradicts it, and by nothing that is merely missing or unreadable."""
    assert check(parameter, sent, order) is verdict


def test_every_parameter_has_a_row_above() -> None:
    """No parameter's recheck goes untried."""
    assert {parameter for parameter, *_ in SHOWN} == set(PARAMETERS)


def test_an_undocumented_filter_is_no_filter() -> None:
    """A name that nobody documents is a mistake of the caller."""
    with pytest.raises(KeyError):
        check("created_at_since", NOON, {})


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "unique_id"]), inner)
    ),
    max_leaves=6,
)


@given(parameter=st.sampled_from(sorted(PARAMETERS)), sent=st.text(max_size=8), value=ANYTHING)
def test_no_value_crashes_a_recheck(parameter: str, sent: str, value: object) -> None:
    """Whatever stands in a field, the verdict is one of three."""
    paths = PARAMETERS[parameter].checks or (parameter,)
    order = {path.partition(".")[0]: value for path in paths}
    assert check(parameter, sent, order) in (True, False, None)


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    st.integers(min_value=-3, max_value=3),
    st.integers(min_value=0, max_value=999_999),
)
def test_bounds_are_inclusive_to_the_second(second: datetime, away: int, microseconds: int) -> None:
    """A timestamp in the bound's own second agrees with both ends; a second away it agrees with one."""
    bound = second.replace(microsecond=0, tzinfo=UTC)
    order = {"shipped_time": (bound + timedelta(seconds=away, microseconds=microseconds)).isoformat()}
    assert check("shipped_time_since", bound.isoformat(), order) is (away >= 0)
    assert check("shipped_time_until", bound.isoformat(), order) is (away <= 0)
