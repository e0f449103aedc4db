"""Reading again before sending: what a new reading proves, what it betrays, and what happens where there is none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tertib.apply.reread import Reading, by_scans_is_cheaper, judge_again, read_one, read_scans
from tertib.compile import Program, compile_rules
from tertib.errors import ReadError
from tertib.model import (
    Answer,
    Change,
    Confirmed,
    Held,
    History,
    Limits,
    Page,
    Pick,
    Run,
    Scan,
    ScanReport,
    Source,
    State,
)
from tertib.plan.vetoes import Facts

COMPLETE = {"query": {"status": "shipped"}, "action": {"status": "completed"}}


def states(run: Run) -> dict[str, int]:
    """Count the outcomes of a run by state."""
    return dict(Counter(str(one.state) for one in run.outcomes))


def program_of(world: Any, *rules: Any) -> Program:
    """Compile rules as an apply does."""
    return compile_rules(rules, world.settings, world.clock.now())


def facts_of(world: Any, program: Program) -> Facts:
    """Return facts with nothing on record."""
    now = world.clock.now()
    return Facts(world.settings, program.protect, History(), now=now, rendered_at=now, mask=world.mask)


def going(plan: Any) -> dict[str, Change]:
    """Return a plan's changes by key."""
    return {str(change.id): change for change in plan.changes}


def fail_reading(_params: Any) -> None:
    """Fail as a page that is lost."""
    raise ReadError("the page was lost")


# --- by the scans ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stale", "pages", "store", "cheaper"),
    [(2, 1, None, True), (1, 1, None, False), (3, 0, None, False), (1, 5, "store_x", True)],
)
def test_scans_are_read_again_where_that_is_cheaper_or_the_only_way(
    world: Any, *, stale: int, pages: int, store: str | None, cheaper: bool
) -> None:
    """Fewer pages than orders decide for the scans; a customer's orders can be read in no other way."""
    for number in range(stale):
        world.shop.add(number)
    changes = world.plan(world.rule()).changes
    report = ScanReport(Scan(Source(store), {}, ("cancel",)), pages, stale)
    assert by_scans_is_cheaper(changes, [report], timedelta(minutes=1)) is cheaper


def test_many_pages_are_not_read_again_where_they_outlast_the_age(world: Any) -> None:
    """Scans that take longer than half of `max_read_age` would be old by their end."""
    for number in range(30):
        world.shop.add(number)
    changes = world.plan(world.rule()).changes
    report = ScanReport(Scan(Source(), {}, ("cancel",)), 20, 30)
    assert by_scans_is_cheaper(changes, [report], timedelta(seconds=60))
    assert not by_scans_is_cheaper(changes, [report], timedelta(seconds=2))


def test_an_order_that_is_gone_from_its_scan_is_dropped(world: Any) -> None:
    """Of several stale orders that are read by their query, the one that it no longer returns stays as it is."""
    for number in (1, 2, 3):
        world.shop.add(number)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(minutes=5)
    del world.shop.orders["2"]
    run = world.apply(plan)
    assert (states(run), sorted(world.shop.sent_ids)) == ({"confirmed": 2, "stale": 1}, [1, 3])
    assert "no longer among" in next(one.why for one in run.outcomes if one.state is State.STALE)


def test_a_scan_that_cannot_be_read_again_sends_nothing(world: Any) -> None:
    """Where the reading breaks off, nobody knows about the rest either."""
    for number in (1, 2, 3):
        world.shop.add(number)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(minutes=5)
    world.shop.on_read = fail_reading
    run = world.apply(plan)
    assert (states(run), world.shop.bodies) == ({"abandoned": 3}, [])
    assert "the page was lost" in str(run.stopped)


