"""Atoms as Python expressions over one order: what each needs to have been read, and how it asks.

Every expression gives a plain yes or no, whatever JSON the order holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tertib.language import interpret, patterns
from tertib.language.codegen.access import Access
from tertib.language.codegen.formula import (
    COMPARED,
    Atom,
    Both,
    Either,
    Fixed,
    Formula,
    Items,
    Said,
)
from tertib.language.codegen.names import Names
from tertib.language.codegen.runtime import READERS, Remembered, entries_of, length_of
from tertib.language.operators import OPERATORS
from tertib.model import Ago, Condition, FieldRef, Kind

_FEW: Final = 4
"""So many values are compared one by one; more are looked up in a set."""

_WHOLE: Final = re.compile(r"0|-?[1-9]\d{0,150}", re.ASCII)
"""Texts that an order's integer may be written as; a wider integer does not read as an id."""

_ORDERS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_ON_TEXT: Final = {
    "contains": "{needle} in {text}",
    "starts_with": "{text}.startswith({needle})",
    "ends_with": "{text}.endswith({needle})",
    "eq_i": "{text}.casefold() == {needle}",
    "contains_i": "{needle} in {text}.casefold()",
    "starts_with_i": "{text}.casefold().startswith({needle})",
    "ends_with_i": "{text}.casefold().endswith({needle})",
}


@dataclass(frozen=True, slots=True)
class Raw:
    """The value at a path as it came."""

    path: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The value at a path as its kind, or its length where `count` is set: worth computing once, and only if needed."""

    path: str
    kind: Kind
    count: bool = False


Need: TypeAlias = Raw | Reading


def reading_for(atom: Atom) -> Reading | None:
    """Return the reading that an atom compares, None where it compares what came."""
    if atom.operator in {"null", "pin", "reference"}:
        return None
    if atom.operator == "count":
        return Reading(atom.path, atom.kind, count=True)
    simple_id = (
        atom.operator == "in" and atom.wanted and isinstance(atom.operand, tuple) and len(atom.operand) == 1
    )
    if atom.kind not in READERS or (atom.kind is Kind.ID and simple_id):
        return None
    return Reading(atom.path, atom.kind)


def other_reading(atom: Atom) -> Reading | None:
    """Return the reading of the field that is an atom's operand."""
    other = atom.operand
    if not isinstance(other, FieldRef) or other.kind not in READERS:
        return None
    return Reading(other.path, other.kind)


def needs(formula: Formula) -> Iterator[Need]:
    """Yield what must be in variables before a formula is asked, parents before what lies below them."""
    if isinstance(formula, Both | Either):
        for part in formula.parts:
            yield from needs(part)
    elif isinstance(formula, Items):
        yield from raws(formula.path)
    elif isinstance(formula, Atom) and formula.operator != "reference":
        yield from raws(formula.path)
        if isinstance(formula.operand, FieldRef):
            yield from raws(formula.operand.path)
        yield from (one for one in (reading_for(formula), other_reading(formula)) if one is not None)


def raws(path: str) -> Iterator[Raw]:
    """Yield the value at a path, after the objects on the way to it."""
    parts = path.split(".")
    for length in range(1, len(parts) + 1):
        yield Raw(".".join(parts[:length]))


