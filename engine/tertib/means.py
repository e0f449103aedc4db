"""What the stages of one account's runs work with, and what the record knows that decisions rest on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from tertib.compile import Program, Sizes
from tertib.language.personal import Mask
from tertib.model import History, Settings
from tertib.plan.vetoes import Facts
from tertib.ports import Clock, Ledger, Reader

Progress: TypeAlias = Callable[..., None]


def _silent(_event: str, **_numbers: object) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Means:
    """What one account's rules are planned with. There is no writer in it: a preview is never handed one.

    `progress` is called with an event and its numbers; `stopping` tells that the process is asked to stop.
    """

    settings: Settings
    reader: Reader
    ledger: Ledger
    clock: Clock
    mask: Mask
    progress: Progress = _silent
    stopping: Callable[[], bool] = lambda: False

    @property
    def account(self) -> str:
        """Return the key of the account that these are for."""
        return self.settings.account

    def known_sizes(self) -> Sizes:
        """Return how many orders past runs saw, for the compiler to share scans by."""
        return Sizes(self.ledger.scan_sizes(self.account))

    def facts(
        self, orders: Mapping[str, str], program: Program, *, now: datetime, rendered_at: datetime
    ) -> Facts:
        """Return what decisions about these orders (order_ids by `str(id)`) rest on beside the orders themselves."""
        known = history(orders, self.settings, self.ledger, now)
        return Facts(self.settings, program.protect, known, now=now, rendered_at=rendered_at, mask=self.mask)


def history(orders: Mapping[str, str], settings: Settings, ledger: Ledger, now: datetime) -> History:
    """Return what the record knows of these orders (order_ids by `str(id)`), with what was sent since the shop's midnight."""
    local = now.astimezone(ZoneInfo(settings.timezone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return ledger.history(settings.account, orders, midnight)
