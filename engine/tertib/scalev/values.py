"""State the enumerations, the columns and the status flow of Scalev's documents, both contracts apart."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Contract: TypeAlias = Literal["seeds", "current"]
"""Which documents a write follows: the published reference pages, or the OpenAPI of September 2026."""

STATUS_TARGETS: Final = frozenset(
    (
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
)
"""The statuses that an order can be moved to."""

STATUSES_READ: Final = STATUS_TARGETS | {"shipped_rts"}
"""The statuses that a list filters by and answers; the wild has others (`paid`, `deleted`)."""

PAYMENT_STATUSES: Final = frozenset(("unpaid", "paid", "conflict", "settled"))

_METHODS_BOTH: Final = frozenset(
    (
        "qris",
        "card",
        "invoice",
        "alfamart",
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
)
_VA_BANKS: Final = (
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

PAYMENT_METHODS: Final[Mapping[Contract, frozenset[str]]] = MappingProxyType(
    {
        "seeds": _METHODS_BOTH | {"va", "indomaret"},
        "current": _METHODS_BOTH | {"payment_link"} | {f"va_{bank}" for bank in _VA_BANKS},
    }
)
"""What `payment_method` may be written as; reading accepts the union."""

PAYMENT_METHODS_READ: Final = PAYMENT_METHODS["seeds"] | PAYMENT_METHODS["current"]

PLATFORMS: Final = frozenset(
    (
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
)
AWB_CA_STATUSES: Final = frozenset(("unavailable", "pending", "waiting", "failed", "created", "canceled"))
BUSINESS_ROLES: Final = frozenset(("retailer", "fulfillment_provider"))
SEARCH_FIELDS: Final = frozenset(
    (
        "order_id",
        "shipment_receipt",
        "external_id",
        "pg_reference_id",
        "gross_revenue",
        "customer_name",
        "customer_email",
        "customer_phone",
    )
)
BOOLEANS: Final = frozenset(("true", "false"))

STATUS_FLOW: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "draft": frozenset(("pending", "canceled")),
        "pending": frozenset(("confirmed", "in_process", "ready", "canceled", "shipped")),
        "confirmed": frozenset(("pending", "in_process", "ready", "canceled", "shipped")),
        "in_process": frozenset(("pending", "confirmed", "ready", "canceled", "shipped")),
        "ready": frozenset(("pending", "confirmed", "in_process", "canceled", "shipped")),
        "shipped": frozenset(("pending", "confirmed", "in_process", "ready", "completed", "rts", "closed")),
        "completed": frozenset(("shipped",)),
        "rts": frozenset(("shipped",)),
        # Nothing is documented for these three, so no arrow leaves them.
        "canceled": frozenset(),
        "closed": frozenset(),
        "shipped_rts": frozenset(),
    }
)
"""Where an order may go from each status of `STATUSES_READ`; staying where it is needs no arrow."""

COLUMNS: Final = frozenset(
    """
    secret_slug public_order_url payment_url final_variants store origin_address address_location handler_phone
    order_id destination_address quantity product_price total_weight courier_service shipping_cost payment_method
    gross_revenue shipment_receipt courier_additional_info payment_status status customer draft_time orderlines
    is_dropshipping dropshipper_name dropshipper_phone unique_code_discount tags awb_status awb_ca_status
    follow_up_chats follow_up_chat_type message_history metadata notes courier_aggregator_code shipment_account
    payment_account financial_entity payment_account_holder payment_account_number transferproof_url transfer_time
    product_discount shipping_discount other_income other_income_name shipment_status is_repeat platform
    external_id is_purchase_fb is_purchase_tiktok is_purchase_kwai fb_pixel_ids tiktok_pixel_ids kwai_pixel_ids
    pending_time confirmed_time shipped_time completed_time rts_time canceled_time closed_time warehouse page
    channel_name handler advertiser pg_payment_info sub_payment_method epayment_provider invoice_url
    pg_reference_id net_revenue payment_fee scalev_fee net_payment_revenue discount_code_discount
    discount_code_code discount_code_applied_to utm_source
    """.split()  # noqa: SIM905 - eighty names read better as a paragraph than as a column of quotes
)
"""What `columns` of the business list may name."""

ALWAYS_COLUMNS: Final = ("order_id", "status", "payment_status")
"""What every read asks for besides what its rules read."""

COMES_BY_ITSELF: Final = frozenset(("id", "created_at", "last_updated_at"))
"""What an answer holds whatever `columns` names."""
