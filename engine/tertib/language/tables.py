"""Lookup tables: the CSV files that stand beside a rule, checked and read by their key.

Spreadsheets write them, in whatever way their country has it: commas or semicolons, with or without a byte order
mark, with empty rows at the end. Everything else that a person might not have meant is refused, with its line. Cells
may be personal: no message shows one, but for keys that are plainly an order's number.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tertib.language.nearest import did_you_mean
from tertib.language.wording import one_of, quote
from tertib.model import Complaint, Path, Table

LARGEST: Final = 16 * 1024 * 1024
MOST_ROWS: Final = 200_000
NONE: Final[Mapping[str, Table]] = MappingProxyType({})
_MOST_COLUMNS: Final = 500
_MOST_COMPLAINTS: Final = 5
_LONGEST_NAME: Final = 80
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_BREAK: Final = re.compile(r"[\r\n]")
_TOO_LONG: Final = "field larger than field limit"
"""How Python begins to say that a cell is too long."""
_QUOTED: Final = re.compile(r'"[^"]*"?')


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry of a rule's `data`: the table's name, its file as written, and its key column where one is named.

    `path` is where the entry stands in the rule, `at_file` where the file's name does.
    """

    name: str
    file: str
    key: str | None
    path: Path
    at_file: Path


def wanted(data: Any, complaints: list[Complaint], path: Path = ("data",)) -> Iterator[Wanted]:
    """Yield the tables that a rule's `data` names; what has the wrong type is the schema's to report."""
    for name, entry in data.items() if isinstance(data, Mapping) else ():
        spot = (*path, name)
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            hint = "a letter, then letters, digits, `-` and `_`, such as `proofs`"
            message = f"{quote(name)} cannot be a table's name"
            complaints.append(Complaint(spot, "T125", message, hint, on_key=True))
        elif isinstance(entry, str) and entry:
            yield Wanted(name, entry, None, spot, spot)
        elif isinstance(entry, Mapping) and isinstance(entry.get("file"), str) and entry["file"]:
            key = entry.get("key")
            named = key if isinstance(key, str) and key else None
            yield Wanted(name, entry["file"], named, spot, (*spot, "file"))


def hint(name: str, known: Collection[str]) -> str:
    """Return what to do about a table that a rule names and does not have, where `known` are those it has."""
    close = did_you_mean(name, known)
    if close is not None:
        return close
    return one_of(known) if known else "a rule names its tables and their files: `data: {proofs: proofs.csv}`"


def parse(
    raw: bytes, asked: Wanted, file: str, complaints: list[Complaint], *, open_keys: frozenset[str]
) -> Table | None:
    """Read a CSV file's bytes as the table that was asked for; None after a complaint.

    `file` is where the bytes came from, for the table. `open_keys` names the columns whose values a message may show.
    """
    text = _decoded(raw, asked, complaints)
    reader = None if text is None else _Reader(text, asked, complaints, open_keys)
    rows = None if reader is None else reader.read()
    if reader is None or rows is None:
        return None
    return Table(asked.name, file, reader.key, reader.columns, hashlib.sha256(raw).hexdigest(), rows)


class Rows(Mapping[str, Mapping[str, str]]):
    """A table's rows by key; a row is put together when it is asked for, since most never are."""

    __slots__ = ("_cells", "_columns")

    def __init__(self, columns: tuple[str, ...], cells: Mapping[str, tuple[str, ...]]) -> None:
        self._columns = columns
        self._cells = cells

    def __getitem__(self, key: str) -> Mapping[str, str]:
        return dict(zip(self._columns, self._cells[key], strict=True))

    def __contains__(self, key: object) -> bool:
        return key in self._cells

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"<{len(self)} rows>"


# --- text -----------------------------------------------------------------------------------------------


def _decoded(raw: bytes, asked: Wanted, complaints: list[Complaint]) -> str | None:
    name, hint = quote(asked.file), "save it as `CSV UTF-8`"
    if len(raw) > LARGEST:
        message = f"{name} is larger than {LARGEST // 1024 // 1024} MiB"
        complaints.append(
            Complaint(asked.at_file, "T128", message, "keep only the rows that are still needed")
        )
        return None
    if raw[:4] == b"PK\x03\x04":
        complaints.append(Complaint(asked.at_file, "T129", f"{name} is a workbook, not a CSV file", hint))
        return None
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in raw[:4]:
        complaints.append(Complaint(asked.at_file, "T129", f"{name} is UTF-16 text, not UTF-8", hint))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # with a byte order mark the decoder counts from behind it
        start = error.start + (3 if raw.startswith(b"\xef\xbb\xbf") else 0)
        line = raw.count(b"\n", 0, start) + 1
        message = f"line {line} of {name} has the byte 0x{raw[start]:02x}, which is not UTF-8 text"
        complaints.append(Complaint(asked.at_file, "T129", message, hint))
        return None


def _delimiter(text: str) -> str:
    """Return the delimiter of a CSV text: the one that its header line has more of, outside of quotes."""
    header = _QUOTED.sub("", _BREAK.split(text, 1)[0])
    return ";" if header.count(";") > header.count(",") else ","


