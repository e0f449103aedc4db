"""The values that a template sees, and the filters on them: an order without its Python.

A look-up of a value that is missing, null or empty ends the rendering: missing knowledge never acts. Numbers that
an answer spells as text compare as numbers, times as instants; both are written as they came.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Self
from urllib.parse import quote as percent

from jinja2 import Undefined

from tertib.language import durations
from tertib.model import Table

LONGEST_OUTPUT: Final = 2_000
_LONGEST_LIST: Final = 1_000
_LARGEST_NUMBER: Final = Decimal(10) ** 30
_PLAIN_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,30})?", re.ASCII)
_URL_KEPT: Final = "/?#[]@!$&'()*+,;=:%~"


class TouchedNothing(Exception):  # noqa: N818 - a finding about an order, turned into a hold by the caller
    """A template used a value that the order does not have; `path` is the field as the template named it."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class FoundNothing(Exception):  # noqa: N818 - as above
    """A template looked something up that a table does not have; `why` says what, and shows no cell of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotOneValue(Exception):  # noqa: N818 - as above
    """A template wrote out a list or an object, a text or a list that is too long, or nothing at all."""


# --- the values a template sees -------------------------------------------------------------------------


class Node:
    """An object of the order, reached by names only; its Python attributes are out of reach."""

    __slots__ = ("path", "values")

    def __init__(self, values: Mapping[str, Any], path: str) -> None:
        self.values = values
        self.path = path

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def __len__(self) -> int:
        return len(self.values)


class Row:
    """A row of a lookup table, reached by the names of its columns only."""

    __slots__ = ("cells", "table")

    def __init__(self, table: str, cells: Mapping[str, str]) -> None:
        self.table = table
        self.cells = cells

    def cell(self, column: str) -> Any:
        """Return a column's value; raises `FoundNothing` where it is empty."""
        found = self.cells[column]
        if not found:
            raise FoundNothing(f"table `{self.table}` has nothing under `{column}` for this order")
        return _text(found)


class Lookup:
    """`lookup('proofs', order.order_id)`, the one thing that a template may call."""

    __slots__ = ("tables",)

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables

    def __call__(self, name: str, key: Any) -> Row:
        """Return the row of that key; raises `FoundNothing` where the table has none."""
        table, wanted = self.tables[name], text_of(key).strip()
        if wanted not in table.rows:
            raise FoundNothing(f"table `{name}` has no row for this order")
        return Row(name, table.rows[wanted])


class Figure(str):
    """A number that an answer spells as text: compared with numbers as a number, written as it came."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return decimal_of(self) == decimal_of(other) if _is_number(other) else str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return str.__hash__(self)

    def __lt__(self, other: Any) -> bool:
        return _compare(self, other, operator.lt)

    def __le__(self, other: Any) -> bool:
        return _compare(self, other, operator.le)

    def __gt__(self, other: Any) -> bool:
        return _compare(self, other, operator.gt)

    def __ge__(self, other: Any) -> bool:
        return _compare(self, other, operator.ge)


class Moment(str):
    """A time: written as its text, compared with other times as an instant."""

    __slots__ = ("instant",)
    instant: datetime

    def __new__(cls, text: str, instant: datetime) -> Self:
        """Make a time from its text and its instant."""
        made = super().__new__(cls, text)
        made.instant = instant
        return made

    def __eq__(self, other: object) -> bool:
        try:
            return self.instant == _instant(other)
        except ValueError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.instant)

    def __lt__(self, other: Any) -> bool:
        return self.instant < _instant(other)

    def __le__(self, other: Any) -> bool:
        return self.instant <= _instant(other)

    def __gt__(self, other: Any) -> bool:
        return self.instant > _instant(other)

    def __ge__(self, other: Any) -> bool:
        return self.instant >= _instant(other)


class RuleName(str):
    """The rule's name; `rule` and `rule.name` are the same text."""

    __slots__ = ()


def moment(now: datetime) -> Moment:
    """Return a time for templates: ISO 8601 with its zone's offset, to the second."""
    return Moment(now.replace(microsecond=0).isoformat(), now)


def wrap(value: Any, path: str) -> Any:
    """Return an order's value as a template may see it; raises `TouchedNothing` for null and empty ones."""
    if value is None or (isinstance(value, str) and value == ""):
        raise TouchedNothing(path)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return Node(value, path)
    if isinstance(value, list | tuple):
        return tuple(None if one is None else wrap(one, path) for one in value if one != "")
    if isinstance(value, float | Decimal):
        return Decimal(format(decimal_of(value), "f"))
    return value


class Key(str):
    """A name that a template computes: it may be a buyer's own, so no message shows it."""

    __slots__ = ()


def _key(value: Any) -> Any:
    return Key(value) if type(value) is str else value


def _text(value: str) -> str:
    if _PLAIN_DECIMAL.fullmatch(value):
        return Figure(value)
    if "T" in value[10:11] or " " in value[10:11]:
        try:
            return Moment(value, durations.parse_timestamp(value))
        except ValueError:
            return value
    return value


def _instant(other: Any) -> datetime:
    return other.instant if isinstance(other, Moment) else durations.parse_timestamp(str(other))


