"""Lookup tables as files: where they may lie, what a plan says of them, and rules that use them from end to end."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tertib import rehearse
from tertib.errors import PlanRefused, SettingsError
from tertib.load import from_definition, load, loads, refreshed
from tertib.lookup import read_again
from tertib.model import Rule, Settings

SETTINGS = Settings()
RULE = """
name: mark-returned
query: {status: shipped}
data: {proofs: PLACE}
conditions:
  - order_id: {in: {table: proofs}}
  - expr: lookup('proofs', order.order_id).url != 'x'
action:
  status: rts
  rtsproof_url: "{{ lookup('proofs', order.order_id).url }}"
  payment_account_holder: "{{ lookup('proofs', order.order_id).holder }}"
"""
CSV = "order_id,url,holder\nA1,https://cdn.example/1.jpg,Budi Santoso\nA2,,Siti\n"


def write(directory: Path, place: str = "proofs.csv", text: str = CSV, rule: str = "rule.yaml") -> Path:
    """Write a rule and, where its place lies in the directory, its table; return the rule's file."""
    file = directory / rule
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(RULE.replace("PLACE", place), "utf-8")
    table = file.parent / place
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(text, "utf-8")
    return file


def one(file: Path, settings: Settings = SETTINGS) -> Rule:
    """Return the one rule of a file that has no problems."""
    loaded = load([file], settings)
    assert loaded.problems == ()
    (rule,) = loaded.rules
    return rule


def codes(file: Path, settings: Settings = SETTINGS) -> list[str]:
    """Return the codes of all problems of a file."""
    return [problem.code for problem in load([file], settings).problems]


def carried(rule: Rule) -> dict[str, Any]:
    """Return a rule's definition as a plan carries it."""
    found: dict[str, Any] = json.loads(json.dumps(rule.definition))
    return found


# --- where tables lie -----------------------------------------------------------------------------------


def test_a_table_lies_beside_its_rule_or_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths start at the rule's folder, whatever the working directory is and however the rule is named."""
    write(tmp_path, rule="rules/a.yaml")
    write(tmp_path, "data/proofs.csv", rule="rules/b.yaml")
    monkeypatch.chdir(tmp_path / "rules")
    assert one(Path("a.yaml")).data["proofs"].file == str((tmp_path / "rules/proofs.csv").resolve())
    monkeypatch.chdir(tmp_path)
    assert one(Path("rules/b.yaml")).data["proofs"].rows["A1"]["holder"] == "Budi Santoso"


def test_a_table_may_lie_elsewhere_in_the_project(tmp_path: Path) -> None:
    """`..` leads up to the folder of `tertib.yaml` and no further, and nowhere where the rule is not in it."""
    file = write(tmp_path / "shop", "../data/proofs.csv", rule="rules/rule.yaml")
    inside = replace(SETTINGS, file=str(tmp_path / "shop" / "tertib.yaml"))
    below = replace(SETTINGS, file=str(tmp_path / "shop" / "rules" / "tertib.yaml"))
    other = replace(SETTINGS, file=str(tmp_path / "shop" / "data" / "tertib.yaml"))
    assert one(file, inside).data["proofs"].key == "order_id"
    assert [codes(file, settings) for settings in (SETTINGS, below, other)] == [["T126"]] * 3


@pytest.mark.parametrize(
    "place",
    ["/etc/hostname", "~/proofs.csv", "../proofs.csv", "..", ".", "a/../../x.csv", "../rules-b/x.csv"],
)
def test_no_path_leads_out(tmp_path: Path, place: str) -> None:
    """Absolute paths, a home, steps up, and neighbours whose name begins alike are all refused."""
    (tmp_path / "rules-b").mkdir()
    for name in ("proofs.csv", "x.csv", "rules-b/x.csv"):
        (tmp_path / name).write_text(CSV, "utf-8")
    file = tmp_path / "rules" / "rule.yaml"
    file.parent.mkdir()
    file.write_text(RULE.replace("PLACE", place), "utf-8")
    assert codes(file) == ["T126"]


