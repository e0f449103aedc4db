"""The record's documents: a plan goes to a file and back unchanged, and one that was touched is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.errors import PlanRefused
from tertib.language.personal import Mask
from tertib.model import (
    Change,
    Held,
    Mode,
    Outcome,
    Plan,
    RuleTally,
    Run,
    Scan,
    ScanReport,
    Source,
    Spent,
    State,
    Trace,
)
from tertib.record import (
    canonical,
    change_document,
    document,
    is_masked,
    restore,
    restore_trace,
    run_document,
    rupiah,
    seal,
    summary,
    trace_document,
)

MASK = Mask(b"a key for tests")
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
TEXT = st.text(max_size=12)
MONEY = st.decimals(min_value=0, max_value=10**12, places=2)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the bounds of a strategy take no zone
PERSONAL = "payment_account_holder"

traces = st.recursive(
    st.builds(Trace, TEXT, TEXT, st.sampled_from([True, False, None])),
    lambda inner: st.builds(
        Trace, TEXT, TEXT, st.sampled_from([True, False, None]), st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=4,
)
changes = st.builds(
    Change,
    id=st.integers(min_value=1) | st.uuids().map(str),
    order_id=TEXT,
    rule=TEXT,
    before=st.fixed_dictionaries({"status": TEXT}, optional={PERSONAL: TEXT | st.none()}),
    set=st.fixed_dictionaries({"status": TEXT}, optional={PERSONAL: TEXT}),
    value=MONEY | st.none(),
    reversible=st.booleans(),
    reasons=st.lists(traces, max_size=2).map(tuple),
    filters=st.lists(traces, max_size=2).map(tuple),
    read_at=TIMES,
    since=TIMES | st.none(),
    personal=st.just(frozenset({PERSONAL})),
    updated_at=TEXT,
)
holds = st.builds(
    Held, TEXT | st.none(), TEXT, TEXT, TEXT, st.integers(min_value=1) | st.uuids().map(str) | st.none()
)
scans = st.builds(
    Scan,
    source=st.builds(Source, TEXT | st.none()),
    params=st.dictionaries(st.sampled_from(["status", "columns"]), TEXT),
    rules=st.lists(TEXT, max_size=2).map(tuple),
)
reports = st.builds(
    ScanReport,
    scan=scans,
    pages=st.integers(0, 99),
    orders=st.integers(0, 999),
    failure=TEXT | st.none(),
    ended_early=st.booleans(),
)
tallies = st.builds(
    RuleTally,
    name=TEXT,
    hash=TEXT,
    mode=st.sampled_from(Mode),
    matched=st.integers(0, 99),
    planned=st.integers(0, 99),
    value=MONEY,
    satisfied=st.integers(0, 99) | st.none(),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw any plan: as many definitions as rules, whatever they say."""
    rules = tuple(draw(st.lists(tallies, max_size=3)))
    return Plan(
        plan_id="",
        created_at=draw(TIMES),
        now=draw(TIMES),
        account=draw(TEXT),
        contract=draw(st.sampled_from(["auto", "seeds", "current"])),
        complete=draw(st.booleans()),
        requests=draw(st.integers(0, 99)),
        orders_read=draw(st.integers(0, 999)),
        scans=tuple(draw(st.lists(reports, max_size=2))),
        rules=rules,
        changes=tuple(draw(st.lists(changes, max_size=3))),
        held=tuple(draw(st.lists(holds, max_size=3))),
        warnings=tuple(draw(st.lists(TEXT, max_size=2))),
        definitions=tuple({"name": tally.name, "action": {"status": draw(TEXT)}} for tally in rules),
        over_limit=tuple(draw(st.lists(changes, max_size=2))),
    )


