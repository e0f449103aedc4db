"""What a database must promise before anything is sent on its word: that a commit outlives a power cut.

PostgreSQL: https://www.postgresql.org/docs/current/runtime-config-wal.html. SQLite:
https://www.sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tertib.errors import LedgerError

WAITS_FOR_DISK: Final = frozenset({"on", "remote_apply"})
"""The values of `synchronous_commit` under which a commit waits for the disk, here and on a standby that counts."""

_SERVER: Final = ("fsync", "full_page_writes")
"""What only the server's own configuration can turn on."""

_SQLITE: Final = (
    ("journal_mode", "wal", "its file system cannot keep a write-ahead log"),
    ("synchronous", 2, "its commits would not wait for the disk"),
    ("foreign_keys", 1, "rows could point at nothing"),
)


def of_server(shown: Callable[[str], str]) -> LedgerError | None:
    """Return why a PostgreSQL server may not hold a ledger, None where it may; `shown` gives a setting's value."""
    off = [setting for setting in _SERVER if shown(setting) != "on"]
    if not off:
        return None
    return LedgerError(
        f"the ledger's server has `{off[0]}` off: a power cut could make it forget what was sent",
        hint=f"set `{off[0]} = on` in its postgresql.conf and reload it, or keep the ledger on another server",
    )


def of_sqlite(shown: Callable[[str], Any]) -> LedgerError | None:
    """Return why a SQLite database may not hold a ledger, None where it may; `shown` gives a pragma's value."""
    for pragma, wanted, why in _SQLITE:
        if shown(pragma) != wanted:
            return LedgerError(
                f"the ledger cannot have `{pragma}` as it must be: {why}",
                hint="keep the ledger on a local disk, not on a network share",
            )
    return None
