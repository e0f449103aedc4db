"""What people were told and when, how their channels fare, and what of the record there is to tell them.

Nothing in here holds personal data: counts, money, names of rules, ids of plans and runs. It is no part of the audit
chain, since it decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from tertib.ledger import schema, slots, tallies
from tertib.ledger.lease import RUNNING
from tertib.ledger.slots import ENDINGS, Slot
from tertib.ledger.trail import Writing
from tertib.model import State

_N: Final = schema.notices.c
_H: Final = schema.channels.c
_R: Final = schema.runs.c
_C: Final = schema.changes.c
_S: Final = schema.slots.c
_Q: Final = schema.requests.c

DONE: Final = (State.CONFIRMED.value, State.CONFIRMED_BY_READBACK.value)
"""The states of changes that are certain to have been made."""

MOST_RUNS: Final = 500
"""How many runs are told of at a time; the rest waits for the next look."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people were told of and that goes on. `detail` is plain JSON that whoever tells keeps for itself."""

    key: str
    since: datetime
    told_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel fares: messages that were sent and that failed since the beginning, and whether the last one failed."""

    name: str
    sent: int = 0
    failed: int = 0
    failing_since: datetime | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run that is over. `done` counts the orders that it certainly changed, by rule; `money` is theirs, in rupiah.

    `refused_token` says that Scalev turned its last change down for the token; None where it changed nothing.
    """

    run_id: str
    kind: str
    epoch: int
    done: Mapping[str, int]
    states: Mapping[str, int]
    money: Decimal
    refused_token: bool | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The changes of one run that is over of which nobody knows the outcome; `money` in rupiah, `due_at` of the first."""

    run_id: str
    orders: int
    money: Decimal
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Notices:
    """What one ledger knows of telling people: each method one transaction."""

    _writing: Callable[[str, datetime], AbstractContextManager[Writing]]
    _reading: Callable[[], AbstractContextManager[Connection]]

    # --- what was told ----------------------------------------------------------------------------------

    def standing(self, account: str) -> dict[str, Notice]:
        """Return what people were told of and what still goes on, by key."""
        with self._reading() as connection:
            rows = connection.execute(select(schema.notices).where(_N.account == account))
            return {row.key: Notice(row.key, row.since, row.told_at, row.detail) for row in rows}

    def keep(self, account: str, told: Collection[Notice], over: Collection[str], now: datetime) -> None:
        """Remember what was told, and forget what is over; nothing is written where there is neither."""
        gone = [*over, *(one.key for one in told)]
        if not gone:
            return
        with self._writing(account, now) as writing:
            there = delete(schema.notices).where(_N.account == account, _N.key.in_(gone))
            writing.connection.execute(there)
            rows = [
                {"account": account, "key": one.key, "since": one.since, "told_at": one.told_at}
                | {"detail": dict(one.detail)}
                for one in told
            ]
            if rows:
                writing.connection.execute(insert(schema.notices), rows)

    # --- how channels fare ------------------------------------------------------------------------------

    def channels(self, account: str) -> tuple[ChannelState, ...]:
        """Return how each channel fares that was ever used."""
        with self._reading() as connection:
            return channel_states(connection, account)

    def delivered(self, account: str, name: str, now: datetime) -> None:
        """Note that a channel took a message."""
        with self._writing(account, now) as writing:
            before = _channel(writing.connection, account, name)
            _put(writing, ChannelState(name, before.sent + 1, before.failed))

    def failed(self, account: str, name: str, why: str, now: datetime) -> None:
        """Note that a channel did not take a message; `why` never holds its address."""
        with self._writing(account, now) as writing:
            before = _channel(writing.connection, account, name)
            since = before.failing_since or now
            _put(writing, ChannelState(name, before.sent, before.failed + 1, since, why))

    # --- what there is to tell --------------------------------------------------------------------------

    def last_epoch(self, account: str) -> int:
        """Return the number of the account's last run, 0 where it had none."""
        with self._reading() as connection:
            last: int | None = connection.scalar(select(func.max(_R.epoch)).where(_R.account == account))
            return last or 0

    def runs_after(self, account: str, epoch: int) -> tuple[RunFacts, ...]:
        """Return the runs after `epoch` that are over, the oldest first, up to the first that is not."""
        with self._reading() as connection:
            return tuple(_runs_after(connection, account, epoch))

    def run(self, run_id: str) -> RunFacts | None:
        """Return what became of one run, None where there is none of that id."""
        with self._reading() as connection:
            row = connection.execute(select(schema.runs).where(_R.id == run_id)).first()
            return None if row is None else _facts(connection, row)

    def unknown(self, account: str) -> tuple[Unknown, ...]:
        """Return what runs that are over have left unknown, by run."""
        with self._reading() as connection:
            return tuple(_unknown(connection, account))

    def closed_rules(self, account: str, since: datetime) -> tuple[frozenset[str], datetime | None]:
        """Return the rules of which a slot ended at `since` or later, and when the last of these slots did."""
        with self._reading() as connection:
            wanted = select(_S.rule, func.max(_S.closed_at)).where(
                _S.account == account, _S.closed_at >= since
            )
            rows = connection.execute(wanted.group_by(_S.rule)).all()
        return frozenset(rule for rule, _ in rows), max((closed for _, closed in rows), default=None)

    def slots(self, account: str, rule: str, limit: int) -> tuple[Slot, ...]:
        """Return the last slots of a rule, the latest first."""
        with self._reading() as connection:
            return slots.slots(connection, account, rule, limit)

    def held_since(self, account: str, rule: str, since: datetime) -> tuple[str, ...]:
        """Return the codes for which plans made since then held a rule, or orders that it wanted."""
        plans = schema.plans.c
        made = select(plans.id).where(plans.account == account, plans.created_at >= since)
        with self._reading() as connection:
            return tallies.held_in(connection, tuple(connection.scalars(made)), rule)

    def in_vain(self, rule: str, runs: Sequence[str]) -> int:
        """Count of these runs, the newest first, those in a row that matched orders for an acting rule and changed none."""
        with self._reading() as connection:
            plans = {
                row.id: row.plan for row in connection.execute(select(_R.id, _R.plan).where(_R.id.in_(runs)))
            }
            matched = tallies.matched_in(connection, [one for one in plans.values() if one], rule)
            changed = select(_C.run).where(_C.run.in_(runs), _C.rule == rule, _C.state.in_(DONE)).distinct()
            acted = set(connection.scalars(changed))
        count = 0
        for run in runs:
            if run in acted or plans.get(run) not in matched:
                break
            count += 1
        return count


