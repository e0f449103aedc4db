"""The contradiction guard: whatever a rule asks for, no order changes against a veto, and unknown always holds.

The oracle below is written from the paragraph on vetoes of the design, in sets of its own: it shares no code with
`plan/vetoes.py`. Every rule of the shipped library, of the examples and of `tests/cases` is held against every order
of a systematic product, and so are rules that hypothesis makes up.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breadth import examples
from tertib import load
from tertib.compile import compile_rules
from tertib.evaluate import Evaluated, absorb
from tertib.language import conditions
from tertib.language.personal import Mask
from tertib.model import Confirmed, History, Limits, Origin, Page, Plan, Rule, ScanReport, Settings
from tertib.plan import Reading, decide
from tertib.plan.vetoes import Facts
from tertib.scalev import contract

NOW: Final = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
MASK: Final = Mask(b"k" * 32)
ROOT: Final = Path(__file__).resolve().parents[2]
ABSENT: Final = object()
"""Stands for a key that the answer does not have."""

PROTECTED: Final = "jangan-disentuh"

# --- the states -----------------------------------------------------------------------------------------

PAYMENTS: Final = ("unpaid", "paid", "settled", "conflict", "refunded", "", None, ABSENT, 17)
PROOFS: Final = (None, "", "https://cdn.example/p.jpg", ABSENT, 17)
RECEIPTS: Final = (None, "", "JX123", ABSENT, ["JX123"])
STATUSES: Final = (
    *("draft", "pending", "confirmed", "in_process", "ready", "shipped", "completed", "rts"),
    *("canceled", "closed", "shipped_rts", "deleted", "", None, ABSENT, 3),
)
TAGS: Final = ((), (PROTECTED,), ABSENT)
RECORDS: Final = ("nothing", "as we left it", "changed by a person", "cannot be compared", "another rule's")
HOLDS: Final = ("none", "by order_id", "by id", "unsettled")


@dataclass(frozen=True)
class State:
    """One order as the answer shows it, and what the record says about it."""

    payment: Any = "unpaid"
    proof: Any = None
    receipt: Any = None
    status: Any = "pending"
    tags: Any = ()
    record: str = "nothing"
    hold: str = "none"

    def order(self, number: int, *, uuid: bool) -> dict[str, Any]:
        """Return the order that the answer holds."""
        shown = {
            "id": f"0190f3c2-0000-7000-8000-{number:012d}" if uuid else number,
            "order_id": f"26031{number:05d}",
            "gross_revenue": "1000.00",
            "created_at": "2026-03-01T00:00:00Z",
            "payment_status": self.payment,
            "transferproof_url": self.proof,
            "shipment_receipt": self.receipt,
            "status": self.status,
            "payment_account_holder": None if self.record == "changed by a person" else "Toko Kami",
            "tags": ABSENT if self.tags is ABSENT else [{"id": 1, "name": name} for name in self.tags],
        }
        if self.record == "cannot be compared":
            shown["payment_account_holder"] = ABSENT
        return {name: value for name, value in shown.items() if value is not ABSENT}


PRODUCT: Final = tuple(
    State(payment, proof, receipt, status)
    for payment, proof, receipt, status in itertools.product(PAYMENTS, PROOFS, RECEIPTS, STATUSES)
)
"""What the answer shows, each way with each other way."""

RECORDED: Final = tuple(
    State(payment, proof, None, status, tags, record, hold)
    for payment, proof, status, tags, record, hold in itertools.product(
        ("unpaid", "paid", "conflict", ABSENT),
        (None, "https://cdn.example/p.jpg"),
        ("pending", "shipped", "canceled"),
        TAGS,
        RECORDS,
        HOLDS,
    )
)
"""What the record and the project say, each way with each other way, over a few orders."""


def share(of: tuple[State, ...], number: int, parts: int) -> tuple[State, ...]:
    """Return one of so many equal parts: what one test leaves out, its neighbours hold; the long test takes all."""
    return of[number % parts :: parts]


# --- the oracle -----------------------------------------------------------------------------------------

ARROWS: Final[Mapping[str, str]] = {
    "draft": "pending canceled",
    "pending": "confirmed in_process ready canceled shipped",
    "confirmed": "pending in_process ready canceled shipped",
    "in_process": "pending confirmed ready canceled shipped",
    "ready": "pending confirmed in_process canceled shipped",
    "shipped": "pending confirmed in_process ready completed rts closed",
    "completed": "shipped",
    "rts": "shipped",
}
"""The status flow of the API's own page, as a person reads it off."""


