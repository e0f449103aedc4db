"""What decisions are told of the past: confirmed changes, open ones, holds, and what today has cost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tertib.model import Confirmed, History, Sent, State

ACCOUNT = "default"


def history(desk: Any, ledger: Any, *ids: str, hours: float = 1) -> History:
    """Ask for the history of these orders, with what the last hours have sent."""
    orders = {key: f"order-{key}" for key in ids}
    found: History = ledger.history(ACCOUNT, orders, desk.now - timedelta(hours=hours))
    return found


def test_a_new_ledger_knows_nothing(desk: Any) -> None:
    """No account, no history, and no error."""
    assert history(desk, desk.open(), "1") == History()


def test_confirmed_changes_come_oldest_first_with_their_readable_values(desk: Any) -> None:
    """Per order: rule, values that an answer can show, and when they were sent."""
    ledger = desk.open()
    first, second = desk.change(1, set={"status": "ready", "by": "x"}), desk.change(1, rule="close")
    at = desk.now
    desk.confirm(ledger, first, desk.change(2))
    desk.later(minutes=5)
    desk.confirm(ledger, second)
    assert history(desk, ledger, "1").confirmed == {
        "1": (
            Confirmed("cancel", {"status": "ready"}, at),
            Confirmed("close", {"status": "canceled"}, desk.now),
        )
    }


def test_what_was_read_back_counts_as_confirmed(desk: Any) -> None:
    """A change found done is as known as one that was answered."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    desk.send(ledger, run, change)
    desk.end(ledger, run)
    sent = desk.now
    desk.later(minutes=15)
    (waiting,) = ledger.unsettled(ACCOUNT)
    assert history(desk, ledger, "1").unsettled == frozenset({"1"})
    ledger.settle(ACCOUNT, waiting, desk.outcome(change, State.CONFIRMED_BY_READBACK), desk.now)
    found = history(desk, ledger, "1")
    assert (found.unsettled, [one.at for one in found.confirmed["1"]]) == (frozenset(), [sent])


def test_what_reading_back_could_not_tell_counts_as_ours_until_it_is_released(desk: Any) -> None:
    """An order that may have had our change is judged as if it had, so that no rule repeats it unasked."""
    with desk.open() as ledger:
        change = desk.change(1)
        desk.end(ledger, sent_unanswered(desk, ledger, change))
        (waiting,) = ledger.unsettled("default")
        now = desk.later(minutes=16)
        ledger.settle("default", waiting, desk.outcome(change, State.HELD), now)
        known = ledger.history("default", {"1": "order-1"}, now)
        assert [one.rule for one in known.confirmed["1"]] == ["cancel"]
        ledger.release("default", "order-1", now)
        assert ledger.history("default", {"1": "order-1"}, now).confirmed == {}


def sent_unanswered(desk: Any, ledger: Any, change: Any) -> str:
    """Send a change that nobody answers; return its run."""
    run: str = desk.begin(ledger, change)
    desk.send(ledger, run, change)
    return run


def test_only_the_orders_asked_for_are_unsettled(desk: Any) -> None:
    """An unknown outcome of another order is no reason against this one."""
    ledger = desk.open()
    changes = desk.changes(3)
    run = desk.begin(ledger, *changes)
    desk.send(ledger, run, *changes)
    assert history(desk, ledger, "0", "2", "9").unsettled == frozenset({"0", "2"})


def test_thousands_of_orders_are_asked_for_at_once(desk: Any) -> None:
    """More ids than a statement can name are no obstacle."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(4999), desk.change(0))
    found = history(desk, ledger, *(str(number) for number in range(5000)))
    assert set(found.confirmed) == {"0", "4999"}


# --- releases -------------------------------------------------------------------------------------------


def test_a_release_forgets_what_came_before_it(desk: Any) -> None:
    """An order that was handed back is compared with later changes only, by id or order_id alike."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1), desk.change(2))
    assert ledger.release(ACCOUNT, "order-1", desk.later(minutes=1)) == 1
    assert set(history(desk, ledger, "1", "2").confirmed) == {"2"}
    again = desk.later(minutes=1)
    desk.confirm(ledger, desk.change(1))
    assert [one.at for one in history(desk, ledger, "1").confirmed["1"]] == [again]
    assert ledger.release(ACCOUNT, "1", desk.later(minutes=1)) == 1
    assert history(desk, ledger, "1").confirmed == {}


