"""What must not work, tried in a browser: each time a sentence on the page says why, and nothing is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, expect

from browsing import LANGUAGES, OTHER, OURS, UNPAID, Language, Premises, Seat, at
from pages import PASSWORD
from tertib.ledger.approvals import Approval
from tertib.model import Plan
from tertib.web.attempts import SIGN_IN_NAME

if TYPE_CHECKING:
    from tests.browser.conftest import Sit

both = pytest.mark.parametrize("language", LANGUAGES)


def asked(premises: Premises) -> Plan:
    """Let a plan of two orders wait."""
    premises.unpaid(100_000, 200_000)
    return premises.ask(UNPAID)


def ids(plan: Plan) -> list[int]:
    """Return the ids of a plan's orders."""
    return [int(one.id) for one in plan.changes]


def reviews(seat: Seat, plan: Plan) -> None:
    """Go as far as the last button before a yes."""
    seat.open(at(plan))
    seat.button("Approve all…").click()
    expect(yes(seat)).to_be_enabled()


def yes(seat: Seat) -> Locator:
    """Return the last button before a yes."""
    return seat.page.locator("main button.main")


def approval(premises: Premises, plan: Plan) -> Approval:
    """Return where a plan stands."""
    opened = premises.sessions[plan.account]
    found = opened.ledger.approvals.of(plan.account, plan.plan_id, opened.clock.now())
    assert found is not None
    return found


def state(premises: Premises, plan: Plan) -> str:
    """Return the word for where a plan stands."""
    return approval(premises, plan).state


# --- who one is -----------------------------------------------------------------------------------------


def test_whoever_guesses_passwords_must_wait(sit: Sit) -> None:
    """After so many wrong ones the right one is not looked at either, and the page says for how long."""
    seats = [sit(language=language) for language in LANGUAGES]
    for _ in range(SIGN_IN_NAME.tries):
        secret = (
            seats[0]
            .context.request.get("/login")
            .text()
            .partition('name="csrf" value="')[2]
            .partition('"')[0]
        )
        form: dict[str, str | float | bool] = {
            "name": "wati",
            "password": "tebakan lain lagi",
            "csrf": secret,
        }
        assert seats[0].context.request.post("/login", form=form).status == 403
    for seat in seats:
        seat.open("/login")
        seat.sign_in("wati", PASSWORD)
        told = seat.tongue.ngettext(
            "too many tries: wait %(count)s minute", "too many tries: wait %(count)s minutes", 15
        )
        expect(seat.page.get_by_role("alert")).to_have_text(told)
        seat.forgive(429)


def test_signing_out_ends_this_browser_alone(sit: Sit) -> None:
    """The cookie is dead, also where somebody kept it; the same person's other browser stays signed in."""
    here, there = sit(who="siti"), sit(who="siti")
    here.open("/")
    kept = here.context.cookies()
    here.button("sign out").click()
    expect(here.button("Sign in")).to_be_visible()
    here.context.add_cookies(kept)  # type: ignore[arg-type]  # cookies as they were given
    here.open("/")
    expect(here.button("Sign in")).to_be_visible()
    there.open("/")
    expect(there.button("sign out")).to_be_visible()


@both
def test_a_form_of_another_session_is_refused(sit: Sit, premises: Premises, language: Language) -> None:
    """A page that was left open while somebody else signed in approves nothing in that person's name."""
    seat, plan = sit(who="siti", language=language), asked(premises)
    reviews(seat, plan)
    seat.enter(premises.token("wati"))
    yes(seat).click()
    seat.is_told(seat.say("this form is too old, or did not come from these pages"))
    seat.forgive(403)
    assert state(premises, plan) == "waiting"


# --- what one may ---------------------------------------------------------------------------------------


