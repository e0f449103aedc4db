"""Laws of compiled conditions: they say what the interpreter says, of every order, alone and together."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breadth import examples
from tertib.language import codegen, conditions
from tertib.language.codegen.names import attribute_of
from tertib.language.codegen.runtime import time_of
from tertib.language.values import UNREADABLE, read_as
from tertib.model import Condition, Kind
from tertib.model import Test as OneTest


def _laws() -> ModuleType:
    """Load the neighbour that draws random conditions and orders; tests are no package."""
    path = Path(__file__).with_name("test_laws.py")
    spec = importlib.util.spec_from_file_location("laws_of_conditions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


laws = _laws()
NOW = laws.NOW
LAW = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEVERAL = st.lists(laws.TREES, min_size=1, max_size=4).flatmap(
    lambda items: st.tuples(
        st.just(items), st.lists(st.one_of(laws.about(items), laws.ORDERS), min_size=1, max_size=12)
    )
)
ONE = st.one_of(laws.LEAF_CASES, laws.CASES, laws.AGED)


def together(items: list[Any]) -> dict[str, tuple[Condition, ...]]:
    """Make one rule of each item, one of all of them, and one that has no conditions."""
    rules = {f"rule {number}": laws.read(item) for number, item in enumerate(items)}
    return {**rules, "all of them": laws.read(*items), "any order": ()}


def true_rules(rules: Mapping[str, tuple[Condition, ...]], order: Any) -> tuple[str, ...]:
    """Ask the interpreter which rules match."""
    return tuple(name for name, found in rules.items() if conditions.all_of(found, order, NOW) is True)


# --- the laws -------------------------------------------------------------------------------------------


@settings(LAW, max_examples=examples(600))
@given(ONE)
def test_a_verdict_is_the_interpreters(case: tuple[Any, Any]) -> None:
    """Every compiled condition says true, false or unknown of every order, as the interpreter does."""
    item, order = case
    rules = {"one": laws.read(item)}
    compiled = codegen.compile_conditions(rules)
    assert compiled.verdict("one", order, NOW) is conditions.all_of(rules["one"], order, NOW)


@LAW
@given(SEVERAL)
def test_what_matches_together_is_what_matches_alone(case: tuple[list[Any], list[Any]]) -> None:
    """Rules that share questions match just the orders of which their own conditions are all true."""
    items, orders = case
    rules = together(items)
    compiled = codegen.compile_conditions(rules)
    assert [compiled.match(order, NOW) for order in orders] == [true_rules(rules, order) for order in orders]


POOL = st.lists(st.one_of(laws.LEAVES, laws.AGES), min_size=3, max_size=6)
STATUSES = st.sampled_from(
    [[], [{"status": "pending"}], [{"status": "paid"}], [{"status": ["paid", "pending"]}]]
)
AKIN = POOL.flatmap(
    lambda pool: st.tuples(
        st.lists(
            st.tuples(STATUSES, st.lists(st.sampled_from(pool), min_size=1, max_size=4)),
            min_size=3,
            max_size=6,
        ),
        st.lists(laws.about([*pool, {"status": "paid"}]), min_size=1, max_size=12),
    )
)
"""Rules that begin alike, fork by status and use the same fields in several places."""


@settings(LAW, max_examples=examples(400))
@given(AKIN)
def test_rules_that_share_questions_match_alone(case: tuple[list[Any], list[Any]]) -> None:
    """However questions and values are shared between branches, every rule keeps its own meaning."""
    drawn, orders = case
    rules = {f"rule {number}": laws.read(*status, *items) for number, (status, items) in enumerate(drawn)}
    compiled = codegen.compile_conditions(rules)
    page = [*orders, *reversed(orders)]
    assert compiled.match_page(page, NOW) == [true_rules(rules, order) for order in page]


@LAW
@given(SEVERAL)
def test_a_page_is_its_orders(case: tuple[list[Any], list[Any]]) -> None:
    """A page decided at once gives what each order gives; nothing of one order stays for the next."""
    items, orders = case
    rules = together(items)
    page = [*orders, *reversed(orders), *orders]
    expected = [true_rules(rules, order) for order in page]
    assert codegen.compile_conditions(rules).match_page(page, NOW) == expected


@LAW
@given(SEVERAL, st.data())
def test_pins_only_take_away(case: tuple[list[Any], list[Any]], data: st.DataObject) -> None:
    """A rule that is pinned to texts matches what it matched, less the orders that show another text or none."""
    items, orders = case
    rules = together(items)
    texts = st.frozensets(st.sampled_from(["pending", "paid", "deleted"]), min_size=1, max_size=2)
    pins = {name: {"status": data.draw(texts)} for name in rules if data.draw(st.booleans())}
    expected = [
        tuple(name for name in true_rules(rules, order) if allows(pins.get(name, {}), order))
        for order in orders
    ]
    compiled = codegen.compile_conditions(rules, pins=pins)
    assert compiled.match_page(orders * 2, NOW) == expected * 2
    assert [compiled.match(order, NOW) for order in orders] == expected


def allows(pins: Mapping[str, frozenset[str]], order: Mapping[str, Any]) -> bool:
    """Say plainly what a pin means: no other text, and not nothing."""
    shown = {path: order.get(path, 7) for path in pins}
    return all(
        found in pins[path] if isinstance(found, str) else found is not None for path, found in shown.items()
    )


@LAW
@given(st.lists(laws.TREES, min_size=1, max_size=3), st.lists(laws.JSON, min_size=1, max_size=6))
def test_anything_may_come(items: list[Any], orders: list[Any]) -> None:
    """Whatever JSON stands where an order should, nothing raises and the interpreter agrees."""
    rules = together(items)
    expected = [true_rules(rules, order) for order in orders]
    assert codegen.compile_conditions(rules).match_page(orders, NOW) == expected


@LAW
@given(laws.CASES)
def test_a_mapping_need_not_be_a_dict(case: tuple[Any, Any]) -> None:
    """Orders of another class are decided all the same."""
    item, order = case
    rules = together([item])
    frozen = MappingProxyType(order)
    assert codegen.compile_conditions(rules).match(frozen, NOW) == true_rules(rules, order)


@LAW
@given(laws.CASES)
def test_a_rule_and_its_opposite_never_match(case: tuple[Any, Any]) -> None:
    """What contradicts itself matches nothing."""
    item, order = case
    rules = {"both ways": laws.read(item, {"not": [item]})}
    assert codegen.compile_conditions(rules).match(order, NOW) == ()


@pytest.mark.parametrize(
    "items",
    [
        [{"status": "paid"}, {"status": "pending"}],
        [{"status": ["paid", "shipped"]}, {"any": [{"status": "pending"}]}],
        [{"is_repeat": True}, {"is_repeat": {"ne": True}}],
        [{"gross_revenue": {"lt": 5}}, {"gross_revenue": {"gte": 5}}],
        [{"notes": None}, {"notes": {"exists": True}}],
        [{"tags": "vip"}, {"tags": {"none_of": ["vip"]}}],
    ],
)
def test_plain_contradictions_are_named(items: list[Any]) -> None:
    """A rule that no order can match is named, and costs nothing."""
    compiled = codegen.compile_conditions({"one": laws.read(*items), "two": laws.read(items[0])})
    assert compiled.never == ("one",)
    assert "RULE_ONE" not in compiled.source


# --- what is told ---------------------------------------------------------------------------------------


@LAW
@given(laws.LEAF_CASES)
def test_unreadable_times_and_numbers_are_told_once(case: tuple[Any, Any]) -> None:
    """A text that is no time and a value that is no number are told, by path, once; the interpreter told them too."""
    item, order = case
    rules = {"one": laws.read(item), "again": laws.read(item)}
    told: list[str] = []
    codegen.compile_conditions(rules).match(order, NOW, told.append)
    known: list[str] = []
    for condition in rules["one"]:
        conditions.evaluate(condition, order, NOW, lambda path, _why: known.append(path))
    assert set(told) <= set(known)
    outside = [path for path in told if not path.startswith(("orderlines.", "final_variants."))]
    assert len(outside) == len(set(outside))


def test_a_bad_text_is_told_where_it_is_looked_at() -> None:
    """A text that decides a rule is told; one behind a test that already failed is not."""
    rules = {"late": laws.read({"status": "pending"}, {"pending_time": {"older_than": "3d"}})}
    compiled, told = codegen.compile_conditions(rules), list[str]()
    compiled.match({"status": "pending", "pending_time": "soon"}, NOW, told.append)
    assert told == ["pending_time"]
    compiled.match({"status": "paid", "pending_time": "soon"}, NOW, told.append)
    assert told == ["pending_time"]


# --- nothing of a rule is source ------------------------------------------------------------------------

HOSTILE = [
    "'); raise SystemExit #",
    '"""\nraise SystemExit\n"""',
    "x\nraise SystemExit",
    "x\r\nimport os",
    "x\u2028raise SystemExit",
    "{__import__('os')}",
    "\\",
    "\x00",
    "None",
    "import",
    "match_page",
    "order",
    "\ud800",
    "ﬀ",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_values(text: str) -> None:
    """Texts and names that look like source are compared, never run, and never leave their comment."""
    path = f"metadata.{text}"
    test = OneTest(path, Kind.TEXT, "eq", text, "", ())
    other = OneTest("notes", Kind.TEXT, "contains", text, "", ())
    names = OneTest("tags", Kind.TAGS, "any_of", (text, "vip"), "", ())
    rules = {text: (test,), f"{text} two": (other, names)}
    key, *rest = text.split(".")
    assert not rest
    order = {"metadata": {key: text}, "notes": f"<{text}>", "tags": [{"name": text}]}
    compiled = codegen.compile_conditions(rules)
    assert compiled.match_page([order] * 2, NOW) == [tuple(rules)] * 2
    found = {type(node) for node in ast.walk(ast.parse(compiled.source))}
    assert compiled.source.isascii()
    assert found.isdisjoint({ast.Raise, ast.Import, ast.JoinedStr})


@settings(LAW, max_examples=examples(100))
@given(
    st.text(max_size=12),
    st.text(max_size=12).filter(lambda path: "." not in path),
    st.text(min_size=1, max_size=12),
)
def test_any_text_stays_a_value(name: str, path: str, value: str) -> None:
    """Whatever a rule's name, a field's path and a value are made of, the source has the syntax of plain ones."""
    assert syntax_of(name, path, value) == syntax_of("a", "b", "c")


def syntax_of(name: str, path: str, value: str) -> list[str]:
    """Compile one rule of one test, and return the kinds of all nodes of its source's syntax."""
    source = codegen.compile_conditions({name: (OneTest(path, Kind.TEXT, "eq", value, "", ()),)}).source
    assert source.isascii()
    return [type(node).__name__ for node in ast.walk(ast.parse(source))]


