"""The application: the table of pages, each behind the same checks."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tertib.clock import Stopped
from tertib.errors import LedgerError, PlanRefused, ReadError, SettingsError, TertibError
from tertib.sayings import N_, said
from tertib.web import auth
from tertib.web.guard import LONGEST_FORM, Guard
from tertib.web.render import STATIC
from tertib.web.routes import PAGES, Page
from tertib.web.site import Refusal, Site, Visit

_STATUS: Final = (
    (PlanRefused, 409),
    (Stopped, 503),
    (LedgerError, 503),
    (ReadError, 502),
    (SettingsError, 502),
)
_MOST_FIELDS: Final = 20_000
_AT_ONCE: Final = 8
"""Pages that are made at the same time: the ledger has connections for that many."""


def build(site: Site) -> Starlette:
    """Return the application that serves a site."""
    gate = asyncio.Semaphore(_AT_ONCE)
    routes = [Route(page.path, _endpoint(page, site, gate), methods=[page.method]) for page in PAGES]
    # Only files that are the same for everybody are compressed: a page holds its visitor's secret.
    files = GZipMiddleware(StaticFiles(directory=STATIC))
    return Starlette(
        routes=[*routes, Mount("/static", files)],
        middleware=[Middleware(Guard, site=site)],
        exception_handlers={HTTPException: _told_by(site)},
    )


def _endpoint(page: Page, site: Site, gate: asyncio.Semaphore) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form = await _form(request) if page.method == "POST" else QueryParams()
        async with gate:
            return await run_in_threadpool(_answer, page, site, request, form)

    return answer


async def _form(request: Request) -> QueryParams:
    """Return a form's fields; an empty form for what is none, which no token fits."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        return QueryParams()
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_FORM:
            raise HTTPException(413)
    try:
        text = body.decode("ascii")
    except ValueError:
        return QueryParams()
    return QueryParams(text) if text.count("&") < _MOST_FIELDS else QueryParams()


def _answer(page: Page, site: Site, request: Request, form: QueryParams) -> Response:
    """Find out who asks, refuse what they may not do, and show the page; whatever fails becomes a sentence."""
    visit = _nobody(site, request)
    try:
        person, secret = auth.visitor(site, request)
        visit = replace(
            visit, person=person, secret=secret, form=form, tongue=auth.tongue_of(person, request)
        )
        refusal = _refusal(page, visit)
        if refusal is not None:
            return refusal
        account = request.path_params.get("account")
        return page.show(visit if account is None else visit.about(site.desks[account]))
    except TertibError as error:
        return visit.told(str(error), error.hint, status=_status(error))
    except Exception as error:  # noqa: BLE001 - a fault in one page must show nobody a traceback, nor log an order
        site.log.error(  # noqa: TRY400 - a traceback may quote an order
            "page failed", page=page.path, why=f"internal error: {type(error).__name__}"
        )
        return _failed(visit)


def _nobody(site: Site, request: Request) -> Visit:
    return Visit(site, request, auth.tongue_of(None, request), site.clock.now(), secret=site.secret)


def _status(error: TertibError) -> int:
    if isinstance(error, Refusal):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def _refusal(page: Page, visit: Visit) -> Response | None:
    """Return why a visitor does not get to see a page, None where they do."""
    if page.role is not None and visit.person is None:
        return _sign_in_first(visit)
    if page.method == "POST" and not _carries_secret(visit):
        hint = N_("go back, reload the page, and send it again")
        return visit.told(N_("this form is too old, or did not come from these pages"), hint, status=403)
    account = visit.request.path_params.get("account")
    if account is not None and not _sees(visit, account):
        strange = said("there is no account `%(account)s` that you may see", account=account)
        return visit.told(strange, status=404)
    if page.role is not None and not visit.who.may(page.role, account):
        denied = said(
            "your role is `%(role)s`, and this needs `%(needed)s`", role=visit.who.role, needed=page.role
        )
        return visit.told(denied, N_("an admin gives roles with `tertib people change`"), status=403)
    return None


def _sees(visit: Visit, account: str) -> bool:
    return account in visit.site.desks and visit.who.may("viewer", account)


def _carries_secret(visit: Visit) -> bool:
    given = visit.form.get("csrf", "")
    return hmac.compare_digest(given.encode(), visit.secret.encode())


def _sign_in_first(visit: Visit) -> Response:
    """Lead to the form to sign in, and back here afterwards."""
    headers = visit.request.headers
    if not visit.site.people.listed():
        message = N_("nobody may open these pages yet: this request did not come from this machine alone")
        return visit.told(message, N_("`tertib people add NAME` adds the first person"), status=403)
    place = f"/login?next={quote(visit.here, safe='')}" if visit.request.method == "GET" else "/login"
    if visit.is_part:
        return Response(status_code=401, headers={"hx-redirect": "/login"})
    if visit.request.method == "GET" and headers.get("sec-fetch-site") == "cross-site":
        # A link from a chat: the browser sends our cookie only once one of our own pages asks.
        return visit.page("continue.html", place=visit.here)
    return RedirectResponse(place, 303)


# --- what no page answers -------------------------------------------------------------------------------


def _told_by(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return await run_in_threadpool(_nothing_here, site, request, status)

    return answer


def _nothing_here(site: Site, request: Request, status: int) -> Response:
    visit = _nobody(site, request)
    messages = {404: N_("there is no such page"), 405: N_("this page takes no such request")}
    return visit.told(messages.get(status, N_("this request cannot be answered")), status=status)


def _failed(visit: Visit) -> Response:
    return visit.told(
        N_("this page failed: a fault in tertib, not in your rules"),
        N_("the log of `tertib serve` names it"),
        status=500,
    )
