"""Saying yes or no to a plan on the pages: what is recorded, what is asked again, what is refused."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from pages import RULE, Answer, Opener, World
from tertib import pipeline
from tertib.dispatch import approved
from tertib.errors import PlanRefused
from tertib.load import load
from tertib.model import Pick
from tertib.web import approvals


def ids(world: World) -> list[str]:
    """Return the ids of the plan's orders."""
    return [str(one.id) for one in world.plan.changes]


def test_a_plan_is_read_before_it_is_approved(world: World) -> None:
    """Every order with its present and its new state, why, the money, and a link to it; what is held, below, with why."""
    text = world.browser.get(world.at).text
    words = world.browser.get(world.at).words
    for one in world.plan.changes:
        if "script" not in one.order_id:
            assert one.order_id in words
            assert f'href="https://app.scalev.com/orders/{one.order_id}"' in text
    assert words.count("pending → canceled") == len(world.plan.changes)
    assert "pending_time" in words
    assert re.search(r"pending_time 5d( \d+s)? old", words)
    assert "Rp 250.000" in words
    held = world.browser.get(f"{world.at}?show=held").words
    assert "transfer_proof" in held
    assert "allow: [transfer_proof]" in held


def test_all_of_a_plan_is_approved_once(world: World) -> None:
    """The yes stands on record under the person's name; a second one, and a no, are told who was first."""
    browser = world.person("siti", "approver")
    assert browser.send(f"{world.at}/approve", {"which": "all", "note": "as agreed"}).place == world.at
    assert (world.approval.state, world.approval.decided_by, world.approval.note) == (
        "approved",
        "siti",
        "as agreed",
    )
    assert world.approval.part == Pick()
    for what in ("approve", "reject"):
        again = browser.send(f"{world.at}/{what}", {"which": "all"})
        assert again.status == 409
        assert "was approved already by siti" in again.words
    assert world.kinds().count("plan_approved") == 1
    record = next(one for one in world.session.ledger.audit_records("default") if one.kind == "plan_approved")
    assert (record.facts["who"], record.facts["whole"]) == ("siti", True)
    assert "as agreed" not in record.body


def test_some_orders_are_approved_and_only_those_are_applied(world: World) -> None:
    """Ticked orders alone are sent by whoever serves; the rest stays as it is."""
    wanted = ids(world)[:2]
    review = world.browser.get(f"{world.at}/review?which=some&pick={wanted[0]}&pick={wanted[1]}")
    assert "2 orders" in review.words
    world.browser.send(f"{world.at}/approve", {"which": "some", "pick": wanted})
    assert set(world.approval.part.only) == set(wanted)
    assert "2 of 4 orders" in world.browser.get(world.at).words
    rung = approved.due(world.session.ledger, "default", world.session.clock.now())
    assert [one.asked.plan_id for one in rung] == [world.waits]


def test_an_order_whose_number_is_another_ones_id_is_not_picked_with_it(opens: Opener) -> None:
    """Only the ticked order is sent: the pages pick by id, and nobody was asked about the other one's money."""
    asks = {"cancel-unpaid": RULE.replace("MODE", "approve")}
    world = opens({"id": 1000001}, {"order_id": "1000001", "gross_revenue": "90000000.00"}, rules=asks)
    ticked, other = sorted(world.plan.changes, key=lambda one: int(one.id))
    assert (str(ticked.id), other.order_id) == ("1000001", "1000001")
    world.browser.send(f"{world.at}/approve", {"which": "some", "pick": ["1000001"]})
    assert world.approval.part == Pick(only=("1000001",), by_id=True)
    session = world.session
    run = approved.carry_out(world.approval, session.ledger, session.means(), session.writer)
    assert [(one.id, one.state) for one in run.outcomes] == [(ticked.id, "confirmed")]


def test_a_yes_of_before_that_means_two_orders_sends_neither(opens: Opener) -> None:
    """Parts that pages recorded by name, and that nobody carried out yet, are refused where a name means two orders."""
    asks = {"cancel-unpaid": RULE.replace("MODE", "approve")}
    world = opens({"id": 1000001}, {"order_id": "1000001"}, rules=asks)
    session, now = world.session, world.session.clock.now()
    session.ledger.approvals.approve("default", world.waits, who="ani", now=now, part=Pick(only=("1000001",)))
    with pytest.raises(PlanRefused, match="`1000001` means two orders"):
        approved.carry_out(world.approval, session.ledger, session.means(), session.writer)
    assert world.approval.state == "refused"
    assert "means two orders" in world.browser.get(world.at).words
    assert world.browser.get("/accounts/default/approvals").status == 200


