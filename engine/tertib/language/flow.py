"""Rule data back as text: one line of YAML in flow form, as traces and messages show a condition."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][\w.+/@-]*(?: [\w.+/@-]+)*|\d{4}-\d\d-\d\d|\d+[wdhms](?:\d+[dhms])*", re.ASCII)
_LONGEST = 200
_WORDS_WITH_MEANING = frozenset({"true", "false", "null"})


def spell(data: Any) -> str:
    """Spell rule data as one line: `pending_time: {older_than: 3d}`; the outermost mapping has no braces."""
    if isinstance(data, Mapping) and data:
        return ", ".join(f"{_scalar(key)}: {_nested(value)}" for key, value in data.items())
    return _nested(data)


def spell_short(data: Any) -> str:
    """Spell rule data as one line of at most 200 characters, so that a list of a thousand ids does not fill a plan."""
    return cap(spell(data), _LONGEST)


def _nested(data: Any) -> str:
    if isinstance(data, Mapping):
        return "{" + (spell(data) if data else "") + "}"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(map(_nested, data)) + "]"
    return _scalar(data)


def _scalar(data: Any) -> str:
    if data is None:
        return "null"
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, Decimal):
        return format(data, "f") if data.is_finite() and abs(data.adjusted()) < 100 else str(data)  # noqa: PLR2004 - digits people still read
    if isinstance(data, str):
        plain = _PLAIN.fullmatch(data) and data.lower() not in _WORDS_WITH_MEANING
        return data if plain else clean(json.dumps(data, ensure_ascii=False))
    return clean(str(data)) if not isinstance(data, int) or data.bit_length() <= 512 else "a huge number"  # noqa: PLR2004 - short of where Python refuses to write it


def clean(text: str) -> str:
    """Make text safe to print: letters that control a terminal, are invisible or turn text around become `?`."""
    return text if text.isascii() and text.isprintable() else "".join(map(_printable, text))


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else "?"


def cap(text: str, most: int) -> str:
    """Shorten text to at most `most` characters, the last one an ellipsis where anything was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"
