"""`tertib test` as people and build servers call it: exit codes, what is printed, and what is written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tertib import cli

RULE = "name: late\nquery: {status: pending}\nconditions:\n  - payment_method: qris\naction: {status: canceled}\n"
OTHER = RULE.replace("late", "other")
TEST = """\
now: 2026-11-21T10:00:00+07:00
cases:
  - {name: goes, order: {payment_method: qris}, planned: {status: canceled}}
"""
UNSEEN = """\
  - {name: stays, order: {payment_method: cod}, not_matched: true, because: payment_method}
  - {name: unknown, missing: [payment_method], not_matched: true, because: payment_method}
"""

Run = Callable[..., str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a project with a tested rule."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "late.yaml").write_text(RULE, "utf-8")
    (tmp_path / "rules" / "late.test.yaml").write_text(TEST, "utf-8")
    (tmp_path / "tertib.yaml").write_text("rules: rules/\n", "utf-8")
    return tmp_path


@pytest.fixture
def test(place: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a way to run `tertib test` in the project."""

    def run(*words: str, code: int = 0) -> str:
        assert place == Path.cwd()
        assert cli.main(["test", *words]) == code
        shown = capsys.readouterr()
        return shown.out + shown.err

    return run


def test_a_failure_shows_diff_trace_and_place(test: Run, place: Path) -> None:
    """The case by file and line, what differs, and each condition with the line of the rule that says it."""
    (place / "rules" / "late.test.yaml").write_text(TEST.replace("qris", "cod"), "utf-8")

    assert test(code=1).splitlines() == [
        "rules/late.test.yaml:3: rule late: goes",
        "  - planned: status canceled",
        "  + not matched",
        "  at 2026-11-21 10:00 WIB the rule saw:",
        "    ✓ query status: pending  (saw status pending)  rules/late.yaml:2",
        "    ✗ payment_method: qris  (saw cod)              rules/late.yaml:4",
        "",
        "1 case: 0 passed, 1 failed",
    ]


def test_the_threshold_decides(test: Run, place: Path) -> None:
    """All cases pass, and the exit code is 1 until enough was seen; what is missing is named by its place."""
    said = test("--coverage-threshold", "50", code=1)
    assert "rules/late.yaml:4:5: rule late: `payment_method: qris` was never seen false or unknown" in said
    assert "coverage: 33.3 %, 1 of 3 verdicts seen" in said
    assert "the coverage is below the threshold of 50 %" in said
    assert "33.3 %" in test("--coverage")
    assert "never seen" not in test()

    (place / "rules" / "late.test.yaml").write_text(TEST + UNSEEN, "utf-8")
    assert "coverage: 100 %, 3 of 3 verdicts seen" in test("--coverage-threshold", "100")


def test_json_is_one_document(test: Run, place: Path) -> None:
    """Cases with their traces, problems, the rules without tests, and the coverage where it was asked for."""
    (place / "rules" / "other.yaml").write_text(OTHER, "utf-8")
    document: dict[str, Any] = json.loads(test("--json", "--coverage-threshold", "100", code=1))

    assert (document["ok"], document["passed"], document["failed"]) == (False, 1, 0)
    assert document["untested"] == ["rules/other.yaml"]
    (case,) = document["cases"]
    assert [(node["condition"], node["result"], node["line"]) for node in case["trace"]] == [
        ("query status: pending", "true", 2),
        ("payment_method: qris", "true", 4),
    ]
    assert [(one["rule"], one["seen"], one["needed"]) for one in document["coverage"]["rules"]] == [
        ("late", 1, 3),
        ("other", 0, 3),
    ]
    assert "coverage" not in json.loads(test("--json"))


def test_a_rules_name_stands_for_its_tests(test: Run, place: Path) -> None:
    """By name, by path, or a wrong name that is told."""
    (place / "rules" / "other.yaml").write_text(OTHER, "utf-8")
    (place / "rules" / "other.test.yaml").write_text(TEST + UNSEEN, "utf-8")

    assert "1 case: 1 passed" in test("late")
    assert "4 cases: 4 passed" in test("late", "rules/other.test.yaml")
    assert "4 cases: 4 passed" in test()
    assert "no rule is named `lat`" in test("lat", code=1)


def test_a_report_is_written(test: Run, place: Path) -> None:
    """The JUnit file holds the run; a place that cannot be written is a message."""
    test("--junit", "report.xml")

    assert (place / "report.xml").read_text("utf-8").startswith('<?xml version="1.0" encoding="UTF-8"?>')
    assert "`nowhere/report.xml` cannot be written" in test("--junit", "nowhere/report.xml", code=1)


def test_watching_prints_no_document(test: Run) -> None:
    """A command that never ends cannot print one JSON document."""
    assert "`--watch` never ends" in test("--watch", "--json", code=2)


def test_watching_ends_on_ctrl_c(place: Path, checkout: Path) -> None:
    """The tests run, run again after a change, and Ctrl-C ends it without a traceback, with the last result."""
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "tertib", "test", "--watch"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(checkout / "engine")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert watching.stdout is not None
        told = [watching.stdout.readline() for _ in range(2)]
        assert told == ["watching; Ctrl-C ends it\n", "1 case: 1 passed, 0 failed\n"]
        (place / "rules" / "late.test.yaml").write_text(TEST.replace("qris", "cod"), "utf-8")
        lines = iter(watching.stdout.readline, "")
        assert any(line == "1 case: 0 passed, 1 failed\n" for line in lines)
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=20)
    finally:
        watching.kill()
        watching.wait()
    assert (watching.returncode, out, err) == (1, "", "")
