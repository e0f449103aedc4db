"""The record: what was planned, sent, answered and decided, and the audit chain that proves it.

The names load on first use: whoever only needs the audit key or a checkpoint does not pay for SQLAlchemy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tertib.ledger.audit import AuditVerdict, Checkpoint, Record, write_csv
    from tertib.ledger.keys import audit_key, ledger_file
    from tertib.ledger.slots import slot_key
    from tertib.ledger.store import SqlLedger, open_ledger
    from tertib.ledger.values import same
    from tertib.ledger.witness import Witness

__all__ = [
    "AuditVerdict",
    "Checkpoint",
    "Record",
    "SqlLedger",
    "Witness",
    "audit_key",
    "ledger_file",
    "open_ledger",
    "same",
    "slot_key",
    "write_csv",
]

_HOMES = {
    "AuditVerdict": "audit",
    "Checkpoint": "audit",
    "Record": "audit",
    "SqlLedger": "store",
    "Witness": "witness",
    "audit_key": "keys",
    "ledger_file": "keys",
    "open_ledger": "store",
    "same": "values",
    "slot_key": "slots",
    "write_csv": "audit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
