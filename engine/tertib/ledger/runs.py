"""Past runs as the ledger tells them: each with its requests, its changes, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, select, union

from tertib.ledger import schema
from tertib.ledger.values import wire_id
from tertib.model import Source

_R: Final = schema.runs.c
_C: Final = schema.changes.c
_Q: Final = schema.requests.c

_REQUESTS: Final = ("reads", "retries", "rereads", "writes")
"""What a run says of its requests when it ends."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `state` is `running`, `ended` or `interrupted`; `stopped` says why it ended early.

    `totals` counts its orders by state and those that went `on_the_wire`, as the record stands now, however the run
    ended and whatever was read back since; and its requests, which are known once it ended.
    """

    run_id: str
    account: str
    kind: str
    slot: str | None
    plan_id: str | None
    epoch: int
    state: str
    started_at: datetime
    ended_at: datetime | None
    stopped: str | None
    totals: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One bulk change that was sent. No `how` means that no answer was recorded."""

    request_id: str
    number: int
    body: Mapping[str, Any]
    ids: tuple[int | str, ...]
    claimed_at: datetime
    answered_at: datetime | None
    status: int | None
    how: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One order's change in one run. Personal values stand as fingerprints; `trace` is as the plan had it.

    `before` are the values that the plan saw, `found` those of the last reading before the order was sent.
    """

    change_id: str
    run_id: str
    plan_id: str | None
    id: int | str
    order_id: str
    rule: str
    rule_hash: str | None
    source: Source
    before: Mapping[str, Any]
    found: Mapping[str, Any] | None
    set: Mapping[str, Any]
    value: Decimal | None
    reversible: bool
    trace: Sequence[Mapping[str, Any]]
    state: str
    why: str
    request_id: str | None
    read_at: datetime | None
    planned_at: datetime
    sent_at: datetime | None
    due_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alike:
    """Changes of one run that are alike: so many `orders`, of which so many were `sent`."""

    plan_id: str | None
    state: str
    reversible: bool
    orders: int
    sent: int


@dataclass(frozen=True, slots=True)
class RunOutline:
    """A run with its changes counted, not read: however many there are, an outline is small."""

    run: RunRecord
    groups: tuple[Alike, ...]

    @property
    def plan_ids(self) -> tuple[str, ...]:
        """Return the plans that the run rests on: its own, and those of which it took changes."""
        return _named([self.run.plan_id, *(one.plan_id for one in self.groups)])

    @property
    def states(self) -> Mapping[str, int]:
        """Return how many orders stand in each state."""
        return _states(self.groups)


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run with everything that happened in it, in the order in which it happened."""

    run: RunRecord
    requests: tuple[RequestRecord, ...]
    changes: tuple[ChangeRecord, ...]

    @property
    def plan_ids(self) -> tuple[str, ...]:
        """Return the plans that the run rests on: its own, and those of which it took changes."""
        return _named([self.run.plan_id, *(one.plan_id for one in self.changes)])


def _named(plan_ids: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(plan_ids) if name is not None)


