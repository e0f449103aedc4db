"""What a past run did, as an undo needs it: what was sent, what was there before, and what came after."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from tertib.ledger import schema
from tertib.ledger.changes import chunks
from tertib.ledger.values import wire_id
from tertib.model import Done, State, undone_run

_R: Final = schema.runs.c
_C: Final = schema.changes.c

_MAY_HAVE: Final = (
    State.SENT.value,
    State.CONFIRMED.value,
    State.CONFIRMED_BY_READBACK.value,
    State.HELD.value,
)
"""The states in which a change that was sent may have reached its order."""


def done(connection: Connection, account: str, run_id: str) -> tuple[Done, ...] | None:
    """Return what became of each order in a run, in its order; None where the account has no run of that id."""
    epoch = connection.scalar(select(_R.epoch).where(_R.id == run_id, _R.account == account))
    if epoch is None:
        return None
    rows = connection.execute(
        select(schema.changes, schema.requests.c.answered_at)
        .outerjoin(schema.requests, schema.requests.c.id == _C.request)
        .where(_C.run == run_id)
        .order_by(_C.number)
    ).all()
    since = _since(connection, account, epoch, sorted({row.order_key for row in rows}))
    return tuple(_done(row, since.get(row.order_key)) for row in rows)


def _done(row: Row[Any], since: tuple[str, str] | None) -> Done:
    return Done(
        id=wire_id(row.order_key, row.id_kind),
        order_id=row.order_id,
        rule=row.rule,
        state=State(row.state),
        before=row.before if row.found is None else row.found,
        set=row.set,
        over_at=row.answered_at or row.sent_at,
        reached=row.sent_at is not None and not row.refused and row.state in _MAY_HAVE,
        since=since,
    )


def _reached() -> ColumnElement[bool]:
    return and_(_C.sent_at.is_not(None), _C.refused.is_(False), _C.state.in_(_MAY_HAVE))


def _since(
    connection: Connection, account: str, epoch: int, keys: Collection[str]
) -> Mapping[str, tuple[str, str]]:
    """Return, by order, the last later run and rule that still stands: an undo takes away what it took back."""
    standing: dict[str, list[tuple[str, str]]] = {key: [] for key in keys}
    for row in _later(connection, account, epoch, list(keys)):
        runs = standing[row.order_key]
        if runs and undone_run(row.rule) == runs[-1][0]:
            runs.pop()
        else:
            runs.append((row.run, row.rule))
    return {key: runs[-1] for key, runs in standing.items() if runs}


def _later(connection: Connection, account: str, epoch: int, keys: list[str]) -> Iterator[Any]:
    wanted = (
        select(_C.order_key, _C.run, _C.rule)
        .where(_C.account == account, _C.epoch > epoch, _reached())
        .order_by(_C.epoch, _C.number)
    )
    for part in chunks(keys):
        yield from connection.execute(wanted.where(_C.order_key.in_(part)))
