"""Three workers on one PostgreSQL: whatever happens to them, every slot ends, and nothing is sent twice or elsewhere."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from tertib.dispatch import queue
from tertib.ledger import grants
from tertib.ledger.runs import ChangeRecord
from tertib.ledger.store import open_database

ENDS = {"done", "missed", "skipped", "held", "failed"}
EVERY = timedelta(minutes=5)
ACCOUNTS = ("melati", "mawar", "anggrek")
RULES = ("cancel-first", "cancel-second")


def check_quiet(fleet: Any) -> None:
    """Check that all slots ended and none is missing, that each order was changed once, and that the chains are whole."""
    for account in ACCOUNTS:
        for rule in RULES:
            slots = fleet.slots(account, rule)
            assert slots, f"{account}/{rule} has no slot at all"
            assert {slot.state for slot in slots} <= ENDS, [
                (one.slot_at, one.state, one.note) for one in slots
            ]
            times = [slot.slot_at for slot in slots]
            assert times == [times[0] + EVERY * place for place in range(len(times))]
        assert fleet.changes(account) == {1: len(fleet.orders[account])}
    with fleet.record() as ledger:
        for account in ACCOUNTS:
            verdict = ledger.verify_audit(account)
            assert verdict.ok, verdict.why
            runs = [ledger.run_details(run.run_id) for run in ledger.runs(account, 1000)]
            changed = [change for run in runs if run is not None for change in run.changes]
            strange = [(one.state, one.why) for one in changed if not is_an_end(one)]
            assert not strange, strange
            assert {change.id for change in changed} <= set(fleet.orders[account])


def is_an_end(change: ChangeRecord) -> bool:
    """Tell whether a change went through, or was given up before it was sent: a worker that slept beside the socket does."""
    too_late = change.state == "stale" and change.why.startswith("not sent: ")
    return too_late or change.state in {"confirmed", "confirmed_by_readback", "abandoned"}


@pytest.fixture
def worker_url(postgresql_url: str) -> Iterator[str]:
    """Give the URL of a ledger for a role that owns nothing, as workers should have it."""
    role, engine = f"worker_{uuid4().hex[:12]}", create_engine(postgresql_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'worker' NOSUPERUSER NOBYPASSRLS"))
    database = open_database(postgresql_url)
    queue.prepare(database)
    grants.apply(database, role)
    database.close()
    url = make_url(postgresql_url).set(username=role, password="worker")
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {role}; DROP ROLE {role}"))


def test_workers_share_what_is_due(
    fleet_at: Callable[[str], Any], postgresql_url: str, worker_url: str
) -> None:
    """Two workers whose role owns no table, one with a wrong clock, run every slot of every account once, and stop."""
    fleet = fleet_at(worker_url)
    fleet.url = postgresql_url
    for account in ACCOUNTS:
        fleet.fill(account, "first")
        fleet.fill(account, "second")
    fleet.hire("one")
    fleet.hire("two", skew=3600.0)
    fleet.wait_for_round()
    fleet.wait_for_round()
    assert set(fleet.dismiss().values()) == {0}
    check_quiet(fleet)


def test_serving_and_a_worker_share_what_is_due(fleet_at: Callable[[str], Any], postgresql_url: str) -> None:
    """`tertib serve` beside a worker on the same ledger takes no slot that the worker has, and the other way round."""
    fleet = fleet_at(postgresql_url)
    for account in ACCOUNTS:
        fleet.fill(account, "first", 3)
        fleet.fill(account, "second", 3)
    fleet.hire("working")
    fleet.hire("serving", command="serve")
    for _ in range(3):
        fleet.wait_for_round()
    assert set(fleet.dismiss().values()) == {0}
    check_quiet(fleet)


@pytest.mark.long
def test_workers_are_killed_and_frozen_and_the_server_stops(
    fleet_at: Callable[[str], Any], postgresql_alone: Any
) -> None:
    """Whoever is left goes on, the server's return is enough for all of them, and what lagged is caught up with."""
    fleet = fleet_at(postgresql_alone.url)
    for name, skew in (("one", 0.0), ("two", 1800.0), ("three", -1800.0)):
        fleet.hire(name, skew=skew)
    trouble: list[Callable[[], None]] = [
        lambda: fleet.kill("one"),
        lambda: fleet.freeze("two"),
        lambda: fleet.hire("one"),
        lambda: fleet.thaw("two"),
        postgresql_alone.stop,
        postgresql_alone.start,
        lambda: fleet.kill("three"),
        lambda: postgresql_alone.stop("immediate"),
        postgresql_alone.start,
        lambda: fleet.hire("three", skew=600.0),
    ]
    fleet.wait_for_round()
    for one in trouble:
        for account in ACCOUNTS:
            fleet.fill(account, "first", 3)
            fleet.fill(account, "second", 3)
        one()
        time.sleep(4)
    fleet.wait_for_round(120)
    fleet.wait_for_round(60)
    assert set(fleet.dismiss().values()) == {0}
    check_quiet(fleet)


def test_a_ledger_in_a_file_is_refused(fleet_at: Callable[[str], Any], tmp_path: Path) -> None:
    """Workers share a server; a message says what to do instead."""
    fleet = fleet_at(f"sqlite:///{tmp_path}/tertib.db")
    fleet.hire("one")
    assert fleet.workers["one"].wait(30) == 1
    told = (fleet.place / "log-one").read_text("utf-8")
    assert "workers share a ledger on PostgreSQL" in told
    assert "tertib serve" in told


def test_the_grants_are_printed_for_the_owner_to_read(
    fleet_at: Callable[[str], Any], postgresql_url: str
) -> None:
    """`tertib ledger grants` prints plain SQL, the queue's tables included, and gives nothing by itself."""
    fleet = fleet_at(postgresql_url)
    words = [sys.executable, "-m", "tertib", "ledger", "grants", "some_worker", "--account", ACCOUNTS[0]]
    told = subprocess.run(
        words, cwd=fleet.place, env=fleet.environ, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert all(line.startswith("GRANT ") and line.endswith('TO "some_worker";') for line in lines)
    assert 'GRANT SELECT, INSERT ON audit TO "some_worker";' in lines
    assert 'GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs TO "some_worker";' in lines
