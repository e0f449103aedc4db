"""Deciding stored orders, with nobody to wait for: what a new rule's author does over last month's answers.

Whole orders are decoded from the bytes that a server sent, decided by ten rules and by a hundred, and every match is kept
with its reasons, by the very stages that a run uses. *Matches only* leaves out the reasons, as the hand-written way does.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from benchmarks.conditions import hand_written
from benchmarks.corpus import NOW, pairs, shop_pages
from benchmarks.measure import Report, Table, Taken, Way, disagreements, in_turn, number, ratios
from tertib.compile import Program, compile_rules
from tertib.evaluate import Evaluated, absorb
from tertib.language.personal import Mask
from tertib.load import loads
from tertib.model import Page, Rule, Scan, Settings

MATCHED: Final = "Tertib, matches only"
KEPT: Final = "Tertib, matches with their reasons"
_MASK: Final = Mask(b"a key for benchmarks, 32 bytes..")


@dataclass(frozen=True, slots=True)
class Size:
    """How many orders, how often, and for which numbers of rules."""

    orders: int
    rounds: int
    rules: tuple[int, ...]


FULL: Final = Size(20_000, 3, (10, 100))
QUICK: Final = Size(1_000, 1, (10,))


def measure(size: Size) -> Report:
    """Decide the same stored pages by each number of rules."""
    pages = shop_pages(size.orders, narrow=False)
    tables, broken = [], []
    for count in size.rules:
        program = compile_rules(list(_rules(count)), Settings(), NOW)
        ways = _ways(program, count)
        taken = in_turn(pages, ways, size.rounds)
        title = f"{size.orders:,} stored orders, {count} rules"
        found = set(_absorbed(program, pages).matches)
        tables.append(_table(title, taken, len(found) / size.orders))
        broken += disagreements(title, taken)
        broken += _lost(pages, found, count)
    return Report(tuple(tables), broken=tuple(broken))


def _rules(count: int) -> Iterator[Rule]:
    for pair in pairs(count):
        document = {
            "name": pair.name,
            "query": {},
            "conditions": list(pair.conditions),
            "action": {"status": "canceled"},
        }
        loaded = loads(json.dumps(document), Settings())
        assert not loaded.errors, loaded.problems
        yield loaded.rules[0]


def _ways(program: Program, count: int) -> dict[str, Way]:
    by_hand = hand_written(count)
    source = program.rules[0].rule.source
    deciding = program.deciding(source)
    ways = {}
    if find_spec("orjson"):
        orjson = import_module("orjson").loads
        ways["orjson, hand-written Python"] = Way(lambda body: by_hand(orjson(body)["data"]))
    ways["json, hand-written Python"] = Way(lambda body: by_hand(json.loads(body)["data"]))
    ways[MATCHED] = Way(lambda body: deciding.match_page(deciding.projection.decode(body)["data"], NOW))
    ways[KEPT] = Way(lambda body: _absorbed(program, [body]))
    return ways


def _absorbed(program: Program, bodies: Sequence[bytes]) -> Evaluated:
    """Decode and decide pages as a run does it, of a scan that asked for everything."""
    evaluated = Evaluated()
    source = program.rules[0].rule.source
    decode = program.deciding(source).projection.decode
    scan = Scan(source, {}, tuple(one.rule.name for one in program.rules))
    for body in bodies:
        absorb(evaluated, program, scan, Page(tuple(decode(body)["data"]), None, NOW), _MASK)
    return evaluated


def _lost(pages: Sequence[bytes], found: Collection[tuple[str, str]], count: int) -> list[str]:
    """Say how many matches the stages and the hand-written functions do not have in common."""
    by_hand = hand_written(count)
    decoded = (json.loads(body)["data"] for body in pages)
    expected = {
        (rule, str(order["id"]))
        for page in decoded
        for order, names in zip(page, by_hand(page), strict=True)
        for rule in names
    }
    differing = expected.symmetric_difference(found)
    return [f"{count} rules: {len(differing)} matches differ from the hand-written ones"] if differing else []


def _table(title: str, taken: Taken, matches: float) -> Table:
    known: Mapping[str, Sequence[float]] = taken.microseconds
    middle = {name: statistics.median(figures) for name, figures in known.items()}
    base = next(iter(known))
    rows = tuple(
        (name, number(1e6 / middle[name]), number(middle[name]), *ratios(figures, known[base]).cells())
        for name, figures in known.items()
    )
    note = (
        f"{number(matches)} matches an order: no rule was ever applied to this shop. To keep a match, with what each condition "
        f"saw, takes {number((middle[KEPT] - middle[MATCHED]) / matches)} µs; a match that is kept is what a plan shows."
    )
    return Table(title, ("", "orders a second", "µs an order", "least", "middle", "most"), rows, note)
