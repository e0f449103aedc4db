"""Bend a right answer the way a fault says; nothing here touches the shop."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from tertib.sandbox.catalogue import Fields
from tertib.sandbox.cursor import Place, read_cursor, write_cursor
from tertib.sandbox.faults import Fault
from tertib.sandbox.state import Call, Sandbox

START: Final[Place] = (-(10**18), 0)
"""A place before every order."""


def distorted(sandbox: Sandbox, call: Call, body: Fields) -> Fields:
    """Bend an answer by every fault that this request drew."""
    for name, bend in _BENDS.items():
        if name in call.faults:
            body = bend(sandbox, call, body)
    return body


def _leave_out(_: Sandbox, call: Call, body: Fields) -> Fields:
    chosen = _chosen(call.faults["missing_echo"], body["data"])
    return {**body, "data": [row for row in body["data"] if row not in chosen]}


def _echo_others(_: Sandbox, call: Call, body: Fields) -> Fields:
    fault = call.faults["changed_echo"]
    values: Mapping[str, Any] = fault.options["set"] or {"status": "draft", "payment_status": "unpaid"}
    chosen = _chosen(fault, body["data"])
    return {**body, "data": [{**row, **values} if row in chosen else row for row in body["data"]]}


def _chosen(fault: Fault, rows: list[Fields]) -> list[Fields]:
    ids = fault.options["ids"]
    return [row for row in rows if row["id"] in ids] if ids else rows[-int(fault.options["count"]) :]


def _echo_foreign(sandbox: Sandbox, call: Call, body: Fields) -> Fields:
    said = call.faults["foreign_id"].options["id"]
    stranger = (
        999_999_999 if sandbox.shop.contract == "seeds" else str(uuid.UUID(int=(7 << 76) | (2 << 62) | 1))
    )
    like = body["data"][0] if body["data"] else {}
    row = {**like, "id": said if said is not None else stranger, "order_id": "250130STRANG"}
    return {**body, "data": [*body["data"], row]}


def _unpaginated(_: Sandbox, _call: Call, body: Fields) -> Fields:
    return {name: value for name, value in body.items() if name != "is_paginated"}


def _repeat_cursor(_: Sandbox, call: Call, body: Fields) -> Fields:
    return {**body, "has_next": True, "next_cursor": call.params.get("next_cursor") or write_cursor(START)}


def _never_end(sandbox: Sandbox, _call: Call, body: Fields) -> Fields:
    following = body.get("next_cursor")
    place = read_cursor(following) if following else START
    return {**body, "has_next": True, "next_cursor": write_cursor(place, next(sandbox.nonces))}


_BENDS: Final[dict[str, Callable[[Sandbox, Call, Fields], Fields]]] = {
    "missing_echo": _leave_out,
    "changed_echo": _echo_others,
    "foreign_id": _echo_foreign,
    "repeated_cursor": _repeat_cursor,
    "endless_pages": _never_end,
    "no_is_paginated": _unpaginated,
}
