"""What of a page stands in plain letters, where every text of the catalogue is written in strange ones.

Whatever a visitor reads there was either never looked up, or it is data: an order's number, a rule's name, a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from tertib.language.codes import CODES
from tertib.ledger.people import ROLES
from tertib.plan.holds import HOLDS
from tertib.scalev import contract

_EMPTY: Final = frozenset({"meta", "link", "input", "br", "hr", "img"})
_UNSEEN: Final = frozenset({"script", "style"})
_READ: Final = ("title", "aria-label", "placeholder", "alt", "data-label")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./:@%-]*[A-Za-z0-9_]|[A-Za-z]")

PATTERNS: Final = {
    r"https?://\S+": "an address",
    r"\S+/\d{4}-\d\d-\d\dT\S+": "a slot's key",
    r"\S+…": "a rule's name in a chart, where the whole one has no room",
    r"\[[^\][]*\]": "an order's tags",
    r"\b[A-Z]{2,4}\d{8,}\b": "a courier's receipt",
    r"\b\d{1,2} (?:Jan|Feb|Mar|Apr|Mei|Jun|Jul|Agu|Sep|Okt|Nov|Des)\b": "a day, in Indonesian already",
    r"\b(?:WIB|WITA|WIT|UTC)\b": "a zone's name",
    r"\bRp\b": "money",
    r"\b[\w-]+-\d+(?:\.\d+)?\b(?= |$|\W)": "a run's id, or an order's number",
    r"\b\d{6}[A-Z]{6}\b": "an order's number",
    r"\bundo:": "what the rules of an undo are called by",
    r"\b[\w.]+: \{[^{}]*\}": "a condition, as the rule spells it",
    r"\b[0-9a-f]{12,64}\b": "a plan's id",
    r"\b\d{4}-\d\d-\d\d(?:T[\d:.+]+Z?)?": "an instant in a document",
    r"`[^`]*`": "what is typed, or was: a command, a setting, a name",
    r"\bAsia/\w+\b": "a time zone, as the settings spell it",
}
"""What is data wherever it stands, and why."""

WORDS: Final = frozenset(
    {
        *("Tertib", "tertib", "Scalev"),
        *("JSON", "CSV", "English"),  # formats, and the other language by its own name
        *ROLES,  # typed so on the command line
        *HOLDS,
        *CODES,
        *("preview", "approve", "apply", "null", "true", "false", "any", "by", "x"),
        *("delivered", "undelivered", "on_delivery", "problem", "returned"),  # how shipments stand
        *("pending", "draft", "canceled", *contract.STATUS_FLOW, *contract.PAYMENT_STATUSES),
        *(name for methods in contract.PAYMENT_METHODS.values() for name in methods),
        *contract.ACTION_FIELDS,
        *contract.PARAMETERS,
        *(path for fields in contract.FIELDS.values() for path in fields),
    }
)
"""Words of the rule language and of Scalev, which people type and see so."""


@dataclass
class Piece:
    """Something that a visitor reads, or hears read: a text or an attribute, and the elements that it stands in."""

    words: str
    inside: tuple[str, ...]


@dataclass
class Reader(HTMLParser):
    """Reads a page as a visitor does; `quoted` are texts that the page marks as English."""

    pieces: list[Piece] = field(default_factory=list)
    quoted: list[Piece] = field(default_factory=list)
    language: str = ""
    _open: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Go into an element, and read what is said of it."""
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        if tag not in _EMPTY:
            self._open.append((tag, given))
        for name in _READ:
            if name in given:
                self._take(given[name], f"@{name}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read what is said of an element without content."""
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Read a text."""
        if data.strip():
            self._take(data.strip(), "")

    def _take(self, words: str, attribute: str) -> None:
        inside = tuple(tag for tag, _ in self._open)
        if not _UNSEEN & set(inside):
            piece = Piece(words, (*inside, attribute) if attribute else inside)
            in_english = any(given.get("lang") == "en" for _, given in self._open)
            (self.quoted if in_english else self.pieces).append(piece)


def plain(page: str, data: Iterable[str], unread: Iterable[str] = ("code",)) -> Iterator[str]:
    """Yield what a page says in plain letters that is no data; `unread` names elements which hold nothing else."""
    reader = Reader()
    reader.feed(page)
    known = sorted({one for one in data if one}, key=len, reverse=True)
    for piece in reader.pieces:
        if set(unread) & set(piece.inside):
            continue
        strange = [word for word in _WORD.findall(_without(known, piece.words)) if word not in WORDS]
        if strange:
            yield f"{' > '.join(piece.inside[-2:])}: {piece.words!r} has {strange}"


def _without(known: Iterable[str], words: str) -> str:
    """Return words without the data in them: whole sentences first, of which a pattern would leave a half."""
    left = words
    for one in (data for data in known if " " in data):
        left = left.replace(one, " ")
    for pattern in PATTERNS:
        left = re.sub(pattern, " ", left)
    for one in known:
        left = left.replace(one, " ")
    return left


def quoted(page: str) -> list[str]:
    """Return what a page quotes in English."""
    reader = Reader()
    reader.feed(page)
    return [one.words for one in reader.quoted]
