"""Messages leave over real HTTP; a channel that fails, hangs or cannot be found holds up nobody and shows no address."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from extras import apprise_or_not_run
from receiving import SECRET, Service, receiving
from shopfloor import ACCOUNT, Floor
from tertib.errors import CredentialError, SettingsError
from tertib.model import Channel, Notify, Secret, Settings
from tertib.notify import channels
from tertib.notify.channels import Delivery, Line
from tertib.notify.notifier import Notifier, faults, of_channel


@pytest.fixture
def service() -> Iterator[Service]:
    """Give a service on this machine, where there is something to send with."""
    apprise_or_not_run()
    with receiving() as found:
        yield found


def notifier(floor: Floor, url: str, warned: list[dict[str, Any]]) -> Notifier:
    """Return messages to one address, that try once."""

    class Log:
        def warning(self, event: str, **fields: Any) -> None:
            warned.append({"event": event, **fields})

    channel = Channel("owner", Secret(env="OWNER_URL"), language="en")
    settings = Settings(account=ACCOUNT, notify=Notify(channels=(channel,)))
    environ = {"OWNER_URL": url}
    return Notifier(
        settings, floor.ledger, Log(), lambda one: of_channel(one, environ), now=floor.clock.now, tries=(0.0,)
    )


def told(floor: Floor, url: str) -> tuple[Any, list[dict[str, Any]]]:
    """Let a rule fail and its people be told; return how the channel fared, and what was logged."""
    warned: list[dict[str, Any]] = []
    made = notifier(floor, url, warned)
    made.look(floor.now)
    floor.slot("cancel", "failed", cause="reading")
    made.look(floor.now)
    made.close(30)
    (state,) = floor.ledger.notices.channels(ACCOUNT)
    return state, warned


def test_a_message_arrives(floor: Floor, service: Service) -> None:
    """Title and text come over real HTTP, and the record counts the message."""
    state, warned = told(floor, service.url())
    body = service.bodies.get_nowait()
    assert (body["title"], body["message"].partition(":")[0]) == ("1 rule fails", "cancel")
    assert (state.sent, state.failed, state.failing_since, warned) == (1, 0, None, [])


@pytest.mark.parametrize("way", ["refuse", "moved"])
def test_a_refusal_is_told_without_the_address(floor: Floor, service: Service, way: str) -> None:
    """It is logged and kept for `doctor`, without any part of the address; a redirect is not followed."""
    state, warned = told(floor, service.url(way))
    assert (state.sent, state.failed, state.failing_since) == (0, 1, floor.now)
    assert warned == [
        {"event": "message not sent", "channel": "owner", "why": "the service did not take the message"}
    ]
    assert SECRET not in repr((state, warned))
    assert service.asked == [way]


def test_a_name_that_leads_nowhere_is_a_refusal(floor: Floor, service: Service) -> None:
    """A service whose name is not known costs a message and nothing else."""
    state, _ = told(floor, f"json://nowhere.invalid/?token={SECRET}")
    assert (state.sent, state.failed) == (0, 1)
    assert service.asked == []


def test_a_service_that_hangs_holds_up_nothing(floor: Floor, service: Service) -> None:
    """Looking comes back at once, however long the service takes; at the end it is waited for no longer than said."""
    made = notifier(floor, service.url("hang"), [])
    made.look(floor.now)
    began = time.monotonic()
    for number in range(5):
        floor.slot(f"rule-{number}", "failed", cause="reading")
        made.look(floor.now)
    made.close(0.1)
    assert time.monotonic() - began < 5


def test_no_thread_is_left_that_the_end_of_the_process_waits_for(service: Service) -> None:
    """Whoever sends waits for the service, and nobody else: Python joins all threads that are no daemons."""
    before = set(threading.enumerate())
    send = channels.sender(service.url(), "owner")
    assert send("a title", "a text")
    assert all(one.daemon for one in set(threading.enumerate()) - before)


def test_a_queue_that_is_full_loses_messages_and_waits_for_nobody() -> None:
    """What does not fit any more is reported as failed."""
    release, reports = threading.Event(), list[Delivery]()
    line = Line("owner", lambda: lambda _title, _text: release.wait(30), reports.append, tries=(0.0,))
    for _ in range(channels.WAITING + 5):
        line.put("title", "text")
    lost = [one for one in reports if one.why is not None]
    assert 4 <= len(lost) <= 5  # the thread may have taken the first one out already
    release.set()
    line.close(30)
    line._thread.join(30)  # type: ignore[union-attr]  # it was started by `put`
    assert len([one for one in reports if one.why is None]) == channels.WAITING + 5 - len(lost)


def test_a_message_is_tried_again() -> None:
    """A service that is down for a moment gets the message with the next try."""
    answers, reports = [False, True], list[Delivery]()
    done = threading.Event()

    def report(one: Delivery) -> None:
        reports.append(one)
        done.set()

    line = Line("owner", lambda: lambda _title, _text: answers.pop(0), report, tries=(0.0, 0.001))
    line.put("title", "text")
    assert done.wait(30)
    assert reports == [Delivery("owner")]
    line.close(30)


@pytest.mark.parametrize(
    ("raised", "why"),
    [(RuntimeError(SECRET), "RuntimeError"), (SettingsError("no address"), "no address")],
)
def test_whatever_a_service_raises_is_named_and_not_quoted(raised: Exception, why: str) -> None:
    """An error's words may hold the address: only our own are passed on."""
    reports = list[Delivery]()

    def make() -> Callable[[str, str], bool]:
        raise raised

    line = Line("owner", make, reports.append, tries=(0.0,))
    line.put("title", "text")
    line.close(30)
    assert reports == [Delivery("owner", why)]


# --- addresses ------------------------------------------------------------------------------------------


def test_an_address_stands_in_a_variable_or_a_private_file(tmp_path: Path) -> None:
    """A file that others may read is refused; nothing that is said holds any part of the address."""
    apprise_or_not_run()
    file = tmp_path / "telegram"
    file.write_text(f"json://127.0.0.1/{SECRET}\n", encoding="utf-8")
    file.chmod(0o600)
    channel = Channel("owner", Secret(file=str(file)))
    assert callable(of_channel(channel, {}))
    file.chmod(0o644)
    with pytest.raises(CredentialError, match="others may read") as caught:
        of_channel(channel, {})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "OWNER_URL is not set"),
        (SECRET, "is not one address"),
        (f"nosuchservice://{SECRET}", "none that apprise knows"),
    ],
)
def test_an_address_that_is_none_is_said(written: str, why: str) -> None:
    """By `doctor` and `notify test` as in the log, and without the address."""
    apprise_or_not_run()
    settings = Settings(notify=Notify(channels=(Channel("owner", Secret(env="OWNER_URL")),)))
    ((name, error),) = faults(settings, {"OWNER_URL": written})
    assert name == "owner"
    assert why in str(error)
    assert SECRET not in f"{error} {error.hint}"


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`tertib[notify]` is an extra: whoever lacks it is told so."""
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(SettingsError, match="not installed") as caught:
        channels.sender("json://127.0.0.1", "owner")
    assert caught.value.hint == "pip install 'tertib[notify]'"
