"""What happens in one simulation, as a value: drawn from a seed, made smaller when it fails, kept when it matters."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Final

from simulator.setups import SETUPS

MINUTE: Final = 60.0

# What can befall a process at a named point of its work.
MISHAPS: Final = ("kill", "freeze", "interrupt", "stop", "jump")
TRANSACTION_FAULTS: Final = ("busy", "full", "commit_lost")

TRANSACTIONS: Final = ("begin", "intend", "claim", "answer", "answer", "conclude", "end", "settle")

CHANGE_FAULTS: Final = (
    "refused",
    "reset_before",
    "reset_after",
    "timeout_before",
    "timeout_after",
    "late",
    "late_reset",
    "plain_429",
    "json_429",
    "e500_before",
    "e500_after",
    "html_502_before",
    "html_502_after",
    "e408_after",
    "e401",
    "partial",
    "partial_undone",
    "other_values",
    "other_values_undone",
    "echo_twice",
    "foreign",
    "truncated",
    "slow",
)
LIST_FAULTS: Final = (
    "refused",
    "reset",
    "timeout",
    "plain_429",
    "json_429",
    "e400",
    "e400",
    "e500",
    "html_502",
    "truncated",
    "reordered",
    "repeated_cursor",
    "repeated_page",
    "ignored_filter",
    "missing_field",
)
UNKNOWN: Final = frozenset(
    {
        *("reset_before", "reset_after", "timeout_before", "timeout_after", "late", "late_reset"),
        *("e500_before", "e500_after", "html_502_before", "html_502_after", "e408_after", "truncated"),
        *("partial", "partial_undone", "other_values", "other_values_undone", "echo_twice"),
    }
)
"""After these nobody at the client can know what became of every order of the request."""

POINTS: Final = (
    *("history<", "save_plan>", "begin<", "begin>", "intend>", "renew<", "renew>"),
    *("claim<", "claim>", "claim>", "answer<", "answer<", "answer>", "conclude>", "end<", "end>"),
    *("settle<", "settle>", "list<", "list>", "change<", "change<", "change applied", "change>"),
)
"""Named points of a process's work, those around the wire more than once: they are drawn more often."""

KINDS: Final = (
    *("run", "run", "run", "run", "run", "run", "plan", "plan", "apply", "apply", "apply"),
    *("settle", "settle", "slot", "slot", "hold"),
)
"""What a process does; `slot` is a run for a scheduled time, which is to have one run however many start for it."""

EDITS: Final = ("pay", "pay", "unpay", "reopen", "cancel", "confirm", "touch", "prove", "remove", "raise")


@dataclass(frozen=True, slots=True)
class OrderSpec:
    """An order as it stands in the shop at the start. `bad` makes the server refuse every request that holds it."""

    status: str
    payment: str
    money: int
    proof: bool = False
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person or a buyer does to an order, in seconds of true time."""

    at: float
    order: int
    what: str


@dataclass(frozen=True, slots=True)
class Job:
    """One process: which worker starts it, when, and what it is to do.

    `plan` numbers the plan that is applied, the scheduled time that is kept, the order that is put on hold, or the run,
    from the last one back, that is undone.
    """

    worker: int
    at: float
    kind: str
    rules: int = 0
    plan: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong the `nth` time that a point is reached."""

    point: str
    nth: int
    what: str
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One history to be played: everything but the engine's own doing."""

    seed: int
    setup: int
    apart: bool
    skew: float
    orders: tuple[OrderSpec, ...]
    edits: tuple[Edit, ...]
    jobs: tuple[Job, ...]
    faults: tuple[Fault, ...]

    def smaller(self) -> list[Scenario]:
        """Return every scenario that lacks one thing of this one."""
        parts = ("faults", "edits", "jobs", "orders")
        without = [
            replace(self, **{part: (*had[:index], *had[index + 1 :])})  # type: ignore[arg-type]  # by name
            for part in parts
            for had in [getattr(self, part)]
            for index in range(len(had))
        ]
        plainer = [replace(self, skew=0.0)] if self.skew else []
        plainer += [replace(self, apart=False)] if self.apart else []
        return [one for one in (*without, *plainer) if one.jobs]


