"""The promise sheet says what its script says, and every proof that it names is there."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NUMBER = re.compile(r"\d[\d,.]*")


def _sheet() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_promises", ROOT / "docs" / "promises.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks its own module up
    spec.loader.exec_module(module)
    return module


SHEET = _sheet()


def test_the_sheet_is_what_its_script_writes() -> None:
    """The words are up to date; the numbers are those of some run, and may differ."""
    written = (ROOT / "docs" / "promises.md").read_text("utf-8")
    rendered = SHEET.sheet(json.loads((ROOT / "docs" / "promises.json").read_text("utf-8")))
    assert NUMBER.sub("N", written) == NUMBER.sub("N", rendered)


def test_nothing_was_violated_in_the_run_that_is_shown() -> None:
    """The kept numbers are of a run that kept the promises."""
    kept = json.loads((ROOT / "docs" / "promises.json").read_text("utf-8"))
    assert {name: number for name, number in kept["ci"].items() if "violations" in name} == {
        "seeds.violations": 0
    }


def test_every_proof_is_there() -> None:
    """The files that commands name exist, so that anybody can try them."""
    commands = [one.proof for one in SHEET.PROMISES] + [command for _, command in SHEET.LONG]
    for command in commands:
        files = [word for word in command.split() if "/" in word]
        assert files
        assert all((ROOT / file).exists() for file in files), command


def test_facts_are_added_up_and_those_of_a_whole_run_are_not() -> None:
    """Chunks of seeds are parts of a whole; a run that was collected twice has its tests once."""
    lines = [
        '{"what": "seeds", "played": 50}',
        '{"what": "seeds", "played": 50}',
        '{"what": "collected", "tests": 9}',
        '{"what": "collected", "tests": 4}',
    ]
    assert SHEET.collect(lines) == {"seeds.played": 100, "collected.tests": 9}


def test_numbers_are_written_for_people_and_a_missing_one_is_an_error() -> None:
    """Thousands are parted; a promise without its number is none."""
    assert SHEET.numbered("{a.b} of {c}", {"a.b": 12345, "c": 1}) == "12,345 of 1"
    with pytest.raises(KeyError, match="seeds"):
        SHEET.numbered("{seeds.played}", {})


@pytest.mark.parametrize("readme", ["README.md", "README.id.md"])
def test_the_readme_leads_to_the_sheet(readme: str) -> None:
    """Whoever reads the promises finds their numbers."""
    assert "(docs/promises.md)" in (ROOT / readme).read_text("utf-8")
