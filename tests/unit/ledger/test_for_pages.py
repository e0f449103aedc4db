"""What the pages ask of the record: sums of a day, approvals a page at a time, what kept rules from an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tertib.errors import PlanRefused
from tertib.model import Held, Sent

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
