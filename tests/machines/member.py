"""Start `tertib` as a real process whose time runs faster, and whose own clock may be wrong: for tests alone.

`TERTIB_TEST_TIME` holds `{"start", "since", "speed", "skew"}`: what the ledger's clock showed at the real second `since`,
how many seconds pass for the process in one, and by how many its own clock is off.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

from tertib import cli
from tertib.clock import LedgerClock, SystemClock
from tertib.dispatch import queue

TIME = json.loads(os.environ["TERTIB_TEST_TIME"])
SPEED = float(TIME["speed"])


def ledger_now(_clock: LedgerClock) -> datetime:
    """Return the time that all members agree on."""
    passed = (time.time() - TIME["since"]) * SPEED
    return datetime.fromisoformat(TIME["start"]) + timedelta(seconds=passed)


def own_now(_clock: SystemClock) -> datetime:
    """Return what this machine takes for the time."""
    passed = (time.time() - TIME["since"]) * SPEED + TIME["skew"]
    return datetime.fromisoformat(TIME["start"]).astimezone(UTC) + timedelta(seconds=passed)


def main() -> int:
    """Let time run, and the command."""
    slept = SystemClock.sleep
    for where, what, instead in (
        (LedgerClock, "now", ledger_now),
        (SystemClock, "now", own_now),
        (SystemClock, "monotonic", lambda _clock: time.monotonic() * SPEED),
        (SystemClock, "sleep", lambda clock, seconds: slept(clock, seconds / SPEED)),
        (queue, "DEAD", 3.0),
        (queue, "BEAT", 0.5),
        (queue, "POLL", 0.2),
    ):
        setattr(where, what, instead)
    return cli.main() or 0


if __name__ == "__main__":
    sys.exit(main())
