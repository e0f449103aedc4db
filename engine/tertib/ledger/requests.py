"""The requests that change orders: what may be sent, and what an answer means for each change of it.

The one step that lets anything onto the wire is `claim`. It is a single UPDATE that names every condition, and
only the orders that this UPDATE returns may be sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)

from tertib.errors import LedgerError
from tertib.ledger import schema
from tertib.ledger.changes import NEVER_SENT, brief
from tertib.ledger.holds import orders_on_hold
from tertib.ledger.identities import keys_of
from tertib.ledger.lease import Lessee, fence, halt, lost, refuse_halted
from tertib.ledger.parts import chunks
from tertib.ledger.pauses import paused_rules
from tertib.ledger.trail import Writing
from tertib.ledger.values import Veil, order_key, wire_id
from tertib.model import Answer, Change, Outcome, State
from tertib.sayings import said

_C: Final = schema.changes.c
_A: Final = schema.accounts.c

LONGEST_MESSAGE: Final = 500
"""How much of an answer's message is kept, in characters."""


@dataclass(frozen=True, slots=True)
class SqlClaim:
    """One request's permission to be sent, good until `deadline`, when the lease ends."""

    request_id: str
    run_id: str
    account: str
    ids: tuple[int | str, ...]
    epoch: int
    deadline: datetime


def claim(
    writing: Writing,
    lessee: Lessee,
    run_id: str,
    changes: Sequence[Change],
    *,
    body: Mapping[str, Any],
    veil: Veil,
    settle: timedelta,
    now: datetime,
) -> SqlClaim:
    """Move `planned → sent` for these changes and return which of them may go on the wire.

    Raises `LeaseLost`, `AccountHalted` or `Paused` where the account may no longer be written, and then moves nothing.
    Changes of rules that are paused stay behind, and so do orders that are on hold.
    """
    paused = paused_rules(writing.connection, writing.account, now)
    held = _on_hold(writing, changes, now)
    changes = [one for one in changes if one.rule not in paused and order_key(one.id) not in held]
    run = writing.connection.execute(select(schema.runs).where(schema.runs.c.id == run_id)).one()
    number = _next_request(writing.connection, run_id)
    request_id = f"{run_id}.{number}"
    content = {name: value for name, value in body.items() if name != "ids"}
    _open_request(writing.connection, run, request_id, number, body=veil.stored(content), now=now)
    rows = _let_out(writing.connection, run, changes, request_id, now=now, due=now + settle)
    if len(rows) < len(changes):
        _refuse_lost(writing, run, now)
    deadline = now + lessee.ttl
    ids = _in_order(changes, rows)
    if ids:
        _keep_request(writing, request_id, ids, deadline)
        _keep_readings(writing.connection, request_id, changes, veil)
        _record_sending(writing, veil, run, request_id, ids, content=content, now=now)
    else:
        writing.connection.execute(delete(schema.requests).where(schema.requests.c.id == request_id))
    return SqlClaim(request_id, run_id, writing.account, ids, run.epoch, deadline)


def _on_hold(writing: Writing, changes: Sequence[Change], now: datetime) -> frozenset[str]:
    """Return the keys of the orders that a person put on hold, by their number or by an id that they have or had."""
    held = orders_on_hold(writing.connection, writing.account, now)
    if not held:
        return frozenset()  # as it mostly is, and then nobody need be asked what else the orders were called
    orders = {order_key(one.id): one.order_id for one in changes}
    keys = keys_of(writing.connection, writing.account, orders)
    return frozenset(key for key, known in keys.items() if held & (known | {orders[key]}))


def _let_out(
    connection: Connection,
    run: Row[Any],
    changes: Sequence[Change],
    request_id: str,
    *,
    now: datetime,
    due: datetime,
) -> list[Row[Any]]:
    pairs = [(order_key(change.id), change.rule) for change in changes]
    sent = {"state": State.SENT.value, "request": request_id, "refused": False, "sent_at": now, "due_at": due}
    rows: list[Row[Any]] = []
    for part in chunks(pairs):
        moved = _decisive(run, part, now).values(sent).returning(_C.order_key, _C.id_kind)
        rows += connection.execute(moved).all()
    return rows


