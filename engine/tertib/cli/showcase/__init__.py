"""A project to click through: an invented shop, some days of history that the real engine made, and the pages on it.

Nothing is written into the record by hand. The clock is set back by some days; from there the rules run on their schedules
against the sandbox, people say yes and no in between, and every sleep moves the clock, until it has caught up.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tertib.cli.serve import machine_of
from tertib.cli.showcase.clock import CatchingUpClock
from tertib.cli.showcase.days import DAYS, EVENTS, Event
from tertib.cli.showcase.rules import lay_out
from tertib.cli.showcase.scene import Scene
from tertib.dispatch import local
from tertib.dispatch.rulebook import Rulebook
from tertib.load import load
from tertib.model import Web
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop
from tertib.session import Project, Session
from tertib.telling.tongue import ENGLISH, Tongue, tongue
from tertib.web.desk import desk_of
from tertib.web.server import Bell, serving
from tertib.web.site import Site

ORDERS: Final = 420
"""Orders of the invented shop: enough for every rule to find some, few enough that the days are played in seconds."""

SEED: Final = 7
_LAST_WORD: Final = 20.0
"""Seconds that the turn under way has to end, once no further one is wanted."""

Say = Callable[[str], None]


def _silent(_text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Showcase:
    """What is shown: `url` of the pages, the shop behind them, and the session that the rules run in."""

    url: str
    place: Path
    served: Served
    session: Session


def set_back() -> closing[CatchingUpClock]:
    """Return a clock that stands where the history begins, to be closed when the block ends."""
    return closing(CatchingUpClock(timedelta(days=DAYS)))


@dataclass(frozen=True)
class Showing:
    """How it is shown: `port` of the pages, a free one for 0; who works here; and who is told how far it is, in which language."""

    port: int = 0
    local_name: str = "you"
    tongue: Tongue = field(default_factory=lambda: tongue(ENGLISH))
    say: Say = _silent


@contextmanager
def showing(how: Showing | None = None, clock: CatchingUpClock | None = None) -> Iterator[Showcase]:
    """Make a shop with its history, serve pages and rules on it, and leave nothing of it once the block ends.

    Only this machine reaches the pages. A `clock` of one's own, as `set_back` makes it, can be stopped.
    Raises `SettingsError` where another program has the port, `Stopped` where the clock is stopped meanwhile.
    """
    how = how or Showing()
    with ExitStack() as stack:
        clock = clock or stack.enter_context(set_back())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tertib-demo-")))
        served = stack.enter_context(serve(_shop(clock)))
        lay_out(place, served.url)
        session = stack.enter_context(closing(_session(place, served, clock)))
        server = _server(session)
        play(server, Scene(served, session), clock, how)
        url = stack.enter_context(_pages(session, server, how))
        yield Showcase(url, place, served, session)


def _shop(clock: CatchingUpClock) -> Shop:
    """Return the shop as it was when the history begins; its clock goes with the given one."""
    shop = Shop(seed=SEED, orders=ORDERS, contract="seeds")
    shop.clock.advance(-clock.behind)
    shop.reset()
    clock.takes_along(shop.clock.advance)
    return shop


def _session(place: Path, served: Served, clock: CatchingUpClock) -> Session:
    """Open the project as its file and a token describe it, and nothing of this machine's own environment."""
    project = Project(None, {"SCALEV_TOKEN": served.business_token}, place)
    project.clock = clock
    return Session(project=project)


def _server(session: Session) -> local.Server:
    rules = load(session.settings.rules, session.settings).rules
    return local.Server(rules, machine_of(session, Silent()), Rulebook((), (), session.settings).changed)


class Silent:
    """A log that nobody reads: the pages tell what happened."""

    def info(self, event: str, **fields: Any) -> None:
        """Say nothing."""

    warning = error = info


# --- the days before ------------------------------------------------------------------------------------


def play(server: local.Server, scene: Scene, clock: CatchingUpClock, how: Showing) -> None:
    """Run the rules on their schedules from where the clock stands to the present, with what people did in between.

    Raises `Stopped` where the clock is stopped meanwhile.
    """
    begins = clock.now()
    present = begins + clock.behind
    server.begin(begins)
    told = None
    for event in (*EVENTS, Event(0, _nothing)):
        at = max(begins, present - timedelta(hours=event.hours))
        day = at.astimezone(ZoneInfo(scene.session.settings.timezone)).date()
        if day != told:
            how.say(f"  {how.tongue.day(day)}")
            told = day
        _run_until(server, clock, at)
        event.happens(scene)
        server.turn()


def _nothing(_scene: Scene) -> None:
    """Let nothing happen: the present is reached."""


def _run_until(server: local.Server, clock: CatchingUpClock, at: datetime) -> None:
    """Give the rules their turns until an instant, each when there is something to do and not every minute."""
    while clock.behind and clock.now() < at:
        clock.heed()
        server.turn()
        coming = [one.starts for one in server.upcoming()[:1]]
        coming += [] if server.settles_at is None else [server.settles_at]
        clock.sleep((min([at, *coming]) - clock.now()).total_seconds())


# --- the present ----------------------------------------------------------------------------------------


@contextmanager
def _pages(session: Session, server: local.Server, how: Showing) -> Iterator[str]:
    """Serve the pages, and the rules beside them in a thread, until the block ends; yield the pages' address."""
    bell = Bell(session.clock)
    web = session.settings.web or Web()
    desks = {session.settings.account: desk_of(session)}
    site = Site(desks, session.time, web, Silent(), local=how.local_name, ring=bell.ring)
    with serving(site, how.port) as url:
        loop = threading.Thread(target=local.serve, args=([server], session.clock, bell.waiter), name="rules")
        loop.start()
        try:
            yield url
        finally:
            session.clock.stop()
            loop.join(_LAST_WORD)
