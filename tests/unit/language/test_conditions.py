"""Conditions as rules write them: what they are read as, and what is said against the ones that are wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from tertib import model
from tertib.language import codes, conditions
from tertib.model import (
    Complaint,
    Condition,
    Elements,
    Expression,
    Field,
    FieldRef,
    Group,
    Kind,
    Parameter,
    Recheck,
    Table,
)
from tertib.scalev import contract

JAKARTA = ZoneInfo("Asia/Jakarta")
REPOSITORY = Path(__file__).parents[3]


def field(path: str, kind: Kind, **more: Any) -> Field:
    """Make a field of the business's orders."""
    return Field(path, kind, "", frozenset({"orders"}), more.pop("column", path.partition(".")[0]), **more)


TABLE = [
    field("status", Kind.ENUM, values=frozenset({"pending", "canceled", "shipped"})),
    field("notes", Kind.TEXT, personal=True),
    field("order_id", Kind.ID),
    field("is_repeat", Kind.BOOLEAN),
    field("gross_revenue", Kind.MONEY),
    field("shipping_cost", Kind.MONEY),
    field("total_weight", Kind.NUMBER, unit="grams"),
    field("quantity", Kind.NUMBER),
    field("expire_days", Kind.NUMBER, unit="days"),
    field("pending_time", Kind.TIME),
    field("shipped_time", Kind.TIME),
    field("customer", Kind.OBJECT, personal=True),
    field("customer.phone", Kind.TEXT, personal=True),
    field("destination_address.postal_code", Kind.TEXT),
    field("tags", Kind.TAGS),
    field("fb_pixel_ids", Kind.TEXTS),
    field("orderlines", Kind.OBJECTS),
    field("orderlines.product_name", Kind.TEXT, element=True),
    field("orderlines.quantity", Kind.NUMBER, element=True),
    field("orderlines.price", Kind.MONEY, element=True),
    field("status_history", Kind.OBJECTS),
    field("final_variants", Kind.QUANTITIES),
    field("metadata", Kind.OPEN),
    field("is_probably_spam", Kind.BOOLEAN, column=None),
]
FIELDS = {one.path: one for one in TABLE}
ELSEWHERE = {"paid_time": Field("paid_time", Kind.TIME, "", frozenset({"customer_orders"}), "")}
PROOFS = Table("proofs", "proofs.csv", "order_id", ("order_id", "url"), "0" * 64, {"A1": {}, "A2": {}})
TABLES = {"proofs": PROOFS, "broken": None}
PARAMETERS = {
    "is_probably_spam": Parameter("is_probably_spam", "boolean", Recheck.NONE, ""),
    "business_role": Parameter("business_role", "enum", Recheck.NONE, ""),
}


def parse(data: Any) -> tuple[tuple[Condition, ...], list[Complaint]]:
    """Parse rule data over the table above."""
    complaints: list[Complaint] = []
    found = conditions.parse(
        data, FIELDS, JAKARTA, complaints, elsewhere=ELSEWHERE, parameters=PARAMETERS, tables=TABLES
    )
    return found, complaints


def one(text: str) -> Condition:
    """Parse one condition that is right."""
    found, complaints = parse([yaml.safe_load(text)])
    assert complaints == []
    assert len(found) == 1
    return found[0]


