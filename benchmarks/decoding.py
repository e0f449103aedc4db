"""Measure what reading costs: a projected page beside json, orjson and pydantic, and reading with deciding.

Whole orders are what a replay over stored answers or a customer's list brings; with `columns` an answer holds little
but what is read, so there is less to leave out. `nothing` is the floor: the same decoder, asked for no field at all.

    PYTHONPATH=engine python -m benchmarks.decoding [--orders 20000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import msgspec
from benchmarks.conditions import hand_written, report, spread
from benchmarks.corpus import NOW, PAGE, TEN, rules, shop_pages

from tertib.compile import SHOWN_FIELDS, VETO_FIELDS
from tertib.language import codegen, conditions
from tertib.projection import Projection, project
from tertib.scalev.contract import FIELDS

Work = Callable[[bytes], Any]
_ALWAYS: Final = ("id", *VETO_FIELDS, *SHOWN_FIELDS)


def projection() -> Projection:
    """Return the projection to what the ten rules, the vetoes and a plan read."""
    read = {path for found in rules(TEN).values() for one in found for path in conditions.reads(one)}
    return project({*read, *_ALWAYS}, FIELDS["orders"])


def decoders() -> Iterator[tuple[str, Work]]:
    """Yield the ways to decode a page, those that are installed."""
    yield "json, to dicts", json.loads
    if find_spec("orjson"):
        yield "orjson, to dicts", import_module("orjson").loads
    else:
        print("skipped: orjson is not installed (pip install orjson)")
    yield "msgspec, to dicts", msgspec.json.Decoder(float_hook=Decimal).decode
    if find_spec("pydantic"):
        yield "pydantic, to models of the same fields", _pydantic()
    else:
        print("skipped: pydantic is not installed (pip install pydantic)")
    yield "projected to what is read", projection().decode
    yield "projected to nothing: the floor", project((), FIELDS["orders"]).decode


def _pydantic() -> Work:
    """Return pydantic's way: models that take anything for each of the same fields."""
    create_model: Any = import_module("pydantic").create_model
    fields: dict[str, Any] = {path.partition(".")[0]: (Any, None) for path in (*_ALWAYS, *_read_by_rules())}
    order: Any = create_model("Order", **fields)
    read: Work = create_model("Answer", data=(list[order], ...)).model_validate_json
    return read


def _read_by_rules() -> set[str]:
    return {path for found in rules(TEN).values() for one in found for path in conditions.reads(one)}


def deciders() -> Iterator[tuple[str, Work]]:
    """Yield the ways to decode a page and decide ten rules over it."""
    by_hand = hand_written(len(TEN))
    if find_spec("orjson"):
        loads = import_module("orjson").loads
        yield "orjson and hand-written Python", lambda body: by_hand(loads(body)["data"])
    yield "json and hand-written Python", lambda body: by_hand(json.loads(body)["data"])
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    read = rules(TEN)
    plain = codegen.compile_conditions(read)
    yield "msgspec to dicts and compiled conditions", lambda body: plain.match_page(decode(body)["data"], NOW)
    projected = projection()
    compiled = codegen.compile_conditions(read, types=projected.types)
    yield (
        "projected and compiled conditions",
        lambda body: compiled.match_page(projected.decode(body)["data"], NOW),
    )


def compare(pages: Sequence[bytes], ways: Sequence[tuple[str, Work]], rounds: int) -> dict[str, list[float]]:
    """Return each way's microseconds an order, round by round."""
    taken: dict[str, list[float]] = {name: [] for name, _ in ways}
    for _ in range(rounds):
        for name, work in ways:
            began = time.perf_counter()
            for body in pages:
                work(body)
            taken[name].append((time.perf_counter() - began) * 1e6 / (len(pages) * PAGE))
    return taken


def unlike(pages: Sequence[bytes], ways: Sequence[tuple[str, Work]]) -> dict[str, int]:
    """Return how many orders each way decided unlike the first."""
    first = [ways[0][1](body) for body in pages]
    return {
        name: sum(
            one != other
            for body, page in zip(pages, first, strict=True)
            for one, other in zip(work(body), page, strict=True)
        )
        for name, work in ways
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="what reading costs")
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    print(
        f"Python {sys.version.split()[0]}, {asked.orders} orders of the sandbox's shop, {asked.rounds} rounds"
    )
    decoding, deciding = list(decoders()), list(deciders())
    base = next((name for name, _ in decoding if name.startswith("orjson")), decoding[0][0])
    for narrow in (False, True):
        pages = shop_pages(asked.orders, narrow=narrow)
        size = sum(map(len, pages)) // (len(pages) * PAGE)
        what = f"{'columns' if narrow else 'whole orders'}, {size} bytes each"
        report(
            f"decode: {what}", compare(pages, decoding, asked.rounds), dict.fromkeys(dict(decoding), 0), base
        )
        found = unlike(spread(pages, 0.2), deciding)
        report(f"and decide 10 rules: {what}", compare(pages, deciding, asked.rounds), found, deciding[0][0])


if __name__ == "__main__":
    main()
