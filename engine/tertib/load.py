"""Rule files read from disk: every rule that stands, and every problem of every file at once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from glob import has_magic, iglob
from pathlib import Path as FilePath
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib import lookup, shipped
from tertib.errors import PlanRefused
from tertib.language import (
    actions,
    calendars,
    conditions,
    days,
    definition,
    document,
    options,
    places,
    query,
    structure,
    variables,
)
from tertib.language.document import Document
from tertib.language.nearest import did_you_mean, nearest
from tertib.language.tables import NONE
from tertib.language.variables import Resolved
from tertib.language.wording import kind_of, one_of, quote
from tertib.model import Calendar, Complaint, Loaded, Mode, Origin, Problem, Rule, Settings, Table
from tertib.scalev import contract

_NAME_LINE: Final = re.compile(r"name:\s+([\w.-]{1,80})\s*(?:#.*)?$", re.ASCII)
_LONGEST_NAME_SHOWN: Final = 200
"""Beyond this no problem says whose it is: every problem of the rule would repeat the name."""

_NAME_WITHIN: Final = 1_000
"""How many lines above a mistake its rule's name is looked for."""

_SUFFIXES: Final = (".yaml", ".yml")
_TEST_SUFFIXES: Final = (".test.yaml", ".test.yml")
_READ_BY_LANGUAGE: Final[Mapping[str, Any]] = {"query": {}, "conditions": [], "action": {"status": "draft"}}
"""What stands for these keys while a rule is held against its schema: their own parsers know them better."""

_VARIABLE: Final = {"$ref": "#/$defs/variable"}


def load(paths: Sequence[str | FilePath], settings: Settings) -> Loaded:
    """Read the rules in files, directories and globs; directories are searched for `*.yaml` and `*.yml`.

    Rule tests (`*.test.yaml`) and hidden files are passed over. A path that leads nowhere is a problem like any
    other: nothing is raised. Rules come in the order of their files, problems sorted by file and place.
    """
    problems: list[Problem] = []
    files = _files(paths, problems)
    entries = [entry for file in files for entry in _read(file, settings, problems)]
    return _loaded(entries, problems, len(files))


def loads(text: str | bytes, settings: Settings, file: str = "<text>") -> Loaded:
    """Read rules from a text instead of files; `file` is the name that problems give it, and where tables lie beside."""
    problems: list[Problem] = []
    raw = text.encode() if isinstance(text, str) else text
    return _loaded(_entries(raw, file, settings, problems), problems, 1)


