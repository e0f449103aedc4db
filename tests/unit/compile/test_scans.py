from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tertib.compile import CompiledRule, Program, Query, Sizes, compile_rules
from tertib.compile.queries import Need, contains, covers, join
from tertib.compile.sizes import pages_of
from tertib.compile.splits import halves
from tertib.model import Order, Rule, Settings, Source
from tertib.scalev import contract

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MakeRule = Callable[..., Rule]


def asked(program: Program) -> list[dict[str, str]]:
    """Return what each scan sends, without columns."""
    return [one.query.params for one in program.shared]


Filters = tuple[tuple[str, str], ...]


def seen(program: Program, sizes: Mapping[Filters, int]) -> Sizes:
    """Return sizes that a run before has shown, by filters."""
    known = {Query(Source(), frozenset(filters)).key(program.now): size for filters, size in sizes.items()}
    return Sizes(known)


def compiled(rules: Iterable[Rule], sizes: Sizes | None = None, threads: int = 1) -> Program:
    """Compile rules; without threads no scan is split."""
    return compile_rules(rules, Settings(concurrency=threads), NOW, sizes)


# --- equal and contained


def test_equal_queries_are_read_once(rule: MakeRule) -> None:
    """Two rules on the same orders share the one scan, with the columns of both."""
    one = rule("one", conditions=[{"notes": {"contains": "x"}}])
    other = rule("other", conditions=[{"quantity": {"gt": 1}}])
    program = compiled([one, other])
    assert [scan.rules for scan in program.scans] == [("one", "other")]
    assert {"notes", "quantity"} <= set(program.scans[0].params["columns"].split(","))


def test_a_contained_query_is_read_through_its_container(rule: MakeRule) -> None:
    """Also where it is a later bound on the same time that contains the other."""
    wide = rule("wide", query={"status": "shipped", "shipped_time_until": "2d ago"})
    narrow = rule(
        "narrow", query={"status": "shipped", "shipped_time_until": "30d ago", "platform": "shopee"}
    )
    assert asked(compiled([narrow, wide])) == [
        {"shipped_time_until": "2026-11-19T03:00:00Z", "status": "shipped"}
    ]


def test_what_cannot_be_checked_here_is_always_sent(rule: MakeRule) -> None:
    """A filter that only Scalev can judge, one that a rule trusts, and `va`, are never left to a wider scan."""
    wide = rule("wide")
    for query, more in (
        ({"is_probably_spam": True}, {}),
        ({"payment_method": "va"}, {}),
        ({"page_id": "7"}, {}),
        ({"platform": "shopee"}, {"trust": ["platform"]}),
    ):
        narrow = rule("narrow", query={"status": "pending", **query}, **more)
        program = compiled([wide, narrow])
        assert [scan.rules for scan in program.scans] == [("wide",), ("narrow",)], query


def test_a_payment_method_can_be_checked_here(rule: MakeRule) -> None:
    """Any value but `va` means one thing in both contracts."""
    narrow = rule("narrow", query={"status": "pending", "payment_method": "qris"})
    assert asked(compiled([rule("wide"), narrow])) == [{"status": "pending"}]


def test_a_scan_says_which_statuses_its_rules_start_from(rule: MakeRule) -> None:
    """A rule without a status may start from any, so a scan that serves it is about all of them."""
    program = compiled([rule("all", query={}), rule("pending"), rule("draft", query={"status": "draft"})])
    assert [scan.starts_from for scan in program.scans] == [None]
    assert [scan.starts_from for scan in compiled([rule("pending")]).scans] == [frozenset({"pending"})]


# --- sizes decide


def test_narrow_scans_become_a_wide_one_where_that_is_known_to_be_fewer_pages(rule: MakeRule) -> None:
    """Three campaigns with a page each, of a status that fills one."""
    rules = [rule(name, query={"status": "pending", "utm_source": name}) for name in ("a", "b", "c")]
    unknown = compiled(rules)
    assert len(unknown.scans) == 3
    small: dict[Filters, int] = {(("status", "pending"), ("utm_source", name)): 5 for name in ("a", "b", "c")}
    wide = compiled(rules, seen(unknown, {**small, (("status", "pending"),): 20}))
    assert asked(wide) == [{"status": "pending"}]
    assert (wide.shared[0].pages, wide.shared[0].apart) == (1, 3)
    assert len(compiled(rules, seen(unknown, {**small, (("status", "pending"),): 80})).scans) == 3