# --- what is read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "operator", "operand"),
    [
        ("status: pending", "eq", "pending"),
        ("status: [pending, shipped]", "in", ("pending", "shipped")),
        ("status: null", "exists", False),
        ("status: {eq: null}", "exists", False),
        ("status: {ne: null}", "exists", True),
        ("status: {in: [null]}", "exists", False),
        ("status: {not_in: [canceled]}", "not_in", ("canceled",)),
        ("order_id: 12", "eq", "12"),
        ("is_repeat: false", "eq", False),
        ("gross_revenue: {lt: 500000}", "lt", Decimal(500000)),
        ("gross_revenue: {lt: '168724.00'}", "lt", Decimal("168724.00")),
        ("total_weight: {gt: 0.1}", "gt", Decimal("0.1")),
        ("gross_revenue: {between: [1, 2]}", "between", (Decimal(1), Decimal(2))),
        ("gross_revenue: {gt: {field: shipping_cost}}", "gt", FieldRef("shipping_cost", Kind.MONEY)),
        ("gross_revenue: {gt: {field: total_weight}}", "gt", FieldRef("total_weight", Kind.NUMBER)),
        ("gross_revenue: {gt: {field: metadata.least}}", "gt", FieldRef("metadata.least", Kind.MONEY)),
        ("pending_time: {older_than: 3d}", "older_than", timedelta(days=3)),
        (
            "pending_time: {older_than: {field: expire_days}}",
            "older_than",
            FieldRef("expire_days", Kind.NUMBER, "days"),
        ),
        (
            "pending_time: {newer_than: {field: quantity, unit: hours}}",
            "newer_than",
            FieldRef("quantity", Kind.NUMBER, "hours"),
        ),
        ("pending_time: {before: '2026-03-01'}", "before", datetime(2026, 2, 28, 17, tzinfo=UTC)),
        ("pending_time: {after: {field: shipped_time}}", "after", FieldRef("shipped_time", Kind.TIME)),
        ("notes: {contains_i: Batal}", "contains_i", "Batal"),
        ("notes: {matches: '^a'}", "matches", "^a"),
        ("tags: vip", "includes", "vip"),
        ("tags: [vip, hold]", "any_of", ("vip", "hold")),
        ("tags: {none_of: [hold]}", "none_of", ("hold",)),
        ("tags: {count: 2}", "count", (("eq", Decimal(2)),)),
        ("orderlines: {count: {gte: 2, lt: 5}}", "count", (("gte", Decimal(2)), ("lt", Decimal(5)))),
        ("orderlines: {count: {in: [1, 2]}}", "count", (("in", (Decimal(1), Decimal(2))),)),
        ("final_variants: {includes: Ebook}", "includes", "Ebook"),
        ("final_variants: {count: {between: [1, 2]}}", "count", (("between", (Decimal(1), Decimal(2))),)),
        ("customer: null", "exists", False),
        ("metadata: {exists: true}", "exists", True),
    ],
)
def test_test_is_read(text: str, operator: str, operand: Any) -> None:
    """A test carries its operator and an operand already read as the field's kind."""
    found, complaints = parse([yaml.safe_load(text)])
    assert [complaint.severity for complaint in complaints if complaint.code != "T212"] == []
    (test,) = found
    assert isinstance(test, model.Test)
    assert (test.operator, test.operand) == (operator, operand)
    assert type(test.operand) is type(operand)


@pytest.mark.parametrize(
    ("text", "kind", "operator"),
    [
        ("metadata.channel: shop", Kind.TEXT, "eq"),
        ("metadata.level: 3", Kind.NUMBER, "eq"),
        ("metadata.level: {in: [1, 2]}", Kind.NUMBER, "in"),
        ("metadata.level: {in: [null, 2]}", Kind.NUMBER, "in"),
        ("metadata.flag: true", Kind.BOOLEAN, "eq"),
        ("metadata.seen: {older_than: 3d}", Kind.TIME, "older_than"),
        ("metadata.seen: {before: '2026-03-01'}", Kind.TIME, "before"),
        ("metadata.seen: {lt: '2026-03-01T00:00:00Z'}", Kind.TIME, "lt"),
        ("metadata.names: {includes: x}", Kind.TEXTS, "includes"),
        ("metadata.names: {count: 2}", Kind.TEXTS, "count"),
        ("metadata.channel: {contains: x}", Kind.TEXT, "contains"),
        ("metadata.total: {gt: {field: gross_revenue}}", Kind.MONEY, "gt"),
    ],
)
def test_open_fields_are_read_as_what_they_are_compared_with(text: str, kind: Kind, operator: str) -> None:
    """Below an open object the operator and the operand say what kind a value is, and a warning that nobody checks."""
    found, complaints = parse([yaml.safe_load(text)])
    assert {(complaint.code, complaint.severity) for complaint in complaints} == {("T212", "warning")}
    tests = [test for test in leaves(found[0]) if test.operator == operator]
    assert [test.kind for test in tests] == [kind]


def leaves(condition: Condition) -> list[model.Test]:
    """List the tests of a condition."""
    if isinstance(condition, model.Test):
        return [condition]
    if isinstance(condition, Group):
        return [test for child in condition.children for test in leaves(child)]
    return leaves(condition.child) if isinstance(condition, Elements) else []