def test_all_but_the_ticked_is_spelled_out(world: World) -> None:
    """What is approved is what the page showed: the others by their ids, and nothing that a limit held."""
    left_out = ids(world)[0]
    world.browser.send(f"{world.at}/approve", {"which": "but", "pick": [left_out]})
    assert set(world.approval.part.only) == set(ids(world)) - {left_out}


def test_what_a_search_found_can_be_approved(world: World) -> None:
    """The review lists the orders that fit; approving sends their ids, not the search."""
    dear = next(one for one in world.plan.changes if one.value == 250_000)
    review = world.browser.get(f"{world.at}/review?which=shown&q=script")
    picked = re.findall(r'name="pick" value="([^"]*)"', review.text)
    assert picked == [str(dear.id)]
    assert "Rp 250.000" in review.words


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"which": "some"}, "no order was picked"),
        ({"which": "some", "pick": ["999999999"]}, "is not in this plan"),
        ({}, "no order was picked"),
    ],
)
def test_what_is_not_in_the_plan_cannot_be_approved(world: World, data: dict[str, str], said: str) -> None:
    """Nothing, and orders of no plan, are refused, and the plan still waits."""
    answer = world.browser.send(f"{world.at}/approve", data)
    assert answer.status == 422
    assert said in answer.words
    assert world.approval.state == "waiting"


def test_ten_thousand_orders_can_be_picked(world: World) -> None:
    """By their UUIDs, with the longest note: the form is read to its last order, whatever is answered then."""
    picked = [str(UUID(int=number)) for number in range(10_000)]
    form = {"which": "some", "pick": picked, "note": "\N{PERSON BOWING DEEPLY}" * 500, "sum": "10.000.000"}
    answer = world.browser.send(f"{world.at}/approve", form)
    assert answer.status == 422
    assert f"order {picked[0]} is not in this plan" in answer.words.replace("`", "")
    known = ids(world)
    assert world.browser.send(f"{world.at}/approve", {**form, "pick": picked[1:] + known}).status == 422
    too_long = world.browser.send(f"{world.at}/approve", {**form, "pick": picked + picked[:500]})
    assert (too_long.status, too_long.text) == (413, "this form is too long\n")


def test_much_money_is_asked_for_again(world: World) -> None:
    """Above the threshold the sum must be typed, however it is written; the server insists, not the page alone."""
    site = world.with_web(ask_again_above=500_000)
    browser = type(world.browser)(site)
    assert "type the sum Rp 550.000" in browser.get(f"{world.at}/review?which=all").words
    for wrong in ("", "550", "55.000", "Rp 550.001"):
        answer = browser.send(f"{world.at}/approve", {"which": "all", "sum": wrong})
        assert answer.status == 422, wrong
    assert world.approval.state == "waiting"
    assert browser.send(f"{world.at}/approve", {"which": "all", "sum": "Rp 550.000,00"}).status == 303
    assert world.approval.state == "approved"


def test_little_money_is_not_asked_for_again(world: World) -> None:
    """A part below the threshold needs a click."""
    site = world.with_web(ask_again_above=500_000)
    browser = type(world.browser)(site)
    assert browser.send(f"{world.at}/approve", {"which": "some", "pick": ids(world)[:1]}).status == 303


def test_a_newer_plan_makes_the_older_one_stale(world: World) -> None:
    """The sentence says which plan took its place, and leads there."""
    old = world.at
    rules = load(world.session.settings.rules, world.session.settings).rules
    pipeline.run(rules, world.session.means(), world.session.writer)
    answer = world.browser.send(f"{old}/approve", {"which": "all"})
    assert answer.status == 409
    assert "has gone stale" in answer.words
    assert "to the newer plan" in world.browser.get(old).words


