"""What compiled conditions call: readers of single values, each total and as exact as `values`.

A reader returns None wherever nothing is known, and tells `note` (where there is one) the path of a text that is no
time, and of a value that is no number. Other values of a wrong JSON type are not told here: whoever decodes a page
sees those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from tertib.language.calendars import before
from tertib.language.interpret import duration_of
from tertib.language.values import UNREADABLE, elements, read_as
from tertib.model import MISSING, Distance, Kind

Note: TypeAlias = Callable[[str], None]
"""Told the path of a value that could not be read."""

_WIDEST: Final = 512
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_EMPTY: Final[frozenset[str | None]] = frozenset()
_PLAIN_LENGTH: Final = 20
_PLAIN_SIGNS: Final = "--T::Z"
_parse = datetime.fromisoformat


def is_mapping(value: Any) -> bool:
    """Tell whether a value is an object."""
    return isinstance(value, Mapping)


def below(parent: Any, key: str) -> Any:
    """Return what lies below a parent that is no plain dict, as `values.find` does."""
    if parent is None or parent is MISSING:
        return parent
    return parent.get(key, MISSING) if isinstance(parent, Mapping) else UNREADABLE


def ago(now: datetime, distance: Distance) -> datetime:
    """Return the instant this long before `now`; the first of the calendar where it has no such instant."""
    try:
        return before(now, distance)
    except OverflowError:
        return _EARLIEST


def time_of(raw: Any, note: Note | None, path: str) -> datetime | None:
    """Read a time. Nearly all come as `2026-03-07T12:00:00Z`, which needs no pattern to be sure of."""
    if raw.__class__ is str and len(raw) == _PLAIN_LENGTH and raw[4::3] == _PLAIN_SIGNS:
        try:
            return _parse(raw)
        except ValueError:
            pass
    value: datetime | None = _told(raw, Kind.TIME, note, path)
    return value


def number_of(raw: Any, note: Note | None, path: str) -> Any:
    """Read a number exactly; an `int` stays one, since it compares exactly with any `Decimal`."""
    if raw.__class__ is int and raw.bit_length() <= _WIDEST:
        return raw
    return _told(raw, Kind.NUMBER, note, path)


def id_of(raw: Any, _note: Note | None, _path: str) -> str | None:
    """Read an id as text."""
    if raw.__class__ is str:
        return raw or None
    found = read_as(raw, Kind.ID)
    return found if isinstance(found, str) else None


def names_of(raw: Any, _note: Note | None, _path: str) -> frozenset[str | None] | None:
    """Read the names in a list of tags; None stands among them for an element without one."""
    if raw.__class__ is not list:
        return _named(raw, Kind.TAGS)
    if not raw:
        return _EMPTY
    found = [
        tag.get("name") if tag.__class__ is dict else tag if tag.__class__ is str else _name(tag)
        for tag in raw
    ]
    return frozenset([name if name.__class__ is str and name else None for name in found])


def _name(tag: Any) -> Any:
    return tag.get("name") if isinstance(tag, Mapping) else None


def texts_of(raw: Any, _note: Note | None, _path: str) -> frozenset[str | None] | None:
    """Read a list of texts; None stands for an element that is none."""
    return _named(raw, Kind.TEXTS)


def quantities_of(raw: Any, _note: Note | None, _path: str) -> frozenset[str | None] | None:
    """Read the names in an object of quantities; None stands for an empty one."""
    return _named(raw, Kind.QUANTITIES)


def _named(raw: Any, kind: Kind) -> frozenset[str | None] | None:
    found = read_as(raw, kind)
    return frozenset(found) if isinstance(found, tuple) else None


def length_of(raw: Any, _note: Note | None, _path: str) -> int | None:
    """Count the elements of a list."""
    return len(raw) if isinstance(raw, list | tuple) else None


def entries_of(raw: Any, _note: Note | None, _path: str) -> int | None:
    """Count the entries of an object of quantities."""
    return len(raw) if isinstance(raw, Mapping) else None


def lasting(amount: Any, unit: str, note: Note | None, path: str) -> timedelta | None:
    """Return a number of a unit as a duration."""
    found = duration_of(amount, unit)
    if found is None and note is not None:
        note(path)
    return found


def _told(raw: Any, kind: Kind, note: Note | None, path: str) -> Any:
    """Read a value the slow and exact way, and tell of one that is none of its kind."""
    value = read_as(raw, kind)
    told = value is UNREADABLE and raw is not UNREADABLE and (kind is not Kind.TIME or isinstance(raw, str))
    if told and note is not None:
        note(path)
    return value if isinstance(value, datetime | Decimal) else None


READERS: Final[Mapping[Kind, Callable[[Any, Note | None, str], Any]]] = {
    Kind.TIME: time_of,
    Kind.NUMBER: number_of,
    Kind.MONEY: number_of,
    Kind.ID: id_of,
    Kind.TAGS: names_of,
    Kind.TEXTS: texts_of,
    Kind.QUANTITIES: quantities_of,
}
"""How a field of a kind is read before it is compared; kinds without a reader compare as they came."""


# --- objects in lists -----------------------------------------------------------------------------------

ItemTest: TypeAlias = Callable[[Any, datetime, Note | None], bool]


def some(raw: Any, kind: Kind, test: ItemTest, now: datetime, note: Note | None) -> bool:
    """Tell whether an object of the list satisfies the test."""
    return any(test(item, now, note) for item in _items(raw, kind) or ())


def every(raw: Any, kind: Kind, test: ItemTest, now: datetime, note: Note | None) -> bool:
    """Tell whether there is a list, and every object of it satisfies the test."""
    found = _items(raw, kind)
    return found is not None and all(test(item, now, note) for item in found)


def _items(raw: Any, kind: Kind) -> Sequence[Any] | None:
    if raw.__class__ is list and kind is Kind.OBJECTS:
        return raw
    found = elements(raw, kind)
    return found if isinstance(found, tuple) else None


# --- constants with a memory ----------------------------------------------------------------------------


class Remembered(dict[Any, bool]):
    """What a costly test says of a value, for the values seen last; bounded, so that it may meet any number."""

    __slots__ = ("_test",)
    _MOST: Final = 512

    def __init__(self, test: Callable[[Any], bool]) -> None:
        super().__init__()
        self._test = test

    def __missing__(self, value: Any) -> bool:
        if len(self) >= self._MOST:
            self.clear()
        found = self[value] = self._test(value)
        return found
