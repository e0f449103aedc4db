"""The reference pages are what the tables in the code give, and leave nothing out."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tertib import shipped
from tertib.cli.exits import EXIT_CODES, OUTCOMES
from tertib.language.codes import CODES
from tertib.language.kinds import KINDS, UNREADABLE_AS
from tertib.language.operators import OPERATORS
from tertib.language.values import UNREADABLE, read_as
from tertib.model import Kind, State
from tertib.plan.holds import HOLDS, UNINTENDED
from tertib.plan.vetoes import LIFTABLE
from tertib.scalev.contract import ACTION_FIELDS, FIELDS, PARAMETERS
from tertib.scalev.meanings import MEANINGS

ROOT = Path(__file__).resolve().parent.parent.parent
ENGINE = ROOT / "engine" / "tertib"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Return the pages as the tables give them now."""
    found: dict[str, str] = GENERATOR.pages()
    return found


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_the_committed_page_is_the_generated_one(name: str, pages: dict[str, str]) -> None:
    """A table that changed without its page fails here; `python docs/generate.py` writes the pages."""
    file = ROOT / "docs" / name
    assert file.exists(), "run `python docs/generate.py`"
    assert file.read_text("utf-8") == pages[name], "run `python docs/generate.py`"


def test_no_page_is_left_of_what_is_gone() -> None:
    """Every page in the folder of the reference is one that is still written."""
    assert {f"reference/{file.name}" for file in ROOT.glob("docs/reference/*")} == GENERATOR.PAGES.keys() - {
        "codes.md"
    }


def test_every_row_of_every_table_is_on_its_page(pages: dict[str, str]) -> None:
    """Operators, fields, filters, action fields, holds, exit codes and outcomes: none is left out."""
    rows = {
        "operators": OPERATORS.keys(),
        "fields": {path for table in FIELDS.values() for path in table},
        "query": PARAMETERS.keys(),
        "action": ACTION_FIELDS.keys(),
        "holds": HOLDS.keys(),
        "exit-codes": OUTCOMES.keys(),
    }
    for page, names in rows.items():
        assert [name for name in names if f"`{name}`" not in pages[f"reference/{page}.md"]] == []
    assert [code for code in EXIT_CODES if f"| {code} |" not in pages["reference/exit-codes.md"]] == []
    assert OUTCOMES.keys() == set(State)


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_what_it_means_and_how_to_mend_it(code: str, pages: dict[str, str]) -> None:
    """A code without a line in docs/mending.yaml would leave its reader with the sentence alone."""
    section = re.search(rf"^### {code}\n\n(.+?)(?=^##|\Z)", pages["codes.md"], re.MULTILINE | re.DOTALL)
    assert section is not None
    meaning, mend = section[1].split("\n\n")[:2]
    assert meaning == CODES[code]
    assert mend, "add a line to docs/mending.yaml"
    assert not mend.startswith("```"), "add a line to docs/mending.yaml"


def test_pages_are_the_same_each_time(pages: dict[str, str]) -> None:
    """Nothing on a page depends on the order of a set, the clock or the machine."""
    assert GENERATOR.pages() == pages
    assert not any(str(ROOT) in text for text in pages.values())


# --- the tables that the pages rest on ------------------------------------------------------------------


def test_every_kind_has_its_line_and_an_unreadable_value() -> None:
    """The value that the truth tables call unreadable does not read as the kind."""
    assert KINDS.keys() == set(Kind)
    assert UNREADABLE_AS.keys() == set(Kind) - {Kind.OPEN}
    assert all(read_as(raw, kind) is UNREADABLE for kind, raw in UNREADABLE_AS.items())


def _codes_in(source: ast.AST) -> Iterator[str]:
    """Yield the codes that a module gives to holds, vetoes and breaches of limits."""
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            takes = {"Held": (2, "code"), "Veto": (0, "code"), "Breach": (0, "code")}
            takes |= {"hold": (1, "code"), "_held": (1, "code"), "replace": (9, "code")}
            place, keyword = takes.get(node.func.id, (None, ""))
            given = [one.value for one in node.keywords if one.arg == keyword]
            if place is not None:
                given += node.args[place : place + 1]
            yield from (
                one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def test_every_hold_in_the_code_is_in_the_table() -> None:
    """A new reason to hold an order needs its row, and a row that nothing gives any more goes."""
    given = {code for file in ENGINE.rglob("*.py") for code in _codes_in(ast.parse(file.read_text("utf-8")))}
    assert given == HOLDS.keys()
    assert HOLDS.keys() >= LIFTABLE | UNINTENDED


def test_values_mean_something_in_every_enumeration_that_has_words() -> None:
    """Each value of these enumerations has its sentence, and none that does not exist."""
    fields = {path: field.values for path, field in FIELDS["orders"].items()}
    for name, meanings in MEANINGS.items():
        known = fields.get(name) or PARAMETERS[name].values
        assert meanings.keys() == known, name


def test_editors_show_the_same_meanings() -> None:
    """Beside an enumeration in the schema of rules stand the sentences of the table, in the enumeration's order."""
    said = {value: text for meanings in MEANINGS.values() for value, text in meanings.items()}
    said |= {code: reason.help for code, reason in HOLDS.items() if code not in said}
    ambiguous = MEANINGS["payment_status"].keys() & HOLDS.keys()
    for enum, described in _described(
        json.loads((shipped.schemas() / "rule.schema.json").read_text("utf-8"))
    ):
        assert len(enum) == len(described)
        for value, text in zip(enum, described, strict=True):
            if value in said and value not in ambiguous:
                assert text == said[value], value
            assert text.endswith("."), value


def _described(schema: object) -> Iterator[tuple[list[str], list[str]]]:
    if isinstance(schema, dict):
        if "enumDescriptions" in schema:
            yield schema["enum"], schema["enumDescriptions"]
        for below in schema.values():
            yield from _described(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from _described(below)
