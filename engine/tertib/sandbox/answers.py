"""Show an order as each endpoint does: which fields, and money in which JSON type."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from tertib.sandbox import contract as documents
from tertib.sandbox.catalogue import Fields
from tertib.sandbox.contract import Contract
from tertib.sandbox.order import Order

_COLUMNS = frozenset(documents.COLUMNS)
_DETAIL = tuple(dict.fromkeys((*documents.FULL_FIELDS, *documents.COLUMNS)))


def full_answer(order: Order) -> Fields:
    """Show an order as the business list does when no columns are asked for."""
    return _business(order, documents.FULL_FIELDS)


def narrow_answer(order: Order, columns: Iterable[str]) -> Fields:
    """Show only the columns asked for, and the three fields that come by themselves."""
    asked = [name for name in columns if name in _COLUMNS]
    return _business(order, (*documents.ALWAYS_SENT, *asked))


def detail_answer(order: Order) -> Fields:
    """Show one order with every field that the business list can show."""
    return _business(order, _DETAIL)


def customer_answer(order: Order) -> Fields:
    """Show an order as its own buyer sees it."""
    shown = _pick(order.fields, documents.CUSTOMER_FIELDS)
    for name in documents.CUSTOMER_TEXT_MONEY & shown.keys():
        shown[name] = as_text(shown[name])
    for name, keys in _CUSTOMER_OBJECTS:
        shown[name] = _part(shown.get(name), keys)
    if isinstance(shown["courier_service"], dict):
        service = shown["courier_service"]
        shown["courier_service"] = {
            **service,
            "courier": _part(service.get("courier"), documents.CUSTOMER_COURIER),
        }
    return {name: value for name, value in shown.items() if name in order.fields}


def changed_answer(order: Order, contract: Contract) -> Fields:
    """Show what the bulk endpoint says about an order that it changed."""
    names: tuple[str, ...] = ("id", "order_id", "status", "payment_status")
    if contract == "current":
        names = ("id", "order_id", "public_order_url", "payment_url", "status", "payment_status")
    return {name: order.fields.get(name) for name in names}


def as_text(value: Any) -> Any:
    """Write money as a decimal string; what is no amount goes out as it is."""
    amount = _amount(value)
    return value if amount is None else f"{amount:.2f}"


def as_number(value: Any) -> Any:
    """Write money as a JSON number; what is no amount goes out as it is."""
    amount = _amount(value)
    if amount is None:
        return value
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _amount(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _business(order: Order, names: Iterable[str]) -> Fields:
    shown = _pick(order.fields, names)
    for name in documents.BUSINESS_TEXT_MONEY & shown.keys():
        shown[name] = as_text(shown[name])
    for name in documents.BUSINESS_NUMBER_MONEY & shown.keys():
        shown[name] = as_number(shown[name])
    if "store" in shown:
        shown["store"] = _part(shown["store"], documents.BUSINESS_STORE)
    return shown


def _pick(fields: Fields, names: Iterable[str]) -> Fields:
    return {name: fields[name] for name in names if name in fields}


def _part(value: Any, keys: Iterable[str]) -> Any:
    return {key: value[key] for key in keys if key in value} if isinstance(value, dict) else value


_CUSTOMER_OBJECTS = (
    ("store", documents.CUSTOMER_STORE),
    ("courier_service", documents.CUSTOMER_SERVICE),
    ("destination_address", documents.CUSTOMER_ADDRESS),
)
