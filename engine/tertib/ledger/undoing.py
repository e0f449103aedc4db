"""What a past run did, as an undo needs it: what was sent, what was there before, and what came after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from tertib.ledger import schema
from tertib.ledger.identities import keys_of
from tertib.ledger.parts import chunks
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
    orders = {row.order_key: row.order_id for row in rows}
    since = _since(connection, account, epoch, keys_of(connection, account, orders))
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
    connection: Connection, account: str, epoch: int, keys: Mapping[str, frozenset[str]]
) -> Mapping[str, tuple[str, str]]:
    """Return, by order, the last later run and rule that still stands: an undo takes away what it took back.

    `keys` are all ids that each order had.
    """
    present: dict[str, list[str]] = defaultdict(list)
    for key, known in keys.items():
        for name in known:
            present[name].append(key)
    standing: dict[str, list[tuple[str, str]]] = {key: [] for key in keys}
    for row in sorted(_later(connection, account, epoch, sorted(present)), key=_in_time):
        for key in present[row.order_key]:
            _take_in(standing[key], row)
    return {key: runs[-1] for key, runs in standing.items() if runs}


def _in_time(row: Row[Any]) -> tuple[int, int]:
    return row.epoch, row.number


def _take_in(runs: list[tuple[str, str]], row: Row[Any]) -> None:
    if runs and undone_run(row.rule) == runs[-1][0]:
        runs.pop()
    else:
        runs.append((row.run, row.rule))


def _later(connection: Connection, account: str, epoch: int, keys: list[str]) -> Iterator[Any]:
    wanted = select(_C.order_key, _C.run, _C.rule, _C.epoch, _C.number).where(
        _C.account == account, _C.epoch > epoch, _reached()
    )
    for part in chunks(keys):
        yield from connection.execute(wanted.where(_C.order_key.in_(part)))