def from_definition(data: Mapping[str, Any], tables: Mapping[str, Table] = NONE) -> Rule:
    """Rebuild the rule that a plan carries as JSON; raises `PlanRefused` where it cannot be read.

    No file is read: `tables` are the rule's lookup tables, as they were (`lookup.read_again` sees to that).
    """
    try:
        return _rebuilt(data, tables)
    except (KeyError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
        raise PlanRefused("a rule in the plan cannot be read") from None


def refreshed(rule: Rule) -> Rule:
    """Return a rule with its lookup tables as they lie there now; the same rule where none of them changed.

    For whoever keeps rules for days. Raises `SettingsError` where a table no longer serves the rule.
    """
    tables = {name: lookup.read_now(table) for name, table in rule.data.items()}
    if tables == rule.data:
        return rule
    told = {name: {**said, "sha256": tables[name].sha256} for name, said in rule.definition["data"].items()}
    return from_definition({**rule.definition, "data": told}, tables)


# --- finding files --------------------------------------------------------------------------------------


def _files(paths: Sequence[str | FilePath], problems: list[Problem]) -> list[str]:
    """Return the files to read, each once, in the order of the paths and then by name."""
    found: dict[str, str] = {}
    for path in paths:
        for file in _below(str(path), problems):
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _below(path: str, problems: list[Problem]) -> list[str]:
    place = FilePath(path)
    if place.is_dir():
        before = len(problems)
        inside = list(_walk(path, problems))
        if not inside and len(problems) == before:
            problems.append(
                places.of_file(
                    path, "T103", f"no rules in {quote(path)}", "rules are files that end in `.yaml`"
                )
            )
        return inside
    if not os.path.lexists(place) and has_magic(path):
        found = iglob(path, recursive=True)  # noqa: PTH207 - a pattern as typed, absolute ones too
        matching = sorted(one for one in found if not one.endswith(_TEST_SUFFIXES))
        if not matching:
            problems.append(places.of_file(path, "T102", f"no file matches {quote(path)}"))
        return [
            file for one in matching for file in (_walk(one, problems) if FilePath(one).is_dir() else [one])
        ]
    if not os.path.lexists(place):
        problems.append(places.of_file(path, "T102", f"{quote(path)} does not exist", _neighbour(place)))
        return []
    if path.endswith(_TEST_SUFFIXES):
        hint = "`tertib test` runs it"
        problems.append(places.of_file(path, "T102", f"{quote(path)} is a rule test, not a rule", hint))
        return []
    return [path]


def _walk(top: str, problems: list[Problem]) -> Iterator[str]:
    """Yield the rule files below a directory, sorted; hidden ones and links to directories are passed over."""

    def unreadable(error: OSError) -> None:
        reason = (error.strerror or "it cannot be opened").lower()
        problems.append(
            places.of_file(str(error.filename), "T101", f"the directory cannot be read: {reason}")
        )

    for directory, below, files in os.walk(top, onerror=unreadable):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(files):
            if not name.endswith(_SUFFIXES) or name.endswith(_TEST_SUFFIXES) or name.startswith("."):
                continue
            place = FilePath(directory) / name
            if place.exists() and not place.is_file():
                # a pipe would be waited for; only one that somebody names is opened
                problems.append(
                    places.of_file(str(place), "T101", "the file cannot be read: it is no plain file")
                )
            else:
                yield str(place)


def _neighbour(place: FilePath) -> str | None:
    try:
        names = [one.name for one in place.parent.iterdir()]
    except OSError:
        return None
    return did_you_mean(place.name, names)


# --- reading files --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """One document of a file: the name that it gives its rule, where, the rule where it stands, and its variables."""

    name: str | None
    document: Document
    file: str
    rule: Rule | None
    vars: frozenset[str] = frozenset()


def _read(file: str, settings: Settings, problems: list[Problem]) -> list[_Entry]:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 - `file` is shown and opened as it was given
            raw = opened.read(document.LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        problems.append(places.of_file(file, "T101", f"the file cannot be read: {reason}"))
        return []
    return _entries(raw, file, settings, problems)


def _entries(raw: bytes, file: str, settings: Settings, problems: list[Problem]) -> list[_Entry]:
    parsed = document.parse(raw)
    names = {number: _name_of(one) for number, one in parsed.documents}
    for flaw in parsed.flaws:
        name = None if flaw.document is None else names.get(flaw.document)
        name = name or _name_written(parsed.lines, flaw.spot.line)
        problems.append(places.of_flaw(flaw, parsed.lines, file, name))
    flawed = {flaw.document for flaw in parsed.flaws}
    entries = []
    for number, one in parsed.documents:
        resolved = variables.resolve(one, settings.vars, settings.account)
        rule, complaints = _rule(resolved, Origin(file, one.spot(()).line), settings)
        problems += [places.of_complaint(complaint, one, file, names[number]) for complaint in complaints]
        # a file that breaks off, or a document with a doubled key, gives no rule: nobody can say what was meant
        stands = number not in flawed and None not in flawed
        entries.append(_Entry(names[number], one, file, rule if stands else None, resolved.declared))
    return entries


def _name_written(lines: Sequence[str], line: int) -> str | None:
    """Return the name that stands in the lines of a document which cannot be read, for its problem's sake."""
    above = range(max(0, line - _NAME_WITHIN), min(line, len(lines)))
    start = next((number for number in reversed(above) if lines[number].startswith("---")), above.start)
    found = (_NAME_LINE.match(text) for text in lines[start:line])
    return next((one[1] for one in found if one), None)


def _name_of(one: Document) -> str | None:
    name = one.data.get("name") if isinstance(one.data, dict) else None
    shown = isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_NAME_SHOWN
    return name if shown else None


def _loaded(entries: Iterable[_Entry], problems: list[Problem], files: int) -> Loaded:
    """Return the rules that are the first of their name, with a problem for every other."""
    first: dict[str, _Entry] = {}
    rules, declared = [], set[str]()
    for entry in entries:
        declared |= entry.vars
        known = entry if entry.name is None else first.setdefault(entry.name, entry)
        if known is entry:
            rules += [entry.rule] if entry.rule is not None else []
        else:
            problems.append(_namesake(entry, known))
    return Loaded(tuple(rules), tuple(sorted(problems, key=places.order)), files, frozenset(declared))


def _namesake(entry: _Entry, known: _Entry) -> Problem:
    line = known.document.spot(("name",)).line
    hint = f"the other rule of that name stands in {known.file}:{line}"
    complaint = Complaint(("name",), "T121", f"the name {quote(entry.name)} is taken", hint)
    return places.of_complaint(complaint, entry.document, entry.file, entry.name)


# --- reading a rule -------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _schema() -> str:
    """Return what a rule must be once its variables are put in."""
    written = (shipped.schemas() / "rule.schema.json").read_text(encoding="utf-8")
    return json.dumps(_without_variables(json.loads(written)))


def _without_variables(schema: Any) -> Any:
    """Return a schema without the choice of `{var: NAME}`, as if it had never been there."""
    if isinstance(schema, list):
        return [_without_variables(one) for one in schema if one != _VARIABLE]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _without_variables(value) for key, value in schema.items()}
    if len(kept.get("anyOf", ())) == 1 and len(schema["anyOf"]) > 1:
        kept |= kept.pop("anyOf")[0]
    return kept


def _rule(resolved: Resolved, origin: Origin, settings: Settings) -> tuple[Rule | None, list[Complaint]]:
    """Return the rule of a document, None where it has errors, and everything there is to say about it."""
    data = resolved.data
    if not isinstance(data, dict):
        hint = "begin with `name: my-rule`"
        return None, [] if data is None else [
            Complaint((), "T117", f"a rule must be a block of keys, not {kind_of(data)}", hint)
        ]
    complaints: list[Complaint] = []
    parts = _parts(data, origin.file, settings, complaints)
    shown = {key: _READ_BY_LANGUAGE.get(key, value) for key, value in data.items()}
    complaints += structure.unspoken(structure.complaints(shown, _schema()), complaints)
    complaints = [*resolved.complaints, *resolved.told(complaints)]
    if any(complaint.severity == "error" for complaint in complaints):
        return None, complaints
    return parts.rule(origin), complaints


@dataclass(frozen=True, slots=True)
class _Parts:
    """A rule's parts as read, with the plain data of its conditions and tables for the definition."""

    read: Mapping[str, Any]
    conditions: Any
    data: Mapping[str, Mapping[str, str]]
    timezone: str

    def rule(self, origin: Origin) -> Rule:
        """Put the rule together."""
        bare = Rule(origin=origin, definition={}, hash="", **self.read)
        told = {**_definition(bare, self.conditions, self.timezone), "data": self.data}
        calendar = calendars.measuring(bare)
        if calendar is not None:
            told["calendar"] = days.of_calendar(calendar)
        return replace(bare, definition=told, hash=definition.meaning(told))


def _parts(data: Mapping[str, Any], file: str, settings: Settings, complaints: list[Complaint]) -> _Parts:
    zone = ZoneInfo(settings.timezone)
    source = options.source(data.get("source"), complaints)
    filters = _query(data, source.store, settings.calendar, complaints)
    fields = contract.FIELDS[source.name]
    elsewhere = contract.FIELDS["orders" if source.store else "customer_orders"]
    trusted = options.trust(data.get("trust"), filters, contract.PARAMETERS, complaints)
    if data.get("mode") == "apply":
        options.untrusted(filters, trusted, contract.PARAMETERS, complaints)
    written = data.get("conditions", [])
    tables = lookup.read(data.get("data"), file, settings, fields, complaints)
    usable = {name: table for name, table in tables.items() if table is not None}
    read: dict[str, Any] = {
        "name": options.name(data.get("name"), complaints),
        "source": source,
        "query": filters,
        "conditions": conditions.parse(
            written,
            fields,
            zone,
            complaints,
            elsewhere=elsewhere,
            parameters=contract.PARAMETERS,
            tables=tables,
            calendar=settings.calendar,
        ),
        "action": _action(data, settings, fields, complaints, tables),
        "description": data.get("description") or "",
        "enabled": data.get("enabled", True),
        "schedule": options.schedule(
            data.get("schedule"),
            settings.timezone,
            complaints,
            skip=settings.skip,
            holidays=settings.holidays,
        ),
        "limits": options.limits(data.get("limits"), settings.limits, complaints),
        "mode": _mode(data.get("mode", "preview")),
        "first_run": "apply" if data.get("first_run") == "apply" else "approve",
        "priority": data.get("priority", 100),
        "allow": options.allow(data.get("allow"), complaints),
        "trust": trusted,
        "data": usable,
    }
    return _Parts(read, definition.plain(written), lookup.told(usable, settings), settings.timezone)


def _query(
    data: Mapping[str, Any], store: str | None, calendar: Calendar, complaints: list[Complaint]
) -> Mapping[str, Any]:
    """Read the query; customer orders have none, and all orders are better asked for in so many words."""
    if store is not None:
        if data.get("query"):
            message = "customer orders cannot be filtered by a `query`"
            hint = "Scalev has no filters for them; write them as `conditions`"
            complaints.append(Complaint(("query",), "T310", message, hint, on_key=True))
        return {}
    if "query" not in data and ("source" in data or any(nearest(key, ["query"]) for key in data)):
        return {}  # the mistake is there, and is reported there
    if "query" not in data:
        hint = "write `query: {}` if that is what you mean"
        complaints.append(
            Complaint((), "T312", "without a `query` the rule reads all orders", hint, "warning", on_key=True)
        )
        return {}
    zone = ZoneInfo(calendar.timezone)
    return query.parse(data["query"], contract.PARAMETERS, zone, complaints, calendar=calendar)


def _action(
    data: Mapping[str, Any],
    settings: Settings,
    fields: Mapping[str, Any],
    complaints: list[Complaint],
    tables: Mapping[str, Table | None],
) -> Mapping[str, Any]:
    if "action" not in data:
        return {}
    zone, spoken = ZoneInfo(settings.timezone), settings.contract
    action = actions.parse(data["action"], contract.ACTION_FIELDS, fields, zone, complaints, tables=tables)
    method = action.get("payment_method")
    known = contract.PAYMENT_METHODS.get(spoken)  # type: ignore[arg-type]  # `auto` is no contract, and has no entry
    if isinstance(method, str) and "{" not in method and known is not None and method not in known:
        message = f"contract `{spoken}` has no payment method {quote(method)}"
        hint = did_you_mean(method, known) or one_of(sorted(known))
        complaints.append(Complaint(("action", "payment_method"), "T409", message, hint))
    return action


def _mode(word: Any) -> Mode:
    return Mode(word) if isinstance(word, str) and word in set(Mode) else Mode.PREVIEW


# --- definitions ----------------------------------------------------------------------------------------


def _definition(rule: Rule, written: Any, timezone: str) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": rule.description,
        "enabled": rule.enabled,
        "file": rule.origin.file,
        "line": rule.origin.line,
        "source": {"store": rule.source.store} if rule.source.store else None,
        "query": definition.of_query(rule.query),
        "conditions": written,
        "action": dict(rule.action),
        "limits": definition.of_limits(rule.limits),
        "mode": rule.mode.value,
        "first_run": rule.first_run,
        "priority": rule.priority,
        "allow": sorted(rule.allow),
        "trust": sorted(rule.trust),
        "schedule": definition.of_schedule(rule.schedule),
        "timezone": timezone,
    }