def forbidden(state: State, set_: Mapping[str, Any], allow: Iterable[str]) -> str | None:
    """Return why the design forbids a change of this order, None where every veto is plainly false."""
    return _untouchable(state, set_, set(allow)) or _contradicts(state, set_, set(allow))


def _untouchable(state: State, set_: Mapping[str, Any], allowed: set[str]) -> str | None:
    """Return why the order may not be touched, or not be moved along this arrow, whatever it has of money."""
    if state.hold != "none":
        return "on hold, or an outcome is unknown"
    if state.tags is ABSENT or PROTECTED in state.tags:
        return "protected"
    if "human_change" not in allowed and state.record in {"changed by a person", "cannot be compared"}:
        return "a person changed it, or that cannot be told"
    target = set_.get("status")
    if target is not None and target != state.status:
        steps = ARROWS.get(state.status, "").split() if isinstance(state.status, str) else []
        if target not in steps:
            return "no arrow"
    return None


def _contradicts(state: State, set_: Mapping[str, Any], allowed: set[str]) -> str | None:
    """Return what of the order's money and goods speaks against cancelling it, or against marking it paid."""
    target = set_.get("status")
    cancels = target == "canceled" and state.status != "canceled"
    pays = set_.get("payment_status") in ("paid", "settled")
    clear = {"unpaid", "paid", "settled"}
    if cancels and "paid" not in allowed and state.payment not in ("unpaid", "conflict"):
        return "paid, or that cannot be told"
    if (cancels or pays) and "conflict" not in allowed and state.payment not in clear:
        return "in conflict, or that cannot be told"
    if cancels and "transfer_proof" not in allowed and state.proof not in (None, ""):
        return "has a proof, or that cannot be told"
    if cancels and "shipment_receipt" not in allowed and state.receipt not in (None, ""):
        return "has a receipt, or that cannot be told"
    return None


def as_wanted(state: State, set_: Mapping[str, Any]) -> bool:
    """Tell whether what can be read of the order is as the rule wants it already."""
    shown = {"status": state.status, "payment_status": state.payment}
    readable = [shown[name] == value for name, value in set_.items() if shown[name] is not ABSENT]
    return bool(readable) and all(readable)


# --- the engine -----------------------------------------------------------------------------------------

GUARD: Final = conditions.parse(
    [{"tags": {"any_of": [PROTECTED]}}], contract.FIELDS["orders"], ZoneInfo("UTC"), []
)
UNLIMITED: Final = Limits()


def make_rule(name: str, action: Mapping[str, Any], allow: Iterable[str] = (), priority: int = 100) -> Rule:
    """Return a rule that wants every order."""
    return Rule(
        name=name,
        origin=Origin("rules.yaml", 1),
        query={},
        conditions=(),
        action={"by": f"tertib/{name}", **action},
        definition={"name": name},
        hash=f"hash-{name}",
        allow=frozenset(allow),
        priority=priority,
        limits=UNLIMITED,
    )


def decided(
    rules: Sequence[Rule], states: Sequence[State], *, uuid: bool = False, acting: bool = False
) -> Plan:
    """Plan rules over the orders of these states, as if every scan had returned all of them."""
    orders = [state.order(number, uuid=uuid) for number, state in enumerate(states, 1)]
    chosen = Settings(protect=GUARD, contract="current" if uuid else "seeds")
    program = compile_rules(rules, chosen, NOW)
    evaluated = Evaluated()
    for scan in program.scans:
        absorb(evaluated, program, scan, Page(tuple(orders), None, NOW), MASK)
    reports = tuple(ScanReport(scan, 1, len(orders), None) for scan in program.scans)
    facts = Facts(chosen, program.protect, history(rules, states, orders), NOW, NOW, MASK)
    return decide(evaluated, program, Reading(reports, 1), facts, acting=acting, created_at=NOW)


def history(rules: Sequence[Rule], states: Sequence[State], orders: Sequence[Mapping[str, Any]]) -> History:
    """Return the record that the states tell of: what each rule confirmed, and what is on hold or unsettled."""
    values = {"payment_account_holder": "Toko Kami"}
    confirmed, holds, unsettled = {}, {}, set()
    for state, order in zip(states, orders, strict=True):
        key = str(order["id"])
        names = ["another"] if state.record == "another rule's" else [rule.name for rule in rules]
        if state.record != "nothing":
            confirmed[key] = tuple(Confirmed(name, values, NOW) for name in names)
        if state.hold == "unsettled":
            unsettled.add(key)
        elif state.hold != "none":
            holds[order["order_id"] if state.hold == "by order_id" else key] = "the buyer called"
    return History(confirmed=confirmed, holds=holds, unsettled=frozenset(unsettled))


