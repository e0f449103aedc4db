from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.compile import CompiledRule, Sizes, compile_rules
from tertib.compile.pushdown import FILTER_VALUES
from tertib.language import conditions
from tertib.model import Order, Rule, Settings

NOW = datetime(2026, 11, 21, 3, 0, 0, 654321, tzinfo=UTC)
MakeRule = Callable[..., Rule]


def compiled(rule: Rule, sizes: Sizes | None = None) -> CompiledRule:
    """Compile one rule."""
    return compile_rules([rule], Settings(), NOW, sizes).rules[0]


# --- what becomes of a condition


@pytest.mark.parametrize(
    ("condition", "filters"),
    [
        ({"confirmed_time": {"older_than": "7d"}}, {"confirmed_time_until": "2026-11-14T03:00:01Z"}),
        ({"shipped_time": {"newer_than": "1d"}}, {"shipped_time_since": "2026-11-20T02:59:59Z"}),
        ({"completed_time": {"before": "2026-11-01"}}, {"completed_time_until": "2026-10-31T17:00:01Z"}),
        ({"completed_time": {"after": "2026-11-01"}}, {"completed_time_since": "2026-10-31T16:59:59Z"}),
        ({"shipped_time": {"lt": "2026-11-01"}}, {"shipped_time_until": "2026-10-31T17:00:01Z"}),
        ({"shipped_time": {"gte": "2026-11-01"}}, {"shipped_time_since": "2026-10-31T16:59:59Z"}),
        (
            {"shipped_time": {"between": ["2026-11-01", "2026-11-02"]}},
            {"shipped_time_since": "2026-10-31T16:59:59Z", "shipped_time_until": "2026-11-01T17:00:01Z"},
        ),
        (
            {"draft_time": {"between": ["2026-11-01", "2026-11-02"]}},
            {"draft_time_until": "2026-11-01T17:00:01Z"},
        ),
        ({"transferproof_url": None}, {"is_transferproof_exist": "false"}),
        ({"transferproof_url": {"exists": True}}, {"is_transferproof_exist": "true"}),
        ({"payment_status": "unpaid"}, {"payment_status": "unpaid"}),
        ({"payment_method": "qris"}, {"payment_method": "qris"}),
        ({"platform": "shopee"}, {"platform": "shopee"}),
        ({"awb_ca_status": "failed"}, {"awb_ca_status": "failed"}),
        ({"is_repeat": False}, {"is_repeat": "false"}),
        ({"order_id": "250130JQHFZG"}, {"order_id": "250130JQHFZG"}),
        ({"all": [{"is_repeat": True}, {"platform": "shopee"}]}, {"is_repeat": "true", "platform": "shopee"}),
    ],
)
def test_a_condition_becomes_a_filter(rule: MakeRule, condition: Any, filters: Mapping[str, str]) -> None:
    """Each kind of condition that a documented filter covers, times a second wider than they ask."""
    assert compiled(rule(conditions=[condition])).pushed == filters


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ({"pending_time": {"older_than": "3d"}}, "Scalev has no filter `pending_time_until`"),
        ({"draft_time": {"newer_than": "3d"}}, "Scalev has no filter `draft_time_since`"),
        ({"tags": {"includes": "vip"}}, "what a filter by several tags means is not documented"),
        ({"payment_method": "va"}, "not both contracts have a filter `payment_method=va`"),
        (
            {"payment_method": ["qris", "payment_link"]},
            "not both contracts have a filter `payment_method=payment_link`",
        ),
        ({"payment_status": {"ne": "paid"}}, "no filter asks for `ne`"),
        ({"status": "pending"}, "the query sets `status` itself"),
        ({"shipment_receipt": {"exists": True}}, "no filter asks whether there is a `shipment_receipt`"),
        ({"utm_source": "ig"}, "no filter is documented to compare `utm_source` with a value"),
        ({"order_id": "250130 JQHFZG"}, "no order number looks like this"),
        ({"shipped_time": {"before": "1066-10-14"}}, "the time is too far away for a filter"),
        ({"shipped_time": {"ne": "2026-11-01"}}, "no filter asks for `ne`"),
        (
            {"shipped_time": {"after": {"field": "confirmed_time"}}},
            "its operand is another field of each order",
        ),
        ({"created_at": {"older_than": "1h"}}, "pages come newest first, and cannot begin later"),
        ({"any": [{"is_repeat": True}, {"platform": "shopee"}]}, "a filter holds for all orders"),
        ({"not": [{"is_repeat": True}]}, "no filter asks for the opposite"),
        ({"orderlines": {"any": {"quantity": 1}}}, "no filter looks into the objects of a list"),
        ({"expr": "order.is_repeat"}, "an expression is evaluated here only"),
    ],
)
def test_what_stays_here_says_why(rule: MakeRule, condition: Any, why: str) -> None:
    """Nothing is sent whose reading at Scalev is not documented, or which is no superset."""
    made = compiled(rule(conditions=[condition]))
    assert made.pushed == {}
    assert made.pushdown.choices == {}
    assert made.pushdown.notes[0].why.startswith(why)


