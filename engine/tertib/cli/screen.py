"""How values look to a person: money, times, ages, initials, and text that may come from a stranger."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

import click

from tertib import record

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH_WITHOUT_TERMINAL: Final = 140
"""Columns of a table that goes to a file or a pipe, where COLUMNS says nothing."""

_JOINERS: Final = frozenset("\u200c\u200d")  # Arabic script and emoji need them, and they move no text about
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def clean(text: object) -> str:
    """Return text from an order or a file without what could move a cursor or turn the line around.

    Control, format, surrogate and private characters become `�`: an order's name is typed by a buyer.
    """
    return "".join(
        character
        if character in _JOINERS
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        else "\ufffd"
        for character in str(text)
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


def emit(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write the one JSON document of a `--json` command to stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    """Write the values that JSON lacks: exact money and instants as text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def console(*, color: bool | None = None, stderr: bool = False) -> Console:
    """Return the console for tables: as wide as the terminal, plain where there is none or NO_COLOR is set."""
    from rich.console import Console  # noqa: PLC0415 - `--json` and `--help` do without rich

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else int(_digits(os.environ.get("COLUMNS")) or WIDTH_WITHOUT_TERMINAL)
    return Console(
        file=stream,
        no_color=True if color is False else None,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def _digits(text: str | None) -> str:
    return text if text is not None and text.isdecimal() and int(text) > 0 else ""


def table(*columns: str, right: Sequence[str] = (), cut: str = "", title: str | None = None) -> Table:
    """Return an empty table with these headings, those in `right` set flush right.

    The column `cut` gets what room the others leave, and keeps to one line; without it, every column may fold.
    """
    from rich import box  # noqa: PLC0415 - as in `console`
    from rich.table import Table  # noqa: PLC0415

    made = Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
        expand=bool(cut),
    )
    for column in columns:
        side: Literal["left", "right"] = "right" if column in right else "left"
        if column == cut:
            made.add_column(column, justify=side, overflow="ellipsis", no_wrap=True, ratio=1)
        else:
            made.add_column(column, justify=side, overflow="fold")
    return made


def asks() -> bool:
    """Tell whether somebody sits at the terminal who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
