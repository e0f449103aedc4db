"""The plan stage as a whole: ids, contracts, no-ops, priorities, limits, incomplete reads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tertib.errors import PlanRefused
from tertib.model import History, Limits, Mode, Pick, Sent
from tertib.plan import select

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"


def codes(plan: Any) -> list[str]:
    """Return the codes of what a plan holds."""
    return [held.code for held in plan.held]


def test_a_number_that_cannot_be_read_holds_its_order(plan: Any, order: Any, rule: Any) -> None:
    """A person may have put it on hold by its number; a number as JSON has it is read as its text."""
    for number in (..., None, "", 1.5, ["260310001"]):
        assert codes(plan([order(order_id=number)], rule())) == ["cannot_tell"]
    decided = plan([order(order_id=250130)], rule(), history=History(holds={"250130": "the buyer called"}))
    assert codes(decided) == ["on_hold"]
    assert [one.order_id for one in plan([order(order_id=250130)], rule()).changes] == ["250130"]


def test_two_orders_with_one_number_are_both_held(plan: Any, order: Any, rule: Any) -> None:
    """They may be one order under its old and its new id; a reason that is certain stays."""
    twins = [order(), order(id=UUID), order(2)]
    decided = plan(twins, rule())
    assert [one.id for one in decided.changes] == [2]
    assert codes(decided) == ["cannot_tell", "cannot_tell"]
    assert "several orders have the number `260310001`" in decided.held[0].why
    decided = plan(twins, rule(), history=History(holds={"1": "the buyer called"}))
    assert sorted(codes(decided)) == ["cannot_tell", "on_hold"]


# --- ids and contracts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [..., None, "", True, 1.5, "abc", {}])
def test_an_order_without_a_usable_id_is_held(plan: Any, order: Any, rule: Any, key: Any) -> None:
    """Nothing is guessed where the list gave no id that can be sent back."""
    decided = plan([order(id=key)], rule())
    assert (decided.changes, codes(decided)) == ((), ["no_id"])
    assert decided.rules[0].matched == 1


def test_an_id_goes_back_as_it_came(plan: Any, order: Any, rule: Any) -> None:
    """Integers and UUIDs stay what they are, digits become the integer they spell."""
    decided = plan([order(id=7), order(id="8", order_id="b"), order(id=UUID, order_id="c")], rule())
    assert [change.id for change in decided.changes] == [7, 8, UUID]


def test_explicit_seeds_holds_a_uuid(plan: Any, order: Any, rule: Any) -> None:
    """Contract `seeds` writes integers only."""
    decided = plan([order(id=UUID)], rule(), contract="seeds")
    assert codes(decided) == ["id_not_integer"]


def test_a_value_that_the_orders_contract_lacks_holds_it(plan: Any, order: Any, rule: Any) -> None:
    """Under `auto` the kind of id decides which payment methods can be written."""
    paying = rule(action={"status": "confirmed", "payment_method": "va_bca"})
    decided = plan([order(id=1), order(id=UUID, order_id="b")], paying)
    assert [change.id for change in decided.changes] == [UUID]
    assert codes(decided) == ["not_in_contract"]


def test_seeds_cannot_repeat_a_status_that_is_no_target(plan: Any, order: Any, rule: Any) -> None:
    """A payment-only change under `seeds` writes the present status, which must be one that can be written."""
    paying = rule(query={}, action={"payment_status": "paid"})
    assert codes(plan([order(status="shipped_rts")], paying)) == ["status_not_writable"]
    assert len(plan([order(id=UUID, status="shipped_rts")], paying).changes) == 1


# --- no-ops ---------------------------------------------------------------------------------------------


def test_an_order_that_is_as_wanted_is_no_change(plan: Any, order: Any, rule: Any) -> None:
    """What is as wanted counts as matched and is neither planned nor held; unreadable fields do not decide."""
    done = rule(query={}, action={"status": "rts", "rtsproof_url": "https://x.example/1.jpg"})
    decided = plan([order(status="rts")], done)
    assert (decided.changes, decided.held, decided.rules[0].matched) == ((), (), 1)


def test_one_differing_value_makes_a_change(plan: Any, order: Any, rule: Any) -> None:
    """All readable values must be as wanted for there to be nothing to do."""
    paying = rule(query={}, action={"status": "pending", "payment_status": "paid"})
    assert len(plan([order()], paying).changes) == 1


def test_times_are_the_same_instant_in_any_zone(plan: Any, order: Any, rule: Any) -> None:
    """A transfer time that differs only in its zone is as wanted."""
    paying = rule(query={}, action={"payment_status": "unpaid", "transfer_time": "2026-03-01T07:00:00+07:00"})
    assert plan([order(transfer_time="2026-03-01T00:00:00Z")], paying).changes == ()


# --- priorities -----------------------------------------------------------------------------------------


def test_the_higher_priority_owns_an_order(plan: Any, order: Any, rule: Any) -> None:
    """The same change belongs to the higher rule; a different one is outranked, and the plan says by whom."""
    low = rule("low", priority=10)
    same = rule("same", priority=50)
    other = rule("other", priority=20, action={"status": "confirmed"})
    decided = plan([order()], [low, other, same])
    assert [change.rule for change in decided.changes] == ["same"]
    assert {held.rule: held.code for held in decided.held} == {"low": "same_change", "other": "outranked"}


def test_equals_that_disagree_are_both_held(plan: Any, order: Any, rule: Any) -> None:
    """At the same priority nobody wins, and rules below do not either."""
    decided = plan(
        [order()],
        [rule("a"), rule("b", action={"status": "confirmed"}), rule("below", priority=1)],
    )
    assert decided.changes == ()
    assert {held.rule: held.code for held in decided.held} == {
        "a": "rule_conflict",
        "b": "rule_conflict",
        "below": "held_by_higher",
    }


def test_equals_that_agree_make_one_change(plan: Any, order: Any, rule: Any) -> None:
    """`by` does not count: the same change is the same change."""
    decided = plan([order()], [rule("b"), rule("a")])
    assert [change.rule for change in decided.changes] == ["a"]
    assert codes(decided) == ["same_change"]


def test_a_hold_under_a_higher_rule_binds_the_lower(plan: Any, order: Any, rule: Any) -> None:
    """What the higher rule must not touch the lower may not either."""
    decided = plan(
        [order(transferproof_url="https://x.example/p.jpg")],
        [rule("high", priority=200), rule("low", action={"status": "confirmed"})],
    )
    assert decided.changes == ()
    assert {held.rule: held.code for held in decided.held} == {
        "high": "transfer_proof",
        "low": "held_by_higher",
    }


def test_a_previewing_rule_claims_nothing_against_live_ones(plan: Any, order: Any, rule: Any) -> None:
    """Where rules act by themselves, one in preview shows its change and takes none away."""
    rules = [rule("shown", priority=900), rule("live", mode=Mode.APPLY, action={"status": "confirmed"})]
    acting = plan([order()], rules, acting=True)
    assert sorted(change.rule for change in acting.changes) == ["live", "shown"]
    asked = plan([order()], rules)
    assert [change.rule for change in asked.changes] == ["shown"]


# --- limits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(orders=2), "limit_orders"),
        (Limits(value=Decimal(299_999)), "limit_value"),
        (Limits(orders_per_day=7), "limit_per_day"),
        (Limits(value_per_day=Decimal(999_999)), "limit_per_day"),
    ],
)
def test_a_rule_over_a_limit_has_all_its_changes_held(
    plan: Any, order: Any, rule: Any, limits: Any, code: Any
) -> None:
    """Over a limit nothing of the rule goes, every row stays visible, and other rules go on."""
    history = History(sent_today={"rule": Sent(5, Decimal(700_000))})
    orders = [order(n) for n in (1, 2, 3)]
    other = rule("other", query={"status": ("ready",)}, action={"status": "canceled"})
    decided = plan([*orders, order(4, status="ready")], [rule(limits=limits), other], history=history)
    assert [change.rule for change in decided.changes] == ["other"]
    assert [change.id for change in decided.over_limit] == [1, 2, 3]
    assert codes(decided) == [code] * 3


def test_a_limit_that_is_just_met_holds_nothing(plan: Any, order: Any, rule: Any) -> None:
    """A limit is what may be reached."""
    limits = Limits(orders=3, value=Decimal(300_000), orders_per_day=8, value_per_day=Decimal(1_000_000))
    history = History(sent_today={"rule": Sent(5, Decimal(700_000))})
    decided = plan([order(n) for n in (1, 2, 3)], rule(limits=limits), history=history)
    assert len(decided.changes) == 3


def test_a_share_is_of_the_orders_that_satisfy_the_query(plan: Any, order: Any, rule: Any) -> None:
    """The share counts the query as written, not what the conditions leave, and not below twenty orders."""
    sharing = rule(limits=Limits(share=Decimal("0.3")), conditions=[{"gross_revenue": {"lt": 50000}}])
    cheap = [order(n, gross_revenue="1.00") for n in range(1, 8)]
    rest = [order(n) for n in range(8, 21)]
    assert codes(plan([*cheap, *rest], sharing)) == ["limit_share"] * 7
    assert len(plan([*cheap[:6], *rest, order(99)], sharing).changes) == 6
    assert len(plan(cheap, sharing).changes) == 7


@pytest.mark.parametrize("given", ["n/a", ..., None, "-5.00", Decimal("9e999999"), Decimal("1e5000")])
def test_an_order_whose_money_is_unknown_is_held_under_a_money_limit(
    plan: Any, order: Any, rule: Any, given: Any
) -> None:
    """A limit on money counts what it can read, and holds what it cannot."""
    limited = rule(limits=Limits(value=Decimal(10**9)))
    decided = plan([order(gross_revenue=given), order(2)], limited)
    assert [change.id for change in decided.changes] == [2]
    assert codes(decided) == ["value_unknown"]
    assert len(plan([order(gross_revenue=given)], rule()).changes) == 1


def test_caps_hold_everything(plan: Any, order: Any, rule: Any) -> None:
    """The project's caps count all rules together."""
    rules = [rule("a"), rule("b", query={"status": ("ready",)})]
    decided = plan([order(1), order(2, status="ready")], rules, caps=Limits(orders=1))
    assert decided.changes == ()
    assert codes(decided) == ["cap", "cap"]


