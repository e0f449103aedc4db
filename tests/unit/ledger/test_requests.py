"""Claims and answers: only what the compare-and-set returns may be sent, and only what is certain is believed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tertib.errors import AccountHalted, LeaseLost, LedgerError
from tertib.model import Answer, Echo, State

ACCOUNT = "default"


# --- what a claim lets out ------------------------------------------------------------------------------


def test_a_claim_moves_planned_to_sent_and_returns_what_it_moved(desk: Any) -> None:
    """The ids come back in the order asked for and in the type they had; the rest stays planned."""
    ledger = desk.open()
    changes = [
        desk.change(7),
        desk.change("01890a5d-ac96-774b-bcce-b302099a8057"),
        desk.change(3),
        desk.change(5),
    ]
    run = desk.begin(ledger, *changes)
    claim = desk.send(ledger, run, *changes[:3])
    assert claim.ids == (7, "01890a5d-ac96-774b-bcce-b302099a8057", 3)
    assert (claim.request_id, claim.epoch, claim.deadline) == (
        "default-1.1",
        1,
        desk.now + timedelta(minutes=2),
    )
    assert desk.states(ledger, run) == {"7": "sent", str(changes[1].id): "sent", "3": "sent", "5": "planned"}


def test_what_was_sent_is_never_claimed_again(desk: Any) -> None:
    """A second claim of the same orders returns none and leaves no request behind."""
    ledger = desk.open()
    changes = desk.changes(2)
    run = desk.begin(ledger, *changes)
    desk.send(ledger, run, *changes)
    assert desk.send(ledger, run, *changes).ids == ()
    assert [one.request_id for one in ledger.run_details(run).requests] == ["default-1.1"]


def test_an_order_that_is_named_twice_is_let_out_once(desk: Any) -> None:
    """A body must not hold an id twice."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    assert desk.send(ledger, run, change, change).ids == (1,)


def test_an_order_with_an_unknown_outcome_is_left_out(desk: Any) -> None:
    """Whatever an earlier run may have done to it, nothing follows before that is read back."""
    ledger = desk.open()
    first, second = desk.changes(2)
    run = desk.begin(ledger, first)
    desk.answer(ledger, desk.send(ledger, run, first), "unknown", State.SENT, first, status=None)
    desk.end(ledger, run)
    again = desk.begin(ledger, first, second)
    assert desk.send(ledger, again, first, second).ids == (1,)


@pytest.mark.parametrize("ref", ["1", "order-1"])
def test_an_order_on_hold_is_left_out(desk: Any, ref: str) -> None:
    """Held between the last look and the request, by its id or its number, it stays planned; the others go."""
    ledger = desk.open()
    changes = desk.changes(3)
    run = desk.begin(ledger, *changes)
    ledger.hold(ACCOUNT, ref, None, "the buyer called", desk.now)
    assert desk.send(ledger, run, *changes).ids == (0, 2)
    assert desk.states(ledger, run) == {"0": "sent", "1": "planned", "2": "sent"}


def test_a_uuid_on_hold_is_left_out(desk: Any) -> None:
    """An id of either kind can be named, and a request of which nothing is left leaves no trace."""
    ledger = desk.open()
    change = desk.change("01890a5d-ac96-774b-bcce-b302099a8057")
    run = desk.begin(ledger, change)
    ledger.hold(ACCOUNT, str(change.id), None, "the buyer called", desk.now)
    assert desk.send(ledger, run, change).ids == ()
    assert ledger.run_details(run).requests == ()


def test_holds_that_do_not_bind_keep_no_order_from_a_claim(desk: Any) -> None:
    """One that is over by now, one that was ended, and one of another account's order of the same name."""
    ledger = desk.open()
    changes = desk.changes(3)
    run = desk.begin(ledger, *changes)
    ledger.hold(ACCOUNT, "0", desk.now + timedelta(seconds=1), "for a second", desk.now)
    ledger.hold(ACCOUNT, "1", None, "a mistake", desk.now)
    assert ledger.unhold(ACCOUNT, "1", desk.now)
    ledger.hold("melati", "2", None, "of another shop", desk.now)
    desk.later(seconds=1)
    assert desk.send(ledger, run, *changes).ids == (0, 1, 2)


def test_the_database_itself_refuses_a_second_unsettled_change(desk: Any) -> None:
    """Even a statement that bypasses the claim cannot bring one order to `sent` twice."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    desk.send(ledger, run, change)
    desk.end(ledger, run)
    desk.begin(ledger, change)
    with pytest.raises(Exception, match=r"(?i)unique"):
        desk.execute("UPDATE changes SET state = 'sent' WHERE state = 'planned'")


def test_a_change_under_another_rules_name_is_not_claimed(desk: Any) -> None:
    """Order and rule together name a change."""
    ledger = desk.open()
    run = desk.begin(ledger, desk.change(1))
    assert desk.send(ledger, run, desk.change(1, rule="other")).ids == ()


def test_a_lease_that_is_over_lets_nothing_out(desk: Any) -> None:
    """An expired lease ends the run's sending even where nobody else took the account."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    desk.later(minutes=2)
    with pytest.raises(LeaseLost):
        desk.send(ledger, run, change)
    assert desk.states(ledger, run) == {"1": "planned"}


