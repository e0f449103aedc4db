"""Carry httpx's requests over httpcore's connections, each request held to its deadline.

httpx's own transport takes no network backend, so this one stands in its place: the same pools, proxies and errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from tertib.errors import SettingsError
from tertib.scalev.deadline import BoundedBackend, BoundedSocket

_KEPT_CONNECTIONS: Final = 20
_KEPT_FOR: Final = 5.0

ERRORS: Final[dict[type[Exception], type[httpx.TransportError]]] = {
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.TimeoutException: httpx.TimeoutException,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.WriteError: httpx.WriteError,
    httpcore.WriteTimeout: httpx.WriteTimeout,
}
"""What each of httpcore's errors is called in httpx."""


class Transport(httpx.BaseTransport):
    """The way to Scalev: straight, or through the proxy that the environment names for encrypted addresses.

    What is not encrypted goes to this machine only, and no proxy gets to read the token in it.
    """

    def __init__(self, *, keep_alive: bool) -> None:
        pools: dict[str, Any] = {
            "ssl_context": httpx.create_ssl_context(),
            "max_connections": None,
            "max_keepalive_connections": _KEPT_CONNECTIONS if keep_alive else 0,
            "keepalive_expiry": _KEPT_FOR,
            "network_backend": BoundedBackend(),
        }
        self._straight = httpcore.ConnectionPool(**pools)
        self._through_proxy = _through_proxy(pools)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, the body still to be read."""
        url = request.url
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _named_by_httpx():
            answer = self._pool(url).handle_request(asked)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close the connections."""
        self._straight.close()
        if self._through_proxy is not None:
            self._through_proxy.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        if self._through_proxy is None or url.scheme == "http" or proxy_bypass(url.host):
            return self._straight
        return self._through_proxy


class _Body(httpx.SyncByteStream):
    """An answer's body as it arrives, its errors named by httpx."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _named_by_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        with _named_by_httpx():
            self._answer.close()


@contextmanager
def _named_by_httpx() -> Iterator[None]:
    """Raise httpx's error where httpcore raises its own."""
    try:
        yield
    except tuple(ERRORS) as error:
        raise ERRORS[type(error)](str(error)) from error


def _through_proxy(pools: dict[str, Any]) -> httpcore.ConnectionPool | None:
    """Open the way through the environment's proxy, None where it names none; raises SettingsError for a wrong one."""
    told = getproxies()
    address = told.get("https") or told.get("all")
    if not address:
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        return _proxied(proxy, pools)
    except (ValueError, httpx.InvalidURL, RuntimeError) as error:
        # The address may hold a password, so it is not shown.
        raise SettingsError(
            "the proxy that the environment names cannot be used",
            hint="`HTTPS_PROXY` and `ALL_PROXY` take an http or https address; socks5 needs the package `socksio`",
        ) from error


def _proxied(proxy: httpx.Proxy, pools: dict[str, Any]) -> httpcore.ConnectionPool:
    """Return a pool whose connections go through `proxy`."""
    url = proxy.url
    way: dict[str, Any] = {
        "proxy_url": httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        "proxy_auth": proxy.raw_auth,
        **pools,
    }
    if url.scheme.startswith("socks5"):
        return httpcore.SOCKSProxy(**way)
    if url.scheme == "https":
        encrypted = httpx.create_ssl_context()
        encrypted.sslsocket_class = BoundedSocket
        way["proxy_ssl_context"] = encrypted
    return httpcore.HTTPProxy(**way)
