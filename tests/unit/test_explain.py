"""Prove that an explanation says what the stages decided, why, and what time alone would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.compile import compile_rules
from tertib.explain import Explanation, explain_orders
from tertib.language.personal import Mask
from tertib.load import loads
from tertib.model import History, Order, Rule, Sent, Settings
from tertib.plan.vetoes import Facts

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MASK = Mask(b"a key for tests")
CANCEL = """\
name: cancel
query: {status: pending, payment_status: unpaid}
conditions:
  - pending_time: {older_than: 3d}
  - any:
      - payment_method: bank_transfer
      - payment_method: null
  - tags: {none_of: [vip]}
action: {status: canceled}
"""
CONFIRM = "name: confirm\nquery: {status: pending}\nconditions: [{pending_time: {older_than: 1d}}]\naction: {status: confirmed}\n"


def rules(*texts: str) -> tuple[Rule, ...]:
    """Return the rules of some texts, of which none has an error."""
    loaded = loads("---\n".join(texts), Settings())
    assert loaded.errors == ()
    return loaded.rules


def order(**more: Any) -> dict[str, Any]:
    """Return an order that `cancel` matches."""
    return {
        "id": 11,
        "order_id": "A1",
        "status": "pending",
        "payment_status": "unpaid",
        "payment_method": "bank_transfer",
        "pending_time": "2026-11-17T03:00:00Z",
        "tags": [],
        "transferproof_url": None,
        "shipment_receipt": None,
        "gross_revenue": "125000.00",
        **more,
    }


def explain(
    one: Order,
    *texts: str,
    history: History | None = None,
    settings: Settings | None = None,
    asked: Mapping[str, Mapping[str, bool]] | None = None,
) -> Explanation:
    """Return what the first of some rules makes of an order, beside the others."""
    used = settings or Settings()
    program = compile_rules(rules(*(texts or (CANCEL,))), used, NOW)
    facts = Facts(used, program.protect, history or History(), now=NOW, rendered_at=NOW, mask=MASK)
    sources = dict.fromkeys((each.rule.source for each in program.rules), one)
    return explain_orders(program, sources, facts, asked)[0]


def verdicts(explained: Explanation) -> list[tuple[str, str]]:
    """Return the top of the tree: each condition's first word, and its verdict."""
    document = explained.document()
    return [(node["condition"].partition(":")[0], node["result"]) for node in document["trace"]]


# --- the tree -------------------------------------------------------------------------------------------


def test_the_document_is_the_designs() -> None:
    """The keys that scripts rest on, the whole tree with its parts, times on the shop's clock."""
    document = explain(order()).document()

    assert {"rule", "order_id", "matched", "verdict", "trace", "vetoes", "matches_in"} <= set(document)
    assert (document["rule"], document["order_id"]) == ("cancel", "A1")
    assert (document["matched"], document["verdict"], document["vetoes"]) == (True, "true", [])
    assert document["matches_in"] is None
    assert document["trace"][2] == {
        "condition": "pending_time: {older_than: 3d}",
        "saw": "2026-11-17 10:00 (4d old)",
        "result": "true",
        "children": [],
    }
    assert [child["result"] for child in document["trace"][3]["children"]] == ["true", "false"]
    assert document["change"] == {"status": "canceled", "by": "tertib/cancel"}
    assert document["owner"] == "cancel"


def test_the_filter_that_keeps_an_order_out_is_named() -> None:
    """An order that the query would never return is explained all the same."""
    explained = explain(order(payment_status="paid"))

    assert (explained.verdict, explained.excluded_by, explained.vetoes) == (False, ("payment_status",), ())
    assert verdicts(explained) == [
        ("query status", "true"),
        ("query payment_status", "false"),
        ("pending_time", "true"),
        ("any", "true"),
        ("tags", "true"),
    ]
    assert explained.matches_in is None


def test_what_the_answer_lacks_is_unknown() -> None:
    """A missing field makes the verdict unknown, not false, and nothing is promised."""
    one = order()
    del one["tags"]
    explained = explain(one)

    assert explained.document()["verdict"] == "unknown"
    assert (explained.change, explained.vetoes, explained.matches_in) == (None, (), None)


@pytest.mark.parametrize("field", ["status", "payment_status", "transferproof_url", "shipment_receipt"])
@pytest.mark.parametrize("strange", [[], {}, [{"a": 1}], 7])
def test_values_of_another_sort_are_explained_too(field: str, strange: Any) -> None:
    """Lists and objects where a text belongs are no reason to fail, neither now nor for an order that comes of age."""
    text = CANCEL.replace("{status: pending, payment_status: unpaid}", "{}")
    for age in ("2026-11-17T03:00:00Z", "2026-11-21T02:00:00Z"):
        explained = explain(order(**{"pending_time": age, field: strange}), text)
        assert explained.document()["change"] is None


def test_what_scalev_says_of_a_filter_counts() -> None:
    """A filter that no answer shows is unknown, unless Scalev was asked with it."""
    spam = CANCEL.replace("{status: pending,", "{is_probably_spam: true, status: pending,")

    assert ("query is_probably_spam", "unknown") in verdicts(explain(order(), spam))
    out = explain(order(), spam, asked={"cancel": {"is_probably_spam": False}})
    assert (out.verdict, out.excluded_by, out.change, out.owner) == (False, ("is_probably_spam",), None, None)
    assert explain(order(), spam, asked={"cancel": {"is_probably_spam": True}}).owner == "cancel"


