"""`tertib fields`: what a rule can ask of an order, filter by, and set, and what conditions can say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

import click

from tertib.cli import context, options, screen
from tertib.errors import SettingsError
from tertib.language.operators import OPERATORS, Operator
from tertib.model import ActionField, Field, Kind, Parameter
from tertib.scalev import contract

_SOURCES: Final[Mapping[str, str]] = {"orders": "the business", "customer_orders": "customers"}


@click.command("fields")
@click.argument("pattern", required=False)
@click.option("--operators", "of_operators", is_flag=True, help="List the operators of conditions instead.")
@options.json_output
def command(pattern: str | None, *, of_operators: bool, as_json: bool) -> int:
    """List fields, query parameters and action fields whose name or help holds PATTERN (`*` and `?` too)."""
    if of_operators:
        return _list_operators(pattern, as_json=as_json)
    fields = [field for field in _fields() if _fits(pattern, field.path, field.help)]
    parameters = [one for one in contract.PARAMETERS.values() if _fits(pattern, one.name, one.help)]
    actions = [one for one in contract.ACTION_FIELDS.values() if _fits(pattern, one.name, one.help)]
    if as_json:
        screen.emit(
            {
                "fields": [_field(one) for one in fields],
                "query": [_parameter(one) for one in parameters],
                "action": [_action(one) for one in actions],
            }
        )
        return 0
    if not (fields or parameters or actions):
        raise SettingsError(f"nothing fits `{pattern}`", hint="`tertib fields` alone lists everything")
    _show(fields, parameters, actions)
    return 0


def _list_operators(pattern: str | None, *, as_json: bool) -> int:
    rows = [row for row in OPERATORS.values() if _fits(pattern, row.name, row.help)]
    if as_json:
        screen.emit({"operators": [_operator(row) for row in rows]})
        return 0
    if not rows:
        hint = "`tertib fields --operators` alone lists all"
        raise SettingsError(f"no operator fits `{pattern}`", hint=hint)
    listed = screen.reference("operator", "true where the field", "takes", "for", "example")
    for row in rows:
        listed.add_row(row.name, row.help, row.shape, ", ".join(_kinds(row)), row.example.condition)
    context.sessions()[0].console().print(listed)
    return 0


def _fields() -> Iterator[Field]:
    """Yield each field once, though two endpoints may give it."""
    seen: dict[str, Field] = {}
    for fields in contract.FIELDS.values():
        for path, field in fields.items():
            seen.setdefault(path, field)
    yield from (seen[path] for path in sorted(seen))


def _fits(pattern: str | None, name: str, text: str) -> bool:
    if pattern is None:
        return True
    wanted = pattern.lower()
    if any(sign in wanted for sign in "*?["):
        return fnmatchcase(name, wanted)
    return wanted in name or wanted in text.lower()


# --- for people -----------------------------------------------------------------------------------------


def _show(fields: list[Field], parameters: list[Parameter], actions: list[ActionField]) -> None:
    out = context.sessions()[0].console()
    if fields:
        listed = screen.reference(
            "field", "kind", "only for", "asked for", "what it is", title="conditions: fields of an order"
        )
        for field in fields:
            kind = field.kind + (f" ({field.unit})" if field.unit else "")
            listed.add_row(field.path, kind, _only_for(field), _asked_for(field), _about(field))
        out.print(listed)
    if parameters:
        listed = screen.reference(
            "parameter", "kind", "checked again", "what it is", title="query: filters that Scalev applies"
        )
        for one in parameters:
            listed.add_row(one.name, one.kind, str(one.recheck), _help(one.help, one.values))
        out.print(listed)
    if actions:
        listed = screen.reference(
            "field", "kind", "read back as", "what it is", title="action: what a rule can set"
        )
        for of_action in actions:
            named = _help(of_action.help, of_action.values)
            listed.add_row(of_action.name, of_action.kind, of_action.reads_as or "not readable", named)
        out.print(listed)


def _only_for(field: Field) -> str:
    return "" if len(field.sources) > 1 else _SOURCES[next(iter(field.sources))]


def _asked_for(field: Field) -> str:
    """Say what `columns` must name: nothing for what always comes, and `never` for what it cannot bring."""
    return "never" if field.column is None else field.column


def _about(field: Field) -> str:
    marks = [
        word for word, holds in (("personal", field.personal), ("later documents", field.later)) if holds
    ]
    return _help(field.help, field.values) + (f" ({', '.join(marks)})" if marks else "")


def _help(text: str, values: Iterable[str]) -> str:
    listed = ", ".join(sorted(values))
    return f"{text} [{listed}]" if listed else text


# --- for programs ---------------------------------------------------------------------------------------


def _field(field: Field) -> Mapping[str, Any]:
    """Return a field; `column` is what `columns` must name, empty where nothing, null where nothing helps."""
    return {
        "path": field.path,
        "kind": str(field.kind),
        "help": field.help,
        "sources": sorted(field.sources),
        "unit": field.unit or None,
        "values": sorted(field.values),
        "column": field.column,
        "personal": field.personal,
        "element": field.element,
        "later": field.later,
    }


def _parameter(one: Parameter) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "help": one.help,
        "values": sorted(one.values),
        "recheck": str(one.recheck),
        "checks": list(one.checks),
    }


def _action(one: ActionField) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "help": one.help,
        "values": sorted(one.values),
        "reads_as": one.reads_as,
        "personal": one.personal,
    }


def _operator(row: Operator) -> Mapping[str, Any]:
    return {
        "name": row.name,
        "help": row.help,
        "takes": str(row.shape),
        "kinds": _kinds(row),
        "example": row.example.condition,
        "pushed_down": None if row.pushdown is None else row.pushdown.sends,
    }


def _kinds(row: Operator) -> list[str]:
    return [str(kind) for kind in Kind if kind in row.kinds]
