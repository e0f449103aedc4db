"""Conditions as rules write them, checked and read into `model` values; and the one door to what is done with them.

A list of conditions holds where all of them do. An item is a mapping: each key is a field, or one of the groups
`all`, `any`, `not`, or `expr`; all its keys must hold. A field's value is a scalar (equality), a list (any of),
null, or a mapping of operators, all of which must hold. What the person wrote in one line and means two tests
becomes two conditions, so that every stage meets single tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any, Final, Literal, cast

from tertib.language import flow, templates
from tertib.language.durations import day_after, is_bare_date
from tertib.language.interpret import all_of, evaluate, matches_in, reads
from tertib.language.literals import BAD, value
from tertib.language.nearest import did_you_mean
from tertib.language.operands import open_kind, operand
from tertib.language.operators import (
    GROUPS,
    NAMED,
    OF_OBJECTS,
    OPERATORS,
    SCALARS,
    SYNONYMS,
    Operator,
    Shape,
    fitting,
)
from tertib.language.scope import Scope
from tertib.language.tracing import trace
from tertib.language.wording import kind_of, quote
from tertib.model import (
    Calendar,
    Complaint,
    Condition,
    Elements,
    Expression,
    Field,
    Group,
    Kind,
    Parameter,
    Path,
    Table,
    Test,
)

__all__ = ["all_of", "evaluate", "matches_in", "parse", "reads", "trace"]

_DEEPEST: Final = 32
_EXPRESSION_KEY: Final = "expr"


def parse(
    data: Any,
    fields: Mapping[str, Field],
    zone: tzinfo,
    complaints: list[Complaint],
    path: Path = ("conditions",),
    *,
    elsewhere: Mapping[str, Field] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    tables: Mapping[str, Table | None] | None = None,
    calendar: Calendar | None = None,
) -> tuple[Condition, ...]:
    """Read a list of conditions over a source's `fields`, all of which must hold.

    Every mistake is added to `complaints` with its path from `path`; what has errors is left out of the result.
    `zone` gives bare dates their midnight. `elsewhere` (the other source's fields) and `parameters` (of the
    query) only make hints better. `tables` are the rule's lookup tables, None for one that was complained about.
    `calendar` measures working days; without one those are Monday to Friday.
    """
    scope = Scope(
        fields,
        zone,
        complaints,
        elsewhere=elsewhere,
        parameters=parameters,
        tables=tables,
        calendar=calendar,
    )
    if isinstance(data, Mapping):
        hint = "start each condition with a dash: `- field: value`"
        scope.complain(
            "T206", f"`{path[-1]}` is a block of keys where a list of conditions is expected", path, hint=hint
        )
        return ()
    if not isinstance(data, list | tuple):
        hint = "write a list: `- field: value`"
        scope.complain(
            "T206", f"`{path[-1]}` is {kind_of(data)} where a list of conditions is expected", path, hint=hint
        )
        return ()
    return tuple(_items(scope, data, path))


def _items(scope: Scope, data: Iterable[Any], path: Path) -> Iterator[Condition]:
    """Yield the conditions of a list whose items must all hold."""
    for index, item in enumerate(data):
        yield from _mapping(scope, item, (*path, index))


def _mapping(scope: Scope, data: Any, path: Path) -> Iterator[Condition]:
    """Yield the conditions of one mapping, all of which must hold."""
    if not isinstance(data, Mapping):
        hint = "write `field: value` or `field: {operator: value}`"
        scope.complain("T206", f"{_named(data)} is not a condition", path, hint=hint)
    elif not data:
        scope.complain("T205", "an empty condition says nothing", path)
    elif scope.depth > _DEEPEST:
        scope.complain("T219", f"conditions are nested deeper than {_DEEPEST} levels", path)
    else:
        for key, below in data.items():
            yield from _entry(scope, key, below, (*path, key))


def _named(data: Any) -> str:
    if isinstance(data, str) and not data.strip():
        return "an empty text"
    return kind_of(data) if isinstance(data, list | tuple) or data is None else quote(data)


def _entry(scope: Scope, key: Any, data: Any, path: Path) -> Iterator[Condition]:
    if key in GROUPS:
        yield from _group(scope, cast("Literal['all', 'any', 'not']", key), data, path)
    elif key == _EXPRESSION_KEY:
        yield from _expression(scope, data, path)
    elif not isinstance(key, str):
        scope.complain("T201", f"{quote(key)} is not the name of a field", path, on_key=True)
    else:
        yield from _field(scope, key, data, path)


# --- groups and expressions -----------------------------------------------------------------------------


def _group(scope: Scope, how: Literal["all", "any", "not"], data: Any, path: Path) -> Iterator[Group]:
    inner = scope.deeper()
    text = flow.spell_short({how: data})
    if how == "not" and isinstance(data, Mapping):
        children = tuple(_mapping(inner, data, path))
    elif not isinstance(data, list | tuple):
        _complain_of_group(scope, how, data, path)
        return
    elif not data:
        scope.complain("T205", f"`{how}` is empty", path)
        return
    elif how == "any":
        children = tuple(_alternatives(inner, data, path))
    else:
        children = tuple(_items(inner, data, path))
    if children:
        yield Group(how, children, text, path)


def _complain_of_group(scope: Scope, how: str, data: Any, path: Path) -> None:
    hint = f"write a list: `{how}: [{{field: value}}, {{field: value}}]`"
    if isinstance(data, Mapping) and any(key in OPERATORS for key in data):
        hint = f"`{how}` holds conditions; to say it of a list write `field: {{{how}: {{…}}}}`"
    scope.complain(
        "T206", f"`{how}` is {kind_of(data)} where a list of conditions is expected", path, hint=hint
    )


def _alternatives(scope: Scope, data: Iterable[Any], path: Path) -> Iterator[Condition]:
    """Yield one condition an item: what one item says in several keys stays together."""
    for index, item in enumerate(data):
        spot = (*path, index)
        yield from _together(tuple(_mapping(scope, item, spot)), item, spot)


def _together(found: tuple[Condition, ...], data: Any, path: Path) -> Iterator[Condition]:
    if len(found) == 1:
        yield found[0]
    elif found:
        yield Group("all", found, flow.spell_short(data), path)


def _expression(scope: Scope, data: Any, path: Path) -> Iterator[Expression]:
    if not isinstance(data, str) or not data.strip():
        scope.complain(
            "T218", f"{_named(data)} is not an expression", path, hint='write `expr: "order.… > …"`'
        )
        return
    if scope.inside:
        hint = "an expression sees the whole order; put it beside this condition"
        scope.complain("T218", f"`expr` cannot stand inside `{scope.inside}`", path, hint=hint, on_key=True)
        return
    before = len(scope.complaints)
    tables = scope.tables or {}
    templates.check_expression(data, scope.fields, scope.complaints, path, tables)
    if not any(one.severity == "error" for one in scope.complaints[before:]):
        names = templates.expression_reads(data)
        used = tuple(table for name in templates.expression_tables(data) if (table := tables.get(name)))
        yield Expression(data, tuple(sorted(names)), flow.spell_short({_EXPRESSION_KEY: data}), path, used)


# --- fields ---------------------------------------------------------------------------------------------


def _field(scope: Scope, name: str, data: Any, path: Path) -> Iterator[Condition]:
    if name not in scope.fields and name in OPERATORS and not scope.open:
        hint = f"write `field: {{{name}: …}}`"
        scope.complain(
            "T206", f"operator `{name}` stands where a field is expected", path, hint=hint, on_key=True
        )
        return
    field = scope.resolve(name, path)
    if field is None:
        return
    if isinstance(data, Mapping):
        yield from _operators(scope, field, data, path)
    else:
        yield from _short_form(scope, field, data, path)


def _short_form(scope: Scope, field: Field, data: Any, path: Path) -> Iterator[Condition]:
    """Read a bare value: null is `exists: false`, a scalar equality, a list any of; on lists of names likewise."""
    text = flow.spell_short({field.path: data})
    if data is None:
        yield _null_test(field, text, path)
        return
    several = isinstance(data, list | tuple)
    below_open = field.kind is Kind.OPEN and field.path not in scope.fields
    if several and not data:
        scope.complain(
            "T205", f"`{field.path}` stands before an empty list, and nothing is any of none", path
        )
    elif field.kind in SCALARS or below_open:
        yield from _comparison(scope, field, "in" if several else "eq", data, text=text, path=path)
    elif field.kind in NAMED:
        yield from _comparison(scope, field, "any_of" if several else "includes", data, text=text, path=path)
    else:
        _complain_of_object(scope, field, data, path)


def _complain_of_object(scope: Scope, field: Field, data: Any, path: Path) -> None:
    if field.kind is Kind.OBJECTS:
        message = f"`{field.path}` is a list of objects and cannot equal {_named(data)}"
        scope.complain("T203", message, path, hint=_fit_hint(field))
        return
    inside = [one for one in scope.fields if one.startswith(f"{field.path}.")]
    names = " or ".join(f"`{one}`" for one in inside[:2]) or f"`{field.path}.NAME`"
    hint = f"name a field of it, such as {names}"
    scope.complain("T220", f"`{field.path}` is an object and cannot equal {_named(data)}", path, hint=hint)


def _operators(scope: Scope, field: Field, data: Mapping[Any, Any], path: Path) -> Iterator[Condition]:
    if not data:
        hint = f"write `{field.path}: {{{fitting(field.kind)[0]}: …}}`, or `{field.path}: null`"
        scope.complain("T205", f"`{field.path}` has no operator", path, hint=hint)
    for name, wanted in data.items():
        spot = (*path, name)
        operator = OPERATORS.get(name) if isinstance(name, str) else None
        if operator is None:
            _complain_of_operator(scope, field, name, data, spot)
        elif field.kind is not Kind.OPEN and field.kind not in operator.kinds:
            _complain_of_misfit(scope, field, operator, spot)
        else:
            yield from _operation(scope, field, operator, wanted, spot)


def _complain_of_operator(scope: Scope, field: Field, name: Any, data: Mapping[Any, Any], path: Path) -> None:
    below = f"{field.path}.{name}"
    if below in scope.fields:
        code, message = "T220", f"`{name}` is a field of `{field.path}`, not an operator"
        hint: str | None = f"write `{below}: …`"
    elif name == "table":
        code, message = "T202", "`table` names an operand and is no operator"
        hint = f"write `{field.path}: {{in: {{table: …}}}}`"
    elif name in {"field", "unit"} and "field" in data:
        if name == "unit":
            return
        code, message = "T202", "`field` names an operand and is no operator"
        hint = f"write `{field.path}: {{eq: {{field: …}}}}`"
    else:
        code, message = "T202", f"unknown operator {quote(name)}"
        hint = _operator_hint(field, str(name))
        if field.kind is Kind.OPEN:
            hint = f"for a value inside write `{below}: …`"
    scope.complain(code, message, path, hint=hint, on_key=True)


def _operator_hint(field: Field, name: str) -> str:
    names = OPERATORS if field.kind is Kind.OPEN else fitting(field.kind)
    meant = SYNONYMS.get(name.strip().lower().replace(" ", "_").replace("-", "_"))
    if meant in names:
        return f"did you mean `{meant}`?"
    return did_you_mean(name, names) or _fit_hint(field)


def _fit_hint(field: Field) -> str:
    names = OPERATORS if field.kind is Kind.OPEN else fitting(field.kind)
    return f"`{field.path}` ({field.kind}) takes {', '.join(f'`{one}`' for one in names)}"


def _complain_of_misfit(scope: Scope, field: Field, operator: Operator, path: Path) -> None:
    message = f"operator `{operator.name}` does not fit `{field.path}`, which is {_KINDS[field.kind]}"
    scope.complain("T203", message, path, hint=_fit_hint(field), on_key=True)


def _operation(scope: Scope, field: Field, operator: Operator, data: Any, path: Path) -> Iterator[Condition]:
    text = flow.spell_short({field.path: {operator.name: data}})
    if operator.shape is Shape.OBJECT:
        yield from _elements(scope, field, operator, data, text=text, path=path)
    elif data is None and operator.name in {"eq", "ne"}:
        yield Test(field.path, field.kind, "exists", operator.name == "ne", text, path)
    else:
        yield from _comparison(scope, field, operator.name, data, text=text, path=path)


def _elements(
    scope: Scope, field: Field, operator: Operator, data: Any, *, text: str, path: Path
) -> Iterator[Elements]:
    if not isinstance(data, Mapping):
        named = field.kind in NAMED and isinstance(data, str | list | tuple)
        hint = (
            f"for names write `{operator.name}_of: […]`"
            if operator.name in {"any", "none"} and named
            else None
        )
        hint = hint or f"write `{operator.name}: {{field: value}}`: all of it must hold of one object"
        message = f"`{operator.name}` takes conditions on one object, not {_named(data)}"
        scope.complain("T204", message, path, hint=hint)
        return
    kind = field.kind if field.kind in OF_OBJECTS else Kind.OBJECTS
    found = tuple(_mapping(scope.of_objects_in(field), data, path))
    for child in _together(found, data, path):
        how = cast("Literal['any', 'every', 'none']", operator.name)
        yield Elements(field.path, how, child, text, path, kind)


# --- tests ----------------------------------------------------------------------------------------------


def _comparison(
    scope: Scope, field: Field, name: str, data: Any, *, text: str, path: Path
) -> Iterator[Condition]:
    """Yield one test, or for a list that holds null the group that says the same without it."""
    if name in {"in", "not_in"} and isinstance(data, list | tuple) and None in data:
        yield from _with_null(scope, field, name, data, text=text, path=path)
        return
    operator = OPERATORS[name]
    if field.kind is Kind.OPEN:
        field = replace(field, kind=open_kind(operator, data, scope.fields))
    found = operand(scope, field, operator, data, path)
    if found is BAD:
        return
    if field.kind is Kind.TIME and name in {"eq", "ne", "in", "not_in"}:
        _warn_of_midnight(scope, field, data, path)
    yield Test(field.path, field.kind, name, found, text, path)


def _with_null(
    scope: Scope, field: Field, name: str, data: Sequence[Any], *, text: str, path: Path
) -> Iterator[Condition]:
    """Read `[null, x]` as null or x: the tests are the same as for the two conditions written apart."""
    rest = [one for one in data if one is not None]
    kind = open_kind(OPERATORS["in"], rest, scope.fields) if field.kind is Kind.OPEN else field.kind
    known = replace(field, kind=kind)
    found = tuple(
        value(scope, known, one, (*path, index)) for index, one in enumerate(data) if one is not None
    )
    if BAD in found:
        return
    null = _null_test(known, flow.spell_short({field.path: None}), path)
    others = Test(field.path, kind, "in", found, flow.spell_short({field.path: rest}), path)
    either: Condition = Group("any", (null, others), text, path) if rest else replace(null, text=text)
    yield Group("not", (either,), text, path) if name == "not_in" else either


def _null_test(field: Field, text: str, path: Path) -> Test:
    return Test(field.path, field.kind, "exists", operand=False, text=text, path=path)


def _warn_of_midnight(scope: Scope, field: Field, data: Any, path: Path) -> None:
    written = data if isinstance(data, list | tuple) else [data]
    dates = [one for one in written if isinstance(one, str) and is_bare_date(one)]
    if dates:
        hint = f"for that whole day write `{field.path}: {{gte: {dates[0]}, lt: {day_after(dates[0])}}}`"
        message = f"`{field.path}` is compared with one instant, the midnight of a date"
        scope.complain("T217", message, path, hint=hint, severity="warning")


_KINDS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "text",
    Kind.ENUM: "one of a few known texts",
    Kind.NUMBER: "a number",
    Kind.MONEY: "an amount of money",
    Kind.BOOLEAN: "true or false",
    Kind.TIME: "a time",
    Kind.ID: "an id",
    Kind.TAGS: "a list of tags",
    Kind.TEXTS: "a list of texts",
    Kind.OBJECTS: "a list of objects",
    Kind.QUANTITIES: "quantities by name",
    Kind.OBJECT: "an object",
    Kind.OPEN: "an open object",
}
"""What a field is, in the words of messages."""