@both
def test_a_viewer_has_no_button_and_a_forged_form_is_refused(
    sit: Sit, premises: Premises, language: Language
) -> None:
    """The page shows the plan without the means to decide; the form is refused where it is sent all the same."""
    seat, plan = sit(who="tono", language=language), asked(premises)
    seat.open(at(plan))
    expect(seat.page.locator("table.plan tbody tr")).to_have_count(2)
    expect(seat.page.get_by_role("checkbox")).to_have_count(0)
    for message in ("Approve all…", "Approve the ticked ones…", "Reject the plan"):
        expect(seat.button(message)).to_have_count(0)
    forges(seat, f"{at(plan)}/approve")
    seat.is_told(
        seat.say("your role is `%(role)s`, and this needs `%(needed)s`", role="viewer", needed="approver")
    )
    seat.forgive(403)
    assert state(premises, plan) == "waiting"


def forges(seat: Seat, place: str) -> None:
    """Send a form that no page offers, with all that a page's own forms carry."""
    seat.page.evaluate(
        """place => {
          const form = document.createElement("form");
          const secret = document.querySelector("[name=csrf]").value;
          for (const [name, value] of [["csrf", secret], ["which", "all"]]) {
            form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
          }
          document.body.append(Object.assign(form, {method: "post", action: place}));
          form.submit();
        }""",
        place,
    )


@both
def test_another_accounts_plan_is_not_there(sit: Sit, premises: Premises, language: Language) -> None:
    """Neither by its address, nor under the name of an account that one sees, nor by a forged form."""
    premises.unpaid(100_000, account=OTHER)
    plan = premises.ask(UNPAID, account=OTHER)
    seat = sit(who="siti", language=language)
    told = seat.say("there is no account `%(account)s` that you may see", account=OTHER)
    seat.open(at(plan))
    seat.is_told(told)
    seat.open(at(plan).replace(OTHER, OURS))
    seat.is_told(seat.say("there is no plan `%(plan)s` in this account", plan=plan.plan_id[:40]))
    forges(seat, f"{at(plan)}/approve")
    seat.is_told(told)
    seat.forgive(404)
    assert state(premises, plan) == "waiting"


# --- what has passed ------------------------------------------------------------------------------------


@both
def test_the_same_form_sent_twice_changes_once(sit: Sit, premises: Premises, language: Language) -> None:
    """From a second tab, and by going back: told that it was decided, and each order is changed once."""
    seat, plan = sit(who="siti", language=language), asked(premises)
    reviews(seat, plan)
    tab = replace(seat, page=seat.context.new_page())
    reviews(tab, plan)
    yes(seat).click()
    confirmed(seat, 2)
    run = approval(premises, plan).run_id
    told = seat.say("plan `%(plan)s` was applied already, by run `%(run)s`", plan=plan.plan_id, run=run)
    yes(tab).click()
    tab.is_told(told)
    seat.page.go_back()
    seat.is_told(told)
    seat.forgive(409)
    assert premises.changed(*ids(plan)) == [1, 1]


def confirmed(seat: Seat, orders: int) -> None:
    """Wait until so many orders are confirmed."""
    found = seat.page.locator("#progress li").filter(has_text=seat.say("confirmed"))
    expect(found.locator(".figure")).to_have_text(str(orders))


@both
def test_of_two_people_at_once_one_approves(sit: Sit, premises: Premises, language: Language) -> None:
    """Both stand before the same button; whoever is second reads that it was decided, and each order changes once."""
    first, second = sit(who="siti", language=language), sit(who="wati", language=language)
    plan = asked(premises)
    reviews(first, plan)
    reviews(second, plan)
    yes(first).click(no_wait_after=True)
    yes(second).click()
    confirmed(first, 2)
    second.is_told(plan.plan_id)
    second.forgive(409)
    assert premises.changed(*ids(plan)) == [1, 1]


