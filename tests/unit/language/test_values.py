"""Raw JSON values of an order, read as a field's kind."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language.values import (
    MISSING,
    UNREADABLE,
    elements,
    find,
    is_null,
    read,
    read_as,
    value_of,
    why_unreadable,
)
from tertib.model import Field, Kind

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.floats()
    | st.text()
    | st.sampled_from(["", "n/a", "12", "1.5", "2026-03-01T10:00:00Z", "2026-03-01", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_find_walks_objects() -> None:
    """A dotted path leads through objects; null above is null, absent is missing, anything else unreadable."""
    order = {"store": {"name": "Toko"}, "customer": None, "notes": "x", "tags": [{"name": "a"}], "empty": ""}
    assert find(order, "store.name") == "Toko"
    assert find(order, "store.id") is MISSING
    assert find(order, "page.id") is MISSING
    assert find(order, "customer.phone") is None
    assert find(order, "customer.address.city") is None
    assert find(order, "notes.x") is UNREADABLE
    assert find(order, "tags.name") is UNREADABLE
    assert find(order, "empty.x") is UNREADABLE
    assert find(["no", "object"], "status") is UNREADABLE


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (Kind.TEXT, "x", "x"),
        (Kind.TEXT, " ", " "),
        (Kind.TEXT, 12, UNREADABLE),
        (Kind.TEXT, True, UNREADABLE),
        (Kind.ENUM, "paid", "paid"),
        (Kind.ENUM, ["paid"], UNREADABLE),
        (Kind.MONEY, "168724.00", Decimal("168724.00")),
        (Kind.MONEY, 168724, Decimal(168724)),
        (Kind.MONEY, Decimal("0.1"), Decimal("0.1")),
        (Kind.MONEY, 0.1, Decimal("0.1")),
        (Kind.MONEY, "-5", Decimal(-5)),
        (Kind.MONEY, "n/a", UNREADABLE),
        (Kind.MONEY, "1e3", UNREADABLE),
        (Kind.MONEY, "1,000", UNREADABLE),
        (Kind.MONEY, " 1", UNREADABLE),
        (Kind.MONEY, "1\n", UNREADABLE),
        (Kind.MONEY, "٣", UNREADABLE),
        (Kind.MONEY, "NaN", UNREADABLE),
        (Kind.MONEY, "9" * 5000, UNREADABLE),
        pytest.param(Kind.MONEY, 10**5000, UNREADABLE, id="huge money"),
        (Kind.MONEY, True, UNREADABLE),
        (Kind.MONEY, float("nan"), UNREADABLE),
        (Kind.MONEY, float("inf"), UNREADABLE),
        (Kind.MONEY, Decimal("NaN"), UNREADABLE),
        (Kind.MONEY, Decimal("sNaN"), UNREADABLE),
        (Kind.MONEY, Decimal("-Infinity"), UNREADABLE),
        (Kind.MONEY, Decimal("9e99"), Decimal("9e99")),
        (Kind.MONEY, Decimal("1e100"), UNREADABLE),
        (Kind.MONEY, Decimal("9e999999"), UNREADABLE),
        (Kind.MONEY, Decimal("-1e-100"), Decimal("-1e-100")),
        (Kind.NUMBER, Decimal("1e-101"), UNREADABLE),
        (Kind.NUMBER, 1e300, UNREADABLE),
        (Kind.NUMBER, [1], UNREADABLE),
        (Kind.BOOLEAN, False, False),
        (Kind.BOOLEAN, "false", UNREADABLE),
        (Kind.BOOLEAN, 0, UNREADABLE),
        (Kind.TIME, "2026-03-01T10:00:00+07:00", datetime(2026, 3, 1, 3, tzinfo=UTC)),
        (Kind.TIME, "2026-03-01T10:00:00", UNREADABLE),
        (Kind.TIME, "2026-03-01", UNREADABLE),
        (Kind.TIME, "2026-13-01T10:00:00Z", UNREADABLE),
        (Kind.TIME, 1700000000, UNREADABLE),
        (Kind.ID, 12, "12"),
        (Kind.ID, "12", "12"),
        (Kind.ID, True, UNREADABLE),
        (Kind.ID, Decimal(12), UNREADABLE),
        pytest.param(Kind.ID, 10**5000, UNREADABLE, id="huge id"),
        (Kind.TAGS, [], ()),
        (
            Kind.TAGS,
            [{"id": 1, "name": "vip"}, "hold", {"id": 2}, 3, {"name": ""}],
            ("vip", "hold", None, None, None),
        ),
        (Kind.TAGS, {"name": "vip"}, UNREADABLE),
        (Kind.TAGS, "vip", UNREADABLE),
        (Kind.TEXTS, ["a", None, 1], ("a", None, None)),
        (Kind.OBJECTS, {"0": {}}, UNREADABLE),
        (Kind.QUANTITIES, {"Ebook": 2}, ("Ebook",)),
        (Kind.QUANTITIES, ["Ebook"], UNREADABLE),
        (Kind.OBJECT, "x", UNREADABLE),
    ],
)
def test_read(kind: Kind, raw: Any, expected: Any) -> None:
    """Each kind takes exactly its own JSON forms; money is an exact decimal whatever form it came in."""
    found = read_as(raw, kind)
    assert found is UNREADABLE if expected is UNREADABLE else found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("kind", list(Kind))
def test_nothing_reads_as_nothing(kind: Kind) -> None:
    """Null and empty text are None for every kind, and a missing value stays missing."""
    assert read_as(None, kind) is None
    assert read_as("", kind) is None
    assert read_as(MISSING, kind) is MISSING
    assert read_as(UNREADABLE, kind) is UNREADABLE


def test_null() -> None:
    """Only null and empty text are null: an empty list, zero and false are values; missing is not known."""
    assert is_null(None) is True
    assert is_null("") is True
    values: tuple[Any, ...] = ([], {}, 0, False, " ")
    assert [is_null(raw) for raw in values] == [False] * 5
    assert is_null(MISSING) is None
    assert is_null(UNREADABLE) is None


def test_elements() -> None:
    """Objects of a list, tags and quantities all become objects; what is none of them is None."""
    assert elements([{"a": 1}, 2, None], Kind.OBJECTS) == ({"a": 1}, None, None)
    assert elements(["vip", {"name": "hold"}, 1], Kind.TAGS) == ({"name": "vip"}, {"name": "hold"}, None)
    assert elements({"Ebook": 2}, Kind.QUANTITIES) == ({"name": "Ebook", "quantity": 2},)
    assert elements({"Ebook": 2}, Kind.OBJECTS) is UNREADABLE
    assert elements([], Kind.QUANTITIES) is UNREADABLE
    assert elements(None, Kind.QUANTITIES) is None
    assert elements(MISSING, Kind.OBJECTS) is MISSING


def test_field_is_read() -> None:
    """`read` and `value_of` go by the field's own kind and path."""
    field = Field("store.id", Kind.ID, "", frozenset({"orders"}), "store")
    assert read(7, field) == "7"
    assert value_of({"store": {"id": 7}}, field) == "7"


@given(json_values, st.sampled_from(list(Kind)))
def test_reading_is_total(raw: Any, kind: Kind) -> None:
    """Whatever JSON comes, reading returns and its reason shows nothing of the value."""
    if read_as(raw, kind) is UNREADABLE:
        why = why_unreadable(raw, kind)
        assert why
        assert not isinstance(raw, str) or len(raw) < 3 or raw not in why
    elements(raw, kind)
    find(raw, "a.b")


def test_a_number_out_of_bounds_is_called_that() -> None:
    """It is a number where one is expected, and no more than that is said of it."""
    why = why_unreadable(Decimal("9e999999"), Kind.MONEY)
    assert why == "the number is too large or too fine to reckon with"
    assert why_unreadable(True, Kind.MONEY) == "true or false where an amount of money is expected"  # noqa: FBT003 - the value
