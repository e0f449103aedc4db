"""The schema that editors use says what the code's tables say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tertib import shipped
from tertib.language import document, options
from tertib.language.operators import COUNT_OPERATORS, GROUPS, OPERATORS, fitting
from tertib.model import Field, Kind, Mode
from tertib.plan.vetoes import LIFTABLE
from tertib.scalev.contract import ACTION_FIELDS, FIELDS, PARAMETERS

BAD = Path(__file__).resolve().parent.parent / "bad"


@cache
def schema(name: str = "rule") -> dict[str, Any]:
    """Return one of the shipped schemas."""
    found: dict[str, Any] = json.loads(
        (shipped.schemas() / f"{name}.schema.json").read_text(encoding="utf-8")
    )
    return found


def fields() -> dict[str, Field]:
    """Return the fields of both sources."""
    return {**FIELDS["customer_orders"], **FIELDS["orders"]}


def operators_of(test: dict[str, Any]) -> set[str]:
    """Return the operators that a test's definition takes."""
    found = schema()["$defs"][test["$ref"].removeprefix("#/$defs/")]
    (mapping,) = [form for form in found["anyOf"] if form.get("type") == "object"]
    return set(mapping["properties"])


def test_conditions_name_every_field_and_group() -> None:
    """Prove that a condition may name exactly the fields of both sources, the groups and `expr`."""
    condition = schema()["$defs"]["condition"]
    whole = {path for path, field in fields().items() if not field.element}
    assert set(condition["properties"]) == whole | set(GROUPS) | {"expr"}


def test_every_field_takes_the_operators_of_its_kind() -> None:
    """Prove that editors offer for each field what the table of operators allows, and nothing else."""
    properties = schema()["$defs"]["condition"]["properties"]
    for path, field in fields().items():
        if not field.element:
            expected = set(OPERATORS) if field.kind is Kind.OPEN else set(fitting(field.kind))
            assert operators_of(properties[path]) == expected, path


def test_fields_of_listed_objects_stand_in_their_list() -> None:
    """Prove that conditions on the objects of a list name exactly the fields that those have."""
    for path, field in fields().items():
        if field.kind not in {Kind.OBJECTS, Kind.TAGS}:
            continue
        element = schema()["$defs"][f"{path.replace('.', '_')}_element"]
        inside = {one.removeprefix(f"{path}.") for one in fields() if one.startswith(f"{path}.")}
        assert set(element["properties"]) - set(GROUPS) == inside, path


def test_every_field_and_operator_has_its_help() -> None:
    """Prove that hovering shows the tables' own sentences."""
    properties = schema()["$defs"]["condition"]["properties"]
    for path, field in fields().items():
        if not field.element:
            assert properties[path]["description"].startswith(field.help), path
    for name in COUNT_OPERATORS:
        help_text = OPERATORS[name].help
        described = schema()["$defs"]["count"]["properties"][name]["description"]
        assert described == f"{help_text[0].upper()}{help_text[1:]}."


def test_enums_of_fields_are_the_tables() -> None:
    """Prove that known values are offered, while others stay allowed in a condition."""
    for path, field in fields().items():
        if field.kind is Kind.ENUM:
            known, other = schema()["$defs"][f"{path}_value"]["anyOf"]
            assert set(known["enum"]) == field.values
            assert other["type"] == "string"


def test_the_query_has_every_parameter() -> None:
    """Prove names, help and enums of all filters."""
    properties = schema()["properties"]["query"]["properties"]
    assert set(properties) == set(PARAMETERS)
    for name, parameter in PARAMETERS.items():
        assert properties[name]["description"].startswith(parameter.help)
        if parameter.kind == "enum":
            assert set(schema()["$defs"][f"query_{name}"]["enum"]) == parameter.values


def test_the_action_has_every_field() -> None:
    """Prove names, help and enums of all action fields."""
    properties = schema()["properties"]["action"]["properties"]
    assert set(properties) == set(ACTION_FIELDS)
    for name, field in ACTION_FIELDS.items():
        assert properties[name]["description"].startswith(field.help)
        if field.values:
            assert set(properties[name]["anyOf"][0]["enum"]) == field.values


def test_the_small_enums_are_the_codes_own() -> None:
    """Prove modes, vetoes and what may be trusted."""
    properties = schema()["properties"]
    assert set(properties["mode"]["anyOf"][0]["enum"]) == set(Mode)
    assert set(properties["allow"]["items"]["enum"]) == set(options.VETOES) == LIFTABLE
    assert set(properties["trust"]["items"]["enum"]) == set(PARAMETERS) - options.ALWAYS_CHECKED


def test_every_key_is_explained() -> None:
    """Prove that every key of a rule, and of the settings, has a title and a sentence for hovering."""
    for name in ("rule", "settings"):
        for key, about in schema(name)["properties"].items():
            assert about.get("title"), key
            assert about.get("description", "").endswith("."), key


