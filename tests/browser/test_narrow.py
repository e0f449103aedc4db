"""The pages on a phone, on the shop of `tertib demo --web`: what is drawn can be read, and nothing hidden takes the focus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, expect

from browsing import LANGUAGES, Language, Seat, seat
from tertib.cli.showcase import Showcase, showing

ACCOUNT: Final = "/accounts/default"
SMALLEST: Final = 9.5
"""In pixels of the screen: the height of letters that people with good eyes can still read."""

MOST_STOPS: Final = 120
"""How often somebody presses Tab at most on a plan of some twenty orders."""


@pytest.fixture(scope="module")
def shown() -> Iterator[Showcase]:
    """Give the shop of the demo, with its history."""
    with showing() as made:
        yield made


@pytest.fixture(params=LANGUAGES)
def looker(browser: Browser, shown: Showcase, request: pytest.FixtureRequest) -> Iterator[Seat]:
    """Give a phone to somebody; it may have had nothing to complain of."""
    language: Language = request.param
    taken = seat(browser, shown.url, language=language, device="phone")
    yield taken
    taken.context.close()
    assert taken.troubles == []


def waits(shown: Showcase) -> str:
    """Return the address of the plan that waits for a yes to orders of `cancel-unpaid-transfer`."""
    session = shown.session
    waiting = session.ledger.approvals.waiting("default", session.clock.now())
    plan = next(one.asked.plan_id for one in waiting if "cancel-unpaid-transfer" in one.asked.rules)
    return f"{ACCOUNT}/plans/{plan}"


@pytest.mark.parametrize("page", ["today", "schedule", "rule", "run"])
def test_a_chart_can_be_read(looker: Seat, shown: Showcase, page: str) -> None:
    """Its smallest letters are large enough, and the page is no wider than the screen for that."""
    (run, *_) = (one for one in shown.session.ledger.runs("default", 50) if one.totals.get("confirmed"))
    places = {
        "today": "/",
        "schedule": f"{ACCOUNT}/schedule",
        "rule": f"{ACCOUNT}/rules/complete-delivered",
        "run": f"{ACCOUNT}/runs/{run.run_id}",
    }
    looker.open(places[page])
    looker.fits()
    charts = looker.page.locator("svg.chart")
    expect(charts.first).to_be_visible()
    sizes: list[float] = charts.locator("text").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    assert min(sizes) >= SMALLEST


def test_a_chart_that_is_wider_than_the_screen_is_moved_by_keys(looker: Seat) -> None:
    """It begins at the newest day, takes the focus under its own name, and the arrow keys lead to the oldest one."""
    looker.open("/")
    chart = looker.page.get_by_role("figure", name=looker.say("Orders changed, day by day"), exact=True)
    beyond = chart.evaluate("one => one.scrollWidth - one.clientWidth")
    assert beyond > 0
    assert chart.evaluate("one => one.scrollLeft") == pytest.approx(beyond, abs=1)
    chart.focus()
    expect(chart).to_be_focused()
    chart.evaluate("one => { one.scrollLeft = 60; }")
    looker.page.keyboard.press("ArrowLeft")
    chart.evaluate(
        """one => new Promise(done => {
          const look = () => one.scrollLeft < 60 ? done() : requestAnimationFrame(look);
          look();
        })"""
    )
    looker.fits()


def test_all_orders_of_a_page_are_ticked_by_a_finger(looker: Seat, shown: Showcase) -> None:
    """The box for that can be seen and tapped, says what it does, and takes the ticks away again."""
    looker.open(waits(shown))
    box = looker.field("tick all orders on this page")
    expect(box).to_be_visible()
    picks = looker.page.locator("#plan-form input[name=pick]")
    box.tap()
    assert picks.evaluate_all("all => all.every(one => one.checked)")
    assert picks.count() > 1
    box.tap()
    assert picks.evaluate_all("all => all.every(one => !one.checked)")
    looker.field("Search order, rule, reason").fill("janji-bayar")
    expect(picks).to_have_count(4)
    expect(box).to_be_visible()
    box.tap()
    assert looker.page.locator("#plan-form input[name=pick]:checked").count() == 4


def test_nothing_that_cannot_be_seen_takes_the_focus(looker: Seat, shown: Showcase) -> None:
    """Each stop of Tab on a plan stands on the screen, as large as it can be seen; the columns' buttons are left out."""
    looker.open(waits(shown))
    focused = looker.page.locator(":focus")
    for _ in range(MOST_STOPS):
        looker.page.keyboard.press("Tab")
        if focused.count() == 0:
            break
        assert seen(focused), focused.evaluate("one => one.outerHTML")
    else:
        raise AssertionError("Tab never comes to the end of the page")


def seen(focused: Locator) -> bool:
    """Tell whether an element, or a piece of it, is what somebody sees at its place."""
    found: bool = focused.evaluate(
        """one => {
          one.scrollIntoView({block: "center", inline: "nearest"});
          const box = one.getClientRects()[0];
          const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return one.contains(top);
        }"""
    )
    return found


def test_a_mistyped_order_is_told_within_the_page(looker: Seat) -> None:
    """One sentence under the field; the page keeps its one menu and its one heading."""
    looker.open(f"{ACCOUNT}/rules/cancel-unpaid-transfer")
    looker.field("Order number").fill("NOPE123")
    looker.button("Explain").click()
    told = looker.page.locator("#explanation").get_by_role("alert")
    expect(told).to_have_text(looker.say("Scalev has no order `%(order)s`", order="NOPE123"))
    counts: Any = looker.page.evaluate(
        "['nav', 'main', 'h1', 'header'].map(one => document.querySelectorAll(one).length)"
    )
    assert counts == [1, 1, 1, 1]
    looker.fits()
    looker.forgive(422)
