"""*Accounts* and *settings*: what there is, to look at. Nothing is changed here, and no secret is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import Response

from tertib.ledger.export import shown
from tertib.model import Limits, Settings
from tertib.telling.tongue import Tongue
from tertib.web.site import Visit

Rows = list[tuple[str, str]]

_NONE: Final = "-"


def listed(visit: Visit) -> Response:
    """List the accounts that the visitor sees, each with how it stands; an admin sees the people too."""
    found = [
        {
            "desk": desk,
            "halted": desk.ledger.halted(desk.account),
            "waiting": len(desk.ledger.approvals.waiting(desk.account, visit.now)),
            "last": next(iter(desk.ledger.runs(desk.account, 1)), None),
            "rules": len(desk.book.loaded().rules),
        }
        for desk in visit.desks
    ]
    people = visit.site.people.listed() if visit.who.role == "admin" else ()
    return visit.page("accounts.html", found=found, people=people)


def settings(visit: Visit) -> Response:
    """Show the settings of each account that the visitor sees, as they are in force."""
    found = [(desk.account, list(_sections(desk.settings, visit.tongue))) for desk in visit.desks]
    return visit.page("settings.html", found=found)


def _sections(one: Settings, speech: Tongue) -> Iterator[tuple[str, Rows]]:
    """Yield the settings by section; what may hold a password is shown without it."""
    gettext = speech.gettext
    yield (
        gettext("Scalev"),
        [
            ("api.base_url", one.base_url),
            ("api.contract", one.contract),
            ("api.timeout", speech.age(one.timeout)),
            ("api.concurrency", str(one.concurrency)),
        ],
    )
    yield (
        gettext("Places"),
        [
            ("rules", ", ".join(one.rules)),
            ("ledger", _without_password(one.ledger)),
            ("checkpoints", shown(one.checkpoints) if one.checkpoints else _NONE),
            ("timezone", one.timezone),
        ],
    )
    yield (
        gettext("Sending"),
        [
            ("apply.batch_size", str(one.batch_size)),
            ("apply.max_read_age", speech.age(one.max_read_age)),
            ("apply.settle", speech.age(one.settle)),
            ("apply.plan_ttl", speech.age(one.plan_ttl)),
            ("apply.lease_ttl", speech.age(one.lease_ttl)),
        ],
    )
    yield gettext("Limits of a rule"), _limits("limits", one.limits, speech)
    yield gettext("Caps over all rules"), _limits("caps", one.caps, speech)
    protect = [("protect", _spelled(each)) for each in one.protect_definition]
    yield gettext("Protected orders"), protect or [("protect", _NONE)]


def _limits(name: str, one: Limits, speech: Tongue) -> Rows:
    share = _NONE if one.share is None else f"{one.share * 100:f}".rstrip("0").rstrip(".") + " %"
    return [
        (f"{name}.orders", _count(one.orders)),
        (f"{name}.value", _NONE if one.value is None else speech.rupiah(one.value)),
        (f"{name}.share", share),
        (f"{name}.per_day.orders", _count(one.orders_per_day)),
        (f"{name}.per_day.value", _NONE if one.value_per_day is None else speech.rupiah(one.value_per_day)),
    ]


def _count(number: int | None) -> str:
    return _NONE if number is None else Tongue.number(number)


def _spelled(condition: Any) -> str:
    """Write a condition of the settings on one line, as YAML would."""
    if isinstance(condition, dict):
        return "{" + ", ".join(f"{key}: {_spelled(value)}" for key, value in condition.items()) + "}"
    if isinstance(condition, list | tuple):
        return "[" + ", ".join(map(_spelled, condition)) + "]"
    return (
        "null"
        if condition is None
        else str(condition).lower()
        if isinstance(condition, bool)
        else str(condition)
    )


def _without_password(place: str) -> str:
    """Return an address without what it may hold of a password, in its user's name or behind its `?`."""
    if "://" not in place:
        return place
    parts = urlsplit(place)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
