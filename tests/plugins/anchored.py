"""Since when slots count, kept in memory: what a ledger's `anchors` do, for tests whose ledger is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from tertib.ledger.anchors import Times

MOMENT = timedelta(microseconds=1)


def _none(_rule: str) -> None:
    return None


class Anchored:
    """Keeps the times of rules and since when they are these. `last` gives a rule's latest slot."""

    def __init__(self, last: Callable[[str], datetime | None] = _none) -> None:
        self.known: dict[str, tuple[Times | None, datetime]] = {}
        self._last = last

    def of(self, _account: str, wanted: Mapping[str, Times], now: datetime) -> dict[str, datetime]:
        """Return since when slots count; `now` for times that are not known."""
        found = {rule: self.known.get(rule, (None, now)) for rule in wanted}
        return {rule: since if mine == wanted[rule] else now for rule, (mine, since) in found.items()}

    def keep(
        self,
        account: str,
        wanted: Mapping[str, Times],
        now: datetime,
        *,
        gone: Callable[[str], bool],
        anew: Collection[str] = (),
    ) -> dict[str, datetime]:
        """Remember these times, and forget those that are gone."""
        since = self.of(account, wanted, now) | dict.fromkeys(anew, now)
        for rule in wanted.keys() - self.known.keys() - set(anew):
            since[rule] = (self._last(rule) or now + MOMENT) - MOMENT
        self.known |= {rule: (wanted[rule], since[rule]) for rule in wanted}
        for rule in self.known.keys() - wanted.keys():
            if gone(rule):
                self.known[rule] = (None, now)
        return since