def judge(plan: Plan, rules: Sequence[Rule], states: Sequence[State]) -> set[int]:
    """Hold every change of a plan, and those over a limit, against the oracle; return the orders that change."""
    allow = {rule.name: rule.allow for rule in rules}
    found = set()
    for change in (*plan.changes, *plan.over_limit):
        number = int(str(change.id)[-12:])
        state = states[number - 1]
        assert forbidden(state, change.set, allow[change.rule]) is None, (
            state,
            change.rule,
            dict(change.set),
        )
        found.add(number)
    return found


# --- the corpus of rules --------------------------------------------------------------------------------


def rules_within(value: Any) -> Iterator[dict[str, Any]]:
    """Yield whatever looks like a rule in a document, however deep it stands."""
    if isinstance(value, dict):
        if {"name", "action"} <= value.keys():
            yield value
        for one in value.values():
            yield from rules_within(one)
    elif isinstance(value, list):
        for one in value:
            yield from rules_within(one)


@lru_cache(maxsize=1)
def corpus() -> tuple[Rule, ...]:
    """Return every rule that ships, of the examples, and of the cases."""
    loaded = load.load([ROOT / "rules"], Settings())
    assert not loaded.errors
    found = list(loaded.rules)
    for folder in ("examples", "tests/cases"):
        for file in sorted((ROOT / folder).rglob("*.yaml")):
            for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
                for rule in rules_within(document):
                    text = json.dumps(rule, default=str)
                    found += load.loads(text, Settings(), str(file)).rules
    return tuple(found)


def everywhere(rule: Rule) -> Rule:
    """Return a rule without query and conditions, so that nothing but the vetoes stands between it and an order."""
    return replace(rule, query={}, conditions=(), source=replace(rule.source, store=None), limits=UNLIMITED)


@pytest.mark.parametrize("uuid", [False, True], ids=["seeds", "current"])
@pytest.mark.parametrize("number", range(len(corpus())), ids=lambda number: corpus()[number].name)
def test_no_rule_of_the_corpus_changes_an_order_against_a_veto(number: int, uuid: bool) -> None:  # noqa: FBT001 - pytest
    """Every rule, as written and let loose on all orders, in both contracts."""
    rule, states = corpus()[number], (*share(PRODUCT, number, 19), *share(RECORDED, number, 17))
    judge(decided([everywhere(rule)], states, uuid=uuid), [rule], states)
    judge(decided([replace(rule, limits=UNLIMITED)], states, uuid=uuid), [rule], states)


def test_all_rules_of_the_corpus_together_change_no_order_against_a_veto() -> None:
    """Priorities and conflicts let nothing through that one rule alone may not do."""
    rules = [everywhere(rule) for rule in {rule.name: rule for rule in corpus()}.values()]
    for acting in (False, True):
        states = share(RECORDED, int(acting), 17)
        judge(decided(rules, states, acting=acting), rules, states)


# --- every veto, lifted alone and left alone -------------------------------------------------------------

VETOES: Final = ("paid", "transfer_proof", "shipment_receipt", "conflict", "human_change")
LIFTED: Final = (
    frozenset[str](),
    *(frozenset({one}) for one in VETOES),
    *(frozenset(VETOES) - {one} for one in VETOES),
    frozenset(VETOES),
)
ACTIONS: Final = (
    {"status": "canceled"},
    {"status": "canceled", "payment_status": "unpaid"},
    {"payment_status": "paid"},
    {"payment_status": "settled"},
    {"payment_status": "conflict"},
    {"status": "confirmed", "payment_status": "paid"},
    {"status": "completed"},
    {"status": "shipped"},
    {"status": "closed"},
)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: "-".join(map(str, action.values())))
@pytest.mark.parametrize("lifted", LIFTED, ids=lambda lifted: "+".join(sorted(lifted)) or "nothing")
def test_a_rule_lifts_what_it_names_and_nothing_else(lifted: frozenset[str], action: dict[str, Any]) -> None:
    """The engine changes exactly the orders that the oracle lets through: none more, and none less."""
    number = LIFTED.index(lifted) * len(ACTIONS) + ACTIONS.index(action)
    hold_against(action, lifted, (*share(PRODUCT, number, 23), *share(RECORDED, number, 31)))


