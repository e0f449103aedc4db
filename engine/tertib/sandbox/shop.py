"""Be the shop: its orders, its clock, what people and requests do to them."""

from __future__ import annotations

import copy
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Self

from tertib.sandbox.answers import as_text
from tertib.sandbox.catalogue import Fields
from tertib.sandbox.changes import BulkChange, change_order, check_arrows
from tertib.sandbox.clock import Clock
from tertib.sandbox.contract import CONTRACTS, Contract
from tertib.sandbox.cursor import Place
from tertib.sandbox.filters import Test, at, passes
from tertib.sandbox.order import Order, OrderId, complete, plain
from tertib.sandbox.refusal import Refusal
from tertib.sandbox.seeding import seeded_orders
from tertib.sandbox.shelf import Page, Shelf

LATEST_KEPT: Final = 200
FIRST_NUMBER: Final = 1_000_001


class Shop:
    """Orders of one business, seeded or given; safe to use from the server's thread and a test's."""

    def __init__(
        self, seed: int = 7, orders: int = 3000, contract: str = "seeds", now: datetime | None = None
    ) -> None:
        self.contract = _contract(contract)
        self.clock = Clock(now)
        self.lock = threading.RLock()
        self._seed, self._orders = seed, orders
        self.reset()

    @classmethod
    def empty(cls, contract: str = "seeds", now: datetime | None = None) -> Self:
        """Open a shop without orders, for tests that bring their own."""
        return cls(orders=0, contract=contract, now=now)

    def reset(self) -> None:
        """Go back to the seeded orders, with ages relative to the present; added orders are gone."""
        with self.lock:
            orders = seeded_orders(self._seed, self._orders, self.contract, self.clock.now(), FIRST_NUMBER)
            self.shelf = Shelf(orders)
            self.latest: deque[Fields] = deque(maxlen=LATEST_KEPT)
            self._next_number = FIRST_NUMBER + len(orders)
            self._by_id: dict[OrderId, Order] = {}
            self._demo_customers: dict[str, int | None] = {}
            for order in orders:
                self._index(order)

    def __len__(self) -> int:
        return len(self.shelf)

    def add(self, partial: Mapping[str, Any] | None = None, *, without: Iterable[str] = ()) -> Fields:
        """Add an order; defaults fill in what it leaves out, and `without` names keys it shall lack."""
        with self.lock:
            order = self._complete(partial or {}, self._next_number, without)
            taken = [one for one in _ids(order) if one in self._by_id]
            if taken:
                raise ValueError(f"id {taken[0]!r} is taken; use `replace`")
            self._next_number += 1
            self._put(order)
            return copy.deepcopy(order.fields)

    def replace(
        self, order_id: OrderId, partial: Mapping[str, Any], *, without: Iterable[str] = ()
    ) -> Fields:
        """Put another order in the place of a known one, under the same id."""
        with self.lock:
            old = self.find(order_id)
            same = {"id": old.shown_id, "order_id": old.fields.get("order_id"), "legacy_id": old.legacy_id}
            order = self._complete({**same, **partial}, old.number, without)
            self.remove(order_id)
            self._put(order)
            return copy.deepcopy(order.fields)

    def edit(self, order_id: OrderId, values: Mapping[str, Any], by: str = "person") -> Fields:
        """Change an order as a person at the shop or a buyer would; any status is allowed to them."""
        with self.lock:
            order = self.find(order_id)
            fixed = {"id", "legacy_id", "created_at"} & values.keys()
            if fixed:
                raise ValueError(f"`{min(fixed)}` of an order never changes; use `replace`")
            said = {**{name: plain(name, value) for name, value in values.items()}, "by": by}
            self._note(order, change_order(order, said, self.clock.now(), "person"))
            return copy.deepcopy(order.fields)

    def remove(self, order_id: OrderId) -> None:
        """Delete an order."""
        with self.lock:
            order = self.find(order_id)
            self.shelf.take(order)
            for one in _ids(order):
                self._by_id.pop(one, None)

    def find(self, order_id: OrderId) -> Order:
        """Find an order by its id, its legacy id or its human reference, or refuse with 404."""
        order = self._by_id.get(order_id.lower() if isinstance(order_id, str) else order_id)
        if order is None and isinstance(order_id, str):
            order = next((one for one in self.shelf if one.fields.get("order_id") == order_id), None)
        if order is None:
            raise Refusal(404, "Order not found", code="order_not_found")
        return order

    def order(self, order_id: OrderId) -> Fields:
        """Give a copy of every field of an order, hidden ones included."""
        with self.lock:
            return copy.deepcopy(self.find(order_id).fields)

    def history(self, order_id: OrderId) -> list[Fields]:
        """Give every change that was made to an order, oldest first."""
        with self.lock:
            return copy.deepcopy(self.find(order_id).history)

    def snapshot(self) -> dict[OrderId, tuple[Any, Any]]:
        """Give the present status and payment status of every order, by id."""
        with self.lock:
            return {
                one.shown_id if one.shown_id is not None else one.fields["order_id"]: (
                    one.fields.get("status"),
                    one.fields.get("payment_status"),
                )
                for one in self.shelf
            }

    def page(
        self, tests: list[Test], size: int, *, after: Place | None = None, before: Place | None = None
    ) -> Page:
        """Find one page of the orders that pass the filters."""
        with self.lock:
            return self.shelf.page(tests, size, after, before)

    def totals(self, tests: list[Test]) -> dict[Any, tuple[int, int]]:
        """Count the orders that pass the filters, and sum their money in cents, for every status."""
        found: dict[Any, tuple[int, int]] = {}
        with self.lock:
            for order in self.shelf:
                if passes(order.fields, tests):
                    count, cents = found.get(order.fields.get("status"), (0, 0))
                    found[order.fields.get("status")] = (
                        count + 1,
                        cents + _cents(order.fields.get("gross_revenue")),
                    )
        return found

    def find_all(self, change: BulkChange) -> list[Order]:
        """Find every order of a bulk change and check its arrow; one that fails refuses them all."""
        with self.lock:
            orders = [self._writable(one) for one in change.ids]
            if len({order.number for order in orders}) < len(orders):
                raise Refusal(422, "Validation failed", details={"ids": ["must be unique"]})
            check_arrows(orders, change.values)
            return orders

    def change(self, change: BulkChange, skip: frozenset[OrderId] = frozenset()) -> list[Order]:
        """Carry out a bulk change, all of it or none, and give its orders as they were asked for."""
        with self.lock:
            orders = self.find_all(change)
            now = self.clock.now()
            for order in orders:
                if not skip.intersection(_ids(order)):
                    self._note(order, change_order(order, change.values, now, "bulk"))
            return orders

    def counts(self) -> Fields:
        """Count the orders by status and by payment status."""
        with self.lock:
            statuses = Counter(str(one.fields.get("status")) for one in self.shelf)
            payments = Counter(str(one.fields.get("payment_status")) for one in self.shelf)
            return {"orders": len(self.shelf), "status": dict(statuses), "payment_status": dict(payments)}

    def stores(self) -> set[str]:
        """Name the stores (by `unique_id`) that orders of this shop come from."""
        with self.lock:
            return {str(at(one.fields, "store", "unique_id")) for one in self.shelf}

    def demo_customer(self, store: str) -> int | None:
        """Name the customer whom the store's well-known customer token belongs to: its most loyal one."""
        with self.lock:
            if self._demo_customers.get(store) is None:
                mine = [one.fields for one in self.shelf if at(one.fields, "store", "unique_id") == store]
                bought = Counter(at(fields, "customer", "id") for fields in mine)
                bought.pop(None, None)
                ranked = sorted(bought.items(), key=lambda pair: (-pair[1], pair[0]))
                self._demo_customers[store] = ranked[0][0] if ranked else None
            return self._demo_customers[store]

    def _complete(self, partial: Mapping[str, Any], number: int, without: Iterable[str]) -> Order:
        return complete(partial, number=number, contract=self.contract, now=self.clock.now(), without=without)

    def _writable(self, order_id: OrderId) -> Order:
        order = self._by_id.get(order_id)
        if order is None:
            raise Refusal(404, "Order not found", code="order_not_found")
        return order

    def _put(self, order: Order) -> None:
        self.shelf.put(order)
        self._index(order)

    def _index(self, order: Order) -> None:
        for one in _ids(order):
            self._by_id[one] = order

    def _note(self, order: Order, entry: Fields) -> None:
        self.latest.append({"id": order.shown_id, "order_id": order.fields.get("order_id"), **entry})


def _ids(order: Order) -> list[OrderId]:
    """Name every id that writes may use; a list may show a number as text."""
    shown = order.shown_id
    ids = [one for one in (shown, order.legacy_id) if one is not None]
    if isinstance(shown, str) and shown.isascii() and shown.isdigit():
        ids.append(int(shown))
    return list(dict.fromkeys(one.lower() if isinstance(one, str) else one for one in ids))


def _contract(name: str) -> Contract:
    for known in CONTRACTS:
        if name == known:
            return known
    raise ValueError(f"contract {name!r}: expected one of {', '.join(CONTRACTS)}")


def _cents(money: Any) -> int:
    text = as_text(money)
    return (
        int(text.replace(".", ""))
        if isinstance(text, str) and text.replace(".", "").lstrip("-").isdigit()
        else 0
    )
