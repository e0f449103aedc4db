"""One credential's requests, counted for all machines: a row that each locks before it takes some.

Requests are handed out a few at a time, to be made within `HOLD`; until then, and a margin longer, each counts as if it
had been made at the latest moment that it may be. So whatever the machines do, no window holds more than its limit.
Time is the server's alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from tertib.ledger.schema import budgets

HOLD: Final = 1.0
"""Seconds within which a request that was handed out must have left, or not be made at all."""

_MARGIN: Final = 0.5
"""Seconds by which a request may arrive later than it left."""

_FINE: Final = 0.25
_COARSE: Final = 10.0
_RECENT: Final = 15.0
"""Seconds after which requests are counted by the ten seconds that they fell into; rounded up, never down."""

_B: Final = budgets.c

Windows = Sequence[tuple[int, float]]
"""(requests, seconds), as the credential is allowed them."""


class Grant(NamedTuple):
    """How many requests may be made now; where it is none, the seconds until some may. `left`: of the longest window."""

    requests: int
    wait: float
    left: int


Spent = list[tuple[float, int]]
"""(until when, how many) were handed out, the oldest first; in seconds since 1970."""


def server_time(connection: Connection) -> datetime:
    """Return the server's clock as it stands, not as it stood when the transaction began."""
    told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return told.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The requests of one credential. `credential` is its keyed hash; `writing` begins a write about no account."""

    writing: Callable[[], AbstractContextManager[Connection]]
    credential: str
    windows: Windows
    time: Callable[[Connection], datetime] = server_time

    def reserve(self, wanted: int) -> Grant:
        """Hand out at most so many requests; raises `LedgerError` where the ledger cannot be asked."""
        with self.writing() as connection:
            row = self._locked(connection)
            now = self.time(connection)
            wait = 0.0 if row.blocked_until is None else (row.blocked_until - now).total_seconds()
            at = now.timestamp()
            spent = list(_merged(_standing(row.spent, self.windows, at), at))
            left = _room(spent, self.windows[-1], at)
            if wait > 0:
                return Grant(0, wait, left)
            granted = min(wanted, *(_room(spent, window, at) for window in self.windows))
            if granted <= 0:
                return Grant(0, max(_free_in(spent, window, at) for window in self.windows), left)
            spent.append((_up(at, _FINE), granted))
            self._keep(connection, spent=[list(one) for one in spent])
            return Grant(granted, 0.0, left - granted)

    def block(self, seconds: float) -> None:
        """Let nobody make a request for so long: the server asked for it."""
        with self.writing() as connection:
            row = self._locked(connection)
            until = self.time(connection) + timedelta(seconds=seconds)
            if row.blocked_until is None or row.blocked_until < until:
                self._keep(connection, blocked_until=until)

    def _locked(self, connection: Connection) -> Any:
        wanted = select(budgets).where(_B.credential == self.credential).with_for_update()
        found = connection.execute(wanted).first()
        if found is None:
            new = insert(budgets).values(credential=self.credential, spent=[])
            connection.execute(new.on_conflict_do_nothing())
            found = connection.execute(wanted).one()
        return found

    def _keep(self, connection: Connection, **values: Any) -> None:
        connection.execute(update(budgets).where(_B.credential == self.credential).values(values))


def hashed(token: str, key: bytes) -> str:
    """Return the name under which a credential's requests are counted: it shows equality alone."""
    label = b"tertib budget of a credential\0"
    return hmac.new(key, label + token.encode("utf-8"), hashlib.sha256).hexdigest()[:32]


def _up(at: float, grain: float) -> float:
    return ceil(at / grain) * grain


def _standing(spent: Iterable[Sequence[float]], windows: Windows, now: float) -> Iterator[tuple[float, int]]:
    """Yield what still counts in any window."""
    longest = max(seconds for _, seconds in windows)
    for until, count in spent:
        if until + HOLD + _MARGIN + longest > now:
            yield until, int(count)


def _merged(spent: Iterable[tuple[float, int]], now: float) -> Iterator[tuple[float, int]]:
    """Yield what was handed out, the older of it by ten seconds, the newest by a quarter of one."""
    held: tuple[float, int] | None = None
    for until, count in spent:
        end = _up(until, _COARSE) if until < now - _RECENT else until
        if held is not None and held[0] == end:
            held = (end, held[1] + count)
            continue
        if held is not None:
            yield held
        held = (end, count)
    if held is not None:
        yield held


def _room(spent: Spent, window: tuple[int, float], now: float) -> int:
    limit, seconds = window
    return limit - sum(count for until, count in spent if until + HOLD + _MARGIN + seconds > now)


def _free_in(spent: Spent, window: tuple[int, float], now: float) -> float:
    """Return the seconds until the window has room for one more."""
    over = 1 - _room(spent, window, now)
    if over <= 0:
        return 0.0
    leaving = [(until + HOLD + _MARGIN + window[1] - now, count) for until, count in spent]
    counted = [(leaves, count) for leaves, count in leaving if leaves > 0]
    gone = accumulate(count for _, count in counted)
    return next(leaves for (leaves, _), enough in zip(counted, gone, strict=True) if enough >= over)
