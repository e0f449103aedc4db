"""Plans and runs as they can be looked up later."""

from __future__ import annotations

from typing import Any

import pytest

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.model import State

ACCOUNT = "default"


def test_a_plan_comes_back_word_for_word(desk: Any) -> None:
    """Every character and number of a document survives, keys in their order."""
    ledger = desk.open()
    document = {
        "z": 1,
        "a": ["Ebook “Résumé” 😀", 0.1, None, True, 10**20],
        "deep": {"0": {"x": "\x00\ud800"}},
    }
    plan = desk.plan()
    ledger.save_plan(plan, document)
    found = ledger.plan_document(plan.plan_id)
    assert found == document
    assert list(found) == ["z", "a", "deep"]
    assert ledger.plan_document("plan-9") is None


def test_a_plan_can_be_saved_again_but_not_changed(desk: Any) -> None:
    """The same document is no news; another under the same id is refused."""
    ledger = desk.open()
    plan = desk.plan()
    ledger.save_plan(plan, {"a": 1, "b": 2})
    ledger.save_plan(plan, {"b": 2, "a": 1})
    with pytest.raises(LedgerError, match=f"another plan is already recorded as `{plan.plan_id}`"):
        ledger.save_plan(plan, {"a": 1, "b": 3})
    assert desk.kinds(ledger) == ["genesis", "plan_recorded"]


@pytest.mark.parametrize("document", ['{"a":2}', "not json", "[]"])
def test_a_plan_that_was_changed_in_the_ledger_is_not_handed_out(desk: Any, document: str) -> None:
    """What is applied is what was previewed, or nothing."""
    ledger = desk.open()
    plan = desk.plan()
    ledger.save_plan(plan, {"a": 1})
    desk.execute("UPDATE plans SET document = :document", document=document)
    with pytest.raises(LedgerCorrupt, match=f"plan `{plan.plan_id}` was changed in the ledger"):
        ledger.plan_document(plan.plan_id)


def test_plans_are_listed_newest_first(desk: Any) -> None:
    """With when they were made and which run applied them."""
    ledger = desk.open()
    old = desk.save(ledger, desk.change(1))
    run = ledger.begin(ACCOUNT, old.plan_id, kind="apply", slots=(), now=desk.later(minutes=1))
    new = desk.save(ledger, desk.change(2))
    found = ledger.plans(ACCOUNT)
    assert [(one.plan_id, one.applied_by, one.applied_at) for one in found] == [
        (new.plan_id, None, None),
        (old.plan_id, run, desk.now),
    ]
    assert [one.plan_id for one in ledger.plans(ACCOUNT, limit=1)] == [new.plan_id]
    assert (ledger.plan_record(new.plan_id), ledger.plan_record(old.plan_id)) == tuple(found)
    assert ledger.plan_record("no-such-plan") is None


def test_runs_are_listed_newest_first_in_pages(desk: Any) -> None:
    """`before` continues where a page ended."""
    ledger = desk.open()
    runs = []
    for number in range(5):
        runs.append(desk.confirm(ledger, desk.change(number)))
        desk.later(minutes=1)
    newest = list(reversed(runs))
    assert [one.run_id for one in ledger.runs(ACCOUNT)] == newest
    assert [one.run_id for one in ledger.runs(ACCOUNT, limit=2)] == newest[:2]
    assert [one.run_id for one in ledger.runs(ACCOUNT, limit=2, before=newest[1])] == newest[2:4]
    assert ledger.runs("second") == ()


def test_a_run_tells_its_story(desk: Any) -> None:
    """Requests and changes in the order in which they happened; an unknown run is None."""
    ledger = desk.open()
    changes = desk.changes(3)
    run = desk.begin(ledger, *changes, slots=["default/cancel/1"])
    for one in changes[:2]:
        desk.answer(ledger, desk.send(ledger, run, one), "answered", State.CONFIRMED, one)
    desk.end(ledger, run)
    told = ledger.run_details(run)
    assert (told.run.kind, told.run.slot, told.run.epoch, told.run.state) == (
        "apply",
        "default/cancel/1",
        1,
        "ended",
    )
    assert [(one.number, one.ids, one.how) for one in told.requests] == [
        (1, (0,), "answered"),
        (2, (1,), "answered"),
    ]
    assert [(one.id, one.state, one.request_id) for one in told.changes] == [
        (0, "confirmed", f"{run}.1"),
        (1, "confirmed", f"{run}.2"),
        (2, "abandoned", None),
    ]
    assert ledger.run_details("default-9") is None


def test_a_run_names_every_plan_it_rests_on(desk: Any) -> None:
    """First its own, then each of which it took a change, once; one that had nothing to plan names none."""
    ledger = desk.open()
    waits = desk.changes(2)
    elsewhere = desk.save(ledger, *waits)
    applied = desk.change(7, rule="settle")
    run = desk.begin(ledger, applied)
    told = [desk.outcome(one, State.AWAITING_APPROVAL, plan_id=elsewhere.plan_id) for one in waits]
    ledger.conclude(run, told, desk.now)
    desk.answer(ledger, desk.send(ledger, run, applied), "answered", State.CONFIRMED, applied)
    desk.end(ledger, run)
    told = ledger.run_details(run)
    assert told.plan_ids == (told.run.plan_id, elsewhere.plan_id)
    assert told.run.plan_id != elsewhere.plan_id
    empty = ledger.begin(ACCOUNT, None, kind="apply", slots=(), now=desk.now)
    desk.end(ledger, empty)
    assert ledger.run_details(empty).plan_ids == ()


def test_an_orders_changes_are_found_by_either_name(desk: Any) -> None:
    """By id or by order_id, over all runs, the oldest first."""
    ledger = desk.open()
    runs = [desk.confirm(ledger, desk.change(1, rule=rule), desk.change(2, rule=rule)) for rule in ("a", "b")]
    for ref in ("1", "order-1"):
        found = ledger.changes_of(ACCOUNT, ref)
        assert [(one.run_id, one.rule, one.id) for one in found] == [(runs[0], "a", 1), (runs[1], "b", 1)]
    assert ledger.changes_of(ACCOUNT, "3") == ()


def test_the_accounts_of_a_ledger_are_known(desk: Any) -> None:
    """Whoever verifies all chains asks for them."""
    ledger = desk.open()
    assert ledger.accounts() == ()
    desk.save(ledger, account="second")
    desk.save(ledger)
    assert ledger.accounts() == ("default", "second")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE runs SET totals = 'x'", "a value that cannot be read"),
        ("UPDATE runs SET started_at = 'soon'", "a time that cannot be read"),
    ],
)
def test_values_that_cannot_be_read_are_damage(files: Any, statement: str, message: str) -> None:
    """A hand that wrote nonsense into the file is reported, not met with a traceback."""
    ledger = files.open()
    files.confirm(ledger, files.change(1))
    files.execute(statement)
    with pytest.raises(LedgerCorrupt, match=message):
        ledger.runs(ACCOUNT)
