"""Read a bulk change, refuse what the documents refuse, and carry the rest out on the orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tertib.sandbox import contract as documents
from tertib.sandbox.catalogue import ENTITY_BY_CODE, FINANCIAL_ENTITIES, Fields
from tertib.sandbox.clock import iso
from tertib.sandbox.contract import Contract, arrow_exists, stamp_of
from tertib.sandbox.order import Order, OrderId, merge
from tertib.sandbox.refusal import Refusal


@dataclass(frozen=True, slots=True)
class BulkChange:
    """A bulk body that has the documented form: which orders, and what to set on each."""

    ids: tuple[OrderId, ...]
    values: Mapping[str, Any] = field(default_factory=dict)


def read_bulk_body(body: Any, contract: Contract, max_batch: int) -> BulkChange:
    """Check a bulk body against the documents; every wrong field is named at once."""
    if not isinstance(body, dict):
        raise Refusal(400, "Request body must be a JSON object")
    wrong = {name: [said] for name, said in _wrong_fields(body, contract, max_batch)}
    if wrong:
        raise Refusal(422, "Validation failed", details=wrong)
    ids = tuple(one.lower() if isinstance(one, str) else one for one in body["ids"])
    return BulkChange(ids, {name: body[name] for name in _READERS if name in body})


def _wrong_fields(body: Mapping[str, Any], contract: Contract, max_batch: int) -> Iterable[tuple[str, str]]:
    if said := _wrong_ids(body.get("ids"), contract, max_batch):
        yield "ids", said
    required = ("status",) if contract == "seeds" else ("status", "payment_status")
    if not any(name in body for name in required):
        yield required[0], "can't be blank" if contract == "seeds" else "or payment_status is required"
    for name, is_right in _READERS.items():
        if name in body and not is_right(body[name]):
            yield name, "is invalid"
    method = body.get("payment_method", documents.METHODS[contract][0])
    if method not in documents.METHODS[contract]:
        yield "payment_method", "is invalid"


def _wrong_ids(ids: Any, contract: Contract, max_batch: int) -> str | None:
    if not isinstance(ids, list) or not ids:
        return "can't be blank"
    if len(ids) > max_batch:
        return f"should have at most {max_batch} item(s)"
    if not all(_is_id(one, contract) for one in ids):
        return "must be integers" if contract == "seeds" else "must be UUIDs or legacy integers"
    return "must be unique" if len(set(ids)) < len(ids) else None


def _is_id(one: Any, contract: Contract) -> bool:
    if isinstance(one, int) and not isinstance(one, bool):
        return True
    return contract == "current" and isinstance(one, str) and _is_uuid(one)


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_entity(value: Any) -> bool:
    return value is None or (type(value) is int and value in FINANCIAL_ENTITIES)


def _is_date_time(value: Any) -> bool:
    """Tell whether a value is null or an RFC 3339 date-time, which always has an offset."""
    if value is None:
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


_READERS: Final[dict[str, Callable[[Any], bool]]] = {
    "status": lambda value: value in documents.TARGET_STATUSES,
    "payment_status": lambda value: value in documents.PAYMENT_STATUSES,
    "payment_method": lambda value: isinstance(value, str),
    "by": _is_text,
    "financial_entity_id": _is_entity,
    "payment_account_holder": _is_text,
    "payment_account_number": _is_text,
    "rtsproof_url": _is_text,
    "transfer_time": _is_date_time,
    "transferproof_url": _is_text,
}


def check_arrows(orders: Iterable[Order], values: Mapping[str, Any]) -> None:
    """Refuse the whole request when the status flow has no arrow for one of its orders."""
    wanted = values.get("status")
    if wanted is None:
        return
    for order in orders:
        present = order.fields.get("status")
        if not arrow_exists(present, wanted):
            said = f"order {order.fields.get('order_id')} cannot be changed from {present} to {wanted}"
            raise Refusal(
                422, "Validation failed", code="invalid_status_transition", details={"status": [said]}
            )


def change_order(order: Order, values: Mapping[str, Any], now: datetime, how: str) -> Fields:
    """Set values on one order with everything that follows from them, and note it in the order's history."""
    before = {name: order.fields.get(name) for name in values if name != "by"}
    for name, value in values.items():
        _set(order.fields, name, value)
    for stamp in _new_stamps(before, values):
        order.fields[stamp] = iso(now)
    if values.get("status", before.get("status")) != before.get("status"):
        past = order.fields.get("status_history") or []
        order.fields["status_history"] = [*past, {"status": values["status"], "timestamp": iso(now)}]
    order.fields["last_updated_at"] = iso(now)
    after = {name: value for name, value in values.items() if name != "by"}
    entry: Fields = {"at": iso(now), "how": how, "by": values.get("by"), "before": before, "after": after}
    order.history.append(entry)
    return entry


def _set(fields: Fields, name: str, value: Any) -> None:
    if name == "financial_entity_id":
        fields["financial_entity"] = None if value is None else FINANCIAL_ENTITIES[value]
        return
    fields[name] = merge(name, fields.get(name), value)
    if name == "payment_method" and isinstance(value, str) and value.startswith("va_"):
        fields["sub_payment_method"] = value.removeprefix("va_")
        fields["financial_entity"] = ENTITY_BY_CODE.get(
            value.removeprefix("va_"), fields.get("financial_entity")
        )


def _new_stamps(before: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Name the times that move; staying in a status moves none, and a time that was said stands."""
    stamps = []
    if "status" in values and values["status"] != before.get("status"):
        stamps.append(stamp_of(str(values["status"])))
    if "payment_status" in values and values["payment_status"] != before.get("payment_status"):
        stamps += (
            [f"{values['payment_status']}_time"] if values["payment_status"] in ("paid", "unpaid") else []
        )
    return [stamp for stamp in stamps if stamp not in values]
