"""The slots to come, a day at a time: reading cron lines takes longer than all else on a page, so days are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tertib.model import Pause, Rule
from tertib.schedule import Planned, planned
from tertib.web.daily import midnight

_MOST = 500


@dataclass
class Ahead:
    """What rules are to do on the days to come, on one shop's clock."""

    zone: str
    _known: OrderedDict[Hashable, Sequence[Planned]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, rule: Rule, pauses: Iterable[Pause], now: datetime, days: int) -> list[Planned]:
        """Return a rule's slots after `now`, today and on the days after it, so many days in all."""
        mine = tuple(one for one in pauses if one.rule in {None, rule.name})
        today = now.astimezone(ZoneInfo(self.zone)).date()
        found = (self._day(rule, mine, today + timedelta(days=number)) for number in range(days))
        return [one for day in found for one in day if one.at > now]

    def _day(self, rule: Rule, pauses: tuple[Pause, ...], day: date) -> Sequence[Planned]:
        key = (rule.name, rule.schedule, pauses, day)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        instant = timedelta(microseconds=1)
        starts, ends = midnight(day, self.zone), midnight(day + timedelta(days=1), self.zone)
        found = tuple(planned(rule, pauses, starts - instant, ends - instant))
        with self._lock:
            self._known[key] = found
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return found
