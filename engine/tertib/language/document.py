"""YAML files as plain data in which every key and value knows its place.

Only the events of PyYAML are used, never its constructor: aliases are not followed, tags not obeyed, and whatever
a rule may not hold (see `LARGEST`, `DEEPEST`, `MOST_VALUES`) is refused before anything is built from it. A plain scalar is what
it looks like: `true`, `false`, `null`, `~`, whole numbers and plain decimals; `no`, `on`, `0123`, `1_000` and dates
stay the text that people wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

import yaml

from tertib.language.flaws import Flaw, Spot, syntax_flaw
from tertib.language.wording import quote
from tertib.model import Path

__all__ = ["DEEPEST", "LARGEST", "Document", "Flaw", "Parsed", "Spot", "parse", "walk"]

LARGEST: Final = 256 * 1024
DEEPEST: Final = 32
MOST_VALUES: Final = 20_000
"""How many keys, values and documents a file may hold: a longer list belongs into a lookup table."""

MOST_FLAWS: Final = 100
"""After how many mistakes a file is not read on."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,29})\.[0-9]{1,30}", re.ASCII)
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_UNSEEN = re.compile(
    # what YAML does not allow in a file, then what reorders or hides text on the reader's screen
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)


class _Span(NamedTuple):
    """Where a node starts and ends, from 0, and its style (``'``, ``"``, ``|``, ``>`` or empty)."""

    line: int
    column: int
    end_line: int
    end_column: int
    style: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its data, and where every key and value stands."""

    data: Any
    lines: tuple[str, ...] = field(repr=False)
    keys: Mapping[Path, _Span] = field(repr=False)
    values: Mapping[Path, _Span] = field(repr=False)

    def spot(self, path: Path, *, on_key: bool = False, offset: int = 0, width: int | None = None) -> Spot:
        """Return the place of the value at `path`, or of its key, or of a word inside its text.

        A path that the document does not hold stands for the nearest value above it that it does hold.
        """
        known = path
        while known and known not in self.values:
            known = known[:-1]
        if known in self.keys and (on_key or _is_blank(self.values[known])):
            return self._clip(self.keys[known])
        span = self.values.get(known, _Span(0, 0, 0, 0, ""))
        if known != path or not (offset or width):
            return self._clip(span)
        return self._inside(span, _at(self.data, path), offset, width or 1)

    def source_line(self, line: int) -> str:
        """Return a line of the file, counted from 1, empty where there is none."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""

    def _clip(self, span: _Span) -> Spot:
        end = span.end_column if span.end_line == span.line else len(self.source_line(span.line + 1).rstrip())
        wide = span.style != "block" and span.style not in {"|", ">"}
        return Spot(span.line + 1, span.column + 1, max(1, end - span.column) if wide else 1)

    def _inside(self, span: _Span, text: Any, offset: int, width: int) -> Spot:
        """Find a word of a text: exact in one-line scalars and literal blocks, else the text's own place."""
        if not isinstance(text, str) or not 0 <= offset < len(text):
            return self._clip(span)
        if span.style == "|":
            return self._inside_block(span, text, offset, width)
        quoted = 1 if span.style in {"'", '"'} else 0
        column = span.column + quoted + offset
        word = text[offset : offset + width]
        if span.line != span.end_line or self.source_line(span.line + 1)[column : column + len(word)] != word:
            return self._clip(span)
        return Spot(span.line + 1, column + 1, max(1, len(word)))

    def _inside_block(self, span: _Span, text: str, offset: int, width: int) -> Spot:
        before = text[:offset]
        line = span.line + 1 + before.count("\n")
        written = self.source_line(line + 1)
        content = text.split("\n")[before.count("\n")]
        indent = len(written) - len(content) if written.endswith(content) else 0
        return Spot(line + 1, indent + offset - before.rfind("\n"), width)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file: its documents that could be read, in order with their numbers, and everything refused about it."""

    documents: tuple[tuple[int, Document], ...]
    flaws: tuple[Flaw, ...]
    lines: tuple[str, ...] = field(repr=False, default=())


def parse(raw: bytes) -> Parsed:
    """Read a file's bytes; every flaw that can be told apart is reported, not the first alone."""
    if len(raw) > LARGEST:
        limit = f"the file has {len(raw) // 1024} KiB; more than {LARGEST // 1024} KiB are not read"
        return Parsed((), (Flaw(Spot(1, 1, 1), "T104", limit, "split it into several files"),))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        lines = tuple(_BREAKS.split(raw.decode("utf-8", "replace").removeprefix("\ufeff")))
        return Parsed((), (_undecodable(raw, error),), lines)
    lines = tuple(_BREAKS.split(text))
    unseen = _UNSEEN.search(text)
    if unseen is not None:
        return Parsed((), (_unseen(text, unseen),), lines)
    return _Reader(text, lines).read()


