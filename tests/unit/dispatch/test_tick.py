"""Ticks over a shared ledger: every slot announced once, its account rung for in the same transaction, nothing lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tertib.clock import SystemClock
from tertib.dispatch import queue, tick
from tertib.ledger import SqlLedger, open_ledger
from tertib.ledger.anchors import Times
from tertib.ledger.database import Database
from tertib.ledger.process import Owner
from tertib.ledger.rota import Scheduled
from tertib.ledger.slots import slot_key
from tertib.model import Run, Spent

NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = b"a key for tests, 32 bytes long.."


@dataclass
class Bell:
    """Keeps what is rung for."""

    waiting: set[str] = field(default_factory=set)
    broken: bool = False

    def rung(self, _connection: object) -> set[str]:
        """Return what was rung for."""
        return set(self.waiting)

    def ring(self, _connection: object, accounts: Collection[str]) -> None:
        """Ring, or fail."""
        if self.broken:
            raise RuntimeError("the bell is broken")
        assert not self.waiting & set(accounts)
        self.waiting |= set(accounts)


@pytest.fixture
def ledger(postgresql_url: str) -> Iterator[SqlLedger]:
    """Give a ledger on a server."""
    clock = SystemClock()
    with open_ledger(postgresql_url, key=KEY, clock=clock) as opened:
        yield opened
    clock.close()


def place(account: str, rule: str = "cancel", cron: str = "0 * * * *") -> dict[str, Scheduled]:
    """Return one rule's schedule, as it begins at noon."""
    row = Scheduled(account, rule, cron, "Asia/Jakarta", timedelta(), NOON + HOUR, NOON + HOUR)
    return {rule: row}


def enrol(
    ledger: SqlLedger, account: str, wanted: dict[str, Scheduled], now: datetime = NOON, **how: Any
) -> None:
    """Put schedules on the rota."""
    ledger.rota.enrol(account, wanted, now, changed="it was changed", gone="it is gone", **how)


def states(ledger: SqlLedger, account: str) -> list[tuple[datetime, str]]:
    """Return an account's slots, the oldest first."""
    return sorted((slot.slot_at, slot.state) for slot in ledger.slots(account))


def test_what_is_due_is_announced_once_and_rung_for(ledger: SqlLedger) -> None:
    """A second look at the same moment finds nothing; a later one the next slot, without a second bell."""
    bell = Bell()
    enrol(ledger, "a", place("a"))
    enrol(ledger, "b", place("b"))
    assert tick.look(ledger.rota, bell, NOON) == 0
    assert tick.look(ledger.rota, bell, NOON + HOUR) == 2
    assert tick.look(ledger.rota, bell, NOON + HOUR) == 0
    assert bell.waiting == {"a", "b"}
    assert tick.look(ledger.rota, bell, NOON + 2 * HOUR, most=1) == 2
    assert states(ledger, "a") == [(NOON + HOUR, "due"), (NOON + 2 * HOUR, "due")]


def test_a_tick_that_fails_leaves_nothing_behind(ledger: SqlLedger) -> None:
    """Slots, schedules and bells are one transaction: where ringing fails, nothing was announced and nothing moved on."""
    bell = Bell(broken=True)
    enrol(ledger, "a", place("a"))
    with pytest.raises(RuntimeError, match="broken"):
        tick.look(ledger.rota, bell, NOON + HOUR)
    assert states(ledger, "a") == []
    bell.broken = False
    assert tick.look(ledger.rota, bell, NOON + HOUR) == 1
    assert bell.waiting == {"a"}


def test_an_account_that_is_written_to_is_left_to_the_next_tick(
    ledger: SqlLedger, postgresql_url: str
) -> None:
    """A tick waits for nobody: neither for another tick nor for a run that was frozen in the middle of a write."""
    bell, frozen = Bell(), Database(postgresql_url)
    for account in ("a", "b"):
        enrol(ledger, account, place(account))
    with frozen.writing() as connection:
        connection.execute(text("SELECT 1 FROM accounts WHERE account = 'a' FOR UPDATE"))
        assert tick.look(ledger.rota, bell, NOON + HOUR) == 1
        assert bell.waiting == {"b"}
    assert tick.look(ledger.rota, bell, NOON + HOUR) == 1
    frozen.close()


