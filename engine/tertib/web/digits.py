"""Whole numbers that visitors write: plain digits, and not more of them than any number here has."""

from __future__ import annotations

from typing import Final

_MOST: Final = 18


def whole(text: str) -> int | None:
    """Return the number that a text of plain digits is; None for any other text, and for one of absurd length."""
    return int(text) if len(text) <= _MOST and text.isascii() and text.isdecimal() else None
