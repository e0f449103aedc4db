"""`tertib fields`: every field, filter, action field and operator, by name or by help."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tertib.cli import main
from tertib.language.operators import OPERATORS
from tertib.scalev.contract import ACTION_FIELDS, FIELDS, PARAMETERS


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return what `tertib fields … --json` gives."""
    assert main(["fields", *words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_everything_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that a rule can name is left out."""
    found = asked(capsys)
    assert {one["path"] for one in found["fields"]} == {path for table in FIELDS.values() for path in table}
    assert {one["name"] for one in found["query"]} == PARAMETERS.keys()
    assert {one["name"] for one in found["action"]} == ACTION_FIELDS.keys()


def test_a_field_comes_with_all_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """Kind, unit, values, sources, and what `columns` must ask for: a name, nothing, or never."""
    rows = {one["path"]: one for one in asked(capsys)["fields"]}
    assert rows["gross_revenue"]["unit"] == "IDR"
    assert rows["status"]["values"][:2] == ["canceled", "closed"]
    assert rows["customer.phone"]["column"] == "customer"
    assert rows["customer.phone"]["personal"] is True
    assert rows["created_at"]["column"] == ""
    assert rows["is_probably_spam"]["column"] is None
    assert rows["store.auto_expire_days"]["sources"] == ["customer_orders"]


@pytest.mark.parametrize(
    ("pattern", "path"), [("resi", "shipment_receipt"), ("*_time", "shipped_time"), ("TAGS", "tags")]
)
def test_a_pattern_matches_names_and_help(
    capsys: pytest.CaptureFixture[str], pattern: str, path: str
) -> None:
    """A word of the help finds a field as well as its name does; capitals do not count."""
    found = {one["path"] for one in asked(capsys, pattern)["fields"]}
    assert path in found
    assert "gross_revenue" not in found


def test_operators_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """All operators, with kinds and example; a pattern narrows them."""
    found = asked(capsys, "--operators")["operators"]
    assert [one["name"] for one in found] == list(OPERATORS)
    assert {"kinds", "takes", "help", "example", "pushed_down"} <= found[0].keys()
    assert [one["name"] for one in asked(capsys, "--operators", "*_than")["operators"]] == [
        "older_than",
        "newer_than",
    ]


def test_people_get_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables hold what the documents say, all values of an enumeration included."""
    monkeypatch.setenv("COLUMNS", "300")
    assert main(["fields", "payment_status"]) == 0
    shown = capsys.readouterr().out
    assert "conflict, paid, settled, unpaid" in shown
    assert main(["fields", "--operators", "older"]) == 0
    assert "shipped_time: {older_than" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["nonsense"], ["--operators", "nonsense"]], ids=["field", "operator"])
def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """A pattern that fits nothing fails with what was looked for."""
    assert main(["fields", *words]) == 1
    assert "`nonsense`" in capsys.readouterr().err
