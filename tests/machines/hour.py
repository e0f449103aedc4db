"""Serve all starter rules for an hour of virtual time, and print after every turn what is slept and how much memory is held.

Run as `python hour.py DIRECTORY` with SCALEV_BASE_URL and SCALEV_TOKEN set; the shop is another process's.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tertib import load, shipped
from tertib.clock import Stopped
from tertib.dispatch import local
from tertib.model import Mode, Schedule
from tertib.session import Session

EVERY_FIVE_MINUTES = Schedule("*/5 * * * *", "Asia/Jakarta")
HOUR = timedelta(hours=1)
PAGE = resource.getpagesize()


class VirtualClock:
    """Time that moves by sleeping, and stops everything when the hour is over."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)
        self.until = self.moment + HOUR

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self.moment

    def monotonic(self) -> float:
        """Return it in seconds."""
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        """Move on at once, and tell how much memory is held."""
        self.moment += timedelta(seconds=seconds)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        print(json.dumps({"minute": (self.moment - self.until + HOUR).seconds // 60, "bytes": pages * PAGE}))

    @property
    def stopping(self) -> bool:
        """Tell whether the hour is over."""
        return self.moment >= self.until

    def stop(self) -> None:
        """Let the hour be over now."""
        self.until = self.moment

    def heed(self) -> None:
        """Raise once it is."""
        if self.stopping:
            raise Stopped("the hour is over")


class Silent:
    """A log that nobody reads, but for what failed."""

    def info(self, event: str, **fields: Any) -> None:
        """Say nothing."""

    warning = info

    def error(self, event: str, **fields: Any) -> None:
        """Show it to the test."""
        print(json.dumps({"error": event, "why": str(fields.get("why"))}))


def main() -> None:
    """Serve until the hour is over."""
    clock = VirtualClock()
    session = Session(directory=Path(sys.argv[1]))
    session.__dict__["clock"] = clock
    loaded = load.load([shipped.rules()], session.settings)
    rules = [
        replace(one, schedule=EVERY_FIVE_MINUTES, mode=Mode.APPLY, first_run="apply") for one in loaded.rules
    ]
    machine = local.Machine(
        settings=session.settings,
        reader=lambda: session.reader,
        writer=lambda: session.writer,
        ledger=session.ledger,
        clock=clock,
        mask=session.mask,
        log=Silent(),
    )
    local.serve([local.Server(rules, machine)], clock)
    slots = session.ledger.slots(session.settings.account, limit=10_000)
    print(
        json.dumps(
            {"slots": {state: sum(one.state == state for one in slots) for state in {s.state for s in slots}}}
        )
    )
    session.ledger.close()


if __name__ == "__main__":
    main()
