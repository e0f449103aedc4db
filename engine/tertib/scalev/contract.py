"""Say what Scalev's documents say: fields, filters, action fields, values, ids and the body of a change.

Everything here is data or a pure function, so that `tertib check` can use it without any HTTP client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from tertib.model import ActionField
from tertib.scalev.fields import FIELDS
from tertib.scalev.ids import contract_of, wire_id
from tertib.scalev.parameters import PARAMETERS
from tertib.scalev.rechecks import check
from tertib.scalev.values import (
    ALWAYS_COLUMNS,
    COLUMNS,
    PAYMENT_METHODS,
    PAYMENT_METHODS_READ,
    PAYMENT_STATUSES,
    STATUS_FLOW,
    STATUS_TARGETS,
    STATUSES_READ,
    Contract,
)

__all__ = [
    "ACTION_FIELDS",
    "ALWAYS_COLUMNS",
    "COLUMNS",
    "FIELDS",
    "PARAMETERS",
    "PAYMENT_METHODS",
    "PAYMENT_STATUSES",
    "STATUSES_READ",
    "STATUS_FLOW",
    "STATUS_TARGETS",
    "Contract",
    "change_body",
    "check",
    "contract_of",
    "wire_id",
]

_ACTION_ROWS: Final = (
    ActionField("status", "enum", "status", "The status to move the order to.", STATUS_TARGETS),
    ActionField(
        "payment_status", "enum", "payment_status", "The payment status to give the order.", PAYMENT_STATUSES
    ),
    ActionField(
        "payment_method",
        "enum",
        "payment_method",
        "The payment method to record.",
        PAYMENT_METHODS_READ,
    ),
    ActionField("by", "text", None, "Who or what made the change; no list shows it again."),
    ActionField(
        "financial_entity_id",
        "integer",
        "financial_entity.id",
        "The number of the bank or wallet that the money came through.",
    ),
    ActionField(
        "payment_account_holder",
        "text",
        "payment_account_holder",
        "In whose name the account is that the money came from.",
        personal=True,
    ),
    ActionField(
        "payment_account_number",
        "text",
        "payment_account_number",
        "The number of the account that the money came from.",
        personal=True,
    ),
    ActionField(
        "rtsproof_url", "url", None, "Where the picture lies that proves a return; no list shows it again."
    ),
    ActionField("transfer_time", "time", "transfer_time", "When the money was transferred, with its offset."),
    ActionField(
        "transferproof_url", "url", "transferproof_url", "Where the picture of the transfer proof lies."
    ),
)

ACTION_FIELDS: Final[Mapping[str, ActionField]] = MappingProxyType({row.name: row for row in _ACTION_ROWS})
"""Every field of the bulk change but `ids`, by name, in the order of a body."""


def change_body(
    contract: Contract,
    ids: Sequence[int | str],
    values: Mapping[str, Any],
    present_status: str | None,
) -> dict[str, Any]:
    """Build the body of one bulk change; all `ids` get the same `values`.

    `seeds` demands `status`, so a payment-only change repeats `present_status` there; `current` sends what was
    asked for. Raises ValueError for a body that the contract does not allow: the caller holds such orders first.
    """
    wanted = dict(values)
    if contract == "seeds":
        if any(isinstance(key, str) for key in ids):
            raise ValueError("the `seeds` contract takes integer ids only")
        wanted["status"] = wanted.get("status") or present_status
        if wanted["status"] not in STATUS_TARGETS:
            raise ValueError("the `seeds` contract needs a status that an order can be moved to")
    if not wanted.keys() <= ACTION_FIELDS.keys():
        raise ValueError("a change has a field that the contract lacks")
    if not ids or not wanted.keys() & {"status", "payment_status"}:
        raise ValueError("a change needs ids, and a status or a payment status")
    body: dict[str, Any] = {"ids": list(ids)}
    body.update((name, _plain(wanted[name])) for name in ACTION_FIELDS if name in wanted)
    return body


def _plain(value: object) -> object:
    """Return a value as JSON spells it; instants keep their offset."""
    return value.isoformat() if isinstance(value, datetime) else value
