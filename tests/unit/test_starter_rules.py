"""Prove that the rules that ship with Tertib are careful, complete, tested, and understandable to a shop person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tertib import model, rehearse
from tertib.language import conditions
from tertib.load import load
from tertib.model import Group, Mode, Rule, Settings, Trace, Verdict
from tertib.rehearse import CaseResult
from tertib.rehearse.cases import test_of as beside
from tertib.scalev import contract

RULES = Path(__file__).resolve().parent.parent.parent / "rules"
FILES = sorted(path for path in RULES.rglob("*.yaml") if not path.name.endswith(".test.yaml"))
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
GROUPS = {"cancel", "close", "complete", "payment", "returns", "hygiene"}
ASKED_FOR = {
    "cancel-unpaid-transfer",
    "cancel-abandoned-draft",
    "close-shipped-without-ending",
    "complete-digital-paid",
    "complete-delivered",
    "return-to-sender",
    "mark-paid-bukti-ok",
    "cancel-probable-spam",
}


@pytest.fixture(scope="module")
def rules() -> tuple[Rule, ...]:
    """Return the starter rules."""
    return load([RULES], Settings()).rules


@pytest.fixture(scope="module")
def cases() -> tuple[CaseResult, ...]:
    """Return every case of their tests, played."""
    return rehearse.run([RULES], Settings()).cases


def names(paths: list[Path]) -> list[str]:
    """Name test parameters after their files."""
    return [path.stem for path in paths]


# --- they load, and their tests pass --------------------------------------------------------------------


def test_they_load_without_a_warning() -> None:
    """`tertib check --strict` has nothing to say about what people copy from."""
    loaded = load([RULES], Settings())

    assert loaded.problems == ()
    assert len(loaded.rules) == len(FILES)


def test_their_tests_pass(cases: tuple[CaseResult, ...]) -> None:
    """Every case beside every rule goes as it says."""
    assert [(case.file, case.name, case.differences) for case in cases if not case.ok] == []


def test_each_has_a_test_beside_it() -> None:
    """No starter rule ships untested."""
    assert rehearse.run([RULES], Settings()).untested == ()


def test_their_tests_pass_with_either_kind_of_id(tmp_path: Path) -> None:
    """What a rule plans does not depend on the contract that the account speaks."""
    for file in FILES:
        test = beside(file).read_text("utf-8")
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
        (tmp_path / beside(file).name).write_text(f"{test}settings: {{contract: current}}\n", "utf-8")

    played = rehearse.run([tmp_path], Settings())

    assert [(case.file, case.name, case.differences) for case in played.cases if not case.ok] == []
    assert played.ok


# --- there are enough of them ---------------------------------------------------------------------------


def test_there_are_enough_in_every_group(rules: tuple[Rule, ...]) -> None:
    """Sixteen or more, in the six groups, the asked-for eight among them, each named after its file."""
    assert len(rules) >= 16
    assert {path.parent.name for path in FILES} == GROUPS
    assert {rule.name for rule in rules} == {path.stem for path in FILES}
    assert {rule.name for rule in rules} >= ASKED_FOR


def test_they_use_every_action_field(rules: tuple[Rule, ...]) -> None:
    """Whatever the bulk change can set, there is a rule to copy it from."""
    assert {name for rule in rules for name in rule.action} == set(contract.ACTION_FIELDS)


# --- they are careful -----------------------------------------------------------------------------------


def test_they_only_preview(rules: tuple[Rule, ...]) -> None:
    """Nothing that ships acts by itself, lifts a veto or trusts a filter, and everything has its own limit."""
    for path in FILES:
        assert re.search(r"^mode: preview$", path.read_text("utf-8"), re.MULTILINE), path
        assert re.search(r"^limits: \{orders: \d+", path.read_text("utf-8"), re.MULTILINE), path
    for rule in rules:
        assert (rule.mode, rule.allow, rule.trust) == (Mode.PREVIEW, frozenset(), frozenset())


def test_what_ends_an_order_waits_first(rules: tuple[Rule, ...]) -> None:
    """A rule that cancels or closes has a lower bound on the order's age."""
    for rule in rules:
        if rule.action.get("status") in {"canceled", "closed"}:
            ages = [test for test in required(rule) if test.operator == "older_than"]
            assert ages, rule.name


