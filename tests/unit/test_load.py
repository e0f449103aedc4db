from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib import shipped
from tertib.errors import PlanRefused
from tertib.load import from_definition, load, loads
from tertib.model import Ago, Limits, Loaded, Mode, Rule, Schedule, Settings, Source

SETTINGS = Settings()
RULE = "name: {name}\nquery: {{status: pending}}\naction: {{status: canceled}}\n"


def one(text: str, settings: Settings = SETTINGS) -> Rule:
    """Return the one rule of a text that has no errors."""
    loaded = loads(text, settings)
    assert loaded.errors == ()
    (rule,) = loaded.rules
    return rule


def codes(text: str, settings: Settings = SETTINGS) -> list[str]:
    """Return the codes of all problems of a text."""
    return [problem.code for problem in loads(text, settings).problems]


def write(directory: Path, name: str, text: str | None = None) -> Path:
    """Write a rule file, by default with a rule named like the file."""
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(RULE.format(name=file.name.partition(".")[0]) if text is None else text, encoding="utf-8")
    return file


# --- finding files


def test_a_directory_is_searched_and_tests_are_passed_over(tmp_path: Path) -> None:
    """Prove that YAML files below a directory are read in order, and tests and hidden ones are not."""
    for name in ("b.yaml", "a/c.yml", "a/c.test.yaml", ".hidden.yaml", ".git/d.yaml", "notes.txt"):
        write(tmp_path, name)
    loaded = load([tmp_path], SETTINGS)
    assert [rule.name for rule in loaded.rules] == ["b", "c"]
    assert (loaded.files, loaded.problems) == (2, ())


def test_globs_and_repeated_paths_read_each_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prove that a pattern, a directory and a file may overlap, and messages name the path as it was given."""
    write(tmp_path, "rules/a.yaml")
    write(tmp_path, "rules/b.yaml")
    write(tmp_path, "rules/b.test.yaml")
    monkeypatch.chdir(tmp_path)
    loaded = load(["rules/*.yaml", "rules", "./rules/a.yaml"], SETTINGS)
    assert [rule.origin.file for rule in loaded.rules] == ["rules/a.yaml", "rules/b.yaml"]
    assert loaded.files == 2


def test_several_rules_in_a_file(tmp_path: Path) -> None:
    """Prove that documents are rules of their own, each with its line."""
    file = write(tmp_path, "x.yaml", RULE.format(name="a") + "---\n# about b\n" + RULE.format(name="b"))
    assert [(rule.name, rule.origin.line) for rule in load([file], SETTINGS).rules] == [("a", 1), ("b", 6)]


@pytest.mark.parametrize(
    ("path", "code", "hint"),
    [
        ("missing.yaml", "T102", None),
        ("ruls", "T102", "did you mean `rules`?"),
        ("rules/*.yml", "T102", None),
        ("rules/a.test.yaml", "T102", "`tertib test` runs it"),
        ("empty", "T103", "rules are files that end in `.yaml`"),
    ],
)
def test_a_path_that_leads_nowhere_is_a_problem(
    path: str, code: str, hint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prove that no path is passed over in silence: a rule that is not read would never run."""
    write(tmp_path, "rules/a.yaml")
    write(tmp_path, "rules/a.test.yaml")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    loaded = load([path, "rules"], SETTINGS)
    assert [(problem.file, problem.code, problem.hint) for problem in loaded.problems] == [(path, code, hint)]
    assert [rule.name for rule in loaded.rules] == ["a"]


def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    """Prove that a link to nowhere, which even the superuser cannot read, is reported and nothing is raised."""
    (tmp_path / "a.yaml").symlink_to(tmp_path / "gone")
    (problem,) = load([tmp_path], SETTINGS).problems
    assert (problem.code, problem.message) == ("T101", "the file cannot be read: no such file or directory")


