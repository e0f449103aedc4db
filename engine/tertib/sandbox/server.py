"""Serve a shop over real HTTP: in a thread for tests and the demo, or until told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tertib.sandbox.app import build
from tertib.sandbox.credentials import Credential, customer_token
from tertib.sandbox.faults import Faults
from tertib.sandbox.filters import TagsMean
from tertib.sandbox.gateway import TRANSPORT
from tertib.sandbox.journal import Journal
from tertib.sandbox.limits import Limits
from tertib.sandbox.shop import Shop
from tertib.sandbox.state import Sandbox, sandbox_of

START_TIMEOUT: Final = 15.0
_NAP: Final = 0.1
"""Seconds that pass at most until a signal is heeded."""


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that is being served."""

    url: str
    sandbox: Sandbox
    thread: threading.Thread

    @property
    def shop(self) -> Shop:
        """Give the shop."""
        return self.sandbox.shop

    @property
    def faults(self) -> Faults:
        """Give the switches for what goes wrong."""
        return self.sandbox.faults

    @property
    def journal(self) -> Journal:
        """Give the record of every request."""
        return self.sandbox.journal

    @property
    def business_token(self) -> str:
        """Name the business token with the most scopes."""
        business = {token: one for token, one in self.sandbox.tokens.items() if one.kind == "business"}
        return max(business, key=lambda token: len(business[token].scopes))

    def customer_token(self, store_id: str, customer_id: int | None = None) -> str:
        """Name the token of a store's demo customer, or of another customer there."""
        return customer_token(store_id, customer_id)

    def apply_late(self) -> int:
        """Carry out at once every change that a `late_apply` fault holds back."""
        return self.sandbox.late.carry_out_all()


class _Protocol(H11Protocol):
    """Hand each request its connection, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, TRANSPORT: transport}
        # asyncio does this only for sockets made with an explicit protocol; without it an answer waits 40 ms for an ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """Tell when requests are welcome, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serve(
    shop: Shop,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tokens: Mapping[str, Credential] | None = None,
    limits: Limits | None = None,
    faults: Faults | None = None,
    max_batch: int = 50,
    tags_mean: TagsMean = "any",
) -> Iterator[Served]:
    """Serve a shop from a thread, on a free port unless one is given, until the block ends."""
    app = build(shop, tokens=tokens, limits=limits, faults=faults, max_batch=max_batch, tags_mean=tags_mean)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    with socket.create_server((host, port), family=_family(host), backlog=128) as sock:
        server = _Server(config)
        thread = threading.Thread(target=server.run, args=([sock],), name="tertib-sandbox", daemon=True)
        thread.start()
        try:
            if not server.ready.wait(START_TIMEOUT):
                raise RuntimeError("the sandbox did not start")
            yield Served(_url(sock), sandbox_of(app.state), thread)
        finally:
            server.should_exit = True
            thread.join(START_TIMEOUT)


def run_forever(
    shop: Shop,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    on_ready: Callable[[Served], None] | None = None,
    tokens: Mapping[str, Credential] | None = None,
    limits: Limits | None = None,
    faults: Faults | None = None,
    max_batch: int = 50,
    tags_mean: TagsMean = "any",
) -> None:
    """Serve a shop until SIGTERM or Ctrl-C, then stop cleanly and return."""
    with (
        _signals() as asked,
        serve(
            shop,
            host=host,
            port=port,
            tokens=tokens,
            limits=limits,
            faults=faults,
            max_batch=max_batch,
            tags_mean=tags_mean,
        ) as served,
    ):
        if on_ready is not None:
            on_ready(served)
        while not asked and served.thread.is_alive():
            served.thread.join(_NAP)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Yield where the two signals of an ordinary end are noted; other threads than the main one get none.

    A list, because setting a `threading.Event` in a handler could wait for a lock that the interrupted code holds.
    """
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {one: signal.signal(one, on_signal) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
