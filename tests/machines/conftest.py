"""A fleet: several shops, one ledger on PostgreSQL, and workers as real processes to be killed, frozen and cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib.clock import SystemClock
from tertib.ledger import SqlLedger, open_ledger
from tertib.ledger.slots import Slot
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

MEMBER = Path(__file__).parent / "member.py"
KEY = "ab" * 32
SPEED = 30.0
EVERY = timedelta(minutes=5)
ACCOUNTS = ("melati", "mawar", "anggrek")
RULES = ("cancel-first", "cancel-second")

RULE = """\
name: {name}
schedule: "*/5 * * * *"
query: {{status: pending, payment_status: unpaid}}
conditions: [{{notes: {{contains: {word}}}}}]
action: {{status: canceled}}
mode: apply
first_run: apply
"""


@dataclass
class Fleet:
    """Shops, a project for them, and the workers that were started."""

    place: Path
    served: dict[str, Served]
    environ: dict[str, str]
    url: str
    since: float
    start: datetime
    workers: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    orders: dict[str, list[Any]] = field(default_factory=dict)

    def now(self) -> datetime:
        """Return the time that the ledger shows."""
        return self.start + timedelta(seconds=(time.time() - self.since) * SPEED)

    def hire(self, name: str, *words: str, skew: float = 0.0, command: str = "worker") -> None:
        """Start a worker, or what else works off schedules, under a name of its own."""
        told = {"start": self.start.isoformat(), "since": self.since, "speed": SPEED, "skew": skew}
        environ = self.environ | {"TERTIB_TEST_TIME": json.dumps(told)}
        with (self.place / f"log-{name}").open("w", encoding="utf-8") as log:
            self.workers[name] = subprocess.Popen(
                [sys.executable, str(MEMBER), command, *words],
                cwd=self.place,
                env=environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def kill(self, name: str) -> None:
        """End a worker without a word."""
        self.workers[name].kill()
        self.workers.pop(name).wait()

    def freeze(self, name: str) -> None:
        """Stop a worker where it is."""
        self.workers[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen worker go on."""
        self.workers[name].send_signal(signal.SIGCONT)

    def dismiss(self) -> dict[str, int]:
        """Ask all workers to stop; return how each ended."""
        for worker in self.workers.values():
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        ended = {name: worker.wait(20) for name, worker in self.workers.items()}
        self.workers.clear()
        return ended

    def end(self) -> None:
        """Leave no worker behind."""
        for worker in self.workers.values():
            worker.kill()
            worker.wait()

    def said(self, name: str) -> list[dict[str, Any]]:
        """Return what a worker has logged."""
        lines = (self.place / f"log-{name}").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def fill(self, account: str, word: str, count: int = 1) -> None:
        """Add orders that a rule of an account cancels."""
        since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
        wanted = {
            "status": "pending",
            "payment_status": "unpaid",
            "pending_time": since,
            "last_updated_at": since,
            "transferproof_url": None,
            "shipment_receipt": None,
            "gross_revenue": "100000.00",
            "notes": word,
        }
        shop = self.served[account].shop
        self.orders.setdefault(account, []).extend(shop.add(wanted)["id"] for _ in range(count))

    @contextmanager
    def record(self) -> Iterator[SqlLedger]:
        """Open the ledger, to look."""
        with open_ledger(self.url, key=bytes.fromhex(KEY), clock=SystemClock()) as ledger:
            yield ledger

    def slots(self, account: str, rule: str) -> list[Slot]:
        """Return a rule's slots, the oldest first."""
        with self.record() as ledger:
            return sorted(ledger.slots(account, rule, 1000), key=lambda slot: slot.slot_at)

    def done(self, account: str, rule: str) -> int:
        """Return how many slots of a rule were run to their end."""
        return sum(slot.state == "done" for slot in self.slots(account, rule))

    def changes(self, account: str) -> Counter[int]:
        """Return how often each order of an account was changed by a request: counts, with how many orders have each."""
        shop = self.served[account].shop
        return Counter(
            sum(entry["how"] == "bulk" for entry in shop.history(order)) for order in self.orders[account]
        )

    def wait(self, until: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for something that real processes do; fail where it does not come."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                told = "\n".join(f"{name}: {self.said(name)[-6:]}" for name in self.workers)
                pytest.fail(f"{what} did not come\n{told}", pytrace=False)
            time.sleep(0.1)

    def wait_for_round(self, seconds: float = 60) -> None:
        """Wait until every rule of every account has run once more."""
        before = {(account, rule): self.done(account, rule) for account in ACCOUNTS for rule in RULES}
        self.wait(lambda: all(self.done(*one) > count for one, count in before.items()), "a round", seconds)


def project(place: Path, served: dict[str, Served]) -> None:
    """Lay out a project of several accounts with shared rules."""
    (place / "rules").mkdir(parents=True)
    for name in RULES:
        word = name.rpartition("-")[2]
        (place / "rules" / f"{name}.yaml").write_text(RULE.format(name=name, word=word), "utf-8")
    accounts = "".join(
        f'  {name}:\n    token: {{env: {name.upper()}_TOKEN}}\n    api: {{base_url: "{one.url}"}}\n'
        for name, one in served.items()
    )
    settings = f"rules: rules/\napply: {{batch_size: 2, lease_ttl: 2m}}\naccounts:\n{accounts}"
    (place / "tertib.yaml").write_text(settings, "utf-8")


@pytest.fixture
def fleet_at(tmp_path: Path, checkout: Path) -> Iterator[Callable[[str], Fleet]]:
    """Give what lays out a fleet on a ledger; its workers are ended and its shops closed at the end."""
    with ExitStack() as stack:

        def lay_out(url: str) -> Fleet:
            served = {name: stack.enter_context(serve(Shop.empty())) for name in ACCOUNTS}
            place = tmp_path / "fleet"
            project(place, served)
            environ = {
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": os.pathsep.join((str(checkout / "engine"), *sys.path)),
                "TERTIB_DATABASE_URL": url,
                "TERTIB_AUDIT_KEY": KEY,
                **{f"{name.upper()}_TOKEN": one.business_token for name, one in served.items()},
            }
            start = datetime.now(UTC).replace(second=0, microsecond=0)
            made = Fleet(place, served, environ, url, time.time(), start)
            stack.callback(made.end)
            return made

        yield lay_out