def test_an_expired_plan_is_told_so(world: World) -> None:
    """A plan that is too old waits no more: no buttons, and a sentence for whoever sends the form anyway."""
    from dataclasses import replace  # noqa: PLC0415 - only here
    from datetime import timedelta  # noqa: PLC0415 - only here

    clock = world.session.clock

    class Tomorrow:
        def now(self) -> object:
            return clock.now() + timedelta(hours=25)

        monotonic = staticmethod(clock.monotonic)

    browser = type(world.browser)(replace(world.site, clock=Tomorrow()))  # type: ignore[arg-type]  # time alone
    assert "Approve all" not in browser.get(world.at).text
    answer = browser.send(f"{world.at}/approve", {"which": "all"})
    assert answer.status == 409
    assert "has expired" in answer.words


def test_a_rejected_plan_stays_rejected(world: World) -> None:
    """The no stands on record with its name."""
    browser = world.person("siti", "approver")
    assert browser.send(f"{world.at}/reject", {"note": "not today"}).place == world.at
    assert "rejected by siti" in browser.get(world.at).words
    assert browser.send(f"{world.at}/approve", {"which": "all"}).status == 409
    assert "plan_rejected" in world.kinds()


def test_what_was_decided_stands_below_what_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many newer plans wait: they are listed above, and take no room from those that were decided."""
    monkeypatch.setattr(approvals, "_PAGE", 2)
    session = world.session
    queue, now = session.ledger.approvals, session.clock.now()
    rule = next((world.place / "rules").glob("cancel-unpaid.yaml"))
    for name in ("a", "b", "c", "d", "e"):
        text = rule.read_text(encoding="utf-8").replace("name: cancel-unpaid", f"name: rule-{name}")
        (world.place / "rules" / f"{name}.yaml").write_text(text, encoding="utf-8")
    rejected = [world.waits]
    queue.reject("default", world.waits, who="ani", now=now)
    for name in ("a", "b", "c", "d", "e"):
        rules = load([world.place / "rules" / f"{name}.yaml"], session.settings).rules
        pipeline.run(rules, session.means(), session.writer)
        if name in "ab":
            rejected.append(queue.waiting("default", session.clock.now())[-1].asked.plan_id)
            queue.reject("default", rejected[-1], who="ani", now=session.clock.now())
    first = world.browser.get("/accounts/default/approvals")
    decided = first.text.partition("Decided")[2]
    assert [plan in decided for plan in rejected] == [False, True, True]
    older = re.search(r'href="([^"]*before=[^"]*)"', decided)
    assert older is not None
    last = world.browser.get(older[1])
    assert rejected[0] in last.text
    assert "before=" not in last.text.partition("Decided")[2]


def test_how_it_goes_is_watched(world: World) -> None:
    """Once approved the page asks again and again until the run is over; then it shows what became of each order."""
    rung: list[int] = []
    from dataclasses import replace  # noqa: PLC0415 - only here

    browser = type(world.browser)(replace(world.site, ring=lambda: rung.append(1)))
    browser.send(f"{world.at}/approve", {"which": "some", "pick": ids(world)[:1]})
    assert rung == [1]
    going = browser.get(f"{world.at}/progress", hx_request="true")
    assert 'hx-trigger="every 2s"' in going.text
    session = world.session
    session.ledger.approvals.refuse("default", world.waits, "the rule was changed", session.clock.now())
    over = browser.get(f"{world.at}/progress", hx_request="true")
    assert "every 2s" not in over.text
    assert "the rule was changed" in over.words


def test_the_state_is_refreshed_with_the_progress(world: World) -> None:
    """Nothing beside the part that htmx asks for again says where the plan stands, so that nothing there grows old."""
    browser = world.person("siti", "approver")
    browser.send(f"{world.at}/approve", {"which": "some", "pick": ids(world)[:1]})
    page = browser.get(world.at)
    before, _, rest = page.text.partition('<div id="progress"')
    refreshed, _, after = rest.partition("</div>")
    assert "approved by siti" in refreshed
    assert "1 of 4 orders" in refreshed
    assert 'hx-trigger="every 2s"' in refreshed
    assert "approved" not in before.partition("<main")[2]
    assert "approved by" not in after
    assert "approved by siti" in browser.get(f"{world.at}/progress", hx_request="true").words


def test_a_part_is_listed_with_its_own_count_and_money(world: World) -> None:
    """Two of four orders and what those two come to, not what the plan comes to; all of it as before."""
    wanted = [one for one in world.plan.changes if one.value == 100_000][:2]
    world.browser.send(f"{world.at}/approve", {"which": "some", "pick": [str(one.id) for one in wanted]})
    decided = world.browser.get("/accounts/default/approvals").words.partition("Decided")[2]
    assert "2 of 4 Rp 200.000 approved" in decided


def test_all_of_a_plan_is_listed_as_all(world: World) -> None:
    """Where nothing was left out, one count is enough; a no leaves the plan's own."""
    world.browser.send(f"{world.at}/approve", {"which": "all"})
    decided = world.browser.get("/accounts/default/approvals").words.partition("Decided")[2]
    assert "4 Rp 550.000 approved" in decided
    assert " of 4" not in decided


