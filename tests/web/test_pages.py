"""What the pages tell: today, rules, orders, runs, schedule, audit, accounts, settings."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pages import CONFIRM, Answer, Browser, Opener, World, aged
from tertib import pipeline
from tertib.dispatch import approved
from tertib.errors import ReadError
from tertib.load import load
from tertib.web import runs


def test_today_tells_what_waits_and_what_is_at_stake(world: World) -> None:
    """What waits with its money, what ran, what comes next."""
    words = world.browser.get("/").words
    assert "1 plan waits for you" in words
    assert "Rp 550.000 at stake" in words
    assert world.run.run_id in words
    assert "cancel-unpaid" in words.partition("What comes next")[2]


def test_today_tells_what_somebody_must_look_at(world: World) -> None:
    """A stopped account, a pause, a rule that does not load, and one that failed."""
    session, now = world.session, world.session.clock.now()
    session.ledger.halt("default", "an answer named strangers", now)
    session.ledger.pausing.pause(
        "default", "cancel-unpaid", who="siti", why="stock-taking", until=None, now=now
    )
    session.ledger.slot_open("default", "cancel-unpaid", now, now)
    session.ledger.slot_close("default", "cancel-unpaid", now, "failed", now, note="the token was refused")
    (world.place / "rules" / "bad.yaml").write_text("name: broken\nquery: {statu: x}\naction: {}\n")
    words = world.browser.get("/").words
    assert "an answer named strangers" in words
    assert "cancel-unpaid is paused by siti: stock-taking" in words
    assert "rule broken has a mistake" in words
    assert "rule cancel-unpaid failed last: the token was refused" in words


def test_a_rule_that_failed_is_told_of_until_it_runs_again(world: World) -> None:
    """However many slots other rules had since, and no longer once it ran."""
    session, now = world.session, world.session.clock.now()
    began = now - timedelta(days=1)
    session.ledger.slot_close("default", "cancel-unpaid", began, "failed", now, note="the token was refused")
    for number in range(101):
        at = began + timedelta(minutes=5 * number)
        session.ledger.slot_close("default", "every-five", at, "done", now, note="")
    told = "rule cancel-unpaid failed last: the token was refused"
    assert told in world.browser.get("/").words
    session.ledger.slot_close("default", "cancel-unpaid", now, "done", now, note="")
    assert told not in world.browser.get("/").words


def test_a_rule_is_shown_with_its_marks_its_tests_and_its_slots(world: World) -> None:
    """The source line by line, what the checker says at its line, how its tests went, when it runs next."""
    words = world.browser.get("/accounts/default/rules/cancel-unpaid").words
    assert "Cancel what nobody pays." in words
    assert "query: {status: pending" in words
    assert "T710" in words or "T" in words
    assert "✓ passed: four days without a payment" in words
    assert "Next slots none" not in words


def test_a_broken_rule_is_shown_where_it_is_broken(world: World) -> None:
    """A rule that does not load has a page too, with the mistake at its line; the list names it first."""
    (world.place / "rules" / "bad.yaml").write_text(
        "name: broken\nquery: {statu: x}\naction: {status: canceled}\n"
    )
    words = world.browser.get("/accounts/default/rules/broken").words
    assert "this rule does not load" in words
    assert "statu" in words
    assert "1 mistake keeps rules from running" in world.browser.get("/accounts/default/rules").words
    assert world.browser.get("/accounts/default/rules/never").status == 404


def test_a_rule_explains_any_order(world: World) -> None:
    """Each condition with what it saw; for an order that there is not, a sentence."""
    held = next(one for one in world.plan.held if one.code == "transfer_proof")
    place = "/accounts/default/rules/cancel-unpaid/explain"
    told = world.browser.send(place, {"order": str(held.order_id)})
    assert "✓ true: pending_time: {older_than: 3d}" in told.words
    assert "transfer_proof" in told.words
    assert "<html" in told.text
    part = world.browser.send(place, {"order": str(held.order_id)}, hx_request="true")
    assert "<html" not in part.text
    assert world.browser.send(place, {"order": " "}).status == 422


def test_a_mistyped_order_is_told_under_the_field(world: World) -> None:
    """The rule's page stays, with what was typed; a script gets the sentence alone, and a fault of Scalev is none of theirs."""
    place = "/accounts/default/rules/cancel-unpaid/explain"
    missing = world.browser.send(place, {"order": "NOSUCH"})
    assert (missing.status, "Scalev has no order `NOSUCH`" in missing.words) == (422, True)
    assert "What would it do with an order?" in missing.words
    assert 'value="NOSUCH" aria-invalid="true" aria-describedby="explanation"' in missing.text
    part = world.browser.send(place, {"order": "NOSUCH"}, hx_request="true")
    assert part.status == 422
    assert part.words == "Scalev has no order `NOSUCH` give the order's number as Scalev shows it"
    is_part(part)


