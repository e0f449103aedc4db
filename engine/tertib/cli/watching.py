"""Who watches while rules are served: a witness of the record, messages to people, metrics and health.

None of it can stop a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from tertib import settings as reading
from tertib.cli.context import Session
from tertib.errors import TertibError
from tertib.model import Listen
from tertib.settings.telling import listen_at

if TYPE_CHECKING:
    from tertib.dispatch.local import Due, Log
    from tertib.notify.notifier import Notifier
    from tertib.observe.pulse import Pulse
    from tertib.observe.server import Server

_LISTENING: Final = "metrics and health are answered"

EXPORT_AGAIN: Final = timedelta(minutes=5)
"""How long after a failed export of a checkpoint none is tried: one to an address that hangs takes seconds of a turn."""


def place(opened: Session, at: str | None, *, remote: bool) -> Listen | None:
    """Return where to answer for metrics and health: as the command line says, else the settings.

    Raises `click.BadParameter` for an address that cannot be, or that other machines reach where nobody allowed it.
    """
    said = opened.settings.listen
    if at is None:
        return said
    found = listen_at(at, remote=remote or (said is not None and said.remote))
    if isinstance(found, Listen):
        return found
    raise click.BadParameter(f"{found[0]}; {found[1]}", param_hint="--listen")


def notifier(opened: Session, log: Log) -> Notifier | None:
    """Return what tells an account's people; None where it has no channels, or nothing to send with, which is logged."""
    if not opened.settings.notify.channels:
        return None
    from tertib.notify import channels  # noqa: PLC0415 - only where there are channels
    from tertib.notify.notifier import Notifier, of_channel  # noqa: PLC0415 - the same

    if find_spec("apprise") is None:
        log.warning("messages are off", why=channels.MISSING, hint=channels.INSTALL)
        return None
    return Notifier(
        opened.settings,
        opened.ledger,
        log,
        partial(of_channel, environ=opened.environ),
        now=opened.time.now,
        several=len(opened.project.accounts) > 1,
    )


class Keeper:
    """Keeps an account's checkpoint after each of its turns; that this fails is logged once, and once that it works again."""

    def __init__(self, opened: Session, log: Log) -> None:
        self._opened, self._log = opened, log
        self._failed: str | None = None

    def keep(self) -> None:
        """Keep a checkpoint where something was recorded since the last one."""
        before, self._failed = self._failed, self._tried()
        if self._failed is None and before is not None:
            self._log.info("checkpoint kept again")
        elif self._failed != before:
            self._log.warning("checkpoint not kept", why=self._failed)

    def _tried(self) -> str | None:
        try:
            return self._opened.keep_checkpoint(EXPORT_AGAIN)
        except TertibError as error:
            return str(error)


class Watching:
    """What is told after each turn of each account, and what answers for metrics."""

    def __init__(self, listen: Listen | None, log: Log) -> None:
        self._listen, self._log = listen, log
        self._notifiers: list[Notifier] = []
        self._watched: list[Session] = []
        self._pulse: Pulse | None = None

    def alive(self) -> None:
        """Note a sign of life."""
        if self._pulse is not None:
            self._pulse.beat()

    def of_account(self, opened: Session, log: Log) -> dict[str, Any]:
        """Return what `Machine` tells of an account that is served: its `alive` and `turned`."""
        told = notifier(opened, log)
        if told is not None:
            self._notifiers.append(told)
        if self._listen is not None:
            self._watched.append(opened)
        return {"alive": self.alive, "turned": partial(self._turned, opened, Keeper(opened, log), told)}

    def _turned(self, opened: Session, keeper: Keeper, told: Notifier | None, coming: Sequence[Due]) -> None:
        keeper.keep()  # first of all: what the others do may fail
        rules = [one.rule.name for one in coming]
        if self._pulse is not None:
            self._pulse.turned(opened.settings.account, rules, coming, opened.requests_left())
        if told is not None:
            told.look(opened.time.now(), rules)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Answer for metrics and health meanwhile; afterwards let messages that wait leave."""
        server = self._server()
        if server is not None:
            server.start()
            self._log.info(_LISTENING, at=server.address)
        try:
            yield
        finally:
            if server is not None:
                server.close()
            for one in self._notifiers:
                one.close()

    def _server(self) -> Server | None:
        if self._listen is None:
            return None
        from tertib.observe import health, metrics, server  # noqa: PLC0415 - bring a web server; serving without does not
        from tertib.observe.pulse import Pulse  # noqa: PLC0415 - the same

        clock = self._watched[0].clock
        self._pulse = pulse = Pulse(clock.monotonic)
        watched = [metrics.Watched(one.settings.account, one.ledger) for one in self._watched]
        asked = [
            health.Ready(shown, partial(reading.token, one.environ, "SCALEV_TOKEN", one.settings))
            for shown, one in zip(watched, self._watched, strict=True)
        ]
        known = health.Health(pulse, asked)
        registry = metrics.registry(metrics.Figured(watched, pulse, clock.now))
        metrics.exposition(registry)  # the first adds up all that is past; from then on only what is new
        return server.Server(
            self._listen,
            server.routes(partial(metrics.exposition, registry), known.living, known.ready),
        )