def test_a_link_is_followed_inside_and_refused_outside(tmp_path: Path) -> None:
    """A link is where it leads: to another table beside the rule, or out of reach; also one of a folder."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "proofs.csv").write_text(CSV, "utf-8")
    file = write(tmp_path / "rules", "link.csv")
    (tmp_path / "rules" / "link.csv").rename(tmp_path / "rules" / "proofs.csv")
    (tmp_path / "rules" / "link.csv").symlink_to("proofs.csv")
    assert one(file).data["proofs"].file.endswith("proofs.csv")
    (tmp_path / "rules" / "link.csv").unlink()
    (tmp_path / "rules" / "link.csv").symlink_to(tmp_path / "secret" / "proofs.csv")
    assert codes(file) == ["T126"]
    (tmp_path / "rules" / "far").symlink_to(tmp_path / "secret")
    file.write_text(RULE.replace("PLACE", "far/proofs.csv"), "utf-8")
    assert codes(file) == ["T126"]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A missing file, a folder, a pipe, a loop of links and an impossible name are problems, not hangs or tracebacks."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    file = tmp_path / "rule.yaml"
    for place in ("missing.csv", "folder", "pipe", "loop", r'"nul\0"', "x" * 300):
        file.write_text(RULE.replace("PLACE", place), "utf-8")
        assert codes(file) == ["T127"], place


def test_a_problem_stands_at_the_rule_s_data(tmp_path: Path) -> None:
    """A mistake in a table is told where the rule names its file, with the table's own line in the words."""
    file = write(tmp_path, text="order_id,url,holder\nA1,x,y\nA1,x,y\n")
    (problem,) = load([file], SETTINGS).problems
    assert (problem.line, problem.column, problem.rule) == (4, 16, "mark-returned")
    assert problem.message == "lines 2 and 3 of `proofs.csv` have the key `A1`"


def test_a_text_finds_tables_beside_the_file_that_it_is_named_for(tmp_path: Path) -> None:
    """Rules that come as text name a place, and their tables are looked for there."""
    write(tmp_path)
    text = RULE.replace("PLACE", "proofs.csv")
    assert loads(text, SETTINGS, str(tmp_path / "unsaved.yaml")).problems == ()


# --- meaning --------------------------------------------------------------------------------------------


def test_a_definition_has_the_hash_and_no_row(tmp_path: Path) -> None:
    """What a plan carries names file, key and hash, and nothing that stands in the table; so does a repr."""
    rule = one(write(tmp_path), replace(SETTINGS, file=str(tmp_path / "tertib.yaml")))
    assert carried(rule)["data"] == {
        "proofs": {"file": "proofs.csv", "key": "order_id", "sha256": rule.data["proofs"].sha256}
    }
    assert "Budi" not in json.dumps(rule.definition) + repr(rule)
    assert "A1" not in json.dumps(rule.definition) + repr(rule)


def test_the_hash_of_a_rule_covers_what_its_tables_hold(tmp_path: Path) -> None:
    """One changed cell, or another key, is another rule; the same table elsewhere is the same rule."""
    first = one(write(tmp_path / "a"))
    assert one(write(tmp_path / "b", "deep/other.csv")).hash == first.hash
    assert one(write(tmp_path / "c", text=CSV.replace("Siti", "Tuti"))).hash != first.hash
    keyed = write(tmp_path / "d")
    keyed.write_text(RULE.replace("PLACE", "{file: proofs.csv, key: holder}"), "utf-8")
    assert one(keyed).hash != first.hash


def test_a_rule_is_rebuilt_from_its_definition_and_tables(tmp_path: Path) -> None:
    """A plan's JSON and the tables read again give exactly the same rule; without them there is none."""
    project = replace(SETTINGS, file=str(tmp_path / "tertib.yaml"))
    for settings in (SETTINGS, project):
        rule = one(write(tmp_path), settings)
        tables = read_again(carried(rule), settings)
        assert from_definition(carried(rule), tables) == rule
        assert tables["proofs"].rows["A1"] == rule.data["proofs"].rows["A1"]
        with pytest.raises(PlanRefused, match="cannot be read"):
            from_definition(carried(rule))


