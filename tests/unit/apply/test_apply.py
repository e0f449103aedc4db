"""Applying: what is sent, what is believed, and what stops everything."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tertib.errors import AccountHalted, LedgerError, PlanRefused
from tertib.model import Answer, Echo, Limits, Pick, Run, State
from tertib.record import document, restore

UUID = "01890a5d-ac96-774b-bcce-b302099a8057"


def states(run: Run) -> dict[str, int]:
    """Count the outcomes of a run by state."""
    return dict(Counter(str(one.state) for one in run.outcomes))


def refuse(status: int | None, message: str = "no") -> Any:
    """Return a scripted answer that refuses a request for certain."""
    return lambda _body: Answer("refused", status, message=message)


# --- what is sent ---------------------------------------------------------------------------------------


def test_equal_bodies_share_requests_of_at_most_batch_size(world: Any) -> None:
    """120 orders with equal values go in three requests, each id once."""
    for number in range(120):
        world.shop.add(number)
    run = world.apply(world.plan(world.rule()))
    assert [len(body["ids"]) for body in world.shop.bodies] == [50, 50, 20]
    assert sorted(world.shop.sent_ids) == list(range(120))
    assert (states(run), run.sent, run.stopped) == ({"confirmed": 120}, 120, None)


def test_different_values_go_in_different_requests(world: Any) -> None:
    """Orders whose rendered values differ never share a request."""
    for number in range(3):
        world.shop.add(number)
    url = "https://cdn.example/{{ order.order_id }}.jpg"
    rule = world.rule(action={"status": "confirmed", "payment_status": "paid", "transferproof_url": url})
    world.apply(world.plan(rule))
    assert [body["transferproof_url"] for body in world.shop.bodies] == [
        f"https://cdn.example/order-{number}.jpg" for number in range(3)
    ]


def test_after_an_apply_the_next_plan_is_empty(world: Any) -> None:
    """What was done is not planned again."""
    world.shop.add(1)
    world.apply(world.plan(world.rule()))
    assert world.plan(world.rule(query={})).changes == ()


def test_a_payment_only_change_repeats_the_status_under_seeds_and_goes_alone_under_current(
    world: Any,
) -> None:
    """Integer ids get their present status repeated, grouped by it; UUIDs get the payment status alone."""
    world.shop.add(1)
    world.shop.add(2, status="ready")
    world.shop.add(UUID)
    world.apply(world.plan(world.rule(query={}, action={"payment_status": "paid"})))
    sent = {str(body["ids"][0]): body for body in world.shop.bodies}
    assert sent["1"]["status"] == "pending"
    assert sent["2"]["status"] == "ready"
    assert "status" not in sent[UUID]
    assert all(body["payment_status"] == "paid" for body in world.shop.bodies)


def test_a_repeated_status_is_read_immediately_before(world: Any) -> None:
    """An order that moved since the plan keeps its new status when only its payment is written."""
    world.shop.add(1)
    plan = world.plan(world.rule(query={}, action={"payment_status": "paid"}))
    world.shop.orders["1"]["status"] = "confirmed"
    world.apply(plan)
    assert world.shop.bodies[0]["status"] == "confirmed"


# --- stale readings -------------------------------------------------------------------------------------


def test_a_young_reading_is_not_read_again(world: Any) -> None:
    """Within `max_read_age` the plan's own reading is enough."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    before = len(world.shop.requests)
    world.apply(plan)
    assert len(world.shop.requests) == before


def test_a_stale_order_is_read_again_and_dropped_if_it_no_longer_passes(world: Any) -> None:
    """A buyer who paid after the preview keeps the order; the rest goes on."""
    world.shop.add(1)
    world.shop.add(2)
    plan = world.plan(world.rule(query={}))
    world.clock.moment += timedelta(minutes=5)
    world.shop.orders["1"]["payment_status"] = "paid"
    run = world.apply(plan)
    assert world.shop.sent_ids == [2]
    assert states(run) == {"stale": 1, "confirmed": 1}
    assert "paid" in next(one.why for one in run.outcomes if one.state is State.STALE)


def test_stale_orders_are_read_the_cheaper_way(world: Any) -> None:
    """Sixty orders on three pages are read again by their query, in three requests rather than sixty."""
    for number in range(60):
        world.shop.add(number)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(minutes=5)
    before = len(world.shop.requests)
    run = world.apply(plan)
    assert len(world.shop.requests) - before == 3
    assert states(run) == {"confirmed": 60}


