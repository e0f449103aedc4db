"""Carry out planned changes: read again what is stale, record the intent, send once, record the answer.

The order of steps is the safety of the product. For each batch: the lease is renewed, stale orders are read and
judged again, limits are counted again, a turn in the rate limit is awaited, the ledger moves the changes from
`planned` to `sent` and commits, age is checked once more, and only then a socket opens, for exactly the ids that
the ledger returned. What people pause or put on hold meanwhile is asked for before each batch and after its turn, and
once more by the ledger in the step that lets changes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from tertib.apply.reread import Reading, by_scans_is_cheaper, judge_again, read_one, read_scans
from tertib.apply.sending import must_stop, outcome, outcomes_of
from tertib.apply.watch import Watch
from tertib.compile import Program
from tertib.errors import LedgerError, Paused, ReadError
from tertib.model import Answer, Change, Held, Outcome, Plan, RuleTally, State
from tertib.plan.limits import UNCOUNTED, of_all_rules, over_limit, sent_by, unvalued
from tertib.plan.pauses import paused, whole
from tertib.plan.propose import contract_for, repeats_status
from tertib.plan.vetoes import Facts, recorded_veto
from tertib.ports import Claim, Clock, Ledger, Reader, Writer
from tertib.record import change_document, is_masked, masked
from tertib.sayings import N_, said
from tertib.scalev import contract
from tertib.tracing import traced

IMMEDIATELY = timedelta(seconds=5)
"""How old a reading may be where the present status is written back (`seeds`, payment only)."""

JUST_NOW = timedelta(seconds=1)
"""How long a reading made for this very request counts, however short `max_read_age` is."""

LONG_WAIT = 1.0
"""After so many seconds of waiting for a turn the lease is renewed: it may be shorter than the wait."""

Progress = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Ports:
    """What applying needs from outside; `watch` began before the first reading that counts."""

    reader: Reader
    writer: Writer
    ledger: Ledger
    clock: Clock
    watch: Watch
    stopping: Callable[[], bool] = lambda: False
    progress: Progress = lambda *_args, **_numbers: None


@dataclass(slots=True)
class Applying:
    """One apply under way: what may still go, what became of the rest, and why nothing more goes."""

    run_id: str
    plan: Plan
    program: Program
    facts: Facts
    ports: Ports
    going: dict[str, Change]
    readings: dict[str, Reading] = field(default_factory=dict)
    distrusted: set[str] = field(default_factory=set)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    refused_bodies: set[str] = field(default_factory=set)
    stopped: str | None = None

    def close(self, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes that sent nothing."""
        if not outcomes:
            return
        self.ports.ledger.conclude(self.run_id, outcomes, self.ports.clock.now())
        self.note(outcomes)

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Remember outcomes; all but `planned` and the sent ones leave what may still go."""
        for one in outcomes:
            key = str(one.id)
            if one.state is State.PLANNED:
                continue
            self.outcomes[key] = one
            if key not in self.sent:
                self.going.pop(key, None)


def apply_changes(
    run_id: str, plan: Plan, changes: Sequence[Change], *, program: Program, facts: Facts, ports: Ports
) -> Applying:
    """Apply the picked changes of a plan under an open run; return what became of each of them."""
    ports.ledger.intend(
        run_id, changes, [change_document(one, facts.mask) for one in changes], ports.clock.now()
    )
    state = Applying(
        run_id, plan, program, facts, ports, going={str(change.id): change for change in changes}
    )
    _heed_people(state, changes)
    _hold_over_limits(state)
    if state.stopped is None:
        _read_scans_again(state)
    for batch in _batches(state):
        _apply_batch(state, batch)
        ports.progress("applied", done=len(state.outcomes), total=len(changes))
        if state.stopped is None and ports.stopping():
            state.stopped = N_("the run was asked to stop")
        if state.stopped is not None:
            break
    why = state.stopped or N_("nothing was sent for it")
    left = [one for key, one in state.going.items() if key not in state.outcomes]
    state.close([outcome(one, State.ABANDONED, why) for one in left])
    return state


# --- before anything is sent ----------------------------------------------------------------------------


def _heed_people(state: Applying, changes: Sequence[Change]) -> None:
    """Leave alone those of the changes that people paused or put on hold by now; asked before every request."""
    _heed_pauses(state, changes)
    _heed_holds(state, changes)


def _heed_pauses(state: Applying, changes: Sequence[Change]) -> None:
    """Hold the changes of rules that a person paused, and stop where everything is."""
    pauses = state.ports.ledger.pauses(state.plan.account, state.ports.clock.now())
    stop = whole(pauses)
    if stop is not None:
        state.stopped = state.stopped or stop.told
    for held in paused(_open(state, changes), pauses):
        _hold(state, [state.going[str(held.id)]], held.why, held.code)


def _heed_holds(state: Applying, changes: Sequence[Change]) -> None:
    """Drop the orders that a person put on hold, and judge by the same holds from here on."""
    standing = state.ports.ledger.holds(state.plan.account, state.ports.clock.now())
    history = replace(state.facts.history, holds={one.ref: one.why for one in standing})
    state.facts = replace(state.facts, history=history)
    vetoed = [
        (change, veto)
        for change in _open(state, changes)
        if (veto := recorded_veto(change.order_id, str(change.id), history)) is not None
    ]
    state.close([outcome(one, State.STALE, veto.why, veto.code) for one, veto in vetoed])


def _hold_over_limits(state: Applying) -> None:
    """Hold the rules that go over a limit now; what this run has sent already counts."""
    today = state.facts.history.sent_today
    caps = state.facts.settings.caps
    for compiled in state.program.rules:
        rule = compiled.rule
        mine = [change for change in state.going.values() if change.rule == rule.name]
        unknown = {one.id for one in unvalued(mine, rule.limits, caps)}
        _hold(state, [one for one in mine if one.id in unknown], UNCOUNTED, "value_unknown")
        mine = [one for one in mine if one.id not in unknown]
        breach = over_limit(mine, rule.limits, sent_by(rule.name, today), _satisfied(state.plan, rule.name))
        if breach is not None:
            _hold(state, mine, breach.why, breach.code)
    breach = over_limit(list(state.going.values()), caps, sent_by("", today))
    if breach is not None:
        capped = of_all_rules(breach)
        _hold(state, list(state.going.values()), capped.why, capped.code)


def _hold(state: Applying, changes: Sequence[Change], why: str, code: str) -> None:
    """Hold those of the changes that have no outcome yet."""
    state.close([outcome(one, State.HELD, why, code) for one in _open(state, changes)])


def _open(state: Applying, changes: Sequence[Change]) -> list[Change]:
    """Return those of the changes that have no outcome yet."""
    return [one for one in changes if str(one.id) in state.going and str(one.id) not in state.outcomes]


def _satisfied(plan: Plan, rule: str) -> int | None:
    tally: RuleTally | None = next((one for one in plan.rules if one.name == rule), None)
    return tally.satisfied if tally else None


def _read_scans_again(state: Applying) -> None:
    """Read stale orders by their scans, where that takes fewer requests than one by one.

    What the scans show of orders that were not stale is newer too, and counts as well, whichever rule wants them.
    """
    stale = [change for change in state.going.values() if not _fresh(state, change)]
    if not stale or not by_scans_is_cheaper(stale, state.plan.scans, state.facts.settings.max_read_age):
        return
    rules = {change.rule for change in stale}
    try:
        shown = read_scans(rules, state.going, state.program, state.ports.reader)
    except ReadError as error:
        state.stopped = said("the orders could not be read again: %(why)s", why=error)
        return
    state.readings = shown.readings
    gone = [one for key, one in state.going.items() if one.rule in rules and key not in shown.readings]
    why = N_("it is no longer among the orders that its query returns")
    state.close([outcome(one, State.STALE, why) for one in gone])
    moved = [one for key, one in state.going.items() if key in shown.moved]
    why = N_("it changed while orders were being read again")
    state.close([outcome(one, State.STALE, why, "cannot_tell") for one in moved])
    for key, reading in shown.readings.items():
        if key in state.going:
            _judge(state, state.going[key], reading)


# --- batches --------------------------------------------------------------------------------------------


def _batches(state: Applying) -> Iterator[list[Change]]:
    """Yield changes that share a request: equal values, in the same contract, at most `batch_size` of them."""
    while state.stopped is None:
        left = [one for key, one in state.going.items() if key not in state.outcomes]
        if not left:
            return
        wanted = _body_key(state, left[0])
        alike = (one for one in left if _body_key(state, one) == wanted)
        yield list(islice(alike, state.facts.settings.batch_size))


def _body_key(state: Applying, change: Change) -> str:
    setting = state.facts.settings.contract
    repeated = change.before.get("status") if repeats_status(change.id, change.set, setting) else None
    spoken = contract_for(change.id, setting)
    return repr((spoken, repeated, sorted((name, str(value)) for name, value in change.set.items())))


@traced("tertib.batch")
def _apply_batch(state: Applying, batch: Sequence[Change]) -> None:
    state.ports.ledger.renew(state.run_id, state.ports.clock.now())
    _heed_people(state, list(state.going.values()))
    batch = [one for one in batch if str(one.id) not in state.outcomes]
    if state.stopped is not None:
        return
    try:
        ready = _freshened_in_time(state, batch)
    except ReadError as error:
        state.stopped = said("the orders could not be read again: %(why)s", why=error)
        return
    _hold_over_limits(state)
    ready = [one for one in ready if str(one.id) not in state.outcomes]
    key = _body_key(state, ready[0]) if ready else ""
    alike = [one for one in ready if _body_key(state, one) == key]
    if not alike:
        return
    _send_in_turn(state, alike)
    if len(alike) > 1 and all(_refused(state, one) for one in alike):
        state.refused_bodies.add(key)


def _freshened_in_time(state: Applying, batch: Sequence[Change]) -> list[Change]:
    """Return the batch's changes on young readings; fewer of them where reading is slow, lest the first grow old."""
    ready: list[Change] = []
    for one in batch:
        fresh = _freshened(state, one)
        if fresh is not None:
            ready.append(fresh)
        oldest = min((one.read_at for one in ready), default=None)
        if oldest is not None and state.ports.clock.now() - oldest > state.facts.settings.max_read_age / 2:
            break
    return ready


