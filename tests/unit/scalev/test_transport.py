"""The way to Scalev: straight or through the environment's proxy, with httpx's names for what goes wrong."""

from __future__ import annotations

import inspect
import socket
import threading
from collections.abc import Callable, Iterator

import httpcore
import httpx
import pytest

from tertib.errors import SettingsError
from tertib.scalev.transport import ERRORS, Transport

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the machine's own proxies away."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """Serve as a proxy that refuses every tunnel; return its address, and what it is asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}", asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_every_error_of_httpcore_has_its_name_in_httpx() -> None:
    """An error that a later httpcore adds must not pass the client by."""
    exported = {thing for thing in vars(httpcore).values() if inspect.isclass(thing)}
    errors = {thing for thing in exported if issubclass(thing, Exception)} - {httpcore.ConnectionNotAvailable}
    assert set(ERRORS) == errors
    assert all(ours.__name__ == theirs.__name__ for theirs, ours in ERRORS.items())


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_an_encrypted_request_goes_through_the_proxy(
    writes: Callable[..., object],
    proxy: tuple[str, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    scheme: str,
) -> None:
    """The proxy is told the host and its own password; never the token."""
    address, asked = proxy
    monkeypatch.setenv(name, f"{scheme}me:secret@{address}" if scheme else address)
    client = writes(None, transport=None)
    answer = client.change_status({"ids": [1]})  # type: ignore[attr-defined] # a client
    client.close()  # type: ignore[attr-defined] # a client
    assert (answer.how, answer.message) == ("refused", "not sent: 403 No")
    assert asked[0].startswith(b"CONNECT api.example:443 HTTP/1.1\r\n")
    assert (b"Proxy-Authorization: Basic bWU6c2VjcmV0" in asked[0]) is bool(scheme)
    assert b"business-token" not in asked[0]


def test_what_needs_no_proxy_goes_straight(
    proxy: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`NO_PROXY` counts, and what is not encrypted never goes through a proxy."""
    monkeypatch.setenv("ALL_PROXY", f"http://{proxy[0]}")
    monkeypatch.setenv("NO_PROXY", "example.com,localhost")
    way = Transport(keep_alive=True)
    assert way._pool(httpx.URL("https://api.example")) is way._through_proxy
    assert way._pool(httpx.URL("https://api.example.com")) is way._straight
    assert way._pool(httpx.URL("http://api.example")) is way._straight
    way.close()


@pytest.mark.parametrize(
    "address", ["ftp://me:secret@proxy", "http://me:secret@proxy:port", "socks5://me:secret@proxy"]
)
def test_a_proxy_that_cannot_be_used_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """It is named by its variable, and its password not shown."""

    def without_socksio(**_: object) -> httpcore.SOCKSProxy:
        raise RuntimeError("the `socksio` package is not installed")

    monkeypatch.setattr(httpcore, "SOCKSProxy", without_socksio)
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(SettingsError, match="the proxy that the environment names") as refused:
        Transport(keep_alive=True)
    assert "secret" not in f"{refused.value} {refused.value.hint}"


def test_a_proxy_by_socks_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is there, it is used."""
    told: list[httpcore.URL] = []

    def with_socksio(*, proxy_url: httpcore.URL, **_: object) -> httpcore.ConnectionPool:
        told.append(proxy_url)
        return httpcore.ConnectionPool()

    monkeypatch.setattr(httpcore, "SOCKSProxy", with_socksio)
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    Transport(keep_alive=True).close()
    assert [(url.scheme, url.host, url.port) for url in told] == [(b"socks5h", b"127.0.0.1", 9)]
