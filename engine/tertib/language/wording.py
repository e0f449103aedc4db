"""How messages quote what people wrote, and what they call a value."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_LONGEST = 60


def quote(value: Any) -> str:
    """Put the user's own word in backticks: shortened, on one line, spelled as in YAML."""
    text = spelled(value)
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    text = f"{text[: _LONGEST - 1]}…" if len(text) > _LONGEST else text
    return f'"{text}"' if "`" in text else f"`{text}`"


def spelled(value: Any) -> str:
    """Spell a scalar as YAML does: `true`, `null`, `12.50`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def kind_of(value: Any) -> str:
    """Name the kind of a value in words: "a text", "a list", "nothing"."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | Decimal | float):
        return "a number"
    return "a block of keys" if isinstance(value, dict) else "a list"


def one_of(names: Iterable[str]) -> str:
    """List the names that are allowed, for a hint: "one of `a`, `b`, `c`"."""
    return "one of " + ", ".join(f"`{name}`" for name in names)
