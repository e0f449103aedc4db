"""One look at what is due over all accounts: announce the slots and ring for their accounts, in one transaction.

Whether anything runs is not decided here: a slot that is announced twice is one slot, an account that is rung for twice
finds nothing the second time, and one that nobody was rung for is found by the next `look_again`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Protocol

from tertib.ledger.rota import WHOLE, Next, Rota, Scheduled
from tertib.model import Rule, Schedule
from tertib.schedule import jitter, next_slot

MOST_AT_ONCE: Final = 1000
"""How many schedules one transaction moves on: their accounts are locked until it commits."""

_WHEN_BUSY: Final = timedelta(seconds=5)
"""How soon an account that is at work is looked at again, where it is to be woken for itself."""


class Bell(Protocol):
    """What puts an account before some worker; `connection` is the driver's own, in the tick's transaction."""

    def rung(self, connection: Any) -> set[str]:
        """Return the accounts that are rung for or at work."""
        ...

    def ring(self, connection: Any, accounts: Collection[str]) -> None:
        """Ring for accounts, none of which is rung for."""
        ...


def look(rota: Rota, bell: Bell, now: datetime, most: int = MOST_AT_ONCE) -> int:
    """Announce what is due and ring for it; return how many schedules were moved on. Raises `LedgerError`."""
    moved = 0
    while True:
        with rota.tick(now) as tick:
            claimed = tick.claim(most)
            if claimed:
                wire = tick.connection.connection.driver_connection
                rung = bell.rung(wire)
                tick.announce(_moved(claimed, now, rung))
                bell.ring(wire, {one.account for one in claimed} - rung)
        moved += len(claimed)
        if len(claimed) < most:
            return moved


def look_again(rota: Rota, bell: Bell, now: datetime) -> set[str]:
    """Ring for the accounts whose slots wait though nobody is rung for: a worker died, or another was at work."""
    with rota.tick(now) as tick:
        wire = tick.connection.connection.driver_connection
        left = tick.waiting()
        left -= bell.rung(wire) if left else set()
        # nobody else may ring for them at this moment
        free = tick.hold(left)
        free -= bell.rung(wire) if free else set()
        bell.ring(wire, free)
    return free


def _moved(
    claimed: Iterable[Scheduled], now: datetime, rung: Collection[str]
) -> list[tuple[Scheduled, Next | None]]:
    return [(one, _next(one, now, at_work=one.account in rung)) for one in claimed]


def _next(one: Scheduled, now: datetime, *, at_work: bool) -> Next | None:
    """Return where a schedule goes on: what passed in between is for the account's own timetable to tell."""
    if one.rule == WHOLE:
        return Next(one.slot_at, now + _WHEN_BUSY) if at_work else None
    schedule = Schedule(one.cron, one.timezone, one.jitter)
    return _place(schedule, one.rule, max(now - one.jitter, one.slot_at))


def _place(schedule: Schedule, rule: str, after: datetime) -> Next | None:
    at = _following(schedule.cron, schedule.timezone, after)
    return None if at is None else Next(at, at + jitter(schedule, rule, at))


@lru_cache(maxsize=4096)
def _following(cron: str, timezone: str, after: datetime) -> datetime | None:
    """Return the slot after an instant; accounts that share rules ask for the same ones in a tick."""
    return next_slot(Schedule(cron, timezone), after)


def scheduled(account: str, rules: Iterable[Rule], now: datetime) -> dict[str, Scheduled]:
    """Return where the schedules of an account's rules begin: with the first slot after `now`."""
    found = {}
    for rule in rules:
        schedule = rule.schedule
        place = None if schedule is None or not rule.enabled else _place(schedule, rule.name, now)
        if schedule is not None and place is not None:
            found[rule.name] = Scheduled(
                account, rule.name, schedule.cron, schedule.timezone, schedule.jitter, *place
            )
    return found
