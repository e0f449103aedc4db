"""Prove that rules which want different things of one order are named, and others are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tertib.check import Finding
from tertib.check.pairs import bound
from tertib.load import loads
from tertib.model import Rule, Settings

Check = Callable[[str], tuple[Finding, ...]]


def pair(
    first: str = "",
    second: str = "",
    *,
    conditions: str = "[{notes: x}]",
    other: str = "[{platform: scalev}]",
) -> str:
    """Write two rules of which one confirms and one ships."""
    return (
        f"name: one\nquery: {{status: pending}}\nconditions: {conditions}\naction: {{status: confirmed}}\n{first}"
        f"---\nname: two\nquery: {{status: [pending, ready]}}\nconditions: {other}\naction: {{status: shipped}}\n{second}"
    )


def told(found: tuple[Finding, ...]) -> list[tuple[str, str, str | None]]:
    """Return the findings' codes and rules."""
    return [(one.code, one.rule, one.other) for one in found]


def test_the_same_priority_holds_both(checked: Check) -> None:
    """Two rules that can match one order and differ are a warning, with an order that both match."""
    found = checked(pair())

    assert told(found) == [("T706", "two", "one")]
    assert found[0].severity == "warning"
    assert found[0].witness is not None
    assert found[0].witness["notes"] == "x"
    assert found[0].witness["platform"] == "scalev"
    assert "both are held" in found[0].message


@pytest.mark.parametrize(
    "text",
    [
        pair("priority: 200\n"),
        pair("enabled: false\n"),
        pair(conditions="[{tags: vip}]", other="[{tags: {none_of: [vip]}}]"),
        pair(conditions="[{gross_revenue: {lt: 5}}]", other="[{gross_revenue: {gte: 5}}]"),
        pair(conditions="[{store.id: 1}]", other="[{store.id: 2}]"),
        pair(conditions="[{shipment_status: {matches: '^a'}}]", other="[{not: [{shipment_status: {matches: '^a'}}]}]"),
        pair(other="[{status: ready}]"),
        pair('priority: 200\nschedule: "*/15 * * * *"\n', 'schedule: "30 2 * * *"\n'),
        pair(conditions="[{payment_status: paid}]", other="[{payment_status: unpaid}]"),
    ],
    ids=["ranked", "disabled", "tags", "amounts", "stores", "patterns", "statuses", "bound slots", "payments"],
)  # fmt: skip
def test_rules_that_cannot_meet_or_are_ranked_are_fine(text: str, checked: Check) -> None:
    """Nothing is said of rules that no order can match together, or that are always planned together by rank."""
    assert checked(text) == ()


def test_a_priority_that_does_not_always_bind_is_a_warning(checked: Check) -> None:
    """A lower rule that also runs when the higher one does not is told so."""
    found = checked(pair('priority: 200\nschedule: "0 2 * * *"\n', 'schedule: "*/15 * * * *"\n'))

    assert told(found) == [("T707", "two", "one")]


def test_the_same_change_is_no_conflict(checked: Check) -> None:
    """Rules that agree are fine, whoever they say did it; so are templates that come to the same."""
    text = pair().replace("status: shipped", "status: confirmed, by: someone")
    assert checked(text) == ()


def test_what_a_veto_keeps_apart_does_not_meet(checked: Check) -> None:
    """A cancel never takes a paid order, so it does not quarrel with a rule for paid ones."""
    text = pair(
        conditions="[{payment_status: paid}]",
        other="[{pending_time: {older_than: 3d}}, {payment_method: qris}]",
    )
    assert checked(text.replace("shipped", "canceled")) == ()


def test_filters_that_no_answer_shows_are_not_certain(checked: Check) -> None:
    """An order cannot show that a search finds it: the finding says that it is not certain."""
    found = checked(pair().replace("{status: pending}", "{status: pending, search: budi}"))

    assert [(one.code, one.certain) for one in found] == [("T706", False)]


@pytest.mark.parametrize(
    ("higher", "lower", "binds"),
    [
        ("*/15 * * * *", "30 2 * * *", True),
        ("*/15 * * * *", "25 * * * *", False),
        ("0 8 * * *", "0 8 * * 1-5", True),
        ("0 8 * * 1-5", "0 8 * * *", False),
        ("0 8 1 * 1", "0 8 1 * 1", True),
        ("0 8 1 * 1", "0 8 1 * *", False),
        ("", "0 8 * * *", False),
        ("0 8 * * *", "", True),
    ],
)
def test_slots_of_one_schedule_within_another(
    higher: str, lower: str, *, binds: bool, settings: Settings
) -> None:
    """A priority binds where every slot of the lower rule is one of the higher."""

    def rule(name: str, cron: str) -> Rule:
        schedule = f'schedule: "{cron}"\n' if cron else ""
        text = f"name: {name}\nquery: {{status: pending}}\naction: {{status: confirmed}}\n{schedule}"
        return loads(text, settings).rules[0]

    assert bound(rule("a", higher), rule("b", lower)) is binds
