"""What a condition says of an order: the plain reading of the language, total on whatever JSON comes.

This is the semantics that every faster way of evaluating is held against. Nothing here raises, and nothing
acts on what is not known: a value that is missing, null or unreadable makes a comparison unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from tertib.language import calendars, durations, templates
from tertib.language.kleene import conjunction, disjunction, negation
from tertib.language.operators import OPERATORS
from tertib.language.values import MISSING, UNREADABLE, elements, find, is_null, read_as, why_unreadable
from tertib.model import (
    Condition,
    Elements,
    Expression,
    FieldRef,
    Group,
    Kind,
    Order,
    Test,
    Verdict,
    WorkingDays,
)

OnUnreadable: TypeAlias = Callable[[str, str], None]
"""Told a field's full path and why its value does not read as its kind; the value itself is not in it."""

_INSTANT = timedelta(microseconds=1)
_AGES = frozenset({"older_than", "newer_than"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What paths start from: the order, or an object in the list at `prefix` (which ends with a dot)."""

    order: Any
    now: datetime
    on_unreadable: OnUnreadable | None = None
    prefix: str = ""

    def unreadable(self, path: str, why: str) -> None:
        """Report one value that does not read as its kind."""
        if self.on_unreadable is not None:
            self.on_unreadable(self.prefix + path, why)

    def of_element(self, path: str, element: Any) -> Reading:
        """Return the reading of one object in the list at `path`."""
        return replace(self, order=element, prefix=f"{self.prefix}{path}.")


def evaluate(
    condition: Condition, order: Order, now: datetime, on_unreadable: OnUnreadable | None = None
) -> Verdict:
    """Return what a condition says of an order at `now`: True, False, or None for unknown."""
    return verdict(condition, Reading(order, now, on_unreadable))


def all_of(
    conditions: Iterable[Condition], order: Order, now: datetime, on_unreadable: OnUnreadable | None = None
) -> Verdict:
    """Return whether all conditions hold, as Kleene's conjunction; true of none at all."""
    return conjunction([evaluate(condition, order, now, on_unreadable) for condition in conditions])


def verdict(condition: Condition, reading: Reading) -> Verdict:
    """Return a condition's verdict where it stands: in the order, or in an object of a list."""
    if isinstance(condition, Test):
        return test_verdict(condition, reading)
    if isinstance(condition, Group):
        return group_verdict(condition.how, [verdict(child, reading) for child in condition.children])
    if isinstance(condition, Elements):
        return _elements_verdict(condition, reading)
    return _expression_verdict(condition, reading)


def group_verdict(how: str, verdicts: Iterable[Verdict]) -> Verdict:
    """Return what `all`, `any` or `not` (not all) makes of the verdicts below it."""
    if how == "any":
        return disjunction(verdicts)
    return conjunction(verdicts) if how == "all" else negation(conjunction(verdicts))


def test_verdict(test: Test, reading: Reading) -> Verdict:
    """Return one test's verdict: the operator's truth where value and operand are both known."""
    operator = OPERATORS[test.operator]
    raw = find(reading.order, test.field)
    if test.operator == "exists":
        return _existence(test, raw, reading)
    value = _known(raw, test.field, test.kind, reading)
    operand = _operands(test.operand, reading)
    if value is None or operand is None:
        return None
    return operator.truth(value, operand, reading.now)


def _existence(test: Test, raw: Any, reading: Reading) -> Verdict:
    null = is_null(raw)
    if null is None:
        if raw is UNREADABLE:
            reading.unreadable(test.field, why_unreadable(raw, test.kind))
        return None
    return OPERATORS["exists"].truth(not null, test.operand, reading.now)


def _known(raw: Any, path: str, kind: Kind, reading: Reading) -> Any:
    """Return the value read as its kind, None where nothing is known of it; unreadable ones are reported."""
    value = read_as(raw, kind)
    if value is UNREADABLE:
        reading.unreadable(path, why_unreadable(raw, kind))
        return None
    if isinstance(value, tuple) and kind in {Kind.TAGS, Kind.TEXTS, Kind.QUANTITIES} and None in value:
        reading.unreadable(path, "an element of the list has no text")
    return None if value is MISSING else value


def _operands(operand: Any, reading: Reading) -> Any:
    """Return an operand with the other fields it names replaced by their values, None where one is unknown."""
    if isinstance(operand, FieldRef):
        return _referred(operand, reading)
    if isinstance(operand, tuple) and any(isinstance(one, FieldRef) for one in operand):
        found = [_operands(one, reading) for one in operand]
        return None if None in found else tuple(found)
    return operand


def _referred(reference: FieldRef, reading: Reading) -> Any:
    value = _known(find(reading.order, reference.path), reference.path, reference.kind, reading)
    if value is None or not reference.unit:
        return value
    duration = duration_of(value, reference.unit)
    if duration is None:
        reading.unreadable(reference.path, "the number is no usable duration")
    return duration


def duration_of(amount: Decimal, unit: str) -> timedelta | None:
    """Return an amount of a unit as a duration, None where it is negative or beyond 100 years."""
    if not 0 <= amount <= durations.LONGEST // durations.UNITS[unit]:
        return None
    return timedelta(microseconds=int(amount * (durations.UNITS[unit] // _INSTANT)))


def _elements_verdict(condition: Elements, reading: Reading) -> Verdict:
    found = objects(condition, reading)
    if found is None:
        return None
    verdicts = [
        None if element is None else verdict(condition.child, reading.of_element(condition.field, element))
        for element in found
    ]
    return OPERATORS[condition.how].truth(verdicts, None, reading.now)


def objects(condition: Elements, reading: Reading) -> tuple[Any, ...] | None:
    """Return the objects of the list (None for an element that is none), or None where there is no list."""
    raw = find(reading.order, condition.field)
    found = elements(raw, condition.kind)
    if found is UNREADABLE:
        reading.unreadable(condition.field, why_unreadable(raw, condition.kind))
        return None
    if found is MISSING or found is None:
        return None
    if None in found:
        reading.unreadable(condition.field, "an element of the list is not an object")
    return tuple(found)


def _expression_verdict(condition: Expression, reading: Reading) -> Verdict:
    return templates.evaluate_expression(condition.source, reading.order, reading.now, condition.tables)


# --- what a condition reads -----------------------------------------------------------------------------


def reads(condition: Condition) -> frozenset[str]:
    """Return every field path whose value a verdict can rest on, lists and operands included, from the order."""
    return frozenset(_reads(condition, ""))


def _reads(condition: Condition, prefix: str) -> Iterator[str]:
    if isinstance(condition, Test):
        yield prefix + condition.field
        parts = condition.operand if isinstance(condition.operand, tuple) else (condition.operand,)
        yield from (prefix + part.path for part in parts if isinstance(part, FieldRef))
    elif isinstance(condition, Group):
        for child in condition.children:
            yield from _reads(child, prefix)
    elif isinstance(condition, Elements):
        yield prefix + condition.field
        yield from _reads(condition.child, f"{prefix}{condition.field}.")
    else:
        yield from condition.reads


# --- when it will match ---------------------------------------------------------------------------------


def matches_in(conditions: Iterable[Condition], order: Order, now: datetime) -> timedelta | None:
    """Return the shortest wait after which all conditions are true, if nothing but time changes.

    Only ages move with time. The wait is zero where they become true with the next microsecond; None where
    they are true already, never will be, or it cannot be told.
    """
    wanted = tuple(conditions)
    if all_of(wanted, order, now) is True:
        return None
    reading = Reading(order, now)
    turns = {turn for one in wanted for turn in _turning_points(one, reading) if turn >= now}
    for turn in sorted(turns):
        # a comparison of ages turns either at this instant or right after it
        if any(all_of(wanted, order, moment) is True for moment in (turn, turn + _INSTANT)):
            return turn - now
    return None


def _turning_points(condition: Condition, reading: Reading) -> Iterator[datetime]:
    """Yield the instants at which an age in the condition reaches its bound."""
    if isinstance(condition, Test):
        if condition.operator in _AGES:
            yield from _turning_point(condition, reading)
    elif isinstance(condition, Group):
        for child in condition.children:
            yield from _turning_points(child, reading)
    elif isinstance(condition, Elements):
        for element in objects(condition, reading) or ():
            if isinstance(element, Mapping):
                yield from _turning_points(condition.child, reading.of_element(condition.field, element))


def _turning_point(test: Test, reading: Reading) -> Iterator[datetime]:
    happened = read_as(find(reading.order, test.field), test.kind)
    bound = _operands(test.operand, reading)
    latest = datetime.max.replace(tzinfo=UTC) - _INSTANT
    if not isinstance(happened, datetime):
        return
    if isinstance(bound, WorkingDays) or (isinstance(bound, timedelta) and happened < latest - bound):
        yield from (turn for turn in calendars.reached(happened, bound) if turn < latest)
