"""What a rule does: the fields of the bulk change, checked when a rule is loaded and rendered for each order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, Protocol
from urllib.parse import quote as percent
from urllib.parse import urlsplit

from tertib.language import templates
from tertib.language.durations import parse_timestamp
from tertib.language.nearest import did_you_mean
from tertib.language.tables import NONE
from tertib.language.templates import RenderError
from tertib.language.wording import kind_of, one_of, quote, spelled
from tertib.model import ActionField, Complaint, Field, Order, Path, Table

LONGEST_TEXT: Final = 255
LONGEST_URL: Final = 2_000
_INTEGER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_WANTED: Final = ("status", "payment_status")


def parse(  # noqa: PLR0917 - the signature that all parsers of the language share
    data: Any,
    action_fields: Mapping[str, ActionField],
    fields: Mapping[str, Field],
    zone: tzinfo,  # noqa: ARG001 - the shared signature; actions take no bare dates
    complaints: list[Complaint],
    path: Path = ("action",),
    *,
    tables: Mapping[str, Table | None] = NONE,
) -> Mapping[str, Any]:
    """Read a rule's action: each field with its literal in the field's type, or its template's source.

    `fields` is the rule's source's table and `tables` the rule's own lookup tables (None for one that was complained
    about), for what templates read. What is wrong is added to `complaints`, and
    left out of the result; the result is in the order of the table.
    """
    if not isinstance(data, dict):
        hint = "write `status: canceled`, a field a line"
        message = f"`action` must be a block of fields, not {kind_of(data)}"
        empty = Complaint(path, "T122", "`action` is empty", hint)
        complaints.append(empty if data is None else Complaint(path, "T117", message, hint))
        return {}
    found: dict[str, Any] = {}
    for name, value in data.items():
        known = action_fields.get(name)
        if known is None:
            complaints.append(_unknown(name, action_fields, path))
        else:
            found.update(_field(known, value, (fields, tables), complaints, (*path, name)))
    if not any(name in data for name in _WANTED):
        hint = "an action sets at least one of the two"
        complaints.append(
            Complaint(path, "T402", "the action has neither `status` nor `payment_status`", hint, on_key=True)
        )
    return {name: found[name] for name in action_fields if name in found}


def render(  # noqa: PLR0917 - what a template sees, in the order in which the layers name it
    action: Mapping[str, Any],
    action_fields: Mapping[str, ActionField],
    order: Order,
    rule_name: str,
    now: datetime,
    zone: tzinfo | str,
    *,
    tables: Mapping[str, Table] = NONE,
) -> Mapping[str, Any]:
    """Return what is to be sent for one order, every value in its field's type; `by` is filled in where unset.

    `tables` are the rule's lookup tables. Times are ISO 8601 texts with their offset. Raises `RenderError`, with the field's name, for a value that is
    missing, empty, or not of the field's type.
    """

    def fill(template: str, *, percent_encode: bool) -> str:
        return templates.render(
            template, order, rule_name, now, zone, percent_encode=percent_encode, tables=tables
        )

    sources = {"by": f"tertib/{rule_name}", **action}
    return {
        name: _rendered(known, sources[name], fill)
        for name, known in action_fields.items()
        if name in sources
    }


class _Fill(Protocol):
    def __call__(self, template: str, *, percent_encode: bool) -> str: ...


def _rendered(known: ActionField, source: Any, fill: _Fill) -> Any:
    try:
        filled = templates.is_template(source)
        value = fill(source, percent_encode=known.kind == "url") if filled else source
    except RenderError as error:
        raise RenderError(error.why, known.name) from None
    coerced, wrong = _coerce(known, value)
    if wrong is not None:
        raise RenderError(wrong, known.name)
    return coerced


def _unknown(name: str, action_fields: Mapping[str, ActionField], path: Path) -> Complaint:
    hint = did_you_mean(name, action_fields) or one_of(action_fields)
    if name == "ids":
        hint = "the orders are those that the query and the conditions select"
    return Complaint((*path, name), "T401", f"unknown action field {quote(name)}", hint, on_key=True)


def _field(
    known: ActionField,
    value: Any,
    sources: tuple[Mapping[str, Field], Mapping[str, Table | None]],
    complaints: list[Complaint],
    path: Path,
) -> dict[str, Any]:
    """Return the field's value under its name, nothing where it is wrong; `sources` are fields and tables."""
    if value is None or value == "":
        hint = "leave it out to keep what the order has; an action cannot empty a field"
        complaints.append(Complaint(path, "T405", f"{quote(known.name)} has no value", hint))
        return {}
    if isinstance(value, dict | list):
        message = f"{quote(known.name)} takes one value, not {kind_of(value)}"
        hint = "write one value; for another one, write another rule"
        complaints.append(Complaint(path, "T404", message, hint))
        return {}
    if templates.is_template(value):
        fields, tables = sources
        templates.check(value, fields, complaints, path, tables)
        return {known.name: value}
    coerced, wrong = _coerce(known, value)
    if wrong is None:
        return {known.name: coerced}
    code, instead = _explain(known, value)
    complaints.append(Complaint(path, code, f"{quote(known.name)} {_shown(known, value)}", instead))
    return {}


