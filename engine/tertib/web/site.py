"""What every page works with: the site, and one visit to it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tertib.errors import TertibError
from tertib.ledger.people import People, Person
from tertib.model import Web
from tertib.ports import Clock
from tertib.settings.pages import is_loopback
from tertib.telling.tongue import Tongue
from tertib.web.attempts import Attempts
from tertib.web.desk import Desk
from tertib.web.paths import path_of
from tertib.web.render import render

Errand = Callable[[], None]


class Log(Protocol):
    """A logger in structlog's manner."""

    def warning(self, event: str, **fields: Any) -> Any:
        """Log what somebody should look at."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Log what failed."""
        ...


class Refusal(TertibError):  # noqa: N818 - named for what the page does
    """What a visitor asked cannot be answered; `status` says how HTTP calls it."""

    def __init__(self, message: str, hint: str | None = None, *, status: int = 422) -> None:
        super().__init__(message, hint=hint)
        self.status = status


def in_a_thread(work: Errand) -> None:
    """Do some work beside everything else."""
    threading.Thread(target=work, name="tertib-errand", daemon=True).start()


def _nobody_waits() -> None:
    """Wake nobody."""


@dataclass(frozen=True)
class Site:
    """The pages as they are served: the accounts by name, and what all visits share.

    `desks` are in the settings' order; people are those of the first one's ledger. `local` is who works at this machine,
    and an admin while there are no people. `ring` wakes whoever applies what was approved; `start` does what takes longer
    than a visitor would wait, which `errands` tells of; whoever begins one holds `sending_out`. `secret` stands in the forms of visitors who are not signed in.
    """

    desks: Mapping[str, Desk]
    clock: Clock
    web: Web
    log: Log
    local: str
    listens_to: str = "127.0.0.1"
    ring: Callable[[], None] = _nobody_waits
    start: Callable[[Errand], None] = in_a_thread
    attempts: Attempts = field(default_factory=Attempts)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    errands: dict[tuple[str, str], str] = field(default_factory=dict)
    sending_out: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def people(self) -> People:
        """Return who may open the pages."""
        return next(iter(self.desks.values())).ledger.people

    @property
    def secure(self) -> bool:
        """Tell whether people come by https."""
        return self.web.url is not None and self.web.url.startswith("https:")

    @property
    def hosts(self) -> frozenset[str]:
        """Return the names under which the pages may be opened."""
        named = {one.lower() for one in self.web.hosts}
        url = urlsplit(self.web.url).hostname if self.web.url else None
        named |= {url} if url else set()
        own = {"localhost", "127.0.0.1", "::1"} if is_loopback(self.listens_to) else set()
        return frozenset({*named, *own, self.listens_to} - {"0.0.0.0", "::"})  # noqa: S104 - left out, not bound

    @property
    def is_local(self) -> bool:
        """Tell whether only this machine can reach the pages, as far as the settings say."""
        names = [*self.web.hosts, *([urlsplit(self.web.url).hostname or ""] if self.web.url else [])]
        return is_loopback(self.listens_to) and all(map(is_loopback, names))


@dataclass(frozen=True)
class Visit:
    """One request, and who made it. `secret` is what the forms in the answer carry; `form` are a form's fields."""

    site: Site
    request: Request
    tongue: Tongue
    now: datetime
    person: Person | None = None
    secret: str = field(default="", repr=False)
    chosen: Desk | None = None
    form: QueryParams = field(default_factory=QueryParams)

    @property
    def who(self) -> Person:
        """Return the visitor; a page that needs a role has one."""
        if self.person is None:
            raise RuntimeError("a page without a role asks who its visitor is")
        return self.person

    @property
    def desk(self) -> Desk:
        """Return the account that the page is about."""
        if self.chosen is None:
            raise RuntimeError("a page without an account asks for it")
        return self.chosen

    @property
    def desks(self) -> Sequence[Desk]:
        """Return the accounts that this visitor sees."""
        return tuple(
            one for name, one in self.site.desks.items() if self.person and self.person.may("viewer", name)
        )

    @property
    def web(self) -> Web:
        """Return how the pages are served."""
        return self.site.web

    @property
    def query(self) -> QueryParams:
        """Return what stands behind the `?`."""
        return self.request.query_params

    @property
    def is_part(self) -> bool:
        """Tell whether htmx asks for a part of the page only; for a page that the reader goes back to it asks whole."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and "hx-history-restore-request" not in headers

    @property
    def here(self) -> str:
        """Return the address of this page, below the host."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def path(self, *parts: str, **query: Any) -> str:
        """Return the address of a page of this account; query values that are empty are left out."""
        return path_of(self.desk.account, *parts, **query)

    def arg(self, name: str) -> str:
        """Return a part of the page's own address."""
        return str(self.request.path_params[name])

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        return HTMLResponse(render(self, template, **values), status)

    def told(self, message: str, hint: str | None = None, *, status: int = 200) -> Response:
        """Return a page that says one thing; to htmx, which shows it within the page that asked, only that."""
        template = "parts/message.html" if self.is_part else "message.html"
        return self.page(template, status, message=message, hint=hint)

    def about(self, desk: Desk) -> Visit:
        """Return this visit to another account."""
        return replace(self, chosen=desk)


def see_other(place: str) -> Response:
    """Send the browser to another page of ours, after a form."""
    return RedirectResponse(place, 303)


def local_path(place: str) -> str:
    """Return an address that came from outside where it is a path on this site, else the first page."""
    harmless = place.startswith("/") and not place.startswith(("//", "/\\")) and place.isprintable()
    return place if harmless and "\\" not in place else "/"