def test_text_and_path_point_at_what_was_written() -> None:
    """A condition shows its own words on one line and knows its place."""
    found, _ = parse(
        yaml.safe_load(
            '[{pending_time: {older_than: 3d}}, {notes: {contains: "a\\u202e: b"}, tags: [vip, x y]}]'
        )
    )
    assert [condition.text for condition in found] == [
        "pending_time: {older_than: 3d}",
        'notes: {contains: "a?: b"}',
        "tags: [vip, x y]",
    ]
    assert [condition.path for condition in found] == [
        ("conditions", 0, "pending_time", "older_than"),
        ("conditions", 1, "notes", "contains"),
        ("conditions", 1, "tags"),
    ]


def test_long_lists_have_short_text() -> None:
    """A list of a thousand ids does not fill every line of a plan."""
    condition = one(f"order_id: {json.dumps([str(number) for number in range(1000)])}")
    assert len(condition.text) == 200
    assert condition.text.endswith("…")


def test_all_that_one_mapping_says_must_hold() -> None:
    """Several fields or operators in one item are several conditions; under `any` they stay one alternative."""
    found, _ = parse([{"status": "pending", "gross_revenue": {"gte": 1, "lt": 5}}])
    assert [condition.text for condition in found] == [
        "status: pending",
        "gross_revenue: {gte: 1}",
        "gross_revenue: {lt: 5}",
    ]
    group = one("any: [{status: pending, is_repeat: true}, {gross_revenue: {gte: 1, lt: 5}}, {notes: null}]")
    assert isinstance(group, Group)
    assert [getattr(child, "how", "test") for child in group.children] == ["all", "all", "test"]


def test_groups_nest() -> None:
    """`not` takes one mapping or a list, and is the negation of all of it."""
    for text in ("not: {status: pending, is_repeat: true}", "not: [{status: pending}, {is_repeat: true}]"):
        group = one(text)
        assert isinstance(group, Group)
        assert (group.how, len(group.children), group.text) == ("not", 2, text)
    nested = one("all: [{any: [{not: {status: pending}}]}]")
    assert isinstance(nested, Group)
    assert nested.path == ("conditions", 0, "all")


def test_null_in_a_list_is_null_or_the_rest() -> None:
    """`[null, x]` becomes the two tests it means, so that nothing downstream meets null as a value."""
    group = one("status: [null, pending]")
    assert isinstance(group, Group)
    assert [(test.operator, test.operand) for test in leaves(group)] == [
        ("exists", False),
        ("in", ("pending",)),
    ]
    assert (group.how, group.text) == ("any", "status: [null, pending]")
    negated = one("status: {not_in: [null, pending]}")
    assert isinstance(negated, Group)
    assert negated.how == "not"


def test_objects_in_lists() -> None:
    """Paths below `any`, `every` and `none` start at the object; tags and quantities are objects too."""
    line = one("orderlines: {every: {product_name: {contains: Ebook}, price: {gt: {field: quantity}}}}")
    assert isinstance(line, Elements)
    assert (line.field, line.how, line.kind) == ("orderlines", "every", Kind.OBJECTS)
    assert [test.field for test in leaves(line)] == ["product_name", "price"]
    assert isinstance(line.child, Group)
    tag = one("tags: {none: {name: {starts_with: vip}}}")
    assert isinstance(tag, Elements)
    assert tag.kind is Kind.TAGS
    entry = one("final_variants: {any: {name: {contains: Ebook}, quantity: {gte: 2}}}")
    assert isinstance(entry, Elements)
    assert (entry.kind, [test.kind for test in leaves(entry)]) == (Kind.QUANTITIES, [Kind.TEXT, Kind.NUMBER])
    nested = one("orderlines: {any: {any: [{quantity: 1}, {price: {lt: 5}}]}}")
    assert isinstance(nested, Elements)
    assert isinstance(nested.child, Group)


def test_objects_that_nobody_describes() -> None:
    """A list whose objects have no known fields takes any, with a warning for each."""
    found, complaints = parse([{"status_history": {"any": {"status": "paid", "at": {"older_than": "3d"}}}}])
    assert [complaint.code for complaint in complaints] == ["T212", "T212"]
    assert [(test.field, test.kind) for test in leaves(found[0])] == [
        ("status", Kind.TEXT),
        ("at", Kind.TIME),
    ]


