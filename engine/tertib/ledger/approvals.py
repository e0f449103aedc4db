"""Plans that wait for a person: asked for once, decided once, and never applied by themselves.

A plan that a later one of the same rules took the place of can be approved no more: its orders were read again
since. What was approved is applied like any plan, once, with every check at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update

from tertib.errors import PlanRefused
from tertib.ledger import rota, schema
from tertib.ledger.parts import chunks
from tertib.ledger.trail import Writing
from tertib.model import Pick
from tertib.sayings import N_, said

_C: Final = schema.changes.c
_W: Final = schema.approvals.c
_P: Final = schema.plans.c

WAITING: Final = schema.WAITING
APPROVED: Final = schema.APPROVED
REJECTED: Final = schema.REJECTED
REPLACED: Final = schema.REPLACED
EXPIRED: Final = "expired"
REFUSED: Final = "refused"
APPLIED: Final = schema.APPLIED

_DECIDED: Final = {
    APPROVED: N_("plan `%(plan)s` was approved already by %(who)s at %(time)s"),
    APPLIED: N_("plan `%(plan)s` was applied already, by run `%(run)s`"),
    REJECTED: N_("plan `%(plan)s` was rejected by %(who)s at %(time)s"),
    REPLACED: N_("plan `%(plan)s` has gone stale: plan `%(other)s` took its place"),
    REFUSED: N_("plan `%(plan)s` was approved by %(who)s at %(time)s, and could not be applied: %(why)s"),
    EXPIRED: N_("plan `%(plan)s` has expired: it could be approved until %(end)s"),
}
"""Why a plan can no longer be decided on, by where it stands."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan that waits comes to. `why` says why it was not applied by itself; `value` is rupiah as text."""

    plan_id: str
    rules: tuple[str, ...]
    changes: int
    value: str
    why: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A plan's way through the queue.

    `state` is `waiting`, `approved` (and not applied yet), `applied`, `rejected`, `replaced` by a later plan of the same
    rules, `expired`, or `refused`: it was approved, and could not be applied. `replaced_by` is the later plan, `refused`
    why it was refused, `run_id` the run that applied it. `approved` tells whether a person said yes, whatever came after.
    """

    asked: Asked
    account: str
    asked_at: datetime
    state: str
    decided_at: datetime | None = None
    decided_by: str | None = None
    note: str | None = field(default=None, repr=False)
    part: Pick = field(default_factory=Pick)
    replaced_by: str | None = None
    refused: str | None = None
    run_id: str | None = None
    approved: bool = False


def ask(writing: Writing, asked: Asked, now: datetime) -> None:
    """Put a plan into the queue, in the place of those of the same rules that still waited; once is enough.

    A plan without changes only ends what waited: their orders no longer qualify.
    """
    present = writing.connection.execute(select(_W.plan).where(_W.plan == asked.plan_id)).first()
    if present is not None:
        return
    for row in writing.connection.execute(_of(writing.account).where(_W.state == WAITING)):
        if set(row.rules) & set(asked.rules):
            _decide(writing, row.plan, {"state": REPLACED, "replaced_by": asked.plan_id})
    if not asked.changes:
        return
    writing.connection.execute(
        insert(schema.approvals).values(
            plan=asked.plan_id,
            account=writing.account,
            rules=list(asked.rules),
            changes=asked.changes,
            value=asked.value,
            why=asked.why,
            asked_at=now,
            expires_at=asked.expires_at,
            state=WAITING,
        )
    )
    writing.record("approval_asked", now, plan=asked.plan_id, rules=list(asked.rules), changes=asked.changes)


def approve(
    writing: Writing, plan_id: str, *, who: str, note: str, part: Pick, now: datetime, zone: str
) -> None:
    """Record a person's yes to a plan, or to a part of it; raises `PlanRefused` for one that does not wait."""
    refuse_decided(writing.connection, writing.account, plan_id, now, zone)
    decided = {"state": APPROVED, "decided_at": now, "decided_by": who, "note": note, "part": _written(part)}
    _decide(writing, plan_id, decided)
    # Neither the note nor the orders picked: people write names into the one, the plan's run shows the other.
    writing.record("plan_approved", now, plan=plan_id, who=who, whole=part == Pick())
    rota.wake(writing, now)


def reject(writing: Writing, plan_id: str, *, who: str, note: str, now: datetime, zone: str) -> None:
    """Record a person's no to a plan; raises `PlanRefused` for one that does not wait."""
    refuse_decided(writing.connection, writing.account, plan_id, now, zone)
    _decide(writing, plan_id, {"state": REJECTED, "decided_at": now, "decided_by": who, "note": note})
    writing.record("plan_rejected", now, plan=plan_id, who=who)


def refuse(writing: Writing, plan_id: str, why: str, now: datetime) -> None:
    """Record that an approved plan could not be applied, so that it is not tried again."""
    _decide(writing, plan_id, {"state": REFUSED, "refused": why})
    writing.record("approved_plan_refused", now, plan=plan_id, why=why)


