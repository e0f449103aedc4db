"""Read all scans of a program, several at once, and evaluate their pages as they come.

Pages are read in threads and evaluated in the caller's, one after the other: nothing that decides has to know of
threads. Only a few pages wait in between, so that memory grows with what matched and not with what was read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, Final

from tertib import tracing
from tertib.compile import Program, Query, Shared, Sizes
from tertib.errors import ReadError
from tertib.evaluate import Evaluated, absorb, contradicts
from tertib.fetch import fetch
from tertib.language.personal import Mask
from tertib.model import Order, Page, Scan, ScanReport
from tertib.ports import Decode, Reader
from tertib.scalev import contract

Progress = Callable[..., None]

_PAGES_WAITING: Final = 2
_LOOK_AGAIN: Final = 0.2
_PATIENCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Read:
    """What reading a program came to. `sizes` are the orders of each query that reading has shown."""

    evaluated: Evaluated
    reports: tuple[ScanReport, ...]
    sizes: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A page of a scan, or its end: without one, and with the error that ended it too early."""

    place: int
    page: Page | None = None
    error: BaseException | None = None


def count(program: Program, reader: Reader, sizes: Sizes) -> Sizes:
    """Ask the statistics endpoint what the program holds to be worth asking; return the sizes with its answers.

    It is a help and no more: where it may not be asked or cannot be read, nothing is added.
    """
    counted = dict(sizes.counted)
    with suppress(ReadError):
        for query in program.worth_counting:
            found = reader.count(query.params)
            if found is None:
                break
            counted[query.key(program.now)] = found
    return Sizes(sizes.seen, counted)


def read(program: Program, reader: Reader, mask: Mask, *, threads: int, progress: Progress) -> Read:
    """Read every scan and evaluate its pages; a scan that fails is reported, and the others go on.

    `progress` is called with `"read"` after each page; what it raises ends the reading. Raises `ReadError` where no
    scan at all came to its end.
    """
    evaluated = Evaluated(
        counted={one.rule.name: one.satisfied for one in program.rules if one.satisfied is not None}
    )
    watches = [_Watch(scan, shared) for scan, shared in zip(program.scans, _shared(program), strict=True)]
    expected = _expected(program)
    with closing(_arrivals(program, reader, threads)) as arrivals:
        for arrival in arrivals:
            watch = watches[arrival.place]
            if arrival.page is not None:
                begins_at = (arrival.place, watch.orders)
                absorb(evaluated, program, watch.scan, arrival.page, mask, begins_at=begins_at)
            watch.note(arrival)
            progress("read", **_so_far(watches, evaluated), **expected)
    evaluated.arrange()
    failures = [watch.failure for watch in watches if watch.failure is not None]
    if failures and len(failures) == len(watches):
        raise failures[-1]
    sizes = {key: size for watch in watches for key, size in watch.sizes(program).items()}
    return Read(evaluated, tuple(watch.report() for watch in watches), sizes)


def _shared(program: Program) -> Sequence[Shared | None]:
    return program.shared or [None] * len(program.scans)


def _expected(program: Program) -> dict[str, int]:
    """Return how many pages there should be, where that is known of every scan."""
    pages = [None if one is None else one.pages for one in _shared(program)]
    known = [one for one in pages if one is not None]
    return {"expected": sum(known)} if known and len(known) == len(pages) else {}


def _so_far(watches: Sequence[_Watch], evaluated: Evaluated) -> dict[str, int]:
    return {
        "pages": sum(watch.pages for watch in watches),
        "orders": sum(watch.orders for watch in watches),
        "matched": len(evaluated.matches),
    }


