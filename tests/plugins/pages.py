"""The pages on a small shop, and a browser without a screen that opens them; no socket is used between the two."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from argon2 import PasswordHasher

from project import CANCEL
from tertib import pipeline
from tertib.ledger.approvals import Approval
from tertib.ledger.people import Person, Role
from tertib.load import load
from tertib.model import Plan, Run, Web
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop
from tertib.session import Session
from tertib.web import passwords
from tertib.web.app import build
from tertib.web.desk import desk_of
from tertib.web.site import Site

HOST: Final = "http://127.0.0.1:8787"
PASSWORD: Final = "enam angsa berlari pagi"
POISON: Final = '<script>alert(1)</script>"\u202e&'
RULE: Final = CANCEL.replace(
    "action:",
    'schedule: "*/30 8-21 * * *"\ndescription: Cancel what nobody pays.\naction:',
)
CONFIRM: Final = """\
name: confirm-paid
query: {status: pending, payment_status: unpaid, payment_method: bank_transfer}
conditions:
  - pending_time: {older_than: 3d}
action: {status: confirmed}
first_run: apply
mode: apply
"""
"""A rule that acts by itself, and whose changes can be taken back."""

TEST: Final = """\
now: 2026-11-21T10:00:00+07:00
cases:
  - name: four days without a payment
    order: {status: pending, payment_status: unpaid, payment_method: bank_transfer, pending_time: 4d ago}
    planned: {status: canceled}
