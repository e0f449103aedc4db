"""Prove that coverage counts every node of every condition, and names what no case has shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertib import rehearse
from tertib.model import Settings
from tertib.rehearse.coverage import VERDICTS, Coverage, Node, RuleCoverage, percent

RULE = """\
name: two-ebooks
query: {status: pending, is_probably_spam: true}
conditions:
  - any:
      - payment_method: qris
      - not: {tags: {includes: vip}}
  - orderlines: {any: {product_name: {contains: Ebook}, quantity: {gte: 2}}}
action: {status: canceled}
"""
HEAD = "now: 2026-11-21\ncases:\n"


def coverage(place: Path, cases: str, rule: str = RULE) -> Coverage:
    """Return the coverage of some cases."""
    (place / "r.yaml").write_text(rule, "utf-8")
    (place / "r.test.yaml").write_text(HEAD + cases, "utf-8")
    played = rehearse.run([place], Settings())
    assert played.problems == ()
    return played.coverage


def seen(rule: RuleCoverage) -> list[tuple[str, int, tuple[bool | None, ...]]]:
    """Return what was seen of each node, with its line."""
    return [(node.condition.partition(":")[0], node.line, node.seen) for node in rule.nodes]


def test_every_node_counts(tmp_path: Path) -> None:
    """Groups, their parts, a list's condition and what is asked of its objects are nodes, each where it is written."""
    case = "  - {name: it, order: {orderlines: [{product_name: Ebook A, quantity: 1}, null, {quantity: 5}]}, not_matched: true}\n"
    (rule,) = coverage(tmp_path, case).rules

    assert seen(rule) == [
        ("any", 4, (True,)),
        ("payment_method", 5, (False,)),
        ("not", 6, (True,)),
        ("tags", 6, (False,)),
        ("orderlines", 7, (None,)),
        ("product_name", 7, (False, None)),  # both at once
        ("product_name", 7, (True, None)),
        ("quantity", 7, (True, False)),
    ]
    assert (rule.seen, rule.needed) == (11, 24)
    assert rule.nodes[0].missing == (False, None)


def test_filters_are_listed_and_not_counted(tmp_path: Path) -> None:
    """A filter is applied by Scalev; one that no answer shows cannot be listed at all."""
    (rule,) = coverage(tmp_path, "  - {name: it, not_matched: true}\n").rules

    assert [(node.condition, node.seen, node.missing) for node in rule.filters] == [
        ("query status", (True,), (False,))
    ]
    assert rule.needed == 3 * len(rule.nodes)


def test_a_case_counts_for_its_own_rule_alone(tmp_path: Path) -> None:
    """A rule that no case is about has nothing seen, however often it was judged beside another."""
    second = "---\n" + RULE.replace("two-ebooks", "other")
    found = coverage(tmp_path, "  - {name: it, rule: two-ebooks, not_matched: true}\n", RULE + second)

    assert [(rule.rule, rule.cases, rule.seen > 0) for rule in found.rules] == [
        ("two-ebooks", 1, True),
        ("other", 0, False),
    ]


def test_an_untested_rule_counts_as_nothing_seen(tmp_path: Path) -> None:
    """A rule without a test pulls the coverage down, or a threshold would reward not writing any."""
    (tmp_path / "bare.yaml").write_text(RULE.replace("two-ebooks", "bare"), "utf-8")
    found = coverage(tmp_path, "  - {name: it, not_matched: true}\n")

    assert {rule.rule: rule.seen for rule in found.rules} == {"two-ebooks": 5, "bare": 0}
    assert found.needed == 48


def test_only_keeps_to_the_rules_it_names(tmp_path: Path) -> None:
    """Cases and coverage of other rules in the file are left out."""
    second = "---\n" + RULE.replace("two-ebooks", "other")
    cases = "".join(
        f"  - {{name: it, rule: {name}, not_matched: true}}\n" for name in ("two-ebooks", "other")
    )
    coverage(tmp_path, cases, RULE + second)
    played = rehearse.run([tmp_path], Settings(), only={"other"})

    assert [one.rule for one in played.cases] == ["other"]
    assert [one.rule for one in played.coverage.rules] == ["other"]


@pytest.mark.parametrize(
    ("seen_of", "shown"),
    [((0, 0), 100.0), ((0, 3), 0.0), ((2999, 3000), 99.9), ((3, 3), 100.0), ((2, 3), 66.6)],
)
def test_only_all_of_it_is_a_hundred(seen_of: tuple[int, int], shown: float) -> None:
    """A percentage is rounded down: nearly all is not all."""
    assert percent(*seen_of) == shown


def test_a_threshold_is_compared_exactly() -> None:
    """What is shown rounded down is not what is compared."""
    rule = coverage_of(2, 3)

    assert Coverage((rule,)).reaches(66.6)
    assert not Coverage((rule,)).reaches(66.7)
    assert Coverage(()).reaches(100)


def coverage_of(count: int, needed: int) -> RuleCoverage:
    """Return the coverage of a rule with so many verdicts seen."""
    assert needed == len(VERDICTS)
    node = Node("x", "r.yaml", 1, 1, VERDICTS[:count], VERDICTS[count:])
    return RuleCoverage("r", "r.yaml", 1, 1, (node,), ())
