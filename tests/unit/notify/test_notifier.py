"""What people are told of the record: once when it changes, again as a reminder, and never of persons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from shopfloor import ACCOUNT, CANARIES, Floor
from tertib.model import Channel, Held, NotifyEvent, Secret, State

Make = Callable[..., Any]


def owner(**given: Any) -> Channel:
    """Return a channel."""
    return Channel(**{"name": "owner", "url": Secret(env="OWNER_URL"), "language": "en", **given})


# --- what is told ---------------------------------------------------------------------------------------


def test_an_approval_is_told_once_and_then_reminded_of(floor: Floor, desk: Make) -> None:
    """A later plan of the same rule is the same thing to decide; after six hours people are reminded of it."""
    told = desk()
    plan = floor.ask("cancel", floor.change("cancel", "12400000"), floor.change("cancel", "0"))
    ((_, title, text),) = told.look()
    assert title == "2 orders wait for your yes: Rp 12.400.000"
    assert f"tertib approve {plan.plan_id}" in text
    floor.later(minutes=30)
    newer = floor.ask("cancel", floor.change("cancel"))
    assert told.look() == []
    floor.later(hours=6)
    ((_, title, text),) = told.look()
    assert title == "1 order still waits for your yes: Rp 100.000"
    assert newer.plan_id in text
    assert told.look() == []


def test_after_a_decision_the_next_plan_is_told(floor: Floor, desk: Make) -> None:
    """Somebody said no: what the rule wants next is something new to decide, whether anybody looked in between or not."""
    told = desk()
    plan = floor.ask("cancel", floor.change("cancel"))
    assert len(told.look()) == 1
    floor.ledger.approvals.reject(ACCOUNT, plan.plan_id, who="Budi", now=floor.later(minutes=1))
    floor.later(minutes=30)
    floor.ask("cancel", floor.change("cancel"))
    assert told.titles() == ["1 order waits for your yes: Rp 100.000"]


def test_only_what_is_confirmed_is_told_as_applied(floor: Floor, desk: Make) -> None:
    """A run tells of the orders that Scalev confirmed, once; what is unknown is told as such, and how it ended."""
    told = desk()
    floor.run(floor.plan("cancel", floor.change("cancel"), floor.change("cancel")))
    unknown = floor.run(floor.plan("close", floor.change("close", "70000")), State.SENT, status=504)
    ((_, applied, text), (_, left, _)) = told.look()
    assert (applied, left) == (
        "2 orders were changed: Rp 200.000",
        "nobody knows yet what became of 1 order",
    )
    assert "confirmed by Scalev" in text
    assert told.look() == []
    floor.settle(State.CONFIRMED_BY_READBACK)
    ((_, title, text),) = told.look()
    assert title == "what was unknown is known now"
    assert text.startswith("Read back: 1 changed, 0 did not.")
    assert unknown in text
    assert told.look() == []


def test_a_run_at_work_is_not_told(floor: Floor, desk: Make) -> None:
    """Nothing is told of a run before it has ended, not even what it has sent."""
    told = desk()
    plan = floor.plan("cancel", floor.change("cancel"))
    run = floor.ledger.begin(ACCOUNT, plan.plan_id, kind="slot", slots=(), now=floor.now)
    floor.ledger.intend(run, plan.changes, [{"before": {}, "set": {}}], floor.now)
    floor.ledger.claim(run, plan.changes, {"ids": []}, floor.now)
    assert told.look() == []


@pytest.mark.parametrize(
    ("code", "title"),
    [("limit_orders", "1 rule has hit a limit"), ("rule_conflict", "1 rule is held")],
)
def test_held_whole_is_told_by_what_held_it(floor: Floor, desk: Make, code: str, title: str) -> None:
    """A limit and anything else are two things to tell; both are told once, and another reason anew."""
    told = desk()
    floor.slot("cancel", "held", held=(code,))
    assert told.titles() == [title]
    floor.slot("cancel", "held", held=(code,))
    assert told.titles() == []
    floor.slot("cancel", "held", held=("cap",))
    assert told.titles() == ["1 rule has hit a limit"]
    floor.slot("cancel", "done")
    assert told.titles() == []
    floor.slot("cancel", "held", held=(code,))
    assert told.titles() == [title]


def test_a_pause_is_not_told(floor: Floor, desk: Make) -> None:
    """Whoever paused a rule knows of it."""
    told = desk()
    floor.slot("cancel", "held", held=("paused",))
    assert told.look() == []


def test_a_failing_rule_is_told_with_its_end(floor: Floor, desk: Make) -> None:
    """The first failure, the reminder with how many there were, and that it runs again."""
    told = desk(remind=timedelta(hours=1))
    floor.slot("cancel", "failed", cause="reading")
    ((_, title, text),) = told.look()
    assert (title, text) == (
        "1 rule fails",
        "cancel: orders cannot be read from Scalev. Details: tertib runs --slots",
    )
    floor.slot("cancel", "failed", cause="reading")
    floor.slot("cancel", "failed", cause="reading")
    ((_, title, text),) = told.look()
    assert title == "1 rule still fails"
    assert "3 times in a row" in text
    floor.slot("cancel", "done")
    assert told.titles() == ["1 rule runs again"]


def test_a_stop_is_no_failure(floor: Floor, desk: Make) -> None:
    """A slot that ended because somebody stopped the program says nothing of its rule."""
    told = desk()
    floor.slot("cancel", "failed", cause="stopped")
    assert told.look() == []


def test_a_rejected_token_is_told_once_for_all_rules(floor: Floor, desk: Make) -> None:
    """One message, however many rules could not run, and one when it works again."""
    told = desk()
    for rule in ("cancel", "close", "complete"):
        floor.slot(rule, "failed", cause="token")
    assert told.titles() == ["Scalev rejects the token"]
    floor.slot("cancel", "failed", cause="token")
    assert told.titles() == []
    floor.slot("cancel", "done")
    assert told.titles() == ["the token is accepted again"]


def test_a_token_that_may_not_change_orders_is_told(floor: Floor, desk: Make) -> None:
    """Reading goes well, and Scalev turns the change down: that is known from the request's answer."""
    told = desk()
    floor.run(floor.plan("cancel", floor.change("cancel")), State.NOT_APPLIED, status=403)
    ((_, title, text),) = told.look()
    assert title == "Scalev rejects the token"
    assert text.startswith("The token may not change orders.")
    assert told.look() == []
    floor.run(floor.plan("cancel", floor.change("cancel")))
    assert told.titles() == ["1 order was changed: Rp 100.000", "the token is accepted again"]


