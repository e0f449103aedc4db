"""What conditions say of orders, by hand: verdicts, reports of unreadable values, reads, and waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from tertib.language import conditions
from tertib.model import Complaint, Condition, Field, Kind

JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
KINDS = {
    "status": Kind.ENUM,
    "notes": Kind.TEXT,
    "gross_revenue": Kind.MONEY,
    "shipping_cost": Kind.MONEY,
    "days": Kind.NUMBER,
    "is_repeat": Kind.BOOLEAN,
    "pending_time": Kind.TIME,
    "shipped_time": Kind.TIME,
    "customer": Kind.OBJECT,
    "customer.phone": Kind.TEXT,
    "tags": Kind.TAGS,
    "orderlines": Kind.OBJECTS,
    "orderlines.product_name": Kind.TEXT,
    "orderlines.price": Kind.MONEY,
    "orderlines.list_price": Kind.MONEY,
    "orderlines.sent_at": Kind.TIME,
    "final_variants": Kind.QUANTITIES,
}
FIELDS = {path: Field(path, kind, "", frozenset({"orders"}), "") for path, kind in KINDS.items()}


def parse(*texts: str) -> tuple[Condition, ...]:
    """Parse conditions that are right."""
    complaints: list[Complaint] = []
    found = conditions.parse([yaml.safe_load(text) for text in texts], FIELDS, JAKARTA, complaints)
    assert complaints == []
    return found


def ago(**age: float) -> str:
    """Write a time of that age as the API does."""
    return (NOW - timedelta(**age)).isoformat()


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        # null, empty, missing
        ("notes: null", {"notes": None}, True),
        ("notes: null", {"notes": ""}, True),
        ("notes: null", {"notes": " "}, False),
        ("notes: null", {}, None),
        ("notes: {exists: true}", {"notes": None}, False),
        ("notes: {exists: true}", {"notes": 0}, True),
        ("notes: {exists: true}", {}, None),
        ("customer.phone: null", {"customer": None}, True),
        ("customer.phone: null", {"customer": {}}, None),
        ("customer.phone: null", {}, None),
        ("customer.phone: null", {"customer": "Budi"}, None),
        ("pending_time: null", {"pending_time": "n/a"}, False),
        ("tags: null", {"tags": []}, False),
        ("tags: null", {"tags": None}, True),
        # every other comparison with nothing is unknown, negations too
        ("status: {ne: canceled}", {"status": None}, None),
        ("status: {ne: canceled}", {}, None),
        ("status: {not_in: [canceled]}", {"status": ""}, None),
        ("not: {status: canceled}", {}, None),
        ("tags: {none_of: [hold]}", {"tags": None}, None),
        ("tags: {none_of: [hold]}", {}, None),
        ("tags: {none_of: [hold]}", {"tags": []}, True),
        ("tags: {count: 0}", {"tags": []}, True),
        ("tags: {count: 0}", {"tags": None}, None),
        ("tags: {none_of: [hold]}", {"tags": "hold"}, None),
        ("status: [null, pending]", {"status": None}, True),
        ("status: [null, pending]", {"status": "pending"}, True),
        ("status: [null, pending]", {"status": "shipped"}, False),
        ("status: [null, pending]", {}, None),
        ("status: {not_in: [null, pending]}", {"status": None}, False),
        ("status: {not_in: [null, pending]}", {"status": "shipped"}, True),
        # money is exact whatever form it came in
        ("gross_revenue: 168724", {"gross_revenue": "168724.00"}, True),
        ("gross_revenue: {lt: 1000.3}", {"gross_revenue": Decimal("1000.3")}, False),
        ("gross_revenue: {gt: 1}", {"gross_revenue": "n/a"}, None),
        ("gross_revenue: {lt: 1}", {"gross_revenue": Decimal("-1E+99")}, True),
        ("gross_revenue: {lt: 1}", {"gross_revenue": Decimal("-1E+999999999")}, None),
        ("gross_revenue: {gt: 1}", {"gross_revenue": Decimal("9E+999999")}, None),
        ("is_repeat: false", {"is_repeat": "false"}, None),
        ("is_repeat: false", {"is_repeat": 0}, None),
        ("status: deleted_by_someone", {"status": "paid"}, False),
        # ages and instants
        ("pending_time: {older_than: 3d}", {"pending_time": ago(days=3)}, False),
        ("pending_time: {older_than: 3d}", {"pending_time": ago(days=3, microseconds=1)}, True),
        ("pending_time: {newer_than: 3d}", {"pending_time": ago(days=3)}, False),
        ("pending_time: {older_than: 3d}", {"pending_time": "2020-01-01T00:00:00"}, None),
        ("pending_time: {between: ['2026-03-10', '2026-03-10T12:00:00Z']}", {"pending_time": "2026-03-09T17:00:00Z"}, True),
        ("pending_time: {older_than: {field: days, unit: days}}", {"pending_time": ago(days=4), "days": "3"}, True),
        ("pending_time: {older_than: {field: days, unit: days}}", {"pending_time": ago(days=4), "days": None}, None),
        ("pending_time: {older_than: {field: days, unit: days}}", {"pending_time": ago(days=4), "days": -1}, None),
        ("pending_time: {older_than: {field: days, unit: days}}", {"pending_time": ago(days=4), "days": 10**9}, None),
        ("pending_time: {older_than: {field: days, unit: hours}}", {"pending_time": ago(hours=2), "days": Decimal("1.5")}, True),
        ("pending_time: {before: {field: shipped_time}}", {"pending_time": ago(days=2), "shipped_time": ago(days=1)}, True),
        ("gross_revenue: {gt: {field: shipping_cost}}", {"gross_revenue": 2, "shipping_cost": "1.99"}, True),
        ("gross_revenue: {gt: {field: shipping_cost}}", {"gross_revenue": 2}, None),
        ("gross_revenue: {between: [1, {field: shipping_cost}]}", {"gross_revenue": 2, "shipping_cost": 2}, True),
        # lists
        ("tags: {any_of: [hold, vip]}", {"tags": [{"id": 1, "name": "vip"}]}, True),
        ("tags: {includes: VIP}", {"tags": [{"name": "vip"}]}, False),
        ("tags: {includes: hold}", {"tags": [{"id": 1}]}, None),
        ("tags: {any: {name: {contains_i: VIP}}}", {"tags": ["vip lama"]}, True),
        ("orderlines: {any: {product_name: Kaos, price: {gt: 5}}}", {"orderlines": [{"product_name": "Kaos", "price": 1}, {"product_name": "Ebook", "price": 9}]}, False),
        ("orderlines: {any: {price: {lt: {field: list_price}}}}", {"orderlines": [{"price": 1, "list_price": 2}], "list_price": 0}, True),
        ("orderlines: {any: {product_name: Kaos}}", {"orderlines": [None, {"product_name": "Ebook"}]}, None),
        ("orderlines: {none: {product_name: Kaos}}", {"orderlines": []}, True),
        ("orderlines: {every: {product_name: Kaos}}", {"orderlines": []}, True),
        ("orderlines: {every: {product_name: Kaos}}", {"orderlines": [{}, {"product_name": "Ebook"}]}, False),
        ("orderlines: {any: {product_name: Kaos}}", {"orderlines": {"0": {"product_name": "Kaos"}}}, None),
        ("final_variants: {includes: Ebook}", {"final_variants": {"Ebook": 2}}, True),
        ("final_variants: {any: {name: Ebook, quantity: {gte: 2}}}", {"final_variants": {"Ebook": 1, "Kaos": 5}}, False),
        ("final_variants: {any: {name: Ebook, quantity: {gte: 2}}}", {"final_variants": {"Ebook": None}}, None),
        ("final_variants: {count: {gte: 2}}", {"final_variants": {"Ebook": 1, "Kaos": 5}}, True),
        ("final_variants: {any: {quantity: 1}}", {"final_variants": [{"name": "Ebook", "quantity": 1}]}, None),
        # groups
        ("any: [{status: pending}, {notes: x}]", {"status": "pending"}, True),
        ("any: [{status: pending}, {notes: x}]", {"status": "shipped"}, None),
        ("all: [{status: pending}, {notes: x}]", {"status": "shipped"}, False),
        ("not: [{status: pending}, {notes: x}]", {"status": "shipped"}, True),
        ("not: [{status: pending}, {notes: x}]", {"status": "pending"}, None),
        # expressions
        ("expr: order.gross_revenue > order.shipping_cost", {"gross_revenue": "2.0", "shipping_cost": 1}, True),
        ("expr: order.gross_revenue > order.shipping_cost", {"gross_revenue": "2.0"}, None),
    ],
)  # fmt: skip
def test_verdict(text: str, order: dict[str, Any], expected: bool | None) -> None:  # noqa: FBT001 - a verdict
    """The three-valued reading, case by case."""
    assert conditions.all_of(parse(text), order, NOW) is expected


def test_only_true_of_all() -> None:
    """All conditions of a rule together are a conjunction, true where there is none."""
    assert conditions.all_of((), {}, NOW) is True
    both = parse("status: pending", "notes: x")
    assert conditions.all_of(both, {"status": "pending"}, NOW) is None
    assert conditions.all_of(both, {"status": "shipped"}, NOW) is False


@pytest.mark.parametrize(
    ("text", "order", "path", "why"),
    [
        ("pending_time: {older_than: 3d}", {"pending_time": "kemarin"}, "pending_time", "not an ISO 8601 time with an offset"),
        ("gross_revenue: {gt: 1}", {"gross_revenue": "rahasia"}, "gross_revenue", "not a plain decimal number"),
        ("notes: x", {"notes": 5}, "notes", "a number where text is expected"),
        ("customer.phone: null", {"customer": "Budi"}, "customer.phone", "something on its path is not an object"),
        ("customer.phone: '1'", {"customer": ["Budi"]}, "customer.phone", "something on its path is not an object"),
        ("tags: {any_of: [x]}", {"tags": {"x": 1}}, "tags", "an object where a list of tags is expected"),
        ("tags: {any_of: [x]}", {"tags": [5]}, "tags", "an element of the list has no text"),
        ("orderlines: {any: {price: {gt: 1}}}", {"orderlines": [{"price": []}]}, "orderlines.price", "a list where an amount"),
        ("orderlines: {any: {price: {gt: 1}}}", {"orderlines": [5]}, "orderlines", "an element of the list is not an object"),
        ("orderlines: {any: {price: {gt: 1}}}", {"orderlines": "x"}, "orderlines", "text where a list of objects"),
        ("gross_revenue: {gt: {field: shipping_cost}}", {"gross_revenue": 1, "shipping_cost": "?"}, "shipping_cost", "not a plain decimal"),
        ("pending_time: {older_than: {field: days, unit: days}}", {"pending_time": ago(days=1), "days": -1}, "days", "no usable duration"),
    ],
)  # fmt: skip
def test_unreadable_values_are_reported(text: str, order: dict[str, Any], path: str, why: str) -> None:
    """What cannot be read is unknown, and is reported with its full path and without its value."""
    told: list[tuple[str, str]] = []
    found = conditions.all_of(parse(text), order, NOW, lambda where, what: told.append((where, what)))
    assert found is None
    assert [where for where, _ in told] == [path]
    assert why in told[0][1]
    assert not any(word in told[0][1] for word in ("kemarin", "rahasia", "Budi"))


def test_missing_and_null_are_not_reported() -> None:
    """Only what stands there and cannot be read is worth a report."""
    told: list[str] = []
    both = parse("notes: x", "gross_revenue: {gt: 1}", "tags: [x]", "orderlines: {any: {price: 1}}")
    conditions.all_of(
        both, {"notes": None, "tags": "", "orderlines": None}, NOW, lambda path, _: told.append(path)
    )
    assert told == []


def test_reads_names_operands_lists_and_expressions() -> None:
    """Every path a verdict can rest on is named from the order, those of other fields in lists included."""
    (condition,) = parse(
        "any: [{pending_time: {older_than: {field: days, unit: days}}}, {customer.phone: null},"
        " {orderlines: {any: {price: {between: [1, {field: list_price}]}}}},"
        " {expr: order.notes == 'x'}, {not: {tags: [a]}}, {final_variants: {any: {quantity: 1}}}]"
    )
    assert conditions.reads(condition) == {
        "pending_time",
        "days",
        "customer.phone",
        "orderlines",
        "orderlines.price",
        "orderlines.list_price",
        "notes",
        "tags",
        "final_variants",
        "final_variants.quantity",
    }


@pytest.mark.parametrize(
    ("texts", "order", "expected"),
    [
        (["pending_time: {older_than: 3d}"], {"pending_time": ago(days=2, hours=18, minutes=48)}, timedelta(hours=5, minutes=12)),
        (["pending_time: {older_than: 3d}"], {"pending_time": ago(days=3)}, timedelta()),
        (["pending_time: {older_than: 3d}"], {"pending_time": ago(days=4)}, None),
        (["pending_time: {newer_than: 3d}"], {"pending_time": ago(days=4)}, None),
        (["not: {pending_time: {newer_than: 3d}}"], {"pending_time": ago(days=2)}, timedelta(days=1)),
        (["pending_time: {older_than: 3d}", "status: pending"], {"pending_time": ago(days=2), "status": "shipped"}, None),
        (["pending_time: {older_than: 3d}", "status: pending"], {"pending_time": ago(days=2)}, None),
        (["pending_time: {older_than: 3d}", "shipped_time: {older_than: 1d}"], {"pending_time": ago(days=2), "shipped_time": ago(hours=1)}, timedelta(days=1)),
        (["any: [{pending_time: {older_than: 3d}}, {shipped_time: {older_than: 1d}}]"], {"pending_time": ago(days=2), "shipped_time": ago(hours=2)}, timedelta(hours=22)),
        (["pending_time: {older_than: 3d, newer_than: 4d}"], {"pending_time": ago(days=5)}, None),
        (["not: {pending_time: {newer_than: 3d}}", "not: {pending_time: {older_than: 3d}}"], {"pending_time": ago(days=1)}, timedelta(days=2)),
        (["pending_time: {older_than: {field: days, unit: days}}"], {"pending_time": ago(days=1), "days": 2}, timedelta(days=1)),
        (["orderlines: {every: {sent_at: {older_than: 2d}}}"], {"orderlines": [{"sent_at": ago(days=1)}, {"sent_at": ago(hours=1)}]}, timedelta(hours=47)),
        (["orderlines: {any: {sent_at: {older_than: 2d}}}"], {"orderlines": [5, {"sent_at": ago(days=1)}]}, timedelta(days=1)),
        (["pending_time: {older_than: 3d}"], {"pending_time": "9999-12-31T00:00:00Z"}, None),
        (["pending_time: {older_than: 3d}"], {"pending_time": "n/a"}, None),
        (["pending_time: {older_than: 3d}"], {}, None),
        (["pending_time: {before: '2027-01-01'}", "pending_time: {older_than: 1h}"], {"pending_time": "2026-12-31T12:00:00+07:00"}, datetime(2026, 12, 31, 6, tzinfo=UTC) - NOW),
    ],
)  # fmt: skip
def test_matches_in(texts: list[str], order: dict[str, Any], expected: timedelta | None) -> None:
    """The wait is the shortest after which everything holds, None where that is now, never, or unknown."""
    assert conditions.matches_in(parse(*texts), order, NOW) == expected
