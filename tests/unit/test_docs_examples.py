"""Prove that every example in the documentation works as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from tertib import check, rehearse, settings
from tertib.language import conditions
from tertib.language.operators import OPERATORS
from tertib.load import load, loads
from tertib.model import Settings
from tertib.scalev import contract

ROOT = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^```([a-z]+)(?: ([a-z]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")
PAGES = [ROOT / "docs" / "rules.md", ROOT / "docs" / "codes.md", *sorted(ROOT.glob("docs/reference/*.md"))]


class Example(NamedTuple):
    """A fenced block: its language, what it is part of, its text, its line, its page and the heading above it."""

    language: str
    part: str
    text: str
    line: int
    page: str = ""
    heading: str = ""


def examples(page: str, name: str = "") -> Iterator[Example]:
    """Yield the fenced blocks of a page."""
    for found in FENCE.finditer(page):
        line = page.count("\n", 0, found.start()) + 1
        heading = page[: found.start()].rpartition("\n### ")[2]
        yield Example(found[1], found[2] or "", found[3], line, name, heading.partition("\n")[0])


TABLES = [example for example in examples(PAGE) if example.language == "csv"]
YAML = [
    example
    for page in PAGES
    for example in examples(page.read_text("utf-8"), page.stem)
    if example.language == "yaml"
]


def of(part: str) -> list[Example]:
    """Return the examples of one part of a rule, those of the page about the language first."""
    return [example for example in YAML if example.part == part]


def indented(text: str) -> str:
    """Indent a block by two blanks, so that it can stand below a key."""
    return "".join(f"  {line}\n" for line in text.splitlines())


def name_of(example: Example) -> str:
    """Name a test after the example's page and line."""
    return f"{example.page}-{example.line}"


WHOLE = {
    "query": "name: example\nquery:\n{}action: {{payment_status: paid}}\n",
    "conditions": "name: example\nquery: {{status: pending}}\nconditions:\n{}action: {{payment_status: paid}}\n",
    "action": "name: example\nquery: {{status: shipped}}\naction:\n{}",
}


@pytest.mark.parametrize("example", [one for part in ("rule", *WHOLE) for one in of(part)], ids=name_of)
def test_examples_of_rules_load(example: Example, tmp_path: Path) -> None:
    """Whole rules, and parts put into a rule, load without a single problem, beside the page's tables."""
    whole = WHOLE[example.part].format(indented(example.text)) if example.part in WHOLE else example.text
    for table in TABLES:
        (tmp_path / f"{table.part}.csv").write_text(table.text, "utf-8")

    loaded = loads(whole, Settings(), str(tmp_path / "example.yaml"))

    assert loaded.problems == ()
    assert len(loaded.rules) == 1


def test_the_example_of_a_rule_test_passes(tmp_path: Path) -> None:
    """The page's rule test is one of the page's first rule."""
    (tmp_path / "example.yaml").write_text(of("rule")[0].text, "utf-8")
    (tmp_path / "example.test.yaml").write_text(of("test")[0].text, "utf-8")

    played = rehearse.run([tmp_path], Settings())

    assert [case.differences for case in played.cases] == [()] * 4
    assert played.ok


def test_the_example_of_a_lookup_table_is_played(tmp_path: Path) -> None:
    """The page's table gives its first order a photo, and holds the second for want of one."""
    (table,) = TABLES
    (rule,) = (one for one in of("rule") if "lookup(" in one.text)
    (tmp_path / f"{table.part}.csv").write_text(table.text, "utf-8")
    (tmp_path / "example.yaml").write_text(rule.text, "utf-8")
    (tmp_path / "example.test.yaml").write_text(LOOKED_UP, "utf-8")

    played = rehearse.run([tmp_path], Settings())

    assert [case.differences for case in played.cases] == [()] * 3


LOOKED_UP = """
now: 2026-11-21T10:00:00+07:00
cases:
  - name: its row is whole
    order: {status: shipped, order_id: 250130JQHFZG}
    planned: {status: rts, rtsproof_url: "https://cdn.example/returns/JQHFZG.jpg", by: gudang (Rina)}
  - name: its row has no photo
    order: {status: shipped, order_id: 250131KLMNOP}
    held: template
    because: table `returns` has nothing under
  - name: it has no row
    order: {status: shipped, order_id: 250199AAAAAA}
    not_matched: true
    because: order_id
"""


def test_the_settings_shown_are_the_defaults(tmp_path: Path) -> None:
    """What the page shows as defaults is what an empty file gives, but for `protect`."""
    shown, empty = tmp_path / "shown.yaml", tmp_path / "empty.yaml"
    shown.write_text(of("settings")[0].text, "utf-8")
    empty.write_text("timezone: Asia/Jakarta\n", "utf-8")

    one, other = settings.read(str(shown), {}, tmp_path), settings.read(str(empty), {}, tmp_path)

    parts = (
        "base_url",
        "contract",
        "timeout",
        "rules",
        "ledger",
        "timezone",
        "batch_size",
        "max_read_age",
        "settle",
    )
    for part in (*parts, "plan_ttl", "lease_ttl", "limits", "caps"):
        assert getattr(one, part) == getattr(other, part), part
    assert len(one.protect) == 1


