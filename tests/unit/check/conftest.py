from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tertib import check
from tertib.check import Finding
from tertib.load import loads
from tertib.model import Rule, Settings

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def load_rules(text: str, settings: Settings) -> tuple[Rule, ...]:
    """Load rules that must have no errors."""
    loaded = loads(text, settings)
    assert loaded.errors == ()
    return loaded.rules


@pytest.fixture
def settings() -> Settings:
    """Return the settings of a project that says nothing."""
    return Settings()


@pytest.fixture
def checked(settings: Settings) -> Callable[[str], tuple[Finding, ...]]:
    """Return what checks rules written as text."""
    return lambda text: check.check(load_rules(text, settings), settings, NOW)
