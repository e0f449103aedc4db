"""How things look on a terminal, and in JSON: tables, consoles, and text without what either could obey."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from tertib.cli.speech import age, gettext, moment
from tertib.telling.text import clean, number, rupiah, shorten

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = [
    "WIDTH_WITHOUT_TERMINAL",
    "age",
    "as_json",
    "asks",
    "clean",
    "console",
    "emit",
    "escaped",
    "moment",
    "number",
    "reference",
    "rupiah",
    "shorten",
    "table",
]

WIDTH_WITHOUT_TERMINAL: Final = 140
"""Columns of a table that goes to a file or a pipe, where COLUMNS says nothing."""

_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What `json.dumps` leaves as it is and a terminal may obey, or not show."""


def emit(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write the one JSON document of a `--json` command to stdout."""
    click.echo(as_json(document))


def as_json(document: Any) -> str:
    """Return JSON in one line, in which whatever could move a cursor or turn the line around is escaped."""
    return escaped(json.dumps(document, ensure_ascii=False, default=_plain))


def escaped(written: str) -> str:
    """Return written JSON with such characters escaped: the same document, fit for a terminal."""
    return _UNSEEN.sub(_escaped, written)


def _escaped(found: re.Match[str]) -> str:
    """Write a character as JSON may write any; in a JSON document such a one stands only inside a text."""
    return json.dumps(found[0])[1:-1]


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
    """Return an empty table with these headings in the command's language, those in `right` set flush right.

    Headings are given in English, and `right` and `cut` name them so. The column `cut` gets what room the others leave,
    and keeps to one line; without it, every column may fold.
    """
    made = _empty(title, expand=bool(cut))
    for column in columns:
        side: Literal["left", "right"] = "right" if column in right else "left"
        if column == cut:
            made.add_column(gettext(column), justify=side, overflow="ellipsis", no_wrap=True, ratio=1)
        else:
            made.add_column(gettext(column), justify=side, overflow="fold")
    return made


def reference(*columns: str, title: str | None = None) -> Table:
    """Return an empty table whose headings stay English, as what will stand below them is."""
    made = _empty(title)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def _empty(title: str | None, *, expand: bool = False) -> Table:
    from rich import box  # noqa: PLC0415 - as in `console`
    from rich.table import Table  # noqa: PLC0415

    return Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
        expand=expand,
    )


def asks() -> bool:
    """Tell whether somebody sits at the terminal who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
