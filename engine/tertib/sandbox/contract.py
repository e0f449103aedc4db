"""State what the documents say: enumerations, columns, shapes and the status flow, for both contracts."""

# ruff: noqa: SIM905 - long lists of names read better as running text

from __future__ import annotations

from typing import Final, Literal

Contract = Literal["seeds", "current"]
CONTRACTS: Final[tuple[Contract, ...]] = ("seeds", "current")

MAX_PAGE_SIZE: Final = 25

TARGET_STATUSES: Final = (
    "draft",
    "pending",
    "confirmed",
    "in_process",
    "ready",
    "shipped",
    "completed",
    "canceled",
    "rts",
    "closed",
)
FILTER_STATUSES: Final = frozenset((*TARGET_STATUSES, "shipped_rts"))
PAYMENT_STATUSES: Final = ("unpaid", "paid", "conflict", "settled")

SEEDS_METHODS: Final = (
    "va",
    "qris",
    "card",
    "invoice",
    "alfamart",
    "indomaret",
    "ovo",
    "dana",
    "shopeepay",
    "linkaja",
    "gopay",
    "no_payment",
    "bank_transfer",
    "marketplace",
    "cod",
)
VA_BANKS: Final = (
    "bca",
    "bni",
    "bri",
    "mandiri",
    "permata",
    "cimb",
    "bsi",
    "maybank",
    "bnc",
    "danamon",
    "artha_graha",
    "muamalat",
    "btn",
    "ocbc",
    "bjb",
    "sahabat_sampoerna",
    "artajasa",
)
CURRENT_METHODS: Final = (
    *(f"va_{bank}" for bank in VA_BANKS),
    *(method for method in SEEDS_METHODS if method not in ("va", "indomaret")),
    "payment_link",
)
METHODS: Final[dict[Contract, tuple[str, ...]]] = {"seeds": SEEDS_METHODS, "current": CURRENT_METHODS}
# The later documents change the body's enumeration, not the list's page: its filter keeps the old names as well.
FILTER_METHODS: Final[dict[Contract, frozenset[str]]] = {
    "seeds": frozenset(SEEDS_METHODS),
    "current": frozenset((*CURRENT_METHODS, *SEEDS_METHODS)),
}

PLATFORMS: Final = (
    "scalev",
    "tiktokshop",
    "tokopedia",
    "shopee",
    "lazada",
    "blibli",
    "bukalapak",
    "orderonline",
    "berdu",
)
AWB_STATUSES: Final = ("unavailable", "pending", "waiting", "failed", "created", "canceled")
BUSINESS_ROLES: Final = ("retailer", "fulfillment_provider")
SEARCH_FIELDS: Final = (
    "order_id",
    "shipment_receipt",
    "external_id",
    "pg_reference_id",
    "gross_revenue",
    "customer_name",
    "customer_email",
    "customer_phone",
)

FLOW: Final[dict[str, frozenset[str]]] = {
    "draft": frozenset(("pending", "canceled")),
    "pending": frozenset(("confirmed", "in_process", "ready", "canceled", "shipped")),
    "confirmed": frozenset(("pending", "in_process", "ready", "canceled", "shipped")),
    "in_process": frozenset(("pending", "confirmed", "ready", "canceled", "shipped")),
    "ready": frozenset(("pending", "confirmed", "in_process", "canceled", "shipped")),
    "shipped": frozenset(("pending", "confirmed", "in_process", "ready", "completed", "rts", "closed")),
    "completed": frozenset(("shipped",)),
    "rts": frozenset(("shipped",)),
}

ALWAYS_SENT: Final = ("id", "created_at", "last_updated_at")

COLUMNS: Final = tuple(
    """
    secret_slug public_order_url payment_url final_variants store origin_address address_location handler_phone
    order_id destination_address quantity product_price total_weight courier_service shipping_cost payment_method
    gross_revenue shipment_receipt courier_additional_info payment_status status customer draft_time orderlines
    is_dropshipping dropshipper_name dropshipper_phone unique_code_discount tags awb_status awb_ca_status
    follow_up_chats follow_up_chat_type message_history metadata notes courier_aggregator_code shipment_account
    payment_account financial_entity payment_account_holder payment_account_number transferproof_url transfer_time
    product_discount shipping_discount other_income other_income_name shipment_status is_repeat platform external_id
    is_purchase_fb is_purchase_tiktok is_purchase_kwai fb_pixel_ids tiktok_pixel_ids kwai_pixel_ids pending_time
    confirmed_time shipped_time completed_time rts_time canceled_time closed_time warehouse page channel_name handler
    advertiser pg_payment_info sub_payment_method epayment_provider invoice_url pg_reference_id net_revenue
    payment_fee scalev_fee net_payment_revenue discount_code_discount discount_code_code discount_code_applied_to
    utm_source
    """.split()
)