def _compare(left: Any, right: Any, how: Callable[[Any, Any], bool]) -> bool:
    if _is_number(right) or isinstance(right, Figure):
        return how(decimal_of(left), decimal_of(right))
    return how(str(left), str(right)) if isinstance(right, str) else NotImplemented


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def decimal_of(value: Any) -> Decimal:
    """Return a number, or a text that is one, exactly; raises ValueError or TypeError for anything else."""
    if isinstance(value, str) and not _PLAIN_DECIMAL.fullmatch(value.strip()):
        raise ValueError(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError
    number = Decimal(repr(value) if isinstance(value, float) else value)
    if not number.is_finite() or abs(number) >= _LARGEST_NUMBER:
        raise ValueError
    return number


def text_of(value: Any) -> str:
    """Return a value as a template writes it; raises `NotOneValue` for what is no single, present value."""
    if isinstance(value, Undefined) or value is None or (isinstance(value, str) and not value):
        raise NotOneValue("gives nothing")
    if isinstance(value, Node | Row | Lookup | tuple | list | dict):
        raise NotOneValue("gives a list or an object, not one value")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return format(decimal_of(value), "f")
    text = str(value)
    if len(text) > LONGEST_OUTPUT:
        raise NotOneValue("gives a text that is too long")
    return text


# --- filters --------------------------------------------------------------------------------------------


def _replace(value: Any, old: str, new: str) -> str:
    text, old, new = text_of(value), str(old), str(new)
    if old and len(text) + text.count(old) * len(new) <= LONGEST_OUTPUT:
        return text.replace(old, new)
    raise ValueError


def _truncate(value: Any, length: int) -> str:
    return text_of(value)[: max(0, int(length))]


def _round(value: Any, digits: int = 0) -> Decimal:
    return round(decimal_of(value), min(max(int(digits), 0), 10)) + 0


def _each(value: Any) -> Sequence[Any]:
    """Return a list that a filter may go through; raises `NotOneValue` where it is longer than any order's."""
    if not isinstance(value, tuple | list | str):
        raise TypeError
    if len(value) > _LONGEST_LIST:
        raise NotOneValue("goes through a list that is too long")
    return value


def _list(value: Any) -> tuple[Any, ...]:
    return tuple(_each(value))


def _join(value: Any, between: str = "") -> str:
    written = [text_of(one) for one in _each(value)]
    if sum(map(len, written)) + len(str(between)) * max(0, len(written) - 1) > LONGEST_OUTPUT:
        raise NotOneValue("gives a text that is too long")
    return str(between).join(written)


def _map(value: Any, attribute: str) -> tuple[Any, ...]:
    return tuple(look_up(one, attribute) for one in _each(value))


def _sum(value: Any, attribute: str | None = None) -> Decimal:
    found = _each(value) if attribute is None else _map(value, attribute)
    return sum((decimal_of(one) for one in found), Decimal())


def _url_part(value: Any) -> str:
    return percent(text_of(value), safe="")


def _url_lead(value: Any) -> str:
    """Encode the value that an address begins with: one that is a whole address keeps its own slashes."""
    text = text_of(value)
    whole = re.match(r"https?://", text, re.IGNORECASE)
    return percent(text, safe=_URL_KEPT) if whole else percent(text, safe="")


def _same(value: Any, *_: Any) -> Any:
    return value


_ON_TEXT: Final[Mapping[str, Callable[[str], Any]]] = {
    "lower": str.lower,
    "upper": str.upper,
    "capitalize": str.capitalize,
    "title": str.title,
    "trim": str.strip,
    "string": str,
}


def _on_text(function: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: function(str(text_of(value)))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: _on_text(function) for name, function in _ON_TEXT.items()},
    "replace": _replace,
    "truncate": _truncate,
    "length": len,
    "count": len,
    "int": lambda value: int(decimal_of(value)),
    "float": decimal_of,
    "round": _round,
    "abs": lambda value: abs(decimal_of(value)),
    "first": lambda value: value[0],
    "last": lambda value: value[-1],
    "join": _join,
    "list": _list,
    "map": _map,
    "sum": _sum,
    "min": lambda value: min(_each(value)),
    "max": lambda value: max(_each(value)),
    "urlencode": _url_part,
    "default": _same,
    "d": _same,
}
"""What may stand behind `|` in a template."""

INNER_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "tertib_text": text_of,
    "tertib_url_part": _url_part,
    "tertib_url_lead": _url_lead,
    "tertib_number": decimal_of,
    "tertib_key": _key,
}


def look_up(value: Any, name: Any) -> Any:
    """Return what a template means by `value.name` or `value[name]`; nothing of Python's own is reachable."""
    if isinstance(value, Node):
        # only a name that the rule itself spells out is no secret
        shown = name if type(name) is str else "…"
        path = f"{value.path}.{shown}" if value.path else shown
        if name not in value.values:
            raise TouchedNothing(path)
        return wrap(value.values[name], path)
    if isinstance(value, Row) and isinstance(name, str):
        return value.cell(name)
    if isinstance(value, RuleName) and name == "name":
        return str(value)
    if isinstance(value, Moment) and name == "date":
        return value.instant.date().isoformat()
    if isinstance(value, tuple | str) and isinstance(name, int | slice):
        found = value[name]
        return str(found) if isinstance(value, str) else found
    raise LookupError(name)
