"""Keep orders sorted, newest first, so that a page is found by its place and not by counting."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tertib.sandbox.cursor import Place
from tertib.sandbox.filters import Test, passes
from tertib.sandbox.order import Order


@dataclass(frozen=True, slots=True)
class Page:
    """Orders of one page, and whether there are more on either side."""

    orders: list[Order] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False


class Shelf:
    """Orders by their place in the list."""

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self._at = {order.place: order for order in orders}
        self._places = sorted(self._at)

    def __iter__(self) -> Iterator[Order]:
        return (self._at[place] for place in self._places)

    def __len__(self) -> int:
        return len(self._places)

    def put(self, order: Order) -> None:
        """Put an order in its place."""
        if order.place not in self._at:
            insort(self._places, order.place)
        self._at[order.place] = order

    def take(self, order: Order) -> None:
        """Take an order away."""
        del self._at[order.place]
        del self._places[bisect_left(self._places, order.place)]

    def page(self, tests: list[Test], size: int, after: Place | None, before: Place | None) -> Page:
        """Find the page that follows one place, or the page that comes just before another."""
        if before is not None:
            return self._page_before(tests, size, before)
        start = 0 if after is None else bisect_right(self._places, after)
        found = self._first(self._onward_from(start), tests, size + 1)
        newer = after is not None and self._any(self._back_from(start), tests)
        return Page(found[:size], len(found) > size, newer)

    def _page_before(self, tests: list[Test], size: int, before: Place) -> Page:
        start = bisect_left(self._places, before)
        found = self._first(self._back_from(start), tests, size + 1)
        return Page(found[:size][::-1], self._any(self._onward_from(start), tests), len(found) > size)

    def _onward_from(self, start: int) -> Iterator[Order]:
        return (self._at[self._places[index]] for index in range(start, len(self._places)))

    def _back_from(self, end: int) -> Iterator[Order]:
        return (self._at[self._places[index]] for index in range(end - 1, -1, -1))

    def _first(self, orders: Iterator[Order], tests: list[Test], wanted: int) -> list[Order]:
        found = []
        for order in orders:
            if passes(order.fields, tests):
                found.append(order)
                if len(found) == wanted:
                    break
        return found

    def _any(self, orders: Iterator[Order], tests: list[Test]) -> bool:
        return bool(self._first(orders, tests, 1))