def _decisive(run: Row[Any], pairs: Sequence[tuple[str, str]], now: datetime) -> Any:
    """Return the compare-and-set: ours, planned, under a live lease, and nothing else of the order unsettled."""
    return update(schema.changes).where(
        _C.run == run.id,
        tuple_(_C.order_key, _C.rule).in_(pairs),
        _is_planned(),
        _is_settled(),
        _is_one_order(),
        _is_ours(run, now),
    )


def _is_planned() -> ColumnElement[bool]:
    return _C.state == State.PLANNED.value


def _is_settled() -> ColumnElement[bool]:
    """Hold where no other change of the order, under any id that it had, has an unknown outcome."""
    other = schema.changes.alias("other")
    unsettled = and_(other.c.account == _C.account, other.c.state == schema.IS_UNSETTLED)
    # two questions, for each has an index of its own
    by_key = exists().where(unsettled, other.c.order_key == _C.order_key)
    by_number = exists().where(unsettled, other.c.order_id == _C.order_id, _C.order_id != "")
    return and_(~by_key, ~by_number)


def _is_one_order() -> ColumnElement[bool]:
    """Hold where the run names no other id with the same number: it may be one order, which must not be sent twice."""
    other = schema.changes.alias("namesake")
    namesake = exists().where(
        other.c.account == _C.account,
        other.c.order_id == _C.order_id,
        other.c.run == _C.run,
        other.c.order_key != _C.order_key,
        _C.order_id != "",
    )
    return ~namesake


def _is_ours(run: Row[Any], now: datetime) -> ColumnElement[bool]:
    """Hold while the run has the account: its own epoch, a live lease, and no halt."""
    return exists().where(
        _A.account == run.account,
        _A.epoch == run.epoch,
        _A.lease_run == run.id,
        _A.lease_expires > now,
        _A.halted_at.is_(None),
    )


def _refuse_lost(writing: Writing, run: Row[Any], now: datetime) -> None:
    """Raise where it was the account that stood in the way, and not an order."""
    standing = writing.standing()
    refuse_halted(standing)
    held = standing.epoch == run.epoch and standing.lease_run == run.id and standing.lease_expires > now
    if not held:
        raise lost(run.id, writing.account)


def _next_request(connection: Connection, run_id: str) -> int:
    numbers = select(func.max(schema.requests.c.number)).where(schema.requests.c.run == run_id)
    return (connection.scalar(numbers) or 0) + 1


def _open_request(
    connection: Connection,
    run: Row[Any],
    request_id: str,
    number: int,
    *,
    body: Mapping[str, Any],
    now: datetime,
) -> None:
    connection.execute(
        insert(schema.requests).values(
            id=request_id,
            run=run.id,
            account=run.account,
            epoch=run.epoch,
            number=number,
            body=body,
            ids=[],
            claimed_at=now,
        )
    )


def _in_order(changes: Sequence[Change], rows: Iterable[Row[Any]]) -> tuple[int | str, ...]:
    """Return the ids that were let out, in the order that was asked for and as they came from the list."""
    kinds = {row.order_key: row.id_kind for row in rows}
    keys = dict.fromkeys(
        order_key(change.id) for change in changes
    )  # each once, also where one was named twice
    return tuple(wire_id(key, kinds[key]) for key in keys if key in kinds)


def _keep_request(writing: Writing, request_id: str, ids: Sequence[int | str], deadline: datetime) -> None:
    """Write down which ids the request carries, and give it the whole lease to be answered in."""
    request = update(schema.requests).where(schema.requests.c.id == request_id)
    writing.connection.execute(request.values(ids=list(ids)))
    account = update(schema.accounts).where(_A.account == writing.account)
    writing.connection.execute(account.values(lease_expires=deadline))


def _record_sending(
    writing: Writing,
    veil: Veil,
    run: Row[Any],
    request_id: str,
    ids: Sequence[int | str],
    *,
    content: Mapping[str, Any],
    now: datetime,
) -> None:
    impersonal = veil.impersonal(content)
    writing.record(
        "request_sent",
        now,
        run=run.id,
        request=request_id,
        epoch=run.epoch,
        ids=list(ids),
        body=impersonal,
        withheld=sorted(content.keys() - impersonal.keys()),
    )