def test_the_narrower_of_two_bounds_is_sent(rule: MakeRule) -> None:
    """Conditions all hold, so the filter may be as narrow as the narrowest."""
    both = [{"shipped_time": {"older_than": "2d"}}, {"shipped_time": {"older_than": "30d"}}]
    assert compiled(rule(conditions=both)).pushed == {"shipped_time_until": "2026-10-22T03:00:01Z"}


def test_a_list_is_a_choice(rule: MakeRule) -> None:
    """Several values are no filter by themselves: they are read apart only where that is fewer pages."""
    made = compiled(rule(conditions=[{"payment_status": ["settled", "paid"]}]))
    assert made.pushed == {}
    assert made.pushdown.choices == {"payment_status": ("paid", "settled")}
    assert [one.query.params["payment_status"] for one in made.finer_needs()] == ["paid", "settled"]


def test_a_share_is_counted_as_written(rule: MakeRule) -> None:
    """Nothing narrows the query whose share is limited, unless the statistics have counted it."""
    shared = rule(conditions=[{"is_repeat": False}], limits={"share": "30%"})
    assert compiled(shared).pushed == {}
    key = compiled(shared).needs()[0].query.key(NOW)
    counted = compiled(shared, Sizes(counted={key: 400}))
    assert (counted.pushed, counted.satisfied) == ({"is_repeat": "false"}, 400)
    remembered = compiled(shared, Sizes(seen={key: 400}))
    assert (remembered.pushed, remembered.satisfied) == ({}, None)


def test_customer_orders_take_no_filter(rule: MakeRule) -> None:
    """The signed-in customer's list documents none."""
    source = {"customer_orders": {"store": "store_x"}}
    made = compiled(rule(source=source, query={}, conditions=[{"shipped_time": {"older_than": "2d"}}]))
    assert made.pushed == {}
    assert made.pushdown.notes[0].why == "this endpoint takes no filters"


# --- the law: no match is ever lost


class Server:
    """Filters as documented, by a reading of its own; its clock may count in whole seconds."""

    def __init__(self, *, whole_seconds: bool) -> None:
        self.whole_seconds = whole_seconds

    def returns(self, order: Order, params: Mapping[str, str]) -> bool:
        """Tell whether the list would hold an order."""
        return all(self.passes(order, name, value) for name, value in params.items())

    def passes(self, order: Order, name: str, value: str) -> bool:
        """Apply one filter."""
        if name == "is_transferproof_exist":
            return (order.get("transferproof_url") not in (None, "")) is (value == "true")
        if name == "is_repeat":
            return order.get("is_repeat") is (value == "true")
        if name.endswith(("_since", "_until")):
            moment = self.instant(order.get(name[: -len("_since")]))
            bound = self.instant(value)
            assert bound is not None
            return moment is not None and (moment >= bound if name.endswith("_since") else moment <= bound)
        assert value in FILTER_VALUES.get(name, {value})
        return order.get(name) == value

    def instant(self, raw: object) -> datetime | None:
        """Read a time as a database does."""
        try:
            moment = datetime.fromisoformat(str(raw))
        except ValueError:
            return None
        if moment.tzinfo is None:
            return None
        return moment.replace(microsecond=0) if self.whole_seconds else moment


TIMES = ("draft_time", "confirmed_time", "shipped_time", "completed_time", "created_at")
EDGES = (-1_000_001, -1_000_000, -999_999, -1, 0, 1, 345_678, 654_321, 999_999, 1_000_000, 1_000_001)
DAY = timedelta(days=1)
ZONES = (UTC, timezone(timedelta(hours=7)))


