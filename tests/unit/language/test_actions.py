from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language import actions
from tertib.language.templates import RenderError
from tertib.model import Complaint
from tertib.scalev.contract import ACTION_FIELDS, FIELDS

ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ORDER = {
    "order_id": "A/1",
    "completed_time": "2026-01-01T00:00:00Z",
    "notes": "a\nb",
    "store": {"name": "x" * 300},
}


def parse(data: Any) -> tuple[Any, list[tuple[Any, str]]]:
    """Return what an action reads as, and the path and code of every complaint."""
    complaints: list[Complaint] = []
    found = actions.parse(data, ACTION_FIELDS, FIELDS["orders"], ZONE, complaints)
    return found, [(complaint.path, complaint.code) for complaint in complaints]


def render(action: dict[str, Any]) -> Any:
    """Render an action for the order above."""
    return actions.render(action, ACTION_FIELDS, ORDER, "my-rule", NOW, "Asia/Jakarta")


def test_every_field_is_read_in_its_type() -> None:
    """Prove all ten fields, and that text stays the text that was written."""
    data = {
        "status": "completed",
        "payment_status": "paid",
        "payment_method": "va_bca",
        "by": "kasir",
        "financial_entity_id": "12",
        "payment_account_holder": "TOKO",
        "payment_account_number": 123456789012,
        "rtsproof_url": "https://cdn.example/ü.jpg",
        "transfer_time": "2026-01-31T08:00:00+07:00",
        "transferproof_url": "https://cdn.example/{{ order.order_id }}.jpg",
    }
    found, complaints = parse(data)
    assert complaints == []
    assert found == {
        **data,
        "financial_entity_id": 12,
        "payment_account_number": "123456789012",
        "rtsproof_url": "https://cdn.example/%C3%BC.jpg",
    }
    assert list(found) == list(ACTION_FIELDS)


@pytest.mark.parametrize(
    ("data", "path", "code"),
    [
        ([], ("action",), "T117"),
        (None, ("action",), "T122"),
        ({"by": "x"}, ("action",), "T402"),
        ({"status": "closed", "reason": "x"}, ("action", "reason"), "T401"),
        ({"status": "closed", "ids": [1]}, ("action", "ids"), "T401"),
        ({"status": "shipped_rts"}, ("action", "status"), "T403"),
        ({"status": "Closed"}, ("action", "status"), "T403"),
        ({"status": True}, ("action", "status"), "T403"),
        ({"payment_status": "lunas"}, ("action", "payment_status"), "T403"),
        ({"status": "closed", "payment_method": "va_x"}, ("action", "payment_method"), "T403"),
        ({"status": ["closed"]}, ("action", "status"), "T404"),
        ({"status": "closed", "by": True}, ("action", "by"), "T404"),
        ({"status": "closed", "by": Decimal("1.5")}, ("action", "by"), "T404"),
        ({"status": "closed", "financial_entity_id": "bca"}, ("action", "financial_entity_id"), "T404"),
        ({"status": "closed", "financial_entity_id": 0}, ("action", "financial_entity_id"), "T404"),
        ({"status": "closed", "financial_entity_id": True}, ("action", "financial_entity_id"), "T404"),
        ({"status": None}, ("action", "status"), "T405"),
        ({"status": "closed", "by": ""}, ("action", "by"), "T405"),
        ({"status": "closed", "by": "   "}, ("action", "by"), "T406"),
        ({"status": "closed", "by": "x" * 256}, ("action", "by"), "T406"),
        ({"status": "closed", "by": "a\nb"}, ("action", "by"), "T406"),
        ({"status": "closed", "transfer_time": "2026-01-31"}, ("action", "transfer_time"), "T407"),
        ({"status": "closed", "transfer_time": "2026-01-31T08:00:00"}, ("action", "transfer_time"), "T407"),
        ({"status": "closed", "transfer_time": 5}, ("action", "transfer_time"), "T407"),
        ({"status": "rts", "rtsproof_url": "ftp://x/y"}, ("action", "rtsproof_url"), "T408"),
        ({"status": "rts", "rtsproof_url": "https://"}, ("action", "rtsproof_url"), "T408"),
        ({"status": "rts", "rtsproof_url": "https://a b/"}, ("action", "rtsproof_url"), "T408"),
        ({"status": "rts", "rtsproof_url": "https://u:p@x/"}, ("action", "rtsproof_url"), "T408"),
        ({"status": "rts", "rtsproof_url": "https://x:y/"}, ("action", "rtsproof_url"), "T408"),
        ({"status": "rts", "rtsproof_url": "javascript:alert(1)"}, ("action", "rtsproof_url"), "T408"),
        ({"status": "closed", "by": "{{ nobody }}"}, ("action", "by"), "T412"),
    ],
)
def test_a_mistake_is_one_complaint_at_its_value(data: Any, path: Any, code: str) -> None:
    """Prove path and code of each kind of mistake."""
    _, complaints = parse(data)
    assert complaints == [(path, code)]