def test_one_stale_order_among_many_pages_is_read_singly(world: Any) -> None:
    """One order of a long list costs one request."""
    for number in range(100):
        world.shop.add(number)
    plan = world.plan(world.rule(conditions=[{"order_id": "order-77"}]))
    world.clock.moment += timedelta(minutes=5)
    before = len(world.shop.requests)
    world.apply(plan)
    assert [one["order_id"] for one in world.shop.requests[before:]] == ["order-77"]
    assert world.shop.sent_ids == [77]


def test_an_order_that_matches_only_now_is_not_added(world: Any) -> None:
    """What is applied is what was previewed."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.shop.add(2)
    world.clock.moment += timedelta(minutes=5)
    world.apply(plan)
    assert world.shop.sent_ids == [1]


def test_an_order_that_is_gone_is_dropped(world: Any) -> None:
    """Scalev no longer returns it, so nothing is sent for it."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.shop.orders.clear()
    world.clock.moment += timedelta(minutes=5)
    assert states(world.apply(plan)) == {"stale": 1}
    assert world.shop.bodies == []


def test_what_another_run_changed_since_is_read_again(world: Any) -> None:
    """Two plans made from the same reading do not do the same thing twice."""
    world.shop.add(1)
    first, second = world.plan(world.rule()), world.plan(world.rule("other"))
    world.apply(first)
    run = world.apply(second)
    assert world.shop.sent_ids == [1]
    assert states(run) == {"stale": 1}


def test_a_reading_that_grows_old_at_the_last_moment_sends_nothing(world: Any) -> None:
    """Age is checked again beside the socket, after the ledger has been written."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.shop.await_turn = lambda: None
    claim = world.ledger.claim

    def slow_claim(*given: Any, **named: Any) -> Any:
        made = claim(*given, **named)
        world.clock.moment += timedelta(minutes=2)
        return made

    world.ledger.claim = slow_claim
    run = world.apply(plan)
    assert world.shop.bodies == []
    assert states(run) == {"stale": 1}


# --- what is believed -----------------------------------------------------------------------------------


def test_only_echoed_ids_with_the_wanted_values_are_confirmed(world: Any) -> None:
    """An id that is missing, or echoed with another status, is unknown, and nothing more is sent."""
    for number in range(60):
        world.shop.add(number)
    world.shop.script.append(
        lambda body: Answer(
            "answered",
            200,
            (
                Echo(0, "canceled", "unpaid"),
                Echo(1, "pending", "unpaid"),
                *(Echo(key, "canceled", "unpaid") for key in body["ids"][3:]),
            ),
        )
    )
    run = world.apply(world.plan(world.rule()))
    assert states(run) == {"confirmed": 48, "sent": 2, "abandoned": 10}
    assert len(world.shop.bodies) == 1
    assert "unknown" in str(run.stopped)


def test_a_foreign_id_in_the_answer_halts_the_account(world: Any) -> None:
    """An answer that names orders nobody sent stops the account until a person looks."""
    world.shop.add(1)
    world.shop.add(2, status="ready")
    world.shop.script.append(
        lambda _body: Answer("answered", 200, (Echo(1, "canceled", "unpaid"), Echo(99, "canceled", "paid")))
    )
    world.apply(world.plan(world.rule()))
    plan = world.plan(world.rule(query={"status": "ready"}))
    with pytest.raises(AccountHalted, match="99"):
        world.apply(plan)


@pytest.mark.parametrize(("echoed", "stopped"), [(99, True), (1, False)])
def test_a_foreign_id_halts_also_where_its_answer_cannot_be_recorded(
    world: Any, monkeypatch: pytest.MonkeyPatch, echoed: int, *, stopped: bool
) -> None:
    """A disk that is full for a moment loses the answer, which is read back later, and not that it must stop the account."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.shop.script.append(lambda _body: Answer("answered", 200, (Echo(echoed, "canceled", "unpaid"),)))

    def full(*_given: Any) -> str:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(world.ledger, "answer", full)
    with pytest.raises(LedgerError, match="the disk is full"):
        world.apply(plan)
    assert (world.ledger.halted("default") is not None) is stopped
    assert [one.order_id for one in world.ledger.unsettled("default")] == ["order-1"]


