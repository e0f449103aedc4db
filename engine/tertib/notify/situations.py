"""What the record says that people should know: each thing that goes on, and each run that did something.

Only the record is asked, after the fact: nothing is told of what was merely intended. Nothing in a situation is
personal: counts, money, names of rules, ids of plans and runs, and words that stand for a cause.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from tertib.ledger.approvals import EXPIRED, REPLACED, Approval, Approvals
from tertib.ledger.notices import Notice, Notices, RunFacts
from tertib.ledger.slots import Slot
from tertib.model import Notify, NotifyEvent
from tertib.plan.holds import LIMITS, UNINTENDED

WHOLE: Final = UNINTENDED - LIMITS
"""The codes, beside limits, for which all changes of a rule may be held."""

CURSOR: Final = "seen"
"""The key of the notice that says how far the record has been looked at; nobody is told of it."""

LOOK_BACK: Final = timedelta(minutes=10)
"""Slots are looked at again for so long: another machine's clock may be a little behind."""

_ENDED: Final = frozenset({"done", "held", "failed"})


class Telling(Protocol):
    """A ledger that knows what people were told of."""

    @property
    def notices(self) -> Notices:
        """Return what people were told, and what there is to tell."""
        ...

    @property
    def approvals(self) -> Approvals:
        """Return the plans that wait for a person."""
        ...


