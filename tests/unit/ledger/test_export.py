"""Checkpoints over HTTP: they reach who is meant, and no address in a settings file opens a door into the network."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tertib.errors import LedgerError
from tertib.ledger import Checkpoint, export

POINT = Checkpoint("default", 3, "mac-3", "2026-03-01T00:00:00Z")


@dataclass
class Collector:
    """A server on this machine that notes what it is sent, and answers as it is told."""

    url: str
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    status: int = 204
    location: str = ""
    body: bytes = b""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Serve until the test ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._answer(self.rfile.read(length).decode())

        def do_GET(self) -> None:
            self._answer("")

        def _answer(self, body: str) -> None:
            made.asked.append((self.command, self.headers["Host"], body))
            self.send_response(made.status)
            if made.location:
                self.send_header("Location", made.location)
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Collector(f"http://localhost:{server.server_port}/tertib")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Let names stand for the addresses that a test gives them."""
    known: dict[str, list[str]] = {}

    def look_up(host: str, *_: object, **__: object) -> list[Any]:
        if host not in known:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


# --- over the wire --------------------------------------------------------------------------------------


def test_a_checkpoint_arrives_as_json(collector: Collector) -> None:
    """Posted once, with its own name as host; this machine only where that was allowed."""
    export.send(collector.url, POINT, loopback=True)
    host = collector.url.split("/")[2]
    assert collector.asked == [("POST", host, json.dumps(POINT.document()))]


def test_a_checkpoint_can_be_fetched(collector: Collector) -> None:
    """What the address gives is handed on as it is."""
    collector.status, collector.body = 200, json.dumps(POINT.document()).encode()
    assert export.fetch(collector.url, loopback=True) == POINT.document()


@pytest.mark.parametrize(
    ("status", "location"), [(301, "x"), (307, "http://localhost:1/"), (404, ""), (500, "")]
)
def test_no_redirect_is_followed_and_no_refusal_overlooked(
    collector: Collector, status: int, location: str
) -> None:
    """Whatever is no success is an error, asked once."""
    collector.status, collector.location = status, location
    with pytest.raises(LedgerError, match=f"http://localhost answers {status}"):
        export.send(collector.url, POINT, loopback=True)
    assert len(collector.asked) == 1


@pytest.mark.parametrize(
    ("body", "message"), [(b"x" * 2_000_000, "more than a checkpoint"), (b"<html>", "does not answer with")]
)
def test_an_answer_that_is_no_checkpoint_is_refused(collector: Collector, body: bytes, message: str) -> None:
    """Too much, or no JSON."""
    collector.status, collector.body = 200, body
    with pytest.raises(LedgerError, match=message):
        export.fetch(collector.url, loopback=True)


def test_a_server_that_is_not_there_is_told(collector: Collector) -> None:
    """In words, without the path, which may be a password."""
    nobody = "http://localhost:1/secret"
    with pytest.raises(LedgerError, match=r"http://localhost does not answer \(ConnectError\)") as caught:
        export.send(nobody, POINT, loopback=True)
    assert "secret" not in str(caught.value)
    assert collector.asked == []


