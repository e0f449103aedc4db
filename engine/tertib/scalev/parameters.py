"""Name every filter of the business list, with the order fields that show whether it was heeded.

Source: *List business orders*. Page size, cursors and `columns` are the engine's own and stand nowhere here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tertib.model import Parameter, Recheck
from tertib.scalev.values import (
    AWB_CA_STATUSES,
    BOOLEANS,
    BUSINESS_ROLES,
    PAYMENT_METHODS_READ,
    PAYMENT_STATUSES,
    PLATFORMS,
    SEARCH_FIELDS,
    STATUSES_READ,
)


def _enum(name: str, text: str, values: frozenset[str], recheck: Recheck = Recheck.EXACT) -> Parameter:
    """Describe a filter on an enumerated field of the same name."""
    return Parameter(name, "enum", recheck, text, values, (name,))


def _text(name: str, text: str) -> Parameter:
    """Describe a filter on a text field of the same name."""
    return Parameter(name, "text", Recheck.EXACT, text, checks=(name,))


def _since(field: str, what: str) -> Parameter:
    """Describe the lower bound of a timestamp."""
    text = f"Only orders that were {what} at this time or later."
    return Parameter(f"{field}_since", "time", Recheck.EXACT, text, checks=(field,), comparison="since")


def _until(field: str, what: str) -> Parameter:
    """Describe the upper bound of a timestamp."""
    text = f"Only orders that were {what} at this time or earlier."
    return Parameter(f"{field}_until", "time", Recheck.EXACT, text, checks=(field,), comparison="until")


def _id(name: str, text: str, *checks: str) -> Parameter:
    """Describe a filter by an id that the order may show under several names."""
    return Parameter(name, "id", Recheck.TOLERANT, text, checks=checks)


def _flag(name: str, text: str) -> Parameter:
    """Describe a true-or-false filter whose field an answer narrowed by `columns` lacks."""
    return Parameter(name, "boolean", Recheck.NONE, text, BOOLEANS, comparison="none")


_ROWS: Final = (
    Parameter(
        "search",
        "text",
        Recheck.NONE,
        "A text to search for, in the field that `search_field` names.",
        comparison="none",
    ),
    Parameter(
        "search_field",
        "enum",
        Recheck.NONE,
        "The field that `search` looks into; the order number where it is left out.",
        SEARCH_FIELDS,
        comparison="none",
    ),
    _enum("status", "Only orders in this status.", STATUSES_READ),
    _enum("payment_status", "Only orders with this payment status.", PAYMENT_STATUSES),
    _enum(
        "payment_method",
        "Only orders paid this way; `va` stands for every bank's virtual account.",
        PAYMENT_METHODS_READ,
        Recheck.TOLERANT,
    ),
    _enum("platform", "Only orders from this platform.", PLATFORMS),
    _enum("awb_ca_status", "Only orders whose shipping label (AWB) has come this far.", AWB_CA_STATUSES),
    _text("order_id", "Only the order with this number."),
    _text("external_id", "Only the order with this number on its own platform."),
    _text(
        "shipment_status", "Only orders with this shipment status, as the courier's word stands in Scalev."
    ),
    _text("utm_source", "Only orders that this campaign source brought."),
    Parameter(
        "tags",
        "tags",
        Recheck.EXACT,
        "Only orders that carry this tag; several tags are a union.",
        checks=("tags",),
        comparison="includes",
    ),
    Parameter(
        "is_repeat",
        "boolean",
        Recheck.EXACT,
        "Only repeat orders, or only first ones.",
        BOOLEANS,
        ("is_repeat",),
    ),
    Parameter(
        "is_transferproof_exist",
        "boolean",
        Recheck.EXACT,
        "Only orders with a transfer proof, or only those without.",
        BOOLEANS,
        ("transferproof_url",),
        "exists",
    ),
    _flag("is_probably_spam", "Only orders that Scalev takes for spam, or only the others."),
    _flag("is_from_form", "Only orders that came from a form, or only the others."),
    Parameter(
        "business_role",
        "enum",
        Recheck.NONE,
        "Only orders in which the business has this part.",
        BUSINESS_ROLES,
        comparison="none",
    ),
    Parameter(
        "affiliate_business_id",
        "id",
        Recheck.NONE,
        "Only orders that this affiliate business brought.",
        comparison="none",
    ),
    _until("draft_time", "drafted"),
    _since("confirmed_time", "confirmed"),
    _until("confirmed_time", "confirmed"),
    _since("shipped_time", "shipped"),
    _until("shipped_time", "shipped"),
    _since("completed_time", "completed"),
    _until("completed_time", "completed"),
    _id("store_id", "Only orders of this store.", "store.id", "store.unique_id", "store.uuid"),
    _id(
        "business_id",
        "Only orders of this business.",
        "store.business.id",
        "store.business.unique_id",
        "warehouse.business.id",
        "warehouse.business.unique_id",
    ),
    _id("warehouse_id", "Only orders that this warehouse sends.", "warehouse.id"),
    _id("courier_id", "Only orders that this courier carries.", "courier_service.courier.id"),
    _id("handler_id", "Only orders that this staff member looks after.", "handler.id"),
    _id("advertiser_id", "Only orders that are credited to this advertiser.", "advertiser.id"),
    _id("financial_entity_id", "Only orders paid through this bank or wallet.", "financial_entity.id"),
    _id("page_id", "Only orders that this landing page sold.", "page"),
    _id("product_id", "Only orders that hold this product.", "orderlines"),
)

PARAMETERS: Final[Mapping[str, Parameter]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every documented filter of `GET /v3/orders`, by name."""
