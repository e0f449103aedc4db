"""Read the rate-limit headers of an answer: how much is left, and how long to wait.

The documents name `Retry-After` in both of HTTP's forms and `X-Ratelimit-Limit`, `-Remaining`, `-Reset`, but not
the unit of the last, and any of them may be missing or wrong. What cannot be read is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# A reset above this is an instant (2001 and later), one below `_LONGEST_WAIT` a distance; between them it is neither.
_EPOCH_SECONDS: Final = 1e9
_EPOCH_MILLISECONDS: Final = 1e11
_LONGEST_WAIT: Final = 7 * 86_400.0


def whole(headers: Mapping[str, str], name: str) -> int | None:
    """Return a header's count, None where it is missing or no whole number."""
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004 - a billion


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as seconds or as an HTTP date."""
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is None:
        instant = _http_date(text)
        seconds = None if instant is None else (instant - _their_now(headers, now)).total_seconds()
    return _sensible(seconds)


def reset_in(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds until `X-Ratelimit-Reset`, given as an instant (seconds or milliseconds) or a distance."""
    value = _number(headers.get("x-ratelimit-reset", "").strip())
    if value is None or value < _EPOCH_SECONDS:
        return _sensible(value)
    instant = value / 1000 if value >= _EPOCH_MILLISECONDS else value
    return _sensible(instant - _their_now(headers, now).timestamp())


def _number(text: str) -> float | None:
    """Read a finite number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _http_date(text: str) -> datetime | None:
    """Read an HTTP date; one without a zone is in UTC."""
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _their_now(headers: Mapping[str, str], now: datetime) -> datetime:
    """Return the server's own time where it says it, so that a wrong clock here does no harm."""
    return _http_date(headers.get("date", "")) or now


def _sensible(seconds: float | None) -> float | None:
    """Turn what has passed into no wait, and what no rate limit would ask into nothing known."""
    if seconds is None or seconds > _LONGEST_WAIT:
        return None
    return max(seconds, 0.0)
