"""What decides the orders of a source: which rules are in it, what pins them, what is read of an order, and when it is built."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tertib.compile import Deciding, Query, Sizes, compile_rules
from tertib.model import Order, Rule, Settings, Source
from tertib.projection import Projected, plain

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MakeRule = Callable[..., Rule]


def deciding(*rules: Rule, source: Source | None = None) -> Deciding:
    """Compile rules and return what decides their orders."""
    return compile_rules(rules, Settings(), NOW).deciding(source or Source())


def projected(found: Deciding, order: Mapping[str, Any]) -> Order:
    """Decode a page of one order as a run does."""
    decoded: Order = found.projection.decode(json.dumps({"data": [order]}).encode())["data"][0]
    return decoded


def both(found: Deciding, order: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the rules that match an order, which must be the same for a dict and a projected order."""
    ((one,), (other,)) = (found.match_page([read], NOW) for read in (dict(order), projected(found, order)))
    assert one == other
    return one


@pytest.mark.parametrize(
    ("query", "order", "matches"),
    [
        ({"status": "pending"}, {"status": "pending"}, True),
        ({"status": "pending"}, {"status": "confirmed"}, False),
        ({"status": ["pending", "confirmed"]}, {"status": "confirmed"}, True),
        ({"status": "pending"}, {"status": None}, False),
        ({"status": "pending"}, {}, True),
        ({"status": "pending"}, {"status": 7}, True),
        ({"platform": "shopee"}, {"platform": "lazada"}, False),
        ({"payment_method": "va"}, {"payment_method": "va_bca"}, True),
        ({"payment_method": "va"}, {"payment_method": "cod"}, True),
        ({"is_repeat": "true"}, {"is_repeat": False}, True),
        ({"utm_source": "ads"}, {"utm_source": "mail"}, True),
    ],
)
def test_enums_that_are_checked_exactly_pin_a_rule(
    rule: MakeRule,
    query: dict[str, Any],
    order: dict[str, Any],
    matches: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """Only what an answer shows for certain pins; whatever else a query asks for is left to its own check."""
    found = both(deciding(rule("one", query=query)), order)
    assert found == (("one",) if matches else ())


def test_each_source_has_its_own_program(rule: MakeRule) -> None:
    """Rules are asked only about orders of the source that they read, decoded by its own fields."""
    store = Source("store_x")
    theirs = rule(
        "theirs", query={}, source={"customer_orders": {"store": "store_x"}}, conditions=[{"paid_time": None}]
    )
    program = compile_rules([rule("ours"), theirs], Settings(), NOW)
    assert both(program.deciding(Source()), {"status": "pending", "paid_time": None}) == ("ours",)
    assert both(program.deciding(store), {"status": "pending", "paid_time": None}) == ("theirs",)
    assert "paid_time" not in projected(program.deciding(Source()), {"paid_time": None})


def test_what_a_plan_needs_is_there(rule: MakeRule) -> None:
    """Vetoes, what a plan shows, every field that a change may set, the tests of filters and templates find their values."""
    one = rule(
        "one",
        query={"status": "pending", "store_id": "12", "product_id": "5"},
        action={"status": "confirmed", "transferproof_url": "https://x.example/{{ order.page.slug }}.jpg"},
    )
    order = {
        "id": 1,
        "order_id": "A1",
        "status": "pending",
        "payment_status": "unpaid",
        "payment_method": "cod",
        "payment_account_holder": "Budi",
        "payment_account_number": "123",
        "transfer_time": None,
        "financial_entity": {"id": 4},
        "transferproof_url": None,
        "shipment_receipt": None,
        "gross_revenue": "1.00",
        "created_at": "2026-11-01T00:00:00Z",
        "last_updated_at": "2026-11-01T00:00:00Z",
        "customer": {"name": "Siti"},
        "store": {"id": 12},
        "orderlines": [{"product_id": 5, "variant": {"id": 1}}],
        "page": {"slug": "madu", "id": 3},
        "is_probably_spam": True,
    }
    more = {
        "notes": "x",
        "tags": [],
        "customer": {"name": "Siti", "phone": "628"},
        "financial_entity": {"id": 4, "code": "x"},
    }
    assert plain(projected(deciding(one), {**order, **more})) == order


def test_whatever_filter_is_sent_can_be_checked(rule: MakeRule) -> None:
    """Also one that only parts a long scan in two, and those by which a scan counts what others would bring."""
    lone = rule(query={"status": "shipped"}, conditions=[{"tags": {"includes": "x"}}])
    other = rule("other", query={"status": "shipped", "platform": "shopee"})
    query, proof = ("status", "shipped"), "is_transferproof_exist"
    narrow = {frozenset((query, (proof, value))): 495 for value in ("true", "false")}
    seen = {
        Query(Source(), filters).key(NOW): size
        for filters, size in {frozenset((query,)): 990, **narrow}.items()
    }
    program = compile_rules([lone, other], Settings(concurrency=2), NOW, Sizes(seen))
    sent = {name for scan in program.scans for name in scan.params} - {"columns"}
    assert sent == {"status", proof}
    assert sent | {"platform"} <= program.deciding(Source()).filters


def test_pages_of_another_sort_are_decided_too(rule: MakeRule) -> None:
    """A page with values of a wrong type is decided, and tells of each once an order; one without orders is nothing."""
    rules = [
        rule(name, conditions=[{"notes": {"exists": True}}, {"is_repeat": False}]) for name in ("one", "two")
    ]
    found, told = deciding(*rules), list[str]()
    body = json.dumps({"data": [{"status": "pending", "notes": 7, "is_repeat": no} for no in (False, "no")]})
    orders = found.projection.decode(body.encode())["data"]
    assert all(isinstance(one, Projected) for one in orders)
    assert found.match_page(orders, NOW, told.append) == [("one", "two"), ()]
    assert sorted(told) == ["is_repeat", "notes", "notes"]
    assert found.match_page([], NOW, told.append) == []


def test_compiling_rules_compiles_no_conditions() -> None:
    """Where nothing is decided, as in `check` and before a re-read, neither program nor decoder is made."""
    program = (
        "import sys, json, datetime as d; from tertib.load import loads; from tertib.model import Settings;"
        "from tertib.compile import compile_rules;"
        "rule = {'name': 'a', 'query': {}, 'conditions': [], 'action': {'status': 'canceled'}};"
        "now = d.datetime(2026, 11, 21, tzinfo=d.UTC);"
        "compiled = compile_rules(loads(json.dumps(rule), Settings()).rules, Settings(), now);"
        "assert compiled.rule('a'); print({'msgspec', 'tertib.language.codegen'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (shown.stderr, shown.stdout.strip()) == ("", "set()")


def test_an_unknown_rule_is_the_callers_mistake(rule: MakeRule) -> None:
    """A program is asked by name for its own rules only."""
    program = compile_rules([rule("one")], Settings(), NOW)
    assert program.rule("one").rule.name == "one"
    with pytest.raises(KeyError):
        program.rule("two")