@both
def test_a_plan_that_a_newer_one_replaced_is_stale(sit: Sit, premises: Premises, language: Language) -> None:
    """The sentence names the newer plan, and the old plan's page leads there."""
    seat, plan = sit(who="siti", language=language), asked(premises)
    reviews(seat, plan)
    premises.unpaid(300_000)
    newer = premises.ask(UNPAID)
    yes(seat).click()
    told = "plan `%(plan)s` has gone stale: plan `%(other)s` took its place"
    seat.is_told(seat.say(told, plan=plan.plan_id, other=newer.plan_id))
    seat.forgive(409)
    seat.open(at(plan))
    expect(seat.page.get_by_text(seat.say("replaced by a newer plan"))).to_be_visible()
    seat.link("to the newer plan").click()
    expect(seat.button("Approve all…")).to_be_enabled()
    assert state(premises, plan) == "replaced"


@both
def test_a_plan_that_expired_is_refused(sit: Sit, premises: Premises, language: Language) -> None:
    """Its time ran out while the page was open."""
    seat, plan = sit(who="siti", language=language), asked(premises)
    reviews(seat, plan)
    premises.expire(plan)
    yes(seat).click()
    ends_at = approval(premises, plan).asked.expires_at.astimezone(ZoneInfo("Asia/Jakarta"))
    end = f"{ends_at:%Y-%m-%d %H:%M} WIB"
    told = "plan `%(plan)s` has expired: it could be approved until %(end)s"
    seat.is_told(seat.say(told, plan=plan.plan_id, end=end))
    seat.forgive(409)
    seat.open(at(plan))
    expect(seat.page.get_by_text(seat.say("expired"), exact=True)).to_be_visible()
    expect(seat.page.get_by_role("checkbox")).to_have_count(0)
    assert state(premises, plan) == "expired"


@both
def test_an_order_that_changed_meanwhile_is_dropped(sit: Sit, premises: Premises, language: Language) -> None:
    """The rest of the plan goes on; the page says of that order that it had changed."""
    seat, plan = sit(who="siti", language=language), asked(premises)
    paid, other = ids(plan)
    reviews(seat, plan)
    premises.shops[OURS].served.shop.edit(paid, {"payment_status": "paid"})
    yes(seat).click()
    confirmed(seat, 1)
    dropped = seat.page.locator("#progress li").filter(has_text=seat.say("dropped: the order had changed"))
    expect(dropped.locator(".figure")).to_have_text("1")
    seat.page.locator("#progress a").click()
    expect(seat.row(premises.number(paid))).to_contain_text(seat.say("dropped: the order had changed"))
    assert premises.stands() == {paid: ("pending", "paid"), other: ("canceled", "unpaid")}


# --- other sites ----------------------------------------------------------------------------------------


class _Trap(BaseHTTPRequestHandler):
    """Another site's page, with a button that approves a plan of ours."""

    target: ClassVar[str] = ""

    def do_GET(self) -> None:
        """Answer with the page."""
        form = f'<form method="post" action="{self.target}"><input type="hidden" name="which" value="all">'
        page = f'<!doctype html><html lang="en"><title>Prize</title>{form}<button>Win</button></form></html>'
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_words: object) -> None:
        """Write no log."""


@contextmanager
def trap(target: str) -> Iterator[int]:
    """Serve another site on its own port, and yield that."""
    handler = type("Trap", (_Trap,), {"target": target})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@both
def test_another_sites_form_is_refused(sit: Sit, premises: Premises, host: str, language: Language) -> None:
    """From another port of this machine, where the cookie is sent along, and from another name, where it is not."""
    seat, plan = sit(who="siti", language=language), asked(premises)
    # what every browser asks for where a page names no icon
    seat.context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    with trap(f"{premises.url}{at(plan)}/approve") as port:
        seat.page.goto(f"http://{host}:{port}/")
        seat.page.get_by_role("button", name="Win").click()
        expect(seat.page.locator("body")).to_have_text(
            seat.say("this form was sent from another site, and is refused")
        )
        seat.forgive(403)
        seat.forgive_asking(f"http://{host}:{port}")
    assert (state(premises, plan), premises.stands()) == (
        "waiting",
        dict.fromkeys(ids(plan), ("pending", "unpaid")),
    )
