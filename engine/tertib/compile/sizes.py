"""How large queries are, as far as is known: what past runs saw, and what Scalev's statistics say now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from tertib.compile.queries import Query

ORDERS_A_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Sizes:
    """Orders by the key of a query; `counted` holds what the statistics endpoint said in this very run.

    Nothing is guessed: a query of unknown size is never chosen for its size.
    """

    seen: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)

    def orders(self, query: Query, now: datetime) -> int | None:
        """Return how many orders a query returns, None where nobody knows."""
        if any(name == "order_id" for name, _ in query.filters):
            return 1
        key = query.key(now)
        return self.counted.get(key, self.seen.get(key))

    def pages(self, query: Query, now: datetime) -> int | None:
        """Return how many pages a query takes, None where nobody knows."""
        orders = self.orders(query, now)
        return None if orders is None else pages_of(orders)

    def known(self, seen: Mapping[str, int]) -> Sizes:
        """Return these sizes with newer ones of what was seen."""
        return replace(self, seen={**self.seen, **seen})


class Gauge:
    """Sizes at one `now`, each worked out once."""

    def __init__(self, sizes: Sizes, now: datetime) -> None:
        self.sizes = sizes
        self.now = now
        self._pages: dict[Query, int | None] = {}

    @property
    def knows_any(self) -> bool:
        """Tell whether any size is known at all; order numbers are of known size by themselves."""
        return bool(self.sizes.seen or self.sizes.counted)

    def pages(self, query: Query) -> int | None:
        """Return how many pages a query takes, None where nobody knows."""
        if query not in self._pages:
            self._pages[query] = self.sizes.pages(query, self.now)
        return self._pages[query]

    def at_most(self, queries: Iterable[Query]) -> int | None:
        """Return how many pages queries take together where each has an order more than was seen: shops do not stand still."""
        orders = [self.sizes.orders(query, self.now) for query in queries]
        known = [pages_of(one + 1) for one in orders if one is not None]
        return sum(known) if len(known) == len(orders) else None

    def total(self, queries: Iterable[Query]) -> int | None:
        """Return how many pages queries take together, None where one of them is not known."""
        pages = [self.pages(query) for query in queries]
        known = [one for one in pages if one is not None]
        return sum(known) if len(known) == len(pages) else None


def pages_of(orders: int) -> int:
    """Return how many pages so many orders fill; an empty answer is a page too."""
    return max(1, -(-orders // ORDERS_A_PAGE))
