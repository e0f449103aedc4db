"""What keeps strangers, other sites and hostile orders away."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pages import HOST, PASSWORD, POISON, Browser, World
from tertib.errors import SettingsError
from tertib.ledger.people import LONGEST
from tertib.web import passwords
from tertib.web.app import build
from tertib.web.server import refuse_unsafe

PATHS = (
    "/",
    "/accounts",
    "/settings",
    "/accounts/default/approvals",
    "/accounts/default/rules",
    "/accounts/default/rules/cancel-unpaid",
    "/accounts/default/orders",
    "/accounts/default/runs",
    "/accounts/default/schedule",
    "/accounts/default/audit",
)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "localhost@evil.example"]
)
def test_a_name_that_is_not_ours_is_refused(world: World, host: str) -> None:
    """Another site's name that leads here gets nothing, whatever it asks for: not even the style sheet."""
    for path in ("/", "/static/tertib.css", "/login"):
        answer = world.browser.get(path, host=host)
        assert answer.status == 421
        assert "default" not in answer.text.replace("default-src", "")


def test_names_that_are_ours_are_served(world: World) -> None:
    """This machine's names, and those of the settings, with any port."""
    site = replace(world.site, web=replace(world.site.web, hosts=("Tertib.Example",)))
    world.person("siti", "viewer")
    for host in ("127.0.0.1:8787", "localhost", "LOCALHOST:1", "[::1]:8787", "tertib.example"):
        assert Browser(site).get("/login", host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": HOST, "sec_fetch_site": "none"},
    ],
)
def test_a_form_from_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    """Even with the right secret: the browser itself says where it came from."""
    answer = world.browser.send(f"{world.at}/approve", {"which": "all"}, **headers)
    assert answer.status == 403
    assert world.approval.state == "waiting"


def test_every_page_forbids_what_it_does_not_need(world: World) -> None:
    """No inline script or style anywhere, nothing from elsewhere, no frame, no cache; and the policy is the strict one."""
    for path in (*PATHS, world.at, f"{world.at}?show=held", f"{world.at}/review?which=all"):
        answer = world.browser.get(path)
        assert answer.status == 200, path
        policy = answer.headers["content-security-policy"]
        assert "'unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
        assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!app\.scalev\.com/orders/)', answer.text)


def test_orders_cannot_bring_markup_or_turn_a_line_around(world: World) -> None:
    """What a buyer wrote stands on the pages as text, without the characters that turn it around."""
    poisoned = next(one for one in world.plan.changes if "script" in one.order_id)
    from urllib.parse import quote  # noqa: PLC0415 - only here

    number = quote(poisoned.order_id, safe="")
    paths = (
        world.at,
        f"{world.at}/review?which=all",
        f"{world.at}?q=script",
        f"/accounts/default/orders/{number}",
        f"/accounts/default/runs/{world.run.run_id}",
    )
    for path in paths:
        text = world.browser.get(path).text
        assert "<script>alert" not in text, path
        assert "\u202e" not in text, path
        assert "&lt;script&gt;" in text, path
    explained = world.browser.send("/accounts/default/why", {"order": poisoned.order_id}).text
    assert "\u202e" not in explained
    assert "<script>alert" not in explained
    assert POISON not in explained


def test_what_people_type_is_escaped_too(world: World) -> None:
    """A search, a note and a wrong name come back as text."""
    shown = world.browser.get(f"{world.at}?q=%22%3E%3Cscript%3E").text
    assert "<script>" not in shown
    world.browser.send(f"{world.at}/reject", {"note": "<script>alert(2)</script>"})
    assert "<script>alert" not in world.browser.get(world.at).text
    assert "<script>alert" not in world.browser.get("/accounts/default/rules/%3Cscript%3Ealert").text


