"""Send one request over httpx and take in its answer, bounded in size and time.

The token goes to the configured address and nowhere else: redirects are never followed, cookies never kept, and one
connection pool never serves two credentials' cookies.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from tertib import __version__
from tertib.errors import CredentialError, SettingsError
from tertib.ports import Clock
from tertib.sayings import N_, said
from tertib.scalev.answers import Received, clean
from tertib.scalev.bodies import CODING, read_body
from tertib.scalev.deadline import Deadline
from tertib.scalev.transport import Transport

# httpx logs every address with its query, and ours may hold a phone number to search for.
logging.getLogger("httpx").setLevel(logging.WARNING)


def open_http(
    timeout: timedelta, transport: httpx.BaseTransport | None, *, keep_alive: bool = True
) -> httpx.Client:
    """Make a client that follows no redirect, keeps no cookie and tries nothing twice.

    Proxies and certificates come from the environment, as people expect, unless a `transport` is given.
    """
    return httpx.Client(
        timeout=timeout.total_seconds(),
        transport=transport or Transport(keep_alive=keep_alive),
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        headers={
            "User-Agent": f"tertib/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": CODING,
        },
    )


def exchange(http: httpx.Client, request: httpx.Request, clock: Clock, timeout: timedelta) -> Received:
    """Send `request` once and return the answer; raises httpx's errors where no headers arrived.

    All of it together takes no longer than `timeout`, and no byte of the request leaves later: a change that is read
    back after more than that (`apply.settle`) is no longer on its way.
    """
    deadline = Deadline.within(clock, timeout)
    with deadline.holds():
        response = http.send(request, stream=True, follow_redirects=False)
        try:
            body, broken = read_body(response, deadline)
        finally:
            # What was read stands, whatever becomes of the connection.
            with suppress(httpx.HTTPError):
                response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Received(response.status_code, headers, body, broken)


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
