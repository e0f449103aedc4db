"""What an order holds at a path, and how its JSON value reads as a field's kind.

Reading is total: whatever an order holds, the result is a value, None (null or ``""``), `MISSING` or
`UNREADABLE`. The kinds and what they accept:

- text, enum: JSON text. A number is not text.
- number, money: a JSON number, or text that is a plain decimal (`168724.00`); no exponent, no blanks.
- boolean: `true` and `false`, not their spelling as text.
- time: text in ISO 8601 with an offset.
- id: an integer or text; `12` and `"12"` are the same id.
- tags, texts, objects: a JSON list; an element that cannot be read is None in the result.
- quantities: an object `{name: quantity}`, read as entries with `name` and `quantity`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from tertib.language import durations
from tertib.model import MISSING, Field, Kind, Missing, Order

_PLAIN_DECIMAL = re.compile(r"-?\d{1,100}(?:\.\d{1,100})?", re.ASCII)
_LARGEST_EXPONENT = 100
"""Texts have at most so many digits on either side of the point; a number may be no larger and no finer."""
_WIDEST_NUMBER = 512
"""In bits: far beyond any amount, and short of where Python refuses to write an integer out."""


class Unreadable(Enum):
    """The type of `UNREADABLE`, which stands for a value that does not read as its field's kind."""

    UNREADABLE = "unreadable"

    def __bool__(self) -> bool:
        return False


UNREADABLE: Final = Unreadable.UNREADABLE


def find(order: Any, path: str) -> Any:
    """Return the raw value at a dotted path of an order, or of an object in one.

    None where the value or an object on the way is null, `MISSING` where a key is absent, `UNREADABLE` where
    something on the way is neither an object nor null.
    """
    if not isinstance(order, Mapping):
        return UNREADABLE
    value: Any = order
    for key in path.split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return UNREADABLE
        value = value.get(key, MISSING)
        if value is MISSING:
            return MISSING
    return value


def read(raw: Any, field: Field) -> Any:
    """Return a raw value as its field's kind; see `read_as`."""
    return read_as(raw, field.kind)


def read_as(raw: Any, kind: Kind) -> Any:
    """Return a raw value as a kind, None for null and ``""``, `MISSING` for itself, or `UNREADABLE`."""
    if raw is MISSING or raw is UNREADABLE:
        return raw
    if raw is None or (isinstance(raw, str) and raw == ""):
        return None
    return _READERS[kind](raw)


def value_of(order: Order, field: Field) -> Any:
    """Return what an order holds for a field, read as its kind."""
    return read_as(find(order, field.path), field.kind)


def is_null(raw: Any) -> bool | None:
    """Tell whether a raw value is null or ``""``; None where that is not known."""
    if raw is MISSING or raw is UNREADABLE:
        return None
    return raw is None or (isinstance(raw, str) and raw == "")


def why_unreadable(raw: Any, kind: Kind) -> str:
    """Say why a raw value does not read as a kind, without showing the value: it may be personal."""
    wanted = _WANTED[kind]
    if raw is UNREADABLE:
        return "something on its path is not an object"
    if kind is Kind.TIME and isinstance(raw, str):
        return "the text is not an ISO 8601 time with an offset"
    if kind in {Kind.NUMBER, Kind.MONEY} and isinstance(raw, str):
        return "the text is not a plain decimal number"
    if (
        kind in {Kind.NUMBER, Kind.MONEY}
        and isinstance(raw, int | float | Decimal)
        and not isinstance(raw, bool)
    ):
        return "the number is too large or too fine to reckon with"
    return f"{_json_type(raw)} where {wanted} is expected"


def _json_type(raw: Any) -> str:
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (str, "text"),
        ((int, float, Decimal), "a number"),
        (Mapping, "an object"),
        ((list, tuple), "a list"),
    )
    return next((name for kinds, name in names if isinstance(raw, kinds)), "something else")


def _text(raw: Any) -> str | Unreadable:
    return raw if isinstance(raw, str) else UNREADABLE


