"""What deciding costs: compiled conditions beside hand-written Python, from one rule to a thousand.

Orders are decided page by page, just decoded, as a run does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from benchmarks.corpus import NOW, by_hand, pairs, rules, shop_pages
from benchmarks.measure import (
    Report,
    Table,
    Taken,
    Target,
    Way,
    at_most,
    disagreements,
    in_turn,
    number,
    ratios,
    table,
)
from tertib.language import codegen, conditions
from tertib.projection import Projection, project
from tertib.scalev.contract import FIELDS

BY_HAND: Final = "hand-written Python, one function a rule"
ON_DICTS: Final = "compiled, orders as dicts"
ON_STRUCTS: Final = "compiled, orders as structs"

_DECODE: Final = msgspec.json.Decoder(float_hook=Decimal).decode
_TARGETS: Final[Mapping[int, float]] = {10: 0.7, 100: 0.4, 1000: 0.12}


@dataclass(frozen=True, slots=True)
class Size:
    """How many orders, how often, and for which numbers of rules."""

    orders: int
    rounds: int
    rules: tuple[int, ...]


FULL: Final = Size(20_000, 5, (1, 10, 100, 1000))
QUICK: Final = Size(1_000, 1, (1, 10, 100))


def measure(size: Size) -> Report:
    """Compare with hand-written functions at each number of rules."""
    pages = shop_pages(size.orders, narrow=False)
    tables, targets, broken, growth = [], [], [], []
    for count in size.rules:
        title = f"{count} {'rule' if count == 1 else 'rules'}, {size.orders:,} orders"
        milliseconds, ways = _ways(count)
        taken = in_turn(pages, ways, size.rounds)
        tables.append(table(title, taken, BY_HAND, f"Compiled in {milliseconds:.0f} ms."))
        broken += disagreements(title, taken)
        targets += _targets(count, taken)
        growth.append((str(count), *(number(min(taken.microseconds[name])) for name in ways)))
    head = ("rules", *ways)
    note = "Microseconds an order, the best round. What rules share is asked once, and an order meets only the rules of its status."
    return Report(
        (Table("Cost by number of rules", head, tuple(growth), note), *tables), tuple(targets), tuple(broken)
    )


def _targets(count: int, taken: Taken) -> list[Target]:
    if count not in _TARGETS:
        return []
    found = ratios(taken.microseconds[ON_STRUCTS], taken.microseconds[BY_HAND]).middle
    return [at_most(f"Conditions of {count} rules, of hand-written Python", _TARGETS[count], found)]


def _ways(count: int) -> tuple[float, dict[str, Way]]:
    """Return how many milliseconds compiling took, and the ways to decide so many rules."""
    read = rules(list(pairs(count)))
    projection = projection_of(read)
    began = time.perf_counter()
    structs = codegen.compile_conditions(read, types=projection.types)
    milliseconds = (time.perf_counter() - began) * 1e3
    plain = codegen.compile_conditions(read)
    return milliseconds, {
        BY_HAND: Way(hand_written(count), orders_of),
        ON_DICTS: Way(lambda page: plain.match_page(page, NOW), orders_of),
        ON_STRUCTS: Way(
            lambda page: structs.match_page(page, NOW), lambda body: projection.decode(body)["data"]
        ),
    }


def orders_of(body: bytes) -> list[Any]:
    """Return a page's orders as dicts, numbers exact."""
    found: list[Any] = _DECODE(body)["data"]
    return found


def projection_of(read: Mapping[str, Sequence[Any]]) -> Projection:
    """Return the projection to what these conditions read."""
    paths = {path for found in read.values() for one in found for path in conditions.reads(one)}
    return project(paths, FIELDS["orders"])


def hand_written(count: int) -> Callable[[Sequence[Any]], list[tuple[str, ...]]]:
    """Return what a person writes around one function a rule."""
    known = by_hand(list(pairs(count)))
    return lambda page: [tuple([name for name, rule in known if rule(order)]) for order in page]
