"""Name every field of an order that either list endpoint documents: its kind, its unit, and what it means to a shop.

Sources: *List business orders* and *List authenticated customer orders*. The order lines of the business list are
documented only in the customer list, so both tables hold the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from tertib.model import Field, Kind
from tertib.scalev.values import (
    AWB_CA_STATUSES,
    COLUMNS,
    COMES_BY_ITSELF,
    PAYMENT_METHODS_READ,
    PAYMENT_STATUSES,
    PLATFORMS,
    STATUSES_READ,
)

_TEXT, _ENUM, _NUMBER, _MONEY = Kind.TEXT, Kind.ENUM, Kind.NUMBER, Kind.MONEY
_BOOLEAN, _TIME, _ID, _TAGS = Kind.BOOLEAN, Kind.TIME, Kind.ID, Kind.TAGS
_TEXTS, _OBJECTS, _OBJECT, _OPEN = Kind.TEXTS, Kind.OBJECTS, Kind.OBJECT, Kind.OPEN
_QUANTITIES = Kind.QUANTITIES

_NO_VALUES: Final[frozenset[str]] = frozenset()


def _row(path: str, kind: Kind, text: str, *, unit: str = "", values: frozenset[str] = _NO_VALUES) -> Field:
    """Write one row of the tables below; what follows from the path is filled in by `_complete`."""
    unit = "IDR" if kind is _MONEY else unit
    return Field(path, kind, text, frozenset(), None, unit=unit, values=values)


# A table reads best with a row a line.
# fmt: off
_BOTH: Final = (
    _row("id", _ID, "The key that Scalev changes the order by; people never see it."),
    _row("order_id", _TEXT, "The order number that people see, like `250130JQHFZG`."),
    _row("status", _ENUM, "Where the order stands, from `draft` to `completed`.", values=STATUSES_READ),
    _row("payment_status", _ENUM, "Whether the money has come; `conflict` is a transfer that fits several orders.", values=PAYMENT_STATUSES),
    _row("payment_method", _ENUM, "How the buyer pays; virtual accounts are `va` or name their bank, like `va_bca`.", values=PAYMENT_METHODS_READ),
    _row("sub_payment_method", _TEXT, "The payment method more closely, such as the bank of a virtual account."),
    _row("created_at", _TIME, "When the order came into Scalev."),
    _row("last_updated_at", _TIME, "When anything in the order last changed."),
    _row("draft_time", _TIME, "When the order became a draft (shown as Created)."),
    _row("pending_time", _TIME, "When the order became pending, that is, began to wait for payment."),
    _row("confirmed_time", _TIME, "When the order was confirmed."),
    _row("shipped_time", _TIME, "When the order was handed to the courier."),
    _row("completed_time", _TIME, "When the order was completed."),
    _row("rts_time", _TIME, "When the parcel turned back to the sender."),
    _row("canceled_time", _TIME, "When the order was canceled."),
    _row("closed_time", _TIME, "When the order was closed without another ending."),
    _row("transfer_time", _TIME, "When the buyer transferred the money."),
    _row("transferproof_url", _TEXT, "Where the picture of the buyer's transfer proof lies; empty when there is none."),
    _row("payment_account_holder", _TEXT, "In whose name the bank account is that the payment goes with."),
    _row("payment_account_number", _TEXT, "The number of the bank account that the payment goes with."),
    _row("secret_slug", _TEXT, "The secret part of the buyer's order page address."),
    _row("public_order_url", _TEXT, "The buyer's own page of this order."),
    _row("payment_url", _TEXT, "The page where the buyer pays."),
    _row("pg_payment_info", _OPEN, "What the payment gateway says about the payment; its shape is not documented."),
    _row("product_price", _MONEY, "What the products cost before discounts."),
    _row("gross_revenue", _MONEY, "What the buyer pays in all; money limits add this up."),
    _row("shipping_cost", _MONEY, "What the shipping costs."),
    _row("shipping_discount", _MONEY, "What was taken off the shipping cost."),
    _row("product_discount", _MONEY, "What was taken off the products' price."),
    _row("unique_code_discount", _MONEY, "The few rupiah that make a bank transfer's amount unique."),
    _row("discount_code_code", _TEXT, "The discount code that the buyer used."),
    _row("discount_code_discount", _MONEY, "What the discount code took off."),
    _row("discount_code_applied_to", _TEXT, "What the discount code applies to."),
    _row("other_income", _MONEY, "What is charged besides products and shipping."),
    _row("other_income_name", _TEXT, "What the other charge is called."),
    _row("final_variants", _QUANTITIES, "The products of the order by name, each with how many were bought."),
    _row("total_weight", _NUMBER, "What the parcel weighs.", unit="grams"),
    _row("notes", _TEXT, "The notes on the order."),
    _row("is_dropshipping", _BOOLEAN, "Whether the order is sent for a dropshipper."),
    _row("shipment_receipt", _TEXT, "The courier's tracking number (resi); empty before there is one."),
    _row("shipment_status", _TEXT, "What the courier last said about the parcel."),
    _row("awb_status", _TEXT, "How far the shipping label (AWB) is."),
    _row("customer", _OBJECT, "The buyer."),
    _row("customer.id", _ID, "The buyer's number at Scalev."),
    _row("customer.name", _TEXT, "The buyer's name."),
    _row("customer.email", _TEXT, "The buyer's email address."),
    _row("customer.phone", _TEXT, "The buyer's phone number."),
    _row("customer.status", _TEXT, "The state of the buyer's account."),
    _row("customer.confirmed_at", _TIME, "When the buyer's account was confirmed."),
    _row("customer.created_at", _TIME, "When the buyer first became known."),
    _row("customer.last_updated_at", _TIME, "When the buyer's data last changed."),
    _row("destination_address", _OBJECT, "Where the parcel goes."),
    _row("destination_address.id", _ID, "The number of the receiver's address."),
    _row("destination_address.name", _TEXT, "The receiver's name."),
    _row("destination_address.phone", _TEXT, "The receiver's phone number."),
    _row("destination_address.address", _TEXT, "The receiver's street and house."),
    _row("destination_address.location", _ID, "The number of the receiver's area."),
    _row("destination_address.subdistrict", _TEXT, "The receiver's subdistrict (kecamatan)."),
    _row("destination_address.city", _TEXT, "The receiver's city or regency."),
    _row("destination_address.province", _TEXT, "The receiver's province."),
    _row("destination_address.postal_code", _TEXT, "The receiver's postal code."),
    _row("courier_service", _OBJECT, "The courier's service that carries the parcel."),
    _row("courier_service.id", _ID, "The number of the courier's service."),
    _row("courier_service.name", _TEXT, "The service's name, such as a regular or next-day one."),
    _row("courier_service.code", _TEXT, "The service's code."),
    _row("courier_service.courier", _OBJECT, "The courier."),
    _row("courier_service.courier.id", _ID, "The courier's number."),
    _row("courier_service.courier.name", _TEXT, "The courier's name."),
    _row("courier_service.courier.code", _TEXT, "The courier's code, like `jne`."),
    _row("store", _OBJECT, "The store that sold."),
    _row("store.name", _TEXT, "The store's name."),
    _row("store.unique_id", _ID, "The store's public id, like `store_x`."),
    _row("orderlines", _OBJECTS, "The lines of the order, one for each product or variant bought."),
    _row("orderlines.id", _ID, "The line's key."),
    _row("orderlines.quantity", _NUMBER, "How many pieces the line is for.", unit="pieces"),
    _row("orderlines.variant", _ID, "The number of the product's variant."),
    _row("orderlines.product_name", _TEXT, "The product's name."),
    _row("orderlines.item_type", _TEXT, "What sort of item it is, such as goods or a file."),
    _row("orderlines.is_file_enabled", _BOOLEAN, "Whether the buyer gets a file to download."),
    _row("orderlines.is_lms_enabled", _BOOLEAN, "Whether the buyer gets access to a course."),
    _row("orderlines.is_license_enabled", _BOOLEAN, "Whether the buyer gets a licence key."),
    _row("orderlines.currency", _TEXT, "The currency of the line's prices."),
    _row("orderlines.pricing_type", _TEXT, "How the product is priced, such as once or by subscription."),
    _row("orderlines.interval", _TEXT, "The unit of a subscription's period, such as a month."),
    _row("orderlines.interval_count", _NUMBER, "How many of those units a subscription's period has."),
    _row("orderlines.variant_sku", _TEXT, "The variant's stock-keeping code (SKU)."),
    _row("orderlines.variant_option1_value", _TEXT, "The variant's first option, such as its colour."),
    _row("orderlines.variant_option2_value", _TEXT, "The variant's second option, such as its size."),
    _row("orderlines.variant_option3_value", _TEXT, "The variant's third option."),
    _row("orderlines.variant_price", _MONEY, "What one piece of the variant costs."),
    _row("orderlines.product_price", _MONEY, "What the line's products cost before discounts."),
    _row("orderlines.discount", _MONEY, "What was taken off this line."),
    _row("orderlines.discount_code_discount", _MONEY, "What the discount code took off this line."),
    _row("orderlines.weight", _NUMBER, "What the line weighs.", unit="grams"),
)

_BUSINESS: Final = (
    _row("quantity", _NUMBER, "How many pieces the order has in all.", unit="pieces"),
    _row("is_repeat", _BOOLEAN, "Whether the buyer has bought here before."),
    _row("is_probably_spam", _BOOLEAN, "Whether Scalev takes the order for spam; only the query can ask for it."),
    _row("mark_as_spam_by", _TEXT, "Who or what marked the order as spam; an answer narrowed to columns lacks it."),
    _row("tags", _TAGS, "The tags that staff gave the order, by name."),
    _row("tags.id", _ID, "The tag's number."),
    _row("tags.name", _TEXT, "The tag's name."),
    _row("platform", _ENUM, "Where the order was placed: Scalev itself or a marketplace.", values=PLATFORMS),
    _row("external_id", _TEXT, "The order's number on the platform that it came from."),
    _row("channel_name", _TEXT, "The sales channel's name."),
    _row("utm_source", _TEXT, "The campaign source that brought the buyer."),
    _row("page", _OPEN, "The landing page that sold; its shape is not documented."),
    _row("net_revenue", _MONEY, "What is left of the revenue after costs."),
    _row("net_payment_revenue", _MONEY, "What is left of the payment after the payment fee."),
    _row("payment_fee", _MONEY, "What the payment provider charges."),
    _row("scalev_fee", _MONEY, "What Scalev charges."),
    _row("payment_account_id", _ID, "The number of the shop's bank account; an answer narrowed to columns lacks it."),
    _row("payment_account", _OPEN, "The shop's bank account for this payment; its shape is not documented."),
    _row("epayment_provider", _TEXT, "The payment gateway that takes the payment."),
    _row("pg_reference_id", _TEXT, "The payment gateway's reference."),
    _row("invoice_url", _TEXT, "The payment gateway's invoice page."),
    _row("financial_entity", _OBJECT, "The bank or wallet that the money goes through."),
    _row("financial_entity.id", _ID, "The number of the bank or wallet."),
    _row("financial_entity.code", _TEXT, "The code of the bank or wallet."),
    _row("financial_entity.name", _TEXT, "The name of the bank or wallet."),
    _row("financial_entity.entity_type", _TEXT, "Whether it is a bank, a wallet or something else."),
    _row("financial_entity.platform", _TEXT, "The platform of the bank or wallet."),
    _row("financial_entity.duitku_code", _TEXT, "Duitku's code of the bank or wallet."),
    _row("financial_entity.xendit_code", _TEXT, "Xendit's code of the bank or wallet."),
    _row("awb_ca_status", _ENUM, "How far the aggregator is with the shipping label (AWB).", values=AWB_CA_STATUSES),
    _row("courier_aggregator_code", _TEXT, "The courier aggregator's code."),
    _row("courier_additional_info", _TEXT, "What the courier should know besides."),
    _row("shipment_account", _OPEN, "The shop's account with the courier; its shape is not documented."),
    _row("address_location", _OPEN, "The area of the receiver's address; its shape is not documented."),
    _row("dropshipper_name", _TEXT, "The dropshipper's name."),
    _row("dropshipper_phone", _TEXT, "The dropshipper's phone number."),
    _row("handler_phone", _TEXT, "The phone number of the staff member who looks after the order."),
    _row("is_purchase_fb", _BOOLEAN, "Whether Facebook was told of the purchase."),
    _row("is_purchase_tiktok", _BOOLEAN, "Whether TikTok was told of the purchase."),
    _row("is_purchase_kwai", _BOOLEAN, "Whether Kwai was told of the purchase."),
    _row("fb_pixel_ids", _TEXTS, "The Facebook pixels of the order."),
    _row("tiktok_pixel_ids", _TEXTS, "The TikTok pixels of the order."),
    _row("kwai_pixel_ids", _TEXTS, "The Kwai pixels of the order."),
    _row("metadata", _OPEN, "What forms and integrations left with the order; its keys are the shop's own."),
    _row("agent_context", _OPEN, "What automatic assistants left with the order; its shape is not documented."),
    _row("advertiser", _OBJECT, "The advertiser whom the order is credited to."),
    _row("advertiser.id", _ID, "The advertiser's number."),
    _row("advertiser.fullname", _TEXT, "The advertiser's name."),
    _row("advertiser.email", _TEXT, "The advertiser's email address."),
    _row("advertiser.phone", _TEXT, "The advertiser's phone number."),
    _row("advertiser.avatar", _TEXT, "The advertiser's picture."),
    _row("advertiser.aff_code", _TEXT, "The advertiser's affiliate code."),
    _row("handler", _OBJECT, "The staff member who looks after the order."),
    _row("handler.id", _ID, "The staff member's number."),
    _row("handler.fullname", _TEXT, "The staff member's name."),
    _row("handler.email", _TEXT, "The staff member's email address."),
    _row("handler.phone", _TEXT, "The staff member's phone number."),
    _row("handler.avatar", _TEXT, "The staff member's picture."),
    _row("handler.aff_code", _TEXT, "The staff member's affiliate code."),
    _row("store.id", _ID, "The store's number."),
    _row("store.uuid", _ID, "The store's UUID."),
    _row("store.business", _OBJECT, "The business that the store belongs to."),
    _row("store.business.id", _ID, "The number of the store's business."),
    _row("store.business.unique_id", _ID, "The public id of the store's business."),
    _row("store.business.username", _TEXT, "The user name of the store's business."),
    _row("store.business.email", _TEXT, "The email address of the store's business."),
    _row("store.business.account_holder", _TEXT, "In whose name the account of the store's business is."),
    _row("store.business.logo", _TEXT, "The logo of the store's business."),
    _row("store.business.is_banned", _BOOLEAN, "Whether Scalev banned the store's business."),
    _row("warehouse", _OBJECT, "The warehouse that sends."),
    _row("warehouse.id", _ID, "The warehouse's number."),
    _row("warehouse.name", _TEXT, "The warehouse's name."),
    _row("warehouse.contact_name", _TEXT, "Whom to ask for at the warehouse."),
    _row("warehouse.contact_phone", _TEXT, "The warehouse's phone number."),
    _row("warehouse.business", _OBJECT, "The business that the warehouse belongs to."),
    _row("warehouse.business.id", _ID, "The number of the warehouse's business."),
    _row("warehouse.business.unique_id", _ID, "The public id of the warehouse's business."),
    _row("warehouse.business.username", _TEXT, "The user name of the warehouse's business."),
    _row("warehouse.business.email", _TEXT, "The email address of the warehouse's business."),
    _row("warehouse.business.account_holder", _TEXT, "In whose name the account of the warehouse's business is."),
    _row("warehouse.business.logo", _TEXT, "The logo of the warehouse's business."),
    _row("warehouse.business.is_banned", _BOOLEAN, "Whether Scalev banned the warehouse's business."),
    _row("origin_address", _OBJECT, "Where the parcel comes from."),
    _row("origin_address.id", _ID, "The number of the sending address."),
    _row("origin_address.address", _TEXT, "The street of the sending address."),
    _row("origin_address.location", _ID, "The area of the sending address, as a number."),
    _row("origin_address.location_id", _ID, "The number of the sending address's area."),
    _row("origin_address.subdistrict", _TEXT, "The subdistrict (kecamatan) that the parcel comes from."),
    _row("origin_address.city", _TEXT, "The city or regency that the parcel comes from."),
    _row("origin_address.province", _TEXT, "The province that the parcel comes from."),
    _row("origin_address.postal_code", _TEXT, "The postal code that the parcel comes from."),
    _row("origin_address.warehouse", _ID, "The number of the warehouse at that address."),
    _row("courier_service.code_co", _TEXT, "The service's code with the aggregator `co`."),
    _row("courier_service.code_ka", _TEXT, "The service's code with the aggregator `ka`."),
    _row("courier_service.code_lincah", _TEXT, "The service's code with Lincah."),
    _row("courier_service.code_mengantar", _TEXT, "The service's code with Mengantar."),
    _row("courier_service.code_ro", _TEXT, "The service's code with the aggregator `ro`."),
    _row("courier_service.courier.code_ka", _TEXT, "The courier's code with the aggregator `ka`."),
    _row("courier_service.courier.code_lincah", _TEXT, "The courier's code with Lincah."),
    _row("courier_service.courier.code_mengantar", _TEXT, "The courier's code with Mengantar."),
    _row("courier_service.courier.code_ro", _TEXT, "The courier's code with the aggregator `ro`."),
    _row("courier_service.courier.is_pickup", _BOOLEAN, "Whether the courier picks parcels up."),
    _row("follow_up_chat_type", _TEXT, "What sort of follow-up chat the order gets."),
    _row("follow_up_chats", _OBJECTS, "The follow-up chats that the shop prepared for the order."),
    _row("follow_up_chats.id", _ID, "The follow-up chat's number."),
    _row("follow_up_chats.name", _TEXT, "The follow-up chat's name."),
    _row("follow_up_chats.trigger", _TEXT, "What sets the follow-up chat off."),
    _row("follow_up_chats.hours_after", _NUMBER, "How long after the trigger it is sent.", unit="hours"),
    _row("follow_up_chats.change_status", _BOOLEAN, "Whether the follow-up chat changes the order's status."),
    _row("follow_up_chats.is_default", _BOOLEAN, "Whether it is the shop's standard follow-up chat."),
    _row("follow_up_chats.provider", _TEXT, "Through which provider it is sent."),
    _row("follow_up_chats.image", _TEXT, "The picture that is sent with it."),
    _row("follow_up_chats.store_id", _ID, "The number of the store that it belongs to."),
    _row("follow_up_chats.product_id", _ID, "The number of the product that it belongs to."),
    _row("follow_up_chats.bundle_id", _ID, "The number of the bundle that it belongs to."),
    _row("message_history", _OBJECTS, "The messages that were sent to and from the buyer."),
    _row("message_history.id", _ID, "The message's number."),
    _row("message_history.name", _TEXT, "The message's name."),
    _row("message_history.message", _TEXT, "The message's text."),
    _row("message_history.timestamp", _TIME, "When the message was sent."),
    _row("message_history.is_from_bot", _BOOLEAN, "Whether a bot sent the message."),
    _row("message_history.provider", _TEXT, "Through which provider the message went."),
    _row("message_history.sender_name", _TEXT, "Who sent the message."),
    _row("message_history.sender_phone", _TEXT, "From which number the message came."),
    _row("message_history.recipient_name", _TEXT, "Who got the message."),
    _row("message_history.recipient_phone", _TEXT, "To which number the message went."),
)

_CUSTOMER: Final = (
    _row("in_process_time", _TIME, "When the order began to be prepared."),
    _row("ready_time", _TIME, "When the order was packed."),
    _row("unpaid_time", _TIME, "When the order became unpaid."),
    _row("paid_time", _TIME, "When the order was paid."),
    _row("status_history", _OBJECTS, "The order's earlier statuses; the shape of an entry is not documented."),
    _row("shipment_status_history", _OBJECTS, "What the courier said over time; the shape of an entry is not documented."),
    _row("total_quantity", _NUMBER, "How many pieces the order has in all.", unit="pieces"),
    _row("product_weight", _NUMBER, "What the products weigh.", unit="grams"),
    _row("gross_revenue_for_dropshipper", _MONEY, "What the dropshipper's buyer pays in all."),
    _row("discount_rate", _NUMBER, "The discount as a rate; the documents do not give its scale."),
    _row("store.logo", _TEXT, "The store's logo."),
    _row("store.days_of_payment_processing", _NUMBER, "How long the store takes to check a payment.", unit="days"),
    _row("store.is_auto_expire", _BOOLEAN, "Whether the store lets unpaid orders expire."),
    _row("store.auto_expire_days", _NUMBER, "After how long unpaid orders expire.", unit="days"),
    _row("store.is_show_whatsapp", _BOOLEAN, "Whether the store shows its WhatsApp button."),
    _row("store.is_show_download_invoice", _BOOLEAN, "Whether buyers may download their invoice."),
    _row("store.payment_accounts", _OBJECTS, "The bank accounts that the store takes payment on."),
    _row("store.payment_accounts.id", _ID, "The account's number at Scalev."),
    _row("store.payment_accounts.unique_id", _ID, "The account's public id."),
    _row("store.payment_accounts.method", _TEXT, "The payment method that the account serves."),
    _row("store.payment_accounts.account_holder", _TEXT, "In whose name the account is."),
    _row("store.payment_accounts.account_number", _TEXT, "The bank account's number."),
    _row("store.payment_accounts.financial_entity", _OBJECT, "The bank or wallet of the account."),
    _row("store.payment_accounts.financial_entity.id", _ID, "The number of the account's bank or wallet."),
    _row("store.payment_accounts.financial_entity.code", _TEXT, "The code of the account's bank or wallet."),
    _row("store.payment_accounts.financial_entity.name", _TEXT, "The name of the account's bank or wallet."),
    _row("store.payment_accounts.financial_entity.entity_type", _TEXT, "Whether it is a bank, a wallet or something else."),
    _row("store.payment_accounts.financial_entity.platform", _TEXT, "The platform of the account's bank or wallet."),
    _row("store.payment_accounts.financial_entity.duitku_code", _TEXT, "Duitku's code of the account's bank or wallet."),
    _row("store.payment_accounts.financial_entity.xendit_code", _TEXT, "Xendit's code of the account's bank or wallet."),
)
# fmt: on

# A path here covers everything below it. Free-form objects and histories are here because nobody can say what they
# hold, and addresses of the buyer's pages because whoever has one sees the order.
_PERSONAL: Final = frozenset(
    """
    customer destination_address address_location notes message_history dropshipper_name dropshipper_phone
    handler_phone handler.fullname handler.email handler.phone handler.avatar
    advertiser.fullname advertiser.email advertiser.phone advertiser.avatar
    warehouse.contact_name warehouse.contact_phone warehouse.business.email warehouse.business.account_holder
    store.business.email store.business.account_holder
    store.payment_accounts.account_holder store.payment_accounts.account_number
    payment_account payment_account_holder payment_account_number shipment_account mark_as_spam_by
    secret_slug public_order_url payment_url invoice_url
    metadata pg_payment_info agent_context status_history shipment_status_history
    """.split()  # noqa: SIM905 - these names read better as a paragraph than as a column of quotes
)


def _ancestors(path: str) -> Iterator[str]:
    """Yield the paths above `path`, the nearest first."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _is_personal(field: Field) -> bool:
    """Tell whether the value, or for an object anything in it, must not be written down in clear."""
    above = not _PERSONAL.isdisjoint((field.path, *_ancestors(field.path)))
    holds = field.kind in (_OBJECT, _OBJECTS)
    return above or (holds and any(path.startswith(f"{field.path}.") for path in _PERSONAL))