def _decide(writing: Writing, plan_id: str, values: Mapping[str, Any]) -> None:
    writing.connection.execute(update(schema.approvals).where(_W.plan == plan_id).values(dict(values)))


def refuse_decided(connection: Connection, account: str, plan_id: str, now: datetime, zone: str) -> None:
    """Say in one sentence why a plan can no longer be decided on, where it cannot: raises `PlanRefused`."""
    found = connection.execute(_of(account).where(_W.plan == plan_id)).first()
    if found is None:
        raise PlanRefused(
            said(
                "plan `%(plan)s` does not wait for approval in account `%(account)s`",
                plan=plan_id,
                account=account,
            ),
            hint=N_("`tertib approvals` lists the plans that do"),
        )
    approval = _approval(found, now)
    if approval.state != WAITING:
        raise PlanRefused(_decided(approval, zone), hint=_then(approval))


def _decided(approval: Approval, zone: str) -> str:
    values = {
        "plan": approval.asked.plan_id,
        "who": approval.decided_by,
        "time": _minute(approval.decided_at, zone),
        "run": approval.run_id,
        "other": approval.replaced_by,
        "why": approval.refused,
        "end": _minute(approval.asked.expires_at, zone),
    }
    return said(_DECIDED[approval.state], **values)


def _minute(instant: datetime | None, zone: str) -> str:
    if instant is None:
        return ""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M} {local:%Z}"


def _then(approval: Approval) -> str:
    if approval.state == REPLACED:
        return said("look at plan `%(plan)s`, which was read later", plan=approval.replaced_by)
    return (
        said("`tertib runs show %(run)s` tells what it did", run=approval.run_id)
        if approval.run_id
        else N_("plan again")
    )


# --- reading --------------------------------------------------------------------------------------------


def _of(account: str) -> Select[Any]:
    plans = schema.approvals.outerjoin(schema.plans, _P.id == _W.plan)
    return (
        select(schema.approvals, _P.applied_by.label("applied_by"))
        .select_from(plans)
        .where(_W.account == account)
        .order_by(_W.asked_at, _W.plan)
    )


def listed(
    connection: Connection, account: str, now: datetime, limit: int, before: str | None = None
) -> tuple[Approval, ...]:
    """Return an account's approvals, the newest first; `before` is the last plan of the page before."""
    return _page(connection, _of(account), now, limit, before)


def decided(
    connection: Connection, account: str, now: datetime, limit: int, before: str | None = None
) -> tuple[Approval, ...]:
    """Return an account's approvals but those that wait, as `listed` does."""
    over = or_(_W.state != WAITING, _W.expires_at <= now, _P.applied_by.is_not(None))
    return _page(connection, _of(account).where(over), now, limit, before)


def _page(
    connection: Connection, found: Select[Any], now: datetime, limit: int, before: str | None
) -> tuple[Approval, ...]:
    wanted = found.order_by(None).order_by(_W.asked_at.desc(), _W.plan).limit(limit)
    if before is not None:
        last = select(_W.asked_at).where(_W.plan == before).scalar_subquery()
        wanted = wanted.where(or_(_W.asked_at < last, and_(_W.asked_at == last, _W.plan > before)))
    return tuple(_approval(row, now) for row in connection.execute(wanted))


def one(connection: Connection, account: str, plan_id: str, now: datetime) -> Approval | None:
    """Return the approval of one plan, None where it was never asked for."""
    row = connection.execute(_of(account).where(_W.plan == plan_id)).first()
    return None if row is None else _approval(row, now)


def of_plans(
    connection: Connection, account: str, plan_ids: Collection[str], now: datetime
) -> dict[str, Approval]:
    """Return the approvals of plans, by plan; those that were never asked for are left out."""
    rows = (
        row
        for part in chunks(sorted(plan_ids))
        for row in connection.execute(_of(account).where(_W.plan.in_(part)))
    )
    return {row.plan: _approval(row, now) for row in rows}


def taken_by(
    connection: Connection, run_ids: Collection[str], orders: Collection[str]
) -> frozenset[tuple[str, str]]:
    """Return which of these orders (`order_key`) each of these runs was to change, as pairs of run and order."""
    rows = (
        row
        for runs in chunks(sorted(run_ids))
        for keys in chunks(sorted(orders))
        for row in connection.execute(
            select(_C.run, _C.order_key).where(_C.run.in_(runs), _C.order_key.in_(keys))
        )
    )
    return frozenset((row.run, row.order_key) for row in rows)


def in_state(connection: Connection, account: str, state: str, now: datetime) -> Iterator[Approval]:
    """Yield an account's approvals that are `WAITING` or `APPROVED`, the oldest first: neither applied nor expired."""
    for row in connection.execute(_of(account).where(_W.state == state)):
        found = _approval(row, now)
        if found.state == state:
            yield found