def test_expression() -> None:
    """`expr` keeps its source and names what it reads."""
    condition = one("expr: order.gross_revenue > order.shipping_cost * 2")
    assert isinstance(condition, Expression)
    assert condition.source == "order.gross_revenue > order.shipping_cost * 2"
    assert set(condition.reads) == {"gross_revenue", "shipping_cost"}


def test_no_conditions() -> None:
    """An empty list holds always: a project's `protect` is empty to begin with."""
    assert parse([]) == ((), [])


def test_real_tables_take_the_design_and_the_shipped_rules() -> None:
    """Every condition of the rules that ship, and of the language's own example, is read without a complaint."""
    example = """
    - pending_time: {older_than: 3d}
    - transferproof_url: null
    - tags: {none_of: [hold, vip]}
    - any: [{gross_revenue: {lt: 500000}}, {is_repeat: false}]
    - not: [{orderlines: {any: {product_name: {contains: Ebook}}}}]
    - gross_revenue: {gt: {field: shipping_cost}}
    - courier_service.courier.code: jne
    """
    rules = [yaml.safe_load(path.read_text()) for path in sorted((REPOSITORY / "rules").glob("*/*.yaml"))]
    shipped = [rule["conditions"] for rule in rules if rule.get("conditions")]
    assert shipped
    for data in (yaml.safe_load(example), *shipped):
        complaints: list[Complaint] = []
        found = conditions.parse(data, contract.FIELDS["orders"], JAKARTA, complaints)
        assert complaints == []
        assert found
    complaints = []
    expiry = [{"pending_time": {"older_than": {"field": "store.auto_expire_days", "unit": "days"}}}]
    assert conditions.parse(expiry, contract.FIELDS["customer_orders"], JAKARTA, complaints)
    assert complaints == []


# --- what is refused ------------------------------------------------------------------------------------

