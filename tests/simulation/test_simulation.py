"""Histories of the real engine in a simulated world: whatever goes wrong, nothing happens twice and nothing is lost."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from simulator.run import bench, play, play_seed, read, shrink, written
from simulator.scenario import Fault, Scenario, draw
from simulator.world import ACCOUNT, World

KEPT = sorted((Path(__file__).parent / "regressions").glob("*.json"))
EVERYDAY, CHUNK = 300, 50
MANY = int(os.environ.get("TERTIB_TEST_SEEDS", "2000"))


def check(seeds: range) -> None:
    """Play seeds; the message names each that fails, and the command that makes it small."""
    failed = {seed: found for seed in seeds if (found := play_seed(seed).violations)}
    assert not failed, f"{failed}\npython tests/simulation/simulate.py --first {min(failed)} --seeds 1 --keep"


@pytest.mark.parametrize("first", range(0, EVERYDAY, CHUNK))
def test_seeds(first: int) -> None:
    """No history of the everyday seeds breaks an invariant."""
    check(range(first, first + CHUNK))


@pytest.mark.long
@pytest.mark.parametrize("first", range(EVERYDAY, EVERYDAY + MANY, CHUNK))
def test_many_seeds(first: int) -> None:
    """No history of many more seeds does either."""
    check(range(first, first + CHUNK))


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
    from simulator.invariants import violations  # noqa: PLC0415 - beside its one use

    assert violations(world, ledger) == []
    key = next(iter(world.shop.orders))
    for _ in range(2):
        world.shop.change(9e9, 99, [key], {"status": "canceled", "by": "tertib/cancel"})
    found = " ".join(violations(world, ledger))
    assert "twice" in found
    assert "the record says" in found


def test_a_mishap_is_what_was_asked_for() -> None:
    """A killed process is dead at once, and the scenario says where."""
    quiet = next(
        draw(seed) for seed in range(100) if not draw(seed).faults and draw(seed).jobs[0].kind == "run"
    )
    killed = replace(quiet, faults=(Fault("begin>", 1, "kill"),))
    assert play(killed).faults == ("begin> kill",)
