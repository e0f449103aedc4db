"""A rule's scheduled times: each opened by one process only, and none of them silently lost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row, Select, Text, func, insert, literal_column, select, update

from tertib.ledger import beats, endings, schema
from tertib.ledger.lease import ENDED, INTERRUPTED, RUNNING, Lessee, refuse_lost
from tertib.ledger.process import Owner
from tertib.ledger.trail import Writing
from tertib.sayings import N_, said

_S: Final = schema.slots.c

DUE: Final = "due"
"""The state of a slot that was announced to all machines and that none has taken yet."""

ENDINGS: Final = frozenset({ENDED, INTERRUPTED})
"""The states of runs that are over."""

IS_DUE: Final = literal_column("'due'", Text)
"""`due`, written into the statement: only then can the index of announced slots be used."""

SlotState: TypeAlias = Literal["done", "missed", "skipped", "held", "failed"]

Cause: TypeAlias = Literal["token", "halted", "busy", "ledger", "reading", "rule", "stopped", "internal"]
"""Why a slot ended without a run of its own, in a word that programs and messages go by."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What became of one scheduled time of one rule; `state` is `due` until it is taken, `running` while it is worked on.

    `cause` says for programs why it failed or was held, where no plan of it says so.
    """

    key: str
    rule: str
    slot_at: datetime
    state: str
    run_id: str | None
    note: str
    opened_at: datetime
    closed_at: datetime | None
    cause: str | None = None


def slot_key(account: str, rule: str, slot_at: datetime) -> str:
    """Return the run key of a slot: what `begin` takes in `slots`."""
    return f"{account}/{rule}/{slot_at.astimezone(UTC).isoformat(timespec='seconds').replace('+00:00', 'Z')}"


def open_slot(writing: Writing, lessee: Lessee, rule: str, slot_at: datetime, now: datetime) -> bool:
    """Take a slot and return whether it is ours; of any number of processes, one is told True.

    A slot that was announced is free; one whose process ended before it began a run is free again: nothing was sent.
    """
    key = slot_key(writing.account, rule, slot_at)
    present = writing.connection.execute(select(schema.slots).where(_S.key == key)).first()
    if present is None:
        _insert(writing, key, rule, slot_at, now, state=RUNNING, owner=lessee.owner.document(), note="")
    elif _is_free(writing.connection, present, lessee, now):
        owned = {"state": RUNNING, "owner": lessee.owner.document(), "opened_at": now}
        writing.connection.execute(update(schema.slots).where(_S.key == key).values(owned))
    else:
        return False
    writing.record("slot_opened", now, slot=key)
    return True


def _is_free(connection: Connection, slot: Row[Any], lessee: Lessee, now: datetime) -> bool:
    return slot.state == DUE or _never_began(connection, slot, lessee, now)


def _never_began(connection: Connection, slot: Row[Any], lessee: Lessee, now: datetime) -> bool:
    """Tell whether a slot's process is gone, or gives no sign of life, and began no run for it."""
    if slot.state != RUNNING or slot.run is not None or slot.owner is None:
        return False
    return _has_left(connection, slot, lessee, now)


def _has_left(connection: Connection, slot: Row[Any], lessee: Lessee, now: datetime) -> bool:
    owner = Owner.restore(slot.owner)
    return lessee.gone(owner) or beats.silent(connection, owner, now)


def _is_orphaned(connection: Connection, slot: Row[Any], lessee: Lessee, now: datetime) -> bool:
    """Tell whether nobody will close a slot: its process has left it before its run, or when that was over.

    While the process lives it closes the slot itself, and tries again where that failed. A run that is still open is
    ended, with its slots, by the next.
    """
    if slot.run is None:
        return _never_began(connection, slot, lessee, now)
    return slot.ran in ENDINGS and (slot.owner is None or _has_left(connection, slot, lessee, now))


def pass_slot(
    writing: Writing,
    lessee: Lessee,
    rule: str,
    slot_at: datetime,
    now: datetime,
    *,
    state: SlotState,
    note: str,
) -> bool:
    """Write down a slot for which nothing runs, and return whether it is ours to write: no other process took it."""
    key = slot_key(writing.account, rule, slot_at)
    present = writing.connection.execute(select(schema.slots).where(_S.key == key)).first()
    if present is None:
        _insert(writing, key, rule, slot_at, now, state=state, note=note, closed_at=now)
    elif _is_free(writing.connection, present, lessee, now):
        _close(writing, key, now, state=state, note=note)
    else:
        return False
    writing.record("slot_closed", now, slot=key, state=state, run=None)
    return True


def close_orphans(
    writing: Writing, lessee: Lessee, now: datetime, but: Collection[str] = ()
) -> tuple[Slot, ...]:
    """Close the slots whose process ended before it closed them, and return them as they are now.

    Each ends as the record of its run tells, or else as failed. Those whose key is in `but` are left as they are.
    """
    found = _orphaned(writing.connection, writing.account, lessee, now)
    return tuple(_close_orphan(writing, row, now) for row in found if row.key not in but)


def _close_orphan(writing: Writing, row: Row[Any], now: datetime) -> Slot:
    state = _ending(writing.connection, row)
    how = said("run `%(run)s` was %(state)s", run=row.run, state=row.ran) if row.run else N_("no run began")
    note = said("its process ended before it said what became of it; %(why)s", why=how)
    _close(writing, row.key, now, state=state, note=note)
    writing.record("slot_closed", now, slot=row.key, state=state, run=row.run)
    return Slot(row.key, row.rule, row.slot_at, state, row.run, note, row.opened_at, now)