def test_no_proxy_is_asked(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would look the name up again."""
    monkeypatch.setenv("HTTP_PROXY", "http://localhost:1")
    monkeypatch.setenv("ALL_PROXY", "http://localhost:1")
    export.send(collector.url, POINT, loopback=True)
    assert len(collector.asked) == 1


# --- where an address leads -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.7", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - to be refused
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "fc00::1", "fe80::1%eth0", "::ffff:10.0.0.7"),
        *("::ffff:127.0.0.1", "64:ff9b::a00:7", "2002:a00:7::1", "2001:0:1:2::3", "ff02::1", "::"),
    ],
)
def test_no_private_address_is_asked(names: dict[str, list[str]], address: str) -> None:
    """Neither by itself, nor beside a public one, nor where only this machine is allowed."""
    for found in ([address], ["93.184.215.14", address]):
        names["checkpoints.example"] = found
        with pytest.raises(LedgerError, match=r"https://checkpoints\.example leads into a private network"):
            export.send("https://checkpoints.example/x", POINT, loopback=False)
    if address not in {"127.0.0.1", "::1", "::ffff:127.0.0.1"}:
        with pytest.raises(LedgerError, match="leads into a private network"):
            export.send("https://checkpoints.example/x", POINT, loopback=True)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_this_machine(host: str) -> None:
    """The resolver reads them as the connection would."""
    with pytest.raises(LedgerError, match=r"private network|cannot be found"):
        export.send(f"https://{host}/x", POINT, loopback=False)


def test_a_name_that_is_unknown_is_told(names: dict[str, list[str]]) -> None:
    """Nothing is asked."""
    assert names == {}
    with pytest.raises(LedgerError, match=r"https://nowhere\.example cannot be found"):
        export.send("https://nowhere.example/x", POINT, loopback=False)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (f"https://{'a' * 64}.example/x", "cannot be found"),
        ("https://a..example/x", "cannot be found"),
        ("http://localhost/\x01", r"does not answer \(InvalidURL\)"),
    ],
)
def test_an_address_that_cannot_be_written_so_is_told(target: str, message: str) -> None:
    """What neither a resolver nor a client takes is an export that failed, not a fault of Tertib's."""
    with pytest.raises(LedgerError, match=message):
        export.send(target, POINT, loopback=True)


def test_http_leads_to_this_machine_only(names: dict[str, list[str]]) -> None:
    """Allowed for the loopback, and for nothing that merely claims to be it."""
    names["localhost"] = ["93.184.215.14"]
    with pytest.raises(LedgerError, match="leads into a private network"):
        export.send("http://localhost/x", POINT, loopback=True)


def test_the_connection_goes_to_the_address_that_was_looked_at(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once: it is in the certificate's check and the Host header, not in the connection."""
    names["checkpoints.example"] = ["93.184.215.14"]
    seen: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    real = httpx.Client

    def client(**given: Any) -> httpx.Client:
        assert given["trust_env"] is False
        assert given["follow_redirects"] is False
        return real(**given, transport=httpx.MockTransport(take))

    monkeypatch.setattr(httpx, "Client", client)
    export.send("https://checkpoints.example:8443/a?b=c", POINT, loopback=False)
    assert str(seen[0].url) == "https://93.184.215.14:8443/a?b=c"
    assert seen[0].headers["Host"] == "checkpoints.example:8443"
    assert seen[0].extensions["sni_hostname"] == "checkpoints.example"


# --- as it is written -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://checkpoints.example/x", "checkpoints go to a file or to an `https` address"),
        ("ftp://checkpoints.example/x", "checkpoints go to a file or to an `https` address"),
        ("https://user:secret@checkpoints.example/x", "holds a user name or a password"),
        ("https://user@checkpoints.example/x", "holds a user name or a password"),
        ("https:///x", "the address for checkpoints is none"),
        ("https://[::1/x", "the address for checkpoints is none"),
        ("https://a b/x", "the address for checkpoints is none"),
        ("https://checkpoints.example:99999/x", "the address for checkpoints is none"),
    ],
)
def test_what_is_wrong_with_an_address_is_told(target: str, message: str) -> None:
    """When the settings are read, and again before anything is sent; a secret in it is not repeated."""
    wrong = export.fault(target, loopback=False)
    assert wrong is not None
    assert message in wrong[0]
    assert "secret" not in "".join(wrong)
    with pytest.raises(LedgerError):
        export.send(target, POINT, loopback=False)


def test_what_is_right_is_left_alone() -> None:
    """An https address, and http where this machine is allowed."""
    assert export.fault("https://checkpoints.example/x", loopback=False) is None
    assert export.fault("http://localhost:8000/x", loopback=True) is None


def test_a_place_is_shown_without_what_may_be_its_password() -> None:
    """A file as it is, an address by its host."""
    assert export.shown("/mnt/a.checkpoint") == "/mnt/a.checkpoint"
    assert export.shown("https://checkpoints.example/secret?key=secret") == "https://checkpoints.example"
    assert export.is_url("https://x")
    assert not export.is_url("/mnt/a.checkpoint")
