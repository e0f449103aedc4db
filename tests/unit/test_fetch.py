from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tertib.errors import IgnoredFilter, ReadError
from tertib.fetch import fetch
from tertib.model import Order, Page, Scan, Source, Spent
from tertib.ports import Decode

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SCAN = Scan(Source(), {"status": "pending", "columns": "order_id,status"}, ("a-rule",))


class Shelf:
    """A reader over prepared pages; an error in place of a page is raised."""

    def __init__(self, *pages: Page | ReadError) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[Source, Mapping[str, str], str | None]] = []
        self.decoders: list[Decode | None] = []

    def page(
        self,
        source: Source,
        params: Mapping[str, str],
        cursor: str | None = None,
        decode: Decode | None = None,
    ) -> Page:
        """Return the next prepared page."""
        self.decoders.append(decode)
        self.asked.append((source, params, cursor))
        prepared = self.pages.pop(0)
        if isinstance(prepared, ReadError):
            raise prepared
        return prepared

    def count(self, params: Mapping[str, str]) -> int | None:
        """Answer nothing: fetching does not count."""
        raise AssertionError(params)

    def spent(self) -> Spent:
        """Return what was read."""
        return Spent(reads=len(self.asked))


def page(number: int, then: str | None, status: str = "pending") -> Page:
    """Make a page of one order."""
    return Page(({"id": number, "status": status},), then, NOW)


def contradicts(order: Order) -> str | None:
    """Check the scan's one filter."""
    return None if order["status"] == "pending" else "status"


def test_a_scan_is_read_page_by_page_to_its_end() -> None:
    """The scan's source and parameters go out unchanged with every cursor, and progress is told of each page."""
    shelf = Shelf(page(1, "a"), page(2, "b"), page(3, None))
    told: list[Page] = []
    pages = list(fetch(SCAN, shelf, contradicts, told.append))
    assert [each.orders[0]["id"] for each in pages] == [1, 2, 3]
    assert told == pages
    assert shelf.asked == [(SCAN.source, SCAN.params, cursor) for cursor in (None, "a", "b")]


def test_a_decoder_goes_with_every_page() -> None:
    """Where pages are decoded otherwise, all of them are; a reader that only makes dicts is never asked to."""
    shelf = Shelf(page(1, "a"), page(2, None), page(3, None))
    list(fetch(SCAN, shelf, contradicts, decode=json.loads))
    list(fetch(SCAN, shelf, contradicts))
    assert shelf.decoders == [json.loads, json.loads, None]


def test_pages_are_read_as_they_are_asked_for() -> None:
    """A plan that stops early spends no further request."""
    shelf = Shelf(page(1, "a"), page(2, None))
    next(fetch(SCAN, shelf, contradicts))
    assert len(shelf.asked) == 1


def test_what_was_read_before_an_error_is_handed_on() -> None:
    """The caller gets the good pages and then the error, and knows that the scan is incomplete."""
    pages = fetch(SCAN, Shelf(page(1, "a"), ReadError("lost")), contradicts)
    assert next(pages).orders[0]["id"] == 1
    with pytest.raises(ReadError, match="lost"):
        next(pages)


def test_an_ignored_filter_stops_the_scan() -> None:
    """A page that contradicts a filter twice is not handed on."""
    told: list[Page] = []
    wrong = page(1, None, "paid")
    with pytest.raises(IgnoredFilter, match="`status`"):
        list(fetch(SCAN, Shelf(wrong, wrong), contradicts, told.append))
    assert told == []


# --- newest first


SINCE = NOW - timedelta(days=1)
BOUNDED = replace(SCAN, created_since=SINCE)


def made(number: int, *ages: timedelta | None) -> Page:
    """Make a page of orders so long older than the bound; None is a time that cannot be read."""
    orders = [
        {
            "id": number * 100 + place,
            "status": "pending",
            "created_at": "n/a" if age is None else str(SINCE - age),
        }
        for place, age in enumerate(ages)
    ]
    return Page(tuple(orders), str(number), NOW)


def read_of(pages: Sequence[Page], scan: Scan = BOUNDED) -> int:
    """Return how many of these pages, and a last one, are read."""
    return len(list(fetch(scan, Shelf(*pages, page(999, None)), contradicts)))


HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NEW, OLD = (-2 * HOUR, -HOUR), (HOUR, 2 * HOUR)


def test_reading_stops_after_two_pages_that_are_too_old() -> None:
    """What follows is older still, so a request for it would bring no match."""
    older = made(3, 3 * HOUR, 4 * HOUR)
    assert read_of([made(1, *NEW), made(2, *OLD), older, made(4, 5 * HOUR)]) == 3
    assert read_of([made(1, *NEW), made(2, *OLD), older, made(4, 5 * HOUR)], SCAN) == 5


def test_the_two_old_pages_are_whole_and_follow_each_other() -> None:
    """One order that may match, or whose time cannot be read, keeps the reading going."""
    assert read_of([made(1, -HOUR, HOUR), made(2, *OLD), made(3, 3 * HOUR, None), made(4, 4 * HOUR)]) == 5
    assert read_of([made(1, *OLD), Page((), "2", NOW), made(3, 3 * HOUR), made(4, 4 * HOUR)]) == 4


def test_clocks_may_differ() -> None:
    """What is too old by less than the skew allowed for does not count as old."""
    assert read_of([made(1, MINUTE), made(2, 2 * MINUTE), made(3, 3 * MINUTE)]) == 4


def test_pages_that_are_not_sorted_are_read_to_the_end() -> None:
    """Whoever does not sort newest first may have anything on its last page."""
    assert read_of([made(1, 3 * HOUR), made(2, HOUR), made(3, 4 * HOUR), made(4, 5 * HOUR)]) == 5
