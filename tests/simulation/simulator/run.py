"""Play scenarios, make failing ones smaller, and keep them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from simulator.census import census
from simulator.database import Bench
from simulator.guards import removed
from simulator.invariants import look, violations
from simulator.scenario import Scenario, draw
from simulator.world import World


@dataclass(frozen=True, slots=True)
class Played:
    """What a scenario came to: what must not be, and how much happened (`tally` as the census counts it).

    `broken` names the invariants that `violations` tell of.
    """

    violations: tuple[str, ...]
    broken: frozenset[str]
    runs: int
    wires: int
    faults: tuple[str, ...]
    tally: Counter[str]


@cache
def bench() -> Bench:
    """Return this process's database."""
    return Bench()


def play(scenario: Scenario, without: str | None = None) -> Played:
    """Play a scenario from its beginning to quiet, and check everything; `without` names a guard to take out."""
    world = World(scenario, bench())
    with removed(without, bench()):
        ledger = world.play()
        record = look(ledger)
        found = violations(world, record)
    fired = tuple(f"{one.point} {one.what}" for one in world.fired)
    return Played(
        violations=tuple(words for name in found for words in found[name]),
        broken=frozenset(found),
        runs=len(world.processes),
        wires=len(world.wires),
        faults=fired,
        tally=census(world, record),
    )


def play_seed(seed: int) -> Played:
    """Play the scenario of a seed."""
    return play(draw(seed))


def shrink(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """Return the smallest scenario that still fails, dropping faults, people, processes and orders one by one."""
    while True:
        smaller = next((one for one in scenario.smaller() if fails(one)), None)
        if smaller is None:
            return scenario
        scenario = smaller


def written(scenario: Scenario) -> bytes:
    """Return a scenario as JSON."""
    return msgspec.json.format(msgspec.json.encode(scenario), indent=1)


def read(file: Path) -> Scenario:
    """Read a scenario back."""
    return msgspec.json.decode(file.read_bytes(), type=Scenario)
