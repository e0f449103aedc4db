"""What a database says, said to people: every failure in words, with what to do, and nothing of an order's values."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import NoSuchModuleError, OperationalError

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger import doctor
from tertib.ledger.database import Database, _parse, _reader, translate

SECRET = "6281234567889"


class ServerError(Exception):
    """What a PostgreSQL driver raises: a text, and a state of five characters where the server was reached."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(f"Key (phone)=({SECRET}) is wrong")
        self.sqlstate = sqlstate


class ServerOperationalError(ServerError):
    """The same, for failures to reach the server."""


def of_sqlite(name: str, text: str = SECRET) -> sqlite3.Error:
    """Return an error as SQLite raises it."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SQLITE_BUSY", "is busy with another process"),
        ("SQLITE_BUSY_SNAPSHOT", "is busy with another process"),
        ("SQLITE_LOCKED", "is busy with another process"),
        ("SQLITE_FULL", "cannot be written: the disk is full"),
        ("SQLITE_READONLY_DIRECTORY", "is read-only"),
        ("SQLITE_PERM", "may not be opened"),
        ("SQLITE_CANTOPEN_ISDIR", "cannot be opened"),
        ("SQLITE_IOERR_FSYNC", "cannot be read or written: the disk fails"),
        ("SQLITE_TOOBIG", "failed (SQLITE_TOOBIG)"),
    ],
)
def test_what_sqlite_says(name: str, message: str) -> None:
    """Its codes become sentences, wrapped by SQLAlchemy or not, and its own text is left out."""
    for error in (of_sqlite(name), OperationalError("INSERT", {}, of_sqlite(name))):
        told = translate(error, "tertib.db")
        assert type(told) is LedgerError
        assert str(told) == f"the ledger `tertib.db` {message}"
        assert told.hint
        assert SECRET not in told.hint


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite("SQLITE_NOTADB"),
        of_sqlite("SQLITE_CORRUPT_INDEX"),
        of_sqlite("SQLITE_ERROR", "no such table: runs"),
        of_sqlite("SQLITE_ERROR", "no such column: slot"),
    ],
)
def test_what_sqlite_calls_damage(error: sqlite3.Error) -> None:
    """A file that is none, damaged pages, missing tables and columns: the same for whoever must act."""
    told = translate(error, "tertib.db")
    assert isinstance(told, LedgerCorrupt)
    assert str(told) == "`tertib.db` is not a ledger, or it is damaged"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("53100", "cannot be written: the disk is full"),
        ("25006", "is read-only"),
        ("42501", "refuses this user"),
        ("28P01", "refuses this user"),
        ("08006", "cannot be reached"),
        ("55P03", "is busy with another process"),
        ("40001", "is busy with another process"),
        ("40P01", "is busy with another process"),
        ("23505", "failed (23505)"),
    ],
)
def test_what_postgresql_says(state: str, message: str) -> None:
    """Its states become sentences; what it quotes of a row is left out."""
    told = translate(OperationalError("INSERT", {}, ServerError(state)), "postgresql://shop/ledger")
    assert str(told) == f"the ledger `postgresql://shop/ledger` {message}"
    assert SECRET not in f"{told} {told.hint}"


def test_a_server_that_was_not_reached_has_no_state() -> None:
    """A refused connection is told as such, any other silence by the error's kind."""
    unreached = translate(OperationalError("", {}, ServerOperationalError(None)), "postgresql://shop")
    assert str(unreached) == "the ledger `postgresql://shop` cannot be reached"
    assert (
        str(translate(ServerError(None), "postgresql://shop"))
        == "the ledger `postgresql://shop` failed (ServerError)"
    )
    assert str(translate(NoSuchModuleError("x"), "shop")) == "the ledger `shop` failed (NoSuchModuleError)"


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever points at PostgreSQL without the extra is told how to get it."""

    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr("tertib.ledger.database.create_engine", missing)
    with pytest.raises(LedgerError, match="PostgreSQL needs a driver that is not installed") as caught:
        Database("postgresql://shop/ledger")
    assert caught.value.hint == "pip install 'tertib[postgres]'"


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://shop/ledger", "postgresql+psycopg"),
        ("postgresql+psycopg://shop/ledger", "postgresql+psycopg"),
        ("postgresql+asyncpg://shop/ledger", "postgresql+asyncpg"),
        ("sqlite:///x.db", "sqlite"),
    ],
)
def test_the_driver_of_a_url(url: str, driver: str) -> None:
    """A bare `postgresql:` means the driver that the extra installs."""
    assert _parse(url).drivername == driver


def test_reads_of_a_server_see_one_state() -> None:
    """A history that is read in several statements must not mix two moments."""
    server: Any = SimpleNamespace(
        dialect=SimpleNamespace(name="postgresql"), execution_options=lambda **options: options
    )
    options: Any = _reader(server)
    assert options == {"isolation_level": "REPEATABLE READ"}
    engine = create_engine("sqlite://")
    assert _reader(engine).get_execution_options()["tertib_begin"] == "DEFERRED"
    engine.dispose()


def test_a_server_that_may_forget_is_a_fault() -> None:
    """A setting that trades safety for speed is named, also where it was turned off under an open connection."""

    def answer(statement: str) -> Any:
        return SimpleNamespace(scalar=lambda: "off" if statement == "SHOW fsync" else "on")

    server: Any = SimpleNamespace(dialect=SimpleNamespace(name="postgresql"), exec_driver_sql=answer)
    assert doctor.faults(server) == (
        "the ledger's server has `fsync` off: a power cut could make it forget what was sent",
    )