def test_one_bad_id_in_fifty_costs_only_itself(world: Any) -> None:
    """A definite refusal is tried again in halves until the one order that causes it stands alone."""
    for number in range(50):
        world.shop.add(number)

    def answer(body: Any) -> Answer:
        world.shop.script.append(answer)
        return Answer("refused", 422, message="bad id") if 13 in body["ids"] else world.shop.do(body)

    world.shop.script.append(answer)
    run = world.apply(world.plan(world.rule()))
    assert states(run) == {"confirmed": 49, "not_applied": 1}
    assert next(one.id for one in run.outcomes if one.state is State.NOT_APPLIED) == 13
    assert len(world.shop.bodies) <= 2 * 6 + 1


def test_a_body_that_is_refused_for_all_is_not_tried_for_the_rest(world: Any) -> None:
    """Where every order of a request is refused alone too, the values are at fault, not the orders."""
    world.settings = replace(world.settings, batch_size=4)
    for number in range(12):
        world.shop.add(number)
    world.shop.script.extend(refuse(422) for _ in range(100))
    run = world.apply(world.plan(world.rule()))
    assert states(run) == {"not_applied": 4, "abandoned": 8}
    assert len(world.shop.bodies) == 7


@pytest.mark.parametrize("status", [409, 410, 429])
def test_other_refusals_are_not_tried_again(world: Any, status: Any) -> None:
    """A refusal that is not about single orders is final for its request."""
    world.shop.add(1)
    world.shop.add(2)
    world.shop.script.append(refuse(status))
    run = world.apply(world.plan(world.rule()))
    assert (states(run), len(world.shop.bodies)) == ({"not_applied": 2}, 1)


@pytest.mark.parametrize("status", [401, 403, None])
def test_a_refusal_that_all_requests_would_meet_stops_the_run(world: Any, status: Any) -> None:
    """A rejected credential or a server that is not there ends the run without another try."""
    world.settings = replace(world.settings, batch_size=1)
    world.shop.add(1)
    world.shop.add(2)
    world.shop.script.append(refuse(status))
    run = world.apply(world.plan(world.rule()))
    assert (states(run), len(world.shop.bodies)) == ({"not_applied": 1, "abandoned": 1}, 1)


def test_an_unknown_outcome_is_never_sent_again_and_is_read_back_when_due(world: Any) -> None:
    """After a time-out the order stays `sent`, is left alone by later plans, and reading back settles it."""
    world.shop.add(1)

    def late(body: Any) -> Answer:
        world.shop.do(body)
        return Answer("unknown", None, message="no answer in time")

    world.shop.script.append(late)
    run = world.apply(world.plan(world.rule()))
    assert states(run) == {"sent": 1}
    world.shop.orders["1"]["status"] = "pending"
    assert [held.code for held in world.plan(world.rule()).held] == ["unsettled"]
    world.shop.orders["1"]["status"] = "canceled"
    early = world.settle()
    assert (early.outcomes, early.waiting) == ((), 1)
    assert early.come_back_at == world.clock.now() + timedelta(minutes=15)
    world.clock.moment += timedelta(minutes=15)
    done = world.settle()
    assert [one.state for one in done.outcomes] == [State.CONFIRMED_BY_READBACK]
    assert len(world.shop.bodies) == 1


def test_an_unknown_outcome_that_did_not_happen_is_not_applied(world: Any) -> None:
    """Reading back an order that never changed frees it for the next plan."""
    world.shop.add(1)
    world.shop.script.append(lambda _body: Answer("unknown", 502, message="bad gateway"))
    world.apply(world.plan(world.rule()))
    world.clock.moment += timedelta(minutes=16)
    assert [one.state for one in world.settle().outcomes] == [State.NOT_APPLIED]
    assert len(world.plan(world.rule()).changes) == 1


def test_what_a_person_may_have_taken_back_is_left_to_people(world: Any) -> None:
    """An order that was changed since, and is not as wanted, may have had our change: no rule repeats it unasked."""
    world.shop.add(1)

    def lost(body: Any) -> Answer:
        world.shop.do(body)
        return Answer("unknown", None, message="no answer in time")

    world.shop.script.append(lost)
    world.apply(world.plan(world.rule()))
    world.shop.orders["1"] |= {"status": "pending", "last_updated_at": "2026-03-10T05:02:00Z"}
    world.clock.moment += timedelta(minutes=16)
    assert [one.state for one in world.settle().outcomes] == [State.HELD]
    assert [held.code for held in world.plan(world.rule()).held] == ["human_change"]
    world.ledger.release("default", "order-1", world.clock.now())
    assert len(world.plan(world.rule()).changes) == 1


