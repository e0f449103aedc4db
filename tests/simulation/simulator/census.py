"""Count what happened in a history, so that nobody has to believe that the invariants had anything to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from simulator.invariants import Record
from simulator.world import ACCOUNT, World
from tertib.model import undone_run

REASONS: Final = {
    "outcome unknown": "left unknown",
    "the run was interrupted": "abandoned by a run that died",
    "nothing more is sent": "kept back after an unknown",
    "did not release": "refused by the claim",
    "grew too old": "too old beside the socket",
    "lease on the account ended": "too late beside the socket",
    "read back: ": "read back",
    "it changed while": "seen changed by another scan",
    "an earlier change has no known outcome": "kept back while unknown",
    "on hold": "kept back by a hold",
    "asked to stop": "kept back by a stop",
}
"""What the reasons of changes say, and the name under which they are counted."""


def census(world: World, record: Record) -> Counter[str]:
    """Return how often everything happened that the tests want to have happened."""
    return Counter(
        (
            *_processes(world),
            *(f"mishap {one.point} {one.what}" for one in world.fired),
            *_wires(world),
            *_effects(world),
            *_changes(record),
            *_plans(record),
            *(f"audit {one.kind}" for one in record.ledger.audit_records(ACCOUNT)),
        )
    )


def _processes(world: World) -> Iterator[str]:
    for process in world.processes:
        yield f"job {process.job.kind}"
        if process.error is not None:
            yield f"ended by {type(process.error).__name__}"
        if process.refused_by_age:
            yield "plan too old"
        if process.plan is not None and not process.plan.complete:
            yield "unfinished plan picked"
        if len(process.requests) >= world.setup.windows[0][0]:
            yield "rate limit reached"
    yield from ("edit" for _ in world.shop.touches)
    yield from ("slot begun" for _ in world.slots)
    yield from ("order put on hold" for _ in world.held)
    if len({job.worker for job in world.scenario.jobs}) > 1:
        yield "two workers"
    if world.scenario.apart and world.scenario.skew:
        yield "two clocks"


def _wires(world: World) -> Iterator[str]:
    for wire in world.wires:
        process = world.processes[wire.process]
        yield "request"
        rule = str(wire.values.get("by")).removeprefix("tertib/")
        yield "request by an undo" if undone_run(rule) else f"request by rule {rule}"
        yield from ("order sent" for _ in wire.ids)
        if wire.unknown:
            yield "request with an unknown outcome"
        if wire.foreign:
            yield "stranger in an answer"
        if wire.refused and len(wire.ids) > 1:
            yield "refused request of several orders"
        if process.plan is not None and any(at and at > process.began for at in wire.read_at.values()):
            yield "order read again before it was sent"
        if wire.values.get("by") == "tertib/mark-paid" and "status" in wire.values:
            yield "status written back"


def _effects(world: World) -> Iterator[str]:
    done = {effect.wire for effect in world.shop.effects}
    for effect in world.shop.effects:
        wire = world.wires[effect.wire]
        ended = world.processes[wire.process].ended
        yield "effect"
        if ended is not None and effect.at > ended:
            yield "effect after its process had ended"
    for wire in world.wires:
        if wire.unknown:
            yield "unknown, and done" if wire.number in done else "unknown, and not done"


def _changes(record: Record) -> Iterator[str]:
    for one in record.changes:
        yield f"change {one.state}"
        yield from (name for words, name in REASONS.items() if words in one.why)
    if record.halted is not None:
        yield "account stopped"


def _plans(record: Record) -> Iterator[str]:
    for written in record.documents:
        yield "plan"
        if not written["read"]["complete"]:
            yield "plan on an unfinished reading"
        yield from (f"held {one['code']}" for one in written["held"])