@dataclass(frozen=True, slots=True)
class Questions:
    """Writes formulas as expressions. `root` names the variable of the order, or of an object in a list.

    `item` turns the formula on the objects of a list into the name of a function of its own; `bound` gives the
    variable that holds the instant so long before now.
    """

    names: Names
    access: Access
    root: str
    item: Callable[[Items], str]
    bound: Callable[[Ago], str]

    def ask(self, formula: Formula) -> str:
        """Return a formula as an expression."""
        if isinstance(formula, Fixed):
            return str(formula.value)
        if isinstance(formula, Both | Either):
            word = " and " if isinstance(formula, Both) else " or "
            return "(" + word.join(self.ask(part) for part in formula.parts) + ")"
        if isinstance(formula, Items):
            return self._ask_items(formula)
        if isinstance(formula, Said):
            return self._evaluated(formula.expression, wanted=formula.wanted)
        return self._ask_atom(formula)

    def define(self, need: Need) -> str:
        """Return an expression for a need, whose own needs are met."""
        if isinstance(need, Raw):
            return self.access.load(need.path, self.root)
        reader = _reader(need)
        path = self.names.path(self.access.root + need.path)
        return f"{reader}({self.raw(need.path)}, note, {path})"

    def holder(self, need: Need) -> str:
        """Return the variable of a need."""
        if isinstance(need, Raw):
            return self.raw(need.path)
        suffix = "length" if need.count else "read"
        key = ("count" if need.count else "reading", need.kind, self.access.root + need.path)
        return self.names.variable(key, f"{need.path} {suffix}")

    def raw(self, path: str) -> str:
        """Return the variable of a raw value."""
        return self.access.variable(path)

    # --- atoms --------------------------------------------------------------------------------------------

    def _ask_atom(self, atom: Atom) -> str:
        if atom.operator == "reference":
            return self._evaluated(atom.operand, wanted=atom.wanted)
        way = {
            "null": self._null, "pin": self._pin, "in": self._in, "same": self._same, "any_of": self._any_of,
            "all_of": self._all_of, "count": self._count,
        }.get(atom.operator)  # fmt: skip
        if way is not None:
            return f"({way(atom)})"
        return f"({self._compared(atom) if atom.operator in _ORDERS else self._on_text(atom)})"

    def _evaluated(self, condition: Condition, *, wanted: bool) -> str:
        """Leave a condition to the interpreter."""

        def ask(order: Any, now: Any, _note: Any) -> bool:
            return interpret.evaluate(condition, order, now) is wanted

        name = self.names.constant(ask, "interpreted", key=("evaluate", id(condition), wanted))
        return f"{name}({self.root}, now, note)"

    def _null(self, atom: Atom) -> str:
        raw = self.raw(atom.path)
        if atom.wanted:
            return f'{raw} is None or {raw} == ""'
        unreadable = f" and {raw} is not UNREADABLE" if "." in atom.path else ""
        return f'{raw} is not None and {raw} is not MISSING and {raw} != ""{unreadable}'

    def _pin(self, atom: Atom) -> str:
        raw = self.raw(atom.path)
        listed = " or ".join(f"{raw} == {self.names.constant(one)}" for one in atom.operand)
        return f"{listed} or ({raw} is not None and {raw}.__class__ is not str)"

    def _in(self, atom: Atom) -> str:
        if atom.kind is Kind.BOOLEAN:
            return self._boolean(atom)
        reading = reading_for(atom)
        if reading is None:
            return self._among_texts(atom)
        read, values = self.holder(reading), atom.operand
        if atom.kind in COMPARED and len(values) == 1:
            one = self.names.constant(values[0], f"{values[0]}")
            return f"{read} == {one}" if atom.wanted else f"{read} is not None and {read} != {one}"
        listed = self._set(values)
        return f"{read} in {listed}" if atom.wanted else f"{read} is not None and {read} not in {listed}"

    def _boolean(self, atom: Atom) -> str:
        raw = self.raw(atom.path)
        meant = {True, False} & set(atom.operand) if atom.wanted else {True, False} - set(atom.operand)
        return " or ".join(f"{raw} is {one}" for one in sorted(meant, reverse=True)) or "False"

    def _among_texts(self, atom: Atom) -> str:
        raw, values = self.raw(atom.path), atom.operand
        if atom.kind is Kind.ID:
            return self._one_id(raw, values[0])
        if len(values) <= _FEW and isinstance(values, tuple):
            named = [self.names.constant(one) for one in values]
            if atom.wanted:
                return " or ".join(f"{raw} == {one}" for one in named)
            return f'{raw}.__class__ is str and {raw} != ""' + "".join(
                f" and {raw} != {one}" for one in named
            )
        listed = self._set(values)
        sign = "in" if atom.wanted else "not in"
        return f'{raw}.__class__ is str and {raw} {sign} {listed} and {raw} != ""'

    def _one_id(self, raw: str, wanted: str) -> str:
        text = f"{raw} == {self.names.constant(wanted)}"
        if _WHOLE.fullmatch(wanted) is None:
            return text
        return f"{text} or ({raw}.__class__ is int and {raw} == {self.names.constant(int(wanted), f'number {wanted}')})"

    def _set(self, values: Iterable[Any]) -> str:
        if isinstance(values, tuple):
            return self.names.constant(frozenset(values))
        return self.names.constant(
            values, f"keys of {getattr(values, 'table', '')}", key=("keys", id(values))
        )

    def _same(self, atom: Atom) -> str:
        left, right = self._sides(atom)
        known = f"{left[1]} and {right[1]}"
        return f"{known} and {left[0]} {'==' if atom.wanted else '!='} {right[0]}"

    def _sides(self, atom: Atom) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return, for the field and the field beside it, the variable and when it is known."""
        other: FieldRef = atom.operand
        return (
            self._known(atom.path, atom.kind, reading_for(atom)),
            self._known(other.path, other.kind, other_reading(atom)),
        )

    def _known(self, path: str, kind: Kind, reading: Reading | None) -> tuple[str, str]:
        if reading is not None:
            holder = self.holder(reading)
            return holder, f"{holder} is not None"
        raw = self.raw(path)
        if kind is Kind.BOOLEAN:
            return raw, f"{raw}.__class__ is bool"
        return raw, f'{raw}.__class__ is str and {raw} != ""'

    def _compared(self, atom: Atom) -> str:
        sign = _ORDERS[atom.operator]
        if isinstance(atom.operand, FieldRef):
            return self._compared_with_field(atom, sign)
        reading = reading_for(atom)
        read = self.holder(reading) if reading is not None else self.raw(atom.path)
        bound = (
            self.bound(atom.operand) if isinstance(atom.operand, Ago) else self.names.constant(atom.operand)
        )
        return f"{read} is not None and {read} {sign} {bound}"

    def _compared_with_field(self, atom: Atom, sign: str) -> str:
        left, right = self._sides(atom)
        if not atom.operand.unit:
            return f"{left[1]} and {right[1]} and {left[0]} {sign} {right[0]}"
        unit = self.names.constant(atom.operand.unit, f"unit {atom.operand.unit}")
        place = self.access.root + atom.operand.path
        path = self.names.path(place)
        age = self.names.variable(("age", place, atom.operand.unit), f"{atom.operand.path} lasting")
        lasting = f"({age} := lasting({right[0]}, {unit}, note, {path})) is not None"
        return f"{left[1]} and {right[1]} and {lasting} and now - {left[0]} {sign} {age}"

    def _on_text(self, atom: Atom) -> str:
        reading = reading_for(atom)
        text = self.holder(reading) if reading is not None else self.raw(atom.path)
        known = f"{text} is not None" if reading is not None else f'{text}.__class__ is str and {text} != ""'
        if atom.operator == "matches":
            searched = self.names.made(
                lambda: Remembered(_searching(atom.operand)), "matches", ("matches", atom.operand)
            )
            found = f"{searched}[{text}]"
        else:
            found = _ON_TEXT[atom.operator].format(text=text, needle=self.names.constant(atom.operand))
        return f"{known} and {found}" if atom.wanted else f"{known} and not {found}"

    def _any_of(self, atom: Atom) -> str:
        read = self._names_read(atom)
        if not atom.wanted:
            unwanted = self.names.constant(atom.operand | {None}, "not " + " ".join(sorted(atom.operand)))
            return f"{read} is not None and {read}.isdisjoint({unwanted})"
        if len(atom.operand) == 1:
            return f"{read} is not None and {self.names.constant(next(iter(atom.operand)))} in {read}"
        return f"{read} is not None and not {read}.isdisjoint({self.names.constant(atom.operand)})"

    def _all_of(self, atom: Atom) -> str:
        read, listed = self._names_read(atom), self.names.constant(atom.operand)
        if atom.wanted:
            return f"{read} is not None and {read} >= {listed}"
        return f"{read} is not None and None not in {read} and not {read} >= {listed}"

    def _names_read(self, atom: Atom) -> str:
        return self.holder(Reading(atom.path, atom.kind))

    def _count(self, atom: Atom) -> str:
        length = self.holder(Reading(atom.path, atom.kind, count=True))
        counted = self.names.made(
            lambda: Remembered(_counting(atom.operand)), "count", ("count", atom.operand)
        )
        return f"{length} is not None and {'' if atom.wanted else 'not '}{counted}[{length}]"

    def _ask_items(self, formula: Items) -> str:
        kind = self.names.constant(formula.kind, f"kind {formula.kind}", key=("kind", formula.kind))
        how = "every" if formula.every else "some"
        return f"{how}({self.raw(formula.path)}, {kind}, {self.item(formula)}, now, note)"


def _searching(pattern: str) -> Callable[[str], bool]:
    """Return a test of a text against a pattern."""
    return lambda text: patterns.search(pattern, text)


def _counting(wanted: tuple[tuple[str, Any], ...]) -> Callable[[int], bool]:
    """Return a test of a number of elements."""
    truth = OPERATORS["count"].truth
    return lambda number: truth(range(number), wanted, None) is True  # type: ignore[arg-type] # a count takes no time


def _reader(need: Reading) -> str:
    if need.count:
        return (entries_of if need.kind is Kind.QUANTITIES else length_of).__name__
    return READERS[need.kind].__name__
