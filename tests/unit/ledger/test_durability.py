"""What a database must promise before a ledger is kept in it, and what happens when it goes away in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from postgresql import Server
from tertib.errors import LedgerError
from tertib.ledger import durability
from tertib.model import State

ACCOUNT = "default"


@pytest.fixture
def at_server(desk_at: Any, postgresql_alone: Server) -> Iterator[Any]:
    """Give a desk at a server that no other test uses, which runs with durable settings before and after."""
    postgresql_alone.restart()
    desk = desk_at(postgresql_alone.url)
    yield desk
    desk.close()
    postgresql_alone.restart()
    desk.execute("DROP SCHEMA public CASCADE")
    desk.execute("CREATE SCHEMA public")


def refusal(desk: Any) -> LedgerError:
    """Return why a ledger cannot be opened."""
    with pytest.raises(LedgerError) as caught:
        desk.open()
    return caught.value


# --- a server that may forget ---------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_forget_is_refused(at_server: Any, postgresql_alone: Server, setting: str) -> None:
    """The setting is named, with what to do; and when it is on again, so is the ledger."""
    postgresql_alone.restart(**{setting: "off"})
    why = refusal(at_server)
    assert f"`{setting}` off" in str(why)
    assert f"`{setting} = on`" in str(why.hint)
    postgresql_alone.restart()
    assert at_server.open().integrity() == ()


def test_a_setting_that_is_turned_off_later_is_a_fault(at_server: Any) -> None:
    """`tertib doctor` looks again: the server's configuration can be reloaded under an open ledger."""
    ledger = at_server.open()
    assert ledger.integrity() == ()
    try:
        at_server.execute_alone("ALTER SYSTEM SET fsync = off")
        at_server.execute_alone("SELECT pg_reload_conf()")
        # The server's process behind the connection takes the new value soon, at the start of some statement.
        found = next(
            (faults for _ in range(2000) if (faults := ledger.integrity())), ("nothing was noticed",)
        )
    finally:
        at_server.execute_alone("ALTER SYSTEM RESET fsync")
        at_server.execute_alone("SELECT pg_reload_conf()")
    assert "`fsync` off" in found[0]


@pytest.mark.parametrize("value", ["off", "local", "remote_write", "on", "remote_apply"])
def test_commits_wait_for_the_disk_whatever_the_server_says(
    at_server: Any, postgresql_alone: Server, value: str
) -> None:
    """A session of ours asks for what is durable, and for no less where the server gives more."""
    postgresql_alone.restart(synchronous_commit=value)
    ledger = at_server.open()
    with ledger._database.writing() as connection:
        shown = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    assert shown == (value if value in durability.WAITS_FOR_DISK else "on")


@pytest.mark.parametrize(
    ("pragma", "value", "message"),
    [
        ("journal_mode", "delete", "its file system cannot keep a write-ahead log"),
        ("synchronous", 1, "its commits would not wait for the disk"),
        ("foreign_keys", 0, "rows could point at nothing"),
    ],
)
def test_a_file_that_does_not_take_its_settings_is_refused(pragma: str, value: Any, message: str) -> None:
    """SQLite does not complain about a setting that it cannot have: what it says afterwards counts."""
    values: dict[str, Any] = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert durability.of_sqlite(values.__getitem__) is None
    wrong = durability.of_sqlite((values | {pragma: value}).__getitem__)
    assert str(wrong) == f"the ledger cannot have `{pragma}` as it must be: {message}"
    assert wrong is not None
    assert wrong.hint


# --- a server that goes away ----------------------------------------------------------------------------


def test_a_server_that_was_restarted_between_two_writes_is_found_again(
    at_server: Any, postgresql_alone: Server
) -> None:
    """Connections that died meanwhile are replaced before anything begins on them."""
    ledger = at_server.open()
    change = at_server.change(1)
    run = at_server.begin(ledger, change)
    postgresql_alone.restart()
    claim = at_server.send(ledger, run, change)
    postgresql_alone.restart()
    at_server.answer(ledger, claim, "answered", State.CONFIRMED, change)
    assert at_server.states(ledger, run) == {"1": "confirmed"}
    assert ledger.verify_audit(ACCOUNT).ok


