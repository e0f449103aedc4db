"""Histories of the real engine in a simulated world: whatever goes wrong, nothing happens twice and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from season import CHUNK, EVERYDAY, Season
from simulator.invariants import look, violations
from simulator.run import bench, play, play_seed, read, shrink, written
from simulator.scenario import Fault, Scenario, draw
from simulator.world import ACCOUNT, World

KEPT = sorted((Path(__file__).parent / "regressions").glob("*.json"))
MANY = int(os.environ.get("TERTIB_TEST_SEEDS", "100000"))
"""How many seeds the long test plays beyond the everyday ones."""


def check(found: Mapping[int, Sequence[str]]) -> None:
    """Fail with every seed that fails, the first of them made small, and the command that keeps it."""
    if not found:
        return
    first = min(found)
    small = shrink(draw(first), lambda scenario: bool(play(scenario).violations))
    keep = f"python tests/simulation/simulate.py --first {first} --seeds 1 --keep"
    pytest.fail(f"{dict(found)}\nmade small: {small}\n{keep}", pytrace=False)


@pytest.mark.parametrize("first", range(0, EVERYDAY, CHUNK))
def test_seeds(first: int, season: Season) -> None:
    """No history of the everyday seeds breaks an invariant."""
    check(season.played(first).failed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(EVERYDAY, EVERYDAY + MANY, CHUNK))
def test_many_seeds(first: int) -> None:
    """No history of many more seeds does either."""
    check({seed: found for seed in range(first, first + CHUNK) if (found := play_seed(seed).violations)})


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_what_once_failed_stays_mended(file: Path) -> None:
    """Each history that once showed a mistake goes well."""
    assert play(read(file)).violations == ()


@pytest.mark.parametrize("seed", [3, 14, 159, 265])
def test_a_seed_is_one_exact_history(seed: int) -> None:
    """The same seed gives the same audit chain, to the last seal, and the same shop."""

    def history() -> tuple[object, ...]:
        world = World(draw(seed), bench())
        ledger = world.play()
        return ledger.checkpoint(ACCOUNT), world.shop.orders, world.shop.effects, world.fired

    assert history() == history()


def test_a_scenario_survives_the_way_to_a_file(tmp_path: Path) -> None:
    """What is kept is what was played."""
    file = tmp_path / "kept.json"
    file.write_bytes(written(draw(7)))
    assert read(file) == draw(7)


def test_shrinking_keeps_what_fails_and_drops_the_rest() -> None:
    """What a failure does not need is gone afterwards."""

    def fails(scenario: Scenario) -> bool:
        return any(fault.what == "late" for fault in scenario.faults)

    seed = next(seed for seed in range(1000) if fails(draw(seed)) and len(draw(seed).faults) > 1)
    small = shrink(draw(seed), fails)
    assert [fault.what for fault in small.faults] == ["late"]
    assert (small.edits, small.orders, len(small.jobs)) == ((), (), 1)


def test_the_invariants_see_a_world_that_goes_wrong() -> None:
    """A server that keeps changing orders by itself, in a rule's name, is noticed: the checks can fail."""
    world = World(draw(8), bench())
    ledger = world.play()
    assert violations(world, look(ledger)) == {}
    key = next(iter(world.shop.orders))
    for _ in range(2):
        world.shop.change(9e9, 99, [key], {"status": "canceled", "by": "tertib/cancel"})
    assert violations(world, look(ledger)).keys() >= {"never twice", "every effect on record"}


def test_a_mishap_is_what_was_asked_for() -> None:
    """A killed process is dead at once, and the scenario says where."""
    quiet = next(
        draw(seed) for seed in range(100) if not draw(seed).faults and draw(seed).jobs[0].kind == "run"
    )
    killed = replace(quiet, faults=(Fault("begin>", 1, "kill"),))
    assert play(killed).faults == ("begin> kill",)