@given(st.text(max_size=20))
def test_attributes_are_plain_and_tell_keys_apart(key: str) -> None:
    """Every JSON key has an attribute of its own, which is a plain identifier."""
    assert attribute_of(key).isidentifier()
    assert attribute_of(key).isascii()
    assert attribute_of(key) != attribute_of(key + "_") != attribute_of(f"x_{key}")
    assert attribute_of("get") not in {"get", "keys", "values", "items"}


# --- single cases ---------------------------------------------------------------------------------------


def test_a_fork_asks_the_field_that_rules_pin() -> None:
    """Rules that hold one field to certain values are reached through it, each question once."""
    rules = {
        "one": laws.read({"status": "pending"}, {"is_repeat": False}),
        "two": laws.read({"status": "pending"}, {"is_repeat": False}, {"notes": None}),
        "three": laws.read({"status": ["paid", "shipped"]}, {"is_repeat": True}),
    }
    source = codegen.compile_conditions(rules).source
    assert source.count("status == PENDING") == 1
    assert source.count("is_repeat is False") == 1
    assert "elif status == PAID" in source
    assert "elif status == SHIPPED" in source


TAGS = [
    [],
    ["hold"],
    ["hold", "vip"],
    ["hold", None],
    ["hold", "vip", None],
    [None],
    None,
    "hold",
    [{"name": "vip"}, {}],
]


