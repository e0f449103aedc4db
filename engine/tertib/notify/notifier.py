"""Tell an account's people what the record says: look, decide what is new, remember it, and let the messages leave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from tertib import settings as reading
from tertib.errors import LedgerError, SettingsError, TertibError
from tertib.model import Channel, Settings
from tertib.notify import channels, texts
from tertib.notify.channels import Delivery, Line, Send
from tertib.notify.news import Message, news
from tertib.notify.situations import Look, Telling

AT_THE_END: Final = 5.0
"""How long (seconds) messages that wait may still leave when the process ends."""


class Log(Protocol):
    """What is told of messages that did not leave."""

    def warning(self, event: str, **fields: Any) -> Any:
        """Log what somebody should look at."""
        ...


def of_channel(channel: Channel, environ: Mapping[str, str]) -> Send:
    """Return what sends to a channel; raises `SettingsError` for an address that is missing or not usable."""
    return channels.sender(reading.address(environ, channel.url, f"channel `{channel.name}`"), channel.name)


def frame(settings: Settings, *, several: bool) -> dict[str, Any]:
    """Return what every message of an account shows; its name only where there are several."""
    name = settings.account if several else None
    return {"account": name, "zone": settings.timezone, "link": settings.notify.link}


class Notifier:
    """One account's messages. `look` is called after each turn; it asks the record and puts messages into queues."""

    def __init__(
        self,
        settings: Settings,
        ledger: Telling,
        log: Log,
        sends: Callable[[Channel], Send],
        *,
        now: Callable[[], datetime],
        several: bool = False,
        tries: tuple[float, ...] = channels.TRIES,
    ) -> None:
        """Take the settings, the record, and what makes a channel's sender; `several` says to name the account."""
        self._settings, self._ledger, self._log, self._now = settings, ledger, log, now
        self._frame = frame(settings, several=several)
        self._faulty: set[str] = set()
        self._noting = threading.Lock()
        self._closed = False
        self._lines = {
            one.name: Line(one.name, partial(sends, one), self._delivered, tries)
            for one in settings.notify.channels
        }

    def look(self, now: datetime, known: Collection[str] | None = None) -> None:
        """Tell what is new at `now`. `known` are the rules that have a schedule; nothing is told of others' slots.

        What was told is remembered before it leaves: a message may be lost, and is never sent twice. Raises `LedgerError`.
        """
        account, terms = self._settings.account, self._settings.notify
        standing = self._ledger.notices.standing(account)
        found = Look(self._ledger, account, terms, standing, now, known).look()
        decided = news(found, standing, now, terms.remind, known)
        self._ledger.notices.keep(account, decided.told, decided.over, now)
        for message in decided.messages:
            self._send(message)

    def close(self, patience: float = AT_THE_END) -> None:
        """Let what waits leave, for at most so many seconds in all."""
        share = patience / max(len(self._lines), 1)
        for line in self._lines.values():
            line.close(share)
        self._closed = True

    def _send(self, message: Message) -> None:
        for channel in self._settings.notify.channels:
            mine = message.for_channel(channel)
            if mine is not None:
                self._lines[channel.name].put(*self._written(mine, channel.language))

    def _written(self, message: Message, language: str) -> tuple[str, str]:
        """Return a message in the project's own words, in ours where those do not work."""
        try:
            own = texts.own(self._settings.notify.texts, language)
            written = texts.write(message, language, self._frame, own)
        except SettingsError as error:
            if str(error) not in self._faulty:
                self._faulty.add(str(error))
                self._log.warning("own text not used", why=str(error))
            return texts.write(message, language, self._frame)
        return written

    def _delivered(self, delivery: Delivery) -> None:
        """Note how a message fared; called from a channel's thread. A record that cannot be written is no reason to stop."""
        account, notices = self._settings.account, self._ledger.notices
        with self._noting, suppress(LedgerError):
            if self._closed:
                return  # the record is closed by now
            if delivery.why is None:
                notices.delivered(account, delivery.channel, self._now())
            else:
                self._log.warning("message not sent", channel=delivery.channel, why=delivery.why)
                notices.failed(account, delivery.channel, delivery.why, self._now())


def faults(settings: Settings, environ: Mapping[str, str]) -> Iterator[tuple[str, TertibError]]:
    """Yield what is wrong with an account's channels and texts, each with the channel's name; sends nothing."""
    for channel in settings.notify.channels:
        try:
            of_channel(channel, environ)
            texts.write_test(
                channel.language,
                frame(settings, several=False),
                texts.own(settings.notify.texts, channel.language),
            )
        except TertibError as error:
            yield channel.name, error
