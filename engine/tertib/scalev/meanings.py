"""What the values of Scalev's enumerations mean to a shop, for reference pages and editors.

Source: the vendor's order guide, as far as it explains them; values that speak for themselves stand in no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_STATUS: Final = {
    "draft": "Came from a form without a payment method; Scalev shows it as Created.",
    "pending": "Waits for payment, and customer service follows up.",
    "confirmed": "Was checked as paid, or is to be paid on delivery.",
    "in_process": "Is being prepared.",
    "ready": "Is packed.",
    "shipped": "Is with the courier.",
    "completed": "Arrived in good order.",
    "canceled": "Was called off; no step leads out of it.",
    "rts": "Is going, or went, back to the sender.",
    "closed": "Ended after shipping without any other ending; no step leads out of it.",
    "shipped_rts": "Can be asked for in a query; no order can be moved to it.",
}

_PAYMENT_STATUS: Final = {
    "unpaid": "No money has come; for cash on delivery that says nothing about whether it will.",
    "paid": "The money has come.",
    "conflict": "A transfer fits more than one order, and waits for a person.",
    "settled": "The money has come, and the payment is settled.",
}

_BANKS: Final = {
    "bca": "BCA", "bni": "BNI", "bri": "BRI", "mandiri": "Mandiri", "permata": "Permata", "cimb": "CIMB Niaga",
    "bsi": "BSI", "maybank": "Maybank", "bnc": "BNC", "danamon": "Danamon", "artha_graha": "Artha Graha",
    "muamalat": "Muamalat", "btn": "BTN", "ocbc": "OCBC", "bjb": "BJB", "sahabat_sampoerna": "Sahabat Sampoerna",
    "artajasa": "Artajasa",
}  # fmt: skip

_PAYMENT_METHOD: Final = {
    "bank_transfer": "A transfer to the shop's own bank account.",
    "cod": "Cash on delivery: the courier collects, so such orders are confirmed while unpaid.",
    "marketplace": "The marketplace collects.",
    "no_payment": "Nothing is to be paid.",
    "qris": "A QR code that any bank or wallet can pay.",
    "va": "A virtual account, whichever the bank.",
    **{f"va_{code}": f"A virtual account at {bank}." for code, bank in _BANKS.items()},
    "card": "A credit or debit card.",
    "invoice": "An invoice.",
    "payment_link": "A link that the buyer pays on.",
    "alfamart": "Cash at an Alfamart counter.",
    "indomaret": "Cash at an Indomaret counter.",
    "dana": "The wallet DANA.",
    "gopay": "The wallet GoPay.",
    "linkaja": "The wallet LinkAja.",
    "ovo": "The wallet OVO.",
    "shopeepay": "The wallet ShopeePay.",
}

_BUSINESS_ROLE: Final = {
    "retailer": "The business sells the order.",
    "fulfillment_provider": "The business sends the order for another that sells it.",
}

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "status": _STATUS,
        "payment_status": _PAYMENT_STATUS,
        "payment_method": _PAYMENT_METHOD,
        "business_role": _BUSINESS_ROLE,
    }
)
"""By the name of the field or filter, what each value means."""