WRONG = [
    # tables
    ("status: {in: {table: proof}}", "T221", ["status", "in", "table"], "unknown table `proof`", "did you mean `proofs`?"),
    ("status: {in: {table: returns}}", "T221", ["status", "in", "table"], "unknown table `returns`", "one of `proofs`, `broken`"),
    ("gross_revenue: {not_in: {table: proofs}}", "T222", ["gross_revenue", "not_in"], "(money) cannot be looked up", "texts, ids and enums"),
    ("status: {in: {table: [proofs]}}", "T204", ["status", "in", "table"], "takes the name of a table, not a list", None),
    ("status: {in: {table: proofs, column: url}}", "T204", ["status", "in", "column"], "`column` has no meaning", "key column"),
    ("status: {table: proofs}", "T202", ["status", "table"], "names an operand", "`status: {in: {table: …}}`"),
    # fields
    ("statuss: pending", "T201", ["statuss"], "unknown field `statuss`", "did you mean `status`?"),
    ("phone: x", "T201", ["phone"], "unknown field `phone`", "did you mean `customer.phone`?"),
    ("paid_time: null", "T201", ["paid_time"], "unknown field `paid_time`", "only customer orders have this field"),
    ("business_role: x", "T201", ["business_role"], "unknown field", "is a filter of `query`"),
    ("5: x", "T201", [5], "`5` is not the name of a field", None),
    ("orderlines.product_name: x", "T211", ["orderlines.product_name"], "runs through `orderlines`", "`orderlines: {any: {product_name: …}}`"),
    ("tags.name: x", "T211", ["tags.name"], "runs through `tags`", "{any: {name: …}}"),
    ("final_variants.Ebook: 2", "T211", ["final_variants.Ebook"], "runs through", "{any: {name: …, quantity: …}}"),
    ("fb_pixel_ids.0: x", "T211", ["fb_pixel_ids.0"], "runs through", "{includes: …}"),
    ("customer: Budi", "T220", ["customer"], "`customer` is an object and cannot equal `Budi`", "`customer.phone`"),
    ("customer: {phone: '1'}", "T220", ["customer", "phone"], "`phone` is a field of `customer`", "`customer.phone: …`"),
    ("metadata: x", "T220", ["metadata"], "cannot equal `x`", "`metadata.NAME`"),
    ("metadata: {foo: x}", "T202", ["metadata", "foo"], "unknown operator `foo`", "`metadata.foo: …`"),
    ("orderlines: x", "T203", ["orderlines"], "is a list of objects", "`any`"),
    ("orderlines: {any: {nme: x}}", "T201", ["orderlines", "any", "nme"], "unknown field `nme` in `orderlines`", "`product_name`"),
    ("orderlines: {any: {product_nam: x}}", "T201", ["orderlines", "any", "product_nam"], "unknown field", "did you mean `product_name`?"),
    ("orderlines: {any: {status: x}}", "T201", ["orderlines", "any", "status"], "unknown field `status`", "a field of the order"),
    # operators
    ("status: {contain: x}", "T202", ["status", "contain"], "unknown operator `contain`", "did you mean `contains`?"),
    ("status: {'!=': x}", "T202", ["status", "!="], "unknown operator `!=`", "did you mean `ne`?"),
    ("status: {not: x}", "T202", ["status", "not"], "unknown operator `not`", "did you mean `ne`?"),
    ("status: {frobnicate: x}", "T202", ["status", "frobnicate"], "unknown operator", "`status` (enum) takes `eq`"),
    ("gross_revenue: {field: shipping_cost}", "T202", ["gross_revenue", "field"], "`field` names an operand", "{eq: {field: …}}"),
    ("gross_revenue: {contains: x}", "T203", ["gross_revenue", "contains"], "does not fit `gross_revenue`, which is an amount of money", "`lt`"),
    ("notes: {lt: x}", "T203", ["notes", "lt"], "does not fit `notes`, which is text", "`contains`"),
    ("tags: {eq: vip}", "T203", ["tags", "eq"], "does not fit `tags`, which is a list of tags", "`includes`"),
    ("status: {older_than: 3d}", "T203", ["status", "older_than"], "does not fit `status`", None),
    ("older_than: 3d", "T206", ["older_than"], "operator `older_than` stands where a field", "`field: {older_than: …}`"),
    # operands of the wrong type
    ("destination_address.postal_code: 12345", "T204", ["destination_address.postal_code"], "`12345` is a number", 'put it in quotes: `"12345"`'),
    ("notes: true", "T204", ["notes"], "`true` is true or false, and `notes` holds text", None),
    ("status: 5", "T204", ["status"], "`5` is a number", "known are `canceled`, `pending`, `shipped`"),
    ("is_repeat: 'false'", "T204", ["is_repeat"], "`false` is a text", "without quotes"),
    ("order_id: true", "T204", ["order_id"], "is an id", None),
    ("gross_revenue: {lt: abc}", "T204", ["gross_revenue", "lt"], "`abc` is not a number", "`500000`"),
    ("gross_revenue: {lt: true}", "T204", ["gross_revenue", "lt"], "`true` is not a number", None),
    ("gross_revenue: {lt: .nan}", "T204", ["gross_revenue", "lt"], "is not a number", None),
    ("gross_revenue: {lt: '1e3'}", "T204", ["gross_revenue", "lt"], "`1e3` is not a number", None),
    ("gross_revenue: {lt: 1.250.000}", "T204", ["gross_revenue", "lt"], "`1.250.000` is not a number", "`1250000`"),
    ("gross_revenue: {lt: 'Rp 500.000'}", "T204", ["gross_revenue", "lt"], "is not a number", "`500000`"),
    ("gross_revenue: {lt: null}", "T204", ["gross_revenue", "lt"], "null compares with nothing", "`gross_revenue: null`"),
    ("gross_revenue: {lt: [1]}", "T204", ["gross_revenue", "lt"], "`lt` takes one value, not a list", None),
    ("gross_revenue: {lt: {a: 1}}", "T204", ["gross_revenue", "lt"], "a block of keys stands where a value", "{field: NAME}"),
    ("gross_revenue: {between: 2}", "T204", ["gross_revenue", "between"], "takes a list of two, not `2`", "[lowest, highest]"),
    ("gross_revenue: {between: [1, x]}", "T204", ["gross_revenue", "between", 1], "`x` is not a number", None),
    ("gross_revenue: [1, x]", "T204", ["gross_revenue", 1], "`x` is not a number", None),
    ("gross_revenue: [null, x]", "T204", ["gross_revenue", 1], "`x` is not a number", None),
    ("status: {in: pending}", "T204", ["status", "in"], "takes a list of values, not `pending`", "`in: [pending]`"),
    ("status: {eq: [pending]}", "T204", ["status", "eq"], "takes one value, not a list", "use `in`"),
    ("notes: {contains: [a, b]}", "T204", ["notes", "contains"], "takes one text, not a list", "any: [{notes: {contains: …}}, …]"),
    ("notes: {matches: 5}", "T204", ["notes", "matches"], "takes a pattern as text", None),
    ("notes: {exists: yes please}", "T204", ["notes", "exists"], "takes `true` or `false`, not `yes please`", None),
    ("tags: {any_of: hold}", "T204", ["tags", "any_of"], "takes a list of names, not `hold`", "`any_of: [hold]`"),
    ("tags: {any_of: [1]}", "T204", ["tags", "any_of", 0], "`1` is a number", None),
    ("tags: {includes: [a]}", "T204", ["tags", "includes"], "takes one name, not a list", "`any_of`"),
    ("tags: {includes: {name: a}}", "T204", ["tags", "includes"], "takes a name, not a block of keys", "`any`"),
    ("tags: {any: [a]}", "T204", ["tags", "any"], "takes conditions on one object, not a list", "`any_of: […]`"),
    ("orderlines: {every: x}", "T204", ["orderlines", "every"], "takes conditions on one object", "of one object"),
    ("tags: {count: -1}", "T204", ["tags", "count"], "takes a whole number, not `-1`", None),
    ("tags: {count: 1.5}", "T204", ["tags", "count"], "takes a whole number", None),
    ("tags: {count: {gte: x}}", "T204", ["tags", "count", "gte"], "`x` is not a number", None),
    ("tags: {count: {older_than: 3d}}", "T203", ["tags", "count", "older_than"], "no operator for a count", None),
    ("tags: {count: {gt: {field: quantity}}}", "T204", ["tags", "count", "gt"], "takes a number, not a block of keys", None),
    # emptiness
    ("status: []", "T205", ["status"], "an empty list", None),
    ("status: {}", "T205", ["status"], "has no operator", None),
    ("status: {in: []}", "T205", ["status", "in"], "`in` is empty", None),
    ("notes: ''", "T205", ["notes"], "an empty text compares with nothing", "`notes: null`"),
    ("notes: {contains: ''}", "T205", ["notes", "contains"], "an empty text", None),
    ("notes: {matches: ''}", "T205", ["notes", "matches"], "an empty text", None),
    ("tags: {any_of: []}", "T205", ["tags", "any_of"], "`any_of` is empty", None),
    ("tags: {count: {}}", "T205", ["tags", "count"], "`count` is empty", None),
    ("orderlines: {any: {}}", "T205", ["orderlines", "any"], "says nothing", None),
    ("any: []", "T205", ["any"], "`any` is empty", None),
    ("not: {}", "T205", ["not"], "says nothing", None),
    ("{}", "T205", [], "an empty condition says nothing", None),
    # form
    ("status pending", "T206", [], "`status pending` is not a condition", "`field: value`"),
    ("null", "T206", [], "nothing is not a condition", None),
    ("[{status: pending}]", "T206", [], "a list is not a condition", None),
    ("any: {status: pending}", "T206", ["any"], "is a block of keys where a list", "`any: [{field: value}, {field: value}]`"),
    ("any: {contains: x}", "T206", ["any"], "is a block of keys where a list", "`field: {any: {…}}`"),
    ("not: x", "T206", ["not"], "is a text where a list", None),
    ("any: [x]", "T206", ["any", 0], "`x` is not a condition", None),
    # patterns, durations, instants
    ("notes: {matches: '(a'}", "T207", ["notes", "matches"], "missing )", "RE2"),
    ("notes: {matches: '(?=a)'}", "T207", ["notes", "matches"], "`(?=a)` is not a pattern", "without look-around"),
    ("pending_time: {older_than: 3}", "T208", ["pending_time", "older_than"], "`3` is not a duration", "`older_than: 3d`"),
    ("pending_time: {older_than: 3 hari}", "T208", ["pending_time", "older_than"], "`3 hari`", "did you mean `3d`?"),
    ("pending_time: {older_than: 2 weeks}", "T208", ["pending_time", "older_than"], "`2 weeks`", "did you mean `2w`?"),
    ("pending_time: {older_than: 36501d}", "T208", ["pending_time", "older_than"], "longer than 100 years", "`1d12h`"),
    ("pending_time: {older_than: soon}", "T208", ["pending_time", "older_than"], "`soon`", "`1d12h`"),
    ("pending_time: {older_than: [3d]}", "T208", ["pending_time", "older_than"], "is not a duration", None),
    ("pending_time: {before: 3d}", "T209", ["pending_time", "before"], "`3d`", "`older_than: 3d`"),
    ("pending_time: {before: '2026-03-01T10:00:00'}", "T209", ["pending_time", "before"], "has no time zone", "`2026-03-01T10:00:00+07:00`"),
    ("pending_time: {before: '2026-02-31'}", "T209", ["pending_time", "before"], "no day that exists", None),
    ("pending_time: {between: ['2026-03-01', soon]}", "T209", ["pending_time", "between", 1], "`soon`", None),
    ("pending_time: 5", "T209", ["pending_time"], "`5` is not an instant", None),
    # other fields as operands
    ("gross_revenue: {lt: {field: nope}}", "T210", ["gross_revenue", "lt", "field"], "unknown field `nope`", None),
    ("gross_revenue: {lt: {field: shiping_cost}}", "T210", ["gross_revenue", "lt", "field"], "unknown field", "did you mean `shipping_cost`?"),
    ("gross_revenue: {lt: {field: 3}}", "T210", ["gross_revenue", "lt", "field"], "`3` is not the name", None),
    ("gross_revenue: {lt: {field: status}}", "T210", ["gross_revenue", "lt", "field"], "`status` (enum) does not compare with `gross_revenue` (money)", None),
    ("gross_revenue: {lt: {field: shipping_cost, unit: days}}", "T210", ["gross_revenue", "lt", "unit"], "`unit` has no meaning", "only a duration"),
    ("gross_revenue: {lt: {field: orderlines.price}}", "T211", ["gross_revenue", "lt", "field"], "runs through `orderlines`", None),
    ("pending_time: {older_than: {field: quantity}}", "T210", ["pending_time", "older_than"], "nobody says what unit `quantity` counts", "unit: days"),
    ("pending_time: {older_than: {field: quantity, unit: moons}}", "T210", ["pending_time", "older_than", "unit"], "`moons` is no unit of time", "`days`"),
    ("pending_time: {older_than: {field: expire_days, unit: hours}}", "T210", ["pending_time", "older_than", "unit"], "counts days, not hours", None),
    ("pending_time: {older_than: {field: total_weight, unit: days}}", "T210", ["pending_time", "older_than", "field"], "`total_weight` counts grams", "`expire_days`"),
    ("pending_time: {older_than: {field: status, unit: days}}", "T210", ["pending_time", "older_than", "field"], "`status` is enum", None),
    ("pending_time: {older_than: {unit: days}}", "T204", ["pending_time", "older_than"], "where a duration is expected", None),
    ("gross_revenue: {between: [2, 1]}", "T214", ["gross_revenue", "between"], "`2` is above `1`", "lower value first"),
    ("expr: ''", "T218", ["expr"], "an empty text is not an expression", None),
    ("expr: [x]", "T218", ["expr"], "a list is not an expression", None),
    ("orderlines: {any: {expr: 'true'}}", "T218", ["orderlines", "any", "expr"], "cannot stand inside `orderlines`", "whole order"),
]  # fmt: skip

