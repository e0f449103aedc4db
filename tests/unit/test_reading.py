from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tertib import reading
from tertib.compile import Program, Query, Sizes, compile_rules
from tertib.errors import CredentialError, ReadError
from tertib.language.personal import Mask
from tertib.load import loads
from tertib.model import Order, Page, Rule, Settings, Source, Spent
from tertib.ports import Decode
from tertib.reading import Read
from tertib.scalev import contract

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
STATUSES = ("draft", "pending", "confirmed", "in_process", "ready", "shipped")
WAIT = 20.0


def make_rule(name: str, **given: Any) -> Rule:
    """Return a rule that reads orders and changes something."""
    document = {"name": name, "conditions": [], "action": {"payment_status": "paid"}, **given}
    loaded = loads(json.dumps(document), Settings())
    assert loaded.errors == ()
    return loaded.rules[0]


RULES = [make_rule(status, query={"status": status}) for status in STATUSES]


def make_order(number: int, **given: Any) -> Order:
    """Return an order."""
    return {"id": number, "order_id": f"A{number}", "status": STATUSES[number % len(STATUSES)], **given}


@dataclass
class Shelf:
    """A reader over orders in memory, three a page; a test may say what happens at a request."""

    orders: Sequence[Order]
    on_page: Callable[[Mapping[str, str], int], None] = lambda _params, _start: None
    counts: Mapping[str, int] = field(default_factory=dict)
    pages: int = 0

    def page(
        self,
        source: Source,
        params: Mapping[str, str],
        cursor: str | None = None,
        decode: Decode | None = None,
    ) -> Page:
        """Return the next three orders that satisfy the filters."""
        assert source.store is None
        start = int(cursor or 0)
        self.on_page(params, start)
        filters = [(name, value) for name, value in params.items() if name in contract.PARAMETERS]
        found = [
            one
            for one in self.orders
            if all(contract.check(*one_filter, one) is True for one_filter in filters)
        ]
        self.pages += 1
        shown = found[start : start + 3]
        if decode is not None:
            shown = decode(msgspec.json.encode({"data": shown}))["data"]
        return Page(tuple(shown), str(start + 3) if found[start + 3 :] else None, NOW)

    def count(self, params: Mapping[str, str]) -> int | None:
        """Answer from what the test prepared; None for a credential that may not ask."""
        return self.counts.get("&".join(params.values()))

    def spent(self) -> Spent:
        """Return what was read."""
        return Spent(reads=self.pages)


class Refusing(Shelf):
    """A reader whose statistics cannot be read."""

    def count(self, params: Mapping[str, str]) -> int | None:
        """Fail."""
        raise ReadError(f"lost: {params}")


def silent(_event: str, **_numbers: int) -> None:
    """Report nothing."""


def read(program: Program, shelf: Shelf, threads: int = 4, progress: Callable[..., None] = silent) -> Read:
    """Read a program."""
    return reading.read(program, shelf, Mask(b"k" * 32), threads=threads, progress=progress)


def program_of(rules: Sequence[Rule] = RULES) -> Program:
    """Compile rules."""
    return compile_rules(rules, Settings(), NOW)


SHOP = [make_order(number) for number in range(60)]


def test_threads_change_nothing_but_the_time() -> None:
    """Matches come in the order of scans and pages, whichever thread is the quicker: here, the last scan always is."""
    gates = {status: threading.Event() for status in STATUSES}

    def last_first(params: Mapping[str, str], start: int) -> None:
        place = STATUSES.index(params["status"])
        if start == 0 and place % 2 == 0:
            assert gates[STATUSES[place + 1]].wait(WAIT)
        elif start == 6:
            gates[params["status"]].set()

    one, several = read(program_of(), Shelf(SHOP), 1), read(program_of(), Shelf(SHOP, last_first))
    assert list(several.evaluated.matches) == list(one.evaluated.matches)
    assert len(one.evaluated.matches) == 60
    assert several.reports == one.reports
    assert several.sizes == one.sizes


def test_scans_are_read_at_once() -> None:
    """As many requests are under way together as the setting says, and no more."""
    meeting = threading.Barrier(3)

    def meet(_params: Mapping[str, str], start: int) -> None:
        if start == 0:
            meeting.wait(WAIT)

    assert len(read(program_of(), Shelf(SHOP, meet), 3).evaluated.matches) == 60


def test_without_threads_everything_happens_here() -> None:
    """A caller that sets one request at a time gets one, in its own thread and in the order of the scans."""
    asked = []

    def note(params: Mapping[str, str], start: int) -> None:
        assert threading.current_thread() is threading.main_thread()
        if not start:
            asked.append(params["status"])

    read(program_of(), Shelf(SHOP, note), 1)
    assert asked == list(STATUSES)


def failing(*statuses: str, error: Exception) -> Callable[[Mapping[str, str], int], None]:
    """Fail at the second page of these statuses."""

    def fail(params: Mapping[str, str], start: int) -> None:
        if start == 3 and params["status"] in statuses:
            raise error

    return fail


