"""Recognise English sentences that were stored as plain text: which text of the catalogue made them, and with what.

A plan, a run or an approval keeps its sentences in English, whoever reads them later. What they were made of is found
again by their texts: each is a pattern, and `%(name)s` in it stands for whatever is there. RE2 matches them, in time that
grows with the sentence and no faster, for a stored sentence may quote anybody.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import re2

from tertib.sayings import Said

_VALUE: Final = re.compile(r"%\((\w+)\)s")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LONGEST: Final = 2000
_FEWEST_LETTERS: Final = 4
"""So much of a text must be words of its own: what is nearly all values would fit anything."""

_WHY: Final = "why"


@dataclass(frozen=True, slots=True)
class _Text:
    """A text of the catalogue as a pattern; `many` as in `Said`."""

    pattern: Any
    names: tuple[str, ...]
    one: str
    many: str | None
    letters: int
    written: str


def sentence(locales: Path, domain: str, language: str, stored: str) -> str:
    """Return a stored sentence as the `Said` that it was, or as it is where no text of the catalogue made it."""
    if len(stored) > _LONGEST or _LONE_SURROGATE.search(stored):  # RE2 reads UTF-8, which cannot hold one
        return stored
    return _found(locales / language / "LC_MESSAGES" / f"{domain}.mo", stored)


@lru_cache(maxsize=2048)
def _found(catalogue: Path, stored: str) -> str:
    by_start, others = _texts(catalogue)
    for text in (*by_start.get(_start(stored), ()), *others):
        values = _values(text, stored)
        if values is not None:
            return _made(text, values)
    return _quoting(catalogue, stored)


def _quoting(catalogue: Path, stored: str) -> str:
    """Return a sentence of ours that goes on with another's words after a colon, as `%(why)s: %(scalev)s` does."""
    ours, colon, theirs = stored.partition(": ")
    why = _found(catalogue, ours) if colon else ours
    return Said("%(why)s: %(scalev)s", {_WHY: why, "scalev": theirs}) if isinstance(why, Said) else stored


def _values(text: _Text, stored: str) -> dict[str, object] | None:
    """Return what the values were, None where the text did not make the sentence: a value that stands twice is the same."""
    found = text.pattern.fullmatch(stored)
    if found is None:
        return None
    told = list(zip(text.names, found.groups(), strict=True))
    values: dict[str, object] = dict(told)
    return values if all(values[name] == value for name, value in told) else None


def _made(text: _Text, values: dict[str, object]) -> Said:
    count = values.get("count")
    if text.many is None or not isinstance(count, str):
        return Said(text.one, values)
    digits = count.replace(".", "")
    number = int(digits) if digits.isascii() and digits.isdecimal() else 2
    return Said(text.one, {**values, "count": number}, text.many)


def _start(said: str) -> str:
    return said.partition(" ")[0]


@lru_cache(maxsize=4)
def _texts(catalogue: Path) -> tuple[dict[str, list[_Text]], list[_Text]]:
    """Return the texts with values by their first word, and those that begin with a value; the most exact come first."""
    made = [
        text
        for one, many in _originals(catalogue)
        for written in ([one] if many is None else [one, many])
        if (text := _pattern(written, one, many)) is not None
    ]
    made.sort(key=lambda text: -text.letters)
    by_start: dict[str, list[_Text]] = {}
    others: list[_Text] = []
    for text in made:
        start = _start(text.written)
        (others if "%(" in start else by_start.setdefault(start, [])).append(text)
    return by_start, others


def _pattern(written: str, one: str, many: str | None) -> _Text | None:
    parts = _VALUE.split(written)
    own, names = parts[::2], parts[1::2]
    letters = sum(character.isalpha() for part in own for character in part)
    if not names or letters < _FEWEST_LETTERS:
        return None
    pattern = re.escape(own[0].replace("%%", "%"))
    for name, after in zip(names, own[1:], strict=True):
        pattern += ("([0-9.]+)" if name == "count" else "(.*?)") + re.escape(after.replace("%%", "%"))
    return _Text(re2.compile(f"(?s){pattern}"), tuple(names), one, many, letters, written)


def _originals(catalogue: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the English texts of a compiled catalogue, each with its plural where it has one.

    The layout is that of GNU gettext's manual, "The Format of GNU MO Files". None where there is no catalogue.
    """
    if not catalogue.exists():
        return
    held = catalogue.read_bytes()
    order = "<" if held[:4] == b"\xde\x12\x04\x95" else ">"
    count, table = struct.unpack_from(f"{order}II", held, 8)
    for place in range(count):
        length, start = struct.unpack_from(f"{order}II", held, table + 8 * place)
        one, _, many = held[start : start + length].decode("utf-8").partition("\x00")
        yield one, many or None