TRUTH = re.compile(
    r"^\| `?(x: a|x: b|x: null|no `x`)[^|]*\| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", re.MULTILINE
)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ASKED = ({"notes": None}, {"notes": {"exists": True}}, {"notes": {"ne": "a"}}, {"not": [{"notes": "a"}]})
ORDERS: dict[str, dict[str, str | None]] = {
    "x: a": {"notes": "a"},
    "x: b": {"notes": "b"},
    "x: null": {"notes": None},
    "no `x`": {},
}


def test_the_table_of_truth_is_true() -> None:
    """What the page says of null, missing and equal values is what the engine does."""
    zone, fields = ZoneInfo("Asia/Jakarta"), contract.FIELDS["orders"]
    asked = [conditions.parse([one], fields, zone, [])[0] for one in ASKED]
    words = {True: "true", False: "false", None: "unknown"}

    shown = {row[1]: list(row.groups()[1:]) for row in TRUTH.finditer(PAGE)}

    assert shown == {
        name: [words[conditions.evaluate(one, order, NOW)] for one in asked] for name, order in ORDERS.items()
    }


def test_every_example_is_one_of_these() -> None:
    """No example escapes because of a word after its fence that nobody knows."""
    assert {example.part for example in YAML} == {
        "rule",
        "test",
        "settings",
        "agency",
        "wrong",
        "wrongsettings",
        "careless",
        *WHOLE,
    }


@pytest.mark.parametrize("example", of("wrong"), ids=name_of)
def test_examples_of_mistakes_give_their_code(example: Example) -> None:
    """What stands under a code on the page of codes is refused, or warned of, with that code."""
    beside_the_tables = ROOT / "tests" / "bad" / "example.yaml"

    problems = loads(example.text, Settings(), str(beside_the_tables)).problems

    assert example.heading in {problem.code for problem in problems}


@pytest.mark.parametrize("example", of("careless"), ids=name_of)
def test_examples_of_careless_rules_give_their_code(tmp_path: Path, example: Example) -> None:
    """The same for what only the static checks see, in rules that load."""
    (tmp_path / "example.yaml").write_text(example.text, "utf-8")
    loaded = load([tmp_path], Settings())

    found = check.problems(loaded, Settings(), NOW)

    assert loaded.errors == ()
    assert example.heading in {problem.code for problem in found}


@pytest.mark.parametrize("example", of("wrongsettings"), ids=name_of)
def test_examples_of_mistaken_settings_give_their_code(example: Example) -> None:
    """The same for `tertib.yaml`."""
    _, problems = settings.inspect(example.text.encode(), "tertib.yaml")

    assert example.heading in {problem.code for problem in problems}


@pytest.mark.parametrize("example", of("agency"), ids=name_of)
def test_examples_of_accounts_are_settings(example: Example) -> None:
    """Every account on the page is read, with what it has of its own."""
    found, problems = settings.inspect_all(example.text.encode(), "tertib.yaml")

    assert problems == ()
    assert [one.account for one in found] == ["toko-melati", "toko-mawar"]
    assert [len(one.protect) for one in found] == [1, 2]


def test_every_operator_is_on_the_page() -> None:
    """A row of the table in the code has its word in the table on the page."""
    assert [name for name in OPERATORS if f"`{name}`" not in PAGE] == []


def test_every_action_field_is_on_the_page() -> None:
    """The examples of actions name every field of the bulk change."""
    text = "".join(example.text for example in of("action"))

    assert [name for name in contract.ACTION_FIELDS if f"{name}:" not in text] == []


@pytest.mark.parametrize("name", ["README.md", "README.id.md"])
def test_the_readme_s_first_rule_works(tmp_path: Path, name: str) -> None:
    """The rule and the test that a newcomer copies load and pass."""
    rule, test = (one.text for one in examples((ROOT / name).read_text("utf-8")) if one.language == "yaml")
    (tmp_path / "first.yaml").write_text(rule, "utf-8")
    (tmp_path / "first.test.yaml").write_text(test, "utf-8")

    assert loads(rule, Settings()).problems == ()
    assert rehearse.run([tmp_path], Settings()).ok


def test_the_readme_has_exactly_two_commands() -> None:
    """What CI runs from the README is its two `sh` blocks, a line each."""
    blocks = [one.text for one in examples((ROOT / "README.md").read_text("utf-8")) if one.language == "sh"]

    assert [block.count("\n") for block in blocks] == [1, 1]


@pytest.mark.parametrize(
    "page",
    ["README.md", "README.id.md", *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/**/*.md"))],
)
def test_links_lead_to_files(page: str) -> None:
    """A relative link on a page leads to something in the checkout."""
    text = (ROOT / page).read_text("utf-8")
    targets = [
        target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target
    ]

    assert [one for one in targets if one and not ((ROOT / page).parent / one).exists()] == []


def test_the_example_shop_is_in_order() -> None:
    """The example project's settings are read, its rules load without a warning, and their tests pass."""
    shop = ROOT / "examples" / "shop"
    found = settings.read(None, {}, shop)

    assert load(found.rules, found).problems == ()
    assert len(found.protect) == 2
    assert rehearse.run(found.rules, found).ok