def a_plan() -> Plan:
    """Return a plan of one change."""
    change = Change(
        id=1,
        order_id="260310",
        rule="cancel",
        before={"status": "pending"},
        set={"status": "canceled"},
        value=Decimal("1250000.00"),
        reversible=False,
        reasons=(),
        read_at=NOW,
    )
    return Plan(
        plan_id="",
        created_at=NOW,
        now=NOW,
        account="default",
        contract="auto",
        complete=True,
        requests=1,
        orders_read=1,
        scans=(),
        rules=(RuleTally("cancel", "hash", Mode.APPLY, 1, 1),),
        changes=(change,),
        held=(),
        warnings=(),
        definitions=({"name": "cancel"},),
    )


def sealed() -> dict[str, Any]:
    """Return a plan's document, as a file has it."""
    written: dict[str, Any] = json.loads(json.dumps(seal(a_plan(), MASK)[1]))
    return written


def again(written: dict[str, Any]) -> dict[str, Any]:
    """Give an edited document the id that fits it, as somebody who knows how could."""
    body = {key: value for key, value in written.items() if key not in {"format", "plan_id"}}
    from tertib.record import _identify  # noqa: PLC0415 - what only a forger needs

    return {**written, "plan_id": _identify(body)}


# --- there and back -------------------------------------------------------------------------------------


@given(plans())
def test_any_plan_survives_the_way_to_a_file_and_back(plan: Plan) -> None:
    """What is restored writes the same document, under the same id; nothing is lost but what is masked."""
    made, written = seal(plan, MASK)
    restored = restore(json.loads(json.dumps(written)))
    assert document(restored, MASK) == written
    assert seal(restored, MASK)[0].plan_id == made.plan_id
    if not any(PERSONAL in {*one.set, *one.before} for one in (*plan.changes, *plan.over_limit)):
        assert [replace(one, personal=frozenset()) for one in made.changes] == list(restored.changes)


@given(plans(), st.data())
def test_any_edit_of_a_plan_is_noticed(plan: Plan, data: st.DataObject) -> None:
    """Whatever is put in the place of one part, the id no longer fits."""
    written = json.loads(json.dumps(seal(plan, MASK)[1]))
    place = data.draw(st.sampled_from(sorted(written.keys() - {"format"})))
    written[place] = {"edited": written[place]}
    with pytest.raises(PlanRefused, match="was changed after it was made"):
        restore(written)


@pytest.mark.parametrize("written", [None, [], "plan", {}, {"format": 2}])
def test_what_is_no_plan_is_refused(written: Any) -> None:
    """Another file, or a later version's, is told apart from an edited plan."""
    with pytest.raises(PlanRefused, match="no plan that this version can read"):
        restore(written)


@pytest.mark.parametrize(
    ("place", "value"),
    [("now", "yesterday"), ("read", []), ("changes", [{}]), ("rules", [{"mode": "apply"}]), ("now", 7)],
)
def test_a_plan_whose_id_fits_but_that_makes_no_sense_is_refused(place: str, value: Any) -> None:
    """A forged file is an error in words, never a traceback."""
    with pytest.raises(PlanRefused, match="cannot be read"):
        restore(again({**sealed(), place: value}))


def test_money_that_is_no_number_is_refused() -> None:
    """Decimal's own kind of error is one of those that are told in words."""
    forged = sealed()
    forged["changes"][0]["value"] = "much"
    with pytest.raises(PlanRefused, match="cannot be read"):
        restore(again(forged))


def test_a_scan_that_ended_early_says_so() -> None:
    """A plan shows that pages were left out because nothing in them could match, and why one broke off."""
    scan = Scan(Source(), {"status": "pending"}, ("cancel",))
    early = replace(
        a_plan(), scans=(ScanReport(scan, 3, 75, ended_early=True), ScanReport(scan, 1, 0, "lost"))
    )
    shown = seal(early, MASK)[1]["read"]["scans"]
    assert [(one.get("ended_early"), one.get("failure")) for one in shown] == [(True, None), (None, "lost")]


