"""Prove on thousands of random conditions and orders that nothing is claimed which the real evaluation denies."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from breadth import examples
from tertib.check import goals, witness
from tertib.check.branches import TooMany, all_true, expand
from tertib.compile import compile_rules
from tertib.evaluate import satisfies_query
from tertib.language.conditions import all_of, evaluate, parse
from tertib.load import loads
from tertib.model import Complaint, Condition, Settings
from tertib.scalev import contract

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
FIELDS = contract.FIELDS["orders"]

NUMBERS = st.integers(-2, 3)
WORDS = st.sampled_from(["a", "ab", "B", "b"])
TAGS = st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=3, unique=True)
AGES = st.sampled_from(["1d", "2d", "3d"])
DATES = st.sampled_from(["2026-11-18", "2026-11-19", "2026-11-20"])


def operators(**choices: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return mappings of one or two of some operators to operands."""
    names = st.lists(st.sampled_from(sorted(choices)), min_size=1, max_size=2, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: choices[name] for name in chosen}))


NUMERIC = operators(
    eq=NUMBERS, ne=NUMBERS, lt=NUMBERS, lte=NUMBERS, gt=NUMBERS, gte=NUMBERS, exists=st.booleans(),
    between=st.tuples(NUMBERS, NUMBERS).map(sorted), not_in=st.lists(NUMBERS, min_size=1, max_size=3),
    **{"in": st.lists(NUMBERS, min_size=1, max_size=3)},
)  # fmt: skip
TEXTUAL = operators(
    eq=WORDS, ne=WORDS, contains=WORDS, starts_with=WORDS, ends_with_i=WORDS, eq_i=WORDS, exists=st.booleans(),
    matches=st.sampled_from(["^a", "b$", "[ab]+"]), not_in=st.lists(WORDS, min_size=1, max_size=3),
    **{"in": st.lists(WORDS, min_size=1, max_size=3)},
)  # fmt: skip
TIMELY = operators(older_than=AGES, newer_than=AGES, before=DATES, after=DATES, exists=st.booleans())
TAGGED = operators(
    includes=TAGS.map(lambda names: names[0]), any_of=TAGS, all_of=TAGS, none_of=TAGS,
    count=operators(eq=st.integers(0, 3), lt=st.integers(0, 3), gte=st.integers(0, 3), ne=st.integers(0, 3)),
)  # fmt: skip
LEAVES = st.one_of(
    st.fixed_dictionaries({"net_revenue": NUMERIC}),
    st.fixed_dictionaries({"quantity": NUMERIC}),
    st.fixed_dictionaries({"notes": TEXTUAL}),
    st.fixed_dictionaries({"courier_service.courier.code": TEXTUAL}),
    st.just({"courier_service": None}),
    st.fixed_dictionaries({"status": st.lists(st.sampled_from(["pending", "shipped", "rts"]), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"is_repeat": st.booleans()}),
    st.fixed_dictionaries({"pending_time": TIMELY}),
    st.fixed_dictionaries({"tags": TAGGED}),
    st.fixed_dictionaries({"net_revenue": st.fixed_dictionaries({"gt": st.just({"field": "quantity"})})}),
    st.fixed_dictionaries({"orderlines": operators(
        any=st.fixed_dictionaries({"quantity": NUMERIC}), every=st.fixed_dictionaries({"quantity": NUMERIC}),
        none=st.fixed_dictionaries({"product_name": TEXTUAL}), count=st.integers(0, 2),
    )}),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda how, below: {how: below},
        st.sampled_from(["all", "any", "not"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
RULES = st.lists(TREES, min_size=1, max_size=3)

TIMES = st.integers(0, 5).map(lambda days: (NOW - timedelta(days=days, hours=1)).isoformat())
LINES = st.lists(
    st.fixed_dictionaries({"quantity": NUMBERS}, optional={"product_name": WORDS | st.none()}), max_size=2
)
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        "net_revenue": NUMBERS | st.just("n/a") | st.none() | st.just("1.5"),
        "quantity": NUMBERS | st.none(),
        "notes": WORDS | st.sampled_from(["", "abB"]) | st.none(),
        "courier_service": st.none() | st.builds(lambda code: {"courier": {"code": code}}, WORDS | st.none()),
        "status": st.sampled_from(["pending", "shipped", "rts", "paid"]),
        "is_repeat": st.booleans() | st.none(),
        "pending_time": TIMES | st.just("gestern") | st.none(),
        "tags": st.lists(st.sampled_from(["x", "y", "z", "w"]).map(lambda name: {"name": name}), max_size=3)
        | st.none(),
        "orderlines": LINES | st.none(),
    },
)


def read(data: list[Any]) -> tuple[Condition, ...]:
    """Return the conditions that the language reads; random trees hold ones that it refuses."""
    complaints: list[Complaint] = []
    found = parse(data, FIELDS, UTC, complaints)
    return () if any(one.severity == "error" for one in complaints) else found


@settings(max_examples=examples(200), deadline=None)
@given(RULES, st.lists(ORDERS, min_size=8, max_size=8))
def test_what_is_called_impossible_never_is(data: list[Any], orders: list[Any]) -> None:
    """Conditions without an alternative are true of no order; those whose denial has none are false of none."""
    conditions = read(data)
    ways = all_true(conditions, NOW)
    for order in orders:
        if all_of(conditions, order, NOW) is True:
            assert ways
        for condition in conditions:
            verdict = evaluate(condition, order, NOW)
            if verdict is not None:
                assert expand(condition, NOW, wanted=verdict)


@settings(max_examples=examples(200), deadline=None)
@given(RULES)
def test_every_way_that_was_calculated_has_an_order(data: list[Any]) -> None:
    """Where nothing had to be tried, what is left open really is possible: an order shows it."""
    conditions = read(data)
    if not conditions:
        return
    for way in all_true(conditions, NOW):
        families = {family for _, family in way.domains}
        if way.tied or any(family.startswith("items") for family in families):
            continue  # reported only where an order is found
        if any(getattr(domain, "tests", ()) for domain in way.domains.values()):
            continue  # the same
        if _tangled(way.domains):
            continue
        order = witness.find((way,), FIELDS, NOW, lambda order: all_of(conditions, order, NOW) is True)
        assert order is not None


def _tangled(domains: Any) -> bool:
    """Tell whether tags must be some and few at once, which is only searched for."""
    names = domains.get(("tags", "names"))
    return names is not None and bool(names.some) and names.count.high is not None


@settings(max_examples=examples(100), deadline=None)
@given(RULES, RULES)
def test_a_common_order_satisfies_both_as_json(one: list[Any], other: list[Any]) -> None:
    """An order found for two sets of conditions satisfies each when it comes over the wire, as plain JSON."""
    first, second = read(one), read(other)
    try:
        ways = all_true((*first, *second), NOW)
    except TooMany:
        return
    order = witness.find(ways, FIELDS, NOW, lambda order: all_of((*first, *second), order, NOW) is True)
    if order is not None:
        came = json.loads(json.dumps(order), parse_float=Decimal)
        assert came == order
        assert all_of(first, came, NOW) is True
        assert all_of(second, came, NOW) is True


QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.lists(st.sampled_from(["pending", "shipped", "rts"]), min_size=1, max_size=2),
        "payment_method": st.lists(st.sampled_from(["va", "va_bca", "cod"]), min_size=1, max_size=2),
        "tags": st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2),
        "is_repeat": st.booleans(),
        "is_transferproof_exist": st.booleans(),
        "shipped_time_since": st.sampled_from(["1d ago", "2d ago", "2026-11-19"]),
        "shipped_time_until": st.sampled_from(["1d ago", "2d ago", "2026-11-19"]),
    },
)
QUERIED = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["pending", "shipped", "rts", "paid", ""]) | st.none(),
        "payment_method": st.sampled_from(["va", "va_bca", "va_neu", "vax", "cod"]) | st.none(),
        "tags": st.lists(st.sampled_from(["x", "y", "z"]).map(lambda name: {"name": name}), max_size=2)
        | st.none(),
        "is_repeat": st.booleans() | st.none(),
        "transferproof_url": st.sampled_from(["", "https://x.example/1"]) | st.none(),
        "shipped_time": st.sampled_from([0, 1, 2, 3]).map(
            lambda days: (NOW - timedelta(days=days)).isoformat()
        )
        | st.sampled_from(["2026-11-18T17:00:00.9Z", "2026-11-19T03:00:00.000001Z", "gestern"])
        | st.none(),
    },
)


@settings(max_examples=examples(200), deadline=None)
@given(QUERIES, st.lists(QUERIED, min_size=8, max_size=8))
def test_filters_as_conditions_agree_with_their_recheck(data: dict[str, Any], orders: list[Any]) -> None:
    """A query read as conditions is true of exactly the orders that are known to agree with every filter."""
    text = json.dumps({"name": "law", "query": data, "action": {"status": "confirmed"}})
    rule = loads(text, Settings()).rules[0]
    compiled = compile_rules((rule,), Settings(), NOW).rules[0]
    for order in orders:
        agreed, unchecked = satisfies_query(compiled, order, NOW)
        assert (all_of(goals.query(rule, NOW), order, NOW) is True) == (agreed is True and not unchecked)
