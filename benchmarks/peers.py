"""The same ten rules for rule and expression engines from PyPI, each in its own words and in its fastest known way.

Every engine gets its conditions compiled once, cheap tests first, and bounds of ages as finished texts (the shop
writes all its times alike, so texts compare as times do). What an engine cannot say (a pattern, a date) is written as
a list of words or given to it as a function. An engine that is not installed is skipped.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from benchmarks.corpus import NOW

Decide = Callable[[Sequence[Any]], list[tuple[str, ...]]]
Step = tuple[Any, ...]
"""A test: its sort, the field, and what it is compared with."""


def _ago(**distance: int) -> str:
    return f"{NOW - timedelta(**distance):%Y-%m-%dT%H:%M:%SZ}"


_HELD: Final = ["hold", "vip", "bukti-ok", "pindah-rekening"]
RULES: Final[Mapping[str, Sequence[Step]]] = {
    "cancel-unpaid-transfer": [
        ("is", "status", "pending"), ("is", "payment_method", "bank_transfer"), ("is", "payment_status", "unpaid"),
        ("null", "transferproof_url"), ("before", "pending_time", _ago(days=3)), ("free", "tags", _HELD),
    ],
    "cancel-unpaid-qris": [
        ("is", "status", "pending"), ("is", "payment_method", "qris"), ("is", "payment_status", "unpaid"),
        ("null", "transferproof_url"), ("before", "pending_time", _ago(days=1)), ("free", "tags", _HELD),
    ],
    "cancel-abandoned-draft": [
        ("is", "status", "draft"), ("is", "payment_status", "unpaid"), ("null", "payment_method"),
        ("null", "transferproof_url"), ("before", "draft_time", _ago(days=14)), ("free", "tags", ["hold"]),
    ],
    "confirm-paid": [
        ("is", "status", "pending"), ("in", "payment_status", ["paid", "settled"]),
        ("before", "pending_time", _ago(minutes=15)), ("free", "tags", ["hold"]),
    ],
    "mark-paid-bukti-ok": [
        ("is", "status", "pending"), ("is", "payment_status", "unpaid"), ("given", "transferproof_url"),
        ("has", "tags", "bukti-ok"), ("free", "tags", ["hold", "pindah-rekening"]),
    ],
    "ship-picked-up": [
        ("is", "status", "ready"), ("given", "shipment_receipt"),
        ("in", "shipment_status", ["on_delivery", "in_transit", "delivered"]), ("free", "tags", ["hold"]),
    ],
    "ship-digital-paid": [
        ("in", "status", ["confirmed", "in_process", "ready"]), ("in", "payment_status", ["paid", "settled"]),
        ("null", "courier_service"), ("is", "total_weight", 0), ("free", "tags", ["hold", "komplain"]),
    ],
    "complete-delivered": [
        ("is", "status", "shipped"), ("is", "shipment_status", "delivered"), ("null", "rts_time"),
        ("before", "shipped_time", _ago(days=2)), ("free", "tags", ["hold", "komplain", "retur", "tutup"]),
    ],
    "close-shipped-without-ending": [
        ("is", "status", "shipped"), ("null", "completed_time"), ("null", "rts_time"),
        ("before", "shipped_time", _ago(days=30)), ("is not", "payment_status", "settled"),
        ("out", "shipment_status", ["delivered", "returned", "rts"]), ("free", "tags", ["hold", "retur", "komplain"]),
    ],
    "settle-cod-paid-out": [
        ("is", "status", "completed"), ("is", "payment_method", "cod"),
        ("in", "payment_status", ["unpaid", "paid", "settled"]), ("given", "completed_time"),
        ("has", "tags", "kado"), ("free", "tags", ["hold", "komplain"]),
    ],
}  # fmt: skip


def engines() -> Iterator[tuple[str, str, Callable[[], Decide]]]:
    """Yield each engine: its name, the package on PyPI, and what prepares it."""
    yield "Cloud Custodian, bounds as texts", "c7n", custodian
    yield "Cloud Custodian, its own ages", "c7n", lambda: custodian(own_ages=True)
    yield "json-logic", "json-logic-qubit", json_logic
    yield "jmespath", "jmespath", jmespath
    yield "CEL in Rust", "common-expression-language", cel
    yield "rule-engine", "rule-engine", rule_engine
    yield "CEL in Python", "cel-python", celpy


MODULES: Final = {
    "c7n": "c7n",
    "json-logic-qubit": "json_logic",
    "jmespath": "jmespath",
    "common-expression-language": "cel",
    "rule-engine": "rule_engine",
    "cel-python": "celpy",
}


def is_installed(package: str) -> bool:
    """Tell whether a package's module can be imported."""
    return find_spec(MODULES[package]) is not None


