"""The pages beside the schedule: where they are served, and what they ring when a plan was approved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import click

from tertib.cli.context import Session, is_path, person
from tertib.dispatch.local import Log, Wait
from tertib.errors import SettingsError, TertibError
from tertib.model import Web
from tertib.settings.pages import listen_at


def place(opened: Session, at: str | None) -> Web | None:
    """Return how to serve the pages: as `--web` says, "" for the settings' own address; None for not at all.

    Raises `click.BadParameter` for what is no address with a port.
    """
    said = opened.settings.web
    if at is None or at == "":
        return said if at is None else said or Web()
    found = listen_at(at)
    if isinstance(found, str):
        raise click.BadParameter(f"{found}, such as `127.0.0.1:8787`", param_hint="--web")
    return replace(said or Web(), listen=at)


@contextmanager
def beside(
    opened: Sequence[Session], rules: Sequence[str], web: Web | None, log: Log
) -> Iterator[Callable[[], Wait]]:
    """Serve the pages meanwhile, and yield what gives each account its wait for the next slot, or for somebody's yes.

    A port that is taken is logged, and stops no schedule. Raises `SettingsError` where anybody could open the pages.
    """
    if web is None:
        yield lambda: opened[0].clock.sleep
        return
    from tertib.web.desk import desk_of  # noqa: PLC0415 - brings templates; serving without pages does without
    from tertib.web.server import Bell, refuse_unsafe, serving  # noqa: PLC0415 - the same, and a web server
    from tertib.web.site import Site  # noqa: PLC0415 - the same

    found = listen_at(web.listen)
    if isinstance(found, str):
        raise SettingsError(found)
    bell = Bell(opened[0].clock)
    desks = {}
    for one in opened:
        try:
            desks[one.settings.account] = desk_of(one, [word for word in rules if is_path(word)])
        except TertibError as error:
            log.warning("account has no pages", account=one.account, why=str(error), hint=error.hint)
    if not desks:
        raise SettingsError("there is no account whose pages could be served")
    site = Site(desks, opened[0].time, web, log, local=person(), listens_to=found[0], ring=bell.ring)
    refuse_unsafe(site)
    if not site.is_local and not site.secure:
        log.warning(
            "passwords travel in the clear", hint="put the pages behind https, and say so: `web: {url: …}`"
        )
    with ExitStack() as stack:
        try:
            address = stack.enter_context(serving(site, found[1]))
        except SettingsError as error:
            log.warning("pages are not served", why=str(error), hint=error.hint)
        else:
            log.info("pages are served", at=web.url or address)
        yield bell.waiter
