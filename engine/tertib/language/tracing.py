"""Why a condition holds or not: each part of it, the value it saw, and its verdict.

Values of personal fields are shown as a mask and a keyed fingerprint, so that a record can be read and compared
months later without holding them. Everything shown is one short line that a terminal prints as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

from tertib.language import durations, flow
from tertib.language.interpret import Reading, group_verdict, objects, test_verdict, verdict
from tertib.language.personal import Mask
from tertib.language.values import MISSING, UNREADABLE, find, read_as
from tertib.model import (
    Condition,
    Elements,
    Expression,
    Field,
    FieldRef,
    Group,
    Kind,
    Order,
    TableKeys,
    Test,
    Trace,
)

_LONGEST: Final = 80
_MOST_ELEMENTS: Final = 20
_WHOLE_VALUES: Final = frozenset(
    {"eq", "ne", "in", "not_in", "eq_i", "includes", "any_of", "all_of", "none_of"}
)
"""The operators whose operand is a whole value, which may be somebody's phone number or name."""


def trace(
    condition: Condition,
    order: Order,
    now: datetime,
    fields: Mapping[str, Field],
    mask: Mask,
    *,
    zone: tzinfo | None = None,
) -> Trace:
    """Return the tree of a condition's verdicts on an order; times are shown in `zone`, else in that of `now`."""
    shown = _Shown(fields, mask, zone or now.tzinfo)
    return _trace(condition, Reading(order, now), shown)


