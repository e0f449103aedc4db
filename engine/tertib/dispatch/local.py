"""Run rules on their schedules on one machine, one after the other, until asked to stop.

Each slot is opened in the ledger before anything is read: whoever opens it first runs it, and nobody runs it
twice. Rules that are due for the same slot are planned together, so that they share scans and priorities bind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from tertib import pipeline
from tertib.clock import Stopped
from tertib.errors import AccountHalted, LeaseLost, TertibError
from tertib.language.personal import Mask
from tertib.ledger.slots import Slot, SlotState, slot_key
from tertib.load import refreshed
from tertib.model import Plan, Rule, Run, Settings, State
from tertib.ports import Clock, Ledger, Reader, Writer
from tertib.schedule import due, jitter, next_slot

LONGEST_WAIT: Final = timedelta(minutes=1)
"""How long is waited at a time: a machine that slept, or whose clock was set, is noticed within it."""

SETTLE_AGAIN: Final = timedelta(minutes=1)
"""How soon reading back is tried again where it failed or told nothing."""


AFTER_TROUBLE: Final = timedelta(seconds=5)
"""How long is waited where the ledger did not answer, before it is asked again."""

RUNNING: Final = "running"
"""The state of a slot whose run is at work, or was when its process ended."""

NOBODY_RAN: Final = "nothing ran when it was due"

HELD_WHOLE: Final = frozenset(
    {"limit_orders", "limit_value", "limit_per_day", "limit_share", "cap", "rule_conflict"}
)
"""Why all changes of a rule may be held."""


class Log(Protocol):
    """A logger in structlog's manner: an event for people, and fields for programs."""

    def info(self, event: str, **fields: Any) -> Any:
        """Log what happened."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Log what somebody should look at."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Log what failed."""
        ...


class StoppableClock(Clock, Protocol):
    """Time that knows when the process is to stop."""

    @property
    def stopping(self) -> bool:
        """Tell whether a stop was asked for."""
        ...

    def heed(self) -> None:
        """Raise `Stopped` once a stop was asked for."""
        ...


class SlotLedger(Ledger, Protocol):
    """A ledger that keeps slots: unique for account, rule and scheduled time."""

    def slot_open(self, account: str, rule: str, slot_time: datetime, now: datetime) -> bool:
        """Take a slot; False where another has it, or had it, with a run of its own."""
        ...

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
    ) -> None:
        """Say what became of a slot."""
        ...

    def slots(self, account: str, rule: str | None = None, limit: int = 50) -> Sequence[Slot]:
        """Return slots of a rule, the latest first."""
        ...


@dataclass(frozen=True, slots=True)
class Machine:
    """What serving works with."""

    settings: Settings
    reader: Reader
    writer: Writer
    ledger: SlotLedger
    clock: StoppableClock
    mask: Mask
    log: Log

    def means(self) -> pipeline.Means:
        """Return what a run is planned with; it asks the machine's clock whether to stop."""
        return pipeline.Means(
            self.settings,
            self.reader,
            self.ledger,
            self.clock,
            self.mask,
            stopping=lambda: self.clock.stopping,
        )


@dataclass(frozen=True, slots=True)
class Due:
    """One rule's slot: the time that its cron line names, and the one at which it starts, later by its jitter."""

    rule: Rule
    at: datetime

    @property
    def starts(self) -> datetime:
        """Return when the slot's run starts."""
        schedule = self.rule.schedule
        return self.at if schedule is None else self.at + jitter(schedule, self.rule.name, self.at)