def test_after_a_silence_the_schedule_goes_on_from_now(ledger: SqlLedger) -> None:
    """The oldest slot stands for all that passed, which the account's timetable tells; the next one is to come."""
    enrol(ledger, "a", place("a"))
    assert tick.look(ledger.rota, Bell(), NOON + timedelta(hours=9, minutes=30)) == 1
    assert states(ledger, "a") == [(NOON + HOUR, "due")]
    assert tick.look(ledger.rota, Bell(), NOON + timedelta(hours=9, minutes=59)) == 0
    assert tick.look(ledger.rota, Bell(), NOON + timedelta(hours=10)) == 1


def test_a_bell_that_nobody_answered_is_rung_again(ledger: SqlLedger) -> None:
    """A worker that died took the job with it: the slot still waits, and that is enough."""
    bell = Bell()
    enrol(ledger, "a", place("a"))
    tick.look(ledger.rota, bell, NOON + HOUR)
    assert tick.look_again(ledger.rota, bell, NOON + HOUR) == set()
    bell.waiting.clear()
    assert tick.look_again(ledger.rota, bell, NOON + HOUR) == {"a"}
    bell.waiting.clear()
    assert ledger.slot_open("a", "cancel", NOON + HOUR, NOON + HOUR)
    assert tick.look_again(ledger.rota, bell, NOON + HOUR) == set()


def test_an_account_is_woken_once_and_not_while_it_is_at_work(ledger: SqlLedger) -> None:
    """The sooner of two times counts; an account at work is woken again a little later, no slot is made up."""
    bell = Bell({"a"})
    ledger.rota.wake("a", NOON + HOUR, NOON)
    ledger.rota.wake("a", NOON + 2 * HOUR, NOON)
    assert tick.look(ledger.rota, bell, NOON + HOUR) == 1
    bell.waiting.clear()
    assert tick.look(ledger.rota, bell, NOON + HOUR) == 0
    assert tick.look(ledger.rota, bell, NOON + HOUR + timedelta(seconds=5)) == 1
    assert bell.waiting == {"a"}
    assert tick.look(ledger.rota, bell, NOON + 3 * HOUR) == 0
    assert states(ledger, "a") == []


def test_a_schedule_that_is_as_it_was_keeps_its_place(ledger: SqlLedger) -> None:
    """Workers that start one after the other enrol the same rules: what was due stays due."""
    enrol(ledger, "a", place("a"))
    later = place("a")["cancel"]
    enrol(
        ledger,
        "a",
        {
            "cancel": Scheduled(
                "a", "cancel", later.cron, later.timezone, later.jitter, *[NOON + 9 * HOUR] * 2
            )
        },
    )
    assert tick.look(ledger.rota, Bell(), NOON + HOUR) == 1


@pytest.mark.parametrize(
    ("wanted", "why"), [({}, "it is gone"), (place("a", cron="30 * * * *"), "it was changed")]
)
def test_a_schedule_that_ends_leaves_no_slot_untold(
    ledger: SqlLedger, wanted: dict[str, Scheduled], why: str
) -> None:
    """A slot that was due on it and that no tick announced is written down as skipped, with the reason."""
    enrol(ledger, "a", place("a"))
    enrol(ledger, "a", wanted, NOON + HOUR)
    assert [(slot.state, slot.note) for slot in ledger.slots("a")] == [("skipped", why)]
    assert ledger.verify_audit("a").ok


def test_a_rule_that_does_not_load_keeps_its_schedule(ledger: SqlLedger) -> None:
    """Whoever edits it shall see its slots fail."""
    enrol(ledger, "a", place("a"))
    enrol(ledger, "a", {}, but={"cancel"})
    assert tick.look(ledger.rota, Bell(), NOON + HOUR) == 1


def test_a_process_of_another_machine_that_falls_silent_is_gone(
    postgresql_url: str, ledger: SqlLedger
) -> None:
    """What it took and began nothing for is free once it gives no sign of life; one that never gave any keeps it."""
    clock = SystemClock()
    for name, beating in (("loud", True), ("mute", False)):
        owner = Owner(f"elsewhere-{name}", 1, "then", 1)
        with open_ledger(postgresql_url, key=KEY, clock=clock, owner=owner) as other:
            assert other.slot_open("a", name, NOON, NOON)
            if beating:
                other.rota.beat(NOON)
    clock.close()
    assert not ledger.slot_open("a", "loud", NOON, NOON + timedelta(minutes=1))
    assert ledger.slot_open("a", "loud", NOON, NOON + timedelta(minutes=3))
    assert not ledger.slot_open("a", "mute", NOON, NOON + timedelta(days=1))


