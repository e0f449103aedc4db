"""Names in generated source: constants are bound, never written out, and every name is made from plain letters.

What comes from a rule (values, field paths, rule names) reaches the source only as a name that is made of ASCII
letters, digits and underscores, and as `ascii()` text in a comment, which cannot end its line.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from tertib.language.codegen import runtime
from tertib.language.durations import format_duration
from tertib.language.values import UNREADABLE
from tertib.model import MISSING, WorkingDays

_UNUSABLE: Final = re.compile(r"[^a-z0-9]+")
_LONGEST: Final = 32
_LONGEST_SHOWN: Final = 100
_ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_TAKEN: Final = frozenset({"clear", "copy", "get", "items", "keys", "pop", "update", "values"})

UNREAD: Final = object()
"""Stands in a variable for a value that was not read yet."""

_RUNTIME: Final = (
    runtime.is_mapping, runtime.below, runtime.ago, runtime.time_of, runtime.number_of, runtime.id_of,
    runtime.names_of, runtime.texts_of, runtime.quantities_of, runtime.length_of, runtime.entries_of,
    runtime.lasting, runtime.some, runtime.every,
)  # fmt: skip
_WORDS: Final = frozenset(
    {"order", "orders", "item", "now", "note", "hits", "matched", "other", "in_order", "match_page"}
)


def attribute_of(key: str) -> str:
    """Return the attribute under which a projected object keeps the value of a JSON key."""
    plain = _ATTRIBUTE.fullmatch(key) and not keyword.iskeyword(key) and key not in _TAKEN
    return key if plain and not key.startswith("x_") else f"x_{key.encode('utf-8', 'surrogatepass').hex()}"


def worded(text: str, fallback: str) -> str:
    """Make a readable part of a name out of any text."""
    found = (
        _UNUSABLE.sub("_", text.lower().encode("ascii", "ignore").decode()).strip("_")[:_LONGEST].strip("_")
    )
    if not found:
        return fallback
    return found if found[0].isalpha() else f"{fallback}_{found}"


class Names:
    """The names of one piece of source: what its constants are bound to, and the names of its variables."""

    def __init__(self) -> None:
        self.bound: dict[str, Any] = {one.__name__: one for one in _RUNTIME}
        self.bound |= {"MISSING": MISSING, "UNREADABLE": UNREADABLE, "UNREAD": UNREAD}
        builtins = (str, int, dict, bool)
        self.bound["__builtins__"] = {one.__name__: one for one in builtins}
        self._taken = {*self.bound, *self.bound["__builtins__"], *_WORDS}
        self._constants: dict[Any, str] = {}
        self._variables: dict[Any, str] = {}
        self._shown: dict[str, str] = {}

    def constant(self, value: Any, hint: str = "", *, key: Any = None) -> str:
        """Bind a constant and return its name; equal ones of one type (or with one `key`) share it."""
        known = (type(value), value) if key is None else key
        if known not in self._constants:
            name = self._free(worded(hint or _hint(value), "value").upper())
            self._constants[known] = name
            self.bound[name] = value
            self._shown[name] = _shown(value)
        return self._constants[known]

    def made(self, make: Callable[[], Any], hint: str, key: Any) -> str:
        """Bind a constant that is made on first use; `key` tells equal ones."""
        return self._constants[key] if key in self._constants else self.constant(make(), hint, key=key)

    def path(self, text: str) -> str:
        """Bind a key, or the dotted path that is told of what cannot be read."""
        return self.constant(text, f"key {text}", key=("path", text))

    def variable(self, key: Any, hint: str) -> str:
        """Return the variable for a key; it is the same one everywhere in this source."""
        if key not in self._variables:
            self._variables[key] = self._free(worded(hint, "field"))
        return self._variables[key]

    def legend(self) -> list[str]:
        """Return comment lines that tell what the constants are."""
        return [f"# {name} = {shown}" for name, shown in self._shown.items()]

    def _free(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self._taken or keyword.iskeyword(candidate):
            number += 1
            candidate = f"{name}_{number}"
        self._taken.add(candidate)
        return candidate


def _hint(value: Any) -> str:
    if isinstance(value, timedelta | WorkingDays):
        return f"d {format_duration(value)}"
    if isinstance(value, datetime):
        return f"at {value:%Y-%m-%d}"
    if isinstance(value, frozenset | tuple):
        return " ".join(sorted(str(one) for one in value if one is not None))
    return str(value)


def _shown(value: Any) -> str:
    """Spell a constant for a comment, on one line of plain letters."""
    if isinstance(value, timedelta | WorkingDays):
        return format_duration(value)
    if isinstance(value, frozenset):
        listed = ", ".join(sorted(ascii(one) for one in value))
        text = f"{{{listed}}}"
    elif isinstance(value, str | int | tuple) or type(value).__module__ in {"datetime", "decimal"}:
        text = ascii(value)
    else:
        text = f"({type(value).__name__})"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
