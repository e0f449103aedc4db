"""Tell which keys Scalev takes: integers of the older contract, UUIDs of the present one."""

from __future__ import annotations

import re
from typing import Final

from tertib.scalev.values import Contract

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# Longer digit strings are no primary key, and reading them as numbers would cost without limit.
_LONGEST_NUMBER: Final = 19


def wire_id(raw: object) -> int | str | None:
    """Return the `id` as a change may name it, or None where it is no key.

    Integers and UUIDs stay as they came, a string of digits becomes its integer (scalev-api.md, "About the id").
    """
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if not isinstance(raw, str):
        return None
    if raw.isascii() and raw.isdigit() and len(raw) <= _LONGEST_NUMBER:
        return int(raw)
    return raw if UUID.fullmatch(raw) else None


def contract_of(raw: object) -> Contract | None:
    """Return the contract that an order's `id` belongs to, None for an id that is no key."""
    key = wire_id(raw)
    if key is None:
        return None
    return "seeds" if isinstance(key, int) else "current"
