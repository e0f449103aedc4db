"""Several processes and threads at one ledger: one of them wins, and what a killed one sent stays known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tertib.errors import LedgerError
from tertib.model import State

ACCOUNT = "default"

PROGRAM = """
import json, os, sys
from tertib.clock import SystemClock
from tertib.errors import TertibError
from tertib.ledger import open_ledger
from tertib.model import Change

class Clock(SystemClock):
    def now(self):
        from datetime import datetime
        return datetime.fromisoformat(sys.argv[2])

clock = Clock()
now = clock.now()
changes = [
    Change(n, f"order-{n}", "cancel", {}, {"status": "canceled"}, None, False, (), now) for n in range(20)
]
def ledger():
    return open_ledger(sys.argv[1], key=b"a key for tests, 32 bytes long..", clock=clock)
print("ready", flush=True)
sys.stdin.readline()
try:
    result = eval(sys.argv[3])
except TertibError as error:
    result = f"{type(error).__name__}: {error}"
print(json.dumps(result), flush=True)
sys.stdin.readline()
"""


class Crew:
    """Processes that wait at a line and start together."""

    def __init__(self, desk: Any, size: int, *expressions: str) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, desk.url, desk.now.isoformat(), expression],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
            for expression in expressions * size
        ]

    def run(self) -> list[Any]:
        """Let them start at once and return what each has come to."""
        for one in self.processes:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        self.say()
        return [json.loads(one.stdout.readline()) for one in self.processes if one.stdout is not None]

    def say(self) -> None:
        """Send each process a line."""
        for one in self.processes:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()

    def kill(self) -> None:
        """End them without a chance to tidy up."""
        for one in self.processes:
            one.kill()
            one.communicate()


@pytest.fixture
def crew(desk: Any) -> Any:
    """Give a way to start processes; they are killed at the end."""
    crews: list[Crew] = []

    def start(size: int, *expressions: str) -> Crew:
        crews.append(Crew(desk, size, *expressions))
        return crews[-1]

    yield start
    for one in crews:
        one.kill()


def test_a_new_ledger_can_be_opened_by_many_at_once(desk: Any, crew: Any) -> None:
    """The tables are made once, and nobody fails over it."""
    assert crew(4, "ledger().accounts()").run() == [[]] * 4
    assert desk.open().accounts() == ()


def test_one_process_gets_the_lease(desk: Any, crew: Any) -> None:
    """All others are told who has it, and the plan is applied by one run."""
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(1))
    begin = f"ledger().begin('default', '{plan.plan_id}', kind='apply', slots=(), now=now)"
    results = sorted(crew(4, begin).run())
    assert results[:3] == ["LeaseLost: run `default-1` is at work on account `default`"] * 3
    assert results[3] == "default-1"
    assert ledger.verify_audit(ACCOUNT).ok


def test_one_process_gets_the_slot(desk: Any, crew: Any) -> None:
    """Two replicas never run a slot twice."""
    desk.save(desk.open())
    assert sorted(crew(4, "ledger().slot_open('default', 'cancel', now, now)").run()) == [False] * 3 + [True]


def test_an_order_is_claimed_once(desk: Any, crew: Any) -> None:
    """Whoever claims, in whichever process, under one lease: no id is let out twice."""
    ledger = desk.open()
    run = desk.begin(ledger, *desk.changes(20))
    claim = f"list(ledger().claim({run!r}, changes, {{'status': 'canceled'}}, now).ids)"
    claimed = [one for ids in crew(4, claim).run() for one in ids]
    assert sorted(claimed) == list(range(20))


def test_a_killed_process_leaves_its_claim_known(desk: Any, crew: Any) -> None:
    """Killed between claim and answer: its lease passes on at once, and its orders are read back, not sent again."""
    desk.save(desk.open(), *desk.changes(20))
    steps = (
        "(lambda l: [l.begin('default', 'plan-1', kind='apply', slots=(), now=now), "
        "l.intend('default-1', changes[:2], [{}, {}], now), "
        "list(l.claim('default-1', changes[:1], {}, now).ids)])(ledger())"
    )
    worker = crew(1, steps)
    assert worker.run() == [["default-1", None, [0]]]
    ledger = desk.open()
    plan = desk.save(ledger, *desk.changes(2))
    with pytest.raises(LedgerError, match="run `default-1` is at work"):
        ledger.begin(ACCOUNT, plan.plan_id, kind="apply", slots=(), now=desk.now)
    worker.kill()
    run = desk.begin(ledger, *desk.changes(2))
    assert desk.states(ledger, "default-1") == {"0": "sent", "1": "abandoned"}
    assert desk.send(ledger, run, *desk.changes(2)).ids == (1,)
    assert ledger.verify_audit(ACCOUNT).ok


def test_threads_share_a_ledger(desk: Any) -> None:
    """Claims, answers and reads of several threads never overlap and never fail."""
    ledger = desk.open()
    changes = desk.changes(24)
    run = desk.begin(ledger, *changes)

    def work(number: int) -> tuple[int, ...]:
        mine = changes[number::4] + changes[(number + 1) % 4 :: 4]
        claim = desk.send(ledger, run, *mine)
        won = [one for one in changes if one.id in claim.ids]
        if won:
            desk.answer(ledger, claim, "answered", State.CONFIRMED, *won)
        ledger.history(ACCOUNT, {str(one.id): one.order_id for one in mine}, desk.now)
        return tuple(claim.ids)

    with ThreadPoolExecutor(4) as pool:
        won = [one for ids in pool.map(work, range(4)) for one in ids]
    assert sorted(won) == list(range(24))
    assert set(desk.states(ledger, run).values()) == {"confirmed"}
    assert ledger.verify_audit(ACCOUNT).ok
