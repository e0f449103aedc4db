"""What holds for every request before any page sees it: the name it came by, where it came from, how long it is."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tertib.sayings import N_, said
from tertib.telling.tongue import preferred, tongue
from tertib.web.digits import whole
from tertib.web.site import Site

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

LONGEST_FORM: Final = 10_000 * len("pick=01890a5d-ac96-774b-bcce-b302099a8057&") + 16 * 1024
"""Bytes of a form: ten thousand orders picked by id, which may be UUIDs, and a note of the longest kind."""

_SAFE: Final = frozenset({"GET", "HEAD"})


class Guard:
    """Refuse what no page should see, and give every answer the headers that keep a browser from harm."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._harden(MutableHeaders(scope=message), scope["path"])
            await send(message)

        app = self._app if refusal is None else refusal
        await app(scope, receive, with_headers)

    def _refusal(self, method: str, headers: Headers) -> ASGIApp | None:
        host = host_of(headers.get("host", ""))
        if host not in self._site.hosts:
            # Another site's name that leads here: its scripts must not read these pages.
            strange = said(
                "the pages are not served as `%(host)s`; `web: {hosts: […]}` in tertib.yaml adds a name",
                host=host or "?",
            )
            return _told(strange, 421, headers)
        if method not in _SAFE and not self._is_ours(headers, host):
            return _told(N_("this form was sent from another site, and is refused"), 403, headers)
        if method not in _SAFE and not _fits(headers):
            return _told(N_("this form is too long"), 413, headers)
        return None

    def _is_ours(self, headers: Headers, host: str) -> bool:
        """Tell whether a form was sent by one of our pages, as far as the browser says where it came from."""
        came = headers.get("sec-fetch-site")
        if came is not None and came != "same-origin":
            return False
        origin = headers.get("origin")
        if origin is None:
            return True  # no browser, or an old one: the form's own token decides
        return origin != "null" and host_of(urlsplit(origin).netloc) == host

    def _harden(self, headers: MutableHeaders, path: str) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        if self._site.secure:
            headers["strict-transport-security"] = "max-age=31536000"
        kept = "public, max-age=31536000, immutable" if path.startswith("/static/") else "no-store"
        headers["cache-control"] = kept


def _told(why: str, status: int, headers: Headers) -> PlainTextResponse:
    speech = tongue(preferred(headers.get("accept-language", "")))
    return PlainTextResponse(f"{speech.say(why)}\n", status, {"content-language": speech.language})


def host_of(netloc: str) -> str:
    """Return the host of `host:port`, in small letters; "" for what is none."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""


def _fits(headers: Headers) -> bool:
    length = whole(headers.get("content-length", ""))
    return length is not None and length <= LONGEST_FORM