@dataclass(frozen=True, slots=True)
class Situation:
    """One thing to tell: its kind, a key under which it is the same thing later, and what the text may say of it.

    `sign` is another where it has become another thing, which is told anew.
    """

    kind: NotifyEvent
    key: str
    item: Mapping[str, Any] = field(default_factory=dict)
    money: Decimal | None = None
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What one look at the record has found.

    `going_on` are situations that last, `done` those of runs that are over, `ended` those that were told of and last
    no more, by key. `rules` are the rules that were looked at; of the others nothing new is known.
    """

    going_on: tuple[Situation, ...]
    done: tuple[Situation, ...]
    ended: Mapping[str, Situation]
    rules: frozenset[str]
    cursor: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an account's record at `now`. `known` are the rules that still have a schedule, None where nobody says."""

    ledger: Telling
    account: str
    terms: Notify
    standing: Mapping[str, Notice]
    now: datetime
    known: Collection[str] | None = None

    def look(self) -> Found:
        """Return what there is to tell."""
        seen = self._seen()
        runs = self.ledger.notices.runs_after(self.account, seen["epoch"])
        closed, last = self.ledger.notices.closed_rules(
            self.account, datetime.fromisoformat(seen["closed"]) - LOOK_BACK
        )
        asked = {one for key in self.standing for one in self._rules_of(key)}
        rules = (closed | asked) if self.known is None else (closed | asked) & set(self.known)
        waiting = self.ledger.approvals.waiting(self.account, self.now)
        lasts = {rule: slots for rule in rules if (slots := self._slots(rule))}
        going_on = [
            *self._approvals(waiting),
            *self._unknown(),
            *self._token(lasts, runs),
            *self._of_rules(lasts, {rule for one in waiting for rule in one.asked.rules}),
        ]
        newest = max((one.epoch for one in runs), default=seen["epoch"])
        ended = {key: one for key in self.standing if (one := self._end_of(key)) is not None}
        cursor = {"epoch": newest, "closed": max(seen["closed"], _iso(last))}
        # of a rule that a rejected token kept from running, nothing else is known
        told_of = frozenset(rule for rule, slots in lasts.items() if slots[0].cause != "token")
        return Found(tuple(going_on), tuple(_applied(runs)), ended, told_of, cursor)

    def _seen(self) -> Mapping[str, Any]:
        """Return how far the record was looked at; at the first look, what is past is past."""
        if CURSOR in self.standing:
            return self.standing[CURSOR].detail
        return {"epoch": self.ledger.notices.last_epoch(self.account), "closed": _iso(self.now)}

    @staticmethod
    def _rules_of(key: str) -> Iterator[str]:
        kind, _, rule = key.partition(":")
        if kind in {"failing", "held", "limit", "idle"}:
            yield rule

    # --- what waits, and what is unknown ----------------------------------------------------------------

    def _approvals(self, waiting: Sequence[Approval]) -> Iterator[Situation]:
        """Yield what waits for a yes or no, by rules: a later plan of the same ones is the same thing to decide."""
        for one in waiting:
            key = f"approval:{','.join(one.asked.rules)}"
            item = {
                "plan": one.asked.plan_id,
                "rules": one.asked.rules,
                "count": one.asked.changes,
                "until": one.asked.expires_at,
            }
            yield Situation(
                "approval", key, item, Decimal(one.asked.value), self._sign(key, one.asked.plan_id)
            )

    def _sign(self, key: str, plan_id: str) -> str:
        """Return the plan that people were first told of, while later ones took its place; else this one."""
        told = self.standing.get(key)
        first, last = (told.detail.get("sign", ""), told.detail.get("plan", "")) if told else ("", "")
        if not last or last == plan_id:
            return first or plan_id
        before = self.ledger.approvals.of(self.account, last, self.now)
        return first if before is not None and before.state in {REPLACED, EXPIRED} else plan_id

    def _unknown(self) -> Iterator[Situation]:
        for one in self.ledger.notices.unknown(self.account):
            item = {"run": one.run_id, "count": one.orders, "due": one.due_at}
            yield Situation("unknown", f"unknown:{one.run_id}", item, one.money)

    # --- the token --------------------------------------------------------------------------------------

    def _token(self, lasts: Mapping[str, Sequence[Slot]], runs: Sequence[RunFacts]) -> Iterator[Situation]:
        """Yield that the token is rejected: for reading, or for changing orders, until something shows otherwise."""
        ended = [one for slots in lasts.values() for one in slots if one.closed_at is not None]
        last = max(ended, key=lambda one: (one.closed_at, one.rule), default=None)
        writes = [one.refused_token for one in runs if one.refused_token is not None]
        told = self.standing.get("token")
        before = str(told.detail.get("sign", "")) if told else ""
        if last is not None and last.cause == "token":
            yield Situation("token", "token", {"where": "read"}, sign="read")
        elif (writes and writes[-1]) or (before == "write" and not writes):
            yield Situation("token", "token", {"where": "write"}, sign="write")
        elif before == "read" and (last is None or last.state == "failed"):
            yield Situation("token", "token", {"where": "read"}, sign="read")

    # --- rules ------------------------------------------------------------------------------------------

    def _slots(self, rule: str) -> tuple[Slot, ...]:
        """Return a rule's last slots that say something of it: those that ran, and were not stopped by a person."""
        # skipped and missed slots lie between; asking for a few more keeps enough of the others
        found = self.ledger.notices.slots(self.account, rule, 2 * self.terms.idle_slots)
        return tuple(one for one in found if one.state in _ENDED and one.cause != "stopped")

    def _of_rules(self, lasts: Mapping[str, Sequence[Slot]], waiting: Collection[str]) -> Iterator[Situation]:
        for rule, slots in sorted(lasts.items()):
            if slots[0].cause == "token":
                continue
            if slots[0].state == "failed":
                yield _failing(rule, slots)
            elif slots[0].state == "held":
                yield from self._held(rule, slots, waiting)
            else:
                yield from self._idle(rule, slots)

    def _held(self, rule: str, slots: Sequence[Slot], waiting: Collection[str]) -> Iterator[Situation]:
        """Yield what held all changes of a rule; a plan that waits for a person says as much already."""
        last = slots[0]
        codes = () if last.cause else self.ledger.notices.held_since(self.account, rule, last.opened_at)
        limits = [code for code in codes if code in LIMITS]
        others = [code for code in codes if code in WHOLE]
        if limits and rule not in waiting:
            yield Situation("limit", f"limit:{rule}", {"rule": rule, "why": limits[0]}, sign=limits[0])
        elif not limits:
            why = last.cause or next(iter(others), "unfinished")
            if why == "paused":
                return  # whoever paused it knows
            yield Situation("held", f"held:{rule}", {"rule": rule, "why": why}, sign=why)

    def _idle(self, rule: str, slots: Sequence[Slot]) -> Iterator[Situation]:
        recent = slots[: self.terms.idle_slots]
        runs = [one.run_id for one in recent if one.run_id is not None and one.state == "done"]
        if len(runs) == self.terms.idle_slots:
            count = self.ledger.notices.in_vain(rule, runs)
            if count == len(runs):
                yield Situation("idle", f"idle:{rule}", {"rule": rule, "count": count})

    # --- what is over -----------------------------------------------------------------------------------

    def _end_of(self, key: str) -> Situation | None:
        """Return how something ended that people should hear the end of; None for what ends silently."""
        kind, _, rest = key.partition(":")
        if kind == "unknown":
            facts = self.ledger.notices.run(rest)
            states: Mapping[str, int] = {} if facts is None else facts.states
            item = {
                "run": rest,
                "done": states.get("confirmed_by_readback", 0),
                "not_done": states.get("not_applied", 0),
                "untold": states.get("held", 0),
            }
            return Situation("unknown", key, item)
        if kind == "failing":
            return Situation("failing", key, {"rule": rest})
        return Situation("token", key) if kind == "token" else None


def _failing(rule: str, slots: Sequence[Slot]) -> Situation:
    count = next((place for place, one in enumerate(slots) if one.state != "failed"), len(slots))
    why = slots[0].cause or "unfinished"
    return Situation("failing", f"failing:{rule}", {"rule": rule, "count": count, "why": why})


def _applied(runs: Sequence[RunFacts]) -> Iterator[Situation]:
    for one in runs:
        count = sum(one.done.values())
        if count:
            rules = tuple(sorted(one.done))
            kind = "undo" if one.kind == "undo" else "run"
            item = {"run": one.run_id, "rules": rules, "count": count, "how": kind}
            yield Situation("applied", f"applied:{one.run_id}", item, one.money)


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="microseconds")
