"""Read one literal of a rule as a field's kind, or complain about exactly that value, with what was meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, Final

from tertib.language import durations
from tertib.language.nearest import did_you_mean
from tertib.language.scope import Scope
from tertib.language.wording import kind_of, quote
from tertib.model import Field, Kind, Path


class Bad(Enum):
    """The type of `BAD`, which stands for an operand that was complained about."""

    BAD = "bad"


BAD: Final = Bad.BAD

_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,99})(?:\.\d{1,100})?", re.ASCII)
_LEADING_ZERO = re.compile(r"-?0+([1-9][\d.]*|0(?:\.[\d.]*)?)", re.ASCII)
_GROUPED = re.compile(r"(?:rp\.? ?)?(\d{1,3}(?:[.,_ ]\d{3})+)(?:,-)?", re.ASCII | re.IGNORECASE)
_SPOKEN = re.compile(r"(\d{1,6}) ?([a-z]+)(?: ago| lalu| yang lalu)?", re.ASCII | re.IGNORECASE)
_SPOKEN_UNITS: Final[Mapping[str, str]] = {
    "s": "s", "sec": "s", "second": "s", "detik": "s",
    "m": "m", "min": "m", "minute": "m", "menit": "m",
    "h": "h", "hr": "h", "hour": "h", "jam": "h", "j": "h",
    "d": "d", "day": "d", "hari": "d",
    "w": "w", "wk": "w", "week": "w", "minggu": "w", "pekan": "w",
}  # fmt: skip
_SPOKEN_WORKING_DAYS = re.compile(
    r"(\d{1,6}) ?(?:(?:working|business|work)[ -]?days?|hari kerja|bd|hk)(?: ago| lalu| yang lalu)?",
    re.ASCII | re.IGNORECASE,
)
_RUPIAH_THAT_COUNT = 1000


def value(scope: Scope, field: Field, data: Any, path: Path) -> Any:
    """Return one literal read as the field's kind, `BAD` after a complaint."""
    if data is None:
        hint = f"to ask whether there is a value write `{field.path}: null` or `{{exists: true}}`"
        scope.complain("T204", "null compares with nothing", path, hint=hint)
        return BAD
    return _LITERALS[field.kind](scope, field, data, path)


def text(scope: Scope, field: Field, data: Any, path: Path) -> str | Bad:
    """Return a text that is not empty, `BAD` after a complaint."""
    if not isinstance(data, str):
        is_number = isinstance(data, int | float | Decimal) and not isinstance(data, bool)
        hint = f'put it in quotes: `"{data}"`' if is_number else None
        message = f"{quote(data)} is {kind_of(data)}, and `{field.path}` holds text"
        scope.complain("T204", message, path, hint=hint)
        return BAD
    if not data:
        hint = f"for a field without a value write `{field.path}: null`"
        scope.complain("T205", "an empty text compares with nothing", path, hint=hint)
        return BAD
    return data


def _enum(scope: Scope, field: Field, data: Any, path: Path) -> str | Bad:
    if not isinstance(data, str):
        message = f"{quote(data)} is {kind_of(data)}, and `{field.path}` holds text"
        scope.complain(
            "T204", message, path, hint=f"known are {_listed(field.values)}" if field.values else None
        )
        return BAD
    found = text(scope, field, data, path)
    if found is not BAD and field.values and found not in field.values:
        message = f"{quote(found)} is no value that `{field.path}` is known to have"
        hint = did_you_mean(str(found), field.values) or f"known are {_listed(field.values)}"
        scope.complain("T213", message, path, hint=hint, severity="warning")
    return found


def _listed(values: frozenset[str]) -> str:
    return ", ".join(f"`{one}`" for one in sorted(values))


def _number(scope: Scope, field: Field, data: Any, path: Path) -> Decimal | Bad:
    number = exact(data)
    if number is None:
        message = f"{quote(data)} is not a number, and `{field.path}` holds numbers"
        scope.complain("T204", message, path, hint=_number_hint(field, data))
        return BAD
    if field.kind is Kind.MONEY and not isinstance(data, int):
        _warn_of_point(scope, data, number, path)
    return number


