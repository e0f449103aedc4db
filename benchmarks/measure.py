"""How the benchmarks measure and what they report: ways taken in turn, ratios within a round, tables and targets.

The ways that are compared take turns in one process, a few pages each, so that a busy moment of the machine hits all
alike, and what others do meanwhile is not counted. A ratio is taken within each round; of several rounds the least, the
middle and the largest are shown.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, Final, TypeVar

from benchmarks.corpus import PAGE

Result = TypeVar("Result")

PAGES_AT_ONCE: Final = 4
"""Pages that a way works through before the next one has its turn: little enough to stay near the processor."""

_TINY: Final = 0.1
_SMALL: Final = 10
_LARGE: Final = 1000


# --- figures --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the largest figure of several rounds."""

    least: float
    middle: float
    most: float

    def cells(self) -> tuple[str, str, str]:
        """Return the three as cells of a table."""
        return number(self.least), number(self.middle), number(self.most)


def spread(figures: Iterable[float]) -> Spread:
    """Return the spread of a figure over the rounds."""
    known = sorted(figures)
    return Spread(known[0], statistics.median(known), known[-1])


def ratios(figures: Sequence[float], base: Sequence[float]) -> Spread:
    """Return the spread of the ratios to `base`, each taken within its round."""
    return spread(one / other for one, other in zip(figures, base, strict=True))


def number(value: float) -> str:
    """Write a figure with about three digits."""
    if value >= _LARGE:
        return f"{value:,.0f}"
    size = abs(value)
    return f"{value:.{3 if size < _TINY else 2 if size < _SMALL else 1}f}"


# --- ways, in turn --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """One way to work on a page's body; what `prepare` makes of it is not counted."""

    work: Callable[[Any], Any]
    prepare: Callable[[bytes], Any] = bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """Processor microseconds an order by way and round, and how many orders a way decided unlike the first."""

    microseconds: Mapping[str, Sequence[float]]
    unlike: Mapping[str, int]


def in_turn(pages: Sequence[bytes], ways: Mapping[str, Way], rounds: int, *, orders: int = PAGE) -> Taken:
    """Let each way work on the same pages, a few at a time; `orders` are those on a page.

    What they return for a page is compared order by order, where it is a list.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    unlike = dict.fromkeys(ways, 0)
    for way in ways.values():
        _turn(way, pages[:PAGES_AT_ONCE])  # what is made at the first use is made before
    gc.freeze()  # the modules of one way must not lengthen the collections of another
    for place in range(rounds):
        spent = dict.fromkeys(ways, 0.0)
        for start in range(0, len(pages), PAGES_AT_ONCE):
            first: list[Any] | None = None
            for name, way in ways.items():
                seconds, found = _turn(way, pages[start : start + PAGES_AT_ONCE])
                spent[name] += seconds
                first = found if first is None else first
                unlike[name] += _differences(found, first) if place == 0 else 0
        for name, seconds in spent.items():
            taken[name].append(seconds * 1e6 / (len(pages) * orders))
    return Taken(taken, unlike)


def _turn(way: Way, bodies: Sequence[bytes]) -> tuple[float, list[Any]]:
    work = way.work
    ready = [way.prepare(body) for body in bodies]
    gc.collect()  # what another way left behind is not this one's to clear away
    began = time.thread_time()
    found = [work(one) for one in ready]
    return time.thread_time() - began, found


def _differences(found: Sequence[Any], first: Sequence[Any]) -> int:
    return sum(
        one != other
        for page, expected in zip(found, first, strict=True)
        if isinstance(page, list) and isinstance(expected, list)
        for one, other in zip(page, expected, strict=True)
    )


def by_rounds(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Return the figure of each way by round; a round before them warms what can be warmed."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for place in range(rounds + 1):
        for name, once in ways.items():
            figure = once()
            if place:
                taken[name].append(figure)
    return taken


def in_fresh_process(work: Callable[..., Result], *arguments: Any) -> Result:
    """Return what a function of a module comes to in a process of its own, which holds nothing of what this one does."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(work, *arguments).result()


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# --- what is reported -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """A table of figures, each cell as it is shown, and what a reader must know to read it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached, in words, beside what was measured; `floor` says what keeps it from being reached."""

    what: str
    wanted: str
    measured: str
    reached: bool
    floor: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark came to.

    `broken` says, a line each, which bound of shape does not hold. `facts` are figures that the page's prose names.
    """

    tables: tuple[Table, ...]
    targets: tuple[Target, ...] = ()
    broken: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def at_most(what: str, bound: float, measured: float, floor: str = "") -> Target:
    """Return a target for a ratio that should be small."""
    return Target(what, f"at most {number(bound)}", f"{number(measured)}", measured <= bound, floor)


def at_least(what: str, bound: float, measured: float, floor: str = "") -> Target:
    """Return a target for a ratio that should be large."""
    return Target(what, f"at least {number(bound)}", f"{number(measured)}", measured >= bound, floor)


def table(title: str, taken: Taken, base: str, note: str = "") -> Table:
    """Return the table of ways that took turns: microseconds an order, and the ratio to `base` within a round."""
    rows = tuple(
        (name, number(statistics.median(figures)), *ratios(figures, taken.microseconds[base]).cells())
        for name, figures in taken.microseconds.items()
    )
    return Table(title, ("", "µs an order", "least", "middle", "most"), rows, note)


def disagreements(title: str, taken: Taken) -> list[str]:
    """Return which ways decided orders unlike the first: a fast answer that differs is no answer."""
    return [
        f"{title}: {name} decides {count} orders unlike the first"
        for name, count in taken.unlike.items()
        if count
    ]
