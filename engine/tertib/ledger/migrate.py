"""Bring a ledger's tables up to date when it is opened, or say why that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, inspect, select, text

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger.database import Database
from tertib.ledger.schema import HEAD, KNOWN, VERSION_TABLE, metadata

SCRIPTS: Final = Path(__file__).parent / "migrations"

_MIGRATING: Final = int.from_bytes(b"tertib", "big")
"""The advisory lock that keeps two machines from building the tables at once."""


def bring_up_to_date(database: Database) -> None:
    """Create or upgrade the tables; do nothing where they are current.

    Raises `LedgerCorrupt` where the database holds something else, `LedgerError` where a newer Tertib wrote it.
    """
    with database.reading() as connection:
        if _version(connection, database.name) == HEAD:
            return
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's write transaction is alone already
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        if _version(connection, database.name) != HEAD:  # another process may have been faster
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    # Alembic takes longer to import than everything else here: only a ledger that needs it pays.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # Alembic reads the path through configparser, where a percent sign starts an interpolation.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _version(connection: Connection, name: str) -> str | None:
    """Return the schema's version, None where there is none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        _refuse_foreign_tables(connection, name)
        return None
    # The table is Alembic's own and no part of our metadata; its name is a constant of ours.
    found = connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")).all()  # noqa: S608
    if len(found) != 1 or not str(found[0]).isdigit():
        raise LedgerCorrupt(f"`{name}` does not say which version of the ledger's tables it holds")
    version = str(found[0])
    if version not in KNOWN:
        raise LedgerError(
            f"`{name}` was written by a newer Tertib: its tables have version `{version}`, this one knows `{HEAD}`",
            hint="upgrade Tertib on this machine, or point `ledger` at another file",
        )
    return version


def _refuse_foreign_tables(connection: Connection, name: str) -> None:
    """Raise `LedgerCorrupt` where tables stand that are not ours; a PostgreSQL database may be shared."""
    present = set(inspect(connection).get_table_names())
    if connection.dialect.name != "sqlite":
        present &= set(metadata.tables)
    if present:
        raise LedgerCorrupt(
            f"`{name}` is a database, but not a Tertib ledger",
            hint="point `ledger` in tertib.yaml at a file of its own",
        )
