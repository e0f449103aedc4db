"""Hold a request to one deadline, from the first attempt to connect to the last byte of its answer.

httpx and httpcore bound each wait for the network, never their sum: a server that lets a byte through now and then keeps
a request alive for ever. So every wait below them is given what is left of the deadline. Only the look-up of a host's
name takes as long as the system lets it; it comes before anything is sent.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

import httpcore

from tertib.ports import Clock

# A socket that can take anything at all takes this much at once, so that one wait is enough for it.
_PIECE: Final = 2048


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which a request and its answer must be over, in the clock's monotonic seconds."""

    clock: Clock
    at: float

    @classmethod
    def within(cls, clock: Clock, span: timedelta) -> Self:
        """Return the deadline that comes when `span` has gone by."""
        return cls(clock, clock.monotonic() + span.total_seconds())

    def left(self) -> float:
        """Return how many seconds are left; none, or fewer, once it is over."""
        return self.at - self.clock.monotonic()

    @contextmanager
    def holds(self) -> Iterator[None]:
        """Bound whatever this thread does on the network inside the `with` block."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)


_CURRENT: Final[ContextVar[Deadline]] = ContextVar("deadline")


def _left(over: type[Exception]) -> float:
    """Return the seconds left of the deadline that holds here; raise `over` where there are none."""
    left = _CURRENT.get().left()
    if left <= 0:
        raise over("the request took too long")
    return left


class BoundedBackend(httpcore.NetworkBackend):
    """Opens connections whose every wait ends with the deadline that holds; the timeouts it is told do not count."""

    def __init__(self) -> None:
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers; each gets its share of the time that is left."""
        addresses = _addresses(host, port)
        fault: Exception = httpcore.ConnectError("the host has no address")
        for tried, address in enumerate(addresses):
            share = _left(httpcore.ConnectTimeout) / (len(addresses) - tried)
            try:
                stream = self._system.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
            else:
                return _BoundedStream(stream)
        raise fault


def _addresses(host: str, port: int) -> list[str]:
    """Look up the host's addresses, in the order in which they are to be tried."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(error) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the deadline that holds when it begins."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline counts
        return self._stream.read(max_bytes, _left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline counts
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
    ) -> httpcore.NetworkStream:
        left = _left(httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class BoundedSocket(ssl.SSLSocket):
    """An encrypted connection to a proxy, within which there is another: httpcore waits several times for one read."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive, within what is left of the deadline."""
        self.settimeout(_left(TimeoutError))
        return super().recv(buflen, flags)

    def send(self, data: Any, flags: int = 0) -> int:
        """Send, within what is left of the deadline."""
        self.settimeout(_left(TimeoutError))
        return super().send(data, flags)
