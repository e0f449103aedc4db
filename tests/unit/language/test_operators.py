"""The table of operators, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tertib.language import patterns
from tertib.language.operators import COUNT_OPERATORS, GROUPS, OPERATORS, SYNONYMS, Shape, fitting
from tertib.model import Kind

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)

DESIGN = """
eq ne in not_in lt lte gt gte between contains starts_with ends_with contains_i starts_with_i ends_with_i eq_i matches
exists older_than newer_than before after includes any_of all_of none_of any every none count
"""

TRUTH = [
    ("eq", "a", "a", True),
    ("eq", "a", "A", False),
    ("eq", Decimal("168724.00"), Decimal(168724), True),
    ("ne", "a", "b", True),
    ("ne", "a", "a", False),
    ("in", "a", ("b", "a"), True),
    ("in", "a", ("b",), False),
    ("not_in", "a", ("b",), True),
    ("not_in", "a", ("a",), False),
    ("lt", Decimal(1), Decimal(2), True),
    ("lt", Decimal(2), Decimal(2), False),
    ("lte", Decimal(2), Decimal(2), True),
    ("lte", Decimal(3), Decimal(2), False),
    ("gt", NOW, NOW - DAY, True),
    ("gt", NOW, NOW, False),
    ("gte", NOW, NOW, True),
    ("gte", Decimal(1), Decimal(2), False),
    ("between", Decimal(1), (Decimal(1), Decimal(2)), True),
    ("between", Decimal(2), (Decimal(1), Decimal(2)), True),
    ("between", Decimal("2.01"), (Decimal(1), Decimal(2)), False),
    ("contains", "Kaos Polos", "Polos", True),
    ("contains", "Kaos Polos", "polos", False),
    ("starts_with", "va_bca", "va", True),
    ("starts_with", "va_bca", "bca", False),
    ("ends_with", "va_bca", "bca", True),
    ("ends_with", "va_bca", "va", False),
    ("eq_i", "VIP", "vip", True),
    ("eq_i", "VIP", "vi", False),
    ("contains_i", "Kaos POLOS", "polos", True),
    ("contains_i", "Kaos", "polos", False),
    ("starts_with_i", "Kaos", "kA", True),
    ("starts_with_i", "Kaos", "aos", False),
    ("ends_with_i", "Kaos", "OS", True),
    ("ends_with_i", "Kaos", "ka", False),
    ("matches", "delivered to neighbour", "(?i)DELIVERED", True),
    ("matches", "to be delivered", "^delivered", False),
    ("matches", "lone \ud800 surrogate", "surrogate$", True),
    ("exists", True, True, True),
    ("exists", True, False, False),
    ("exists", False, False, True),
    ("older_than", NOW - 3 * DAY, 3 * DAY, False),
    ("older_than", NOW - 3 * DAY - timedelta(microseconds=1), 3 * DAY, True),
    ("newer_than", NOW - 3 * DAY, 3 * DAY, False),
    ("newer_than", NOW - 3 * DAY + timedelta(microseconds=1), 3 * DAY, True),
    ("newer_than", NOW + DAY, 3 * DAY, True),
    ("before", NOW, NOW, False),
    ("before", NOW - DAY, NOW, True),
    ("after", NOW, NOW, False),
    ("after", NOW + DAY, NOW, True),
    ("includes", ("vip", "hold"), "hold", True),
    ("includes", ("vip",), "hold", False),
    ("includes", ("vip", None), "hold", None),
    ("includes", ("hold", None), "hold", True),
    ("includes", (), "hold", False),
    ("any_of", ("vip",), ("hold", "vip"), True),
    ("any_of", ("x",), ("hold", "vip"), False),
    ("any_of", ("x", None), ("hold", "vip"), None),
    ("all_of", ("vip", "hold"), ("hold", "vip"), True),
    ("all_of", ("vip",), ("hold", "vip"), False),
    ("all_of", ("vip", None), ("hold", "vip"), None),
    ("none_of", (), ("hold",), True),
    ("none_of", ("hold", None), ("hold",), False),
    ("none_of", (None,), ("hold",), None),
    ("any", (False, None), None, None),
    ("any", (None, True), None, True),
    ("any", (), None, False),
    ("every", (True, None), None, None),
    ("every", (None, False), None, False),
    ("every", (), None, True),
    ("none", (False, False), None, True),
    ("none", (False, None), None, None),
    ("none", (True, None), None, False),
    ("none", (), None, True),
    ("count", ("a", None), (("eq", Decimal(2)),), True),
    ("count", (), (("gte", Decimal(1)),), False),
    ("count", ("a",), (("gte", Decimal(1)), ("lt", Decimal(1))), False),
    ("count", ("a",), (("between", (Decimal(0), Decimal(1))),), True),
]


@pytest.mark.parametrize(("name", "value", "operand", "expected"), TRUTH)
def test_truth(name: str, value: Any, operand: Any, expected: bool | None) -> None:  # noqa: FBT001 - a verdict
    """Each operator says what its line of help says, at its bounds and on elements that are not known."""
    assert OPERATORS[name].truth(value, operand, NOW) is expected


def test_table_is_the_design() -> None:
    """The table holds exactly the operators that rules are promised, and each has its truths tested."""
    assert set(OPERATORS) == set(DESIGN.split())
    assert {name for name, *_ in TRUTH} == set(OPERATORS)
    assert set(GROUPS) == {"all", "any", "not"}


def test_every_row_is_usable() -> None:
    """Every row fits some kind, says what it does in a fragment, and every shape is used."""
    for row in OPERATORS.values():
        assert row.kinds
        assert row.help
        assert not row.help.endswith(".")
    assert {row.shape for row in OPERATORS.values()} == set(Shape)


def test_kinds_have_what_they_need() -> None:
    """Every kind can be asked for existence; order belongs to numbers and times, text to text, ages to times."""
    assert all("exists" in fitting(kind) for kind in Kind)
    assert set(fitting(Kind.OBJECT)) == {"exists"}
    assert "lt" not in fitting(Kind.TEXT)
    assert "contains" not in fitting(Kind.MONEY)
    assert {"older_than", "newer_than", "before", "after", "between"} <= set(fitting(Kind.TIME))
    assert {"includes", "any_of", "all_of", "none_of", "any", "every", "none", "count"} <= set(
        fitting(Kind.TAGS)
    )
    assert "any" not in fitting(Kind.TEXTS)
    assert "includes" not in fitting(Kind.OBJECTS)


def test_pushdown_is_only_for_supersets() -> None:
    """No negation and no text search claims a filter: what the API returned would lose matches."""
    never = {"ne", "not_in", "none_of", "contains", "matches", "every", "none", "any", "count"}
    assert all(OPERATORS[name].pushdown is None for name in never)
    assert OPERATORS["older_than"].pushdown is not None
    assert OPERATORS["older_than"].pushdown.comparisons == ("until",)


def test_synonyms_lead_to_operators() -> None:
    """Other systems' words are none of ours, and lead to one of ours."""
    assert set(SYNONYMS.values()) <= set(OPERATORS)
    assert not (set(SYNONYMS) - {"all"}) & set(OPERATORS)
    assert set(COUNT_OPERATORS) == {"eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte", "between"}


def test_patterns_are_bounded() -> None:
    """A pattern that is too long, too large for its memory or no RE2 is refused, not run."""
    for pattern in ("a" * 1001, "((a{100}){100}){100}", "(?=a)", "(a"):
        with pytest.raises(patterns.PatternError):
            patterns.compiled(pattern)


def test_patterns_take_linear_time() -> None:
    """The classic pattern that backtracks for ages answers at once, and rightly."""
    assert not patterns.search("(a+)+$", "a" * 50_000 + "b")
