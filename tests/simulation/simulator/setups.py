"""The projects that are simulated: settings, rules, and how the server pages; made once, used by every seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml

from tertib.language import conditions
from tertib.load import loads
from tertib.model import Condition, Limits, Rule, Settings
from tertib.scalev import contract

PLAIN: Final = Settings(
    concurrency=1,  # one thread at a time, or no seed would be one history
    batch_size=50,
    max_read_age=timedelta(seconds=60),
    settle=timedelta(minutes=15),
    lease_ttl=timedelta(minutes=2),
    timeout=timedelta(seconds=30),
)

CANCEL: Final[dict[str, Any]] = {
    "name": "cancel",
    "query": {"status": "pending"},
    "conditions": [{"payment_status": "unpaid"}],
    "action": {"status": "canceled"},
    "mode": "apply",
    "first_run": "apply",
}
CANCEL_TOO: Final[dict[str, Any]] = {
    "name": "cancel-too",
    "query": {"status": "pending", "payment_status": "unpaid"},
    "conditions": [],
    "action": {"status": "canceled"},
    "mode": "apply",
    "first_run": "apply",
    "priority": 50,
}
CANCEL_ALL: Final[dict[str, Any]] = {
    "name": "cancel-all",
    "query": {"status": "pending"},
    "conditions": [],
    "action": {"status": "canceled"},
    "mode": "apply",
    "first_run": "apply",
}
CONFIRM: Final[dict[str, Any]] = {
    "name": "confirm",
    "query": {"status": "pending", "payment_status": "paid"},
    "conditions": [],
    "action": {"status": "confirmed"},
    "mode": "apply",
    "first_run": "apply",
}
MARK_PAID: Final[dict[str, Any]] = {
    "name": "mark-paid",
    "query": {"status": "confirmed", "payment_status": "unpaid"},
    "conditions": [],
    "action": {"payment_status": "paid"},
    "mode": "apply",
    "first_run": "apply",
}
COMPLETE: Final[dict[str, Any]] = {
    "name": "complete",
    "query": {"status": "shipped"},
    "conditions": [],
    "action": {"status": "completed", "transferproof_url": "https://cdn.example/{{ order.order_id }}.jpg"},
    "mode": "apply",
    "first_run": "apply",
}
PREVIEWED: Final[dict[str, Any]] = {
    "name": "previewed",
    "query": {"status": "draft"},
    "conditions": [],
    "action": {"status": "canceled"},
    "mode": "preview",
}


@dataclass(frozen=True, slots=True)
class Setup:
    """One project. `rule_sets` are what a job may run; `windows` is the rate limit as (requests, seconds).

    `protected` is the `gross_revenue` of the orders that the project protects.
    """

    settings: Settings
    rule_sets: tuple[tuple[Rule, ...], ...]
    uuids: bool
    page: int
    windows: tuple[tuple[int, float], ...] = ((100, 10.0), (10_000, 3600.0))
    protected: str = ""


def _setup(settings: Settings, documents: Sequence[Sequence[dict[str, Any]]], **given: Any) -> Setup:
    sets = tuple(tuple(_rule(one, settings) for one in documents_of) for documents_of in documents)
    return Setup(settings, sets, **given)


def _rule(document: dict[str, Any], settings: Settings) -> Rule:
    loaded = loads(yaml.safe_dump(document), settings)
    if loaded.errors:
        raise ValueError(loaded.errors)
    return loaded.rules[0]


def _protect(written: dict[str, Any]) -> tuple[Condition, ...]:
    return conditions.parse([written], contract.FIELDS["orders"], ZoneInfo(PLAIN.timezone), [])


_EVERY: Final = (
    (CANCEL, CONFIRM),
    (CANCEL_TOO,),
    (CANCEL, CONFIRM, MARK_PAID, COMPLETE, PREVIEWED),
    (CANCEL_ALL,),
)

SETUPS: Final = (
    _setup(PLAIN, _EVERY, uuids=False, page=25),
    _setup(replace(PLAIN, batch_size=2), _EVERY, uuids=True, page=3),
    _setup(replace(PLAIN, batch_size=1), _EVERY, uuids=False, page=2),
    _setup(
        replace(PLAIN, batch_size=2, caps=Limits(orders_per_day=5)),
        (
            (
                {**CANCEL, "limits": {"orders": 3, "per_day": {"orders": 4}}},
                {**CONFIRM, "limits": {"orders": 2}},
            ),
            ({**CANCEL_TOO, "limits": {"value": 600_000}}, MARK_PAID),
        ),
        uuids=False,
        page=3,
    ),
    _setup(
        replace(PLAIN, batch_size=3, contract="seeds", limits=Limits(value=Decimal(2_000_000))),
        ((MARK_PAID, CANCEL), (COMPLETE, CONFIRM), (CANCEL_TOO, MARK_PAID)),
        uuids=False,
        page=4,
        windows=((6, 10.0), (60, 3600.0)),
    ),
    # A project that believes its readings for very long: the lease alone keeps a woken process from sending.
    _setup(replace(PLAIN, max_read_age=timedelta(hours=2), batch_size=2), _EVERY, uuids=False, page=25),
    # One whose previews soon grow too old, and that keeps its large orders to itself.
    _setup(
        replace(
            PLAIN,
            batch_size=2,
            plan_ttl=timedelta(minutes=10),
            protect=_protect({"gross_revenue": {"gte": 900_000}}),
        ),
        _EVERY,
        uuids=False,
        page=3,
        protected="900000.00",
    ),
    # One that may do little a day.
    _setup(
        replace(PLAIN, batch_size=2, caps=Limits(orders_per_day=3)),
        (
            ({**CANCEL, "limits": {"per_day": {"orders": 2}}}, CONFIRM),
            (CANCEL_TOO,),
            ({**COMPLETE, "limits": {"per_day": {"orders": 1}}}, MARK_PAID),
        ),
        uuids=False,
        page=25,
    ),
)