def test_a_server_that_is_stopped_is_told_in_words(at_server: Any, postgresql_alone: Server) -> None:
    """Reads, writes and opening say that it cannot be reached, without a password or a traceback of the driver."""
    ledger = at_server.open()
    change = at_server.change(1)
    run = at_server.begin(ledger, change)
    postgresql_alone.stop()
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: at_server.send(ledger, run, change),
        lambda: ledger.runs(ACCOUNT),
        at_server.open,
        ledger.integrity,
    )
    for attempt in attempts:
        with pytest.raises(LedgerError, match="cannot be reached") as caught:
            attempt()
        assert postgresql_alone.password not in f"{caught.value} {caught.value.hint}"
    postgresql_alone.start()
    assert at_server.states(ledger, run) == {"1": "planned"}
    assert at_server.send(ledger, run, change).ids == (1,)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_stops_inside_a_transaction_leaves_nothing_of_it(
    at_server: Any, postgresql_alone: Server, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """The claim fails in words and is not tried again: nothing was let out, and nothing is on record."""
    ledger = at_server.open()
    change = at_server.change(1)
    run = at_server.begin(ledger, change)
    record = "tertib.ledger.requests._record_sending"

    def stop(*_: object, **__: object) -> None:
        postgresql_alone.stop(mode)

    with monkeypatch.context() as patched:
        patched.setattr(record, stop)
        with pytest.raises(LedgerError, match="cannot be reached"):
            at_server.send(ledger, run, change)
    postgresql_alone.start()
    assert at_server.states(ledger, run) == {"1": "planned"}
    assert ledger.run_details(run).requests == ()
    assert ledger.verify_audit(ACCOUNT).ok


def test_an_answer_whose_commit_is_lost_leaves_the_change_to_be_read_back(
    at_server: Any, postgresql_alone: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent stays `sent` until somebody has read it back; it is never claimed a second time."""
    ledger = at_server.open()
    change = at_server.change(1)
    run = at_server.begin(ledger, change)
    claim = at_server.send(ledger, run, change)

    def stop(*_: object) -> list[str]:
        postgresql_alone.stop()
        return []

    with monkeypatch.context() as patched:
        patched.setattr("tertib.ledger.requests._foreign_ids", stop)
        with pytest.raises(LedgerError, match="cannot be reached"):
            at_server.answer(ledger, claim, "answered", State.CONFIRMED, change)
    postgresql_alone.start()
    assert at_server.states(ledger, run) == {"1": "sent"}
    assert at_server.send(ledger, run, change).ids == ()
    assert [one.id for one in ledger.unsettled(ACCOUNT)] == [1]


def test_a_server_that_another_process_keeps_busy_is_not_waited_for_forever(at_server: Any) -> None:
    """A process that was frozen inside a transaction holds the account's row; the others say that it is busy."""
    ledger = at_server.open(busy=timedelta(milliseconds=50))
    at_server.save(ledger)
    with ledger._database.writing() as connection:
        connection.exec_driver_sql("SELECT * FROM accounts FOR UPDATE").all()
        other = at_server.open(busy=timedelta(milliseconds=50))
        with pytest.raises(LedgerError, match="is busy with another process"):
            at_server.save(other)


def test_a_database_or_user_that_does_not_exist_is_told(at_server: Any, desk_at: Any) -> None:
    """Connecting fails in words that hold no password."""
    url = at_server.url
    password = url.split(":")[2].split("@")[0]
    for wrong in (url.replace("/postgres", "/nowhere"), url.replace(password, f"{password}x")):
        with pytest.raises(LedgerError, match="cannot be reached") as caught:
            desk_at(wrong).open()
        assert password not in f"{caught.value} {caught.value.hint}"