def test_what_a_silent_process_ran_and_did_not_close_is_closed(
    postgresql_url: str, ledger: SqlLedger
) -> None:
    """While it gives signs of life the slot is its own to close, whatever its run has come to."""
    clock = SystemClock()
    owner = Owner("elsewhere", 1, "then", 1)
    with open_ledger(postgresql_url, key=KEY, clock=clock, owner=owner) as other:
        assert other.slot_open("a", "cancel", NOON, NOON)
        other.rota.beat(NOON)
        run = other.begin("a", None, kind="slot", slots=[slot_key("a", "cancel", NOON)], now=NOON)
        other.end(Run(run, "", Spent(), 0, ()), NOON)
    clock.close()
    assert ledger.close_orphans("a", NOON + timedelta(minutes=1)) == ()
    (closed,) = ledger.close_orphans("a", NOON + timedelta(minutes=3))
    assert closed.run_id == run


def test_what_a_process_could_not_close_it_gives_back(ledger: SqlLedger) -> None:
    """The server was gone when its slot failed: the slot waits for whoever looks next."""
    assert ledger.slot_open("a", "cancel", NOON, NOON)
    ledger.give_back("a", NOON)
    assert states(ledger, "a") == [(NOON, "due")]
    assert [slot.rule for slot in ledger.announced("a")] == ["cancel"]


def test_an_account_that_no_worker_serves_leaves_the_rota(ledger: SqlLedger) -> None:
    """Its slots that wait end as missed, none is announced any more, and a worker that serves it again enrols it again."""
    enrol(ledger, "a", place("a"))
    enrol(ledger, "b", place("b"))
    tick.look(ledger.rota, Bell(), NOON + HOUR)
    assert ledger.slot_open("b", "cancel", NOON + HOUR, NOON + HOUR)
    with ledger.rota.tick(NOON + 25 * HOUR) as look:
        assert look.forsaken(NOON + HOUR) == set()
        assert look.forsaken(NOON + 2 * HOUR) == {"a"}
    assert ledger.rota.leave("a", NOON + 25 * HOUR, "no worker") == 1
    assert [(slot.state, slot.note) for slot in ledger.slots("a")] == [("missed", "no worker")]
    assert ledger.verify_audit("a").ok
    assert tick.look(ledger.rota, Bell(), NOON + 25 * HOUR) == 1  # the other account's
    enrol(ledger, "a", place("a"), NOON + 25 * HOUR)
    assert tick.look(ledger.rota, Bell(), NOON + 25 * HOUR) == 1


def test_enrolling_puts_on_record_since_when_slots_count(ledger: SqlLedger) -> None:
    """A rule that does not load is not gone; one that is, counts anew when it comes back."""
    times = {"cancel": Times("0 * * * *", "Asia/Jakarta", 0)}
    enrol(ledger, "a", place("a"))
    enrol(ledger, "a", {}, NOON + HOUR, but={"cancel"})
    assert ledger.anchors.of("a", times, NOON + 9 * HOUR) == {"cancel": NOON}
    enrol(ledger, "a", {}, NOON + HOUR)
    enrol(ledger, "a", place("a"), NOON + 2 * HOUR)
    assert ledger.anchors.of("a", times, NOON + 9 * HOUR) == {"cancel": NOON + 2 * HOUR}


def test_rules_are_enrolled_with_their_first_slot_to_come(tmp_path: Path) -> None:
    """A rule that is switched off, or has no schedule, is not."""
    from tertib.load import load  # noqa: PLC0415 - only this test reads files
    from tertib.model import Settings  # noqa: PLC0415 - the same

    rule = "name: {}\n{}query: {{status: pending}}\nconditions: []\naction: {{status: canceled}}\n---\n"
    timed = 'schedule: {{cron: "0 13 * * *", jitter: 10m}}\n'.format()
    whole = (
        rule.format("on", timed) + rule.format("off", "enabled: false\n" + timed) + rule.format("bare", "")
    )
    (tmp_path / "rules.yaml").write_text(whole.removesuffix("---\n"), "utf-8")
    found = tick.scheduled("a", load([str(tmp_path)], Settings()).rules, NOON)
    assert list(found) == ["on"]
    assert found["on"].slot_at == NOON + HOUR
    assert NOON + HOUR <= found["on"].starts_at < NOON + HOUR + timedelta(minutes=10)


