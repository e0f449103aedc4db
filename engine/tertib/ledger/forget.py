"""Personal data forgotten by age: masks, fingerprints, traces and notes; what was done to which order stays.

The audit chain holds none of it and stays as it is. What it says of a change is bound to the values by a digest
alone, which shows nothing of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, exists, func, or_, select, update

from tertib.ledger import plans, schema
from tertib.ledger.lease import Lessee, refuse_leased
from tertib.ledger.parts import CHUNK
from tertib.ledger.trail import Writing
from tertib.ledger.values import is_hidden
from tertib.model import State

_P: Final = schema.plans.c
_C: Final = schema.changes.c
_R: Final = schema.requests.c
_H: Final = schema.holds.c
_V: Final = schema.approvals.c

FORGOTTEN: Final = {"fingerprint": "", "mask": "forgotten"}
"""What stands in place of a personal value from then on: equal to no value, and shown as what it is."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each kind lose their personal data."""

    plans: int
    changes: int
    requests: int
    holds: int
    approvals: int

    @property
    def rows(self) -> int:
        """Return how many rows they are together."""
        return sum(asdict(self).values())


def forgettable(connection: Connection, account: str, before: datetime) -> Forgotten:
    """Count what `forget` would forget."""
    chosen = _chosen(account, before)
    counts = {name: _count(connection, wanted) for name, wanted in chosen.items()}
    return Forgotten(**counts)


def _count(connection: Connection, wanted: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def _chosen(account: str, before: datetime) -> dict[str, Select[Any]]:
    """Return, by table, the rows whose time has come: old, not forgotten yet, and needed by nothing that is open."""
    waiting = _C.state.in_((State.PLANNED.value, State.SENT.value))
    open_request = exists().where(_C.request == _R.id, _C.state == State.SENT.value)
    over = or_(_H.released_at < before, _H.until < before)
    undecided = exists().where(
        _V.plan == _P.id, _V.state.in_((schema.WAITING, schema.APPROVED)), _V.expires_at >= before
    )
    return {
        "plans": select(_P.id, _P.document).where(
            _P.account == account, _P.created_at < before, _P.forgotten_at.is_(None), ~undecided
        ),
        "changes": select(_C.id, _C.before, _C.found, _C.set, _C.readable).where(
            _C.account == account, _C.planned_at < before, _C.forgotten_at.is_(None), ~waiting
        ),
        "requests": select(_R.id, _R.body).where(
            _R.account == account, _R.claimed_at < before, _R.forgotten_at.is_(None), ~open_request
        ),
        "holds": select(_H.id).where(_H.account == account, over, _H.forgotten_at.is_(None)),
        "approvals": select(_V.plan.label("id")).where(
            _V.account == account, _V.expires_at < before, _V.forgotten_at.is_(None)
        ),
    }


def forget(writing: Writing, lessee: Lessee, before: datetime, who: str, now: datetime) -> Forgotten:
    """Forget the personal data of everything before `before`, and record that it was done.

    Raises `LeaseLost` while a run is at work: it may rest on what would be forgotten.
    """
    refuse_leased(writing.standing(), lessee, now)
    chosen = _chosen(writing.account, before)
    done = Forgotten(
        plans=_rewrite(writing.connection, schema.plans, chosen["plans"], _plan, now),
        changes=_rewrite(writing.connection, schema.changes, chosen["changes"], _change, now),
        requests=_rewrite(writing.connection, schema.requests, chosen["requests"], _request, now),
        holds=_rewrite(writing.connection, schema.holds, chosen["holds"], _hold, now),
        approvals=_rewrite(writing.connection, schema.approvals, chosen["approvals"], _approval, now),
    )
    writing.record("data_forgotten", now, who=who, before=schema.iso(before), **asdict(done))
    return done


def _rewrite(connection: Connection, table: Any, wanted: Select[Any], anew: Any, now: datetime) -> int:
    """Write the chosen rows of a table anew, a few at a time; return how many they were."""
    count = 0
    while rows := connection.execute(wanted.limit(CHUNK)).all():
        values = [{"of_row": row.id, "at": now} | anew(row) for row in rows]
        names = [name for name in values[0] if name not in {"of_row", "at"}]
        changed = update(table).where(next(iter(table.primary_key)) == bindparam("of_row"))
        new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        connection.execute(
            changed.values(new | {"forgotten_at": bindparam("at")}),
            [{key if key in {"of_row", "at"} else f"new_{key}": one[key] for key in one} for one in values],
        )
        count += len(rows)
    return count


def _plan(row: Any) -> dict[str, Any]:
    document = _impersonal(json.loads(row.document))
    written = json.dumps(document, separators=(",", ":"))
    return {"document": written, "digest": plans.digest(document)}


def _change(row: Any) -> dict[str, Any]:
    return {
        "before": _impersonal(row.before),
        "found": _impersonal(row.found),
        "set": _impersonal(row.set),
        # Nothing can be compared with what is forgotten: it must not look as if a person had changed it.
        "readable": {name: value for name, value in row.readable.items() if not is_hidden(value)},
        "trace": None,
        "why": "",
    }


def _request(row: Any) -> dict[str, Any]:
    return {"body": _impersonal(row.body), "message": None}


def _hold(_row: Any) -> dict[str, Any]:
    return {"why": ""}


def _approval(_row: Any) -> dict[str, Any]:
    return {"why": "", "note": None}


_TOLD: Final = {"reasons": [], "why": "", "warnings": []}
"""The parts of a plan's document that may quote an order, emptied."""


def _impersonal(value: Any) -> Any:
    """Return a JSON value without masks, fingerprints, traces and reasons."""
    if is_hidden(value):
        return FORGOTTEN
    if isinstance(value, Mapping):
        return {name: _TOLD[name] if name in _TOLD else _impersonal(part) for name, part in value.items()}
    return [_impersonal(part) for part in value] if isinstance(value, list) else value
