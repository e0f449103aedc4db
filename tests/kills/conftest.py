"""A project whose commands run as real processes against a real sandbox, to be killed and frozen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib.clock import SystemClock
from tertib.ledger import SqlLedger, audit_key, ledger_file, open_ledger
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

VICTIM = Path(__file__).parent / "victim.py"

RULE = """\
name: cancel-unpaid
query: {status: pending, payment_status: unpaid}
conditions: []
action: {status: canceled}
mode: apply
"""
SETTINGS = """\
rules: rules/
ledger: sqlite:///tertib.db
apply: {batch_size: 2}
"""


class Starter:
    """A process that forks the commands, so that each costs a few hundredths of a second to start."""

    def __init__(self, checkout: Path) -> None:
        path = os.pathsep.join((str(checkout / "engine"), *sys.path))
        environ = os.environ | {"PYTHONPATH": path, "TERTIB_TEST_VICTIM": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(VICTIM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )

    def ask(self, asked: Mapping[str, Any]) -> int:
        """Start a command; return its process's number."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self.said())

    def said(self) -> str:
        """Return the next word about the command that runs: that it stopped, or how it ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End."""
        self._process.communicate()


@dataclass
class Ended:
    """How a command ended: its exit status (negative: the signal), and all that it printed."""

    status: int
    printed: str


@dataclass
class Floor:
    """A shop, a project, and starters for two commands at a time."""

    place: Path
    served: Served
    environ: Mapping[str, str]
    starters: tuple[Starter, Starter]
    database: str
    ahead: float = 0.0
    orders: list[Any] = field(default_factory=list)

    def run(self, *words: str, point: str = "", nth: int = 1, what: str = "kill") -> Ended:
        """Run a command to its end, whatever brings it about."""
        out = self._start(1, words, point, nth, what)
        return Ended(int(self.starters[1].said()), out.read_text(encoding="utf-8"))

    def stop(self, *words: str, after: str) -> Ended:
        """Start a command, ask it to stop once it has printed a word, and return how it ended."""
        (self.place / "out-1").unlink(missing_ok=True)
        out = self._start(1, words, "", 1, "kill")
        deadline = time.monotonic() + 60
        while not out.exists() or after not in out.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline, f"`{after}` did not come"
            time.sleep(0.05)
        os.kill(self.number, signal.SIGTERM)
        return Ended(int(self.starters[1].said()), out.read_text(encoding="utf-8"))

    def freeze(self, *words: str, point: str, nth: int = 1) -> int:
        """Start a command that stops at a point; return its process's number once it has."""
        self._start(0, words, point, nth, "stop")
        assert self.starters[0].said() == "stopped"
        return self.number

    def thaw(self, number: int) -> Ended:
        """Let a stopped command go on to its end."""
        os.kill(number, signal.SIGCONT)
        status = int(self.starters[0].said())
        return Ended(status, (self.place / "out-0").read_text(encoding="utf-8"))

    def later(self, **distance: float) -> None:
        """Let everybody's clock go ahead."""
        self.ahead += timedelta(**distance).total_seconds()
        (self.place / "clock").write_text(str(self.ahead), encoding="ascii")

    def fill(self, count: int) -> None:
        """Add orders that the rule cancels."""
        since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
        wanted = {
            "status": "pending",
            "payment_status": "unpaid",
            "pending_time": since,
            "last_updated_at": since,
            "transferproof_url": None,
            "shipment_receipt": None,
            "gross_revenue": "100000.00",
        }
        self.orders = [self.served.shop.add(wanted)["id"] for _ in range(count)]

    def changes(self) -> Counter[int]:
        """Return how often each order was changed by a request: the counts, with how many orders have each."""
        return Counter(
            sum(entry["how"] == "bulk" for entry in self.served.shop.history(order)) for order in self.orders
        )

    @contextmanager
    def record(self) -> Iterator[SqlLedger]:
        """Open the ledger, to look."""
        url = self.environ.get("TERTIB_DATABASE_URL", f"sqlite:///{self.place}/tertib.db")
        with open_ledger(url, key=audit_key(self.environ, ledger_file(url)), clock=SystemClock()) as ledger:
            yield ledger

    def _start(self, starter: int, words: tuple[str, ...], point: str, nth: int, what: str) -> Path:
        out = self.place / f"out-{starter}"
        asked = {
            "words": words,
            "place": str(self.place),
            "environ": dict(self.environ),
            "point": point,
            "nth": nth,
            "what": what,
            "clock": str(self.place / "clock"),
            "out": str(out),
        }
        self.number = self.starters[starter].ask(asked)
        return out


@pytest.fixture(scope="module")
def starters(checkout: Path) -> Iterator[tuple[Starter, Starter]]:
    """Start the two that fork commands."""
    pair = Starter(checkout), Starter(checkout)
    yield pair
    for one in pair:
        one.close()


@pytest.fixture
def floor(
    tmp_path: Path,
    checkout: Path,
    starters: tuple[Starter, Starter],
    database: str,
    request: pytest.FixtureRequest,
) -> Iterator[Floor]:
    """Lay out a project with one rule beside a shop with five orders for it."""
    with ExitStack() as stack:
        served = stack.enter_context(serve(Shop.empty()))
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(checkout / "engine"),
            "SCALEV_BASE_URL": served.url,
            "SCALEV_TOKEN": served.business_token,
        }
        if database == "postgresql":
            environ |= {
                "TERTIB_DATABASE_URL": request.getfixturevalue("postgresql_url"),
                "TERTIB_AUDIT_KEY": "ab" * 32,
            }
        place = tmp_path / "shop"
        (place / "rules").mkdir(parents=True)
        (place / "tertib.yaml").write_text(SETTINGS, encoding="utf-8")
        (place / "rules" / "cancel.yaml").write_text(RULE, encoding="utf-8")
        made = Floor(place, served, environ, starters, database)
        made.later()
        made.fill(5)
        yield made
