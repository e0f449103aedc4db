"""The whole way of a plan in a browser, from signing in to the proof of it afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browsing import DELIVERED, KINDS, Device, Language, Premises, Seat
from pages import PASSWORD

if TYPE_CHECKING:
    from tests.browser.conftest import Sit

NOTE = "as agreed on Monday"


@pytest.mark.parametrize(("language", "device"), KINDS)
def test_a_part_of_a_plan_is_approved_watched_explained_and_taken_back(
    sit: Sit, premises: Premises, language: Language, device: Device
) -> None:
    """Only what was picked changes at the shop, what is held says why, undo brings the old state, the log is whole."""
    seat = sit(language=language, device=device)
    premises.delivered(120_000, 480_000)
    cheap, dear, dearest = premises.delivered(150_000, 250_000, 350_000, platform="tokopedia")
    (kept,) = premises.delivered(300_000, tags=[{"name": "hold"}])
    plan, before = premises.ask(DELIVERED), premises.stands()

    signs_in(seat)
    opens_the_plan(seat, plan.plan_id)
    narrows_and_sorts(seat, premises.number(dear), [premises.number(one) for one in (dearest, dear, cheap)])
    approves(seat, [premises.number(dear), premises.number(dearest)], NOTE)
    run = watches(seat, 2)
    done = {dear: ("completed", "paid"), dearest: ("completed", "paid")}
    assert premises.stands() == {**before, **done}
    expect(seat.page.locator("main")).to_contain_text(NOTE)

    finds_out_why(seat, premises.number(kept))
    takes_back(seat, run)
    watches(seat, 2)
    assert premises.stands() == before
    reads_the_log(seat)


def signs_in(seat: Seat) -> None:
    """Be led to the form, mistype the password, be told so, and get it right."""
    seat.open("/")
    seat.fits()
    seat.sign_in("siti", "enam angsa berlari sore")
    expect(seat.page.get_by_role("alert")).to_have_text(seat.say("the name or the password is wrong"))
    seat.forgive(403)
    seat.fits()
    seat.sign_in("siti", PASSWORD)
    expect(seat.page.get_by_role("heading", level=1)).to_contain_text(seat.say("Today"))
    assert seat.page.locator("html").get_attribute("lang") == seat.language
    seat.fits()


def opens_the_plan(seat: Seat, plan_id: str) -> None:
    """Follow the link of what waits."""
    waits = seat.page.get_by_role("listitem").filter(has_text=seat.say("until"))
    waits.get_by_role("link", name=DELIVERED).click()
    expect(seat.page).to_have_url(re.compile(plan_id))
    expect(seat.page.locator("table.plan tbody tr")).to_have_count(5)
    seat.fits()


def narrows_and_sorts(seat: Seat, wanted: str, by_money: list[str]) -> None:
    """Search one order, then those of one platform, the most money first."""
    rows = seat.page.locator("table.plan tbody tr")
    seat.field("Search order, rule, reason").fill(wanted)
    expect(rows).to_have_count(1)
    expect(seat.row(wanted)).to_be_visible()
    seat.field("Search order, rule, reason").fill("tokopedia")
    expect(rows).to_have_count(3)
    seat.field("Sort by").select_option("-money")
    expect(rows.locator("a:not(.out)")).to_have_text(by_money)


def approves(seat: Seat, numbers: list[str], note: str) -> None:
    """Tick orders, read once more what it comes to, and say yes."""
    for number in numbers:
        seat.pick(number).check()
    seat.button("Approve the ticked ones…").click()
    expect(seat.page.get_by_role("heading", level=1)).to_have_text(seat.say("Approve?"))
    expect(seat.page.locator("main .list li")).to_have_count(len(numbers))
    seat.fits()
    seat.field("Note (optional; no names of buyers)").fill(note)
    seat.page.locator("main button.main").click()


def watches(seat: Seat, orders: int) -> str:
    """Wait until the page tells by itself that every order is confirmed, and return where its run is."""
    progress = seat.page.locator("#progress")
    confirmed = progress.get_by_role("listitem").filter(has_text=seat.say("confirmed"))
    expect(confirmed.locator(".figure")).to_have_text(str(orders))
    expect(progress.get_by_text(seat.say("ended"), exact=True)).to_be_visible()
    expect(progress.get_by_text(seat.say("applied"), exact=True)).to_be_visible()
    expect(seat.page.locator("main")).not_to_contain_text(seat.say("approved, about to run"))
    seat.fits()
    return str(progress.get_by_role("link").get_attribute("href"))


def finds_out_why(seat: Seat, number: str) -> None:
    """From the rows that are held to the order, and ask every rule about it."""
    seat.field("Rows").select_option("held")
    expect(seat.row(number)).to_contain_text("protected")
    seat.fits()
    seat.row(number).get_by_role("link", name=number, exact=True).click()
    seat.button("Ask every rule").click()
    answer = seat.page.locator("#why article").filter(has_text=DELIVERED).first
    expect(answer).to_contain_text(seat.say("matches order %(order)s", order=number))
    expect(answer).to_contain_text("protected")
    seat.fits()


def takes_back(seat: Seat, run: str) -> None:
    """Ask for the way back on the run's page, and approve the plan that comes of it."""
    seat.open(run)
    seat.fits()
    seat.button("Plan to take this run back").click()
    seat.link("a plan that takes this run back waits for approval").click()
    expect(seat.page).to_have_url(re.compile("/plans/"))
    seat.fits()
    seat.link("Approvals").click()
    expect(seat.page).to_have_url(re.compile("/approvals"))
    seat.fits()
    seat.page.get_by_role("link", name=f"undo:{run.rpartition('/')[2]}").click()
    seat.button("Approve all…").click()
    seat.page.locator("main button.main").click()


def reads_the_log(seat: Seat) -> None:
    """Verify the whole log, and find the approval in it by name."""
    seat.link("Audit").click()
    seat.button("Verify the whole log").click()
    expect(seat.page.locator("#verdict [role=status]")).to_be_visible()
    approvals = seat.page.get_by_role("row").filter(has_text="plan_approved")
    expect(approvals.first).to_contain_text('"who":"siti"')
    seat.fits()
