"""The audit chain of a real history: every edit that a hand in the database could make to it is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import pytest

from results import note
from simulator.run import bench
from simulator.scenario import draw
from simulator.world import ACCOUNT, KEY, World
from tertib.ledger.audit import Record, verify


@pytest.fixture(scope="module")
def chain() -> tuple[list[Record], Any]:
    """Return the chain of a history in which much happened, and the checkpoint at its end."""
    worlds = (World(draw(seed), bench()) for seed in range(100))
    ledgers = (world.play() for world in worlds)
    ledger = next(one for one in ledgers if len(list(one.audit_records(ACCOUNT))) >= 30)
    return list(ledger.audit_records(ACCOUNT)), ledger.checkpoint(ACCOUNT)


def edits(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Yield the chain with one thing changed: every field of every record, every deletion, every swap of neighbours."""
    for at, record in enumerate(records):
        for field in fields(Record):
            value = getattr(record, field.name)
            other: Any = (
                value + 1 if isinstance(value, int) else f"{value[:-1]}{'1' if value[-1] != '1' else '2'}"
            )
            yield [*records[:at], replace(record, **{field.name: other}), *records[at + 1 :]]
        if at + 1 < len(records):
            yield [*records[:at], *records[at + 1 :]]
            yield [*records[:at], records[at + 1], record, *records[at + 2 :]]
        yield [*records[: at + 1], record, *records[at + 1 :]]


def test_every_edit_of_a_real_chain_is_found(chain: tuple[list[Record], Any]) -> None:
    """Without any checkpoint: edited, deleted, swapped, doubled."""
    records, _ = chain
    assert verify(records, KEY, ACCOUNT, None).ok
    verdicts = [verify(edited, KEY, ACCOUNT, None).ok for edited in edits(records)]
    assert not any(verdicts)
    note("audit edits", found=len(verdicts))


def test_every_cut_of_a_real_chain_is_found_by_its_checkpoint(chain: tuple[list[Record], Any]) -> None:
    """A chain that ends too early is whole in itself: only what was exported knows of the rest."""
    records, checkpoint = chain
    assert verify(records, KEY, ACCOUNT, checkpoint).ok
    cut = [records[:kept] for kept in range(1, len(records))]
    assert all(verify(one, KEY, ACCOUNT, None).ok for one in cut)
    assert not any(verify(one, KEY, ACCOUNT, checkpoint).ok for one in cut)
    note("audit edits", found=len(cut))
