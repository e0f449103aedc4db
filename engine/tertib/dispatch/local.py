"""Run rules on their schedules on one machine, until asked to stop.

Each slot is opened in the ledger before anything is read: whoever opens it first runs it, and nobody runs it
twice. Rules that are due for the same slot are planned together, so that they share scans and priorities bind.

An account has a `Machine` (what it works with) and a `Server` (its rules, and how far each has come). Its rules run one
slot after the other; `serve` gives several accounts their turns at the same time, so that one whose requests are used up
for the hour keeps none of the others waiting. What fails in a turn is that account's trouble alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor
from concurrent.futures import wait as all_ended
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Semaphore
from typing import Any, Final

from tertib import pipeline
from tertib.clock import Stopped
from tertib.dispatch import approved
from tertib.dispatch.needs import EndableClock, Log, SlotLedger, StoppableClock
from tertib.dispatch.rulebook import Edition
from tertib.dispatch.timetable import NOBODY_RAN, RUNNING, Due, Timetable, iso
from tertib.errors import (
    AccountHalted,
    CredentialError,
    LeaseLost,
    LedgerError,
    Paused,
    ReadError,
    RuleError,
    SlotLost,
    TertibError,
)
from tertib.language.personal import Mask
from tertib.ledger.slots import Cause, Slot, SlotState, slot_key
from tertib.load import refreshed
from tertib.model import Held, Plan, Rule, Run, Settings, State
from tertib.plan.holds import UNINTENDED
from tertib.plan.limits import waiting
from tertib.ports import Reader, Writer
from tertib.sayings import said

__all__ = [
    "AFTER_TROUBLE",
    "LONGEST_WAIT",
    "NOBODY_RAN",
    "RUNNING",
    "SETTLE_AGAIN",
    "Due",
    "Log",
    "Machine",
    "Server",
    "SlotLedger",
    "StoppableClock",
    "serve",
]

LONGEST_WAIT: Final = timedelta(minutes=1)
"""How long is waited at a time: a machine that slept, or whose clock was set, is noticed within it."""

SETTLE_AGAIN: Final = timedelta(minutes=1)
"""How soon reading back is tried again where it failed or told nothing."""

AFTER_TROUBLE: Final = timedelta(seconds=5)
"""How long is waited where the ledger did not answer, before it is asked again."""

_NAP: Final = 0.5
"""Seconds that pass at most until a signal is heeded where several accounts are attended to."""

AT_ONCE: Final = 8
"""How many accounts take their turns at the same time; for more of them there is `tertib worker`."""

CAUSES: Final[Mapping[type[Exception], Cause]] = {
    Stopped: "stopped",
    CredentialError: "token",
    AccountHalted: "halted",
    LeaseLost: "busy",
    LedgerError: "ledger",
    ReadError: "reading",
    RuleError: "rule",
}
"""In a word why a slot had no run of its own; the first that fits, anything else is `internal`."""


def _nobody() -> None:
    """Tell nobody."""


def _nobody_of(_upcoming: Sequence[Due]) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What serving one account works with.

    `reader` and `writer` are asked for anew by every run: a token that cannot be used fails the slots that need it,
    and the slot after it was mended runs. `alive` is called wherever the work goes on, `turned` after every turn with
    what comes next; what they do must not take long, and what they raise is logged.
    """

    settings: Settings
    reader: Callable[[], Reader]
    writer: Callable[[], Writer]
    ledger: SlotLedger
    clock: StoppableClock
    mask: Mask
    log: Log
    alive: Callable[[], None] = _nobody
    turned: Callable[[Sequence[Due]], None] = _nobody_of

    def means(self) -> pipeline.Means:
        """Return what a run is planned with; it asks the machine's clock whether to stop.

        Raises `CredentialError` where the account's token cannot be used.
        """
        return pipeline.Means(
            self.settings,
            self.reader(),
            self.ledger,
            self.clock,
            self.mask,
            stopping=lambda: self.clock.stopping,
        )


@dataclass(frozen=True, slots=True)
class _Closing:
    """How a rule's slot ended, until the ledger has it."""

    rule: str
    at: datetime
    state: SlotState
    note: str
    run_id: str | None
    cause: Cause | None


