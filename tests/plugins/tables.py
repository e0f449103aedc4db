"""Build a new ledger's tables from what built the first one; in the everyday run that saves most of their cost.

Alembic works out anew, for each of some thousand ledgers, what it has to say to an empty database. It says the same every
time, so the first time is written down and said again. In CI, and for a ledger that has tables already, Alembic does it.
"""

from __future__ import annotations

import tempfile
from typing import Any, Final

from sqlalchemy import Connection, event, inspect

from breadth import IN_CI
from tertib.ledger import migrate
from tertib.ledger.schema import VERSION_TABLE
from tertib.ledger.store import open_database

_ASKED: Final = ("SELECT", "PRAGMA")
_built: Final[dict[str, list[tuple[str, Any]]]] = {}
_by_alembic: Final = migrate._upgrade


def remember() -> None:
    """Build tables by what is remembered from now on, unless this is CI."""
    if not IN_CI:
        migrate._upgrade = _upgrade


def rehearse() -> None:
    """Build the tables of a file once, so that whoever comes after this has something to remember."""
    with tempfile.TemporaryDirectory() as place:
        open_database(f"sqlite:///{place}/tertib.db").close()


def _upgrade(connection: Connection) -> None:
    kind = connection.dialect.name
    if inspect(connection).has_table(VERSION_TABLE):
        _by_alembic(connection)
    elif kind in _built:
        for statement, values in _built[kind]:
            connection.exec_driver_sql(statement, values or None)
    else:
        _built[kind] = _written_down(connection)


def _written_down(connection: Connection) -> list[tuple[str, Any]]:
    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(_ASKED):
            said.append((statement, values))

    event.listen(connection, "before_cursor_execute", hear)
    _by_alembic(connection)
    event.remove(connection, "before_cursor_execute", hear)
    return said