@pytest.mark.parametrize("file", sorted(shipped.rules().rglob("*.yaml")), ids=lambda file: file.name)
def test_starter_rules_are_good_in_editors_too(file: Path) -> None:
    """Prove that no starter rule, which the engine accepts, is underlined by an editor."""
    if file.name.endswith(".test.yaml"):
        return
    for _, one in document.parse(file.read_bytes()).documents:
        assert list(Draft202012Validator(schema()).iter_errors(one.data)) == []


GOOD = """
name: every-form
query: {status: [pending, draft], is_repeat: true, tags: vip, store_id: 12, draft_time_until: 14d ago, order_id: 7}
data: {proofs: proofs.csv, bank: {file: bank/mutations.csv, key: ref}, more: {file: more.csv}}
conditions:
  - gross_revenue: 0
  - gross_revenue: ["100.50", 3]
  - gross_revenue: {gt: {field: shipping_cost}, ne: null}
  - payment_method: null
  - payment_method: [null, cod]
  - status: {not_in: [paid, deleted]}
  - customer: {exists: true}
  - customer.phone: {starts_with: "62"}
  - is_repeat: false
  - pending_time: {older_than: 1d12h, before: 2026-01-01}
  - pending_time: {between: [2026-01-01, "2026-02-01T00:00:00+07:00"]}
  - tags: hold
  - tags: {any_of: [hold], none_of: [vip], count: {gte: 1}}
  - tags: {none: {name: {contains_i: hold}}}
  - final_variants: {any: {name: Ebook, quantity: {gte: 2}}}
  - orderlines: {every: {product_name: {contains: Ebook}, quantity: 1}}
  - orderlines: {count: 2}
  - metadata.photo: {exists: true}
  - fb_pixel_ids: {includes: "1"}
  - any: [{status: pending}, {status: draft}]
  - not: {status: pending}
  - not: [{status: pending}, {tags: vip}]
  - expr: order.gross_revenue > 10
  - order_id: {in: {table: proofs}}
  - store.id: {not_in: {table: bank}}
  - status: {in: {table: proofs}}
  - metadata.ref: {in: {table: proofs}}
action: {status: "{{ rule.name }}", payment_account_number: 123, financial_entity_id: "3", transfer_time: "{{ now }}"}
limits: {orders: null, value: 5.5, share: 30%, per_day: null}
schedule: {cron: "0 8 * * *", timezone: Asia/Jakarta, jitter: 2m, missed: skip, deadline: 6h}
mode: approve
priority: -5
allow: [paid]
trust: [is_repeat]
"""


def test_every_form_of_the_language_is_good_in_editors() -> None:
    """Prove that the schema takes the short and the long forms that the language takes."""
    (one,) = document.parse(GOOD.encode()).documents
    errors = list(Draft202012Validator(schema()).iter_errors(one[1].data))
    assert [(list(error.absolute_path), error.message[:80]) for error in errors] == []


KNOWN_TO_THE_ENGINE_ALONE = frozenset(
    """
    action-long-text conditions-expr conditions-instant conditions-leading-zero conditions-range conditions-lookahead
    conditions-regex limits-negative limits-thousands
    limits-share-over limits-share-zero limits-zero name-twice query-search-field-alone
    schedule-bad-minute schedule-four-fields schedule-holidays schedule-holidays-category schedule-jitter schedule-never
    schedule-skip schedule-skip-backwards schedule-words schedule-zone
    source-field-of-other source-with-query template-bare-field template-call template-default template-element
    template-filter template-in-block template-list template-loop template-now template-power template-tag
    template-underscore template-unclosed template-unknown-field template-unknown-name trust-missing-in-apply
    query-time-no-such-day query-time-without-offset conditions-table-expr conditions-table-none conditions-table-unknown
    data-absolute data-column-twice data-column-unnamed data-directory data-empty data-key-empty data-key-twice
    data-key-twice-personal data-key-unknown data-missing data-not-utf8 data-outside data-quotes data-row-length data-utf16
    data-workbook template-lookup-arguments template-lookup-bare template-lookup-below template-lookup-column
    template-lookup-computed template-lookup-key template-lookup-no-column template-lookup-table
    vars-undeclared vars-without-value vars-wrong-default
    """.split()  # noqa: SIM905 - names read better as a paragraph
)
"""Mistakes that no schema can see: they need a clock, a second value, or a parser."""


@pytest.mark.parametrize(
    "file",
    sorted(file for file in BAD.glob("*.bad.yaml") if not file.name.startswith("doc-")),
    ids=lambda file: file.name,
)
def test_editors_underline_what_the_engine_refuses(file: Path) -> None:
    """Prove that a file with a mistake of form is bad in an editor as well."""
    documents = [one.data for _, one in document.parse(file.read_bytes()).documents]
    good = not any(list(Draft202012Validator(schema()).iter_errors(data)) for data in documents)
    seen_only_here = file.name.removesuffix(".bad.yaml") in KNOWN_TO_THE_ENGINE_ALONE
    assert good == seen_only_here
