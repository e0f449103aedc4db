"""What a role needs that works on a ledger without owning it: enough to do the work, and row-level security then holds.

A role that owns no table cannot turn its policies off, change a table, or rewrite the audit log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, inspect

from tertib.errors import LedgerError
from tertib.ledger.database import Database
from tertib.ledger.schema import VERSION_TABLE, metadata

_ROLE: Final = re.compile(r"[a-z_][a-z0-9_$]{0,62}")
_ONLY_ADDED_TO: Final = frozenset({"audit"})
_TAKEN_FROM: Final = frozenset({"requests", "scan_sizes", "notices", "sign_ins", "schedules", "beats"})
_QUEUE: Final = "procrastinate_"


def statements(database: Database, role: str) -> tuple[str, ...]:
    """Return the SQL that lets a role work; raises `LedgerError` for a file, or for what is no role's name."""
    if database.dialect == "sqlite":
        raise LedgerError("a ledger in a file has no roles", hint="its file's mode says who may use it")
    if not _ROLE.fullmatch(role):
        raise LedgerError(
            f"`{role}` cannot be a role's name", hint="small letters, digits and `_`, at most 63"
        )
    with database.reading() as connection:
        return tuple(_statements(connection, role))


def _statements(connection: Connection, role: str) -> Iterator[str]:
    found = inspect(connection)
    schema = found.default_schema_name
    yield f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}";'
    yield f'GRANT SELECT ON {VERSION_TABLE} TO "{role}";'
    for table in metadata.sorted_tables:
        yield f'GRANT {_rights(table.name)} ON {table.name} TO "{role}";'
    for name in sorted(found.get_table_names()):
        if name.startswith(_QUEUE):
            yield f'GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO "{role}";'
    yield f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{role}";'


def _rights(table: str) -> str:
    if table in _ONLY_ADDED_TO:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE" + (", DELETE" if table in _TAKEN_FROM else "")


def apply(database: Database, role: str) -> tuple[str, ...]:
    """Give a role what it needs, and return the statements; raises `LedgerError` where this user may not."""
    said = statements(database, role)
    with database.writing() as connection:
        for statement in said:
            connection.exec_driver_sql(statement)
    return said