@st.composite
def time_conditions(draw: st.DrawFn) -> Any:
    """Draw an age, an instant or a range on a time."""
    field = draw(st.sampled_from(TIMES))
    operator = draw(
        st.sampled_from(
            ["older_than", "newer_than", "before", "after", "lt", "lte", "gt", "gte", "between", "eq"]
        )
    )
    if operator in {"older_than", "newer_than"}:
        return {field: {operator: f"{draw(st.integers(0, 3))}d"}}
    ends = sorted(draw(st.lists(st.integers(-3, 0), min_size=2, max_size=2)))
    instants = [(NOW + end * DAY).isoformat() for end in ends]
    return {field: {operator: instants if operator == "between" else instants[0]}}


def value_conditions() -> st.SearchStrategy[Any]:
    """Draw a test on an enum, a boolean, a presence or an order number."""
    enums = [
        st.fixed_dictionaries({name: st.one_of(value, st.lists(value, min_size=1, max_size=3))})
        for name, value in ((name, st.sampled_from(sorted(values))) for name, values in FILTER_VALUES.items())
    ]
    return st.one_of(
        *enums,
        st.fixed_dictionaries({"is_repeat": st.booleans()}),
        st.fixed_dictionaries({"transferproof_url": st.one_of(st.none(), st.just({"exists": True}))}),
        st.fixed_dictionaries({"order_id": st.sampled_from(["A-1", ["A-1", "A-2"], "B 2"])}),
    )


@st.composite
def instants(draw: st.DrawFn) -> str:
    """Draw a time close to where a bound may be, down to the microsecond, in one of two zones."""
    moment = NOW - draw(st.integers(0, 3)) * DAY + timedelta(microseconds=draw(st.sampled_from(EDGES)))
    return moment.astimezone(draw(st.sampled_from(ZONES))).isoformat()


ODD: st.SearchStrategy[Any] = st.sampled_from([None, "", "n/a", "2026-11-20T03:00:00", 17, [], {}])
"""Nulls, and values that no field promises."""


def orders() -> st.SearchStrategy[Order]:
    """Draw an order with any of the fields missing, null or malformed."""
    fields: dict[str, st.SearchStrategy[Any]] = {name: st.one_of(instants(), ODD) for name in TIMES}
    fields |= {
        name: st.one_of(st.sampled_from(sorted(values)), ODD, st.just("unheard_of"))
        for name, values in FILTER_VALUES.items()
    }
    fields["is_repeat"] = st.one_of(st.booleans(), ODD)
    fields["transferproof_url"] = st.one_of(st.just("https://cdn.example/1.jpg"), ODD)
    fields["order_id"] = st.one_of(st.sampled_from(["A-1", "A-2", "B 2"]), ODD)
    return st.fixed_dictionaries({}, optional=fields)


def keeps(made: CompiledRule, order: Order, server: Server) -> bool:
    """Tell whether what would be read holds an order, whichever way the rule's queries are cut."""
    finer = made.finer_needs() or made.needs()
    return all(
        any(server.returns(order, one.query.params) for one in needs) for needs in (made.needs(), finer)
    )


@pytest.mark.parametrize("whole_seconds", [True, False])
@pytest.mark.parametrize("kind", ["times", "values", "several"])
def test_no_match_is_lost(rule: MakeRule, kind: str, *, whole_seconds: bool) -> None:
    """Whatever matches is returned: nulls, missing and malformed values and instants at the very bound included."""
    server = Server(whole_seconds=whole_seconds)
    drawn = {
        "times": st.lists(time_conditions(), min_size=1, max_size=1),
        "values": st.lists(value_conditions(), min_size=1, max_size=1),
        "several": st.lists(st.one_of(time_conditions(), value_conditions()), min_size=2, max_size=4),
    }[kind]

    @given(drawn, st.lists(orders(), min_size=1, max_size=8))
    def law(written: list[Any], several: list[Order]) -> None:
        made = compiled(rule(query={}, conditions=written))
        since = made.pushdown.created_since
        for order in several:
            if conditions.all_of(made.rule.conditions, order, NOW) is True:
                assert keeps(made, order, server)
                assert since is None or datetime.fromisoformat(str(order["created_at"])) >= since

    law()


def test_the_law_is_not_empty(rule: MakeRule) -> None:
    """A match at the very bound is there to be lost: without the second's margin this server would lose it."""
    made = compiled(rule(query={}, conditions=[{"shipped_time": {"older_than": "1d"}}]))
    just_old = {"shipped_time": (NOW - DAY - timedelta(microseconds=1)).isoformat()}
    assert conditions.all_of(made.rule.conditions, just_old, NOW) is True
    assert keeps(made, just_old, Server(whole_seconds=False))
    assert not Server(whole_seconds=False).returns(just_old, {"shipped_time_until": "2026-11-20T03:00:00Z"})