def _keep_readings(connection: Connection, request_id: str, changes: Sequence[Change], veil: Veil) -> None:
    """Write down what the last reading before the request found: the values that an undo goes back to."""
    rows = update(schema.changes).where(_C.request == request_id, _C.order_key == bindparam("of_order"))
    connection.execute(
        rows.values(found=bindparam("seen"), read_at=bindparam("at"), updated_at=bindparam("updated")),
        [
            {
                "of_order": order_key(one.id),
                "seen": veil.stored(one.before),
                "at": one.read_at,
                "updated": one.updated_at,
            }
            for one in changes
        ],
    )


# --- answered -------------------------------------------------------------------------------------------


def answer(
    writing: Writing, request: Row[Any], given: Answer, outcomes: Sequence[Outcome], now: datetime
) -> str | None:
    """Record an answer with what it means for each change of its request; return why it stops the account, if it does.

    An order of the request that no outcome names stays `sent`: nothing is known of it. An answer that names orders
    which were not sent stops the account, in the same transaction: nobody may send before a person has looked.
    """
    _refuse_impossible(request, given, outcomes)
    fence(writing, request.run)
    writing.connection.execute(
        update(schema.requests)
        .where(schema.requests.c.id == request.id)
        .values(answered_at=now, status=given.status, how=given.how, message=given.message[:LONGEST_MESSAGE])
    )
    for outcome in outcomes:
        _apply(writing.connection, request, given, outcome, now)
    writing.record(
        "request_answered",
        now,
        run=request.run,
        request=request.id,
        status=given.status,
        how=given.how,
        outcomes=[brief(outcome) for outcome in outcomes],
    )
    foreign = _foreign_ids(request, given)
    if not foreign:
        return None
    why = said(
        "Scalev says it changed %(count)s orders that were not sent: %(orders)s",
        count=len(foreign),
        orders=", ".join(foreign[:5]),
    )
    halt(writing, why, now)
    return why


def _foreign_ids(request: Row[Any], given: Answer) -> list[str]:
    """Return the ids that an answer names although its request did not carry them."""
    sent = {order_key(wire) for wire in request.ids}
    return [order_key(echo.id) for echo in given.echoes if order_key(echo.id) not in sent]


def _is_open() -> ColumnElement[bool]:
    """Hold while nobody has written down how a sent change ended."""
    return _C.state == State.SENT.value


def _refuse_impossible(request: Row[Any], given: Answer, outcomes: Sequence[Outcome]) -> None:
    """Raise ValueError for outcomes that this answer cannot have: they would lie, or send an order twice."""
    allowed = {
        "answered": {State.CONFIRMED, State.SENT},
        "refused": {State.PLANNED, State.NOT_APPLIED} | NEVER_SENT,
        "unknown": {State.SENT},
    }[given.how]
    keys = {order_key(wire) for wire in request.ids}
    for outcome in outcomes:
        if outcome.state not in allowed:
            raise ValueError(f"a request that was {given.how} leaves no change `{outcome.state}`")
        if order_key(outcome.id) not in keys:
            raise ValueError(f"order `{outcome.order_id}` was not in request `{request.id}`")


def _apply(connection: Connection, request: Row[Any], given: Answer, outcome: Outcome, now: datetime) -> None:
    values: dict[str, Any] = {
        "state": outcome.state.value,
        "why": outcome.why,
        "refused": given.how == "refused",
    }
    if outcome.state is State.PLANNED:
        values |= {"request": None, "sent_at": None, "due_at": None}
    elif outcome.state is not State.SENT:
        values |= {"settled_at": now}
    rows = update(schema.changes).where(
        _C.request == request.id, _C.order_key == order_key(outcome.id), _is_open()
    )
    if connection.execute(rows.values(values)).rowcount != 1:
        raise LedgerError(f"the change of order `{outcome.order_id}` was already settled")
