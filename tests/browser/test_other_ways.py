"""The pages for whoever uses them in another way: with the keyboard alone, without scripts, in the dark, without motion."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from browsing import LANGUAGES, OURS, UNPAID, Language, Premises, Seat, at

if TYPE_CHECKING:
    from tests.browser.conftest import Sit

MOST_STOPS = 60
"""How often somebody presses Tab at most on a page of two orders."""

both = pytest.mark.parametrize("language", LANGUAGES)


@both
def test_a_row_is_approved_by_keyboard_alone(sit: Sit, premises: Premises, language: Language) -> None:
    """Tab, Space and Enter lead from the first page to the order's change, and wherever one is can be seen."""
    seat = sit(who="siti", language=language)
    wanted, other = premises.unpaid(100_000, 200_000)
    plan = premises.ask(UNPAID)
    seat.open("/")
    skips_to_the_content(seat)
    waits = seat.page.locator("main").get_by_role("link", name=UNPAID, exact=True).first
    presses(seat, waits, "Enter")
    expect(seat.page).to_have_url(f"{premises.url}{at(plan)}")
    presses(seat, seat.pick(premises.number(wanted)), "Space")
    expect(seat.pick(premises.number(wanted))).to_be_checked()
    presses(seat, seat.button("Approve the ticked ones…"), "Enter")
    expect(seat.page).to_have_url(re.compile(r"/review\?"))
    goes_to(seat, seat.field("Note (optional; no names of buyers)"))
    seat.page.keyboard.type("by keyboard")
    presses(seat, seat.page.locator("main button.main"), "Enter")
    expect(seat.page.locator("#progress .badge.good").first).to_be_visible()
    expect(seat.page.locator("main")).to_contain_text("by keyboard")
    is_done(seat, 1)
    assert premises.stands() == {wanted: ("canceled", "unpaid"), other: ("pending", "unpaid")}


def skips_to_the_content(seat: Seat) -> None:
    """Press Tab for the first time, and go past the menu by what it reaches."""
    skip = seat.link("skip to the content")
    expect(skip).not_to_be_in_viewport()
    seat.page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    seat.page.keyboard.press("Enter")
    expect(seat.page.locator("main")).to_be_focused()
    seat.page.keyboard.press("Tab")
    assert seat.page.evaluate("document.querySelector('main').contains(document.activeElement)")


def presses(seat: Seat, wanted: Locator, key: str) -> None:
    """Go to something by Tab, and press a key on it."""
    goes_to(seat, wanted)
    seat.page.keyboard.press(key)


def goes_to(seat: Seat, wanted: Locator) -> None:
    """Press Tab until something has the focus; each stop on the way must be seen to have it."""
    expect(wanted).to_be_visible()
    for _ in range(MOST_STOPS):
        seat.page.keyboard.press("Tab")
        shown = seat.page.evaluate(
            """() => {
              const style = getComputedStyle(document.activeElement);
              return {outline: style.outlineStyle, width: style.outlineWidth, what: document.activeElement.outerHTML};
            }"""
        )
        assert (shown["outline"], shown["width"]) == ("solid", "3px"), shown["what"]
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def is_done(seat: Seat, orders: int) -> None:
    """Wait until the page tells that so many orders are confirmed."""
    confirmed = seat.page.locator("#progress li").filter(has_text=seat.say("confirmed"))
    expect(confirmed.locator(".figure")).to_have_text(str(orders))


def test_the_way_back_leads_to_the_whole_page(sit: Sit, premises: Premises) -> None:
    """Rows that were narrowed are a step of the browser's history; Back and Forward show the page with all around them."""
    seat = sit(who="siti")
    premises.unpaid(100_000, 200_000)
    plan = premises.ask(UNPAID)
    seat.open(at(plan))
    rows = seat.page.locator("table.plan tbody tr")
    expect(rows).to_have_count(2)
    seat.field("Rows").select_option("held")
    expect(seat.page).to_have_url(re.compile("show=held"))
    expect(rows).to_have_count(0)
    for step, count in ((seat.page.go_back, 2), (seat.page.go_forward, 0), (seat.page.go_back, 2)):
        step()
        expect(rows).to_have_count(count)
        expect(seat.page.locator("header.top")).to_have_count(1)
        expect(seat.button("Reject the plan")).to_be_visible()


