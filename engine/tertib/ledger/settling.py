"""Changes whose outcome is unknown: found again later, read back, and given the end that reading has shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, select, update

from tertib.errors import AlreadySettled, LeaseLost, LedgerError
from tertib.ledger import schema
from tertib.ledger.changes import brief
from tertib.ledger.lease import Lessee, is_held, take_over
from tertib.ledger.trail import Writing
from tertib.ledger.values import wire_id
from tertib.model import Outcome, Source, State, Unsettled
from tertib.sayings import N_, said

_C: Final = schema.changes.c

READ_BACK: Final = frozenset({State.CONFIRMED_BY_READBACK, State.NOT_APPLIED, State.HELD})
"""The ends that reading an unsettled change back can give it."""


def unsettled(connection: Connection, account: str) -> tuple[Unsettled, ...]:
    """Return the account's changes that stand as `sent`, the oldest first."""
    waiting = select(schema.changes).where(_C.account == account, _C.state == schema.IS_UNSETTLED)
    # Sorted here: asked to sort, SQLite walks all changes in the order of sending instead of its index of these.
    rows = sorted(connection.execute(waiting), key=lambda row: (row.sent_at, row.epoch, row.number))
    return tuple(
        Unsettled(
            change_id=row.id,
            run_id=row.run,
            id=wire_id(row.order_key, row.id_kind),
            order_id=row.order_id,
            rule=row.rule,
            source=Source(row.store),
            set=row.readable,
            sent_at=row.sent_at,
            due_at=row.due_at,
            updated_at=row.updated_at or "",
        )
        for row in rows
    )


def settle(writing: Writing, lessee: Lessee, change: Unsettled, outcome: Outcome, now: datetime) -> None:
    """Record what reading a change back has shown; an outcome `SENT` only notes why nothing could be told.

    A run of another process that may still be at work keeps the account to itself. One whose lease is over is
    shut out in the same transaction, so that it cannot write over this when it wakes. Raises `LeaseLost` for the
    first, `LedgerError` where the change is not due yet, `AlreadySettled` where it was settled meanwhile.
    """
    _refuse_early(change, outcome, now)
    _claim_account(writing, lessee, now)
    values: dict[str, Any] = {"state": outcome.state.value, "why": outcome.why}
    ours = and_(_C.account == writing.account, _C.id == change.change_id)
    rows = update(schema.changes).where(ours, _is_open(change))
    if outcome.state is not State.SENT:
        values["settled_at"] = now
        rows = rows.where(_is_due(now))
    if writing.connection.execute(rows.values(values)).rowcount != 1:
        raise AlreadySettled(f"the change of order `{change.order_id}` was settled meanwhile")
    if outcome.state is not State.SENT:
        writing.record("change_settled", now, run=change.run_id, change=change.change_id, **brief(outcome))


def _is_open(change: Unsettled) -> ColumnElement[bool]:
    """Hold while nobody else has settled this sending of the change."""
    return and_(_C.state == State.SENT.value, _C.sent_at == change.sent_at)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return _C.due_at <= now


def _refuse_early(change: Unsettled, outcome: Outcome, now: datetime) -> None:
    if outcome.state is State.SENT:
        return
    if outcome.state not in READ_BACK:
        raise ValueError(f"reading back cannot find a change `{outcome.state}`")
    if now < change.due_at:
        raise LedgerError(
            f"the change of order `{change.order_id}` may still arrive",
            hint=f"settle it after {schema.iso(change.due_at)}",
        )


def _claim_account(writing: Writing, lessee: Lessee, now: datetime) -> None:
    standing = writing.standing()
    if standing.lease_run is None or _is_mine(standing, lessee):
        return
    if is_held(standing, lessee, now):
        raise LeaseLost(
            said(
                "run `%(run)s` is at work on account `%(account)s`",
                run=standing.lease_run,
                account=writing.account,
            ),
            hint=N_("it settles what is due itself; try again when it has ended"),
        )
    take_over(writing, now)


def _is_mine(standing: Row[Any], lessee: Lessee) -> bool:
    return bool(standing.lease_owner == lessee.owner.document())
