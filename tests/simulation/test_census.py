"""The everyday seeds have something to show: every mishap happens, and every invariant had something to go against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import pytest

from season import CHUNK, EVERYDAY, Season
from simulator.guards import GUARDS
from simulator.invariants import INVARIANTS, look, violations
from simulator.run import bench, read
from simulator.scenario import (
    CHANGE_FAULTS,
    KINDS,
    LIST_FAULTS,
    MISHAPS,
    POINTS,
    TRANSACTION_FAULTS,
    TRANSACTIONS,
    OrderSpec,
)
from simulator.world import World
from tertib.errors import TertibError
from test_guards import broken_by, witness

FEW: Final = 2
"""How often the rarest mishap happens at least in 2,000 seeds."""

COULD_HAVE_BEEN: Final[Mapping[str, Mapping[str, int]]] = {
    "never twice": {"unknown, and done": 100, "effect after its process had ended": 15},
    "every effect on record": {
        "effect": 2000,
        "request with an unknown outcome": 150,
        "audit run_interrupted": 70,
    },
    "every record true": {
        "change confirmed": 1800,
        "change confirmed_by_readback": 150,
        "unknown, and not done": 30,
    },
    "nothing left pending": {"read back": 100, "abandoned by a run that died": 50},
    "nothing unpreviewed": {"order sent": 2000, "plan": 4000},
    "young readings": {
        "order read again before it was sent": 60,
        "too old beside the socket": 8,
        "change stale": 80,
    },
    "as its rule says": {"edit": 2000, "held paid": 200, "held cannot_tell": 8},
    "taken back": {"request by an undo": 15, "job undo": 200},
    "plans hold": {"plan too old": 8, "plan on an unfinished reading": 30, "unfinished plan picked": 5},
    "left alone": {
        "order put on hold": 300,
        "held on_hold": 200,
        "kept back by a hold": 10,
        "held protected": 300,
    },
    "status just read": {"status written back": 200},
    "one run a slot": {"slot begun": 500, "job slot": 600, "ended by PlanRefused": 50},
    "ended once": {"change confirmed": 1800, "two workers": 800},
    "claimed": {"request": 1800},
    "nothing after an unknown": {"request with an unknown outcome": 150, "kept back after an unknown": 80},
    "strangers stop the account": {"stranger in an answer": 8, "account stopped": 8},
    "rate": {"rate limit reached": 10},
    "limits": {"held limit_orders": 20, "held limit_value": 100, "held limit_per_day": 5, "held cap": 5},
    "gets through": {"ended by Killed": 100, "ended by LedgerError": 100, "ended by AccountHalted": 5},
    "audit chain": {"audit run_begun": 4000, "audit lease_taken_over": 20},
}
"""What each invariant had before it, and how often at least in 2,000 seeds: where nothing could go wrong, nothing is shown."""

NAMED_FAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "refused": ("change refused", "list refused"),
    "reset before": ("change reset_before",),
    "reset after": ("change reset_after",),
    "timeout": ("change timeout_before", "change timeout_after", "list timeout"),
    "late apply": ("change late", "change late_reset"),
    "429 in both shapes": ("change plain_429", "change json_429", "list plain_429", "list json_429"),
    "5xx before": ("change e500_before", "change html_502_before"),
    "5xx after": ("change e500_after", "change html_502_after"),
    "partial echo": ("change partial", "change partial_undone"),
    "foreign ids echoed": ("change foreign",),
    "truncated body": ("change truncated", "list truncated"),
    "reordered pages": ("list reordered",),
    "repeated pages": ("list repeated_page", "list repeated_cursor"),
    "ledger busy": ("claim| busy", "answer| busy"),
    "disk full": ("claim| full", "answer| full"),
}
"""The faults that the protocol was asked to withstand, each by the mishaps that stand for it."""


@pytest.fixture(scope="session")
def tally(season: Season) -> Counter[str]:
    """Count what happened in all everyday seeds together."""
    total: Counter[str] = Counter()
    for first in range(0, EVERYDAY, CHUNK):
        total.update(season.played(first).tally)
    return total


def lacking(tally: Counter[str], wanted: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Return what happened too seldom, with how often it did and should have, fewer seeds being asked for less."""
    least = {name: count * EVERYDAY // 4000 if EVERYDAY < 2000 else count for name, count in wanted.items()}
    return {name: (tally[name], count) for name, count in least.items() if tally[name] < count}


@pytest.mark.parametrize("fault", NAMED_FAULTS)
def test_every_fault_that_was_asked_for_happens(tally: Counter[str], fault: str) -> None:
    """Each is really put into histories that a process then lives through."""
    assert lacking(tally, {f"mishap {one}": FEW for one in NAMED_FAULTS[fault]}) == {}


def test_every_mishap_of_the_network_and_the_ledger_happens(tally: Counter[str]) -> None:
    """Also those that nobody asked for by name; those of the ledger in each of its transactions."""
    names = [f"change {one}" for one in CHANGE_FAULTS] + [f"list {one}" for one in LIST_FAULTS]
    names += [f"{point}| {one}" for point in TRANSACTIONS for one in TRANSACTION_FAULTS]
    assert lacking(tally, {f"mishap {name}": FEW for name in names}) == {}


@pytest.mark.parametrize("what", ["kill", "freeze"])
def test_processes_are_killed_and_frozen_at_every_point(tally: Counter[str], what: str) -> None:
    """No named point is spared."""
    assert lacking(tally, {f"mishap {point} {what}": FEW for point in POINTS}) == {}


def test_everything_else_befalls_processes_at_many_points(tally: Counter[str]) -> None:
    """Interrupts, requests to stop, and clocks that are set, all over their work."""
    for what in MISHAPS:
        points = {name for name in tally if name.startswith("mishap ") and name.endswith(f" {what}")}
        assert len(points) >= (15 if EVERYDAY >= 2000 else 5), what


def test_every_kind_of_process_is_started(tally: Counter[str]) -> None:
    """Runs, previews, applies, read-backs, scheduled times and holds, also by two workers with two clocks."""
    wanted = {f"job {kind}": 200 for kind in KINDS}
    assert lacking(tally, {**wanted, "two workers": 800, "two clocks": 300}) == {}


@pytest.mark.parametrize("name", INVARIANTS)
def test_no_invariant_is_vacuous(tally: Counter[str], name: str) -> None:
    """What could have broken it happened, often."""
    assert lacking(tally, COULD_HAVE_BEEN[name]) == {}


def test_every_invariant_has_its_count() -> None:
    """A new invariant must say what could go against it."""
    assert COULD_HAVE_BEEN.keys() == INVARIANTS.keys()


def _forget_effects(world: World) -> None:
    world.shop.effects.clear()


def _send_otherwise(world: World) -> None:
    world.wires[0].values = {**world.wires[0].values, "status": "closed"}


def _send_as_an_undo(world: World) -> None:
    world.wires[0].values = {**world.wires[0].values, "by": "tertib/undo:default-99:cancel"}


def _end_badly(world: World) -> None:
    world.last.error = TertibError("it did not get through")


def _edit_the_chain(world: World) -> None:
    with world.bench.machines[0].writing() as connection:
        connection.exec_driver_sql("UPDATE audit SET at = '2026-03-10T00:00:00.000000Z' WHERE seq = 3")


FALSIFIED: Final[Mapping[str, Callable[[World], None]]] = {
    "every record true": _forget_effects,
    "nothing unpreviewed": _send_otherwise,
    "taken back": _send_as_an_undo,
    "gets through": _end_badly,
    "audit chain": _edit_the_chain,
}
"""What breaks the invariants that no missing guard breaks: several guards, or none, stand behind each."""


@pytest.mark.parametrize("name", FALSIFIED)
def test_an_invariant_that_no_single_guard_keeps_can_be_broken(name: str) -> None:
    """Where the facts are falsified after a good history, it is noticed."""
    one_order = (OrderSpec("pending", "unpaid", 50_000),)
    world = World(replace(read(witness("paid orders")), orders=one_order, faults=()), bench())
    ledger = world.play()
    assert violations(world, look(ledger)) == {}
    FALSIFIED[name](world)
    assert list(INVARIANTS[name](world, look(ledger)))


def test_every_invariant_can_be_broken() -> None:
    """Each fails for some witness without its guard, or where the facts are falsified."""
    broken = frozenset[str]().union(*(broken_by(name) for name in GUARDS))
    assert broken | FALSIFIED.keys() >= INVARIANTS.keys()
