"""Variables are put in before a rule is read: what it comes to, and what is said of a value that does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language import document, jinja, variables
from tertib.load import from_definition, loads
from tertib.model import Given, Problem, Rule, Settings

RULE = """\
name: r
vars: {after: 3d, banks: [bank_transfer], least: 100, link: null, mode: preview}
query: {status: pending, payment_method: {var: banks}}
conditions:
  - pending_time: {older_than: {var: after}}
  - gross_revenue: {gte: {var: least}}
  - expr: "order.gross_revenue > vars.least * 2"
action:
  status: canceled
  transferproof_url: "{{ vars.link }}/{{ order.order_id }}.jpg"
mode: {var: mode}
"""
PLAIN = """\
name: r
query: {status: pending, payment_method: [qris, va]}
conditions:
  - pending_time: {older_than: 5d}
  - gross_revenue: {gte: 250}
  - expr: "order.gross_revenue > 250 * 2"
action:
  status: canceled
  transferproof_url: "{{ 'https://cdn.example' }}/{{ order.order_id }}.jpg"
mode: approve
"""
VALUES = {
    "after": "5d",
    "banks": ["qris", "va"],
    "least": 250,
    "link": "https://cdn.example",
    "mode": "approve",
}


def settings(values: dict[str, Any], account: str = "toko") -> Settings:
    """Return an account's settings with these values, a line each."""
    found = {
        name: Given(value, "tertib.yaml", number, 3, account)
        for number, (name, value) in enumerate(values.items(), 7)
    }
    return Settings(account=account, vars=found)


def rule(text: str, values: dict[str, Any]) -> Rule:
    """Return the one rule of a text, which has no mistake."""
    loaded = loads(text, settings(values))
    assert loaded.problems == ()
    return loaded.rules[0]


def problem(text: str, values: dict[str, Any]) -> Problem:
    """Return the one problem of a text."""
    (found,) = loads(text, settings(values)).problems
    return found


def test_a_rule_means_what_it_comes_to() -> None:
    """A rule with variables is the same, to its hash, as one in which their values are written."""
    resolved, plain = rule(RULE, VALUES), rule(PLAIN, {})
    assert resolved.hash == plain.hash
    assert (resolved.mode, resolved.query) == (plain.mode, plain.query)


def test_a_plan_s_rule_needs_no_settings() -> None:
    """What a plan carries has no variable left in it, and is read without any."""
    resolved = rule(RULE, VALUES)
    assert "var" not in str(resolved.definition["conditions"]) + str(resolved.definition["action"])
    assert from_definition(resolved.definition).hash == resolved.hash


def test_another_value_is_another_rule() -> None:
    """The hash follows every variable that the meaning rests on."""
    hashes = {
        rule(RULE, {**VALUES, name: value}).hash
        for name, value in (("after", "6d"), ("banks", ["cod"]), ("least", 9), ("link", "https://b.example"))
    }
    assert len(hashes | {rule(RULE, VALUES).hash}) == 5


def test_defaults_stand_where_the_settings_say_nothing() -> None:
    """A given value takes a default's place, and no other."""
    assert rule(RULE, {"link": "https://a.example"}).query["payment_method"] == ("bank_transfer",)


@pytest.mark.parametrize(
    ("values", "place", "code", "message"),
    [
        ({"after": "soon"}, (5, 38), "T208", "`soon` is not a duration (`after` of account `toko`, tertib.yaml:7)"),
        ({"banks": ["qriss"]}, (3, 48), "T303", "`payment_method` cannot be `qriss` (`banks` of account `toko`, tertib.yaml:7)"),
        ({"banks": "qris"}, (2, 26), "T514", "`banks` is a list here, and a text in account `toko`, tertib.yaml:7"),
        ({"least": "100"}, (2, 50), "T514", "`least` is a number here, and a text in account `toko`, tertib.yaml:7"),
        ({"mode": "live"}, (11, 13), "T119", "`mode` cannot be `live` (`mode` of account `toko`, tertib.yaml:7)"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_shown_in_both_places(
    values: dict[str, Any], place: tuple[int, int], code: str, message: str
) -> None:
    """The message stands at the rule's line, and names the account's value and where it is written."""
    found = problem(RULE, {**values, "link": "https://a.example"})
    assert (found.line, found.column, found.code, found.message) == (*place, code, message)
    assert found.rule == "r"


def test_a_value_for_all_accounts_names_the_file_alone() -> None:
    """What stands at the top of the settings is nobody's own value."""
    found = problem(RULE, {"link": "https://a.example"} | {"after": "soon"})
    shared = settings({"link": "https://a.example", "after": "soon"}, account="")
    (top,) = loads(RULE, shared).problems
    assert found.message != top.message
    assert top.message == "`soon` is not a duration (`after` of tertib.yaml:8)"


def test_a_value_that_is_missing_is_said_once() -> None:
    """A required variable without a value is one problem, and nothing is said of what it would have stood in."""
    found = problem(RULE, {})
    assert (found.line, found.code) == (2, "T513")
    assert "account `toko`" in str(found.hint)


def test_declared_names_are_told() -> None:
    """Whoever looks for values that no rule asks for learns which are declared."""
    assert loads(RULE, settings(VALUES)).vars == frozenset(VALUES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ vars.a }}", ["a"]),
        ("vars.a {{ vars.b ~ 'vars.c' }} {# vars.d #}", ["b"]),
        ("{{- vars.a -}}  {% if vars.b %}x{%- endif %} {{ order.vars.c }}", ["a", "b"]),
        ("{{ vars . a }}", ["a"]),
        ("{{ vars['a'] }}{{ vars }}", []),
        ("{{ vars.", []),
    ],
)
def test_members_are_found_in_code_alone(text: str, found: list[str]) -> None:
    """Texts, comments and other objects' members are none, and every one found is where it is said to be."""
    members = list(jinja.members(text, "vars", expression=False))
    assert [name for name, _, _ in members] == found
    assert all(text[start:stop].replace(" ", "") == f"vars.{name}" for name, start, stop in members)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\\'\"{}%#"), min_size=1)
    | st.integers(-(10**12), 10**12)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**6), max_value=10**6)
    | st.booleans()
)
def test_a_value_reads_as_itself_in_an_expression(value: Any) -> None:
    """Whatever a value is, an expression that holds it sees just that value: nothing in it is code."""
    given_value = {"x": Given(value, "t", 1)}
    one = document.Document({"vars": {"x": None}, "conditions": [{"expr": "vars.x == given"}]}, (), {}, {})
    resolved = variables.resolve(one, given_value, "a")
    text = resolved.data["conditions"][0]["expr"]
    assert "vars" not in text.replace(str(value), "")
    assert jinja.evaluate(jinja.compiled_expression(text), {"given": value}) is True


@given(st.recursive(st.sampled_from([{"var": "x"}, {"var": 3}, "x", 1, None, "{{ vars.x }}"]), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["var", "in", "expr", "any"]), inner, max_size=2), max_leaves=6))  # fmt: skip
def test_wherever_references_stand_nothing_is_raised(tree: Any) -> None:
    """A rule of any shape is read to its problems."""
    import json  # noqa: PLC0415 - only here

    text = json.dumps(
        {"name": "r", "vars": {"x": 1}, "query": {}, "conditions": tree, "action": {"status": tree}}
    )
    assert all(problem.code for problem in loads(text, settings({})).problems)
