"""Prove that a rule test passes only when the rule does what it says, and that every slip in one is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib import rehearse, shipped
from tertib.language import durations
from tertib.model import Calendar, Given, Settings
from tertib.rehearse.specimen import WAY, BadOrder, Specimen
from tertib.scalev import contract

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
RULE = """\
name: cancel-late
query: {status: pending, payment_status: unpaid}
conditions:
  - pending_time: {older_than: 3d}
  - any:
      - payment_method: bank_transfer
      - payment_method: qris
action: {status: canceled}
"""
HEAD = "now: 2026-11-21T10:00:00+07:00\n"

Play = Callable[..., rehearse.Rehearsal]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Return a way to write a rule and its test and play them."""

    def written(test: str, rule: str = RULE, settings: Settings | None = None) -> rehearse.Rehearsal:
        (tmp_path / "late.yaml").write_text(rule, "utf-8")
        (tmp_path / "late.test.yaml").write_text(test, "utf-8")
        return rehearse.run([tmp_path], settings or Settings())

    return written


def case(expectation: str, order: str = "{pending_time: 4d ago}", more: str = "") -> str:
    """Return a test file of one case."""
    return f"{HEAD}cases:\n  - name: it\n    order: {order}\n    {expectation}\n{more}"


# --- what passes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expectation", "order"),
    [
        ("planned: {status: canceled}", "{pending_time: 4d ago}"),
        ("planned: {status: canceled, by: tertib/cancel-late}", "{pending_time: 4d ago}"),
        ("not_matched: true", "{pending_time: 2d ago}"),
        ("planned: {status: canceled}", "{pending_time: 4wd ago}"),
        ("held: transfer_proof", "{pending_time: 4d ago, transferproof_url: 'https://cdn.example/1.jpg'}"),
    ],
)
def test_an_expectation_that_holds_passes(play: Play, expectation: str, order: str) -> None:
    """Each sort of expectation passes where it is true."""
    played = play(case(expectation, order))

    assert played.ok
    assert [one.differences for one in played.cases] == [()]


@pytest.mark.parametrize(
    ("because", "order"),
    [
        ("pending_time", "{pending_time: 2d ago}"),
        ("payment_method", "{pending_time: 4d ago, payment_method: cod}"),
        ("query status", "{pending_time: 4d ago, status: ready, payment_status: unpaid}"),
        ("bank_transfer", "{pending_time: 4d ago, payment_method: cod}"),
    ],
)
def test_because_names_what_decided(play: Play, because: str, order: str) -> None:
    """A condition, one inside a group, or a filter of the query can be named as the reason."""
    assert play(case(f"not_matched: true\n    because: {because}", order)).ok


def test_an_order_that_is_as_wanted_is_unchanged(play: Play) -> None:
    """A match with nothing left to change is neither planned nor held nor unmatched."""
    rule = "name: keep\nquery: {status: pending}\naction: {payment_status: unpaid}\n"

    assert play(case("unchanged: true"), rule).ok


def test_the_record_can_be_told(play: Play) -> None:
    """Holds, open outcomes, earlier changes and the day's total reach the decision."""
    codes = {
        "hold: waits for Friday": "on_hold",
        "unsettled: true": "unsettled",
        "confirmed: [{set: {status: canceled}}]": "human_change",
        "sent_today: {orders: 2000}": "limit_per_day",
        "sent_today: {orders: 1999, value: 0}": None,
    }
    for history, code in codes.items():
        expected = f"held: {code}" if code else "planned: {status: canceled}"
        assert play(case(f"{expected}\n    history: {{{history}}}")).ok, history


def test_a_test_file_brings_its_own_settings(play: Play) -> None:
    """Contract, zone and protection are the file's, where it says so."""
    test = case("held: protected", "{pending_time: 4d ago, tags: [langganan]}")
    test += (
        "settings: {contract: current, timezone: Asia/Jayapura, protect: [{tags: {includes: langganan}}]}\n"
    )

    assert play(test).ok


