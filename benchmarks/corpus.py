"""What the benchmarks decide: the sandbox shop's orders, rules in Tertib's language, and the same rules by hand.

The hand-written functions are what somebody writes who knows Python and the data well: one function a rule, the
cheapest and rarest test first, constants worked out once, plain loops, nothing looked up twice. They are as exact as the
rules: a missing key, null, a value of a wrong type and a bad date never match, whatever the test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib.language import conditions
from tertib.model import Complaint, Condition
from tertib.sandbox.answers import detail_answer, narrow_answer
from tertib.sandbox.shop import Shop
from tertib.scalev.contract import FIELDS

NOW: Final = datetime(2026, 3, 10, 5, tzinfo=UTC)
PAGE: Final = 25

COLUMNS: Final = (
    "status", "payment_status", "payment_method", "transferproof_url", "shipment_receipt", "shipment_status",
    "gross_revenue", "customer", "created_at", "draft_time", "pending_time", "shipped_time", "completed_time", "rts_time",
    "tags", "total_weight", "courier_service",
)  # fmt: skip
"""What the ten rules, the vetoes and a plan read, as a request names it."""

Hand = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Pair:
    """A rule's conditions as YAML would give them, and the lines of the function that a person writes instead."""

    name: str
    conditions: Sequence[Mapping[str, Any]]
    lines: Sequence[str]


# --- orders ---------------------------------------------------------------------------------------------


def shop_pages(orders: int, *, narrow: bool) -> list[bytes]:
    """Return the shop's orders as a server sends them: pages of 25, whole orders or only the columns asked for."""
    shelf = list(Shop(orders=orders, now=NOW).shelf)
    shown = [narrow_answer(one, COLUMNS) if narrow else detail_answer(one) for one in shelf]
    return [
        json.dumps(
            {
                "data": shown[start : start + PAGE],
                "has_next": True,
                "is_paginated": True,
                "next_cursor": "c" * 60,
                "page_size": PAGE,
            },
            separators=(",", ":"),
        ).encode()
        for start in range(0, len(shown), PAGE)
    ]


# --- ten rules, twice -----------------------------------------------------------------------------------