def channel_states(connection: Connection, account: str) -> tuple[ChannelState, ...]:
    """Return how each channel of an account fares that was ever used."""
    rows = connection.execute(select(schema.channels).where(_H.account == account).order_by(_H.name))
    return tuple(ChannelState(row.name, row.sent, row.failed, row.failing_since, row.why) for row in rows)


def _channel(connection: Connection, account: str, name: str) -> ChannelState:
    known = {one.name: one for one in channel_states(connection, account)}
    return known.get(name, ChannelState(name))


def _put(writing: Writing, state: ChannelState) -> None:
    values = {
        "sent": state.sent,
        "failed": state.failed,
        "failing_since": state.failing_since,
        "why": state.why,
    }
    there = update(schema.channels).where(_H.account == writing.account, _H.name == state.name)
    if writing.connection.execute(there.values(values)).rowcount == 0:
        row = {"account": writing.account, "name": state.name, **values}
        writing.connection.execute(insert(schema.channels).values(row))


# --- runs -----------------------------------------------------------------------------------------------


def _runs_after(connection: Connection, account: str, epoch: int) -> Iterator[RunFacts]:
    wanted = select(schema.runs).where(_R.account == account, _R.epoch > epoch)
    for row in connection.execute(wanted.order_by(_R.epoch).limit(MOST_RUNS)).all():
        if row.state == RUNNING:
            return
        yield _facts(connection, row)


def _facts(connection: Connection, run: Any) -> RunFacts:
    rows = connection.execute(select(_C.rule, _C.state, _C.value).where(_C.run == run.id)).all()
    certain = [row for row in rows if row.state in DONE]
    return RunFacts(
        run_id=run.id,
        kind=run.kind,
        epoch=run.epoch,
        done=Counter(row.rule for row in certain),
        states=Counter(row.state for row in rows),
        money=sum((Decimal(row.value or 0) for row in certain), Decimal(0)),
        refused_token=_refused_token(connection, run.id),
    )


_TOKEN_REFUSED: Final = (401, 403)


def _refused_token(connection: Connection, run_id: str) -> bool | None:
    last = select(_Q.status).where(_Q.run == run_id).order_by(_Q.number.desc()).limit(1)
    status = connection.scalar(last)
    return None if status is None else status in _TOKEN_REFUSED


def _unknown(connection: Connection, account: str) -> Iterator[Unknown]:
    wanted = (
        select(_C.run, _C.value, _C.due_at)
        .join(schema.runs, _R.id == _C.run)
        .where(_C.account == account, _C.state == schema.IS_UNSETTLED, _R.state.in_(ENDINGS))
    )
    by_run: dict[str, list[Any]] = {}
    for row in connection.execute(wanted):
        by_run.setdefault(row.run, []).append(row)
    for run_id, rows in sorted(by_run.items()):
        money = sum((Decimal(row.value or 0) for row in rows), Decimal(0))
        due = min((row.due_at for row in rows if row.due_at is not None), default=None)
        yield Unknown(run_id, len(rows), money, due)
