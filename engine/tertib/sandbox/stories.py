"""Tell which orders a shop has, and how many of each; every rule a shop would write finds some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY: Final = 24.0
TRANSFER: Final = ("bank_transfer",)
COD: Final = ("cod",)
EPAYMENT: Final = ("epayment",)
"""Stands for one of the contract's own methods for payments that a gateway takes."""
ANY_PREPAID: Final = ("bank_transfer", "bank_transfer", "epayment", "epayment", "invoice")
MARKET: Final = ("marketplace",)
UNCHOSEN: Final = ("none",)


@dataclass(frozen=True, slots=True)
class Story:
    """A kind of order: where it stands, since when (hours), how it is paid, and what is odd about it."""

    name: str
    share: int
    status: str
    since: tuple[float, float]
    payment: str = "unpaid"
    methods: tuple[str, ...] = TRANSFER
    goods: str = "physical"
    proof: bool = False
    spam: bool = False
    tags: tuple[str, ...] = ()
    shipment: tuple[str | None, ...] = (None,)
    market: bool = False


ON_THE_WAY: Final = ("on_process", "on_delivery", "pickup", "on_delivery")
STUCK: Final = ("on_delivery", "problem", "undelivered", None)

STORIES: Final = (
    Story("fresh draft", 26, "draft", (0.2, 6.5 * DAY), methods=UNCHOSEN),
    Story("abandoned draft", 52, "draft", (7.2 * DAY, 80 * DAY), methods=UNCHOSEN),
    Story("spam draft", 8, "draft", (1, 40 * DAY), methods=UNCHOSEN, spam=True),
    Story("transfer expected", 36, "pending", (0.2, 2.8 * DAY)),
    Story("transfer forgotten", 62, "pending", (3.1 * DAY, 45 * DAY)),
    Story("transfer with proof", 22, "pending", (0.5, 20 * DAY), proof=True),
    Story("proof checked by staff", 16, "pending", (2, 9 * DAY), proof=True, tags=("bukti-ok",)),
    Story("payment conflict", 12, "pending", (3, 12 * DAY), payment="conflict", proof=True),
    Story("on hold", 9, "pending", (4 * DAY, 30 * DAY), tags=("hold",)),
    Story("vip who pays later", 7, "pending", (4 * DAY, 20 * DAY), tags=("vip",)),
    Story("gateway payment open", 40, "pending", (0.2, 25 * DAY), methods=EPAYMENT),
    Story("paid but not confirmed", 8, "pending", (1, 5 * DAY), payment="paid", methods=EPAYMENT),
    Story("spam order", 16, "pending", (1, 30 * DAY), methods=("bank_transfer", "cod"), spam=True),
    Story("cod confirmed", 34, "confirmed", (1, 4 * DAY), methods=COD),
    Story(
        "paid and confirmed", 34, "confirmed", (1, 3 * DAY), payment="paid", methods=ANY_PREPAID, proof=True
    ),
    Story(
        "digital and paid", 16, "confirmed", (2, 20 * DAY), payment="paid", methods=EPAYMENT, goods="digital"
    ),
    Story(
        "free digital",
        6,
        "confirmed",
        (2, 20 * DAY),
        payment="paid",
        methods=("no_payment",),
        goods="digital",
    ),
    Story("being packed", 30, "in_process", (1, 2 * DAY), payment="paid", methods=ANY_PREPAID),
    Story("cod being packed", 14, "in_process", (1, 2 * DAY), methods=COD),
    Story("waits for courier", 22, "ready", (1, 3 * DAY), payment="paid", methods=ANY_PREPAID),
    Story("market order ready", 10, "ready", (1, 2 * DAY), payment="paid", methods=MARKET, market=True),
    Story("digital ready", 10, "ready", (2, 15 * DAY), payment="paid", methods=ANY_PREPAID, goods="digital"),
    Story("digital sent", 14, "shipped", (2, 25 * DAY), payment="paid", methods=ANY_PREPAID, goods="digital"),
    Story(
        "on the way", 46, "shipped", (5, 7 * DAY), payment="paid", methods=ANY_PREPAID, shipment=ON_THE_WAY
    ),
    Story("cod on the way", 34, "shipped", (5, 8 * DAY), methods=COD, shipment=ON_THE_WAY),
    Story("market on the way", 20, "shipped", (5, 6 * DAY), "paid", MARKET, market=True, shipment=ON_THE_WAY),
    Story(
        "delivered, not closed",
        36,
        "shipped",
        (3 * DAY, 24 * DAY),
        "paid",
        ANY_PREPAID,
        shipment=("delivered",),
    ),
    Story("cod delivered", 12, "shipped", (3 * DAY, 15 * DAY), methods=COD, shipment=("delivered",)),
    Story(
        "no ending for a month", 30, "shipped", (30.5 * DAY, 78 * DAY), "paid", ANY_PREPAID, shipment=STUCK
    ),
    Story("on its way back", 16, "shipped", (6 * DAY, 25 * DAY), methods=COD, shipment=("returned", "rts")),
    Story("completed", 150, "completed", (1 * DAY, 76 * DAY), "paid", ANY_PREPAID, shipment=("delivered",)),
    Story("cod completed", 60, "completed", (1 * DAY, 76 * DAY), "settled", COD, shipment=("delivered",)),
    Story("market completed", 50, "completed", (1 * DAY, 76 * DAY), "settled", MARKET, market=True),
    Story("digital completed", 24, "completed", (1, 76 * DAY), "settled", EPAYMENT, goods="digital"),
    Story("returned", 24, "rts", (1 * DAY, 70 * DAY), methods=COD, shipment=("returned", "rts")),
    Story("return under way", 10, "shipped_rts", (1 * DAY, 20 * DAY), methods=COD, shipment=("rts",)),
    Story("closed", 20, "closed", (2 * DAY, 50 * DAY), "paid", ANY_PREPAID, shipment=STUCK),
    Story("canceled", 58, "canceled", (1, 80 * DAY), methods=("bank_transfer", "epayment", "cod")),
    Story("status `paid`", 3, "paid", (5, 60 * DAY), payment="paid"),
    Story("status `deleted`", 3, "deleted", (5, 60 * DAY)),
    Story("odd values", 9, "pending", (4 * DAY, 40 * DAY)),
)


def shares(orders: int) -> list[tuple[Story, int]]:
    """Divide a number of orders over the stories; where there are enough orders, every story has one."""
    total = sum(story.share for story in STORIES)
    floor = 1 if orders >= len(STORIES) else 0
    counted = [max(floor, orders * story.share // total) for story in STORIES]
    ranked = sorted(range(len(STORIES)), key=lambda index: -STORIES[index].share)
    rest = orders - sum(counted)
    while rest:
        for index in ranked:
            step = (rest > 0) - (rest < 0)
            if step and counted[index] + step >= floor:
                counted[index] += step
                rest -= step
    return list(zip(STORIES, counted, strict=True))
