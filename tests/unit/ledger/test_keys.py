"""The audit key: given or made, never guessed, never left readable by others."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger.keys import audit_key, key_file, ledger_file


def refusal(environ: dict[str, str], ledger: Path | None) -> LedgerError:
    """Ask for a key that there is none of and return why."""
    with pytest.raises(LedgerError) as caught:
        audit_key(environ, ledger)
    return caught.value


# --- from the environment -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("0123456789abcdef" * 2, bytes.fromhex("0123456789abcdef" * 2)),
        ("AB" * 32, b"\xab" * 32),
        ("0123456789abcdef", b"0123456789abcdef"),
        ("a phrase of some length", b"a phrase of some length"),
        (f"  {'x' * 40}\n", b"x" * 40),
        ("kunci rahasia «é»", "kunci rahasia «é»".encode()),
    ],
)
def test_a_key_is_hex_or_text(given: str, key: bytes) -> None:
    """Long hex is read as bytes, everything else as it stands."""
    assert audit_key({"TERTIB_AUDIT_KEY": given}, None) == key


def test_a_short_key_is_refused_without_showing_it() -> None:
    """The message tells the length, not the key."""
    why = refusal({"TERTIB_AUDIT_KEY": "hunter2"}, None)
    assert str(why) == "`TERTIB_AUDIT_KEY` is too short: 7 characters, at least 16 are needed"
    assert "hunter2" not in f"{why} {why.hint}"


def test_a_database_on_a_server_needs_the_variable() -> None:
    """There is no file to lay a key beside."""
    why = refusal({}, None)
    assert str(why) == "`TERTIB_AUDIT_KEY` is not set"
    assert "openssl rand -hex 32" in str(why.hint)


# --- from the file --------------------------------------------------------------------------------------


def test_a_new_ledger_gets_a_new_key(tmp_path: Path) -> None:
    """32 random bytes in a file for its owner alone, the same at every later call."""
    before = os.umask(0)
    try:
        key = audit_key({}, tmp_path / "tertib.db")
    finally:
        os.umask(before)
    path = tmp_path / "tertib.key"
    assert path.read_text() == key.hex() + "\n"
    assert (len(key), stat.S_IMODE(path.stat().st_mode)) == (32, 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["tertib.key"]
    assert audit_key({}, tmp_path / "tertib.db") == key
    assert audit_key({}, tmp_path / "other.db") != key


def test_the_variable_comes_before_the_file(tmp_path: Path) -> None:
    """And makes none."""
    assert audit_key({"TERTIB_AUDIT_KEY": "x" * 20}, tmp_path / "tertib.db") == b"x" * 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that others know proves nothing."""
    audit_key({}, tmp_path / "tertib.db")
    path = tmp_path / "tertib.key"
    path.chmod(mode)
    why = refusal({}, tmp_path / "tertib.db")
    assert (str(why), why.hint) == (f"the audit key `{path}` can be read by other users", f"chmod 600 {path}")


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff\xfe"])
def test_a_damaged_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """A key file without a key is not silently made anew."""
    path = tmp_path / "tertib.key"
    path.write_bytes(content)
    path.chmod(0o600)
    assert str(refusal({}, tmp_path / "tertib.db")) == f"the audit key `{path}` is empty or cut off"


def test_a_key_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A loop of links in the place of the file is an error in words."""
    path = tmp_path / "tertib.key"
    path.symlink_to(path)
    assert str(refusal({}, tmp_path / "tertib.db")).startswith(f"the audit key `{path}` cannot be read: ")


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    """As for the ledger itself."""
    why = refusal({}, tmp_path / "nowhere" / "tertib.db")
    assert str(why) == f"the ledger's directory `{tmp_path}/nowhere` does not exist"


def test_a_key_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that refuses is named by what it says, and no draft stays behind."""

    def refuse(_source: object, _target: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    why = refusal({}, tmp_path / "tertib.db")
    assert str(why) == f"the audit key `{tmp_path}/tertib.key` cannot be written: Operation not permitted"
    assert list(tmp_path.iterdir()) == []


def test_of_two_processes_that_make_a_key_one_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one uses the key of the faster one."""
    link = os.link

    def overtaken(source: str, target: str) -> None:
        monkeypatch.setattr(os, "link", link)
        (tmp_path / "tertib.key").write_text("f" * 64)
        (tmp_path / "tertib.key").chmod(0o600)
        link(source, target)

    monkeypatch.setattr(os, "link", overtaken)
    assert audit_key({}, tmp_path / "tertib.db") == b"\xff" * 32


def test_a_used_ledger_does_not_get_a_second_key(files: Any, tmp_path: Path) -> None:
    """Where records were sealed, a missing key is a loss to be told, not a reason to begin anew."""
    files.save(files.open())
    ledger = tmp_path / "tertib.db"
    why = refusal({}, ledger)
    assert (
        str(why)
        == f"the audit key `{tmp_path}/tertib.key` is missing, and the ledger `{ledger}` was sealed with it"
    )
    assert "`TERTIB_AUDIT_KEY`" in str(why.hint)
    assert not key_file(ledger).exists()


def test_a_ledger_that_was_never_written_gets_its_key(files: Any, tmp_path: Path) -> None:
    """Tables alone, or an empty file, were sealed with nothing."""
    files.open().close()
    assert len(audit_key({}, tmp_path / "tertib.db")) == 32
    (tmp_path / "empty.db").touch()
    assert len(audit_key({}, tmp_path / "empty.db")) == 32


def test_a_database_without_records_gets_its_key(tmp_path: Path) -> None:
    """Whether it is a ledger is for opening it to say."""
    other = sqlite3.connect(tmp_path / "tertib.db")
    other.execute("CREATE TABLE things (id)")
    other.close()
    assert len(audit_key({}, tmp_path / "tertib.db")) == 32


def test_a_database_of_something_else_gets_no_key_by_mistake(tmp_path: Path) -> None:
    """A text file in the ledger's place is reported at once."""
    (tmp_path / "tertib.db").write_text("remember the milk\n" * 100)
    assert isinstance(refusal({}, tmp_path / "tertib.db"), LedgerCorrupt)
    assert not (tmp_path / "tertib.key").exists()


def test_a_directory_in_the_ledgers_place_gets_no_key(tmp_path: Path) -> None:
    """It cannot be asked, so nothing is made beside it."""
    (tmp_path / "tertib.db").mkdir()
    assert str(refusal({}, tmp_path / "tertib.db")).startswith(
        f"the ledger `{tmp_path}/tertib.db` cannot be read ("
    )


# --- which file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///tertib.db", Path("tertib.db")),
        ("sqlite:////var/lib/tertib.db", Path("/var/lib/tertib.db")),
        ("sqlite+pysqlite:////var/lib/my%20shop.db?timeout=3", Path("/var/lib/my shop.db")),
        ("postgresql://shop/ledger", None),
        ("nonsense", None),
    ],
)
def test_the_file_of_a_url(url: str, file: Path | None) -> None:
    """SQLite's URLs name a file, others none."""
    assert ledger_file(url) == file
