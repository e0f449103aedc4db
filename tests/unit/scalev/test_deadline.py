"""A request ends by its deadline, whatever the server does: real sockets on loopback, and servers that never end."""

from __future__ import annotations

import json
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import httpcore
import httpx
import pytest

from tertib.clock import SystemClock
from tertib.errors import ReadError
from tertib.model import Source
from tertib.ports import Clock
from tertib.scalev import client as clients
from tertib.scalev.budget import RollingBudget
from tertib.scalev.client import ChangeClient, Client
from tertib.scalev.deadline import BoundedBackend, Deadline

TIMEOUT: Final = timedelta(seconds=0.3)
LONGEST: Final = 2.5
"""Seconds after which a request has certainly outlived its deadline, however busy the machine is."""

BODY: Final = {"ids": [1], "status": "canceled"}
PAGE: Final = json.dumps({"data": [], "is_paginated": False}).encode()
GOOD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE)
GZIP_BEGUN: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
EMPTY_BLOCK: Final = b"\x00\x00\x00\xff\xff"

DRIPS: Final = {
    "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a status line": (b"HTTP/1.1 2", b"0"),
    "headers": (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    "a body in pieces": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "empty blocks": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n" + GZIP_BEGUN,
        EMPTY_BLOCK,
    ),
}
"""What each server sends first, and then again and again."""

Answer = Callable[["Server", socket.socket], None]


class Server:
    """Listens on loopback, gives each request the next of the prepared answers, and notes who came and who left."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.connections = self.requests = 0
        self.left = threading.Event()
        self.over = threading.Event()
        self._until = time.monotonic() + 2 * LONGEST
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """End every thread."""
        self.over.set()
        # Closing a listener does not wake who waits for it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def read_request(self, connection: socket.socket) -> bytes:
        """Take in one request; nothing where the client has left."""
        read = b""
        while b"\r\n\r\n" not in read or (b"Content-Length" in read and not read.endswith(b"}")):
            piece = connection.recv(65536)
            if not piece:
                return b""
            read += piece
        self.requests += 1
        return read

    def drip(self, connection: socket.socket, piece: bytes) -> None:
        """Send a piece again and again, far more often than the client's patience lasts for one."""
        while self.goes_on():
            connection.sendall(piece)

    def goes_on(self) -> bool:
        """Pause for a moment, and tell whether to go on: without end, but for a client that has no deadline."""
        return not self.over.wait(0.03) and time.monotonic() < self._until

    def _listen(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._talk, args=(connection,)))
            self._threads[-1].start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, suppress(OSError):
            while self.answers:
                self.answers.pop(0)(self, connection)
        self.left.set()


def dripping(first: bytes, piece: bytes) -> Answer:
    """Make an answer that never ends."""

    def answer(server: Server, connection: socket.socket) -> None:
        if server.read_request(connection):
            connection.sendall(first)
            server.drip(connection, piece)

    return answer


def good(server: Server, connection: socket.socket) -> None:
    """Answer at once."""
    if not server.read_request(connection):
        raise ConnectionError
    connection.sendall(GOOD)


def never_reading(server: Server, connection: socket.socket) -> None:
    """Take a byte of the request now and then."""
    while server.goes_on():
        connection.recv(1)


def shaking_hands(server: Server, connection: socket.socket) -> None:
    """Begin an encrypted answer to an encrypted greeting, and never end it."""
    connection.sendall(b"\x16\x03\x03\x40\x00")
    server.drip(connection, b"\x02")


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Return a maker of servers that end with the test."""
    servers: list[Server] = []

    def make(*answers: Answer) -> Server:
        servers.append(Server(*answers))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


class SkippingClock(SystemClock):
    """The machine's clock, and what a test lets go by at once."""

    skipped = 0.0

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        return super().monotonic() + self.skipped


@pytest.fixture
def skipping_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SkippingClock]:
    """Return the machine's clock, and let nothing be read twice."""
    monkeypatch.setattr(clients, "ATTEMPTS", 1)
    clock = SkippingClock()
    yield clock
    clock.close()


