"""When every account's rules are due next, for all machines together: each slot is announced once, by whoever looks first.

A tick takes the schedules that are due with `FOR UPDATE SKIP LOCKED`, those whose account nobody writes to at this
moment, and in one transaction announces their slots, moves the schedules on and rings for the accounts. Nothing
hangs on any tick: what one leaves, or what was announced and not taken, the next one rings for again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, TextClause, delete, select, text, union, update
from sqlalchemy.dialects.postgresql import insert

from tertib.ledger import anchors, beats, schema
from tertib.ledger.anchors import times
from tertib.ledger.process import Owner
from tertib.ledger.slots import DUE, IS_DUE, slot_key
from tertib.ledger.trail import Writing

_R: Final = schema.schedules.c
_S: Final = schema.slots.c
_A: Final = schema.accounts.c.account
_C: Final = schema.changes.c
_W: Final = schema.approvals.c

WHOLE: Final = ""
"""Stands in the place of a rule where an account itself is to be woken."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A rule's place on its schedule: the first slot that was not announced, and when that starts."""

    account: str
    rule: str
    cron: str
    timezone: str
    jitter: timedelta
    slot_at: datetime
    starts_at: datetime


class Next(NamedTuple):
    """Where a schedule stands after its slot was announced; None where no slot comes any more."""

    slot_at: datetime
    starts_at: datetime


_CLAIM: Final = (
    select(schema.schedules)
    .join(schema.accounts, schema.accounts.c.account == _R.account)
    .order_by(_R.next_at)
    .with_for_update(of=(schema.schedules, schema.accounts), skip_locked=True)
)
_ANNOUNCE: Final = text(
    "INSERT INTO slots (key, account, rule, slot_at, state, note, opened_at)"
    " SELECT key, account, rule, slot_at, 'due', '', :now"
    " FROM unnest(CAST(:keys AS text[]), CAST(:accounts AS text[]), CAST(:rules AS text[]),"
    " CAST(:slots AS timestamptz[])) AS due (key, account, rule, slot_at)"
    " ON CONFLICT DO NOTHING"
)
_MOVE: Final = text(
    "UPDATE schedules SET slot_at = moved.slot_at, next_at = moved.next_at"
    " FROM unnest(CAST(:accounts AS text[]), CAST(:rules AS text[]), CAST(:slots AS timestamptz[]),"
    " CAST(:starts AS timestamptz[])) AS moved (account, rule, slot_at, next_at)"
    " WHERE schedules.account = moved.account AND schedules.rule = moved.rule"
)
_END: Final = text(
    "DELETE FROM schedules USING unnest(CAST(:accounts AS text[]), CAST(:rules AS text[])) AS ended (account, rule)"
    " WHERE schedules.account = ended.account AND schedules.rule = ended.rule"
)


@dataclass(frozen=True, slots=True)
class Tick:
    """One look at what is due, over all accounts, in one transaction."""

    connection: Connection
    now: datetime

    def claim(self, most: int) -> list[Scheduled]:
        """Take what is due, the oldest first; what another tick or a writer of the account holds is left to the next."""
        rows = self.connection.execute(_CLAIM.where(_R.next_at <= self.now).limit(most))
        return [_scheduled(row) for row in rows]

    def announce(self, claimed: Iterable[tuple[Scheduled, Next | None]]) -> None:
        """Write down the slots as due, where nobody did, and move their schedules on."""
        taken = list(claimed)
        due = [one for one, _ in taken if one.rule != WHOLE]
        keys = [slot_key(one.account, one.rule, one.slot_at) for one in due]
        self._each(_ANNOUNCE, due, keys=keys, slots=[one.slot_at for one in due], now=self.now)
        on = [(one, then) for one, then in taken if then is not None]
        starts = [then.starts_at for _, then in on]
        self._each(_MOVE, [one for one, _ in on], slots=[then.slot_at for _, then in on], starts=starts)
        self._each(_END, [one for one, then in taken if then is None])

    def _each(self, statement: TextClause, rows: Sequence[Scheduled], **columns: Any) -> None:
        if rows:
            named = {"accounts": [one.account for one in rows], "rules": [one.rule for one in rows]}
            self.connection.execute(statement, named | columns)

    def hold(self, accounts: Collection[str]) -> set[str]:
        """Lock these accounts until the tick ends, and return those that nobody else has locked."""
        wanted = select(_A).where(_A.in_(sorted(accounts))).with_for_update(skip_locked=True)
        return set(self.connection.scalars(wanted)) if accounts else set()

    def waiting(self) -> set[str]:
        """Return the accounts in which something was left over.

        That are slots that were announced and not taken yet, plans that were approved and are not applied, and outcomes
        that are due to be read back; the latter two where nobody asked for the account to be woken.
        """
        woken = select(_R.account).where(_R.rule == WHOLE)
        approved = select(_W.account).where(_W.state == schema.APPROVED, _W.expires_at > self.now)
        unread = select(_C.account).where(_C.state == schema.IS_UNSETTLED, _C.due_at <= self.now)
        left = union(
            select(_S.account).where(_S.state == IS_DUE),
            approved.where(_W.account.not_in(woken)),
            unread.where(_C.account.not_in(woken)),
        )
        return set(self.connection.scalars(left))

    def forsaken(self, since: datetime) -> set[str]:
        """Return the accounts with slots that were announced before `since` and that nobody has taken."""
        old = select(_S.account).where(_S.state == IS_DUE, _S.opened_at < since)
        return set(self.connection.scalars(old.distinct()))