# --- rows -----------------------------------------------------------------------------------------------


class _Reader:
    """Reads one CSV text; every method adds its complaints. `line` is where the row at hand begins."""

    def __init__(
        self, text: str, asked: Wanted, complaints: list[Complaint], open_keys: frozenset[str]
    ) -> None:
        self.asked = asked
        self.name = quote(asked.file)
        self.complaints = complaints
        self.open_keys = open_keys
        self.found = 0
        self.line = 1
        self.key = ""
        self.columns: tuple[str, ...] = ()
        self.delimiter = _delimiter(text)
        source = io.StringIO(text, newline="")
        self.lines = csv.reader(source, delimiter=self.delimiter, skipinitialspace=True, strict=True)

    def read(self) -> Rows | None:
        """Return the rows, None where anything is wrong with them."""
        cells: dict[str, tuple[str, ...]] = {}
        try:
            if not self.header():
                return None
            self.rows(cells)
        except csv.Error as error:
            hint = 'a cell in quotes ends with one quote; a quote inside is written twice: `""`'
            why = "cannot be read: its quotes do not fit"
            if str(error).startswith(_TOO_LONG):
                why = (
                    f"has a cell of more than {csv.field_size_limit()} characters, the most that one may have"
                )
            self.say("T129", f"line {self.line} of {self.name} {why}", hint)
        return None if self.found else Rows(self.columns, cells)

    def header(self) -> bool:
        """Read the names of the columns and find the key among them."""
        self.columns = tuple(map(str.strip, next(self.lines, ())))
        if not any(self.columns):
            hint = "the first line names the columns: `order_id,url`"
            self.say("T130", f"{self.name} does not begin with the names of its columns", hint)
        elif len(self.columns) > _MOST_COLUMNS:
            self.say("T130", f"{self.name} has {len(self.columns)} columns; at most {_MOST_COLUMNS} are read")
        else:
            self.check_columns()
            self.find_key()
        return not self.found

    def check_columns(self) -> None:
        """Report columns without a name, and names that stand twice."""
        first: dict[str, int] = {}
        for number, column in enumerate(self.columns, 1):
            if not column:
                hint = "name it in the first line, or delete it"
                self.say("T130", f"column {number} of {self.name} has no name", hint)
            elif first.setdefault(column, number) != number:
                message = f"{self.name} has the column {quote(column)} twice, as number {first[column]} and {number}"
                self.say("T130", message, "every column needs a name of its own")

    def find_key(self) -> None:
        """Take the key column that the rule names, or the first one."""
        self.key = self.asked.key or self.columns[0]
        if self.key not in self.columns:
            named = [column for column in self.columns if column]
            hint = did_you_mean(self.key, named) or one_of(named[:20])
            message = f"{self.name} has no column {quote(self.key)}"
            self.say("T131", message, hint, path=(*self.asked.path, "key"))

    def rows(self, cells: dict[str, tuple[str, ...]]) -> None:
        """Read all rows into `cells`; rows that are empty throughout are passed over."""
        at, width, lines = self.columns.index(self.key), len(self.columns), self.lines
        begins: dict[str, int] = {}
        self.line = lines.line_num + 1
        for row in lines:
            found = tuple(map(str.strip, row))
            if len(found) == width and found[at] and found[at] not in cells:
                cells[found[at]] = found
                begins[found[at]] = self.line
            elif any(found):
                self.odd_row(found, at, begins)
            self.line = lines.line_num + 1
            if len(cells) > MOST_ROWS or self.found >= _MOST_COMPLAINTS:
                break
        if len(cells) > MOST_ROWS:
            hint = "keep only the rows that are still needed"
            self.say("T128", f"{self.name} has more than {MOST_ROWS} rows", hint)

    def odd_row(self, row: Sequence[str], at: int, begins: Mapping[str, int]) -> None:
        """Report a row of another length than the header's, or whose key is empty or was there before."""
        if len(row) != len(self.columns):
            message = f"line {self.line} of {self.name} has {_cells(row)}, and the first line {_cells(self.columns)}"
            self.say("T129", message, f"a cell that holds `{self.delimiter}` needs quotes")
        elif not row[at]:
            hint = "the key is what orders are looked up by"
            self.say(
                "T132",
                f"line {self.line} of {self.name} has nothing in its key column {quote(self.key)}",
                hint,
            )
        else:
            shown = f"the key {quote(row[at])}" if self.key in self.open_keys else "the same key"
            message = f"lines {begins[row[at]]} and {self.line} of {self.name} have {shown}"
            self.say("T132", message, f"each value of {quote(self.key)} may stand there once")

    def say(self, code: str, message: str, hint: str | None = None, *, path: Path | None = None) -> None:
        """Add a complaint, at the file's name in the rule where no other place is given."""
        self.found += 1
        self.complaints.append(Complaint(path or self.asked.at_file, code, message, hint))


def _cells(row: Sequence[str]) -> str:
    return f"{len(row)} cell{'' if len(row) == 1 else 's'}"
