"""Conditions as two-valued formulas: what makes a condition *definitely* true, or definitely false.

Kleene's logic comes apart into two monotone questions. A conjunction is true where all its parts are true, and
false where any is false; a negation only swaps the questions. So a condition becomes one formula without negation
and without unknowns, over atoms such as "`status` is known to be `pending`". Atoms are total and touch nothing, so
they may be reordered, shared and skipped at will. Atoms that mean the same are equal, however they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, TypeAlias

from tertib.language.operators import NAMED, NUMERIC, ORDERED, TEXTUAL
from tertib.model import Ago, Condition, Elements, Expression, FieldRef, Group, Kind, Test, WorkingDays

COMPARED: Final = NUMERIC | {Kind.TIME}
"""The kinds whose values are read before they are compared; all others compare as they came."""

_TEXT_OPERATORS: Final = frozenset(
    {"contains", "starts_with", "ends_with", "eq_i", "contains_i", "starts_with_i", "ends_with_i", "matches"}
)
_ORDER: Final[Mapping[str, str]] = {
    "lt": "lt", "before": "lt", "lte": "lte", "gt": "gt", "after": "gt", "gte": "gte",
    "older_than": "lt", "newer_than": "gt",
}  # fmt: skip
_CONTRARY: Final = {"lt": "gte", "gte": "lt", "gt": "lte", "lte": "gt"}


@dataclass(frozen=True, slots=True)
class Fixed:
    """A formula that is the same for every order."""

    value: bool


@dataclass(frozen=True, slots=True)
class Atom:
    """One question about one field; `wanted` asks whether the test is true of it, else whether it is false.

    `operator` and `operand`: `null`; `in` (constants, also for equality); `same` (another field); `lt lte gt gte`
    (a constant, an `Ago`, another field; for a field with a unit, of the age); the operators of text; `any_of` and
    `all_of` (names); `count`; `pin` (texts: is one of them, or nothing that can be told); and `reference` (a whole
    test) for whatever has no form of its own here and is left to the interpreter.
    """

    operator: str
    path: str
    kind: Kind
    operand: Any = None
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Items:
    """Whether some object of a list, or every one of a list that is there, satisfies a formula of its own.

    `condition` and `wanted` are what the formula was made from.
    """

    path: str
    kind: Kind
    every: bool
    child: Formula
    condition: Condition = field(compare=False, repr=False)
    wanted: bool = field(compare=False)


@dataclass(frozen=True, slots=True)
class Said:
    """What an `expr:` says."""

    source: str
    tables: tuple[int, ...]
    wanted: bool
    expression: Expression = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Both:
    """All parts; at least two, none of them `Both` or `Fixed`."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part; at least two, none of them `Either` or `Fixed`."""

    parts: tuple[Formula, ...]


Formula: TypeAlias = Fixed | Atom | Items | Said | Both | Either

NEVER: Final = Fixed(value=False)
ALWAYS: Final = Fixed(value=True)


def of_rule(conditions: Iterable[Condition], *, wanted: bool) -> Formula:
    """Return when all conditions of a rule hold, or when it is certain that not all of them do."""
    parts = (of_condition(one, wanted=wanted) for one in conditions)
    return both(parts) if wanted else either(parts)


def of_condition(condition: Condition, *, wanted: bool) -> Formula:
    """Return when a condition is definitely true, or definitely false."""
    if isinstance(condition, Test):
        return _of_test(condition, wanted=wanted)
    if isinstance(condition, Elements):
        return _of_elements(condition, wanted=wanted)
    if isinstance(condition, Expression):
        tables = tuple(id(table) for table in getattr(condition, "tables", ()))
        return Said(condition.source, tables, wanted, condition)
    return _of_group(condition, wanted=wanted)


def _of_group(group: Group, *, wanted: bool) -> Formula:
    if group.how == "not":
        wanted = not wanted
    parts = (of_condition(child, wanted=wanted) for child in group.children)
    return both(parts) if (group.how == "any") is not wanted else either(parts)


def _of_elements(condition: Elements, *, wanted: bool) -> Formula:
    if condition.how == "none":
        return _of_elements(replace(condition, how="any"), wanted=not wanted)
    child = of_condition(condition.child, wanted=wanted)
    every = (condition.how == "every") is wanted
    return Items(condition.field, condition.kind, every, child, condition.child, wanted)


# --- tests ----------------------------------------------------------------------------------------------


def _of_test(test: Test, *, wanted: bool) -> Formula:
    name, operand = test.operator, test.operand
    if name == "exists":
        return Atom("null", test.field, test.kind, wanted=bool(operand) is not wanted)
    if name in {"ne", "not_in", "none_of"}:
        twin = {"ne": "eq", "not_in": "in", "none_of": "any_of"}[name]
        return _of_test(replace(test, operator=twin), wanted=not wanted)
    if name in {"eq", "in"} and test.kind in TEXTUAL | COMPARED | {Kind.BOOLEAN}:
        return _of_equality(test, wanted=wanted)
    if test.kind in ORDERED and (name in _ORDER or name == "between"):
        return _of_comparison(test, wanted=wanted)
    if test.kind in TEXTUAL and name in _TEXT_OPERATORS and isinstance(operand, str):
        operand = operand.casefold() if name.endswith("_i") else operand
        return Atom(name, test.field, test.kind, operand, wanted)
    return _of_list(test, wanted=wanted)


