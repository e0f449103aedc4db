"""A few texts that a pattern matches, so that orders can be synthesised for rules that use `matches`.

Reads the part of RE2 that rules use; anything else gives no text. What comes out is tried with RE2 itself, so that
a slip here can lose a finding and never make one up.
"""

from __future__ import annotations

import re
from itertools import islice, product
from typing import Final

_MOST: Final = 24
_FLAGS: Final = re.compile(r"\?[a-zA-Z-]*:|\?P?<\w+>|\?[a-zA-Z-]+(?=\))")
_REPEAT: Final = re.compile(r"\{(\d+)(?:,\d*)?\}|[*+?]")
_CLASSES: Final = {
    "d": "1",
    "w": "a",
    "s": " ",
    "D": "a",
    "W": "-",
    "S": "a",
    "b": "",
    "B": "",
    "A": "",
    "z": "",
    "t": "\t",
    "n": "\n",
}
_ALPHABET: Final = "a1AxZz0 -_.@"


def texts(pattern: str) -> list[str]:
    """Return a few texts that a pattern may match, none where it is beyond this reading."""
    try:
        found, rest = _alternatives(pattern, 0)
    except (IndexError, ValueError):
        return []
    return found if rest == len(pattern) else []


def _alternatives(pattern: str, at: int) -> tuple[list[str], int]:
    found, at = _sequence(pattern, at)
    while at < len(pattern) and pattern[at] == "|":
        more, at = _sequence(pattern, at + 1)
        found = [*found, *more][:_MOST]
    return found, at


def _sequence(pattern: str, at: int) -> tuple[list[str], int]:
    parts: list[list[str]] = []
    while at < len(pattern) and pattern[at] not in "|)":
        part, at = _atom(pattern, at)
        repeat = _REPEAT.match(pattern, at)
        if repeat is not None:
            at = repeat.end() + (pattern[repeat.end() : repeat.end() + 1] == "?")
            times = int(repeat[1]) if repeat[1] else 1
            part = [text * times for text in part] if repeat[0] not in {"*", "?"} else ["", *part]
        parts.append(part)
    return ["".join(chosen) for chosen in islice(product(*parts), _MOST)], at


def _atom(pattern: str, at: int) -> tuple[list[str], int]:
    letter = pattern[at]
    if letter == "(":
        flags = _FLAGS.match(pattern, at + 1)
        found, end = _alternatives(pattern, flags.end() if flags else at + 1)
        if pattern[end] != ")":
            raise ValueError(pattern)
        return found, end + 1
    if letter == "[":
        return _class(pattern, at)
    if letter == "\\":
        return [_CLASSES.get(pattern[at + 1], pattern[at + 1])], at + 2
    if letter in "^$":
        return [""], at + 1
    return (["a"] if letter == "." else [letter]), at + 1


def _class(pattern: str, at: int) -> tuple[list[str], int]:
    end = pattern.index("]", at + 2 if pattern[at + 1] != "^" else at + 3) + 1
    fits = re.compile(pattern[at:end])
    inside = (letter for letter in (*pattern[at + 1 : end], *_ALPHABET) if fits.fullmatch(letter))
    return list(islice(dict.fromkeys(inside), 3)), end