def test_an_order_that_another_scan_shows_changed_is_held(world: Any) -> None:
    """A buyer who pays between two scans keeps the order, though the first of them read it as unpaid."""
    world.shop.add(1)
    world.settings = replace(world.settings, concurrency=1)
    cancel = world.rule(conditions=[{"payment_status": "unpaid"}])
    thank = world.rule(
        "thank", query={"status": "pending", "payment_status": "paid"}, action={"status": "ready"}
    )
    read: list[Any] = []

    def pay(params: Any) -> None:
        read.append(params)
        if len(read) == 2:
            world.shop.orders["1"] |= {"payment_status": "paid", "last_updated_at": "2026-03-10T05:00:00Z"}

    world.shop.on_read = pay
    plan, _ = world.run(cancel, thank)
    assert len(read) >= 2
    assert all(body["status"] != "canceled" for body in world.shop.bodies)
    assert ("cancel", "cannot_tell") in {(one.rule, one.code) for one in plan.held}


def test_an_answer_that_contradicts_itself_confirms_nothing(world: Any) -> None:
    """An order that is echoed twice, once as wanted and once not, is unknown."""
    world.shop.add(1)
    echoes = (Echo(1, "pending", "unpaid"), Echo(1, "canceled", "unpaid"))
    world.shop.script.append(lambda _body: Answer("answered", 200, echoes))
    assert states(world.apply(world.plan(world.rule()))) == {"sent": 1}


def test_a_clock_that_was_set_back_makes_every_reading_old(world: Any) -> None:
    """Ages told by such a clock would be too small, so orders are read again before anything is sent."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(seconds=50)
    begin = world.ledger.begin

    def set_back(*given: Any, **named: Any) -> Any:
        world.clock.set_back(timedelta(seconds=45))
        return begin(*given, **named)

    world.ledger.begin = set_back
    before = len(world.shop.requests)
    run = world.apply(plan)
    assert len(world.shop.requests) == before + 1
    assert states(run) == {"confirmed": 1}


def test_a_ledger_that_fails_between_plan_and_apply_leaves_the_account_free(world: Any) -> None:
    """A run that cannot write down what waits is closed, and the next one need not wait for its lease to end."""
    world.shop.add(1)
    conclude = world.ledger.conclude

    def fail(*_given: Any) -> None:
        raise LedgerError("busy")

    world.ledger.conclude = fail
    with pytest.raises(LedgerError, match="busy"):
        world.run(world.rule(mode="preview"))
    world.ledger.conclude = conclude
    _, run = world.run(world.rule())
    assert states(run) == {"confirmed": 1}


def test_nothing_is_sent_once_the_lease_has_ended(world: Any) -> None:
    """However young a reading may be by the settings, another process may be at work by then."""
    world.settings = replace(world.settings, max_read_age=timedelta(hours=1))
    world.shop.add(1)
    plan = world.plan(world.rule())
    claim = world.ledger.claim

    def slow_claim(*given: Any, **named: Any) -> Any:
        made = claim(*given, **named)
        world.clock.moment += timedelta(minutes=3)
        return made

    world.ledger.claim = slow_claim
    run = world.apply(plan)
    assert world.shop.bodies == []
    assert states(run) == {"stale": 1}


@pytest.mark.parametrize(
    ("settle", "states_of_it"), [(40, "stale"), (46, "confirmed"), (30, "stale"), (1, "stale")]
)
def test_nothing_is_sent_that_may_be_under_way_when_it_is_read_back(
    world: Any, settle: int, states_of_it: str
) -> None:
    """A request may take 30 seconds, and the claim took 15: what is read back 45 seconds after it began is too early."""
    world.settings = replace(world.settings, settle=timedelta(seconds=settle))
    world.shop.add(1)
    plan = world.plan(world.rule())
    claim = world.ledger.claim

    def slow_claim(*given: Any, **named: Any) -> Any:
        made = claim(*given, **named)
        world.clock.moment += timedelta(seconds=15)
        return made

    world.ledger.claim = slow_claim
    run = world.apply(plan)
    assert states(run) == {states_of_it: 1}
    assert len(world.shop.bodies) == (states_of_it == "confirmed")


def test_an_unknown_outcome_stays_unknown_while_the_order_cannot_be_found(world: Any) -> None:
    """What cannot be read back is neither confirmed nor denied."""
    world.shop.add(1)
    world.shop.script.append(lambda _body: Answer("unknown", None, message="reset"))
    world.apply(world.plan(world.rule()))
    world.shop.orders.clear()
    world.clock.moment += timedelta(minutes=16)
    assert [one.state for one in world.settle().outcomes] == [State.SENT]
    assert world.settle().waiting == 1


# --- limits, holds and picks at the moment of apply -----------------------------------------------------


def test_a_hold_set_after_the_preview_counts(world: Any) -> None:
    """The record is asked again when the plan is applied."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.ledger.hold("default", "order-1", world.clock.now() + timedelta(days=1), "wait", world.clock.now())
    assert states(world.apply(plan)) == {"stale": 1}
    assert world.shop.bodies == []


