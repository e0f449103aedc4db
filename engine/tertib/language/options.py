"""The keys of a rule beside query, conditions and action: name, source, limits, schedule, `allow` and `trust`.

Types were checked against the schema before; each function here reads what has the right type, passes over what
has not, and complains of what is wrong in a way that no schema sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib.language import days
from tertib.language.durations import parse_duration
from tertib.language.nearest import did_you_mean
from tertib.language.wording import one_of, quote
from tertib.model import (
    Complaint,
    DaySpan,
    Holidays,
    Limits,
    Parameter,
    Path,
    Recheck,
    Reversals,
    Schedule,
    Source,
)

VETOES: Final = ("paid", "transfer_proof", "shipment_receipt", "conflict", "human_change")
"""What `allow` may name."""

_NEVER_LIFTED: Final[Mapping[str, str]] = {
    "status_flow": "Scalev itself has no such move",
    "protect": "only `tertib.yaml` says what is protected",
    "hold": "`tertib release ORDER` ends a hold",
    "on_hold": "`tertib release ORDER` ends a hold",
    "cannot_tell": "what is not known is never acted on; `trust` is for filters",
}
ALWAYS_CHECKED: Final = frozenset({"order_id", "status", "payment_status"})
_LONGEST_NAME: Final = 80
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_STORE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_SHARE: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%", re.ASCII)
_THOUSANDS: Final = re.compile(
    r"(?:Rp\.? ?)?[0-9]{1,3}([.,_ ][0-9]{3})+(?:[.,]00)?", re.ASCII | re.IGNORECASE
)
_MOST_ORDERS: Final = 10_000_000
_MOST_VALUE: Final = Decimal(10) ** 15
_MONDAY: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""From where the next slots are looked for when a schedule is checked; any day would do."""


def name(data: Any, complaints: list[Complaint], path: Path = ("name",)) -> str:
    """Read a rule's name: letters, digits, `-`, `_` and `.`, a letter or digit first, at most 80 of them."""
    if not isinstance(data, str):
        return ""
    if len(data) > _LONGEST_NAME:
        message = f"the name has {len(data)} characters; at most {_LONGEST_NAME} are allowed"
        complaints.append(Complaint(path, "T120", message))
    elif not _NAME.fullmatch(data):
        hint = "letters, digits, `-`, `_` and `.`, a letter or digit first, such as `cancel-unpaid-transfer`"
        complaints.append(Complaint(path, "T120", f"{quote(data)} cannot be a rule's name", hint))
    return data


def source(data: Any, complaints: list[Complaint], path: Path = ("source",)) -> Source:
    """Read where a rule's orders come from; the business's orders where nothing else is said."""
    inner = data.get("customer_orders") if isinstance(data, Mapping) else None
    store = inner.get("store") if isinstance(inner, Mapping) else None
    if not isinstance(store, str):
        return Source()
    if not _STORE.fullmatch(store):
        hint = "the store's public id, such as `store_x`"
        spot = (*path, "customer_orders", "store")
        complaints.append(Complaint(spot, "T125", f"`store` cannot be {quote(store)}", hint))
    return Source(store)


# --- limits ---------------------------------------------------------------------------------------------


def limits(data: Any, base: Limits, complaints: list[Complaint], path: Path = ("limits",)) -> Limits:
    """Read limits over those of `base`: a key that is not there keeps it, an explicit null switches it off."""
    if not isinstance(data, Mapping):
        return base
    day = data.get("per_day", {})
    off = "per_day" in data and day is None
    per_day: Mapping[str, Any] = (
        {"orders": None, "value": None} if off else day if isinstance(day, Mapping) else {}
    )
    below = (*path, "per_day")
    return Limits(
        orders=_count(data, base.orders, complaints, path),
        value=_value(data, base.value, complaints, path),
        share=_share(data, base.share, complaints, path),
        orders_per_day=_count(per_day, base.orders_per_day, complaints, below),
        value_per_day=_value(per_day, base.value_per_day, complaints, below),
    )


def _count(data: Mapping[str, Any], base: int | None, complaints: list[Complaint], path: Path) -> int | None:
    if "orders" not in data:
        return base
    wanted = data["orders"]
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        return None
    if not 1 <= wanted <= _MOST_ORDERS:
        complaints.append(_no_limit((*path, "orders"), wanted, "`200`"))
    return wanted


