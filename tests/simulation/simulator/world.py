"""One scenario played by the real engine: processes of workers, their ledgers and clocks, and the shop between them."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from simulator.database import Bench, FailingDatabase
from simulator.network import Network, Wire
from simulator.scenario import Fault, Job, Scenario
from simulator.schedule import Schedule, Turn
from simulator.setups import SETUPS
from simulator.shop import START, Shop, number_of
from tertib import pipeline
from tertib.errors import TertibError
from tertib.language.personal import Mask
from tertib.ledger.lease import Lessee
from tertib.ledger.process import Owner
from tertib.ledger.store import SqlLedger
from tertib.ledger.values import Veil
from tertib.model import Plan
from tertib.record import document, restore
from tertib.scalev.budget import RollingBudget
from tertib.scalev.client import ChangeClient, Client

KEY: Final = b"a key for tests, 32 bytes long.."
MASK: Final = Mask(KEY)
ACCOUNT: Final = "default"
LEDGER_CALL: Final = 0.002
WATCHED: Final = frozenset(
    {
        *("history", "save_plan", "plan_document", "begin", "renew", "intend", "claim", "answer"),
        *("conclude", "unsettled", "settle", "halt", "end", "hold", "done"),
    }
)


class Killed(BaseException):
    """The process was killed: nothing it still runs has any effect."""


@dataclass(slots=True)
class Machine:
    """A host: its clock's error in seconds, and which of its processes have ended."""

    name: str
    offset: float = 0.0
    ended: set[Owner] = field(default_factory=set)