def test_money_that_grew_past_a_limit_holds_what_was_not_sent(world: Any) -> None:
    """Limits are counted again on what was read again."""
    world.settings = replace(world.settings, batch_size=1)
    for number in (1, 2, 3):
        world.shop.add(number)
    plan = world.plan(world.rule(limits={"value": 300000}))
    world.clock.moment += timedelta(minutes=5)
    world.shop.orders["2"]["gross_revenue"] = "900000.00"
    run = world.apply(plan)
    assert states(run).get("held", 0) >= 1
    assert 2 not in world.shop.sent_ids


def test_a_backlog_over_a_limit_is_applied_in_parts(world: Any) -> None:
    """A pick that stays within the limit goes; all of it does not."""
    for number in range(5):
        world.shop.add(number)
    plan = world.plan(world.rule(limits={"orders": 3}))
    run = world.apply(plan, pick=Pick(first=3))
    assert states(run) == {"confirmed": 3}
    again = world.plan(world.rule(limits={"orders": 1}))
    run = world.apply(again, pick=Pick(first=2))
    assert states(run) == {"held": 2}


def test_the_day_counts_across_runs(world: Any) -> None:
    """A limit a day counts what earlier runs of the same local day sent."""
    for number in range(3):
        world.shop.add(number)
    rule = world.rule(limits={"per_day": {"orders": 4}})
    world.apply(world.plan(rule))
    for number in range(10, 12):
        world.shop.add(number)
    assert [held.code for held in world.plan(rule).held] == ["limit_per_day"] * 2
    world.clock.moment += timedelta(days=1)
    assert len(world.plan(rule).changes) == 2


# --- which plans are applied ----------------------------------------------------------------------------


def test_a_plan_is_applied_once(world: Any) -> None:
    """A second apply of the same plan is refused."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.apply(plan)
    with pytest.raises(PlanRefused, match="applied"):
        world.apply(plan)


def test_a_plan_file_survives_the_way_to_disk_and_back(world: Any) -> None:
    """A restored plan is the plan, and is applied as it stands."""
    world.shop.add(1)
    plan = world.plan(world.rule(conditions=[{"gross_revenue": {"gte": 5.5}}]))
    written = json.loads(json.dumps(document(plan, world.mask)))
    restored = restore(written)
    assert document(restored, world.mask) == document(plan, world.mask)
    assert states(world.apply(restored)) == {"confirmed": 1}


def test_a_plan_that_was_edited_is_refused(world: Any) -> None:
    """Its id no longer fits; and a plan with a fitting id that was never recorded is refused too."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    written = document(plan, world.mask)
    written["changes"][0]["id"] = 2
    with pytest.raises(PlanRefused, match="id no longer fits"):
        restore(written)
    with pytest.raises(PlanRefused):
        world.apply(replace(plan, changes=(replace(plan.changes[0], id=2),)))


