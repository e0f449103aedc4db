"""Every address of the pages: who may open it, and that nobody else does."""

from __future__ import annotations

from typing import Final

import pytest

from pages import World
from tertib.ledger.people import ROLES, Role
from tertib.web.routes import PAGES, Page

FORBIDDEN: Final = 403
STRANGE: Final = 404


def filled(page: Page, world: World, account: str = "default") -> str:
    """Return a page's address, filled in with what there is."""
    order = str(world.plan.changes[0].order_id)
    values = {"account": account, "plan": world.waits, "rule": "cancel-unpaid", "run": world.run.run_id}
    return page.path.replace("{order:path}", order).format(**values)


def opened(world: World, page: Page, role: Role, account: str = "default") -> int:
    """Return the status with which somebody of a role is answered."""
    browser = world.person(f"{role}-{page.method}", role, ("default",))
    place = filled(page, world, account)
    answer = browser.send(place) if page.method == "POST" else browser.get(place)
    return answer.status


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
def test_a_page_asks_strangers_to_sign_in(world: World, page: Page) -> None:
    """Once there are people, nobody sees or sends anything without signing in, but for the form to do so."""
    world.person("siti", "admin")
    browser = world.browser
    secret = browser.get("/login").secret
    place = filled(page, world)
    answer = browser.post(place, {"csrf": secret}) if page.method == "POST" else browser.get(place)
    if page.role is None:
        assert answer.status < 500
    else:
        assert (answer.status, answer.place.partition("?")[0]) == (303, "/login")
        assert "siti" not in answer.text


@pytest.mark.parametrize(
    ("page", "role"),
    [(page, role) for page in PAGES if page.role is not None for role in ROLES],
    ids=lambda one: one if isinstance(one, str) else f"{one.method} {one.path}",
)
def test_a_role_opens_what_its_row_allows_and_no_more(world: World, page: Page, role: Role) -> None:
    """The table of pages is what is enforced, for each role."""
    assert page.role is not None
    allowed = ROLES.index(role) >= ROLES.index(page.role)
    status = opened(world, page, role)
    assert (status == FORBIDDEN) is not allowed
    assert status < 500


@pytest.mark.parametrize(
    "page", [one for one in PAGES if "{account}" in one.path], ids=lambda page: f"{page.method} {page.path}"
)
def test_another_account_is_as_if_it_were_not_there(world: World, page: Page) -> None:
    """An account that a person does not see is answered like one that does not exist, whatever their role."""
    world.site.desks["tetangga"] = world.site.desks["default"]  # type: ignore[index]  # a second shop, of nobody here
    assert opened(world, page, "admin", "tetangga") == STRANGE
    assert opened_again(world, page, "nowhere") == STRANGE


def opened_again(world: World, page: Page, account: str) -> int:
    """Return the status for the person who is known already."""
    browser = world.browser
    browser.sign_in(f"admin-{page.method}")
    place = filled(page, world, account)
    return (browser.send(place) if page.method == "POST" else browser.get(place)).status


@pytest.mark.parametrize("page", [one for one in PAGES if one.method == "POST"], ids=lambda page: page.path)
def test_a_form_without_its_secret_does_nothing(world: World, page: Page) -> None:
    """Every form is refused without the session's secret, and with another session's."""
    browser, other = world.person("siti", "admin"), world.person("tono", "admin")
    before = world.kinds()
    for data in ({}, {"csrf": other.get("/").secret}, {"csrf": ""}):
        assert browser.post(filled(page, world), data).status == FORBIDDEN
    assert world.kinds() == before
    assert world.approval.state == "waiting"


def test_what_is_no_page_is_told_so(world: World) -> None:
    """An address that there is not, and a wrong method, end in a sentence, with the same headers."""
    missing, wrong = world.browser.get("/nothing"), world.browser.post("/accounts")
    assert (missing.status, wrong.status) == (404, 405)
    assert "there is no such page" in missing.words
    assert "default-src 'none'" in missing.headers["content-security-policy"]
