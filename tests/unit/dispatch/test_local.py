"""Serving rules on one machine: one slot once, together where due together, and never an end by accident."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Condition
from types import SimpleNamespace
from typing import Any, cast

import pytest

from anchored import Anchored
from logged import Log
from tertib import pipeline
from tertib.clock import Stopped
from tertib.dispatch import local
from tertib.dispatch.rulebook import Edition
from tertib.dispatch.timetable import TAKEN_AWAY
from tertib.errors import AccountHalted, CredentialError, LedgerError, ReadError
from tertib.language.personal import Mask
from tertib.ledger.slots import Slot
from tertib.load import loads
from tertib.model import (
    Held,
    Mode,
    Origin,
    Outcome,
    Pause,
    Plan,
    Rule,
    RuleTally,
    Run,
    Schedule,
    Settings,
    Spent,
    State,
)

NOON = datetime(2026, 11, 21, 5, tzinfo=UTC)  # 12:00 in Jakarta
HALF_HOUR = timedelta(minutes=30)


class SteppingClock:
    """Time that moves only by sleeping, and a stop that comes at a given instant."""

    def __init__(self, now: datetime, until: datetime) -> None:
        self._now, self._until, self.slept = now, until, list[float]()

    def now(self) -> datetime:
        """Return the present instant."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds."""
        return self._now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self._now += timedelta(seconds=seconds)

    @property
    def stopping(self) -> bool:
        """Tell whether the stop has come."""
        return self._now >= self._until

    def stop(self) -> None:
        """Let the stop come now."""
        self._until = self._now

    def heed(self) -> None:
        """Raise once the stop has come."""
        if self.stopping:
            raise Stopped("stopped")


class CommonClock(SteppingClock):
    """Time of several threads: it moves on to whoever wakes first, once all of them sleep."""

    def __init__(self, now: datetime, until: datetime, sleepers: int) -> None:
        super().__init__(now, until)
        self._sleepers, self._wakes = sleepers, list[datetime]()
        self._moved = Condition()

    def sleep(self, seconds: float) -> None:
        """Sleep until the time has come, or the stop."""
        with self._moved:
            wakes = self._now + timedelta(seconds=seconds)
            self._wakes.append(wakes)
            if len(self._wakes) == self._sleepers:
                self._now = max(self._now, min(self._wakes))
                self._moved.notify_all()
            assert self._moved.wait_for(lambda: self._now >= wakes or self.stopping, timeout=60)
            self._wakes.remove(wakes)

    def stop(self) -> None:
        """Let the stop come now, for those who sleep too."""
        super().stop()
        with self._moved:
            self._moved.notify_all()


