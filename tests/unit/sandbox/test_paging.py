from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from tertib.sandbox.cursor import read_cursor, write_cursor
from tertib.sandbox.order import Order, OrderId, place_of
from tertib.sandbox.refusal import Refusal
from tertib.sandbox.shop import Shop

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


def shop_of(count: int) -> Shop:
    """Open a shop with orders, two an hour."""
    shop = Shop.empty(now=NOW)
    for number in range(count):
        shop.add({"id": number + 1, "created_at": NOW - timedelta(hours=number // 2)})
    return shop


def ids(orders: Iterable[Order]) -> list[OrderId | None]:
    """Name orders by what lists show."""
    return [order.shown_id for order in orders]


def test_newest_come_first_and_equal_times_by_number() -> None:
    """The list is sorted by creation, newest first, and ties have one order."""
    assert ids(shop_of(4).shelf) == [2, 1, 4, 3]


def test_cursor_survives_changes_before_it() -> None:
    """Orders that come or go on an earlier page shift nothing on the next one."""
    shop = shop_of(9)
    first = shop.page([], 4)
    place = first.orders[-1].place
    before = ids(shop.page([], 4, after=place).orders)
    shop.add({"id": 100, "created_at": NOW + timedelta(minutes=1)})
    shop.remove(1)
    assert ids(shop.page([], 4, after=place).orders) == before


def test_cursor_survives_the_order_it_points_at() -> None:
    """A place stays a place when its order is deleted."""
    shop = shop_of(6)
    last = shop.page([], 3).orders[-1]
    expected = ids(shop.page([], 3, after=last.place).orders)
    shop.remove(last.shown_id or 0)
    assert ids(shop.page([], 3, after=last.place).orders) == expected


def test_pages_lead_back_the_way_they_came() -> None:
    """The previous page of the second page is the first, in the same order."""
    shop = shop_of(7)
    first = shop.page([], 3)
    second = shop.page([], 3, after=first.orders[-1].place)
    back = shop.page([], 3, before=second.orders[0].place)
    assert ids(back.orders) == ids(first.orders)
    assert (first.has_previous, second.has_previous, back.has_next, back.has_previous) == (
        False,
        True,
        True,
        False,
    )


def test_exactly_full_last_page_has_no_next() -> None:
    """A full page with nothing behind it says so."""
    assert not shop_of(4).page([], 4).has_next


def test_filters_apply_before_pages() -> None:
    """A page is filled with matching orders, however far apart they lie."""
    shop = shop_of(40)
    page = shop.page([lambda fields: fields["id"] % 10 == 0], 3)
    assert ids(page.orders) == [10, 20, 30]
    assert page.has_next


def test_cursors_are_read_back() -> None:
    """A written cursor names its place, whatever the nonce."""
    place = place_of(NOW, 5)
    assert read_cursor(write_cursor(place)) == read_cursor(write_cursor(place, 9)) == place
    assert write_cursor(place) != write_cursor(place, 9)


@pytest.mark.parametrize(
    "text", ["x", "garbage!", "MTIz", "é", write_cursor((1, 2))[:-2] + "AA", "...", "MS4yLjMuNA"]
)
def test_garbage_is_no_cursor(text: str) -> None:
    """A cursor that this server never wrote is a bad request."""
    with pytest.raises(Refusal) as refused:
        read_cursor(text)
    assert refused.value.status == 400
