"""A project whose commands are run as people and cron run them, against the sandbox over real HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import commands
from canaries import told_of
from tertib.sandbox.server import Served

CANCEL = """\
name: cancel-unpaid
query: {status: pending, payment_status: unpaid, payment_method: bank_transfer}
conditions:
  - pending_time: {older_than: 3d}
action: {status: canceled}
mode: MODE
"""

SETTINGS = "rules: rules/\nledger: sqlite:///tertib.db\n"


@dataclass
class Project:
    """A directory with settings and rules, a shop that is served, and the commands run in it."""

    place: Path
    served: Served
    environ: Mapping[str, str]

    def command(self, *words: str) -> list[str]:
        """Return the command line."""
        return [*commands.TERTIB, *words]

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command without a terminal, and check that it never shows a traceback or the token."""
        done = commands.run(words, self.place, {**self.environ, **environ})
        assert told_of((done.stdout + done.stderr).encode()) == [], words
        assert "Traceback" not in done.stderr, done.stderr
        assert self.served.business_token not in done.stdout + done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        """Run a command with `--json`, check its exit code, and return its one document."""
        done = self.run(*words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def rule(self, text: str, mode: str = "preview", name: str = "rule") -> None:
        """Write a rule."""
        (self.place / "rules").mkdir(exist_ok=True)
        (self.place / "rules" / f"{name}.yaml").write_text(text.replace("MODE", mode), encoding="utf-8")

    def unpaid(self, count: int, **given: Any) -> list[Any]:
        """Add orders that wait for a transfer since five days, with what is given, and return their ids."""
        since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
        wanted = {
            "status": "pending",
            "payment_status": "unpaid",
            "payment_method": "bank_transfer",
            "pending_time": since,
            "transferproof_url": None,
            "shipment_receipt": None,
            "gross_revenue": "100000.00",
        }
        return [self.served.shop.add({**wanted, **given})["id"] for _ in range(count)]

    def writes(self) -> int:
        """Return how many changes the shop was asked for."""
        return len(self.served.journal.of("change"))

    def status(self, order: Any) -> Any:
        """Return an order's status at the shop."""
        return self.served.shop.order(order)["status"]
