from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.errors import IgnoredFilter, PagingError
from tertib.model import Order, Page
from tertib.scalev.paging import walk

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def page(ids: list[int], then: str | None) -> Page:
    """Make a page of orders with these ids."""
    return Page(tuple({"id": key, "status": "pending"} for key in ids), then, NOW)


def trusting(_: Order) -> str | None:
    """Find nothing to object to."""
    return None


def from_book(book: Mapping[str | None, Page]) -> Callable[[str | None], Page]:
    """Read pages from a mapping of cursors."""
    return lambda cursor: book[cursor]


def test_pages_come_in_order_to_the_last() -> None:
    """Every cursor is followed, and the page without one is the last."""
    book = {None: page([1, 2], "a"), "a": page([3], "b"), "b": page([], None)}
    assert list(walk(from_book(book), recheck=trusting)) == [book[None], book["a"], book["b"]]


def test_an_empty_list_is_one_page() -> None:
    """Nothing to read is read to the end."""
    assert len(list(walk(from_book({None: page([], None)}), recheck=trusting))) == 1


def test_a_repeated_cursor_ends_the_walk() -> None:
    """Pages that go in a circle are an error, after what was good in them."""
    book = {None: page([1], "a"), "a": page([2], "b"), "b": page([3], "a")}
    seen: list[Page] = []
    with pytest.raises(PagingError, match="page 3 gave a cursor"):
        seen.extend(walk(from_book(book), recheck=trusting))
    assert seen == list(book.values())


def test_pages_without_anything_new_end_the_walk() -> None:
    """A server that makes up cursors for ever and repeats itself is noticed at the third page."""
    asked: list[str | None] = []

    def read(cursor: str | None) -> Page:
        asked.append(cursor)
        return page([1, 2], f"cursor-{len(asked)}")

    with pytest.raises(PagingError, match="pages 2 to 4 brought no new order"):
        list(walk(read, recheck=trusting))
    assert len(asked) == 4


def test_two_barren_pages_are_forgiven() -> None:
    """Orders that move between pages may fill a page or two with known ones."""
    book = {None: page([1], "a"), "a": page([1], "b"), "b": page([], "c"), "c": page([2], None)}
    assert len(list(walk(from_book(book), recheck=trusting))) == 4


def test_a_barren_last_page_is_an_end() -> None:
    """Where nothing follows there is nothing to complain about."""
    book = {None: page([1], "a"), "a": page([1], "b"), "b": page([], "c"), "c": page([], None)}
    assert len(list(walk(from_book(book), recheck=trusting))) == 4


def test_orders_without_an_id_count_as_themselves() -> None:
    """Orders that cannot be changed are read all the same, each one time."""
    pages = [Page(({"id": None, "order_id": f"A{n}"},), f"c{n}" if n < 5 else None, NOW) for n in range(6)]
    reading = iter(pages)
    assert len(list(walk(lambda _: next(reading), recheck=trusting))) == 6


def test_a_list_that_never_ends_is_given_up() -> None:
    """New orders for ever are no list either."""
    count = iter(range(10**9))

    def read(_: str | None) -> Page:
        number = next(count)
        return page([number], f"c{number}")

    with pytest.raises(PagingError, match="did not end after 50 pages"):
        list(walk(read, recheck=trusting, most_pages=50))


def suspicious(order: Order) -> str | None:
    """Object to an order that is not pending, as a filter by status would."""
    return None if order["status"] == "pending" else "status"


PAID = Page(({"id": 9, "status": "paid"},), "a", NOW)


def test_a_page_that_contradicts_is_read_once_more() -> None:
    """An order may have moved while the page was made: the second reading counts, its cursor too."""
    readings = iter([PAID, page([1], "b"), page([2], None)])
    asked: list[str | None] = []

    def read(cursor: str | None) -> Page:
        asked.append(cursor)
        return next(readings)

    pages = list(walk(read, recheck=suspicious))
    assert [order["id"] for each in pages for order in each.orders] == [1, 2]
    assert asked == [None, None, "b"]


def test_a_page_that_keeps_contradicting_stops_the_walk() -> None:
    """The filter is named; nothing of such a page is handed on."""
    book = {None: page([1], "a"), "a": PAID}
    walked = walk(from_book(book), recheck=suspicious)
    assert next(walked) == book[None]
    with pytest.raises(IgnoredFilter, match="Scalev ignored filter `status`"):
        next(walked)


def test_an_order_seen_twice_is_handed_on_twice() -> None:
    """The newer reading is the caller's to keep."""
    book = {None: page([1, 2], "a"), "a": page([2, 3], None)}
    pages = list(walk(from_book(book), recheck=trusting))
    assert [order["id"] for each in pages for order in each.orders] == [1, 2, 2, 3]


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 30), max_size=30))
def test_every_walk_ends(next_page: dict[int, int]) -> None:
    """However cursors point at each other, a walk comes to its end or to an error, and reads no page three times."""
    asked: list[str | None] = []

    def read(cursor: str | None) -> Page:
        asked.append(cursor)
        number = int(cursor or 0)
        follows = next_page.get(number)
        return page([number], None if follows is None else str(follows))

    try:
        list(walk(read, recheck=trusting))
    except PagingError:
        assert len(asked) >= 2
    assert all(asked.count(cursor) <= 2 for cursor in asked)


def test_what_is_remembered_does_not_grow_with_the_pages() -> None:
    """A walk of a hundred times as many pages keeps little more: its cursors' hashes, and no order."""

    def peak(pages: int) -> int:
        def read(cursor: str | None) -> Page:
            number = int(cursor or 0)
            return page([number * 2, number * 2 + 1], str(number + 1) if number < pages else None)

        tracemalloc.start()
        for _ in walk(read, recheck=trusting):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(5000) - peak(50) < 40 * 5000


def test_a_circle_is_noticed_however_long_it_is() -> None:
    """Cursors that are new each time around do not hide that the orders are not."""

    def read(cursor: str | None) -> Page:
        number = int(cursor or 0)
        return page([number % 500], str(number + 1))

    with pytest.raises(PagingError, match="pages 501 to 503 brought no new order"):
        list(walk(read, recheck=trusting))
