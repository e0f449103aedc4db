"""Invent the orders of an Indonesian shop: the same ones for the same seed, ages relative to now."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tertib.sandbox import catalogue, payments, people
from tertib.sandbox.catalogue import Fields, Good
from tertib.sandbox.clock import iso
from tertib.sandbox.contract import Contract, stamp_of
from tertib.sandbox.order import PATH, Order, complete, line_of
from tertib.sandbox.people import chance
from tertib.sandbox.stories import Story, shares

MIGRATED_AFTER: Final = timedelta(days=30)
"""Orders older than this were there before the vendor's migration and keep their integer id for writing."""
SPAN: Final = timedelta(days=90)
MARKETS: Final = ("tokopedia", "shopee", "tiktokshop", "lazada", "blibli", "bukalapak")
SOURCES: Final = ("facebook", "tiktok", "google", "instagram", None, None)
LEAD_HOURS: Final = {
    "draft": (0.0, 0.0),
    "pending": (0.05, 3.0),
    "confirmed": (0.3, 30.0),
    "in_process": (0.2, 12.0),
    "ready": (0.5, 18.0),
    "shipped": (1.0, 20.0),
    "completed": (36.0, 150.0),
    "rts": (72.0, 200.0),
    "closed": (200.0, 260.0),
    "canceled": (2.0, 72.0),
}


def seeded_orders(seed: int, orders: int, contract: Contract, now: datetime, first: int) -> list[Order]:
    """Invent this many orders, oldest first, numbered from `first`."""
    rng = random.Random(f"tertib-sandbox-{seed}")  # noqa: S311 - a repeatable invention, no secret
    now = now.replace(microsecond=0)
    told = sorted(_all_told(rng, orders, contract, now), key=lambda partial: str(partial["created_at"]))
    _mark_repeats(told)
    return [_finish(partial, number, contract, now) for number, partial in enumerate(told, start=first)]


def _finish(partial: Fields, number: int, contract: Contract, now: datetime) -> Order:
    without = partial.pop("without", ())
    partial = _migrated(partial, number, contract, now)
    return complete(partial, number=number, contract=contract, now=now, without=without)