class Server:
    """One account's rules with their schedules, and how far each has come."""

    def __init__(
        self,
        rules: Sequence[Rule],
        machine: Machine,
        renewed: Callable[[], Edition | None] = lambda: None,
        *,
        whole: bool = False,
        enrolled: bool = False,
    ) -> None:
        """Take the rules as they are; `renewed` is asked at every turn for what their files say since.

        `whole` and `enrolled` are the timetable's.
        """
        self._machine = machine
        self._renewed = renewed
        self._edition: Edition | None = None
        self._timetable = Timetable(
            rules, machine.settings.account, machine.ledger, machine.log, whole=whole, enrolled=enrolled
        )
        self._settle_at: datetime | None = None
        self._announced: Sequence[Due] | None = None
        self._troubled = False
        self._unclosed: list[_Closing] = []

    def begin(self, now: datetime, announced: Sequence[Slot] = ()) -> None:
        """Take up each rule where the ledger says it was left, and look for outcomes to read back at once.

        `announced` are the slots that wait for any machine to take them.
        """
        self._timetable.begin(now, announced)
        self._settle_at = now

    def give_up(self, announced: Sequence[Slot], now: datetime) -> None:
        """Write down, of slots that were announced, those that no turn will take."""
        self._timetable.give_up(announced, now)

    def close_again(self) -> bool:
        """Close the slots whose closing failed before, each as it ended; return whether none is left."""
        unclosed, self._unclosed = self._unclosed, []
        for closing in unclosed:
            self._write(closing)
        return not self._unclosed

    @property
    def settles_at(self) -> datetime | None:
        """Return when outcomes are to be read back, None where none is unknown."""
        return self._settle_at

    def turn(self) -> None:
        """Run what is due and read back what is due to be; what fails is logged, recorded, and ends nothing else."""
        self._troubled = False
        self._machine.alive()
        try:
            self.close_again()
            self._renew()
            self._timetable.take_up_orphans(self._machine.clock.now())
            self._run_due()
            self._apply_approved()
            self._settle_due()
        except Exception as error:  # noqa: BLE001 - a fault in one account must not end the others
            self._troubled = True
            self._trouble("turn failed", error)
        self._announce()
        self._tell()

    def wakes_at(self, now: datetime) -> datetime:
        """Return when there is something to do again, as far as can be told at `now`."""
        times = [now + LONGEST_WAIT, *(one.starts for one in self.upcoming()[:1])]
        times += [] if self._settle_at is None else [self._settle_at]
        return max(min(times), now + AFTER_TROUBLE if self._troubled else now)

    def end(self) -> None:
        """Log that no further turn comes."""
        self._machine.log.info("stopped", account=self._machine.settings.account)

    def upcoming(self) -> list[Due]:
        """Return the next slot of every rule, the soonest to start first."""
        return self._timetable.upcoming()

    # --- one turn of the loop ---------------------------------------------------------------------------

    def _tell(self) -> None:
        """Tell whoever watches that a turn ended; their trouble is none of the rules'."""
        try:
            self._machine.turned(self.upcoming())
        except Exception as error:  # noqa: BLE001 - nobody who watches may stop what is watched
            self._trouble("telling failed", error)

    def _announce(self) -> None:
        """Log what comes next, where that is something new."""
        log, coming = self._machine.log, self.upcoming()
        if coming[:1] == self._announced or self._machine.clock.stopping:
            return
        self._announced = coming[:1]
        if not coming:
            log.info("no slot comes next", account=self._machine.settings.account)
            return
        first = coming[0]
        together = [one.rule.name for one in coming if one.at == first.at]
        log.info("next slot", rules=together, slot=iso(first.at), starts=iso(first.starts))

    def _renew(self) -> None:
        """Take over what the rules' files say, where they changed; nothing runs before that has worked."""
        self._edition = self._renewed() or self._edition
        if self._edition is not None:
            self._timetable.adopt(self._edition, self._machine.clock.now())
            self._edition = None

    def _run_due(self) -> None:
        """Run every slot that is due, groups of one time together, the oldest first."""
        groups: dict[datetime, list[Rule]] = defaultdict(list)
        for rule in self._timetable.rules:
            try:
                at = self._timetable.take(rule, self._machine.clock.now())
            except TertibError as error:
                self._troubled = True
                self._trouble("slots unknown", error, rule=rule.name)
            else:
                if at is not None:
                    groups[at].append(rule)
        for at in sorted(groups):
            self._run(groups[at], at)

    def _run(self, rules: Sequence[Rule], at: datetime) -> None:
        """Run the rules of one slot together and record how it ended, whatever happened."""
        log, names = self._machine.log, [rule.name for rule in rules]
        log.info("slot begins", rules=names, slot=iso(at))
        try:
            self._machine.clock.heed()
            plan, run = self._pipeline(rules, at)
        except Stopped as stopped:
            self._close(names, at, "failed", str(stopped), cause="stopped")
        except Paused as paused:
            self._close(names, at, "skipped", str(paused))
        except (AccountHalted, LeaseLost) as error:
            self._trouble("slot held", error, rules=names, slot=iso(at))
            self._close(names, at, "held", str(error), cause=cause_of(error))
        except TertibError as error:
            self._trouble("slot failed", error, rules=names, slot=iso(at))
            self._close(names, at, "failed", str(error), cause=cause_of(error))
        except Exception as error:  # noqa: BLE001 - a fault in one run must not end all runs to come
            self._trouble("slot failed", error, rules=names, slot=iso(at))
            self._close(names, at, "failed", "internal error", cause=cause_of(error))
        else:
            self._report(plan, run, names, at)
            return
        self._come_back()

    def _apply_approved(self) -> None:
        """Apply what people said yes to since the last turn; what another process is at work on waits for the next."""
        machine = self._machine
        for approval in approved.due(machine.ledger, machine.settings.account, machine.clock.now()):
            told = {"plan": approval.asked.plan_id, "rules": list(approval.asked.rules)}
            try:
                machine.clock.heed()
                run = approved.carry_out(approval, machine.ledger, machine.means(), machine.writer())
            except Stopped:
                return
            except TertibError as error:
                self._trouble("approved plan not applied", error, **told)
                self._come_back()
            else:
                machine.log.info("approved plan applied", run=run.run_id, sent=run.sent, **told)
                self._come_back_for(run)

    def _come_back_for(self, run: Run) -> None:
        """Note when the outcomes that a run left unknown may be read back."""
        if any(one.state is State.SENT for one in run.outcomes):
            self._come_back()

    def _come_back(self) -> None:
        """Read back once the time to settle has passed, or sooner where that was to be: what failed may have sent something."""
        then = self._machine.clock.now() + self._machine.settings.settle
        self._settle_at = then if self._settle_at is None else min(then, self._settle_at)

    def _pipeline(self, rules: Sequence[Rule], at: datetime) -> tuple[Plan, Run]:
        machine = self._machine
        slots = [slot_key(machine.settings.account, rule.name, at) for rule in rules]
        means = replace(machine.means(), progress=self._heed)
        return pipeline.run([refreshed(rule) for rule in rules], means, machine.writer(), slots=slots)

    def _heed(self, event: str, **_numbers: object) -> None:
        """End a reading once a stop was asked for; an apply asks between its requests by itself."""
        self._machine.alive()
        if event == "read":
            self._machine.clock.heed()

    def _report(self, plan: Plan, run: Run, names: Sequence[str], at: datetime) -> None:
        machine = self._machine
        outcomes = Counter(str(one.state) for one in run.outcomes)
        machine.log.info(
            "slot done",
            rules=list(names),
            slot=iso(at),
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
            machine.log.warning("run stopped early", slot=iso(at), run=run.run_id, why=run.stopped)
        self._come_back_for(run)
        for name in names:
            self._close([name], at, _ended(plan, run, name), _why(plan, run, name), run.run_id)

    def _close(
        self,
        names: Sequence[str],
        at: datetime,
        state: SlotState,
        note: str,
        run_id: str | None = None,
        *,
        cause: Cause | None = None,
    ) -> None:
        """Close slots; a ledger that fails here is logged, for the next run must still come."""
        for name in names:
            self._write(_Closing(name, at, state, note, run_id, cause))

    def _write(self, closing: _Closing) -> None:
        """Write down how a slot ended; where that fails it is kept for `close_again`, unless the slot is lost to another."""
        machine = self._machine
        try:
            machine.ledger.slot_close(
                machine.settings.account,
                closing.rule,
                closing.at,
                closing.state,
                machine.clock.now(),
                run_id=closing.run_id,
                note=closing.note,
                cause=closing.cause,
            )
        except TertibError as error:
            if not isinstance(error, SlotLost):
                self._unclosed.append(closing)
            self._trouble("slot not closed", error, rule=closing.rule, slot=iso(closing.at))

    def _settle_due(self) -> None:
        """Read back what is due to be, and note when to look again."""
        machine, now = self._machine, self._machine.clock.now()
        if self._settle_at is None or now < self._settle_at or machine.clock.stopping:
            return
        try:
            if not machine.ledger.unsettled(machine.settings.account):
                self._settle_at = None
                return
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
            self._machine.log.error(
                event, why=said("internal error: %(kind)s", kind=type(error).__name__), **fields
            )


def cause_of(error: Exception) -> Cause:
    """Say in a word why a slot had no run of its own."""
    return next((cause for kind, cause in CAUSES.items() if isinstance(error, kind)), "internal")


def _ended(plan: Plan, run: Run, rule: str) -> SlotState:
    """Tell how a rule's slot ended: `held` where a limit, a conflict or an unread scan kept all its changes.

    So it is where a pause, or a run that stopped early, kept some of them.
    """
    left = (one for one in run.outcomes if one.rule == rule)
    if any(one.code == "paused" or one.state is State.ABANDONED for one in left):
        return "held"
    planned = any(one.rule == rule for one in plan.changes)
    return "held" if _kept(plan, rule) and not planned else "done"


def _kept(plan: Plan, rule: str) -> list[Held]:
    """Return what of a plan was kept back from a rule against its intention, or for a scan that was not read."""
    return [one for one in plan.held if one.rule == rule and (one.order_id is None or one.code in UNINTENDED)]


Wait = Callable[[float], None]
"""Waits so many seconds, or until there may be something to do."""


def serve(servers: Sequence[Server], clock: EndableClock, waiter: Callable[[], Wait] | None = None) -> None:
    """Give every account its turns, each when something comes next there, and return once a stop was asked for.

    `waiter` returns what takes the place of the clock's sleep for one account, where it may be woken before its next
    slot comes. A run that fails is logged and its slots are recorded as failed; the loop goes on, for its account too.
    """
    for one in servers:
        one.begin(clock.now())
    waits = [waiter() if waiter is not None else clock.sleep for _ in servers]
    turns = Semaphore(AT_ONCE)
    if len(servers) == 1:
        _attend(servers[0], clock, waits[0], turns)
    else:
        _attend_all(servers, clock, waits, turns)
    for one in servers:
        one.end()


def _attend_all(
    servers: Sequence[Server], clock: EndableClock, waits: Sequence[Wait], turns: Semaphore
) -> None:
    """Attend to each account in a thread of its own; a fault in one that is none of its rules' ends them all."""
    with ThreadPoolExecutor(len(servers), thread_name_prefix="account") as pool:
        under_way = {
            pool.submit(_attend, one, clock, wait, turns) for one, wait in zip(servers, waits, strict=True)
        }
        try:
            while under_way:  # in short waits: a signal that comes just before one does not wake it
                done, under_way = all_ended(under_way, timeout=_NAP, return_when=FIRST_EXCEPTION)
                for ended in done:
                    ended.result()
        except BaseException:
            clock.stop()
            raise


def _attend(server: Server, clock: StoppableClock, wait: Wait, turns: Semaphore) -> None:
    while not clock.stopping:
        with turns:
            if not clock.stopping:
                server.turn()
        now = clock.now()
        wait((server.wakes_at(now) - now).total_seconds())


def _why(plan: Plan, run: Run, rule: str) -> str:
    """Say why a rule's slot did not end as it was meant to: why the run stopped, or the first of what held the rule."""
    if run.stopped or _ended(plan, run, rule) == "done":
        return run.stopped or ""
    held = _kept(plan, rule)
    left = [one.why for one in run.outcomes if one.rule == rule and one.code in UNINTENDED]
    return next(iter([*waiting(held), *(one.why for one in held), *left]), "")