def _shown(known: ActionField, value: Any) -> str:
    """Say what is wrong with a literal, in the words of the file."""
    if known.kind == "enum":
        return f"cannot be {quote(value)}"
    _, wrong = _coerce(known, value)
    return f"cannot be {quote(value)}: {wrong}"


def _explain(known: ActionField, value: Any) -> tuple[str, str | None]:
    """Return the code and the hint for a literal that its field does not take."""
    if known.kind == "enum":
        if known.name == "status" and value == "shipped_rts":
            return "T403", "orders can be filtered by it, not moved to it; `rts` is the status for returns"
        return "T403", did_you_mean(spelled(value), known.values) or one_of(sorted(known.values))
    if known.kind == "text":
        is_text = not isinstance(value, bool | Decimal)
        return (
            ("T406", None) if is_text else ("T404", f'put it in quotes if it is a text: `"{spelled(value)}"`')
        )
    return _FORMS[known.kind]


_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "time": ("T407", "write a date, a time and an offset: `2026-01-31T08:00:00+07:00`"),
    "url": ("T408", "write a whole address: `https://cdn.example/proofs/{{ order.order_id }}.jpg`"),
    "integer": ("T404", "write a whole number such as `12`"),
}
"""Code and hint for a literal of the wrong form."""


def _coerce(known: ActionField, value: Any) -> tuple[Any, str | None]:
    """Return a value in the field's type, or why it is none; the reason never holds the value."""
    return _COERCERS[known.kind](known, value)


def _enum(known: ActionField, value: Any) -> tuple[Any, str | None]:
    word = value.strip() if isinstance(value, str) else value
    if isinstance(word, str) and word in known.values:
        return word, None
    return None, "what it is given is none of the values it takes"


def _text(_known: ActionField, value: Any) -> tuple[Any, str | None]:
    if isinstance(value, bool | Decimal | float):
        return None, "it takes a text"
    word = spelled(value).strip()
    if not word:
        return None, "it is empty"
    if len(word) > LONGEST_TEXT:
        return None, f"it is longer than {LONGEST_TEXT} characters"
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in word):
        return None, "it has a line break or a control character"
    return word, None


def _integer(_known: ActionField, value: Any) -> tuple[Any, str | None]:
    word = value.strip() if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not _INTEGER.fullmatch(word):
        return None, "it is not a whole number above zero"
    return int(word), None


def _time(_known: ActionField, value: Any) -> tuple[Any, str | None]:
    if not isinstance(value, str):
        return None, "it is not a date and time"
    try:
        parse_timestamp(value.strip())
    except ValueError as error:
        reason = (
            "it has no time zone, that is, no offset such as `+07:00`"
            if "offset" in str(error)
            else "it is not a date and time that exists"
        )
        return None, reason
    return value.strip(), None


def _url(_known: ActionField, value: Any) -> tuple[Any, str | None]:
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > LONGEST_URL:
        return None, f"it is longer than {LONGEST_URL} characters"
    if any(
        letter.isspace() or unicodedata.category(letter) == "Cc" or letter in '<>"\\^`{|}' for letter in text
    ):
        return None, "it has a character that no address has"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None, "it is not an http(s) address"
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        return None, "it is not an http(s) address"
    return percent(text, safe="/?#[]@!$&'()*+,;=:%~") if not text.isascii() else text, None


_COERCERS: Final = {"enum": _enum, "text": _text, "integer": _integer, "time": _time, "url": _url}