def _number(raw: Any) -> Decimal | Unreadable:
    if isinstance(raw, str):
        return Decimal(raw) if _PLAIN_DECIMAL.fullmatch(raw) else UNREADABLE
    if isinstance(raw, float):
        # only callers of the Python API have floats: the shortest spelling is the decimal that was meant
        raw = Decimal(repr(raw))
    if isinstance(raw, Decimal):
        return raw if _is_within_bounds(raw) else UNREADABLE
    if isinstance(raw, int) and not isinstance(raw, bool) and raw.bit_length() <= _WIDEST_NUMBER:
        return Decimal(raw)
    return UNREADABLE


def _is_within_bounds(number: Decimal) -> bool:
    """Tell whether a number can be reckoned with: `9e999999` is valid JSON, and a sum or a table of it is none."""
    return number.is_finite() and -_LARGEST_EXPONENT <= number.adjusted() < _LARGEST_EXPONENT


def _boolean(raw: Any) -> bool | Unreadable:
    return raw if isinstance(raw, bool) else UNREADABLE


def _time(raw: Any) -> datetime | Unreadable:
    if not isinstance(raw, str):
        return UNREADABLE
    try:
        return durations.parse_timestamp(raw)
    except ValueError:
        return UNREADABLE


def _id(raw: Any) -> str | Unreadable:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool) and raw.bit_length() <= _WIDEST_NUMBER:
        return str(raw)
    return UNREADABLE


def _tags(raw: Any) -> tuple[str | None, ...] | Unreadable:
    if not isinstance(raw, list | tuple):
        return UNREADABLE
    return tuple(_texts_element(tag.get("name") if isinstance(tag, Mapping) else tag) for tag in raw)


def _texts(raw: Any) -> tuple[str | None, ...] | Unreadable:
    return tuple(map(_texts_element, raw)) if isinstance(raw, list | tuple) else UNREADABLE


def _texts_element(raw: Any) -> str | None:
    return raw if isinstance(raw, str) and raw else None


def _quantities(raw: Any) -> tuple[str | None, ...] | Unreadable:
    return tuple(map(_texts_element, raw)) if isinstance(raw, Mapping) else UNREADABLE


def _objects(raw: Any) -> tuple[Any, ...] | Unreadable:
    return tuple(raw) if isinstance(raw, list | tuple) else UNREADABLE


def _object(raw: Any) -> Any:
    return raw if isinstance(raw, Mapping) else UNREADABLE


def elements(raw: Any, kind: Kind) -> Any:
    """Return the objects of a list field as a tuple, None for null, `MISSING`, or `UNREADABLE`.

    An entry of quantities becomes `{name, quantity}`, a tag given as bare text `{name}`; an element that is no
    object is None.
    """
    if kind is Kind.QUANTITIES and isinstance(raw, Mapping):
        return tuple({"name": name, "quantity": quantity} for name, quantity in raw.items())
    read_raw = read_as(raw, kind)
    if not isinstance(read_raw, tuple) or kind is Kind.QUANTITIES:
        return read_raw
    if kind is Kind.TAGS:
        return tuple(_tag_object(tag) for tag in raw)
    return tuple(item if isinstance(item, Mapping) else None for item in read_raw)


def _tag_object(tag: Any) -> Any:
    if isinstance(tag, str):
        return {"name": tag}
    return tag if isinstance(tag, Mapping) else None


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.ENUM: _text,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: _time,
    Kind.ID: _id,
    Kind.TAGS: _tags,
    Kind.TEXTS: _texts,
    Kind.OBJECTS: _objects,
    Kind.QUANTITIES: _quantities,
    Kind.OBJECT: _object,
    Kind.OPEN: lambda raw: raw,
}

_WANTED: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.ENUM: "text",
    Kind.NUMBER: "a number",
    Kind.MONEY: "an amount of money",
    Kind.BOOLEAN: "true or false",
    Kind.TIME: "a time",
    Kind.ID: "an id",
    Kind.TAGS: "a list of tags",
    Kind.TEXTS: "a list of texts",
    Kind.OBJECTS: "a list of objects",
    Kind.QUANTITIES: "an object of quantities",
    Kind.OBJECT: "an object",
    Kind.OPEN: "anything",
}

__all__ = [
    "MISSING",
    "UNREADABLE",
    "Missing",
    "Unreadable",
    "elements",
    "find",
    "is_null",
    "read",
    "read_as",
    "value_of",
    "why_unreadable",
]