def _undecodable(raw: bytes, error: UnicodeDecodeError) -> Flaw:
    before = _BREAKS.split(raw[: error.start].decode("utf-8", "replace").removeprefix("\ufeff"))
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in raw[:4]:
        return Flaw(Spot(1, 1, 1), "T105", "the file is UTF-16 text, not UTF-8", "save it as UTF-8")
    spot = Spot(len(before), len(before[-1]) + 1, 1)
    return Flaw(
        spot, "T105", f"the byte 0x{raw[error.start]:02x} is not UTF-8 text", "save the file as UTF-8"
    )


def _unseen(text: str, found: re.Match[str]) -> Flaw:
    before = _BREAKS.split(text[: found.start()])
    spot = Spot(len(before), len(before[-1]) + 1, 1)
    name = f"U+{ord(found[0]):04X}"
    return Flaw(
        spot,
        "T106",
        f"the character {name} cannot be seen and is not allowed",
        "delete it and type the line anew",
    )


# --- reading the events ---------------------------------------------------------------------------------


class _Stop(Exception):  # noqa: N818 - a signal between two methods, no error of a caller's
    """Ends the reading of a file whose flaws make the rest meaningless."""


class _Open:
    """A mapping or list whose end has not come yet."""

    __slots__ = ("key", "path", "seen", "value")

    def __init__(self, path: Path, value: dict[str, Any] | list[Any]) -> None:
        self.path = path
        self.value = value
        self.key: str | None = None
        self.seen: set[str] = set()


