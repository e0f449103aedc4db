"""Slots that could not be closed, or whose process ended: served on real ledgers, none is run twice or left open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from logged import Log
from tertib import pipeline
from tertib.dispatch import local
from tertib.dispatch.rulebook import Edition, Rulebook
from tertib.dispatch.worker import Post
from tertib.errors import LedgerError
from tertib.language.personal import Mask
from tertib.ledger import SqlLedger, open_ledger
from tertib.ledger.slots import Slot
from tertib.model import Mode, Origin, Plan, Rule, RuleTally, Run, Schedule, Settings, Spent

NOON = datetime(2026, 11, 21, 5, tzinfo=UTC)  # 12:00 in Jakarta
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
KEY = b"a key for tests, 32 bytes long.."
ACCOUNT = "default"


@dataclass
class Clock:
    """A clock that is set by hand, and never stops."""

    moment: datetime = NOON
    stopping: bool = False

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self.moment

    def heed(self) -> None:
        """Go on."""


def rule(name: str, cron: str = "0 * * * *", **how: Any) -> Rule:
    """Return a rule with a schedule."""
    schedule = Schedule(cron, "Asia/Jakarta", **how)
    return Rule(name, Origin("r.yaml", 1), {}, (), {}, {}, "h", schedule=schedule)


@dataclass
class House:
    """One ledger, the processes that serve it, and the runs that they made."""

    url: str
    stack: ExitStack
    clock: Clock = field(default_factory=Clock)
    log: Log = field(default_factory=Log)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    during: Callable[[], None] = lambda: None

    def open(self) -> SqlLedger:
        """Open the ledger as one more process; closing it is that process's end."""
        ledger = open_ledger(self.url, key=KEY, clock=cast("Any", self.clock))
        return self.stack.enter_context(ledger)

    def server(
        self, ledger: SqlLedger, *rules: Rule, renewed: Callable[[], Edition | None] = lambda: None
    ) -> local.Server:
        """Return a process's server."""
        nothing: Any = lambda: None  # noqa: E731 - stands in for a reader and a writer
        clock: Any = self.clock
        machine = local.Machine(Settings(), nothing, nothing, ledger, clock, Mask(b"k"), self.log)
        return local.Server(rules or [rule("a")], machine, renewed)

    def serve(self, ledger: SqlLedger, *rules: Rule, **given: Any) -> local.Server:
        """Return a server that has begun."""
        server = self.server(ledger, *rules, **given)
        server.begin(self.clock.now())
        server.turn()
        return server

    def turn(self, server: local.Server, at: datetime) -> None:
        """Let a server have its turn at a time."""
        self.clock.moment = at
        server.turn()

    def run(
        self, rules: Sequence[Rule], means: pipeline.Means, _writer: object, *, slots: Sequence[str]
    ) -> tuple[Plan, Run]:
        """Stand in for `pipeline.run`: a run that finds nothing to change."""
        names = tuple(one.name for one in rules)
        self.during()
        ledger, now = cast("SqlLedger", means.ledger), self.clock.now()
        number = len(self.ran) + 1
        tallies = tuple(RuleTally(name, "h", Mode.APPLY, 0, 0) for name in names)
        plan = Plan(
            *(f"plan-{number}", now, now, ACCOUNT, "auto", True, 1, 0),
            *((), tallies, (), (), (), ({},) * len(names)),
        )
        ledger.save_plan(plan, {"plan_id": plan.plan_id})
        run_id = ledger.begin(ACCOUNT, plan.plan_id, kind="slot", slots=slots, now=now)
        run = Run(run_id, plan.plan_id, Spent(), 0, ())
        ledger.end(run, now)
        self.ran.append(names)
        return plan, run

    def slots(self) -> list[tuple[str, str, str | None]]:
        """Return each slot's rule, state and run, the oldest first."""
        with self.open() as ledger:
            found = ledger.slots(ACCOUNT)
        return [(one.rule, one.state, one.run_id) for one in sorted(found, key=lambda one: one.key)]


