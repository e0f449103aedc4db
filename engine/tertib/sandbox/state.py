"""Hold together what one running sandbox consists of."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import State

from tertib.sandbox.credentials import Credential
from tertib.sandbox.faults import Fault, Faults
from tertib.sandbox.filters import TagsMean
from tertib.sandbox.journal import Journal
from tertib.sandbox.limits import Meter
from tertib.sandbox.shop import Shop


class Late:
    """Changes that were accepted and are still to be carried out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, Callable[[], object]] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, change: Callable[[], object]) -> int:
        """Keep a change for later and give its number."""
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = change
            return number

    def carry_out(self, number: int) -> None:
        """Carry out a change that is still waiting."""
        with self._lock:
            change = self._waiting.pop(number, None)
        if change is not None:
            change()

    def carry_out_all(self) -> int:
        """Carry out every change that waits and tell how many there were."""
        numbers = list(self._waiting)
        for number in numbers:
            self.carry_out(number)
        return len(numbers)

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A shop with its doors: who may come in, how often, what goes wrong, what was asked."""

    shop: Shop
    tokens: Mapping[str, Credential]
    meter: Meter
    faults: Faults
    journal: Journal
    max_batch: int
    tags_mean: TagsMean = "any"
    late: Late = field(default_factory=Late)
    nonces: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def reset(self) -> None:
        """Start anew: seeded orders, no faults, no journal, full budgets."""
        self.late.clear()
        self.faults.clear()
        self.journal.clear()
        self.meter.clear()
        self.shop.reset()


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let in: what it asks for and what goes wrong with it."""

    params: Mapping[str, str]
    path: Mapping[str, str]
    body: Any
    credential: Credential
    faults: Mapping[str, Fault]


def sandbox_of(state: State) -> Sandbox:
    """Find the sandbox that an application serves."""
    sandbox = state.sandbox
    if not isinstance(sandbox, Sandbox):
        raise TypeError("this application serves no sandbox")
    return sandbox