def _freshened(state: Applying, change: Change) -> Change | None:
    """Return a change on a reading that is young enough, None where it is dropped."""
    if _fresh(state, change):
        return change
    compiled = state.program.rule(change.rule)
    if compiled.rule.source.store:
        state.close([outcome(change, State.STALE, N_("it could not be read again in time"))])
        return None
    reading = read_one(change.order_id, str(change.id), compiled, state.ports.reader, state.ports.clock.now())
    if reading is None:
        state.close([outcome(change, State.STALE, N_("Scalev no longer returns it"))])
        return None
    return _judge(state, change, reading)


def _judge(state: Applying, change: Change, reading: Reading) -> Change | None:
    now = state.ports.clock.now()
    state.readings[str(change.id)] = reading
    state.distrusted.discard(str(change.id))
    judged = judge_again(change, reading, state.program, replace(state.facts, now=now))
    if isinstance(judged, Held):
        state.close([outcome(change, State.STALE, judged.why, judged.code)])
        return None
    state.going[str(change.id)] = judged
    return judged


def _fresh(state: Applying, change: Change) -> bool:
    """Tell whether a change may go on what was read of its order."""
    if is_masked(change.set) or _changed_since(state, change):
        return False
    if repeats_status(change.id, change.set, state.facts.settings.contract):
        age = state.ports.clock.now() - change.read_at
        return str(change.id) in state.readings and age <= IMMEDIATELY and _young(state, change)
    return _young(state, change)