def test_a_part_of_the_page_is_the_table_alone(world: World) -> None:
    """A script gets the table without the page around it, searched, sorted, and with what was ticked before."""
    picked = next(str(one.id) for one in world.plan.changes if one.value == 250_000)
    other = next(one for one in ids(world) if one != picked)
    part = world.browser.get(f"{world.at}?q=script&sort=-money&pick={other}&pick={picked}", hx_request="true")
    assert "<html" not in part.text
    back = world.browser.get(f"{world.at}?q=script", hx_request="true", hx_history_restore_request="true")
    assert "<html" in back.text
    assert f'<input type="hidden" name="pick" value="{other}">' in part.text
    assert re.search(rf'value="{picked}"[^>]* checked', part.text)
    rows = [
        re.findall(r'name="pick" value="([^"]*)" aria', world.browser.get(f"{world.at}?sort={sort}").text)
        for sort in ("money", "-money")
    ]
    assert rows[0][-1] == rows[1][0] == picked


def test_who_may_not_decide_sees_no_buttons(world: World) -> None:
    """A viewer reads the plan, and is refused where the form is sent anyway."""
    browser = world.person("tono", "viewer")
    assert "Approve all" not in browser.get(world.at).text
    assert browser.get(f"{world.at}/review?which=all").status == 403
    answer = browser.send(f"{world.at}/approve", {"which": "all"})
    assert answer.status == 403
    assert "your role is `viewer`, and this needs `approver`" in answer.words


# --- what is told of the orders that waited -------------------------------------------------------------


def told_of_an_order(world: World) -> dict[str, Answer]:
    """Return each page, and the report, that tells what became of an order which waited."""
    run, browser = f"/accounts/default/runs/{world.run.run_id}", world.browser
    return {
        "order": browser.get(f"/accounts/default/orders/{ids(world)[0]}"),
        "run": browser.get(run),
        "report": browser.get(f"{run}/report"),
    }


def test_an_order_waits_as_long_as_its_plan_does(world: World) -> None:
    """With the command that approves it, and on the pages with the way to the plan."""
    for name, page in told_of_an_order(world).items():
        assert "waits for approval" in page.words, name
        assert f"approve it with `tertib approve {world.waits}`" in page.words, name
        assert (f'href="{world.at}"' in page.text) == (name != "report"), name


def test_an_order_whose_plan_was_rejected_waits_no_more(world: World) -> None:
    """Nobody is told to approve what can be approved no more, but who said no."""
    world.browser.send(f"{world.at}/reject")
    for name, page in told_of_an_order(world).items():
        assert "waited for approval" in page.words, name
        assert "the plan was rejected by budi, " in page.words, name
        assert "waits for approval" not in page.words, name
        assert "tertib approve" not in page.words, name


def test_an_order_whose_plan_was_replaced_waits_no_more(world: World) -> None:
    """The later plan is named, which the orders now wait in."""
    rules = load(world.session.settings.rules, world.session.settings).rules
    first = told_of_an_order(world)
    pipeline.run(rules, world.session.means(), world.session.writer)
    (later,) = world.session.ledger.approvals.waiting("default", world.session.clock.now())
    for name, page in told_of_an_order(world).items():
        assert f"the plan was replaced by plan `{later.asked.plan_id}`" in page.words, name
        assert first[name].text != page.text
    assert "waits for approval" in told_of_an_order(world)["order"].words  # in the later plan


def test_an_order_that_was_left_out_of_what_was_approved_says_so(world: World) -> None:
    """Somebody approved others of its plan."""
    _, *others = ids(world)
    world.browser.send(f"{world.at}/approve", {"which": "some", "pick": others})
    order = told_of_an_order(world)["order"].words
    assert re.search("the plan was approved by budi, .*, without this order", order)
    run = told_of_an_order(world)["run"].words
    assert run.count("without this order") == 1
    assert run.count("and is about to be applied") == len(others)
