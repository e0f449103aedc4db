"""Orders and money a day a rule, for the charts; days that are long over are added up once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tertib.ledger.store import SqlLedger
from tertib.model import Sent
from tertib.telling.tongue import Tongue
from tertib.web.charts import Bar, Column

DAYS: Final = 14
_SETTLED: Final = timedelta(days=2)
"""After so long a day's outcomes have all been read back, in the ordinary way."""

_MOST_DAYS: Final = 400


def midnight(day: date, zone: str) -> datetime:
    """Return when a day begins on the shop's clock."""
    return datetime.combine(day, time(), ZoneInfo(zone))


@dataclass
class Days:
    """What rules changed on each day of one account."""

    ledger: SqlLedger
    account: str
    zone: str
    _known: dict[date, Mapping[str, Sent]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, day: date, now: datetime) -> Mapping[str, Sent]:
        """Return by rule what was changed on a day."""
        with self._lock:
            if day in self._known:
                return self._known[day]
        ends = midnight(day + timedelta(days=1), self.zone)
        found = self.ledger.changed(self.account, midnight(day, self.zone), ends)
        if now - ends > _SETTLED:
            with self._lock:
                self._known[day] = found
                if len(self._known) > _MOST_DAYS:
                    del self._known[min(self._known)]
        return found

    def columns(self, now: datetime, speech: Tongue, rule: str | None = None) -> list[Column]:
        """Return the last days for a chart, of one rule or of all, the oldest first."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        return [Column(_short(day, speech), _bars(self.of(day, now), rule)) for day in days]


def _short(day: date, speech: Tongue) -> str:
    return speech.day(day).rpartition(" ")[0]


def _bars(found: Mapping[str, Sent], rule: str | None) -> tuple[Bar, ...]:
    return tuple(Bar(name, one.orders, one.value) for name, one in found.items() if rule in {None, name})
