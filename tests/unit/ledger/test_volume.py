"""How large a ledger is, and a copy of it that is taken while it is used."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tertib.errors import LedgerError
from tertib.ledger.database import Database

ACCOUNT = "default"


def test_size_and_rows_are_told(desk: Any) -> None:
    """Every table with its rows, and the bytes that they take."""
    ledger = desk.open()
    desk.confirm(ledger, *desk.changes(3))
    volume = ledger.volume()
    assert volume.size > 8192
    assert volume.rows["changes"] == 3
    assert volume.rows["audit"] == 7
    assert volume.rows["holds"] == 0


def test_a_ledger_is_named_without_its_password(desk: Any) -> None:
    """By its file, or by its URL."""
    name = desk.open().name
    assert name in {desk.url.removeprefix("sqlite:///"), name.replace("s3cret", "***")}
    assert "://tertib:***@" in name or name.endswith("tertib.db")


def test_a_password_behind_the_host_is_not_shown_either() -> None:
    """PostgreSQL takes passwords in the query of an address too; what else stands there is shown."""
    url = "postgresql://tertib:s3cret@db.example/ledger?password=s3cret&sslpassword=s3cret&sslmode=require"
    database = Database(url)
    database.close()
    assert database.name == "postgresql+psycopg://tertib:***@db.example/ledger?sslmode=require"


def test_a_copy_is_a_ledger(files: Any, tmp_path: Path) -> None:
    """Whole, in one file, under the same key; what is written later is not in it."""
    ledger = files.open()
    files.confirm(ledger, files.change(1))
    seen = ledger.checkpoint(ACCOUNT)
    ledger.back_up(tmp_path / "copy.db")
    files.confirm(ledger, files.change(2))
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.db"]
    copied = type(files)(f"sqlite:///{tmp_path}/copy.db").open()
    assert copied.verify_audit(ACCOUNT, seen).ok
    assert copied.checkpoint(ACCOUNT) == seen
    copied.close()


def test_a_copy_is_taken_beside_an_open_transaction(files: Any, tmp_path: Path) -> None:
    """It shows the moment before, and waits for nobody."""
    ledger = files.open()
    files.save(ledger)
    with ledger._database.writing() as connection:
        connection.exec_driver_sql("UPDATE plans SET recorded_at = 'later'")
        ledger.back_up(tmp_path / "copy.db")
    raw = sqlite3.connect(tmp_path / "copy.db")
    assert raw.execute("SELECT recorded_at = 'later' FROM plans").fetchone() == (0,)
    raw.close()


def test_a_copy_is_its_owners_alone(files: Any, tmp_path: Path) -> None:
    """Mode 0600, whatever the umask."""
    ledger = files.open()
    before = os.umask(0)
    try:
        ledger.back_up(tmp_path / "copy.db")
    finally:
        os.umask(before)
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_a_copy_takes_no_files_place(files: Any, tmp_path: Path) -> None:
    """What is there already, or cannot be written, is told; no draft stays."""
    ledger = files.open()
    (tmp_path / "copy.db").write_text("mine", "utf-8")
    with pytest.raises(LedgerError, match="is there already"):
        ledger.back_up(tmp_path / "copy.db")
    with pytest.raises(LedgerError, match="cannot be written: no such file"):
        ledger.back_up(tmp_path / "gone" / "copy.db")
    assert (tmp_path / "copy.db").read_text("utf-8") == "mine"
    assert not list(tmp_path.glob(".copy*"))


def test_a_ledger_on_a_server_is_copied_by_its_own_means(
    desk_at: Any, postgresql_url: str, tmp_path: Path
) -> None:
    """The message says how."""
    desk = desk_at(postgresql_url)
    with pytest.raises(LedgerError, match="is copied by the server's own means") as caught:
        desk.open().back_up(tmp_path / "copy.db")
    assert caught.value.hint == "such as `pg_dump`"
    desk.close()