@dataclass
class Slots:
    """The part of a ledger that keeps slots."""

    states: dict[tuple[str, datetime], str] = field(default_factory=dict)
    notes: dict[tuple[str, datetime], str] = field(default_factory=dict)
    busy: int = 0
    left: set[tuple[str, datetime]] = field(default_factory=set)
    paused: list[Pause] = field(default_factory=list)
    unknown: int = 1

    def __post_init__(self) -> None:
        """Keep since when slots count, too."""
        self.anchors = Anchored(self._last)

    def _last(self, rule: str) -> datetime | None:
        return max((at for name, at in self.states if name == rule), default=None)

    def unsettled(self, _account: str) -> Sequence[int]:
        """Return the changes whose outcome is unknown."""
        return range(self.unknown)

    def pauses_at(self, account: str, at: datetime) -> Sequence[Pause]:
        """Return the pauses that stood."""
        return self.pauses(account, at)

    def pauses(self, _account: str, now: datetime) -> Sequence[Pause]:
        """Return the pauses that stand."""
        return [one for one in self.paused if one.since <= now and (one.until is None or now < one.until)]

    @property
    def approvals(self) -> Any:
        """Return an empty queue."""
        return SimpleNamespace(approved=lambda _account, _now: ())

    def slot_pass(
        self, account: str, rule: str, slot_time: datetime, state: str, now: datetime, *, note: str
    ) -> bool:
        """Write down a slot that nobody has."""
        ours = self.slot_open(account, rule, slot_time, now)
        if ours:
            self.slot_close(account, rule, slot_time, state, now, note=note)
        return ours

    def orphans(self, _account: str, _now: datetime) -> Sequence[Slot]:
        """Find none while serving."""
        return []

    def close_orphans(self, _account: str, _now: datetime, _but: object = ()) -> Sequence[Slot]:
        """Find none: what is left over is taken up."""
        return []

    def slot_open(self, _account: str, rule: str, slot_time: datetime, _now: datetime) -> bool:
        """Take a slot that nobody has."""
        if self.busy:
            self.busy -= 1
            raise LedgerError("the ledger is busy")
        if (rule, slot_time) in self.states and (rule, slot_time) not in self.left:
            return False
        self.states[rule, slot_time] = "running"
        return True

    def slot_close(
        self, _account: str, rule: str, slot_time: datetime, state: str, _now: datetime, **how: Any
    ) -> None:
        """Close a slot."""
        self.states[rule, slot_time] = state
        self.notes[rule, slot_time] = how.get("note", "")

    def slots(self, _account: str, rule: str | None = None, limit: int = 50) -> Sequence[Slot]:
        """Return the latest slots of a rule."""
        found = sorted((at for name, at in self.states if name == rule), reverse=True)[:limit]
        return [Slot("", rule or "", at, self.states[rule or "", at], None, "", at, None) for at in found]


@dataclass
class Stage:
    """Everything that serving works with, and the runs that it made."""

    clock: SteppingClock
    ledger: Slots = field(default_factory=Slots)
    log: Log = field(default_factory=Log)
    runs: list[tuple[datetime, tuple[str, ...], str]] = field(default_factory=list)
    settled: list[datetime] = field(default_factory=list)
    act: Callable[[Sequence[Rule]], None] = lambda _rules: None
    outcomes: tuple[Outcome, ...] = ()
    held: tuple[Held, ...] = ()

    def run(
        self, rules: Sequence[Rule], means: pipeline.Means, _writer: object, *, slots: Sequence[str]
    ) -> tuple[Plan, Run]:
        """Stand in for `pipeline.run`."""
        self.runs.append((self.clock.now(), tuple(rule.name for rule in rules), slots[0]))
        self.act(rules)
        means.progress("read", pages=1)
        return plan_of(rules, self.held), Run("run-1", "plan-1", Spent(), 0, self.outcomes)

    def settle(self, _means: pipeline.Means) -> pipeline.Settled:
        """Stand in for `pipeline.settle`."""
        self.settled.append(self.clock.now())
        return pipeline.Settled((), 0, None)

    def serve(self, *rules: Rule) -> None:
        """Serve until the clock's stop."""
        machine = local.Machine(
            Settings(),
            reader=lambda: cast("Any", None),
            writer=lambda: cast("Any", None),
            ledger=cast("local.SlotLedger", self.ledger),
            clock=self.clock,
            mask=Mask(b"k"),
            log=self.log,
        )
        local.serve([local.Server(rules, machine)], self.clock)


def plan_of(rules: Sequence[Rule], held: tuple[Held, ...]) -> Plan:
    """Return a plan without changes."""
    return Plan(
        plan_id="plan-1",
        created_at=NOON,
        now=NOON,
        account="default",
        contract="auto",
        complete=True,
        requests=1,
        orders_read=0,
        scans=(),
        rules=tuple(RuleTally(rule.name, "h", Mode.APPLY, 0, 0) for rule in rules),
        changes=(),
        held=held,
        warnings=(),
        definitions=(),
    )