def test_each_claim_extends_the_lease(desk: Any) -> None:
    """A request always has the whole lease before it."""
    ledger = desk.open()
    changes = desk.changes(4)
    run = desk.begin(ledger, *changes)
    for one in changes:
        desk.later(seconds=100)
        assert desk.send(ledger, run, one).ids == (one.id,)


def test_a_halted_account_lets_nothing_out(desk: Any) -> None:
    """A halt stops a run that is under way."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    ledger.halt(ACCOUNT, "look first", desk.now)
    with pytest.raises(AccountHalted):
        desk.send(ledger, run, change)
    assert desk.states(ledger, run) == {"1": "planned"}


def test_more_orders_than_one_statement_names(desk: Any) -> None:
    """A claim of many orders is still one transaction and returns all of them in order."""
    ledger = desk.open()
    changes = desk.changes(1201)
    run = desk.begin(ledger, *changes)
    assert desk.send(ledger, run, *changes).ids == tuple(range(1201))


def test_the_claim_keeps_what_the_last_reading_found(desk: Any) -> None:
    """An undo goes back to the values just before the change, which may differ from those of the plan."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    read = desk.later(seconds=30)
    desk.send(ledger, run, desk.change(1, before={"status": "confirmed"}))
    kept = ledger.run_details(run).changes[0]
    assert (kept.before["status"], kept.found, kept.read_at) == ("pending", {"status": "confirmed"}, read)


def test_personal_values_are_never_written_in_clear(desk: Any, tmp_path: Any) -> None:
    """Neither the tables nor the audit chain hold an account number; the chain holds not even its hash."""
    ledger = desk.open()
    values = {
        "payment_status": "paid",
        "payment_account_number": "9876543210",
        "payment_account_holder": "Sari Dewi",
    }
    change = desk.change(1, set=values, before=values | {"payment_status": "unpaid"})
    run = desk.begin(ledger, desk.change(1, set={}, before={}), desk.change(2))
    ledger.intend(run, [desk.change(3, set=values, before=values)], [{}], desk.now)
    claim = desk.send(ledger, run, change, body={"ids": [1], **values})
    desk.answer(ledger, claim, "unknown", State.SENT, change)
    print_of = ledger.fingerprint("9876543210")
    assert ledger.run_details(run).requests[0].body["payment_account_number"] == {"fingerprint": print_of}
    assert ledger.run_details(run).changes[2].set["payment_account_number"] == {"fingerprint": print_of}
    sent = next(iter(ledger.audit_records(ACCOUNT, kind="request_sent")))
    assert sent.facts["body"] == {"payment_status": "paid"}
    assert sent.facts["withheld"] == ["payment_account_holder", "payment_account_number"]
    assert all(print_of not in record.body for record in ledger.audit_records(ACCOUNT))
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"9876543210" not in content
        assert b"Sari Dewi" not in content


# --- what an answer settles -----------------------------------------------------------------------------


def test_an_answer_its_outcomes_and_its_record_come_together(desk: Any) -> None:
    """Request, changes and chain all tell the same after one call."""
    ledger = desk.open()
    first, second = desk.changes(2)
    run = desk.begin(ledger, first, second)
    claim = desk.send(ledger, run, first, second)
    answered = desk.later(seconds=2)
    outcomes = [desk.outcome(first, State.CONFIRMED), desk.outcome(second, State.SENT, "not named")]
    ledger.answer(claim, Answer("answered", 200, message="x" * 900), outcomes, answered)
    request = ledger.run_details(run).requests[0]
    assert (request.status, request.how, request.answered_at, len(request.message)) == (
        200,
        "answered",
        answered,
        500,
    )
    kept = ledger.run_details(run).changes
    assert [(one.state, one.why, one.settled_at) for one in kept] == [
        ("confirmed", "because", answered),
        ("sent", "not named", None),
    ]
    told = list(ledger.audit_records(ACCOUNT))[-1]
    assert (told.kind, told.facts["how"], [one["state"] for one in told.facts["outcomes"]]) == (
        "request_answered",
        "answered",
        ["confirmed", "sent"],
    )