def test_an_order_that_cannot_be_read_again_stops_the_run(world: Any) -> None:
    """The same where one order is read singly."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(minutes=5)
    world.shop.on_read = fail_reading
    run = world.apply(plan)
    assert (states(run), world.shop.bodies) == ({"abandoned": 1}, [])
    assert "the page was lost" in str(run.stopped)


def test_a_scan_of_another_rule_that_shows_an_order_changed_drops_it(world: Any) -> None:
    """What is read again for one rule is newer knowledge for all: a reopened order is not completed."""
    for number in (1, 2):
        world.shop.add(number)
    world.shop.add(3, status="shipped")
    world.shop.add(4, status="shipped")
    plan = world.plan(world.rule(), world.rule("complete", **COMPLETE))
    world.run(world.rule())
    for key in ("1", "3"):
        world.shop.orders[key].update(status="pending", last_updated_at="2026-03-10T05:00:00Z")
    run = world.apply(plan)
    assert {one.id: str(one.state) for one in run.outcomes} == {
        1: "stale",  # a person took it back
        2: "stale",
        3: "stale",
        4: "confirmed",
    }
    assert "it changed while orders were being read again" in {one.why for one in run.outcomes}


def test_an_order_that_moves_between_two_scans_is_known_to_have_moved(world: Any) -> None:
    """Its own rule's scan had it as it was; the later one betrays the change."""
    world.shop.add(1)
    world.shop.add(9)
    rules = world.rule(), world.rule("complete", **COMPLETE)
    plan = world.plan(*rules)

    def ship(params: Any) -> None:
        if params["status"] == "shipped":
            world.shop.orders["1"].update(status="shipped", last_updated_at="2026-03-10T05:00:00Z")

    world.shop.on_read = ship
    shown = read_scans({"cancel", "complete"}, going(plan), program_of(world, *rules), world.shop)
    assert (set(shown.readings), shown.moved) == ({"1", "9"}, {"1"})


def test_an_order_that_moved_between_two_scans_is_not_sent(world: Any) -> None:
    """The reading that its own rule would go by is known to be out of date."""
    for number in range(1, 4):
        world.shop.add(number)
    for number in range(4, 7):
        world.shop.add(number, status="shipped")
    plan = world.plan(world.rule(), world.rule("complete", **COMPLETE))
    world.clock.moment += timedelta(minutes=5)

    def ship(params: Any) -> None:
        if params["status"] == "shipped":
            world.shop.orders["1"].update(status="shipped", last_updated_at="2026-03-10T05:00:00Z")

    world.shop.on_read = ship
    run = world.apply(plan)
    assert states(run) == {"confirmed": 5, "stale": 1}
    assert 1 not in world.shop.sent_ids


def test_what_its_own_scan_shows_later_still_is_known_again(world: Any) -> None:
    """An order that another scan showed changed, and its own then shows as it is, can be judged."""
    world.shop.add(1, status="shipped")
    rules = world.rule(), world.rule("complete", **COMPLETE)
    plan = world.plan(*rules)
    number = iter(range(1, 99))

    def move(params: Any) -> None:
        stamp = f"2026-03-10T05:00:{next(number):02d}Z"
        world.shop.orders["1"].update(status=params["status"], last_updated_at=stamp)

    world.shop.on_read = move
    shown = read_scans({"cancel", "complete"}, going(plan), program_of(world, *rules), world.shop)
    assert (set(shown.readings), shown.moved) == ({"1"}, set())


def test_an_order_that_two_scans_show_alike_has_not_moved(world: Any) -> None:
    """Another rule's scan that returns the same order, unchanged, says nothing against it."""
    world.shop.add(1)
    rules = (
        world.rule(),
        world.rule(
            "unpaid", query={"payment_status": "unpaid"}, conditions=[{"gross_revenue": {"gt": 10000000}}]
        ),
    )
    shown = read_scans({"cancel", "unpaid"}, going(world.plan(*rules)), program_of(world, *rules), world.shop)
    assert (set(shown.readings), shown.moved) == ({"1"}, set())


