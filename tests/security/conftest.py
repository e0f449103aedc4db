"""A project whose commands run in this process, against a shop that is served, with every byte of output kept."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import pytest

from tertib.cli import main
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

SETTINGS: Final = "rules: rules/\nledger: sqlite:///tertib.db\n"


class Stream(io.TextIOWrapper):
    """A stream of output that a command takes for a terminal, or does not."""

    terminal = False

    def isatty(self) -> bool:
        """Tell what this stream stands for."""
        return self.terminal


@dataclass(frozen=True)
class Done:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Return both streams."""
        return self.out + self.err


@contextmanager
def _streams(*, terminal: bool) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """Put streams in the place of stdout and stderr, and nobody at stdin."""
    raw = (io.BytesIO(), io.BytesIO())
    before = sys.stdout, sys.stderr, sys.stdin
    out, err = (Stream(one, encoding="utf-8", newline="", write_through=True) for one in raw)
    out.terminal = err.terminal = terminal
    sys.stdout, sys.stderr, sys.stdin = out, err, io.StringIO()
    try:
        yield raw
    finally:
        for stream in (out, err):
            stream.flush()
            stream.detach()
        sys.stdout, sys.stderr, sys.stdin = before


@dataclass
class Place:
    """A directory with settings and rules, a shop, and everything that its commands have said so far."""

    root: Path
    served: Served
    said: list[Done] = field(default_factory=list)

    def run(self, *words: str, terminal: bool = False) -> Done:
        """Run a command, and check that it ends in words and never in a traceback."""
        with _streams(terminal=terminal) as (out, err):
            code = main(words)
        done = Done(code, out.getvalue().decode(), err.getvalue().decode())
        self.said.append(done)
        assert "Traceback" not in done.said, done.said
        assert "internal error" not in done.said, done.said
        return done

    def json(self, *words: str) -> Any:
        """Run a command with `--json` and return its one document."""
        return json.loads(self.run(*words, "--json").out)

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file below the project."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def add(self, **given: Any) -> dict[str, Any]:
        """Add an order that waits for a transfer since five days, with whatever is given put in its place."""
        waiting = {
            "status": "pending",
            "payment_status": "unpaid",
            "payment_method": "bank_transfer",
            "pending_time": (datetime.now(UTC) - timedelta(days=5)).isoformat(),
            "transferproof_url": None,
            "shipment_receipt": None,
            "gross_revenue": "100000.00",
        }
        return self.served.shop.add({**waiting, **given})


@pytest.fixture(scope="session")
def shop() -> Iterator[Served]:
    """Serve one shop for all tests; each finds it empty."""
    with serve(Shop.empty()) as served:
        yield served


@pytest.fixture
def place(shop: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Lay out a project beside an empty shop in contract `seeds`, and make them the working surroundings."""
    shop.sandbox.reset()
    root = tmp_path / "shop"
    root.mkdir()
    for name in [one for one in os.environ if one.startswith(("TERTIB_", "SCALEV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SCALEV_BASE_URL", shop.url)
    monkeypatch.setenv("SCALEV_TOKEN", shop.business_token)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv(
        "SSL_CERT_DIR", str(tmp_path)
    )  # nothing here is encrypted, and certificates are slow to read
    monkeypatch.chdir(root)
    made = Place(root, shop)
    made.write("tertib.yaml", SETTINGS)
    return made


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Stranger:
    """A server that answers what a test tells it to, and keeps what it was asked."""

    url: str = ""
    answer: Callable[[str, str], Answer] = lambda _method, _path: (404, {}, b"")
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


def _handler(stranger: Stranger) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stranger.asked.append((self.command, self.path, dict(self.headers), body))
            status, headers, answer = stranger.answer(self.command, self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), "Connection": "close", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_HEAD = do_PUT = handle_any  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler


@pytest.fixture
def stranger() -> Iterator[Callable[[], Stranger]]:
    """Return a maker of servers that answer what a test tells them to."""
    running: list[ThreadingHTTPServer] = []

    def start() -> Stranger:
        made = Stranger()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
        running.append(server)
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return made

    yield start
    for server in running:
        server.shutdown()
        server.server_close()