def test_what_scalev_failed_at_is_told_under_the_field(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that could not be read is no mistake of whoever asked."""

    def fails(*_: object, **__: object) -> None:
        raise ReadError("Scalev failed")

    monkeypatch.setattr("tertib.pipeline.find_orders", fails)
    place = "/accounts/default/rules/cancel-unpaid/explain"
    for headers in ({}, {"hx_request": "true"}):
        answer = world.browser.send(place, {"order": "X1"}, **headers)
        assert (answer.status, "Scalev failed" in answer.words) == (502, True)


def is_part(answer: Answer) -> None:
    """Check that an answer can stand within a page."""
    assert [one for one in ("<html", "<nav", "<main", "<h1") if one in answer.text] == []


@pytest.mark.parametrize(
    ("place", "form", "status"),
    [
        ("/accounts/default/rules/cancel-unpaid/explain", {"order": "1", "csrf": "of another page"}, 403),
        ("/accounts/default/rules/cancel-unpaid/explain", {"order": " "}, 422),
        ("/accounts/default/rules/never/explain", {"order": "1"}, 404),
        ("/accounts/nobodys/why", {"order": "1"}, 404),
        ("/accounts/default/plans/never/reject", {}, 404),
        ("/nothing/of/that/kind", {}, 404),
    ],
)
def test_a_refusal_to_a_script_is_a_part(
    world: World, place: str, form: Mapping[str, str], status: int
) -> None:
    """It is shown within the page that asked, where a second menu and heading would be out of place."""
    secret = world.browser.get("/accounts").secret
    answer = world.browser.post(place, {"csrf": secret, **form}, hx_request="true")
    assert (answer.status, 'role="alert"' in answer.text) == (status, True)
    is_part(answer)
    is_whole = world.browser.post(place, {"csrf": secret, **form})
    assert (is_whole.status, "<main" in is_whole.text) == (status, True)


def test_a_viewers_forged_part_is_refused_with_a_part(world: World) -> None:
    """So is what a role may not do."""
    browser = world.person("tono", "viewer")
    answer = browser.send(f"{world.at}/approve", {"which": "all"}, hx_request="true")
    assert answer.status == 403
    assert "your role is `viewer`" in answer.words
    is_part(answer)


def test_asking_scalev_has_its_measure(world: World) -> None:
    """Who asks without end does not use up the account's requests."""
    held = str(world.plan.held[0].order_id)
    answers = [world.browser.send("/accounts/default/why", {"order": held}).status for _ in range(22)]
    assert answers[:3] == [200] * 3
    assert answers[-1] == 429
    part = world.browser.send("/accounts/default/why", {"order": held}, hx_request="true")
    assert part.status == 429
    is_part(part)


def test_an_order_tells_all_that_was_decided_about_it(world: World) -> None:
    """What was wanted with what it saw then, what kept a rule from it, what is on hold; and every rule's word now."""
    order = next(one for one in world.plan.changes if "script" not in one.order_id)
    kept = world.plan.held[0]
    now = world.session.clock.now()
    world.session.ledger.hold("default", str(order.order_id), None, "the buyer called", now)
    words = world.browser.get(f"/accounts/default/orders/{order.order_id}").words
    assert "waits for approval" in words
    assert "the buyer called" in words
    assert "pending_time: {older_than: 3d}" in words
    held = world.browser.get(f"/accounts/default/orders/{kept.order_id}").words
    assert "transfer_proof" in held
    asked = world.browser.send("/accounts/default/why", {"order": str(kept.order_id)}).words
    assert "cancel-unpaid: matches order" in asked
    by_number = world.browser.get(f"/accounts/default/orders?order={order.order_id}")
    assert by_number.place == f"/accounts/default/orders/{order.order_id}"
    typed = f" %23{str(order.order_id).lower()}"
    assert world.browser.get(f"/accounts/default/orders?order={typed}").place == by_number.place
    asked = world.browser.send("/accounts/default/why", {"order": f"#{str(kept.order_id).lower()}"}).words
    assert "cancel-unpaid: matches order" in asked
    unknown = world.browser.get("/accounts/default/orders/NEVER").words
    assert "the record has nothing about this order" in unknown


def test_runs_are_listed_by_key_and_told_as_a_funnel(world: World) -> None:
    """The newest first, from one run on to the older ones; a run from read to confirmed."""
    rules = load(world.session.settings.rules, world.session.settings).rules
    for _ in range(2):
        pipeline.run(rules, world.session.means(), world.session.writer)
    newest = world.browser.get("/accounts/default/runs").words
    older = world.browser.get("/accounts/default/runs?before=default-2").words
    assert ("default-3" in newest, "default-3" in older, "default-1" in older) == (True, False, True)
    text = world.browser.get(f"/accounts/default/runs/{world.run.run_id}").text
    assert "<desc>read 5, matched 5, vetoed 1, held 0, sent 0, confirmed 0</desc>" in text
    assert world.browser.get("/accounts/default/runs/nope").status == 404


class Dying:
    """A writer that ends the process, as far as a run can tell, at its second request."""

    def __init__(self, writer: Any) -> None:
        self.writer, self.asked = writer, 0

    def __getattr__(self, name: str) -> Any:
        """Return whatever else a writer has."""
        return getattr(self.writer, name)

    def change_status(self, body: Any) -> Any:
        """Send one request, and no second one."""
        self.asked += 1
        if self.asked > 1:
            raise SystemExit("ended")
        return self.writer.change_status(body)


def test_a_run_that_failed_tells_what_it_sent(opens: Opener) -> None:
    """Lists and the run's page count what the record knows, not what a run says of itself when it ends in order."""
    settings = "rules: rules/\nledger: sqlite:///tertib.db\napply: {batch_size: 1}\n"
    world = opens(rules={"confirm-paid": CONFIRM}, settings=settings)
    for _ in range(3):
        world.served.shop.add(aged())
    rules = load(world.session.settings.rules, world.session.settings).rules
    with pytest.raises(SystemExit):
        pipeline.run(rules, world.session.means(), Dying(world.session.writer))
    (failed, _) = world.session.ledger.runs("default")
    cells = [("sent", "2"), ("confirmed", "1")]
    for place in ("/", "/accounts/default/runs"):
        found = re.findall(r'data-label="(sent|confirmed)" class="num">(\d+)', world.browser.get(place).text)
        assert found[:2] == cells
    told = world.browser.get(f"/accounts/default/runs/{failed.run_id}").text
    assert "sent 2, confirmed 1</desc>" in told


def test_a_page_of_a_large_run_reads_its_own_rows_alone(
    opens: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders come a page at a time, by key; no page, and no look at how a plan goes, reads the whole run."""
    asks = CONFIRM.replace("mode: apply", "mode: approve")
    world = opens(*[{} for _ in range(5)], rules={"confirm-paid": asks})
    world.browser.send(f"{world.at}/approve", {"which": "all"})
    session = world.session
    run = approved.carry_out(world.approval, session.ledger, session.means(), session.writer)
    monkeypatch.setattr(runs, "_ROWS", 2)
    monkeypatch.setattr(type(session.ledger), "run_details", None)
    place, rows = f"/accounts/default/runs/{run.run_id}", []
    while place:
        text = world.browser.get(place).text
        rows.append(re.findall(r'href="/accounts/default/orders/([^"]*)"', text))
        more = re.search(rf'href="([^"]*{run.run_id}\?after=[^"]*)"', text)
        place = more[1] if more else ""
    assert [len(page) for page in rows] == [2, 2, 1]
    assert {order for page in rows for order in page} == {one.order_id for one in run.outcomes}
    assert "5 confirmed" in world.browser.get(f"{world.at}/progress").words
    assert "5 confirmed" in world.browser.get(world.at).words


def test_an_undo_is_planned_and_waits_like_any_plan(world: World) -> None:
    """What can go back makes a plan that waits, asked for under the person's name; what cannot is said on the run's page."""
    ledger, now = world.session.ledger, world.session.clock.now()
    browser = world.person("siti", "approver")
    place = f"/accounts/default/runs/{world.run.run_id}"
    assert browser.send(f"{place}/undo").place == place
    assert "nothing of it can be taken back" in browser.get(place).words
    (record,) = [one for one in ledger.audit_records("default") if one.kind == "undo_requested"]
    assert record.facts == {"run": world.run.run_id, "who": "siti"}
    assert len(ledger.approvals.waiting("default", now)) == 1


def test_an_undo_is_planned_once(opens: Opener) -> None:
    """However often the form comes, while a way back waits or is approved: no further reading, and no other plan."""
    world = opens({}, {}, rules={"confirm-paid": CONFIRM})
    session, browser = world.session, world.person("siti", "approver")
    place = f"/accounts/default/runs/{world.run.run_id}"
    browser.send(f"{place}/undo")
    (asked,) = session.ledger.approvals.waiting("default", session.clock.now())
    reads = session.reader.spent().reads
    assert {browser.send(f"{place}/undo").place for _ in range(25)} == {place}
    browser.send(f"/accounts/default/plans/{asked.asked.plan_id}/approve", {"which": "all"})
    assert browser.send(f"{place}/undo").place == place
    told = browser.get(place)
    assert "is approved, about to run" in told.words
    assert "Plan to take this run back" not in told.words
    (approval,) = session.ledger.approvals.approved("default", session.clock.now())
    assert approval.asked == asked.asked
    assert (session.reader.spent().reads, world.kinds().count("undo_requested")) == (reads, 1)


def test_two_who_ask_at_once_begin_one_undo(opens: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether there is a way back while somebody else is about to begin one."""
    world = opens({}, rules={"confirm-paid": CONFIRM})
    both, looks = threading.Barrier(2), runs._way_back

    def looks_together(*given: Any) -> Any:
        found = looks(*given)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return found

    monkeypatch.setattr(runs, "_way_back", looks_together)
    browsers = [world.person(name, "approver") for name in ("ani", "siti")]
    place = f"/accounts/default/runs/{world.run.run_id}/undo"
    forms = [{"csrf": browser.get("/accounts").secret} for browser in browsers]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one, form: one.post(place, form).status, browsers, forms))
    assert answers == [303, 303]
    assert (len(world.errands), world.kinds().count("undo_requested")) == (1, 1)


