"""Read what stands behind an operator as the field's kind, or complain about exactly that value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from tertib.language import durations, patterns
from tertib.language.literals import BAD, Bad, exact, instant, meant_duration, text, value
from tertib.language.operators import (
    COUNT_OPERATORS,
    NUMERIC,
    OPERATORS,
    ORDERED,
    TEXTUAL,
    Operator,
    Shape,
)
from tertib.language.scope import Scope, reachable
from tertib.language.tables import hint as tables_hint
from tertib.language.wording import kind_of, quote
from tertib.model import Calendar, Field, FieldRef, Kind, Path, TableKeys

_DURATION_HINT = "write a number and a unit: `30m`, `12h`, `3d`, `2w` or `1d12h`; `2wd` are working days"


def operand(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    """Return an operator's operand, read for a field whose kind the operator fits; `BAD` after a complaint.

    One value is a `str`, `Decimal`, `bool` or `datetime` by the field's kind, or a `FieldRef`; several are a
    tuple, or the `TableKeys` of a lookup table; a duration is a `Distance`; a condition on a count a tuple of operator
    and operand.
    """
    return _SHAPES[operator.shape](scope, field, operator, data, path)


def open_kind(operator: Operator, data: Any, fields: Mapping[str, Field]) -> Kind:
    """Return the kind as which a field below an open object is read: the operator's, or the operand's own."""
    if len(operator.kinds) == 1:
        return next(iter(operator.kinds))
    if operator.kinds <= TEXTUAL:
        return Kind.TEXT
    if Kind.TEXTS in operator.kinds and operator.shape is not Shape.FLAG:
        return Kind.TEXTS
    if Kind.OBJECTS in operator.kinds and operator.shape is Shape.OBJECT:
        return Kind.OBJECTS
    first = data[0] if isinstance(data, list | tuple) and data else data
    if operator.kinds <= ORDERED and isinstance(first, str):
        return Kind.TIME if exact(first) is None else Kind.NUMBER
    return _kind_of_value(first, fields)


def _kind_of_value(value: Any, fields: Mapping[str, Field]) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int | float | Decimal):
        return Kind.NUMBER
    if isinstance(value, Mapping) and "table" in value:
        return Kind.ID  # keys of a table are texts; a number of the order is found among them as well
    if isinstance(value, Mapping):
        other = fields.get(str(value.get("field")))
        return other.kind if other is not None else Kind.TEXT
    return Kind.TEXT


# --- one value ------------------------------------------------------------------------------------------


def _one(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if isinstance(data, Mapping):
        return _reference(scope, field, data, path)
    if isinstance(data, list | tuple):
        hint = (
            f"for a list use `{'not_in' if operator.name == 'ne' else 'in'}`"
            if operator.name in {"eq", "ne"}
            else None
        )
        return _wrong(scope, operator.name, "one value", data, path, hint=hint)
    return value(scope, field, data, path)


# --- several values -------------------------------------------------------------------------------------


def _several(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if isinstance(data, Mapping) and "table" in data:
        return _keys(scope, field, data, path)
    if not isinstance(data, list | tuple):
        hint = f"write a list: `{operator.name}: [{data}]`" if isinstance(data, str | int) else None
        return _wrong(scope, operator.name, "a list of values", data, path, hint=hint)
    if not data:
        return _empty(scope, operator.name, path)
    found = tuple(value(scope, field, one, (*path, index)) for index, one in enumerate(data))
    return BAD if BAD in found else found


def _keys(scope: Scope, field: Field, data: Mapping[Any, Any], path: Path) -> TableKeys | Bad:
    """Return the keys of the lookup table that `{table: …}` names."""
    name, tables = data["table"], scope.tables or {}
    odd = next((key for key in data if key != "table"), None)
    if odd is not None:
        hint = "the field is looked up in the table's key column, and in no other"
        scope.complain("T204", f"{quote(odd)} has no meaning here", (*path, odd), hint=hint, on_key=True)
    elif field.kind not in TEXTUAL:
        message = f"`{field.path}` ({field.kind}) cannot be looked up in a table, whose keys are texts"
        scope.complain("T222", message, path, hint="fields that can are texts, ids and enums")
    elif not isinstance(name, str):
        scope.complain("T204", f"`table` takes the name of a table, not {kind_of(name)}", (*path, "table"))
    elif name not in tables:
        scope.complain(
            "T221", f"unknown table {quote(name)}", (*path, "table"), hint=tables_hint(name, tables)
        )
    else:
        table = tables[name]
        return BAD if table is None else TableKeys(name, frozenset(table.rows))
    return BAD


def _range(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    pair = 2
    if not isinstance(data, list | tuple) or len(data) != pair:
        return _wrong(
            scope, operator.name, "a list of two", data, path, hint="write `between: [lowest, highest]`"
        )
    found = tuple(_one(scope, field, operator, one, (*path, index)) for index, one in enumerate(data))
    if BAD in found:
        return BAD
    low, high = found
    if not isinstance(low, FieldRef) and not isinstance(high, FieldRef) and low > high:
        message = f"{quote(data[0])} is above {quote(data[1])}, so nothing lies between them"
        scope.complain("T214", message, path, hint="write the lower value first")
        return BAD
    return found


def _names(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if not isinstance(data, list | tuple):
        hint = f"write a list: `{operator.name}: [{data}]`" if isinstance(data, str | int) else None
        return _wrong(scope, operator.name, "a list of names", data, path, hint=hint)
    if not data:
        return _empty(scope, operator.name, path)
    found = tuple(_name(scope, field, operator, one, (*path, index)) for index, one in enumerate(data))
    return BAD if BAD in found else found


def _name(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if isinstance(data, list | tuple):
        return _wrong(
            scope, operator.name, "one name", data, path, hint="for a list use `any_of` or `all_of`"
        )
    if isinstance(data, Mapping):
        hint = "for conditions on the objects use `any`, `every` or `none`"
        return _wrong(scope, operator.name, "a name", data, path, hint=hint)
    return value(scope, replace(field, kind=Kind.TEXT), data, path)


# --- text, flags, durations, instants -------------------------------------------------------------------


def _text_part(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if isinstance(data, list | tuple):
        hint = f"for one of several write `any: [{{{field.path}: {{{operator.name}: …}}}}, …]`"
        return _wrong(scope, operator.name, "one text", data, path, hint=hint)
    plain = replace(field, kind=Kind.TEXT)
    return _one(scope, plain, operator, data, path)


def _pattern(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if not isinstance(data, str):
        return _wrong(scope, operator.name, "a pattern as text", data, path)
    found = text(scope, field, data, path)
    if found is BAD:
        return BAD
    try:
        patterns.compiled(data)
    except patterns.PatternError as error:
        hint = "for plain words use `contains`; patterns are RE2's, without look-around and back-references"
        scope.complain("T207", f"{quote(data)} is not a pattern: {error}", path, hint=hint)
        return BAD
    return data


def _flag(scope: Scope, _field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if isinstance(data, bool):
        return data
    return _wrong(scope, operator.name, "`true` or `false`", data, path, hint="write it without quotes")


def _duration(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    if isinstance(data, Mapping):
        return _reference(scope, field, data, path, counts_time=True)
    if not isinstance(data, str):
        hint = f"write the unit too: `{operator.name}: {data}d`" if isinstance(data, int) else None
        scope.complain("T208", f"{quote(data)} is not a duration", path, hint=hint or _DURATION_HINT)
        return BAD
    try:
        return durations.parse_distance(data, scope.calendar or Calendar(str(scope.zone)))
    except ValueError as error:
        meant = meant_duration(data)
        hint = _DURATION_HINT if meant in {None, data} else f"did you mean `{meant}`?"
        scope.complain("T208", str(error), path, hint=hint)
        return BAD


def _instant(scope: Scope, field: Field, _operator: Operator, data: Any, path: Path) -> Any:
    if isinstance(data, Mapping):
        return _reference(scope, field, data, path)
    return instant(scope, data, path)


# --- counts ---------------------------------------------------------------------------------------------


def _count(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Any:
    number = replace(field, kind=Kind.NUMBER, path=f"count of {field.path}")
    if not isinstance(data, Mapping):
        whole = exact(data)
        if whole is None or whole < 0 or whole % 1:
            return _wrong(
                scope,
                operator.name,
                "a whole number",
                data,
                path,
                hint="write `count: 2` or `count: {gte: 2}`",
            )
        return (("eq", whole),)
    if not data:
        return _empty(scope, operator.name, path)
    found = tuple(
        (name, _count_part(scope, number, name, wanted, (*path, name))) for name, wanted in data.items()
    )
    return BAD if any(wanted is BAD for _, wanted in found) else found


def _count_part(scope: Scope, number: Field, name: Any, data: Any, path: Path) -> Any:
    if name not in COUNT_OPERATORS:
        hint = f"a count is a number: {', '.join(f'`{one}`' for one in COUNT_OPERATORS)}"
        scope.complain("T203", f"{quote(name)} is no operator for a count", path, hint=hint, on_key=True)
        return BAD
    if isinstance(data, Mapping):
        return _wrong(scope, name, "a number", data, path, hint="a count cannot be compared with a field")
    return operand(scope, number, OPERATORS[name], data, path)


# --- other fields ---------------------------------------------------------------------------------------

_FAMILIES: Final = (NUMERIC, TEXTUAL, frozenset({Kind.TIME}), frozenset({Kind.BOOLEAN}))


def _reference(
    scope: Scope, field: Field, data: Mapping[Any, Any], path: Path, *, counts_time: bool = False
) -> FieldRef | Bad:
    if "field" not in data:
        message = f"a block of keys stands where {'a duration' if counts_time else 'a value'} is expected"
        scope.complain("T204", message, path, hint="to name another field write `{field: NAME}`")
        return BAD
    for key in data:
        if key != "field" and not (key == "unit" and counts_time):
            hint = "only a duration has a `unit`" if key == "unit" else None
            scope.complain("T210", f"{quote(key)} has no meaning here", (*path, key), hint=hint, on_key=True)
            return BAD
    name = data["field"]
    if not isinstance(name, str):
        scope.complain("T210", f"{quote(name)} is not the name of a field", (*path, "field"))
        return BAD
    other = scope.resolve(name, (*path, "field"), in_operand=True)
    if other is None:
        return BAD
    return _time_count(scope, other, data, path) if counts_time else _comparable(scope, field, other, path)


def _comparable(scope: Scope, field: Field, other: Field, path: Path) -> FieldRef | Bad:
    if other.kind is Kind.OPEN:
        return FieldRef(other.path, field.kind)
    if any(field.kind in family and other.kind in family for family in _FAMILIES):
        return FieldRef(other.path, other.kind)
    message = f"`{other.path}` ({other.kind}) does not compare with `{field.path}` ({field.kind})"
    scope.complain("T210", message, (*path, "field"))
    return BAD


def _time_count(scope: Scope, other: Field, data: Mapping[Any, Any], path: Path) -> FieldRef | Bad:
    if other.kind not in {Kind.NUMBER, Kind.OPEN} or (other.unit and other.unit not in durations.UNITS):
        return _no_duration(scope, other, path)
    unit = data.get("unit", other.unit)
    hint = f"units are {', '.join(f'`{one}`' for one in durations.UNITS)}"
    if not unit:
        message = f"nobody says what unit `{other.path}` counts"
        scope.complain("T210", message, path, hint="add one: `{field: …, unit: days}`")
    elif unit not in durations.UNITS:
        scope.complain("T210", f"{quote(unit)} is no unit of time", (*path, "unit"), hint=hint)
    elif other.unit and unit != other.unit:
        scope.complain("T210", f"`{other.path}` counts {other.unit}, not {unit}", (*path, "unit"))
    else:
        return FieldRef(other.path, Kind.NUMBER, unit)
    return BAD


def _no_duration(scope: Scope, other: Field, path: Path) -> Bad:
    counting = [name for name in reachable(scope.fields) if scope.fields[name].unit in durations.UNITS]
    names = ", ".join(f"`{name}`" for name in counting)
    hint = f"fields that count time are {names}" if names else "this source has no field that counts time"
    what = f"counts {other.unit}" if other.kind is Kind.NUMBER else f"is {other.kind}"
    scope.complain("T210", f"`{other.path}` {what}, which is no duration", (*path, "field"), hint=hint)
    return BAD


# --- complaints -----------------------------------------------------------------------------------------


def _wrong(scope: Scope, name: str, wanted: str, data: Any, path: Path, *, hint: str | None = None) -> Bad:
    found = kind_of(data) if isinstance(data, list | tuple | Mapping) or data is None else quote(data)
    scope.complain("T204", f"`{name}` takes {wanted}, not {found}", path, hint=hint)
    return BAD


def _empty(scope: Scope, name: str, path: Path) -> Bad:
    scope.complain("T205", f"`{name}` is empty", path)
    return BAD


_SHAPES: Final[Mapping[Shape, Callable[[Scope, Field, Operator, Any, Path], Any]]] = {
    Shape.ONE: _one,
    Shape.SEVERAL: _several,
    Shape.RANGE: _range,
    Shape.TEXT: _text_part,
    Shape.PATTERN: _pattern,
    Shape.FLAG: _flag,
    Shape.DURATION: _duration,
    Shape.INSTANT: _instant,
    Shape.NAME: _name,
    Shape.NAMES: _names,
    Shape.COUNT: _count,
}
