"""What the record of an account adds up to since it began: added up by the database, from indexes alone.

What can only grow (plans' tallies, runs that are over) is added up from where the last asking ended; `Totals` carries
how far that was. What can change (slots, changes) is counted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Select,
    case,
    cast,
    column,
    extract,
    func,
    select,
    table,
)

from tertib.ledger import schema, tallies
from tertib.ledger.notices import ChannelState, channel_states

_S: Final = schema.slots.c
_C: Final = schema.changes.c
_R: Final = schema.runs.c
_W: Final = schema.approvals.c
_DAY: Final = 86400
_VERSION: Final[Select[Any]] = select(column("version_num")).select_from(table(schema.VERSION_TABLE))

BOUNDS: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""The upper bounds (seconds) by which runs are counted."""


@dataclass(frozen=True, slots=True)
class Durations:
    """How long runs took: how many there were, their seconds together, and how many took at most each of `BOUNDS`."""

    runs: int = 0
    seconds: float = 0.0
    within: tuple[int, ...] = (0,) * len(BOUNDS)

    def __add__(self, other: Durations) -> Durations:
        """Return both together."""
        within = tuple(one + two for one, two in zip(self.within, other.within, strict=True))
        return Durations(self.runs + other.runs, self.seconds + other.seconds, within)


@dataclass(frozen=True, slots=True)
class Totals:
    """What an account's record adds up to.

    `slots` and `changes` are counted by (rule, state), `tallies` by (rule, what), see `ledger.tallies`; `money` is
    the rupiah of changes by (rule, state). `running_since` is the time of the oldest slot
    that was opened or announced and has not ended.
    """

    slots: Mapping[tuple[str, str], int] = field(default_factory=dict)
    changes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    money: Mapping[tuple[str, str], float] = field(default_factory=dict)
    tallies: Mapping[tuple[str, str], int] = field(default_factory=dict)
    durations: Durations = Durations()
    running_since: datetime | None = None
    waiting: int = 0
    halted: bool = False
    token_refused: bool = False
    channels: tuple[ChannelState, ...] = ()
    last_tally: int = 0
    last_epoch: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one ledger adds up: each method one transaction that only reads."""

    _reading: Callable[[], AbstractContextManager[Connection]]

    def totals(self, account: str, now: datetime, before: Totals | None = None) -> Totals:
        """Return what an account's record adds up to; `before` is what it did when it was asked last, and spares work."""
        known = before or Totals()
        with self._reading() as connection:
            last_tally, new = tallies.added(connection, account, known.last_tally)
            last_epoch, took = _durations(connection, account, known.last_epoch)
            changes, money = _changes(connection, account)
            return Totals(
                slots=_slots(connection, account),
                changes=changes,
                money=money,
                tallies={
                    key: known.tallies.get(key, 0) + new.get(key, 0) for key in {**known.tallies, **new}
                },
                durations=known.durations + took,
                running_since=_running_since(connection, account),
                waiting=_waiting(connection, account, now),
                halted=_halted(connection, account),
                token_refused=_token_refused(connection, account),
                channels=channel_states(connection, account),
                last_tally=last_tally,
                last_epoch=last_epoch,
            )

    def is_current(self) -> bool:
        """Tell whether the tables are those of this version; raises `LedgerError` where the database does not answer."""
        with self._reading() as connection:
            return bool(connection.scalar(_VERSION) == schema.HEAD)

    def token_refused(self, account: str) -> bool:
        """Tell whether the account's last slot could not run for want of a token that works."""
        with self._reading() as connection:
            return _token_refused(connection, account)


def _slots(connection: Connection, account: str) -> dict[tuple[str, str], int]:
    wanted = select(_S.rule, _S.state, func.count()).where(_S.account == account)
    rows = connection.execute(wanted.group_by(_S.rule, _S.state))
    return {(rule, state): count for rule, state, count in rows}


def _changes(
    connection: Connection, account: str
) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], float]]:
    # Exact money is for plans and limits; a metric is a floating point number whatever is done.
    total = func.sum(cast(_C.value, Float))
    wanted = select(_C.rule, _C.state, func.count(), total).where(_C.account == account)
    rows = connection.execute(wanted.group_by(_C.rule, _C.state)).all()
    counts = {(rule, state): count for rule, state, count, _ in rows}
    return counts, {(rule, state): float(money or 0) for rule, state, _, money in rows}


def _running_since(connection: Connection, account: str) -> datetime | None:
    # running, or announced to a worker that has not taken it up yet
    wanted = select(func.min(_S.slot_at)).where(_S.account == account, _S.closed_at.is_(None))
    oldest: datetime | None = connection.scalar(wanted)
    return oldest


def _waiting(connection: Connection, account: str, now: datetime) -> int:
    wanted = select(func.count()).where(
        _W.account == account, _W.state == schema.WAITING, _W.expires_at > now
    )
    return connection.scalar(wanted) or 0


def _token_refused(connection: Connection, account: str) -> bool:
    last = select(_S.cause).where(_S.account == account, _S.closed_at.is_not(None))
    return connection.scalar(last.order_by(_S.closed_at.desc()).limit(1)) == "token"


def _halted(connection: Connection, account: str) -> bool:
    accounts = schema.accounts.c
    wanted = select(accounts.account).where(accounts.account == account, accounts.halted_at.is_not(None))
    return connection.scalar(wanted) is not None


# --- runs -----------------------------------------------------------------------------------------------


def _durations(connection: Connection, account: str, after: int) -> tuple[int, Durations]:
    """Return the last run's number before the first that is at work, and how long those after `after` took."""
    open_run = select(func.min(_R.epoch)).where(
        _R.account == account, _R.epoch > after, _R.ended_at.is_(None)
    )
    first_open = connection.scalar(open_run)
    over = [_R.account == account, _R.epoch > after]
    over += [] if first_open is None else [_R.epoch < first_open]
    took = _seconds(connection.dialect.name)
    within = [func.sum(case((took <= bound, 1), else_=0)) for bound in BOUNDS]
    row: Any = connection.execute(
        select(func.max(_R.epoch), func.count(), func.sum(took), *within).where(*over)
    ).one()
    if row[0] is None:
        return after, Durations()
    return row[0], Durations(row[1], float(row[2] or 0), tuple(int(one or 0) for one in row[3:]))


def _seconds(dialect: str) -> ColumnElement[Any]:
    """Return how long a run took, in the words of the database."""
    if dialect == "sqlite":
        return (func.julianday(_R.ended_at) - func.julianday(_R.started_at)) * _DAY
    return cast(extract("epoch", _R.ended_at - _R.started_at), Float)