def test_planning_undos_has_its_measure(world: World) -> None:
    """They count with what else reads from Scalev: twenty a minute an account."""
    place = f"/accounts/default/runs/{world.run.run_id}/undo"
    held = str(world.plan.held[0].order_id)
    assert world.browser.send("/accounts/default/why", {"order": held}).status == 200
    answers = [world.browser.send(place) for _ in range(20)]
    assert [one.status for one in answers] == [303] * 19 + [429]
    assert "too many questions" in answers[-1].words


def test_a_run_above_the_limit_is_taken_back_in_parts(opens: Opener) -> None:
    """The way back waits although a limit holds all of it; the pages say what the limit is, and a part within it goes."""
    rule = CONFIRM + "limits: {orders: 10}\n"
    settings = "rules: rules/\nledger: sqlite:///tertib.db\nlimits: {orders: 2}\n"
    world = opens({}, {}, {}, rules={"confirm-paid": rule}, settings=settings)
    session, browser = world.session, world.person("siti", "approver")
    place = f"/accounts/default/runs/{world.run.run_id}"
    browser.send(f"{place}/undo")
    words = browser.get(place).words
    assert "a plan that takes this run back waits for approval" in words
    assert "more than may go at once: 3 orders, and the limit is 2" in words
    (asked,) = session.ledger.approvals.waiting("default", session.clock.now())
    at = f"/accounts/default/plans/{asked.asked.plan_id}"
    told = browser.get(at)
    assert "more than may go at once: 3 orders, and the limit is 2" in told.words
    ticks = re.findall(r'name="pick" value="([^"]*)"', told.text)
    assert len(ticks) == 3
    assert browser.send(f"{at}/approve", {"which": "some", "pick": ticks[:2]}).status == 303
    (approval,) = session.ledger.approvals.approved("default", session.clock.now())
    run = approved.carry_out(approval, session.ledger, session.means(), session.writer)
    assert sorted(str(one.id) for one in run.outcomes if one.state == "confirmed") == sorted(ticks[:2])
    browser.send(f"{place}/undo")
    (rest,) = session.ledger.approvals.waiting("default", session.clock.now())
    assert rest.asked.changes == 1


