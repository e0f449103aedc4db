"""A rule's scheduled times: each opened by one process only, and none of them silently lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, Row, func, insert, select, update

from tertib.errors import LedgerError
from tertib.ledger import schema
from tertib.ledger.lease import RUNNING, Lessee
from tertib.ledger.process import Owner
from tertib.ledger.trail import Writing

_S: Final = schema.slots.c

SlotState: TypeAlias = Literal["done", "missed", "skipped", "held", "failed"]


@dataclass(frozen=True, slots=True)
class Slot:
    """What became of one scheduled time of one rule; `state` is `running` while its run is at work."""

    key: str
    rule: str
    slot_at: datetime
    state: str
    run_id: str | None
    note: str
    opened_at: datetime
    closed_at: datetime | None


def slot_key(account: str, rule: str, slot_at: datetime) -> str:
    """Return the run key of a slot: what `begin` takes as `slot`."""
    return f"{account}/{rule}/{slot_at.astimezone(UTC).isoformat(timespec='seconds').replace('+00:00', 'Z')}"


def open_slot(writing: Writing, lessee: Lessee, rule: str, slot_at: datetime, now: datetime) -> bool:
    """Take a slot and return whether it is ours; of any number of processes, one is told True.

    A slot whose process ended before it began a run is free again: nothing was sent for it.
    """
    key = slot_key(writing.account, rule, slot_at)
    present = writing.connection.execute(select(schema.slots).where(_S.key == key)).first()
    if present is None:
        _insert(writing, key, rule, slot_at, now, state=RUNNING, owner=lessee.owner.document(), note="")
    elif _is_orphaned(present, lessee):
        owned = {"owner": lessee.owner.document(), "opened_at": now}
        writing.connection.execute(update(schema.slots).where(_S.key == key).values(owned))
    else:
        return False
    writing.record("slot_opened", now, slot=key)
    return True


def _is_orphaned(slot: Row[Any], lessee: Lessee) -> bool:
    return bool(
        slot.state == RUNNING
        and slot.run is None
        and slot.owner is not None
        and lessee.gone(Owner.restore(slot.owner))
    )


def close_slot(
    writing: Writing,
    rule: str,
    slot_at: datetime,
    state: SlotState,
    now: datetime,
    *,
    run_id: str | None,
    note: str,
) -> None:
    """Say what became of a slot; one that nobody opened (missed, skipped) is written down whole.

    Raises `LedgerError` where the slot was closed before.
    """
    key = slot_key(writing.account, rule, slot_at)
    present = writing.connection.execute(select(schema.slots).where(_S.key == key)).first()
    if present is None:
        _insert(writing, key, rule, slot_at, now, state=state, note=note, run=run_id, closed_at=now)
    elif present.state != RUNNING:
        raise LedgerError(f"slot `{key}` was already closed as `{present.state}`")
    else:
        values = {"state": state, "note": note, "run": run_id or present.run, "closed_at": now}
        writing.connection.execute(update(schema.slots).where(_S.key == key).values(values))
    writing.record("slot_closed", now, slot=key, state=state, run=run_id)


def _insert(writing: Writing, key: str, rule: str, slot_at: datetime, now: datetime, **values: Any) -> None:
    place = {"key": key, "account": writing.account, "rule": rule, "slot_at": slot_at, "opened_at": now}
    writing.connection.execute(insert(schema.slots).values(place | values))


def slots(connection: Connection, account: str, rule: str | None, limit: int) -> tuple[Slot, ...]:
    """Return slots of one rule, or of all, the latest first."""
    wanted = (
        select(schema.slots).where(_S.account == account).order_by(_S.slot_at.desc(), _S.rule).limit(limit)
    )
    if rule is not None:
        wanted = wanted.where(_S.rule == rule)
    return tuple(
        Slot(row.key, row.rule, row.slot_at, row.state, row.run, row.note, row.opened_at, row.closed_at)
        for row in connection.execute(wanted)
    )


def last_slot(connection: Connection, account: str, rule: str) -> datetime | None:
    """Return the latest slot of a rule that was decided, in whichever way; None where there is none."""
    latest: datetime | None = connection.scalar(
        select(func.max(_S.slot_at)).where(_S.account == account, _S.rule == rule)
    )
    return latest
