"""The filters of a rule: Scalev's own parameters and values, checked against the parameters' table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, TypeAlias

from tertib.language.durations import parse_distance, parse_instant
from tertib.language.nearest import did_you_mean
from tertib.language.wording import kind_of, one_of, quote, spelled
from tertib.model import Ago, Calendar, Complaint, Parameter, Path

Value: TypeAlias = str | datetime | Ago
"""One alternative of a parameter: text as the API spells it, or a time."""

ENGINES_OWN: Final[Mapping[str, str]] = {
    "page_size": "pages are always as large as Scalev allows",
    "columns": "what the rule reads is asked for by itself",
    "next_cursor": "the engine walks through the pages itself",
    "previous_cursor": "the engine walks through the pages itself",
}
"""Parameters that the engine sends itself, with what to tell whoever sets one."""

_LONGEST: Final = 200
_AGO = re.compile(r"(\S+) +ago")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", re.ASCII)


def parse(
    data: Any,
    parameters: Mapping[str, Parameter],
    zone: tzinfo,
    complaints: list[Complaint],
    path: Path = ("query",),
    *,
    calendar: Calendar | None = None,
) -> Mapping[str, tuple[Value, ...]]:
    """Read a rule's query: each parameter with its alternatives, in the order of the table.

    A list is a union and loses its repetitions; a bare date is midnight in `zone`; `calendar` measures working
    days. What is wrong is added to `complaints`, and left out of the result.
    """
    if not isinstance(data, dict):
        complaints.append(_not_a_mapping(data, path))
        return {}
    reader = _Query(parameters, zone, complaints, path, calendar or Calendar(str(zone)))
    found = {name: values for name, value in data.items() if (values := reader.parameter(name, value))}
    if "search_field" in data and "search" not in data:
        hint = "add `search`, or leave `search_field` out"
        reader.say("search_field", "T311", "`search_field` stands here without `search`", hint, on_key=True)
    return {name: found[name] for name in parameters if name in found}


def _not_a_mapping(data: Any, path: Path) -> Complaint:
    if data is None:
        return Complaint(path, "T122", "`query` is empty", "write `query: {}` for all orders")
    hint = "write `status: pending`, a filter a line"
    return Complaint(path, "T117", f"`query` must be a block of filters, not {kind_of(data)}", hint)


class _Query:
    """One query's reading; every method adds its complaints."""

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        zone: tzinfo,
        complaints: list[Complaint],
        path: Path,
        calendar: Calendar,
    ) -> None:
        self.parameters = parameters
        self.zone = zone
        self.complaints = complaints
        self.path = path
        self.calendar = calendar

    def say(
        self, name: str, code: str, message: str, hint: str | None = None, *, on_key: bool = False
    ) -> None:
        """Complain about a parameter."""
        self.complaints.append(Complaint((*self.path, name), code, message, hint, on_key=on_key))

    def parameter(self, name: str, value: Any) -> tuple[Value, ...]:
        """Read one parameter's alternatives, none where it is not known."""
        if name in ENGINES_OWN:
            self.say(name, "T302", f"{quote(name)} cannot be set in a rule", ENGINES_OWN[name], on_key=True)
            return ()
        if name not in self.parameters:
            self.say(name, "T301", f"unknown filter {quote(name)}", self.instead(name), on_key=True)
            return ()
        known = self.parameters[name]
        if isinstance(value, list):
            return self.several(known, value)
        return tuple(self.one(known, value, (*self.path, name)))

    def instead(self, name: str) -> str | None:
        """Return the hint for a filter that does not exist: the nearest one, or a condition."""
        field = re.sub(r"_(since|until)$", "", name)
        if (
            field != name
            and f"{field}_since" not in self.parameters
            and f"{field}_until" not in self.parameters
        ):
            return f"write it as a condition: `{field}: {{older_than: 3d}}`"
        return did_you_mean(name, self.parameters) or "fields that are no filter go under `conditions`"

    def several(self, known: Parameter, values: list[Any]) -> tuple[Value, ...]:
        """Read a list, which is a union."""
        if known.kind == "time" and len(values) != 1:
            hint = "for a span, use the `_since` filter and the `_until` filter together"
            self.say(known.name, "T307", f"{quote(known.name)} takes one time, not a list", hint)
            return ()
        if not values:
            hint = "leave the filter out to get all orders"
            self.say(known.name, "T305", f"the list of {quote(known.name)} is empty", hint)
            return ()
        found: list[Value] = []
        for index, value in enumerate(values):
            found += self.one(known, value, (*self.path, known.name, index))
        return tuple(dict.fromkeys(found))

    def one(self, known: Parameter, value: Any, path: Path) -> Iterator[Value]:
        """Yield the one value that was meant, nothing where it cannot be."""
        if value is None or value == "":
            instead = (
                f"leave {quote(known.name)} out to get all orders; a condition can ask for what is empty"
            )
            self.complaints.append(Complaint(path, "T305", f"{quote(known.name)} has no value", instead))
        elif isinstance(value, dict | list):
            message = f"{quote(known.name)} takes a value or a list of values, not {kind_of(value)}"
            hint = "operators such as `older_than` go under `conditions`" if isinstance(value, dict) else None
            self.complaints.append(Complaint(path, "T304", message, hint))
        else:
            found, wrong = _READERS[known.kind](known, value, self)
            if wrong is not None:
                self.complaints.append(Complaint(path, *wrong))
            elif found is not None:
                yield found