def test_scans_of_rules_that_nothing_is_stale_of_are_left_alone(world: Any) -> None:
    """Only what is needed is read, and orders that nobody planned are passed over."""
    world.shop.add(1)
    rules = world.rule(), world.rule("complete", **COMPLETE)
    plan = world.plan(*rules)
    world.shop.add(2)
    before = len(world.shop.requests)
    shown = read_scans({"cancel"}, going(plan), program_of(world, *rules), world.shop)
    assert [one["status"] for one in world.shop.requests[before:]] == ["pending"]
    assert set(shown.readings) == {"1"}


# --- one by one -----------------------------------------------------------------------------------------


def test_an_answer_with_another_order_is_no_reading(world: Any) -> None:
    """References can be alike: only the order of the planned id counts."""
    world.shop.add(7, order_id="order-1")
    program = program_of(world, world.rule())
    compiled = program.rule("cancel")
    assert read_one("order-1", "1", compiled, world.shop, world.clock.now()) is None
    found = read_one("order-1", "7", compiled, world.shop, world.clock.now())
    assert found is not None
    assert found.order["id"] == 7


def test_a_customer_s_order_cannot_be_read_again_alone(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list has no filters: what grows old after the list was read again waits for the next plan."""
    page = type(world.shop).page
    monkeypatch.setattr(
        type(world.shop), "page", lambda shop, _source, *given, **named: page(shop, Source(), *given, **named)
    )
    world.settings = replace(world.settings, batch_size=1)
    for number in (1, 2):
        world.shop.add(number)
    source = {"customer_orders": {"store": "store_x"}}
    plan = world.plan(world.rule(query={}, source=source, conditions=[{"status": "pending"}]))
    world.shop.before_send = lambda: world.clock.sleep(90)
    run = world.apply(plan)
    assert (states(run), world.shop.sent_ids) == ({"confirmed": 1, "stale": 1}, [1])
    assert "could not be read again in time" in run.outcomes[1].why


@pytest.mark.parametrize("number", [None, "", 2.5, ["A1"]])
def test_an_order_without_a_readable_number_is_never_changed(world: Any, number: Any) -> None:
    """A person may have put it on hold by its number, and nobody could ask for it again."""
    world.shop.add(1, order_id=number)
    plan, _ = world.run(world.rule())
    assert [one.code for one in plan.held] == ["cannot_tell"]
    assert world.shop.bodies == []


def test_slow_readings_send_what_is_still_young(world: Any) -> None:
    """Where reading a batch takes half of `max_read_age`, it goes in parts, and no order grows too old for it."""
    for number in range(1, 5):
        world.shop.add(number)
    # A hundred orders that the conditions leave out make pages dearer than single readings.
    for number in range(100, 200):
        world.shop.add(number, gross_revenue="900000.00")
    plan = world.plan(world.rule(conditions=[{"gross_revenue": {"lt": 500000}}]))
    world.clock.moment += timedelta(minutes=5)

    def be_slow(params: Any) -> None:
        if "order_id" in params:
            world.clock.moment += timedelta(seconds=20)

    world.shop.on_read = be_slow
    run = world.apply(plan)
    assert states(run) == {"confirmed": 4}
    assert [len(body["ids"]) for body in world.shop.bodies] == [3, 1]


# --- judged again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "now_has", "code"),
    [
        ({}, {"status": "confirmed"}, "query"),
        ({"conditions": [{"order_id": "order-1"}]}, {"order_id": "order-2"}, "conditions"),
        ({"query": {}}, {"status": "canceled"}, "nothing_to_change"),
        ({}, {"payment_status": "paid"}, "paid"),
        (
            {"action": {"status": "confirmed", "payment_account_holder": "{{ order.order_id }}"}},
            {"order_id": "order-2"},
            "other_values",
        ),
    ],
)
def test_a_new_reading_drops_what_the_preview_no_longer_fits(
    world: Any, rule: Any, now_has: Any, code: str
) -> None:
    """Query, conditions, vetoes, need and values are all judged afresh."""
    world.shop.add(1)
    made = world.rule(**rule)
    change = world.plan(made).changes[0]
    program = program_of(world, made)
    reading = Reading({**world.shop.orders["1"], **now_has}, world.clock.now())
    judged = judge_again(change, reading, program, facts_of(world, program))
    assert isinstance(judged, Held)
    assert judged.code == code


def test_a_new_reading_that_still_fits_takes_the_place_of_the_old(world: Any) -> None:
    """The change goes on with the new reading's time, and with the reasons that were previewed."""
    world.shop.add(1)
    made = world.rule()
    change = world.plan(made).changes[0]
    program = program_of(world, made)
    later = world.clock.now() + timedelta(minutes=5)
    judged = judge_again(change, Reading(world.shop.orders["1"], later), program, facts_of(world, program))
    assert judged == replace(change, read_at=later)


# --- the last word --------------------------------------------------------------------------------------


def test_only_what_the_claim_returns_is_sent(world: Any) -> None:
    """Where decisions rest on a record that did not know yet, the ledger itself keeps the order back."""
    world.shop.add(1)
    world.shop.script.append(lambda _body: Answer("unknown", None, message="timed out"))
    world.run(world.rule())
    history = world.ledger.history
    world.ledger.history = lambda *given: replace(history(*given), unsettled=frozenset())
    run = world.apply(world.plan(world.rule("other")))
    assert (states(run), len(world.shop.bodies)) == ({"abandoned": 1}, 1)
    assert "did not release" in run.outcomes[0].why


def test_no_turn_in_the_rate_limit_sends_nothing(world: Any) -> None:
    """Without allowance nothing is claimed, so nothing is left unknown."""
    world.shop.add(1)
    plan = world.plan(world.rule())

    def none_left() -> None:
        raise ReadError("the hour's requests are used up")

    world.shop.await_turn = none_left
    run = world.apply(plan)
    assert (states(run), run.sent, world.shop.bodies) == ({"abandoned": 1}, 0, [])
    assert run.stopped == "the hour's requests are used up"


def test_a_turn_that_is_long_in_coming_costs_no_lease(world: Any) -> None:
    """Nobody took the account over meanwhile: what was read too long ago stays, and the rest of the run goes on."""
    world.settings = replace(world.settings, batch_size=1)
    world.shop.add(1)
    world.shop.add(2)
    plan = world.plan(world.rule())
    waits = iter([timedelta(minutes=3)])

    def wait() -> None:
        world.clock.moment += next(waits, timedelta())

    world.shop.await_turn = wait
    run = world.apply(plan)
    assert (states(run), world.shop.sent_ids, run.stopped) == ({"stale": 1, "confirmed": 1}, [2], None)


def test_halving_ends_where_an_outcome_is_unknown(world: Any) -> None:
    """A refused request is tried in halves; once one half's outcome is unknown the other is not sent."""
    for number in range(4):
        world.shop.add(number)
    world.shop.script.append(lambda _body: Answer("refused", 422, message="bad id"))
    world.shop.script.append(lambda _body: Answer("unknown", None, message="timed out"))
    run = world.apply(world.plan(world.rule()))
    assert [len(body["ids"]) for body in world.shop.bodies] == [4, 2]
    assert states(run) == {"sent": 2, "abandoned": 2}


def test_a_pick_over_the_cap_is_held_as_a_whole(world: Any) -> None:
    """Caps are counted again when a person applies: picking does not get round them."""
    world.settings = replace(world.settings, caps=Limits(orders_per_day=2))
    for number in range(4):
        world.shop.add(number)
    plan = world.plan(world.rule())
    run = world.apply(plan, pick=Pick(first=3))
    assert (states(run), {one.code for one in run.outcomes}) == ({"held": 3}, {"cap"})
    world.clock.moment += timedelta(seconds=1)
    assert states(world.apply(world.plan(world.rule()), pick=Pick(first=2))) == {"confirmed": 2}


def test_an_order_that_we_changed_within_the_settle_window_before_is_read_again(world: Any) -> None:
    """Two clocks may differ by that much: a reading so close to our own change proves nothing."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    history = world.ledger.history
    ours = Confirmed("other", {"payment_status": "unpaid"}, world.clock.now() - timedelta(minutes=10))
    world.ledger.history = lambda *given: replace(history(*given), confirmed={"1": (ours,)})
    before = len(world.shop.requests)
    assert states(world.apply(plan)) == {"confirmed": 1}
    assert len(world.shop.requests) == before + 1


def test_an_answer_that_contradicts_the_order_filter_is_an_error(world: Any) -> None:
    """A server that ignores `order_id` gives no reading that counts."""
    compiled = program_of(world, world.rule()).rule("cancel")

    class Ignoring:
        """A reader whose server returns another order, whatever is asked."""

        def page(self, *_given: Any) -> Page:
            """Return an order that nobody asked for."""
            return Page(({"id": 2, "order_id": "order-2", "status": "pending"},), None, world.clock.now())

    with pytest.raises(ReadError, match="order_id"):
        read_one("order-1", "1", compiled, Ignoring(), world.clock.now())  # type: ignore[arg-type]  # a reader's one method


def pause(world: Any, rule: str | None = None) -> None:
    """Pause a rule, or the account, as a person does at another screen."""
    world.ledger.pausing.pause(
        "default", rule, who="budi", why="stok opname", until=None, now=world.clock.now()
    )


def test_a_rule_that_is_paused_while_its_turn_is_awaited_sends_nothing(world: Any) -> None:
    """Waiting for the rate limit can take long: who paused meanwhile is heeded."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    world.shop.await_turn = lambda: pause(world, "cancel")
    run = world.apply(plan)
    assert ([one.code for one in run.outcomes], world.shop.bodies) == (["paused"], [])


def test_an_account_that_is_paused_as_the_run_begins_is_not_read_again(world: Any) -> None:
    """Stale orders are left as they are: nothing of them is to be sent."""
    for number in (1, 2, 3):
        world.shop.add(number)
    plan = world.plan(world.rule())
    world.clock.moment += timedelta(minutes=5)
    intend, before = world.ledger.intend, len(world.shop.requests)

    def intended(*given: Any) -> None:
        intend(*given)
        pause(world)

    world.ledger.intend = intended
    run = world.apply(plan)
    assert (states(run), len(world.shop.requests)) == ({"abandoned": 3}, before)


def test_an_account_that_is_paused_at_the_last_moment_claims_nothing(world: Any) -> None:
    """The ledger asks once more, in the transaction that lets changes out."""
    world.shop.add(1)
    plan = world.plan(world.rule())
    claim = world.ledger.claim

    def claimed(*given: Any) -> Any:
        pause(world)
        return claim(*given)

    world.ledger.claim = claimed
    run = world.apply(plan)
    assert (states(run), world.shop.bodies) == ({"abandoned": 1}, [])
    assert "paused by budi" in str(run.stopped)


def test_a_rule_that_is_paused_at_the_last_moment_claims_nothing(world: Any) -> None:
    """What the ledger left behind is recorded as paused, by whom and why; what shared its request is sent."""
    world.shop.add(1)
    world.shop.add(2, payment_method="qris")
    action = {"status": "canceled", "by": "tertib"}  # the same of both, so that they share a request
    banks = world.rule("banks", query={"payment_method": "bank_transfer"}, action=action)
    codes = world.rule("codes", query={"payment_method": "qris"}, action=action)
    plan = world.plan(banks, codes)
    claim = world.ledger.claim

    def claimed(*given: Any) -> Any:
        pause(world, "codes")
        return claim(*given)

    world.ledger.claim = claimed
    run = world.apply(plan)
    held = [
        (one.id, one.state, one.code, one.why) for one in run.outcomes if one.state is not State.CONFIRMED
    ]
    assert held == [(2, State.HELD, "paused", "rule `codes` is paused by budi: stok opname")]
    assert world.shop.sent_ids == [1]
