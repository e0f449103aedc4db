"""The pages served in a thread beside the schedule, until that ends; and the bell that wakes the schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from tertib.errors import SettingsError
from tertib.observe.runner import Runner
from tertib.web.app import build
from tertib.web.render import warm
from tertib.web.site import Site

_GRACE: Final = 5
_AT_ONCE: Final = 200
_NAP: Final = 1.0


class Sleeper(Protocol):
    """A clock that waits, and knows when to stop."""

    @property
    def stopping(self) -> bool:
        """Tell whether a stop was asked for."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, or return early when the process is asked to stop."""
        ...


class Bell:
    """What a page rings once a plan is approved, so that the schedule looks at once and not within a minute."""

    def __init__(self, clock: Sleeper) -> None:
        self._clock = clock
        self._rung = object()

    def ring(self) -> None:
        """Wake everybody who waits, or waits next."""
        self._rung = object()  # another one than anybody has heard

    def waiter(self) -> Callable[[float], None]:
        """Return what waits so many seconds, or until somebody rings, or a stop is asked for.

        A ring is noticed within a second, and by every waiter once, also by one that was at work when it rang.
        """
        heard = self._rung

        def wait(seconds: float) -> None:
            nonlocal heard
            while seconds > 0 and self._rung is heard and not self._clock.stopping:
                nap = min(seconds, _NAP)
                self._clock.sleep(nap)
                seconds -= nap
            heard = self._rung

        return wait


def refuse_unsafe(site: Site) -> None:
    """Raise `SettingsError` where other machines could open the pages, and nobody has a password to sign in with."""
    if site.is_local or any(one.password_hash and not one.disabled for one in site.people.listed()):
        return
    raise SettingsError(
        "the pages would be open to other machines, and nobody has a password yet",
        hint="`tertib people add NAME --role admin` adds the first person",
    )


@contextmanager
def serving(site: Site, port: int) -> Iterator[str]:
    """Serve a site until the block ends, and yield its address.

    Raises `SettingsError` where the pages would be open to anybody, and where the port is taken.
    """
    refuse_unsafe(site)
    runner = Runner(
        build(site),
        site.listens_to,
        port,
        name="pages",
        grace=_GRACE,
        hint='`--web ADDRESS:PORT`, or `web: {listen: "ADDRESS:PORT"}`, names another place',
        ws="none",
        limit_concurrency=_AT_ONCE,
        # Only where a proxy was announced is anything believed of what it says.
        proxy_headers=site.web.url is not None,
    )
    warm()
    runner.start()
    try:
        yield f"http://{runner.address}"
    finally:
        runner.close()
