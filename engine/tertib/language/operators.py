"""The table of operators: what each takes, the kinds of field it fits, when it is true, how it is pushed down.

The parser, the checks, the reference pages and the tests read this table; a new operator is a new row. A truth
function is handed a value that was read as its field's kind (never null, missing or unreadable: those are
unknown before any operator is asked), the operand, and `now`. In lists, None stands for an element that
could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias

from tertib.language import patterns
from tertib.language.kleene import conjunction, disjunction, negation
from tertib.model import Kind, Verdict

Truth: TypeAlias = Callable[[Any, Any, datetime], Verdict]


class Shape(StrEnum):
    """What stands behind an operator, in the words that messages and pages use."""

    ONE = "a value, or `{field: …}`"
    SEVERAL = "a list of values"
    RANGE = "a list of two: `[lowest, highest]`"
    TEXT = "a text, or `{field: …}`"
    PATTERN = "an RE2 pattern"
    FLAG = "`true` or `false`"
    DURATION = "a duration such as `3d`, or `{field: …, unit: days}`"
    INSTANT = "an ISO 8601 instant or a date, or `{field: …}`"
    NAME = "a name"
    NAMES = "a list of names"
    OBJECT = "conditions on one object"
    COUNT = "a number, or a condition on it such as `{gte: 2}`"


@dataclass(frozen=True, slots=True)
class Pushdown:
    """How the compiler may turn a test into a query filter: the parameters' comparisons, and what is sent."""

    comparisons: tuple[Literal["equal", "since", "until", "exists", "includes"], ...]
    sends: str


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table. `pushdown` is None where no filter returns a superset of what matches."""

    name: str
    shape: Shape
    kinds: frozenset[Kind]
    truth: Truth
    pushdown: Pushdown | None
    help: str


TEXTUAL: Final = frozenset({Kind.TEXT, Kind.ENUM, Kind.ID})
NUMERIC: Final = frozenset({Kind.NUMBER, Kind.MONEY})
ORDERED: Final = NUMERIC | {Kind.TIME}
TIMES: Final = frozenset({Kind.TIME})
SCALARS: Final = TEXTUAL | ORDERED | {Kind.BOOLEAN}
NAMED: Final = frozenset({Kind.TAGS, Kind.TEXTS, Kind.QUANTITIES})
OF_OBJECTS: Final = frozenset({Kind.OBJECTS, Kind.TAGS, Kind.QUANTITIES})
LISTS: Final = NAMED | OF_OBJECTS
ANYTHING: Final = frozenset(Kind)


# --- truth functions ------------------------------------------------------------------------------------


def _not(truth: Truth) -> Truth:
    return lambda value, operand, now: negation(truth(value, operand, now))


def _fold(test: Callable[[str, str], bool]) -> Truth:
    return lambda value, operand, _now: test(value.casefold(), operand.casefold())


def _equal(value: Any, operand: Any, _now: datetime) -> Verdict:
    return bool(value == operand)


def _in(value: Any, operand: Sequence[Any], _now: datetime) -> Verdict:
    return any(value == one for one in operand)


def _between(value: Any, operand: Sequence[Any], _now: datetime) -> Verdict:
    low, high = operand
    return bool(low <= value <= high)


def _older(value: datetime, operand: timedelta, now: datetime) -> Verdict:
    return now - value > operand


def _newer(value: datetime, operand: timedelta, now: datetime) -> Verdict:
    return now - value < operand


def _includes(value: Sequence[str | None], operand: str, _now: datetime) -> Verdict:
    return disjunction(None if name is None else name == operand for name in value)


def _any_of(value: Sequence[str | None], operand: Sequence[str], now: datetime) -> Verdict:
    return disjunction(_includes(value, name, now) for name in operand)


def _all_of(value: Sequence[str | None], operand: Sequence[str], now: datetime) -> Verdict:
    return conjunction(_includes(value, name, now) for name in operand)


def _count(value: Sequence[Any], operand: Sequence[tuple[str, Any]], now: datetime) -> Verdict:
    number = Decimal(len(value))
    return conjunction(OPERATORS[name].truth(number, wanted, now) for name, wanted in operand)


def _any(verdicts: Sequence[Verdict], _operand: Any, _now: datetime) -> Verdict:
    return disjunction(verdicts)


def _every(verdicts: Sequence[Verdict], _operand: Any, _now: datetime) -> Verdict:
    return conjunction(verdicts)


# --- the table ------------------------------------------------------------------------------------------

_SINCE = Pushdown(("since",), "the instant, for times")
_UNTIL = Pushdown(("until",), "the instant, for times")

_ROWS: Final = (
    Operator(
        "eq",
        Shape.ONE,
        SCALARS,
        _equal,
        Pushdown(("equal",), "the value"),
        "is this value; a bare value says the same",
    ),
    Operator(
        "ne",
        Shape.ONE,
        SCALARS,
        _not(_equal),
        None,
        "is another value than this; unknown where there is none",
    ),
    Operator(
        "in",
        Shape.SEVERAL,
        SCALARS,
        _in,
        Pushdown(("equal",), "each value, a scan each"),
        "is one of these values; a bare list says the same",
    ),
    Operator(
        "not_in",
        Shape.SEVERAL,
        SCALARS,
        _not(_in),
        None,
        "is none of these values; unknown where there is none",
    ),
    Operator(
        "lt",
        Shape.ONE,
        ORDERED,
        lambda value, operand, _: bool(value < operand),
        _UNTIL,
        "is less, or earlier, than this",
    ),
    Operator(
        "lte",
        Shape.ONE,
        ORDERED,
        lambda value, operand, _: bool(value <= operand),
        _UNTIL,
        "is at most this, or not later",
    ),
    Operator(
        "gt",
        Shape.ONE,
        ORDERED,
        lambda value, operand, _: bool(value > operand),
        _SINCE,
        "is more, or later, than this",
    ),
    Operator(
        "gte",
        Shape.ONE,
        ORDERED,
        lambda value, operand, _: bool(value >= operand),
        _SINCE,
        "is at least this, or not earlier",
    ),
    Operator(
        "between",
        Shape.RANGE,
        ORDERED,
        _between,
        Pushdown(("since", "until"), "both ends, for times"),
        "lies between these two, both included",
    ),
    Operator(
        "contains",
        Shape.TEXT,
        TEXTUAL,
        lambda value, operand, _: operand in value,
        None,
        "contains this text",
    ),
    Operator(
        "starts_with",
        Shape.TEXT,
        TEXTUAL,
        lambda value, operand, _: value.startswith(operand),
        None,
        "starts with this text",
    ),
    Operator(
        "ends_with",
        Shape.TEXT,
        TEXTUAL,
        lambda value, operand, _: value.endswith(operand),
        None,
        "ends with this text",
    ),
    Operator("eq_i", Shape.TEXT, TEXTUAL, _fold(str.__eq__), None, "is this text, capitals or not"),
    Operator(
        "contains_i",
        Shape.TEXT,
        TEXTUAL,
        _fold(str.__contains__),
        None,
        "contains this text, capitals or not",
    ),
    Operator(
        "starts_with_i",
        Shape.TEXT,
        TEXTUAL,
        _fold(str.startswith),
        None,
        "starts with this text, capitals or not",
    ),
    Operator(
        "ends_with_i", Shape.TEXT, TEXTUAL, _fold(str.endswith), None, "ends with this text, capitals or not"
    ),
    Operator(
        "matches",
        Shape.PATTERN,
        TEXTUAL,
        lambda value, operand, _: patterns.search(operand, value),
        None,
        "an RE2 pattern matches somewhere in it",
    ),
    Operator(
        "exists",
        Shape.FLAG,
        ANYTHING,
        _equal,
        Pushdown(("exists",), "true or false"),
        "has a value (`true`), or is null or empty text (`false`)",
    ),
    Operator(
        "older_than",
        Shape.DURATION,
        TIMES,
        _older,
        Pushdown(("until",), "now minus the duration"),
        "happened more than this long ago",
    ),
    Operator(
        "newer_than",
        Shape.DURATION,
        TIMES,
        _newer,
        Pushdown(("since",), "now minus the duration"),
        "happened less than this long ago",
    ),
    Operator(
        "before",
        Shape.INSTANT,
        TIMES,
        lambda value, operand, _: bool(value < operand),
        Pushdown(("until",), "the instant"),
        "happened before this instant; a date is its midnight",
    ),
    Operator(
        "after",
        Shape.INSTANT,
        TIMES,
        lambda value, operand, _: bool(value > operand),
        Pushdown(("since",), "the instant"),
        "happened after this instant; a date is its midnight",
    ),
    Operator(
        "includes",
        Shape.NAME,
        NAMED,
        _includes,
        Pushdown(("includes",), "the tag"),
        "has this tag, text or product among its elements",
    ),
    Operator(
        "any_of",
        Shape.NAMES,
        NAMED,
        _any_of,
        Pushdown(("includes",), "each tag, a scan each"),
        "has at least one of these",
    ),
    Operator(
        "all_of",
        Shape.NAMES,
        NAMED,
        _all_of,
        Pushdown(("includes",), "any one of the tags"),
        "has all of these",
    ),
    Operator("none_of", Shape.NAMES, NAMED, _not(_any_of), None, "has none of these; an empty list has none"),
    Operator(
        "any", Shape.OBJECT, OF_OBJECTS, _any, None, "at least one object satisfies all of these conditions"
    ),
    Operator("every", Shape.OBJECT, OF_OBJECTS, _every, None, "every object does; true of an empty list"),
    Operator("none", Shape.OBJECT, OF_OBJECTS, _not(_any), None, "no object does; true of an empty list"),
    Operator("count", Shape.COUNT, LISTS, _count, None, "has this many elements"),
)

OPERATORS: Final[Mapping[str, Operator]] = {row.name: row for row in _ROWS}
"""Every operator by its name."""

GROUPS: Final[Mapping[str, str]] = {
    "all": "all of the conditions hold",
    "any": "at least one of the conditions holds",
    "not": "the conditions do not all hold",
}
"""The keys that stand where a field's name does and hold further conditions; one line of help each."""

