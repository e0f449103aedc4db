"""Processes that are killed or frozen at every named point: the next start goes on, nothing is sent twice or lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VICTIM = Path(__file__).parent / "victim.py"
KILLED = -9

BEFORE_SENDING = (
    *("history<", "save_plan|", "begin<", "begin|", "begin>", "intend<", "intend|", "intend>"),
    *("renew>", "claim<", "claim|"),
)
SENDING = ("claim>", "wire<")
SENT = ("wire>", "answer<", "answer|")
AFTERWARDS = ("answer>", "end<", "end|", "end>")
EVERYDAY = ("begin>", "intend>", "claim|", "claim>", "wire<", "wire>", "answer|", "end>")
"""The points of the everyday suite; the long tests take all of them."""

HOW_MANY = int(os.environ.get("TERTIB_TEST_KILLS", "100"))
"""How many kills and, a quarter of that, freezes the long tests make."""


def check_quiet(floor: Any, orders: int = 5) -> None:
    """Check that every order was changed exactly once, and that the record says so and is whole."""
    assert floor.changes() == {1: orders}
    with floor.record() as ledger:
        runs = [ledger.run_details(run.run_id) for run in ledger.runs("default", 100)]
        audit = ledger.verify_audit("default")
    states = [change.state for run in runs for change in run.changes]
    assert not {"planned", "sent"} & set(states)
    assert sum(state in {"confirmed", "confirmed_by_readback"} for state in states) == orders
    assert audit.ok, audit.why


def kill_and_go_on(floor: Any, point: str, nth: int = 1) -> None:
    """Kill a run at a point, start the next at once, and once more when the time to settle has passed."""
    assert floor.run("run", point=point, nth=nth).status == KILLED
    assert floor.run("run").status in {0, 3}
    assert max(floor.changes()) <= 1
    floor.later(minutes=20)
    assert floor.run("run").status == 0
    check_quiet(floor)


def freeze_and_go_on(floor: Any, point: str, nth: int, minutes: float) -> None:
    """Freeze a run at a point until another has taken its place, and let it wake up."""
    number = floor.freeze("run", point=point, nth=nth)
    floor.later(minutes=minutes)
    floor.run("run")
    assert floor.thaw(number).status in {0, 1, 3}
    assert max(floor.changes()) <= 1
    floor.later(minutes=20)
    floor.run("run")
    floor.later(minutes=20)
    floor.run("run")
    check_quiet(floor)


@pytest.mark.parametrize("point", EVERYDAY)
def test_a_run_killed_anywhere_is_finished_by_the_next(floor: Any, point: str) -> None:
    """Whatever was planned is decided afresh, whatever was sent is read back, each order is changed once."""
    kill_and_go_on(floor, point)


@pytest.mark.parametrize("point", ["settle|"])
def test_reading_back_killed_anywhere_is_done_again(floor: Any, point: str) -> None:
    """A process that dies while it settles leaves the outcome to be settled."""
    assert floor.run("run", point="wire>").status == KILLED
    floor.later(minutes=20)
    assert floor.run("settle", point=point).status == KILLED
    assert floor.run("run").status == 0
    check_quiet(floor)


@pytest.mark.parametrize(("point", "minutes"), [("claim>", 20), ("wire<", 5), ("answer<", 20)])
def test_a_frozen_run_that_wakes_up_does_no_harm(floor: Any, point: str, minutes: float) -> None:
    """While it slept another took the account: what it still writes is refused, and what it sends is known of."""
    freeze_and_go_on(floor, point, 1, minutes)


def test_the_record_tells_of_a_killed_run_in_words(floor: Any) -> None:
    """`runs show` says what was on its way when the process ended, and what was never sent."""
    assert floor.run("run", point="wire>", nth=2).status == KILLED
    floor.run("run")
    first = "default-1"
    told = floor.run("runs", "show", first).printed
    assert "its process ended or lost the account" in told
    assert "confirmed" in told
    assert "no answer was recorded" in told
    assert "never sent" in told
    floor.later(minutes=20)
    floor.run("settle")
    assert "read back" in floor.run("runs", "show", first).printed


def test_the_points_are_for_tests_alone(checkout: Path) -> None:
    """The entry refuses to start without its variable, and no word of it is in the package."""
    refused = subprocess.run(
        [sys.executable, str(VICTIM)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout / "engine")},
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert refused.returncode == 1
    sources = (path.read_text(encoding="utf-8") for path in (checkout / "engine").rglob("*.py"))
    assert not any("TERTIB_TEST" in source or "SIGSTOP" in source for source in sources)


@pytest.mark.long
@pytest.mark.parametrize("number", range(HOW_MANY))
def test_many_kills(floor: Any, number: int) -> None:
    """Killed at any point, the first, second or third time that it is reached."""
    rng = random.Random(number)
    point = rng.choice((*BEFORE_SENDING, *SENDING, *SENT, *AFTERWARDS))
    again = point.rstrip("<|>") in {"claim", "wire", "answer", "renew"}
    kill_and_go_on(floor, point, rng.choice((1, 2, 3)) if again else 1)


@pytest.mark.long
@pytest.mark.parametrize("point", ["settle<", "settle>"])
def test_reading_back_killed_at_its_other_points_is_done_again(floor: Any, point: str) -> None:
    """The same before and after what is read back is written."""
    test_reading_back_killed_anywhere_is_done_again(floor, point)


@pytest.mark.long
@pytest.mark.parametrize("number", range(HOW_MANY // 4))
def test_many_freezes(floor: Any, number: int) -> None:
    """Frozen at any point, within the settle window where that is promised, and beyond it everywhere else."""
    rng = random.Random(number)
    point = rng.choice((*BEFORE_SENDING[3:], *SENDING, *SENT, *AFTERWARDS[:-1]))
    if point.endswith("|"):
        point = point.replace("|", ">")  # a frozen transaction holds the database, and the others wait for it
    minutes = rng.choice((1, 5)) if point == "wire<" else rng.choice((1, 5, 20))
    freeze_and_go_on(floor, point, 1, minutes)
