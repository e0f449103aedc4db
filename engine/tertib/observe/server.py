"""A small HTTP server beside the loop: `/metrics`, `/healthz`, `/readyz`, and whatever else is mounted on it.

It runs in a thread of its own. It listens on this machine alone unless somebody said otherwise, and answers only
questions that name this machine, so that no page in a browser here can read the figures through a name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tertib.model import Listen
from tertib.observe.runner import Runner

_HERE: Final = ("127.0.0.1", "localhost", "::1", "[::1]")
_UNAVAILABLE: Final = 503
_GRACE: Final = 2

Answer = Callable[[], tuple[bool, Mapping[str, Any]]]


def routes(metrics: Callable[[], bytes], living: Answer, ready: Answer) -> list[BaseRoute]:
    """Return the routes of metrics and health, to be mounted wherever pages are served."""

    # plain functions: starlette calls them in a thread, so that a slow ledger holds up no other answer
    def show_metrics(_request: Request) -> Response:
        return Response(metrics(), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})

    def show_living(_request: Request) -> Response:
        return _said(living())

    def show_ready(_request: Request) -> Response:
        return _said(ready())

    return [
        Route("/metrics", show_metrics, methods=["GET"]),
        Route("/healthz", show_living, methods=["GET"]),
        Route("/readyz", show_ready, methods=["GET"]),
    ]


def _said(answer: tuple[bool, Mapping[str, Any]]) -> Response:
    ok, document = answer
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(dict(document), status_code=200 if ok else _UNAVAILABLE, headers=headers)


class Server(Runner):
    """Serves routes in a thread until it is closed."""

    def __init__(
        self, listen: Listen, mounted: Iterable[BaseRoute], middleware: Sequence[Middleware] = ()
    ) -> None:
        """Take the address at once: raises `SettingsError` where another program has it."""
        hosts = ["*"] if listen.remote else list(_HERE)
        trusted = Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
        app = Starlette(routes=list(mounted), middleware=[trusted, *middleware])
        super().__init__(
            app,
            listen.host,
            listen.port,
            name="metrics and health",
            grace=_GRACE,
            hint="choose another port in `listen`",
            timeout_keep_alive=_GRACE,
        )
