"""What an editor shows of rule files: the real yaml-language-server over the project that `tertib init` lays out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tertib import shipped
from tertib.language.operators import GROUPS, OPERATORS, Operator
from tertib.model import Field, Kind
from tertib.scalev.contract import ACTION_FIELDS, FIELDS, PARAMETERS, STATUS_TARGETS, STATUSES_READ
from tertib.scalev.meanings import MEANINGS

if TYPE_CHECKING:
    from tests.editor.conftest import Editor

RULE = "rules/rule.yaml"
RULE_TEST = "rules/rule.test.yaml"
STARTERS = [file for file in sorted(shipped.rules().rglob("*.yaml")) if not file.name.endswith(".test.yaml")]
TOP = json.loads((shipped.schemas() / "rule.schema.json").read_text("utf-8"))["properties"]


def condition(text: str) -> str:
    """Return a rule with one condition."""
    return f"name: r\nconditions:\n  - {text}\naction: {{status: canceled}}\n"


def unescaped(shown: str) -> str:
    """Return what a hover says without the Markdown that keeps its letters from meaning something."""
    return shown.replace("\\", "").replace("&nbsp;", " ")


# --- diagnostics ----------------------------------------------------------------------------------------


def test_starter_rules_and_their_tests_are_not_underlined(editor: Editor) -> None:
    """Prove that what is laid out is clean, with and without the line that names its schema."""
    for file in STARTERS:
        text = file.read_text("utf-8")
        bare = "\n".join(line for line in text.splitlines() if "yaml-language-server" not in line)
        assert editor.problems(RULE, bare) == [], file.name
        tests = file.with_suffix(".test.yaml").read_text("utf-8").partition("\n")[2]
        assert editor.problems(RULE_TEST, tests) == [], file.name


def test_the_settings_that_init_writes_are_not_underlined(editor: Editor) -> None:
    """Prove that the laid-out `tertib.yaml` is held against the schema of settings, and is good."""
    assert editor.problems("tertib.yaml", (editor.folder / "tertib.yaml").read_text("utf-8")) == []


BROKEN = {
    "key-unknown": 7,
    "action-status": 5,
    "query-enum": 2,
    "query-unknown": 2,
    "conditions-unknown-field": 4,
    "conditions-unknown-operator": 4,
    "conditions-misfit": 4,
    "enabled-yes": 7,
    "mode-unknown": 7,
    "limits-unknown": 7,
    "allow-unknown": 7,
    "priority-text": 7,
    "source-without-store": 6,
    "schedule-missed": 7,
    "doc-duplicate-key": 8,
}
"""Files of `tests/bad/`, and the line that must be underlined."""


@pytest.mark.parametrize(("name", "line"), BROKEN.items(), ids=list(BROKEN))
def test_mistakes_are_underlined_where_they_are(editor: Editor, checkout: Path, name: str, line: int) -> None:
    """Prove that the editor marks the line that `tertib check` names."""
    found = editor.problems(RULE, (checkout / "tests" / "bad" / f"{name}.bad.yaml").read_text("utf-8"))
    assert line in {one for one, _ in found}, found


def test_a_mistake_in_a_rule_test_is_underlined(editor: Editor) -> None:
    """Prove that rule tests have their own schema, and not that of rules."""
    ((line, message), *_) = editor.problems(RULE_TEST, "now: 2026-11-21\ncases:\n  - name: x\n    plan: {}\n")
    assert (line, "plan" in message) == (4, True)


# --- completion -----------------------------------------------------------------------------------------


def test_every_key_of_a_rule_is_offered(editor: Editor) -> None:
    """Prove completion at the top of a rule, each key with its sentence."""
    offered = editor.completions(RULE, "‸")
    assert {key: offered.get(key) for key in TOP} == {key: about["description"] for key, about in TOP.items()}


def test_every_field_is_offered_in_a_condition(editor: Editor) -> None:
    """Prove completion of field names and groups inside `conditions`, each with its help."""
    offered = editor.completions(RULE, condition("pen‸"))
    for path, field in whole_fields().items():
        assert offered.get(path, "").startswith(field.help), path
    assert offered.keys() >= GROUPS.keys()


def test_the_operators_of_a_field_are_offered(editor: Editor) -> None:
    """Prove that a time offers the operators of times, with their help, and none of other kinds."""
    offered = editor.completions(RULE, condition("pending_time:\n      ‸"))
    expected = {one.name: sentence(one) for one in OPERATORS.values() if Kind.TIME in one.kinds}
    assert {name: text for name, text in offered.items() if name in OPERATORS} == expected


def test_filters_are_offered_in_the_query(editor: Editor) -> None:
    """Prove completion of every query parameter."""
    offered = editor.completions(RULE, "name: r\nquery:\n  ‸\n")
    assert all(offered.get(name, "").startswith(one.help) for name, one in PARAMETERS.items())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("name: r\nquery:\n  status: ‸\n", STATUSES_READ),
        ("name: r\naction:\n  status: ‸\n", STATUS_TARGETS),
        (condition("status: ‸"), STATUSES_READ),
    ],
    ids=["query", "action", "condition"],
)
def test_statuses_are_offered_with_their_meaning(editor: Editor, text: str, values: frozenset[str]) -> None:
    """Prove that each place offers exactly the statuses that it takes."""
    offered = {name: help_ for name, help_ in editor.completions(RULE, text).items() if name in STATUSES_READ}
    assert offered == {value: MEANINGS["status"][value] for value in values}


# --- hover ----------------------------------------------------------------------------------------------


def whole_fields() -> dict[str, Field]:
    """Return the fields of both sources that a condition names directly."""
    every = {**FIELDS["customer_orders"], **FIELDS["orders"]}
    return {path: field for path, field in every.items() if not field.element}


def sentence(operator: Operator) -> str:
    """Return an operator's help as the schema spells it."""
    return f"{operator.help[0].upper()}{operator.help[1:]}."


