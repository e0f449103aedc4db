"""Every broken file of `tests/bad/` gives exactly the text that stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tertib.cli.problems import as_text
from tertib.language import document
from tertib.language.codes import CODES
from tertib.load import load
from tertib.model import Settings

BAD = Path(__file__).parent / "bad"
NAMES = sorted(file.name.removesuffix(".bad.yaml") for file in BAD.glob("*.bad.yaml"))


def test_the_set_is_whole() -> None:
    """Prove that no broken file and no expected text is without the other, and that there are enough of them."""
    assert sorted(file.stem for file in BAD.glob("*.txt")) == NAMES
    assert len(NAMES) >= 80


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_gives_exactly_these_messages(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove place, words, code, line, caret and hint of every message, and that something stops the plan."""
    monkeypatch.chdir(BAD)
    loaded = load([f"{name}.bad.yaml"], Settings())
    assert as_text(loaded.problems) == (BAD / f"{name}.txt").read_text(encoding="utf-8")
    assert loaded.errors
    assert {problem.code for problem in loaded.problems} <= CODES.keys()


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("doc-")])
def test_yaml_mistakes_read_the_same_without_libyaml(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove that Python's own YAML reader, where libyaml is missing, finds the same mistakes in the same lines."""
    raw = (BAD / f"{name}.bad.yaml").read_bytes()
    expected = document.parse(raw).flaws
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    found = document.parse(raw).flaws
    assert [(flaw.code, flaw.spot.line) for flaw in found] == [
        (flaw.code, flaw.spot.line) for flaw in expected
    ]