def test_a_plan_that_is_too_old_is_refused(world: Any) -> None:
    """After `plan_ttl` a preview no longer speaks for the present."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(hours=25)
    with pytest.raises(PlanRefused, match=r"from 2026-.* WIB, too old to apply"):
        world.apply(plan)


# --- run ------------------------------------------------------------------------------------------------


def test_run_acts_as_each_mode_allows(world: Any) -> None:
    """`apply` goes, `approve` waits under its own plan, `preview` shows; nothing else is sent."""
    world.shop.add(1)
    world.shop.add(2, status="ready")
    world.shop.add(3, status="confirmed")
    _, run = world.run(
        world.rule("live"),
        world.rule("waits", mode="approve", query={"status": "ready"}),
        world.rule("shows", mode="preview", query={"status": "confirmed"}),
    )
    assert world.shop.sent_ids == [1]
    assert states(run) == {"confirmed": 1, "awaiting_approval": 1, "previewed": 1}
    waiting = next(one for one in run.outcomes if one.state is State.AWAITING_APPROVAL)
    plan_id = waiting.why.split()[-1].strip("`")
    recorded = world.ledger.plan_document(plan_id)
    assert recorded is not None
    assert states(world.apply(restore(recorded))) == {"confirmed": 1}
    assert world.shop.sent_ids == [1, 2]


def test_every_rule_that_asks_or_shows_can_be_explained_from_the_record(world: Any) -> None:
    """However many plans a run records at once, each row has what was to be set, for how much money, and why."""
    for number in range(1, 7):
        world.shop.add(number, status="ready", gross_revenue=f"{number}000.00")
    asking = [
        world.rule(f"ask-{n}", mode="approve", query={"status": "ready"}, conditions=[{"id": n}])
        for n in range(1, 6)
    ]
    shows = world.rule("shows", mode="preview", query={"status": "ready"}, conditions=[{"id": 6}])
    _, run = world.run(*asking, shows)
    told = world.ledger.run_details(run.run_id)
    assert [one.id for one in told.changes] == [6, 1, 2, 3, 4, 5]
    for one in told.changes:
        assert (one.set["status"], one.before["status"], one.value) == ("canceled", "ready", one.id * 1000)
        assert one.trace[0]["condition"] == f"id: {one.id}"
        document = world.ledger.plan_document(one.plan_id)
        assert [rule["name"] for rule in document["rules"]] == [one.rule]


def test_run_settles_what_is_due_before_it_plans(world: Any) -> None:
    """What an earlier run left unknown is read back first."""
    world.shop.add(1)
    world.shop.script.append(lambda _body: Answer("unknown", None, message="reset"))
    world.run(world.rule())
    world.clock.moment += timedelta(minutes=16)
    _, run = world.run(world.rule())
    assert states(run) == {"confirmed": 1}
    assert world.shop.sent_ids == [1, 1]


def test_a_run_that_is_asked_to_stop_sends_nothing_more(world: Any) -> None:
    """Between two requests a stop is heeded; what was not sent is abandoned."""
    world.settings = replace(world.settings, batch_size=1)
    for number in (1, 2, 3):
        world.shop.add(number)
    _, run = world.run(world.rule(), stopping=lambda: bool(world.shop.bodies))
    assert states(run) == {"confirmed": 1, "abandoned": 2}
    assert "stop" in str(run.stopped)


def test_caps_count_all_rules_of_the_day(world: Any) -> None:
    """The project's cap holds what would go over it, whichever rule asks."""
    world.settings = replace(world.settings, caps=Limits(orders_per_day=1))
    world.shop.add(1)
    world.run(world.rule("a"))
    world.shop.add(2)
    plan, _ = world.run(world.rule("b"))
    assert [held.code for held in plan.held] == ["cap"]
    assert world.shop.sent_ids == [1]


# --- personal data --------------------------------------------------------------------------------------


def test_personal_values_are_written_masked_and_sent_in_clear(world: Any) -> None:
    """A plan file holds a mask and a fingerprint; what goes to Scalev is rendered again from the order."""
    world.shop.add(1)
    action = {"status": "confirmed", "payment_account_holder": "{{ order.customer.name }}"}
    plan = world.plan(world.rule(action=action))
    written = json.dumps(document(plan, world.mask))
    assert "Budi" not in written
    world.apply(restore(json.loads(written)))
    assert world.shop.bodies[0]["payment_account_holder"] == "Budi Santoso"
    assert b"Budi" not in b"".join(path.read_bytes() for path in world.directory.iterdir())


def test_no_read_age_at_all_reads_each_order_right_before_it_is_sent(world: Any) -> None:
    """`max_read_age: 0s` means a fresh look at every order, and still lets them go."""
    world.settings = replace(world.settings, max_read_age=timedelta(0))
    for number in (1, 2, 3):
        world.shop.add(number)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(seconds=1)
    world.shop.orders["2"]["payment_status"] = "paid"
    assert states(world.apply(plan)) == {"confirmed": 2, "stale": 1}
    assert world.shop.sent_ids == [1, 3]