def test_a_backlog_is_worked_off_by_picking(plan: Any, order: Any, rule: Any) -> None:
    """A pick reaches what a limit held; without one only the plan's own changes go."""
    decided = plan([order(n) for n in (1, 2, 3)], rule(limits=Limits(orders=2)))
    assert select(decided, Pick()) == ()
    assert [change.id for change in select(decided, Pick(first=2))] == [1, 2]
    assert [change.id for change in select(decided, Pick(only=("260310002",)))] == [2]
    assert [change.id for change in select(decided, Pick(but=("2",)))] == [1, 3]


def test_a_name_that_means_two_orders_is_refused(plan: Any, order: Any, rule: Any) -> None:
    """One order's number may be another one's id: typed, it is refused with both named; by id it is the one order alone."""
    orders = [order(1), order(2, order_id="1"), order(3)]
    decided = plan(orders, rule())
    for pick in (Pick(only=("1",)), Pick(but=("3", "1"))):
        with pytest.raises(PlanRefused, match="`1` means two orders") as refused:
            select(decided, pick)
        assert "`260310001` with the id `1`, and `1` with the id `2`" in str(refused.value)
    assert [change.id for change in select(decided, Pick(only=("2", "260310003")))] == [2, 3]
    assert [change.id for change in select(decided, Pick(only=("1",), by_id=True))] == [1]
    assert [change.id for change in select(decided, Pick(but=("1",), by_id=True))] == [2, 3]