def test_a_rule_that_matches_and_never_changes_is_told(floor: Floor, desk: Make) -> None:
    """After so many slots in a row with matches and no change, and not a slot earlier; one change ends it."""
    told = desk(idle_slots=3)
    for _ in range(2):
        floor.slot("cancel", plan=floor.plan("cancel", matched=4))
        assert told.look() == []
    floor.slot("cancel", plan=floor.plan("cancel", matched=4))
    assert told.titles() == ["1 rule changes nothing"]
    floor.slot("cancel", plan=floor.plan("cancel", floor.change("cancel")))
    assert told.titles() == ["1 order was changed: Rp 100.000"]
    for _ in range(3):
        floor.slot("close", plan=floor.plan("close", matched=0))
    assert told.look() == []


def test_a_rule_that_was_taken_away_is_forgotten(floor: Floor, desk: Make) -> None:
    """Nobody is reminded for ever of a rule that has no schedule any more."""
    told = desk()
    floor.slot("cancel", "failed", cause="reading")
    assert told.titles("cancel") == ["1 rule fails"]
    floor.later(hours=7)
    assert told.titles("close") == []
    assert set(floor.ledger.notices.standing(ACCOUNT)) == {"seen"}


def test_nothing_is_told_of_before_the_first_look(floor: Floor, desk: Make) -> None:
    """Switching messages on does not send a year of them."""
    floor.run(floor.plan("cancel", floor.change("cancel")))
    floor.slot("cancel", "failed", cause="reading")
    floor.later(hours=1)
    assert desk().look() == []