class Server:
    """Rules with their schedules, and how far each has come."""

    def __init__(self, rules: Sequence[Rule], machine: Machine) -> None:
        self._machine = machine
        self._schedules = {rule.name: rule.schedule for rule in rules if rule.enabled and rule.schedule}
        self._rules = [rule for rule in rules if rule.name in self._schedules]
        self._decided: dict[str, datetime] = {}
        self._settle_at: datetime | None = None
        self._troubled = False

    def serve(self) -> None:
        """Run what is due, wait for what comes next, and return once a stop was asked for.

        A run that fails is logged and its slots are recorded as failed; the loop goes on.
        """
        clock = self._machine.clock
        self._begin(clock.now())
        announced: Sequence[Due] = ()
        while not clock.stopping:
            self._troubled = False
            self._run_due()
            self._settle_due()
            coming = self.upcoming()
            if coming[:1] != announced and not clock.stopping:
                announced = coming[:1]
                self._announce(coming)
            self._wait(coming)
        self._machine.log.info("stopped", account=self._machine.settings.account)

    def upcoming(self) -> list[Due]:
        """Return the next slot of every rule, the soonest to start first."""
        coming = []
        for rule in self._rules:
            at = next_slot(self._schedules[rule.name], self._decided[rule.name])
            if at is not None:
                coming.append(Due(rule, at))
        return sorted(coming, key=lambda one: (one.starts, one.rule.name))

    # --- one turn of the loop ---------------------------------------------------------------------------

    def _begin(self, now: datetime) -> None:
        """Take up each rule where the ledger says it was left, and look for outcomes to read back at once.

        A slot that is still `running` is looked at again: where its process is gone, it is free to be taken.
        """
        for rule in self._rules:
            last = self._machine.ledger.slots(self._machine.settings.account, rule.name, 1)
            if not last:
                self._decided[rule.name] = now
            elif last[0].state == RUNNING:
                self._decided[rule.name] = last[0].slot_at - timedelta(microseconds=1)
            else:
                self._decided[rule.name] = last[0].slot_at
        self._settle_at = now

    def _announce(self, coming: Sequence[Due]) -> None:
        log = self._machine.log
        if not coming:
            log.info("no slot comes next", account=self._machine.settings.account)
            return
        first = coming[0]
        together = [one.rule.name for one in coming if one.at == first.at]
        log.info("next slot", rules=together, slot=_iso(first.at), starts=_iso(first.starts))

    def _run_due(self) -> None:
        """Run every slot that is due, groups of one time together, the oldest first."""
        groups: dict[datetime, list[Rule]] = defaultdict(list)
        for rule in self._rules:
            try:
                at = self._take(rule)
            except TertibError as error:
                self._troubled = True
                self._trouble("slots unknown", error, rule=rule.name)
            else:
                if at is not None:
                    groups[at].append(rule)
        for at in sorted(groups):
            self._run(groups[at], at)

    def _take(self, rule: Rule) -> datetime | None:
        """Record a rule's missed slots, and open and return the one that is due, where it is ours to run."""
        machine, now = self._machine, self._machine.clock.now()
        at, missed = due(self._schedules[rule.name], self._decided[rule.name], now, rule.name)
        self._record_missed(rule, missed, now)
        if at is None:
            return None
        ours = machine.ledger.slot_open(machine.settings.account, rule.name, at, now)
        self._decided[rule.name] = at
        if not ours:
            machine.log.info("slot taken by another process", rule=rule.name, slot=_iso(at))
        return at if ours else None

    def _record_missed(self, rule: Rule, missed: Sequence[datetime], now: datetime) -> None:
        """Write missed slots down. Each is opened first: one that another process has is not missed."""
        machine, account = self._machine, self._machine.settings.account
        new = []
        for at in missed:
            if machine.ledger.slot_open(account, rule.name, at, now):
                machine.ledger.slot_close(account, rule.name, at, "missed", now, note=NOBODY_RAN)
                new.append(at)
            self._decided[rule.name] = at
        if new:
            machine.log.warning(
                "slots missed", rule=rule.name, count=len(new), first=_iso(new[0]), last=_iso(new[-1])
            )

    def _run(self, rules: Sequence[Rule], at: datetime) -> None:
        """Run the rules of one slot together and record how it ended, whatever happened."""
        log, names = self._machine.log, [rule.name for rule in rules]
        log.info("slot begins", rules=names, slot=_iso(at))
        try:
            self._machine.clock.heed()
            plan, run = self._pipeline(rules, at)
        except Stopped as stopped:
            self._close(names, at, "failed", str(stopped))
        except (AccountHalted, LeaseLost) as error:
            self._trouble("slot held", error, rules=names, slot=_iso(at))
            self._close(names, at, "held", str(error))
        except TertibError as error:
            self._trouble("slot failed", error, rules=names, slot=_iso(at))
            self._close(names, at, "failed", str(error))
        except Exception as error:  # noqa: BLE001 - a fault in one run must not end all runs to come
            self._trouble("slot failed", error, rules=names, slot=_iso(at))
            self._close(names, at, "failed", "internal error")
        else:
            self._report(plan, run, names, at)

    def _pipeline(self, rules: Sequence[Rule], at: datetime) -> tuple[Plan, Run]:
        machine = self._machine
        # one run for all rules of the slot: it goes by the first one's key, which is unique as well
        slot = slot_key(machine.settings.account, rules[0].name, at)
        means = replace(machine.means(), progress=self._heed)
        return pipeline.run([refreshed(rule) for rule in rules], means, machine.writer, slot=slot)

    def _heed(self, event: str, **_numbers: object) -> None:
        """End a reading once a stop was asked for; an apply asks between its requests by itself."""
        if event == "read":
            self._machine.clock.heed()

    def _report(self, plan: Plan, run: Run, names: Sequence[str], at: datetime) -> None:
        machine = self._machine
        outcomes = Counter(str(one.state) for one in run.outcomes)
        machine.log.info(
            "slot done",
            rules=list(names),
            slot=_iso(at),
            run=run.run_id,
            account=plan.account,
            orders=plan.orders_read,
            requests=plan.requests,
            planned=len(plan.changes),
            held=len(plan.held),
            sent=run.sent,
            outcomes=dict(outcomes),
        )
        if run.stopped:
            machine.log.warning("run stopped early", run=run.run_id, why=run.stopped)
        if outcomes[State.SENT]:
            self._settle_at = machine.clock.now() + machine.settings.settle
        for name in names:
            self._close([name], at, _ended(plan, name), run.stopped or "", run.run_id)

    def _close(
        self, names: Sequence[str], at: datetime, state: SlotState, note: str, run_id: str | None = None
    ) -> None:
        """Close slots; a ledger that fails here is logged, for the next run must still come."""
        machine = self._machine
        for name in names:
            try:
                now = machine.clock.now()
                machine.ledger.slot_close(
                    machine.settings.account, name, at, state, now, run_id=run_id, note=note
                )
            except TertibError as error:
                self._trouble("slot not closed", error, rule=name, slot=_iso(at))

    def _settle_due(self) -> None:
        """Read back what is due to be, and note when to look again."""
        machine, now = self._machine, self._machine.clock.now()
        if self._settle_at is None or now < self._settle_at or machine.clock.stopping:
            return
        try:
            settled = self._settle()
        except TertibError as error:
            self._trouble("settling failed", error)
            self._settle_at = now + SETTLE_AGAIN
            return
        for one in settled.outcomes:
            machine.log.info("settled", order=one.order_id, rule=one.rule, state=str(one.state), why=one.why)
        self._settle_at = settled.come_back_at or (now + machine.settings.settle if settled.waiting else None)

    def _settle(self) -> pipeline.Settled:
        return pipeline.settle(self._machine.means())

    def _trouble(self, event: str, error: Exception, **fields: Any) -> None:
        """Log an error: its message where it was raised on purpose, else its name alone, for it may quote anything."""
        if isinstance(error, TertibError):
            self._machine.log.error(event, why=str(error), hint=error.hint, **fields)
        else:
            self._machine.log.error(event, why=f"internal error: {type(error).__name__}", **fields)

    def _wait(self, coming: Sequence[Due]) -> None:
        now = self._machine.clock.now()
        times = [now + LONGEST_WAIT, *(one.starts for one in coming[:1])]
        times += [] if self._settle_at is None else [self._settle_at]
        shortest = AFTER_TROUBLE if self._troubled else timedelta()
        self._machine.clock.sleep(max(min(times) - now, shortest).total_seconds())


def _ended(plan: Plan, rule: str) -> SlotState:
    """Tell how a rule's slot ended: `held` where a limit, a conflict or an unread scan kept all its changes."""
    planned = any(one.rule == rule for one in plan.changes)
    kept = any(one.rule == rule and (one.order_id is None or one.code in HELD_WHOLE) for one in plan.held)
    return "held" if kept and not planned else "done"


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def serve(rules: Sequence[Rule], machine: Machine) -> None:
    """Run rules on their schedules until the machine's clock is told to stop."""
    Server(rules, machine).serve()
