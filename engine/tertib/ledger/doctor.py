"""What `tertib doctor` asks of the database itself: is it whole, and does it keep what it is told to keep."""

from __future__ import annotations

from sqlalchemy import Connection

_MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


def faults(connection: Connection) -> tuple[str, ...]:
    """Return what is wrong, in words; empty where nothing is."""
    if connection.dialect.name == "sqlite":
        return _of_sqlite(connection)
    return tuple(
        f"the server's `{setting}` is off: a power cut can lose what was sent"
        for setting in _MUST_BE_ON
        if connection.exec_driver_sql(f"SHOW {setting}").scalar() == "off"
    )


def _of_sqlite(connection: Connection) -> tuple[str, ...]:
    damage = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = [] if damage == ["ok"] else damage
    if orphans:
        found.append(f"{len(orphans)} rows point at rows that are gone")
    return tuple(found)