def test_a_protection_of_two_tests_needs_both(play: Play) -> None:
    """An item of `protect` that says two things protects only orders of which both are true, as in the settings."""
    protect = "settings: {protect: [{tags: {includes: langganan}, gross_revenue: {gt: 100000}}]}\n"
    both, one = "{tags: [langganan], gross_revenue: 200000, ", "{tags: [langganan], gross_revenue: 50000, "

    assert play(case("held: protected", both + "pending_time: 4d ago}") + protect).ok
    assert play(case("planned: {status: canceled}", one + "pending_time: 4d ago}") + protect).ok


def test_a_case_may_bring_its_own_moment(play: Play) -> None:
    """One order, looked at before and after its time: ages count from the case's own `now`."""
    test = HEAD + (
        "order: {pending_time: 2026-11-19T10:00:00+07:00}\n"
        "cases:\n"
        "  - {name: too young, not_matched: true, because: pending_time}\n"
        "  - {name: old enough, now: 2026-11-23, planned: {status: canceled}}\n"
    )

    assert play(test).ok


def test_a_rule_that_is_not_enabled_can_be_tested(play: Play) -> None:
    """A rule is tested before it is let loose, and a neighbour that is off claims nothing."""
    off = RULE + "enabled: false\n"
    neighbour = "---\nname: closer\nenabled: false\npriority: 200\nquery: {status: pending}\naction: {status: ready}\n"

    assert play(case("planned: {status: canceled}\n    rule: cancel-late"), off + neighbour).ok


def test_rules_on_other_sources_claim_nothing(play: Play) -> None:
    """Orders of the business and of a store's customer are different readings, and are not mixed."""
    other = (
        "---\nname: theirs\nsource: {customer_orders: {store: s}}\npriority: 200\n"
        "conditions: [{status: pending}]\naction: {status: ready}\n"
    )

    assert play(case("planned: {status: canceled}\n    rule: cancel-late"), RULE + other).ok
    assert play(case("planned: {status: ready}\n    rule: theirs"), RULE + other).ok


def test_cases_start_from_the_shared_order(play: Play) -> None:
    """What the file says of its order holds for every case that does not say otherwise."""
    test = HEAD + (
        "order: {pending_time: 4d ago}\n"
        "cases:\n"
        "  - {name: as shared, planned: {status: canceled}}\n"
        "  - {name: says otherwise, order: {pending_time: 1d ago}, not_matched: true}\n"
    )

    assert play(test).ok


def test_one_file_may_hold_several_rules(play: Play) -> None:
    """A case says which of them it is about; all of them are planned together."""
    rules = RULE + "---\n" + RULE.replace("cancel-late", "cancel-later").replace("3d", "30d")
    test = HEAD + (
        "order: {pending_time: 40d ago}\n"
        "cases:\n"
        "  - {name: the first owns it, rule: cancel-late, planned: {status: canceled}}\n"
        "  - {name: the second says the same, rule: cancel-later, held: same_change, because: cancel-late}\n"
    )

    assert play(test, rules).ok


# --- what fails -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expectation", "order", "said"),
    [
        ("planned: {status: canceled}", "{pending_time: 2d ago}", "got      not matched"),
        ("planned: {status: closed}", "{pending_time: 4d ago}", "`status`: expected closed, got canceled"),
        (
            "planned: {}",
            "{pending_time: 4d ago}",
            "`status`: the change sets canceled, and the case does not expect it",
        ),
        (
            "planned: {status: canceled, payment_status: paid}",
            "{pending_time: 4d ago}",
            "`payment_status`: expected paid, and the change does not set it",
        ),
        (
            "not_matched: true",
            "{pending_time: 4d ago}",
            "got      planned: status canceled, by tertib/cancel-late",
        ),
        ("held: paid", "{pending_time: 4d ago}", "expected held: paid"),
        ("held: paid", "{pending_time: 4d ago, shipment_receipt: X1}", "expected held: paid"),
        ("unchanged: true", "{pending_time: 4d ago}", "expected unchanged"),
        (
            "not_matched: true\n    because: payment_method",
            "{pending_time: 2d ago}",
            "not matched as expected, but not because of `payment_method`: pending_time: {older_than: 3d}",
        ),
        (
            "held: shipment_receipt\n    because: a reason that is none",
            "{pending_time: 4d ago, shipment_receipt: X1}",
            "held as expected, but not because of `a reason that is none`",
        ),
    ],
)
def test_an_expectation_that_does_not_hold_fails(play: Play, expectation: str, order: str, said: str) -> None:
    """Each way to be wrong is told in words: what was expected, and what came."""
    played = play(case(expectation, order))

    assert not played.ok
    assert any(line.startswith(said) for line in played.cases[0].differences), played.cases[0].differences


