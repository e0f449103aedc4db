"""What tests of messages start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shopfloor import ACCOUNT, Floor, floor
from tertib.model import Channel, Notify, Secret, Settings
from tertib.notify.notifier import Notifier

__all__ = ["floor"]


@dataclass
class Desk:
    """An account's messages, kept instead of sent: (channel, title, text)."""

    floor: Floor
    settings: Settings
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    warned: list[dict[str, Any]] = field(default_factory=list)

    def warning(self, event: str, **fields: Any) -> None:
        """Keep what would be logged."""
        self.warned.append({"event": event, **fields})

    def look(self, *known: str) -> list[tuple[str, str, str]]:
        """Look at the record as a process does that has just started; return what was sent, in the channels' order."""
        before = len(self.sent)
        notifier = Notifier(
            self.settings,
            self.floor.ledger,
            self,
            lambda channel: lambda title, text: self._keep(channel, title, text),
            now=self.floor.clock.now,
            tries=(0.0,),
        )
        notifier.look(self.floor.now, known or None)
        notifier.close(30)
        return self.sent[before:]

    def titles(self, *known: str) -> list[str]:
        """Look, and return the titles of what was sent to the first channel."""
        first = self.settings.notify.channels[0].name
        return [title for name, title, _ in self.look(*known) if name == first]

    def _keep(self, channel: Channel, title: str, text: str) -> bool:
        self.sent.append((channel.name, title, text))
        return True


@pytest.fixture
def desk(floor: Floor) -> Callable[..., Desk]:
    """Give what makes a desk with these channels (English and all kinds, where nothing is said)."""

    def make(*channels: Channel, **notify: Any) -> Desk:
        plain = Channel("owner", Secret(env="OWNER_URL"), language="en")
        told = replace(Notify(channels=channels or (plain,)), **notify)
        made = Desk(floor, Settings(account=ACCOUNT, notify=told))
        made.look()  # what is past is past
        assert made.sent == []
        return made

    return make