def test_an_undo_that_cannot_be_planned_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault beside the page is noted for it, without what the fault quotes."""

    def fails(*_: object, **__: object) -> None:
        raise ValueError("wulan")

    monkeypatch.setattr(pipeline, "undo", fails)
    place = f"/accounts/default/runs/{world.run.run_id}"
    world.browser.send(f"{place}/undo")
    words = world.browser.get(place).words
    assert "planning it failed" in words
    assert "wulan" not in words + str(world.log.lines)


def test_the_schedule_is_a_timeline(world: World) -> None:
    """A bar for slots that follow closely, with their times for who cannot see it."""
    text = world.browser.get("/accounts/default/schedule").text
    assert "cancel-unpaid, 08.00 - 21.30 (28)" in text


def test_the_audit_log_is_listed_verified_and_exported(world: World) -> None:
    """The newest first, by number; whole; as JSON lines and as a table."""
    kinds = world.kinds()
    listed = world.browser.get("/accounts/default/audit")
    assert f"{len(kinds)} sealed records" in listed.words
    assert "genesis" not in world.browser.get("/accounts/default/audit?before=1").words
    verified = world.browser.send("/accounts/default/audit/verify")
    assert f"the audit log is whole: {len(kinds)} records" in verified.words
    lines = world.browser.get("/accounts/default/audit/export").text.splitlines()
    assert [json.loads(one)["kind"] for one in lines] == kinds
    table = world.browser.get("/accounts/default/audit/export?format=csv")
    assert len(table.text.splitlines()) == len(kinds) + 1
    assert "attachment" in table.headers["content-disposition"]


def test_settings_and_accounts_show_no_secret(world: World) -> None:
    """What is in force, without a token or a ledger's password."""
    world.person("siti", "viewer")
    browser = world.browser
    browser.sign_in("siti")
    desk = world.site.desks["default"]
    secret = "postgresql://tertib:rahasia@db.example/ledger?password=rahasia"
    place = "https://hooks.example/services/T0rahasia?key=rahasia"
    hidden = replace(desk, settings=replace(desk.settings, ledger=secret, checkpoints=place))
    shown = replace(browser, site=replace(world.site, desks={"default": hidden})).get("/settings")
    assert "postgresql://db.example/ledger" in shown.words
    assert "https://hooks.example" in shown.words
    assert "/services" not in shown.text
    assert "rahasia" not in shown.text
    assert world.served.business_token not in shown.text
    accounts = browser.get("/accounts")
    assert "argon2" not in accounts.text
    assert "People" not in accounts.words  # they are for an admin


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("id", "id"),
        ("id-ID,id;q=0.9,en;q=0.5", "id"),
        ("en-GB,id;q=0.3", "en"),
        ("fr", "en"),
        ("", "en"),
        ("in", "id"),
    ],
)
def test_the_language_is_the_browsers(world: World, header: str, language: str) -> None:
    """`Accept-Language` decides where nobody chose; English where it names neither."""
    assert f'<html lang="{language}">' in world.browser.get("/", accept_language=header).text