def rule(name: str, cron: str = "*/30 * * * *", **schedule: Any) -> Rule:
    """Return a rule that only has a name and a schedule."""
    return Rule(
        name=name,
        origin=Origin("r.yaml", 1),
        query={},
        conditions=(),
        action={},
        definition={},
        hash="h",
        schedule=Schedule(cron, "Asia/Jakarta", **schedule),
    )


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Serve from noon to a quarter past one."""
    made = Stage(SteppingClock(NOON, NOON + timedelta(minutes=75)))
    monkeypatch.setattr(pipeline, "run", made.run)
    monkeypatch.setattr(pipeline, "settle", made.settle)
    return made


def test_each_slot_runs_once_at_its_time(stage: Stage) -> None:
    """From noon to 13:15 a half-hourly rule runs at 12:30 and 13:00, and its slots are closed."""
    stage.serve(rule("a"))
    assert [at for at, _, _ in stage.runs] == [NOON + HALF_HOUR, NOON + 2 * HALF_HOUR]
    assert list(stage.ledger.states.values()) == ["done", "done"]


def test_rules_of_one_slot_run_together(stage: Stage) -> None:
    """They share scans and priorities, so one run plans them all, under a slot key of its own."""
    stage.serve(rule("a"), rule("b"), rule("hourly", "0 * * * *"))
    assert [names for _, names, _ in stage.runs] == [("a", "b"), ("a", "b", "hourly")]
    assert len({slot for _, _, slot in stage.runs}) == 2


def test_every_slot_sees_the_lookup_tables_of_the_day(stage: Stage, tmp_path: Path) -> None:
    """A spreadsheet that is saved between two slots counts for the second; a broken one fails its slot."""
    table = tmp_path / "proofs.csv"
    table.write_text("order_id\nA1\n", "utf-8")
    text = "name: a\nschedule: '*/30 * * * *'\nquery: {}\ndata: {proofs: proofs.csv}\naction: {status: rts}\n"
    (loaded,) = loads(text, Settings(), str(tmp_path / "a.yaml")).rules
    seen: list[list[str]] = []

    def act(rules: Sequence[Rule]) -> None:
        seen.append(list(rules[0].data["proofs"].rows))
        table.write_text("order_id\nA2\n" if len(seen) == 1 else "order_id\nA2\nA2\n", "utf-8")

    stage.act = act
    stage.clock = SteppingClock(NOON, NOON + timedelta(minutes=105))
    stage.serve(loaded)
    assert seen == [["A1"], ["A2"]]
    assert list(stage.ledger.states.values()) == ["done", "done", "failed"]
    assert "lines 2 and 3 of `proofs.csv`" in stage.ledger.notes["a", NOON + 3 * HALF_HOUR]


def test_disabled_and_unscheduled_rules_are_left_out(stage: Stage) -> None:
    """A rule that is switched off, or that nobody scheduled, is never run by `serve`."""
    stage.serve(rule("a"), replace(rule("off"), enabled=False), replace(rule("by-hand"), schedule=None))
    assert {names for _, names, _ in stage.runs} == {("a",)}


def test_a_slot_of_another_process_is_not_run(stage: Stage) -> None:
    """Whoever opened a slot first runs it."""
    stage.ledger.states["a", NOON + HALF_HOUR] = "running"
    stage.ledger.states["a", NOON - HALF_HOUR] = "done"
    machine_rule = rule("a")
    stage.serve(machine_rule)
    assert [at for at, _, _ in stage.runs] == [NOON + 2 * HALF_HOUR]
    assert stage.log.of("slot taken by another process")


def test_slots_that_passed_while_nothing_ran_are_recorded(stage: Stage) -> None:
    """Of a morning without power the newest slot runs, the older ones are recorded as missed and logged."""
    stage.ledger.states["a", NOON - 4 * HALF_HOUR] = "done"
    stage.serve(rule("a"))
    assert stage.runs[0] == (NOON, ("a",), "default/a/2026-11-21T05:00:00Z")
    missed = [at for (_, at), state in stage.ledger.states.items() if state == "missed"]
    assert missed == [NOON - 3 * HALF_HOUR, NOON - 2 * HALF_HOUR, NOON - HALF_HOUR]
    assert stage.log.of("slots missed")[0]["count"] == 3


@pytest.mark.parametrize(("left", "state"), [(NOON, "done"), (NOON - HALF_HOUR, "missed")])
def test_a_slot_that_a_dead_process_left_is_not_lost(stage: Stage, left: datetime, state: str) -> None:
    """A slot that still stands as running, of a process that is gone, runs, or is missed where a newer one passed."""
    stage.ledger.states["a", left] = "running"
    stage.ledger.left.add(("a", left))
    stage.serve(rule("a"))
    assert stage.ledger.states["a", left] == state
    assert stage.runs[0][0] == NOON


def test_a_slot_that_still_runs_elsewhere_is_left_alone(stage: Stage) -> None:
    """A slot of a process that lives is neither run nor called missed."""
    stage.ledger.states["a", NOON - HALF_HOUR] = "running"
    stage.serve(rule("a"))
    assert stage.ledger.states["a", NOON - HALF_HOUR] == "running"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ReadError("no answer"), "failed"),
        (LedgerError("busy"), "failed"),
        (AccountHalted("a person must look"), "held"),
        (RuntimeError("token abc"), "failed"),
    ],
)
def test_a_run_that_fails_closes_its_slot_and_the_next_one_comes(
    stage: Stage, error: Exception, state: str
) -> None:
    """One bad run is logged, without the text of an error that nobody foresaw, and the loop goes on."""

    def fail(_rules: Sequence[Rule]) -> None:
        raise error

    stage.act = fail
    stage.serve(rule("a"))
    assert list(stage.ledger.states.values()) == [state, state]
    assert len(stage.runs) == 2
    assert "token abc" not in str(stage.log.events)


def test_a_busy_ledger_delays_a_slot_and_loses_none(stage: Stage) -> None:
    """Where a slot cannot be opened, it is tried again soon; waiting is real, not a busy loop."""
    stage.ledger.busy = 3
    stage.serve(rule("a"))
    first = stage.runs[0][0]
    assert first == NOON + HALF_HOUR + 3 * local.AFTER_TROUBLE
    assert stage.ledger.states["a", NOON + HALF_HOUR] == "done"


def test_a_stop_while_reading_ends_the_run_and_serving(stage: Stage) -> None:
    """The slot is recorded as failed, nothing is applied, and no further slot begins."""
    stage.act = lambda _rules: stage.clock.stop()
    stage.serve(rule("a"), rule("b", "0,1,30 * * * *"))
    assert len(stage.runs) == 1
    assert set(stage.ledger.states.values()) == {"failed"}
    assert stage.log.events[-1][0] == "stopped"


def test_what_a_limit_held_is_no_done_slot(stage: Stage) -> None:
    """A slot whose rule may change nothing because of a limit is recorded as held."""
    stage.held = (Held("1", "a", "limit_orders", "too many"),)
    stage.serve(rule("a"), rule("b"))
    assert stage.ledger.states["a", NOON + HALF_HOUR] == "held"
    assert stage.ledger.states["b", NOON + HALF_HOUR] == "done"
    waits = "1 change of rule `a` waits, held by a limit: too many"
    assert stage.ledger.notes["a", NOON + HALF_HOUR] == waits
    assert stage.ledger.notes["b", NOON + HALF_HOUR] == ""


@pytest.mark.parametrize(
    ("held", "outcomes", "note"),
    [
        ((Held(None, "a", "incomplete_read", "page lost"),), (), "page lost"),
        ((Held("1", "a", "rule_conflict", "`b` wants another"),), (), "`b` wants another"),
        ((), (Outcome(1, "A1", "a", State.HELD, "paused by siti", "paused"),), "paused by siti"),
        ((Held("1", "a", "paid", "the order is paid"),), (), ""),
    ],
)
def test_a_held_slot_says_why(
    stage: Stage, held: tuple[Held, ...], outcomes: tuple[Outcome, ...], note: str
) -> None:
    """Whatever kept a rule from its changes is the slot's reason; a veto of an order keeps no rule."""
    stage.held, stage.outcomes = held, outcomes
    stage.serve(rule("a"))
    assert stage.ledger.notes["a", NOON + HALF_HOUR] == note
    assert (stage.ledger.states["a", NOON + HALF_HOUR] == "held") is bool(note)