WARNED = [
    ("status: pendng", "T213", ["status"], "`pendng` is no value that `status` is known to have", "did you mean `pending`?"),
    ("status: [pending, xyz]", "T213", ["status", 1], "`xyz`", "known are `canceled`, `pending`, `shipped`"),
    ("metadata.foo: x", "T212", ["metadata.foo"], "`metadata.foo` cannot be checked", "unknown"),
    ("gross_revenue: {lt: {field: metadata.x}}", "T212", ["gross_revenue", "lt", "field"], "`metadata.x`", None),
    ("is_probably_spam: true", "T215", ["is_probably_spam"], "is in no answer", "`query` has a filter for it: `is_probably_spam`"),
    ("gross_revenue: {lt: 500.0}", "T216", ["gross_revenue", "lt"], "less than a thousand rupiah", "`500000`"),
    ("gross_revenue: {lt: '12.500'}", "T216", ["gross_revenue", "lt"], "`12.500` is less than", "`12500`"),
    ("pending_time: '2026-03-01'", "T217", ["pending_time"], "the midnight of a date", "{gte: 2026-03-01, lt: 2026-03-02}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "path", "message", "hint"), WRONG, ids=[row[0] for row in WRONG])
def test_mistake(text: str, code: str, path: list[str | int], message: str, hint: str | None) -> None:
    """One mistake is one error, at the exact key or value, in the user's words and with what to write instead."""
    found, complaints = parse([yaml.safe_load(text)])
    assert [(one.code, one.severity) for one in complaints] == [(code, "error")]
    check_words(complaints[0], path, message, hint)
    assert found == ()


@pytest.mark.parametrize(("text", "code", "path", "message", "hint"), WARNED, ids=[row[0] for row in WARNED])
def test_warning(text: str, code: str, path: list[str | int], message: str, hint: str | None) -> None:
    """What may be meant is a warning, and the condition stands."""
    found, complaints = parse([yaml.safe_load(text)])
    assert [(one.code, one.severity) for one in complaints] == [(code, "warning")]
    check_words(complaints[0], path, message, hint)
    assert len(found) == 1


def check_words(complaint: Complaint, path: list[str | int], message: str, hint: str | None) -> None:
    """Hold a complaint against the expected words and the house's manners."""
    assert complaint.path == ("conditions", 0, *path)
    assert message in complaint.message
    assert hint is None or hint in (complaint.hint or "")
    assert complaint.code in codes.CODES
    for words in (complaint.message, complaint.hint or "x"):
        assert not words.endswith(".")
        assert "Kind." not in words
        assert "Decimal(" not in words


def test_every_code_is_reached() -> None:
    """Each code about conditions is shown by a mistake here."""
    mine = {code for code in codes.CODES if code.startswith("T2")}
    assert {row[1] for row in (*WRONG, *WARNED)} | {"T219"} == mine


def test_complaints_about_keys_say_so() -> None:
    """A wrong name is marked at the key, a wrong operand at the value."""
    assert parse([{"statuss": "x"}])[1][0].on_key
    assert parse([{"status": {"lt": "x"}}])[1][0].on_key
    assert not parse([{"gross_revenue": {"lt": "x"}}])[1][0].on_key


def test_all_mistakes_at_once() -> None:
    """A mistake does not hide the next one, also in the same mapping and further down in a group."""
    _, complaints = parse([{"a": 1, "status": {"lt": 1, "eq": 5}}, {"any": [{"not": {"b": 1}}, "x"]}, 3])
    assert [complaint.code for complaint in complaints] == ["T201", "T203", "T204", "T201", "T206", "T206"]


@pytest.mark.parametrize(
    ("data", "what"), [({"status": "x"}, "a block of keys"), ("x", "a text"), (None, "nothing")]
)
def test_conditions_are_a_list(data: Any, what: str) -> None:
    """What is not a list is an error that shows how a list is written."""
    found, (complaint,) = parse(data)
    assert found == ()
    assert (complaint.code, complaint.path) == ("T206", ("conditions",))
    assert what in complaint.message
    assert "- field: value" in (complaint.hint or "")


def test_depth_is_bounded() -> None:
    """Conditions nested beyond reason are refused rather than followed."""
    data: Any = {"status": "pending"}
    for _ in range(40):
        data = {"not": data}
    found, complaints = parse([data])
    assert [complaint.code for complaint in complaints] == ["T219"]
    assert found == ()


def test_personal_operands_are_in_no_complaint_about_another_value() -> None:
    """A complaint quotes the rule's own word at fault, and only that."""
    _, complaints = parse([{"customer.phone": "6281234567889", "statuss": 1}])
    assert all("6281234567889" not in complaint.message for complaint in complaints)