# --- reading --------------------------------------------------------------------------------------------


def test_an_unfinished_scan_holds_its_rules_and_those_of_the_same_status(
    plan: Any, order: Any, rule: Any
) -> None:
    """What was not read to the end decides nothing, for any rule that starts where it would have looked."""
    rules = [
        rule("needs-it"),
        rule("same-status", query={"status": ("pending",), "payment_status": ("unpaid",)}),
        rule("anywhere", query={}, conditions=[{"status": "ready"}]),
        rule("elsewhere", query={"status": ("ready",)}),
    ]
    orders = [order(1), order(2, status="ready")]
    decided = plan(orders, [rules[0], rules[1], rules[3]], failure={"pending": "broken"})
    assert not decided.complete
    assert [change.rule for change in decided.changes] == ["elsewhere"]
    assert {held.rule: held.code for held in decided.held} == {
        "needs-it": "incomplete_read",
        "same-status": "incomplete_read",
    }


def test_an_untrusted_filter_holds_a_rule_that_would_act_by_itself(plan: Any, order: Any, rule: Any) -> None:
    """A rule in mode `apply` must say that it relies on a filter nobody can check; a preview shows it."""
    query = {"search": ("JQ",)}
    decided = plan([order()], rule(query=query, mode=Mode.APPLY), acting=True)
    assert (decided.changes, codes(decided)) == ((), ["untrusted_filter"])
    trusting = rule(query=query, mode=Mode.APPLY, trust=frozenset({"search"}))
    decided = plan([order()], trusting, acting=True)
    assert len(decided.changes) == 1
    assert "search" in decided.warnings[0]


def test_a_filter_the_answer_does_not_show_holds_the_order(plan: Any, order: Any, rule: Any) -> None:
    """A missing key leaves a filter unconfirmed: nothing acts on it unless the rule trusts it."""
    by_platform = {"query": {"platform": ("shopee",)}}
    assert codes(plan([order()], rule(**by_platform))) == ["cannot_tell"]
    trusting = rule(**by_platform, trust=frozenset({"platform"}))
    assert len(plan([order()], trusting).changes) == 1


def test_a_value_that_cannot_be_read_is_reported(plan: Any, order: Any, rule: Any) -> None:
    """A malformed value is unknown to its condition, and the plan says that there was one."""
    asking = rule(conditions=[{"gross_revenue": {"lt": 500}}])
    decided = plan([order(gross_revenue="n/a")], asking)
    assert decided.rules[0].matched == 0
    assert "gross_revenue" in decided.warnings[0]
