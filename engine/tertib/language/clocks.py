"""What clocks on a wall show, and the instants at which they show it, where they are put forward and back.

A time that the clocks skip is the instant at which the gap ends; a time that they show twice is the first of the two.
So the later of two times on the wall is never the earlier instant, and the other way round.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return the time zone of that name; raises `ZoneInfoNotFoundError` where there is none."""
    return ZoneInfo(name)


def instant(wall: datetime, where: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which clocks in a zone first show `wall` (which has no zone), or skip past it."""
    found = wall.replace(tzinfo=where).astimezone(UTC)
    if found.astimezone(where).replace(tzinfo=None) == wall:
        return found
    return _changed(found, where)


def wall(moment: datetime, where: ZoneInfo) -> datetime:
    """Return what clocks in a zone show, without a zone; they stand still while they show an hour again."""
    local = moment.astimezone(where)
    if not local.fold:
        return local.replace(tzinfo=None)
    first = local.replace(fold=0).utcoffset() or timedelta()
    return (_changed(moment.astimezone(UTC), where) + first).replace(tzinfo=None)


def _changed(beyond: datetime, where: ZoneInfo) -> datetime:
    """Return the second at which the clocks were last put forward or back, at most a day before `beyond`."""
    offset = beyond.astimezone(where).utcoffset()
    earlier, later = int((beyond - timedelta(days=1)).timestamp()), int(beyond.timestamp())
    while later - earlier > 1:
        middle = (earlier + later) // 2
        if datetime.fromtimestamp(middle, where).utcoffset() == offset:
            later = middle
        else:
            earlier = middle
    return datetime.fromtimestamp(later, UTC)