def listed(connection: Connection, account: str, limit: int, before: str | None) -> tuple[RunRecord, ...]:
    """Return the account's runs, the newest first; `before` is the last run of the page before."""
    wanted = select(schema.runs).where(_R.account == account).order_by(_R.epoch.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(_R.epoch < select(_R.epoch).where(_R.id == before).scalar_subquery())
    counted = _counted(connection, wanted.with_only_columns(_R.id))
    return tuple(_run(row, counted.get(row.id, ())) for row in connection.execute(wanted))


def _counted(connection: Connection, runs: Select[Any]) -> dict[str, tuple[Alike, ...]]:
    """Return the changes of some runs, named by a query, counted in one go: those that came first, first."""
    alike = (_C.run, _C.plan, _C.state, _C.reversible)
    wanted = (
        select(*alike, func.count(), func.count(_C.sent_at))
        .where(_C.run.in_(runs))
        .group_by(*alike)
        .order_by(func.min(_C.number))
    )
    found: dict[str, tuple[Alike, ...]] = {}
    for run_id, *group in connection.execute(wanted):
        found[run_id] = (*found.get(run_id, ()), Alike(*group))
    return found


def _states(groups: Sequence[Alike]) -> Mapping[str, int]:
    found = Counter[str]()
    for one in groups:
        found[one.state] += one.orders
    return found


def outline(connection: Connection, run_id: str) -> RunOutline | None:
    """Return one run with its changes counted, None where there is none of that id."""
    wanted = select(schema.runs).where(_R.id == run_id)
    run = connection.execute(wanted).first()
    if run is None:
        return None
    groups = _counted(connection, wanted.with_only_columns(_R.id)).get(run_id, ())
    return RunOutline(_run(run, groups), groups)


def requests(connection: Connection, run_id: str, limit: int | None = None) -> tuple[RequestRecord, ...]:
    """Return the first requests of a run, or all of them, in the order in which they were sent."""
    wanted = select(schema.requests).where(_Q.run == run_id).order_by(_Q.number).limit(limit)
    return tuple(_request(row) for row in connection.execute(wanted))


def changes(
    connection: Connection, run_id: str, limit: int | None = None, after: str | None = None
) -> tuple[ChangeRecord, ...]:
    """Return changes of a run in its order, all of them or so many; `after` is the last change of the page before."""
    wanted = select(schema.changes).where(_C.run == run_id).order_by(_C.number).limit(limit)
    if after is not None:
        last = select(_C.number).where(_C.id == after).scalar_subquery()
        wanted = wanted.where(_C.number > func.coalesce(last, 0))
    return tuple(_change(row) for row in connection.execute(wanted))


def details(connection: Connection, run_id: str) -> RunDetails | None:
    """Return one run whole, None where there is none of that id."""
    found = outline(connection, run_id)
    if found is None:
        return None
    return RunDetails(found.run, requests(connection, run_id), changes(connection, run_id))


def changes_of(connection: Connection, account: str, ref: str) -> tuple[ChangeRecord, ...]:
    """Return all that was ever decided on an order, named by its order_id or id, the oldest first."""
    # each has an index of its own, which a condition with `or` would not be answered from
    named = [
        select(_C.id).where(_C.account == account, column == ref) for column in (_C.order_key, _C.order_id)
    ]
    rows = connection.execute(
        select(schema.changes).where(_C.id.in_(union(*named))).order_by(_C.epoch, _C.number)
    )
    return tuple(_change(row) for row in rows)


def _run(row: Row[Any], groups: Sequence[Alike]) -> RunRecord:
    at_the_end = row.totals or {}
    return RunRecord(
        run_id=row.id,
        account=row.account,
        kind=row.kind,
        slot=row.slot,
        plan_id=row.plan,
        epoch=row.epoch,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        stopped=row.stopped,
        totals={
            **_states(groups),
            "on_the_wire": sum(one.sent for one in groups),
            **{name: at_the_end[name] for name in _REQUESTS if name in at_the_end},
        },
    )


def _request(row: Row[Any]) -> RequestRecord:
    return RequestRecord(
        request_id=row.id,
        number=row.number,
        body=row.body,
        ids=tuple(row.ids),
        claimed_at=row.claimed_at,
        answered_at=row.answered_at,
        status=row.status,
        how=row.how,
        message=row.message,
    )


def _change(row: Row[Any]) -> ChangeRecord:
    return ChangeRecord(
        change_id=row.id,
        run_id=row.run,
        plan_id=row.plan,
        id=wire_id(row.order_key, row.id_kind),
        order_id=row.order_id,
        rule=row.rule,
        rule_hash=row.rule_hash,
        source=Source(row.store),
        before=row.before,
        found=row.found,
        set=row.set,
        value=None if row.value is None else Decimal(row.value),
        reversible=row.reversible,
        trace=row.trace or (),
        state=row.state,
        why=row.why,
        request_id=row.request,
        read_at=row.read_at,
        planned_at=row.planned_at,
        sent_at=row.sent_at,
        due_at=row.due_at,
        settled_at=row.settled_at,
    )
