"""Since when each rule's slots count: from when its times were first seen, became others, or it came back.

Without this on record a rule that nothing ran for yet would begin anew at every start, and one that was changed while
nothing was at work would make up for slots that it never had.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Connection, insert, select, update

from tertib.ledger import schema, slots
from tertib.ledger.trail import Writing

_A: Final = schema.anchors.c
_BEFORE: Final = timedelta(microseconds=1)


class Times(NamedTuple):
    """What a rule's slots and their starts follow from; `jitter` is in seconds."""

    cron: str
    timezone: str
    jitter: int


class _Timed(Protocol):
    """A rule's schedule, or its place on the rota."""

    @property
    def cron(self) -> str: ...

    @property
    def timezone(self) -> str: ...

    @property
    def jitter(self) -> timedelta: ...


def times(schedule: _Timed) -> Times:
    """Return what of a schedule its slots follow from; its other settings say what becomes of them."""
    return Times(schedule.cron, schedule.timezone, int(schedule.jitter.total_seconds()))


class _Anchor(NamedTuple):
    """What is on record of a rule; without times where it was taken away."""

    times: Times | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Anchors:
    """Since when slots count, of one ledger: each method one transaction."""

    writing: Callable[[str, datetime], AbstractContextManager[Writing]]
    reading: Callable[[], AbstractContextManager[Connection]]

    def of(self, account: str, wanted: Mapping[str, Times], now: datetime) -> dict[str, datetime]:
        """Return since when the slots of these rules count: `now` where these times are not on record."""
        with self.reading() as connection:
            known = _known(connection, account)
        return {
            rule: known[rule].since if rule in known and known[rule].times == mine else now
            for rule, mine in wanted.items()
        }

    def keep(
        self,
        account: str,
        wanted: Mapping[str, Times],
        now: datetime,
        *,
        gone: Callable[[str], bool],
        anew: Collection[str] = (),
    ) -> dict[str, datetime]:
        """Put these rules' times on record and return since when their slots count.

        Those of `anew` count from `now`, whatever stood there. A rule that is not wanted and for which `gone` holds was
        taken away: should it come back, its slots count from then.
        """
        with self.writing(account, now) as writing:
            return keep(writing, wanted, now, gone=gone, anew=anew)


def keep(
    writing: Writing,
    wanted: Mapping[str, Times],
    now: datetime,
    *,
    gone: Callable[[str], bool],
    anew: Collection[str] = (),
) -> dict[str, datetime]:
    """Do within a write what `Anchors.keep` does."""
    known = _known(writing.connection, writing.account)
    since = {}
    for rule, mine in wanted.items():
        standing = known.get(rule)
        if standing is None:
            last = None if rule in anew else slots.last_slot(writing.connection, writing.account, rule)
            since[rule] = now if last is None else last - _BEFORE  # a ledger from before there were anchors
            row = {"account": writing.account, "rule": rule, "since": since[rule]}
            writing.connection.execute(insert(schema.anchors).values(row | mine._asdict()))
        elif standing.times == mine and rule not in anew:
            since[rule] = standing.since
        else:
            since[rule] = now
            _move(writing, rule, {"since": now} | mine._asdict())
    for rule, standing in known.items():
        if standing.times is not None and rule not in wanted and gone(rule):
            _move(writing, rule, {"cron": None})
    return since


def _known(connection: Connection, account: str) -> dict[str, _Anchor]:
    rows = connection.execute(select(schema.anchors).where(_A.account == account))
    return {
        row.rule: _Anchor(None if row.cron is None else Times(row.cron, row.timezone, row.jitter), row.since)
        for row in rows
    }


def _move(writing: Writing, rule: str, values: Mapping[str, object]) -> None:
    mine = update(schema.anchors).where(_A.account == writing.account, _A.rule == rule)
    writing.connection.execute(mine.values(dict(values)))
