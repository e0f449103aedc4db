"""Hold one order, and complete a partial one with what a plain order of the shop would have."""

# ruff: noqa: SIM905 - long lists of names read better as running text

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tertib.sandbox import catalogue
from tertib.sandbox.catalogue import Fields, tag
from tertib.sandbox.clock import iso, read_instant
from tertib.sandbox.contract import Contract, stamp_of
from tertib.sandbox.cursor import Place

OrderId = int | str
PATH: Final = ("draft", "pending", "confirmed", "in_process", "ready", "shipped")
MERGED: Final = frozenset(
    """
    store customer courier_service warehouse handler advertiser financial_entity destination_address
    origin_address page payment_account shipment_account
    """.split()
)
"""Objects of which a partial value says only what differs."""

STAMPS: Final = tuple(stamp_of(status) for status in (*PATH, "completed", "rts", "canceled", "closed"))


@dataclass(slots=True)
class Order:
    """One order as the shop keeps it: every field of every answer, and what happened to it."""

    number: int
    fields: Fields
    created: datetime
    legacy_id: int | None = None
    history: list[Fields] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """Say where the order stands in a list with the newest first."""
        return place_of(self.created, self.number)

    @property
    def shown_id(self) -> OrderId | None:
        """Give the id that lists show."""
        shown: OrderId | None = self.fields.get("id")
        return shown


def place_of(created: datetime, number: int) -> Place:
    """Say where an order with this creation and number stands."""
    return -int(created.timestamp() * 1_000_000), -number


def uuid7(created: datetime, number: int) -> str:
    """Make the UUIDv7 that an order with this creation and number has, always the same one."""
    milliseconds = int(created.timestamp() * 1000) & (1 << 48) - 1
    scattered = (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 0xA5A5) & (1 << 74) - 1
    high, low = scattered >> 62, scattered & (1 << 62) - 1
    return str(UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low))


def reference(created: datetime, number: int) -> str:
    """Make the human reference, like `250130JQHFZG`."""
    rest, letters = number * 48_271_337 % 26**6, ""
    for _ in range(6):
        rest, digit = divmod(rest, 26)
        letters += chr(ord("A") + digit)
    return f"{created:%y%m%d}{letters}"


def complete(
    partial: Mapping[str, Any], *, number: int, contract: Contract, now: datetime, without: Iterable[str] = ()
) -> Order:
    """Fill in what a partial order leaves out; `without` names keys that the order shall lack."""
    said = {name: plain(name, value) for name, value in partial.items() if name != "legacy_id"}
    created = _creation(said, now)
    fields = _defaults(created, number, contract)
    fields.update(_stamps(str(said.get("status", "pending")), created))
    for name, value in said.items():
        fields[name] = merge(name, fields.get(name), value)
    fields["created_at"] = iso(created)
    fields.setdefault("last_updated_at", _latest(fields, created))
    _derive(fields, said)
    for name in without:
        fields.pop(name, None)
    return Order(number, fields, created, partial.get("legacy_id"))


def merge(name: str, present: Any, said: Any) -> Any:
    """Put a said value over the present one; a partial object keeps the rest of it."""
    if name in MERGED and isinstance(present, dict) and isinstance(said, dict):
        return {
            key: merge(key, present.get(key), said.get(key, present.get(key))) for key in {**present, **said}
        }
    if name in {"courier", "business"} and isinstance(present, dict) and isinstance(said, dict):
        return {**present, **said}
    return said


def plain(name: str, value: Any) -> Any:
    """Read what a test says in short: an instant, or tags by their names."""
    if isinstance(value, datetime):
        return iso(value)
    if name == "tags" and isinstance(value, (list, tuple)):
        return [tag(item) if isinstance(item, str) else item for item in value]
    return value


def _creation(said: Mapping[str, Any], now: datetime) -> datetime:
    if "created_at" in said:
        created = read_instant(said["created_at"])
        if created is None:
            raise ValueError(f"created_at: {said['created_at']!r} is no ISO 8601 instant")
        return created
    stamped = [read_instant(said.get(stamp)) for stamp in STAMPS]
    return min((time for time in stamped if time), default=(now - timedelta(days=1)).replace(microsecond=0))


def _stamps(status: str, created: datetime) -> Fields:
    """Stamp every status on the way to this one at the creation; a test gives the times that matter to it."""
    if status in PATH:
        reached: tuple[str, ...] = PATH[: PATH.index(status) + 1]
    elif status == "canceled":
        reached = ("draft", "pending", "canceled")
    else:
        reached = (*PATH, status)
    stamps = {stamp_of(name) for name in reached} & set(STAMPS)
    return {stamp: iso(created) if stamp in stamps else None for stamp in STAMPS}


def _latest(fields: Mapping[str, Any], created: datetime) -> str:
    times = [read_instant(fields.get(stamp)) for stamp in STAMPS]
    return iso(max([time for time in times if time], default=created))


def _derive(fields: Fields, said: Mapping[str, Any]) -> None:
    """Fill in what follows from the fields that were said."""
    fields.setdefault("unpaid_time", fields.get("pending_time"))
    if fields.get("payment_status") in ("paid", "settled"):
        fields.setdefault("paid_time", fields.get("confirmed_time") or fields.get("pending_time"))
    fields.setdefault("paid_time", None)
    if "quantity" in said:
        fields["total_quantity"] = said["quantity"]
    lines = said.get("orderlines")
    if isinstance(lines, list):
        _derive_from_lines(fields, said, [line for line in lines if isinstance(line, dict)])
    moments = [(read_instant(fields.get(stamp)), stamp.removesuffix("_time")) for stamp in STAMPS]
    past = sorted((time, name) for time, name in moments if time)
    fields.setdefault("status_history", [{"status": name, "timestamp": iso(time)} for time, name in past])