def test_hovering_over_a_field_explains_it(editor: Editor) -> None:
    """Prove that every field of a condition shows its sentence."""
    for path, field in whole_fields().items():
        shown = editor.hover(RULE, condition(f"{path[:1]}‸{path[1:]}: null"))
        assert field.help in unescaped(shown), path


def test_hovering_over_an_operator_explains_it(editor: Editor) -> None:
    """Prove that every operator shows its sentence, in the example of the table."""
    for operator in OPERATORS.values():
        field, _, rest = operator.example.condition.partition(": {")
        shown = editor.hover(RULE, condition(f"{field}: {{{rest[:1]}‸{rest[1:]}"))
        assert sentence(operator) in unescaped(shown), operator.name


def test_hovering_over_a_filter_and_an_action_field_explains_it(editor: Editor) -> None:
    """Prove that every query parameter and every action field shows its sentence."""
    samples = {"enum": "qris", "boolean": "true", "time": "3d ago", "id": "'7'", "text": "abc", "tags": "vip"}
    for name, one in PARAMETERS.items():
        value = min(one.values) if one.kind == "enum" else samples[one.kind]
        assert one.help in unescaped(
            editor.hover(RULE, f"name: r\nquery:\n  {name[:1]}‸{name[1:]}: {value}\n")
        )
    for name, field in ACTION_FIELDS.items():
        shown = editor.hover(RULE, f'name: r\naction:\n  {name[:1]}‸{name[1:]}: "{{{{ order.notes }}}}"\n')
        assert field.help in unescaped(shown), name


KEYS = {
    "name": "r",
    "description": "text",
    "enabled": "true",
    "schedule": '"*/30 8-21 * * *"',
    "source": "{customer_orders: {store: store_x}}",
    "data": "{proofs: proofs.csv}",
    "query": "{status: pending}",
    "vars": "{days: 3d}",
    "conditions": "[{status: pending}]",
    "action": "{status: canceled}",
    "limits": "{orders: 5}",
    "mode": "preview",
    "first_run": "apply",
    "priority": "5",
    "allow": "[paid]",
    "trust": "[search]",
}


def test_hovering_over_a_key_explains_it(editor: Editor) -> None:
    """Prove that every key of a rule shows its sentence, whatever form its value has."""
    assert KEYS.keys() == TOP.keys()
    for key, value in KEYS.items():
        shown = editor.hover(RULE, f"{key[:1]}‸{key[1:]}: {value}\n")
        assert TOP[key]["description"] in unescaped(shown), key


def test_hovering_over_a_status_lists_what_each_means(editor: Editor) -> None:
    """Prove that a value shows its meaning beside the others that could stand there."""
    shown = unescaped(editor.hover(RULE, "name: r\nquery:\n  status: pen‸ding\n"))
    assert all(f"`{value}`: {meaning}" in shown for value, meaning in MEANINGS["status"].items())
