"""Rules in a line each, for tests of the compiler."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tertib.load import loads
from tertib.model import Rule, Settings


def make_rule(name: str = "rule", **given: Any) -> Rule:
    """Return a rule that cancels pending orders, with whatever is given put in its place."""
    document = {
        "name": name,
        "query": {"status": "pending"},
        "conditions": [],
        "action": {"status": "canceled"},
        **given,
    }
    loaded = loads(json.dumps(document), Settings())
    assert loaded.errors == ()
    return loaded.rules[0]


@pytest.fixture(scope="session")
def rule() -> Callable[..., Rule]:
    """Return the maker of rules."""
    return make_rule
