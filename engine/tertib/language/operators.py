"""The table of operators: what each takes, the kinds of field it fits, when it is true, how it is pushed down.

The parser, the checks, the reference pages and the tests read this table; a new operator is a new row, with an
example from which the reference works out the row's truth table and which the tests hold it to. A truth
function is handed a value that was read as its field's kind (never null, missing or unreadable: those are
unknown before any operator is asked), the operand, and `now`. In lists, None stands for an element that
could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias

from tertib.language import calendars, patterns
from tertib.language.kleene import conjunction, disjunction, negation
from tertib.model import Distance, Kind, Verdict

Truth: TypeAlias = Callable[[Any, Any, datetime], Verdict]


class Shape(StrEnum):
    """What stands behind an operator, in the words that messages and pages use."""

    ONE = "a value, or `{field: …}`"
    SEVERAL = "a list of values, or `{table: …}`"
    RANGE = "a list of two: `[lowest, highest]`"
    TEXT = "a text, or `{field: …}`"
    PATTERN = "an RE2 pattern"
    FLAG = "`true` or `false`"
    DURATION = "a duration such as `3d` or `2wd`, or `{field: …, unit: days}`"
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
class Example:
    """A condition as people write it, and what its field holds (as JSON) where it is true and where it is false.

    Ages are counted to 21 November 2026, ten in the morning in Jakarta.
    """

    condition: str
    holds: Any
    fails: Any


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table. `pushdown` is None where no filter returns a superset of what matches."""

    name: str
    shape: Shape
    kinds: frozenset[Kind]
    truth: Truth
    pushdown: Pushdown | None
    help: str
    example: Example


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


def _in(value: Any, operand: Container[Any], _now: datetime) -> Verdict:
    return value in operand


def _between(value: Any, operand: Sequence[Any], _now: datetime) -> Verdict:
    low, high = operand
    return bool(low <= value <= high)


def _older(value: datetime, operand: Distance, now: datetime) -> Verdict:
    if isinstance(operand, timedelta):
        return now - value > operand
    return value < calendars.before(now, operand)


def _newer(value: datetime, operand: Distance, now: datetime) -> Verdict:
    if isinstance(operand, timedelta):
        return now - value < operand
    return value > calendars.before(now, operand)


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

