"""`tertib serve --web` as a shop runs it, and real browsers that open its pages.

`Premises` is the project: two accounts with a shop each, people with passwords, and what goes on at the shops. `Seat` is one
browser window: who sits there reads one language on one device, and whatever the browser complains of is kept.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FloatRect,
    Locator,
    Page,
    Request,
    expect,
)
from sqlalchemy import update

from breadth import IN_CI
from project import Project
from tertib import pipeline, record
from tertib.ledger import schema
from tertib.ledger.people import Person
from tertib.load import load
from tertib.model import Plan, Run
from tertib.session import Session
from tertib.telling.tongue import Tongue, tongue

Language: TypeAlias = Literal["en", "id"]
Device: TypeAlias = Literal["desktop", "phone"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
DEVICES: Final[Mapping[Device, Mapping[str, Any]]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}

Kind: TypeAlias = tuple[Language, Device]

KINDS: Final[tuple[Kind, ...]] = (
    tuple(product(LANGUAGES, DEVICES)) if IN_CI else tuple(zip(LANGUAGES, DEVICES, strict=True))
)
"""Each language on each device in CI; every day each of both once."""

PATIENCE: Final = 15_000
"""In milliseconds: how long a page may take to show what is expected, on a machine that is busy with other tests."""

OURS: Final = "melati"
OTHER: Final = "kenanga"
"""The two accounts."""

PEOPLE: Final = (
    Person("siti", "approver", (OURS,)),
    Person("wati", "approver", (OURS,)),
    Person("tono", "viewer", (OURS,)),
    Person("rina", "viewer", (OURS,)),
    Person("rudi", "approver", (OTHER,)),
    Person("dewi", "admin", None),
)

UNPAID: Final = "cancel-unpaid"
DELIVERED: Final = "complete-delivered"

RULES: Final = f"""\
name: {UNPAID}
description: Cancel bank transfers that nobody paid within three days.
schedule: "0 4 1 1 *"
query: {{status: pending, payment_status: unpaid, payment_method: bank_transfer}}
conditions:
  - pending_time: {{older_than: 3d}}
action: {{status: canceled}}
mode: approve
---
name: {DELIVERED}
description: Complete what was delivered and paid at the door.
schedule: "0 5 1 1 *"
query: {{status: shipped, payment_status: unpaid, payment_method: cod}}
conditions:
  - shipped_time: {{older_than: 3d}}
  - platform: [scalev, tokopedia]
action: {{status: completed, payment_status: paid}}
mode: approve
"""
"""What the first cancels stays so; what the second completes can be taken back."""


class Absent(Exception):  # noqa: N818 - named for what it reports
    """There is no Chromium on this machine."""


def chromium() -> str:
    """Return the Chromium to use: `TERTIB_TEST_CHROMIUM`, else the machine's own; raises `Absent`."""
    named = os.environ.get("TERTIB_TEST_CHROMIUM")
    found = named or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None or shutil.which(found) is None:
        raise Absent(
            f"{named or 'chromium'} was not found; install `chromium`, or name one in TERTIB_TEST_CHROMIUM"
        )
    return found


def switches() -> list[str]:
    """Return what Chromium is started with."""
    # Chromium refuses its own sandbox to root, as whom containers run tests; the pages in it are ours alone.
    return ["--no-sandbox"] if os.geteuid() == 0 else []


# --- the shops ------------------------------------------------------------------------------------------


