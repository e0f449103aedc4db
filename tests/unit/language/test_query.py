from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language import query
from tertib.model import Ago, Complaint
from tertib.scalev.contract import PARAMETERS

ZONE = ZoneInfo("Asia/Jakarta")


def parse(data: Any) -> tuple[Any, list[tuple[Any, str]]]:
    """Return what a query reads as, and the path and code of every complaint."""
    complaints: list[Complaint] = []
    found = query.parse(data, PARAMETERS, ZONE, complaints)
    return found, [(complaint.path, complaint.code) for complaint in complaints]


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ({}, {}),
        ({"status": "pending"}, {"status": ("pending",)}),
        ({"status": ["pending", "draft", "pending"]}, {"status": ("pending", "draft")}),
        ({"status": "shipped_rts"}, {"status": ("shipped_rts",)}),
        ({"payment_method": ["va", "va_bca"]}, {"payment_method": ("va", "va_bca")}),
        ({"is_repeat": True}, {"is_repeat": ("true",)}),
        ({"is_repeat": "false"}, {"is_repeat": ("false",)}),
        ({"store_id": 12}, {"store_id": ("12",)}),
        ({"store_id": "store_x"}, {"store_id": ("store_x",)}),
        ({"order_id": "0123"}, {"order_id": ("0123",)}),
        ({"order_id": 123}, {"order_id": ("123",)}),
        ({"tags": ["a b", "c"]}, {"tags": ("a b", "c")}),
        ({"draft_time_until": "14d ago"}, {"draft_time_until": (Ago(timedelta(days=14)),)}),
        ({"draft_time_until": ["1d12h ago"]}, {"draft_time_until": (Ago(timedelta(hours=36)),)}),
        (
            {"shipped_time_since": "2026-01-31"},
            {"shipped_time_since": (datetime(2026, 1, 30, 17, tzinfo=UTC),)},
        ),
        (
            {"shipped_time_since": "2026-01-31T00:00:00Z"},
            {"shipped_time_since": (datetime(2026, 1, 31, tzinfo=UTC),)},
        ),
    ],
)
def test_a_query_reads_as_the_api_spells_it(data: Any, values: Any) -> None:
    """Prove unions, booleans, ids, texts and times, and that a bare date is local midnight."""
    assert parse(data) == (values, [])


def test_every_documented_filter_is_taken() -> None:
    """Prove that each parameter of the table reads a value of its kind."""
    samples = {"text": "x", "boolean": True, "time": "3d ago", "id": 5, "tags": "vip"}
    for name, parameter in PARAMETERS.items():
        value = min(parameter.values) if parameter.kind == "enum" else samples[parameter.kind]
        needed = {"search": "x"} if name == "search_field" else {}
        found, complaints = parse({name: value, **needed})
        assert complaints == []
        assert name in found


@pytest.mark.parametrize(
    ("data", "path", "code"),
    [
        ([], ("query",), "T117"),
        (None, ("query",), "T122"),
        ({"statu": "pending"}, ("query", "statu"), "T301"),
        ({"page_size": 5}, ("query", "page_size"), "T302"),
        ({"columns": "id"}, ("query", "columns"), "T302"),
        ({"next_cursor": "x"}, ("query", "next_cursor"), "T302"),
        ({"status": "paid"}, ("query", "status"), "T303"),
        ({"status": ["pending", "x"]}, ("query", "status", 1), "T303"),
        ({"status": True}, ("query", "status"), "T303"),
        ({"is_repeat": "yes"}, ("query", "is_repeat"), "T303"),
        ({"is_repeat": 1}, ("query", "is_repeat"), "T303"),
        ({"status": {"in": []}}, ("query", "status"), "T304"),
        ({"status": [["pending"]]}, ("query", "status", 0), "T304"),
        ({"order_id": True}, ("query", "order_id"), "T304"),
        ({"order_id": "a\nb"}, ("query", "order_id"), "T304"),
        ({"status": None}, ("query", "status"), "T305"),
        ({"status": []}, ("query", "status"), "T305"),
        ({"order_id": ""}, ("query", "order_id"), "T305"),
        ({"draft_time_until": "14d"}, ("query", "draft_time_until"), "T306"),
        ({"draft_time_until": 14}, ("query", "draft_time_until"), "T306"),
        ({"draft_time_until": "2026-01-31T08:00"}, ("query", "draft_time_until"), "T306"),
        ({"draft_time_until": ["1d ago", "2d ago"]}, ("query", "draft_time_until"), "T307"),
        ({"tags": "a,b"}, ("query", "tags"), "T308"),
        ({"store_id": "a/b"}, ("query", "store_id"), "T309"),
        ({"store_id": True}, ("query", "store_id"), "T309"),
        ({"search_field": "order_id"}, ("query", "search_field"), "T311"),
    ],
)
def test_a_mistake_is_one_complaint_at_its_value(data: Any, path: Any, code: str) -> None:
    """Prove path and code of each kind of mistake."""
    _, complaints = parse(data)
    assert complaints == [(path, code)]


@given(
    st.dictionaries(
        st.sampled_from([*PARAMETERS, "x"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.decimals(allow_nan=False, allow_infinity=False)
            | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=5,
        ),
    )
)
def test_whatever_is_written_is_read_or_complained_of(data: dict[str, Any]) -> None:
    """Prove that no filter that was written is dropped without a word: the result would be wider."""
    found, complaints = parse(data)
    for name in data:
        assert name in found or any(path[:2] == ("query", name) for path, _ in complaints)