def test_a_failure_shows_what_decided(play: Play) -> None:
    """An order that did not match comes with the conditions that were not true and what they saw."""
    (failed,) = play(case("planned: {status: canceled}", "{pending_time: 2d ago}")).cases

    assert failed.differences[2:] == (
        "because  pending_time: {older_than: 3d} saw 2026-11-19 10:00 (2d old): false",
    )
    assert (failed.rule, failed.name, failed.line) == ("cancel-late", "it", 3)


def test_a_failure_is_shown_as_a_diff(play: Play) -> None:
    """What is the same stands between what was expected (`-`) and what came (`+`)."""
    (failed,) = play(case("planned: {status: canceled, payment_status: paid, by: me}")).cases
    (other,) = play(case("held: paid")).cases
    (reason,) = play(case("not_matched: true\n    because: tags", "{pending_time: 2d ago}")).cases

    assert failed.diff == (
        "  planned:",
        "    status: canceled",
        "-   payment_status: paid",
        "-   by: me",
        "+   by: tertib/cancel-late",
    )
    assert other.diff == ("- held: paid", "+ planned: status canceled, by tertib/cancel-late")
    assert reason.diff == (
        "  not matched",
        "- because of tags",
        "+ because of pending_time: {older_than: 3d} saw 2026-11-19 10:00 (2d old): false",
    )
    assert play(case("planned: {status: canceled}")).cases[0].diff == ()


def test_the_trace_leads_to_the_rule(play: Play) -> None:
    """Each filter and condition comes with its verdict and the line of the rule that says it, parts of groups too."""
    (failed,) = play(case("held: paid", "{pending_time: 2d ago}")).cases

    told = [(one.source.line, one.source.column, one.trace.result) for one in failed.steps]
    assert told == [(2, 9, True), (2, 26, True), (4, 20, False), (5, 5, True)]
    assert [(one.source.line, one.trace.result) for one in failed.steps[3].children] == [
        (6, True),
        (7, False),
    ]
    assert {one.source.file for one in failed.steps} == {failed.file.replace(".test", "")}


def test_every_condition_is_traced(play: Play) -> None:
    """The verdict of each node is kept for passing cases too, groups with their parts."""
    (passed,) = play(case("planned: {status: canceled}")).cases

    assert [node.result for node in passed.query] == [True, True]
    assert [node.result for node in passed.trace] == [True, True]
    assert [child.result for child in passed.trace[1].children] == [True, False]


