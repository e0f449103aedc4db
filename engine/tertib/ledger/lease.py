"""One writer an account: the lease, its epoch, and the fence that every write of a run must pass.

Each run, and each takeover, raises the account's epoch. A worker that was frozen and wakes up still has its old
one, and the fence lets nothing of it through. A lease ends with its run, or when its process is gone from this
machine, or else when its time is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select, union_all, update

from tertib.errors import AccountHalted, LeaseLost, LedgerError, PlanRefused, SlotLost
from tertib.ledger import process, schema
from tertib.ledger.pauses import paused_rules
from tertib.ledger.process import Owner
from tertib.ledger.trail import Writing
from tertib.model import Run, State
from tertib.sayings import N_, said

_RUN: Final = select(schema.runs).where(schema.runs.c.id == bindparam("of_run"))

RUNNING: Final = "running"
_DECLINED: Final = {
    schema.REJECTED: N_("plan `%(plan)s` was rejected by %(who)s"),
    schema.REPLACED: N_("plan `%(plan)s` has gone stale: plan `%(other)s` took its place"),
}
"""Why a plan that waited for a person may not be applied by anybody any more, by where it stands."""

ENDED: Final = "ended"
INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True, slots=True)
class Lessee:
    """Who takes leases here, for how long, and how it learns that another's process has ended."""

    owner: Owner
    ttl: timedelta
    gone: Callable[[Owner], bool] = field(default=process.gone)


def begin(
    writing: Writing, lessee: Lessee, plan_id: str | None, *, kind: str, slots: Sequence[str], now: datetime
) -> str:
    """Take the lease, open a run under a new epoch and mark the plan as applied by it; return the run's id.

    Rules that are due together share a run: it goes by the key of the first one's slot, and every slot is given it.
    """
    standing = writing.standing()
    refuse_halted(standing)
    paused_rules(writing.connection, writing.account, now)
    refuse_leased(standing, lessee, now)
    digest = None if plan_id is None else _applicable(writing, plan_id)
    _refuse_slots(writing, lessee, slots)
    close_interrupted(writing, now)
    epoch = standing.epoch + 1
    run_id = f"{writing.account}-{epoch}"
    slot = slots[0] if slots else None
    _open_run(writing, run_id, {"kind": kind, "slot": slot, "plan": plan_id, "epoch": epoch}, now)
    _give_run(writing, run_id, slots)
    _take(writing, run_id, lessee, epoch, now)
    writing.record(
        "run_begun", now, run=run_id, run_kind=kind, plan=plan_id, digest=digest, slot=slot, epoch=epoch
    )
    return run_id


def refuse_halted(standing: Row[Any]) -> None:
    """Raise `AccountHalted` where a person must look first."""
    if standing.halted_at is not None:
        raise AccountHalted(
            said(
                "account `%(account)s` was stopped: %(why)s",
                account=standing.account,
                why=standing.halted_why,
            ),
            hint=N_("`tertib doctor` says what to look at and how to clear it"),
        )


def refuse_leased(standing: Row[Any], lessee: Lessee, now: datetime) -> None:
    """Raise `LeaseLost` while someone who may still be at work holds the account."""
    if is_held(standing, lessee, now):
        raise LeaseLost(
            said(
                "run `%(run)s` is at work on account `%(account)s`",
                run=standing.lease_run,
                account=standing.account,
            ),
            hint=said(
                "try again when it has ended, at the latest after %(time)s",
                time=schema.iso(standing.lease_expires),
            ),
        )


def is_held(standing: Row[Any], lessee: Lessee, now: datetime) -> bool:
    """Tell whether someone who may still be at work holds the account."""
    if standing.lease_run is None or standing.lease_expires <= now:
        return False
    return not lessee.gone(Owner.restore(standing.lease_owner))


def _applicable(writing: Writing, plan_id: str) -> str:
    """Return the digest of a plan that may be applied; raise `PlanRefused` for any other."""
    found = writing.connection.execute(select(schema.plans).where(schema.plans.c.id == plan_id)).first()
    if found is None:
        raise PlanRefused(
            said("plan `%(plan)s` is not recorded in this ledger", plan=plan_id),
            hint=N_("apply it where it was made, or plan again"),
        )
    if found.account != writing.account:
        raise PlanRefused(
            said(
                "plan `%(plan)s` was made for account `%(account)s`, not `%(other)s`",
                plan=plan_id,
                account=found.account,
                other=writing.account,
            )
        )
    _refuse_applied(found)
    _refuse_forgotten(found)
    _refuse_declined(writing, plan_id)
    digest: str = found.digest
    return digest


