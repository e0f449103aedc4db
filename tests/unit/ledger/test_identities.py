"""Orders that got new ids: the record knows them by their numbers too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tertib.model import Held, State

ACCOUNT = "default"
UUID = "01930b7a-6a00-7c11-9a00-000000000001"


def moved(desk: Any, **given: Any) -> Any:
    """Return a change of order 1 under its new id."""
    return desk.change(UUID, order_id="order-1", **given)


def known(desk: Any, ledger: Any, number: str = "order-1") -> Any:
    """Return what is known of the order under its new id."""
    return ledger.history(ACCOUNT, {UUID: number}, desk.now - timedelta(hours=1))


def leave_open(desk: Any, ledger: Any, change: Any) -> None:
    """Do a run whose one change nobody learns the outcome of."""
    run = desk.begin(ledger, change)
    desk.answer(ledger, desk.send(ledger, run, change), "unknown", State.SENT, change, status=None)
    desk.end(ledger, run)


def test_what_is_known_of_an_order_is_known_under_every_id(desk: Any) -> None:
    """Open and confirmed changes, in the order of sending; another number is another order."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1))
    desk.later(minutes=1)
    desk.confirm(ledger, moved(desk, rule="close"))
    desk.later(minutes=1)
    leave_open(desk, ledger, desk.change(1, rule="third"))
    found = known(desk, ledger)
    assert [one.rule for one in found.confirmed[UUID]] == ["cancel", "close"]
    assert found.unsettled == {UUID}
    other = known(desk, ledger, "order-2")
    assert ([one.rule for one in other.confirmed[UUID]], other.unsettled) == (["close"], frozenset())


def test_orders_without_a_number_are_never_taken_for_one_another(desk: Any) -> None:
    """Where neither has one, nothing says that they are the same."""
    ledger = desk.open()
    leave_open(desk, ledger, desk.change(1, order_id=""))
    assert known(desk, ledger, "").unsettled == frozenset()
    again = desk.change(2, order_id="")
    run = desk.begin(ledger, again)
    assert desk.send(ledger, run, again).ids == (2,)


def test_nothing_is_let_out_while_the_order_is_open_under_its_other_id(desk: Any) -> None:
    """The claim's own condition, whatever a plan has overlooked; another order goes."""
    ledger = desk.open()
    leave_open(desk, ledger, desk.change(1))
    other = desk.change(2)
    run = desk.begin(ledger, moved(desk), other)
    assert desk.send(ledger, run, moved(desk), other).ids == (2,)


def test_a_run_lets_out_no_order_under_two_ids(desk: Any) -> None:
    """Neither together nor one after the other: it may be one order."""
    ledger = desk.open()
    changes = desk.change(1), moved(desk), desk.change(2)
    run = desk.begin(ledger, *changes)
    assert desk.send(ledger, run, *changes).ids == (2,)
    assert desk.send(ledger, run, changes[0]).ids == ()


def test_a_hold_by_an_earlier_id_keeps_the_order_from_a_claim(desk: Any) -> None:
    """A person may have named it before it got its new one."""
    ledger = desk.open()
    desk.confirm(ledger, desk.change(1))
    ledger.hold(ACCOUNT, "1", None, "the buyer called", desk.now)
    assert known(desk, ledger).holds == {"1": "the buyer called", UUID: "the buyer called"}
    run = desk.begin(ledger, moved(desk))
    assert desk.send(ledger, run, moved(desk)).ids == ()


def test_an_order_is_handed_back_under_all_its_ids(desk: Any) -> None:
    """By its number, or by either id."""
    ledger = desk.open()
    for ref in ("order-1", "1", UUID):
        desk.confirm(ledger, desk.change(1))
        desk.confirm(ledger, moved(desk))
        assert known(desk, ledger).confirmed[UUID]
        assert ledger.release(ACCOUNT, ref, desk.later(minutes=1)) == 2
        assert known(desk, ledger).confirmed == {}
        desk.later(minutes=1)


def test_a_person_s_change_is_noted_against_the_rule_under_the_old_id(desk: Any) -> None:
    """The rule's repute and the list of orders left alone find the change that the person undid."""
    ledger = desk.open()
    since = desk.now
    desk.confirm(ledger, desk.change(1))
    desk.later(minutes=1)
    why = Held("order-1", "cancel", "human_change", "a person changed it", UUID)
    desk.save(ledger, held=(why, Held("order-9", "cancel", "human_change", "a person changed it", 9)))
    (repute,) = ledger.reputes(ACCOUNT, {"cancel": "hash of cancel"}, since).values()
    assert (repute.changed, repute.reversed) == (1, 1)
    assert [one.order_id for one in ledger.quarantined(ACCOUNT)] == ["order-1"]
    desk.later(minutes=1)
    desk.confirm(ledger, moved(desk))
    assert ledger.quarantined(ACCOUNT) == ()


def test_an_undo_is_told_of_what_came_later_under_the_new_id(desk: Any) -> None:
    """What a later run did is undone first."""
    ledger = desk.open()
    first = desk.confirm(ledger, desk.change(1), desk.change(2))
    later = desk.confirm(ledger, moved(desk, rule="close"))
    assert [one.since for one in ledger.done(ACCOUNT, first)] == [(later, "close"), None]
