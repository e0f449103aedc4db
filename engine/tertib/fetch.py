"""Read the orders that a scan asks for, page by page, every filter checked again on what comes back.

Pages come newest first. Where nothing older than some instant can match, reading stops once two whole pages are older.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from tertib.language.values import read_as
from tertib.model import Kind, Order, Page, Scan
from tertib.ports import Decode, Reader
from tertib.scalev.paging import walk

OLD_PAGES: Final = 2
"""Whole pages that must be too old before the rest is left out."""

SKEW: Final = timedelta(minutes=5)
"""How far the clocks that date orders may differ, and so how far their order may be off."""


def fetch(
    scan: Scan,
    reader: Reader,
    contradicts: Callable[[Order], str | None],
    on_page: Callable[[Page], None] | None = None,
    decode: Decode | None = None,
) -> Iterator[Page]:
    """Yield the scan's pages; `contradicts` names the sent filter that an order belies, or gives None.

    `on_page` is told of each page before it is yielded; `decode` makes something else than dicts of a body. A last page
    with a `next_cursor` says that the rest is too old to matter. Raises `ReadError` (and `CredentialError`) after what could be read: the caller marks such a scan as
    incomplete and holds what rests on it. An order that moved between two pages is in both; the one read last is the newer.
    """
    read = partial(reader.page, scan.source, scan.params)
    if decode is not None:
        read = partial(read, decode=decode)
    enough = _Enough(scan.created_since)
    for page in walk(read, recheck=contradicts):
        if on_page is not None:
            on_page(page)
        yield page
        if enough.after(page):
            return


class _Enough:
    """Tells when all that follows was created too early, by pages that are sorted as Scalev sorts them."""

    def __init__(self, since: datetime | None) -> None:
        self._bound = None if since is None else since - SKEW
        self._newest_left: datetime | None = None
        self._old_pages = 0

    def after(self, page: Page) -> bool:
        """Tell whether nothing after this page can matter; never once the pages are seen to be unsorted."""
        if self._bound is None:
            return False
        created = [_created(order) for order in page.orders]
        if not self._is_sorted(created):
            self._bound = None
            return False
        is_old = bool(created) and all(one is not None and one < self._bound for one in created)
        self._old_pages = self._old_pages + 1 if is_old else 0
        return self._old_pages >= OLD_PAGES

    def _is_sorted(self, created: list[datetime | None]) -> bool:
        for one in created:
            if one is None:
                continue
            if self._newest_left is not None and one > self._newest_left + SKEW:
                return False
            self._newest_left = one if self._newest_left is None else min(one, self._newest_left)
        return True


def _created(order: Order) -> datetime | None:
    found: Any = read_as(order.get("created_at"), Kind.TIME)
    return found if isinstance(found, datetime) else None