# --- slips in the file ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "place", "message", "hint"),
    [
        ("cases: []\n", (1, 1), "the key `now` is missing", None),
        (case("plannd: {status: canceled}"), (5, 5), "unknown key `plannd`", "did you mean `planned`?"),
        (
            case("not_matched: true\n    held: paid"),
            (6, 5),
            "a case expects one thing, and this one expects `not_matched` already",
            None,
        ),
        (
            case("rule: cancel-late"),
            (3, 5),
            "the case expects nothing",
            "one of `planned`, `held`, `not_matched`, `unchanged`",
        ),
        (
            case("planned: {status: canceled}\n    because: tags"),
            (6, 5),
            "`because` says nothing about `planned`",
            None,
        ),
        (case("planned: {stauts: canceled}"), (5, 15), "unknown key `stauts`", "did you mean `status`?"),
        (case("not_matched: false"), (5, 18), "`not_matched` cannot be `false`", None),
        (
            case("held: paid\n    rule: other"),
            (6, 11),
            "the file holds no rule `other`",
            "it holds `cancel-late`",
        ),
        (
            case("held: paid", "{pendingtime: 4d ago}"),
            (4, 13),
            "unknown field `pendingtime`",
            "did you mean `pending_time`?",
        ),
        (case("held: paid", "{pending_time: 4x ago}"), (4, 13), "`4x` is not a duration", None),
        (
            case("held: paid", "{is_probably_spam: true}"),
            (4, 13),
            "no answer that Tertib asks for holds `is_probably_spam`",
            "leave it out",
        ),
        (
            case("held: paid", "{status: {a: 1}}"),
            (4, 13),
            "an order has one `status`, which is a text",
            "for example `status: pending`",
        ),
        (
            case("held: paid", "{status: [pending]}"),
            (4, 13),
            "an order has one `status`, which is a text",
            None,
        ),
        (
            case("held: paid", "{pending_time: 5d ago}").replace(
                "2026-11-21T10:00:00+07:00", "0001-01-02T00:00:00Z"
            ),
            (1, 6),
            "`0001-01-02T00:00:00Z` is not between the years 1970 and 2999",
            "for example `2026-11-21T10:00:00+07:00`",
        ),
        (case("held: paid\n    missing: [tag]"), (6, 15), "unknown field `tag`", "did you mean `tags`?"),
        (
            case("held: paid").replace("2026-11-21T10:00:00+07:00", "soon"),
            (1, 6),
            "`soon` is not a date and time",
            None,
        ),
        (
            case("held: paid").replace("+07:00", ""),
            (1, 6),
            "`2026-11-21T10:00:00` has no time zone, that is, no offset such as `+07:00`",
            None,
        ),
        (
            case("held: paid", more="settings: {timezone: Mars/Base}\n"),
            (6, 22),
            "`Mars/Base` is no time zone",
            None,
        ),
        (
            case("held: paid", more="settings: {protect: [{tagz: null}]}\n"),
            (6, 23),
            "unknown field `tagz`",
            "did you mean `tags`?",
        ),
        (case("held: paid", more="---\nnow: 2026-11-21\n"), (7, 1), "a second document stands here", None),
        (case("held: paid", more="now: 2026-11-21\n"), (6, 1), "the key `now` stands here twice", None),
    ],
)
def test_slips_are_named_with_their_place(
    play: Play, test: str, place: tuple[int, int], message: str, hint: str | None
) -> None:
    """A mistake in a test file is a problem with line, column and the word, never a crash and never a pass."""
    played = play(test)

    found = [((one.line, one.column), one.message) for one in played.problems]
    assert not played.ok
    assert (place, message) in found, found
    if hint is not None:
        assert hint in [one.hint for one in played.problems]


def test_all_mistakes_come_at_once(play: Play) -> None:
    """The file's head, its settings, every case, its order and the record: nothing hides behind the first mistake."""
    test = (
        "now: soon\n"
        "settings: {timezone: Mars/Base, protect: [{tagz: null}]}\n"
        "order: {pending_tme: 4d ago}\n"
        "cases:\n"
        "  - {name: one, order: {statuss: pending, notess: x}, missing: [tag], held: piad}\n"
        "  - {name: two, rule: other, plannd: {status: canceled}}\n"
        "  - {name: three, now: later, history: {hold: 3}, unchanged: true}\n"
        "now: 2026-11-21\n"
    )
    played = play(test)

    found = {(one.line, one.message) for one in played.problems}
    assert found >= {
        (1, "`soon` is not a date and time"),
        (2, "`Mars/Base` is no time zone"),
        (2, "unknown field `tagz`"),
        (3, "unknown field `pending_tme`"),
        (5, "unknown field `statuss`"),
        (5, "unknown field `notess`"),
        (5, "unknown field `tag`"),
        (5, "`piad` is no code of a hold"),
        (6, "the file holds no rule `other`"),
        (6, "unknown key `plannd`"),
        (7, "`later` is not a date and time"),
        (8, "the key `now` stands here twice"),
    }
    assert (played.cases, played.ok) == ((), False)
    assert list(played.problems) == sorted(played.problems, key=lambda one: (one.line, one.column, one.code))
    assert len(set(played.problems)) == len(played.problems)