def _scheduled(row: Any) -> Scheduled:
    jitter = timedelta(seconds=row.jitter)
    return Scheduled(row.account, row.rule, row.cron, row.timezone, jitter, row.slot_at, row.next_at)


@dataclass(frozen=True, slots=True)
class Rota:
    """The schedules of a ledger on a server. `everything` begins a write that is about all accounts."""

    writing: Callable[[str, datetime], AbstractContextManager[Writing]]
    everything: Callable[[], AbstractContextManager[Connection]]
    owner: Owner

    @contextmanager
    def tick(self, now: datetime) -> Iterator[Tick]:
        """Look at what is due: all that is done in the block commits together, or not at all."""
        with self.everything() as connection:
            yield Tick(connection, now)

    def beat(self, now: datetime) -> None:
        """Give a sign of life of this process."""
        with self.everything() as connection:
            beats.beat(connection, self.owner, now)

    def wake(self, account: str, at: datetime, now: datetime) -> None:
        """See that an account is rung for at a time, or sooner where that was asked for."""
        with self.writing(account, now) as writing:
            wake(writing, at)

    def enrol(
        self,
        account: str,
        wanted: Mapping[str, Scheduled],
        now: datetime,
        *,
        changed: str,
        gone: str,
        but: Collection[str] = (),
    ) -> None:
        """Keep exactly these schedules of an account, by rule; those of the rules in `but` stay as they are.

        One that is as it was keeps its place. Where it is another, or none any more, a slot that was due on it and not
        announced is written down as skipped, with `changed` or `gone` as the reason. Since when slots count is put on
        record for all of them.
        """
        with self.writing(account, now) as writing:
            mine = {rule: times(one) for rule, one in wanted.items()}
            anchors.keep(writing, mine, now, gone=lambda rule: rule not in but)
            rows = writing.connection.execute(select(schema.schedules).where(_R.account == account)).all()
            standing = {row.rule: _scheduled(row) for row in rows if row.rule != WHOLE}
            for rule, known in standing.items():
                new = wanted.get(rule)
                if rule in but or (new is not None and times(known) == times(new)):
                    continue
                if known.starts_at <= now:
                    _skip(writing, known, now, gone if new is None else changed)
                writing.connection.execute(
                    delete(schema.schedules).where(_R.account == account, _R.rule == rule)
                )
            for rule, new in wanted.items():
                if rule not in standing or times(standing[rule]) != times(new):
                    _put(writing.connection, new)

    def leave(self, account: str, now: datetime, why: str) -> int:
        """Take an account off the rota, and end the slots that wait there as missed; return how many there were.

        A worker that serves it again enrols it again.
        """
        with self.writing(account, now) as writing:
            mine = (_S.account == account, _S.state == IS_DUE)
            left = writing.connection.scalars(select(_S.key).where(*mine).order_by(_S.slot_at)).all()
            ended = {"state": "missed", "note": why, "closed_at": now}
            writing.connection.execute(update(schema.slots).where(*mine).values(ended))
            for key in left:
                writing.record("slot_closed", now, slot=key, state="missed", run=None)
            writing.connection.execute(delete(schema.schedules).where(_R.account == account))
            return len(left)


def wake(writing: Writing, at: datetime) -> None:
    """See that the account is rung for at a time, or sooner where that was asked for; a file has no such bell."""
    if writing.connection.dialect.name == "sqlite":
        return
    row = Scheduled(writing.account, WHOLE, "", "", timedelta(), at, at)
    given = insert(schema.schedules).values(_values(row))
    sooner = given.excluded.next_at < _R.next_at
    moved = {"slot_at": given.excluded.slot_at, "next_at": given.excluded.next_at}
    writing.connection.execute(
        given.on_conflict_do_update(index_elements=[_R.account, _R.rule], set_=moved, where=sooner)
    )


def _put(connection: Connection, row: Scheduled) -> None:
    connection.execute(insert(schema.schedules).values(_values(row)))


def _values(row: Scheduled) -> dict[str, Any]:
    return {
        "account": row.account,
        "rule": row.rule,
        "cron": row.cron,
        "timezone": row.timezone,
        "jitter": int(row.jitter.total_seconds()),
        "slot_at": row.slot_at,
        "next_at": row.starts_at,
    }


def _skip(writing: Writing, known: Scheduled, now: datetime, why: str) -> None:
    """Write a slot down for which nothing ran because its schedule is no more."""
    key = slot_key(known.account, known.rule, known.slot_at)
    place = {"key": key, "account": known.account, "rule": known.rule, "slot_at": known.slot_at}
    end = {"state": "skipped", "note": why, "opened_at": now, "closed_at": now}
    added = insert(schema.slots).values(place | end).on_conflict_do_nothing()
    if writing.connection.scalar(added.returning(schema.slots.c.key)) is not None:
        writing.record("slot_closed", now, slot=key, state="skipped", run=None)


__all__ = ["DUE", "WHOLE", "Next", "Rota", "Scheduled", "Tick", "wake"]