def test_an_order_that_no_outcome_names_stays_sent(desk: Any) -> None:
    """Silence is not success."""
    ledger = desk.open()
    first, second = desk.changes(2)
    run = desk.begin(ledger, first, second)
    desk.answer(ledger, desk.send(ledger, run, first, second), "answered", State.CONFIRMED, first)
    assert desk.states(ledger, run) == {"0": "confirmed", "1": "sent"}
    assert ledger.unsettled(ACCOUNT)[0].due_at == desk.now + timedelta(minutes=15)


def test_a_definite_refusal_can_be_tried_again_in_parts(desk: Any) -> None:
    """Put back to `planned`, a change can be claimed again, in a request of its own."""
    ledger = desk.open()
    first, second = desk.changes(2)
    run = desk.begin(ledger, first, second)
    desk.answer(
        ledger, desk.send(ledger, run, first, second), "refused", State.PLANNED, first, second, status=422
    )
    kept = ledger.run_details(run).changes
    assert [(one.state, one.request_id, one.sent_at, one.due_at) for one in kept] == [
        ("planned", None, None, None)
    ] * 2
    claim = desk.send(ledger, run, first)
    assert (claim.ids, claim.request_id) == ((0,), "default-1.2")
    desk.answer(ledger, claim, "answered", State.CONFIRMED, first)
    assert desk.states(ledger, run) == {"0": "confirmed", "1": "planned"}


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("unknown", State.PLANNED),
        ("unknown", State.NOT_APPLIED),
        ("unknown", State.CONFIRMED),
        ("answered", State.PLANNED),
        ("answered", State.NOT_APPLIED),
        ("refused", State.CONFIRMED),
        ("refused", State.SENT),
    ],
)
def test_outcomes_that_an_answer_cannot_have(desk: Any, how: Any, state: State) -> None:
    """What would send an order twice, or claim more than is known, is not written."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    claim = desk.send(ledger, run, change)
    with pytest.raises(ValueError, match=f"a request that was {how} leaves no change `{state}`"):
        desk.answer(ledger, claim, how, state, change)
    assert desk.states(ledger, run) == {"1": "sent"}


def test_an_order_that_was_not_in_the_request_gets_no_outcome(desk: Any) -> None:
    """An outcome of another order is a mistake, and nothing of the answer is written."""
    ledger = desk.open()
    first, second = desk.changes(2)
    run = desk.begin(ledger, first, second)
    claim = desk.send(ledger, run, first)
    with pytest.raises(ValueError, match="order `order-1` was not in request"):
        desk.answer(ledger, claim, "answered", State.CONFIRMED, first, second)
    assert desk.states(ledger, run) == {"0": "sent", "1": "planned"}


def test_an_answer_is_recorded_once(desk: Any) -> None:
    """A change that has its end keeps it."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    claim = desk.send(ledger, run, change)
    desk.answer(ledger, claim, "refused", State.NOT_APPLIED, change, status=422)
    with pytest.raises(LedgerError, match="the change of order `order-1` was already settled"):
        desk.answer(ledger, claim, "answered", State.CONFIRMED, change)
    assert desk.states(ledger, run) == {"1": "not_applied"}


def test_an_answer_to_a_request_that_is_unknown(desk: Any) -> None:
    """A claim of another ledger is refused."""
    ledger = desk.open()
    change = desk.change(1)
    run = desk.begin(ledger, change)
    claim = desk.send(ledger, run, change, desk.change(2))
    desk.execute("UPDATE changes SET request = NULL")
    desk.execute("DELETE FROM requests")
    with pytest.raises(LedgerError, match=r"this ledger has no request `default-1\.1`"):
        desk.answer(ledger, claim, "answered", State.CONFIRMED, change)


def test_an_answer_that_names_orders_nobody_sent_stops_the_account_at_once(desk: Any) -> None:
    """Answer and stop are one transaction: whoever dies right after it leaves an account that nobody may write."""
    with desk.open() as ledger:
        change = desk.change(1)
        run = desk.begin(ledger, change)
        claim = desk.send(ledger, run, change)
        echoes = (Echo(1, "canceled", "unpaid"), Echo(99, "canceled", "unpaid"))
        outcomes = [desk.outcome(change, State.CONFIRMED)]
        why = ledger.answer(claim, Answer("answered", 200, echoes), outcomes, desk.now)
        assert "99" in str(why)
        assert ledger.halted("default") == why
        assert desk.kinds(ledger)[-2:] == ["request_answered", "account_halted"]


def test_an_answer_that_names_only_what_was_sent_stops_nothing(desk: Any) -> None:
    """The ordinary answer goes on."""
    with desk.open() as ledger:
        change = desk.change(1)
        claim = desk.send(ledger, desk.begin(ledger, change), change)
        given = Answer("answered", 200, (Echo(1, "canceled", "unpaid"),))
        assert ledger.answer(claim, given, [desk.outcome(change, State.CONFIRMED)], desk.now) is None
        assert ledger.halted("default") is None
