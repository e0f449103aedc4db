"""Prove that findings reach people at the file, line and column that they are about."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tertib import check
from tertib.load import load, loads
from tertib.model import Settings

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
TEXT = """\
# two rules
name: first
query: {status: pending}
conditions:
  - status: shipped
action: {status: confirmed}
---
name: second
query: {status: shipped}
action:
  status: completed
  by: "kasir {{ order.handler.fullname }}"
"""


def test_problems_stand_at_their_values(tmp_path: Path) -> None:
    """Every finding becomes a problem of the right document, down to the word of a template."""
    file = tmp_path / "rules.yaml"
    file.write_text(TEXT, encoding="utf-8")
    found = check.problems(load([file], Settings()), Settings(), NOW)

    assert [(one.rule, one.code, one.severity, one.line, one.column, one.width) for one in found] == [
        ("first", "T703", "error", 5, 13, 7),
        ("second", "T713", "warning", 12, 17, 22),
    ]
    assert {one.file for one in found} == {str(file)}
    assert found[0].source_line == "  - status: shipped"


def test_a_file_that_is_gone_leaves_the_rules_line() -> None:
    """A rule that came from no file still has its problems, at the line where it starts."""
    loaded = loads(TEXT, Settings())
    found = check.problems(loaded, Settings(), NOW)

    assert [(one.rule, one.line, one.column) for one in found] == [("first", 2, 1), ("second", 8, 1)]


def test_a_rule_without_a_query_is_told_once(tmp_path: Path) -> None:
    """What loading already warned of is not said again."""
    file = tmp_path / "all.yaml"
    text = "name: all\nconditions: [{notes: x}, {pending_time: {older_than: 1d}}, {payment_method: {ne: cod}}]\naction: {status: canceled}\n"
    file.write_text(text, encoding="utf-8")
    loaded = load([file], Settings())

    assert [one.code for one in loaded.problems] == ["T312"]
    assert check.problems(loaded, Settings(), NOW) == ()
    assert [one.code for one in check.check(loaded.rules, Settings(), NOW)] == ["T716"]
