"""What the record alone says of taking a run back: groups that go, and a reason for each that stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language import conditions
from tertib.load import from_definition
from tertib.model import Complaint, Done, Settings, State
from tertib.plan.undoing import CLOCKS_APART, Undoing, undo
from tertib.scalev import contract

OVER = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
HIDDEN = {"fingerprint": "0123456789ab"}


def done(number: int = 1, **given: Any) -> Done:
    """Return a change from shipped to completed that was confirmed, with what is given put in its place."""
    before = {"status": "shipped", "payment_status": "paid", **given.pop("before", {})}
    values = {"by": "tertib/rule", **given.pop("set", {"status": "completed"})}
    found: dict[str, Any] = {
        "id": number,
        "order_id": f"order-{number}",
        "rule": "rule",
        "state": State.CONFIRMED,
        "over_at": OVER,
        "reached": True,
        **given,
    }
    return Done(
        before={name: value for name, value in before.items() if value is not ...}, set=values, **found
    )


def undone(*orders: Done, **settings: Any) -> Undoing:
    """Undo a run of these orders."""
    return undo("default-1", orders, Settings(**settings))


def backs(found: Undoing) -> list[dict[str, Any]]:
    """Return the actions of all groups."""
    return [dict(one["action"]) for one in found.definitions]


def held(found: Undoing) -> list[str]:
    """Return the codes of what stays."""
    return [one.code for one in found.held]


def test_orders_that_were_alike_share_a_rule() -> None:
    """One rule a way back: two orders that were shipped, and one that was still being prepared."""
    found = undone(done(1), done(2), done(3, before={"status": "ready"}, set={"status": "shipped"}))
    assert list(found.groups) == ["undo:default-1:1", "undo:default-1:2"]
    assert backs(found) == [{"status": "shipped"}, {"status": "ready"}]
    assert found.definitions[0]["conditions"] == [
        {"id": {"in": [1, 2]}},
        {"status": {"eq": "completed"}},
        {"payment_status": {"eq": "paid"}},
    ]
    assert found.definitions[0]["query"] == {"status": ["completed"], "payment_status": ["paid"]}
    assert {one["mode"] for one in found.definitions} == {"approve"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"before": {"status": "pending"}, "set": {"status": "canceled"}}, "status_flow"),
        ({"set": {"status": "closed"}}, "status_flow"),
        ({"before": {"payment_method": ""}, "set": {"payment_method": "cod"}}, "not_recorded"),
        ({"before": {"status": "draft"}, "set": {"status": "pending"}}, "status_flow"),
        ({"state": State.SENT}, "unsettled"),
        ({"state": State.HELD}, "not_confirmed"),
        ({"state": State.HELD, "reached": False}, "not_done"),
        ({"state": State.NOT_APPLIED, "reached": False}, "not_done"),
        ({"state": State.STALE, "reached": False}, "not_done"),
        ({"since": ("default-2", "other")}, "changed_since"),
        ({"since": ("default-2", "undo:default-1:1")}, "taken_back"),
        ({"since": ("default-2", "undo:default-11:1")}, "changed_since"),
        ({"order_id": ""}, "not_recorded"),
        ({"before": {"payment_status": ...}}, "not_recorded"),
        ({"before": {"status": ...}}, "not_recorded"),
        ({"before": {"status": None}}, "not_recorded"),
        ({"set": {"status": "shipped", "rtsproof_url": "https://cdn.example/r.jpg"}}, "not_recorded"),
        ({"before": {"payment_status": "refunded"}, "set": {"payment_status": "paid"}}, "not_recorded"),
    ],
)
def test_what_cannot_be_undone_is_listed_with_its_reason(given: dict[str, Any], code: str) -> None:
    """Each order that stays says why, under the order's own rule."""
    found = undone(done(**given))
    assert (held(found), found.definitions) == ([code], ())
    assert found.held[0].rule == "rule"
    assert found.held[0].why


def test_payment_stays_where_the_status_cannot_go_back() -> None:
    """Half of a change taken back is a state that nobody wanted."""
    found = undone(
        done(before={"payment_status": "unpaid"}, set={"status": "closed", "payment_status": "paid"})
    )
    assert (held(found), backs(found)) == (["status_flow"], [])


def test_payment_alone_goes_back() -> None:
    """Where the rule changed no status there is no arrow to look for; the status must still be the same."""
    found = undone(done(before={"payment_status": "unpaid"}, set={"payment_status": "paid"}))
    assert backs(found) == [{"payment_status": "unpaid"}]
    assert {"status": {"eq": "shipped"}} in found.definitions[0]["conditions"]