def _deciding(tests: Mapping[str, Callable[[Any], Any]]) -> Decide:
    """Ask every rule of every order; a rule that fails on an order does not match it."""

    def ask(test: Callable[[Any], Any], order: Any) -> bool:
        try:
            return test(order) is True
        except Exception:  # noqa: BLE001 - engines raise whatever they like where a value is missing or null
            return False

    items = tuple(tests.items())
    return lambda orders: [tuple([name for name, test in items if ask(test, order)]) for order in orders]


def custodian(*, own_ages: bool = False) -> Decide:
    """Use Cloud Custodian's value filters, one after another until one fails.

    `own_ages` says ages as its policies do. It asks the machine's clock, so they are shifted by what lies between.
    """
    ValueFilter: Any = import_module("c7n.filters.core").ValueFilter  # noqa: N806 - a class

    later = (datetime.now(UTC) - NOW) / timedelta(days=1)

    def one(step: Step) -> Callable[[Any], bool]:
        sort, key, *rest = step
        wanted = rest[0] if rest else None
        if sort == "before" and own_ages:
            days = (NOW - datetime.fromisoformat(str(wanted))) / timedelta(days=1) + later
            older = ValueFilter(
                {"type": "value", "key": key, "value_type": "age", "op": "gt", "value": days}
            ).match
            return lambda order: bool(order.get(key)) and bool(older(order))
        words: dict[str, dict[str, Any]] = {
            "is": {"value": wanted}, "is not": {"value": wanted, "op": "ne"}, "in": {"value": wanted, "op": "in"},
            "out": {"value": wanted, "op": "not-in"}, "null": {"value": "empty"}, "given": {"value": "not-null"},
            "before": {"value": wanted, "op": "lt"}, "free": {"value": wanted, "op": "intersect"},
            "has": {"value": wanted, "op": "contains"},
        }  # fmt: skip
        path = "tags[].name" if key == "tags" else key
        found = ValueFilter({"type": "value", "key": path, **words[sort]}).match
        if sort == "free":
            return lambda order: not found(order)
        if sort == "before":
            return lambda order: bool(order.get(key)) and bool(found(order))
        return lambda order: bool(found(order))

    def whole(steps: Sequence[Callable[[Any], bool]]) -> Callable[[Any], bool]:
        return lambda order: all(step(order) for step in steps)

    return _deciding({name: whole([one(step) for step in steps]) for name, steps in RULES.items()})


def json_logic() -> Decide:
    """Use json-logic."""
    ask: Any = import_module("json_logic").jsonLogic

    def one(step: Step) -> list[Any]:
        sort, key, *rest = step
        var = {"var": key}
        name = {"var": "name"}
        words: dict[str, Callable[[], list[Any]]] = {
            "is": lambda: [{"===": [var, rest[0]]}],
            "is not": lambda: [{"!!": [var]}, {"!==": [var, rest[0]]}],
            "in": lambda: [{"in": [var, rest[0]]}],
            "out": lambda: [{"!": [{"in": [var, rest[0]]}]}],
            "null": lambda: [{"!": [var]}],
            "given": lambda: [{"!!": [var]}],
            "before": lambda: [{"!!": [var]}, {"<": [var, rest[0]]}],
            "free": lambda: [{"none": [var, {"in": [name, rest[0]]}]}],
            "has": lambda: [{"some": [var, {"===": [name, rest[0]]}]}],
        }
        return words[sort]()

    logic = {name: {"and": [part for step in steps for part in one(step)]} for name, steps in RULES.items()}
    return _deciding({name: functools.partial(ask, rule) for name, rule in logic.items()})


