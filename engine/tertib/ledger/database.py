"""The database under the ledger: how it is opened, how a transaction begins, and what its failures mean.

Nothing above this module sees an exception of SQLAlchemy or of a driver.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from tertib.errors import LedgerCorrupt, LedgerError

BUSY: Final = timedelta(seconds=10)
"""How long a transaction waits for another process's before it gives up."""


class Database:
    """One database with the two kinds of transaction that the ledger needs.

    `reading` sees one consistent state. `writing` is alone from its first statement on: on SQLite because it
    begins as IMMEDIATE, on PostgreSQL because every writer first locks its account's row. Threads of one process
    queue on a lock, which is fair, instead of on SQLite's, which polls.
    """

    def __init__(self, url: str, busy: timedelta = BUSY) -> None:
        parsed = _parse(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.dialect = parsed.get_backend_name()
        self._lock = threading.Lock()
        with self._translated():
            if self.dialect == "sqlite":
                self.name = str(_prepare_file(parsed))
            self._engine = _engine(parsed, busy)
        self._reader = _reader(self._engine)
        self._writer = self._engine.execution_options(tertib_begin="IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection whose statements all see the same state."""
        with self._translated(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a write transaction; leaving it commits, durably, and an error rolls back."""
        with self._lock, self._translated(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back; the file stays as it is."""
        with self._translated():
            self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, NoSuchModuleError) as error:
            raise translate(error, self.name) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError as error:
        raise LedgerError("the ledger's URL cannot be read", hint=_URLS) from error
    if backend not in {"sqlite", "postgresql"}:
        raise LedgerError(f"a ledger cannot live in `{backend}`", hint=_URLS)
    if backend == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


_URLS: Final = "use `sqlite:///tertib.db` or `postgresql://user@host/database`"


def _prepare_file(url: URL) -> Path:
    """Return the ledger's file, created for its owner alone where it is new.

    SQLite gives `-wal` and `-shm` the mode of the file itself, so the mode at creation decides for all three.
    """
    if not url.database or url.database == ":memory:":
        raise LedgerError("a ledger in memory would forget what was sent", hint=_URLS)
    path = Path(url.database)
    try:
        _create_for_owner(path, path.resolve())
    except (OSError, RuntimeError) as error:  # pathlib tells a loop of links by a RuntimeError
        why = getattr(error, "strerror", None) or "its path is a loop of links"
        raise LedgerError(f"the ledger `{path}` cannot be created: {why}") from error
    return path


def _create_for_owner(path: Path, real: Path) -> None:
    if real.is_dir():
        raise LedgerError(
            f"the ledger `{path}` is a directory", hint="name a file in it, such as `tertib.db`"
        )
    if not real.parent.is_dir():
        raise LedgerError(
            f"the ledger's directory `{path.parent}` does not exist",
            hint="create it first, or correct `ledger` in tertib.yaml",
        )
    if not real.exists():
        _create_with_journal(real)


def _create_with_journal(path: Path) -> None:
    """Make an empty database that keeps a write-ahead log already.

    SQLite does not wait for its turn when it switches to that log: of two processes that open a new file at once,
    one would fail. So the file only gets its name when the switch is done.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _engine(url: URL, busy: timedelta) -> Engine:
    """Make the engine; parameters never show in its errors, since they hold what the orders hold."""
    try:
        engine = create_engine(url, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise LedgerError(
            "PostgreSQL needs a driver that is not installed", hint="pip install 'tertib[postgres]'"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _settings(busy))
        event.listen(engine, "begin", _begin)
    return engine


def _reader(engine: Engine) -> Engine:
    """Return the engine for reads: SQLite's plain BEGIN is a snapshot already, PostgreSQL must be asked."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(tertib_begin="DEFERRED")
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _settings(busy: timedelta) -> Any:
    def apply(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin and commit on its own
        connection.execute(f"PRAGMA busy_timeout = {int(busy.total_seconds() * 1000)}")
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise LedgerError(
                "the ledger's file system cannot keep a write-ahead log",
                hint="keep the ledger on a local disk, not on a network share",
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: a plain fsync there may stop at the disk's cache
        connection.execute("PRAGMA foreign_keys = ON")

    return apply


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options()['tertib_begin']}")


def translate(error: Exception, name: str) -> LedgerError:
    """Return what a database error means to the person who runs Tertib."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, name)
    return _of_postgresql(str(getattr(cause, "sqlstate", None) or ""), type(cause).__name__, name)


def _of_sqlite(error: sqlite3.Error, name: str) -> LedgerError:
    code = getattr(error, "sqlite_errorname", "") or type(error).__name__
    missing = str(error).startswith(("no such table", "no such column"))
    if missing or code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return LedgerCorrupt(
            f"`{name}` is not a ledger, or it is damaged",
            hint="restore it from a copy; a new, empty ledger would not know what was sent",
        )
    for start, message, hint in _SQLITE:
        if code.startswith(start):
            return LedgerError(message.format(name=name), hint=hint)
    return LedgerError(f"the ledger `{name}` failed ({code})", hint="`tertib doctor` looks closer")


_SQLITE: Final = (
    ("SQLITE_BUSY", "the ledger `{name}` is busy with another process", "let that finish, then try again"),
    ("SQLITE_LOCKED", "the ledger `{name}` is busy with another process", "let that finish, then try again"),
    (
        "SQLITE_FULL",
        "the ledger `{name}` cannot be written: the disk is full",
        "free some space, then try again",
    ),
    (
        "SQLITE_READONLY",
        "the ledger `{name}` is read-only",
        "give this user the right to write it and its directory",
    ),
    ("SQLITE_PERM", "the ledger `{name}` may not be opened", "give this user the right to read and write it"),
    (
        "SQLITE_CANTOPEN",
        "the ledger `{name}` cannot be opened",
        "see that this user may read and write it and its directory",
    ),
    (
        "SQLITE_IOERR",
        "the ledger `{name}` cannot be read or written: the disk fails",
        "see to the disk, then try again",
    ),
)


def _of_postgresql(state: str, kind: str, name: str) -> LedgerError:
    for start, message, hint in _POSTGRESQL:
        if state.startswith(start):
            return LedgerError(message.format(name=name), hint=hint)
    if not state and "Operational" in kind:
        return LedgerError(
            f"the ledger `{name}` cannot be reached", hint="see that the server runs and the URL is right"
        )
    return LedgerError(f"the ledger `{name}` failed ({state or kind})", hint="`tertib doctor` looks closer")


_POSTGRESQL: Final = (
    ("53100", "the ledger `{name}` cannot be written: the disk is full", "free some space, then try again"),
    ("25006", "the ledger `{name}` is read-only", "point `ledger` at the primary server"),
    ("42501", "the ledger `{name}` refuses this user", "grant the user its tables"),
    ("28", "the ledger `{name}` refuses this user", "correct user and password in `TERTIB_DATABASE_URL`"),
    ("08", "the ledger `{name}` cannot be reached", "see that the server runs and the URL is right"),
    ("55P03", "the ledger `{name}` is busy with another process", "let that finish, then try again"),
    ("40", "the ledger `{name}` is busy with another process", "let that finish, then try again"),
)
