"""The pages in a real browser: Debian's Chromium, driven by Playwright, on `tertib serve --web` and two sandbox shops.

No browser is downloaded. Where there is no Chromium the tests are reported as not run; in CI (`CI=true`) that is a failure.
The checker of accessibility, axe, is an npm package, pinned by the lock file beside this one (see `tests/plugins/npm.py`).
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

import browsing
import npm
from browsing import OTHER, OURS, PATIENCE, PEOPLE, RULES, Premises, Seat, seat
from pages import PASSWORD
from project import Project
from tertib.sandbox.limits import Limits
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop
from tertib.session import Session
from tertib.web import passwords

Sit: TypeAlias = Callable[..., Seat]

LOCK: Final = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def chromium() -> str:
    """Name the Chromium of this machine; leave the test out where there is none."""
    try:
        return browsing.chromium()
    except browsing.Absent as absent:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"not run: {absent}")


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the script of axe-core."""
    return npm.needed(LOCK, "axe-core/axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")  # while it is open no other test of this process could use asyncio
def browser(chromium: str) -> Iterator[Browser]:
    """Start Chromium; each test has windows of its own in it."""
    expect.set_options(timeout=PATIENCE)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=browsing.switches()) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def premises(
    tmp_path_factory: pytest.TempPathFactory,
    checkout: Path,
    chromium: str,  # noqa: ARG001 - without it nobody would look at the pages
) -> Iterator[Premises]:
    """Serve two shops, and a project of both with its pages and its people."""
    place = tmp_path_factory.mktemp("premises")
    with ExitStack() as stack:
        shops = {
            name: stack.enter_context(serve(Shop.empty(), limits=Limits.none())) for name in (OURS, OTHER)
        }
        _lay_out(place, shops)
        tokens = {f"{name.upper()}_TOKEN": served.business_token for name, served in shops.items()}
        environ = {"PATH": os.environ["PATH"], "HOME": str(place), "PYTHONPATH": str(checkout / "engine")}
        projects = {name: Project(place, served, {**environ, **tokens}) for name, served in shops.items()}
        sessions = {name: Session(None, tokens, place, account=name) for name in shops}
        for one in sessions.values():
            stack.callback(one.close)
        _hire(sessions[OURS])
        url = stack.enter_context(_served(projects[OURS]))
        yield Premises(projects[OURS], projects, sessions, url)


def _lay_out(place: Path, shops: dict[str, Served]) -> None:
    accounts = "".join(
        f"  {name}: {{token: {{env: {name.upper()}_TOKEN}}, api: {{base_url: '{served.url}'}}}}\n"
        for name, served in shops.items()
    )
    # Every order is read again just before it is changed, however fast a test gets there.
    said = "rules: rules/\napply: {max_read_age: 0s}\nprotect: [{tags: {any_of: [hold]}}]\n"
    (place / "tertib.yaml").write_text(f"{said}accounts:\n{accounts}", encoding="utf-8")
    (place / "rules").mkdir()
    (place / "rules" / "shop.yaml").write_text(RULES, encoding="utf-8")


def _hire(session: Session) -> None:
    """Add the people; they share a password, so that it is hashed once."""
    kept = passwords.hashed(PASSWORD)
    for one in PEOPLE:
        session.ledger.people.add(replace(one, password_hash=kept), session.clock.now())


@contextmanager
def _served(project: Project) -> Iterator[str]:
    """Run `tertib serve --web` until the block ends, and yield the pages' address; it must end well, and log no fault."""
    words = project.command("serve", "--web", f"127.0.0.1:{_free_port()}")
    errors = project.place / "serve.err"
    with errors.open("wb") as err:
        process = subprocess.Popen(
            words, cwd=project.place, env=dict(project.environ), stdout=subprocess.PIPE, stderr=err, text=True
        )
    log = _Log(process)
    try:
        yield log.told("pages are served")["at"]
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(60)
        log.close()
    assert (ended, errors.read_text("utf-8")) == (0, "")
    faults = [one for one in log.lines if one["level"] == "error"]
    assert not faults, faults


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


class _Log:
    """What a process logs, read as it comes, so that it never waits for its reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[dict[str, Any]] = []
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._process = process
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))
            self._queue.put(self.lines[-1])
        self._queue.put(None)

    def told(self, event: str) -> dict[str, Any]:
        """Return the next line about an event."""
        while (line := self._queue.get(timeout=60)) is not None:
            if line["event"] == event:
                return line
        raise AssertionError(f"it ended before it told that {event}: {self.lines}")

    def close(self) -> None:
        """Stop reading."""
        assert self._process.stdout is not None
        self._reader.join(60)
        self._process.stdout.close()


@pytest.fixture
def sit(premises: Premises, browser: Browser) -> Iterator[Sit]:
    """Open windows for people, on shops without orders; none of them may have had anything to complain of."""
    premises.clear()
    taken: list[Seat] = []

    def sat(who: str | None = None, **wanted: Any) -> Seat:
        taken.append(seat(browser, premises.url, **wanted))
        if who is not None:
            taken[-1].enter(premises.token(who))
        return taken[-1]

    yield sat
    for one in taken:
        one.context.close()
    assert [one.troubles for one in taken if one.troubles] == []
