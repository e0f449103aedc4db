"""Values as they are kept, and compared later."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.ledger import same
from tertib.ledger.values import Veil, id_kind, keyed, order_key, wire_id

FINGERPRINT = keyed(b"a key")
VEIL = Veil(FINGERPRINT)


def test_personal_values_are_kept_as_their_fingerprint() -> None:
    """All others in clear, as plain JSON; null stays null."""
    values = {
        "status": "paid",
        "payment_account_holder": "Sari",
        "payment_account_number": None,
        "transfer_time": datetime(2026, 3, 10, tzinfo=UTC),
        "financial_entity_id": 7,
        "fee": Decimal("1.50"),
    }
    assert VEIL.stored(values) == {
        "status": "paid",
        "payment_account_holder": {"fingerprint": FINGERPRINT("Sari")},
        "payment_account_number": None,
        "transfer_time": "2026-03-10T00:00:00+00:00",
        "financial_entity_id": 7,
        "fee": "1.50",
    }


def test_what_no_answer_shows_is_not_compared() -> None:
    """`by` and `rtsproof_url` are written and never read."""
    values = {
        "status": "rts",
        "by": "tertib",
        "rtsproof_url": "https://x",
        "payment_account_holder": {"mask": "S", "fingerprint": "f"},
    }
    assert VEIL.readable(values) == {"status": "rts", "payment_account_holder": {"fingerprint": "f"}}
    assert VEIL.impersonal(values) == {"status": "rts", "by": "tertib", "rtsproof_url": "https://x"}


@given(st.text() | st.integers())
def test_a_fingerprint_shows_equality_alone(value: Any) -> None:
    """The same under one key, another under another key, and it holds nothing of the value."""
    assert FINGERPRINT(value) == keyed(b"a key")(value)
    assert FINGERPRINT(value) != keyed(b"another key")(value)
    assert len(FINGERPRINT(value)) == 12


@pytest.mark.parametrize(
    ("stored", "present", "equal"),
    [
        ("canceled", "canceled", True),
        ("canceled", "pending", False),
        ("canceled", None, False),
        (None, None, True),
        (None, "x", False),
        (7, "7", True),
        (Decimal("1.50"), "1.50", True),
        (True, True, True),
        (True, "True", False),
        (1, True, False),
        ("2026-03-10T07:00:00+07:00", "2026-03-10T00:00:00.000000Z", True),
        ("2026-03-10T07:00:00", "2026-03-10T07:00:00Z", False),
        ("2026-03-10T07:00:00+07:00", "soon", False),
        ({"fingerprint": FINGERPRINT("123")}, "123", True),
        ({"fingerprint": FINGERPRINT("123")}, "124", False),
        ({"fingerprint": FINGERPRINT("None")}, None, False),
    ],
)
def test_stored_and_present_values_are_compared_as_people_would(
    stored: Any, present: Any, equal: object
) -> None:
    """By what they mean: ids in either type, instants in any zone, personal values by their hash."""
    assert same(stored, present, FINGERPRINT) is equal


@given(st.integers() | st.uuids().map(str))
def test_ids_come_back_as_they_were(wire: int | str) -> None:
    """An integer as an integer, a text as a text."""
    assert wire_id(order_key(wire), id_kind(wire)) == wire