def _of_list(test: Test, *, wanted: bool) -> Atom:
    name, operand = test.operator, test.operand
    if test.kind in NAMED and name in {"includes", "any_of", "all_of"}:
        names = frozenset({operand} if name == "includes" else operand)
        how = "all_of" if name == "all_of" and len(names) > 1 else "any_of"
        return Atom(how, test.field, test.kind, names, wanted)
    if test.kind in NAMED | {Kind.OBJECTS} and name == "count":
        return Atom("count", test.field, test.kind, operand, wanted)
    return reference(test, wanted=wanted)


def reference(test: Test, *, wanted: bool) -> Atom:
    """Leave a test to the interpreter."""
    return Atom("reference", test.field, test.kind, test, wanted)


def _of_equality(test: Test, *, wanted: bool) -> Formula:
    if isinstance(test.operand, FieldRef):
        return Atom("same", test.field, test.kind, test.operand, wanted)
    values = (test.operand,) if test.operator == "eq" else test.operand
    if isinstance(values, tuple):
        if any(isinstance(one, FieldRef) for one in values):
            return reference(test, wanted=wanted)
        # null and "" are no values, so nothing known equals them
        values = tuple(dict.fromkeys(one for one in values if one != ""))
    if not values and wanted:
        return NEVER
    return Atom("in", test.field, test.kind, values, wanted)


def _of_comparison(test: Test, *, wanted: bool) -> Formula:
    operand = test.operand
    if test.operator == "between":
        if any(isinstance(one, FieldRef) for one in operand):
            return reference(test, wanted=wanted)
        low, high = (
            _compare(test, name, one, wanted=wanted)
            for name, one in zip(("gte", "lte"), operand, strict=True)
        )
        return both((low, high)) if wanted else either((low, high))
    if isinstance(operand, timedelta | WorkingDays):
        operand = Ago(operand)
    if isinstance(operand, FieldRef) and operand.unit:
        # an age of more than the duration, not a time before it
        name = {"older_than": "gt", "newer_than": "lt"}[test.operator]
        return _compare(test, name, operand, wanted=wanted)
    return _compare(test, _ORDER[test.operator], operand, wanted=wanted)


def _compare(test: Test, name: str, operand: Any, *, wanted: bool) -> Atom:
    """Return a comparison; of values that are known it is false where its contrary is true."""
    return Atom(name if wanted else _CONTRARY[name], test.field, test.kind, operand)


# --- putting together -----------------------------------------------------------------------------------


def both(parts: Iterable[Formula]) -> Formula:
    """Join parts that must all hold, folding what is the same for every order."""
    flat = list(dict.fromkeys(_flat(parts, Both)))
    if NEVER in flat or _contradict(flat):
        return NEVER
    kept = _narrowed([one for one in flat if one != ALWAYS])
    if NEVER in kept:
        return NEVER
    return Both(tuple(kept)) if len(kept) > 1 else kept[0] if kept else ALWAYS


def either(parts: Iterable[Formula]) -> Formula:
    """Join parts of which one must hold, folding what is the same for every order."""
    flat = list(dict.fromkeys(_flat(parts, Either)))
    if ALWAYS in flat:
        return ALWAYS
    kept = [one for one in flat if one != NEVER]
    return Either(tuple(kept)) if len(kept) > 1 else kept[0] if kept else NEVER


def parts_of(formula: Formula) -> tuple[Formula, ...]:
    """Return the parts that must all hold."""
    if formula == ALWAYS:
        return ()
    return formula.parts if isinstance(formula, Both) else (formula,)


def _flat(parts: Iterable[Formula], way: type[Both | Either]) -> Iterator[Formula]:
    for part in parts:
        if isinstance(part, way):
            yield from part.parts
        else:
            yield part


def _contradict(parts: list[Formula]) -> bool:
    """Tell whether two of the parts are each other's contrary: then no value satisfies both."""
    atoms = {one for one in parts if isinstance(one, Atom) and one.operator != "pin"}
    return any(_contrary(one) in atoms for one in atoms)


def _contrary(atom: Atom) -> Atom:
    if atom.operator in _CONTRARY:
        return replace(atom, operator=_CONTRARY[atom.operator])
    return replace(atom, wanted=not atom.wanted)


def _narrowed(parts: list[Formula]) -> list[Formula]:
    """Make one list of values of several that a field must be in."""
    found: dict[Any, Formula] = {}
    for part in parts:
        listed = (
            isinstance(part, Atom)
            and part.operator == "in"
            and part.wanted
            and isinstance(part.operand, tuple)
        )
        key = (part.path, part.kind) if listed and isinstance(part, Atom) else part
        known = found.get(key)
        if isinstance(known, Atom) and isinstance(part, Atom) and listed:
            common = tuple(one for one in known.operand if one in part.operand)
            found[key] = replace(known, operand=common) if common else NEVER
        elif known is None:
            found[key] = part
    return list(found.values())