TEN: Final = (
    Pair(
        "cancel-unpaid-transfer",
        [
            {"status": "pending"},
            {"payment_status": "unpaid"},
            {"payment_method": "bank_transfer"},
            {"pending_time": {"older_than": "3d"}},
            {"transferproof_url": None},
            {"tags": {"none_of": ["hold", "vip", "bukti-ok", "pindah-rekening"]}},
        ],
        [
            "if get('status') != 'pending' or get('payment_method') != 'bank_transfer': return False",
            "if get('payment_status') != 'unpaid' or get('transferproof_url', 0) not in NOTHING: return False",
            "at = instant(get('pending_time'))",
            "if at is None or at >= AGO[3]: return False",
            "return free_of(get('tags'), HELD)",
        ],
    ),
    Pair(
        "cancel-unpaid-qris",
        [
            {"status": "pending"},
            {"payment_status": "unpaid"},
            {"payment_method": "qris"},
            {"pending_time": {"older_than": "1d"}},
            {"transferproof_url": None},
            {"tags": {"none_of": ["hold", "vip", "bukti-ok", "pindah-rekening"]}},
        ],
        [
            "if get('status') != 'pending' or get('payment_method') != 'qris': return False",
            "if get('payment_status') != 'unpaid' or get('transferproof_url', 0) not in NOTHING: return False",
            "at = instant(get('pending_time'))",
            "if at is None or at >= AGO[1]: return False",
            "return free_of(get('tags'), HELD)",
        ],
    ),
    Pair(
        "cancel-abandoned-draft",
        [
            {"status": "draft"},
            {"payment_status": "unpaid"},
            {"draft_time": {"older_than": "14d"}},
            {"payment_method": None},
            {"transferproof_url": None},
            {"tags": {"none_of": ["hold"]}},
        ],
        [
            "if get('status') != 'draft' or get('payment_status') != 'unpaid': return False",
            "if get('payment_method', 0) not in NOTHING or get('transferproof_url', 0) not in NOTHING: return False",
            "at = instant(get('draft_time'))",
            "if at is None or at >= AGO[14]: return False",
            "return free_of(get('tags'), HOLD)",
        ],
    ),
    Pair(
        "confirm-paid",
        [
            {"status": "pending"},
            {"payment_status": ["paid", "settled"]},
            {"pending_time": {"older_than": "15m"}},
            {"tags": {"none_of": ["hold"]}},
        ],
        [
            "if get('status') != 'pending' or get('payment_status') not in MONEY_IN: return False",
            "at = instant(get('pending_time'))",
            "if at is None or at >= QUARTER: return False",
            "return free_of(get('tags'), HOLD)",
        ],
    ),
    Pair(
        "mark-paid-bukti-ok",
        [
            {"status": "pending"},
            {"payment_status": "unpaid"},
            {"tags": {"includes": "bukti-ok", "none_of": ["hold", "pindah-rekening"]}},
            {"transferproof_url": {"exists": True}},
        ],
        [
            "if get('status') != 'pending' or get('payment_status') != 'unpaid': return False",
            "if not get('transferproof_url'): return False",
            "tags = get('tags')",
            "return has(tags, 'bukti-ok') and free_of(tags, MOVED)",
        ],
    ),
    Pair(
        "ship-picked-up",
        [
            {"status": "ready"},
            {"shipment_receipt": {"exists": True}},
            {"shipment_status": {"matches": "(?i)^(on.?delivery|in.?transit|delivered)$"}},
            {"tags": {"none_of": ["hold"]}},
        ],
        [
            "if get('status') != 'ready' or not get('shipment_receipt'): return False",
            "said = get('shipment_status')",
            "if said.__class__ is not str or MOVING(said) is None: return False",
            "return free_of(get('tags'), HOLD)",
        ],
    ),
    Pair(
        "ship-digital-paid",
        [
            {"status": ["confirmed", "in_process", "ready"]},
            {"payment_status": ["paid", "settled"]},
            {"total_weight": 0},
            {"courier_service": None},
            {"tags": {"none_of": ["hold", "komplain"]}},
        ],
        [
            "if get('status') not in BEFORE_SHIPPING or get('payment_status') not in MONEY_IN: return False",
            "if get('courier_service', 0) not in NOTHING or amount(get('total_weight')) != 0: return False",
            "return free_of(get('tags'), COMPLAINT)",
        ],
    ),
    Pair(
        "complete-delivered",
        [
            {"status": "shipped"},
            {"shipment_status": {"eq_i": "delivered"}},
            {"shipped_time": {"older_than": "2d"}},
            {"rts_time": None},
            {"tags": {"none_of": ["hold", "komplain", "retur", "tutup"]}},
        ],
        [
            "if get('status') != 'shipped': return False",
            "said = get('shipment_status')",
            "if said.__class__ is not str or said.casefold() != 'delivered': return False",
            "if get('rts_time', 0) not in NOTHING: return False",
            "at = instant(get('shipped_time'))",
            "if at is None or at >= AGO[2]: return False",
            "return free_of(get('tags'), BACK)",
        ],
    ),
    Pair(
        "close-shipped-without-ending",
        [
            {"status": "shipped"},
            {"shipped_time": {"older_than": "30d"}},
            {"completed_time": None},
            {"rts_time": None},
            {"payment_status": {"ne": "settled"}},
            {"any": [{"shipment_status": None}, {"not": [{"shipment_status": {"matches": "(?i)^(delivered|returned|rts)"}}]}]},
            {"tags": {"none_of": ["hold", "retur", "komplain"]}},
        ],
        [
            "if get('status') != 'shipped': return False",
            "if get('completed_time', 0) not in NOTHING or get('rts_time', 0) not in NOTHING: return False",
            "at = instant(get('shipped_time'))",
            "if at is None or at >= AGO[30]: return False",
            "paid = get('payment_status')",
            "if paid == 'settled' or paid.__class__ is not str or not paid: return False",
            "said = get('shipment_status', 0)",
            "if said not in NOTHING and (said.__class__ is not str or ENDED(said) is not None): return False",
            "return free_of(get('tags'), UNHAPPY)",
        ],
    ),
    Pair(
        "settle-cod-paid-out",
        [
            {"status": "completed"},
            {"payment_method": "cod"},
            {"tags": {"includes": "kado", "none_of": ["hold", "komplain"]}},
            {"payment_status": ["unpaid", "paid", "settled"]},
            {"completed_time": {"exists": True}},
        ],
        [
            "if get('status') != 'completed' or get('payment_method') != 'cod': return False",
            "if get('payment_status') not in MONEY_KNOWN or not get('completed_time'): return False",
            "tags = get('tags')",
            "return has(tags, 'kado') and free_of(tags, COMPLAINT)",
        ],
    ),
)  # fmt: skip

