"""Each row of the table of operators, held to its own example."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tertib.language import conditions, document
from tertib.language.kinds import UNREADABLE_AS
from tertib.language.operators import OPERATORS, Operator
from tertib.model import Complaint, Condition, Kind, Verdict
from tertib.scalev.contract import FIELDS

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)


def parsed(operator: Operator) -> tuple[str, Kind, Condition]:
    """Return the example's field, its kind, and the condition, which nothing is wrong with."""
    ((_, written),) = document.parse(operator.example.condition.encode()).documents
    complaints: list[Complaint] = []
    (found,) = conditions.parse([written.data], FIELDS["orders"], ZoneInfo("Asia/Jakarta"), complaints)
    assert complaints == []
    (name,) = written.data
    return name, FIELDS["orders"][name].kind, found


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_an_operator_is_true_false_and_unknown_as_its_row_says(operator: Operator) -> None:
    """True and false of the row's own values; unknown of null, nothing and nonsense, but for `exists`."""
    name, kind, condition = parsed(operator)

    def verdict(*held: Any) -> Verdict:
        return conditions.evaluate(condition, {name: held[0]} if held else {}, NOW)

    assert verdict(operator.example.holds) is True
    assert verdict(operator.example.fails) is False
    known = operator.name == "exists"
    assert [verdict(None), verdict("")] == ([False, False] if known else [None, None])
    assert verdict(UNREADABLE_AS[kind]) is (True if known else None)
    assert verdict() is None


def test_an_example_shows_its_own_operator() -> None:
    """No row borrows the example of another."""
    for operator in OPERATORS.values():
        assert f"{{{operator.name}: " in operator.example.condition
