"""What a long read or apply shows while it goes on: a line on stderr, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

from tertib.cli import screen
from tertib.clock import SystemClock

Progress: TypeAlias = Callable[..., None]
"""Called with an event's name and numbers, such as `("page", orders=25)`."""


@contextmanager
def shown(color: bool | None = None) -> Iterator[Progress | None]:  # noqa: FBT001 - the choice made on the command line
    """Show progress while the block runs; None where nobody would see it.

    What is shown must never stop the work: a terminal that goes away is no reason to leave a change unrecorded.
    """
    if not sys.stderr.isatty():
        yield None
        return
    with screen.console(color=color, stderr=True).status("asking Scalev …") as status:
        counts: dict[str, float] = {}

        def report(event: str, **numbers: Any) -> None:
            counts.update({name: value for name, value in numbers.items() if isinstance(value, int | float)})
            said = ", ".join(f"{screen.number(int(value))} {name}" for name, value in counts.items())
            with suppress(OSError):
                status.update(f"{event}: {said}" if said else event)

        yield report


def heeding(clock: SystemClock, report: Progress | None) -> Progress:
    """Report as `report` does, and end the reading once the process was asked to stop.

    What was read by then is of no use: nothing has been sent. An apply under way asks the clock by itself.
    """

    def heed(event: str, **numbers: Any) -> None:
        if report is not None:
            report(event, **numbers)
        if event == "read":
            clock.heed()

    return heed