@pytest.fixture
def real_clock(skipping_clock: SkippingClock) -> SystemClock:
    """Return the machine's clock as it is."""
    return skipping_clock


def reader(address: str, clock: Clock, timeout: timedelta = TIMEOUT) -> Client:
    """Make a client of the real network that reads."""
    return Client(
        address,
        token="business-token",
        customer_token=None,
        timeout=timeout,
        budget=RollingBudget(clock),
        clock=clock,
        rng=random.Random(7),
    )


def writer(address: str, clock: Clock) -> ChangeClient:
    """Make a client of the real network that changes."""
    return ChangeClient(
        address, token="business-token", timeout=TIMEOUT, budget=RollingBudget(clock), clock=clock
    )


# --- what never ends ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", DRIPS)
def test_a_read_ends_though_its_answer_does_not(
    serve: Callable[..., Server], real_clock: SystemClock, what: str
) -> None:
    """Each byte comes in time and the whole never does; then the connection is closed, not kept."""
    server = serve(dripping(*DRIPS[what]))
    begun = time.monotonic()
    with reader(f"http://{server.address}", real_clock) as client:
        with pytest.raises(ReadError, match=r"timed out|took too long"):
            client.page(Source(), {})
        assert time.monotonic() - begun < LONGEST
        assert server.left.wait(LONGEST)


@pytest.mark.parametrize("what", DRIPS)
def test_a_change_ends_though_its_answer_does_not(
    serve: Callable[..., Server], real_clock: SystemClock, what: str
) -> None:
    """Nobody knows what became of it, and the server sees the connection end: nothing is under way any more."""
    server = serve(dripping(*DRIPS[what]))
    begun = time.monotonic()
    with writer(f"http://{server.address}", real_clock) as client:
        assert client.change_status(BODY).how == "unknown"
        assert time.monotonic() - begun < LONGEST
        assert server.left.wait(LONGEST)
    assert server.requests == 1


def test_a_change_that_is_not_taken_in_ends(serve: Callable[..., Server], real_clock: SystemClock) -> None:
    """A server that reads a byte now and then holds the request no longer than one that does not answer."""
    server = serve(never_reading)
    begun = time.monotonic()
    with writer(f"http://{server.address}", real_clock) as client:
        assert client.change_status({"ids": [1], "by": "x" * 20_000_000}).how == "unknown"
    assert time.monotonic() - begun < LONGEST


def test_a_handshake_that_drips_ends_before_anything_is_sent(
    serve: Callable[..., Server], real_clock: SystemClock
) -> None:
    """Without an encrypted connection nothing left: that is known."""
    server = serve(shaking_hands)
    begun = time.monotonic()
    with writer(f"https://{server.address}", real_clock) as client:
        answer = client.change_status(BODY)
    assert (answer.how, answer.message) == ("refused", "not sent: timed out")
    assert time.monotonic() - begun < LONGEST


