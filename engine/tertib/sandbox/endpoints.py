"""Answer the documented endpoints, as if nothing ever went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tertib.sandbox import answers
from tertib.sandbox.catalogue import Fields
from tertib.sandbox.changes import BulkChange, read_bulk_body
from tertib.sandbox.contract import MAX_PAGE_SIZE
from tertib.sandbox.credentials import require_customer, require_scope
from tertib.sandbox.cursor import Place, read_cursor, write_cursor
from tertib.sandbox.filters import Test, at, list_tests, statistics_tests
from tertib.sandbox.order import Order, OrderId
from tertib.sandbox.refusal import Refusal, invalid
from tertib.sandbox.shelf import Page
from tertib.sandbox.state import Call, Sandbox


def list_orders(sandbox: Sandbox, call: Call) -> Fields:
    """Answer GET /v3/orders."""
    require_scope(call.credential, "order:list")
    tests = list_tests(call.params, sandbox.shop.contract, sandbox.tags_mean)
    page, size = _page(sandbox, call.params, tests)
    columns = call.params.get("columns")
    if not columns:
        return _paginated(page, size, map(answers.full_answer, page.orders))
    asked = [name.strip() for name in columns.split(",")]
    return _paginated(page, size, (answers.narrow_answer(order, asked) for order in page.orders))


def customer_orders(sandbox: Sandbox, call: Call) -> Fields:
    """Answer GET /v3/stores/{store_id}/customers/me/orders."""
    store = call.path["store_id"]
    require_customer(call.credential, store)
    if store not in sandbox.shop.stores():
        raise Refusal(404, "Store not found", code="store_not_found")
    buyer = call.credential.customer_id
    tests = _own_orders(store, buyer if buyer is not None else sandbox.shop.demo_customer(store))
    page, size = _page(sandbox, call.params, tests)
    return _paginated(page, size, map(answers.customer_answer, page.orders))


def statistics(sandbox: Sandbox, call: Call) -> Fields:
    """Answer GET /v3/orders/statistics: one row, or one a status."""
    require_scope(call.credential, "order:statistics:read")
    breakdown = call.params.get("is_breakdown_status") or "false"
    if breakdown not in ("true", "false"):
        raise invalid("is_breakdown_status", "is invalid")
    totals = sandbox.shop.totals(statistics_tests(call.params, sandbox.shop.contract))
    if breakdown == "true":
        rows = [_row(status, *totals[status]) for status in sorted(totals, key=str)]
    else:
        sums = totals.values()
        rows = [_row(None, sum(count for count, _ in sums), sum(cents for _, cents in sums))]
    return {"data": rows, "is_paginated": False}


def one_order(sandbox: Sandbox, call: Call) -> Fields:
    """Answer GET /v3/orders/{id}."""
    require_scope(call.credential, "order:read")
    with sandbox.shop.lock:
        order = sandbox.shop.find(order_id_of(call.path["id"]))
        return {"data": answers.detail_answer(order)}


def read_change(sandbox: Sandbox, call: Call) -> BulkChange:
    """Check everything about a bulk request but do nothing yet."""
    require_scope(call.credential, "order:change_status")
    change = read_bulk_body(call.body, sandbox.shop.contract, sandbox.max_batch)
    sandbox.shop.find_all(change)
    bad = call.faults.get("bad_id")
    if bad is not None:
        said = {"ids": [f"{bad.options['id']} is invalid"]}
        raise Refusal(int(bad.options["status"]), "Validation failed", details=said)
    return change


def change_status(sandbox: Sandbox, call: Call) -> Fields:
    """Answer POST /v3/orders/change-status: every order of the request, or none."""
    change = read_change(sandbox, call)
    orders = sandbox.shop.change(change, skip=_unapplied(call, change))
    shown = [answers.changed_answer(order, sandbox.shop.contract) for order in orders]
    return {"data": shown, "is_paginated": False}


def order_id_of(text: str) -> OrderId:
    """Read an id out of a path."""
    return int(text) if text.isascii() and text.isdigit() else text


def _unapplied(call: Call, change: BulkChange) -> frozenset[OrderId]:
    """Name the orders that a fault leaves both unchanged and unmentioned."""
    fault = call.faults.get("missing_echo")
    if fault is None or fault.options["applied"]:
        return frozenset()
    return frozenset(fault.options["ids"] or change.ids[-int(fault.options["count"]) :])


def _row(status: Any, count: int, cents: int) -> Fields:
    return {"status": status, "count": count, "gross_revenue": f"{cents // 100}.{cents % 100:02d}"}


def _own_orders(store: str, buyer: int | None) -> list[Test]:
    return [
        lambda fields: buyer is not None and at(fields, "customer", "id") == buyer,
        lambda fields: at(fields, "store", "unique_id") == store,
    ]


def _page(sandbox: Sandbox, params: Mapping[str, str], tests: list[Test]) -> tuple[Page, int]:
    size = _page_size(params.get("page_size") or str(MAX_PAGE_SIZE))
    after, before = _place(params.get("next_cursor")), _place(params.get("previous_cursor"))
    if after is not None and before is not None:
        raise Refusal(400, "next_cursor and previous_cursor exclude each other", code="invalid_cursor")
    return sandbox.shop.page(tests, size, after=after, before=before), size


def _page_size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_PAGE_SIZE:
        raise invalid("page_size", f"must be between 1 and {MAX_PAGE_SIZE}")
    return int(text)


def _place(cursor: str | None) -> Place | None:
    return read_cursor(cursor) if cursor else None


def _paginated(page: Page, size: int, shown: Iterable[Fields]) -> Fields:
    first: Order | None = page.orders[0] if page.orders else None
    return {
        "data": list(shown),
        "is_paginated": True,
        "has_next": page.has_next,
        "has_previous": page.has_previous,
        "next_cursor": write_cursor(page.orders[-1].place) if first and page.has_next else None,
        "previous_cursor": write_cursor(first.place) if first and page.has_previous else None,
        "page_size": size,
    }
