"""Read the orders that a scan asks for, page by page, every filter checked again on what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from tertib.model import Order, Page, Scan
from tertib.ports import Reader
from tertib.scalev.paging import walk


def fetch(
    scan: Scan,
    reader: Reader,
    contradicts: Callable[[Order], str | None],
    on_page: Callable[[Page], None] | None = None,
) -> Iterator[Page]:
    """Yield the scan's pages; `contradicts` names the sent filter that an order belies, or gives None.

    `on_page` is told of each page before it is yielded. Raises `ReadError` (and `CredentialError`) after what could be
    read: the caller marks such a scan as incomplete and holds what rests on it. An order that moved between two pages
    is in both; the one read last is the newer.
    """
    read = partial(reader.page, scan.source, scan.params)
    for page in walk(read, recheck=contradicts):
        if on_page is not None:
            on_page(page)
        yield page