FULL_FIELDS: Final = tuple(
    """
    advertiser dropshipper_name transferproof_url scalev_fee discount_code_code warehouse transfer_time
    dropshipper_phone shipping_cost product_price net_revenue customer handler_phone order_id product_discount
    handler payment_account_number origin_address epayment_provider pg_reference_id platform follow_up_chats
    is_purchase_kwai shipping_discount confirmed_time canceled_time is_dropshipping payment_account_id is_repeat
    tiktok_pixel_ids fb_pixel_ids id is_purchase_tiktok shipment_status kwai_pixel_ids payment_fee channel_name
    final_variants other_income_name gross_revenue tags other_income total_weight is_probably_spam external_id
    discount_code_discount store pg_payment_info courier_service mark_as_spam_by net_payment_revenue rts_time
    secret_slug public_order_url payment_url agent_context draft_time last_updated_at courier_additional_info
    closed_time financial_entity is_purchase_fb completed_time utm_source payment_account_holder shipment_receipt
    message_history metadata discount_code_applied_to shipped_time created_at pending_time notes
    destination_address unique_code_discount
    """.split()
)

CUSTOMER_FIELDS: Final = tuple(
    """
    id secret_slug public_order_url payment_url order_id store customer status payment_status payment_method
    pg_payment_info product_price gross_revenue shipping_cost final_variants orderlines draft_time pending_time
    confirmed_time in_process_time ready_time shipped_time completed_time rts_time canceled_time closed_time
    unpaid_time paid_time transfer_time created_at last_updated_at status_history sub_payment_method
    payment_account_holder payment_account_number transferproof_url total_quantity unique_code_discount
    discount_code_discount discount_code_code discount_code_applied_to product_discount other_income_name
    other_income gross_revenue_for_dropshipper discount_rate shipping_discount destination_address product_weight
    total_weight is_dropshipping courier_service shipment_receipt shipment_status awb_status
    shipment_status_history notes
    """.split()
)

# The two list pages show the same amounts in different JSON types.
BUSINESS_TEXT_MONEY: Final = frozenset(("gross_revenue", "discount_code_discount", "net_payment_revenue"))
BUSINESS_NUMBER_MONEY: Final = frozenset(
    (
        "scalev_fee",
        "shipping_cost",
        "product_price",
        "net_revenue",
        "product_discount",
        "shipping_discount",
        "payment_fee",
        "other_income",
        "unique_code_discount",
    )
)
CUSTOMER_TEXT_MONEY: Final = frozenset(
    (
        "product_price",
        "gross_revenue",
        "shipping_cost",
        "unique_code_discount",
        "discount_code_discount",
        "product_discount",
        "other_income",
        "gross_revenue_for_dropshipper",
        "discount_rate",
        "shipping_discount",
    )
)

BUSINESS_STORE: Final = ("business", "id", "name", "unique_id", "uuid")
CUSTOMER_STORE: Final = (
    "name",
    "logo",
    "unique_id",
    "payment_accounts",
    "days_of_payment_processing",
    "is_auto_expire",
    "auto_expire_days",
    "is_show_whatsapp",
    "is_show_download_invoice",
)
CUSTOMER_SERVICE: Final = ("id", "name", "code", "courier")
CUSTOMER_COURIER: Final = ("id", "name", "code")
CUSTOMER_ADDRESS: Final = (
    "id",
    "name",
    "phone",
    "location",
    "address",
    "subdistrict",
    "city",
    "province",
    "postal_code",
)

SCOPES: Final = ("order:list", "order:read", "order:change_status", "order:statistics:read")


def arrow_exists(before: str | None, after: str) -> bool:
    """Tell whether an order may be moved from one status to another; staying is no move."""
    return before == after or after in FLOW.get(before or "", frozenset())


def stamp_of(status: str) -> str:
    """Name the time field that a status sets."""
    return "rts_time" if status == "shipped_rts" else f"{status}_time"
