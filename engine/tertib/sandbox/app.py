"""Put the sandbox's doors on one Starlette application."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tertib.sandbox import endpoints
from tertib.sandbox.control import CONTROLS
from tertib.sandbox.credentials import DEFAULT_TOKENS, Credential
from tertib.sandbox.faults import Faults
from tertib.sandbox.filters import TagsMean
from tertib.sandbox.gateway import door
from tertib.sandbox.journal import Journal
from tertib.sandbox.limits import Limits, Meter
from tertib.sandbox.refusal import Refusal
from tertib.sandbox.shop import Shop
from tertib.sandbox.state import Sandbox, sandbox_of

DOORS = (
    Route("/v3/orders", door("list", endpoints.list_orders), methods=["GET"]),
    Route("/v3/orders/statistics", door("statistics", endpoints.statistics), methods=["GET"]),
    Route("/v3/orders/change-status", door("change", endpoints.change_status), methods=["POST"]),
    Route("/v3/orders/{id}", door("order", endpoints.one_order), methods=["GET"]),
    Route(
        "/v3/stores/{store_id}/customers/me/orders",
        door("customer", endpoints.customer_orders),
        methods=["GET"],
    ),
)


def build(
    shop: Shop,
    *,
    tokens: Mapping[str, Credential] | None = None,
    limits: Limits | None = None,
    faults: Faults | None = None,
    max_batch: int = 50,
    tags_mean: TagsMean = "any",
) -> Starlette:
    """Build the application that serves a shop."""
    sandbox = Sandbox(
        shop=shop,
        tokens=dict(DEFAULT_TOKENS if tokens is None else tokens),
        meter=Meter(limits or Limits(), shop.clock),
        faults=faults if faults is not None else Faults(),
        journal=Journal(),
        max_batch=max_batch,
        tags_mean=tags_mean,
    )
    app = Starlette(routes=[*DOORS, *CONTROLS], exception_handlers={HTTPException: _no_such_door})
    app.state.sandbox = sandbox
    return app


def _no_such_door(request: Request, error: Exception) -> Response:
    """Answer unknown paths and methods in JSON, like everything else."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = error.detail if isinstance(error, HTTPException) else "Internal server error"
    return JSONResponse(Refusal(status, said).body(sandbox_of(request.app.state).shop.contract), status)
