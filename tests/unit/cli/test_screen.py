"""What people see: money, ages, and text that a stranger typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.cli import screen


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1250000", "Rp 1.250.000"), ("168724.00", "Rp 168.724"), ("0.5", "Rp 0,50"), ("999", "Rp 999")],
)
def test_money_is_written_as_shops_write_it(amount: str, shown: str) -> None:
    """Points between thousands, a comma before sen, and no sen where there are none."""
    assert screen.rupiah(Decimal(amount)) == shown


def test_unknown_money_is_no_zero() -> None:
    """An order that does not say its value must not look free."""
    assert screen.rupiah(None) == "?"


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(days=3, hours=4, minutes=59), "3d 4h"),
        (timedelta(days=3), "3d"),
        (timedelta(hours=5, minutes=12), "5h 12m"),
        (timedelta(minutes=59), "59m"),
        (timedelta(seconds=40), "40s"),
        (timedelta(seconds=-1), "0s"),
    ],
)
def test_an_age_is_its_two_largest_units(span: timedelta, shown: str) -> None:
    """Ages are read at a glance; one from the future is none."""
    assert screen.age(span) == shown


def test_times_are_on_the_shops_clock() -> None:
    """Ten in the morning in Jakarta is not three in the morning."""
    assert screen.moment(datetime(2026, 11, 21, 3, tzinfo=UTC), "Asia/Jakarta") == "2026-11-21 10:00 WIB"


@given(st.text())
def test_no_text_of_an_order_moves_the_cursor_or_turns_the_line(text: str) -> None:
    """Escape sequences, line breaks and direction marks never reach a terminal, and nothing grows."""
    cleaned = screen.clean(text)
    assert len(cleaned) == len(text)
    assert not set(cleaned) & set("\x1b\x00\r\n\t\x9b\u202e\u2066\u200f\u061c\u2028")


def test_names_in_other_scripts_stay_readable() -> None:
    """Joiners belong to scripts and emoji, and stay."""
    joined = "\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f33e"
    assert screen.clean(joined) == joined


@given(st.text(max_size=40), st.integers(1, 30))
def test_shortened_text_fits(text: str, length: int) -> None:
    """What is cut never exceeds its room, and what fits is not cut."""
    short = screen.shorten(text, length)
    assert len(short) <= max(length, 1) + (length == 1)
    assert len(text) > length or short == text