def _all_told(rng: random.Random, orders: int, contract: Contract, now: datetime) -> Iterator[Fields]:
    """Tell every story as often as it happens; the odd ones are odd each in its own way."""
    buyers = [people.buyer(rng, 2000 + number, now) for number in range(max(1, orders * 2 // 5))]
    for story, count in shares(orders):
        for nth in range(count):
            order = _tell(rng, story, buyers, contract, now)
            if story.name == "odd values":
                _ODDITIES[nth % len(_ODDITIES)](order)
            yield order


def _tell(
    rng: random.Random, story: Story, buyers: list[dict[str, Any]], contract: Contract, now: datetime
) -> Fields:
    """Tell one order of a story."""
    somebody = _pick_buyer(rng, story, buyers)
    if story.spam:
        somebody = people.spammer(rng, somebody)
    order: Fields = {"status": story.status, "payment_status": story.payment, "is_probably_spam": story.spam}
    order.update(_times(rng, story, now))
    order.update(_buyer_fields(rng, somebody))
    order.update(_goods(rng, story, somebody["store"]))
    order.update(_origin(rng, story))
    order.update(payments.payment(rng, story, order, contract))
    order.update(_shipment(rng, story, order))
    order.update(payments.totals(rng, story, order))
    order.update(_people_at_work(rng, story, order))
    return order


def _pick_buyer(rng: random.Random, story: Story, buyers: list[dict[str, Any]]) -> dict[str, Any]:
    """Pick a buyer, some more often than others, from a store that sells what the story is about."""
    wants_digital = story.goods == "digital"
    for _ in range(60):
        somebody = buyers[int(len(buyers) * rng.random() ** 1.7)]
        if (somebody["store"]["id"] == catalogue.DIGITAL_STORE) is wants_digital:
            return somebody
    store = catalogue.STORES[2 if wants_digital else 0]
    return {**somebody, "store": store}


def _times(rng: random.Random, story: Story, now: datetime) -> Fields:
    """Walk back from the last change, so that every earlier one lies before it and none after now."""
    path = _path(story.status)
    moment = now - timedelta(hours=rng.uniform(*story.since))
    times: Fields = {}
    for status in reversed(path):
        times[stamp_of(status)] = moment.replace(microsecond=0)
        moment = max(moment - timedelta(hours=rng.uniform(*LEAD_HOURS[status])), now - SPAN)
    nulls = {stamp_of(status): None for status in LEAD_HOURS if stamp_of(status) not in times}
    created = min(times.values())
    return {**{name: iso(time) for name, time in times.items()}, **nulls, "created_at": iso(created)}


def _path(status: str) -> tuple[str, ...]:
    endings = {
        "canceled": ("draft", "pending", "canceled"),
        "deleted": ("draft", "pending"),
        "paid": ("draft", "pending", "confirmed"),
        "shipped_rts": (*PATH, "rts"),
    }
    if status in PATH:
        return PATH[: PATH.index(status) + 1]
    return endings.get(status, (*PATH, status))


def _buyer_fields(rng: random.Random, somebody: Mapping[str, Any]) -> Fields:
    place = somebody["address"]
    is_dropshipping = chance(rng, 0.05)
    return {
        "customer": somebody["customer"],
        "store": somebody["store"],
        "business_role": "fulfillment_provider"
        if somebody["store"]["id"] == catalogue.PARTNER_STORE
        else "retailer",
        "destination_address": place,
        "address_location": f"{place['subdistrict']}, {place['city']}, {place['province']}",
        "is_dropshipping": is_dropshipping,
        "dropshipper_name": "Toko Mitra Sejahtera" if is_dropshipping else None,
        "dropshipper_phone": "628115550101" if is_dropshipping else None,
        "notes": rng.choice(
            (None, None, None, "Tolong kirim sebelum Jumat ya kak", "Bungkus kado", "Titip di pos satpam")
        ),
    }


def _goods(rng: random.Random, story: Story, store: Fields) -> Fields:
    goods: list[Good] = list(catalogue.GOODS[store["id"]])
    chosen = rng.sample(goods, k=2 if chance(rng, 0.22) else 1)
    lines = []
    for good in chosen:
        quantity = 1 if good.is_digital else rng.choices((1, 2, 3, 6), weights=(70, 20, 7, 3))[0]
        lines.append({**line_of(good, quantity), "id": str(_line_id(rng))})
    quantity = sum(line["quantity"] for line in lines)
    grams = sum(line["weight"] * line["quantity"] for line in lines)
    return {
        "orderlines": lines,
        "product_ids": [good.id for good in chosen],
        "quantity": quantity,
        "product_price": sum(good.price * line["quantity"] for good, line in zip(chosen, lines, strict=True)),
        "total_weight": grams,
        "product_weight": grams,
        "is_from_form": not story.market and chance(rng, 0.85),
    }


def _line_id(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _origin(rng: random.Random, story: Story) -> Fields:
    """Say which platform and which campaign an order came from."""
    if story.market:
        platform = rng.choices(MARKETS, weights=(30, 34, 26, 6, 2, 2))[0]
        return {
            "platform": platform,
            "channel_name": f"{platform} official",
            "external_id": _external(rng),
            "page": None,
        }
    if chance(rng, 0.03):
        return {"platform": rng.choice(("orderonline", "berdu")), "external_id": _external(rng), "page": None}
    source = rng.choice(SOURCES)
    return {
        "platform": "scalev",
        "utm_source": source,
        "page": rng.choice(catalogue.PAGES),
        "is_purchase_fb": source == "facebook",
        "is_purchase_tiktok": source == "tiktok",
        "fb_pixel_ids": ["px-2201"] if source == "facebook" else [],
        "tiktok_pixel_ids": ["tt-7781"] if source == "tiktok" else [],
        "affiliate_business_id": rng.choice(catalogue.AFFILIATE_BUSINESSES) if chance(rng, 0.04) else None,
    }


def _external(rng: random.Random) -> str:
    return f"{rng.randrange(10**14, 10**15)}"


def _shipment(rng: random.Random, story: Story, order: Fields) -> Fields:
    """Say how an order travels: nothing for digital goods, a receipt once it was shipped."""
    if story.goods == "digital":
        return {"courier_service": None, "shipping_cost": 0, "warehouse": None, "origin_address": None}
    warehouse = rng.choice(catalogue.WAREHOUSES)
    service = rng.choice(catalogue.COURIER_SERVICES)
    shipped = order.get("shipped_time")
    status = rng.choice(story.shipment) if shipped else None
    return {
        "warehouse": warehouse,
        "origin_address": catalogue.ORIGINS[warehouse["id"]],
        "courier_service": service,
        "shipping_cost": rng.randrange(9, 46) * 1000,
        "courier_aggregator_code": rng.choice(("mengantar", "lincah", "kiriminaja", None)),
        "shipment_account": {"id": 71, "name": "Akun Mengantar Utama"},
        "shipment_receipt": _receipt(rng, service) if shipped else None,
        "shipment_status": status,
        "shipment_status_history": [{"status": status, "timestamp": shipped}] if status else [],
        **_awb(rng, story),
    }


def _receipt(rng: random.Random, service: Fields) -> str:
    prefix = {"jne": "01", "jnt": "JP", "sicepat": "00", "anteraja": "1000", "ninja": "NVID", "lion": "11LP"}
    return prefix[service["courier"]["code"]] + str(rng.randrange(10**9, 10**10))


def _awb(rng: random.Random, story: Story) -> Fields:
    states = {
        "ready": rng.choice(("created", "waiting", "pending", "failed")),
        "in_process": rng.choice(("pending", "unavailable")),
        "canceled": rng.choice(("canceled", "unavailable")),
    }
    done = story.status in ("shipped", "shipped_rts", "completed", "rts", "closed") and not story.market
    state = "created" if done else states.get(story.status, "unavailable")
    return {"awb_status": state, "awb_ca_status": state}


def _people_at_work(rng: random.Random, story: Story, order: Fields) -> Fields:
    handler = rng.choice((*catalogue.HANDLERS, None)) if not story.market else None
    advertiser = rng.choice(catalogue.ADVERTISERS) if order.get("utm_source") and chance(rng, 0.7) else None
    tags = list(story.tags)
    if chance(rng, 0.12) and not tags:
        tags.append(
            rng.choices(
                ("vip", "reseller", "follow-up-1", "follow-up-2", "kado", "komplain", "hold"),
                (3, 6, 8, 5, 3, 2, 1),
            )[0]
        )
    marked = rng.choice((None, "system", "handler")) if story.spam else None
    return {
        "handler": handler,
        "handler_phone": handler["phone"] if handler else None,
        "advertiser": advertiser,
        "tags": tags,
        "mark_as_spam_by": marked,
        "metadata": {"voucher_kirim": "ONGKIR10"} if chance(rng, 0.05) else {},
        "message_history": _messages(rng, order)
        if handler and order.get("pending_time") and chance(rng, 0.3)
        else [],
    }


def _messages(rng: random.Random, order: Fields) -> list[Fields]:
    return [
        {
            "id": rng.randrange(10_000, 99_999),
            "is_from_bot": True,
            "message": "Halo kak, pesanan sudah kami terima. Mohon segera menyelesaikan pembayaran ya.",
            "name": "welcome",
            "provider": "whatsapp",
            "recipient_name": order["customer"]["name"],
            "recipient_phone": order["customer"]["phone"],
            "sender_name": order["store"]["name"],
            "sender_phone": "628110000031",
            "timestamp": order["pending_time"],
        }
    ]


def _mark_repeats(told: list[Fields]) -> None:
    """Mark the orders of buyers who had ordered before."""
    seen: set[Any] = set()
    for order in told:
        buyer = (order.get("customer") or {}).get("id")
        order["is_repeat"] = buyer in seen
        seen.add(buyer)


def _migrated(order: Fields, number: int, contract: Contract, now: datetime) -> Fields:
    is_old = contract == "current" and order["created_at"] < iso(now - MIGRATED_AFTER)
    return {**order, "legacy_id": number - 500_000} if is_old else order


def _odd(**values: Any) -> Callable[[Fields], None]:
    return lambda order: order.update(values)


_ODDITIES: Final[tuple[Callable[[Fields], None], ...]] = (
    _odd(without=("transferproof_url",)),
    _odd(gross_revenue="n/a"),
    _odd(customer=None),
    _odd(pending_time=None),
    _odd(pending_time="2026-13-45 99:99"),
    _odd(draft_time="kemarin sore"),
    _odd(gross_revenue=None),
    _odd(without=("pending_time", "tags")),
    _odd(tags=None),
    _odd(transferproof_url=""),
    _odd(payment_method=None),
    _odd(payment_status=None),
)
