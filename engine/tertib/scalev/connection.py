"""Send one request over httpx and take in its answer, bounded in size and time.

The token goes to the configured address and nowhere else: redirects are never followed, cookies never kept, and one
connection pool never serves two credentials' cookies.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from tertib import __version__
from tertib.errors import CredentialError, SettingsError
from tertib.ports import Clock
from tertib.sayings import N_, said
from tertib.scalev.answers import Received, clean

LARGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of one answer, after decompression; a page of 25 orders has a few hundred thousand at the most."""

# httpx bounds each chunk's wait, not their sum: a body may take this many timeouts in all.
_MOST_TIMEOUTS: Final = 4

# httpx logs every address with its query, and ours may hold a phone number to search for.
logging.getLogger("httpx").setLevel(logging.WARNING)


def open_http(
    timeout: timedelta, transport: httpx.BaseTransport | None, *, keep_alive: bool = True
) -> httpx.Client:
    """Make a client that follows no redirect, keeps no cookie and tries nothing twice.

    Proxies and certificates come from the environment, as people expect, unless a `transport` is given. But what is
    not encrypted goes to this machine only, and no proxy gets to read the token in it.
    """
    return httpx.Client(
        timeout=timeout.total_seconds(),
        transport=transport,
        mounts={"http://": None},
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        limits=httpx.Limits(max_keepalive_connections=20 if keep_alive else 0),
        headers={"User-Agent": f"tertib/{__version__}", "Accept": "application/json"},
    )


def exchange(http: httpx.Client, request: httpx.Request, clock: Clock, timeout: timedelta) -> Received:
    """Send `request` once and return the answer; raises httpx's errors where no status line arrived."""
    deadline = clock.monotonic() + _MOST_TIMEOUTS * timeout.total_seconds()
    response = http.send(request, stream=True, follow_redirects=False)
    try:
        body, broken = _body(response, clock, deadline)
    finally:
        # What was read stands, whatever becomes of the connection.
        with suppress(httpx.HTTPError):
            response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Received(response.status_code, headers, body, broken)


def _body(response: httpx.Response, clock: Clock, deadline: float) -> tuple[bytes, str]:
    """Read the body within its bounds; the second value says what cut it off, "" where nothing did."""
    body = bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LARGEST_BODY:
                return bytes(body), "grew too large"
            if clock.monotonic() > deadline:
                return bytes(body), "took too long"
    except httpx.TimeoutException:
        return bytes(body), N_("timed out")
    except httpx.DecodingError:
        return bytes(body), "could not be decompressed"
    except httpx.HTTPError:
        return bytes(body), "was cut off"
    return bytes(body), ""


def address(base_url: str) -> httpx.URL:
    """Read `api.base_url`; raises SettingsError where it is no plain http address."""
    try:
        url = httpx.URL(base_url.rstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError("`api.base_url` is no http or https address")
    if url.userinfo or url.query or url.fragment:
        # A user and password in it would take the place of the token.
        raise SettingsError("`api.base_url` may hold a host and a path only")
    return url


def bearer(token: str | None, variable: str) -> str:
    """Return the Authorization header's value; raises CredentialError, which names `variable`, without a usable token."""
    token = (token or "").strip()
    hint = said(
        "set `%(variable)s`, or `%(variable)s_FILE` to a file with mode 0600; one of several `accounts` names its own",
        variable=variable,
    )
    if not token:
        raise CredentialError(said("no token: `%(variable)s` is not set", variable=variable), hint=hint)
    if not all("!" <= letter <= "~" for letter in token):
        raise CredentialError(
            said("the token in `%(variable)s` holds a character that no token has", variable=variable),
            hint=hint,
        )
    return f"Bearer {token}"


def why(error: Exception) -> str:
    """Say in a few words what the network did; never what httpx says about headers."""
    if isinstance(error, httpx.TimeoutException):
        return N_("timed out")
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return clean(str(error)) or N_("could not connect")
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return N_("the connection was lost")
    return N_("the request failed")