class Process:
    """One start of the engine: a job, with a ledger, clients and an allowance of its own."""

    def __init__(self, world: World, worker: Worker, job: Job, number: int) -> None:
        self.world, self.worker, self.job, self.number = world, worker, job, number
        self.dead = self.stopping = self.refused_by_age = False
        self.began = world.schedule.true
        self.clock = worker.machine.offset
        self.ended: float | None = None
        self.leased: float | None = None
        self.plan: Plan | None = None
        self.requests: list[float] = []
        self.claims: list[tuple[str, tuple[Any, ...]]] = []
        self.let_out: dict[str | None, float] = {}
        self.reads: dict[str, tuple[float, Any]] = {}
        self.owner = Owner(worker.machine.name, 1000 + number, "then", number)
        self.error: BaseException | None = None

    # --- time -------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return what this machine's clock shows."""
        return START + timedelta(seconds=self.world.schedule.true + self.worker.machine.offset)

    def monotonic(self) -> float:
        """Return seconds that no setting of the clock touches."""
        return self.world.schedule.true

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass for this process while the others go on."""
        if self.dead:
            raise Killed
        self.world.schedule.wait(self.worker.turn, seconds)

    def reach(self, point: str) -> None:
        """Come to a named point, where a mishap may wait."""
        if self.dead:
            raise Killed
        fault = None if self.worker.is_clean else self.world.strike(point)
        if fault is not None:
            self._suffer(fault)

    def _suffer(self, fault: Fault) -> None:
        if fault.what == "kill":
            self.die()
            raise Killed
        if fault.what == "interrupt":
            raise KeyboardInterrupt
        if fault.what == "freeze":
            self.wait(fault.size)
        if fault.what == "stop":
            self.stopping = True
        if fault.what == "jump":
            self.worker.machine.offset += fault.size

    def die(self) -> None:
        """End, as far as everybody else can see."""
        self.dead = True
        self.ended = self.world.schedule.true if self.ended is None else self.ended
        self.worker.machine.ended.add(self.owner)

    def is_gone(self, other: Owner) -> bool:
        """Tell whether another process has certainly ended: as an operating system can, on its own machine only."""
        return other.host == self.owner.host and other in self.worker.machine.ended

    # --- what the engine is given -----------------------------------------------------------------------

    def take_claim(self, ids: tuple[Any, ...]) -> str | None:
        """Return the request for which the ledger let these ids out, None where it did not; a claim is good for one."""
        if not self.claims or not set(ids) <= set(self.claims[-1][1]):
            return None
        return self.claims.pop()[0]

    def trouble(self) -> str:
        """Name what befalls the write transaction that begins."""
        fault = None if self.worker.is_clean else self.world.strike(f"{self.worker.call}|")
        return fault.what if fault else ""

    def run(self) -> None:
        """Do the job, and end however it ends."""
        world, settings = self.world, self.world.setup.settings
        database = self.worker.database
        database.trouble = self.trouble
        ledger = SqlLedger(
            database,
            key=KEY,
            clock=self,
            lessee=Lessee(self.owner, settings.lease_ttl, self.is_gone),
            veil=Veil(MASK.fingerprint),
            settle=settings.settle,
            saw=lambda _account: (),
        )
        budget = RollingBudget(self, world.setup.windows)
        network = Network(world, self)
        base, token = "http://scalev.test", "token"
        with (
            Client(
                base,
                token=token,
                customer_token=None,
                timeout=settings.timeout,
                budget=budget,
                clock=self,
                rng=random.Random(self.number),
                transport=network,
            ) as reader,
            ChangeClient(
                base, token=token, timeout=settings.timeout, budget=budget, clock=self, transport=network
            ) as writer,
        ):
            self.reads = network.reads
            watched: Any = Watch(ledger, self)

            means = pipeline.Means(settings, reader, watched, self, MASK, stopping=lambda: self.stopping)
            self._work(means, writer)

    def _work(self, means: pipeline.Means, writer: ChangeClient) -> None:
        world, job = self.world, self.job
        rules = world.setup.rule_sets[job.rules % len(world.setup.rule_sets)]
        if job.kind == "run":
            pipeline.run(rules, means, writer)
        elif job.kind == "plan":
            plan = pipeline.plan(rules, means)
            world.plans.append((restore(document(plan, MASK)), self.reads))
        elif job.kind == "apply" and world.plans:
            self.plan, read = world.plans[job.plan % len(world.plans)]
            self.reads.update(read)
            self.refused_by_age = self.now() - self.plan.created_at > means.settings.plan_ttl
            pipeline.apply(self.plan, means, writer)
        elif job.kind == "slot":
            pipeline.run(rules, means, writer, slots=(f"{ACCOUNT}/slot-{job.plan}",))
        elif job.kind == "hold" and world.shop.keys:
            self._hold(world.shop.keys[job.plan % len(world.shop.keys)], means)
        elif job.kind == "settle":
            pipeline.settle(means)
        elif job.kind == "undo":
            self._undo(job.plan, means, writer)

    def _undo(self, number: int, means: pipeline.Means, writer: ChangeClient) -> None:
        """Take back one of the last runs, as a person does who sees what it did."""
        known = means.ledger.runs(ACCOUNT, 20)  # type: ignore[attr-defined]  # as in `_hold`
        runs = [one for one in known if one.totals.get("on_the_wire") or one.state != "ended"]
        if runs:
            self.plan = pipeline.undo(runs[number % len(runs)].run_id, means)
            pipeline.apply(self.plan, means, writer)

    def _hold(self, key: str, means: pipeline.Means) -> None:
        """Put an order on hold by its number, which stays, as a person does who asks for it."""
        means.ledger.hold(ACCOUNT, number_of(key), None, "a person said so", self.now())  # type: ignore[attr-defined]  # the store's own; no stage needs it
        self.world.held.setdefault(key, self.world.schedule.true)


class Watch:
    """A ledger whose every call is two named points: before it, and after it."""

    def __init__(self, ledger: SqlLedger, process: Process) -> None:
        self._ledger, self._process = ledger, process

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ledger, name)
        return self._watched(name, found) if name in WATCHED else found

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        process = self._process

        def watched(*given: Any, **named: Any) -> Any:
            process.reach(f"{name}<")
            process.wait(LEDGER_CALL)
            process.worker.call = name
            at = process.world.schedule.true
            result = call(*given, **named)
            if name == "claim":
                process.claims.append((result.request_id, tuple(result.ids)))
                process.let_out[result.request_id] = at
            if name == "begin":
                process.leased = process.world.schedule.true
                process.world.slots += named["slots"]
            process.wait(LEDGER_CALL)
            process.reach(f"{name}>")
            return result

        return watched


class Worker:
    """Someone who starts processes, one after the other, on one machine."""

    def __init__(
        self, world: World, machine: Machine, database: FailingDatabase, *, is_clean: bool = False
    ) -> None:
        self.world, self.machine, self.database, self.is_clean = world, machine, database, is_clean
        self.turn = world.schedule.main if is_clean else Turn()
        self.call = ""

    def start(self, job: Job) -> Process:
        """Run one process to its end, whatever that is."""
        process = Process(self.world, self, job, len(self.world.processes))
        self.world.processes.append(process)
        try:
            process.run()
        except (TertibError, KeyboardInterrupt, Killed) as error:
            process.error = error
        except BaseException as error:  # noqa: BLE001 - whatever else comes out of the engine is a finding
            process.error = error
            self.world.findings.append(f"the engine raised {type(error).__name__}: {error}")
        process.die()
        return process

    def live(self, jobs: list[Job]) -> None:
        """Run the worker's processes at their times, as its thread."""
        schedule = self.world.schedule
        self.turn.baton.acquire()
        try:
            for job in jobs:
                if job.at > schedule.true:
                    schedule.wait(self.turn, job.at - schedule.true)
                self.start(job)
        finally:
            schedule.pass_on(self.turn, comes_back=False)