def test_unknown_outcomes_are_read_back_when_they_are_due(stage: Stage) -> None:
    """After a run with an unknown outcome, settling comes by itself after the settings' time, between slots."""
    stage.outcomes = (Outcome(1, "A1", "a", State.SENT, "timed out"),)
    stage.serve(rule("a"))
    assert stage.settled == [NOON, *(NOON + HALF_HOUR * n + Settings().settle for n in (1,))]


def test_a_run_that_failed_may_have_sent_something(stage: Stage) -> None:
    """Whether it did is in the ledger: what is unknown there is read back in time, and nothing is asked where nothing is."""
    stage.act = lambda _rules: (_ for _ in ()).throw(LedgerError("the answer was not recorded"))
    stage.serve(rule("a", "30 12 * * *"))
    assert stage.settled == [NOON, NOON + HALF_HOUR + Settings().settle]
    stage.ledger.unknown = 0
    stage.clock = SteppingClock(NOON, NOON + timedelta(minutes=75))
    stage.serve(rule("b", "30 12 * * *"))
    assert len(stage.settled) == 2


def test_reading_back_is_not_put_off_by_a_later_run(stage: Stage) -> None:
    """A rule every ten minutes with an unknown outcome each time: the first is still read back when it is due."""
    stage.outcomes = (Outcome(1, "A1", "a", State.SENT, "timed out"),)
    stage.serve(rule("a", "*/10 * * * *"))
    assert stage.settled[1] == NOON + timedelta(minutes=10) + Settings().settle


