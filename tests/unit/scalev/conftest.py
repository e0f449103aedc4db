"""What tests of the API may use: clients whose network is a function, and a clock that does not wait."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tertib.ports import Clock
from tertib.scalev.budget import RollingBudget
from tertib.scalev.client import ChangeClient, Client

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def slept(clock: Any) -> list[float]:
    """Return the list that every sleep of the clock is noted in."""
    sleeps: list[float] = clock.slept
    return sleeps


@pytest.fixture
def budget(clock: Clock) -> RollingBudget:
    """Return a budget with the documented windows."""
    return RollingBudget(clock)


@pytest.fixture
def reads(clock: Clock, budget: RollingBudget) -> Callable[..., Client]:
    """Return a maker of reading clients over a function that answers."""

    def make(handler: Handler, **changes: Any) -> Client:
        settings: dict[str, Any] = {
            "token": "business-token",
            "customer_token": "customer-token",
            "timeout": timedelta(seconds=30),
            "budget": budget,
            "clock": clock,
            "rng": random.Random(7),
            "transport": httpx.MockTransport(handler),
        }
        return Client("https://api.example", **{**settings, **changes})

    return make


@pytest.fixture
def writes(clock: Clock, budget: RollingBudget) -> Callable[..., ChangeClient]:
    """Return a maker of changing clients over a function that answers."""

    def make(handler: Handler, **changes: Any) -> ChangeClient:
        settings: dict[str, Any] = {
            "token": "business-token",
            "timeout": timedelta(seconds=30),
            "budget": budget,
            "clock": clock,
            "transport": httpx.MockTransport(handler),
        }
        return ChangeClient("https://api.example", **{**settings, **changes})

    return make
