"""The pictures in the documentation: each page as it looks on the shop of `tertib demo --web`, drawn anew by a command.

TERTIB_SCREENSHOTS=docs/images/pages python -m pytest -m long tests/browser/test_pictures.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from browsing import Device, Language, picture, seat
from tertib.cli.showcase import Showcase, Showing, showing
from tour import STOPS, History, visit

LARGEST: Final = 120_000
"""Bytes of a picture: what somebody loads who only wants to read the page."""

SCREENS: Final = {"desktop": {"width": 1000, "height": 700}, "phone": {"width": 360, "height": 740}}
"""How much of a page is pictured: a screen."""


@dataclass(frozen=True)
class Picture:
    """A page as it looks to somebody, from what the selector `top` finds on."""

    page: str
    device: Device = "desktop"
    language: Language = "en"
    dark: bool = False
    top: str = "html"

    @property
    def file(self) -> str:
        """Return the name of its file."""
        return f"{self.page}-{self.device}-{self.language}{'-dark' if self.dark else ''}.png"


PICTURES: Final = (
    Picture("today"),
    Picture("today", "phone", "id", dark=True),
    Picture("plan"),
    Picture("plan", "desktop", "id"),
    Picture("plan", "phone", "id", top="#plan-table .count"),
    Picture("held", "desktop", "id", top="#plan-table"),
    Picture("review", "phone", "id"),
    Picture("why"),
    Picture("run"),
    Picture("rule"),
    Picture("schedule", dark=True),
    Picture("audit"),
)


def test_the_documentation_shows_every_picture(checkout: Path) -> None:
    """Each is there, small enough, and shown with words for whoever cannot see it."""
    place = checkout / "docs" / "images" / "pages"
    pages = ("docs/pages.md", "README.md", "README.id.md")
    told = "\n".join((checkout / page).read_text("utf-8") for page in pages)
    assert {one.name for one in place.iterdir()} == {one.file for one in PICTURES}
    for one in PICTURES:
        assert (place / one.file).stat().st_size <= LARGEST, one.file
        before, found, _ = told.partition(f"images/pages/{one.file})")
        assert found, one.file
        assert len(before.rpartition("![")[2]) > len(one.file), one.file


@pytest.fixture(scope="module")
def shown() -> Iterator[Showcase]:
    """Give the shop of the demo, with its history."""
    with showing(Showing(local_name="siti")) as made:
        yield made


@pytest.fixture(scope="module")
def history(shown: Showcase) -> History:
    """Find in the demo's record what the pictures are about."""
    ledger, now = shown.session.ledger, shown.session.clock.now()
    waits = max(ledger.approvals.waiting("default", now), key=lambda one: Decimal(one.asked.value)).asked
    run = max(ledger.runs("default", 50), key=lambda one: one.totals.get("confirmed", 0))
    details, plan = ledger.run_details(run.run_id), ledger.plan_document(waits.plan_id)
    assert details is not None
    assert plan is not None
    return History(
        account="default",
        applied=str(run.plan_id),
        run=run.run_id,
        waits=waits.plan_id,
        rule=waits.rules[0],
        order=details.changes[0].order_id,
        kept=next(one["order_id"] for one in plan["held"] if one["order_id"]),
    )


@pytest.mark.long
@pytest.mark.parametrize("wanted", PICTURES, ids=lambda one: one.file)
def test_a_picture_is_drawn(
    browser: Browser, shown: Showcase, history: History, tmp_path: Path, wanted: Picture
) -> None:
    """The page on the demo's shop fits into a small picture, and draws without a complaint."""
    looker = seat(
        browser,
        shown.url,
        language=wanted.language,
        device=wanted.device,
        viewport=SCREENS[wanted.device],
        color_scheme="dark" if wanted.dark else "light",
    )
    visit(looker, STOPS[wanted.page], history)
    file = Path(os.environ.get("TERTIB_SCREENSHOTS") or tmp_path) / wanted.file
    picture(looker, file, top=wanted.top, tallest=SCREENS[wanted.device]["height"])
    assert file.stat().st_size <= LARGEST
    assert looker.troubles == []
    looker.context.close()
