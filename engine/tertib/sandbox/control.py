"""Look behind the counter: state, faults, edits by people, reset; for this machine only."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tertib.sandbox.catalogue import Fields
from tertib.sandbox.clock import iso
from tertib.sandbox.endpoints import order_id_of
from tertib.sandbox.faults import KINDS
from tertib.sandbox.page import overview
from tertib.sandbox.refusal import Refusal, invalid
from tertib.sandbox.state import Sandbox, sandbox_of

JOURNAL_SHOWN: Final = 100
Control = Callable[[Sandbox, Request, Fields], Any]


def guarded(control: Control) -> Callable[[Request], Awaitable[Response]]:
    """Make a handler that serves this machine only, and no page of another site."""

    async def handle(request: Request) -> Response:
        sandbox = sandbox_of(request.app.state)
        try:
            _require_neighbour(request)
            answer = control(sandbox, request, _object(await request.body()))
        except Refusal as refusal:
            return JSONResponse(refusal.body("current"), refusal.status)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error), "error_code": "bad_request"}, 400)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return handle


def _require_neighbour(request: Request) -> None:
    """Refuse other machines, foreign names for this one, and scripts of other sites."""
    origin = request.headers.get("origin")
    hosts = [request.client.host if request.client else "", request.url.hostname or ""]
    hosts += [urlsplit(origin).hostname or ""] if origin is not None else []
    if not all(_is_loopback(host) for host in hosts):
        raise Refusal(403, "The sandbox is controlled from its own machine only")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _object(raw: bytes) -> Fields:
    body = json.loads(raw) if raw.strip() else {}
    if not isinstance(body, dict):
        raise TypeError("the body must be a JSON object")
    return body


def show_page(sandbox: Sandbox, _request: Request, _body: Fields) -> Response:
    """Show the shop to people."""
    policy = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(overview(sandbox), headers=policy)


def show_state(sandbox: Sandbox, request: Request, _body: Fields) -> Fields:
    """Show counts, faults, requests and the end of the journal (`?journal=N` for more)."""
    last = request.query_params.get("journal", str(JOURNAL_SHOWN))
    if not last.isdigit():
        raise invalid("journal", "is invalid")
    shop = sandbox.shop
    return {
        "contract": shop.contract,
        "now": iso(shop.clock.now()),
        "counts": shop.counts(),
        "faults": sandbox.faults.active(),
        "late": len(sandbox.late),
        "requests": sandbox.journal.requests(),
        "journal": sandbox.journal.shown(int(last)),
        "latest": list(shop.latest),
    }


def show_order(sandbox: Sandbox, request: Request, _body: Fields) -> Fields:
    """Show everything about one order, its history and what no list shows included."""
    with sandbox.shop.lock:
        order = sandbox.shop.find(order_id_of(request.path_params["id"]))
        shown_id = order.shown_id if order.shown_id is not None else order.fields["order_id"]
        fields, history = sandbox.shop.order(shown_id), sandbox.shop.history(shown_id)
        return {"order": fields, "legacy_id": order.legacy_id, "history": history}


def edit_order(sandbox: Sandbox, request: Request, body: Fields) -> Fields:
    """Change an order as a person would; `by` says who."""
    by = str(body.pop("by", "person"))
    return {"order": sandbox.shop.edit(order_id_of(request.path_params["id"]), body, by)}


def delete_order(sandbox: Sandbox, request: Request, _body: Fields) -> Fields:
    """Delete an order."""
    sandbox.shop.remove(order_id_of(request.path_params["id"]))
    return {"deleted": request.path_params["id"]}


def add_order(sandbox: Sandbox, _request: Request, body: Fields) -> Fields:
    """Add an order; defaults fill in what the body leaves out, and `without` names keys it shall lack."""
    without = body.pop("without", [])
    return {"order": sandbox.shop.add(body, without=without)}


def show_faults(sandbox: Sandbox, _request: Request, _body: Fields) -> Fields:
    """Show the faults that are on, and every kind there is."""
    kinds = {
        name: {"says": kind.says, "targets": sorted(kind.targets), "options": dict(kind.options)}
        for name, kind in KINDS.items()
    }
    return {"faults": sandbox.faults.active(), "kinds": kinds}


def add_fault(sandbox: Sandbox, _request: Request, body: Fields) -> Fields:
    """Switch a fault on: `{name, times, target, after, when, ...its options}`."""
    name = body.pop("name", None)
    if not isinstance(name, str):
        raise invalid("name", "can't be blank")
    return {"fault": sandbox.faults.add(name, **body).shown()}


def clear_faults(sandbox: Sandbox, request: Request, _body: Fields) -> Fields:
    """Switch every fault off, or those of one `?name=`."""
    sandbox.faults.clear(request.query_params.get("name"))
    return {"faults": sandbox.faults.active()}


def reset(sandbox: Sandbox, _request: Request, _body: Fields) -> Fields:
    """Start anew."""
    sandbox.reset()
    return {"counts": sandbox.shop.counts()}


def apply_late(sandbox: Sandbox, _request: Request, _body: Fields) -> Fields:
    """Carry out at once every change that is late."""
    return {"applied": sandbox.late.carry_out_all()}


def move_clock(sandbox: Sandbox, _request: Request, body: Fields) -> Fields:
    """Move the shop's time forward by `seconds`."""
    seconds = body.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
        raise invalid("seconds", "is invalid")
    return {"now": iso(sandbox.shop.clock.advance(timedelta(seconds=seconds)))}


CONTROLS: Final = [
    Route("/", guarded(show_page), methods=["GET"]),
    Route("/_sandbox/state", guarded(show_state), methods=["GET"]),
    Route("/_sandbox/orders", guarded(add_order), methods=["POST"]),
    Route("/_sandbox/orders/{id}", guarded(show_order), methods=["GET"]),
    Route("/_sandbox/orders/{id}", guarded(edit_order), methods=["POST"]),
    Route("/_sandbox/orders/{id}", guarded(delete_order), methods=["DELETE"]),
    Route("/_sandbox/faults", guarded(show_faults), methods=["GET"]),
    Route("/_sandbox/faults", guarded(add_fault), methods=["POST"]),
    Route("/_sandbox/faults", guarded(clear_faults), methods=["DELETE"]),
    Route("/_sandbox/reset", guarded(reset), methods=["POST"]),
    Route("/_sandbox/late", guarded(apply_late), methods=["POST"]),
    Route("/_sandbox/clock", guarded(move_clock), methods=["POST"]),
]
