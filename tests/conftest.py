"""What every test may use: a clock that stands still, a mask, the checkout; and how the whole run behaves."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tables
from breadth import IN_CI, examples
from tertib.language.personal import Mask

# Tests read what commands say: in English, whatever language the machine speaks.
for _name in ("TERTIB_LANG", "LC_ALL", "LC_MESSAGES"):
    os.environ.pop(_name, None)
os.environ["LANG"] = "C.UTF-8"

pytest_plugins = ["canaries", "postgresql", "results"]

# One run in CI is like the next: no clock decides, nothing is remembered between runs.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
# On a busy laptop a slow example is no failure.
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100)
)
settings.load_profile("ci" if IN_CI else "here")
tables.remember()


def pytest_xdist_auto_num_workers() -> int:
    """Give half as many workers again as there are processors: much of the time goes by in waits for others."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + (processors + 1) // 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `long`, unless a marker expression or a test's own name asks for it."""
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@dataclass
class StillClock:
    """A clock that moves only when a test, or a sleep, moves it; `slept` lists the sleeps in seconds."""

    moment: datetime
    slept: list[float] = field(default_factory=list)
    _monotonic: float = 1000.0

    def now(self) -> datetime:
        """Return the moment that the clock stands at."""
        return self.moment

    def monotonic(self) -> float:
        """Return seconds that move with the clock."""
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.slept.append(seconds)
        self.advance(timedelta(seconds=seconds))

    def advance(self, by: timedelta) -> None:
        """Move the clock."""
        self.moment += by
        self._monotonic += by.total_seconds()


@pytest.fixture
def now() -> datetime:
    """Return the moment at which tests stand: ten in the morning in Jakarta."""
    return datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture
def clock(now: datetime) -> StillClock:
    """Return a clock that stands at `now`."""
    return StillClock(now)


@pytest.fixture
def mask() -> Mask:
    """Return a mask under a key that only tests have."""
    return Mask(b"a key for tests")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the root of the checkout."""
    return Path(__file__).resolve().parent.parent
