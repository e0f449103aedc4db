"""Walk an endpoint's pages to their end, distrusting the server on the way.

A walk ends where the server says that nothing follows. It fails, rather than give a part for the whole, where a cursor
comes a second time, where pages go on without bringing anything new, and where a page contradicts a filter twice. What it
remembers of the pages behind it does not grow with them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final

from tertib.errors import IgnoredFilter, PagingError
from tertib.model import Order, Page
from tertib.sayings import N_, said
from tertib.scalev.ids import wire_id

MOST_PAGES: Final = 10_000
"""An hour's whole allowance: no scan is worth more, and a server that never ends must not get it."""

_MOST_BARREN: Final = 3

# Three marks an order in a field of 2 million bits (a Bloom filter): after the most pages that are read, a new order is
# taken for a known one once in 36 times, and for three pages in a row only where they hold almost nothing.
_MARK_BITS: Final = 21
_MARKS_AN_ORDER: Final = 3


def walk(
    read_page: Callable[[str | None], Page],
    *,
    recheck: Callable[[Order], str | None],
    most_pages: int = MOST_PAGES,
) -> Iterator[Page]:
    """Yield the pages from the first to the last.

    `read_page` takes a cursor, None for the first page. `recheck` names the filter that an order contradicts, or gives
    None. Orders that moved between two pages come twice; whoever collects them keeps the newest. Raises `PagingError`
    and `IgnoredFilter`, after the pages that were good.
    """
    cursor: str | None = None
    given = _Cursors()
    progress = _Progress()
    for number in range(1, most_pages + 1):
        page = _trusted(read_page, cursor, recheck)
        progress.note(page, number)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return
        if not given.add(cursor):
            raise PagingError(
                said(
                    "page %(page)s gave a cursor that an earlier page had given: the pages go in a circle",
                    page=number,
                )
            )
    raise PagingError(
        said("the list did not end after %(count)s pages", count=most_pages),
        hint=N_("narrow the query so that it returns fewer orders"),
    )


def _trusted(
    read_page: Callable[[str | None], Page], cursor: str | None, recheck: Callable[[Order], str | None]
) -> Page:
    """Read a page, and once more where an order contradicts a filter: it may have moved while the page was made."""
    page = read_page(cursor)
    if _contradicted(page, recheck) is None:
        return page
    page = read_page(cursor)
    name = _contradicted(page, recheck)
    if name is None:
        return page
    raise IgnoredFilter(
        said("Scalev ignored filter `%(filter)s`", filter=name),
        hint=N_(
            "nothing was decided on this answer; check the value that the query gives, or leave the filter out"
        ),
    )


def _contradicted(page: Page, recheck: Callable[[Order], str | None]) -> str | None:
    """Name the first filter that an order of the page contradicts."""
    return next((name for name in map(recheck, page.orders) if name is not None), None)


class _Cursors:
    """The cursors that were given, eight bytes each however long they are."""

    def __init__(self) -> None:
        self._hashes = array("Q")

    def add(self, cursor: str) -> bool:
        """Take note of a cursor; False where it was given before."""
        found = _hash(cursor)
        place = bisect_left(self._hashes, found)
        if place < len(self._hashes) and self._hashes[place] == found:
            return False
        self._hashes.insert(place, found)
        return True


class _Progress:
    """Watches that pages keep bringing orders that were not seen before."""

    def __init__(self) -> None:
        self._marks = bytearray((1 << _MARK_BITS) // 8)
        self._barren = 0

    def note(self, page: Page, number: int) -> None:
        """Take note of a page; raises `PagingError` at the third in a row that brings nothing new but goes on."""
        new = [order for order in page.orders if self._mark(_name(order))]
        self._barren = 0 if new else self._barren + 1
        if self._barren >= _MOST_BARREN and page.next_cursor is not None:
            raise PagingError(
                said(
                    "pages %(first)s to %(last)s brought no new order, and more would follow",
                    first=number - _MOST_BARREN + 1,
                    last=number,
                )
            )

    def _mark(self, name: str) -> bool:
        """Mark an order; False where all its marks were there."""
        found, new = _hash(name), False
        for _ in range(_MARKS_AN_ORDER):
            found, mark = divmod(found, 1 << _MARK_BITS)
            place, bit = divmod(mark, 8)
            new = new or not self._marks[place] >> bit & 1
            self._marks[place] |= 1 << bit
        return new


def _name(order: Order) -> str:
    """Name an order so that it is known again; one without a usable id goes by its number for people."""
    key = wire_id(order.get("id"))
    return f"{order.get('order_id')}" if key is None else f"id {key}"


def _hash(text: str) -> int:
    """Return 64 bits that are the same in every run; surrogates in a strange number are no reason to fail."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())