@pytest.mark.parametrize(
    ("name", "before", "wanted", "stays"),
    [
        ("payment_method", "qris", "bank_transfer", None),
        ("payment_method", "va", "bank_transfer", None),
        ("payment_method", "va_bca", "bank_transfer", "contract cannot write"),
        ("transferproof_url", "https://cdn.example/old.jpg", "https://cdn.example/new.jpg", None),
        ("transferproof_url", None, "https://cdn.example/new.jpg", "was empty before"),
        ("transferproof_url", "", "https://cdn.example/new.jpg", "was empty before"),
        ("transferproof_url", ..., "https://cdn.example/new.jpg", "no value to go back to"),
        ("transferproof_url", "see {{ rule }}", "https://cdn.example/new.jpg", "cannot write"),
        (
            "transferproof_url",
            "https://x.example/{{ order.notes }}",
            "https://cdn.example/n.jpg",
            "cannot write",
        ),
        ("transfer_time", "2026-03-01T08:00:00+07:00", "2026-03-02T08:00:00+07:00", None),
        ("transfer_time", "yesterday", "2026-03-02T08:00:00+07:00", "cannot write"),
        ("financial_entity_id", 12, 14, None),
        ("payment_account_holder", HIDDEN, {"fingerprint": "ba9876543210"}, "is personal"),
        ("rtsproof_url", ..., "https://cdn.example/r.jpg", "shown by no answer"),
    ],
)
def test_other_fields_go_back_where_the_record_has_them_in_clear(
    name: str, before: Any, wanted: Any, stays: str | None
) -> None:
    """The statuses go back in any case; a field that cannot is told, and no value of an order becomes a template."""
    found = undone(done(before={name: before}, set={"status": "completed", name: wanted}))
    assert backs(found) == [{"status": "shipped"} | ({name: before} if stays is None else {})]
    assert [stays in line for line in found.warnings] == [True] if stays else found.warnings == ()
    assert "order.notes" not in str(found.definitions)


def test_fields_that_are_not_of_the_status_repeat_the_payment() -> None:
    """A change must name a status or a payment status; the one that stays as it is does no harm."""
    found = undone(
        done(before={"payment_method": "qris"}, set={"payment_status": "paid", "payment_method": "cod"})
    )
    assert backs(found) == [{"payment_status": "paid", "payment_method": "qris"}]


def test_only_a_conflict_of_our_own_is_lifted() -> None:
    """Putting `paid` back is barred by a conflict, unless the run itself wrote the conflict."""
    ours = undone(done(set={"payment_status": "conflict"}))
    other = undone(done(set={"payment_status": "unpaid"}))
    assert [one["allow"] for one in (*ours.definitions, *other.definitions)] == [["conflict"], []]


def test_a_payment_is_taken_back_only_from_an_untouched_order() -> None:
    """What came after our change may be the money; undoing a status asks for no such thing."""
    paid = undone(done(before={"payment_status": "unpaid"}, set={"payment_status": "paid"}))
    moved = undone(done())
    until = {"last_updated_at": {"lte": (OVER + CLOCKS_APART).isoformat()}}
    assert until in paid.definitions[0]["conditions"]
    assert "last_updated_at" not in str(moved.definitions)


_STATUS = st.sampled_from(sorted(contract.STATUS_TARGETS))
_PAYMENT = st.sampled_from(sorted(contract.PAYMENT_STATUSES))
_PROOF = st.sampled_from([None, "", "https://cdn.example/a.jpg", "{{ now }}"]) | st.text(max_size=20)


@given(
    _STATUS,
    _PAYMENT,
    _PROOF,
    st.none() | _STATUS,
    st.none() | _PAYMENT,
    st.none() | st.just("https://cdn.example/b.jpg"),
)
def test_a_way_back_is_one_that_scalev_has(  # noqa: PLR0917 - what an order was, and what was set
    status: str,
    payment: str,
    proof: str | None,
    to_status: str | None,
    to_payment: str | None,
    to_proof: str | None,
) -> None:
    """Whatever was set: the rule can be rebuilt, its conditions hold of the order as left, and what it sets was there before."""
    before = {"status": status, "payment_status": payment, "transferproof_url": proof}
    wanted = {"status": to_status, "payment_status": to_payment, "transferproof_url": to_proof}
    values = {name: value for name, value in wanted.items() if value is not None}
    found = undone(done(before=before, set=values))
    left = {"id": 1, **before, **values, "last_updated_at": OVER.isoformat()}
    for definition in found.definitions:
        rule = from_definition(definition)
        assert {**rule.definition, **definition} == rule.definition
        assert all(conditions.evaluate(one, left, OVER) for one in rule.conditions)
        assert {name: before[name] for name in rule.action} == dict(rule.action)
        if "status" in rule.action:
            assert rule.action["status"] in contract.STATUS_FLOW[to_status or status]
    assert len(found.definitions) + len(found.held) == 1


def test_an_order_that_differs_in_anything_is_not_as_it_was_left() -> None:
    """Status, payment and what else was set are each looked at, and the time where money is concerned."""
    found = undone(
        done(
            before={"payment_status": "unpaid", "transferproof_url": None},
            set={"payment_status": "paid", "transferproof_url": "https://cdn.example/b.jpg"},
        )
    )
    left = {
        "id": 1,
        "status": "shipped",
        "payment_status": "paid",
        "transferproof_url": "https://cdn.example/b.jpg",
        "last_updated_at": OVER.isoformat(),
    }
    complaints: list[Complaint] = []
    parsed = conditions.parse(
        found.definitions[0]["conditions"], contract.FIELDS["orders"], ZoneInfo("UTC"), complaints
    )
    assert complaints == []
    assert all(conditions.evaluate(one, left, OVER) for one in parsed)
    later = (OVER + CLOCKS_APART + timedelta(seconds=1)).isoformat()
    for name, value in {
        "id": 2,
        "status": "ready",
        "payment_status": "settled",
        "transferproof_url": "https://other.example/",
        "last_updated_at": later,
    }.items():
        assert not all(conditions.evaluate(one, {**left, name: value}, OVER) for one in parsed)