# A table reads best with a row's parts in the same places.
# fmt: off
_ROWS: Final = (
    Operator("eq", Shape.ONE, SCALARS, _equal, Pushdown(("equal",), "the value"),
             "is this value; a bare value says the same",
             Example("payment_method: {eq: qris}", "qris", "cod")),
    Operator("ne", Shape.ONE, SCALARS, _not(_equal), None,
             "is another value than this; unknown where there is none",
             Example("payment_method: {ne: cod}", "qris", "cod")),
    Operator("in", Shape.SEVERAL, SCALARS, _in, Pushdown(("equal",), "each value, a scan each"),
             "is one of these values; a bare list says the same",
             Example("platform: {in: [scalev, berdu]}", "berdu", "shopee")),
    Operator("not_in", Shape.SEVERAL, SCALARS, _not(_in), None,
             "is none of these values; unknown where there is none",
             Example("payment_method: {not_in: [cod, marketplace]}", "qris", "cod")),
    Operator("lt", Shape.ONE, ORDERED, lambda value, operand, _: bool(value < operand), _UNTIL,
             "is less, or earlier, than this",
             Example("gross_revenue: {lt: 500000}", "168724.00", 500000)),
    Operator("lte", Shape.ONE, ORDERED, lambda value, operand, _: bool(value <= operand), _UNTIL,
             "is at most this, or not later",
             Example("gross_revenue: {lte: 500000}", "500000.00", 500001)),
    Operator("gt", Shape.ONE, ORDERED, lambda value, operand, _: bool(value > operand), _SINCE,
             "is more, or later, than this",
             Example("gross_revenue: {gt: 500000}", 500001, "500000.00")),
    Operator("gte", Shape.ONE, ORDERED, lambda value, operand, _: bool(value >= operand), _SINCE,
             "is at least this, or not earlier",
             Example("quantity: {gte: 2}", 2, 1)),
    Operator("between", Shape.RANGE, ORDERED, _between, Pushdown(("since", "until"), "both ends, for times"),
             "lies between these two, both included",
             Example("gross_revenue: {between: [100000, 250000]}", 250000, 99999)),
    Operator("contains", Shape.TEXT, TEXTUAL, lambda value, operand, _: operand in value, None,
             "contains this text",
             Example("utm_source: {contains: promo}", "ig-promo-11", "ig-Promo-11")),
    Operator("starts_with", Shape.TEXT, TEXTUAL, lambda value, operand, _: value.startswith(operand), None,
             "starts with this text",
             Example("payment_method: {starts_with: va}", "va_bca", "qris")),
    Operator("ends_with", Shape.TEXT, TEXTUAL, lambda value, operand, _: value.endswith(operand), None,
             "ends with this text",
             Example('external_id: {ends_with: "-R"}', "1042-R", "1042")),
    Operator("eq_i", Shape.TEXT, TEXTUAL, _fold(str.__eq__), None,
             "is this text, capitals or not",
             Example("shipment_status: {eq_i: delivered}", "DELIVERED", "on delivery")),
    Operator("contains_i", Shape.TEXT, TEXTUAL, _fold(str.__contains__), None,
             "contains this text, capitals or not",
             Example("notes: {contains_i: batal}", "Tolong BATAL saja", "jangan dikirim")),
    Operator("starts_with_i", Shape.TEXT, TEXTUAL, _fold(str.startswith), None,
             "starts with this text, capitals or not",
             Example("channel_name: {starts_with_i: toko}", "TOKO Utama", "Gerai")),
    Operator("ends_with_i", Shape.TEXT, TEXTUAL, _fold(str.endswith), None,
             "ends with this text, capitals or not",
             Example("discount_code_code: {ends_with_i: vip}", "HEMAT-VIP", "VIP-HEMAT")),
    Operator("matches", Shape.PATTERN, TEXTUAL, lambda value, operand, _: patterns.search(operand, value), None,
             "an RE2 pattern matches somewhere in it",
             Example('external_id: {matches: "^[0-9]{4}-R$"}', "1042-R", "1042-RR")),
    Operator("exists", Shape.FLAG, ANYTHING, _equal, Pushdown(("exists",), "true or false"),
             "has a value (`true`), or is null or empty text (`false`)",
             Example("shipment_receipt: {exists: true}", "JX0042", None)),
    Operator("older_than", Shape.DURATION, TIMES, _older, Pushdown(("until",), "now minus the duration"),
             "happened more than this long ago",
             Example("shipped_time: {older_than: 14d}", "2026-11-01T08:00:00+07:00", "2026-11-20T08:00:00+07:00")),
    Operator("newer_than", Shape.DURATION, TIMES, _newer, Pushdown(("since",), "now minus the duration"),
             "happened less than this long ago",
             Example("confirmed_time: {newer_than: 1d12h}", "2026-11-20T08:00:00+07:00", "2026-11-01T08:00:00+07:00")),
    Operator("before", Shape.INSTANT, TIMES, lambda value, operand, _: bool(value < operand),
             Pushdown(("until",), "the instant"),
             "happened before this instant; a date is its midnight",
             Example("completed_time: {before: 2026-11-10}", "2026-11-09T23:59:59+07:00", "2026-11-10T00:00:00+07:00")),
    Operator("after", Shape.INSTANT, TIMES, lambda value, operand, _: bool(value > operand),
             Pushdown(("since",), "the instant"),
             "happened after this instant; a date is its midnight",
             Example('shipped_time: {after: "2026-11-10T08:00:00+07:00"}', "2026-11-10T08:00:01+07:00", "2026-11-10T08:00:00+07:00")),
    Operator("includes", Shape.NAME, NAMED, _includes, Pushdown(("includes",), "the tag"),
             "has this tag, text or product among its elements",
             Example("tags: {includes: bukti-ok}", [{"id": 1, "name": "bukti-ok"}], [{"id": 2, "name": "vip"}])),
    Operator("any_of", Shape.NAMES, NAMED, _any_of, Pushdown(("includes",), "each tag, a scan each"),
             "has at least one of these",
             Example("tags: {any_of: [vip, reseller]}", [{"id": 2, "name": "vip"}], [])),
    Operator("all_of", Shape.NAMES, NAMED, _all_of, Pushdown(("includes",), "any one of the tags"),
             "has all of these",
             Example("tags: {all_of: [retur, foto-ok]}", [{"name": "foto-ok"}, {"name": "retur"}], [{"name": "retur"}])),
    Operator("none_of", Shape.NAMES, NAMED, _not(_any_of), None,
             "has none of these; an empty list has none",
             Example("tags: {none_of: [hold, vip]}", [], [{"id": 3, "name": "hold"}])),
    Operator("any", Shape.OBJECT, OF_OBJECTS, _any, None,
             "at least one object satisfies all of these conditions",
             Example("orderlines: {any: {product_name: {contains_i: ebook}, quantity: {gte: 2}}}",
                     [{"product_name": "Ebook Resep", "quantity": 2}], [{"product_name": "Ebook Resep", "quantity": 1}])),
    Operator("every", Shape.OBJECT, OF_OBJECTS, _every, None,
             "every object does; true of an empty list",
             Example("orderlines: {every: {is_file_enabled: true}}",
                     [{"is_file_enabled": True}], [{"is_file_enabled": True}, {"is_file_enabled": False}])),
    Operator("none", Shape.OBJECT, OF_OBJECTS, _not(_any), None,
             "no object does; true of an empty list",
             Example("final_variants: {none: {name: {starts_with: Bonus}}}", {"Kopi 1 kg": 2}, {"Bonus gelas": 1})),
    Operator("count", Shape.COUNT, LISTS, _count, None,
             "has this many elements",
             Example("orderlines: {count: {between: [1, 5]}}", [{"quantity": 1}], [])),
)
# fmt: on

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
