"""A service that messages are sent to, over real HTTP on this machine: it keeps what it gets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, Final

SECRET: Final = "a-secret-that-is-told-to-nobody"


@dataclass
class Service:
    """What the service got: `bodies` of messages in their order, and every way that was `asked`."""

    port: int = 0
    bodies: Queue[dict[str, Any]] = field(default_factory=Queue)
    asked: list[str] = field(default_factory=list)

    def url(self, way: str = "") -> str:
        """Return its address as apprise writes it; `way` is the path that says how it behaves."""
        return f"json://127.0.0.1:{self.port}/{way}?token={SECRET}"


@contextmanager
def receiving() -> Iterator[Service]:
    """Serve: `/refuse` answers 500, `/moved` redirects, `/hang` answers only when all is over."""
    service, release = Service(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            way = self.path.split("?")[0].strip("/")
            service.asked.append(way)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if way == "hang":
                release.wait(30)
            if way == "":
                service.bodies.put(json.loads(body))
            self.send_response({"refuse": 500, "moved": 307}.get(way, 200))
            self.send_header("Location", f"http://127.0.0.1:{service.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

        def handle(self) -> None:
            """Answer; whoever asked may be gone by then."""
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            release.set()
            server.shutdown()
            thread.join()
