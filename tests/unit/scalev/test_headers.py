from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.scalev import headers as rate

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("0", 0),
        ("-3", 0),
        ("Sat, 21 Nov 2026 03:00:40 GMT", 40),
        ("Sat, 21 Nov 2026 03:00:40 -0000", 40),
        ("Sat, 21 Nov 2026 02:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
        ("99999999", None),
        ("Sat, 99 Nov 2026 03:00:40 GMT", None),
    ],
)
def test_retry_after_comes_in_two_forms(text: str, seconds: float | None) -> None:
    """Seconds and dates are both read; what has passed is no wait, and nonsense is nothing known."""
    assert rate.retry_after({"retry-after": text}, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (str(EPOCH + 90), 90),
        (str((EPOCH + 90) * 1000), 90),
        ("90", 90),
        ("0", 0),
        (str(EPOCH - 90), 0),
        ("700000", None),
        (str(EPOCH + 10_000_000), None),
        ("tomorrow", None),
    ],
)
def test_a_reset_is_an_instant_or_a_distance(text: str, seconds: float | None) -> None:
    """The documents do not name the unit, so the size decides."""
    assert rate.reset_in({"x-ratelimit-reset": text}, NOW) == seconds


def test_the_servers_own_time_is_the_measure() -> None:
    """A clock that is wrong here does not make waits too short or too long."""
    headers = {
        "date": "Sat, 21 Nov 2026 05:00:00 GMT",
        "retry-after": "Sat, 21 Nov 2026 05:00:10 GMT",
        "x-ratelimit-reset": str(EPOCH + 7200 + 20),
    }
    assert rate.retry_after(headers, NOW) == 10
    assert rate.reset_in(headers, NOW) == 20


def test_missing_headers_say_nothing() -> None:
    """Every header may be missing."""
    assert rate.retry_after({}, NOW) is None
    assert rate.reset_in({}, NOW) is None
    assert rate.whole({}, "x-ratelimit-remaining") is None


@pytest.mark.parametrize(
    ("text", "count"), [("12", 12), ("0", 0), ("-1", None), ("1.0", None), ("9" * 30, None), ("²", None)]
)
def test_a_count_is_a_whole_number(text: str, count: int | None) -> None:
    """Anything else is nothing known."""
    assert rate.whole({"x-ratelimit-remaining": text}, "x-ratelimit-remaining") == count


@given(st.text())
def test_no_header_crashes(text: str) -> None:
    """Whatever a server writes there, a wait is known and not negative, or not known."""
    headers = {"retry-after": text, "x-ratelimit-reset": text, "date": text}
    for seconds in (rate.retry_after(headers, NOW), rate.reset_in(headers, NOW)):
        assert seconds is None or seconds >= 0
