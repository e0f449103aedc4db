"""No page is half translated: every text that a visitor reads is looked up, and every text that is looked up is translated.

The catalogue's own test says that no translation is missing; here Indonesian is a language in strange letters, and whatever
still stands in plain ones must be data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import pytest

from pages import POISON, Answer, Browser, World
from plain import plain, quoted
from tertib import pipeline
from tertib.cli.showcase import Showcase
from tertib.errors import ReadError
from tertib.ledger import AuditVerdict
from tertib.load import load
from tertib.rehearse import run as rehearse
from tertib.sayings import N_
from tertib.web import render
from tertib.web.routes import PAGES

INDONESIAN: Final = {"accept-language": "id"}
ACCOUNT: Final = "/accounts/default"
MOST_PAGES: Final = 150

BROKEN: Final = """\
name: broken
query: {statu: x}
action: {status: canceled}
"""
FAILING: Final = """\
now: 2026-11-21T10:00:00+07:00
cases:
  - name: belum lama
    order: {status: pending, payment_status: unpaid, payment_method: bank_transfer, pending_time: 1d ago}
    planned: {status: canceled}
  - name: ditahan
    order: {status: pending, payment_status: unpaid, payment_method: bank_transfer, pending_time: 9d ago, transferproof_url: x}
    held: transfer_proof
    because: resi
  - name: lain
    order: {status: pending, payment_status: unpaid, payment_method: bank_transfer, pending_time: 9d ago}
    planned: {status: canceled, notes: x}
"""


@pytest.fixture(autouse=True)
def strange(catalogue_of_nobody: None) -> Iterator[None]:
    """Make the pages anew in the language that nobody speaks, and forget that afterwards."""
    del catalogue_of_nobody
    render.environment.cache_clear()
    yield
    render.environment.cache_clear()


def data_of(world: World) -> set[str]:
    """Return the words that a small shop's pages show as they are."""
    plan = world.plan
    orders = {str(one.order_id) for one in plan.changes} | {str(one.id) for one in plan.changes}
    orders |= {str(one.order_id) for one in plan.held} | {str(one.id) for one in plan.held}
    return {
        *orders,
        *(one.replace("\u202e", "\ufffd") for one in orders),
        *(POISON.replace("\u202e", shown) for shown in ("\ufffd", "?")),
        *("web", "scalev"),  # where orders came in
        *("cancel-unpaid", "Cancel what nobody pays.", "four days without a payment", "default"),
        *("budi", "siti", "tono", "rahasia", "stock-taking", "the buyer called", "as agreed", "broken"),
        *("delivered", "belum lama", "ditahan", "lain", "resi", "NOSUCH", "bad.yaml", "cancel-unpaid.yaml"),
    }


def check(page: Answer, world: World, *, unread: tuple[str, ...] = ("code",)) -> None:
    """Fail for anything on a page that was not looked up and is no data."""
    assert '<html lang="id">' in page.text or "<html" not in page.text
    assert list(plain(page.text, data_of(world), unread)) == []


def opened(world: World) -> Browser:
    """Return a browser of whoever works at this machine, which asks for Indonesian."""
    return replace(world.browser, headers=dict(INDONESIAN))


# --- every page -----------------------------------------------------------------------------------------


def busy(world: World) -> None:
    """Let everything happen that a page can tell of: trouble, pauses, holds, broken rules and failing tests."""
    session, now = world.session, world.session.clock.now()
    ledger, rule = session.ledger, "cancel-unpaid"
    ledger.pausing.pause("default", rule, who="siti", why="stock-taking", until=None, now=now)
    ledger.hold("default", str(world.plan.changes[0].order_id), None, "the buyer called", now)
    ledger.slot_open("default", rule, now, now)
    ledger.slot_close("default", rule, now, "failed", now, note="the run was interrupted")
    (world.place / "rules" / "bad.yaml").write_text(BROKEN, encoding="utf-8")
    (world.place / "rules" / "cancel-unpaid.test.yaml").write_text(FAILING, encoding="utf-8")
    browser = world.browser
    browser.send(f"{ACCOUNT}/runs/{world.run.run_id}/undo")
    ledger.halt("default", "its process ended or lost the account", now)


