"""How values look to a person: money, times, ages, counts, and text that may come from a stranger."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from tertib import record

_JOINERS: Final = frozenset("\u200c\u200d")  # Arabic script and emoji need them, and they move no text about
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def clean(text: object) -> str:
    """Return text from an order or a file without what could move a cursor or turn the line around.

    Control, format, surrogate and private characters become `�`: an order's name is typed by a buyer.
    """
    said = str(text)
    if said.isprintable():  # which no such character is
        return said
    return "".join(
        character
        if character in _JOINERS
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        else "\ufffd"
        for character in said
    )


def rupiah(amount: Decimal | None) -> str:
    """Return money as shops write it: `Rp 1.250.000`; `?` where an order does not say."""
    return "?" if amount is None else record.rupiah(amount)


def number(count: int) -> str:
    """Return a count with the thousands marked as in the money beside it."""
    return f"{count:,}".replace(",", ".")


def moment(instant: datetime, zone: str) -> str:
    """Return an instant on the shop's clock: `2026-11-21 14:05 WIB`, or with its offset where it has no name."""
    local = instant.astimezone(ZoneInfo(zone))
    name = local.tzname() or ""
    return f"{local:%Y-%m-%d %H:%M} {name}".rstrip()


def age(span: timedelta) -> str:
    """Return a span by its two largest units: `3d 4h`, `5h 12m`, `40s`."""
    seconds = max(0, int(span.total_seconds()))
    if seconds >= _DAY:
        return _two(seconds // _DAY, "d", seconds % _DAY // _HOUR, "h")
    if seconds >= _HOUR:
        return _two(seconds // _HOUR, "h", seconds % _HOUR // _MINUTE, "m")
    return f"{seconds // _MINUTE}m" if seconds >= _MINUTE else f"{seconds}s"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}" + (f" {small}{small_unit}" if small else "")


def shorten(text: str, length: int) -> str:
    """Return `text` in at most `length` characters, with an ellipsis where something is cut."""
    return text if len(text) <= length else text[: max(1, length - 1)].rstrip() + "…"


def many(count: int, noun: str, plural: str | None = None) -> str:
    """Return `1 order`, `41 orders`."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"