"""


class Told:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Mapping[str, Any]]] = []

    def warning(self, event: str, **fields: Any) -> None:
        """Keep a warning."""
        self.lines.append((event, fields))

    error = warning


@dataclass
class Answer:
    """What the browser got."""

    status: int
    headers: httpx.Headers
    text: str

    @property
    def place(self) -> str:
        """Return where it is sent on to."""
        return str(self.headers.get("location", ""))

    @property
    def words(self) -> str:
        """Return the page's words, as somebody reads them."""
        main = self.text.partition("<main")[2] or self.text
        return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", main).split()))

    @property
    def secret(self) -> str:
        """Return what the page's forms carry."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.text)
        assert found is not None
        return str(found[1])


@dataclass
class Browser:
    """Opens the pages of a site, keeping its cookies."""

    site: Site
    headers: dict[str, str] = field(default_factory=dict)
    base: str = HOST
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, place: str, **headers: str) -> Answer:
        """Open a page."""
        return self._ask("GET", place, None, headers)

    def post(self, place: str, data: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """Send a form, as it is given: without the page's secret unless that is in it."""
        return self._ask("POST", place, dict(data or {}), headers)

    def send(self, place: str, data: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """Send a form with the secret that this browser's pages carry."""
        return self.post(place, {**(data or {}), "csrf": self.get("/accounts").secret}, **headers)

    def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        """Sign in by the form."""
        secret = self.get("/login").secret
        return self.post("/login", {"name": name, "password": password, "csrf": secret})

    def _ask(
        self, method: str, place: str, data: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return asyncio.run(self._asked(method, place, data, {**self.headers, **named}))

    async def _asked(
        self, method: str, place: str, data: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Answer:
        transport = httpx.ASGITransport(app=build(self.site))
        async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self.cookies) as client:
            got = await client.request(method, place, data=data, headers=headers)
            self.cookies = client.cookies
            return Answer(got.status_code, got.headers, got.text)


@dataclass
class World:
    """A project on a small shop, with a plan that waits for approval."""

    place: Path
    served: Served
    session: Session
    site: Site
    log: Told
    plan: Plan
    run: Run
    errands: list[Any]

    @property
    def browser(self) -> Browser:
        """Return a new browser."""
        return Browser(self.site)

    @property
    def approval(self) -> Approval:
        """Return where the plan stands."""
        found = self.session.ledger.approvals.of("default", self.waits, self.session.clock.now())
        assert found is not None
        return found

    @property
    def waits(self) -> str:
        """Return the plan that was asked for."""
        listed = self.session.ledger.approvals.listed("default", self.session.clock.now())
        return listed[-1].asked.plan_id

    @property
    def at(self) -> str:
        """Return the address of the plan's page."""
        return f"/accounts/default/plans/{self.waits}"

    def person(self, name: str, role: Role, accounts: tuple[str, ...] | None = None) -> Browser:
        """Add a person and return their browser, signed in."""
        made = Person(name, role, accounts, password_hash=passwords.hashed(PASSWORD))
        self.session.ledger.people.add(made, self.session.clock.now())
        browser = self.browser
        assert browser.sign_in(name).status == 303
        return browser

    def with_web(self, **given: Any) -> Site:
        """Return the site under other settings."""
        return replace(self.site, web=replace(self.site.web, **given))

    def kinds(self) -> list[str]:
        """Return the kinds of the audit records so far."""
        return [one.kind for one in self.session.ledger.audit_records("default")]


def aged() -> dict[str, Any]:
    """Return an order that nobody paid for five days."""
    since = datetime.now(UTC) - timedelta(days=5)
    return {
        "status": "pending",
        "payment_status": "unpaid",
        "payment_method": "bank_transfer",
        "pending_time": since.isoformat(),
        "transferproof_url": None,
        "shipment_receipt": None,
        "gross_revenue": "100000.00",
    }


@pytest.fixture(scope="session")
def shop() -> Iterator[Served]:
    """Serve a shop with five orders to cancel, of which one has a proof of transfer, and one is poisoned."""
    with serve(Shop.empty()) as served:
        wanted = aged()
        for _ in range(3):
            served.shop.add(wanted)
        served.shop.add({**wanted, "transferproof_url": "https://cdn.example/1.jpg"})
        served.shop.add(
            {**wanted, "order_id": f"X{POISON}", "platform": POISON, "gross_revenue": "250000.00"}
        )
        yield served


@dataclass
class LaidOut:
    """A project whose rule asked once: its directory, and what came of that."""

    place: Path
    environ: Mapping[str, str]
    plan: Plan
    run: Run


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory, shop: Served) -> LaidOut:
    """Lay out a project whose rule asks, and let it ask; every test gets a copy of it."""
    place = tmp_path_factory.mktemp("pages")
    (place / "rules").mkdir()
    rule = RULE.replace("MODE", "approve")
    aged = "  - pending_time: {older_than: 3d}\n"
    rule = rule.replace(aged, aged + "  - platform: {ne: tiktok}\n")
    (place / "rules" / "cancel-unpaid.yaml").write_text(rule, encoding="utf-8")
    (place / "rules" / "cancel-unpaid.test.yaml").write_text(TEST, encoding="utf-8")
    environ = {"SCALEV_BASE_URL": shop.url, "SCALEV_TOKEN": shop.business_token}
    session = Session(None, environ, place)
    rules = load(session.settings.rules, session.settings).rules
    plan, run = pipeline.run(rules, session.means(), session.writer)
    session.close()
    return LaidOut(place, environ, plan, run)


@dataclass
class Opener:
    """Opens the pages on shops of a test's own, so that it may change what is in them."""

    place: Path
    closed: ExitStack = field(default_factory=ExitStack)

    def __call__(
        self,
        *orders: Mapping[str, Any],
        rules: Mapping[str, str],
        settings: str = "",
        contract: str = "seeds",
    ) -> World:
        """Open the pages on a shop with these orders; the rules, texts by name, ran once."""
        served = self.closed.enter_context(serve(Shop.empty(contract)))
        for order in orders:
            served.shop.add({**aged(), **order})
        (self.place / "rules").mkdir(parents=True)
        for name, text in rules.items():
            (self.place / "rules" / f"{name}.yaml").write_text(text, encoding="utf-8")
        if settings:
            (self.place / "tertib.yaml").write_text(settings, encoding="utf-8")
        environ = {"SCALEV_BASE_URL": served.url, "SCALEV_TOKEN": served.business_token}
        session = Session(None, environ, self.place)
        self.closed.callback(session.close)
        loaded = load(session.settings.rules, session.settings).rules
        plan, run = pipeline.run(loaded, session.means(), session.writer)
        return _opened(self.place, served, session, plan, run)


@pytest.fixture
def opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Return what opens the pages on a shop of the test's own."""
    _hash_quickly(monkeypatch)
    opener = Opener(tmp_path / "shop")
    with opener.closed:
        yield opener


def _hash_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", lambda: PasswordHasher(1, 8, 1))
    monkeypatch.setattr(passwords, "_of_nobody", lambda: PasswordHasher(1, 8, 1).hash("nobody"))


def _opened(place: Path, served: Served, session: Session, plan: Plan, run: Run) -> World:
    log, errands = Told(), []

    def at_once(work: Any) -> None:
        errands.append(work)
        work()

    site = Site({"default": desk_of(session)}, session.clock, Web(), log, local="budi", start=at_once)
    return World(place, served, session, site, log, plan, run, errands)


@pytest.fixture
def world(
    tmp_path: Path, shop: Served, laid_out: LaidOut, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Open a copy of the project, and its pages; passwords are hashed quickly."""
    _hash_quickly(monkeypatch)
    place = tmp_path / "shop"
    shutil.copytree(laid_out.place, place)
    session = Session(None, laid_out.environ, place)
    yield _opened(place, shop, session, laid_out.plan, laid_out.run)
    session.close()