PLACES: Final = {
    "/login": ("/login",),
    "/": ("/",),
    "/accounts": ("/accounts",),
    "/settings": ("/settings",),
    f"{ACCOUNT}/approvals": (f"{ACCOUNT}/approvals", f"{ACCOUNT}/approvals?before=0"),
    f"{ACCOUNT}/plans/{{plan}}": (
        "{plan}",
        "{plan}?q=script&rule=cancel-unpaid&sort=-money",
        "{plan}?show=held",
        "{plan}?show=over_limit",
    ),
    f"{ACCOUNT}/plans/{{plan}}/progress": ("{plan}/progress",),
    f"{ACCOUNT}/plans/{{plan}}/report": ("{plan}/report",),
    f"{ACCOUNT}/plans/{{plan}}/review": ("{plan}/review?which=all", "{plan}/review?which=some"),
    f"{ACCOUNT}/rules": (f"{ACCOUNT}/rules",),
    f"{ACCOUNT}/rules/{{rule}}": (
        f"{ACCOUNT}/rules/cancel-unpaid",
        f"{ACCOUNT}/rules/broken",
        f"{ACCOUNT}/rules/NOSUCH",
    ),
    f"{ACCOUNT}/orders": (f"{ACCOUNT}/orders",),
    f"{ACCOUNT}/orders/{{order:path}}": (
        f"{ACCOUNT}/orders/{{order}}",
        f"{ACCOUNT}/orders/{{held}}",
        f"{ACCOUNT}/orders/NOSUCH",
    ),
    f"{ACCOUNT}/runs": (f"{ACCOUNT}/runs",),
    f"{ACCOUNT}/runs/{{run}}": (f"{ACCOUNT}/runs/{{run}}", f"{ACCOUNT}/runs/NOSUCH"),
    f"{ACCOUNT}/runs/{{run}}/report": (f"{ACCOUNT}/runs/{{run}}/report",),
    f"{ACCOUNT}/schedule": (f"{ACCOUNT}/schedule",),
    f"{ACCOUNT}/audit": (f"{ACCOUNT}/audit",),
}
"""Every page that is opened by its address, and the addresses that show all it can."""

NO_PAGES: Final = frozenset({f"{ACCOUNT}/audit/export"})
"""What is a file for programs, and in no language."""


def test_every_page_is_among_these() -> None:
    """A new page must be opened here too."""
    wanted = {one.path.replace("{account}", "default") for one in PAGES if one.method == "GET"}
    assert wanted - NO_PAGES == set(PLACES)


@pytest.mark.parametrize("troubled", [False, True], ids=["quiet", "busy"])
@pytest.mark.parametrize("path", PLACES)
def test_a_page_is_wholly_translated(world: World, path: str, *, troubled: bool) -> None:
    """On a quiet day and on one on which everything happens."""
    if troubled:
        busy(world)
    names = {
        "plan": world.at,
        "run": world.run.run_id,
        "order": world.plan.changes[0].order_id,
        "held": world.plan.held[0].order_id,
    }
    for place in PLACES[path]:
        page = opened(world).get(place.format_map({name: quote(str(one)) for name, one in names.items()}))
        # what is in force stands there as the settings spell it
        check(page, world, unread=("code", "dd") if path == "/settings" else ("code",))


