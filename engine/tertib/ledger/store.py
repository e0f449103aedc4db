"""The ledger as the stages see it: each method one transaction, with the work in the modules named for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import bindparam, select

from tertib.errors import LedgerError
from tertib.ledger import (
    audit,
    daily,
    doctor,
    forget,
    history,
    holds,
    lease,
    pauses,
    plans,
    process,
    quarantine,
    repute,
    requests,
    runs,
    schema,
    settling,
    sizes,
    slots,
    trail,
    undoing,
    volume,
)
from tertib.ledger import changes as steps
from tertib.ledger.allowance import Allowance, Windows
from tertib.ledger.anchors import Anchors
from tertib.ledger.approvals import Approvals, Asked
from tertib.ledger.audit import AuditVerdict, Checkpoint, Record
from tertib.ledger.database import BUSY, EVERY_ACCOUNT, Database
from tertib.ledger.figures import Figures
from tertib.ledger.forget import Forgotten
from tertib.ledger.lease import Lessee
from tertib.ledger.migrate import bring_up_to_date
from tertib.ledger.notices import Notices
from tertib.ledger.pauses import Pausing
from tertib.ledger.people import People
from tertib.ledger.plans import KeptBack, PlanRecord
from tertib.ledger.process import Owner
from tertib.ledger.quarantine import Quarantined
from tertib.ledger.requests import SqlClaim
from tertib.ledger.rota import Rota
from tertib.ledger.runs import ChangeRecord, RequestRecord, RunDetails, RunOutline, RunRecord
from tertib.ledger.slots import Cause, Slot, SlotState
from tertib.ledger.trail import Writing
from tertib.ledger.values import PERSONAL, UNREADABLE, Veil, keyed
from tertib.ledger.volume import Volume
from tertib.model import (
    Answer,
    Change,
    Done,
    History,
    Hold,
    Outcome,
    Pause,
    Plan,
    Repute,
    Run,
    Sent,
    Unsettled,
)
from tertib.ports import Claim, Clock

_ACCOUNT_OF: Final = select(schema.runs.c.account).where(schema.runs.c.id == bindparam("of_run"))

SETTLE: Final = timedelta(minutes=15)
LEASE: Final = timedelta(minutes=2)

Saw = Callable[[str], Sequence[Checkpoint]]
"""Gives the checkpoints of an account that are kept outside the ledger."""


def _nothing(_account: str) -> Sequence[Checkpoint]:
    return ()


def open_ledger(
    url: str,
    *,
    key: bytes,
    clock: Clock,
    settle: timedelta = SETTLE,
    lease_ttl: timedelta = LEASE,
    fingerprint: Callable[[Any], str] | None = None,
    personal_fields: frozenset[str] = PERSONAL,
    unreadable_fields: frozenset[str] = UNREADABLE,
    owner: Owner | None = None,
    account: str | None = None,
    on: Database | None = None,
    gone: Callable[[Owner], bool] = process.gone,
    busy: timedelta = BUSY,
    saw: Saw = _nothing,
) -> SqlLedger:
    """Open the ledger at a SQLAlchemy URL; create or upgrade its tables where needed.

    `key` seals the audit chain. `fingerprint` must be the one that orders are compared with later; without it
    the ledger makes its own from `key`. `owner` and `gone` say who holds leases here and who has ended: this
    process and the operating system's word, unless a simulation brings its own. `saw` gives the checkpoints that are
    kept outside: no run begins on a ledger that is behind one. With `account` the ledger is that account's alone: a server shows no other's
    rows. `on` is a database that is open already and stays so, for the ledgers of many accounts in one process. Raises `LedgerCorrupt` where the
    file is no ledger or damaged, `LedgerError` where it cannot be opened or written.
    """
    database = open_database(url, busy) if on is None else on
    return SqlLedger(
        database if account is None else database.within(account),
        key=key,
        clock=clock,
        lessee=Lessee(owner or process.register(), lease_ttl, gone),
        veil=Veil(fingerprint or keyed(key), personal_fields, unreadable_fields),
        settle=settle,
        saw=saw,
        lent=on is not None,
    )


def open_database(url: str, busy: timedelta = BUSY) -> Database:
    """Open the database of a ledger alone, with its tables as they are today; raises what `open_ledger` raises."""
    database = Database(url, busy)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a ledger was opened with."""

    key: bytes
    clock: Clock
    lessee: Lessee
    veil: Veil
    settle: timedelta
    saw: Saw