@pytest.mark.long
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: "-".join(map(str, action.values())))
@pytest.mark.parametrize("lifted", LIFTED, ids=lambda lifted: "+".join(sorted(lifted)) or "nothing")
def test_the_whole_product_agrees_with_the_oracle(lifted: frozenset[str], action: dict[str, Any]) -> None:
    """The same over every state, which takes a minute and a half."""
    hold_against(action, lifted, (*PRODUCT, *RECORDED))


def hold_against(action: Mapping[str, Any], lifted: frozenset[str], states: Sequence[State]) -> None:
    """Compare what the engine changes with what the oracle lets through, order by order."""
    rule = make_rule("rule", action, lifted)
    changed = judge(decided([rule], states), [rule], states)
    for number, state in enumerate(states, 1):
        writable = "status" in action or state.status in contract.STATUS_TARGETS
        wanted = forbidden(state, action, lifted) is None and writable and not as_wanted(state, action)
        assert (number in changed) == wanted, state


@pytest.mark.parametrize(
    "name", ["payment_status", "transferproof_url", "shipment_receipt", "status", "tags"]
)
@pytest.mark.parametrize("value", [ABSENT, 17, {"a": 1}, [["x"]], True])
def test_what_is_missing_or_unreadable_always_holds_a_cancellation(name: str, value: Any) -> None:
    """Each field that a veto reads, taken away or made unreadable, keeps the order as it is."""
    fields = {"payment_status": "payment", "transferproof_url": "proof", "shipment_receipt": "receipt"}
    state = replace(State(), **{fields.get(name, name): value}) if name != "tags" or value is ABSENT else None
    if state is None:  # tags of another shape are made by hand
        assert _cancelled_with_tags(value) == ()
        return
    assert decided([make_rule("rule", {"status": "canceled"})], [state]).changes == ()


def _cancelled_with_tags(tags: Any) -> tuple[Any, ...]:
    rule = make_rule("rule", {"status": "canceled"})
    chosen = Settings(protect=GUARD)
    program = compile_rules([rule], chosen, NOW)
    evaluated = Evaluated()
    order = {**State().order(1, uuid=False), "tags": tags}
    for scan in program.scans:
        absorb(evaluated, program, scan, Page((order,), None, NOW), MASK)
    reports = tuple(ScanReport(scan, 1, 1, None) for scan in program.scans)
    facts = Facts(chosen, program.protect, History(), NOW, NOW, MASK)
    return decide(evaluated, program, Reading(reports, 1), facts, acting=False, created_at=NOW).changes


# --- rules that hypothesis makes up ----------------------------------------------------------------------

actions = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(sorted(contract.STATUS_TARGETS)),
        "payment_status": st.sampled_from(sorted(contract.PAYMENT_STATUSES)),
        "payment_account_holder": st.just("Toko Lain"),
        "transferproof_url": st.just("https://cdn.example/{{ order.order_id }}.jpg"),
    },
).filter(lambda action: "status" in action or "payment_status" in action)
"""What a rule may do, payment-only changes included."""

lifts = st.frozensets(st.sampled_from((*VETOES, "status_flow", "protected", "on_hold", "cannot_tell")))
"""What a rule may try to lift; the last four no rule can, even where a rule were to name them."""

states = st.builds(
    State,
    *map(st.sampled_from, (PAYMENTS, PROOFS, RECEIPTS, STATUSES, TAGS, RECORDS, HOLDS)),
)


@settings(max_examples=examples(80))
@given(
    wanted=st.lists(st.tuples(actions, lifts, st.sampled_from((50, 100))), min_size=1, max_size=4),
    seen=st.lists(states, min_size=1, max_size=25),
    uuid=st.booleans(),
    acting=st.booleans(),
)
@example(
    wanted=[({"status": "canceled"}, frozenset({"paid"}), 100)],
    seen=[State("conflict")],
    uuid=False,
    acting=False,
)
def test_no_made_up_rule_changes_an_order_against_a_veto(
    wanted: list[tuple[dict[str, Any], frozenset[str], int]],
    seen: list[State],
    uuid: bool,  # noqa: FBT001 - hypothesis hands it over by name
    acting: bool,  # noqa: FBT001 - as above
) -> None:
    """Rules in any company, lifting one veto and not the other, over any orders, in both contracts."""
    rules = [make_rule(f"r{n}", action, allow, rank) for n, (action, allow, rank) in enumerate(wanted)]
    judge(decided(rules, seen, uuid=uuid, acting=acting), rules, seen)
