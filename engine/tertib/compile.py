"""Turn rules into a program: the scans that cover them, what each must read, and the filters that are sent.

Pure: `now` is an argument, and nothing here knows a network. A condition becomes a filter only where the filter
returns a superset of what the condition matches; every condition is evaluated again on what came back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

from tertib.language import conditions, templates
from tertib.model import (
    Ago,
    Condition,
    Field,
    Group,
    Kind,
    Parameter,
    Recheck,
    Rule,
    Scan,
    Settings,
    Source,
    Test,
)
from tertib.scalev import contract

VETO_FIELDS = ("status", "payment_status", "transferproof_url", "shipment_receipt")
"""What every veto reads, whatever the rule asks for."""

SHOWN_FIELDS = ("order_id", "gross_revenue", "customer.name", "created_at")
"""What a plan shows of every order, and counts."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with what running it needs: its field table, the field paths it reads, the filters it pushes down."""

    rule: Rule
    fields: Mapping[str, Field]
    reads: frozenset[str]
    pushed: Mapping[str, str]
    alternatives: tuple[Mapping[str, str], ...]

    @property
    def trusted(self) -> tuple[str, ...]:
        """Name the rule's filters that nothing in an answer can show to have been heeded."""
        return tuple(name for name in self.rule.query if contract.PARAMETERS[name].recheck is Recheck.NONE)

    def untestable(self, now: datetime) -> Mapping[str, str]:
        """Return those filters as sent, where each has one value: a re-read of one order sends them too."""
        return {
            name: as_sent(self.rule.query[name][0], now)
            for name in self.trusted
            if len(self.rule.query[name]) == 1
        }


@dataclass(frozen=True, slots=True)
class Program:
    """All rules of one run, compiled together at one `now`."""

    rules: tuple[CompiledRule, ...]
    scans: tuple[Scan, ...]
    protect: tuple[Condition, ...]
    now: datetime

    def rule(self, name: str) -> CompiledRule:
        """Return a compiled rule by its name."""
        return next(compiled for compiled in self.rules if compiled.rule.name == name)


def compile_rules(rules: Iterable[Rule], settings: Settings, now: datetime) -> Program:
    """Compile enabled rules into one program whose scans cover them all."""
    compiled = tuple(_compile(rule, settings, now) for rule in rules if rule.enabled)
    return Program(
        rules=compiled,
        scans=tuple(_scans(compiled)),
        protect=settings.protect,
        now=now,
    )


def as_sent(value: str | datetime | Ago, now: datetime) -> str:
    """Spell a query value as the API takes it: times as ISO 8601 in UTC, to the second."""
    if isinstance(value, Ago):
        value = now - value.distance
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def columns_for(reads: Iterable[str], fields: Mapping[str, Field]) -> str:
    """Name the columns that hold these fields, the three that are always asked for first."""
    wanted = {column for path in reads if (column := _column(path, fields))}
    return ",".join((*contract.ALWAYS_COLUMNS, *sorted(wanted - set(contract.ALWAYS_COLUMNS))))


def _column(path: str, fields: Mapping[str, Field]) -> str | None:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        known = fields.get(".".join(parts[:length]))
        if known is not None:
            return known.column
    return None


def _compile(rule: Rule, settings: Settings, now: datetime) -> CompiledRule:
    fields = contract.FIELDS[rule.source.name]
    pushed = {} if rule.limits.share is not None or rule.source.store else _pushed(rule, now)
    return CompiledRule(
        rule=rule,
        fields=fields,
        reads=frozenset(_reads(rule, settings)),
        pushed=pushed,
        alternatives=tuple(_alternatives(rule, now)),
    )


def _reads(rule: Rule, settings: Settings) -> Iterator[str]:
    yield from VETO_FIELDS
    yield from SHOWN_FIELDS
    for condition in (*rule.conditions, *settings.protect):
        yield from conditions.reads(condition)
    for parameter in rule.query:
        yield from contract.PARAMETERS[parameter].checks
    for name, value in rule.action.items():
        if path := contract.ACTION_FIELDS[name].reads_as:
            yield path
        if isinstance(value, str) and templates.is_template(value):
            yield from templates.reads(value)


def _alternatives(rule: Rule, now: datetime) -> Iterator[dict[str, str]]:
    """Yield what is sent for every combination of the query's lists: a list is a union of scans."""
    names = tuple(rule.query)
    for values in product(*rule.query.values()):
        yield {name: as_sent(value, now) for name, value in zip(names, values, strict=True)}