def test_an_edit_that_could_not_be_taken_over_waits_and_nothing_runs_before(stage: Stage) -> None:
    """The rule was taken away and the ledger is busy: the old text never acts again."""
    editions = iter([None, Edition((rule("other", "0 0 1 1 *"),))])
    server = local.Server(
        [rule("a")], machine(stage, "default", ledger=cast("Any", stage.ledger)), lambda: next(editions, None)
    )
    server.begin(NOON)
    server.turn()
    stage.clock.sleep(HALF_HOUR.total_seconds())
    stage.ledger.busy = 1
    server.turn()
    assert [fields["why"] for fields in stage.log.of("turn failed")] == ["the ledger is busy"]
    server.turn()
    assert stage.runs == []
    assert stage.ledger.notes["a", NOON + HALF_HOUR] == TAKEN_AWAY
    assert [one.rule.name for one in server.upcoming()] == ["other"]


def test_jitter_puts_the_start_off(stage: Stage) -> None:
    """The slot stays what the cron line says; the run starts later by the jitter, and is not lost meanwhile."""
    jittery = rule("a", jitter=timedelta(minutes=20))
    stage.serve(jittery)
    slot = local.Due(jittery, NOON + HALF_HOUR)
    assert stage.runs[0][0] == slot.starts
    assert slot.starts > slot.at
    assert stage.ledger.states["a", slot.at] == "done"


def test_what_comes_next_is_told_once(stage: Stage) -> None:
    """The next slot is logged at the start and after each run, not at every turn of the loop."""
    stage.serve(rule("a"))
    told = [fields["slot"] for fields in stage.log.of("next slot")]
    assert told == ["2026-11-21T05:30:00Z", "2026-11-21T06:00:00Z", "2026-11-21T06:30:00Z"]


def test_waiting_never_lasts_long_at_a_time(stage: Stage) -> None:
    """A machine that slept or whose clock was set is noticed within a minute."""
    stage.serve(rule("a", "0 0 1 1 *"))
    assert stage.runs == []
    assert max(stage.clock.slept) <= local.LONGEST_WAIT.total_seconds()


def machine(stage: Stage, account: str, **parts: Any) -> local.Machine:
    """Return what serves one account of several."""
    plain: dict[str, Any] = {
        "settings": Settings(account=account),
        "reader": lambda: cast("Any", None),
        "writer": lambda: cast("Any", None),
        "ledger": cast("local.SlotLedger", Slots()),
        "clock": stage.clock,
        "mask": Mask(b"k"),
        "log": stage.log,
    }
    return local.Machine(**{**plain, **parts})