# --- one scan's account -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Watch:
    """What has come of one scan so far, and how many of its orders narrower queries would have brought."""

    scan: Scan
    shared: Shared | None
    pages: int = 0
    orders: int = 0
    failure: ReadError | None = None
    is_open: bool = True
    ended_early: bool = False
    _counts: dict[Query, int] = field(default_factory=dict)
    _wanted: dict[Query, frozenset[tuple[str, str]]] = field(default_factory=dict)
    _filters: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        if self.shared is not None:
            sent = self.shared.query.filters
            self._wanted = {query: query.filters - sent for query in self.shared.watched}
            self._filters = frozenset[tuple[str, str]]().union(*self._wanted.values())

    def note(self, arrival: _Arrival) -> None:
        """Take note of a page or of the scan's end; raises an error that is not about this scan alone."""
        if arrival.page is not None:
            self.pages += 1
            self.orders += len(arrival.page.orders)
            self.ended_early = arrival.page.next_cursor is not None
            for order in arrival.page.orders if self._wanted else ():
                self._count(order)
            return
        self.is_open = False
        if isinstance(arrival.error, ReadError):
            self.failure = arrival.error
        elif arrival.error is not None:
            raise arrival.error

    def _count(self, order: Order) -> None:
        satisfied = {one for one in self._filters if contract.check(*one, order) is not False}
        for query, filters in self._wanted.items():
            if filters <= satisfied:
                self._counts[query] = self._counts.get(query, 0) + 1

    def report(self) -> ScanReport:
        """Return what reading this scan came to."""
        failure = None if self.failure is None else str(self.failure)
        return ScanReport(
            self.scan, self.pages, self.orders, failure, ended_early=self.ended_early and failure is None
        )

    def sizes(self, program: Program) -> dict[str, int]:
        """Return the sizes that a scan which came to its end has shown, by their queries' keys."""
        if self.shared is None or self.failure is not None:
            return {}
        shown = {query: self._counts.get(query, 0) for query in self._wanted}
        return {
            query.key(program.now): size for query, size in {**shown, self.shared.query: self.orders}.items()
        }


# --- reading, in turn or at once ----------------------------------------------------------------------------


_Walk = Callable[[], Iterator[_Arrival]]


def _arrivals(program: Program, reader: Reader, threads: int) -> Generator[_Arrival]:
    """Yield pages and ends as they come; each scan's pages in their order."""
    # How to decode is worked out here, since several threads would each do it.
    walks = [
        partial(
            _walk,
            place,
            scan,
            reader,
            span=tracing.here(),
            decode=program.deciding(scan.source).projection.decode,
        )
        for place, scan in enumerate(program.scans)
    ]
    workers = min(threads, len(walks))
    return _at_once(walks, _longest_first(program), workers) if workers > 1 else _in_turn(walks)


def _in_turn(walks: Iterable[_Walk]) -> Generator[_Arrival]:
    for walk in walks:
        yield from walk()


def _walk(place: int, scan: Scan, reader: Reader, *, span: Any, decode: Decode) -> Iterator[_Arrival]:
    """Yield one scan's pages, then its end; `span` is the one that its own stands below."""
    error: BaseException | None = None
    own, orders = tracing.Span("tertib.scan", span), 0
    pages = fetch(scan, reader, contradicts(scan), decode=decode)
    while error is None:
        try:
            with own.current():
                page = next(pages)
        except StopIteration:
            break
        except BaseException as raised:  # noqa: BLE001 - in a thread nobody else would see it; the reader of arrivals raises it
            error = raised
        else:
            orders += len(page.orders)
            yield _Arrival(place, page)
    own.end(orders=orders)
    yield _Arrival(place, error=error)


def _at_once(walks: Sequence[_Walk], order: Iterable[int], workers: int) -> Generator[_Arrival]:
    """Read scans in threads, in this order of their numbers."""
    todo = deque(walks[place] for place in order)
    arrived: Queue[_Arrival] = Queue(maxsize=_PAGES_WAITING * workers)
    stop = Event()

    def work() -> None:
        while todo and not stop.is_set():
            with suppress(IndexError):
                for arrival in todo.popleft()():
                    if not _handed_over(arrival, arrived, stop):
                        return

    running = [Thread(target=work, name=f"tertib-read-{n}", daemon=True) for n in range(workers)]
    try:
        for thread in running:
            thread.start()
        left = len(walks)
        while left:
            arrival = arrived.get()
            left -= arrival.page is None
            yield arrival
    finally:
        stop.set()
        _wait_for(running)


def _longest_first(program: Program) -> list[int]:
    """Return the scans' numbers, the longest first, so that none is left over at the end.

    They go by their expected pages; of unknown ones, those with the fewest filters come first.
    """

    def length(place: int) -> tuple[bool, int, int]:
        shared = _shared(program)[place]
        pages = None if shared is None else shared.pages
        return (pages is not None, -(pages or 0), len(program.scans[place].params))

    return sorted(range(len(program.scans)), key=length)


def _handed_over(arrival: _Arrival, arrived: Queue[_Arrival], stop: Event) -> bool:
    """Hand an arrival over as soon as there is room; False where nobody wants it any more."""
    while not stop.is_set():
        with suppress(Full):
            arrived.put(arrival, timeout=_LOOK_AGAIN)
            return True
    return False


def _wait_for(running: Sequence[Thread]) -> None:
    """Give requests that are under way a moment to end; a read that nobody waits for does no harm."""
    for thread in running:
        thread.join(_PATIENCE / len(running))
