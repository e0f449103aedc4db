"""How a ledger stands: its size, its rows, how far its chain goes; and a copy of it that can be taken while it is used."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from tertib.errors import LedgerError
from tertib.ledger.schema import metadata

_TABLES: Final = tuple(metadata.sorted_tables)


@dataclass(frozen=True, slots=True)
class Volume:
    """What a ledger holds: bytes in all, and rows by table."""

    size: int
    rows: Mapping[str, int]


def volume(connection: Connection) -> Volume:
    """Return how large the ledger is."""
    rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in _TABLES}
    return Volume(_size(connection), rows)


def _size(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        pages, size = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "page_size")
        )
        return pages * size
    sizes = [func.pg_total_relation_size(func.to_regclass(table.name)) for table in _TABLES]
    return sum(int(size) for size in connection.execute(select(*sizes)).one())


def copy(ledger: Path, target: Path) -> None:
    """Copy a ledger's file to a new one, for its owner alone, as it stands at one moment; runs may go on meanwhile.

    Raises `LedgerError` where there is such a file already, or where it cannot be written.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(draft)) as copied:
                source.backup(copied)
                copied.execute("PRAGMA journal_mode = DELETE")  # one file, whole without a log beside it
            os.link(draft, target)
        finally:
            draft.unlink()
    except FileExistsError as error:
        raise LedgerError(f"`{target}` is there already", hint="name a new file") from error
    except OSError as error:
        raise LedgerError(
            f"the copy `{target}` cannot be written: {(error.strerror or '').lower()}"
        ) from error