def _value(
    data: Mapping[str, Any], base: Decimal | None, complaints: list[Complaint], path: Path
) -> Decimal | None:
    if "value" not in data:
        return base
    wanted = data["value"]
    spot = (*path, "value")
    if isinstance(wanted, str) and _THOUSANDS.fullmatch(wanted):
        digits = re.sub(r"[.,]00$", "", wanted) if re.search(r"[.,]\d{3}[.,]00$", wanted) else wanted
        hint = f"write the rupiah without separators: `{re.sub('[^0-9]', '', digits)}`"
        complaints.append(Complaint(spot, "T501", f"`value` cannot be {quote(wanted)}", hint))
    elif isinstance(wanted, Decimal) and wanted.as_tuple().exponent == -3:  # noqa: PLR2004 - `50.000`: thousands, surely
        hint = f"write the rupiah without separators: `{format(wanted, 'f').replace('.', '')}`"
        complaints.append(Complaint(spot, "T501", f"`value` cannot be {quote(wanted)}", hint))
    elif isinstance(wanted, int | Decimal) and not isinstance(wanted, bool):
        if not 0 < wanted <= _MOST_VALUE or round(Decimal(wanted), 2) != wanted:
            complaints.append(_no_limit(spot, wanted, "`50000000`"))
        return Decimal(wanted)
    return None


def _share(
    data: Mapping[str, Any], base: Decimal | None, complaints: list[Complaint], path: Path
) -> Decimal | None:
    if "share" not in data:
        return base
    wanted = data["share"]
    if wanted is None:
        return None
    spot = (*path, "share")
    found = _SHARE.fullmatch(wanted) if isinstance(wanted, str) else None
    if found is None:
        hint = "write a percentage: `30%`"
        complaints.append(Complaint(spot, "T502", f"`share` cannot be {quote(wanted)}", hint))
        return None
    percentage = Decimal(found[1])
    if not 0 < percentage <= 100:  # noqa: PLR2004 - a percentage
        hint = "more than `0%` and at most `100%`"
        complaints.append(Complaint(spot, "T502", f"`share` cannot be {quote(wanted)}", hint))
    return percentage / 100


def _no_limit(path: Path, wanted: Any, example: str) -> Complaint:
    hint = f"write a whole number such as {example}; `null` switches the limit off"
    return Complaint(path, "T501", f"`{path[-1]}` cannot be {quote(wanted)}", hint)


# --- schedule -------------------------------------------------------------------------------------------


def reversals(
    data: Any, base: Reversals, complaints: list[Complaint], path: Path = ("reversals",)
) -> Reversals:
    """Read when a rule has lost the trust to act by itself; `base` fills what is not there."""
    if not isinstance(data, Mapping):
        return base
    share = _share(data, base.share, complaints, path)
    within = duration(data, "within", base.within, complaints, path)
    return Reversals(
        share=base.share if share is None else share,
        orders=_count(data, base.orders, complaints, path) or base.orders,
        within=within or base.within,
    )


def schedule(
    data: Any,
    timezone: str,
    complaints: list[Complaint],
    path: Path = ("schedule",),
    *,
    skip: tuple[DaySpan, ...] = (),
    holidays: Holidays | None = None,
) -> Schedule | None:
    """Read when a rule runs: a cron expression, or a mapping with one.

    `timezone`, `skip` and `holidays` are those of the settings, for what the rule does not say.
    """
    if isinstance(data, str):
        _check_cron(data, complaints, path)
        return Schedule(data, timezone, skip=skip, holidays=holidays)
    if not isinstance(data, Mapping) or not isinstance(data.get("cron"), str):
        return None
    _check_cron(data["cron"], complaints, (*path, "cron"))
    missed = data.get("missed", "latest")
    return Schedule(
        cron=data["cron"],
        timezone=zone(data.get("timezone", timezone), complaints, (*path, "timezone")),
        jitter=duration(data, "jitter", timedelta(), complaints, path) or timedelta(),
        missed="skip" if missed == "skip" else "latest",
        deadline=duration(data, "deadline", None, complaints, path),
        skip=days.spans(data["skip"], complaints, (*path, "skip")) if "skip" in data else skip,
        holidays=days.holidays(data["holidays"], complaints, (*path, "holidays"))
        if "holidays" in data
        else holidays,
    )