# --- the queue itself -----------------------------------------------------------------------------------


@pytest.fixture
def database(postgresql_url: str, ledger: SqlLedger) -> Iterator[Database]:
    """Give the ledger's database with the queue's tables."""
    enrol(ledger, "a", place("a"))
    made = Database(postgresql_url)
    queue.prepare(made)
    queue.prepare(made)
    yield made
    made.close()


def jobs(database: Database) -> list[tuple[str, str]]:
    """Return the jobs: whose, and how they stand."""
    with database.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT queue_name, status FROM procrastinate_jobs ORDER BY id"
        ).all()
    return [(row.queue_name, row.status) for row in rows]


def fetch(database: Database) -> Any:
    """Take a job as a worker does."""
    with database.writing() as connection:
        return connection.exec_driver_sql("SELECT * FROM procrastinate_fetch_job_v2(NULL, NULL)").one()


def test_one_job_an_account_waits_or_runs(ledger: SqlLedger, database: Database) -> None:
    """While a job waits or is at work the account is not queued again; when it has ended, it is."""
    bell = queue.QueueBell()
    tick.look(ledger.rota, bell, NOON + HOUR)
    tick.look(ledger.rota, bell, NOON + 2 * HOUR)
    assert jobs(database) == [("a", "todo")]
    taken = fetch(database)
    tick.look(ledger.rota, bell, NOON + 3 * HOUR)
    assert tick.look_again(ledger.rota, bell, NOON + 3 * HOUR) == set()
    assert jobs(database) == [("a", "doing")]
    with database.writing() as connection:
        connection.exec_driver_sql(f"SELECT procrastinate_finish_job_v1({taken.id}, 'succeeded', true)")
    assert tick.look_again(ledger.rota, bell, NOON + 3 * HOUR) == {"a"}
    assert jobs(database) == [("a", "todo")]


def test_a_late_end_of_a_swept_job_touches_no_other(
    ledger: SqlLedger, database: Database, postgresql_url: str
) -> None:
    """A worker fell silent, its job was swept and the account queued anew: what the first says at last ends nothing."""
    import asyncio  # noqa: PLC0415 - only this test needs a loop

    log = Said()
    end = queue.Queue(postgresql_url, ["a"], lambda _account: None, concurrency=1, log=log)
    bell = queue.QueueBell()
    tick.look(ledger.rota, bell, NOON + HOUR)
    silent = fetch(database)

    async def sweep() -> int:
        async with end._app.open_async():
            return await end.sweep()

    assert asyncio.run(sweep()) == 1
    assert log.events == ["job of a silent worker swept"]
    assert jobs(database) == []
    assert tick.look_again(ledger.rota, bell, NOON + HOUR) == {"a"}
    other = fetch(database)
    with pytest.raises(Exception, match="failed"), database.writing() as connection:
        connection.exec_driver_sql(f"SELECT procrastinate_finish_job_v1({silent.id}, 'succeeded', true)")
    assert other.id != silent.id
    assert jobs(database) == [("a", "doing")]


@dataclass
class Said:
    """Keeps what was logged."""

    events: list[str] = field(default_factory=list)

    def info(self, event: str, **_fields: Any) -> None:
        """Keep it."""
        self.events.append(event)

    warning = error = info


def test_a_schedule_that_changes_before_it_was_due_leaves_no_slot(ledger: SqlLedger) -> None:
    """Only what was due and not announced is written down as skipped."""
    enrol(ledger, "a", place("a"))
    enrol(ledger, "a", place("a", cron="30 * * * *"))
    assert states(ledger, "a") == []


def test_a_slot_that_stands_already_is_not_skipped_again(ledger: SqlLedger) -> None:
    """Where another way wrote the slot down, what it wrote stays."""
    enrol(ledger, "a", place("a"))
    ledger.slot_pass("a", "cancel", NOON + HOUR, "missed", NOON + HOUR, note="nothing ran")
    enrol(ledger, "a", {}, NOON + 2 * HOUR)
    assert states(ledger, "a") == [(NOON + HOUR, "missed")]
    told = [record.body for record in ledger.audit_records("a", kind="slot_closed")]
    assert [one for one in told if "skipped" in one] == []