def test_problems_of_all_files_come_at_once_and_sorted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prove that one broken file hides neither another's problems nor its rules."""
    write(tmp_path, "c.yaml", "name: c\nmod: apply\naction: {status: cancelled}\nquery: {}\n")
    write(tmp_path, "a.yaml", "name: [\n")
    write(tmp_path, "b.yaml")
    monkeypatch.chdir(tmp_path)
    loaded = load(["c.yaml", "."], SETTINGS)
    assert [(problem.file, problem.line, problem.code) for problem in loaded.problems] == [
        ("a.yaml", 1, "T107"),
        ("c.yaml", 2, "T116"),
        ("c.yaml", 3, "T403"),
    ]
    assert [rule.name for rule in loaded.rules] == ["b"]


def test_a_name_is_given_once_in_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove that the second rule of a name is a problem that names the first, even where that one is broken."""
    write(tmp_path, "a.yaml", "name: twin\nmode: x\nquery: {}\naction: {status: closed}\n")
    write(tmp_path, "b.yaml", RULE.format(name="twin"))
    monkeypatch.chdir(tmp_path)
    loaded = load(["."], SETTINGS)
    assert [(problem.file, problem.line, problem.code) for problem in loaded.problems] == [
        ("a.yaml", 2, "T119"),
        ("b.yaml", 1, "T121"),
    ]
    assert loaded.problems[1].hint == "the other rule of that name stands in a.yaml:1"
    assert loaded.rules == ()


def test_a_document_with_a_flaw_gives_no_rule() -> None:
    """Prove that a doubled key stops its own rule, and a file that breaks off stops all of its rules."""
    doubled = loads(
        RULE.format(name="a") + "mode: preview\nmode: apply\n---\n" + RULE.format(name="b"), SETTINGS
    )
    assert [rule.name for rule in doubled.rules] == ["b"]
    assert loads(RULE.format(name="a") + "---\nname: [", SETTINGS).rules == ()


# --- reading rules

FULL = """
name: every.key_1
description: What it does.
enabled: false
schedule: {cron: "*/30 8-21 * * *", timezone: Asia/Makassar, jitter: 2m, missed: skip, deadline: 6h}
query: {status: [pending, draft], draft_time_until: 14d ago, shipped_time_since: 2026-01-31, is_probably_spam: true}
conditions:
  - gross_revenue: {gte: 0.50}
  - pending_time: {before: 2026-02-01}
  - any: [{tags: {any_of: [a]}}, {expr: "order.gross_revenue > 1.5"}]
action: {status: canceled, by: "{{ rule.name }}"}
limits: {orders: 5, value: null, share: 12.5%, per_day: {value: 1000000}}
mode: apply
priority: 7
allow: [transfer_proof]
trust: [is_probably_spam]
"""


def test_every_key_of_a_rule_is_read() -> None:
    """Prove what a whole rule becomes; limits are filled from the settings key by key, null switches one off."""
    rule = one(FULL)
    assert rule.query == {
        "status": ("pending", "draft"),
        "is_probably_spam": ("true",),
        "draft_time_until": (Ago(timedelta(days=14)),),
        "shipped_time_since": (datetime(2026, 1, 30, 17, tzinfo=UTC),),
    }
    assert len(rule.conditions) == 3
    assert rule.action == {"status": "canceled", "by": "{{ rule.name }}"}
    assert rule.limits == Limits(5, None, Decimal("0.125"), 2000, Decimal(1_000_000))
    assert rule.schedule == Schedule(
        "*/30 8-21 * * *", "Asia/Makassar", timedelta(minutes=2), "skip", timedelta(hours=6)
    )
    assert (rule.enabled, rule.mode, rule.priority) == (False, Mode.APPLY, 7)
    assert rule.allow == {"transfer_proof"}
    assert rule.trust == {"is_probably_spam"}


def test_what_is_left_out_has_its_default() -> None:
    """Prove the defaults: a preview, priority 100, the settings' limits and time zone, nothing lifted."""
    settings = replace(SETTINGS, timezone="Asia/Jayapura", limits=Limits(orders=3))
    rule = one(RULE.format(name="a") + "schedule: 0 8 * * *\n", settings)
    assert (rule.mode, rule.priority, rule.limits) == (Mode.PREVIEW, 100, Limits(orders=3))
    assert rule.schedule == Schedule("0 8 * * *", "Asia/Jayapura")
    assert (rule.conditions, rule.allow, rule.trust, rule.source) == ((), frozenset(), frozenset(), Source())


