"""Prove that rules which feed each other are found, however many, and rules that only look so are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tertib.check import Finding

Check = Callable[[str], tuple[Finding, ...]]


def chain(*steps: tuple[str, str, str]) -> str:
    """Write rules of a query, conditions and an action each."""
    return "---\n".join(
        f"name: r{number}\nquery: {query}\nconditions: {conditions}\naction: {action}\n"
        for number, (query, conditions, action) in enumerate(steps)
    )


def circles(found: tuple[Finding, ...]) -> list[tuple[str, str | None]]:
    """Return the rules of the circles among findings."""
    return [(one.rule, one.other) for one in found if one.code == "T708"]


def test_two_rules_that_undo_each_other(checked: Check) -> None:
    """Confirmed back to pending and pending to confirmed is a circle, shown by the order that begins it."""
    found = checked(
        chain(
            ("{status: pending}", "[{payment_status: paid}]", "{status: confirmed}"),
            ("{status: confirmed}", "[{confirmed_time: {older_than: 2d}}]", "{status: pending}"),
        )
    )

    assert circles(found) == [("r1", "r0")]
    assert "pending → confirmed → pending" in found[0].message
    assert found[0].witness is not None
    assert (found[0].witness["status"], found[0].witness["payment_status"]) == ("pending", "paid")


def test_a_circle_that_only_the_status_flow_stops(checked: Check) -> None:
    """The circle of the second rule that can never run is told too, with what stops it."""
    found = checked(
        chain(
            (
                "{status: pending, payment_method: qris}",
                "[{pending_time: {older_than: 3d}}]",
                "{status: canceled}",
            ),
            ("{status: canceled}", "[{notes: x}]", "{status: pending}"),
        )
    )

    assert circles(found) == [("r1", "r0")]
    assert {one.code for one in found} == {"T705", "T708"}
    assert "no arrow from `canceled` to `pending`" in next(
        one.hint or "" for one in found if one.code == "T708"
    )


def test_three_rules_and_payment_statuses(checked: Check) -> None:
    """A circle of three is found, and one over payment statuses alone."""
    three = chain(
        ("{status: confirmed}", "[{gross_revenue: {gt: 5}}]", "{status: in_process}"),
        ("{status: in_process}", "[{gross_revenue: {lt: 9}}]", "{status: ready}"),
        ("{status: ready}", "[{notes: null}]", "{status: confirmed}"),
    )
    payments = chain(
        ("{payment_status: unpaid, tags: x}", "[{platform: scalev}]", "{payment_status: paid}"),
        ("{payment_status: paid, tags: x}", "[{notes: null}]", "{payment_status: unpaid}"),
    )

    assert circles(checked(three)) == [("r2", "r0")]
    assert circles(checked(payments)) == [("r1", "r0")]


@pytest.mark.parametrize(
    "steps",
    [
        (("{status: shipped, tags: retur}", "[{notes: null}]", "{status: rts}"), ("{status: rts}", "[{tags: {none_of: [retur]}}]", "{status: shipped}")),
        (("{status: confirmed}", "[{gross_revenue: {gt: 9}}]", "{status: ready}"), ("{status: ready}", "[{gross_revenue: {lt: 5}}]", "{status: confirmed}")),
        (("{status: pending}", "[{payment_status: paid}]", "{status: confirmed}"), ("{status: confirmed}", "[{payment_status: unpaid}]", "{status: pending}")),
        (("{status: pending, payment_method: qris}", "[{pending_time: {older_than: 3d}}]", "{status: canceled}"), ("{payment_method: qris}", "[{tags: ulang}]", "{status: pending}")),
    ],
    ids=["tags", "amounts", "payments", "a status nobody named"],
)  # fmt: skip
def test_what_one_order_cannot_go_round_is_no_circle(
    steps: tuple[tuple[str, str, str], ...], checked: Check
) -> None:
    """Rules whose statuses make a circle, but never for one order, are fine."""
    assert circles(checked(chain(*steps))) == []