# --- as many as an agency has ---------------------------------------------------------------------------

_STORES: Final = (31, 32, 33, 34, 57)
_METHODS: Final = ("bank_transfer", "qris", "cod", "epayment", "va_bca", "gopay", "marketplace")
_PLATFORMS: Final = ("scalev", "shopee", "tokopedia", "tiktokshop", "lazada")
_COURIERS: Final = ("jne", "jnt", "sicepat", "ninja", "anteraja", "lion")
_FLOWS: Final = (
    ("draft", "draft_time"), ("pending", "pending_time"), ("confirmed", "confirmed_time"), ("shipped", "shipped_time"),
    ("completed", "completed_time"), ("pending", "created_at"), ("ready", "confirmed_time"), ("shipped", "created_at"),
    ("canceled", "canceled_time"), ("rts", "rts_time"),
)  # fmt: skip


def pairs(count: int) -> Iterator[Pair]:
    """Yield the ten rules, then variants: a status and an age, with a store, method, courier, amount or tag of its own."""
    yield from TEN[:count]
    for number in range(len(TEN), count):
        yield _variant(number)


def _variant(number: int) -> Pair:
    status, time = _FLOWS[number % len(_FLOWS)]
    days = 1 + number * 7 % 60
    extra, lines = _EXTRAS[number // len(_FLOWS) % len(_EXTRAS)](number // (len(_FLOWS) * len(_EXTRAS)))
    return Pair(
        f"variant-{number}",
        [
            {"status": status},
            *extra,
            {time: {"older_than": f"{days}d"}},
            {"tags": {"none_of": ["hold", "vip"]}},
        ],
        [
            f"if get('status') != {status!r}: return False",
            *lines,
            f"at = instant(get({time!r}))",
            f"if at is None or at >= AGO[{days}]: return False",
            "return free_of(get('tags'), HOLD_VIP)",
        ],
    )


def _store(number: int) -> tuple[list[Any], list[str]]:
    store = _STORES[number % len(_STORES)]
    method = _METHODS[number % len(_METHODS)]
    return [{"store.id": store}, {"payment_method": method}], [
        f"if get('payment_method') != {method!r}: return False",
        "store = get('store')",
        f"if store.__class__ is not dict or not is_id(store.get('id'), {store}, '{store}'): return False",
    ]


def _courier(number: int) -> tuple[list[Any], list[str]]:
    courier = _COURIERS[number % len(_COURIERS)]
    return [{"courier_service.courier.code": courier}], [
        "service = get('courier_service')",
        "courier = service.get('courier') if service.__class__ is dict else None",
        f"if courier.__class__ is not dict or courier.get('code') != {courier!r}: return False",
    ]


def _money(number: int) -> tuple[list[Any], list[str]]:
    least = 100_000 + number * 5_000
    return [{"payment_status": "unpaid"}, {"gross_revenue": {"lt": least}}], [
        "if get('payment_status') != 'unpaid': return False",
        "value = amount(get('gross_revenue'))",
        f"if value is None or value >= {least}: return False",
    ]


def _platform(number: int) -> tuple[list[Any], list[str]]:
    platform = _PLATFORMS[number % len(_PLATFORMS)]
    return [{"platform": platform}, {"is_repeat": number % 2 == 0}], [
        f"if get('platform') != {platform!r} or get('is_repeat') is not {number % 2 == 0}: return False",
    ]


_EXTRAS: Final = (_store, _courier, _money, _platform)


# --- by hand --------------------------------------------------------------------------------------------

_PLAIN: Final = re.compile(r"-?\d{1,100}(?:\.\d{1,100})?", re.ASCII)
_parse = datetime.fromisoformat


def instant(raw: Any) -> datetime | None:
    """Read a time with its offset."""
    try:
        at = _parse(raw)
    except (TypeError, ValueError):
        return None
    return None if at.tzinfo is None else at


def amount(raw: Any) -> Any:
    """Read a number exactly, as JSON or as text."""
    if raw.__class__ is int:
        return raw
    if raw.__class__ is str and _PLAIN.fullmatch(raw):
        return Decimal(raw)
    if raw.__class__ is float or raw.__class__ is Decimal:
        try:
            return Decimal(str(raw))
        except InvalidOperation:
            return None
    return None


def free_of(tags: Any, unwanted: frozenset[str]) -> bool:
    """Tell whether there is a list of tags, every one has a name, and none is unwanted."""
    if tags.__class__ is not list:
        return False
    for tag in tags:
        name = tag.get("name") if tag.__class__ is dict else tag
        if name.__class__ is not str or not name or name in unwanted:
            return False
    return True


def has(tags: Any, wanted: str) -> bool:
    """Tell whether a tag of this name is there."""
    if tags.__class__ is not list:
        return False
    return any((tag.get("name") if tag.__class__ is dict else tag) == wanted for tag in tags)


def is_id(raw: Any, number: int, text: str) -> bool:
    """Tell whether a value is this id, as a number or as text."""
    return (raw.__class__ is int and raw == number) or raw == text


def by_hand(chosen: Sequence[Pair]) -> list[tuple[str, Hand]]:
    """Return the hand-written functions of these rules, by name."""
    known: dict[str, Any] = {
        "instant": instant,
        "amount": amount,
        "free_of": free_of,
        "has": has,
        "is_id": is_id,
        "NOTHING": (None, ""),
        "AGO": {days: NOW - timedelta(days=days) for days in range(61)},
        "QUARTER": NOW - timedelta(minutes=15),
        "HOLD": frozenset({"hold"}),
        "HOLD_VIP": frozenset({"hold", "vip"}),
        "HELD": frozenset({"hold", "vip", "bukti-ok", "pindah-rekening"}),
        "MOVED": frozenset({"hold", "pindah-rekening"}),
        "COMPLAINT": frozenset({"hold", "komplain"}),
        "BACK": frozenset({"hold", "komplain", "retur", "tutup"}),
        "UNHAPPY": frozenset({"hold", "komplain", "retur"}),
        "MONEY_IN": ("paid", "settled"),
        "MONEY_KNOWN": ("unpaid", "paid", "settled"),
        "BEFORE_SHIPPING": ("confirmed", "in_process", "ready"),
        "MOVING": re.compile(r"(?i)^(on.?delivery|in.?transit|delivered)$").search,
        "ENDED": re.compile(r"(?i)^(delivered|returned|rts)").search,
    }
    found = []
    for pair in chosen:
        lines = ["def rule(order):", "    get = order.get", *(f"    {line}" for line in pair.lines)]
        names = dict(known)
        exec("\n".join(lines), names)  # noqa: S102 - the functions stand above as text, so that a thousand can be made
        found.append((pair.name, names["rule"]))
    return found


# --- in Tertib's language -------------------------------------------------------------------------------


def rules(chosen: Sequence[Pair]) -> dict[str, tuple[Condition, ...]]:
    """Return the conditions of these rules, read as `tertib` reads them."""
    found = {}
    for pair in chosen:
        complaints: list[Complaint] = []
        found[pair.name] = conditions.parse(
            list(pair.conditions), FIELDS["orders"], ZoneInfo("Asia/Jakarta"), complaints
        )
        assert not [one for one in complaints if one.severity == "error"], complaints
    return found
