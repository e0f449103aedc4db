"""What a long read or apply shows while it goes on: a bar on stderr, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tertib.cli import screen, speech
from tertib.clock import SystemClock
from tertib.sayings import N_
from tertib.telling.tongue import Tongue

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

Progress: TypeAlias = Callable[..., None]
"""Called with an event's name and numbers, such as `("read", pages=3, orders=75, matched=2, expected=10)`."""

EVENTS: Final[Mapping[str, str]] = {"read": N_("read"), "applied": N_("applied")}
"""What goes on, by the event's name."""


@contextmanager
def shown(
    color: bool | None = None,  # noqa: FBT001 - the choice made on the command line
    left: Callable[[], int | None] | None = None,
) -> Iterator[Progress | None]:
    """Show progress while the block runs; None where nobody would see it.

    `left` tells how many requests the hour still allows.
    """
    if not sys.stderr.isatty():
        yield None
        return
    with bars(screen.console(color=color, stderr=True)) as drawn:
        yield Bar(drawn, left or _unknown, speech.tongue())


def _unknown() -> None:
    """Know nothing of requests left."""


def bars(console: Console) -> Bars:
    """Return the empty bar: what goes on, how far it is, and how long the rest will take."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - only on a terminal
    from rich.progress import Progress as Bars  # noqa: PLC0415 - as above

    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[said]}", markup=False),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        refresh_per_second=4,
    )


class Bar:
    """One event's bar at a time.

    What is shown must never stop the work: a terminal that goes away is no reason to leave a change unrecorded.
    """

    def __init__(self, drawn: Bars, left: Callable[[], int | None], tongue: Tongue) -> None:
        self._bars = drawn
        self._left = left
        self._tongue = tongue
        self._event = ""
        self._task: TaskID = drawn.add_task(tongue.gettext("asking Scalev …"), total=None, said="")

    def __call__(self, event: str, **numbers: Any) -> None:
        """Show an event's numbers; the bar fills where they say how much there will be."""
        done, total = extent(numbers)
        with suppress(OSError):
            if event != self._event:
                self._event = event
                doing = self._tongue.gettext(EVENTS.get(event, event))
                self._bars.reset(self._task, description=doing, total=total, said="")
            said = words(numbers, self._left() if event == "read" else None, self._tongue)
            self._bars.update(self._task, completed=done, total=total, said=said)


def extent(numbers: dict[str, Any]) -> tuple[int, int | None]:
    """Return how much is done, and how much there is in all where that is known."""
    if "done" in numbers:
        return numbers["done"], numbers.get("total")
    pages, expected = numbers.get("pages", 0), numbers.get("expected")
    # a shop that has grown since the last run has more pages than were expected
    return pages, None if expected is None else max(pages, expected)


def words(numbers: dict[str, Any], left: int | None, tongue: Tongue) -> str:
    """Say the numbers: `12 of 40 pages, 300 orders, 7 matched, 9.871 requests left`."""
    done, total = extent(numbers)
    far = screen.number(done)
    if total is not None:
        far = tongue.gettext("%(done)s of %(total)s", done=far, total=screen.number(total))
    return far if "done" in numbers else ", ".join(_read(numbers, far, left, tongue))


def _read(numbers: dict[str, Any], far: str, left: int | None, tongue: Tongue) -> Iterator[str]:
    yield tongue.gettext("%(number)s pages", number=far)
    if "orders" in numbers:
        yield tongue.gettext("%(number)s orders", number=screen.number(numbers["orders"]))
    if "matched" in numbers:
        yield tongue.gettext("%(number)s matched", number=screen.number(numbers["matched"]))
    if left is not None:
        yield tongue.gettext("at most %(number)s requests left this hour", number=screen.number(left))


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