def draw(seed: int) -> Scenario:
    """Return the scenario of a seed, always the same."""
    rng = random.Random(seed)
    setup = rng.randrange(len(SETUPS))
    jobs = _with_undo(seed, _jobs(rng, len(SETUPS[setup].rule_sets)))
    orders = tuple(_order(rng) for _ in range(rng.randint(1, 8)))
    moments = [job.at for job in jobs]
    drawn = Scenario(
        seed=seed,
        setup=setup,
        apart=rng.random() < 0.4,
        skew=rng.choice((0.0, 0.0, -20.0, 5.0, 20.0)),
        orders=orders,
        edits=tuple(_edit(rng, moments, len(orders)) for _ in range(rng.randint(0, 5))),
        jobs=jobs,
        faults=_faults(rng),
    )
    return _with_migration(_with_hold(_with_company(drawn)))


def _with_migration(drawn: Scenario) -> Scenario:
    """Let the server give orders new ids while things happen, in some histories: all at once, or one after the other.

    Drawn by itself, so that everything else is as it was without.
    """
    rng = random.Random(f"migration {drawn.seed}")
    if rng.random() > 0.15:
        return drawn
    begins = rng.choice([job.at for job in drawn.jobs]) + rng.choice((0.0, 0.3, 1.0, 5.0, 60.0))
    apart = rng.choice((0.0, 0.0, 0.05, 1.0, 5 * MINUTE))
    moves = (Edit(begins + apart * order, order, "migrate") for order in range(len(drawn.orders)))
    return replace(drawn, edits=(*drawn.edits, *moves))


def _with_hold(drawn: Scenario) -> Scenario:
    """Let somebody put an order on hold while a process is at work, frozen just before its claim, in some histories.

    Drawn by itself, so that everything else is as it was without.
    """
    rng = random.Random(f"hold {drawn.seed}")
    first = next((job for job in drawn.jobs if job.kind in {"run", "slot"}), None)
    if first is None or rng.random() > 0.15:
        return drawn
    at = first.at + rng.choice((0.3, 0.6, 1.0, 3.0))
    hold = Job(1 - first.worker, at, "hold", plan=rng.choice((0, 0, 1, 2)))
    frozen = Fault("claim<", rng.choice((1, 1, 2)), "freeze", 5.0)
    return replace(drawn, jobs=(*drawn.jobs, hold), faults=(*drawn.faults, frozen))


def _with_company(drawn: Scenario) -> Scenario:
    """Put mishaps together in some histories that seldom meet: one while reading back, a lost page and its plan.

    Drawn by itself, so that everything else is as it was without.
    """
    rng = random.Random(f"company {drawn.seed}")
    chance = rng.random()
    after = max(job.at for job in drawn.jobs) + 17 * MINUTE
    if chance < 0.15:
        first = Job(0, after, "settle")
        second = Job(rng.choice((0, 1)), after + rng.choice((0.1, 1.0, 8.0)), rng.choice(("settle", "run")))
        lost = Fault("change", 1, rng.choice(sorted(UNKNOWN)), 1.0)
        befalls = rng.choice(
            [
                *(
                    Fault(point, 1, what)
                    for point in ("settle<", "settle>")
                    for what in ("kill", "interrupt")
                ),
                *(Fault(point, 1, "freeze", 300.0) for point in ("settle<", "settle>")),
                *(Fault("settle|", 1, what) for what in TRANSACTION_FAULTS),
            ]
        )
        return replace(drawn, jobs=(*drawn.jobs, first, second), faults=(*drawn.faults, lost, befalls))
    if chance < 0.2:
        plan, apply = Job(0, 0.0, "plan"), Job(0, 30.0, "apply")
        lost = Fault("list", rng.choice((1, 2)), "e400")
        return replace(drawn, jobs=(plan, apply, *drawn.jobs), faults=(*drawn.faults, lost))
    return drawn