def test_nothing_is_written_after_the_deadline(
    serve: Callable[..., Server], skipping_clock: SkippingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that slept between connecting and sending does not send any more."""
    connect = BoundedBackend.connect_tcp

    def connect_and_sleep(*given: Any, **named: Any) -> httpcore.NetworkStream:
        stream = connect(*given, **named)
        skipping_clock.skipped += 10
        return stream

    monkeypatch.setattr(BoundedBackend, "connect_tcp", connect_and_sleep)
    server = serve(good)
    with writer(f"http://{server.address}", skipping_clock) as client:
        assert client.change_status(BODY).how == "unknown"
    assert server.left.wait(LONGEST)
    assert server.requests == 0


# --- what is kept -------------------------------------------------------------------------------------------------


def test_a_connection_is_kept_after_a_good_answer_and_not_after_a_deadline(
    serve: Callable[..., Server], real_clock: SystemClock
) -> None:
    """What may still arrive on a connection is never taken for the answer to another request."""
    server = serve(good, good, dripping(*DRIPS["a body"]), good)
    with reader(f"http://{server.address}", real_clock) as client:
        client.page(Source(), {})
        client.page(Source(), {})
        assert (server.connections, server.requests) == (1, 2)
        with pytest.raises(ReadError):
            client.page(Source(), {})
        assert (server.connections, server.requests) == (1, 3)
        assert client.page(Source(), {}).orders == ()
    assert (server.connections, server.requests) == (2, 4)


def test_each_request_has_a_deadline_of_its_own(
    serve: Callable[..., Server], skipping_clock: SkippingClock
) -> None:
    """A kept connection does not remember when the request before it had to be over."""
    server = serve(good, good)
    with reader(f"http://{server.address}", skipping_clock) as client:
        client.page(Source(), {})
        skipping_clock.skipped += 10
        client.page(Source(), {})
    assert server.connections == 1


# --- connecting ---------------------------------------------------------------------------------------------------


class Unreachable(httpcore.NetworkBackend):
    """A network on which connecting takes all the time that it is given, but for one address."""

    def __init__(self, clock: Any, reachable: str = "") -> None:
        self.clock, self.reachable = clock, reachable
        self.tried: list[tuple[str, float]] = []

    def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002 - the base class's signature
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the base class's signature
        socket_options: Any = None,  # noqa: ARG002 - the base class's signature
    ) -> httpcore.NetworkStream:
        """Wait, and connect or not."""
        assert timeout is not None
        self.tried.append((host, timeout))
        if host == self.reachable:
            return httpcore.MockStream([])
        self.clock.advance(timedelta(seconds=timeout))
        raise httpcore.ConnectTimeout("timed out")


def connected(clock: Any, monkeypatch: pytest.MonkeyPatch, *addresses: str, reachable: str = "") -> Any:
    """Connect within 12 seconds to a host that has these addresses; return what was tried."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    backend = BoundedBackend()
    backend._system = network = Unreachable(clock, reachable)  # type: ignore[assignment] # a network of another kind
    with Deadline.within(clock, timedelta(seconds=12)).holds():
        if reachable:
            backend.connect_tcp("api.example", 80)
        else:
            with pytest.raises((httpcore.ConnectTimeout, httpcore.ConnectError)):
                backend.connect_tcp("api.example", 80)
    return network.tried


def test_addresses_share_the_time(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first address that does not answer leaves time for the second, and all of them keep the deadline."""
    tried = connected(clock, monkeypatch, "192.0.2.1", "192.0.2.2", "192.0.2.3", reachable="192.0.2.2")
    assert tried == [("192.0.2.1", 4.0), ("192.0.2.2", 4.0)]
    tried = connected(clock, monkeypatch, "192.0.2.1", "192.0.2.2", "192.0.2.1")
    assert tried == [("192.0.2.1", 6.0), ("192.0.2.2", 6.0)]
    assert connected(clock, monkeypatch) == []


@pytest.mark.parametrize("error", [socket.gaierror("unknown name"), UnicodeError("label empty")])
def test_a_name_that_cannot_be_looked_up_is_no_connection(
    writes: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Nothing left: that is known."""

    def look_up(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    answer = writes(None, transport=None).change_status(BODY)
    assert (answer.how, answer.message) == ("refused", f"not sent: {error}")
    assert clock.monotonic() == 1000.0


# --- within a proxy's connection ----------------------------------------------------------------------------------


def anonymous(protocol: int) -> ssl.SSLContext:
    """Return an end of connections that are encrypted without a certificate."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH:@SECLEVEL=0")
    return context


def test_a_connection_within_a_proxys_ends(
    serve: Callable[..., Server], real_clock: SystemClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one handshake takes place inside another, each of many waits is short, and their sum is bounded too."""

    def tunnel(server: Server, connection: socket.socket) -> None:
        with anonymous(ssl.PROTOCOL_TLS_SERVER).wrap_socket(connection, server_side=True) as encrypted:
            server.read_request(encrypted)
            encrypted.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            shaking_hands(server, encrypted)

    server = serve(tunnel)
    monkeypatch.setenv("HTTPS_PROXY", f"https://{server.address}")
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: anonymous(ssl.PROTOCOL_TLS_CLIENT))
    begun = time.monotonic()
    with writer("https://api.example", real_clock) as client:
        assert client.change_status(BODY).how == "refused"
    assert time.monotonic() - begun < LONGEST
    assert server.requests == 1