def test_a_list_is_read_value_by_value_where_that_is_known_to_be_fewer_pages(rule: MakeRule) -> None:
    """What a condition's list leaves out has to fill more pages than the values' own last ones."""
    paid = rule("paid", conditions=[{"payment_status": ["paid", "settled"]}])
    first = compiled([paid])
    assert asked(first) == [{"status": "pending"}]
    status = ("status", "pending")
    sizes = {
        (status,): 300,
        (("payment_status", "paid"), status): 30,
        (("payment_status", "settled"), status): 3,
    }
    finer = compiled([paid], seen(first, sizes))
    assert [one["payment_status"] for one in asked(finer)] == ["paid", "settled"]
    assert asked(compiled([paid], seen(first, {**sizes, (status,): 60}))) == [{"status": "pending"}]


def test_a_list_is_not_cut_up_where_another_rule_reads_it_all(rule: MakeRule) -> None:
    """Fewer pages for one rule are none where the whole is read anyway."""
    paid, whole = rule("paid", conditions=[{"payment_status": ["paid", "settled"]}]), rule("whole")
    status = ("status", "pending")
    sizes = {
        (status,): 300,
        (("payment_status", "paid"), status): 3,
        (("payment_status", "settled"), status): 3,
    }
    program = compiled([paid, whole])
    assert asked(compiled([paid, whole], seen(program, sizes))) == [{"status": "pending"}]


def test_reading_a_scan_shows_the_sizes_that_matter(rule: MakeRule) -> None:
    """The values of a list and the other rules' own queries are counted on the way."""
    rules = [
        rule("paid", conditions=[{"payment_status": ["paid", "settled"]}]),
        rule("shopee", conditions=[{"platform": "shopee"}]),
    ]
    watched = [one.params for one in compiled(rules).shared[0].watched]
    for more in ({"payment_status": "paid"}, {"payment_status": "settled"}, {"platform": "shopee"}):
        assert {"status": "pending", **more} in watched


def test_sizes_are_asked_for_where_they_can_pay(rule: MakeRule) -> None:
    """A count must be able to save several pages, for several rules, by filters whose count can be relied on."""
    several = [rule(f"r{n}", query={"status": "pending", "utm_source": f"s{n}"}) for n in range(8)]
    assert [one.params for one in compiled(several).worth_counting] == [{"status": "pending"}]
    assert compiled(several[:3]).worth_counting == ()
    alone = rule("alone", query={"status": "pending", "utm_source": [f"s{n}" for n in range(8)]})
    assert compiled([alone]).worth_counting == ()
    shops = [rule(f"r{n}", query={"platform": "shopee", "utm_source": f"s{n}"}) for n in range(8)]
    assert compiled(shops).worth_counting == ()


def test_a_share_is_counted_where_its_conditions_then_save_more(rule: MakeRule) -> None:
    """The count takes a request, so the conditions must save more than one page."""
    shared = rule(conditions=[{"payment_status": "paid"}], limits={"share": "30%"})
    program = compiled([shared])
    status = ("status", "pending")
    small: dict[Filters, int] = {(("payment_status", "paid"), status): 3}
    assert [
        one.params for one in compiled([shared], seen(program, {(status,): 300, **small})).worth_counting
    ] == [{"status": "pending"}]
    assert compiled([shared], seen(program, {(status,): 50, **small})).worth_counting == ()


# --- creation


def test_a_bound_on_creation_travels_with_the_scan(rule: MakeRule) -> None:
    """It is shared only by rules that all have one, and then the earliest holds."""
    day, week = ({"created_at": {"newer_than": age}} for age in ("1d", "7d"))
    bounded = [rule("day", conditions=[day]), rule("week", conditions=[week])]
    assert [scan.created_since for scan in compiled(bounded).scans] == [NOW - timedelta(days=7)]
    assert [scan.created_since for scan in compiled([*bounded, rule("all")]).scans] == [None]


# --- splitting