# --- pushdown -------------------------------------------------------------------------------------------


def _pushed(rule: Rule, now: datetime) -> dict[str, str]:
    """Return the filters that follow from conditions which must hold, for parameters the query leaves free."""
    pushed: dict[str, str] = {}
    for test in _required(rule.conditions):
        found = _filter_for(test, now)
        if found and found[0] not in rule.query:
            pushed.setdefault(*found)
    return pushed


def _required(parts: Iterable[Condition]) -> Iterator[Test]:
    """Yield the tests that every match satisfies: those not below an `any` or a `not`."""
    for part in parts:
        if isinstance(part, Test):
            yield part
        elif isinstance(part, Group) and part.how == "all":
            yield from _required(part.children)


def _filter_for(test: Test, now: datetime) -> tuple[str, str] | None:
    if test.kind is Kind.TIME:
        return _time_filter(test, now)
    for parameter in contract.PARAMETERS.values():
        if parameter.recheck is Recheck.EXACT and parameter.checks == (test.field,):
            value = _value_for(parameter, test)
            if value is not None:
                return parameter.name, value
    return None


def _value_for(parameter: Parameter, test: Test) -> str | None:
    if parameter.comparison == "exists" and test.operator == "exists":
        return "true" if test.operand else "false"
    if parameter.comparison != "equal" or test.operator != "eq":
        return None
    if parameter.kind == "boolean" and isinstance(test.operand, bool):
        return "true" if test.operand else "false"
    if parameter.kind == "enum" and test.operand in parameter.values:
        return str(test.operand)
    return None


def _time_filter(test: Test, now: datetime) -> tuple[str, str] | None:
    """Bound a time from conditions on it, a second wider than they ask, since filters count in seconds."""
    bound = now - test.operand if isinstance(test.operand, timedelta) else test.operand
    if not isinstance(bound, datetime):
        return None
    if test.operator in {"older_than", "before", "lt", "lte"}:
        name, bound = f"{test.field}_until", bound + timedelta(seconds=1)
    elif test.operator in {"newer_than", "after", "gt", "gte"}:
        name, bound = f"{test.field}_since", bound - timedelta(seconds=1)
    else:
        return None
    return (name, as_sent(bound, now)) if name in contract.PARAMETERS else None


# --- scans ----------------------------------------------------------------------------------------------


def _scans(compiled: Sequence[CompiledRule]) -> Iterator[Scan]:
    """Yield the scans that cover all rules: equal ones once, contained ones through their container."""
    wanted: dict[tuple[Source, tuple[tuple[str, str], ...]], list[CompiledRule]] = {}
    for one in compiled:
        for alternative in one.alternatives:
            sent = {} if one.rule.source.store else {**one.pushed, **alternative}
            wanted.setdefault((one.rule.source, tuple(sorted(sent.items()))), []).append(one)
    for key in _outermost(wanted):
        source, params = key
        members = [one for other, ones in wanted.items() if _covers(key, other) for one in ones]
        yield _scan(source, dict(params), members)


def _outermost(
    wanted: Mapping[tuple[Source, tuple[tuple[str, str], ...]], object],
) -> Iterator[tuple[Source, tuple[tuple[str, str], ...]]]:
    for key in wanted:
        if not any(other != key and _covers(other, key) for other in wanted):
            yield key


def _covers(
    outer: tuple[Source, tuple[tuple[str, str], ...]], inner: tuple[Source, tuple[tuple[str, str], ...]]
) -> bool:
    """Tell whether a scan returns all of another, whose further filters can be checked here exactly."""
    if outer[0] != inner[0] or not set(outer[1]) <= set(inner[1]):
        return False
    further = set(inner[1]) - set(outer[1])
    return all(contract.PARAMETERS[name].recheck is Recheck.EXACT for name, _ in further)


def _scan(source: Source, params: dict[str, str], members: Sequence[CompiledRule]) -> Scan:
    scan = Scan(
        source=source,
        params=params,
        rules=tuple(dict.fromkeys(one.rule.name for one in members)),
        starts_from=frozenset({params["status"]}) if "status" in params else None,
    )
    if source.store:
        return scan
    reads = frozenset[str]().union(*(one.reads for one in members))
    return replace(scan, params={**params, "columns": columns_for(reads, contract.FIELDS["orders"])})
