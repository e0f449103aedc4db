"""What holds for every page, in both languages, on both devices, light and dark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import KINDS, Kind, Premises, Seat, picture, seat
from tertib.web.routes import PAGES
from tour import STOPS, History, happen, visit

TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

Lookers: TypeAlias = dict[Kind, Seat]


@pytest.fixture(scope="module")
def history(premises: Premises) -> History:
    """Let things happen at the shop once, for all who only look."""
    premises.clear()
    return happen(premises)


@pytest.fixture(scope="module")
def lookers(premises: Premises, browser: Browser) -> Iterator[Lookers]:
    """Give a window of each kind to somebody who may see everything."""
    seats = {
        (language, device): seat(browser, premises.url, language=language, device=device)
        for language, device in KINDS
    }
    for one in seats.values():
        one.enter(premises.token("dewi"))
    yield seats
    for one in seats.values():
        one.context.close()


def test_the_tour_misses_no_page() -> None:
    """Every address that shows a page is on it, but for what is no page and what is seen before signing in."""
    shown = {page.path for page in PAGES if page.method == "GET"}
    assert {one.route for one in STOPS.values()} == shown - {"/login", "/accounts/{account}/audit/export"}


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
@pytest.mark.parametrize("name", STOPS)
def test_every_page_is_for_everyone(
    lookers: Lookers, history: History, axe: str, name: str, kind: Kind
) -> None:
    """No violation of WCAG 2 AA in light or dark, nothing wider than the screen, and nothing for the browser to complain of."""
    looker = lookers[kind]
    visit(looker, STOPS[name], history)
    looker.fits()
    assert looker.page.locator("html").get_attribute("lang") == looker.language
    assert violations(looker.page, axe) == []
    assert looker.troubles == []
    pictured(looker, name)


def pictured(looker: Seat, name: str) -> None:
    """Keep how the page looks, light and dark, where `TERTIB_SCREENSHOTS` names a directory for that."""
    place = os.environ.get("TERTIB_SCREENSHOTS")
    if place is None:
        return
    file = f"{name}-{looker.device}-{looker.language}"
    picture(looker, Path(place) / f"{file}.png")
    looker.page.emulate_media(color_scheme="dark")
    picture(looker, Path(place) / f"{file}-dark.png")
    looker.page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_signing_in_is_for_everyone(premises: Premises, browser: Browser, axe: str, kind: Kind) -> None:
    """The same of the one page for whoever is not known yet, also where it says what was wrong."""
    looker = seat(browser, premises.url, language=kind[0], device=kind[1])
    looker.open("/")
    assert violations(looker.page, axe) == []
    looker.sign_in("nobody", "nothing of that kind")
    expect(looker.page.get_by_role("alert")).to_be_visible()
    looker.forgive(403)
    looker.fits()
    assert violations(looker.page, axe) == []
    assert looker.troubles == []
    looker.context.close()


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe finds, each with the first place of it; in the dark only the colours differ."""
    page.evaluate(axe)
    found = _run(page, {"type": "tag", "values": TAGS})
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in _run(page, {"type": "rule", "values": ["color-contrast"]})]
    page.emulate_media(color_scheme="light")
    return found


def _run(page: Page, only: dict[str, Any]) -> list[str]:
    found = page.evaluate("only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only)
    return [
        f"{one['id']}: {node['html']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
