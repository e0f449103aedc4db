"""One ASGI application served in a thread of its own beside the loop, until it is closed."""

from __future__ import annotations

import socket
import threading
from typing import Any, Final

import uvicorn

from tertib.errors import SettingsError

_START: Final = 15
_BACKLOG: Final = 128


class Runner:
    """Serves an application in a thread; what uvicorn would log of a fault is left out, for it may quote an order."""

    def __init__(
        self, app: Any, host: str, port: int, *, name: str, grace: int, hint: str, **given: Any
    ) -> None:
        """Take the address at once: raises `SettingsError`, with `hint`, where another program has it.

        `name` is the thread's, `grace` how many seconds an answer under way may take at the end; `given` is for uvicorn.
        """
        self._socket = _bound(host, port, hint)
        self._grace = grace
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=grace,
            **given,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def address(self) -> str:
        """Return the address and the port that it listens on."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering; what is being answered may end, for a moment."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(self._grace + _START)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def _bound(host: str, port: int, hint: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        reason = (error.strerror or "it is not possible").lower()
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise SettingsError(f"cannot listen on {place}: {reason}", hint=hint) from None
    return made
