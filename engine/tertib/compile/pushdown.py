"""Turn conditions into filters wherever the filter returns a superset of what the condition matches.

Whatever is sent, every condition is evaluated again on what came back: a filter only saves pages. So the one mistake to
make here is a filter that loses a match, and anything whose reading at Scalev is not documented stays here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tertib.compile.sent import as_sent
from tertib.language.calendars import before
from tertib.model import Condition, Elements, Expression, FieldRef, Group, Kind, Rule, Test, WorkingDays
from tertib.sayings import N_, said
from tertib.scalev import contract

MOST_CHOICES: Final = 20
"""Values of an `in` that may become scans of their own; more would never be fewer requests."""

FILTER_VALUES: Final[Mapping[str, frozenset[str]]] = {
    **{
        name: contract.PARAMETERS[name].values
        for name in ("status", "payment_status", "platform", "awb_ca_status")
    },
    # A filter value that one of the contracts lacks may be refused or mean more there (`va`).
    "payment_method": contract.PAYMENT_METHODS["seeds"] & contract.PAYMENT_METHODS["current"],
}
"""The enumerated fields whose filter has their name, with the values that both contracts document for it."""

# A filter counts in seconds, an order's time may have parts of one.
_SECOND: Final = timedelta(seconds=1)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_ORDER_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", re.ASCII)
_UPPER: Final = frozenset({"older_than", "before", "lt", "lte", "between", "eq"})
_LOWER: Final = frozenset({"newer_than", "after", "gt", "gte", "between", "eq"})


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one condition: the filters that ask for it, or why there are none."""

    condition: str
    filters: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pushdown:
    """What a rule's conditions let Scalev filter by.

    `filters` always narrow the query. `choices` are lists of values, which pay as a scan each only where that is fewer
    pages. Nothing created before `created_since` can match, and pages come newest first.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    created_since: datetime | None = None
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Collected:
    """The pushdown while it grows, condition by condition."""

    taken: frozenset[str]
    filters: dict[str, str] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    created_since: datetime | None = None
    notes: list[Note] = field(default_factory=list)


def push_down(rule: Rule, now: datetime) -> Pushdown:
    """Return the filters that follow from conditions which must hold, for parameters that the query leaves free."""
    if rule.source.store is not None:
        return _nothing(rule, "this endpoint takes no filters")
    found = _Collected(frozenset(rule.query))
    for part in _required(rule.conditions):
        found.notes.append(_push(part, found, now))
    return Pushdown(found.filters, found.choices, found.created_since, tuple(found.notes))


def as_written(rule: Rule) -> Pushdown:
    """Return the pushdown of a rule that limits its share of what its query returns: that is counted as written."""
    return _nothing(rule, N_("`share` counts what the query returns as written, so nothing may narrow it"))


def _nothing(rule: Rule, why: str) -> Pushdown:
    return Pushdown(notes=tuple(Note(part.text, why=why) for part in _required(rule.conditions)))


def _required(parts: Iterable[Condition]) -> Iterator[Condition]:
    """Yield what every match satisfies, the parts of an `all` one by one."""
    for part in parts:
        if isinstance(part, Group) and part.how == "all":
            yield from _required(part.children)
        else:
            yield part


def _push(part: Condition, found: _Collected, now: datetime) -> Note:
    """Take over what one condition asks for, and say what became of it."""
    if not isinstance(part, Test):
        return Note(part.text, why=_why_no_test(part))
    wanted = _filters(part, now)
    if isinstance(wanted, str):
        return Note(part.text, why=wanted)
    free = {name: values for name, values in wanted.items() if name not in found.taken}
    if not free:
        return Note(part.text, why=said("the query sets `%(filter)s` itself", filter=next(iter(wanted))))
    return Note(part.text, tuple(_take(name, values, found) for name, values in free.items()))


def _why_no_test(part: Group | Elements | Expression) -> str:
    if isinstance(part, Expression):
        return N_("an expression is evaluated here only")
    if isinstance(part, Elements):
        return N_("no filter looks into the objects of a list")
    return (
        N_("a filter holds for all orders, and of `any` each part holds for some")
        if part.how == "any"
        else N_("no filter asks for the opposite")
    )


def _take(name: str, values: tuple[str | datetime, ...], found: _Collected) -> str:
    """Add one filter, the narrower where there are two, and return how it looks."""
    value = values[0]
    if isinstance(value, datetime):
        found.created_since = max(value, found.created_since or value)
        return said("pages older than %(time)s are not read", time=as_sent(value, value))
    if len(values) > 1 and name in found.filters:
        return f"{name}={found.filters[name]}"
    if len(values) > 1:
        found.choices.setdefault(name, tuple(str(one) for one in values))
        choices = f"{name}={'|'.join(str(one) for one in values)}"
        return said("%(filter)s where that is fewer pages", filter=choices)
    before = found.filters.get(name, value)
    narrower = max if name.endswith("_since") else min
    found.filters[name] = narrower(before, value) if name.endswith(("_since", "_until")) else before
    found.choices.pop(name, None)
    return f"{name}={found.filters[name]}"


# --- one test -------------------------------------------------------------------------------------------


def _filters(test: Test, now: datetime) -> Mapping[str, tuple[str | datetime, ...]] | str:
    """Return the filters that a test implies, or why there are none."""
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    if any(isinstance(one, FieldRef) for one in operands):
        return N_("its operand is another field of each order")
    if test.operator == "exists":
        return _presence(test)
    if test.kind is Kind.TIME:
        return _times(test, now)
    if test.kind is Kind.TAGS:
        return N_("what a filter by several tags means is not documented")
    return _equality(test)


def _presence(test: Test) -> Mapping[str, tuple[str, ...]] | str:
    if test.field != "transferproof_url":
        return said("no filter asks whether there is a `%(field)s`", field=test.field)
    return {"is_transferproof_exist": ("true" if test.operand else "false",)}


def _equality(test: Test) -> Mapping[str, tuple[str, ...]] | str:
    if test.operator not in {"eq", "in"}:
        return said("no filter asks for `%(operator)s`", operator=test.operator)
    values = tuple(test.operand) if test.operator == "in" else (test.operand,)
    if test.field == "is_repeat" and len(values) == 1:
        return {"is_repeat": ("true" if values[0] else "false",)}
    if test.field == "order_id":
        return _numbers(values)
    if test.field not in FILTER_VALUES:
        return said("no filter is documented to compare `%(field)s` with a value", field=test.field)
    strange = [value for value in values if value not in FILTER_VALUES[test.field]]
    if strange:
        return said("not both contracts have a filter `%(filter)s`", filter=f"{test.field}={strange[0]}")
    return {test.field: tuple(sorted(set(values)))} if values else N_("it allows no value")


def _numbers(values: tuple[Any, ...]) -> Mapping[str, tuple[str, ...]] | str:
    """Ask for order numbers one by one."""
    if not 1 <= len(values) <= MOST_CHOICES:
        return said("%(number)s order numbers would be a request each", number=len(values))
    if not all(isinstance(value, str) and _ORDER_NUMBER.fullmatch(value) for value in values):
        return N_("no order number looks like this")
    return {"order_id": tuple(sorted(set(values)))}


def _times(test: Test, now: datetime) -> Mapping[str, tuple[str | datetime, ...]] | str:
    """Bound a time from a test on it, a second wider than it asks."""
    low, high = _bounds(test, now)
    if low is None and high is None:
        is_bound = test.operator in _UPPER | _LOWER
        return (
            N_("the time is too far away for a filter")
            if is_bound
            else said("no filter asks for `%(operator)s`", operator=test.operator)
        )
    if test.field == "created_at":
        return (
            {"created_at": (low,)}
            if low is not None
            else N_("pages come newest first, and cannot begin later")
        )
    named = {
        f"{test.field}_since": None if low is None else low - _SECOND,
        f"{test.field}_until": None if high is None else high + _SECOND,
    }
    bounds = {name: bound for name, bound in named.items() if bound is not None}
    found: dict[str, tuple[str | datetime, ...]] = {
        name: (as_sent(bound, now),) for name, bound in bounds.items() if name in contract.PARAMETERS
    }
    return found or said("Scalev has no filter `%(filter)s`", filter=next(iter(bounds)))


def _bounds(test: Test, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the earliest and the latest time that a test allows, None where it sets no usable bound."""
    ends = test.operand if isinstance(test.operand, tuple) else (test.operand, test.operand)
    low, high = (
        before(now, end) if isinstance(end, timedelta | WorkingDays) else end for end in (ends[0], ends[-1])
    )
    return (
        low if test.operator in _LOWER and _usable(low) else None,
        high if test.operator in _UPPER and _usable(high) else None,
    )


def _usable(bound: object) -> bool:
    """Tell whether a bound is a time that every server spells alike."""
    return isinstance(bound, datetime) and _FIRST_YEAR <= bound.year <= _LAST_YEAR