def _approval(row: Row[Any], now: datetime) -> Approval:
    asked = Asked(row.plan, tuple(row.rules), row.changes, row.value, row.why, row.expires_at)
    return Approval(
        asked=asked,
        account=row.account,
        asked_at=row.asked_at,
        state=_state(row, now),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        note=row.note,
        part=_part(row.part),
        replaced_by=row.replaced_by,
        refused=row.refused,
        run_id=row.applied_by,
        approved=row.state in {APPROVED, REFUSED} or (row.state == APPLIED and row.decided_by is not None),
    )


def _state(row: Row[Any], now: datetime) -> str:
    """Tell where an approval stands: a plan that was applied is, whoever said yes, and time runs out by itself."""
    if row.applied_by is not None:
        return APPLIED
    if row.state in {WAITING, APPROVED} and now >= row.expires_at:
        return EXPIRED
    return str(row.state)


def _written(part: Pick) -> dict[str, Any]:
    # Whoever does not know `by_id` yet still finds the names, and never takes a part for the whole.
    return {
        "first": part.first,
        "only": list(part.only),
        "but": list(part.but),
        "by_id": part.by_id,
    }


def _part(written: Mapping[str, Any] | None) -> Pick:
    found = written or {}
    return Pick(
        first=found.get("first"),
        only=tuple(found.get("only", ())),
        but=tuple(found.get("but", ())),
        by_id=found.get("by_id", False),
    )


# --- as the ledger offers it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Approvals:
    """The queue of one ledger: each method one transaction."""

    _writing: Callable[[str, datetime], AbstractContextManager[Writing]]
    _reading: Callable[[], AbstractContextManager[Connection]]

    def ask(self, account: str, asked: Asked, now: datetime) -> None:
        """Put a recorded plan into the queue, in the place of those of the same rules that still wait."""
        with self._writing(account, now) as writing:
            ask(writing, asked, now)

    def approve(
        self,
        account: str,
        plan_id: str,
        *,
        who: str,
        now: datetime,
        note: str = "",
        part: Pick | None = None,
        zone: str = "UTC",
    ) -> None:
        """Record a person's yes; raises `PlanRefused` in one sentence for a plan that does not wait any more.

        `zone` is the one in which that sentence gives a time.
        """
        with self._writing(account, now) as writing:
            approve(writing, plan_id, who=who, note=note, part=part or Pick(), now=now, zone=zone)

    def reject(
        self, account: str, plan_id: str, *, who: str, now: datetime, note: str = "", zone: str = "UTC"
    ) -> None:
        """Record a person's no; raises `PlanRefused` for a plan that does not wait any more."""
        with self._writing(account, now) as writing:
            reject(writing, plan_id, who=who, note=note, now=now, zone=zone)

    def refuse_decided(self, account: str, plan_id: str, now: datetime, zone: str = "UTC") -> None:
        """Raise `PlanRefused` in one sentence for a plan that does not wait any more."""
        with self._reading() as connection:
            refuse_decided(connection, account, plan_id, now, zone)

    def refuse(self, account: str, plan_id: str, why: str, now: datetime) -> None:
        """Record that an approved plan could not be applied: it is not tried again."""
        with self._writing(account, now) as writing:
            refuse(writing, plan_id, why, now)

    def listed(
        self, account: str, now: datetime, limit: int = 50, before: str | None = None
    ) -> Sequence[Approval]:
        """Return the account's approvals, the newest first, from the one after plan `before` on."""
        with self._reading() as connection:
            return listed(connection, account, now, limit, before)

    def decided(
        self, account: str, now: datetime, limit: int = 50, before: str | None = None
    ) -> Sequence[Approval]:
        """Return the approvals that wait no more, the newest first, from the one after plan `before` on."""
        with self._reading() as connection:
            return decided(connection, account, now, limit, before)

    def waiting(self, account: str, now: datetime) -> Sequence[Approval]:
        """Return the plans that wait for a person, the oldest first."""
        with self._reading() as connection:
            return tuple(in_state(connection, account, WAITING, now))

    def approved(self, account: str, now: datetime) -> Sequence[Approval]:
        """Return the plans that were approved and are not applied yet, the oldest first."""
        with self._reading() as connection:
            return tuple(in_state(connection, account, APPROVED, now))

    def of_plans(self, account: str, plan_ids: Collection[str], now: datetime) -> Mapping[str, Approval]:
        """Return the approvals of plans, by plan; those that were never asked for are left out."""
        with self._reading() as connection:
            return of_plans(connection, account, plan_ids, now)

    def taken_by(self, run_ids: Collection[str], orders: Collection[str]) -> Collection[tuple[str, str]]:
        """Return which of these orders (`str(id)`) each of these runs was to change, as pairs of run and order."""
        with self._reading() as connection:
            return taken_by(connection, run_ids, orders)

    def of(self, account: str, plan_id: str, now: datetime) -> Approval | None:
        """Return the approval of a plan, None where none was asked for."""
        with self._reading() as connection:
            return one(connection, account, plan_id, now)