def _jobs(rng: random.Random, rule_sets: int) -> tuple[Job, ...]:
    jobs: list[Job] = []
    at = 0.0
    for number in range(rng.randint(2, 5)):
        at += rng.choice((0.0, 1.0, 8.0, 40.0, 3 * MINUTE, 8 * MINUTE, 17 * MINUTE))
        kind = rng.choice(KINDS)
        if kind == "apply" and not any(job.kind == "plan" for job in jobs):
            kind = "plan"
        plans = sum(job.kind == "plan" for job in jobs)
        jobs.append(
            Job(
                worker=rng.choice((0, 0, 1)) if number else 0,
                at=at,
                kind=kind,
                rules=rng.randrange(rule_sets),
                plan=rng.randrange(plans) if plans and kind == "apply" else rng.choice((0, 0, 1)),
            )
        )
    return tuple(jobs)


def _with_undo(seed: int, jobs: tuple[Job, ...]) -> tuple[Job, ...]:
    """Let somebody take a run back at the end of some histories, and the rules run once more after it.

    Drawn by itself, so that everything before it is as it was without.
    """
    rng = random.Random(f"undo {seed}")
    if rng.random() < 0.7:
        return jobs
    later = [*jobs]
    for kind in rng.choice((("undo",), ("undo", "run"), ("undo", "undo"), ("run", "undo", "run"))):
        at = later[-1].at + rng.choice((0.0, 1.0, 8.0, 3 * MINUTE, 17 * MINUTE))
        worker, rules = rng.choice((0, 0, 1)), rng.choice((2, 2, 2, 1, 0))
        later.append(Job(worker, at, kind, rules, rng.choice((0, 0, 1, 2))))
    return tuple(later)


def _order(rng: random.Random) -> OrderSpec:
    status = rng.choice(("pending", "pending", "pending", "pending", "confirmed", "shipped", "draft"))
    payment = rng.choice(("unpaid", "unpaid", "unpaid", "paid", "conflict"))
    return OrderSpec(
        status=status,
        payment=payment,
        money=rng.choice((50_000, 100_000, 900_000)),
        proof=rng.random() < 0.1,
        bad=rng.random() < 0.05,
    )


def _edit(rng: random.Random, moments: list[float], orders: int) -> Edit:
    at = rng.choice(moments) + rng.choice((0.05, 0.3, 0.6, 1.0, 2.0, 20.0, 70.0, 5 * MINUTE)) * rng.random()
    return Edit(at=round(at, 3), order=rng.randrange(orders), what=rng.choice(EDITS))


def _faults(rng: random.Random) -> tuple[Fault, ...]:
    count = rng.choice((0, 1, 1, 2, 2, 3, 4))
    faults = tuple(_fault(rng) for _ in range(count))
    # More than one step of the clock forward would eat up the settle window, beyond which nothing is promised.
    forward = [one for one in faults if one.what == "jump" and one.size > 0]
    return tuple(one for one in faults if one not in forward[1:])


def _fault(rng: random.Random) -> Fault:
    where = rng.random()
    if where < 0.35:
        return _network(rng, "change", CHANGE_FAULTS, (1, 1, 1, 2, 2, 3, 4))
    if where < 0.5:
        return _network(rng, "list", LIST_FAULTS, tuple(range(1, 10)))
    if where < 0.6:
        point = rng.choice(TRANSACTIONS)
        return Fault(f"{point}|", rng.choice((1, 1, 2, 3)), rng.choice(TRANSACTION_FAULTS))
    point = rng.choice(POINTS)
    what = rng.choice(("kill", "kill", "freeze", "freeze", "interrupt", "stop", "jump"))
    return Fault(point, rng.choice((1, 1, 1, 2, 2, 3, 4)), what, _size(rng, point, what))


def _network(rng: random.Random, point: str, whats: tuple[str, ...], nth: tuple[int, ...]) -> Fault:
    what = rng.choice(whats)
    size = rng.choice((1.0, 20.0, 100.0, 200.0)) if what.startswith("late") else float(rng.randint(1, 2))
    return Fault(point, rng.choice(nth), what, size)


def _size(rng: random.Random, point: str, what: str) -> float:
    if what == "freeze":
        # Between the last look at the clock and the wire a freeze is as good as a late arrival, and counts as one.
        return rng.choice((5.0, 65.0, 300.0) if point == "change<" else (5.0, 65.0, 130.0, 300.0, 1200.0))
    if what == "jump":
        return rng.choice((-600.0, -120.0, -55.0, -20.0, 20.0, 55.0, 120.0, 250.0))
    return 0.0
