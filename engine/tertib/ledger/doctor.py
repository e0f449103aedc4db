"""What `tertib doctor` asks of the database itself: is it whole, and does it keep what it is told to keep."""

from __future__ import annotations

from sqlalchemy import Connection

from tertib.ledger import durability


def faults(connection: Connection) -> tuple[str, ...]:
    """Return what is wrong, in words; empty where nothing is."""
    if connection.dialect.name == "sqlite":
        return _of_sqlite(connection)
    # A setting can be turned off while a connection is open: it was looked at when that was made, and is again here.
    wrong = durability.of_server(lambda name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()))
    return () if wrong is None else (str(wrong),)


def _of_sqlite(connection: Connection) -> tuple[str, ...]:
    damage = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = [] if damage == ["ok"] else damage
    if orphans:
        found.append(f"{len(orphans)} rows point at rows that are gone")
    return tuple(found)
