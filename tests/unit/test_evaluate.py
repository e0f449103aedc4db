"""Pages decide the same however they are read: projected or as dicts, compiled or by the interpreter."""

from __future__ import annotations

import copy
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breadth import examples
from tertib import record
from tertib.compile import CompiledRule, Program, compile_rules
from tertib.evaluate import (
    Evaluated,
    absorb,
    contradicts,
    order_key,
    query_trace,
    reasons,
    reference,
    satisfies_query,
)
from tertib.language import conditions
from tertib.language.personal import Mask
from tertib.load import load
from tertib.model import (
    Ago,
    Confirmed,
    Held,
    History,
    Limits,
    Match,
    Order,
    Origin,
    Page,
    Rule,
    Scan,
    ScanReport,
    Settings,
    Source,
)
from tertib.plan import Reading, decide
from tertib.plan.vetoes import Facts
from tertib.sandbox.answers import customer_answer, detail_answer, narrow_answer
from tertib.sandbox.shop import Shop
from tertib.scalev import contract


def _neighbour(name: str) -> ModuleType:
    """Load another module of tests; they are no package."""
    spec = importlib.util.spec_from_file_location(
        f"{name}_for_evaluate", Path(__file__).with_name(f"{name}.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


projections = _neighbour("test_projection")
laws = projections.laws
NOW: datetime = laws.NOW
MASK = Mask(b"k" * 32)
LAW = settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
DICTS: Callable[[bytes], Any] = projections.DECODER.decode

FIELDS = {
    "orders": {**contract.FIELDS["orders"], **laws.FIELDS},
    "customer_orders": {**contract.FIELDS["customer_orders"], **laws.FIELDS},
}
"""The documented fields and those that only the laws' conditions know."""

# --- random rules ---------------------------------------------------------------------------------------

DAYS = st.sampled_from([1, 3, 7]).map(lambda days: Ago(timedelta(days=days)))
FILTERS: Mapping[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from([("pending",), ("paid",), ("pending", "paid")]),
    "payment_status": st.sampled_from([("unpaid",), ("unpaid", "paid")]),
    "payment_method": st.sampled_from([("va",), ("va", "cod")]),
    "platform": st.just(("shopee",)),
    "is_repeat": st.sampled_from([("true",), ("false",)]),
    "tags": st.sampled_from([("vip",), ("hold", "vip")]),
    "store_id": st.sampled_from([("12",), ("abc",)]),
    "page_id": st.just(("12",)),
    "product_id": st.just(("12",)),
    "shipped_time_until": st.sampled_from([1, 3, 7]).map(lambda days: (Ago(timedelta(days=days)),)),
    "is_transferproof_exist": st.just(("false",)),
    "is_probably_spam": st.just(("false",)),
}
QUERIES = st.lists(st.sampled_from(sorted(FILTERS)), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)
ACTIONS = st.sampled_from(
    [
        {"status": "canceled"},
        {"payment_status": "paid"},
        {"status": "confirmed", "transferproof_url": "https://x.example/{{ order.order_id }}.jpg"},
        {"payment_status": "paid", "payment_account_holder": "{{ order.customer.name }}"},
        {"payment_status": "paid", "by": "{{ order.orderlines[0].product_name }}"},
        {"payment_status": "paid", "by": "{{ order.customer | length }} {{ order.tags | length }}"},
        {"payment_status": "paid", "by": "{{ order.metadata.channel }} {{ order.customer.phone }}"},
        {"payment_status": "paid", "by": "{{ order.tags | map('name') | join(' ') }}"},
        {"payment_status": "paid", "financial_entity_id": 4, "transfer_time": "{{ order.pending_time }}"},
    ]
)
LIKELY = st.sampled_from(
    [
        {"notes": {"exists": True}},
        {"pending_time": {"older_than": "1d"}},
        {"gross_revenue": {"lte": 6}},
        {"tags": {"none_of": ["gone"]}},
        {"orderlines": {"any": {"product_name": {"exists": True}}}},
        {"customer.phone": {"starts_with": "628"}},
        {"metadata.channel": {"exists": True}},
        {"expr": "order.orderlines | length > 0"},
        {"expr": "order.customer.phone[:3] == '628'"},
        {"expr": "order.customer | length > 1"},
        {"any": [{"expr": "order.orderlines[0] | length > 1"}, {"notes": None}]},
        {"message_history": {"count": 1}},
        {"message_history": {"any": {"message": {"exists": True}}}},
        {"payment_account_holder": {"exists": True}},
        {"is_repeat": [True, False]},
    ]
)
RULES = st.lists(
    st.tuples(
        QUERIES,
        st.lists(st.one_of(LIKELY, LIKELY, laws.TREES), max_size=2),
        ACTIONS,
        st.sampled_from([None, None, Decimal("0.3")]),
        st.sampled_from([frozenset(), frozenset({"page_id", "product_id", "store_id", "status"})]),
    ),
    min_size=1,
    max_size=3,
)


def parsed(items: Iterable[Any]) -> tuple[Any, ...]:
    """Read conditions over all fields."""
    complaints: list[Any] = []
    found = conditions.parse(list(items), FIELDS["orders"], laws.JAKARTA, complaints)
    assert not [one for one in complaints if one.severity == "error"], complaints
    return found


def made(drawn: Iterable[Any]) -> list[Rule]:
    """Make rules of what was drawn."""
    return [
        Rule(
            name=f"rule-{number}",
            origin=Origin("rules.yaml", 1),
            query=query,
            conditions=parsed(items),
            action={"by": "tertib", **action},
            definition={"name": f"rule-{number}"},
            hash="",
            limits=Limits(share=share),
            trust=trust,
        )
        for number, (query, items, action, share, trust) in enumerate(drawn)
    ]


# --- random orders --------------------------------------------------------------------------------------

LINE = st.fixed_dictionaries(
    {"product_name": laws.TEXTS, "quantity": st.integers(1, 3)},
    optional={
        "product_id": st.just(12),
        "product": st.just({"id": 12}),
        "sent_at": laws.TIMES,
        "tags": laws.TAGS,
    },
)
GOOD = st.fixed_dictionaries(
    {
        "id": st.sampled_from([1, 1, 2, "2", "f0000000-0000-4000-8000-000000000001"]),
        "order_id": st.sampled_from(["A1", "A2"]),
        "status": st.sampled_from(["pending", "pending", "pending", "paid", "canceled"]),
        "payment_status": st.sampled_from(["unpaid", "unpaid", "paid", "conflict"]),
        "payment_method": st.sampled_from(["va_bca", "cod"]),
        "platform": st.sampled_from(["shopee", "scalev"]),
        "transferproof_url": st.sampled_from([None, None, "https://x.example/p.jpg"]),
        "shipment_receipt": st.sampled_from([None, "", "JNE1"]),
        "created_at": st.just("2026-03-01T10:00:00Z"),
        "last_updated_at": laws.TIMES,
        "pending_time": st.sampled_from(["2026-03-07T12:00:00Z", "2026-03-10T04:00:00Z"]),
        "shipped_time": st.sampled_from([None, "2026-03-01T12:00:00Z"]),
        "gross_revenue": st.sampled_from([1, "5.00", 2.5]),
        "is_repeat": st.booleans(),
        "notes": laws.TEXTS,
        "tags": st.lists(
            st.sampled_from([{"id": 1, "name": "vip"}, {"id": 2, "name": "hold"}, "vip"]), max_size=2
        ),
        "store": st.fixed_dictionaries({"id": st.sampled_from([12, "abc"])}),
        "customer": st.fixed_dictionaries(
            {"name": laws.TEXTS, "phone": laws.PHONES}, optional={"email": laws.TEXTS}
        ),
        "page": st.fixed_dictionaries({"id": st.sampled_from([12, 13]), "name": laws.TEXTS}),
        "orderlines": st.lists(LINE, min_size=1, max_size=2),
        "metadata": st.fixed_dictionaries({"channel": laws.TEXTS, "level": laws.NUMBERS}),
        "financial_entity": st.fixed_dictionaries({"id": st.sampled_from([4, 5])}),
        "payment_account_holder": laws.TEXTS,
        "message_history": st.lists(
            st.fixed_dictionaries({"message": laws.TEXTS, "id": laws.JUNK}), max_size=2
        ),
        "is_probably_spam": st.booleans(),
    }
)
DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(
            """id order_id status payment_status payment_method transferproof_url created_at last_updated_at pending_time
            gross_revenue is_repeat notes tags store store.id customer customer.name customer.phone page page.id orderlines
            metadata metadata.channel financial_entity financial_entity.id payment_account_holder message_history platform
            shipped_time shipment_receipt is_probably_spam""".split()  # noqa: SIM905 - read better as a paragraph
        ),
        st.one_of(laws.JUNK, st.just(...)),
    ),
    max_size=2,
)