def test_templates_are_filled_in_and_coerced() -> None:
    """Prove that a rendered value has its field's type, and that `by` names the rule where nothing else is said."""
    action = {
        "status": "{{ 'paid' and 'completed' }}",
        "transfer_time": "{{ order.completed_time }}",
        "financial_entity_id": "{{ 3 }}",
        "transferproof_url": "https://cdn.example/{{ order.order_id }}.jpg",
    }
    assert render(action) == {
        "status": "completed",
        "by": "tertib/my-rule",
        "financial_entity_id": 3,
        "transfer_time": "2026-01-01T00:00:00Z",
        "transferproof_url": "https://cdn.example/A%2F1.jpg",
    }
    assert render({"status": "closed", "by": "{{ rule }}!"})["by"] == "my-rule!"
    assert (
        render({"status": "closed", "transfer_time": "{{ now }}"})["transfer_time"]
        == "2026-11-21T07:00:00+07:00"
    )


@pytest.mark.parametrize(
    ("field", "template", "why"),
    [
        ("by", "{{ order.missing }}", "`by`: the order has no `missing`"),
        ("by", "{{ order.notes }}", "`by`: it has a line break or a control character"),
        ("by", "{{ order.store.name }}", "`by`: it is longer than 255 characters"),
        (
            "financial_entity_id",
            "{{ order.order_id }}",
            "`financial_entity_id`: it is not a whole number above zero",
        ),
        (
            "payment_method",
            "{{ order.order_id }}",
            "`payment_method`: what it is given is none of the values it takes",
        ),
        ("transfer_time", "{{ now.date }}", "`transfer_time`: it is not a date and time that exists"),
        ("transferproof_url", "{{ order.order_id }}", "`transferproof_url`: it is not an http(s) address"),
        ("transferproof_url", "https://{{ order.order_id }}/x", None),
    ],
)
def test_a_value_of_no_use_holds_the_order(field: str, template: str, why: str | None) -> None:
    """Prove that what an order makes of a template is checked like a literal, and the reason names the field."""
    if why is None:
        assert render({"status": "closed", field: template})[field] == "https://A%2F1/x"
        return
    with pytest.raises(RenderError) as raised:
        render({"status": "closed", field: template})
    assert (str(raised.value), raised.value.field) == (why, field)


_VALUES = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.integers(), max_size=2)
)


@given(st.dictionaries(st.sampled_from([*ACTION_FIELDS, "x"]), _VALUES))
def test_whatever_is_written_is_read_or_complained_of(data: dict[str, Any]) -> None:
    """Prove that no field that was written is dropped without a word."""
    found, complaints = parse(data)
    for name in data:
        assert name in found or any(path[:2] == ("action", name) for path, _ in complaints)


@given(st.text(max_size=40))
def test_an_order_value_never_leaves_its_place_in_an_address(value: str) -> None:
    """Prove that whatever an order holds, the address keeps its host and path, or the order is held."""
    action = {"status": "rts", "rtsproof_url": "https://cdn.example/p/{{ order.order_id }}.jpg"}
    try:
        found = actions.render(action, ACTION_FIELDS, {"order_id": value}, "r", NOW, UTC)["rtsproof_url"]
    except RenderError:
        assert not value.strip() or any("\ud800" <= letter <= "\udfff" for letter in value)
        return
    assert found.startswith("https://cdn.example/p/")
    assert found.count("/") == 4
    assert "?" not in found
    assert "#" not in found
