"""The database under the ledger: how it is opened, how a transaction begins, and what its failures mean.

Nothing above this module sees an exception of SQLAlchemy or of a driver.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger import durability

BUSY: Final = timedelta(seconds=10)
"""How long a transaction waits for another process's before it gives up."""

EVERY_ACCOUNT: Final = "*"
"""The scope of what is done for no account in particular; no account can have this name."""

_ENTER: Final = text("SELECT set_config('tertib.account', :scope, true)")
_SERVER_TIME: Final = text("SELECT clock_timestamp()")


class Database:
    """One database with the two kinds of transaction that the ledger needs.

    `reading` sees one consistent state. `writing` is alone from its first statement on: on SQLite because it
    begins as IMMEDIATE, on PostgreSQL because every writer first locks its account's row. Threads of one process
    queue on a lock, which is fair, instead of on SQLite's, which polls.
    """

    def __init__(self, url: str, busy: timedelta = BUSY) -> None:
        parsed = _parse(url)
        self.name = _shown(parsed)
        self.dialect = parsed.get_backend_name()
        self._lock = threading.Lock()
        with self._translated():
            if self.dialect == "sqlite":
                self.name = str(_prepare_file(parsed))
            self._engine = _engine(parsed, busy)
        self._reader = _reader(self._engine)
        self._writer = self._engine.execution_options(tertib_begin="IMMEDIATE")
        self._scope: str | None = None

    def within(self, scope: str) -> Database:
        """Return the same database, seen as one account: PostgreSQL shows and takes no other account's rows.

        `EVERY_ACCOUNT` sees the little that a tick needs of all of them. Closing what this returns closes nothing.
        """
        seen = copy(self)
        seen._scope = scope  # noqa: SLF001 - the same class
        return seen

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection whose statements all see the same state."""
        with self._translated(), self._reader.begin() as connection:
            self._enter(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a write transaction; leaving it commits, durably, and an error rolls back."""
        # Several threads of a worker write for several accounts: there the rows' locks are enough.
        with self._alone(), self._translated(), self._writer.begin() as connection:
            self._enter(connection)
            yield connection

    def _alone(self) -> AbstractContextManager[object]:
        return self._lock if self.dialect == "sqlite" else nullcontext()

    def _enter(self, connection: Connection) -> None:
        if self._scope is not None:
            enter(connection, self._scope)

    def tidy(self) -> None:
        """Empty SQLite's log, where what was overwritten in the tables can still be read."""
        if self.dialect == "sqlite":
            with self._translated(), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def close(self) -> None:
        """Give all connections back; the file stays as it is."""
        with self._translated():
            self._engine.dispose()

    def now(self) -> datetime:
        """Return the present instant by the server's own clock; raises `LedgerError`, also where there is no server."""
        if self.dialect == "sqlite":
            raise LedgerError("a file has no clock")
        with self._translated(), self._reader.connect() as connection:
            told: datetime = connection.execute(_SERVER_TIME).scalar_one()
            return told.astimezone(UTC)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, NoSuchModuleError) as error:
            raise translate(error, self.name) from error


def enter(connection: Connection, scope: str) -> None:
    """Let a transaction on PostgreSQL see the rows of this account alone, until it ends; a file has no such thing."""
    if connection.dialect.name != "sqlite":
        connection.execute(_ENTER, {"scope": scope})


def is_server(url: str) -> bool:
    """Tell whether a ledger lives on a server, where other machines may work on it too; raises `LedgerError`."""
    return _parse(url).get_backend_name() != "sqlite"


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


def _shown(url: URL) -> str:
    """Return a ledger's address as it may be shown: without a password, whether before its host or behind its `?`."""
    secret = [name for name in url.query if "password" in name]
    return url.difference_update_query(secret).render_as_string(hide_password=True)


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
        # A server may have been stopped meanwhile: a connection is tried before a transaction begins on it, and
        # nothing is ever repeated that had begun.
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=url.get_backend_name() != "sqlite")
    except ModuleNotFoundError as error:
        raise LedgerError(
            "PostgreSQL needs a driver that is not installed", hint="pip install 'tertib[postgres]'"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _settings(busy))
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _server_settings(busy))
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
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: a plain fsync there may stop at the disk's cache
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what `prune` forgets must not stay in free pages
        wrong = durability.of_sqlite(lambda pragma: connection.execute(f"PRAGMA {pragma}").fetchone()[0])
        if wrong is not None:
            raise wrong

    return apply


def _server_settings(busy: timedelta) -> Any:
    def apply(connection: DBAPIConnection, _record: object) -> None:
        """Refuse a server that may forget, and ask for durable commits where its default is another."""
        cursor = connection.cursor()

        def shown(setting: str) -> str:
            cursor.execute(f"SHOW {setting}")
            return str((cursor.fetchone() or ("",))[0])

        wrong = durability.of_server(shown)
        if wrong is not None:
            connection.close()
            raise wrong
        if shown("synchronous_commit") not in durability.WAITS_FOR_DISK:
            cursor.execute("SET synchronous_commit = on")
        cursor.execute(f"SET lock_timeout = {int(busy.total_seconds() * 1000)}")
        cursor.close()
        connection.commit()

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
    ("57P", "the ledger `{name}` cannot be reached", "see that the server runs, then try again"),
    ("53300", "the ledger `{name}` has no connection left", "let others finish, or raise `max_connections`"),
    ("3D000", "the ledger's database `{name}` does not exist", "create it, or correct the URL"),
    ("08", "the ledger `{name}` cannot be reached", "see that the server runs and the URL is right"),
    ("55P03", "the ledger `{name}` is busy with another process", "let that finish, then try again"),
    ("40", "the ledger `{name}` is busy with another process", "let that finish, then try again"),
)
