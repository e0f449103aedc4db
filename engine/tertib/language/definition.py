"""A rule as plain JSON, as plans carry it, and the hash over what it means.

JSON has one kind of number that loses digits, so a `Decimal` of a rule is written ``{"$decimal": "0.50"}``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from tertib.language import days
from tertib.model import Ago, Calendar, Limits, Schedule, WorkingDays

_DECIMAL: Final = "$decimal"
_MEANING: Final = (
    "source",
    "query",
    "conditions",
    "action",
    "limits",
    "allow",
    "trust",
    "priority",
    "data",
    "timezone",
    "calendar",
)
_HASH_LENGTH: Final = 16


def plain(data: Any) -> Any:
    """Return rule data as plain JSON data."""
    if isinstance(data, Decimal):
        return {_DECIMAL: format(data, "f")}
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    return [plain(value) for value in data] if isinstance(data, list | tuple) else data


def restore(data: Any) -> Any:
    """Return what `plain` was given, lists for tuples."""
    if isinstance(data, Mapping):
        if data.keys() == {_DECIMAL}:
            return Decimal(data[_DECIMAL])
        return {key: restore(value) for key, value in data.items()}
    return [restore(value) for value in data] if isinstance(data, list | tuple) else data


def meaning(definition: Mapping[str, Any]) -> str:
    """Return 16 hex digits of SHA-256 over what a rule means: not its mode, schedule, words or layout."""
    told = {key: definition[key] for key in _MEANING if key in definition}
    # a table is what it holds, wherever it lies
    told["data"] = {name: [one["key"], one["sha256"]] for name, one in definition.get("data", {}).items()}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def of_query(query: Mapping[str, tuple[str | datetime | Ago, ...]]) -> dict[str, list[Any]]:
    """Return a query as plain JSON data."""
    return {name: [_of_value(value) for value in values] for name, values in query.items()}


def to_query(
    data: Mapping[str, Any], calendar: Calendar | None = None
) -> dict[str, tuple[str | datetime | Ago, ...]]:
    """Return what `of_query` was given; `calendar` is the one that measures its working days."""
    return {name: tuple(_to_value(value, calendar) for value in values) for name, values in data.items()}


def _of_value(value: str | datetime | Ago) -> Any:
    if isinstance(value, Ago):
        if isinstance(value.distance, WorkingDays):
            return {"working_days_ago": value.distance.count}
        return {"ago": _seconds(value.distance)}
    return {"at": value.astimezone(UTC).isoformat()} if isinstance(value, datetime) else value


def _to_value(data: Any, calendar: Calendar | None) -> str | datetime | Ago:
    if not isinstance(data, Mapping):
        return str(data)
    if "working_days_ago" in data and calendar is not None:
        return Ago(WorkingDays(data["working_days_ago"], calendar))
    return Ago(timedelta(seconds=data["ago"])) if "ago" in data else datetime.fromisoformat(data["at"])


def of_limits(limits: Limits) -> dict[str, Any]:
    """Return limits as plain JSON data, money and shares as text."""
    return {
        "orders": limits.orders,
        "value": _of_amount(limits.value),
        "share": _of_amount(limits.share),
        "per_day": {"orders": limits.orders_per_day, "value": _of_amount(limits.value_per_day)},
    }


def to_limits(data: Mapping[str, Any]) -> Limits:
    """Return what `of_limits` was given."""
    return Limits(
        orders=data["orders"],
        value=_to_amount(data["value"]),
        share=_to_amount(data["share"]),
        orders_per_day=data["per_day"]["orders"],
        value_per_day=_to_amount(data["per_day"]["value"]),
    )


def _of_amount(amount: Decimal | None) -> str | None:
    """Spell an amount in one way, so that `5` and `5.0` mean the same."""
    if amount is None:
        return None
    return format(
        amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize(), "f"
    )


def _to_amount(data: str | None) -> Decimal | None:
    return None if data is None else Decimal(data)


def of_schedule(schedule: Schedule | None) -> dict[str, Any] | None:
    """Return a schedule as plain JSON data, durations in seconds."""
    if schedule is None:
        return None
    return {
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "jitter": _seconds(schedule.jitter),
        "missed": schedule.missed,
        "deadline": None if schedule.deadline is None else _seconds(schedule.deadline),
        "skip": days.told(schedule.skip),
        "holidays": days.of_holidays(schedule.holidays),
    }


def to_schedule(data: Mapping[str, Any] | None) -> Schedule | None:
    """Return what `of_schedule` was given."""
    if data is None:
        return None
    deadline = data["deadline"]
    return Schedule(
        data["cron"],
        data["timezone"],
        timedelta(seconds=data["jitter"]),
        data["missed"],
        None if deadline is None else timedelta(seconds=deadline),
        days.to_spans(data.get("skip", [])),
        days.to_holidays(data.get("holidays")),
    )


def _seconds(distance: timedelta) -> int:
    return distance // timedelta(seconds=1)