def test_pages_for_people_who_sign_in(world: World) -> None:
    """The list of people, the way out, a wrong password, too many of them."""
    world.person("siti", "admin")
    world.person("tono", "viewer")
    browser = replace(world.browser, headers=dict(INDONESIAN))
    answers = [browser.sign_in("siti", "wrong") for _ in range(10)]
    assert [one.status for one in answers][-1] == 429
    for one in (answers[0], answers[-1]):
        check(one, world)
    world.site.attempts.forget("name", "siti")
    browser.sign_in("siti")
    check(browser.get("/accounts"), world)
    check(browser.get("/", sec_fetch_site="cross-site"), world)
    tono = replace(world.browser, headers=dict(INDONESIAN))
    tono.sign_in("tono")
    check(tono.send(f"{world.at}/approve", {"which": "all"}), world)


def test_what_is_asked_and_answered(world: World) -> None:
    """A rule's word on an order, every rule's, the whole log, an order that there is not, too many questions."""
    browser = opened(world)
    order, held = str(world.plan.changes[0].order_id), str(world.plan.held[0].order_id)
    explain = f"{ACCOUNT}/rules/cancel-unpaid/explain"
    for place, asked in ((explain, order), (explain, held), (explain, "NOSUCH"), (explain, " ")):
        check(browser.send(place, {"order": asked}), world)
    check(browser.send(f"{ACCOUNT}/why", {"order": held}), world)
    check(browser.send(f"{ACCOUNT}/why", {"order": held}, hx_request="true"), world)
    check(browser.send(f"{ACCOUNT}/why", {"order": "NOSUCH"}), world)
    check(browser.send(f"{ACCOUNT}/audit/verify"), world)
    *_, last = (browser.send(f"{ACCOUNT}/why", {"order": held}) for _ in range(22))
    assert last.status == 429
    check(last, world)


def test_an_order_that_will_match(world: World) -> None:
    """When, unless what, and what would hold it even then."""
    young = {
        "status": "pending",
        "payment_status": "unpaid",
        "payment_method": "bank_transfer",
        "platform": "web",
    }
    added = world.served.shop.add(young | {"transferproof_url": None, "shipment_receipt": None})
    try:
        told = opened(world).send(f"{ACCOUNT}/rules/cancel-unpaid/explain", {"order": str(added["order_id"])})
    finally:
        world.served.shop.remove(added["id"])
    assert list(plain(told.text, {*data_of(world), str(added["order_id"])})) == []


def test_decisions_and_refusals(world: World) -> None:
    """Nothing picked, a stranger, a wrong sum, a second yes, a page that is none, a form of elsewhere."""
    browser = replace(opened(world), site=world.with_web(ask_again_above=1))
    told = [
        browser.send(f"{world.at}/approve", {"which": "some"}),
        browser.send(f"{world.at}/approve", {"which": "some", "pick": "siti"}),
        browser.send(f"{world.at}/approve", {"which": "all", "sum": "1"}),
        browser.get(f"{world.at}/review?which=all"),
        browser.get(f"{ACCOUNT}/plans/NOSUCH"),
        browser.get(f"{ACCOUNT}/plans/NOSUCH/progress"),
        browser.get("/NOSUCH"),
        browser.get("/logout"),
        browser.get("/accounts/rahasia/approvals"),
        browser.post(f"{world.at}/reject"),
        browser.post(f"{world.at}/reject", {"note": "x" * 300_000}),
        browser.post(f"{world.at}/reject", origin="https://example"),
        replace(browser, base="http://rahasia").get("/"),
        browser.get("/", x_forwarded_for="1.2.3.4"),
    ]
    told.append(browser.send(f"{world.at}/reject", {"note": "as agreed"}))
    told += [browser.send(f"{world.at}/approve", {"which": "all"}), browser.get(world.at)]
    assert [one.status for one in told[:3]] == [422, 422, 422]
    for one in told:
        check(one, world)


