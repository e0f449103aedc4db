"""Start Tertib commands as real processes that end, or stop, at a named point of their work: for tests alone.

Nothing in the package knows of these points. This entry wraps what the commands use, and only where it was started with
`TERTIB_TEST_VICTIM=1`. It loads once and forks a process for each command that it reads, one JSON object a line:
`{"words", "place", "environ", "point", "nth", "what", "clock", "out"}`; for each it writes the process's number, `stopped` when it
stopped, and its exit status once it has ended.

`point` is `claim<` (before the ledger's call), `claim|` (all written, not yet committed), `claim>` (after it), `wire<` and
`wire>` (before and after the request). `what` is `kill`, `stop` or nothing. `clock` names a file that holds how
many seconds everybody's clock is ahead.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import alembic.command
from sqlalchemy import Connection

from tertib import cli, pipeline
from tertib.cli import outcome, preview, run, runs, settle
from tertib.clock import LedgerClock, SystemClock
from tertib.ledger.database import Database
from tertib.ledger.store import SqlLedger
from tertib.scalev import client, connection

LOADED = (alembic.command, outcome, pipeline, preview, run, runs, settle)
"""What commands import when they start: loaded here once, before any of them is forked."""

CALLS = (
    *("save_scan_sizes", "history", "save_plan", "begin", "conclude", "intend", "renew", "claim", "answer"),
    *("settle", "end"),
)
PATIENCE = timedelta(seconds=2)
"""How long a command waits here for one that is frozen in a transaction, lest the tests wait with it."""

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Fate:
    """Where a process is to end or stop."""

    def __init__(self, point: str, nth: int, what: str) -> None:
        self._point, self._left, self._what = point, nth, what
        self.call = ""

    def reach(self, point: str) -> None:
        """Come to a point; here a process may end."""
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), SIGNALS[self._what])


def wrap(fate: Fate, clock: Path) -> None:
    """Put the points into what the commands use."""
    for name in CALLS:
        setattr(SqlLedger, name, _called(name, getattr(SqlLedger, name), fate))
    writing, opened = Database.writing, Database.__init__

    def open_impatiently(self: Database, url: str, *_busy: timedelta) -> None:
        opened(self, url, PATIENCE)

    @contextmanager
    def committing(self: Database) -> Iterator[Connection]:
        with writing(self) as connection:
            yield connection
            fate.reach(f"{fate.call}|")

    exchange = connection.exchange

    def sending(http: Any, request: Any, *given: Any) -> Any:
        if request.method != "POST":
            return exchange(http, request, *given)
        fate.reach("wire<")
        received = exchange(http, request, *given)
        fate.reach("wire>")
        return received

    def now(_clock: SystemClock | LedgerClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(clock.read_text(encoding="ascii")))

    for where, what, instead in (
        (Database, "__init__", open_impatiently),
        (Database, "writing", committing),
        (client, "exchange", sending),
        (SystemClock, "now", now),
        (LedgerClock, "now", now),
    ):
        setattr(where, what, instead)


def _called(name: str, call: Callable[..., Any], fate: Fate) -> Callable[..., Any]:
    def called(*given: Any, **named: Any) -> Any:
        fate.reach(f"{name}<")
        fate.call = name
        result = call(*given, **named)
        fate.call = ""
        fate.reach(f"{name}>")
        return result

    return called


def start(asked: dict[str, Any]) -> int:
    """Fork a process that runs one command; return its number."""
    child = os.fork()
    if child:
        return child
    out = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    quiet = os.open(os.devnull, os.O_RDONLY)
    for wanted, given in ((0, quiet), (1, out), (2, out)):
        os.dup2(given, wanted)
    status = 70
    try:
        os.chdir(asked["place"])
        os.environ.clear()
        os.environ.update(asked["environ"])
        wrap(Fate(asked["point"], asked["nth"], asked["what"]), Path(asked["clock"]))
        sys.argv = ["tertib", *asked["words"]]
        status = cli.main() or 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Start what is asked for, and tell how it ended."""
    for line in sys.stdin:
        child = start(json.loads(line))
        print(child, flush=True)
        _, status = os.waitpid(child, os.WUNTRACED)
        while os.WIFSTOPPED(status):
            print("stopped", flush=True)
            _, status = os.waitpid(child, os.WUNTRACED)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    if os.environ.get("TERTIB_TEST_VICTIM") != "1":
        sys.exit("this is for the tests of kills alone")
    serve()
