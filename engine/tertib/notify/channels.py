"""The channels that messages leave by: each has a thread and a short queue of its own, and none can hold up the work.

Apprise does the sending. An address comes from the operator's environment or files alone, so no rule and no order
can choose where a message goes; redirects are not followed, and no address is ever logged.
"""

from __future__ import annotations

import logging
import queue
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tertib.errors import SettingsError

if TYPE_CHECKING:
    from apprise import Apprise

WAITING: Final = 50
"""How many messages wait for a channel at most; a channel that takes none loses the newest."""

PATIENCE: Final = 10.0
"""How long (seconds) a service may take to connect, and again to answer."""

TRIES: Final = (0.0, 30.0, 120.0)
"""How long is waited before each try (seconds)."""

MISSING: Final = "messages cannot be sent: the library for them is not installed"
INSTALL: Final = "pip install 'tertib[notify]'"

Send = Callable[[str, str], bool]
"""Sends title and text; tells whether the service took it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message: `why` is None where the service took it, and never holds the address."""

    channel: str
    why: str | None = None


def sender(url: str, called: str) -> Send:
    """Return what sends to an address; raises `SettingsError` where apprise is missing or knows no such address."""
    made = _apprise(url)
    if made is None:
        raise SettingsError(
            f"the address for channel `{called}` is none that apprise knows",
            hint="such as `tgram://TOKEN/CHAT`; https://github.com/caronc/apprise/wiki lists them",
        )

    def send(title: str, text: str) -> bool:
        return bool(made.notify(body=text, title=title, body_format="text"))

    return send


def _apprise(url: str) -> Apprise | None:
    # its plugins import what later Pythons lack; that is nothing that whoever runs Tertib could mend
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"apprise\.")
    try:
        import apprise  # noqa: PLC0415 - an extra, and slow to import: only for who sends messages
    except ImportError:
        raise SettingsError(MISSING, hint=INSTALL) from None
    # its own log quotes addresses, and would go to stderr
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    # with a time-out of its own Apprise sends in a pool of threads, which Python waits for before it ends
    asset = apprise.AppriseAsset(
        async_mode=False, http_redirects=False, secure_logging=True, storage_mode="memory", service_timeout=0
    )
    instance = apprise.Apprise.instantiate(url, asset=asset)
    if instance is None:
        return None
    instance.socket_connect_timeout = instance.socket_read_timeout = PATIENCE
    made = apprise.Apprise(asset=asset)
    made.add(instance)
    return made


class Line:
    """One channel's queue and the thread that empties it; the thread starts with the first message and never joins."""

    def __init__(
        self,
        name: str,
        send: Callable[[], Send],
        report: Callable[[Delivery], None],
        tries: Sequence[float] = TRIES,
    ) -> None:
        """Take what makes the sender, in the thread: importing and resolving may be slow too."""
        self.name = name
        self._make, self._report, self._tries = send, report, tries
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(WAITING)
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, title: str, text: str) -> None:
        """Let a message leave; never waits. Where too many wait already it is lost, and reported as failed."""
        try:
            self._waiting.put_nowait((title, text))
        except queue.Full:
            self._report(Delivery(self.name, f"{WAITING} messages wait already"))
            return
        if self._thread is None:
            # a daemon: a service that hangs must not keep the process from ending
            self._thread = threading.Thread(target=self._run, name=f"channel {self.name}", daemon=True)
            self._thread.start()

    def close(self, patience: float) -> None:
        """Send what waits, for at most so many seconds; no try comes after a failed one any more."""
        self._ending.set()
        if self._thread is not None:
            try:
                self._waiting.put(None, timeout=patience)
            except queue.Full:
                return
            self._thread.join(patience)

    def _run(self) -> None:
        send: Send | None = None
        while (message := self._waiting.get()) is not None:
            send = self._deliver(message, send)

    def _deliver(self, message: tuple[str, str], send: Send | None) -> Send | None:
        """Send one message, with more tries where it fails; returns the sender for the next one."""
        why = "the service did not take the message"
        for wait in self._tries:
            if wait and self._ending.wait(wait):
                break
            try:
                send = send or self._make()
                if send(*message):
                    self._report(Delivery(self.name))
                    return send
            except SettingsError as error:
                why = str(error)
                break  # trying again mends no address
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its words may hold the address
                why = type(error).__name__
        self._report(Delivery(self.name, why))
        return send
