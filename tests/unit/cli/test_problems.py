"""The formats in which problems are written."""

from __future__ import annotations

import json

from tertib.cli import problems
from tertib.model import Problem

ERROR = Problem(
    "rules/a.yaml",
    4,
    9,
    "T101",
    "unknown field `statu`",
    rule="a",
    hint="`status`?",
    source_line="    - x: statu",
    width=5,
)
WARNING = Problem("rules/b,c.yaml", 1, 1, "T301", "never true:\n100%", severity="warning")


def test_text_shows_place_line_caret_and_hint() -> None:
    """The caret stands under the offending word, as wide as the word."""
    shown = problems.as_text([Problem("a.yaml", 1, 4, "T1", "bad", source_line="x: statu", width=5)])
    assert shown == "a.yaml:1:4: bad [T1]\n    x: statu\n       ^^^^^\n"
    assert problems.as_text([ERROR]).startswith("rules/a.yaml:4:9: rule a: unknown field `statu` [T101]\n")
    assert problems.as_text([ERROR]).endswith("    hint: `status`?\n")


def test_text_marks_warnings() -> None:
    """A warning says that it is one."""
    assert "warning: never true" in problems.as_text([WARNING])


def test_a_tab_or_an_escape_in_the_line_moves_no_caret() -> None:
    """Each character of the file's line takes one place, and none reaches the terminal raw."""
    shown = problems.as_text([Problem("a.yaml", 1, 3, "T1", "bad", source_line="\t\x1bword", width=4)])
    assert shown.splitlines()[1:] == ["      word", "      ^^^^"]


def test_a_caret_never_runs_past_the_line() -> None:
    """A value over several lines is marked to the end of its first."""
    shown = problems.as_text([Problem("a.yaml", 1, 4, "T1", "bad", source_line="x: abc", width=99)])
    assert shown.splitlines()[2] == "       ^^^"


def test_github_annotations_escape_what_would_end_them() -> None:
    """Line breaks, percent signs and commas in names cannot start a command of their own."""
    first, second = problems.as_github([ERROR, WARNING]).splitlines()
    assert first.startswith("::error file=rules/a.yaml,line=4,col=9,title=tertib T101::rule a: ")
    assert second == "::warning file=rules/b%2Cc.yaml,line=1,col=1,title=tertib T301::never true:%0A100%25"


def test_sarif_holds_every_problem_with_its_region() -> None:
    """Code hosts get rule, level and place of each problem."""
    log = json.loads(problems.as_sarif([ERROR, WARNING]))
    assert log["version"] == "2.1.0"
    found = log["runs"][0]["results"]
    assert [one["level"] for one in found] == ["error", "warning"]
    assert found[0]["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 4,
        "startColumn": 9,
        "endColumn": 14,
    }
    assert {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]} == {"T101", "T301"}


def test_documents_have_the_promised_keys() -> None:
    """Scripts rest on these keys."""
    assert problems.as_documents([ERROR]) == [
        {
            "file": "rules/a.yaml",
            "line": 4,
            "column": 9,
            "rule": "a",
            "severity": "error",
            "code": "T101",
            "message": "unknown field `statu`",
            "hint": "`status`?",
        }
    ]