class _Reader:
    """Builds documents from events, one file."""

    def __init__(self, text: str, lines: tuple[str, ...]) -> None:
        self.text = text
        self.lines = lines
        self.flaws: list[Flaw] = []
        self.documents: list[tuple[int, Document]] = []
        self.count = 0
        self.size = 0
        self.begin()

    def begin(self) -> None:
        """Start a document."""
        self.data: Any = None
        self.stack: list[_Open] = []
        self.keys: dict[Path, _Span] = {}
        self.values: dict[Path, _Span] = {}
        self.anchors: set[str] = set()
        self.sound = True

    def read(self) -> Parsed:
        """Run through the events and return what they came to."""
        try:
            for event in yaml.parse(self.text, Loader=_LOADER):
                self.take(event)
        except _Stop:
            pass
        except yaml.MarkedYAMLError as error:
            self.flaws.append(syntax_flaw(error, self.lines))
        except (yaml.YAMLError, RecursionError):
            self.flaws.append(Flaw(Spot(1, 1, 1), "T107", "this is not valid YAML"))
        else:
            if not self.count:
                self.flaws.append(
                    Flaw(Spot(1, 1, 1), "T114", "the file is empty", "delete it, or write a rule")
                )
        return Parsed(tuple(self.documents), tuple(self.flaws), self.lines)

    def take(self, event: Any) -> None:
        """Take one event into the document that is being built."""
        kind = type(event)
        self.measure(event)
        if kind is yaml.ScalarEvent:
            self.refuse_marks(event)
            self.scalar(event)
        elif kind is yaml.MappingStartEvent:
            self.refuse_marks(event)
            self.open(event, {})
        elif kind is yaml.SequenceStartEvent:
            self.refuse_marks(event)
            self.open(event, [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self.stack.pop()
        elif kind is yaml.AliasEvent:
            self.alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.begin()
        elif kind is yaml.DocumentEndEvent:
            self.finish()

    def measure(self, event: Any) -> None:
        """Stop at a file that holds more than anybody reads, be it values or mistakes."""
        self.size += 1
        if len(self.flaws) >= MOST_FLAWS:
            hint = "mend these first"
            said = f"the file has more than {MOST_FLAWS} mistakes, and is not read on from here"
        elif self.size > MOST_VALUES:
            hint = "split it into several files; a long list belongs into a lookup table"
            said = f"the file holds more than {MOST_VALUES} keys and values"
        else:
            return
        self.flaw(self.spot(event.start_mark, 1), "T104", said, hint)
        raise _Stop

    def finish(self) -> None:
        """Close a document."""
        if self.data is None and self.sound:
            span = self.values.get((), _Span(0, 0, 0, 0, ""))
            line = min(span.line, len(self.lines) - 1)
            self.flaw(
                Spot(line + 1, 1, 1),
                "T114",
                "this document is empty",
                "delete the `---` that opens it, or write a rule",
            )
        if self.sound:
            self.documents.append((self.count, Document(self.data, self.lines, self.keys, self.values)))
        self.count += 1

    def flaw(
        self, spot: Spot, code: str, message: str, hint: str | None = None, *, fatal: bool = True
    ) -> None:
        """Note a flaw; a fatal one means that the document's data cannot be judged."""
        self.flaws.append(Flaw(spot, code, message, hint, self.count))
        self.sound = self.sound and not fatal

    # --- nodes

    def refuse_marks(self, event: Any) -> None:
        """Refuse a node's anchor and tag, where it has one."""
        if event.anchor is not None:
            self.anchors.add(event.anchor)
            spot = self.spot(event.start_mark, len(event.anchor) + 1)
            self.flaw(
                spot,
                "T111",
                f"the anchor `&{event.anchor}` is not allowed",
                "write the value out wherever it is used",
            )
        if event.tag is not None:
            written = self.lines[event.start_mark.line][event.start_mark.column :]
            found = re.search(r"!\S*", written)
            spot = self.spot(event.start_mark, 1)
            if found is not None:
                spot = Spot(spot.line, spot.column + found.start(), len(found[0]))
            self.flaw(
                spot,
                "T113",
                f"the YAML tag {quote(found[0] if found else '!')} is not allowed",
                "a value is what it looks like; quotes make it a text",
            )

    def alias(self, event: Any) -> None:
        """Refuse an alias; one whose anchor was refused already is that same mistake."""
        self.sound = False
        if event.anchor not in self.anchors:
            spot = self.spot(event.start_mark, len(event.anchor) + 1)
            hint = f'a text that begins with `*` needs quotes: `"*{event.anchor}"`'
            self.flaw(spot, "T111", f"the alias `*{event.anchor}` is not allowed", hint)
        self.place(None, _span(event))

    def scalar(self, event: Any) -> None:
        """Take a scalar, as a key where a mapping waits for one."""
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self.key(event, top, top.value)
        else:
            self.place(event.value if event.style else _plain(event.value), _span(event))

    def key(self, event: Any, top: _Open, mapping: dict[str, Any]) -> None:
        """Take a mapping's key: a word, once."""
        word = event.value
        span = _span(event)
        spot = self.spot(event.start_mark, span.end_column - span.column if span.line == span.end_line else 1)
        if word == "<<" and not event.style:
            self.flaw(spot, "T112", "the merge key `<<` is not allowed", "write the keys out")
        elif word == "":
            self.flaw(spot, "T115", "a key is missing before `:`")
        elif word in top.seen:
            first = self.keys[(*top.path, word)].line + 1
            hint = f"it stands first in line {first}; keep one of the two"
            self.flaw(spot, "T110", f"the key {quote(word)} stands here twice", hint, fatal=False)
            # the second value is read past, so that the first one is judged in its own place
            word = f"{word}\0{len(top.seen)}"
        top.seen.add(word)
        top.key = word
        if "\0" not in word:
            mapping[word] = None
            self.keys[*top.path, word] = span

    def open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        """Open a mapping or a list."""
        if len(self.stack) >= DEEPEST:
            self.flaw(self.spot(event.start_mark, 1), "T109", f"this is nested deeper than {DEEPEST} levels")
            raise _Stop
        path = self.place(value, _span(event)._replace(style="" if event.flow_style else "block"))
        self.stack.append(_Open(path, value))

    def place(self, value: Any, span: _Span) -> Path:
        """Put a value where the open mapping or list, or the document, waits for it; return its path."""
        if not self.stack:
            self.data = value
            self.values[()] = span
            return ()
        top = self.stack[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
        elif top.key is None:
            spot = Spot(span.line + 1, span.column + 1, 1)
            # `{{ x }}` without quotes is a mapping whose key is a mapping
            braces = self.lines[span.line][max(span.column - 1, 0) :].startswith("{{")
            hint = 'a template needs quotes: `"{{ order.order_id }}"`' if braces else None
            self.flaw(spot, "T115", "a key must be a word, not a list or a block of keys", hint)
            raise _Stop
        else:
            path = (*top.path, top.key)
            if "\0" not in top.key:
                top.value[top.key] = value
            top.key = None
        self.values[path] = span
        return path

    def spot(self, mark: Any, width: int) -> Spot:
        """Turn PyYAML's mark into a place."""
        return Spot(mark.line + 1, mark.column + 1, max(1, width))


def _span(event: Any) -> _Span:
    start, end = event.start_mark, event.end_mark
    style = getattr(event, "style", None)
    return _Span(start.line, start.column, end.line, end.column, style or "")


def _is_blank(span: _Span) -> bool:
    return span.line == span.end_line and span.column == span.end_column


def _plain(text: str) -> Any:
    """Read a plain scalar: the few words and numbers that are no text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def walk(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value of a document with its path, the outer before the inner."""
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, (*path, index))
