"""Traces: what a condition saw, shown short, clean and without personal data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from tertib.language import conditions
from tertib.language.personal import Mask
from tertib.model import Complaint, Field, Kind, Trace

JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)
MASK = Mask(b"k" * 32)
PHONE = "6281234567889"
KINDS = {
    "status": Kind.ENUM,
    "gross_revenue": Kind.MONEY,
    "shipping_cost": Kind.MONEY,
    "pending_time": Kind.TIME,
    "customer": Kind.OBJECT,
    "customer.phone": Kind.TEXT,
    "customer.name": Kind.TEXT,
    "notes": Kind.TEXT,
    "shipment_status": Kind.TEXT,
    "tags": Kind.TAGS,
    "orderlines": Kind.OBJECTS,
    "orderlines.product_name": Kind.TEXT,
    "messages": Kind.OBJECTS,
    "messages.to": Kind.TEXT,
    "final_variants": Kind.QUANTITIES,
    "metadata": Kind.OPEN,
}
PERSONAL = ("customer", "notes", "messages", "metadata")
FIELDS = {
    path: Field(path, kind, "", frozenset({"orders"}), "", personal=path.startswith(PERSONAL))
    for path, kind in KINDS.items()
}


def trace(text: str, order: dict[str, Any]) -> Trace:
    """Trace one condition in the shop's zone."""
    complaints: list[Complaint] = []
    (condition,) = conditions.parse([yaml.safe_load(text)], FIELDS, JAKARTA, complaints)
    return conditions.trace(condition, order, NOW, FIELDS, MASK, zone=JAKARTA)


@pytest.mark.parametrize(
    ("text", "order", "saw"),
    [
        ("status: pending", {}, "missing"),
        ("status: pending", {"status": None}, "null"),
        ("status: pending", {"status": ""}, '""'),
        ("status: pending", {"status": "shipped"}, "shipped"),
        ("status: pending", {"status": 5}, "5 (not readable as enum)"),
        ("gross_revenue: {lt: 5}", {"gross_revenue": "168724.00"}, "168724.00"),
        ("gross_revenue: {lt: 5}", {"gross_revenue": 20000}, "20000"),
        ("gross_revenue: {lt: 5}", {"gross_revenue": "n/a"}, "n/a (not readable as money)"),
        ("gross_revenue: {lt: {field: shipping_cost}}", {"gross_revenue": 1, "shipping_cost": "2"}, "1; shipping_cost 2"),
        ("gross_revenue: {lt: {field: shipping_cost}}", {"gross_revenue": 1}, "1; shipping_cost missing"),
        ("pending_time: {older_than: 3d}", {"pending_time": "2026-03-01T03:00:00Z"}, "2026-03-01 10:00 (4d 3h old)"),
        ("pending_time: {older_than: 3d}", {"pending_time": "2026-03-05T08:30:00Z"}, "2026-03-05 15:30 (in 2h 30m)"),
        ("pending_time: {older_than: 3d}", {"pending_time": "9999-12-31T23:00:00Z"}, "9999-12-31 23:00 (in 2912379d 17h)"),
        ("tags: [vip]", {"tags": [{"name": "vip"}, {"id": 2}, {"name": "a b"}]}, "[vip, ?, a b]"),
        ("tags: [vip]", {"tags": []}, "[]"),
        ("final_variants: Kaos", {"final_variants": {"Ebook": 2}}, "[Ebook]"),
        ("orderlines: {count: 1}", {"orderlines": [{}]}, "1 object"),
        ("customer: null", {"customer": {"phone": PHONE}}, "an object"),
        ("customer.phone: null", {"customer": "x"}, "not readable: its parent is no object"),
        ("shipment_status: x", {"shipment_status": "a\u202e\x1b[31mb\nc"}, "a??[31mb?c"),
        ("any: [{status: pending}, {gross_revenue: {lt: 5}}]", {"status": "shipped"}, "status shipped; gross_revenue missing"),
        ("any: [{tags: [vip]}, {orderlines: {any: {product_name: x}}}]", {"tags": []}, "tags []; orderlines missing"),
        ("expr: order.status == 'x'", {"status": "pending"}, "status pending"),
    ],
)  # fmt: skip
def test_saw(text: str, order: dict[str, Any], saw: str) -> None:
    """A node shows the value as it came, times in the shop's zone with their age, and nothing that hides."""
    assert trace(text, order).saw == saw


