"""What reading costs: a projected page beside json, orjson and pydantic, and reading with deciding.

Whole orders are what a replay over stored answers or a customer's list brings; with `columns` an answer holds little
but what is read, so there is less to leave out. `nothing` is the floor: the same decoder, asked for no field at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import msgspec

from benchmarks.conditions import hand_written
from benchmarks.corpus import NOW, PAGE, TEN, rules, shop_pages
from benchmarks.measure import (
    Report,
    Taken,
    Way,
    at_most,
    disagreements,
    in_turn,
    number,
    ratios,
    spread,
    table,
)
from tertib.compile import SHOWN_FIELDS, VETO_FIELDS
from tertib.language import codegen, conditions
from tertib.projection import Projection, project
from tertib.scalev.contract import FIELDS

FLOOR: Final = "projected to nothing: the floor"
PROJECTED: Final = "projected to what is read"
DECIDED: Final = "projected, compiled conditions"
_ALWAYS: Final = ("id", *VETO_FIELDS, *SHOWN_FIELDS)
_SHARE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Size:
    """How many orders, and how often."""

    orders: int
    rounds: int


FULL: Final = Size(20_000, 5)
QUICK: Final = Size(1_000, 1)


def measure(size: Size) -> Report:
    """Compare decoding, and decoding with deciding, on whole orders and on the columns asked for."""
    decoding, deciding = _decoders(), _deciders()
    reports = []
    for what, narrow in (("whole orders", False), ("only the columns asked for", True)):
        pages = shop_pages(size.orders, narrow=narrow)
        decoded, decided = in_turn(pages, decoding, size.rounds), in_turn(pages, deciding, size.rounds)
        bytes_each = sum(map(len, pages)) // (len(pages) * PAGE)
        reports.append(_report(what, bytes_each, decoded, decided))
    return Report(
        tuple(table for one in reports for table in one.tables),
        tuple(target for one in reports for target in one.targets),
        tuple(broken for one in reports for broken in one.broken),
        reports[1].facts,
    )


def _report(what: str, bytes_each: int, decoded: Taken, decided: Taken) -> Report:
    first, parts = next(iter(decided.microseconds)), _parts(decoded, decided)
    title = f"{what}, {bytes_each:,} bytes each"
    targets = []
    if "orjson" in first:
        found = ratios(decided.microseconds[DECIDED], decided.microseconds[first]).middle
        named = f"Decode and decide ten rules, {what}, of orjson with hand-written Python"
        targets.append(at_most(named, _SHARE, found, parts))
    decoding, whole = (
        spread(decoded.microseconds[PROJECTED]).middle,
        spread(decided.microseconds[DECIDED]).middle,
    )
    return Report(
        (
            table(f"Decode: {title}", decoded, next(iter(decoded.microseconds)), _missing()),
            table(f"Decode and decide ten rules: {title}", decided, first, parts),
        ),
        tuple(targets),
        tuple(disagreements(what, decided)),
        {"decode": f"{decoding:.1f}", "decide": f"{max(whole - decoding, 0):.1f}"},
    )


def _decoders() -> dict[str, Way]:
    """Return the ways to decode a page, those that are installed."""
    ways = {}
    if find_spec("orjson"):
        ways["orjson, to dicts"] = Way(import_module("orjson").loads)
    ways["json, to dicts"] = Way(json.loads)
    ways["msgspec, to dicts"] = Way(msgspec.json.Decoder(float_hook=Decimal).decode)
    if find_spec("pydantic"):
        ways["pydantic, to models of the same fields"] = Way(_pydantic())
    ways[PROJECTED] = Way(projection().decode)
    ways[FLOOR] = Way(project((), FIELDS["orders"]).decode)
    return ways


def _missing() -> str:
    names = [name for name in ("orjson", "pydantic") if not find_spec(name)]
    return f"Not run, since not installed: {', '.join(names)}." if names else ""


def projection() -> Projection:
    """Return the projection to what the ten rules, the vetoes and a plan read."""
    return project({*_read_by_rules(), *_ALWAYS}, FIELDS["orders"])


def _read_by_rules() -> set[str]:
    return {path for found in rules(TEN).values() for one in found for path in conditions.reads(one)}


def _pydantic() -> Callable[[bytes], Any]:
    """Return pydantic's way: models that take anything for each of the same fields."""
    create_model: Any = import_module("pydantic").create_model
    fields: dict[str, Any] = {path.partition(".")[0]: (Any, None) for path in (*_ALWAYS, *_read_by_rules())}
    order: Any = create_model("Order", **fields)
    read: Callable[[bytes], Any] = create_model("Answer", data=(list[order], ...)).model_validate_json
    return read


def _deciders() -> dict[str, Way]:
    """Return the ways to decode a page and decide ten rules over it."""
    by_hand = hand_written(len(TEN))
    ways = {}
    if find_spec("orjson"):
        loads = import_module("orjson").loads
        ways["orjson, hand-written Python"] = Way(lambda body: by_hand(loads(body)["data"]))
    ways["json, hand-written Python"] = Way(lambda body: by_hand(json.loads(body)["data"]))
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    read = rules(TEN)
    plain = codegen.compile_conditions(read)
    ways["msgspec to dicts, compiled conditions"] = Way(
        lambda body: plain.match_page(decode(body)["data"], NOW)
    )
    projected = projection()
    compiled = codegen.compile_conditions(read, types=projected.types)
    ways[DECIDED] = Way(lambda body: compiled.match_page(projected.decode(body)["data"], NOW))
    return ways


def _parts(decoded: Taken, decided: Taken) -> str:
    """Say what the projected way is made of, and how low it could come."""
    whole = min(decided.microseconds[DECIDED])
    decoding = min(decoded.microseconds[PROJECTED])
    floor = min(decoded.microseconds[FLOOR])
    other = min(next(iter(decided.microseconds.values())))
    return (
        f"Of {number(whole)} µs an order, the decoder spends {number(floor)} on finding its way past what is not read "
        f"({number(floor / other)} of the first row, which is the floor), {number(decoding - floor)} on building what is read, "
        f"and deciding takes {number(max(whole - decoding, 0))}."
    )
