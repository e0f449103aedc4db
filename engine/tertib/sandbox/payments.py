"""Say how an invented order is paid, and what it comes to."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from tertib.sandbox.catalogue import ENTITY_BY_CODE, FINANCIAL_ENTITIES, Fields
from tertib.sandbox.clock import iso, read_instant
from tertib.sandbox.contract import VA_BANKS, Contract
from tertib.sandbox.people import chance
from tertib.sandbox.stories import Story

GATEWAY: Final = ("qris", "qris", "qris", "card", "alfamart", "ovo", "dana", "shopeepay", "linkaja", "gopay")
GATEWAY_METHODS: Final[dict[Contract, tuple[str, ...]]] = {
    "seeds": (*("va",) * 7, *GATEWAY, "indomaret"),
    "current": (
        *(f"va_{bank}" for bank in ("bca", "bca", "bni", "bri", "mandiri", *VA_BANKS)),
        *GATEWAY * 2,
        "payment_link",
    ),
}
CODE_FROM: Final = 60_000
FEES: Final = {"qris": 0.007, "card": 0.029, "cod": 0.03, "marketplace": 0.05}


def payment(rng: random.Random, story: Story, order: Fields, contract: Contract) -> Fields:
    """Choose a method and everything that comes with it."""
    method = rng.choice(story.methods)
    if method == "none":
        return {"payment_method": None, "unpaid_time": None}
    if method == "epayment":
        method = rng.choice(GATEWAY_METHODS[contract])
        return {"payment_method": method, **_gateway(rng, method, order), **_paid_at(order)}
    if method == "bank_transfer":
        return {"payment_method": method, **_transfer(rng, story, order), **_paid_at(order)}
    return {
        "payment_method": method,
        **_paid_at(order, "completed_time" if method == "cod" else "confirmed_time"),
    }


def _paid_at(order: Fields, stamp: str = "confirmed_time") -> Fields:
    paid = order["payment_status"] in ("paid", "settled")
    return {
        "unpaid_time": order.get("pending_time"),
        "paid_time": (order.get(stamp) or order.get("pending_time")) if paid else None,
    }


def _gateway(rng: random.Random, method: str, order: Fields) -> Fields:
    bank = method.removeprefix("va_") if method.startswith("va_") else rng.choice(VA_BANKS[:4])
    code = bank if method.startswith("va") else method
    number = str(rng.randrange(10**15, 10**16))
    info = {"va_number": number, "bank": bank} if method.startswith("va") else {"reference": number}
    slug = f"{rng.getrandbits(40):010x}"
    is_open = order["payment_status"] == "unpaid"
    return {
        "epayment_provider": rng.choice(("xendit", "duitku")),
        "pg_reference_id": f"pg-{number[:10]}",
        "pg_payment_info": info,
        "sub_payment_method": code if method.startswith("va") else None,
        "financial_entity": ENTITY_BY_CODE.get(code),
        "payment_url": f"https://pay.scalev.example/{slug}" if is_open else None,
        "invoice_url": f"https://pay.scalev.example/{slug}/invoice",
    }


def _transfer(rng: random.Random, story: Story, order: Fields) -> Fields:
    """Show the account to pay to, and for transfers that were made the buyer's side and the proof."""
    account = rng.choice(order["store"]["payment_accounts"])
    shown: Fields = {
        "payment_account": account,
        "payment_account_id": account["id"],
        "financial_entity": account["financial_entity"],
        "unique_code_discount": rng.randrange(1, 400),
    }
    was_paid = order["payment_status"] in ("paid", "settled")
    if story.proof or (was_paid and chance(rng, 0.6)):
        pending = read_instant(order.get("pending_time"))
        shown.update(
            transferproof_url=f"https://cdn.scalev.example/proofs/{rng.getrandbits(48):012x}.jpg",
            transfer_time=iso(pending + timedelta(minutes=rng.randrange(4, 12))) if pending else None,
            payment_account_holder=order["customer"]["name"],
            payment_account_number=str(rng.randrange(10**9, 10**10)),
            financial_entity=FINANCIAL_ENTITIES[rng.randrange(1, 9)],
        )
    return shown


def totals(rng: random.Random, story: Story, order: Fields) -> Fields:
    """Add up what an order comes to; free things come to nothing."""
    price = int(order["product_price"])
    shipping = int(order["shipping_cost"])
    is_free = order["payment_method"] == "no_payment"
    discount = price if is_free else rng.choice((0, 0, 0, 5_000, price // 10))
    code_discount = 10_000 if not is_free and chance(rng, 0.08) and price > CODE_FROM else 0
    shipping_discount = min(shipping, rng.choice((0, 0, 10_000)))
    other = 2_500 if order["payment_method"] == "cod" else 0
    unique = int(order.get("unique_code_discount") or 0)
    gross = price - discount - code_discount + shipping - shipping_discount + other - unique
    fee = round(gross * FEES.get(str(order["payment_method"]), 0))
    scalev_fee = 0 if story.market else 750
    return {
        "product_discount": discount,
        "discount_code_discount": code_discount,
        "discount_code_code": "HEMAT10" if code_discount else None,
        "discount_code_applied_to": "product" if code_discount else None,
        "shipping_discount": shipping_discount,
        "other_income": other,
        "other_income_name": "Biaya COD" if other else None,
        "gross_revenue": gross,
        "net_revenue": gross - shipping + shipping_discount,
        "payment_fee": fee,
        "scalev_fee": scalev_fee,
        "net_payment_revenue": gross - fee - scalev_fee,
    }