@dataclass
class Premises:
    """A project that is served, with its pages, as seen by whoever looks after it."""

    project: Project
    shops: Mapping[str, Project]
    sessions: Mapping[str, Session]
    url: str

    def clear(self) -> None:
        """Take every order out of both shops; numbers are not given twice."""
        for one in self.shops.values():
            for order in one.served.shop.snapshot():
                one.served.shop.remove(order)

    def unpaid(self, *revenue: int, account: str = OURS, **more: Any) -> list[int]:
        """Add orders that wait for a transfer since five days, and return their ids."""
        made = {"status": "pending", "payment_method": "bank_transfer", "transferproof_url": None}
        return self._orders(revenue, account, {**made, "pending_time": _ago(5), **more})

    def delivered(self, *revenue: int, account: str = OURS, **more: Any) -> list[int]:
        """Add orders that a courier took four days ago, to be paid at the door, and return their ids."""
        made = {"status": "shipped", "payment_method": "cod", "shipped_time": _ago(4)}
        return self._orders(revenue, account, {**made, **more})

    def _orders(self, revenue: tuple[int, ...], account: str, wanted: Mapping[str, Any]) -> list[int]:
        shop, whole = self.shops[account].served.shop, {"payment_status": "unpaid", "shipment_receipt": None}
        return [shop.add({**whole, **wanted, "gross_revenue": f"{one}.00"})["id"] for one in revenue]

    def number(self, order: int, account: str = OURS) -> str:
        """Return an order's number as the shop writes it."""
        return str(self.shops[account].served.shop.order(order)["order_id"])

    def stands(self, account: str = OURS) -> dict[Any, tuple[Any, Any]]:
        """Return status and payment status of every order at the shop."""
        return dict(self.shops[account].served.shop.snapshot())

    def changed(self, *orders: int) -> list[int]:
        """Return how often rules changed each of these orders."""
        histories = (self.shops[OURS].served.shop.history(one) for one in orders)
        return [sum(one["how"] == "bulk" for one in history) for history in histories]

    # --- what the schedule would do -----------------------------------------------------------------------

    def ask(self, *names: str, account: str = OURS) -> Plan:
        """Let rules ask, all of them unless some are named, and return the plan that waits now."""
        opened = self.sessions[account]
        rules = load(opened.settings.rules, opened.settings).rules
        wanted = [one for one in rules if not names or one.name in names]
        pipeline.run(wanted, opened.means(), opened.writer)
        newest = opened.ledger.approvals.waiting(account, opened.clock.now())[-1]
        document = opened.ledger.plan_document(newest.asked.plan_id)
        assert document is not None
        return record.as_recorded(document)

    def apply(self, plan: Plan, who: str = "siti") -> Run:
        """Apply a plan as its approval would."""
        opened = self.sessions[plan.account]
        opened.ledger.approvals.approve(plan.account, plan.plan_id, who=who, now=opened.clock.now())
        return pipeline.apply(plan, opened.means(), opened.writer, kind="approved")

    def expire(self, plan: Plan) -> None:
        """Let the time of a plan that waits run out."""
        opened = self.sessions[plan.account]
        past = {"expires_at": opened.clock.now() - timedelta(minutes=1)}
        with opened.ledger._database.writing() as connection:
            wanted = update(schema.approvals).where(schema.approvals.c.plan == plan.plan_id)
            connection.execute(wanted.values(past))

    def token(self, name: str) -> str:
        """Sign a person in beside the form, as which only so many are let in in a while, and return the cookie's value."""
        opened, token = self.sessions[OURS], secrets.token_urlsafe(32)
        person = opened.ledger.people.find(name)
        assert person is not None
        assert opened.ledger.people.sign_in(person, token, secrets.token_urlsafe(32), opened.clock.now())
        return token


def _ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def at(plan: Plan) -> str:
    """Return the address of a plan's page."""
    return f"/accounts/{plan.account}/plans/{plan.plan_id}"


# --- whoever looks at the pages -------------------------------------------------------------------------