def exact(data: Any) -> Decimal | None:
    """Return a number from a rule as an exact decimal, None where it is none."""
    if isinstance(data, bool):
        return None
    if isinstance(data, int):
        return Decimal(data)
    if isinstance(data, float):
        return Decimal(repr(data)) if isfinite(data) else None
    if isinstance(data, Decimal):
        return data if data.is_finite() else None
    return Decimal(data) if isinstance(data, str) and _DECIMAL.fullmatch(data) else None


def _number_hint(field: Field, data: Any) -> str | None:
    if isinstance(data, str) and (zeros := _LEADING_ZERO.fullmatch(data)):
        return f"write it without the leading zero: `{zeros[1]}`"
    grouped = _GROUPED.fullmatch(data.strip()) if isinstance(data, str) else None
    if grouped is None:
        return "write whole rupiah, such as `500000`" if field.kind is Kind.MONEY else None
    return f"write it without separators: `{re.sub('[^0-9]', '', grouped[1])}`"


def _warn_of_point(scope: Scope, data: Any, number: Decimal, path: Path) -> None:
    """Warn where `500.000` was written, which is five hundred, by someone who groups thousands with a dot."""
    thousandfold = (number * 1000).normalize()
    if abs(number) >= _RUPIAH_THAT_COUNT or "." not in str(data) or thousandfold % 1:
        return
    hint = f"the dot is a decimal point; write `{thousandfold:f}` if that is what you mean"
    message = f"{quote(data)} is less than a thousand rupiah"
    scope.complain("T216", message, path, hint=hint, severity="warning")


def _boolean(scope: Scope, field: Field, data: Any, path: Path) -> bool | Bad:
    if isinstance(data, bool):
        return data
    message = f"{quote(data)} is {kind_of(data)}, and `{field.path}` is true or false"
    scope.complain("T204", message, path, hint="write `true` or `false`, without quotes")
    return BAD


def _time(scope: Scope, _field: Field, data: Any, path: Path) -> Any:
    return instant(scope, data, path)


def instant(scope: Scope, data: Any, path: Path) -> Any:
    """Return an instant, `BAD` after a complaint that says how one is written."""
    if not isinstance(data, str):
        scope.complain("T209", f"{quote(data)} is not an instant", path, hint=_instant_hint("", scope))
        return BAD
    try:
        return durations.parse_instant(data, scope.zone)
    except ValueError as error:
        scope.complain("T209", str(error), path, hint=_instant_hint(data, scope))
        return BAD


def _instant_hint(text: str, scope: Scope) -> str:
    if meant_duration(text) or _is_duration(text):
        return "for an age use `older_than` or `newer_than`, such as `older_than: 3d`"
    try:
        meant = durations.parse_instant(text[:10], scope.zone).astimezone(scope.zone)
    except ValueError:
        return "write a date such as `2026-03-01`, or an instant such as `2026-03-01T10:00:00+07:00`"
    offset = meant.isoformat()[-6:]
    return f"write the offset too, such as `{text[:10]}T10:00:00{offset}`, or the date alone"


def _id(scope: Scope, field: Field, data: Any, path: Path) -> str | Bad:
    if isinstance(data, int) and not isinstance(data, bool):
        return str(data)
    if isinstance(data, str) and data:
        return data
    message = f"{quote(data)} is {kind_of(data)}, and `{field.path}` is an id: a whole number or text"
    scope.complain("T204", message, path)
    return BAD


_LITERALS: Final[Mapping[Kind, Callable[[Scope, Field, Any, Path], Any]]] = {
    Kind.TEXT: text,
    Kind.ENUM: _enum,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: _time,
    Kind.ID: _id,
}


# --- what people meant


def meant_duration(text: str) -> str | None:
    """Return the duration that `3 days`, `3 hari`, `3 hari kerja` or `3d ago` means, None where it means none."""
    working = _SPOKEN_WORKING_DAYS.fullmatch(text.strip())
    if working is not None:
        return f"{working[1]}wd"
    found = _SPOKEN.fullmatch(text.strip())
    if found is None:
        return None
    word = found[2].lower()
    unit = _SPOKEN_UNITS.get(word) or _SPOKEN_UNITS.get(word.removesuffix("s"))
    return f"{found[1]}{unit}" if unit else None


def _is_duration(text: str) -> bool:
    try:
        durations.parse_duration(text)
    except ValueError:
        return False
    return True
