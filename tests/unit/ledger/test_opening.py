"""Opening a ledger: made for its owner alone, brought up to date, and refused in words where it cannot be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger import SqlLedger, database, migrate, open_ledger
from tertib.ledger.database import is_server
from tertib.ledger.schema import HEAD, VERSION_TABLE, metadata


def refusal(desk: Any, url: str) -> LedgerError:
    """Open a ledger that cannot be opened and return why."""
    with pytest.raises(LedgerError) as caught:
        open_ledger(url, key=b"k" * 32, clock=desk.clock)
    return caught.value


# --- what opening makes ---------------------------------------------------------------------------------


def test_the_files_are_for_their_owner_alone(files: Any, tmp_path: Path) -> None:
    """The ledger and SQLite's own files beside it are made 0600, whatever the umask."""
    before = os.umask(0)
    try:
        ledger = files.open()
        files.save(ledger)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"tertib.db": 0o600, "tertib.db-wal": 0o600, "tertib.db-shm": 0o600}


def test_it_writes_ahead_and_waits_for_the_disk(files: Any) -> None:
    """The journal is a write-ahead log, every commit is synced, foreign keys hold."""
    with files.open()._database.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_the_migrations_build_the_tables_that_the_code_asks_for(desk: Any) -> None:
    """Tables, columns and indexes of a migrated database are those of `schema`."""
    with desk.open()._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_a_current_ledger_is_opened_without_alembic(files: Any) -> None:
    """Alembic is slow to import, so only a ledger that needs it brings it in."""
    files.open().close()
    program = (
        "import sys; from tertib.clock import SystemClock; from tertib.ledger import open_ledger;"
        f"open_ledger({files.url!r}, key=b'k' * 32, clock=SystemClock()).close(); print('alembic' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "False"


def test_what_was_written_is_there_when_it_is_opened_again(desk: Any) -> None:
    """Closing and opening changes nothing; opening twice at once is no error."""
    first = desk.open()
    plan = desk.save(first, desk.change(1))
    assert desk.open().plan_document(plan.plan_id) == first.plan_document(plan.plan_id)


def test_a_ledger_is_a_context_manager(desk: Any) -> None:
    """Leaving the block closes it, after which its runs count as interrupted."""
    with desk.open() as ledger:
        desk.begin(ledger, desk.change(1))
    assert desk.begin(desk.open(), desk.change(2)) == "default-2"


# --- what opening refuses -------------------------------------------------------------------------------


def test_a_directory_that_is_missing_is_named(desk: Any, tmp_path: Path) -> None:
    """The directory is not made: a mistyped path must not start a second, forgetful ledger."""
    why = refusal(desk, f"sqlite:///{tmp_path}/nowhere/tertib.db")
    assert str(why) == f"the ledger's directory `{tmp_path}/nowhere` does not exist"
    assert why.hint == "create it first, or correct `ledger` in tertib.yaml"


def test_a_directory_is_no_ledger(desk: Any, tmp_path: Path) -> None:
    """A directory in the place of the file is said to be one."""
    assert str(refusal(desk, f"sqlite:///{tmp_path}")) == f"the ledger `{tmp_path}` is a directory"


def test_a_path_that_cannot_be_made_is_refused(desk: Any, tmp_path: Path) -> None:
    """What the system says about creating the file reaches the person."""
    name = "x" * 300
    assert str(refusal(desk, f"sqlite:///{tmp_path}/{name}")).endswith(
        "cannot be created: File name too long"
    )


def test_a_link_is_followed_to_where_the_ledger_shall_be(desk: Any, tmp_path: Path) -> None:
    """A link to a file that is not there yet makes that file, for its owner alone; a loop of links is refused."""
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    open_ledger(f"sqlite:///{tmp_path}/link.db", key=b"k" * 32, clock=desk.clock).close()
    assert stat.S_IMODE((tmp_path / "real.db").stat().st_mode) == 0o600
    (tmp_path / "loop.db").symlink_to(tmp_path / "loop.db")
    assert "loop.db` cannot be " in str(refusal(desk, f"sqlite:///{tmp_path}/loop.db"))


def test_an_empty_file_becomes_a_ledger(files: Any, tmp_path: Path) -> None:
    """A file that something else touched beforehand is no obstacle."""
    (tmp_path / "tertib.db").touch()
    assert files.open().accounts() == ()


def test_a_text_file_is_no_ledger(desk: Any, tmp_path: Path) -> None:
    """A file of something else is neither read nor overwritten."""
    path = tmp_path / "notes.db"
    path.write_text("remember the milk\n" * 100)
    why = refusal(desk, f"sqlite:///{path}")
    assert isinstance(why, LedgerCorrupt)
    assert str(why) == f"`{path}` is not a ledger, or it is damaged"
    assert path.read_text() == "remember the milk\n" * 100


def test_another_programs_database_is_no_ledger(desk: Any, tmp_path: Path) -> None:
    """A SQLite file with tables of its own is left alone."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE runs (id)")
    other.commit()
    other.close()
    why = refusal(desk, f"sqlite:///{path}")
    assert isinstance(why, LedgerCorrupt)
    assert str(why) == f"`{path}` is a database, but not a Tertib ledger"


def test_a_newer_ledger_is_refused(desk: Any) -> None:
    """Tables that a later Tertib made are not touched by this one."""
    desk.open().close()
    desk.execute("UPDATE tertib_schema SET version_num = '0999'")
    why = refusal(desk, desk.url)
    assert "was written by a newer Tertib: its tables have version `0999`, this one knows" in str(why)
    assert why.hint is not None
    assert "upgrade Tertib" in why.hint


def test_a_version_that_is_none_is_damage(desk: Any) -> None:
    """A version table that says nothing usable is reported, not guessed around."""
    desk.open().close()
    desk.execute("DELETE FROM tertib_schema")
    assert isinstance(refusal(desk, desk.url), LedgerCorrupt)


def test_a_damaged_file_is_reported(files: Any, tmp_path: Path) -> None:
    """Pages overwritten with noise end in LedgerCorrupt, wherever they are met."""
    ledger = files.open()
    files.confirm(ledger, *files.changes(50))
    ledger.close()
    path = tmp_path / "tertib.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    assert isinstance(refusal(files, files.url), LedgerCorrupt)


def test_a_table_that_is_gone_is_damage(files: Any) -> None:
    """A ledger that lacks one of its tables is damaged, not new."""
    ledger = files.open()
    files.execute("DROP TABLE holds")
    with pytest.raises(LedgerCorrupt):
        ledger.holds("default", files.now)


def test_a_read_only_file_is_reported(files: Any) -> None:
    """What SQLite says of a file that may not be written becomes a sentence (root may write any file)."""
    ledger = files.open()
    with ledger._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(LedgerError) as caught:
        files.save(ledger)
    assert "is read-only" in str(caught.value)


def test_a_full_disk_is_reported_and_leaves_nothing_half_done(files: Any) -> None:
    """A write that finds no room says so, and the ledger is as it was before."""
    ledger = files.open()
    files.save(ledger)
    with ledger._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite takes the present size for it
    with pytest.raises(LedgerError, match="the disk is full"):
        files.save(ledger, *files.changes(2000))
    assert [plan.plan_id for plan in ledger.plans("default")] == ["plan-1"]
    assert files.open().verify_audit("default").ok


def test_a_ledger_that_another_process_writes_is_busy(files: Any) -> None:
    """A write waits for another process's transaction, and then says what it waited for."""
    ledger = files.open(busy=timedelta(milliseconds=10))
    other = files.open()
    with other._database.writing(), pytest.raises(LedgerError, match="is busy with another process"):
        files.save(ledger)


def test_tables_that_another_process_just_made_are_left_alone(
    files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for the write lock looks again before it builds."""
    ledger = files.open()
    looks = iter([None, HEAD])
    monkeypatch.setattr(migrate, "_version", lambda *_: next(looks))
    migrate.bring_up_to_date(ledger._database)
    assert next(looks, "both looks were taken") == "both looks were taken"


def test_a_file_system_without_a_write_ahead_log_is_refused() -> None:
    """SQLite says which journal it really keeps; in memory it is another one."""
    with closing(sqlite3.connect(":memory:")) as connection:
        settings = database._settings(timedelta(seconds=1))
        with pytest.raises(LedgerError, match="cannot keep a write-ahead log"):
            settings(connection, None)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "a ledger in memory would forget what was sent"),
        ("sqlite:///:memory:", "a ledger in memory would forget what was sent"),
        ("tertib.db", "the ledger's URL cannot be read"),
        ("mysql://shop/ledger", "a ledger cannot live in `mysql`"),
        ("nonsense://shop/ledger", "a ledger cannot live in `nonsense`"),
    ],
)
def test_urls_that_cannot_be_a_ledger(desk: Any, url: str, message: str) -> None:
    """Each is refused with the forms that work as a hint."""
    why = refusal(desk, url)
    assert str(why) == message
    assert why.hint == "use `sqlite:///tertib.db` or `postgresql://user@host/database`"


def test_a_password_never_shows(desk: Any) -> None:
    """A server that is not there, or a driver that is not: the message holds no password."""
    why = refusal(desk, "postgresql://tertib:s3cret@localhost:1/none?connect_timeout=1")
    assert "s3cret" not in f"{why} {why.hint}"


# --- the database itself --------------------------------------------------------------------------------


def test_a_whole_database_has_no_faults(desk: Any) -> None:
    """Nothing is wrong with a ledger that was just used."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1))
    assert [fault for fault in ledger.integrity() if "is off" not in fault] == []


def test_rows_without_their_parents_are_a_fault(files: Any) -> None:
    """Rows that point at nothing are counted for `doctor`."""
    ledger = files.open()
    files.confirm(ledger, files.change(1))
    assert ledger.integrity() == ()
    files.execute("DELETE FROM plans")
    (fault,) = ledger.integrity()
    # The plan's run and its change at least; other tables may know of it too.
    assert int(fault.removesuffix(" rows point at rows that are gone")) >= 2


def test_an_index_that_lies_is_a_fault(files: Any, tmp_path: Path) -> None:
    """What SQLite's own check finds is handed on."""
    ledger = files.open()
    files.confirm(ledger, files.change(1))
    ledger.close()
    raw = sqlite3.connect(tmp_path / "tertib.db")
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'order_id', 'rule') WHERE name = 'changes_by_reference'"
    )
    raw.commit()
    raw.close()
    assert files.open().integrity() != ()


def test_a_file_has_no_clock_of_its_own(files: Any) -> None:
    """Only a server tells the time; a ledger in a file goes by this machine's."""
    with pytest.raises(LedgerError, match="a file has no clock"):
        files.open().server_time()
    assert not is_server(files.url)


def test_a_server_tells_the_time(desk_at: Any, postgresql_url: str) -> None:
    """It comes with its zone, and near what this machine says."""
    desk = desk_at(postgresql_url)
    told = desk.open().server_time()
    assert abs(told - datetime.now(UTC)) < timedelta(minutes=5)
    assert is_server(postgresql_url)
    desk.close()


def test_a_lent_ledger_stays_open(files: Any) -> None:
    """Closing what was lent closes nothing of its owner's."""
    owner = files.open()
    lent = SqlLedger(
        owner._database,
        lent=True,
        **{name: getattr(owner._terms, name) for name in ("key", "clock", "lessee", "veil", "settle", "saw")},
    )
    lent.close()
    assert owner.runs("default") == ()
