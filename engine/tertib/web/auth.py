"""Who a visitor is: signing in and out, and the language that they read."""

from __future__ import annotations

import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tertib.ledger.people import LONGEST, Person, SignIn
from tertib.telling.tongue import LANGUAGES, Tongue, preferred, tongue
from tertib.web import passwords
from tertib.web.attempts import SIGN_IN_ADDRESS, SIGN_IN_NAME
from tertib.web.site import Site, Visit, local_path, see_other

LANGUAGE_COOKIE: Final = "tertib-language"
_YEAR: Final = 365 * 24 * 3600
_LONGEST_NAME: Final = 200
_PROXIED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")


def cookie_name(site: Site) -> str:
    """Return the session cookie's name; over https no other host can set one of this name."""
    return "__Host-tertib" if site.secure else "tertib"


def visitor(site: Site, request: Request) -> tuple[Person | None, str]:
    """Return who makes a request, None where nobody says, and the secret that their forms carry.

    While there are no people, and only this machine reaches the pages, whoever works at it is an admin; a request that a
    proxy passed on did not come from this machine.
    """
    if not site.people.listed():
        passed_on = any(name in request.headers for name in _PROXIED)
        local = None if passed_on or not site.is_local else Person(site.local, "admin")
        return local, site.secret
    found = signed_in(site, request)
    return (None, site.secret) if found is None else (found.person, found.secret)


def signed_in(site: Site, request: Request) -> SignIn | None:
    """Return the session that a request's cookie belongs to, None where it is over or there is none."""
    token = request.cookies.get(cookie_name(site), "")
    return site.people.signed_in(token, site.clock.now()) if token else None


def tongue_of(person: Person | None, request: Request) -> Tongue:
    """Return the visitor's language: their own choice, else the browser's cookie, else what the browser asks for."""
    chosen = person.language if person is not None and person.language else None
    cookie = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen is None and cookie in LANGUAGES:
        chosen = cookie
    return tongue(chosen or preferred(request.headers.get("accept-language", "")))


# --- pages ----------------------------------------------------------------------------------------------


def login(visit: Visit) -> Response:
    """Show the form to sign in, unless that is done."""
    if visit.person is not None:
        return see_other(local_path(visit.query.get("next", "/")))
    return visit.page("login.html", next=local_path(visit.query.get("next", "/")), wrong=None)


def sign_in(visit: Visit) -> Response:
    """Sign a person in; the answer to a wrong name and to a wrong password is the same, and takes as long."""
    site, name, place = (
        visit.site,
        visit.form.get("name", "").strip(),
        local_path(visit.form.get("next", "/")),
    )
    wait = _wait(visit, name)
    if wait > 0:
        return _wrong(visit, place, _too_often(visit.tongue, wait), 429)
    person = site.people.find(name) if len(name) <= _LONGEST_NAME else None
    kept = "" if person is None or person.disabled else person.password_hash
    token = secrets.token_urlsafe(32)
    if (
        not passwords.fits(visit.form.get("password", ""), kept)
        or person is None
        or not site.people.sign_in(person, token, secrets.token_urlsafe(32), visit.now)
    ):
        site.log.warning("sign-in refused", address=_address(visit))
        return _wrong(visit, place, visit.tongue.gettext("the name or the password is wrong"), 403)
    site.attempts.forget("name", name)
    answer = see_other(place)
    _keep(answer, cookie_name(site), token, int(LONGEST.total_seconds()), site)
    return answer


def _wait(visit: Visit, name: str) -> float:
    limits = (
        ("name", name[:_LONGEST_NAME], SIGN_IN_NAME),
        ("address", _address(visit), SIGN_IN_ADDRESS),
    )
    return visit.site.attempts.wait(limits, visit.site.clock.monotonic())


def _address(visit: Visit) -> str:
    return visit.request.client.host if visit.request.client else ""


def _too_often(speech: Tongue, seconds: float) -> str:
    minutes = int(seconds // 60) + 1
    return speech.ngettext(
        "too many tries: wait %(count)s minute", "too many tries: wait %(count)s minutes", minutes
    )


def _wrong(visit: Visit, place: str, why: str, status: int) -> Response:
    return visit.page("login.html", status, next=place, wrong=why)


def sign_out(visit: Visit) -> Response:
    """End the session."""
    name = cookie_name(visit.site)
    visit.site.people.sign_out(visit.request.cookies.get(name, ""))
    answer = see_other("/login")
    answer.delete_cookie(name, secure=visit.site.secure, httponly=True, samesite="strict")
    return answer


def choose_language(visit: Visit) -> Response:
    """Remember the language that a visitor chose."""
    chosen = visit.form.get("language", "")
    answer = see_other(local_path(visit.form.get("next", "/")))
    if chosen in LANGUAGES:
        _keep(answer, LANGUAGE_COOKIE, chosen, _YEAR, visit.site)
        if visit.person is not None:
            visit.site.people.set_language(visit.person.name, chosen)
    return answer


def _keep(answer: Response, name: str, value: str, seconds: int, site: Site) -> None:
    answer.set_cookie(
        name, value, max_age=seconds, path="/", secure=site.secure, httponly=True, samesite="strict"
    )
