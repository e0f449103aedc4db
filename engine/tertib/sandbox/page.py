"""Draw the page on which people look at the shop; every value is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from tertib.sandbox.catalogue import Fields
from tertib.sandbox.clock import iso
from tertib.sandbox.state import Sandbox

CHANGES_SHOWN: Final = 30
REQUESTS_SHOWN: Final = 15
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem }
td, th { border-bottom: 1px solid #ddd; padding: .25rem .6rem; text-align: left; vertical-align: top }
code { background: #f3f3f3; padding: 0 .2rem } .quiet { color: #666 }
"""
_MORE: Final = """
<p class=quiet>More as JSON: <code>/_sandbox/state</code>, <code>/_sandbox/orders/ID</code>, <code>/_sandbox/faults</code></p>
"""


def overview(sandbox: Sandbox) -> str:
    """Draw the whole page."""
    shop = sandbox.shop
    counts = shop.counts()
    parts = (
        "<h1>Tertib sandbox</h1>",
        _summary(sandbox, counts["orders"]),
        "<h2>Orders</h2>",
        _table(("status", "orders"), counts["status"].items()),
        _table(("payment status", "orders"), counts["payment_status"].items()),
        "<h2>Latest changes</h2>",
        _changes(list(shop.latest)[-CHANGES_SHOWN:][::-1]),
        "<h2>Faults that are on</h2>",
        _table(("fault", "target", "times", "struck"), _faults(sandbox)),
        "<h2>Latest requests</h2>",
        _requests(sandbox.journal.shown(REQUESTS_SHOWN)[::-1]),
        _MORE,
    )
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Tertib sandbox</title><style>{_STYLE}</style>"
    return head + "".join(parts)


def _summary(sandbox: Sandbox, orders: int) -> str:
    shop = sandbox.shop
    return (
        f"<p class=quiet>{orders} invented orders, contract <code>{_said(shop.contract)}</code>, "
        f"{_said(iso(shop.clock.now()))}, {len(sandbox.journal)} requests</p>"
    )


def _said(value: Any) -> str:
    return escape(str(value))


def _table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    drawn = "".join("<tr>" + "".join(f"<td>{_said(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    if not drawn:
        return "<p class=quiet>none</p>"
    return "<table><tr>" + "".join(f"<th>{_said(head)}</th>" for head in heads) + f"</tr>{drawn}</table>"


def _changes(changes: Iterable[Fields]) -> str:
    rows = (
        (
            change["at"],
            change["order_id"],
            _pairs(change["before"]),
            _pairs(change["after"]),
            change["by"] or change["how"],
        )
        for change in changes
    )
    return _table(("at", "order", "before", "after", "by"), rows)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())


def _faults(sandbox: Sandbox) -> Iterable[tuple[Any, ...]]:
    for fault in sandbox.faults.active():
        yield fault["name"], fault["target"] or "any", fault["times"] or "always", fault["struck"]


def _requests(entries: Iterable[Fields]) -> str:
    rows = (
        (entry["at"], entry["method"], entry["path"], _pairs(entry["params"]), entry["status"] or "no answer")
        for entry in entries
    )
    return _table(("at", "method", "path", "parameters", "status"), rows)
