"""The orders that rules leave alone because a person changed them after a rule did, until somebody releases them.

Whether an order is left alone is decided anew in every plan, on the order as it is. This is what the plans so far came
to, and what was taken back by an undo, which counts as a person's change before any plan has seen it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from tertib.ledger import schema
from tertib.ledger.values import wire_id
from tertib.model import UNDO, State, undone_run

_C: Final = schema.changes.c
_T: Final = schema.reversals.c
_IN_ORDER: Final = (_C.rule >= UNDO, _C.rule < UNDO[:-1] + chr(ord(UNDO[-1]) + 1))
"""The names that begin so, as a range, which an index finds; true where texts are ordered by their bytes, as on SQLite."""

_KNOWN: Final = (State.CONFIRMED.value, State.CONFIRMED_BY_READBACK.value)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An order that a rule leaves alone. `undone_by` is the run that took the rule's change back, "" for a person's own edit.

    `since` is when a plan first saw the person's change, or when the undo was confirmed.
    """

    id: int | str
    order_id: str
    rule: str
    since: datetime
    undone_by: str = ""


def quarantined(connection: Connection, account: str) -> tuple[Quarantined, ...]:
    """Return every order and rule that stand in quarantine, the oldest first."""
    undone = {(str(one.id), one.rule): one for one in _undone(connection, account)}
    found = {(str(one.id), one.rule): one for one in _edited(connection, account)} | undone
    return tuple(sorted(found.values(), key=lambda one: (one.since, str(one.id), one.rule)))


def _not_released(sent_at: Any) -> ColumnElement[bool]:
    """Hold while the order was not handed back after a change was sent."""
    releases = schema.releases.c
    later = select(releases.id).where(
        releases.account == _C.account, releases.order_key == _C.order_key, releases.at >= sent_at
    )
    return ~later.exists()


def _edited(connection: Connection, account: str) -> Iterator[Quarantined]:
    """Yield the orders that a plan left alone, but for those that their rule, or an undo, has changed since."""
    again = schema.changes.alias()
    newer = select(again.c.id).where(
        again.c.account == _C.account,
        or_(again.c.order_key == _C.order_key, and_(again.c.order_id == _C.order_id, _C.order_id != "")),
        or_(again.c.rule == _C.rule, again.c.rule.startswith(UNDO, autoescape=True)),
        again.c.sent_at >= _T.seen_at,
        again.c.state.in_(_KNOWN),
    )
    rows = (
        select(_C.order_key, _C.id_kind, _C.order_id, _C.rule, _T.seen_at)
        .join(schema.reversals, _T.change == _C.id)
        .where(_T.account == account, _not_released(_C.sent_at), ~newer.exists())
        .order_by(_T.seen_at.desc())
    )
    for row in connection.execute(rows):
        yield Quarantined(wire_id(row.order_key, row.id_kind), row.order_id, row.rule, row.seen_at)


def _undone(connection: Connection, account: str) -> Iterator[Quarantined]:
    """Yield what undos took back and no later undo put there again."""
    ours = (
        select(schema.changes)
        .where(_C.account == account, _C.state.in_(_KNOWN), _not_released(_C.sent_at))
        .where(_C.order_key.in_(_touched_by_undo(account, connection.dialect.name)))
        .order_by(_C.epoch, _C.number)
    )
    standing: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(ours):
        standing.setdefault(row.order_key, []).append(row)
    for rows in standing.values():
        yield from _taken_back(rows)


def _touched_by_undo(account: str, dialect: str) -> Any:
    is_undo = _C.rule.startswith(UNDO, autoescape=True)
    bounds = _IN_ORDER if dialect == "sqlite" else ()
    return select(_C.order_key).where(_C.account == account, is_undo, *bounds, _C.state.in_(_KNOWN))


def _taken_back(rows: list[Row[Any]]) -> Iterator[Quarantined]:
    """Yield what was taken back of one order's changes, which come the oldest first."""
    by_run = {row.run: row for row in rows}
    gone: dict[str, Row[Any]] = {}
    for row in rows:
        target, undo = undone_run(row.rule), row
        # Taking an undo back puts there again what it had taken back, and so on.
        while target:
            stands = target in gone
            if stands:
                del gone[target]
            else:
                gone[target] = undo
            undo = by_run.get(target, undo)
            target = undone_run(undo.rule) if target in by_run else ""
    for target, undo in gone.items():
        was = by_run.get(target)
        if was is not None and not undone_run(was.rule):
            yield Quarantined(
                wire_id(undo.order_key, undo.id_kind),
                undo.order_id,
                was.rule,
                undo.settled_at or undo.sent_at,
                undo.run,
            )