def test_customer_orders_have_a_store_and_no_query() -> None:
    """Prove the other source, with its own fields."""
    text = "name: a\nsource: {customer_orders: {store: store_x}}\naction: {status: canceled}\n"
    rule = one(text + "conditions: [{unpaid_time: {older_than: 3d}}]\n")
    assert rule.source == Source("store_x")
    assert codes(text + "query: {status: draft}\n") == ["T310"]
    assert codes(text + "conditions: [{is_repeat: true}]\n") == ["T201"]
    assert codes(text + "conditions: []\nquery: {}\n") == []


def test_a_rule_without_query_is_asked_whether_it_means_it() -> None:
    """Prove that leaving the query out is a warning, an empty one none, a misspelt one an error only."""
    action = "name: a\naction: {status: closed}\n"
    assert codes(action) == ["T312"]
    assert loads(action, SETTINGS).errors == ()
    assert codes(action + "query: {}\n") == []
    assert codes(action + "qurey: {}\n") == ["T116"]


@pytest.mark.parametrize(
    ("contract", "method", "expected"),
    [
        ("auto", "va", []),
        ("auto", "va_bca", []),
        ("seeds", "va", []),
        ("seeds", "va_bca", ["T409"]),
        ("current", "va", ["T409"]),
        ("current", "payment_link", []),
    ],
)
def test_an_explicit_contract_allows_only_its_own_payment_methods(
    contract: Any, method: str, expected: list[str]
) -> None:
    """Prove that a value of the other contract is an error where the settings name one, and not under `auto`."""
    text = f"name: a\nquery: {{}}\naction: {{payment_status: paid, payment_method: {method}}}\n"
    assert codes(text, replace(SETTINGS, contract=contract)) == expected


def test_trust_is_needed_in_mode_apply_only() -> None:
    """Prove that an unverifiable filter in mode `apply` must be named, and that `search` covers its field."""
    text = "name: a\nquery: {search: x, search_field: external_id}\naction: {status: closed}\n"
    assert codes(text) == []
    assert codes(text + "mode: apply\n") == ["T510"]
    assert one(text + "mode: apply\ntrust: [search]\n").trust == {"search", "search_field"}
    assert codes(text + "trust: [is_repeat]\n") == ["T511"]


def test_schedules_may_have_seconds() -> None:
    """Prove that a sixth field is taken as croniter takes it, and that anything else is refused."""
    rule = RULE.format(name="a")
    assert codes(rule + 'schedule: "*/5 * * * * 30"\n') == []
    assert codes(rule + 'schedule: "* * * * * * *"\n') == ["T503"]
    assert codes(rule + 'schedule: "@daily"\n') == ["T503"]
    assert codes(rule + 'schedule: "H * * * *"\n') == ["T503"]
    assert codes(rule + 'schedule: ""\n') == ["T503"]


# --- definitions and hashes


def test_a_definition_is_json_and_gives_the_same_rule() -> None:
    """Prove that what a plan carries is plain JSON, from which exactly the same rule is rebuilt."""
    rule = one(FULL)
    carried = json.loads(json.dumps(rule.definition))
    assert carried == rule.definition
    assert from_definition(carried) == rule


