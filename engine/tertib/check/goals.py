"""What a rule asks of an order, all of it as conditions: its query, its action's difference, the status flow, the vetoes.

Each mirrors, condition by condition, what `evaluate` and `plan` decide; a synthesised order is held against those
themselves, so a slip here can lose a finding and never make one up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tertib.language import templates
from tertib.language.calendars import before
from tertib.language.durations import parse_timestamp
from tertib.model import Ago, Condition, Field, Group, Kind, Parameter, Path, Recheck, Rule, Settings, Test
from tertib.scalev import contract

PSEUDO: Final = "?"
"""Begins the path of what only a filter knows, and no field of an answer shows for certain."""

_SECOND: Final = timedelta(seconds=1)
_PAID: Final = ("paid", "settled")


def on(path: str, operator: str, operand: Any, fields: Mapping[str, Field], place: Path = ()) -> Test:
    """Return a test on a field as a rule would have it."""
    kind = fields[path].kind if path in fields else Kind.TEXT
    return Test(path, kind, operator, operand, f"{path}: {operator}", place)


def has(path: str, fields: Mapping[str, Field]) -> Test:
    """Return the test that a field has a value."""
    return on(path, "exists", operand=True, fields=fields)


def has_none(path: str, fields: Mapping[str, Field]) -> Test:
    """Return the test that a field is null or empty text."""
    return on(path, "exists", operand=False, fields=fields)


def any_of(*conditions: Condition) -> Condition:
    """Return the group that holds where any of the conditions does."""
    return conditions[0] if len(conditions) == 1 else Group("any", conditions, "", ())


# --- the query ------------------------------------------------------------------------------------------


def query(rule: Rule, now: datetime) -> Iterator[Condition]:
    """Yield the rule's filters as conditions that are true where an order agrees with them for certain."""
    fields = contract.FIELDS["orders"]
    for name, values in rule.query.items():
        place: Path = ("query", name)
        parameter = contract.PARAMETERS[name]
        if parameter.kind == "time":
            yield _time_filter(parameter, values[0], now, fields, place)
        elif parameter.recheck is Recheck.NONE or parameter.kind == "id":
            yield Test(f"{PSEUDO}{name}", Kind.ID, "in", tuple(values), f"{name}: …", place)
        else:
            yield _value_filter(parameter, tuple(map(str, values)), fields, place)


def _time_filter(
    parameter: Parameter, value: Any, now: datetime, fields: Mapping[str, Field], place: Path
) -> Condition:
    """Bound a time as the re-check does, which counts whole seconds on both sides."""
    bound = (before(now, value.distance) if isinstance(value, Ago) else value).replace(microsecond=0)
    if parameter.comparison == "since":
        return on(parameter.checks[0], "gte", bound, fields, place)
    return on(parameter.checks[0], "lt", bound + _SECOND, fields, place)


def _value_filter(
    parameter: Parameter, values: tuple[str, ...], fields: Mapping[str, Field], place: Path
) -> Condition:
    path = parameter.checks[0]
    if parameter.comparison == "includes":
        return on(path, "any_of", values, fields, place)
    if parameter.comparison == "exists":
        return any_of(*(on(path, "exists", value == "true", fields, place) for value in values))
    if parameter.kind == "boolean":
        return on(path, "in", tuple(value == "true" for value in values), fields, place)
    if path == "payment_method" and "va" in values:
        others = "|".join(re.escape(value) for value in values)
        return on(path, "matches", f"^(?:va_.*|{others})$", fields, place)
    return on(path, "in", values, fields, place)


def put_filter(order: dict[str, Any], name: str, value: str) -> None:
    """Show in a synthesised order that it agrees with a filter of which no one field tells for certain."""
    parameter = contract.PARAMETERS[name]
    if parameter.kind == "boolean":
        order[name] = value == "true"
    elif name == "page_id":
        order.setdefault("page", {"id": value})
    elif name == "product_id":
        order.setdefault("orderlines", [{"product_id": value}])
    elif parameter.kind == "id" and parameter.checks:
        _put_id(order, parameter.checks, value)


