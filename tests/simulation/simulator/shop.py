"""The virtual shop: orders that requests, people and buyers change, and the full history of who did what when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from simulator.scenario import OrderSpec

START: Final = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)

_UUIDS: Final = "01890a5d-ac96-774b-bcce-"

# Where the server lets an order go; nothing leads out of what is over. People may do anything.
_OVER: Final = frozenset({"canceled", "closed"})


@dataclass(frozen=True, slots=True)
class Effect:
    """A request's change of one order, when it really happened. `wire` numbers the request."""

    at: float
    order: str
    wire: int
    rule: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Touch:
    """What a person did to an order."""

    at: float
    order: str
    values: Mapping[str, Any]


def lasting(key: Any) -> str:
    """Return what names an order for good, whichever of its ids is given: the integer that it has, or would have."""
    text = str(key)
    return str(1000 + int(text.removeprefix(_UUIDS))) if text.startswith(_UUIDS) else text


def number_of(key: Any) -> str:
    """Return the number by which people know an order, by any of its ids."""
    return f"26031000{int(lasting(key)) - 1000:04d}"


class Shop:
    """All orders, by what names them for good: an id may change."""

    def __init__(self, specs: Sequence[OrderSpec], *, uuids: bool) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.bad: set[str] = set()
        self.effects: list[Effect] = []
        self.touches: list[Touch] = []
        self.keys: list[str] = []
        for number, spec in enumerate(specs, 1):
            order = _order(number, spec, uuids=uuids)
            key = lasting(order["id"])
            self.keys.append(key)
            self.orders[key] = order
            if spec.bad:
                self.bad.add(key)

    def listed(self, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the orders that pass the filters, the newest first."""
        found = [
            one
            for one in self.orders.values()
            if all(str(one.get(name)) in value.split(",") for name, value in filters.items())
        ]
        return sorted(found, key=lambda one: str(one["created_at"]), reverse=True)

    def refusal(self, ids: Sequence[Any], values: Mapping[str, Any]) -> tuple[int, str] | None:
        """Return status and words where the server refuses a change as a whole; it does nothing then."""
        for key in map(lasting, ids):
            if key not in self.orders:
                return 404, "Order not found"
            if key in self.bad:
                return 422, "Validation failed"
            present, target = self.orders[key]["status"], values.get("status")
            if target is not None and target != present and present in _OVER:
                return 422, "Validation failed"
        return None

    def change(self, at: float, wire: int, ids: Sequence[Any], values: Mapping[str, Any]) -> list[str]:
        """Carry out a request's change; return the orders that were there to be changed."""
        done = []
        for key in map(lasting, ids):
            if key in self.orders:
                rule = str(values.get("by", "")).removeprefix("tertib/")
                self.effects.append(Effect(at, key, wire, rule, dict(values)))
                self._set(at, key, {name: value for name, value in values.items() if name != "by"})
                done.append(key)
        return done

    def edit(self, at: float, index: int, what: str) -> None:
        """Let a person or a buyer do something to an order that is still there."""
        key = self.keys[index % len(self.keys)] if self.keys else ""
        order = self.orders.get(key)
        if order is None:
            return
        if what == "remove":
            del self.orders[key]
            self.touches.append(Touch(at, key, {"removed": True}))
            return
        if what == "migrate":
            # The server's own doing: nobody touched the order.
            order["id"] = _uuid(int(key) - 1000)
            return
        values = {
            "pay": {"payment_status": "paid"},
            "unpay": {"payment_status": "unpaid"},
            "reopen": {"status": "pending"},
            "cancel": {"status": "canceled"},
            "confirm": {"status": "confirmed"},
            "prove": {"transferproof_url": "https://cdn.example/proof.jpg"},
            "raise": {"gross_revenue": "900000.00"},
            "touch": {},
        }[what]
        self.touches.append(Touch(at, key, values))
        self._set(at, key, values)

    def _set(self, at: float, key: str, values: Mapping[str, Any]) -> None:
        self.orders[key].update(values)
        self.orders[key]["last_updated_at"] = stamp(at)


def stamp(at: float) -> str:
    """Write a moment of true time as the server does."""
    return (START + timedelta(seconds=at)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _uuid(number: int) -> str:
    return f"{_UUIDS}{number:012d}"


def _order(number: int, spec: OrderSpec, *, uuids: bool) -> dict[str, Any]:
    return {
        "id": _uuid(number) if uuids else 1000 + number,
        "order_id": number_of(1000 + number),
        "status": spec.status,
        "payment_status": spec.payment,
        "payment_method": "bank_transfer",
        "transferproof_url": "https://cdn.example/proof.jpg" if spec.proof else None,
        "shipment_receipt": None,
        "gross_revenue": f"{spec.money}.00",
        "created_at": stamp(-86_400.0 - number),
        "last_updated_at": stamp(-3600.0),
        "customer": {"name": "Budi Santoso"},
    }
