"""Processes that are killed or frozen at every named point: the next start goes on, nothing is sent twice or lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from results import note
from tertib.ports import Ledger

VICTIM = Path(__file__).parent / "victim.py"
KILLED = -9


def around(*calls: str) -> tuple[str, ...]:
    """Return the points of ledger calls: before, all written but not yet committed, and after."""
    return tuple(f"{call}{place}" for call in calls for place in "<|>")


READING = ("history<", "history>")
POINTS = (
    *around("save_scan_sizes"),
    *READING,
    *around("save_plan", "begin", "conclude", "intend", "renew", "claim"),
    *("wire<", "wire>"),
    *around("answer", "end"),
)
SETTLING = around("settle")
AGAIN = (*around("renew", "claim"), "wire<", "wire>", *around("answer"))
"""What a run comes to several times, once a request."""

KILLED_EVERYDAY = ("intend>", "claim>", "wire<", "wire>", "answer|")
FROZEN_EVERYDAY = ("claim>", "wire<")

IN_CI = bool(os.environ.get("CI"))
KILLS = int(os.environ.get("TERTIB_TEST_KILLS", "2000"))
FREEZES = int(os.environ.get("TERTIB_TEST_FREEZES", "500"))
"""How many the long tests make, half of them on each database."""


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


def at_points(everyday: tuple[str, ...], every: tuple[str, ...]) -> pytest.MarkDecorator:
    """Run a test at the everyday points, in CI at every point."""
    return pytest.mark.parametrize("point", every if IN_CI else everyday)


def kill_and_go_on(floor: Any, point: str, nth: int = 1) -> None:
    """Kill a run at a point, start the next at once, and once more when the time to settle has passed."""
    assert floor.run("run", point=point, nth=nth).status == KILLED
    assert floor.run("run").status in {0, 3}
    assert max(floor.changes()) <= 1
    floor.later(minutes=20)
    assert floor.run("run").status == 0
    check_quiet(floor)
    note("kills", **{floor.database: 1})


def freeze_and_go_on(floor: Any, point: str, nth: int, minutes: float) -> None:
    """Freeze a run at a point until another has taken its place, and let it wake up.

    One that is frozen in a transaction keeps the database to itself: the other gives up, and nothing is lost by it.
    """
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
    note("freezes", **{floor.database: 1})


def asleep(point: str) -> float:
    """Return how many minutes a process may sleep: between the last look at the clock and the wire, less than settle."""
    return 5 if point == "wire<" else 20


@at_points(KILLED_EVERYDAY, POINTS)
def test_a_run_killed_anywhere_is_finished_by_the_next(floor: Any, point: str) -> None:
    """Whatever was planned is decided afresh, whatever was sent is read back, each order is changed once."""
    kill_and_go_on(floor, point)


@at_points(("wire>",), AGAIN)
def test_a_run_killed_at_its_second_request_is_finished_by_the_next(floor: Any, point: str) -> None:
    """What the first request changed stays changed, and is not among what is decided afresh."""
    kill_and_go_on(floor, point, 2)


@at_points(FROZEN_EVERYDAY, POINTS)
def test_a_frozen_run_that_wakes_up_does_no_harm(floor: Any, point: str) -> None:
    """While it slept another took the account: what it still writes is refused, and what it sends is known of."""
    freeze_and_go_on(floor, point, 1, asleep(point))


@at_points(("settle|",), SETTLING)
def test_reading_back_killed_anywhere_is_done_again(floor: Any, point: str) -> None:
    """A process that dies while it settles leaves the outcome to be settled."""
    assert floor.run("run", point="wire>").status == KILLED
    floor.later(minutes=20)
    assert floor.run("settle", point=point).status == KILLED
    assert floor.run("run").status == 0
    check_quiet(floor)
    note("kills", **{floor.database: 2})


@at_points(("settle>",), SETTLING)
def test_reading_back_frozen_anywhere_is_done_by_another(floor: Any, point: str) -> None:
    """Of two processes that read a change back, one that slept meanwhile writes nothing over the other's end."""
    assert floor.run("run", point="wire>").status == KILLED
    floor.later(minutes=20)
    number = floor.freeze("settle", point=point)
    floor.run("run")
    assert floor.thaw(number).status in {0, 1, 3}
    assert floor.run("run").status == 0
    check_quiet(floor)
    note("kills", **{floor.database: 1})
    note("freezes", **{floor.database: 1})


SCHEDULED = """\
name: {name}
schedule: "0 0 1 1 *"
query: {{status: pending, payment_status: unpaid}}
conditions: [{{gross_revenue: {{{condition}}}}}]
action: {{status: canceled}}
limits: {{orders: 5}}
mode: apply
first_run: apply
"""


def test_rules_that_shared_a_run_are_not_run_again_after_a_kill(floor: Any) -> None:
    """Serving is killed when their run has ended and none of their slots is closed: five of ten orders are changed."""
    (floor.place / "rules" / "cancel.yaml").unlink()
    rules = {"first": "lt: 0", "second": "gt: 0"}
    new_year = datetime(datetime.now(UTC).year, 1, 1, tzinfo=ZoneInfo("Asia/Jakarta"))
    with floor.record() as ledger:
        for name, condition in rules.items():
            text = SCHEDULED.format(name=name, condition=condition)
            (floor.place / "rules" / f"{name}.yaml").write_text(text, "utf-8")
            ledger.slot_close("default", name, new_year.replace(year=new_year.year - 1), "done", new_year)
    assert floor.run("serve", point="end>").status == KILLED
    check_quiet(floor)
    floor.fill(5)
    assert floor.stop("serve", after="next slot").status == 0
    assert floor.changes() == {0: 5}
    with floor.record() as ledger:
        slots = [one for one in ledger.slots("default") if one.slot_at == new_year]
        assert len(ledger.runs("default")) == 1
    assert {one.rule: (one.state, one.run_id) for one in slots} == dict.fromkeys(rules, ("done", "default-1"))
    note("kills", **{floor.database: 1})


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
@pytest.mark.parametrize("number", range(KILLS // 2))
def test_many_kills(floor: Any, number: int) -> None:
    """Killed at any point, the first, second or third time that it is reached."""
    rng = random.Random(number)
    point = rng.choice(POINTS)
    kill_and_go_on(floor, point, rng.choice((1, 2, 3)) if point in AGAIN else 1)


@pytest.mark.long
@pytest.mark.parametrize("number", range(FREEZES // 2))
def test_many_freezes(floor: Any, number: int) -> None:
    """Frozen at any point, within the settle window where that is promised, and beyond it everywhere else."""
    rng = random.Random(number)
    point = rng.choice(POINTS)
    nth = rng.choice((1, 2)) if point in AGAIN else 1
    freeze_and_go_on(floor, point, nth, rng.choice((1, 5, asleep(point))))


def test_everything_a_run_does_with_the_record_has_its_points() -> None:
    """What the stages write is what they can be killed in: no call of their port is without a name here."""
    port = {name for name in vars(Ledger) if not name.startswith("_")}
    # nothing hangs on when these are asked
    asked = {"plan_document", "scan_sizes", "unsettled", "reputes", "done", "pauses", "holds"}
    stopped = {"halt"}  # within `answer`, and by a person
    waiting = {"ask_approval"}  # for rules in mode `approve`, which send nothing
    assert port - asked - stopped - waiting == {point.rstrip("<|>") for point in (*POINTS, *SETTLING)} - {
        "wire"
    }
