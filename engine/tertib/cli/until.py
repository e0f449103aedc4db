"""`--until`: when something that a person asked for ends."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from tertib.language import durations


def read(text: str | None, now: datetime, zone: str) -> datetime | None:
    """Return the time that `--until` names, or that lies so far ahead; None where it was not given.

    Raises `BadParameter` for anything else, and for what has passed.
    """
    if text is None:
        return None
    ends = _read(text, now, zone)
    if ends <= now:
        raise click.BadParameter(f"`{text}` has passed", param_hint="--until")
    return ends


def _read(text: str, now: datetime, zone: str) -> datetime:
    try:
        return now + durations.parse_duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        return durations.parse_instant(text, ZoneInfo(zone))
    except ValueError as error:
        raise click.BadParameter(
            f"`{text}` is neither a time (`2026-12-24T18:00+07:00`) nor a distance (`3d`)",
            param_hint="--until",
        ) from error