def damaged(order: Mapping[str, Any], places: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Put other values in places of an order; `...` takes a key away."""
    other: dict[str, Any] = copy.deepcopy(dict(order))
    for path, value in places:
        *parents, key = path.split(".")
        inside: Any = other
        for parent in parents:
            inside = inside.get(parent) if isinstance(inside, dict) else None
        if isinstance(inside, dict) and value is not ...:
            inside[key] = value
        elif isinstance(inside, dict):
            inside.pop(key, None)
    return other


ORDERS = st.one_of(
    st.builds(damaged, GOOD, DAMAGE),
    st.builds(lambda some, rest: {**some, **rest}, GOOD, laws.ORDERS),
)
PAGES = st.lists(st.lists(ORDERS, max_size=4), min_size=1, max_size=3)
HISTORIES = st.one_of(
    st.just(History()),
    st.fixed_dictionaries(
        {},
        optional={
            "status": st.sampled_from(["pending", "confirmed"]),
            "payment_account_holder": st.just({"fingerprint": MASK.fingerprint("vip")}),
            "financial_entity_id": st.just(4),
            "payment_method": st.just("cod"),
        },
    ).map(lambda values: History(confirmed={"1": (Confirmed("rule-0", values, NOW),)})),
)


# --- the two ways ---------------------------------------------------------------------------------------

Absorb = Callable[[Evaluated, Program, Scan, Page, tuple[int, int]], None]


def compiled_way(
    evaluated: Evaluated, program: Program, scan: Scan, page: Page, place: tuple[int, int]
) -> None:
    """Absorb a page as the product does."""
    absorb(evaluated, program, scan, page, MASK, begins_at=place)


def interpreted_way(
    evaluated: Evaluated, program: Program, scan: Scan, page: Page, begins_at: tuple[int, int]
) -> None:
    """Absorb a page by asking each rule about each order, one condition after the other."""
    number, before = begins_at
    for position, order in enumerate(page.orders, before):
        key = order_key(order)
        for name in scan.rules:
            match = judged(evaluated, program.rule(name), order, page.read_at, scan)
            if key is None:
                if match is not None:
                    why = "the order has no usable `id`, so nothing can be sent for it"
                    evaluated.without_id.append(Held(reference(order), name, "no_id", why))
                continue
            evaluated.matches.pop((name, key), None) if match is None else None
            if match is not None:
                first = evaluated.places.get((name, key), (number, position))
                evaluated.places[name, key] = min(first, (number, position))
                evaluated.matches[name, key] = match
        if key is not None:
            outdated(
                evaluated,
                [one.rule.name for one in program.rules if one.rule.name not in scan.rules],
                order,
                page,
            )


def judged(
    evaluated: Evaluated, compiled: CompiledRule, order: Order, read_at: datetime, scan: Scan
) -> Match | None:
    """Judge one rule on one order."""
    name, key = compiled.rule.name, order_key(order)
    queried, unchecked = satisfies_query(compiled, order, NOW)
    counts = queried is True or (queried is None and all(one in scan.params for one in unchecked))
    if counts and key is not None and compiled.rule.limits.share is not None:
        evaluated.satisfied.setdefault(name, set()).add(key)
    if queried is False or conditions.all_of(compiled.rule.conditions, order, NOW) is not True:
        return None
    why, filters = reasons(compiled, order, NOW, MASK), query_trace(compiled, order, NOW, MASK)
    return Match(name, order, read_at, why, unchecked, filters)


def outdated(evaluated: Evaluated, rules: Iterable[str], order: Order, page: Page) -> None:
    """Hold what other rules had read of an order that is shown changed."""
    for rule in rules:
        match = evaluated.matches.get((rule, str(order_key(order))))
        newer = match is not None and match.read_at <= page.read_at
        if newer and match is not None and match.order.get("last_updated_at") != order.get("last_updated_at"):
            del evaluated.matches[rule, str(order_key(order))]
            why = "it changed while orders were being read; the next plan sees it as it is"
            wire = contract.wire_id(order["id"])
            evaluated.moved.append(Held(reference(order), rule, "cannot_tell", why, wire))


def evaluated_by(
    way: Absorb, program: Program, pages: Sequence[bytes], decoders: Mapping[Source, Callable[[bytes], Any]]
) -> Evaluated:
    """Give every page to every scan, each a minute later than the one before, in turn."""
    evaluated, read = Evaluated(), Counter[int]()
    for minute, body in enumerate(pages):
        for number, scan in enumerate(program.scans):
            orders = tuple(one for one in decoders[scan.source](body)["data"] if isinstance(one, Mapping))
            way(
                evaluated,
                program,
                scan,
                Page(orders, None, NOW + timedelta(minutes=minute)),
                (number, read[number]),
            )
            read[number] += len(orders)
    evaluated.arrange()
    return evaluated


def as_dicts(program: Program) -> dict[Source, Callable[[bytes], Any]]:
    """Return decoders into dicts."""
    return {scan.source: DICTS for scan in program.scans}


def projected(program: Program) -> dict[Source, Callable[[bytes], Any]]:
    """Return the decoders of a run."""
    return {scan.source: program.deciding(scan.source).projection.decode for scan in program.scans}


def written(evaluated: Evaluated, program: Program, chosen: Settings, history: History) -> dict[str, Any]:
    """Return the document of the plan that follows, without what it tells of values that cannot be read."""
    facts = Facts(chosen, program.protect, history, now=NOW, rendered_at=NOW, mask=MASK)
    reports = tuple(ScanReport(scan, 1, 1) for scan in program.scans)
    plan = decide(evaluated, program, Reading(reports, 1), facts, acting=False, created_at=NOW)
    told = [one for one in plan.warnings if not one.startswith("field ")]
    return record.seal(replace(plan, warnings=tuple(told)), MASK)[1]


def comparable(evaluated: Evaluated) -> dict[str, Any]:
    """Return what was evaluated, but for the orders themselves and what could not be read of them."""
    bare = {found: replace(match, order={}) for found, match in evaluated.matches.items()}
    return {
        "matches": list(bare.items()),
        "without_id": evaluated.without_id,
        "moved": evaluated.moved,
        "satisfied": evaluated.satisfied,
        "places": {found: evaluated.places[found] for found in bare},
    }


def contradicted(program: Program, pages: Sequence[bytes], decoders: Mapping[Source, Any]) -> list[list[Any]]:
    """Return what each scan, and each filter that it counts by, says of each order."""
    counted = {name for shared in program.shared for query in shared.watched for name in query.filters}
    return [
        [contradicts(scan)(order), *(contract.check(*one, order) for one in sorted(counted))]
        for scan in program.scans
        for body in pages
        for order in decoders[scan.source](body)["data"]
    ]


def body_of(orders: Iterable[Any]) -> bytes:
    """Write a page."""
    body: bytes = projections.body_of(list(orders))
    return body


# --- laws -----------------------------------------------------------------------------------------------


@LAW
@given(RULES, PAGES, st.lists(laws.TREES, max_size=1), HISTORIES)
def test_a_run_decides_as_the_interpreter(
    drawn: list[Any], shown: list[list[Any]], protect: list[Any], history: History
) -> None:
    """Whatever orders come, projected pages and compiled conditions end in the plan that plain reading ends in."""
    chosen = Settings(protect=parsed(protect))
    with patch.object(contract, "FIELDS", FIELDS):
        program = compile_rules(made(drawn), chosen, NOW)
        pages = [body_of(orders) for orders in shown]
        checked = contradicted(program, pages, as_dicts(program))
        assert contradicted(program, pages, projected(program)) == checked
        plainly = evaluated_by(interpreted_way, program, pages, as_dicts(program))
        for decoders in (projected(program), as_dicts(program)):
            found = evaluated_by(compiled_way, program, pages, decoders)
            assert comparable(found) == comparable(plainly)
            assert written(found, program, chosen, history) == written(plainly, program, chosen, history)


@settings(LAW, max_examples=examples(100))
@given(RULES, PAGES)
def test_what_cannot_be_read_is_told_once_an_order(drawn: list[Any], shown: list[list[Any]]) -> None:
    """However many rules look at a value, each reading of its order tells of it once; wrong JSON types always are told."""
    with patch.object(contract, "FIELDS", FIELDS):
        program = compile_rules(made(drawn), Settings(), NOW)
        pages = [body_of(orders) for orders in shown]
        as_read = evaluated_by(compiled_way, program, pages, projected(program)).unreadable
        as_shown = evaluated_by(compiled_way, program, pages, as_dicts(program)).unreadable
        readings, unfit = 0, Counter[str]()
        for scan in program.scans:
            for body in pages:
                for order in filter(lambda one: isinstance(one, Mapping), DICTS(body)["data"]):
                    readings += 1
                    unfit.update(program.deciding(scan.source).projection.misfits(order))
    assert as_read == as_shown + unfit
    assert all(
        count <= readings for path, count in as_read.items() if not path.startswith(("orderlines.", "final_"))
    )


@pytest.fixture(scope="module")
def starter_rules() -> list[Rule]:
    """Return the starter rules, all enabled."""
    loaded = load([Path(__file__).parents[2] / "rules"], Settings())
    assert loaded.errors == ()
    return [replace(rule, enabled=True) for rule in loaded.rules]


@pytest.fixture(scope="module")
def shop() -> list[Any]:
    """Return orders of the embedded shop."""
    return list(Shop(orders=400, now=NOW).shelf)


SHOWN: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "whole": detail_answer,
    "narrow": lambda order: narrow_answer(order, contract.COLUMNS),
    "customer": customer_answer,
}


@pytest.mark.parametrize("how", SHOWN)
def test_starter_rules_plan_the_same(how: str, starter_rules: list[Rule], shop: list[Any]) -> None:
    """The rules that ship with Tertib plan the same for a shop's orders, whichever way they are read."""
    program = compile_rules(starter_rules, Settings(), NOW)
    orders = [SHOWN[how](order) for order in shop]
    pages = [body_of(orders[start : start + 25]) for start in range(0, len(orders), 25)]
    plainly = evaluated_by(interpreted_way, program, pages, as_dicts(program))
    found = evaluated_by(compiled_way, program, pages, projected(program))
    assert comparable(found) == comparable(plainly)
    assert written(found, program, Settings(), History()) == written(plainly, program, Settings(), History())
    assert how == "customer" or len(found.matches) > 20


PLACES = st.sampled_from(
    sorted(path for path, known in contract.FIELDS["orders"].items() if not known.element)
)


@settings(LAW, max_examples=examples(40))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 399), st.lists(st.tuples(PLACES, st.one_of(laws.JUNK, st.just(...))), max_size=3)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_damaged_orders_plan_the_same(
    starter_rules: list[Rule], shop: list[Any], drawn: list[tuple[int, list[tuple[str, Any]]]]
) -> None:
    """Nulls, missing keys and values of any other sort in real orders change nothing about that."""
    program = compile_rules(starter_rules, Settings(), NOW)
    orders = [damaged(detail_answer(shop[number]), places) for number, places in drawn]
    pages = [body_of(orders[start : start + 10]) for start in range(0, len(orders), 10)]
    plainly = evaluated_by(interpreted_way, program, pages, as_dicts(program))
    found = evaluated_by(compiled_way, program, pages, projected(program))
    assert comparable(found) == comparable(plainly)
    assert written(found, program, Settings(), History()) == written(plainly, program, Settings(), History())