_Read: TypeAlias = tuple[Value | None, tuple[str, str, str | None] | None]
"""A value, or the code, message and hint of what is wrong with it."""


def _enum(known: Parameter, value: Any, _query: _Query) -> _Read:
    word = spelled(value)
    if isinstance(value, str) and word in known.values:
        return word, None
    hint = did_you_mean(word, known.values) or one_of(sorted(known.values))
    return None, ("T303", f"{quote(known.name)} cannot be {quote(value)}", hint)


def _boolean(known: Parameter, value: Any, _query: _Query) -> _Read:
    word = spelled(value)
    if word in {"true", "false"}:
        return word, None
    return None, ("T303", f"{quote(known.name)} cannot be {quote(value)}", "write `true` or `false`")


def _time(known: Parameter, value: Any, query: _Query) -> _Read:
    hint = "write `14d ago`, `2026-01-31` or `2026-01-31T08:00:00+07:00`"
    if not isinstance(value, str):
        return None, ("T306", f"{quote(known.name)} takes a time, not {quote(value)}", hint)
    ago = _AGO.fullmatch(value)
    try:
        if ago is not None:
            return Ago(parse_distance(ago[1], query.calendar)), None
        return parse_instant(value, query.zone), None
    except ValueError as error:
        return None, ("T306", str(error), _forgot_ago(value, query) or hint)


def _forgot_ago(value: str, query: _Query) -> str | None:
    try:
        parse_distance(value, query.calendar)
    except ValueError:
        return None
    return f"did you mean `{value} ago`?"


def _id(known: Parameter, value: Any, _query: _Query) -> _Read:
    word = spelled(value)
    if not isinstance(value, bool | Decimal) and (
        _NUMBER.fullmatch(word) or (isinstance(value, str) and _KEY.fullmatch(word))
    ):
        return word, None
    hint = "ids are whole numbers such as `123`, or keys such as `store_x`"
    return None, ("T309", f"{quote(known.name)} cannot be {quote(value)}", hint)


def _text(known: Parameter, value: Any, _query: _Query) -> _Read:
    word = spelled(value)
    if isinstance(value, bool):
        return None, (
            "T304",
            f"{quote(known.name)} takes a text, not {quote(value)}",
            "put it in quotes if it is one",
        )
    if len(word) > _LONGEST or "\n" in word or not word.strip():
        return None, (
            "T304",
            f"{quote(known.name)} takes a text of one line with at most {_LONGEST} characters",
            None,
        )
    return word, None


def _tag(known: Parameter, value: Any, query: _Query) -> _Read:
    if isinstance(value, str) and "," in value:
        tags = ", ".join(part.strip() for part in value.split(",") if part.strip())
        hint = f"write a list, which is a union: `[{tags}]`; a tag with a comma in its name goes under `conditions`"
        return None, ("T308", f"the tag {quote(value)} has a comma", hint)
    return _text(known, value, query)


_READERS: Final = {"enum": _enum, "boolean": _boolean, "time": _time, "id": _id, "text": _text, "tags": _tag}
