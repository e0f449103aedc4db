"""A shop in memory behind the reader's and the writer's port, a clock that stands still, and a real ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tertib import pipeline
from tertib.language.personal import Mask
from tertib.ledger import SqlLedger, open_ledger
from tertib.load import loads
from tertib.model import Answer, Echo, Page, Plan, Rule, Run, Settings, Source, Spent
from tertib.ports import Decode
from tertib.scalev import contract

START = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)


@dataclass
class StillClock:
    """A clock that moves only when told to."""

    moment: datetime = START
    error: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self.moment - self.error

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return (self.moment - START).total_seconds()

    def set_back(self, by: timedelta) -> None:
        """Set what it shows back, as a person or a time server does; the time that passes stays the same."""
        self.error += by

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.moment += timedelta(seconds=seconds)


@dataclass
class MemoryShop:
    """A Scalev in memory: filters as documented, and answers to changes that a test may script."""

    clock: StillClock
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: list[Mapping[str, Any]] = field(default_factory=list)
    requests: list[Mapping[str, str]] = field(default_factory=list)
    script: list[Callable[[Mapping[str, Any]], Answer]] = field(default_factory=list)
    on_read: Callable[[Mapping[str, str]], None] = lambda _params: None
    before_send: Callable[[], None] = lambda: None

    def add(self, key: int | str, **given: Any) -> None:
        """Put an order that can be cancelled into the shop, with what is given put in its place."""
        self.orders[str(key)] = {
            "id": key,
            "order_id": f"order-{key}",
            "status": "pending",
            "payment_status": "unpaid",
            "payment_method": "bank_transfer",
            "payment_account_holder": None,
            "transferproof_url": None,
            "shipment_receipt": None,
            "gross_revenue": "100000.00",
            "created_at": "2026-03-01T00:00:00Z",
            "last_updated_at": "2026-03-01T00:00:00Z",
            "customer": {"name": "Budi Santoso"},
            **given,
        }

    def page(
        self,
        source: Source,
        params: Mapping[str, str],
        cursor: str | None = None,
        decode: Decode | None = None,
    ) -> Page:
        """Return a page of 25 orders that satisfy the filters."""
        assert source.store is None
        self.requests.append(dict(params))
        self.on_read(params)
        filters = [(name, value) for name, value in params.items() if name in contract.PARAMETERS]
        found = [
            dict(order)
            for order in self.orders.values()
            if all(contract.check(name, value, order) is not False for name, value in filters)
        ]
        start = int(cursor or 0)
        shown, rest = found[start : start + 25], found[start + 25 :]
        if decode is not None:
            shown = decode(msgspec.json.encode({"data": shown}))["data"]
        return Page(tuple(shown), str(start + 25) if rest else None, self.clock.now())

    def count(self, params: Mapping[str, str]) -> int | None:
        """Answer as a credential without the statistics scope."""
        del params
        return None

    def spent(self) -> Spent:
        """Return the requests made."""
        return Spent(reads=len(self.requests), writes=len(self.bodies))

    def await_turn(self) -> None:
        """Have a turn at once."""

    def change_status(self, body: Mapping[str, Any]) -> Answer:
        """Answer as scripted, else do what is asked and echo it."""
        self.before_send()
        self.bodies.append(body)
        return self.script.pop(0)(body) if self.script else self.do(body)

    def do(self, body: Mapping[str, Any]) -> Answer:
        """Carry a body out and echo every id."""
        echoes = []
        for key in body["ids"]:
            order = self.orders[str(key)]
            order.update({name: value for name, value in body.items() if name != "ids"})
            order["last_updated_at"] = self.clock.now().isoformat()
            echoes.append(Echo(key, order["status"], order["payment_status"]))
        return Answer("answered", 200, tuple(echoes))

    @property
    def sent_ids(self) -> list[int | str]:
        """Return every id that was put on the wire, in order."""
        return [key for body in self.bodies for key in body["ids"]]


@dataclass
class World:
    """A shop, a ledger, and the settings to run rules between them."""

    shop: MemoryShop
    ledger: SqlLedger
    clock: StillClock
    mask: Mask
    directory: Path
    settings: Settings = field(default_factory=Settings)

    def rule(self, name: str = "cancel", **given: Any) -> Rule:
        """Return a rule that cancels pending orders by itself, with what is given put in its place."""
        document = {
            "name": name,
            "query": {"status": "pending"},
            "conditions": [],
            "action": {"status": "canceled"},
            "mode": "apply",
            **given,
        }
        loaded = loads(yaml.safe_dump(document), self.settings)
        assert loaded.errors == ()
        return loaded.rules[0]

    def plan(self, *rules: Rule) -> Plan:
        """Plan rules, a person's way."""
        return pipeline.plan(rules, self.means())

    def apply(self, plan: Plan, **given: Any) -> Run:
        """Apply a plan."""
        return pipeline.apply(plan, self.means(), self.shop, **given)

    def run(
        self, *rules: Rule, stopping: Callable[[], bool] = lambda: False, **given: Any
    ) -> tuple[Plan, Run]:
        """Plan and apply as the modes allow."""
        return pipeline.run(rules, replace(self.means(), stopping=stopping), self.shop, **given)

    def settle(self) -> pipeline.Settled:
        """Read back what is due."""
        return pipeline.settle(self.means())

    def means(self) -> pipeline.Means:
        """Return what the pipeline works with in this world."""
        return pipeline.Means(self.settings, self.shop, self.ledger, self.clock, self.mask)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Open a world with an empty shop and a ledger on disk."""
    clock = StillClock()
    key = b"k" * 32
    with open_ledger(f"sqlite:///{tmp_path}/tertib.db", key=key, clock=clock) as ledger:
        yield World(MemoryShop(clock), ledger, clock, Mask(key), tmp_path)
