"""Every guard matters: taken out, alone or with its backup, the simulator finds a violation that it prevents."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path

import pytest

from results import note
from simulator.guards import GUARDS, removed
from simulator.run import bench, play, play_seed, read

WITNESSES = Path(__file__).parent / "witnesses"
SEARCHED = int(os.environ.get("TERTIB_TEST_GUARD_SEEDS", "3000"))

QUICKLY_FOUND = (
    "unsettled",
    "stop after unknown",
    "lost is unknown",
    "settle window",
    "human change",
    "rate",
)
"""Guards that any few seeds miss; the others are searched for with `simulate.py --without`."""


def witness(name: str) -> Path:
    """Return the file of the history that a guard prevents from going wrong."""
    return WITNESSES / f"{name.replace(' ', '-').replace('+', '_')}.json"


@cache
def broken_by(name: str) -> frozenset[str]:
    """Name the invariants that a guard's witness breaks without it."""
    return play(read(witness(name)), name).broken


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_prevents_what_happens_without_it(name: str) -> None:
    """One and the same history is a violation without the guard, and none with it."""
    scenario = read(witness(name))
    assert play(scenario).violations == ()
    assert broken_by(name)
    note("guards", shown=1)


def test_every_witness_belongs_to_a_guard() -> None:
    """No history is kept for a guard that is gone."""
    assert {file.name for file in WITNESSES.glob("*.json")} == {witness(name).name for name in GUARDS}


@pytest.mark.long
@pytest.mark.parametrize("name", QUICKLY_FOUND)
def test_seeds_find_what_a_missing_guard_lets_through(name: str) -> None:
    """Nobody has to know what to look for: drawn at random, histories show that the guard is gone."""
    with removed(name, bench()):
        assert any(play_seed(seed).violations for seed in range(SEARCHED))


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_is_back_afterwards(name: str) -> None:
    """Taking a guard out ends with the block, so that no other test runs without it."""
    before = [getattr(where, what) for where, what, _ in GUARDS[name].without]
    with removed(name, bench()):
        assert [getattr(where, what) for where, what, _ in GUARDS[name].without] != before
    assert [getattr(where, what) for where, what, _ in GUARDS[name].without] == before


def test_nothing_in_the_package_can_take_a_guard_out(checkout: Path) -> None:
    """A guard is a function that is always called: no module assigns another to its name, or has the means to."""
    replaced = {(where.__name__, what) for guard in GUARDS.values() for where, what, _ in guard.without}
    names = {what for _, what in replaced}
    for path in (checkout / "engine").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else []
            stored = {one.attr for one in targets if isinstance(one, ast.Attribute)}
            assert not stored & names, f"{path} replaces a guard"
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
                assert isinstance(node.args[0], ast.Name), f"{path} sets attributes of something unclear"
            if isinstance(node, ast.Import | ast.ImportFrom):
                known = {getattr(node, "module", None) or "", *(one.name for one in node.names)}
                assert not known & {"simulator", "unittest", "unittest.mock"}, f"{path} could replace a guard"
