"""What the pages ask of the record: sums of a day, approvals a page at a time, what kept rules from an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tertib.errors import PlanRefused
from tertib.ledger.runs import Alike
from tertib.model import Held, Run, Sent, Spent, State

ACCOUNT = "default"


def test_a_days_changes_are_added_up_by_rule(desk: Any) -> None:
    """What was confirmed from the beginning to before the end; an order of unknown value counts as an order."""
    ledger = desk.open()
    began = desk.now
    desk.confirm(ledger, desk.change(1), replace(desk.change(2), value=None))
    desk.confirm(ledger, replace(desk.change(3), rule="close", value=Decimal("100.50")))
    found = ledger.changed(ACCOUNT, began, desk.now + timedelta(seconds=1))
    assert found == {"cancel": Sent(2, Decimal(168724)), "close": Sent(1, Decimal(100))}
    assert ledger.changed(ACCOUNT, began - timedelta(days=1), began) == {}
    assert ledger.changed("another", began, desk.now + timedelta(days=1)) == {}


def test_runs_are_counted_as_the_record_stands(desk: Any) -> None:
    """What a run sent and what is known to be done, however it ended: killed, failed, or with an answer read back later."""
    ledger = desk.open()
    done = desk.confirm(ledger, *desk.changes(2))
    lost, other, unsent = (desk.change(number) for number in (5, 6, 7))
    killed = desk.begin(ledger, lost, other, unsent)
    desk.answer(ledger, desk.send(ledger, killed, other), "answered", State.CONFIRMED, other)
    desk.answer(ledger, desk.send(ledger, killed, lost), "unknown", State.SENT, lost, status=None)
    assert ledger.runs(ACCOUNT)[0].totals == {"sent": 1, "confirmed": 1, "planned": 1, "on_the_wire": 2}
    desk.later(minutes=30)
    failed = desk.begin(ledger, desk.change(8))
    ledger.end(Run(failed, "", Spent(), 0, (), "failed: OSError"), desk.now)
    (unknown,) = ledger.unsettled(ACCOUNT)
    ledger.settle(ACCOUNT, unknown, desk.outcome(lost, State.CONFIRMED_BY_READBACK), desk.now)
    found = {one.run_id: one.totals for one in ledger.runs(ACCOUNT)}
    assert found[killed] == {"confirmed_by_readback": 1, "confirmed": 1, "abandoned": 1, "on_the_wire": 2}
    assert (found[failed]["abandoned"], found[failed]["on_the_wire"]) == (1, 0)
    assert (found[done]["confirmed"], found[done]["on_the_wire"], found[done]["reads"]) == (2, 2, 2)
    assert [one.run_id for one in ledger.runs(ACCOUNT, 1, before=failed)] == [killed]
    assert ledger.runs(ACCOUNT, 1, before=failed)[0].totals == found[killed]


def test_a_run_is_outlined_without_its_rows(desk: Any) -> None:
    """Its changes counted by plan, state and whether they can go back; its rows come a page at a time."""
    ledger = desk.open()
    changes = [replace(desk.change(number), reversible=number == 2) for number in range(5)]
    run = desk.begin(ledger, *changes)
    for one in changes[:2]:
        desk.answer(ledger, desk.send(ledger, run, one), "answered", State.CONFIRMED, one)
    outline = ledger.run_outline(run)
    plan = outline.run.plan_id
    assert outline.groups == (
        Alike(plan, "confirmed", reversible=False, orders=2, sent=2),
        Alike(plan, "planned", reversible=True, orders=1, sent=0),
        Alike(plan, "planned", reversible=False, orders=2, sent=0),
    )
    assert outline.states == {"confirmed": 2, "planned": 3}
    assert (outline.plan_ids, outline.run) == ((plan,), ledger.run_details(run).run)
    first = ledger.run_changes(run, 3)
    assert [one.id for one in first] == [0, 1, 2]
    assert [one.id for one in ledger.run_changes(run, 3, first[-1].change_id)] == [3, 4]
    assert [one.id for one in ledger.run_changes(run, 2, "no-such-change")] == [0, 1]
    assert [one.number for one in ledger.run_requests(run, 1)] == [1]
    assert ledger.run_outline("default-9") is None
    desk.end(ledger, run)
    assert ledger.run_outline(desk.begin(ledger)).groups == ()


def test_approvals_are_listed_a_page_at_a_time(desk: Any) -> None:
    """From one plan on to the older ones, none twice and none left out, also of plans that were asked for together."""
    ledger = desk.open()
    asked = []
    for number in range(5):
        plan = desk.save(ledger, desk.change(number))
        at = desk.now + timedelta(minutes=number // 2)
        ledger.ask_approval(plan, "it asks", at + timedelta(days=1), at)
        asked.append(plan.plan_id)
    listed: list[str] = []
    while page := ledger.approvals.listed(ACCOUNT, desk.now, 2, listed[-1] if listed else None):
        listed += [one.asked.plan_id for one in page]
    assert sorted(listed) == sorted(asked)
    assert listed == [one.asked.plan_id for one in ledger.approvals.listed(ACCOUNT, desk.now)]


def test_what_was_decided_is_listed_without_what_waits(desk: Any) -> None:
    """However many newer plans wait: rejected, expired and applied ones, and a page at a time."""
    ledger, asked = desk.open(), []
    for number in range(8):
        change = desk.change(number, rule=f"rule-{number}")
        plan, at = desk.save(ledger, change), desk.later(minutes=1)
        ledger.ask_approval(plan, "it asks", at + timedelta(days=0 if number == 1 else 1), at)
        asked.append(plan.plan_id)
    ledger.approvals.reject(ACCOUNT, asked[0], who="budi", now=desk.now)
    desk.end(ledger, ledger.begin(ACCOUNT, asked[2], kind="apply", slots=(), now=desk.now))
    states = [(one.asked.plan_id, one.state) for one in ledger.approvals.decided(ACCOUNT, desk.now)]
    assert states == [(asked[2], "applied"), (asked[1], "expired"), (asked[0], "rejected")]
    first = ledger.approvals.decided(ACCOUNT, desk.now, 2)
    assert [one.asked.plan_id for one in first] == [asked[2], asked[1]]
    (last,) = ledger.approvals.decided(ACCOUNT, desk.now, 2, asked[1])
    assert last.asked.plan_id == asked[0]


def test_whether_a_plan_waits_can_be_asked_without_deciding(desk: Any) -> None:
    """One that waits raises nothing; one that was rejected, or never asked for, says so."""
    ledger = desk.open()
    plan = desk.save(ledger, desk.change(1))
    ledger.ask_approval(plan, "it asks", desk.now + timedelta(days=1), desk.now)
    ledger.approvals.refuse_decided(ACCOUNT, plan.plan_id, desk.now)
    ledger.approvals.reject(ACCOUNT, plan.plan_id, who="budi", now=desk.now)
    with pytest.raises(PlanRefused, match="was rejected by budi"):
        ledger.approvals.refuse_decided(ACCOUNT, plan.plan_id, desk.now)
    with pytest.raises(PlanRefused, match="does not wait for approval"):
        ledger.approvals.refuse_decided(ACCOUNT, "never", desk.now)


def test_what_kept_rules_from_an_order_is_found_by_its_number_and_its_id(desk: Any) -> None:
    """In the last plans, the newest first; an order whose number only begins alike is another one."""
    ledger = desk.open()
    for number, code in ((17, "on_hold"), (170, "paid")):
        held = Held(f"order-{number}", "cancel", code, "because", number)
        plan = desk.plan(desk.change(number + 1000), held=(held,))
        document = {
            "plan_id": plan.plan_id,
            "held": [
                {"order_id": held.order_id, "rule": "cancel", "code": code, "why": "because", "id": number}
            ],
        }
        ledger.save_plan(plan, document)
    for ref in ("order-17", "17"):
        (found,) = ledger.kept_back(ACCOUNT, ref)
        assert (found.rule, found.code, found.why) == ("cancel", "on_hold", "because")
    assert ledger.kept_back(ACCOUNT, "order-1") == ()
    assert ledger.kept_back(ACCOUNT, "order-17", 1) == ()