@both
def test_everything_that_decides_works_without_scripts(
    sit: Sit, premises: Premises, language: Language
) -> None:
    """Searched, sorted, ticked, approved and watched to its end, by forms alone."""
    seat = sit(who="siti", language=language, java_script_enabled=False)
    premises.unpaid(100_000, 200_000)
    (wanted,) = premises.unpaid(300_000)
    plan = premises.ask(UNPAID)
    seat.open(at(plan))
    rows = seat.page.locator("table.plan tbody tr")
    expect(rows).to_have_count(3)
    seat.field("Sort by").select_option("-money")
    seat.button("Show").click()
    expect(rows.first.get_by_role("link", name=premises.number(wanted), exact=True)).to_be_visible()
    seat.field("Search order, rule, reason").fill(premises.number(wanted))
    seat.button("Show").click()
    expect(rows).to_have_count(1)
    seat.pick(premises.number(wanted)).check()
    seat.button("Approve the ticked ones…").click()
    seat.page.locator("main button.main").click()
    is_done(seat, 1)
    changed = {
        order: stands for order, stands in premises.stands().items() if stands != ("pending", "unpaid")
    }
    assert changed == {wanted: ("canceled", "unpaid")}


@both
def test_a_wrong_tick_is_told_without_scripts(sit: Sit, premises: Premises, language: Language) -> None:
    """Nothing ticked: a sentence, and the way back."""
    seat = sit(who="siti", language=language, java_script_enabled=False)
    premises.unpaid(100_000)
    plan = premises.ask(UNPAID)
    seat.open(at(plan))
    seat.button("Approve the ticked ones…").click()
    seat.is_told(seat.say("no order was picked"))
    seat.forgive(422)
    seat.link("back").click()
    expect(seat.page.locator("main").get_by_role("link", name=UNPAID, exact=True).first).to_be_visible()


def test_the_dark_is_dark(sit: Sit) -> None:
    """The colours follow what the system is set to, at once."""
    seat = sit(who="siti")
    seat.open("/")
    light = backdrop(seat)
    seat.page.emulate_media(color_scheme="dark")
    dark = backdrop(seat)
    assert min(light) > 200
    assert max(dark) < 60


def backdrop(seat: Seat) -> list[int]:
    """Return the page's background: red, green and blue from 0 to 255."""
    said: str = seat.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return [int(one) for one in said.removeprefix("rgb(").removesuffix(")").split(", ")]


def test_nothing_moves_for_whoever_wants_no_motion(sit: Sit) -> None:
    """No transition and no animation is left on any element."""
    seat = sit(who="siti")
    for motion, moves in (("no-preference", True), ("reduce", False)):
        seat.page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]  # one of the two words it takes
        seat.open(f"/accounts/{OURS}/rules/{UNPAID}")
        assert (moving(seat) != []) is moves


def moving(seat: Seat) -> list[Any]:
    """Return the elements that would move."""
    found: list[Any] = seat.page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(one => {
          const style = getComputedStyle(one);
          return style.transitionDuration !== "0s" || style.animationName !== "none";
        }).map(one => one.outerHTML.slice(0, 80))"""
    )
    return found


def test_the_language_is_chosen_on_the_page_and_kept(sit: Sit) -> None:
    """One press, the same page in the other language, and so for this person in another browser too."""
    seat = sit(who="rina")
    seat.open(f"/accounts/{OURS}/runs")
    seat.page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(seat.page.locator("html")).to_have_attribute("lang", "id")
    expect(seat.page).to_have_url(f"{seat.url}/accounts/{OURS}/runs")
    elsewhere = sit(who="rina")
    elsewhere.open("/")
    expect(elsewhere.page.locator("html")).to_have_attribute("lang", "id")
    elsewhere.page.get_by_role("button", name="English").click()
    expect(elsewhere.page.locator("html")).to_have_attribute("lang", "en")
