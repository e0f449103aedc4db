"""Prove that each planted fault is found, at its place, alone, and shown by an order wherever one can."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tertib import check
from tertib.check import Finding
from tertib.check.finding import subject
from tertib.language.conditions import parse
from tertib.load import loads
from tertib.model import Mode, Settings
from tertib.scalev import contract

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
Check = Callable[[str], tuple[Finding, ...]]


def rule(
    query: str = "{status: pending}",
    conditions: str = "[{payment_status: paid}]",
    action: str = "{status: confirmed}",
    **more: str,
) -> str:
    """Write a rule that is healthy where nothing else is said."""
    rest = "".join(f"{key}: {value}\n" for key, value in more.items())
    return f"name: planted\nquery: {query}\nconditions: {conditions}\naction: {action}\n{rest}"


CANCEL = "{status: canceled}"
OLD = "{pending_time: {older_than: 3d}}"

NEVER: list[tuple[str, str, str, tuple[Any, ...]]] = [
    ("an empty interval", rule(conditions="[{gross_revenue: {gt: 500, lt: 100}}]"), "T701", ("conditions", 0, "gross_revenue", "lt")),
    ("touching open ends", rule(conditions="[{gross_revenue: {gt: 5}}, {gross_revenue: {lte: 5}}]"), "T701", ("conditions", 1, "gross_revenue", "lte")),
    ("a point left out", rule(conditions="[{gross_revenue: {gte: 5, lte: 5, ne: 5}}]"), "T701", ("conditions", 0, "gross_revenue", "ne")),
    ("two values at once", rule(conditions="[{platform: shopee}, {platform: [lazada, scalev]}]"), "T701", ("conditions", 1, "platform")),
    ("null and compared", rule(conditions="[{notes: null}, {notes: {contains: x}}]"), "T701", ("conditions", 1, "notes", "contains")),
    ("null and not null", rule(conditions="[{notes: null}, {not: [{notes: null}]}]"), "T701", ("conditions", 1, "not")),
    ("null parent", rule(conditions="[{courier_service: null}, {courier_service.courier.code: jne}]"), "T701", ("conditions", 1, "courier_service.courier.code")),
    ("a field against null", rule(conditions="[{net_revenue: {gt: {field: shipping_cost}}}, {shipping_cost: null}]"), "T701", ("conditions", 1, "shipping_cost")),
    ("true and false", rule(query="{is_repeat: true}", conditions="[{is_repeat: false}]"), "T703", ("conditions", 0, "is_repeat")),
    ("not itself", rule(conditions="[{expr: order.quantity > 1}, {not: [{expr: order.quantity > 1}]}]"), "T701", ("conditions", 1, "not")),
    ("a pattern and its denial", rule(conditions="[{notes: {matches: a+}}, {not: [{notes: {matches: a+}}]}]"), "T701", ("conditions", 1, "not")),
    ("two beginnings", rule(conditions="[{notes: {starts_with: ab, starts_with_i: AC}}]"), "T701", ("conditions", 0, "notes", "starts_with_i")),
    ("text that lacks a part", rule(conditions="[{notes: x}, {notes: {contains: y}}]"), "T701", ("conditions", 1, "notes", "contains")),
    ("older and newer", rule(conditions="[{pending_time: {older_than: 7d, newer_than: 3d}}]"), "T701", ("conditions", 0, "pending_time", "newer_than")),
    ("a past window that ages left", rule(conditions="[{pending_time: {before: 2026-01-01, newer_than: 30d}}]"), "T701", ("conditions", 0, "pending_time", "newer_than")),
    ("a tag held and barred", rule(query="{tags: vip}", conditions="[{tags: {none_of: [vip, hold]}}]"), "T703", ("conditions", 0, "tags", "none_of")),
    ("a tag in no tags", rule(conditions="[{tags: {count: 0}}, {tags: {any_of: [a, b]}}]"), "T701", ("conditions", 1, "tags", "any_of")),
    ("three tags in two", rule(conditions="[{tags: {count: {lt: 3}}}, {tags: {all_of: [a, b, c]}}]"), "T701", ("conditions", 1, "tags", "all_of")),
    ("an object that none may be", rule(conditions="[{orderlines: {any: {quantity: {gt: 2}}}}, {orderlines: {every: {quantity: {lt: 2}}}}]"), "T701", ("conditions", 1, "orderlines", "every")),
    ("an impossible object", rule(conditions="[{orderlines: {any: {quantity: {gt: 2, lt: 1}}}}]"), "T701", ("conditions", 0, "orderlines", "any")),
    ("a group of its own", rule(conditions="[{all: [{gross_revenue: 1}, {gross_revenue: 2}]}]"), "T701", ("conditions", 0, "all")),
    ("all alternatives", rule(conditions="[{any: [{status: shipped}, {status: rts}]}]"), "T703", ("conditions", 0, "any")),
    ("query and status", rule(conditions="[{status: shipped}]"), "T703", ("conditions", 0, "status")),
    ("query and payment", rule(query="{payment_status: unpaid}", conditions="[{payment_status: [paid, settled]}]"), "T703", ("conditions", 0, "payment_status")),
    ("query and proof", rule(query="{is_transferproof_exist: false}", conditions="[{transferproof_url: {exists: true}}]"), "T703", ("conditions", 0, "transferproof_url", "exists")),
    ("va and cash", rule(query="{payment_method: va}", conditions="[{payment_method: [cod, qris]}]"), "T703", ("conditions", 0, "payment_method")),
    ("query and age", rule(query="{shipped_time_since: 3d ago}", conditions="[{shipped_time: {older_than: 7d}}]"), "T703", ("conditions", 0, "shipped_time", "older_than")),
    ("two filters", rule(query="{shipped_time_since: 3d ago, shipped_time_until: 7d ago}"), "T703", ("query", "shipped_time_until")),
    ("no arrow at all", rule(query="{status: canceled}", conditions="[{notes: x}]", action="{status: pending}"), "T705", ("action", "status")),
    ("no arrow from either", rule(query="{status: [draft, completed]}", conditions="[{notes: x}]", action="{status: closed}"), "T705", ("action", "status")),
    ("no arrow, by condition", rule(query="{platform: scalev}", conditions="[{status: completed}]", action="{status: rts}"), "T705", ("action", "status")),
    ("a paid cancel", rule(conditions=f"[{{payment_status: paid}}, {OLD}]", action=CANCEL), "T714", ("action", "status")),
    ("a cancel with its proof", rule(query="{status: pending, is_transferproof_exist: true, payment_method: qris}", conditions=f"[{OLD}]", action=CANCEL), "T714", ("action", "status")),
    ("a conflict marked paid", rule(conditions="[{payment_status: conflict}]", action="{payment_status: paid, transferproof_url: 'https://x.example/1'}"), "T714", ("action", "payment_status")),
]  # fmt: skip

CARELESS: list[tuple[str, str, str, tuple[Any, ...]]] = [
    ("always, by two halves", rule(conditions="[{any: [{gross_revenue: {gt: 1}}, {gross_revenue: {lte: 1}}]}]"), "T702", ("conditions", 0, "any")),
    ("always, by denial", rule(conditions="[{not: [{gross_revenue: 1}, {gross_revenue: 2}]}]"), "T702", ("conditions", 0, "not")),
    ("always, by count", rule(conditions="[{tags: {count: {gte: 0}}}]"), "T702", ("conditions", 0, "tags", "count")),
    ("always, by age", rule(conditions="[{any: [{pending_time: {older_than: 1d}}, {pending_time: {newer_than: 2d}}]}]"), "T702", ("conditions", 0, "any")),
    ("a dead part", rule(conditions="[{any: [{all: [{notes: a}, {notes: b}]}, {platform: scalev}]}]"), "T715", ("conditions", 0, "any", 0, "all")),
    ("a dead alternative", rule(conditions="[{any: [{status: shipped}, {platform: scalev}]}]"), "T715", ("conditions", 0, "any", 0, "status")),
    ("every documented value", rule(conditions="[{payment_status: [unpaid, paid, conflict, settled]}]"), "T718", ("conditions", 0, "payment_status")),
    ("no documented value", rule(conditions="[{payment_status: {not_in: [unpaid, paid, conflict, settled]}}]"), "T718", ("conditions", 0, "payment_status", "not_in")),
    ("what it is already", rule(query="{status: canceled}", conditions="[{notes: x}]", action=CANCEL), "T704", ("action", "status")),
    ("paid already", rule(conditions="[{payment_status: paid}]", action="{payment_status: paid}"), "T704", ("action", "payment_status")),
    ("paid without proof", rule(conditions="[{payment_status: unpaid}]", action="{payment_status: paid}"), "T709", ("action", "payment_status")),
    ("settled without proof", rule(query="{payment_status: unpaid}", conditions="[{tags: {none_of: [hold]}}]", action="{payment_status: settled}"), "T709", ("action", "payment_status")),
    ("cash on delivery", rule(query="{status: pending, payment_status: unpaid}", conditions=f"[{OLD}]", action=CANCEL), "T710", ("action", "status")),
    ("cash by name", rule(query="{status: confirmed, payment_method: cod}", conditions=f"[{OLD}]", action=CANCEL), "T710", ("action", "status")),
    ("no age", rule(query="{status: pending, payment_method: qris}", conditions="[{payment_status: unpaid}]", action=CANCEL), "T711", ("action", "status")),
    ("an upper age only", rule(query="{status: pending, payment_method: qris}", conditions="[{pending_time: {newer_than: 3d}}]", action=CANCEL), "T711", ("action", "status")),
    ("no limit", rule(mode="apply", limits="{orders: null, value: null, per_day: null}"), "T712", ("limits", "orders")),
    ("no limit, approved", rule(mode="approve", limits="{orders: null}"), "T712", ("limits", "orders")),
    ("a field that may lack", rule(action="{status: confirmed, by: '{{ order.handler.fullname }}'}"), "T713", ("action", "by")),
    ("a time of another status", rule(query="{status: [pending, confirmed]}", conditions="[{tags: ok}]", action="{payment_status: paid, transfer_time: '{{ order.confirmed_time }}'}"), "T713", ("action", "transfer_time")),
    ("no filter", rule(query="{}", conditions="[{notes: x}, {payment_method: {not_in: [cod]}}, {pending_time: {older_than: 1d}}]", action=CANCEL), "T716", ("query",)),
    ("too much to tell", rule(conditions="[" + ", ".join(f"{{any: [{', '.join(f'{{{field}: {{contains: w{number}}}}}' for number in range(9))}]}}" for field in ("notes", "utm_source", "channel_name")) + "]"), "T717", ("conditions",)),
    ("its own food", rule(conditions="[{transferproof_url: {exists: true}}]", action="{payment_status: paid, transfer_time: '{{ now }}'}"), "T708", ("action", "transfer_time")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "path"), [row[1:] for row in NEVER], ids=[row[0] for row in NEVER])
def test_what_can_never_run_is_an_error(text: str, code: str, path: tuple[Any, ...], checked: Check) -> None:
    """Each rule that can never act has the one error, at the value that is to blame."""
    found = checked(text)

    assert [(one.code, one.path, one.severity) for one in found] == [(code, path, "error")]


@pytest.mark.parametrize(
    ("text", "code", "path"), [row[1:] for row in CARELESS], ids=[row[0] for row in CARELESS]
)
def test_what_is_careless_is_a_warning(text: str, code: str, path: tuple[Any, ...], checked: Check) -> None:
    """Each careless rule has the one warning, at the value that is to blame."""
    found = checked(text)

    assert [(one.code, one.path, one.severity) for one in found] == [(code, path, "warning")]


@pytest.mark.parametrize(
    "text", [row[1] for row in (*NEVER, *CARELESS)], ids=[row[0] for row in (*NEVER, *CARELESS)]
)
def test_witnesses_are_orders_of_the_rule(text: str, checked: Check, settings: Settings) -> None:
    """A finding about orders that match is shown by an order which the real evaluation says matches."""
    one = checked(text)[0]
    known = subject(loads(text, settings).rules[0], settings, NOW)

    if one.code in {"T704", "T705", "T708", "T709", "T710", "T711", "T713", "T714"}:
        assert one.witness is not None
        assert known.matches(one.witness)
    elif one.code in {"T701", "T703"} and one.witness is not None:
        assert not known.matches(one.witness)


def test_an_age_that_time_will_reach_is_no_fault(checked: Check) -> None:
    """A date to come with an age is not possible today, and will be: nothing is said of it."""
    assert checked(rule(conditions="[{pending_time: {after: 2027-01-01, older_than: 30d}}]")) == ()
    assert (
        checked(rule(conditions="[{pending_time: {after: 2027-01-01, before: 2027-01-09, newer_than: 3d}}]"))
        == ()
    )


def test_a_protection_that_covers_the_whole_rule_is_an_error() -> None:
    """What the project protects no rule can touch, and the rule is told which protection it is."""
    protect = parse([{"tags": {"any_of": ["hold"]}}], contract.FIELDS["orders"], UTC, [])
    settings = Settings(protect=protect)
    found = check.check(loads(rule(query="{status: pending, tags: hold}"), settings).rules, settings, NOW)

    assert [(one.code, one.severity) for one in found] == [("T714", "error")]
    assert "hold" in found[0].message


def test_limits_that_are_off_concern_rules_that_act(settings: Settings) -> None:
    """The same limits are nothing to speak of in a rule that only previews."""
    found = check.check(loads(rule(limits="{orders: null}"), settings).rules, settings, NOW)

    assert found == ()
    assert loads(rule(limits="{orders: null}"), settings).rules[0].mode is Mode.PREVIEW
