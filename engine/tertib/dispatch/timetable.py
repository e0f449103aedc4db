"""How far each rule of an account has come on its schedule, and what becomes of the slots that pass.

Every slot ends: it is run, or written down as missed, skipped or failed with the reason. A rule that was changed or
taken away leaves no slot behind of which nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tertib.dispatch.needs import Log, SlotLedger
from tertib.dispatch.rulebook import Edition
from tertib.ledger.anchors import times
from tertib.ledger.slots import DUE, Slot, SlotState
from tertib.model import Rule, Schedule
from tertib.sayings import N_, said
from tertib.schedule import due, jitter, next_slot

RUNNING: Final = "running"
"""The state of a slot whose run is at work, or was when its process ended."""

_MOMENT: Final = timedelta(microseconds=1)

NOBODY_RAN: Final = N_("nothing ran when it was due")
RESCHEDULED: Final = N_("the rule's schedule was changed when it was due")
TAKEN_AWAY: Final = N_("the rule was taken away when it was due")


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


class _Unrun(NamedTuple):
    """A slot for which nothing runs."""

    at: datetime
    state: SlotState
    note: str


class Timetable:
    """One account's rules that have a schedule; all others are passed over."""

    def __init__(
        self,
        rules: Iterable[Rule],
        account: str,
        ledger: SlotLedger,
        log: Log,
        *,
        whole: bool = False,
        enrolled: bool = False,
    ) -> None:
        """Take the rules as they are.

        `whole` says that these are all rules of the account: any other was taken away. `enrolled` says that somebody
        else puts on record since when slots count, for all machines alike.
        """
        self._rules = _scheduled(rules)
        self._account, self._ledger, self._log = account, ledger, log
        self._whole, self._enrolled = whole, enrolled
        self._decided: dict[str, datetime] = {}
        self._broken: dict[str, str] = {}

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the rules, in the order in which they came."""
        return tuple(self._rules.values())

    def begin(self, now: datetime, announced: Sequence[Slot] = ()) -> None:
        """Take up each rule where the ledger says it was left, and close the slots that nobody takes up.

        A rule's last slot that is still `running` is looked at again: where its process is gone, it is free. So is the
        oldest of a rule that was announced to all machines and not taken. Slots from before a rule's schedule was what
        it is are nobody's.
        """
        taken_up = set()
        since = self._since(self._rules, now, gone=lambda _: self._whole)
        for name in self._rules:
            last = next(iter(self._ledger.slots(self._account, name, 1)), None)
            self._decided[name] = since[name] if last is None else max(last.slot_at, since[name])
            if last is None or last.slot_at <= since[name]:
                continue
            if last.run_id is None and last.state in {RUNNING, DUE}:
                self._decided[name] -= _MOMENT
                taken_up.add(last.key)
        for slot in announced:
            if slot.rule in self._decided and slot.slot_at > since[slot.rule]:
                self._decided[slot.rule] = min(slot.slot_at - _MOMENT, self._decided[slot.rule])
        self._close_orphans(now, taken_up)

    def take_up_orphans(self, now: datetime) -> None:
        """Take up what a process left that ended beside this one, as `begin` does, and close what nobody takes up.

        Only a rule's latest slot is taken up, and only where no run of it began.
        """
        left = self._ledger.orphans(self._account, now)
        taken_up = set()
        for slot in left:
            if slot.run_id is None and self._is_latest(slot):
                self._decided[slot.rule] = min(slot.slot_at - _MOMENT, self._decided[slot.rule])
                taken_up.add(slot.key)
        if len(taken_up) < len(left):
            self._close_orphans(now, taken_up)

    def _is_latest(self, slot: Slot) -> bool:
        """Tell whether nothing was decided of the slot's rule after it: no later slot, and no other schedule."""
        decided = self._decided.get(slot.rule)
        return decided is not None and decided <= slot.slot_at

    def _close_orphans(self, now: datetime, but: Collection[str]) -> None:
        for slot in self._ledger.close_orphans(self._account, now, but):
            told = {"rule": slot.rule, "slot": iso(slot.slot_at), "state": slot.state, "why": slot.note}
            self._log.warning("slot of an ended process closed", **told)

    def _since(
        self,
        rules: Mapping[str, Rule],
        now: datetime,
        *,
        gone: Callable[[str], bool],
        anew: Collection[str] = (),
    ) -> Mapping[str, datetime]:
        """Return since when the slots of these rules count, and see that it is on record."""
        wanted = {name: times(_schedule(rule)) for name, rule in rules.items()}
        if self._enrolled:
            return self._ledger.anchors.of(self._account, wanted, now)
        return self._ledger.anchors.keep(self._account, wanted, now, gone=gone, anew=anew)

    def give_up(self, announced: Iterable[Slot], now: datetime) -> None:
        """Write down, of slots that were announced, those of rules or schedules that are gone, and those passed over."""
        for slot in announced:
            rule = self._rules.get(slot.rule)
            if rule is None:
                unrun = _Unrun(slot.slot_at, "skipped", TAKEN_AWAY)
            elif next_slot(_schedule(rule), slot.slot_at - _MOMENT) != slot.slot_at:
                unrun = _Unrun(slot.slot_at, "skipped", RESCHEDULED)
            elif slot.slot_at <= self._decided[slot.rule]:
                unrun = _Unrun(slot.slot_at, "missed", NOBODY_RAN)
            else:
                continue
            if self._ledger.slot_pass(self._account, slot.rule, unrun.at, unrun.state, now, note=unrun.note):
                self._tell(slot.rule, [unrun])

    def upcoming(self) -> list[Due]:
        """Return the next slot of every rule, the soonest to start first."""
        coming = []
        for rule in self._rules.values():
            at = next_slot(_schedule(rule), self._decided[rule.name])
            if at is not None:
                coming.append(Due(rule, at))
        return sorted(coming, key=lambda one: (one.starts, one.rule.name))

    def take(self, rule: Rule, now: datetime) -> datetime | None:
        """Write down what nothing runs for, and open and return the slot that is due, where it is ours to run."""
        passed = due(_schedule(rule), self._decided[rule.name], now, rule.name)
        missed = said(
            "%(why)s, nor for any other since %(time)s", why=NOBODY_RAN, time=iso(self._decided[rule.name])
        )
        notes = [missed if passed.cut else NOBODY_RAN, *[NOBODY_RAN] * len(passed.missed)]
        unrun = [_Unrun(at, "missed", note) for at, note in zip(passed.missed, notes, strict=False)]
        unrun += [_Unrun(at, "skipped", why) for at, why in passed.skipped]
        at, kept = passed.run, None
        if at is not None and (kept := self._kept_from(Due(rule, at), now)) is not None:
            unrun.append(_Unrun(at, *kept))
        self._write_down(rule.name, unrun, now)
        return None if at is None or kept is not None else self._open(rule.name, at, now)

    def _kept_from(self, slot: Due, now: datetime) -> tuple[SlotState, str] | None:
        """Return how a slot ends where its rule may not run, or was paused when the slot was due; None where it may."""
        rule = slot.rule.name
        if rule in self._broken:
            return "failed", said("the rule does not load: %(why)s", why=self._broken[rule])
        standing = self._ledger.pauses(self._account, now)
        pauses = [*standing, *self._ledger.pauses_at(self._account, slot.starts)]
        told = next((one.told for one in pauses if one.rule in {None, rule}), None)
        return None if told is None else ("skipped", told)

    def _open(self, rule: str, at: datetime, now: datetime) -> datetime | None:
        ours = self._ledger.slot_open(self._account, rule, at, now)
        self._decided[rule] = max(at, self._decided[rule])
        if not ours:
            self._log.info("slot taken by another process", rule=rule, slot=iso(at))
        return at if ours else None

    def _write_down(self, rule: str, slots: Iterable[_Unrun], now: datetime) -> None:
        """Write slots down, the oldest first; one that another process has is its own to close."""
        new = []
        for slot in sorted(slots):
            at, state, note = slot
            if self._ledger.slot_pass(self._account, rule, at, state, now, note=note):
                new.append(slot)
            self._decided[rule] = at
        for state in ("missed", "skipped", "failed"):
            self._tell(rule, [slot for slot in new if slot.state == state])

    def _tell(self, rule: str, slots: Sequence[_Unrun]) -> None:
        if slots:
            first, last = slots[0], slots[-1]
            event, span = f"slots {first.state}", {"first": iso(first.at), "last": iso(last.at)}
            told = self._log.error if first.state == "failed" else self._log.warning
            told(event, rule=rule, count=len(slots), why=last.note, **span)

    # --- rules that change ------------------------------------------------------------------------------

    def adopt(self, edition: Edition, now: datetime) -> None:
        """Go on with the rules as their files are now; what fails on the way may be done again.

        A changed rule keeps its place on its schedule; where its slots come at other times, they count from then on, as
        those of a new rule do. A rule that does not load keeps its schedule, and its slots fail.
        """
        self._tell_broken(edition.broken)
        found = _scheduled(edition.rules)
        standing = {name: rule for name, rule in self._rules.items() if name not in self._broken}
        left = standing.keys() - found.keys()
        since = self._since(found, now, gone=left.__contains__, anew=found.keys() - self._rules.keys())
        for name in left:
            self._give_up(standing[name], TAKEN_AWAY, now, now)
            del self._rules[name], self._decided[name]
            self._log.info("rule taken away", rule=name)
        for name, rule in found.items():
            known = self._rules.get(name)
            if known is None:
                self._decided[name] = since[name]
            elif times(_schedule(known)) != times(_schedule(rule)):
                self._give_up(known, RESCHEDULED, since[name], now)
                self._decided[name] = since[name]
            self._rules[name] = rule
            if known is None or known.hash != rule.hash or known.schedule != rule.schedule:
                self._log.info("rule changed" if known else "rule added", rule=name, hash=rule.hash)

    def _tell_broken(self, broken: dict[str, str]) -> None:
        for name, why in broken.items():
            if self._broken.get(name) != why:
                self._log.error("rule does not load", rule=name, why=why)
        self._broken = dict(broken)

    def _give_up(self, rule: Rule, why: str, until: datetime, now: datetime) -> None:
        """Write down what was due on a schedule that held until an instant."""
        passed = due(_schedule(rule), self._decided[rule.name], until, rule.name)
        late = [*passed.missed, *([passed.run] if passed.run else [])]
        unrun = [_Unrun(at, "skipped", why) for at in late]
        unrun += [_Unrun(at, "skipped", reason) for at, reason in passed.skipped]
        self._write_down(rule.name, unrun, now)


def _scheduled(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules if rule.enabled and rule.schedule is not None}


def _schedule(rule: Rule) -> Schedule:
    if rule.schedule is None:
        raise ValueError(rule.name)
    return rule.schedule


def iso(at: datetime) -> str:
    """Write an instant as logs do."""
    return at.isoformat().replace("+00:00", "Z")