def _column(source: str, path: str) -> str | None:
    """Return what `columns` must name; the customer list has no such parameter and gives everything."""
    root = path.partition(".")[0]
    if source == "customer_orders" or root in COMES_BY_ITSELF:
        return ""
    return root if root in COLUMNS else None


def _complete(source: str, rows: Iterable[Field], shared: Iterable[Field]) -> Mapping[str, Field]:
    """Build one source's table, with what follows from each path filled in."""
    table = {field.path: field for field in rows}
    lists = {path for path, field in table.items() if field.kind in (_OBJECTS, _TAGS)}
    both = {field.path for field in shared}
    every = frozenset(("orders", "customer_orders"))
    return MappingProxyType(
        {
            path: replace(
                field,
                sources=every if path in both else frozenset((source,)),
                column=_column(source, path),
                personal=_is_personal(field),
                element=not lists.isdisjoint(_ancestors(path)),
            )
            for path, field in table.items()
        }
    )


# The customer list's example holds every shared row but none of the business list's own, and the other way round.
FIELDS: Final[Mapping[str, Mapping[str, Field]]] = MappingProxyType(
    {
        "orders": _complete("orders", (*_BOTH, *_BUSINESS), _BOTH),
        "customer_orders": _complete("customer_orders", (*_BOTH, *_CUSTOMER), _BOTH),
    }
)
"""Every documented field, by source name (`orders`, `customer_orders`) and dotted path."""