def _refuse_applied(plan: Row[Any]) -> None:
    if plan.applied_by is not None:
        raise PlanRefused(
            said("plan `%(plan)s` was already applied, by run `%(run)s`", plan=plan.id, run=plan.applied_by),
            hint=N_("a plan is applied once: plan again"),
        )


def _refuse_forgotten(plan: Row[Any]) -> None:
    if plan.forgotten_at is not None:
        raise PlanRefused(
            said("what plan `%(plan)s` rests on was forgotten by `tertib ledger prune`", plan=plan.id),
            hint=N_("plan again"),
        )


def _refuse_declined(writing: Writing, plan_id: str) -> None:
    """Raise `PlanRefused` where the plan waited for a person who said no, or another took its place."""
    asked = writing.connection.execute(
        select(schema.approvals).where(schema.approvals.c.plan == plan_id)
    ).first()
    why = None if asked is None else _DECLINED.get(asked.state)
    if asked is not None and why is not None:
        values = {"plan": plan_id, "who": asked.decided_by, "other": asked.replaced_by}
        raise PlanRefused(said(why, **values), hint=N_("plan again"))


def _refuse_slots(writing: Writing, lessee: Lessee, keys: Sequence[str]) -> None:
    """Raise `PlanRefused` where one of the slots had its run, `SlotLost` where one is not this process's any more."""
    runs, slots = schema.runs.c, schema.slots.c
    named = select(runs.slot, runs.id).where(runs.account == writing.account, runs.slot.in_(keys))
    given = select(slots.key, slots.run).where(slots.key.in_(keys), slots.run.is_not(None))
    for slot, run in writing.connection.execute(union_all(named, given)):
        raise PlanRefused(said("slot `%(slot)s` already had its run `%(run)s`", slot=slot, run=run))
    for row in writing.connection.execute(select(schema.slots).where(slots.key.in_(keys))):
        refuse_lost(row, lessee)


def refuse_lost(slot: Row[Any], lessee: Lessee) -> None:
    """Raise `SlotLost` where a slot was closed, or is another's: one that was silent for long is taken over."""
    if slot.closed_at is not None:
        raise SlotLost(
            said("slot `%(slot)s` was already closed as `%(state)s`", slot=slot.key, state=slot.state)
        )
    if slot.state != RUNNING or (slot.owner is not None and Owner.restore(slot.owner) != lessee.owner):
        raise SlotLost(said("slot `%(slot)s` is no longer this process's", slot=slot.key))


def _open_run(writing: Writing, run_id: str, values: Mapping[str, Any], now: datetime) -> None:
    run = dict(id=run_id, account=writing.account, state=RUNNING, started_at=now, **values)
    writing.connection.execute(insert(schema.runs).values(run))
    writing.connection.execute(
        update(schema.plans)
        .where(schema.plans.c.id == values["plan"])
        .values(applied_by=run_id, applied_at=now)
    )
    asked = update(schema.approvals).where(schema.approvals.c.plan == values["plan"])
    writing.connection.execute(asked.values(state=schema.APPLIED))


def _give_run(writing: Writing, run_id: str, slots: Sequence[str]) -> None:
    """Let every slot know its run from its beginning on: whatever the run then sends, none of them is run again."""
    given = update(schema.slots).where(schema.slots.c.key.in_(slots))
    writing.connection.execute(given.values(run=run_id))


def _take(writing: Writing, run_id: str, lessee: Lessee, epoch: int, now: datetime) -> None:
    _set_account(
        writing,
        epoch=epoch,
        lease_run=run_id,
        lease_owner=lessee.owner.document(),
        lease_expires=now + lessee.ttl,
    )


def _set_account(writing: Writing, **values: Any) -> None:
    row = update(schema.accounts).where(schema.accounts.c.account == writing.account)
    writing.connection.execute(row.values(**values))


def take_over(writing: Writing, now: datetime) -> None:
    """Shut out the holder of a lease that is over: it may be frozen, and must find its epoch gone when it wakes."""
    standing = writing.standing()
    close_interrupted(writing, now)
    _set_account(writing, epoch=standing.epoch + 1, lease_run=None, lease_owner=None, lease_expires=None)
    writing.record("lease_taken_over", now, run=standing.lease_run, epoch=standing.epoch + 1)