def _same_calendar(data: Mapping[str, Any]) -> Calendar | None:
    """Return the calendar that a rule counts working days by; raises `PlanRefused` where other days are holidays now."""
    if "calendar" not in data:
        return None
    calendar = days.to_calendar(data["calendar"], data["timezone"])
    if days.of_calendar(calendar) != data["calendar"]:
        raise PlanRefused(
            "the plan counts working days by holidays that are others now",
            hint="another version of the `holidays` package knows other days; plan again",
        )
    return calendar


def _rebuilt(data: Mapping[str, Any], tables: Mapping[str, Table]) -> Rule:
    source = options.source({"customer_orders": data["source"]} if data["source"] else None, [])
    complaints: list[Complaint] = []
    fields, zone = contract.FIELDS[source.name], ZoneInfo(data["timezone"])
    calendar = _same_calendar(data)
    read = {
        "name": data["name"],
        "source": source,
        "query": definition.to_query(data["query"], calendar),
        "conditions": conditions.parse(
            definition.restore(data["conditions"]), fields, zone, complaints, tables=tables, calendar=calendar
        ),
        "action": dict(data["action"]),
        "description": data["description"],
        "enabled": data["enabled"],
        "schedule": definition.to_schedule(data["schedule"]),
        "limits": definition.to_limits(data["limits"]),
        "mode": Mode(data["mode"]),
        "first_run": data.get("first_run", "approve"),
        "priority": data["priority"],
        "allow": frozenset(data["allow"]),
        "trust": frozenset(data["trust"]),
        "data": tables,
    }
    told = data.get("data", {})
    hashes = {name: table.sha256 for name, table in tables.items()}
    lacking = hashes != {name: one["sha256"] for name, one in told.items()}
    if lacking or any(complaint.severity == "error" for complaint in complaints):
        raise ValueError(data["name"])
    written = definition.plain(definition.restore(data["conditions"]))
    return _Parts(read, written, told, data["timezone"]).rule(Origin(data["file"], data["line"]))