@pytest.mark.parametrize("threads", [1, 4])
def test_a_scan_that_fails_does_not_lose_the_others(threads: int) -> None:
    """It is reported with what was read of it; nothing of its size is remembered."""
    was_read = read(program_of(), Shelf(SHOP, failing("ready", error=ReadError("lost"))), threads)
    failed = {one.scan.params["status"]: (one.pages, one.failure) for one in was_read.reports if one.failure}
    assert failed == {"ready": (1, "lost")}
    assert all(one.orders == 10 for one in was_read.reports if not one.failure)
    assert "?status=ready" not in was_read.sizes
    assert was_read.sizes["?status=shipped"] == 10


@pytest.mark.parametrize("threads", [1, 4])
def test_where_every_scan_fails_there_is_nothing_to_plan_on(threads: int) -> None:
    """The error of the last scan stands for all."""
    with pytest.raises(ReadError, match="lost"):
        read(program_of(), Shelf(SHOP, failing(*STATUSES, error=ReadError("lost"))), threads)


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_that_is_not_about_reading_ends_it(threads: int) -> None:
    """A token that Scalev rejects is rejected for every scan; nothing of it is left running."""
    with pytest.raises(CredentialError):
        read(program_of(), Shelf(SHOP, failing("draft", error=CredentialError("rejected"))), threads)
    assert not [one for one in threading.enumerate() if one.name.startswith("tertib-read")]


@pytest.mark.parametrize("threads", [1, 4])
def test_a_stop_ends_the_reading(threads: int) -> None:
    """What the progress raises goes to the caller, and no thread reads on."""
    shelf = Shelf(SHOP)

    def stop(_event: str, *, pages: int, **_numbers: int) -> None:
        if pages == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read(program_of(), shelf, threads, stop)
    assert not [one for one in threading.enumerate() if one.name.startswith("tertib-read")]
    assert shelf.pages < 24


def test_progress_is_told_of_every_page_and_what_is_expected() -> None:
    """Numbers only grow; how many pages there will be is told where it is known of every scan."""
    told: list[dict[str, int]] = []

    def note(event: str, **numbers: int) -> None:
        assert event == "read"
        told.append(numbers)

    read(program_of(), Shelf(SHOP), progress=note)
    assert told[-1] == {"pages": 24, "orders": 60, "matched": 60}
    assert [one["pages"] for one in told] == sorted(one["pages"] for one in told)
    sizes = Sizes({f"?status={status}": 10 for status in STATUSES})
    read(compile_rules(RULES, Settings(), NOW, sizes), Shelf(SHOP), progress=note)
    assert told[-1]["expected"] == 6


def test_reading_counts_what_narrower_queries_would_bring() -> None:
    """The next run knows the sizes of scans that this one did not make."""
    shop = [
        make_order(6 * number + 1, payment_status="paid" if number < 4 else "unpaid", platform=None)
        for number in range(9)
    ]
    rules = [
        make_rule("paid", query={"status": "pending"}, conditions=[{"payment_status": ["paid", "settled"]}]),
        make_rule("shopee", query={"status": "pending", "platform": "shopee"}),
    ]
    sizes = read(program_of(rules), Shelf(shop)).sizes
    assert sizes["?status=pending"] == 9
    assert sizes["?payment_status=paid&status=pending"] == 4
    assert sizes["?payment_status=settled&status=pending"] == 0
    assert sizes["?platform=shopee&status=pending"] == 0


def test_a_later_reading_replaces_an_earlier_one() -> None:
    """An order that moved from one scan to the next is judged as it was read last, and keeps its first place."""
    moving = dict(make_order(0, payment_status="unpaid"))

    def move(params: Mapping[str, str], _start: int) -> None:
        if params["status"] == "pending":
            moving.update(status="pending", payment_status="paid")

    rule = make_rule(
        "unpaid", query={"status": ["draft", "pending"]}, conditions=[{"payment_status": {"ne": "paid"}}]
    )
    was_read = read(program_of([rule]), Shelf([moving], move), 1)
    assert was_read.evaluated.matches == {}


def test_counting_is_a_help_and_no_more() -> None:
    """What the statistics say is used; where they may not be asked or fail, nothing is known."""
    several = [make_rule(f"r{n}", query={"status": "pending", "utm_source": f"s{n}"}) for n in range(8)]
    program = program_of(several)
    known = reading.count(program, Shelf([], counts={"pending": 12}), Sizes())
    assert known.orders(Query(Source(), frozenset({("status", "pending")})), NOW) == 12
    assert len(compile_rules(several, Settings(), NOW, known).scans) == 8
    assert reading.count(program, Shelf([]), Sizes()) == Sizes()
    assert reading.count(program, Refusing([]), Sizes()) == Sizes()


def test_a_counted_share_is_the_one_that_limits() -> None:
    """What the statistics counted stands in for what was not read."""
    shared = make_rule("shared", query={"status": "draft"}, limits={"share": "30%"})
    counted = Sizes(counted={"?status=draft": 400})
    was_read = read(compile_rules([shared], Settings(), NOW, counted), Shelf(SHOP))
    assert was_read.evaluated.counted == {"shared": 400}