def test_a_mistake_in_one_case_leaves_the_others(play: Play) -> None:
    """The sound cases of a file are played, and the run fails all the same."""
    test = case("planned: {status: canceled}") + "  - {name: bad, order: {tagz: []}, held: paid}\n"
    played = play(test)

    assert [(one.name, one.ok) for one in played.cases] == [("it", True)]
    assert not played.ok


def test_a_value_that_no_shop_has_is_doubted(play: Play) -> None:
    """A misspelt status would make a `not_matched` pass by accident: a warning, since strange answers do come."""
    played = play(case("not_matched: true", "{status: pendign}"))

    assert played.ok
    (doubt,) = played.problems
    assert (doubt.severity, doubt.hint) == ("warning", "did you mean `pending`?")
    assert (doubt.line, doubt.column) == (4, 21)


def test_several_rules_and_no_name(play: Play) -> None:
    """Where a file holds several rules, a case that names none is a mistake."""
    played = play(case("held: paid"), RULE + "---\n" + RULE.replace("cancel-late", "another"))

    assert [one.hint for one in played.problems] == ["write `rule:` with one of `cancel-late`, `another`"]


def test_a_broken_rule_is_reported_as_itself(play: Play) -> None:
    """The rule's own problems come, and no case is played."""
    played = play(case("held: paid"), RULE.replace("older_than", "olderthan"))

    assert [Path(one.file).name for one in played.problems] == ["late.yaml"]
    assert played.cases == ()


def test_a_test_without_its_rule_is_reported(tmp_path: Path) -> None:
    """A test whose rule file is gone does not pass silently."""
    (tmp_path / "gone.test.yaml").write_text(case("held: paid"), "utf-8")

    played = rehearse.run([tmp_path], Settings())

    assert not played.ok
    assert played.problems


def test_nothing_to_play_is_no_success(tmp_path: Path) -> None:
    """A directory without tests is a mistake, and its rules are listed as untested."""
    (tmp_path / "late.yaml").write_text(RULE, "utf-8")

    played = rehearse.run([tmp_path], Settings())

    assert not played.ok
    assert [one.code for one in played.problems] == ["T103"]
    assert played.untested == (str(tmp_path / "late.yaml"),)


def test_a_rule_file_brings_the_test_beside_it(tmp_path: Path) -> None:
    """Naming the rule, its test or the directory plays the same cases, each once."""
    rule, test = tmp_path / "late.yaml", tmp_path / "late.test.yaml"
    rule.write_text(RULE, "utf-8")
    test.write_text(case("planned: {status: canceled}"), "utf-8")

    everything: tuple[list[str | Path], ...] = (
        [rule],
        [test],
        [tmp_path],
        [rule, test, tmp_path],
        [f"{tmp_path}/./late.yaml", rule],
    )
    for paths in everything:
        assert len(rehearse.run(paths, Settings()).cases) == 1


# --- orders in short ------------------------------------------------------------------------------------


def specimen(source: str = "orders", spoken: str = "seeds") -> Specimen:
    """Return the way to complete orders of a source."""
    return Specimen(contract.FIELDS[source], NOW, spoken, Calendar())


@pytest.mark.parametrize("source", ["orders", "customer_orders"])
@pytest.mark.parametrize("status", sorted(contract.STATUSES_READ))
def test_every_status_has_a_plain_order(source: str, status: str) -> None:
    """An order completed from its status alone holds every field of its source, in a possible story."""
    order = specimen(source).order({"status": status})

    fields = contract.FIELDS[source].values()
    tops = {
        field.path.partition(".")[0] for field in fields if field.column is not None and not field.element
    }
    assert set(order) == tops | {"id"}
    times = [order[f"{step}_time"] for step in WAY if order.get(f"{step}_time") is not None]
    assert times == sorted(times)
    assert order["created_at"] <= min(times)


