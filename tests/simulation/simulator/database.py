"""The ledger's real database, on a file system in memory where there is one, with transactions that can fail."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from tertib.errors import LedgerError
from tertib.ledger.database import Database
from tertib.ledger.migrate import bring_up_to_date
from tertib.ledger.schema import metadata

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory; the file in it is private


class FailingDatabase(Database):
    """The engine's database. `trouble` is asked in each write transaction and names what befalls it."""

    trouble: Callable[[], str] = staticmethod(lambda: "")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a write transaction, unless the scenario lets it fail."""
        what = self.trouble()
        if what == "busy":
            with self._translated():
                raise _error("SQLITE_BUSY")
        with super().writing() as connection:
            yield connection
            if what == "full":
                raise _error("SQLITE_FULL")
        if what == "commit_lost":
            raise LedgerError("the connection was lost while the ledger was being written")


def _error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("simulated")
    error.sqlite_errorname = name
    return error


class Bench:
    """One file, opened twice as two machines would, emptied between seeds: opening costs more than a seed."""

    def __init__(self) -> None:
        where = str(MEMORY) if MEMORY.is_dir() else None
        self._directory = tempfile.TemporaryDirectory(prefix="tertib-simulation-", dir=where)
        url = f"sqlite:///{self._directory.name}/ledger.db"
        self.machines = (FailingDatabase(url), FailingDatabase(url))
        for machine in self.machines:
            _hurry(machine._engine)
        bring_up_to_date(self.machines[0])

    def clear(self) -> None:
        """Empty every table."""
        for machine in self.machines:
            machine.trouble = lambda: ""
        with self.machines[0].writing() as connection:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

    def close(self) -> None:
        """Give the file back."""
        for machine in self.machines:
            machine.close()
        self._directory.cleanup()


def _hurry(engine: Engine) -> None:
    """Let this file's commits not wait for a disk: what a power cut does is for the ledger's own tests."""

    def apply(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(engine, "connect", apply)