class World:
    """Everything that one scenario needs, and the record of what happened in it."""

    def __init__(self, scenario: Scenario, bench: Bench) -> None:
        self.scenario = scenario
        self.bench = bench
        self.setup = SETUPS[scenario.setup]
        self.schedule = Schedule()
        self.shop = Shop(scenario.orders, uuids=self.setup.uuids)
        self.wires: list[Wire] = []
        self.plans: list[tuple[Plan, dict[str, tuple[float, Any]]]] = []
        self.processes: list[Process] = []
        self.findings: list[str] = []
        self.held: dict[str, float] = {}
        self.slots: list[str] = []
        self.fired: list[Fault] = []
        self._counts: Counter[str] = Counter()
        self._faults = {(one.point, one.nth): one for one in scenario.faults}
        first = Machine("one")
        second = Machine("two", scenario.skew) if scenario.apart else first
        self.machines = (first, second)

    def strike(self, point: str) -> Fault | None:
        """Return what goes wrong here this time, if anything."""
        self._counts[point] += 1
        fault = self._faults.get((point, self._counts[point]))
        if fault is not None:
            self.fired.append(fault)
        return fault

    def play(self) -> SqlLedger:
        """Let everything happen, then let a process that nothing befalls clear up; return the ledger to look at."""
        self.bench.clear()
        for edit in self.scenario.edits:
            self.schedule.at(edit.at, self._edit(edit.order, edit.what))
        threads = list(self._threads())
        self.schedule.pass_on(self.schedule.main, comes_back=True)
        for thread in threads:
            thread.join()
        self._clear_up()
        return self.ledger()

    def ledger(self) -> SqlLedger:
        """Open the ledger once more, only to look."""
        settings = self.setup.settings
        looker = Process(self, self.cleaner, Job(0, 0.0, "look"), -1)
        return SqlLedger(
            self.bench.machines[0],
            key=KEY,
            clock=looker,
            lessee=Lessee(looker.owner, settings.lease_ttl, looker.is_gone),
            veil=Veil(MASK.fingerprint),
            settle=settings.settle,
            saw=lambda _account: (),
        )

    def _edit(self, order: int, what: str) -> Callable[[], None]:
        return lambda: self.shop.edit(self.schedule.true, order, what)

    def _threads(self) -> Iterator[threading.Thread]:
        jobs: dict[int, list[Job]] = defaultdict(list)
        for job in self.scenario.jobs:
            jobs[job.worker].append(job)
        for number, mine in jobs.items():
            worker = Worker(self, self.machines[number], self.bench.machines[number])
            thread = threading.Thread(target=worker.live, args=(sorted(mine, key=_at),), daemon=True)
            thread.start()
            self.schedule.at(mine[0].at, worker.turn)
            yield thread

    def _clear_up(self) -> None:
        """Settle until nothing waits, with the clocks right again and the network in order."""
        self._faults = {}
        for machine in self.machines:
            machine.offset = 0.0
        self.cleaner = Worker(self, self.machines[0], self.bench.machines[0], is_clean=True)
        settings = self.setup.settings
        # A clock that was ahead dates things after now: go past all of them.
        self.schedule.wait(self.schedule.main, settings.settle.total_seconds() + 1800.0)
        for kind in ("run", "settle"):
            self.last = self.cleaner.start(Job(0, self.schedule.true, kind))
            self.schedule.wait(self.schedule.main, settings.settle.total_seconds() + 1.0)


def _at(job: Job) -> float:
    return job.at