COUNT_OPERATORS: Final = tuple(
    row.name
    for row in _ROWS
    if Kind.NUMBER in row.kinds and row.shape in {Shape.ONE, Shape.SEVERAL, Shape.RANGE}
)
"""The operators that a condition on a `count` may use."""


def fitting(kind: Kind) -> tuple[str, ...]:
    """Name the operators that fit a kind of field, in the table's order."""
    return tuple(row.name for row in _ROWS if kind in row.kinds)


SYNONYMS: Final[Mapping[str, str]] = {
    "=": "eq", "==": "eq", "is": "eq", "equal": "eq", "equals": "eq", "equal_to": "eq",
    "!=": "ne", "<>": "ne", "is_not": "ne", "not": "ne", "neq": "ne", "not_equal": "ne", "not_equals": "ne",
    "one_of": "in", "is_in": "in", "notin": "not_in", "nin": "not_in", "not_one_of": "not_in",
    "<": "lt", "less_than": "lt", "less": "lt", "below": "lt", "under": "lt",
    "<=": "lte", "le": "lte", "max": "lte", "at_most": "lte", "maximum": "lte",
    ">": "gt", "greater_than": "gt", "more_than": "gt", "greater": "gt", "above": "gt", "over": "gt",
    ">=": "gte", "ge": "gte", "min": "gte", "at_least": "gte", "minimum": "gte",
    "range": "between", "has": "includes", "include": "includes", "like": "contains", "substring": "contains",
    "startswith": "starts_with", "prefix": "starts_with", "begins_with": "starts_with",
    "endswith": "ends_with", "suffix": "ends_with", "icontains": "contains_i", "ieq": "eq_i",
    "regex": "matches", "regexp": "matches", "match": "matches", "pattern": "matches",
    "present": "exists", "exist": "exists", "older": "older_than", "age": "older_than",
    "newer": "newer_than", "younger_than": "newer_than", "since": "after", "from": "after", "until": "before",
    "all": "every", "some": "any", "has_any": "any_of", "has_all": "all_of", "has_none": "none_of",
    "contains_any": "any_of", "contains_all": "all_of", "length": "count", "size": "count", "len": "count",
}  # fmt: skip
"""Other systems' words for an operator; they are not accepted, and the message names ours."""
