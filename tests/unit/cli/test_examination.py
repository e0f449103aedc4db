"""What doctor makes of an answer: status, time and rate limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tertib.cli import examination
from tertib.scalev.answers import Received


def answer(status: int = 200, **headers: str) -> Received:
    """Return an answer with headers, underscores in their names standing for dashes."""
    return Received(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"{}", "")


@pytest.mark.parametrize(("off", "state"), [(0, "ok"), (20, "ok"), (-20, "ok"), (60, "warn"), (-60, "warn")])
def test_a_clock_that_is_off_is_a_warning(off: int, state: str) -> None:
    """Ages are counted from this clock, so it must agree with Scalev's within half a minute, either way."""
    now = datetime.now(UTC)
    date = format_datetime(now + timedelta(seconds=off), usegmt=True)
    assert [one.state for one in examination._skew(answer(date=date), now)] == [state]


@pytest.mark.parametrize("received", [answer(), answer(date="yesterday"), answer(date="")])
def test_a_server_without_a_clock_is_no_fault(received: Received) -> None:
    """Nothing can be compared, and nothing is claimed."""
    found = list(examination._skew(received, datetime.now(UTC)))
    assert [one.state for one in found] == ["ok"]


@pytest.mark.parametrize(
    ("status", "check", "state"),
    [
        (200, "scope order:list", "ok"),
        (401, "token", "fail"),
        (403, "scope order:list", "fail"),
        (429, "rate limit", "warn"),
        (502, "scalev", "fail"),
    ],
)
def test_each_status_has_its_finding(status: int, check: str, state: str) -> None:
    """A refused token, a missing scope and a server in trouble are told apart."""
    found = examination._listing(answer(status))
    assert (found.check, found.state) == (check, state)


@pytest.mark.parametrize(
    ("limit", "left", "states"),
    [("10000", "9000", ["ok"]), ("10000", "20", ["warn"]), ("100", "20", ["ok"]), ("", "x", [])],
)
def test_a_scarce_hour_is_a_warning_and_a_short_window_is_not(
    limit: str, left: str, states: list[str]
) -> None:
    """The ten-second window is nearly empty at every moment; only the hour's can run out for long."""
    found = examination._left(answer(x_ratelimit_limit=limit, x_ratelimit_remaining=left))
    assert [one.state for one in found] == states
