"""`tertib fields`: what a rule can ask of an order, filter by, and set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import click

from tertib.cli import context, options, screen
from tertib.errors import SettingsError
from tertib.model import ActionField, Field, Parameter
from tertib.scalev import contract

_MOST_VALUES = 6


@click.command("fields")
@click.argument("pattern", required=False)
@options.json_output
def command(pattern: str | None, *, as_json: bool) -> int:
    """List fields, query parameters and action fields whose name or help holds PATTERN (`*` and `?` too)."""
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


def _show(fields: list[Field], parameters: list[Parameter], actions: list[ActionField]) -> None:
    out = context.session().console()
    if fields:
        listed = screen.table(
            "field", "kind", "only in", "what it is", title="conditions: fields of an order"
        )
        for field in fields:
            kind = field.kind + (f" ({field.unit})" if field.unit else "")
            listed.add_row(field.path, kind, _only_in(field), _help(field.help, field.values))
        out.print(listed)
    if parameters:
        listed = screen.table("parameter", "kind", "what it is", title="query: filters that Scalev applies")
        for one in parameters:
            listed.add_row(one.name, one.kind, _help(one.help, one.values))
        out.print(listed)
    if actions:
        listed = screen.table("field", "kind", "what it is", title="action: what a rule can set")
        for field_of_action in actions:
            named = _help(field_of_action.help, field_of_action.values)
            listed.add_row(field_of_action.name, field_of_action.kind, named)
        out.print(listed)


def _only_in(field: Field) -> str:
    return "" if len(field.sources) > 1 else next(iter(field.sources), "")


def _help(text: str, values: Iterable[str]) -> str:
    listed = sorted(values)
    if not listed:
        return text
    more = f", … ({len(listed)} in all)" if len(listed) > _MOST_VALUES else ""
    return f"{text} [{', '.join(listed[:_MOST_VALUES])}{more}]"


def _field(field: Field) -> Mapping[str, Any]:
    return {
        "path": field.path,
        "kind": str(field.kind),
        "help": field.help,
        "sources": sorted(field.sources),
        "unit": field.unit or None,
        "values": sorted(field.values),
        "personal": field.personal,
        "later": field.later,
    }


def _parameter(one: Parameter) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "help": one.help,
        "values": sorted(one.values),
        "recheck": str(one.recheck),
    }


def _action(one: ActionField) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "help": one.help,
        "values": sorted(one.values),
        "reads_as": one.reads_as,
    }