@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize("how", ["includes", "any_of", "all_of", "none_of"])
def test_names_that_cannot_be_read_leave_doubt(how: str, tags: Any) -> None:
    """A tag without a name may be any tag: it confirms nothing and denies nothing."""
    names = "hold" if how == "includes" else ["hold", "vip"]
    rules = {"one": laws.read({"tags": {how: names}}), "not": laws.read({"not": {"tags": {how: names}}})}
    compiled, order = codegen.compile_conditions(rules), {"tags": tags}
    for name, found in rules.items():
        assert compiled.verdict(name, order, NOW) is conditions.all_of(found, order, NOW)
    assert compiled.match(order, NOW) == true_rules(rules, order)


TIMES = [
    "2026-03-07T05:00:00Z", "2026-03-07t05:00:00z", "2026-03-07 05:00:00Z", "2026-W10-6T05:00:00Z", "20260307T05:00:00.0Z",
    "2026-03-07T0500:00.Z", "2026-02-30T05:00:00Z", "2026-03-07T25:00:00Z", "2026-03-07T05:00:00+00:00", "2026-3-07T05:00:00ZZ",
    "\uff12026-03-07T05:00:00Z", "0000-03-07T05:00:00Z", "9999-12-31T23:59:59Z",
]  # fmt: skip