def close_interrupted(writing: Writing, now: datetime) -> None:
    """Close a run that never ended: what it had not sent is abandoned, what it had sent stays to be read back."""
    run_id = writing.standing().lease_run
    if run_id is None:
        return
    abandoned = _abandon(writing, run_id, N_("the run was interrupted before this was sent"), now)
    values = {"state": INTERRUPTED, "ended_at": now, "stopped": N_("its process ended or lost the account")}
    writing.connection.execute(update(schema.runs).where(schema.runs.c.id == run_id).values(values))
    slots = schema.slots.c
    writing.connection.execute(
        update(schema.slots)
        .where(slots.run == run_id, slots.state == RUNNING)
        .values(state="failed", note=N_("the run was interrupted"), closed_at=now)
    )
    writing.record("run_interrupted", now, run=run_id, abandoned=abandoned, unknown=_unknown(writing, run_id))


def _abandon(writing: Writing, run_id: str, why: str, now: datetime) -> int:
    changes = schema.changes.c
    rows = update(schema.changes).where(changes.run == run_id, changes.state == State.PLANNED.value)
    done = writing.connection.execute(rows.values(state=State.ABANDONED.value, why=why, settled_at=now))
    return done.rowcount


def _unknown(writing: Writing, run_id: str) -> int:
    changes = schema.changes.c
    sent = select(func.count()).where(changes.run == run_id, changes.state == schema.IS_UNSETTLED)
    return writing.connection.scalar(sent) or 0


def fence(writing: Writing, run_id: str) -> Row[Any]:
    """Return the run's row; raise `LeaseLost` where the account has passed on to someone else."""
    run = writing.connection.execute(_RUN, {"of_run": run_id}).one()
    standing = writing.standing()
    if run.state != RUNNING or standing.epoch != run.epoch:
        raise lost(run_id, writing.account)
    return run


def lost(run_id: str, account: str) -> LeaseLost:
    """Say that a run may write no more."""
    return LeaseLost(
        said("run `%(run)s` no longer holds account `%(account)s`", run=run_id, account=account),
        hint=N_(
            "it waited too long or another process took over; what it had sent is read back by `tertib settle`"
        ),
    )


def renew(writing: Writing, lessee: Lessee, run_id: str, now: datetime) -> datetime:
    """Extend the lease from `now` on and return when it will end."""
    fence(writing, run_id)
    _set_account(writing, lease_expires=now + lessee.ttl)
    return now + lessee.ttl


def end(writing: Writing, run: Run, now: datetime) -> None:
    """Close the run with its totals and let go of the lease."""
    fence(writing, run.run_id)
    _abandon(writing, run.run_id, N_("the run ended before this was sent"), now)
    totals = _totals(run)
    writing.connection.execute(
        update(schema.runs)
        .where(schema.runs.c.id == run.run_id)
        .values(state=ENDED, ended_at=now, stopped=run.stopped, totals=totals)
    )
    _set_account(writing, lease_run=None, lease_owner=None, lease_expires=None)
    writing.record("run_ended", now, run=run.run_id, stopped=run.stopped is not None, totals=totals)


def _totals(run: Run) -> dict[str, int]:
    """Count the run's outcomes by state, and its requests by what they were for."""
    spent = run.spent
    requests = {
        "reads": spent.reads,
        "retries": spent.retries,
        "rereads": spent.rereads,
        "writes": spent.writes,
    }
    return {**Counter(outcome.state.value for outcome in run.outcomes), "on_the_wire": run.sent, **requests}


def halt(writing: Writing, why: str, now: datetime) -> None:
    """Stop the account until a person clears it; the first reason stays."""
    if writing.standing().halted_at is not None:
        return
    _set_account(writing, halted_at=now, halted_why=why)
    writing.record("account_halted", now, why=why)


def clear_halt(writing: Writing, who: str, why: str, now: datetime) -> None:
    """Let the account work again, on a person's word."""
    standing = writing.standing()
    if standing.halted_at is None:
        raise LedgerError(said("account `%(account)s` is not stopped", account=writing.account))
    _set_account(writing, halted_at=None, halted_why=None)
    writing.record("halt_cleared", now, who=who, why=why, halted_why=standing.halted_why)