def _check_cron(cron: str, complaints: list[Complaint], path: Path) -> None:
    from croniter import CroniterBadCronError, CroniterBadDateError, croniter  # noqa: PLC0415 - slow to import; many rules have no schedule

    hint = 'minute, hour, day, month, weekday: `"30 8 * * *"` is half past eight every day'
    fields = len(cron.split())
    if fields not in {5, 6}:
        message = f"{quote(cron)} has {fields} part{'' if fields == 1 else 's'}, and a schedule has five"
        complaints.append(Complaint(path, "T503", message, hint))
        return
    try:
        croniter(cron, _MONDAY).get_next(datetime)
    except CroniterBadDateError:
        message = f"{quote(cron)} never comes"
        complaints.append(Complaint(path, "T504", message, "no such day exists in any year"))
    except (CroniterBadCronError, ValueError, KeyError, AttributeError, TypeError):
        complaints.append(Complaint(path, "T503", f"{quote(cron)} is not a schedule", hint))


def zone(data: Any, complaints: list[Complaint], path: Path) -> str:
    """Read the name of a time zone; UTC stands in for one that does not exist."""
    if not isinstance(data, str):
        return "UTC"
    try:
        ZoneInfo(data)
    except (ValueError, OSError, LookupError):
        from zoneinfo import available_timezones  # noqa: PLC0415 - reads a directory tree, only for a hint

        hint = (
            did_you_mean(data, available_timezones())
            or "such as `Asia/Jakarta`, `Asia/Makassar`, `Asia/Jayapura`"
        )
        complaints.append(Complaint(path, "T505", f"{quote(data)} is not a time zone", hint))
        return "UTC"
    return data


def duration(
    data: Mapping[str, Any],
    key: str,
    default: timedelta | None,
    complaints: list[Complaint],
    path: Path,
    *,
    code: str = "T506",
) -> timedelta | None:
    """Read the duration under a key, `default` where the key is not there."""
    wanted = data.get(key)
    if wanted is None or not isinstance(wanted, str):
        return default
    try:
        return parse_duration(wanted)
    except ValueError as error:
        hint = "write `30s`, `15m`, `12h`, `3d` or `1d12h`"
        complaints.append(Complaint((*path, key), code, str(error), hint))
        return default


# --- allow and trust ------------------------------------------------------------------------------------


def allow(data: Any, complaints: list[Complaint], path: Path = ("allow",)) -> frozenset[str]:
    """Read the vetoes that a rule lifts."""
    if not isinstance(data, list):
        return frozenset()
    for index, word in enumerate(data):
        if not isinstance(word, str) or word in VETOES:
            continue
        if word in _NEVER_LIFTED:
            message = f"no rule can lift {quote(word)}"
            complaints.append(Complaint((*path, index), "T508", message, _NEVER_LIFTED[word]))
        else:
            hint = did_you_mean(word, VETOES) or one_of(VETOES)
            complaints.append(Complaint((*path, index), "T507", f"unknown veto {quote(word)}", hint))
    return frozenset(word for word in data if word in VETOES)


def trust(
    data: Any,
    query: Iterable[str],
    parameters: Mapping[str, Parameter],
    complaints: list[Complaint],
    path: Path = ("trust",),
) -> frozenset[str]:
    """Read the filters that a rule relies on Scalev for, since answers do not show whether they were heeded.

    `search` includes the `search_field` that goes with it.
    """
    if not isinstance(data, list):
        return frozenset()
    used = set(query)
    for index, word in enumerate(data):
        if not isinstance(word, str):
            continue
        spot = (*path, index)
        if word not in parameters:
            hint = did_you_mean(word, parameters) or "`trust` names filters of the query"
            complaints.append(Complaint(spot, "T509", f"unknown filter {quote(word)}", hint))
        elif word in ALWAYS_CHECKED:
            message = f"the filter {quote(word)} needs no trust"
            complaints.append(
                Complaint(spot, "T509", message, "every order that comes back is checked against it")
            )
        elif word not in used:
            message = f"the query does not use the filter {quote(word)}"
            complaints.append(Complaint(spot, "T511", message, severity="warning"))
    named = frozenset(word for word in data if isinstance(word, str))
    return named | {"search_field"} if "search" in named and "search_field" in used else named


def untrusted(
    query: Iterable[str],
    trusted: frozenset[str],
    parameters: Mapping[str, Parameter],
    complaints: list[Complaint],
    path: Path = ("query",),
) -> None:
    """Report the filters that a rule in mode `apply` relies on without saying so."""
    for word in query:
        doubtful = parameters[word].recheck is Recheck.NONE and word != "search_field"
        if doubtful and word not in trusted:
            message = f"whether Scalev heeds {quote(word)} cannot be checked, and the rule is in mode `apply`"
            hint = f"add `trust: [{word}]` if you rely on it"
            complaints.append(Complaint((*path, word), "T510", message, hint, on_key=True))
