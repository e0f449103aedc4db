"""Metrics and health over real HTTP: what they answer, to whom, and where they refuse to listen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shopfloor import ACCOUNT, Floor
from tertib.errors import CredentialError, LedgerError, SettingsError
from tertib.model import Listen
from tertib.observe import health, metrics
from tertib.observe.pulse import STALLED, Pulse
from tertib.observe.server import Server, routes
from tertib.settings.telling import listen_at


class Token:
    """A token that may be missing."""

    missing = False

    def __call__(self) -> str:
        """Return the token."""
        if self.missing:
            raise CredentialError("no token")
        return "token"


@contextmanager
def answering(floor: Floor, pulse: Pulse, token: Any, *more: Route) -> Iterator[httpx.Client]:
    """Serve an account's metrics and health."""
    watched = metrics.Watched(ACCOUNT, floor.ledger)
    known = health.Health(pulse, [health.Ready(watched, token)])
    registry = metrics.registry(metrics.Figured([watched], pulse, floor.clock.now))
    mounted = routes(lambda: metrics.exposition(registry), known.living, known.ready)
    server = Server(Listen("127.0.0.1", 0), [*mounted, *more])
    server.start()
    try:
        with httpx.Client(base_url=f"http://{server.address}", trust_env=False) as client:
            yield client
    finally:
        server.close()


@pytest.fixture
def pulse(floor: Floor) -> Pulse:
    """Give signs of life on the floor's clock."""
    return Pulse(floor.clock.monotonic)


def test_metrics_and_health_are_answered(floor: Floor, pulse: Pulse) -> None:
    """Each at its path, in its format, and beside whatever else is mounted."""
    page = Route("/page", lambda _request: PlainTextResponse("a page"))
    with answering(floor, pulse, Token(), page) as client:
        shown = client.get("/metrics")
        assert shown.headers["content-type"].startswith("text/plain; version=")
        assert f'tertib_ledger_up{{account="{ACCOUNT}"}} 1.0' in shown.text
        assert client.get("/healthz").json() == {"ok": True, "last_turn_seconds": 0.0}
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            200,
            {"ok": True, "accounts": {ACCOUNT: {"ledger": True, "token": True}}},
        )
        assert client.get("/page").text == "a page"
        assert client.get("/secrets").status_code == 404


def test_a_loop_that_stands_still_is_not_alive(floor: Floor, pulse: Pulse) -> None:
    """After longer than any wait of the work itself; a sign of life ends it."""
    with answering(floor, pulse, Token()) as client:
        floor.later(seconds=STALLED - 1)
        assert client.get("/healthz").status_code == 200
        floor.later(seconds=2)
        assert client.get("/healthz").status_code == 503
        pulse.beat()
        assert client.get("/healthz").status_code == 200


def test_what_cannot_work_is_not_ready(floor: Floor, pulse: Pulse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is missing or was rejected, tables of another version, a ledger that does not answer."""
    token = Token()
    ready = health.Ready(metrics.Watched(ACCOUNT, floor.ledger), token)
    assert ready.checks() == {"ledger": True, "token": True}
    token.missing = True
    assert ready.checks() == {"ledger": True, "token": False}
    token.missing = False
    floor.slot("cancel", "failed", cause="token")
    assert ready.checks() == {"ledger": True, "token": False}
    with answering(floor, pulse, token) as client:
        assert client.get("/readyz").status_code == 503
    floor.slot("cancel", "done")
    assert ready.checks() == {"ledger": True, "token": True}
    monkeypatch.setattr("tertib.ledger.schema.HEAD", "9999")
    assert ready.checks() == {"ledger": False, "token": True}

    def down(*_: object) -> None:
        raise LedgerError("the database does not answer")

    for question in ("is_current", "token_refused"):
        monkeypatch.setattr(type(floor.ledger.figures), question, down)
    assert ready.checks() == {"ledger": False, "token": True}


def test_a_page_elsewhere_cannot_read_the_figures(floor: Floor, pulse: Pulse) -> None:
    """A name of somebody else's that leads to this machine is refused: a browser here would follow it."""
    with answering(floor, pulse, Token()) as client:
        assert client.get("/metrics", headers={"Host": "attacker.example"}).status_code == 400


def test_a_port_that_is_taken_is_said() -> None:
    """In words, before anything is served."""
    server = Server(Listen("127.0.0.1", 0), [])
    port = int(server.address.rpartition(":")[2])
    server.start()
    try:
        with pytest.raises(SettingsError, match=rf"cannot listen on 127\.0\.0\.1:{port}: "):
            Server(Listen("127.0.0.1", port), [])
    finally:
        server.close()


@pytest.mark.parametrize("at", ["127.0.0.1:9464", "localhost:0", "[::1]:9464", "127.8.8.8:1"])
def test_this_machine_may_always_ask(at: str) -> None:
    """Addresses of the loopback need no leave."""
    assert isinstance(listen_at(at, remote=False), Listen)


@pytest.mark.parametrize("at", ["0.0.0.0:9464", "192.168.1.7:9464", "[::]:9464"])
def test_another_machine_may_ask_only_with_leave(at: str) -> None:
    """Metrics hold the shop's figures."""
    refused = listen_at(at, remote=False)
    assert refused[0] == "other machines could read the shop's figures there"  # type: ignore[index]  # it is no `Listen`
    assert isinstance(listen_at(at, remote=True), Listen)


@pytest.mark.parametrize("at", ["", "9464", ":9464", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "shop:1"])
def test_what_is_no_address_is_said(at: str) -> None:
    """With what one looks like."""
    assert not isinstance(listen_at(at, remote=True), Listen)