def test_a_long_scan_is_split_where_others_would_wait(rule: MakeRule) -> None:
    """Both halves take no page more than the whole, not even with an order more each, and serve the same rules."""
    lone = rule(query={"status": "shipped"})
    whole, proof = ("status", "shipped"), "is_transferproof_exist"
    sizes = {(whole,): 990, ((proof, "true"), whole): 495, ((proof, "false"), whole): 495}
    program = compiled([lone])
    split = compiled([lone], seen(program, sizes), threads=2)
    assert [one.get(proof) for one in asked(split)] == ["true", "false"]
    assert {scan.rules for scan in split.scans} == {("rule",)}
    one_more = {**sizes, ((proof, "true"), whole): 500, ((proof, "false"), whole): 490}
    assert len(compiled([lone], seen(program, one_more), threads=2).scans) == 1
    assert len(compiled([lone], seen(program, sizes), threads=1).scans) == 1


INSTANTS = st.one_of(
    st.none(), st.integers(0, 400).map(lambda days: (NOW - timedelta(days=days, microseconds=1)).isoformat())
)


@given(INSTANTS, st.sampled_from([None, "", "https://cdn.example/1.jpg"]), st.integers(0, 100))
def test_halves_leave_no_order_out(shipped: str | None, proof: str | None, age: int) -> None:
    """Every order that the whole returns is returned by one half at least, whichever way it is split."""
    until = (NOW - timedelta(days=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = Query(Source(), frozenset({("status", "shipped"), ("shipped_time_until", until)}))
    order = {"status": "shipped", "shipped_time": shipped, "transferproof_url": proof}
    assume(returns(whole, order))
    for pair in halves(whole, NOW):
        assert any(returns(half, order) for half in pair)


def returns(query: Query, order: Order) -> bool:
    """Apply a query as the documents say."""
    return all(contract.check(name, value, order) is True for name, value in query.filters)


# --- laws over random rules and shops


STATUSES, PAYMENTS, PLATFORMS = ("draft", "pending"), ("unpaid", "paid", "settled"), ("shopee", "scalev")
FIELDS: Mapping[str, Sequence[str]] = {"status": STATUSES, "payment_status": PAYMENTS, "platform": PLATFORMS}


@st.composite
def written_rules(draw: st.DrawFn, most: int) -> list[dict[str, Any]]:
    """Draw rules of a few filters and conditions over three enums, a presence and a time."""
    several = []
    for number in range(draw(st.integers(1, most))):
        query: dict[str, Any] = {}
        conditions: list[Any] = []
        for name, values in FIELDS.items():
            some = draw(st.lists(st.sampled_from(values), unique=True, max_size=2))
            as_filter = draw(st.booleans())
            if some and as_filter:
                query[name] = some
            elif some:
                conditions.append({name: some})
        conditions += draw(st.lists(st.sampled_from(MORE), unique_by=str, max_size=2))
        several.append({"name": f"r{number}", "query": query, "conditions": conditions})
    return several


MORE: Sequence[Any] = (
    {"transferproof_url": None},
    {"shipped_time": {"older_than": "2d"}},
    {"shipped_time": {"older_than": "30d"}},
)


@st.composite
def shops(draw: st.DrawFn) -> list[Order]:
    """Draw a shop of a few sorts of orders, some many times over."""
    sorts = st.fixed_dictionaries(
        {
            **{name: st.sampled_from((*values, None, "odd")) for name, values in FIELDS.items()},
            "transferproof_url": st.sampled_from((None, "https://cdn.example/1.jpg")),
            "shipped_time": st.sampled_from((None, *(str(NOW - timedelta(days=age)) for age in (1, 5, 40)))),
        }
    )
    counted = draw(st.lists(st.tuples(sorts, st.sampled_from((1, 5, 30, 60))), max_size=6))
    return [order for order, times in counted for _ in range(times)]


def pages(queries: Iterable[Query], shop: Sequence[Order]) -> int:
    """Return the requests that reading these queries takes."""
    return sum(pages_of(sum(returns(query, order) for order in shop)) for query in queries)


def apart(made: CompiledRule) -> list[Query]:
    """Return the scans of a rule's query as it is written, one an alternative."""
    return [Query(Source(), frozenset(one.items())) for one in made.alternatives]


def after_a_run(program: Program, shop: Sequence[Order]) -> Sizes:
    """Return the sizes that reading a program shows."""
    queries = [query for one in program.shared for query in (one.query, *one.watched)]
    return Sizes({query.key(NOW): sum(returns(query, order) for order in shop) for query in queries})


@given(written_rules(most=4), shops())
def test_every_match_is_read(rule: MakeRule, written: list[dict[str, Any]], shop: list[Order]) -> None:
    """However scans are shared, joined, cut up or split, each need's orders all come by a scan of its rule."""
    rules = [rule(**one) for one in written]
    program = compiled(rules, threads=4)
    for _ in range(2):
        for made in program.rules:
            mine = [one.query for one in program.shared if made.rule.name in one.rules]
            possible = [one.query for one in made.finer_needs() or made.needs()]
            for order in shop:
                if any(returns(query, order) for query in possible):
                    assert any(returns(query, order) for query in mine)
        program = compiled(rules, after_a_run(program, shop), threads=4)


@given(written_rules(most=1), shops())
def test_a_rule_never_takes_more_requests_than_its_own_scans(
    rule: MakeRule, written: list[dict[str, Any]], shop: list[Order]
) -> None:
    """Alone, with nothing known and with everything that a run has shown, statistics and splits included."""
    lone = rule(**written[0])
    program = compiled([lone], threads=4)
    most = pages(apart(program.rules[0]), shop)
    for _ in range(3):
        assert len(program.worth_counting) + pages((one.query for one in program.shared), shop) <= most
        program = compiled([lone], after_a_run(program, shop), threads=4)


@given(written_rules(most=4), shops())
def test_rules_together_never_take_more_requests_than_each_by_itself(
    rule: MakeRule, written: list[dict[str, Any]], shop: list[Order]
) -> None:
    """What is shared is never dearer than what it replaces."""
    rules = [rule(**one) for one in written]
    program = compiled(rules, threads=4)
    most = sum(pages(apart(made), shop) for made in program.rules)
    for _ in range(3):
        assert pages((one.query for one in program.shared), shop) <= most
        program = compiled(rules, after_a_run(program, shop), threads=4)


def test_sharing_is_the_same_for_the_same_rules(rule: MakeRule) -> None:
    """The program depends on rules, sizes and `now` alone."""
    rules = [rule(name, query={"status": ["draft", "pending"], "utm_source": name}) for name in "abc"]
    assert compiled(rules) == compiled(rules)


# --- queries


FILTERS = st.frozensets(
    st.sampled_from(
        [
            ("status", "draft"),
            ("platform", "shopee"),
            ("shipped_time_until", "2026-11-01T00:00:00Z"),
            ("shipped_time_until", "2026-11-09T00:00:00Z"),
            ("shipped_time_since", "2026-10-01T00:00:00Z"),
        ]
    )
).filter(lambda filters: len({name for name, _ in filters}) == len(filters))
SINCE = st.sampled_from([None, NOW - timedelta(days=1), NOW - timedelta(days=9)])
QUERIES = st.builds(lambda filters, since: Query(Source(), filters, since), FILTERS, SINCE)


@given(QUERIES, QUERIES)
def test_a_join_contains_both(one: Query, other: Query) -> None:
    """What two queries have in common returns all of each, and is one of them where that contains the other."""
    both = join(one, other)
    assert contains(both, one)
    assert contains(both, other)
    assert not contains(one, other) or both == one


@given(QUERIES, QUERIES)
def test_containing_each_other_is_being_equal(one: Query, other: Query) -> None:
    """So of any set of queries, some are outermost."""
    assert not (contains(one, other) and contains(other, one)) or one == other


def test_a_fixed_filter_must_be_sent() -> None:
    """Containing is not enough for a need that rests on what Scalev alone can judge."""
    query = Query(Source(), frozenset({("status", "draft"), ("is_from_form", "true")}))
    rests = Need("rule", query, frozenset({("is_from_form", "true")}))
    wide = replace(query, filters=frozenset({("status", "draft")}))
    assert contains(wide, query)
    assert not covers(wide, rests)
    assert covers(replace(query, filters=rests.fixed), rests)


def test_a_query_is_known_again_in_the_next_run() -> None:
    """Times count by their age, so that `two days ago` is the same query tomorrow."""

    def key(now: datetime) -> str:
        until = (now - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Query(Source(), frozenset({("shipped_time_until", until)}), now - timedelta(days=9)).key(now)

    assert key(NOW) == key(NOW + timedelta(hours=17, minutes=3)) == "?shipped_time_until=48h&created_at>9d"
