"""*An order*: everything that any rule ever did or decided about it, and what every rule says of it now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from tertib import naming, pipeline
from tertib.errors import ReadError
from tertib.explain import Explanation
from tertib.record import restore_trace
from tertib.telling import waiting
from tertib.web.rules import order_asked
from tertib.web.site import Visit, see_other

_LEFT_ALONE: Final = 100
_LAST: Final = 3


def find(visit: Visit) -> Response:
    """Ask for an order's number; list the orders that rules leave alone, and those on hold."""
    order = naming.bare(visit.query.get("order", ""))
    ledger, account = visit.desk.ledger, visit.desk.account
    if order:
        return see_other(visit.path("orders", naming.known_as(order, ledger, account)))
    left = ledger.quarantined(account)
    return visit.page(
        "orders.html",
        holds=ledger.holds(account, visit.now),
        left_alone=left[-_LEFT_ALONE:],
        more=max(0, len(left) - _LEFT_ALONE),
        unsettled=ledger.unsettled(account),
    )


def show(visit: Visit) -> Response:
    """Show all that the record has about an order; Scalev is not asked."""
    return _page(visit, visit.arg("order"))


def why(visit: Visit) -> Response:
    """Ask every rule about an order; reads it from Scalev, and changes nothing."""
    order = order_asked(visit)
    means = visit.desk.means()
    try:
        found: Sequence[Explanation] = pipeline.why(
            [one for one in visit.desk.book.loaded().rules if one.enabled],
            naming.known_as(order, visit.desk.ledger, visit.desk.account),
            visit.desk.settings,
            reader=means.reader,
            ledger=means.ledger,
            clock=means.clock,
            mask=means.mask,
        )
    except ReadError as error:
        return _answered(visit, order, (), str(error))
    return _answered(visit, order, sorted(found, key=_rank), None)


def _rank(one: Explanation) -> int:
    """Return where an explanation stands: what acts first, then what is held, then what is coming, then the rest."""
    if one.change is not None:
        return 0
    return 1 if one.matched else 2 if one.coming is not None else _LAST


def _answered(visit: Visit, order: str, found: Sequence[Explanation], unread: str | None) -> Response:
    if visit.is_part:
        return visit.page("parts/explanations.html", explained=found, unread=unread)
    return _page(visit, order, found, unread)


def _page(
    visit: Visit, order: str, explained: Sequence[Explanation] | None = None, unread: str | None = None
) -> Response:
    ledger, account = visit.desk.ledger, visit.desk.account
    recorded = ledger.changes_of(account, order)
    changes = waiting.as_it_stands(recorded, ledger.approvals, account, visit.now, visit.desk.zone)
    names = {order, *(one.order_id for one in changes), *(str(one.id) for one in changes)}
    return visit.page(
        "order.html",
        order=order,
        number=next((one.order_id for one in reversed(changes) if one.order_id), order),
        changes=[(one, tuple(map(restore_trace, one.trace))) for one in reversed(changes)],
        kept=ledger.kept_back(account, order),
        holds=[one for one in ledger.holds(account, visit.now) if one.ref in names],
        unsettled=[one for one in ledger.unsettled(account) if names & {one.order_id, str(one.id)}],
        left_alone=[one for one in ledger.quarantined(account) if names & {one.order_id, str(one.id)}],
        explained=explained,
        unread=unread,
    )