def test_releasing_what_was_never_changed_is_told(desk: Any) -> None:
    """A mistyped order number shows as none, and leaves no record."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1))
    before = desk.kinds(ledger)
    assert ledger.release(ACCOUNT, "order-404", desk.now) == 0
    assert desk.kinds(ledger) == before


# --- holds ----------------------------------------------------------------------------------------------


def test_a_hold_stands_until_its_time(desk: Any) -> None:
    """It is known by the name that was given, until `until`, and for good without one."""
    ledger = desk.open()
    ledger.hold(ACCOUNT, "order-1", desk.now + timedelta(days=1), "promised a delay", desk.now)
    ledger.hold(ACCOUNT, "2", None, "a friend of the owner", desk.now)
    assert history(desk, ledger).holds == {"order-1": "promised a delay", "2": "a friend of the owner"}
    desk.later(days=1)
    assert history(desk, ledger).holds == {"2": "a friend of the owner"}
    assert [(one.ref, one.until) for one in ledger.holds(ACCOUNT, desk.now)] == [("2", None)]


def test_a_later_hold_takes_the_place_of_an_earlier_one(desk: Any) -> None:
    """Holding again changes reason and end, also to an earlier one."""
    ledger = desk.open()
    ledger.hold(ACCOUNT, "1", None, "first", desk.now)
    ledger.hold(ACCOUNT, "1", desk.now + timedelta(hours=1), "second", desk.now)
    assert [(one.why, one.since) for one in ledger.holds(ACCOUNT, desk.now)] == [("second", desk.now)]
    assert ledger.holds(ACCOUNT, desk.later(hours=1)) == ()


def test_a_hold_can_be_ended(desk: Any) -> None:
    """Ending says whether there was one; the reason, which may name a person, never enters the chain."""
    ledger = desk.open()
    ledger.hold(ACCOUNT, "1", None, "Sari asked on 0812", desk.now)
    assert ledger.unhold(ACCOUNT, "1", desk.now)
    assert not ledger.unhold(ACCOUNT, "1", desk.now)
    assert ledger.holds(ACCOUNT, desk.now) == ()
    assert desk.kinds(ledger) == ["genesis", "order_held", "order_unheld"]
    assert all("Sari" not in record.body for record in ledger.audit_records(ACCOUNT))


# --- what today has cost --------------------------------------------------------------------------------


def test_what_was_sent_counts_by_rule_and_together(desk: Any) -> None:
    """Orders and exact money, for each rule and under the empty name for all."""
    ledger = desk.open()
    first = desk.change(1, value=Decimal("0.10"))
    second = desk.change(2, value=Decimal("0.20"))
    third = desk.change(3, rule="close", value=None)
    desk.confirm(ledger, first, second, third)
    assert history(desk, ledger).sent_today == {
        "cancel": Sent(2, Decimal("0.30")),
        "close": Sent(1, Decimal(0)),
        "": Sent(3, Decimal("0.30")),
    }


def test_only_what_was_sent_since_counts(desk: Any) -> None:
    """Yesterday's changes do not use up today's allowance; the first instant of today does."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1))
    midnight = desk.later(hours=3)
    desk.confirm(ledger, desk.change(2))
    assert ledger.history(ACCOUNT, {}, midnight).sent_today[""].orders == 1
    assert ledger.history(ACCOUNT, {}, midnight - timedelta(hours=3)).sent_today[""].orders == 2


def test_a_definite_refusal_does_not_count_and_an_unknown_one_does(desk: Any) -> None:
    """What may have messaged a buyer counts, also when it turns out not to have stuck."""
    ledger = desk.open()
    refused, put_back, unknown = desk.changes(3)
    run = desk.begin(ledger, refused, put_back, unknown)
    desk.answer(ledger, desk.send(ledger, run, refused), "refused", State.NOT_APPLIED, refused, status=422)
    desk.answer(ledger, desk.send(ledger, run, put_back), "refused", State.PLANNED, put_back, status=422)
    assert history(desk, ledger).sent_today == {}
    desk.answer(ledger, desk.send(ledger, run, unknown), "unknown", State.SENT, unknown, status=500)
    assert history(desk, ledger).sent_today[""].orders == 1
    desk.end(ledger, run)
    desk.later(minutes=15)
    ledger.settle(ACCOUNT, ledger.unsettled(ACCOUNT)[0], desk.outcome(unknown, State.NOT_APPLIED), desk.now)
    assert history(desk, ledger).sent_today[""].orders == 1


def test_a_change_that_was_put_back_and_sent_again_counts_once(desk: Any) -> None:
    """The second attempt of a bisection is the one that counts."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    desk.answer(ledger, desk.send(ledger, run, change), "refused", State.PLANNED, change, status=422)
    desk.answer(ledger, desk.send(ledger, run, change), "answered", State.CONFIRMED, change)
    assert history(desk, ledger).sent_today[""].orders == 1
