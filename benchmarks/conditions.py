"""Measure what deciding costs: compiled conditions beside hand-written Python, and beside other engines.

Everything decides the same orders of the sandbox's shop, page by page, just decoded, in turn in one process, so that a
busy moment of the machine hits all alike. A ratio is taken within each round; the table shows the least, the middle and
the largest. The matches are compared too: a fast answer that differs is no answer.

    PYTHONPATH=engine python -m benchmarks.conditions [--orders 20000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from benchmarks.corpus import NOW, PAGE, TEN, by_hand, pairs, rules, shop_pages
from benchmarks.peers import engines, is_installed

from tertib.language import codegen, conditions
from tertib.projection import Projection, project
from tertib.scalev.contract import FIELDS

Deciding = Callable[[Sequence[Any]], list[tuple[str, ...]]]
_DECODE: Final = msgspec.json.Decoder(float_hook=Decimal).decode
_CHUNK: Final = 2
"""Pages that are decoded, and decided at once, as a run does it."""

_SHARE_BY_RULES: Final = {10: 1.0, 100: 0.5, 1000: 0.1}
_SHARE_OF_PEERS: Final = 0.02


def projection_of(read: Mapping[str, Sequence[Any]]) -> Projection:
    """Return the projection to what these conditions read."""
    return project(
        {path for found in read.values() for one in found for path in conditions.reads(one)}, FIELDS["orders"]
    )


def spread(pages: Sequence[bytes], share: float) -> Sequence[bytes]:
    """Return a share of the pages, taken evenly: the shop's oldest orders are of another sort than its newest."""
    return pages[:: max(1, round(1 / share))]


def hand_written(count: int) -> Deciding:
    """Return what a person writes around one function a rule."""
    known = by_hand(list(pairs(count)))
    return lambda page: [tuple([name for name, rule in known if rule(order)]) for order in page]


def interpreted(count: int) -> Deciding:
    """Return the interpreter's way, the reference."""
    known = rules(list(pairs(count)))
    return lambda page: [
        tuple([name for name, found in known.items() if conditions.all_of(found, order, NOW) is True])
        for order in page
    ]


def compare(
    pages: Sequence[bytes], ways: Mapping[str, tuple[Deciding, Callable[[bytes], Any]]], rounds: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return each way's microseconds an order, round by round, and how many orders it decided unlike the first."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    unlike = dict.fromkeys(ways, 0)
    for number in range(rounds):
        spent = dict.fromkeys(ways, 0.0)
        for start in range(0, len(pages), _CHUNK):
            first: list[tuple[str, ...]] | None = None
            for name, (decide, decode) in ways.items():
                decoded = [decode(body)["data"] for body in pages[start : start + _CHUNK]]
                began = time.perf_counter()
                found = [one for page in decoded for one in decide(page)]
                spent[name] += time.perf_counter() - began
                first = found if first is None else first
                unlike[name] += number == 0 and sum(map(tuple.__ne__, found, first))
        for name, seconds in spent.items():
            taken[name].append(seconds * 1e6 / (len(pages) * PAGE))
    return taken, unlike


def report(title: str, taken: Mapping[str, Sequence[float]], unlike: Mapping[str, int], base: str) -> None:
    """Print one table: microseconds an order, and the ratio to `base` within each round."""
    print(f"\n{title:44} {'µs/order':>9} {'least':>8} {'middle':>8} {'most':>8}  decided unlike")
    for name, figures in taken.items():
        ratios = sorted(one / other for one, other in zip(figures, taken[base], strict=True))
        middle = statistics.median(ratios)
        numbers = f"{statistics.median(figures):9.2f} {ratios[0]:8.3f} {middle:8.3f} {ratios[-1]:8.3f}"
        print(f"  {name:42} {numbers}  {unlike[name] or ''}")


def against_python(pages: Sequence[bytes], count: int, rounds: int) -> None:
    """Compare with hand-written functions at one number of rules."""
    read = rules(list(pairs(count)))
    began = time.perf_counter()
    compiled = codegen.compile_conditions(read)
    milliseconds = (time.perf_counter() - began) * 1e3
    projection = projection_of(read)
    structs = codegen.compile_conditions(read, types=projection.types)
    ways: dict[str, tuple[Deciding, Callable[[bytes], Any]]] = {
        "hand-written Python, one function a rule": (hand_written(count), _DECODE),
        "compiled, orders as dicts": (lambda page: compiled.match_page(page, NOW), _DECODE),
        "compiled, orders as structs": (lambda page: structs.match_page(page, NOW), projection.decode),
    }
    some = spread(pages, _SHARE_BY_RULES[count])
    title = f"{count} rules, {len(some) * PAGE} orders (compiled in {milliseconds:.0f} ms)"
    report(title, *compare(some, ways, rounds), next(iter(ways)))


def against_others(pages: Sequence[bytes], rounds: int) -> None:
    """Compare with the interpreter and with other engines, at ten rules, on orders of just the columns asked for."""
    read = rules(TEN)
    projection = projection_of(read)
    compiled = codegen.compile_conditions(read)
    structs = codegen.compile_conditions(read, types=projection.types)
    ways: dict[str, tuple[Deciding, Callable[[bytes], Any]]] = {
        "compiled, orders as dicts": (lambda page: compiled.match_page(page, NOW), _DECODE),
        "hand-written Python, one function a rule": (hand_written(len(TEN)), _DECODE),
        "compiled, orders as structs": (lambda page: structs.match_page(page, NOW), projection.decode),
        "the interpreter": (interpreted(len(TEN)), _DECODE),
    }
    for name, package, prepare in engines():
        if is_installed(package):
            ways[f"{name} ({package})"] = (prepare(), _DECODE)
        else:
            print(f"skipped: {name} is not installed (pip install {package})")
    some = spread(pages, _SHARE_OF_PEERS)
    report(f"10 rules, {len(some) * PAGE} orders", *compare(some, ways, rounds), next(iter(ways)))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="what deciding costs")
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(
        f"Python {sys.version.split()[0]}, {asked.orders} orders of the sandbox's shop, {asked.rounds} rounds"
    )
    pages = shop_pages(asked.orders, narrow=False)
    for count in (10, 100, 1000):
        against_python(pages, count, asked.rounds)
    against_others(shop_pages(asked.orders, narrow=True), min(asked.rounds, 3))


if __name__ == "__main__":
    main()
