"""*Today*: what ran, what waits, what comes next, the money at stake, and what somebody must look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from starlette.responses import Response

from tertib.ledger.approvals import Approval
from tertib.ledger.runs import RunRecord
from tertib.schedule import Planned
from tertib.telling.tongue import Tongue
from tertib.web.charts import Column
from tertib.web.daily import midnight
from tertib.web.desk import Desk
from tertib.web.paths import path_of
from tertib.web.site import Visit

_RUNS: Final = 8
_COMING: Final = 8
_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody must look at, with where to."""

    look: Literal["bad", "wait"]
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """One account's day, as the page shows it."""

    desk: Desk
    alerts: tuple[Alert, ...]
    waiting: tuple[Approval, ...]
    at_stake: Decimal
    runs: tuple[RunRecord, ...]
    more_runs: bool
    changed: int
    value: Decimal
    coming: tuple[Planned, ...]
    columns: Sequence[Column]


def show(visit: Visit) -> Response:
    """Show the day of every account that the visitor sees."""
    return visit.page("today.html", days=[_day(desk, visit) for desk in visit.desks])


def _day(desk: Desk, visit: Visit) -> Day:
    now, ledger, account = visit.now, desk.ledger, desk.account
    waiting = tuple(ledger.approvals.waiting(account, now))
    today = now.astimezone(ZoneInfo(desk.zone)).date()
    since = midnight(today, desk.zone)
    runs = [one for one in ledger.runs(account, _RUNS + 1) if one.started_at >= since]
    columns = desk.days.columns(now, visit.tongue)
    return Day(
        desk=desk,
        alerts=tuple(_alerts(desk, now, visit.tongue)),
        waiting=waiting,
        at_stake=sum((Decimal(one.asked.value) for one in waiting), Decimal(0)),
        runs=tuple(runs[:_RUNS]),
        more_runs=len(runs) > _RUNS,
        changed=columns[-1].orders,
        value=columns[-1].value,
        coming=coming(desk, now),
        columns=columns,
    )


def coming(desk: Desk, now: datetime) -> tuple[Planned, ...]:
    """Return the next slot of every rule today or tomorrow, the soonest first."""
    pauses = desk.ledger.pauses(desk.account, now)
    found = []
    for rule in desk.book.loaded().rules:
        found += desk.ahead.of(rule, pauses, now, _DAYS)[:1] if rule.enabled else []
    return tuple(sorted(found, key=lambda one: (one.starts, one.rule))[:_COMING])


def _alerts(desk: Desk, now: datetime, speech: Tongue) -> Iterator[Alert]:
    ledger, account, gettext = desk.ledger, desk.account, speech.gettext
    halted = ledger.halted(account)
    if halted is not None:
        yield Alert(
            "bad", gettext("the account is stopped until a person clears it: %(why)s", why=speech.say(halted))
        )
    unknown = len(ledger.unsettled(account))
    if unknown:
        told = speech.ngettext(
            "the outcome of %(count)s order is unknown; it is read back by itself",
            "the outcome of %(count)s orders is unknown; they are read back by themselves",
            unknown,
        )
        yield Alert("bad", told, path_of(account, "runs"))
    yield from _of_rules(desk, speech)
    for pause in ledger.pauses(account, now):
        until = (
            ""
            if pause.until is None
            else gettext(" until %(time)s", time=speech.moment(pause.until, desk.zone))
        )
        what = pause.rule or (
            gettext("everything in this account") if pause.account else gettext("everything")
        )
        told = gettext(
            "%(what)s is paused by %(who)s%(until)s: %(why)s",
            what=what,
            who=pause.who,
            until=until,
            why=pause.why,
        )
        yield Alert("wait", told, path_of(account, "schedule"))
    left_alone = len(ledger.quarantined(account))
    if left_alone:
        told = speech.ngettext(
            "%(count)s order is left alone because a person changed it after a rule",
            "%(count)s orders are left alone because a person changed them after a rule",
            left_alone,
        )
        yield Alert("wait", told, path_of(account, "orders"))


def _of_rules(desk: Desk, speech: Tongue) -> Iterator[Alert]:
    """Yield the rules that do not load, and those that run whose last slot failed."""
    loaded = desk.book.loaded()
    for name in dict.fromkeys(one.rule or one.file for one in loaded.errors):
        yield Alert(
            "bad",
            speech.gettext("rule %(rule)s has a mistake and does not run", rule=name),
            path_of(desk.account, "rules"),
        )
    running = [one.name for one in loaded.rules if one.enabled]
    for slot in desk.ledger.last_slots(desk.account, running):
        if slot.state == "failed":
            told = speech.gettext(
                "rule %(rule)s failed last: %(why)s", rule=slot.rule, why=speech.say(slot.note)
            )
            yield Alert("bad", told, path_of(desk.account, "rules", slot.rule))