@pytest.mark.parametrize("text", TIMES)
def test_times_are_read_as_exactly_as_the_interpreter_does(text: str) -> None:
    """The short way to read a time takes no text that the long way refuses, and gives the same instant."""
    rules = {
        "older": laws.read({"pending_time": {"older_than": "12h"}}),
        "at": laws.read({"pending_time": "2026-03-07T05:00:00Z"}),
    }
    compiled, order = codegen.compile_conditions(rules), {"pending_time": text}
    assert compiled.match(order, NOW) == true_rules(rules, order)
    assert time_of(text, None, "") == read_as(text, Kind.TIME) or read_as(text, Kind.TIME) is UNREADABLE
    assert (time_of(text, None, "") is None) == (read_as(text, Kind.TIME) is UNREADABLE)


AMOUNTS = [
    10**400,
    -(10**400),
    3,
    0,
    True,
    "3",
    "1e3",
    "NaN",
    Decimal("NaN"),
    Decimal("Infinity"),
    Decimal("1E+999999"),
    Decimal("9E+99"),
    Decimal("1E-101"),
    2.5,
]


@pytest.mark.parametrize("raw", AMOUNTS)
def test_numbers_are_read_as_exactly_as_the_interpreter_does(raw: Any) -> None:
    """Numbers beyond any amount, and what is none, are as unknown here as there."""
    items = [{how: 2} for how in ("eq", "ne", "lt", "lte", "gt", "gte")]
    rules = {f"rule {number}": laws.read({"gross_revenue": item}) for number, item in enumerate(items)}
    order = {"gross_revenue": raw}
    assert codegen.compile_conditions(rules).match(order, NOW) == true_rules(rules, order)


def test_a_deep_rule_compiles() -> None:
    """A rule of hundreds of conditions is no deeper than Python allows."""
    items = [{"notes": {"contains": f"word {number}"}} for number in range(300)]
    rules = {"long": laws.read(*items), "longer": laws.read(*items, {"status": "paid"})}
    order = {"notes": " ".join(f"word {number}," for number in range(300)), "status": "paid"}
    assert codegen.compile_conditions(rules).match(order, NOW) == ("long", "longer")


def test_ids_are_text_or_numbers() -> None:
    """An id is found in either spelling, and neither `true` nor `12.0` is the id 1 or 12."""
    rules = {
        "one": laws.read({"store.id": 1}),
        "twelve": laws.read({"store.id": "12"}),
        "odd": laws.read({"store.id": "012"}),
    }
    compiled = codegen.compile_conditions(rules)
    shown = [
        compiled.match({"store": {"id": raw}}, NOW)
        for raw in (1, "1", 12, "12", "012", True, Decimal("12.0"))
    ]
    assert shown == [("one",), ("one",), ("twelve",), ("twelve",), ("odd",), (), ()]


def test_ages_before_the_calendar_are_no_error() -> None:
    """Where `now` less the duration would lie before the first year, nothing is that old."""
    early = NOW.replace(year=1)
    rules = {
        "old": laws.read({"pending_time": {"older_than": "5000w"}}),
        "new": laws.read({"pending_time": {"newer_than": "5000w"}}),
    }
    order = {"pending_time": (early - timedelta(days=3)).isoformat()}
    assert (
        codegen.compile_conditions(rules).match(order, early)
        == ("new",)
        == tuple(name for name, found in rules.items() if conditions.all_of(found, order, early) is True)
    )


def test_an_unknown_rule_is_a_key_error() -> None:
    """Asking for a rule that was not compiled is the caller's mistake."""
    compiled = codegen.compile_conditions({"one": laws.read({"status": "paid"})})
    with pytest.raises(KeyError):
        compiled.verdict("two", {}, NOW)