def test_a_fault_shows_nobody_a_traceback(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that fails says so; its message, which may quote an order, is in no page and no log."""

    def fails(*_: object, **__: object) -> None:
        raise ValueError("6281234567890 wulan")

    monkeypatch.setattr(type(world.session.ledger), "runs", fails)
    answer = world.browser.get("/accounts/default/runs")
    assert answer.status == 500
    assert "wulan" not in answer.text
    assert "Traceback" not in answer.text
    assert [event for event, _ in world.log.lines] == ["page failed"]
    assert "wulan" not in str(world.log.lines)


# --- signing in -----------------------------------------------------------------------------------------


def test_the_session_cookie_is_for_our_pages_alone(world: World) -> None:
    """No script reads it, no other site sends it; behind https it is for https, and for this host alone."""
    world.person("siti", "viewer")
    browser = world.browser
    cookie = browser.sign_in("siti").headers["set-cookie"]
    assert cookie.startswith("tertib=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    secure = Browser(world.with_web(url="https://tertib.example"), base="https://tertib.example")
    cookie = secure.sign_in("siti").headers["set-cookie"]
    assert cookie.startswith("__Host-tertib=")
    assert "Secure" in cookie
    assert "max-age" in secure.get("/login").headers["strict-transport-security"]


def test_wrong_names_and_wrong_passwords_are_answered_alike(world: World) -> None:
    """Nobody learns which names there are, also not of somebody who was disabled."""
    world.person("siti", "viewer")
    gone = world.session.ledger.people.find("siti")
    assert gone is not None
    answers = [
        world.browser.sign_in("siti", "something else"),
        world.browser.sign_in("nobody at all", "something else"),
        world.browser.sign_in("x" * 5000, PASSWORD),
    ]
    world.session.ledger.people.change(replace(gone, disabled=True))
    answers.append(world.browser.sign_in("siti"))
    assert {one.status for one in answers} == {403}
    assert {one.words for one in answers} == {answers[0].words}


def test_guessing_is_slowed_down_for_a_name_and_for_an_address(world: World) -> None:
    """After some wrong passwords not even the right one helps for a while; a right one in time starts anew."""
    world.person("siti", "viewer")
    for _ in range(7):
        assert world.browser.sign_in("siti", "wrong").status == 403
    assert world.browser.sign_in("siti").status == 303
    statuses = [world.browser.sign_in("siti", "wrong").status for _ in range(9)]
    assert statuses == [403] * 8 + [429]
    assert world.browser.sign_in("siti").status == 429
    others = [world.browser.sign_in(f"name-{number}", "wrong").status for number in range(30)]
    assert others[-1] == 429


def test_a_sign_in_with_the_old_password_does_not_outlive_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that is changed while it is being verified opens nothing any more; the answer is that to a wrong one."""
    world.person("siti", "admin")
    fits, people = passwords.fits, world.session.ledger.people

    def fits_slowly(password: str, kept: str) -> bool:
        fitted = fits(password, kept)
        person = people.find("siti")
        assert person is not None
        people.change(replace(person, password_hash=passwords.hashed("another password of siti")))
        return fitted

    monkeypatch.setattr(passwords, "fits", fits_slowly)
    browser = world.browser
    answer = browser.sign_in("siti")
    assert (answer.status, "the name or the password is wrong" in answer.words) == (403, True)
    assert browser.get("/").status == 303


def test_signing_out_ends_the_session_and_so_does_a_change(world: World) -> None:
    """A cookie that was kept aside opens nothing any more."""
    browser = world.person("siti", "admin")
    kept = dict(browser.cookies)
    assert browser.send("/logout").place == "/login"
    stolen = Browser(world.site)
    stolen.cookies.update(kept)
    assert stolen.get("/").status == 303
    again = world.browser
    again.sign_in("siti")
    person = world.session.ledger.people.find("siti")
    assert person is not None
    world.session.ledger.people.change(replace(person, role="viewer"))
    assert again.get("/").status == 303


def test_a_session_is_over_one_day(world: World) -> None:
    """It does not last for ever, however often it is used."""
    browser = world.person("siti", "viewer")
    at = world.session.clock.now()

    class Later:
        def now(self) -> object:
            return at + LONGEST + LONGEST

        monotonic = staticmethod(world.session.clock.monotonic)

    browser.site = replace(world.site, clock=Later())  # type: ignore[arg-type]  # pages ask it for the time alone
    assert browser.get("/").status == 303


def test_after_signing_in_only_our_own_pages_are_led_to(world: World) -> None:
    """`next` cannot lead to another site."""
    world.person("siti", "viewer")
    for place in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
    ):
        browser = world.browser
        secret = browser.get("/login").secret
        data = {"name": "siti", "password": PASSWORD, "csrf": secret, "next": place}
        assert browser.post("/login", data).place == "/"


def test_a_link_from_a_chat_finds_its_page(world: World) -> None:
    """The browser sends no cookie with a click from another site: one more step from our own page does."""
    world.person("siti", "viewer")
    answer = world.browser.get(world.at, sec_fetch_site="cross-site")
    assert answer.status == 200
    assert f'url={world.at}"' in answer.text
    assert "cancel-unpaid" not in answer.text


# --- without people -------------------------------------------------------------------------------------


def test_without_people_this_machine_is_an_admin_under_its_own_name(world: World) -> None:
    """On loopback, as long as nobody has a password; the name stands in the record."""
    assert "budi" in world.browser.get("/").text
    world.browser.send(f"{world.at}/reject")
    assert world.approval.decided_by == "budi"


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_forwarded_host"])
def test_without_people_nobody_comes_through_a_proxy(world: World, header: str) -> None:
    """What a proxy passes on did not come from this machine, so nobody is an admin then."""
    answer = world.browser.get("/", **{header: "10.0.0.7"})
    assert answer.status == 403
    assert "tertib people add" in answer.text


def test_other_machines_are_let_in_only_where_people_have_passwords(world: World) -> None:
    """An outside address, or a name for the outside, is refused until somebody can sign in."""
    outside = replace(world.site, listens_to="0.0.0.0")  # noqa: S104 - it is refused
    named = world.with_web(hosts=("tertib.example",))
    proxied = world.with_web(url="https://tertib.example")
    for site in (outside, named, proxied):
        with pytest.raises(SettingsError, match="nobody has a password yet"):
            refuse_unsafe(site)
        assert Browser(site).get("/").status in {403, 421}
    refuse_unsafe(world.site)
    world.person("siti", "admin")
    for site in (outside, named, proxied):
        refuse_unsafe(site)


def test_the_application_can_be_built_twice(world: World) -> None:
    """Nothing of a site is kept in the module."""
    assert build(world.site) is not build(world.site)
