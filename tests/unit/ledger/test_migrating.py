"""Ledgers that earlier versions made: each is brought up to date with all that is in it, on both databases.

`snapshots/` holds, for every schema that was released, what such a ledger looked like as SQL, written by the Tertib of
its time. A new schema adds a snapshot; none is ever made anew.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from tertib.ledger.schema import HEAD, KNOWN, metadata
from tertib.model import State

ACCOUNT = "default"
SNAPSHOTS = Path(__file__).parent / "snapshots"
RELEASED = sorted({re.sub(r"\D", "", path.name) for path in SNAPSHOTS.glob("*.sql")})


@pytest.fixture(params=RELEASED)
def old(request: pytest.FixtureRequest, desk: Any, database: str) -> Any:
    """Give a desk at a ledger that an earlier version made and used."""
    dump = (SNAPSHOTS / f"v{request.param}.{database}.sql").read_text("utf-8")
    if database == "sqlite":
        connection = sqlite3.connect(desk.url.removeprefix("sqlite:///"))
        connection.executescript(dump)
        connection.close()
    else:
        desk.execute(dump.replace(":", "\\:"))
    return desk


def test_every_released_schema_has_a_snapshot() -> None:
    """One of each database, and none of a version that nobody knows."""
    kinds = {"sqlite", "postgresql"}
    present = {path.name for path in SNAPSHOTS.glob("*.sql")}
    assert {f"v0001.{kind}.sql" for kind in kinds} <= present
    assert set(RELEASED) <= set(KNOWN)
    assert present == {f"v{version}.{kind}.sql" for version in RELEASED for kind in kinds}


def test_an_older_ledger_has_todays_tables_afterwards(old: Any, desk: Any) -> None:
    """Tables, columns and indexes are what a new ledger has."""
    ledger = old.open()
    assert str(old.asked("SELECT version_num FROM tertib_schema")) == HEAD
    with ledger._database.reading() as connection:
        found = inspect(connection)
        for table in metadata.sorted_tables:
            assert {one["name"] for one in found.get_columns(table.name)} == {
                one.name for one in table.columns
            }
            assert {one["name"] for one in found.get_indexes(table.name)} >= {
                one.name for one in table.indexes
            }
    assert desk.url == old.url


def test_an_older_ledger_keeps_what_it_knows(old: Any) -> None:
    """The chain is whole, runs are told, holds stand, and what was unknown is still waited for."""
    ledger = old.open()
    verdict = ledger.verify_audit(ACCOUNT)
    assert (verdict.ok, verdict.records) == (
        True,
        old.asked("SELECT count(*) FROM audit WHERE account = 'default'"),
    )
    assert old.states(ledger, "default-1") == {"0": "confirmed", "1": "sent", "2": "held", "7": "confirmed"}
    assert [hold.ref for hold in ledger.holds(ACCOUNT, old.now)] == ["order-9"]
    assert [one.id for one in ledger.unsettled(ACCOUNT)] == [1]
    assert ledger.halted("second") == "somebody must look"
    assert [plan.plan_id for plan in ledger.plans(ACCOUNT)] == ["plan-1", "plan-2"]
    assert ledger.plan_document("plan-1") is not None
    assert ledger.integrity() == ()


def test_an_older_ledger_goes_on(old: Any) -> None:
    """Its unknown change is settled, a new run works, and nothing that it sent is sent again."""
    ledger = old.open()
    old.later(minutes=20)
    waiting = ledger.unsettled(ACCOUNT)[0]
    ledger.settle(ACCOUNT, waiting, old.outcome(old.change(1), State.CONFIRMED_BY_READBACK), old.now)
    old.plans = 10
    old.confirm(ledger, old.change(3))
    assert old.states(ledger, "default-2") == {"3": "confirmed"}
    assert ledger.verify_audit(ACCOUNT).ok


def test_migrating_again_changes_nothing(old: Any) -> None:
    """A ledger that is up to date is only read when it is opened."""
    old.open().close()
    before = old.open().checkpoint(ACCOUNT)
    assert old.open().checkpoint(ACCOUNT) == before
    with old.open()._database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM tertib_schema")) == 1