def _young(state: Applying, change: Change) -> bool:
    """Tell whether a reading is within `max_read_age`; one that was made just now always is.

    By a clock that was set back since, no reading's age can be told.
    """
    if state.ports.watch.set_back():
        state.distrusted.update(state.going)
    if str(change.id) in state.distrusted:
        return False
    age = state.ports.clock.now() - change.read_at
    again = str(change.id) in state.readings
    return timedelta(0) <= age <= max(state.facts.settings.max_read_age, JUST_NOW if again else timedelta(0))


def _changed_since(state: Applying, change: Change) -> bool:
    """Tell whether we may have changed an order after it was read.

    What this run read, it read under its own lease: nobody else of us was at work. Otherwise times are compared that
    two clocks may have told, or one before and after it was set: they are trusted as far as `settle` is.
    """
    if str(change.id) in state.readings:
        return False
    before = change.read_at - state.facts.settings.settle
    return any(one.at >= before for one in state.facts.history.confirmed.get(str(change.id), ()))


# --- one request ----------------------------------------------------------------------------------------


def _send_in_turn(state: Applying, changes: Sequence[Change]) -> None:
    """Wait for a place in the rate limit, before anything is claimed, and send."""
    clock = state.ports.clock
    asked = clock.monotonic()
    try:
        state.ports.writer.await_turn()
    except ReadError as error:
        state.stopped = str(error)
        return
    if clock.monotonic() - asked > LONG_WAIT:
        state.ports.ledger.renew(state.run_id, clock.now())
    _heed_people(state, changes)  # the turn may have been waited for
    going = [one for one in changes if str(one.id) not in state.outcomes]
    if going and state.stopped is None:
        _send(state, going)