@given(st.sampled_from(WAY), st.integers(1, 400))
def test_earlier_steps_are_never_later(step: str, days: int) -> None:
    """Whatever time a test gives to one step, those before it lie no later."""
    order = specimen("customer_orders").order({"status": "shipped", f"{step}_time": f"{days}d ago"})

    stamps = [durations.parse_timestamp(order[f"{one}_time"]) for one in WAY[: WAY.index(step) + 1]]
    assert stamps == sorted(stamps)
    assert stamps[-1] == NOW - timedelta(days=days)


def test_ids_follow_the_contract() -> None:
    """Integers under `seeds`, UUIDs under `current`."""
    assert contract.contract_of(specimen().order({})["id"]) == "seeds"
    assert contract.contract_of(specimen(spoken="current").order({})["id"]) == "current"


def test_nested_fields_and_missing_ones() -> None:
    """A dotted path reaches inside an object, for saying and for leaving out."""
    order = specimen().order({"store.name": "Toko Dua", "tags": ["vip"]}, ["customer.phone", "notes"])

    assert order["store"]["name"] == "Toko Dua"
    assert order["store"]["unique_id"] == "store_contoh"
    assert order["tags"] == [{"id": 700, "name": "vip"}]
    assert "phone" not in order["customer"]
    assert "notes" not in order


def test_unknown_fields_are_refused() -> None:
    """A misspelled field would make a test prove nothing."""
    with pytest.raises(BadOrder, match="unknown field `stat`"):
        specimen().order({"stat": "pending"})


# --- the schema -----------------------------------------------------------------------------------------


def test_schema_knows_every_action_field() -> None:
    """What a rule can set can be expected."""
    schema: dict[str, Any] = json.loads((shipped.schemas() / "rule-test.schema.json").read_text("utf-8"))

    assert set(schema["$defs"]["change"]["properties"]) == set(contract.ACTION_FIELDS)
    wanted = [choice["required"][0] for choice in schema["$defs"]["case"]["oneOf"]]
    assert wanted == ["planned", "held", "not_matched", "unchanged"]


VARIED = """\
name: late
vars: {after: 3d, method: null}
query: {status: pending, payment_status: unpaid}
conditions:
  - pending_time: {older_than: {var: after}}
  - payment_method: {var: method}
action: {status: canceled}
"""
VARIED_TEST = """\
now: 2026-11-21T10:00:00+07:00
vars: {method: cod}
order: {payment_method: cod}
cases:
  - name: after the rule's own default
    order: {pending_time: 4d ago}
    planned: {status: canceled}
  - name: not before
    order: {pending_time: 2d ago}
    not_matched: true
    because: pending_time
"""


def test_a_test_gives_variables_their_values(tmp_path: Path) -> None:
    """A rule that accounts share is tested with the test's values and the defaults, whatever an account gives."""
    (tmp_path / "late.yaml").write_text(VARIED, "utf-8")
    (tmp_path / "late.test.yaml").write_text(VARIED_TEST, "utf-8")
    account = Settings(account="a", vars={"after": Given("9d", "t", 1), "method": Given("va", "t", 2)})
    assert rehearse.run([tmp_path], account).ok
    (tmp_path / "late.test.yaml").write_text(VARIED_TEST.replace("vars: {method: cod}\n", ""), "utf-8")
    found = rehearse.run([tmp_path], account)
    assert [one.code for one in found.problems] == ["T513"]
    (tmp_path / "late.test.yaml").write_text(VARIED_TEST.replace("cod}", "cod, after: soon}", 1), "utf-8")
    assert rehearse.run([tmp_path], account).problems[0].message.endswith("late.test.yaml:2)")
