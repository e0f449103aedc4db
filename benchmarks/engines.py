"""Compiled conditions beside rule and expression engines from PyPI: the same ten rules, the same orders and matches.

The engines get dicts, and Tertib is measured on dicts here too, beside the structs that a run decodes to. No engine but
CEL tells a key that is missing from one that is null, so the few orders where that matters are left out.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from benchmarks.conditions import BY_HAND, ON_DICTS, ON_STRUCTS, hand_written, orders_of, projection_of
from benchmarks.corpus import COLUMNS, NOW, PAGE, TEN, rules, shop_pages
from benchmarks.measure import (
    Report,
    Table,
    Taken,
    Target,
    Way,
    at_least,
    disagreements,
    in_turn,
    number,
    ratios,
)
from benchmarks.peers import engines, is_installed
from tertib.language import codegen, conditions

INTERPRETED: Final = "the interpreter, Tertib's reference"
_TIMES_FASTER: Final = 50


@dataclass(frozen=True, slots=True)
class Size:
    """How many of the shop's orders, how often; an engine slower than ten milliseconds an order sees them too."""

    orders: int
    rounds: int
    one_in: int


FULL: Final = Size(20_000, 3, 10)
QUICK: Final = Size(4_000, 1, 10)


def measure(size: Size) -> Report:
    """Compare with the interpreter and the engines that are installed, at ten rules."""
    pages = _pages(shop_pages(size.orders, narrow=True), size.one_in)
    ways, missing = _ways()
    taken = in_turn(pages, ways, size.rounds)
    title = f"10 rules, {len(pages) * PAGE:,} orders"
    return Report(
        (_table(title, taken, missing),), tuple(_targets(taken, ways)), tuple(disagreements(title, taken))
    )


def _pages(pages: Sequence[bytes], one_in: int) -> list[bytes]:
    """Return one in so many orders, spread evenly since old ones differ from new, without those that lack a key."""
    known = [order for body in pages for order in json.loads(body)["data"]]
    whole = [order for order in known[::one_in] if _is_whole(order)]
    starts = range(0, len(whole) - PAGE + 1, PAGE)
    return [json.dumps({"data": whole[start : start + PAGE]}).encode() for start in starts]


def _is_whole(order: dict[str, Any]) -> bool:
    return isinstance(order.get("tags"), list) and all(column in order for column in COLUMNS)


def _ways() -> tuple[dict[str, Way], list[str]]:
    """Return the ways to decide, and the names of the engines that are not installed."""
    read = rules(TEN)
    projection = projection_of(read)
    plain = codegen.compile_conditions(read)
    structs = codegen.compile_conditions(read, types=projection.types)
    ways = {
        ON_DICTS: Way(lambda page: plain.match_page(page, NOW), orders_of),
        ON_STRUCTS: Way(
            lambda page: structs.match_page(page, NOW), lambda body: projection.decode(body)["data"]
        ),
        BY_HAND: Way(hand_written(len(TEN)), orders_of),
        INTERPRETED: Way(_interpreted, orders_of),
    }
    missing = []
    for name, package, prepare in engines():
        if is_installed(package):
            ways[f"{name} ({package} {version(package)})"] = Way(prepare(), orders_of)
        else:
            missing.append(f"{name} ({package})")
    return ways, missing


_READ: Final = rules(TEN)


def _interpreted(page: Sequence[Any]) -> list[tuple[str, ...]]:
    return [
        tuple([name for name, found in _READ.items() if conditions.all_of(found, order, NOW) is True])
        for order in page
    ]


def _table(title: str, taken: Taken, missing: Sequence[str]) -> Table:
    known = taken.microseconds
    rows = [
        (
            name,
            number(statistics.median(figures)),
            *ratios(figures, known[ON_DICTS]).cells(),
            number(ratios(figures, known[ON_STRUCTS]).middle),
        )
        for name, figures in known.items()
    ]
    rows += [(name, "not run", "", "", "", "") for name in missing]
    head = ("", "µs an order", "least", "middle", "most", "of structs, middle")
    note = (
        "Ratios are to compiled conditions on dicts; the last column is to structs, which is what a run decodes to. Each "
        "engine has its rules compiled once, the status first, and times as finished texts; *its own ages* is Cloud "
        "Custodian as its policies are written."
    )
    return Table(title, head, tuple(rows), note)


def _targets(taken: Taken, ways: dict[str, Way]) -> Iterator[Target]:
    ours = (ON_DICTS, ON_STRUCTS, BY_HAND, INTERPRETED)
    of_structs, of_dicts = (min(taken.microseconds[name]) for name in (ON_STRUCTS, ON_DICTS))
    for name in ways:
        if name not in ours:
            found = ratios(taken.microseconds[name], taken.microseconds[ON_STRUCTS]).middle
            floor = (
                f"It asks most rules no more than their first test, the status, {number(min(taken.microseconds[name]) / len(TEN))} µs "
                f"a rule. {_TIMES_FASTER} times would be {number(min(taken.microseconds[name]) / _TIMES_FASTER)} µs an order "
                f"for all ten; they take {number(of_structs)} on structs and {number(of_dicts)} on dicts."
            )
            yield at_least(f"Ten rules, faster than {name.partition(' (')[0]}", _TIMES_FASTER, found, floor)
