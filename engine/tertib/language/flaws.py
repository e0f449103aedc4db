"""What makes a file unfit to be read, and what PyYAML says about it put in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml

from tertib.language.wording import quote


class Spot(NamedTuple):
    """A place in a file, from 1, and how many characters belong to it on that line."""

    line: int
    column: int
    width: int


@dataclass(frozen=True, slots=True)
class Flaw:
    """What makes a file, or a document in it, unfit to be read; `document` counts from 0, None for the file."""

    spot: Spot
    code: str
    message: str
    hint: str | None = None
    document: int | None = None


_INDENT = "check the indentation of this line and of the one above"
_QUOTES = "put the text in quotes"
_SAID: Final[tuple[tuple[str, str, str | None, bool], ...]] = (
    # what the problem contains, our message, the hint, and whether the place is where the context began
    ("mapping values are not allowed", "a `:` is not allowed here", f"{_QUOTES}, or {_INDENT}", False),
    (
        "could not find expected ':'",
        "a `:` is missing after this key",
        f"write `key: value`; {_INDENT}",
        True,
    ),
    (
        "did not find expected ',' or ']'",
        "this `[` is not closed",
        "end it with `]`, with `,` between its items",
        True,
    ),
    ("expected ',' or ']'", "this `[` is not closed", "end it with `]`, with `,` between its items", True),
    (
        "did not find expected ',' or '}'",
        "this `{` is not closed",
        "end it with `}`, with `,` between its keys",
        True,
    ),
    ("expected ',' or '}'", "this `{` is not closed", "end it with `}`, with `,` between its keys", True),
    (
        "unexpected end of stream",
        "this quote is never closed",
        "end the text with the quote it began with",
        True,
    ),
    (
        "unexpected document separator",
        "this quote is never closed",
        "end the text with the quote it began with",
        True,
    ),
    ("did not find expected key", "this line does not fit the ones above it", _INDENT, False),
    ("expected <block end>", "this line does not fit the ones above it", _INDENT, False),
    ("did not find expected '-' indicator", "this line does not fit the list above it", _INDENT, False),
    (
        "block sequence entries are not allowed",
        "a list cannot begin here",
        f"{_QUOTES}, or begin the list on the next line",
        False,
    ),
    (
        "unknown escape character",
        "this `\\` means nothing in double quotes",
        "use single quotes, or write `\\\\`",
        False,
    ),
    ("escape", "this `\\` means nothing in double quotes", "use single quotes, or write `\\\\`", False),
    ("expected <document start>", "this text does not belong to the document above it", _INDENT, False),
    ("did not find expected node content", "a value is missing here", None, False),
    ("expected the node content", "a value is missing here", None, False),
    ("directive", "directives (`%`) are not allowed", "delete the line", False),
    ("tag", "tags (`!`) are not allowed", _QUOTES, False),
    ("anchor", "anchors and aliases (`&`, `*`) are not allowed", _QUOTES, False),
    ("alias", "anchors and aliases (`&`, `*`) are not allowed", _QUOTES, False),
)


def syntax_flaw(error: yaml.MarkedYAMLError, lines: tuple[str, ...]) -> Flaw:
    """Say in our words what PyYAML, or libyaml, cannot read."""
    mark: Any = error.problem_mark or error.context_mark
    said = error.problem or ""
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    here = lines[line][column : column + 1] if line < len(lines) else ""
    if here == "\t" or (line < len(lines) and "\t" in _leading(lines[line])):
        place = _leading(lines[line]).find("\t")
        spot = Spot(line + 1, (place if place >= 0 else column) + 1, 1)
        return Flaw(spot, "T108", "a tab stands where YAML wants spaces", "indent with spaces")
    if "cannot start any token" in said:
        return Flaw(
            Spot(line + 1, column + 1, 1),
            "T107",
            f"a value cannot begin with {quote(here)} unless it is quoted",
            _QUOTES,
        )
    for words, message, hint, from_context in _SAID:
        if words in said:
            place_mark = error.context_mark if from_context and error.context_mark is not None else mark
            return Flaw(_settled(place_mark, lines), "T107", message, hint)
    return Flaw(_settled(mark, lines), "T107", "this is not valid YAML", _INDENT)


def _leading(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _settled(mark: Any, lines: tuple[str, ...]) -> Spot:
    """Return a mark's place; one behind the end of the file becomes the end of its last line with text."""
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if line < len(lines) and lines[line].strip():
        return Spot(line + 1, column + 1, 1)
    while line > 0 and (line >= len(lines) or not lines[line].strip()):
        line -= 1
    return Spot(line + 1, len(lines[line].rstrip()) + 1 if lines[line].strip() else 1, 1)