def _derive_from_lines(fields: Fields, said: Mapping[str, Any], lines: list[Fields]) -> None:
    if "final_variants" not in said:
        fields["final_variants"] = {line.get("product_name"): line.get("quantity", 1) for line in lines}
    if "product_ids" not in said:
        fields["product_ids"] = [line["product_id"] for line in lines if "product_id" in line]


def _defaults(created: datetime, number: int, contract: Contract) -> Fields:
    """Describe a plain order: one honey, unpaid, to be paid by bank transfer."""
    human = reference(created, number)
    slug = f"s{number:x}{human[6:].lower()}"
    shared = dict(_PLAIN)
    shared.update(
        id=number if contract == "seeds" else uuid7(created, number),
        order_id=human,
        secret_slug=slug,
        public_order_url=f"https://order.scalev.example/o/{slug}/success",
        orderlines=[{**_LINE, "id": uuid7(created, number + (1 << 40))}],
        final_variants={_LINE["product_name"]: 1},
    )
    return shared


_STORE = catalogue.STORES[0]
_GOOD = catalogue.GOODS[31][0]
_CUSTOMER: Final[Fields] = {
    "confirmed_at": "2025-01-05T03:00:00Z",
    "created_at": "2025-01-05T03:00:00Z",
    "email": "siti.rahayu@surel.example",
    "id": 1,
    "last_updated_at": "2025-01-05T03:00:00Z",
    "name": "Siti Rahayu",
    "phone": "6281234567890",
    "status": "confirmed",
}


def line_of(good: catalogue.Good, quantity: int) -> Fields:
    """Show one good in an order as the customer list does."""
    return {
        "quantity": quantity,
        "variant": good.id * 10,
        "product_name": good.name,
        "item_type": "digital" if good.is_digital else "physical",
        "is_file_enabled": good.is_digital,
        "is_lms_enabled": good.sku.startswith("KLS"),
        "is_license_enabled": False,
        "currency": "IDR",
        "pricing_type": "one_time",
        "interval": None,
        "interval_count": None,
        "variant_sku": good.sku,
        "variant_option1_value": None,
        "variant_option2_value": None,
        "variant_option3_value": None,
        "variant_price": f"{good.price}.00",
        "product_price": f"{good.price * quantity}.00",
        "discount": "0.00",
        "discount_code_discount": "0.00",
        "weight": good.grams,
    }


_LINE: Final = line_of(_GOOD, 1)
_NULLS: Final = """
    dropshipper_name dropshipper_phone transferproof_url discount_code_code transfer_time payment_account_number
    epayment_provider pg_reference_id advertiser payment_account_id shipment_status channel_name other_income_name
    external_id pg_payment_info mark_as_spam_by courier_additional_info financial_entity utm_source
    payment_account_holder shipment_receipt discount_code_applied_to notes payment_url follow_up_chat_type
    courier_aggregator_code shipment_account payment_account page sub_payment_method invoice_url by rtsproof_url
    affiliate_business_id gross_revenue_for_dropshipper
""".split()
_PLAIN: Final[Fields] = {
    **dict.fromkeys(_NULLS),
    **dict.fromkeys(("is_purchase_fb", "is_purchase_tiktok", "is_purchase_kwai", "is_dropshipping"), False),
    **dict.fromkeys(("is_repeat", "is_probably_spam"), False),
    **{name: [] for name in ("follow_up_chats", "message_history", "tags", "shipment_status_history")},
    **{name: [] for name in ("tiktok_pixel_ids", "fb_pixel_ids", "kwai_pixel_ids")},
    **dict.fromkeys(
        ("scalev_fee", "payment_fee", "product_discount", "shipping_discount", "other_income"), 0
    ),
    **dict.fromkeys(("unique_code_discount", "discount_code_discount", "discount_rate"), 0),
    "status": "pending",
    "payment_status": "unpaid",
    "payment_method": "bank_transfer",
    "platform": "scalev",
    "store": _STORE,
    "customer": _CUSTOMER,
    "warehouse": catalogue.WAREHOUSES[0],
    "origin_address": catalogue.ORIGINS[81],
    "handler": catalogue.HANDLERS[0],
    "handler_phone": catalogue.HANDLERS[0]["phone"],
    "courier_service": catalogue.COURIER_SERVICES[0],
    "destination_address": {
        "address": "Jl. Melati No. 7",
        "city": "Kota Bandung",
        "id": 60_001,
        "location": 3273,
        "name": _CUSTOMER["name"],
        "phone": _CUSTOMER["phone"],
        "postal_code": "40132",
        "province": "Jawa Barat",
        "subdistrict": "Coblong",
    },
    "address_location": "Coblong, Kota Bandung, Jawa Barat",
    "quantity": 1,
    "total_quantity": 1,
    "product_price": _GOOD.price,
    "shipping_cost": 18_000,
    "gross_revenue": _GOOD.price + 18_000,
    "net_revenue": _GOOD.price,
    "net_payment_revenue": _GOOD.price + 18_000,
    "total_weight": _GOOD.grams,
    "product_weight": _GOOD.grams,
    "awb_status": "unavailable",
    "awb_ca_status": "unavailable",
    "metadata": {},
    "agent_context": {},
    # What filters look at and no answer shows.
    "is_from_form": True,
    "business_role": "retailer",
    "product_ids": [_GOOD.id],
}
