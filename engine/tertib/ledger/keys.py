"""The key that seals the audit chain: from the environment, or from a file beside the ledger."""

from __future__ import annotations

import os
import secrets
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from tertib.errors import LedgerCorrupt, LedgerError

VARIABLE: Final = "TERTIB_AUDIT_KEY"
SHORTEST: Final = 16
"""The fewest characters that a key given as text may have."""

_HEX_FROM: Final = 32
"""From this many hex digits on, a key is read as hex: shorter ones are short texts that look like it."""


def audit_key(environ: Mapping[str, str], ledger: Path | None) -> bytes:
    """Return the key for a ledger: `TERTIB_AUDIT_KEY`, else the file `<ledger>.key` beside the SQLite file.

    Where ledger and key are both new, the file is made: 32 random bytes in hex, readable by its owner alone.
    `ledger` is None for a database without a file, which needs the variable. Raises `LedgerError` where there is
    no key, or none that is safe to use.
    """
    given = environ.get(VARIABLE, "")
    if given:
        return _from_text(given)
    if ledger is None:
        raise LedgerError(
            f"`{VARIABLE}` is not set",
            hint="a ledger on a server has no file beside it; set it to the output of `openssl rand -hex 32` on every machine",
        )
    return _from_file(ledger)


def ledger_file(url: str) -> Path | None:
    """Return the file of a `sqlite:///` URL, None for any other database."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] != "sqlite":
        return None
    return Path(unquote(rest.removeprefix("/").partition("?")[0]))


def key_file(ledger: Path) -> Path:
    """Return where the key of a ledger's file lies."""
    return ledger.with_suffix(".key")


def _from_text(text: str) -> bytes:
    text = text.strip()
    if len(text) < SHORTEST:
        raise LedgerError(
            f"`{VARIABLE}` is too short: {len(text)} characters, at least {SHORTEST} are needed",
            hint="`openssl rand -hex 32` makes a good one",
        )
    try:
        return bytes.fromhex(text) if len(text) >= _HEX_FROM else text.encode()
    except ValueError:
        return text.encode()


def _from_file(ledger: Path) -> bytes:
    path = key_file(ledger)
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return _new_file(path, ledger)
    except OSError as error:
        raise LedgerError(f"the audit key `{path}` cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        return _read(file.fileno(), file.read(), path)


def _read(descriptor: int, text: str, path: Path) -> bytes:
    if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
        raise LedgerError(f"the audit key `{path}` can be read by other users", hint=f"chmod 600 {path}")
    try:
        return _from_text(text)
    except LedgerError as error:
        raise LedgerError(
            f"the audit key `{path}` is empty or cut off", hint="restore it from a copy"
        ) from error


def _new_file(path: Path, ledger: Path) -> bytes:
    if _has_records(ledger):
        raise LedgerError(
            f"the audit key `{path}` is missing, and the ledger `{ledger}` was sealed with it",
            hint=f"restore the file from a copy or set `{VARIABLE}`; `tertib audit verify` fails with any other key",
        )
    try:
        _write_exclusively(path, secrets.token_bytes(32).hex() + "\n")
    except FileExistsError:
        pass  # another process was faster: its key is the key
    except FileNotFoundError as error:
        raise LedgerError(
            f"the ledger's directory `{path.parent}` does not exist",
            hint="create it first, or correct `ledger` in tertib.yaml",
        ) from error
    except OSError as error:
        raise LedgerError(f"the audit key `{path}` cannot be written: {error.strerror}") from error
    return _from_file(ledger)


def _write_exclusively(path: Path, text: str) -> None:
    """Make a file that nobody ever sees half-written; raise FileExistsError where there is one already."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()


def _has_records(ledger: Path) -> bool:
    """Tell whether a ledger's file holds audit records; raise `LedgerCorrupt` where it is no database."""
    try:
        if ledger.stat().st_size == 0:
            return False
    except OSError:
        return False  # there is none, or opening it will say what is wrong with it
    return _holds_records(ledger)


def _holds_records(ledger: Path) -> bool:
    try:
        with closing(sqlite3.connect(ledger)) as connection:
            return connection.execute("SELECT 1 FROM audit LIMIT 1").fetchone() is not None
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return False
        raise LedgerError(f"the ledger `{ledger}` cannot be read ({error.sqlite_errorname})") from error
    except sqlite3.DatabaseError as error:
        raise LedgerCorrupt(
            f"`{ledger}` is not a ledger, or it is damaged", hint="restore it from a copy"
        ) from error
