"""Prove that nothing is said of rules that have nothing wrong with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tertib import check
from tertib.check import Finding
from tertib.load import load, loads
from tertib.model import Settings

RULES = Path(__file__).resolve().parents[3] / "rules"
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)

HEALTHY = [
    ("names its methods", "{status: pending, payment_method: [bank_transfer, qris]}", "[{pending_time: {older_than: 3d}}]", "{status: canceled}"),
    ("leaves cash out", "{status: pending}", "[{pending_time: {older_than: 3d}}, {payment_method: {not_in: [cod]}}]", "{status: canceled}"),
    ("cash that staff gave up", "{status: confirmed, payment_method: cod, tags: tolak}", "[{confirmed_time: {older_than: 1d}}]", "{status: canceled}"),
    ("drafts have no method", "{status: draft, draft_time_until: 14d ago}", "[{payment_status: unpaid}]", "{status: canceled}"),
    ("an age in the query", "{status: draft, draft_time_until: 14d ago}", "[{notes: null}]", "{status: canceled}"),
    ("a person's tag is no matter of age", "{status: pending, tags: batal, payment_method: qris}", "[{payment_status: unpaid}]", "{status: canceled}"),
    ("orders by number", "{status: pending}", "[{order_id: [A1, A2]}, {payment_method: qris}]", "{status: canceled}"),
    ("an age that may be in an expression", "{status: pending, payment_method: qris}", "[{expr: \"order.pending_time < '2026-01-01'\"}]", "{status: canceled}"),
    ("proof by tag", "{payment_status: unpaid, tags: bukti-ok}", "[{status: pending}]", "{payment_status: paid}"),
    ("proof by condition", "{payment_status: unpaid}", "[{transferproof_url: {exists: true}}]", "{payment_status: paid}"),
    ("proof by filter", "{payment_status: unpaid, is_transferproof_exist: true}", "[{status: pending}]", "{payment_status: paid}"),
    ("proof by action", "{payment_status: unpaid}", "[{status: pending}]", "{payment_status: paid, transferproof_url: 'https://x.example/{{ order.order_id }}.jpg'}"),
    ("paid before it is settled", "{payment_status: paid}", "[{status: completed}]", "{payment_status: settled}"),
    ("some statuses have an arrow", "{status: [pending, completed]}", "[{payment_status: paid}]", "{status: confirmed}"),
    ("any bank's account", "{status: pending, payment_method: va}", "[{payment_method: va_bca}, {payment_status: paid}]", "{status: confirmed}"),
    ("an unknown courier's word", "{status: shipped}", "[{shipment_status: {matches: '(?i)^deliv'}}, {not: [{shipment_status: {matches: 'retur'}}]}]", "{status: completed}"),
    ("null or a value", "{status: pending}", "[{any: [{payment_method: null}, {payment_method: {ne: cod}}]}]", "{status: confirmed}"),
    ("a known value", "{status: pending}", "[{notes: {exists: true}}]", "{status: confirmed}"),
    ("ends that touch", "{status: pending}", "[{gross_revenue: {gte: 5, lte: 5}}]", "{status: confirmed}"),
    ("a present time of its status", "{status: shipped}", "[{tags: ok}]", "{payment_status: paid, transfer_time: '{{ order.shipped_time }}'}"),
    ("the proof that it has", "{payment_status: unpaid}", "[{transferproof_url: {exists: true}}]", "{payment_status: paid, transferproof_url: '{{ order.transferproof_url }}'}"),
    ("different objects", "{status: pending}", "[{orderlines: {any: {quantity: 1}}}, {orderlines: {any: {quantity: 2}}}]", "{status: confirmed}"),
    ("ids of two sorts", "{status: pending, store_id: 1}", "[{store.unique_id: store_x}]", "{status: confirmed}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "conditions", "action"), [row[1:] for row in HEALTHY], ids=[row[0] for row in HEALTHY]
)
def test_nothing_is_said_of_a_healthy_rule(
    query: str, conditions: str, action: str, checked: Callable[[str], tuple[Finding, ...]]
) -> None:
    """A rule that does what it says, with care, has no finding."""
    assert checked(f"name: healthy\nquery: {query}\nconditions: {conditions}\naction: {action}\n") == ()


def test_starter_rules_are_clean() -> None:
    """The rules that people copy from leave each other's orders alone, end, and are careful."""
    loaded = load([RULES], Settings())

    assert check.check(loaded.rules, Settings(), NOW) == ()


def test_a_hundred_healthy_rules_have_no_finding(settings: Settings) -> None:
    """Rules that exclude each other by their tags do not conflict, however many they are."""
    texts = [
        f"name: r{n}\nquery: {{status: [pending, confirmed], tags: t{n}}}\n"
        f"conditions: [{{gross_revenue: {{gt: {n}}}}}, {{any: [{{notes: null}}, {{platform: scalev}}]}},"
        f" {{tags: {{none_of: [{', '.join((*(f't{other}' for other in range(n)), 'hold'))}]}}}}]\n"
        f"action: {{status: {'ready' if n % 2 else 'shipped'}}}\n"
        for n in range(100)
    ]
    rules = loads("---\n".join(texts), settings).rules
    assert (len(rules), check.check(rules, settings, NOW)) == (100, ())


def test_checking_loads_neither_network_nor_database() -> None:
    """`tertib check` starts without the HTTP client and the database library."""
    program = "import sys, tertib.check; print(*sorted({'httpx', 'sqlalchemy', 'croniter', 'jinja2'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (shown.stderr, shown.stdout.strip()) == ("", "")