def _ending(connection: Connection, row: Row[Any]) -> SlotState:
    """Tell how a slot ended whose process is gone: a run that stopped early may have failed, as one without an end did."""
    if row.ran != ENDED or row.stopped is not None:
        return "failed"
    return endings.told(connection, row.run, row.rule) or "failed"


def orphans(connection: Connection, account: str, lessee: Lessee, now: datetime) -> tuple[Slot, ...]:
    """Return the slots whose process ended before it closed them, the oldest first."""
    return tuple(_slot(row) for row in _orphaned(connection, account, lessee, now))


def _orphaned(connection: Connection, account: str, lessee: Lessee, now: datetime) -> list[Row[Any]]:
    rows = connection.execute(_unfinished(account)).all()
    return [row for row in rows if _is_orphaned(connection, row, lessee, now)]


def _unfinished(account: str) -> Select[Any]:
    """Choose the slots that nobody closed, each with how its run stands, the oldest first."""
    runs = schema.runs.c
    wanted = select(*schema.slots.c, runs.state.label("ran"), runs.stopped)
    wanted = wanted.outerjoin(schema.runs, runs.id == _S.run).order_by(_S.slot_at, _S.rule)
    # of all slots that ever were, the index finds the few that are open
    return wanted.where(_S.account == account, _S.closed_at.is_(None), _S.state == RUNNING)


def _close(writing: Writing, key: str, now: datetime, **values: Any) -> None:
    writing.connection.execute(update(schema.slots).where(_S.key == key).values(closed_at=now, **values))


def close_slot(
    writing: Writing,
    lessee: Lessee,
    rule: str,
    slot_at: datetime,
    now: datetime,
    *,
    state: SlotState,
    run_id: str | None,
    note: str,
    cause: Cause | None = None,
) -> None:
    """Say what became of a slot; one that nobody opened (missed, skipped) is written down whole.

    Raises `SlotLost` where the slot was closed before, or is another's by now.
    """
    key = slot_key(writing.account, rule, slot_at)
    present = writing.connection.execute(select(schema.slots).where(_S.key == key)).first()
    if present is None:
        values = {"state": state, "note": note, "run": run_id, "closed_at": now, "cause": cause}
        _insert(writing, key, rule, slot_at, now, **values)
    else:
        refuse_lost(present, lessee)
        _close(writing, key, now, state=state, note=note, run=run_id or present.run, cause=cause)
    writing.record("slot_closed", now, slot=key, state=state, run=run_id)


def _insert(writing: Writing, key: str, rule: str, slot_at: datetime, now: datetime, **values: Any) -> None:
    place = {"key": key, "account": writing.account, "rule": rule, "slot_at": slot_at, "opened_at": now}
    writing.connection.execute(insert(schema.slots).values(place | values))


def give_back(writing: Writing, lessee: Lessee) -> None:
    """Let go of what this process took and began no run for: it could not say so when it gave up."""
    mine = (_S.account == writing.account, _S.state == RUNNING, _S.run.is_(None))
    for row in writing.connection.execute(select(schema.slots).where(*mine)).all():
        if row.owner is not None and Owner.restore(row.owner) == lessee.owner:
            free = update(schema.slots).where(_S.key == row.key)
            writing.connection.execute(free.values(state=DUE, owner=None))


def announced(connection: Connection, account: str) -> tuple[Slot, ...]:
    """Return the slots that wait to be taken, the oldest first."""
    wanted = select(schema.slots).where(_S.account == account, _S.state == IS_DUE)
    return tuple(_slot(row) for row in connection.execute(wanted.order_by(_S.slot_at, _S.rule)))


def slots(connection: Connection, account: str, rule: str | None, limit: int) -> tuple[Slot, ...]:
    """Return slots of one rule, or of all, the latest first."""
    wanted = (
        select(schema.slots).where(_S.account == account).order_by(_S.slot_at.desc(), _S.rule).limit(limit)
    )
    if rule is not None:
        wanted = wanted.where(_S.rule == rule)
    return tuple(_slot(row) for row in connection.execute(wanted))


def last_slots(connection: Connection, account: str, rules: Collection[str]) -> tuple[Slot, ...]:
    """Return the latest slot of each of these rules that has one, however long ago that was."""
    own = schema.slots.alias("own")
    # each is found at the end of its rule's part of an index, however many slots there are
    latest = [
        select(own.c.key)
        .where(own.c.account == account, own.c.rule == rule)
        .order_by(own.c.slot_at.desc())
        .limit(1)
        .scalar_subquery()
        for rule in sorted(rules)
    ]
    wanted = select(schema.slots).where(_S.key.in_(latest)).order_by(_S.rule)
    return tuple(_slot(row) for row in connection.execute(wanted))


def _slot(row: Row[Any]) -> Slot:
    return Slot(
        row.key, row.rule, row.slot_at, row.state, row.run, row.note, row.opened_at, row.closed_at, row.cause
    )


def last_slot(connection: Connection, account: str, rule: str) -> datetime | None:
    """Return the latest slot of a rule that was decided, in whichever way; None where there is none."""
    latest: datetime | None = connection.scalar(
        select(func.max(_S.slot_at)).where(_S.account == account, _S.rule == rule)
    )
    return latest
