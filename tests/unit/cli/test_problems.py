"""The formats in which problems are written."""

from __future__ import annotations

import json

from tertib.cli import problems
from tertib.language.codes import CODES
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


def test_a_sarif_log_has_what_the_standard_asks_for() -> None:
    """SARIF 2.1.0: required members, rules that results point at, regions that count from 1, names as URIs."""
    strange = Problem("my rules/ä.yaml", 1, 1, "T101", "bad", width=0)
    at_top = Problem("/shop/rules/a.yaml", 2, 3, "T207", "bad", severity="warning")
    log = json.loads(problems.as_sarif([ERROR, WARNING, strange, at_top]))
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    driver = run["tool"]["driver"]
    assert driver["name"] == "tertib"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert 1 <= region["startColumn"] < region["endColumn"]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]]
    assert places == [
        "rules/a.yaml",
        "rules/b%2Cc.yaml",
        "my%20rules/%C3%A4.yaml",
        "file:///shop/rules/a.yaml",
    ]


def test_sarif_says_what_a_code_means() -> None:
    """Each rule of the log carries its explanation, and no address: there is no page that every reader can open."""
    log = json.loads(problems.as_sarif([Problem("a.yaml", 1, 1, code, "bad") for code in CODES]))
    for rule in log["runs"][0]["tool"]["driver"]["rules"]:
        told = {rule[part]["text"] for part in ("shortDescription", "fullDescription", "help")}
        assert told == {CODES[rule["id"]]}
        assert "helpUri" not in rule


def test_github_gets_one_line_a_problem() -> None:
    """Nothing in a file's name or a message can end an annotation early or begin another."""
    evil = Problem("a:b,c%.yaml", 1, 2, "T101", "50% off\r\n::error::owned", hint="a\nb")
    assert problems.as_github([evil]) == (
        "::error file=a%3Ab%2Cc%25.yaml,line=1,col=2,title=tertib T101::"
        "50%25 off%0D%0A::error::owned (a%0Ab)\n"
    )


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
