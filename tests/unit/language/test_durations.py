"""Durations and instants as rules write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language import durations

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("3d", timedelta(days=3)),
        ("2w", timedelta(days=14)),
        ("1d12h", timedelta(hours=36)),
        ("60s", timedelta(minutes=1)),
        ("0m", timedelta()),
        ("1w2d3h4m5s", timedelta(days=9, hours=3, minutes=4, seconds=5)),
        ("36500d", timedelta(days=36_500)),
    ],
)
def test_duration_is_read(text: str, expected: timedelta) -> None:
    """Every documented form is read, a day as 24 hours."""
    assert durations.parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "d",
        "3 d",
        "3D",
        "-3d",
        "1.5d",
        "12h1d",
        "1d1d",
        "3 days",
        "36501d",
        "9" * 5000 + "d",
        "٣d",
        "3d\n",
    ],
)
def test_other_text_is_no_duration(text: str) -> None:
    """What is not exactly a duration is refused, never guessed."""
    with pytest.raises(ValueError, match=r"is not a duration|longer than 100 years"):
        durations.parse_duration(text)


@given(st.timedeltas(timedelta(), timedelta(days=36_499)))
def test_written_duration_reads_back(duration: timedelta) -> None:
    """What `format_duration` writes is the duration again, to the second and never shorter."""
    back = durations.parse_duration(durations.format_duration(duration))
    assert duration <= back < duration + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        (timedelta(hours=5, minutes=12), "5h12m"),
        (timedelta(hours=5, minutes=11, seconds=1), "5h12m"),
        (timedelta(days=3, hours=4, minutes=1), "3d5h"),
        (timedelta(seconds=40), "40s"),
        (timedelta(microseconds=1), "1s"),
        (timedelta(), "0s"),
        (timedelta(hours=23, minutes=59, seconds=59), "1d"),
    ],
)
def test_wait_is_rounded_up(wait: timedelta, expected: str) -> None:
    """A wait shows two units and never promises too early."""
    assert durations.format_wait(wait) == expected


def test_age_is_rounded_down() -> None:
    """An age shows two units and never makes anything older than it is."""
    assert durations.format_age(timedelta(days=4, hours=3, minutes=59)) == "4d 3h"
    assert durations.format_age(timedelta(microseconds=5)) == "0s"


def test_bare_date_is_local_midnight() -> None:
    """A date alone is the midnight of the shop's zone."""
    assert durations.parse_instant("2026-03-01", JAKARTA) == datetime(2026, 2, 28, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:00:00+07:00",
        "2026-03-01T03:00:00Z",
        "2026-03-01t03:00:00z",
        "2026-03-01 03:00+00:00",
        "2026-03-01T03:00:00.000000000Z",
        "2026-03-01T03:00:00,0Z",
        "2026-03-01T10:00:00 +0700",
    ],
)
def test_spellings_of_one_instant(text: str) -> None:
    """Usual ISO 8601 spellings with an offset are the same instant on every Python version."""
    assert durations.parse_instant(text, JAKARTA) == datetime(2026, 3, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-03-01T10:00:00", "has no time zone"),
        ("2026-02-30", "no day that exists"),
        ("2026-02-30T10:00:00Z", "no time that exists"),
        ("2026-03-01T24:00:01Z", "no time that exists"),
        ("0001-01-01T00:00:00+07:00", "no time that exists"),
        ("0001-01-01", "no day that exists"),
        ("20260301", "not a date and time"),
        ("2026-W09-1", "not a date and time"),
        ("yesterday", "not a date and time"),
        ("", "not a date and time"),
    ],
)
def test_other_text_is_no_instant(text: str, why: str) -> None:
    """What is no instant is refused with the reason, on the first and last days of the calendar too."""
    with pytest.raises(ValueError, match=why):
        durations.parse_instant(text, JAKARTA)


def test_timestamp_needs_an_offset() -> None:
    """An order's own times are never completed with a zone: without an offset they are not read."""
    with pytest.raises(ValueError, match="has no time zone"):
        durations.parse_timestamp("2026-03-01T10:00:00")
    with pytest.raises(ValueError, match="is not a date and time"):
        durations.parse_timestamp("2026-03-01")


def test_day_after() -> None:
    """The day after crosses months, and the calendar's end does not raise."""
    assert durations.day_after("2026-02-28") == "2026-03-01"
    assert durations.day_after("9999-12-31") == "9999-12-31"