def test_personal_values_are_masked() -> None:
    """No name and no number stands in an explanation, from the order or from the rule's own words."""
    rule = CANCEL.replace(
        "  - tags", "  - customer.phone: '628123456789'\n  - customer.name: Budi Santoso\n  - tags"
    )
    customer = {"name": "Budi Santoso", "phone": "628123456789"}
    said = str(explain(order(customer=customer), rule).document())

    assert "628123456789" not in said
    assert "Budi" not in said
    assert "6281•••89" in said


# --- what came after ------------------------------------------------------------------------------------


def test_every_veto_is_told() -> None:
    """All that keeps an order, not the first alone, the record's and the project's among it."""
    protect = {"protect": loads_protect()}
    one = order(transferproof_url="https://cdn.example/1.jpg", shipment_receipt="JP1", customer={})
    explained = explain(
        one,
        history=History(holds={"A1": "the buyer called"}),
        settings=replace(Settings(), **protect),
    )

    codes = [held.code for held in explained.vetoes]
    assert codes == ["on_hold", "protected", "transfer_proof", "shipment_receipt"]
    assert (explained.matched, explained.change, explained.owner) == (True, None, None)


def loads_protect() -> Any:
    """Return a protection that every order of these tests has."""
    return rules(CANCEL.replace("- pending_time", "- payment_method: bank_transfer\n  - pending_time"))[
        0
    ].conditions[:1]


def test_other_rules_come_after() -> None:
    """Who would change the order, and why this rule would not."""
    explained = explain(order(), CANCEL, CONFIRM + "priority: 200\n")

    assert (explained.owner, explained.change) == ("confirm", None)
    assert [(held.rule, held.code) for held in explained.conflicts] == [("cancel", "outranked")]
    both = explain(order(), CANCEL, CONFIRM)
    assert (both.owner, {held.code for held in both.conflicts}) == (None, {"rule_conflict"})


def test_todays_limits_come_after() -> None:
    """An order that matches on a day whose allowance is spent is told so."""
    history = History(sent_today={"cancel": Sent(2000), "": Sent(2000)})

    assert [held.code for held in explain(order(), history=history).limits] == ["limit_per_day"]
    assert explain(order()).limits == ()


# --- when it will match ---------------------------------------------------------------------------------


def test_when_it_will_match_and_unless_what() -> None:
    """The wait until the age is reached, the usual ways to fail, and all that must stay."""
    explained = explain(order(pending_time="2026-11-18T08:12:00Z"))

    assert explained.matches_in == "5h12m"
    assert explained.coming is not None
    assert explained.coming.unless == (
        "paid",
        "given a transfer proof",
        "given a shipment receipt",
        "moved from `pending`",
    )
    assert explained.coming.stays == (
        "status: pending",
        "payment_status: unpaid",
        "any: [{payment_method: bank_transfer}, {payment_method: null}]",
        "tags: {none_of: [vip]}",
    )
    assert explained.coming.held is None


@pytest.mark.parametrize(
    "more",
    [
        {"pending_time": "2026-11-20T03:00:00Z", "tags": [{"name": "vip"}]},
        {"pending_time": "2026-11-20T03:00:00Z", "status": "confirmed"},
        {"pending_time": None},
        {"pending_time": "yesterday"},
    ],
)
def test_time_alone_brings_nothing(more: dict[str, Any]) -> None:
    """Where something else stands in the way too, or the age cannot be known, nothing is promised."""
    assert explain(order(**more)).matches_in is None


def test_what_would_hold_it_then_is_told() -> None:
    """An order that is on hold will match, and will still not be changed."""
    explained = explain(
        order(pending_time="2026-11-18T08:12:00Z"), history=History(holds={"A1": "wait for Friday"})
    )

    assert explained.coming is not None
    assert explained.coming.held is not None
    assert explained.coming.held.code == "on_hold"
    assert explained.vetoes == ()


SHIPPED = "name: close\nquery: {status: shipped, shipped_time_until: 30d ago}\nconditions: CONDITIONS\naction: {status: closed}\n"


@given(st.integers(0, 40 * 86_400), st.integers(0, 999_999), st.integers(0, 40))
def test_filters_on_ages_move_with_time_too(seconds: int, micro: int, days: int) -> None:
    """The wait is exact: just before it the rule does not match, right after it does."""
    happened = NOW - timedelta(seconds=seconds, microseconds=micro)
    one = {"id": 1, "order_id": "B1", "status": "shipped", "shipped_time": happened.isoformat()}
    text = SHIPPED.replace("CONDITIONS", f"[{{shipped_time: {{older_than: {days}d}}}}]")
    explained = explain(one, text)

    if explained.coming is None:
        assert explained.matched
        return
    assert not explained.matched
    for shift, matched in ((-timedelta(seconds=2), False), (timedelta(microseconds=1), True)):
        then = NOW + explained.coming.wait + shift
        if then >= NOW:
            assert at(then, one, text) is matched


def at(then: datetime, one: Order, text: str) -> bool:
    """Tell whether a rule matches an order at another moment."""
    program = compile_rules(rules(text), Settings(), then)
    facts = Facts(Settings(), (), History(), now=then, rendered_at=then, mask=MASK)
    return explain_orders(program, {program.rules[0].rule.source: one}, facts)[0].matched