def test_equal_values_have_one_spelling() -> None:
    """The id of a plan does not hang on the order in which a document was written."""
    assert canonical({"b": 1, "a": "ü"}) == canonical({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'


# --- personal data --------------------------------------------------------------------------------------


def test_personal_values_are_masked_once() -> None:
    """A value that is a mask already stays as it is, so that a restored plan writes itself alike."""
    change = replace(a_plan().changes[0], set={PERSONAL: "Budi Santoso"}, personal=frozenset({PERSONAL}))
    once = change_document(change, MASK)["set"]
    assert "Budi" not in json.dumps(once)
    assert is_masked(once)
    assert change_document(replace(change, set=once), MASK)["set"] == once
    assert not is_masked(change.set)


def test_a_trace_keeps_what_is_below_it() -> None:
    """Nested conditions are written with their parts, and read back so."""
    trace = Trace("any", "", None, (Trace("status", "pending", False), Trace("tags", "hold", True)))  # noqa: FBT003 - verdicts
    written = trace_document(trace)
    assert [one["result"] for one in written["children"]] == ["false", "true"]
    assert restore_trace(written) == trace


# --- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "said"),
    [
        ((True, True), "can be undone"),
        ((False, False), "cannot be undone"),
        ((True, False), "1 cannot be undone"),
    ],
)
def test_a_summary_says_what_cannot_be_taken_back(final: tuple[bool, bool], said: str) -> None:
    """Orders, money, and whether anything is final, in one sentence."""
    change = a_plan().changes[0]
    rows = [replace(change, reversible=one) for one in final]
    assert summary(rows) == f"2 orders, Rp 2.500.000; buyers may be messaged; {said}"


def test_a_summary_of_little() -> None:
    """One order is one order, and nothing is nothing; money that nobody could read counts as none."""
    assert summary([]) == "nothing to change"
    vetoed = Held("o1", "cancel", "paid", "the order is paid", 1)
    assert summary([], [vetoed]) == "nothing to change"
    assert summary([replace(a_plan().changes[0], value=None)]).startswith("1 order, Rp 0;")


def test_a_summary_says_what_waits_because_of_a_limit() -> None:
    """A rule over its limit is not one that has nothing to change."""
    held = [Held(f"o{n}", "cancel", "limit_orders", "3 orders, and the limit is 2", n) for n in range(3)]
    waits = "3 changes of rule `cancel` wait, held by a limit: 3 orders, and the limit is 2"
    assert summary([], held) == waits
    assert summary(a_plan().changes, held).endswith(f"; {waits}")
    assert a_plan().changes[0].rule in summary(a_plan().changes, held[:1])


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0", "Rp 0"), ("1250000", "Rp 1.250.000"), ("99.5", "Rp 99,50"), ("-1000", "Rp -1.000")],
)
def test_money_is_written_as_indonesians_do(value: str, shown: str) -> None:
    """Points between thousands, and sen only where there are any."""
    assert rupiah(Decimal(value)) == shown


# --- a run ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stopped", [None, "the run was asked to stop"])
def test_a_run_counts_every_outcome_once(stopped: str | None) -> None:
    """Each state stands under one heading of `apply --json`, and why a run stopped is there where it did."""
    outcomes = tuple(Outcome(n, f"o{n}", "cancel", state, "why", "") for n, state in enumerate(State))
    spent = Spent(reads=3, rereads=1, writes=2, waited=timedelta(seconds=1))
    shown = run_document(Run("default-1", "plan", spent, 4, outcomes, stopped))
    counts = {name: shown[name] for name in ("confirmed", "not_applied", "unknown", "dropped", "held")}
    assert counts == {"confirmed": 2, "not_applied": 1, "unknown": 1, "dropped": 2, "held": 1}
    assert (shown["requests"], shown["sent"], len(shown["outcomes"])) == (6, 4, len(State))
    assert shown.get("stopped") == stopped