def test_faults_are_told_in_the_language_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that fails, a log that is broken, Scalev that cannot be read."""

    def fails(*_: object, **__: object) -> None:
        raise ValueError

    def unread(*_: object, **__: object) -> None:
        raise ReadError(N_("Scalev's rate limit was reached"))

    desk = replace(
        world.site.desks["default"],
        verify=lambda: AuditVerdict(ok=False, records=3, first_bad=2, why="record 2 is missing"),
    )
    browser = replace(opened(world), site=replace(world.site, desks={"default": desk}))
    check(browser.send(f"{ACCOUNT}/audit/verify"), world)
    monkeypatch.setattr(pipeline, "why", unread)
    check(browser.send(f"{ACCOUNT}/why", {"order": "NOSUCH"}), world)
    monkeypatch.setattr(pipeline, "why", fails)
    failed = browser.send(f"{ACCOUNT}/why", {"order": "NOSUCH"})
    assert failed.status == 500
    check(failed, world)


def test_a_plan_that_was_carried_out(world: World) -> None:
    """Approved in part, sent, told order by order; and planned to be taken back."""
    browser = opened(world)
    orders = [str(one.id) for one in world.plan.changes[:1]]
    browser.send(f"{world.at}/approve", {"which": "some", "pick": orders, "note": "as agreed"})
    check(browser.get(world.at), world)
    check(browser.get(f"{world.at}/progress", hx_request="true"), world)


def test_only_the_checker_and_scalev_are_quoted(world: World) -> None:
    """English stands on an Indonesian page as a quotation alone, marked as such, beside what it means."""
    busy(world)
    page = opened(world).get(f"{ACCOUNT}/rules/broken")
    (said,) = [one for one in quoted(page.text) if "statu" in one]
    assert said.startswith("unknown filter `statu`")
    assert quoted(opened(world).get("/").text) == ["English"]


# --- days of history ------------------------------------------------------------------------------------


def test_days_of_a_whole_shop_are_translated(showcase: Showcase) -> None:
    """Every page that can be reached from the first one, on a shop with days of history by all starter rules."""
    data = shown_in(showcase)
    wrong: dict[str, list[str]] = {}
    with httpx.Client(base_url=showcase.url, headers=INDONESIAN, follow_redirects=True, timeout=30) as client:
        for place in crawled(client):
            page = client.get(place).text
            found = list(plain(page, data, ("code", "dd") if place == "/settings" else ("code",)))
            wrong |= {place: found} if found else {}
    assert wrong == {}, "\n".join(sorted({line for lines in wrong.values() for line in lines}))


def shown_in(showcase: Showcase) -> set[str]:
    """Return the words of the shop's own: rules and their tests, people, notes, orders."""
    session = showcase.session
    ledger, now = session.ledger, session.clock.now()
    rules = load(session.settings.rules, session.settings).rules
    cases = rehearse([one.origin.file for one in rules], session.settings).cases
    decided = ledger.approvals.listed("default", now, 500)
    return {
        *("default", session.time.now().tzname() or ""),
        *(words for one in rules for words in (one.name, Path(one.origin.file).name)),
        *(one.name for one in cases),
        *(words for one in decided for words in (one.note or "", one.decided_by or "")),
        *(words for one in ledger.pauses("default", now) for words in (one.why, one.who)),
        *(one.why for one in ledger.holds("default", now)),
        *("you", "kasir", "pays on Friday"),  # who works here, and what rules and their tests write
    }


def crawled(client: httpx.Client) -> Iterator[str]:
    """Yield the addresses that the pages lead to, each once, from the first page on; a few of each kind."""
    waiting, seen, kinds = ["/"], {"/"}, dict[str, int]()
    while waiting and len(seen) < MOST_PAGES:
        place = waiting.pop(0)
        yield place
        for found in re.findall(r'href="(/[^"]*)"', client.get(place).text):
            link = unescape(found)
            kind = re.sub(r"/[^/?]*\d[^/?]*", "/#", link)
            kinds[kind] = kinds.get(kind, 0) + 1
            if (
                link not in seen
                and kinds[kind] <= 6
                and not link.startswith(("/static", f"{ACCOUNT}/audit/export"))
            ):
                seen.add(link)
                waiting.append(link)