@pytest.mark.parametrize("rule", load([shipped.rules()], SETTINGS).rules, ids=lambda rule: rule.name)
def test_starter_rules_survive_the_round_trip(rule: Rule) -> None:
    """Prove the same for every starter rule, under settings that are other ones by then."""
    assert from_definition(json.loads(json.dumps(rule.definition))) == rule


@pytest.mark.parametrize(
    "damage", [{}, {"conditions": [{"no_field": 1}]}, {"mode": "x"}, {"timezone": "x/y"}]
)
def test_a_damaged_definition_is_refused(damage: dict[str, Any]) -> None:
    """Prove that a definition which does not read is a refused plan and not a traceback."""
    definition = {**one(FULL).definition, **damage} if damage else {}
    with pytest.raises(PlanRefused, match="cannot be read"):
        from_definition(definition)


LAYOUT = """
# the same rule, by another hand
name: every.key_1
action:
  by: '{{ rule.name }}'
  status: "canceled"
allow:
- transfer_proof
trust: [is_probably_spam]
limits:
  per_day: {value: 1000000.0}
  share: 12.5 %
  value:
  orders: 5
priority: 7
query:
  is_probably_spam: "true"
  shipped_time_since: "2026-01-31T00:00:00+07:00"
  draft_time_until: 2w ago
  status: [pending, draft]
conditions:
- {gross_revenue: {gte: 0.50}}
- {pending_time: {before: "2026-02-01"}}
- any:
  - {tags: {any_of: [a]}}
  - expr: order.gross_revenue > 1.5
"""


def test_the_hash_is_over_the_meaning() -> None:
    """Prove that comments, layout, key order, description, schedule, mode and `enabled` do not count."""
    assert one(LAYOUT).hash == one(FULL).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[pending, draft]", "[pending]"),
        ("14d ago", "13d ago"),
        ("2026-01-31", "2026-01-30"),
        ("0.50", "0.51"),
        ("status: canceled", "status: pending"),
        ("orders: 5", "orders: 6"),
        ("orders: 5, ", ""),
        ("priority: 7", "priority: 8"),
        ("allow: [transfer_proof]", "allow: []"),
        ("{{ rule.name }}", "{{ rule }}"),
    ],
)
def test_a_change_of_meaning_changes_the_hash(old: str, new: str) -> None:
    """Prove that everything which decides what a rule does is in its hash."""
    assert old in FULL
    assert one(FULL.replace(old, new)).hash != one(FULL).hash


def test_settings_that_decide_are_in_the_hash() -> None:
    """Prove that effective limits and the time zone count, where they come from the settings."""
    rule = RULE.format(name="a")
    hashes = {
        one(rule, settings).hash
        for settings in (
            SETTINGS,
            replace(SETTINGS, limits=Limits(orders=1)),
            replace(SETTINGS, timezone="Asia/Jayapura"),
        )
    }
    assert len(hashes) == 3


# --- anything at all

_KEYS = st.sampled_from(
    "name query conditions action limits schedule source mode priority allow trust enabled description "  # noqa: SIM905 - words read better
    "status tags any not expr by orders value share per_day cron timezone customer_orders store eq older_than x".split()
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**12),
    st.sampled_from(
        ["pending", "canceled", "3d", "30%", "* * * * *", "{{ order.order_id }}", "apply", "", "é", "1.5"]
    ),
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(_KEYS, _TREES, max_size=8))
def test_whatever_a_document_holds_it_is_judged(data: dict[str, Any]) -> None:
    """Prove that no document raises, that problems have places, and that a rule stands only without errors."""
    loaded: Loaded = loads(json.dumps(data), SETTINGS)
    assert bool(loaded.rules) != bool(loaded.errors)
    assert all(problem.line == 1 and problem.column >= 1 and problem.message for problem in loaded.problems)
    places = [(problem.line, problem.column, problem.code, problem.message) for problem in loaded.problems]
    assert len(places) == len(set(places))
    for rule in loaded.rules:
        assert from_definition(json.loads(json.dumps(rule.definition))) == rule
