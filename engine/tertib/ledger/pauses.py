"""What people stop for a while: a rule, an account, or everything that works on this ledger.

A pause is looked at where it counts: before a run begins, before each request, and inside the step that lets a
request out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from tertib.errors import Paused
from tertib.ledger import schema
from tertib.ledger.trail import Writing, open_account
from tertib.model import Pause

_P: Final = schema.pauses.c


def pauses(connection: Connection, account: str, now: datetime) -> tuple[Pause, ...]:
    """Return the pauses that an account is under at `now`: those of everything first, those of rules last."""
    return _found(connection, account, _standing(now))


def stood(connection: Connection, account: str, at: datetime) -> tuple[Pause, ...]:
    """Return the pauses that an account was under at an instant, in the same order, those too that ended since."""
    not_ended = or_(_P.ended_at.is_(None), _P.ended_at > at)
    return _found(
        connection, account, and_(_P.since <= at, not_ended, or_(_P.until.is_(None), _P.until > at))
    )


def _found(connection: Connection, account: str, which: ColumnElement[bool]) -> tuple[Pause, ...]:
    wanted = select(_P.account, _P.rule, _P.who, _P.why, _P.since, _P.until)
    found = (Pause(*row) for row in connection.execute(wanted.where(which, _concerns(account))))
    return tuple(sorted(found, key=lambda one: (one.account is not None, one.rule or "", one.since)))


def paused_rules(connection: Connection, account: str, now: datetime) -> frozenset[str]:
    """Return the rules of an account that are paused; raises `Paused` where the account, or everything, is."""
    found = pauses(connection, account, now)
    for one in found:
        if one.rule is None:
            raise Paused(one.told, hint=one.way_out)
    return frozenset(one.rule for one in found if one.rule is not None)


@dataclass(frozen=True, slots=True)
class Pausing:
    """What people stop and let go on again. `writing` opens an account for a write, `overlooking` shows all of them."""

    writing: Callable[[str, datetime], AbstractContextManager[Writing]]
    overlooking: Callable[[], AbstractContextManager[Connection]]

    def pause(
        self, account: str, rule: str | None, *, who: str, why: str, until: datetime | None, now: datetime
    ) -> None:
        """Pause a rule, or without one the account; a new pause takes the place of one that still stands."""
        with self.writing(account, now) as writing:
            _end(writing.connection, account, rule, who, now)
            _add(writing.connection, account, rule, who=who, why=why, until=until, since=now)
            writing.record("paused", now, rule=rule, who=who, why=why, until=_iso(until))

    def resume(self, account: str, rule: str | None, who: str, now: datetime) -> bool:
        """End the pause of a rule, or of the account; return whether there was one."""
        with self.writing(account, now) as writing:
            ended = _end(writing.connection, account, rule, who, now)
            if ended:
                writing.record("resumed", now, rule=rule, who=who)
            return ended

    def pause_everything(
        self, account: str, *, who: str, why: str, until: datetime | None, now: datetime
    ) -> None:
        """Pause every account of this ledger, those too that it will only come to know.

        It stands in the chain of each account that the ledger knows, and of `account`.
        """
        with self._everything(account, now) as (first, others):
            _end(first.connection, None, None, who, now)
            _add(first.connection, None, None, who=who, why=why, until=until, since=now)
            for writing in chain((first,), others):
                writing.record("paused", now, everything=True, who=who, why=why, until=_iso(until))

    def resume_everything(self, account: str, who: str, now: datetime) -> bool:
        """End the pause of everything, and no other; return whether there was one."""
        with self._everything(account, now) as (first, others):
            ended = _end(first.connection, None, None, who, now)
            for writing in chain((first,), others) if ended else ():
                writing.record("resumed", now, everything=True, who=who)
            return ended

    @contextmanager
    def _everything(self, account: str, now: datetime) -> Iterator[tuple[Writing, Iterator[Writing]]]:
        """Open the first of all accounts, and in the same transaction the others as they are asked for.

        In the order of their names: two who do so wait for each other.
        """
        with self.overlooking() as connection:
            known = connection.scalars(select(schema.accounts.c.account)).all()
        first, *others = sorted({account, *known})
        with self.writing(first, now) as writing:
            opened = (open_account(writing.connection, one, writing.key, now) for one in others)
            yield writing, opened


def _iso(until: datetime | None) -> str | None:
    return None if until is None else schema.iso(until)


def _standing(now: datetime) -> ColumnElement[bool]:
    return and_(_P.ended_at.is_(None), or_(_P.until.is_(None), _P.until > now))


def _concerns(account: str) -> ColumnElement[bool]:
    return or_(_P.account == account, _P.account.is_(None))


def _end(connection: Connection, account: str | None, rule: str | None, who: str, now: datetime) -> bool:
    same = and_(_P.account.is_not_distinct_from(account), _P.rule.is_not_distinct_from(rule))
    rows = update(schema.pauses).where(_standing(now), same)
    return connection.execute(rows.values(ended_at=now, ended_by=who)).rowcount > 0


def _add(connection: Connection, account: str | None, rule: str | None, **told: Any) -> None:
    connection.execute(insert(schema.pauses).values(account=account, rule=rule, **told))