def required(rule: Rule) -> Iterator[model.Test]:
    """Yield the tests that stand at the top of a rule's conditions: those that every match satisfies."""
    for part in rule.conditions:
        if isinstance(part, model.Test):
            yield part
        elif isinstance(part, Group) and part.how == "all":
            yield from (child for child in part.children if isinstance(child, model.Test))


@pytest.mark.parametrize("status", ["draft", "pending"])
@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent.name == "cancel"], ids=lambda path: path.stem
)
def test_cash_on_delivery_is_never_cancelled(tmp_path: Path, path: Path, status: str) -> None:
    """However old and unpaid: a cash-on-delivery order is none of a cancelling rule's business."""
    (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    times = "draft_time: 90d ago, pending_time: 90d ago, created_at: 90d ago"
    order = f"{{status: {status}, payment_status: unpaid, payment_method: cod, is_repeat: false, {times}}}"
    test = f"now: 2026-11-21\ncases: [{{name: cod, order: {order}, not_matched: true, because: payment_method}}]\n"
    beside(tmp_path / path.name).write_text(test, "utf-8")

    played = rehearse.run([tmp_path], Settings())

    assert [case.differences for case in played.cases] == [()]
    assert played.ok


def test_they_reach_their_status(rules: tuple[Rule, ...]) -> None:
    """From every status that a rule's query returns, Scalev's status flow has the arrow to its target."""
    for rule in rules:
        target = rule.action.get("status")
        for status in rule.query.get("status", ()) if target else ():
            assert target in contract.STATUS_FLOW[str(status)], (rule.name, status)


# --- their tests are thorough ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_every_condition_is_seen_true_false_and_unknown(cases: tuple[CaseResult, ...], path: Path) -> None:
    """The tests beside a rule show each of its conditions going each way, parts of groups included."""
    seen: dict[str, set[Verdict]] = {}
    for case in cases:
        if case.rule == path.stem:
            for node in case.trace:
                collect(node, node.condition, seen)

    assert seen
    for condition, verdicts in seen.items():
        assert verdicts == {True, False, None}, condition


def collect(node: Trace, where: str, seen: dict[str, set[Verdict]]) -> None:
    """Note a node's verdict and those of its parts, by where they stand."""
    seen.setdefault(where, set()).add(node.result)
    for number, child in enumerate(node.children):
        collect(child, f"{where} / {number}: {child.condition}", seen)


def test_their_coverage_is_whole() -> None:
    """`tertib test --coverage` finds every condition seen true, false and unknown, and every filter keeping orders out."""
    coverage = rehearse.run([RULES], Settings()).coverage

    assert coverage.reaches(100)
    assert {rule.rule for rule in coverage.rules} == {path.stem for path in FILES}
    assert [
        (rule.rule, node.condition) for rule in coverage.rules for node in rule.nodes if node.missing
    ] == []
    assert [
        (rule.rule, node.condition) for rule in coverage.rules for node in rule.filters if node.missing
    ] == []


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_each_case_fails_for_one_reason(cases: tuple[CaseResult, ...], path: Path) -> None:
    """A case that does not match does so for the one reason that it names, so it cannot pass by accident."""
    for case in cases:
        if case.rule == path.stem and case.got == "not matched":
            reason = case.expected.partition("because of ")[2]
            decisive = [node.condition for node in (*case.query, *case.trace) if node.result is not True]
            others = [name for name in decisive if not within(case, name, reason)]
            assert [name for name in others if name != "query is_probably_spam: true"] == [], case.name


def within(case: CaseResult, condition: str, word: str) -> bool:
    """Tell whether a filter or condition of a case, or a part of it, has a word in its text."""
    nodes = {node.condition: node for node in (*case.query, *case.trace)}
    seen: dict[str, set[Verdict]] = {}
    collect(nodes[condition], condition, seen)
    return any(word in where for where in seen)


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_every_case_says_why(path: Path) -> None:
    """No `not_matched` stands without its `because`."""
    text = beside(path).read_text("utf-8")

    assert text.count("not_matched: true") == len(re.findall(r"not_matched: true\n    because: ", text))


# --- they speak to people -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_each_begins_with_the_owners_words(path: Path) -> None:
    """The editor's line first, then what a shop owner would say, in English and in Indonesian."""
    lines = path.read_text("utf-8").splitlines()

    assert lines[0] == "# yaml-language-server: $schema=../../schemas/rule.schema.json"
    assert any(line.startswith('# The owner says:  "') for line in lines)
    assert any(line.startswith('# Kata pemilik:    "') for line in lines)
    assert (
        beside(path)
        .read_text("utf-8")
        .startswith("# yaml-language-server: $schema=../../schemas/rule-test.schema.json\n")
    )


def test_the_schema_lines_lead_somewhere() -> None:
    """An editor finds both schemas from where the rules lie."""
    for path in FILES:
        for name in ("rule.schema.json", "rule-test.schema.json"):
            assert (path.parent / "../../schemas" / name).is_file()


def test_overlapping_rules_agree_or_rank(rules: tuple[Rule, ...]) -> None:
    """Two starter rules for the same status either set the same status, part by tag, or differ in priority."""
    for one in rules:
        for other in rules:
            if one.name < other.name and disagree(one, other) and share_a_status(one, other):
                parted = parted_by_tag(one, other) or parted_by_payment(one, other)
                parted = parted or parted_by_proof(one, other) or parted_by_courier(one, other)
                assert parted or one.priority != other.priority, (one.name, other.name)


def disagree(one: Rule, other: Rule) -> bool:
    """Tell whether two rules set different values."""
    ours = {name: value for name, value in one.action.items() if name != "by"}
    return ours != {name: value for name, value in other.action.items() if name != "by"}


def share_a_status(one: Rule, other: Rule) -> bool:
    """Tell whether the queries of two rules can return the same order, as far as they name values."""
    return all(set(one.query[key]) & set(other.query[key]) for key in one.query.keys() & other.query.keys())


def operand(rule: Rule, field: str, *operators: str) -> set[str]:
    """Return what a rule's required tests say about a field under some operators."""
    found: set[str] = set()
    for test in required(rule):
        if test.field == field and test.operator in operators:
            found |= (
                set(test.operand)
                if isinstance(test.operand, tuple | list | frozenset)
                else {str(test.operand)}
            )
    return found


def parted_by_tag(one: Rule, other: Rule) -> bool:
    """Tell whether a tag that one rule needs is one that the other forbids."""
    return any(
        {str(tag) for tag in a.query.get("tags", ())} & operand(b, "tags", "none_of")
        for a, b in ((one, other), (other, one))
    )


def parted_by_payment(one: Rule, other: Rule) -> bool:
    """Tell whether the payment statuses that two rules ask for exclude each other."""

    def statuses(rule: Rule) -> set[str]:
        queried = {str(value) for value in rule.query.get("payment_status", ())}
        asked = operand(rule, "payment_status", "eq", "in")
        allowed = queried or asked or set(contract.PAYMENT_STATUSES)
        return allowed - operand(rule, "payment_status", "ne", "not_in")

    return not statuses(one) & statuses(other)


def parted_by_proof(one: Rule, other: Rule) -> bool:
    """Tell whether one rule needs a proof of transfer and the other that there is none."""

    def wants(rule: Rule) -> set[bool]:
        proofs = [test for test in required(rule) if test.field == "transferproof_url"]
        return {test.operator == "exists" and test.operand is True for test in proofs}

    return wants(one) | wants(other) == {True, False} and len(wants(one)) == len(wants(other)) == 1


def parted_by_courier(one: Rule, other: Rule) -> bool:
    """Tell whether what the courier says, as two rules ask for it, excludes the other's."""

    def says(rule: Rule, word: str) -> bool:
        """Tell what a rule's conditions on the courier's word make of a word."""
        verdicts = [
            conditions.evaluate(part, {"shipment_status": word}, NOW)
            for part in rule.conditions
            if conditions.reads(part) == frozenset({"shipment_status"})
        ]
        return all(verdict is True for verdict in verdicts)

    words = ("delivered", "returned", "rts", "on_delivery", "problem")
    return not any(says(one, word) and says(other, word) for word in words)