@pytest.fixture
def house(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house whose ledgers are closed at the end."""
    with ExitStack() as stack:
        made = House(database_url, stack)
        monkeypatch.setattr(pipeline, "run", made.run)
        monkeypatch.setattr(pipeline, "settle", lambda _means: pipeline.Settled((), 0, None))
        yield made


def failing(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, *rules: str, times: int = 1) -> None:
    """Let the closing of these rules' slots fail so many times."""
    close, left = ledger.slot_close, dict.fromkeys(rules, times)

    def closing(account: str, name: str, *given: Any, **named: Any) -> None:
        if left.get(name):
            left[name] -= 1
            raise LedgerError("the ledger is busy with another process")
        close(account, name, *given, **named)

    monkeypatch.setattr(ledger, "slot_close", closing)


# --- a closing that fails -------------------------------------------------------------------------------


def test_a_closing_that_failed_is_made_up_for_at_the_next_turn(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the state that it should have had, however often it fails; nothing runs again, and nothing lags."""
    ledger = house.open()
    server = house.serve(ledger)
    failing(ledger, monkeypatch, "a", times=2)
    house.turn(server, NOON + HOUR)
    assert house.slots() == [("a", "running", "default-1")]
    house.turn(server, NOON + HOUR + MINUTE)
    assert house.slots() == [("a", "running", "default-1")]
    house.turn(server, NOON + HOUR + 2 * MINUTE)
    assert house.slots() == [("a", "done", "default-1")]
    assert ledger.figures.totals(ACCOUNT, house.clock.now()).running_since is None
    assert house.ran == [("a",)]


def test_a_slot_that_failed_keeps_its_cause(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is all that would have been written."""
    ledger = house.open()
    server = house.serve(ledger)
    failing(ledger, monkeypatch, "a")
    house.during = lambda: (_ for _ in ()).throw(RuntimeError("a fault"))
    house.turn(server, NOON + HOUR)
    house.turn(server, NOON + HOUR + MINUTE)
    (slot,) = ledger.slots(ACCOUNT)
    assert (slot.state, slot.cause, slot.note, slot.run_id) == ("failed", "internal", "internal error", None)


def test_a_slot_that_was_lost_to_another_is_not_closed_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closing is remembered until it is known that the slot is closed."""
    ledger = house.open()
    server = house.serve(ledger)
    failing(ledger, monkeypatch, "a")
    house.turn(server, NOON + HOUR)
    ledger.slot_close(ACCOUNT, "a", NOON + HOUR, "failed", house.clock.now())
    house.turn(server, NOON + HOUR + MINUTE)
    house.turn(server, NOON + HOUR + 2 * MINUTE)
    told = [fields["why"] for event, fields in house.log.events if event == "slot not closed"]
    assert len(told) == 2
    assert "was already closed as `failed`" in told[1]


def test_rules_that_shared_a_run_are_not_run_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends before it has closed any of their slots: the next one closes all of them, and runs none."""
    ledger = house.open()
    rules = rule("a"), rule("b")
    server = house.serve(ledger, *rules)
    failing(ledger, monkeypatch, "a", "b")
    house.turn(server, NOON + HOUR)
    ledger.close()
    house.turn(house.serve(house.open(), *rules), NOON + HOUR + MINUTE)
    assert house.slots() == [("a", "done", "default-1"), ("b", "done", "default-1")]
    assert house.ran == [("a", "b")]


# --- a process that ends beside another -----------------------------------------------------------------


def left_by_another(house: House, *rules: Rule) -> local.Server:
    """Serve beside a process that takes every slot of 13:00 and ends before its run."""
    server = house.serve(house.open(), *rules)
    with house.open() as other:
        for one in rules:
            assert other.slot_open(ACCOUNT, one.name, NOON + HOUR, NOON + HOUR)
        house.turn(server, NOON + HOUR)
    assert {state for _, state, _ in house.slots()} == {"running"}
    assert house.ran == []
    return server


@pytest.mark.parametrize(("missed", "state"), [("latest", "done"), ("skip", "missed")])
def test_a_slot_whose_process_ended_is_taken_up(house: House, missed: Any, state: str) -> None:
    """Within a turn, as a start would: it runs late, or is missed where the rule wants no late run."""
    server = left_by_another(house, rule("a", missed=missed))
    house.turn(server, NOON + HOUR + 2 * MINUTE)
    assert [state for _, state, _ in house.slots()] == [state]


def test_a_slot_whose_process_ended_is_missed_once_the_next_is_due(house: House) -> None:
    """Only the latest runs."""
    server = left_by_another(house, rule("a"))
    house.turn(server, NOON + 2 * HOUR)
    assert house.slots() == [("a", "missed", None), ("a", "done", "default-1")]


def test_a_slot_that_nobody_takes_up_has_failed(house: House) -> None:
    """Its rule is gone, or has another schedule, of which that time is none; others are taken up all the same."""
    edited = rule("edited", "30 * * * *")
    editions = iter([None, None, Edition((rule("a"), edited))])
    server = house.serve(
        house.open(), rule("a"), rule("edited"), rule("gone"), renewed=lambda: next(editions)
    )
    with house.open() as other:
        for name in ("a", "edited", "gone"):
            assert other.slot_open(ACCOUNT, name, NOON + HOUR, NOON + HOUR)
        house.turn(server, NOON + HOUR)
    house.turn(server, NOON + HOUR + MINUTE)
    assert house.slots() == [("a", "done", "default-1"), ("edited", "failed", None), ("gone", "failed", None)]
    told = {
        one["rule"]: one["why"] for event, one in house.log.events if event.startswith("slot of an ended")
    }
    why = "its process ended before it said what became of it; no run began"
    assert told == {"edited": why, "gone": why}


def test_a_start_in_the_moment_before_a_slot_is_closed_leaves_it_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is over and its process lives: it closes the slot itself."""
    ledger = house.open()
    server = house.serve(ledger)
    end = ledger.end

    def ending(*given: Any) -> None:
        end(*given)
        house.serve(house.open())

    monkeypatch.setattr(ledger, "end", ending)
    house.turn(server, NOON + HOUR)
    assert house.slots() == [("a", "done", "default-1")]
    assert not [event for event, _ in house.log.events if event == "slot not closed"]


# --- workers --------------------------------------------------------------------------------------------


class Shared:
    """A ledger as workers have it, with slots that were announced, and none to ring for anybody."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger, self.away = ledger, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def announced(self, account: str) -> Sequence[Slot]:
        """Return the slots that wait."""
        return self._ledger.announced(account)

    def slot_close(self, account: str, name: str, *given: Any, **named: Any) -> None:
        """Close a slot; the server goes away after the first."""
        if self.away:
            raise LedgerError("the connection to the ledger was lost")
        self._ledger.slot_close(account, name, *given, **named)
        self.away = name == "a"

    def give_back(self, account: str, now: datetime) -> None:
        """Let go of what had no run."""
        if self.away:
            raise LedgerError("the connection to the ledger was lost")
        self._ledger.give_back(account, now)


def test_a_worker_pays_back_no_slot_that_had_its_run(house: House) -> None:
    """The ledger goes away between the closings of two rules that shared a run: the second is closed, and not run again."""
    shared: Any = Shared(house.open())
    server = house.server(shared, rule("a"), rule("b"))
    clock: Any = house.clock
    book = cast("Rulebook", None)
    post = Post(ACCOUNT, shared, clock, house.log, make=lambda: server, book=book, rest=lambda: None)
    for name in ("a", "b"):
        assert shared.slot_open(ACCOUNT, name, NOON, NOON)
    shared.give_back(ACCOUNT, NOON)
    post.look()
    assert house.slots() == [("a", "done", "default-1"), ("b", "running", "default-1")]
    shared.away = False
    post.pay_back()
    assert house.slots() == [("a", "done", "default-1"), ("b", "done", "default-1")]
    assert house.ran == [("a", "b")]