@dataclass(frozen=True, slots=True)
class _Shown:
    """How values are shown: which are personal, under which mask, in which zone."""

    fields: Mapping[str, Field]
    mask: Mask
    zone: tzinfo | None

    def is_personal(self, path: str) -> bool:
        """Tell whether a field is marked personal, or lies in one that is and is not known itself."""
        parts = path.split(".")
        ways = (self.fields.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
        known = next((way for way in ways if way is not None), None)
        return known is not None and known.personal

    def value(self, path: str, kind: Kind, reading: Reading) -> str:
        """Show the value at a path of the reading, on one short line."""
        raw = find(reading.order, path)
        if raw is MISSING or raw is None or raw is UNREADABLE:
            return {None: "null", MISSING: "missing", UNREADABLE: "not readable: its parent is no object"}[
                raw
            ]
        if isinstance(raw, Mapping) and kind is not Kind.QUANTITIES:
            return "an object"
        if self.is_personal(reading.prefix + path) and raw != "":
            return f"{self.mask.show(raw)} #{self.mask.fingerprint(raw)}"
        return flow.cap(_plain(raw, kind, reading.now, self.zone), _LONGEST)

    def text(self, condition: Condition, prefix: str) -> str:
        """Return a condition as it was written, but for personal values that it names."""
        if not self._names_personal(condition, prefix):
            return condition.text
        if isinstance(condition, Test):
            return f"{condition.field}: {{{condition.operator}: {self._masked(condition.operand)}}}"
        if isinstance(condition, Group):
            inner = ", ".join("{" + self.text(child, prefix) + "}" for child in condition.children)
            return f"{condition.how}: [{inner}]"
        if isinstance(condition, Elements):
            inner = self.text(condition.child, f"{prefix}{condition.field}.")
            return f"{condition.field}: {{{condition.how}: {{{inner}}}}}"
        return condition.text

    def _names_personal(self, condition: Condition, prefix: str) -> bool:
        if isinstance(condition, Test):
            if condition.operator not in _WHOLE_VALUES or isinstance(condition.operand, FieldRef | TableKeys):
                return False
            return self.is_personal(prefix + condition.field)
        if isinstance(condition, Group):
            return any(self._names_personal(child, prefix) for child in condition.children)
        if isinstance(condition, Elements):
            return self._names_personal(condition.child, f"{prefix}{condition.field}.")
        return False

    def _masked(self, operand: Any) -> str:
        if isinstance(operand, tuple):
            return "[" + ", ".join(map(self.mask.show, operand)) + "]"
        return self.mask.show(operand)


def _plain(raw: Any, kind: Kind, now: datetime, zone: tzinfo | None) -> str:
    value = read_as(raw, kind)
    if value is None:
        return flow.spell(raw)
    if value is UNREADABLE:
        return f"{flow.cap(flow.spell(raw), _LONGEST // 2)} (not readable as {kind})"
    if isinstance(value, datetime):
        return _moment(value, now, zone)
    if kind is Kind.OBJECTS:
        return f"{len(value)} object{'' if len(value) == 1 else 's'}"
    if isinstance(value, tuple):
        return "[" + ", ".join("?" if name is None else flow.spell(name) for name in value) + "]"
    return flow.clean(raw) if isinstance(raw, str) else flow.spell(raw)


def _moment(value: datetime, now: datetime, zone: tzinfo | None) -> str:
    try:
        local = value.astimezone(zone)
    except OverflowError:  # the first and last hours that a calendar has
        local = value
    age = now - value
    told = f"in {durations.format_age(age)}" if value > now else f"{durations.format_age(age)} old"
    return f"{local:%Y-%m-%d %H:%M} ({told})"


# --- the tree -------------------------------------------------------------------------------------------


def _trace(condition: Condition, reading: Reading, shown: _Shown) -> Trace:
    text = shown.text(condition, reading.prefix)
    if isinstance(condition, Test):
        return Trace(text, _saw_test(condition, reading, shown), test_verdict(condition, reading))
    if isinstance(condition, Group):
        return _trace_group(condition, text, reading, shown)
    if isinstance(condition, Elements):
        return _trace_elements(condition, text, reading, shown)
    return Trace(text, _saw_expression(condition, reading, shown), verdict(condition, reading))


def _saw_test(test: Test, reading: Reading, shown: _Shown) -> str:
    saw = shown.value(test.field, test.kind, reading)
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    others = [
        f"{one.path} {shown.value(one.path, one.kind, reading)}"
        for one in operands
        if isinstance(one, FieldRef)
    ]
    return "; ".join((saw, *others))


def _trace_group(group: Group, text: str, reading: Reading, shown: _Shown) -> Trace:
    children = tuple(_trace(child, reading, shown) for child in group.children)
    saw = "; ".join(dict.fromkeys(_labelled(group, reading, shown)))
    result = group_verdict(group.how, [child.result for child in children])
    return Trace(text, flow.cap(saw, _LONGEST), result, children)


def _labelled(condition: Condition, reading: Reading, shown: _Shown) -> Iterator[str]:
    """Yield what the tests below a group saw, each with its field: a plan shows reasons without their parts."""
    if isinstance(condition, Group):
        for child in condition.children:
            yield from _labelled(child, reading, shown)
    elif isinstance(condition, Test):
        yield f"{condition.field} {_saw_test(condition, reading, shown)}"
    elif isinstance(condition, Elements):
        yield f"{condition.field} {shown.value(condition.field, condition.kind, reading)}"
    else:
        yield _saw_expression(condition, reading, shown)


def _trace_elements(condition: Elements, text: str, reading: Reading, shown: _Shown) -> Trace:
    """Trace the list's condition; of a long list the first objects are traced one by one, all are counted."""
    saw = shown.value(condition.field, condition.kind, replace(reading, on_unreadable=None))
    found = objects(condition, reading)
    if found is None:
        return Trace(text, saw, None)
    children = tuple(_trace_element(condition, element, reading, shown) for element in found[:_MOST_ELEMENTS])
    return Trace(text, saw, verdict(condition, reading), children)


def _trace_element(condition: Elements, element: Any, reading: Reading, shown: _Shown) -> Trace:
    inner = reading.of_element(condition.field, element)
    if element is None:
        return Trace(shown.text(condition.child, inner.prefix), "not an object", None)
    return _trace(condition.child, inner, shown)


def _saw_expression(condition: Expression, reading: Reading, shown: _Shown) -> str:
    parts = []
    for path in condition.reads:
        known = shown.fields.get(path)
        parts.append(f"{path} {shown.value(path, known.kind if known else Kind.OPEN, reading)}")
    return flow.cap("; ".join(parts), _LONGEST)