def _send(state: Applying, changes: Sequence[Change]) -> None:
    """Claim, send and record one request; a definite refusal of several orders is tried again in halves."""
    ports = state.ports
    if _body_key(state, changes[0]) in state.refused_bodies:
        why = N_("Scalev refused this change for every order of an earlier request")
        state.close([outcome(one, State.ABANDONED, why) for one in changes])
        return
    try:
        sent_at = ports.clock.now()
        claim = ports.ledger.claim(state.run_id, changes, _recorded_body(state, changes), sent_at)
    except Paused as error:
        state.stopped = str(error)
        return
    going = _released(claim, changes)
    _close_left_behind(state, [one for one in changes if one not in going])
    if not going:
        return
    too_late = _too_late(state, claim, going, sent_at)
    if too_late:
        unsent = Answer("refused", None, message=said("not sent: %(why)s", why=too_late))
        dropped = [outcome(one, State.STALE, unsent.message) for one in going]
        ports.ledger.answer(claim, unsent, dropped, ports.clock.now())
        state.note(dropped)
        return
    body = _body(state, going, [one.id for one in going])
    state.sent.update(str(one.id) for one in going)
    answer = ports.writer.change_status(body)
    _settle_answer(state, claim, answer, going, body)


def _released(claim: Claim, changes: Sequence[Change]) -> list[Change]:
    """Return the changes that the ledger let out: they and no others may go on the wire."""
    claimed = {str(one) for one in claim.ids}
    return [one for one in changes if str(one.id) in claimed]


def _close_left_behind(state: Applying, changes: Sequence[Change]) -> None:
    """Record why the ledger did not let changes out: a person's pause or hold of the last moment, or another reason."""
    if not changes:
        return
    _heed_people(state, changes)
    why = N_("the ledger did not release it")
    state.close([outcome(one, State.ABANDONED, why) for one in _open(state, changes)])


def _too_late(state: Applying, claim: Claim, going: Sequence[Change], sent_at: datetime) -> str | None:
    """Say why it is too late to send: asked beside the socket, after everything that can take time.

    A request may outlast the lease: whoever takes the account over then sends nothing for its orders, and reads them
    back once `settle` has gone by since `sent_at`. By then the request must be over, and it may take `timeout`.
    """
    if not all(_young(state, one) for one in going):
        return N_("the reading grew too old")
    now, settings = state.ports.clock.now(), state.facts.settings
    if now + settings.timeout >= sent_at + settings.settle:
        return N_("it might still be under way when it is read back")
    return None if now < claim.deadline else N_("the lease on the account ended")


def _settle_answer(
    state: Applying, claim: Claim, answer: Answer, going: Sequence[Change], body: Mapping[str, Any]
) -> None:
    ports = state.ports
    wanted = {name: body[name] for name in ("status", "payment_status") if name in body}
    outcomes = outcomes_of(answer, going, wanted)
    with _halting(state, claim, answer):
        halted = ports.ledger.answer(claim, answer, outcomes, ports.clock.now())
    state.note(outcomes)
    state.stopped = halted or must_stop(answer, outcomes)
    if state.stopped is None and any(one.state is State.PLANNED for one in outcomes):
        _bisect(state, going)


@contextmanager
def _halting(state: Applying, claim: Claim, answer: Answer) -> Iterator[None]:
    """Stop the account on its own where an answer that must stop it could not be recorded whole: a disk may be full.

    What was answered is then unknown, and read back later; that Scalev changed what it was not sent must not be lost.
    """
    try:
        yield
    except LedgerError:
        sent = {str(one) for one in claim.ids}
        if any(str(echo.id) not in sent for echo in answer.echoes):
            why = N_("Scalev says it changed orders that were not sent, and its answer could not be recorded")
            with suppress(LedgerError):
                state.ports.ledger.halt(state.plan.account, why, state.ports.clock.now())
        raise


def _bisect(state: Applying, changes: Sequence[Change]) -> None:
    middle = len(changes) // 2
    for half in (changes[:middle], changes[middle:]):
        if state.stopped is None and not state.ports.stopping():
            _send_in_turn(state, half)


def _refused(state: Applying, change: Change) -> bool:
    found = state.outcomes.get(str(change.id))
    return found is not None and found.state is State.NOT_APPLIED


def _body(state: Applying, changes: Sequence[Change], ids: Sequence[int | str]) -> dict[str, Any]:
    first = changes[0]
    return contract.change_body(
        contract_for(first.id, state.facts.settings.contract),
        ids,
        first.set,
        first.before.get("status"),
    )


def _recorded_body(state: Applying, changes: Sequence[Change]) -> dict[str, Any]:
    """Return the request as the record keeps it: personal values masked."""
    body = _body(state, changes, [one.id for one in changes])
    values = {name: value for name, value in body.items() if name != "ids"}
    return {"ids": body["ids"], **masked(values, state.facts.mask, changes[0].personal)}
