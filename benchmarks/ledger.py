"""How fast the ledger records changes: rows a second, in batches as a run sends them, each step durable on disk.

A run commits all its intents, and then for each batch renews its lease, claims the batch and records the answer. *By hand*
writes as many rows in as many commits with nothing but `sqlite3`: no hash chain, no leases, no checks. It is the floor.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from benchmarks.measure import Report, Table, by_rounds, number, ratios, seconds_of
from tertib.clock import SystemClock
from tertib.language.personal import Mask
from tertib.ledger import SqlLedger, open_ledger
from tertib.model import Answer, Change, Echo, Mode, Outcome, Plan, RuleTally, Run, Spent, State, Trace
from tertib.record import change_document

SERVER: Final = "TERTIB_TEST_POSTGRES"
"""Names a PostgreSQL server to measure too: its URL, whose user may create schemas."""

BATCH: Final = 50
_MASK: Final = Mask(b"a key for benchmarks, 32 bytes..")
_ACCOUNT: Final = "default"
_RULE: Final = "cancel-unpaid-transfer"
_SQLITE: Final = "the ledger on SQLite"
_POSTGRES: Final = "the ledger on PostgreSQL"
_BY_HAND: Final = "SQLite by hand, the same commits"


@dataclass(frozen=True, slots=True)
class Size:
    """How many changes a run has, and how many runs are measured."""

    changes: int
    rounds: int


FULL: Final = Size(2_000, 5)
QUICK: Final = Size(100, 1)


def measure(size: Size) -> Report:
    """Record runs on each database that there is, in turn."""
    server = os.environ.get(SERVER)
    with tempfile.TemporaryDirectory() as directory, schema_on(server) as postgres:
        place = Path(directory)
        with closing(_Clerk(f"sqlite:///{place / 'tertib.db'}")) as on_sqlite:
            ways: dict[str, Callable[[], float]] = {
                _BY_HAND: lambda: _by_hand(place / "plain.db", size.changes),
                _SQLITE: lambda: on_sqlite.run(size.changes),
            }
            if postgres is None:
                taken = by_rounds(ways, size.rounds)
            else:
                with closing(_Clerk(postgres)) as on_server:
                    ways[_POSTGRES] = lambda: on_server.run(size.changes)
                    taken = by_rounds(ways, size.rounds)
    return Report((_table(taken, size),))


def _table(taken: Mapping[str, Sequence[float]], size: Size) -> Table:
    rows = [
        (
            name,
            number(size.changes / statistics.median(seconds)),
            number(size.changes / max(seconds)),
            number(size.changes / min(seconds)),
            number(ratios(seconds, taken[_BY_HAND]).middle),
        )
        for name, seconds in taken.items()
    ]
    if _POSTGRES not in taken:
        rows.append((_POSTGRES, "not run", "", "", ""))
    head = ("", "rows a second, middle", "least", "most", "time of by hand, middle")
    return Table(f"{size.changes:,} changes in batches of {BATCH}", head, tuple(rows))


# --- the ledger -----------------------------------------------------------------------------------------


class _Clerk:
    """Keeps one ledger and records whole runs in it."""

    def __init__(self, url: str) -> None:
        self._clock = SystemClock()
        self._ledger: SqlLedger = open_ledger(url, key=b"a key for benchmarks, 32 bytes..", clock=self._clock)
        self._runs = 0

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()
        self._clock.close()

    def run(self, count: int) -> float:
        """Record a run of so many changes of new orders; return the seconds from its first intent to its last answer."""
        ledger, now = self._ledger, self._clock.now
        self._runs += 1
        changes = [_change(self._runs * count + number, now()) for number in range(count)]
        documents = [change_document(one, _MASK) for one in changes]
        plan = _plan(changes, f"plan-{self._runs}", now())
        ledger.save_plan(plan, {"plan_id": plan.plan_id, "changes": documents})
        run = ledger.begin(_ACCOUNT, plan.plan_id, kind="apply", slots=(), now=now())

        def record() -> None:
            ledger.intend(run, changes, documents, now())
            for start in range(0, count, BATCH):
                self._batch(run, changes[start : start + BATCH])

        seconds = seconds_of(record)
        ledger.end(Run(run, plan.plan_id, Spent(writes=count // BATCH), count, ()), now())
        return seconds

    def _batch(self, run: str, changes: Sequence[Change]) -> None:
        now = self._clock.now
        self._ledger.renew(run, now())
        claim = self._ledger.claim(
            run, changes, {"ids": [one.id for one in changes], "status": "canceled"}, now()
        )
        assert len(claim.ids) == len(changes), "the ledger did not release the whole batch"
        echoes = tuple(Echo(one.id, "canceled", None) for one in changes)
        outcomes = [Outcome(one.id, one.order_id, one.rule, State.CONFIRMED, "named") for one in changes]
        stopped = self._ledger.answer(claim, Answer("answered", 200, echoes), outcomes, now())
        assert stopped is None, stopped


def _change(key: int, now: datetime) -> Change:
    return Change(
        id=key,
        order_id=f"order-{key}",
        rule=_RULE,
        before={"status": "pending", "payment_status": "unpaid"},
        set={"status": "canceled", "by": f"tertib/{_RULE}"},
        value=Decimal("168724.00"),
        reversible=False,
        reasons=(Trace("pending_time: {older_than: 3d}", "5d", result=True),),
        read_at=now,
    )


def _plan(changes: Sequence[Change], plan_id: str, now: datetime) -> Plan:
    return Plan(
        plan_id=plan_id,
        created_at=now,
        now=now,
        account=_ACCOUNT,
        contract="seeds",
        complete=True,
        requests=1,
        orders_read=len(changes),
        scans=(),
        rules=(RuleTally(_RULE, "hash", Mode.APPLY, len(changes), len(changes)),),
        changes=tuple(changes),
        held=(),
        warnings=(),
        definitions=({"name": _RULE},),
    )


@contextmanager
def schema_on(server: str | None) -> Iterator[str | None]:
    """Give the URL of an empty schema on the server, None where there is no server."""
    if server is None:
        yield None
        return
    from sqlalchemy import create_engine, make_url, text  # noqa: PLC0415 - only where a server is given

    name, engine = f"benchmark_{uuid4().hex}", create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
        yield url.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


# --- by hand --------------------------------------------------------------------------------------------


def _by_hand(file: Path, count: int) -> float:
    """Write as many rows in as many durable commits; return the seconds it takes."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for table in ("changes", "records"):
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, state TEXT, document TEXT)"
            )
        connection.execute("CREATE TABLE IF NOT EXISTS lease (expires TEXT)")
        first = int(connection.execute("SELECT coalesce(max(id), 0) + 1 FROM changes").fetchone()[0])
        document = json.dumps(change_document(_change(first, datetime.now(UTC)), _MASK))
        rows = [(first + place, "planned", document) for place in range(count)]
        return seconds_of(lambda: _write(connection, rows))


def _write(connection: sqlite3.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    def commit(*steps: tuple[str, Sequence[Any]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for statement, values in steps:
            connection.executemany(statement, values)
        connection.execute("COMMIT")

    commit(("INSERT INTO changes VALUES (?, ?, ?)", rows))
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        commit(("UPDATE lease SET expires = ?", [("later",)]))
        commit(("UPDATE changes SET state = ? WHERE id = ?", [("sent", key) for key, *_ in batch]))
        commit(
            ("UPDATE changes SET state = ? WHERE id = ?", [("confirmed", key) for key, *_ in batch]),
            ("INSERT INTO records VALUES (?, ?, ?)", batch),
        )