@dataclass
class Seat:
    """A browser of one person. `troubles` is what it complained of, and every address that it asked elsewhere."""

    url: str
    context: BrowserContext
    page: Page
    language: Language
    device: Device
    troubles: list[str] = field(default_factory=list)

    def enter(self, token: str) -> None:
        """Take over a session, in place of any other, by its token."""
        self.context.add_cookies(
            [{"name": "tertib", "value": token, "url": self.url, "httpOnly": True, "sameSite": "Strict"}]
        )

    @property
    def tongue(self) -> Tongue:
        """Return the language that its pages are in."""
        return tongue(self.language)

    def say(self, message: str, /, **values: Any) -> str:
        """Return a text of the pages as this person reads it."""
        return self.tongue.gettext(message, **values)

    def open(self, place: str) -> None:
        """Go to an address of ours."""
        self.page.goto(place)

    def button(self, message: str, /, **values: Any) -> Locator:
        """Return the button that says so."""
        return self.page.get_by_role("button", name=self.say(message, **values), exact=True)

    def link(self, message: str, /, **values: Any) -> Locator:
        """Return the link that says so."""
        return self.page.get_by_role("link", name=self.say(message, **values), exact=True)

    def field(self, message: str, /) -> Locator:
        """Return the field of that label."""
        return self.page.get_by_label(self.say(message), exact=True)

    def row(self, number: str) -> Locator:
        """Return the row of an order."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=number, exact=True))

    def pick(self, number: str) -> Locator:
        """Return the box that picks an order of a plan."""
        return self.page.get_by_role(
            "checkbox", name=self.say("pick order %(order)s", order=number), exact=True
        )

    def sign_in(self, name: str, password: str) -> None:
        """Fill in the form to sign in, and send it."""
        self.field("Name").fill(name)
        self.field("Password").fill(password)
        self.button("Sign in").click()

    def is_told(self, sentence: str) -> None:
        """Expect the page that refuses something, with this in its sentence."""
        expect(self.page.get_by_role("heading", name=self.say("This did not work"))).to_be_visible()
        expect(self.page.get_by_role("alert")).to_contain_text(sentence)

    def forgive(self, *statuses: int) -> None:
        """Forget that the browser complained of these answers, which were expected; each must have come."""
        for status in statuses:
            said = f"the server responded with a status of {status} "
            expected = [one for one in self.troubles if said in one]
            assert expected, f"no answer {status} among {self.troubles}"
            self.troubles[:] = [one for one in self.troubles if one not in expected]

    def forgive_asking(self, address: str) -> None:
        """Forget what there was about addresses that begin so."""
        self.troubles[:] = [one for one in self.troubles if f" {address}" not in one]

    def fits(self) -> None:
        """Prove that nothing on the page is wider than the screen."""
        # A phone zooms out where something is too wide, so the screen's own width counts and not the window's.
        width = DEVICES[self.device]["viewport"]["width"]
        self.page.wait_for_load_state()
        found = self.page.locator("html").evaluate("html => html.scrollWidth")
        assert found <= width, f"{self.page.url} is {found} px wide on {width}"


def seat(
    browser: Browser, url: str, *, language: Language = "en", device: Device = "desktop", **options: Any
) -> Seat:
    """Open a browser window without cookies for the pages at `url`, and note what it complains of."""
    context = browser.new_context(
        base_url=url,
        locale={"en": "en-GB", "id": "id-ID"}[language],
        reduced_motion="reduce",
        **{**DEVICES[device], **options},
    )
    context.set_default_timeout(PATIENCE)
    taken = Seat(url, context, context.new_page(), language, device)
    _watch(taken)
    return taken


def picture(taken: Seat, file: Path, *, top: str = "html", tallest: int = 20_000) -> None:
    """Keep how a page looks, from what the selector `top` finds to its end, or for so many pixels."""
    file.parent.mkdir(parents=True, exist_ok=True)
    screen = taken.page.viewport_size
    assert screen is not None
    taken.page.evaluate("scrollTo(0, 0)")
    whole = taken.page.evaluate("document.scrollingElement.scrollHeight")
    place = taken.page.locator(top).first.bounding_box()
    assert place is not None
    height = min(whole - place["y"], tallest)
    clip: FloatRect = {"x": 0, "y": place["y"], "width": screen["width"], "height": height}
    taken.page.screenshot(path=file, full_page=True, clip=clip, scale="css")


def _watch(taken: Seat) -> None:
    """Note errors and warnings of the console (refusals of the security policy among them) and requests to others."""

    def asked(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(taken.url).netloc:
            taken.troubles.append(f"asked {request.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            taken.troubles.append(f"{message.text} {message.location['url']}")

    taken.context.on("request", asked)
    taken.context.on("weberror", lambda one: taken.troubles.append(str(one.error)))
    taken.context.on("console", said)