def test_every_account_gets_its_turn(stage: Stage) -> None:
    """Two accounts with a rule of the same name each run their own slots, at their own times."""
    stage.clock = CommonClock(NOON, NOON + timedelta(minutes=75), sleepers=2)
    slots = {name: Slots() for name in ("a", "b")}
    servers = [
        local.Server([rule("same", cron)], machine(stage, name, ledger=cast("Any", slots[name])))
        for name, cron in (("a", "*/30 * * * *"), ("b", "*/20 * * * *"))
    ]
    local.serve(servers, stage.clock)
    assert {name: len(one.states) for name, one in slots.items()} == {"a": 2, "b": 3}
    assert [slot for _, _, slot in stage.runs if slot.startswith("b/")] != []


def test_no_account_waits_for_another(stage: Stage) -> None:
    """Two accounts are at work at the same time: each run here ends only once the other's has begun."""
    stage.clock = CommonClock(NOON, NOON + timedelta(minutes=75), sleepers=2)
    both = Barrier(2)

    def meet(_rules: Sequence[Rule]) -> None:
        both.wait(timeout=60)

    stage.act = meet
    servers = [
        local.Server([rule(name)], machine(stage, name, ledger=cast("Any", Slots()))) for name in ("a", "b")
    ]
    local.serve(servers, stage.clock)
    assert sorted(slot for _, _, slot in stage.runs) == [
        f"{name}/{name}/2026-11-21T{at}Z" for name in ("a", "b") for at in ("05:30:00", "06:00:00")
    ]


def test_a_fault_of_the_loop_itself_ends_all_of_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose one thread died would look alive and leave an account without runs."""
    stage.clock = CommonClock(NOON, NOON + timedelta(minutes=75), sleepers=2)
    servers = [
        local.Server([rule(name)], machine(stage, name, ledger=cast("Any", Slots()))) for name in ("a", "b")
    ]

    def fail(_now: datetime) -> datetime:
        raise LedgerError("nobody can tell the time")

    monkeypatch.setattr(servers[0], "wakes_at", fail)
    with pytest.raises(LedgerError, match="nobody can tell the time"):
        local.serve(servers, stage.clock)
    assert stage.clock.stopping


@pytest.mark.parametrize("trouble", [CredentialError("no token"), LedgerError("broken"), KeyError("fault")])
def test_what_fails_for_one_account_stops_no_other(stage: Stage, trouble: Exception) -> None:
    """Without a usable token every slot of one account fails and is recorded; the other's runs go on."""

    def refuse() -> Any:
        raise trouble

    stage.clock = CommonClock(NOON, NOON + timedelta(minutes=75), sleepers=2)
    slots = {name: Slots() for name in ("a", "b")}
    servers = [
        local.Server([rule("a")], machine(stage, "a", ledger=cast("Any", slots["a"]), reader=refuse)),
        local.Server([rule("b")], machine(stage, "b", ledger=cast("Any", slots["b"]))),
    ]
    local.serve(servers, stage.clock)
    assert list(slots["a"].states.values()) == ["failed", "failed"]
    assert list(slots["b"].states.values()) == ["done", "done"]


def test_a_token_that_was_mended_is_used_at_the_next_slot(stage: Stage) -> None:
    """The reader is asked for anew, so nobody has to start the process again."""
    tries = iter([CredentialError("no token")])

    def read() -> Any:
        for one in tries:
            raise one
        return None

    slots = Slots()
    stage.clock = SteppingClock(NOON + timedelta(minutes=1), NOON + timedelta(minutes=75))
    served = machine(stage, "a", ledger=cast("Any", slots), reader=read)
    server = local.Server([rule("a")], served)
    server.begin(stage.clock.now())
    server._settle_at = None  # reading back would meet the missing token first
    while not stage.clock.stopping:
        server.turn()
        stage.clock.sleep((server.wakes_at(stage.clock.now()) - stage.clock.now()).total_seconds())
    assert list(slots.states.values()) == ["failed", "done"]