def test_a_chosen_language_stays(world: World) -> None:
    """By cookie for the browser, and for a person wherever they sign in."""
    browser = world.person("siti", "viewer")
    assert browser.send("/language", {"language": "id", "next": "/accounts"}).place == "/accounts"
    assert '<html lang="id">' in browser.get("/", accept_language="en").text
    elsewhere = world.browser
    elsewhere.sign_in("siti")
    assert '<html lang="id">' in elsewhere.get("/").text
    assert browser.send("/language", {"language": "xx"}).status == 303


def test_pages_are_light(world: World) -> None:
    """The first page with all that it needs stays below 100 KB."""
    browser: Browser = world.browser
    files = ("/", "/static/tertib.css", "/static/htmx.min.js", "/static/tertib.js", "/static/icon.svg")
    assert sum(len(browser.get(one).text.encode()) for one in files) < 100_000


DELIVERED = """\
name: delivered
query: {status: shipped, payment_status: unpaid, payment_method: cod}
conditions:
  - shipped_time: {older_than: 3d}
action: {status: completed, payment_status: paid}
mode: apply
"""


def test_what_can_go_back_waits_for_approval(world: World) -> None:
    """The undo is a plan like any other: it waits, shows each order's way back, and is approved on the same page."""
    since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    wanted = {
        "status": "shipped",
        "payment_status": "unpaid",
        "payment_method": "cod",
        "shipped_time": since,
        "gross_revenue": "90000.00",
    }
    order = world.served.shop.add(wanted)
    session, file = world.session, world.place / "rules" / "delivered.yaml"
    file.write_text(DELIVERED, encoding="utf-8")
    plan, run = pipeline.run(load([file], session.settings).rules, session.means(), session.writer)
    assert run.sent == len(plan.changes) == 1
    browser = world.person("siti", "approver")
    assert "Plan to take this run back" in browser.get(f"/accounts/default/runs/{run.run_id}").words
    browser.send(f"/accounts/default/runs/{run.run_id}/undo")
    waiting = session.ledger.approvals.waiting("default", session.clock.now())
    (undo,) = [one for one in waiting if one.asked.rules[0].startswith("undo:")]
    told = browser.get(f"/accounts/default/runs/{run.run_id}")
    assert f"/accounts/default/plans/{undo.asked.plan_id}" in told.text
    assert "Plan to take this run back" not in told.words
    assert undo.asked.why == f"siti asked to take run {run.run_id} back"
    place = f"/accounts/default/plans/{undo.asked.plan_id}"
    words = browser.get(place).words
    assert "completed → shipped" in words
    assert order["order_id"] in words
    assert browser.send(f"{place}/approve", {"which": "all"}).status == 303
    world.served.shop.remove(order["id"])


@pytest.mark.parametrize("address", ["plans/{plan.plan_id}?page=", "audit?before="])
def test_a_number_of_absurd_length_is_none(world: World, address: str) -> None:
    """Five thousand digits are more than Python reads: the page is the one without them."""
    plain = f"/accounts/default/{address.format(plan=world.plan)}"
    for digits in ("", "9" * 5000, "9" * 18):
        assert world.browser.get(plain + digits).status == 200, len(digits)