class SqlLedger:
    """The record of any number of accounts in one database; safe to use from several threads.

    Implements `ports.Ledger`, whose documentation holds for the methods of the same name.
    """

    def __init__(
        self,
        database: Database,
        *,
        key: bytes,
        clock: Clock,
        lessee: Lessee,
        veil: Veil,
        settle: timedelta,
        saw: Saw,
        lent: bool = False,
    ) -> None:
        self._database, self._lent = database, lent
        self._terms = _Terms(key, clock, lessee, veil, settle, saw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database, where it was not lent. A run that is still open counts as interrupted from now on."""
        if self._lent:
            return
        self._database.close()
        process.unregister(self._terms.lessee.owner)

    @property
    def fingerprint(self) -> Callable[[Any], str]:
        """Return the keyed hash under which personal values are kept."""
        return self._terms.veil.fingerprint

    @property
    def people(self) -> People:
        """Return who may open the pages."""
        return People(self._database.writing, self._database.reading)

    @property
    def approvals(self) -> Approvals:
        """Return the plans that wait, or waited, for a person."""
        return Approvals(self._writing, self._database.reading)

    @property
    def notices(self) -> Notices:
        """Return what people were told of, and what there is to tell them."""
        return Notices(self._writing, self._database.reading)

    @property
    def figures(self) -> Figures:
        """Return what the record adds up to."""
        return Figures(self._database.reading)

    @property
    def pausing(self) -> Pausing:
        """Return what people use to stop rules, accounts and everything for a while."""
        return Pausing(self._writing, self._overlooking.reading)

    @property
    def rota(self) -> Rota:
        """Return when every account's rules are due next, for several machines on one server."""
        return Rota(self._writing, self._overlooking.writing, self._terms.lessee.owner)

    @property
    def anchors(self) -> Anchors:
        """Return since when each rule's slots count."""
        return Anchors(self._writing, self._database.reading)

    def allowance(self, credential: str, windows: Windows) -> Allowance:
        """Return the requests of a credential, named by its keyed hash, as all machines count them."""
        return Allowance(self._overlooking.writing, credential, windows)

    @property
    def _overlooking(self) -> Database:
        return self._database.within(EVERY_ACCOUNT)

    @contextmanager
    def _writing(self, account: str, now: datetime) -> Iterator[Writing]:
        with self._database.writing() as connection:
            yield trail.open_account(connection, account, self._terms.key, now)

    @contextmanager
    def _writing_run(self, run_id: str, now: datetime) -> Iterator[Writing]:
        with self._database.writing() as connection:
            account = connection.scalar(_ACCOUNT_OF, {"of_run": run_id})
            if account is None:
                raise LedgerError(f"this ledger has no run `{run_id}`")
            yield trail.open_account(connection, account, self._terms.key, now)

    # --- deciding ---------------------------------------------------------------------------------------

    def history(self, account: str, orders: Mapping[str, str], since: datetime) -> History:
        """Return what decisions need about these orders, with what was sent since `since` by rule.

        `orders` are their order_ids by `str(id)`; what is known of an order under another id of the same order_id
        counts too. The key `""` of `sent_today` stands for all rules together.
        """
        with self._database.reading() as connection:
            return history.history(connection, account, orders, since, self._terms.clock.now())

    def save_plan(self, plan: Plan, document: Mapping[str, Any]) -> None:
        """Record a plan's document under its id; the same one again is no error."""
        now = self._terms.clock.now()
        with self._writing(plan.account, now) as writing:
            plans.save(writing, plan, document, now)

    def plan_document(self, plan_id: str) -> Mapping[str, Any] | None:
        """Return a recorded plan's document, None where this ledger has none of that id."""
        with self._database.reading() as connection:
            return plans.document(connection, plan_id)

    def plans(self, account: str, limit: int = 50) -> tuple[PlanRecord, ...]:
        """Return the account's recorded plans, the newest first."""
        with self._database.reading() as connection:
            return plans.listed(connection, account, limit)

    def plan_record(self, plan_id: str) -> PlanRecord | None:
        """Return when a plan was recorded and by which run it was applied, None where there is none of that id."""
        with self._database.reading() as connection:
            return plans.one(connection, plan_id)

    def scan_sizes(self, account: str) -> dict[str, int]:
        """Return how many orders past runs saw, by the key of what was asked."""
        with self._database.reading() as connection:
            return sizes.sizes(connection, account)

    def save_scan_sizes(self, account: str, seen: Mapping[str, int], now: datetime) -> None:
        """Remember how many orders were seen, in place of what was known before."""
        with self._writing(account, now) as writing:
            sizes.save(writing, seen, now)

    def reputes(self, account: str, hashes: Mapping[str, str], since: datetime) -> dict[str, Repute]:
        """Return how far each rule, given with its hash, has earned to act by itself, counted from `since` on."""
        with self._database.reading() as connection:
            return repute.reputes(connection, account, hashes, since)

    def ask_approval(self, plan: Plan, why: str, expires_at: datetime, now: datetime) -> None:
        """Let a recorded plan wait for a person, in the place of those of the same rules that still do."""
        rows = (*plan.changes, *plan.over_limit)
        value = sum((one.value or Decimal(0) for one in rows), Decimal(0))
        rules = tuple(tally.name for tally in plan.rules)
        asked = Asked(plan.plan_id, rules, len(rows), format(value, "f"), why, expires_at)
        self.approvals.ask(plan.account, asked, now)

    # --- a run ------------------------------------------------------------------------------------------

    def begin(
        self, account: str, plan_id: str | None, *, kind: str, slots: Sequence[str], now: datetime
    ) -> str:
        """Take the account's lease, open a run and mark the plan as applied by it; return the run's id.

        A run whose rules all only preview has no plan to apply. What a run before it left unfinished is closed: `planned` becomes `abandoned`, `sent` stays to be settled.
        Raises `LedgerError` where the ledger is older than a checkpoint of it.
        """
        with self._writing(account, now) as writing:
            trail.refuse_older(writing, self._terms.saw(account))
            return lease.begin(writing, self._terms.lessee, plan_id, kind=kind, slots=slots, now=now)

    def renew(self, run_id: str, now: datetime) -> None:
        """Extend the lease; raises `LeaseLost` where it is no longer ours."""
        with self._writing_run(run_id, now) as writing:
            lease.renew(writing, self._terms.lessee, run_id, now)

    def intend(
        self,
        run_id: str,
        changes: Sequence[Change],
        documents: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        """Commit the changes as `planned`, each with its plan document (masked, with its trace)."""
        pairs = list(zip(changes, documents, strict=True))
        with self._writing_run(run_id, now) as writing:
            steps.intend(writing, self._terms.veil, run_id, pairs, now)

    def claim(
        self, run_id: str, changes: Sequence[Change], body: Mapping[str, Any], now: datetime
    ) -> SqlClaim:
        """Move `planned → sent` in one committed compare-and-set; only the ids it returns go on the wire.

        Orders with another change of unknown outcome, orders on hold and changes of paused rules are left out. Raises
        `LeaseLost`, `AccountHalted` and `Paused`.
        """
        terms = self._terms
        with self._writing_run(run_id, now) as writing:
            return requests.claim(
                writing,
                terms.lessee,
                run_id,
                changes,
                body=body,
                veil=terms.veil,
                settle=terms.settle,
                now=now,
            )

    def answer(self, claim: Claim, answer: Answer, outcomes: Sequence[Outcome], now: datetime) -> str | None:
        """Commit the answer, each change's outcome and the audit records in one transaction.

        Returns why the account is stopped from here on, where the answer names orders that were not sent.
        """
        with self._database.writing() as connection:
            wanted = select(schema.requests).where(schema.requests.c.id == claim.request_id)
            request = connection.execute(wanted).first()
            if request is None:
                raise LedgerError(f"this ledger has no request `{claim.request_id}`")
            writing = trail.open_account(connection, request.account, self._terms.key, now)
            return requests.answer(writing, request, answer, outcomes, now)

    def conclude(self, run_id: str, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Record outcomes that sent nothing: held, stale, abandoned, previewed, awaiting approval.

        One that the run never intended names the recorded plan that holds its change; `LedgerError` where that plan
        holds none.
        """
        with self._writing_run(run_id, now) as writing:
            steps.conclude(writing, run_id, outcomes, now)

    def end(self, run: Run, now: datetime) -> None:
        """Close the run with its totals and release the lease; what is still `planned` becomes `abandoned`."""
        with self._writing_run(run.run_id, now) as writing:
            lease.end(writing, run, now)

    # --- unknown outcomes -------------------------------------------------------------------------------

    def unsettled(self, account: str) -> tuple[Unsettled, ...]:
        """Return the changes that stand as `sent` with nothing known of their outcome, the oldest first."""
        with self._database.reading() as connection:
            return settling.unsettled(connection, account)

    def settle(self, account: str, change: Unsettled, outcome: Outcome, now: datetime) -> None:
        """Record what reading an unsettled change back has shown, with its audit record.

        Raises `LeaseLost` while another process's run is at work, `LedgerError` for what is not due yet,
        `AlreadySettled` for what another process settled meanwhile.
        """
        with self._writing(account, now) as writing:
            settling.settle(writing, self._terms.lessee, change, outcome, now)

    # --- stopping an account ----------------------------------------------------------------------------

    def pauses_at(self, account: str, at: datetime) -> tuple[Pause, ...]:
        """Return the pauses that an account was under at an instant that is past."""
        with self._database.reading() as connection:
            return pauses.stood(connection, account, at)

    def halt(self, account: str, why: str, now: datetime) -> None:
        """Stop every further write for the account until a person clears it."""
        with self._writing(account, now) as writing:
            lease.halt(writing, why, now)

    def clear_halt(self, account: str, who: str, why: str, now: datetime) -> None:
        """Let a stopped account work again, on the word of a person."""
        with self._writing(account, now) as writing:
            lease.clear_halt(writing, who, why, now)

    def halted(self, account: str) -> str | None:
        """Return why the account is stopped, None where it is not."""
        accounts = schema.accounts.c
        stopped = select(accounts.halted_why).where(
            accounts.account == account, accounts.halted_at.is_not(None)
        )
        with self._database.reading() as connection:
            why: str | None = connection.scalar(stopped)
            return why

    def pauses(self, account: str, now: datetime) -> tuple[Pause, ...]:
        """Return the pauses that an account is under at `now`: those of everything first, those of rules last."""
        with self._database.reading() as connection:
            return pauses.pauses(connection, account, now)

    # --- past runs --------------------------------------------------------------------------------------

    def runs(self, account: str, limit: int = 20, before: str | None = None) -> tuple[RunRecord, ...]:
        """Return the account's runs, the newest first, from the one before run `before` on."""
        with self._database.reading() as connection:
            return runs.listed(connection, account, limit, before)

    def run_details(self, run_id: str) -> RunDetails | None:
        """Return a run with its requests and changes, None where there is none of that id."""
        with self._database.reading() as connection:
            return runs.details(connection, run_id)

    def run_outline(self, run_id: str) -> RunOutline | None:
        """Return a run with its changes counted, None where there is none of that id."""
        with self._database.reading() as connection:
            return runs.outline(connection, run_id)

    def run_requests(self, run_id: str, limit: int) -> tuple[RequestRecord, ...]:
        """Return the first requests of a run, in the order in which they were sent."""
        with self._database.reading() as connection:
            return runs.requests(connection, run_id, limit)

    def run_changes(self, run_id: str, limit: int, after: str | None = None) -> tuple[ChangeRecord, ...]:
        """Return changes of a run in its order, from the one after change `after` on."""
        with self._database.reading() as connection:
            return runs.changes(connection, run_id, limit, after)

    def changes_of(self, account: str, order_ref: str) -> tuple[ChangeRecord, ...]:
        """Return all that was decided on an order, named by its order_id or id, the oldest first."""
        with self._database.reading() as connection:
            return runs.changes_of(connection, account, order_ref)

    def done(self, account: str, run_id: str) -> tuple[Done, ...] | None:
        """Return what became of each order in a run, in its order; None where the account has no run of that id."""
        with self._database.reading() as connection:
            return undoing.done(connection, account, run_id)

    def changed(self, account: str, since: datetime, until: datetime) -> dict[str, Sent]:
        """Return by rule how many orders were changed from `since` to before `until`, and their money."""
        with self._database.reading() as connection:
            return daily.changed(connection, account, since, until)

    def kept_back(self, account: str, order_ref: str, plans_back: int = 30) -> tuple[KeptBack, ...]:
        """Return where the last so many plans held an order, named by its order_id or id, the newest first."""
        with self._database.reading() as connection:
            return plans.kept_back(connection, account, order_ref, plans_back)

    # --- what people ask for single orders --------------------------------------------------------------

    def hold(self, account: str, ref: str, until: datetime | None, why: str, now: datetime) -> None:
        """Keep rules from an order until `until`, or for good."""
        with self._writing(account, now) as writing:
            holds.hold(writing, ref, until, why, now)

    def unhold(self, account: str, ref: str, now: datetime) -> bool:
        """End an order's hold; return whether there was one."""
        with self._writing(account, now) as writing:
            return holds.unhold(writing, ref, now)

    def holds(self, account: str, now: datetime) -> tuple[Hold, ...]:
        """Return the holds that stand at `now`, the oldest first."""
        with self._database.reading() as connection:
            return holds.holds(connection, account, now)

    def quarantined(self, account: str) -> tuple[Quarantined, ...]:
        """Return the orders that rules were last seen to leave alone because a person had changed them, the oldest first."""
        with self._database.reading() as connection:
            return quarantine.quarantined(connection, account)

    def release(self, account: str, ref: str, now: datetime) -> int:
        """Hand an order back to the rules that a person's change keeps away; return how many orders `ref` named."""
        with self._writing(account, now) as writing:
            return holds.release(writing, ref, now)

    # --- scheduled times --------------------------------------------------------------------------------

    def slot_open(self, account: str, rule: str, slot_time: datetime, now: datetime) -> bool:
        """Take a slot; of any number of processes, one is told True."""
        with self._writing(account, now) as writing:
            return slots.open_slot(writing, self._terms.lessee, rule, slot_time, now)

    def slot_close(
        self,
        account: str,
        rule: str,
        slot_time: datetime,
        state: SlotState,
        now: datetime,
        *,
        run_id: str | None = None,
        note: str = "",
        cause: Cause | None = None,
    ) -> None:
        """Say what became of a slot, opened or not; raises `SlotLost` where it is no longer this process's."""
        with self._writing(account, now) as writing:
            slots.close_slot(
                writing,
                self._terms.lessee,
                rule,
                slot_time,
                now,
                state=state,
                run_id=run_id,
                note=note,
                cause=cause,
            )

    def slot_pass(
        self, account: str, rule: str, slot_time: datetime, state: SlotState, now: datetime, *, note: str
    ) -> bool:
        """Write down a slot for which nothing runs; False where another process has it, or had it."""
        with self._writing(account, now) as writing:
            return slots.pass_slot(writing, self._terms.lessee, rule, slot_time, now, state=state, note=note)

    def orphans(self, account: str, now: datetime) -> tuple[Slot, ...]:
        """Return the slots whose process ended before it closed them, the oldest first."""
        with self._database.reading() as connection:
            return slots.orphans(connection, account, self._terms.lessee, now)

    def close_orphans(self, account: str, now: datetime, but: Collection[str] = ()) -> tuple[Slot, ...]:
        """Close the slots, but those of these keys, whose process ended before it closed them."""
        with self._writing(account, now) as writing:
            return slots.close_orphans(writing, self._terms.lessee, now, but)

    def give_back(self, account: str, now: datetime) -> None:
        """Let go of the slots that this process took and began no run for; only while it works on none of them."""
        with self._writing(account, now) as writing:
            slots.give_back(writing, self._terms.lessee)

    def announced(self, account: str) -> tuple[Slot, ...]:
        """Return the slots that were announced to all machines and that none has taken, the oldest first."""
        with self._database.reading() as connection:
            return slots.announced(connection, account)

    def busy(self, account: str, now: datetime) -> bool:
        """Tell whether a run that may still be at work holds the account."""
        wanted = select(schema.accounts).where(schema.accounts.c.account == account)
        with self._database.reading() as connection:
            standing = connection.execute(wanted).first()
        return standing is not None and lease.is_held(standing, self._terms.lessee, now)

    def slots(self, account: str, rule: str | None = None, limit: int = 50) -> tuple[Slot, ...]:
        """Return slots of one rule, or of all, the latest first."""
        with self._database.reading() as connection:
            return slots.slots(connection, account, rule, limit)

    def last_slots(self, account: str, rules: Collection[str]) -> tuple[Slot, ...]:
        """Return the latest slot of each of these rules that has one, by rule."""
        with self._database.reading() as connection:
            return slots.last_slots(connection, account, rules)

    def last_slot(self, account: str, rule: str) -> datetime | None:
        """Return the latest slot of a rule that was opened or closed, None where there is none."""
        with self._database.reading() as connection:
            return slots.last_slot(connection, account, rule)

    # --- the audit chain --------------------------------------------------------------------------------

    def audit_append(self, account: str, kind: str, facts: Mapping[str, Any], now: datetime) -> None:
        """Add a record to the account's chain: no personal data, and no floats (TypeError)."""
        with self._writing(account, now) as writing:
            writing.record(kind, now, **facts)

    def audit_records(
        self, account: str, *, after: int = 0, kind: str | None = None, since: datetime | None = None
    ) -> Iterator[Record]:
        """Yield the account's records in order, from the one after number `after` on."""
        with self._database.reading() as connection:
            yield from trail.records(connection, account, after=after, kind=kind, since=since)

    def verify_audit(self, account: str, checkpoint: Checkpoint | None = None) -> AuditVerdict:
        """Walk the account's chain and return whether it is whole, and still the one that `checkpoint` saw."""
        with self._database.reading() as connection:
            records = trail.records(connection, account)
            verdict = audit.verify(records, self._terms.key, account, checkpoint)
            if verdict.ok and not verdict.records and trail.is_known(connection, account):
                return AuditVerdict(ok=False, records=0, first_bad=1, why="record 1 is missing")
            return verdict

    def checkpoint(self, account: str) -> Checkpoint | None:
        """Return how far the account's chain goes, to be kept elsewhere; None where it has none."""
        with self._database.reading() as connection:
            return trail.checkpoint(connection, account)

    def ahead(self, account: str) -> tuple[Checkpoint, ...]:
        """Return the checkpoints outside that know more than this ledger; where there are any, no run begins."""
        with self._database.reading() as connection:
            return trail.unmet(connection, account, self._terms.saw(account))

    def accept(self, account: str, who: str, why: str, now: datetime) -> int:
        """Go on without what checkpoints outside saw, on the word of a person; return how many are given up."""
        with self._writing(account, now) as writing:
            return trail.accept(writing, self._terms.saw(account), who, why, now)

    # --- the ledger itself ------------------------------------------------------------------------------

    def forgettable(self, account: str, before: datetime) -> Forgotten:
        """Count what `forget` would forget."""
        with self._database.reading() as connection:
            return forget.forgettable(connection, account, before)

    def forget(self, account: str, before: datetime, who: str, now: datetime) -> Forgotten:
        """Forget the personal data of what is older than `before`; the audit chain stays, and records that it was done.

        Raises `LeaseLost` while a run is at work.
        """
        with self._writing(account, now) as writing:
            done = forget.forget(writing, self._terms.lessee, before, who, now)
        self._database.tidy()
        return done

    def volume(self) -> Volume:
        """Return how large the ledger is."""
        with self._database.reading() as connection:
            return volume.volume(connection)

    @property
    def name(self) -> str:
        """Return the file, or the URL without its password."""
        return self._database.name

    def back_up(self, target: Path) -> None:
        """Copy the ledger to a new file as it stands now; raises `LedgerError`, also for a ledger on a server."""
        if self._database.dialect != "sqlite":
            raise LedgerError(
                "a ledger on a server is copied by the server's own means", hint="such as `pg_dump`"
            )
        volume.copy(Path(self._database.name), target)

    def accounts(self) -> tuple[str, ...]:
        """Return the accounts that this ledger knows."""
        with self._overlooking.reading() as connection:
            return tuple(
                connection.scalars(select(schema.accounts.c.account).order_by(schema.accounts.c.account))
            )

    def server_time(self) -> datetime:
        """Return the present instant by the clock of the ledger's server; raises `LedgerError` where it has none."""
        return self._database.now()

    def integrity(self) -> tuple[str, ...]:
        """Return what is wrong with the database itself, empty where nothing is."""
        with self._database.reading() as connection:
            return doctor.faults(connection)