def _put_id(order: dict[str, Any], paths: tuple[str, ...], value: str) -> None:
    last = "id" if value.isdigit() else "uuid" if value.count("-") == _HYPHENS_OF_A_UUID else "unique_id"
    path = next((one for one in paths if one.rpartition(".")[2] == last), paths[0])
    *parents, name = path.split(".")
    place = order
    for key in parents:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            return
    place.setdefault(name, as_id(value))


_HYPHENS_OF_A_UUID: Final = 4
_LONGEST_NUMBER: Final = 18


def as_id(value: str) -> int | str:
    """Return an id as Scalev spells it: digits as a number, all else as text."""
    number = value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER and value[0] != "0"
    return int(value) if number else value


# --- the action -----------------------------------------------------------------------------------------


def identity(name: str, value: Any) -> bool:
    """Tell whether an action field is given back what the order has: `{{ order.transferproof_url }}`."""
    path = contract.ACTION_FIELDS[name].reads_as
    return (
        isinstance(value, str)
        and path is not None
        and re.fullmatch(r"\{\{-?\s*order\." + re.escape(path) + r"\s*-?\}\}", value) is not None
    )


def shown(rule: Rule) -> dict[str, Any]:
    """Return the action's values that an answer shows, under the fields' paths; templates are None."""
    fields = contract.FIELDS[rule.source.name]
    found: dict[str, Any] = {}
    for name, value in rule.action.items():
        path = contract.ACTION_FIELDS[name].reads_as
        if path is None or path not in fields or fields[path].column is None or identity(name, value):
            continue
        found[path] = None if templates.is_template(value) else value
    return found


def differs(rule: Rule) -> Condition | None:
    """Return the condition that some shown field is not yet as the action wants it; None where a template decides."""
    fields = contract.FIELDS[rule.source.name]
    values = shown(rule)
    if None in values.values():
        return None
    parts: list[Condition] = []
    for path, value in values.items():
        parts += [has_none(path, fields), on(path, "ne", _read(path, value, fields), fields)]
    return any_of(*parts) if parts else None


def _read(path: str, value: Any, fields: Mapping[str, Field]) -> Any:
    return parse_timestamp(value) if fields[path].kind is Kind.TIME else str(value)


def target(rule: Rule) -> str | None:
    """Return the status that a rule moves orders to, None where there is none or a template makes it."""
    status = rule.action.get("status")
    return status if isinstance(status, str) and not templates.is_template(status) else None


def reachable(rule: Rule) -> Condition | None:
    """Return the condition that the status flow leads from the order's status to the rule's target."""
    to = target(rule)
    if to is None:
        return None
    origins = sorted(one for one, arrows in contract.STATUS_FLOW.items() if to in arrows)
    return on("status", "in", (*origins, to), contract.FIELDS[rule.source.name], ("action", "status"))


def vetoes(rule: Rule) -> Iterator[tuple[str, Condition]]:
    """Yield every veto that the rule does not lift, as the condition under which it lets an order through."""
    fields = contract.FIELDS[rule.source.name]
    payment = rule.action.get("payment_status")
    if target(rule) == "canceled":
        yield from (one for one in _against_cancelling(fields) if one[0] not in rule.allow)
    elif payment in _PAID and "conflict" not in rule.allow:
        yield "conflict", _payment(("unpaid", "paid", "settled"), fields)


def _against_cancelling(fields: Mapping[str, Field]) -> Iterator[tuple[str, Condition]]:
    gone = on("status", "in", ("canceled",), fields)
    yield "paid", any_of(_payment(("unpaid", "conflict"), fields), gone)
    yield "conflict", any_of(_payment(("unpaid", "paid", "settled"), fields), gone)
    yield "transfer_proof", any_of(has_none("transferproof_url", fields), gone)
    yield "shipment_receipt", any_of(has_none("shipment_receipt", fields), gone)


def _payment(statuses: tuple[str, ...], fields: Mapping[str, Field]) -> Test:
    return on("payment_status", "in", statuses, fields)


def protections(settings: Settings) -> Iterator[Condition]:
    """Yield the project's protections, which must all be false for an order to be touched."""
    yield from settings.protect