def test_long_values_are_cut() -> None:
    """A value never fills more than a line."""
    assert len(trace("shipment_status: x", {"shipment_status": "y" * 500}).saw) == 80
    assert len(trace("gross_revenue: 1", {"gross_revenue": "y" * 500}).saw) < 80


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (f"customer.phone: '{PHONE}'", {"customer": {"phone": PHONE}}),
        (f"customer.phone: ['{PHONE}', '1']", {"customer": {"phone": PHONE}}),
        (f"not: {{customer.phone: '{PHONE}'}}", {"customer": {"phone": PHONE}}),
        (f"any: [{{status: x}}, {{customer.phone: {{ne: '{PHONE}'}}}}]", {"customer": {"phone": PHONE}}),
        (f"messages: {{any: {{to: '{PHONE}'}}}}", {"messages": [{"to": PHONE}]}),
        (f"metadata.wa: '{PHONE}'", {"metadata": {"wa": PHONE}}),
        (f"metadata.wa: {{includes: '{PHONE}'}}", {"metadata": {"wa": [PHONE]}}),
        (f"metadata.wa: '{PHONE}'", {"metadata": {"wa": [PHONE]}}),
        ("notes: {contains: hubungi}", {"notes": f"hubungi {PHONE}"}),
        ("notes: {contains: hubungi}", {"notes": {"x": PHONE}}),
        ("customer.name: {exists: true}", {"customer": {"name": PHONE}}),
        ("expr: order.customer.phone == 'x'", {"customer": {"phone": PHONE}}),
        ("customer.phone: null", {"customer": PHONE}),
    ],
)
def test_personal_values_are_nowhere_in_a_trace(text: str, order: dict[str, Any]) -> None:
    """Neither what was seen nor what the rule compares it with shows a person's number, at any depth."""
    for node in walk(trace(text, order)):
        assert PHONE not in node.condition + node.saw


def walk(node: Trace) -> list[Trace]:
    """List a trace and everything below it."""
    return [node, *(below for child in node.children for below in walk(child))]


def test_personal_values_can_be_compared() -> None:
    """The mask is what people recognise, the fingerprint what records compare."""
    traced = trace(f"customer.phone: '{PHONE}'", {"customer": {"phone": PHONE}})
    assert traced.condition == "customer.phone: {eq: 6281•••89}"
    assert traced.saw == f"6281•••89 #{MASK.fingerprint(PHONE)}"
    assert traced.result is True


def test_words_searched_for_stay_readable() -> None:
    """A search in a personal text keeps its own words: they are the rule's, and explain the verdict."""
    assert trace("notes: {contains_i: batal}", {"notes": "x"}).condition == "notes: {contains_i: batal}"


def test_tree() -> None:
    """Groups and lists show their parts below them, each with its own verdict."""
    text = "not: [{orderlines: {any: {product_name: {contains: Ebook}}}}]"
    traced = trace(text, {"orderlines": [{"product_name": "Kaos"}, {}, 5]})
    assert (traced.condition, traced.saw, traced.result) == (text, "orderlines 3 objects", None)
    (below,) = traced.children
    assert (below.condition, below.saw) == (
        "orderlines: {any: {product_name: {contains: Ebook}}}",
        "3 objects",
    )
    assert [(one.saw, one.result) for one in below.children] == [
        ("Kaos", False),
        ("missing", None),
        ("not an object", None),
    ]


def test_long_lists_are_traced_in_part_and_counted_whole() -> None:
    """The first twenty objects are shown; the verdict rests on all of them."""
    lines = [{"product_name": "Kaos"}] * 40 + [{"product_name": "Ebook"}]
    traced = trace("orderlines: {any: {product_name: Ebook}}", {"orderlines": lines})
    assert (len(traced.children), traced.saw, traced.result) == (20, "41 objects", True)


def test_zone_is_that_of_now_where_none_is_given() -> None:
    """Without a zone times are shown in that of `now`."""
    complaints: list[Complaint] = []
    (condition,) = conditions.parse([{"pending_time": {"older_than": "3d"}}], FIELDS, JAKARTA, complaints)
    order = {"pending_time": (NOW - timedelta(hours=1)).isoformat()}
    shown = conditions.trace(condition, order, NOW.astimezone(JAKARTA), FIELDS, MASK)
    assert shown.saw == "2026-03-05 12:00 (1h old)"
