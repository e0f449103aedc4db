"""Signs of life of the processes that work on a shared ledger: how one that ended on another machine is told.

A sign of life frees no lease, which ends when its own time is over; it frees what a process took and began nothing for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from tertib.ledger.process import Owner
from tertib.ledger.schema import beats

EVERY: Final = timedelta(seconds=10)
"""How often a process gives a sign of life."""

SILENT: Final = timedelta(minutes=2)
"""After this long without one a process counts as gone, where it ever gave one."""

_KEPT: Final = timedelta(days=7)


def beat(connection: Connection, owner: Owner, now: datetime) -> None:
    """Give a sign of life, and forget those of processes that ended long ago."""
    given = insert(beats).values(owner=_name(owner), at=now)
    connection.execute(
        given.on_conflict_do_update(index_elements=[beats.c.owner], set_={"at": given.excluded.at})
    )
    connection.execute(delete(beats).where(beats.c.at < now - _KEPT))


def silent(connection: Connection, owner: Owner, now: datetime) -> bool:
    """Tell whether a process that gave signs of life gives none any more; False for one that never did."""
    last: datetime | None = connection.scalar(select(beats.c.at).where(beats.c.owner == _name(owner)))
    return last is not None and last < now - SILENT


def _name(owner: Owner) -> str:
    return f"{owner.host}/{owner.pid}/{owner.started}/{owner.instance}"
