"""Past runs as the ledger tells them: each with its requests, its changes, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, select, union

from tertib.ledger import schema
from tertib.ledger.values import wire_id
from tertib.model import Source

_R: Final = schema.runs.c
_C: Final = schema.changes.c


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `state` is `running`, `ended` or `interrupted`; `stopped` says why it ended early."""

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
class RunDetails:
    """A run with everything that happened in it, in the order in which it happened."""

    run: RunRecord
    requests: tuple[RequestRecord, ...]
    changes: tuple[ChangeRecord, ...]

    @property
    def plan_ids(self) -> tuple[str, ...]:
        """Return the plans that the run rests on: its own, and those of which it took changes."""
        named = dict.fromkeys([self.run.plan_id, *(one.plan_id for one in self.changes)])
        return tuple(name for name in named if name is not None)


def listed(connection: Connection, account: str, limit: int, before: str | None) -> tuple[RunRecord, ...]:
    """Return the account's runs, the newest first; `before` is the last run of the page before."""
    wanted = select(schema.runs).where(_R.account == account).order_by(_R.epoch.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(_R.epoch < select(_R.epoch).where(_R.id == before).scalar_subquery())
    return tuple(_run(row) for row in connection.execute(wanted))


def details(connection: Connection, run_id: str) -> RunDetails | None:
    """Return one run whole, None where there is none of that id."""
    run = connection.execute(select(schema.runs).where(_R.id == run_id)).first()
    if run is None:
        return None
    requests = (
        select(schema.requests).where(schema.requests.c.run == run_id).order_by(schema.requests.c.number)
    )
    changes = select(schema.changes).where(_C.run == run_id).order_by(_C.number)
    return RunDetails(
        run=_run(run),
        requests=tuple(_request(row) for row in connection.execute(requests)),
        changes=tuple(_change(row) for row in connection.execute(changes)),
    )


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


def _run(row: Row[Any]) -> RunRecord:
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
        totals=row.totals or {},
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