def jmespath() -> Decide:
    """Use jmespath, with a function for what it cannot compare."""
    engine: Any = import_module("jmespath")
    functions: Any = import_module("jmespath.functions")

    class Own(functions.Functions):  # type: ignore[misc] # imported only where it is installed
        """Adds a comparison of texts."""

        @functions.signature({"types": ["string", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator] # the same
        def _func_before(self, text: str | None, bound: str) -> bool:
            return bool(text) and text < bound  # type: ignore[operator] # text, if it is true

    def one(step: Step) -> str:
        sort, key, *rest = step
        listed = f"`{str(rest[0]).replace(chr(39), chr(34))}`" if rest and isinstance(rest[0], list) else ""
        wanted = f"'{rest[0]}'" if rest and isinstance(rest[0], str) else f"`{rest[0] if rest else 0}`"
        return {
            "is": f"{key}=={wanted}",
            "is not": f"{key} && {key}!={wanted}",
            "in": f"contains({listed}, {key})",
            "out": f"!(contains({listed}, {key}))",
            "null": f"!({key})",
            "given": f"{key} && `true`",
            "before": f"before({key}, {wanted})",
            "free": f"tags && !(tags[?contains({listed}, name)]) || tags==`[]`",
            "has": f"tags[?name=={wanted}] && `true`",
        }[sort]

    options = engine.Options(custom_functions=Own())
    compiled = {
        name: engine.compile(" && ".join(f"({one(step)})" for step in steps)) for name, steps in RULES.items()
    }
    return _deciding(
        {name: functools.partial(rule.search, options=options) for name, rule in compiled.items()}
    )


def _cel_text(step: Step) -> str:
    sort, key, *rest = step
    wanted = f'"{rest[0]}"' if rest and isinstance(rest[0], str) else str(rest[0]) if rest else ""
    listed = str(rest[0]).replace("'", '"') if rest else ""
    return {
        "is": f"{key} == {wanted}",
        "is not": f"{key} != null && {key} != {wanted}",
        "in": f"{key} in {listed}",
        "out": f"({key} == null || !({key} in {listed}))",
        "null": f'({key} == null || {key} == "")' if key.endswith("url") else f"{key} == null",
        "given": f'{key} != null && {key} != ""',
        "before": f"{key} != null && {key} < {wanted}",
        "free": f"tags.all(t, !(t.name in {listed}))",
        "has": f"tags.exists(t, t.name == {wanted})",
    }[sort]


def cel() -> Decide:
    """Use CEL in Rust: an order becomes a context once, for all ten rules."""
    engine: Any = import_module("cel")

    programs = {name: engine.compile(" && ".join(map(_cel_text, steps))) for name, steps in RULES.items()}
    decide = _deciding({name: program.execute for name, program in programs.items()})
    return lambda orders: decide([engine.Context(variables=dict(order)) for order in orders])


def celpy() -> Decide:
    """Use CEL in Python: an order becomes CEL's own values once, for all ten rules."""
    engine: Any = import_module("celpy")

    environment = engine.Environment()
    runners = {
        name: environment.program(environment.compile(" && ".join(map(_cel_text, steps))))
        for name, steps in RULES.items()
    }

    def asking(runner: Any) -> Callable[[Any], bool]:
        return lambda order: bool(runner.evaluate(order))

    decide = _deciding({name: asking(runner) for name, runner in runners.items()})
    return lambda orders: decide([engine.json_to_cel(order) for order in orders])


def rule_engine() -> Decide:
    """Use rule-engine."""
    engine: Any = import_module("rule_engine")

    def one(step: Step) -> str:
        sort, key, *rest = step
        wanted = f'"{rest[0]}"' if rest and isinstance(rest[0], str) else str(rest[0]) if rest else ""
        listed = str(rest[0]).replace("'", '"') if rest else ""
        return {
            "is": f"{key} == {wanted}",
            "is not": f"{key} != null and {key} != {wanted}",
            "in": f"{key} in {listed}",
            "out": f"not ({key} in {listed})",
            "null": f'({key} == null or {key} == "")',
            "given": f'{key} != null and {key} != ""',
            "before": f"{key} != null and {key} < {wanted}",
            "free": f"tags != null and [t for t in tags if t.name in {listed}].is_empty",
            "has": f"tags != null and not [t for t in tags if t.name == {wanted}].is_empty",
        }[sort]

    context = engine.Context(default_value=None)
    compiled = {
        name: engine.Rule(" and ".join(map(one, steps)), context=context) for name, steps in RULES.items()
    }
    return _deciding({name: rule.matches for name, rule in compiled.items()})