def test_things_of_one_kind_share_a_message(floor: Floor, desk: Make) -> None:
    """Twelve rules that fail together are one message, which lists ten of them."""
    told = desk()
    for number in range(12):
        floor.slot(f"rule-{number:02}", "failed", cause="reading")
    ((_, title, text),) = told.look()
    assert title == "12 rules fail"
    assert len(text.splitlines()) == 11
    assert text.endswith("… and 2 more")


# --- to whom --------------------------------------------------------------------------------------------


def test_each_channel_hears_what_it_asked_for(floor: Floor, desk: Make) -> None:
    """By kind, by money and in its own language, with the link that the settings name."""
    told = desk(
        owner(name="dear", min_money=Decimal(1_000_000), language="id"),
        owner(name="cheap", on=("approval",)),
        owner(name="failures", on=("failing",)),
        link="https://tertib.example/",
    )
    floor.ask("cancel", floor.change("cancel", "90000"))
    floor.ask("close", floor.change("close", "12400000"))
    found = {name: (title, text) for name, title, text in told.look()}
    assert set(found) == {"dear", "cheap"}
    assert found["dear"][0] == "1 pesanan menunggu persetujuan Anda: Rp 12.400.000"
    assert found["cheap"][0] == "2 orders wait for your yes: Rp 12.490.000"
    assert all(text.endswith("https://tertib.example/") for _, text in found.values())


def test_a_project_says_it_in_its_own_words(floor: Floor, desk: Make, tmp_path: Path) -> None:
    """A text of the project's takes the place of ours; one that fails is told of, and ours is used."""
    own = tmp_path / "en.yaml"
    own.write_text("titles: {approval_new: 'boss, {{ count }} to look at'}\n", encoding="utf-8")
    told = desk(texts=str(tmp_path))
    floor.ask("cancel", floor.change("cancel"))
    assert told.titles() == ["boss, 1 to look at"]
    own.write_text("titles: {failing_new: '{{ order.customer }}'}\n", encoding="utf-8")
    floor.slot("cancel", "failed", cause="reading")
    assert told.titles() == ["1 rule fails"]
    (warned,) = told.warned
    assert warned["event"] == "own text not used"
    assert "titles.failing_new" in warned["why"]


# --- what is never told ---------------------------------------------------------------------------------


def everything(floor: Floor) -> None:
    """Let everything happen that people are told of."""
    floor.ask("ask", floor.change("ask"))
    floor.run(floor.plan("cancel", floor.change("cancel")))
    floor.run(floor.plan("close", floor.change("close")), State.SENT, status=504)
    floor.run(floor.plan("pay", floor.change("pay")), State.NOT_APPLIED, status=401)
    floor.slot("limited", "held", held=("limit_orders",))
    floor.slot("conflicted", "held", held=("rule_conflict",))
    floor.slot("broken", "failed", cause="rule")
    floor.slot("new-cause", "failed")
    for _ in range(2):
        held = (Held("ORD-CANARY-1", "idle", "cannot_tell", CANARIES[0]),)
        floor.slot("idle", plan=floor.plan("idle", matched=1, held=held))


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_message_holds_personal_data(floor: Floor, desk: Make, language: Any) -> None:
    """Every kind, new, as a reminder and when it is over: nothing of any buyer or order is in any message."""
    told = desk(owner(language=language), idle_slots=2, remind=timedelta(hours=6))
    everything(floor)
    fresh = told.look()
    floor.later(hours=7)
    still = told.look()
    floor.settle(State.HELD)
    for rule in ("broken", "new-cause"):
        floor.slot(rule, "done")
    floor.run(floor.plan("pay", floor.change("pay")))
    over = told.look()
    kinds = len(get_args(NotifyEvent))
    assert (len(fresh), len(still), len(over)) == (kinds, kinds - 1, 4)
    whole = "\n".join(part for message in told.sent for part in message)
    assert [canary for canary in CANARIES if canary in whole] == []
    assert "{" not in whole


def test_hidden_characters_do_not_leave(floor: Floor, desk: Make) -> None:
    """A name that would turn a line around shows that it would."""
    told = desk()
    floor.slot("can\u202ecel\x07", "failed", cause="reading")
    ((_, _, text),) = told.look()
    assert text.startswith("can�cel�:")