def test_a_definition_from_before_there_were_tables_is_read() -> None:
    """A rule without tables needs none, and a definition that does not speak of them means none."""
    rule = loads("name: a\nquery: {status: pending}\naction: {status: canceled}\n", SETTINGS).rules[0]
    definition = {key: value for key, value in carried(rule).items() if key != "data"}
    assert read_again(definition, SETTINGS) == {}
    assert from_definition(definition).hash == rule.hash


@pytest.mark.parametrize("text", [CSV.replace("Siti", "Tuti"), CSV + "A3,,\n", "", CSV + "A1,,\n", None])
def test_a_plan_is_refused_where_its_table_is_not_what_it_was(tmp_path: Path, text: str | None) -> None:
    """A changed, broken or missing table refuses the plan and says what to do."""
    rule = one(write(tmp_path))
    table = tmp_path / "proofs.csv"
    if text is None:
        table.unlink()
    else:
        table.write_text(text, "utf-8")
    with pytest.raises(PlanRefused, match="table `proofs` changed since the plan was made") as caught:
        read_again(carried(rule), SETTINGS)
    assert caught.value.hint == "plan again"


def test_a_rule_that_is_kept_for_days_follows_its_tables(tmp_path: Path) -> None:
    """The same rule comes back while nothing changes, and the rule as loaded anew once a table did."""
    file = write(tmp_path)
    rule = one(file)
    assert refreshed(rule) is rule
    (tmp_path / "proofs.csv").write_text(CSV + "A3,https://cdn.example/3.jpg,Rina\n", "utf-8")
    newer = refreshed(rule)
    assert newer == one(file)
    assert newer.hash != rule.hash
    assert newer.data["proofs"].rows["A3"]["holder"] == "Rina"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("order_id,url\nA1,x\n", "table `proofs`: `proofs.csv` no longer has the column `holder`"),
        (CSV + "A1,,\n", "table `proofs`: lines 2 and 4 of `proofs.csv` have the same key"),
        (None, "table `proofs`: `proofs.csv` does not exist"),
    ],
)
def test_a_table_that_broke_meanwhile_stops_its_rule(tmp_path: Path, text: str | None, words: str) -> None:
    """A rule never goes on with yesterday's rows because today's cannot be read."""
    rule = one(write(tmp_path))
    (tmp_path / "proofs.csv").unlink()
    if text is not None:
        (tmp_path / "proofs.csv").write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        refreshed(rule)
    assert str(caught.value) == words


# --- use ------------------------------------------------------------------------------------------------

TEST = """
now: 2026-11-21T10:00:00+07:00
order: {status: shipped}
cases:
  - name: its photo is in the table
    order: {order_id: A1}
    planned:
      status: rts
      rtsproof_url: https://cdn.example/1.jpg
      payment_account_holder: Budi Santoso
  - name: its row has no photo
    order: {order_id: A2}
    not_matched: true
    because: expr
  - name: it is not in the table
    order: {order_id: A3}
    not_matched: true
    because: order_id
"""


def test_rule_tests_use_the_tables_beside_the_rule(tmp_path: Path) -> None:
    """A rule test plays with the table as it is."""
    write(tmp_path)
    (tmp_path / "rule.test.yaml").write_text(TEST, "utf-8")
    played = rehearse.run([tmp_path], SETTINGS)
    assert [case.differences for case in played.cases] == [()] * 3
    assert played.ok


def test_the_largest_table_loads(tmp_path: Path) -> None:
    """200 000 rows, the most that are allowed, are read and checked."""
    rows = "".join(f"2501{n:08d},https://cdn.example/{n}.jpg,Budi\n" for n in range(200_000))
    file = write(tmp_path, text="order_id,url,holder\n" + rows)
    assert len(one(file).data["proofs"].rows) == 200_000
