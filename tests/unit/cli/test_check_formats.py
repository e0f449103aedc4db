"""`tertib check` in its four formats: the same problems, for people, scripts, GitHub and code scanners."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tertib.cli import main

BAD = "name: r\nquery: {status: pendng}\naction: {status: cancelled}\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with one bad rule, as the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(BAD, "utf-8")
    return tmp_path


@pytest.mark.usefixtures("shop")
def test_text_names_place_rule_word_and_code(capsys: pytest.CaptureFixture[str]) -> None:
    """People get the line with a caret, a hint, and a code to search for."""
    assert main(["check", "r.yaml"]) == 1
    shown = capsys.readouterr().out
    assert "r.yaml:2:17: rule r: `status` cannot be `pendng` [T303]\n" in shown
    assert "                    ^^^^^^\n    hint: did you mean `pending`?\n" in shown
    assert "[T403]" in shown


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("words", [["--json"], ["--format", "json"]], ids=["json", "format"])
def test_json_is_one_document(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """Scripts get every problem with the promised keys."""
    assert main(["check", "r.yaml", *words]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert [(one["code"], one["line"], one["column"]) for one in found["problems"]] == [
        ("T303", 2, 17),
        ("T403", 3, 18),
    ]


@pytest.mark.usefixtures("shop")
def test_github_gets_annotations_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is a workflow command with file, line and column."""
    assert main(["check", "r.yaml", "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("::")[2].partition("::")[0] for line in lines] == [
        "error file=r.yaml,line=2,col=17,title=tertib T303",
        "error file=r.yaml,line=3,col=18,title=tertib T403",
    ]


@pytest.mark.usefixtures("shop")
def test_sarif_is_one_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Code scanners get one run with every problem."""
    assert main(["check", "r.yaml", "--format", "sarif"]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["T303", "T403"]


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_a_good_rule_passes_in_every_format(
    shop: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Without a problem the exit code is 0, and what programs read holds none."""
    good = "name: r\nquery: {status: shipped}\nconditions:\n  - shipped_time: {older_than: 30d}\naction: {status: closed}\n"
    (shop / "r.yaml").write_text(good, "utf-8")
    assert main(["check", "r.yaml", "--format", form]) == 0
    shown = capsys.readouterr().out
    if form == "github":
        assert shown == ""
    elif form != "text":
        found = json.loads(shown)
        assert (found["problems"] if form == "json" else found["runs"][0]["results"]) == []
