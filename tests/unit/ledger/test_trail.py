"""The chain in the database: grown with every write, and checked against hands in the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger import trail
from tertib.ledger.audit import AuditVerdict, seal
from tertib.model import State

ACCOUNT = "default"
KEY = b"a key for tests, 32 bytes long.."


def used(desk: Any) -> Any:
    """Return a ledger with a chain of eight records."""
    ledger = desk.open()
    desk.confirm(ledger, *desk.changes(2))
    ledger.hold(ACCOUNT, "1", None, "why", desk.now)
    return ledger


def test_every_step_leaves_its_record(desk: Any) -> None:
    """A whole run, its people and its slots, in the order in which they happened."""
    ledger = desk.open()
    first, second, third = desk.changes(3)
    ledger.slot_open(ACCOUNT, "cancel", desk.now, desk.now)
    run = desk.begin(ledger, first, second, third)
    ledger.conclude(run, [desk.outcome(third, State.STALE)], desk.now)
    desk.answer(ledger, desk.send(ledger, run, first, second), "answered", State.CONFIRMED, first)
    desk.end(ledger, run)
    ledger.slot_close(ACCOUNT, "cancel", desk.now, "done", desk.now, run_id=run)
    ledger.release(ACCOUNT, "0", desk.now)
    ledger.settle(
        ACCOUNT, ledger.unsettled(ACCOUNT)[0], desk.outcome(second, State.HELD), desk.later(minutes=15)
    )
    ledger.audit_append(ACCOUNT, "approved", {"plan": "plan-1", "who": "rina"}, desk.now)
    assert desk.kinds(ledger) == [
        "genesis",
        "slot_opened",
        "plan_recorded",
        "run_begun",
        "changes_planned",
        "changes_concluded",
        "request_sent",
        "request_answered",
        "run_ended",
        "slot_closed",
        "order_released",
        "change_settled",
        "approved",
    ]
    assert ledger.verify_audit(ACCOUNT) == AuditVerdict(ok=True, records=13)


def test_a_failed_write_leaves_no_record(desk: Any) -> None:
    """A record vanishes with the transaction that it belongs to, and the chain stays whole."""
    ledger = used(desk)
    with pytest.raises(TypeError):
        ledger.audit_append(ACCOUNT, "bad", {"share": 0.3}, desk.now)
    assert ledger.verify_audit(ACCOUNT) == AuditVerdict(ok=True, records=8)


def test_records_can_be_read_in_part(desk: Any) -> None:
    """From a number on, of one kind, since an instant."""
    ledger = used(desk)
    noon = desk.later(hours=1)
    ledger.hold(ACCOUNT, "2", None, "why", noon)
    assert [one.seq for one in ledger.audit_records(ACCOUNT, after=6)] == [7, 8, 9]
    assert [one.seq for one in ledger.audit_records(ACCOUNT, kind="order_held")] == [8, 9]
    assert [one.seq for one in ledger.audit_records(ACCOUNT, since=noon)] == [9]


def test_a_long_chain_is_read_in_pages(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages join without a gap, whatever their size."""
    ledger = used(desk)
    for size in (1, 3, 8):
        monkeypatch.setattr("tertib.ledger.trail.PAGE", size)
        assert [one.seq for one in ledger.audit_records(ACCOUNT)] == list(range(1, 9))
        assert ledger.verify_audit(ACCOUNT).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET body = replace(body, 'order-1', 'order-2') WHERE seq = 4",
        "UPDATE audit SET at = '2026-03-10T05:00:00.000001+00:00' WHERE seq = 4",
        "UPDATE audit SET kind = 'nothing' WHERE seq = 4",
        "UPDATE audit SET mac = (SELECT a.mac FROM audit a WHERE a.seq = 5) WHERE seq = 4",
        "UPDATE audit SET prev = mac WHERE seq = 4",
        "UPDATE audit SET seq = 99 WHERE seq = 4",
        "DELETE FROM audit WHERE seq = 4",
    ],
)
def test_every_hand_in_the_database_is_found(desk: Any, statement: str) -> None:
    """The first record that is wrong or missing is named."""
    ledger = used(desk)
    desk.execute(statement)
    verdict = ledger.verify_audit(ACCOUNT)
    assert (verdict.ok, verdict.first_bad) == (False, 4)


def test_records_that_changed_places_are_found(desk: Any) -> None:
    """Two records with their numbers exchanged break the chain at the first of them."""
    ledger = used(desk)
    for statement in ("seq = 99 WHERE seq = 4", "seq = 4 WHERE seq = 5", "seq = 5 WHERE seq = 99"):
        desk.execute(f"UPDATE audit SET {statement}")  # noqa: S608 - our own literals
    assert ledger.verify_audit(ACCOUNT).first_bad == 4


def test_a_cut_off_end_needs_the_checkpoint(desk: Any) -> None:
    """Alone the shorter chain looks whole; against the checkpoint it does not, even when it grew again."""
    ledger = used(desk)
    seen = ledger.checkpoint(ACCOUNT)
    assert ledger.verify_audit(ACCOUNT, seen).ok
    desk.execute("DELETE FROM audit WHERE seq > 5")
    assert ledger.verify_audit(ACCOUNT).ok
    assert ledger.verify_audit(ACCOUNT, seen).first_bad == 6
    for number in range(5):
        ledger.hold(ACCOUNT, str(number), None, "why", desk.now)
    assert ledger.verify_audit(ACCOUNT).ok
    assert ledger.verify_audit(ACCOUNT, seen).first_bad == 8


def test_a_chain_that_is_gone_is_found_and_not_begun_again(desk: Any) -> None:
    """An account without its beginning is damaged; writing on would hide it."""
    ledger = used(desk)
    desk.execute("DELETE FROM audit")
    assert ledger.verify_audit(ACCOUNT) == AuditVerdict(
        ok=False, records=0, first_bad=1, why="record 1 is missing"
    )
    assert ledger.checkpoint(ACCOUNT) is None
    with pytest.raises(LedgerCorrupt, match="the audit records of account `default` are gone"):
        ledger.hold(ACCOUNT, "1", None, "why", desk.now)


def test_text_that_is_no_text_is_found(files: Any, tmp_path: Path) -> None:
    """Bytes that no decoder reads are a broken record, not a crash."""
    ledger = used(files)
    raw = sqlite3.connect(tmp_path / "tertib.db")
    raw.execute("UPDATE audit SET body = CAST(x'ff00fe' AS TEXT) WHERE seq = 4")
    raw.commit()
    raw.close()
    assert ledger.verify_audit(ACCOUNT).first_bad == 4
    assert [one.seq for one in ledger.audit_records(ACCOUNT)] == list(range(1, 9))


@pytest.mark.parametrize("value", ["7", "x'3132'", "''"])
def test_values_of_another_type_are_found(files: Any, value: str) -> None:
    """SQLite stores what it is given; the seal is over text."""
    ledger = used(files)
    files.execute(f"UPDATE audit SET body = {value} WHERE seq = 4")  # noqa: S608 - our own literals
    assert ledger.verify_audit(ACCOUNT).first_bad == 4


def test_each_account_has_its_own_chain(desk: Any) -> None:
    """What happens to one account is no record of another."""
    ledger = used(desk)
    ledger.hold("second", "1", None, "why", desk.now)
    assert ledger.verify_audit("second").records == 2
    assert ledger.verify_audit(ACCOUNT).records == 8
    assert ledger.verify_audit("third") == AuditVerdict(ok=True, records=0)


# --- keys -----------------------------------------------------------------------------------------------


def test_another_key_verifies_nothing_and_writes_nothing(desk: Any) -> None:
    """One record under a second key would break the chain for ever, so none is written."""
    used(desk)
    other = desk.open(key=b"another key, also long enough...")
    verdict = other.verify_audit(ACCOUNT)
    assert (verdict.ok, verdict.first_bad) == (False, None)
    with pytest.raises(
        LedgerError, match="the audit key is not the one that account `default` was begun with"
    ):
        other.hold(ACCOUNT, "1", None, "why", desk.now)
    assert desk.open().verify_audit(ACCOUNT).ok


def test_an_account_that_another_machine_began_meanwhile_is_begun_once(desk: Any) -> None:
    """Of two genesis records one stays, and the slower machine's key is checked against it."""
    ledger = used(desk)
    with ledger._database.writing() as connection:
        trail._begin(connection, ACCOUNT, KEY, desk.now)
        with pytest.raises(LedgerError, match="the audit key is not the one"):
            trail._begin(connection, ACCOUNT, b"another key, also long enough...", desk.now)
    assert ledger.verify_audit(ACCOUNT) == AuditVerdict(ok=True, records=8)


def test_a_damaged_beginning_does_not_stop_the_work(desk: Any) -> None:
    """Verifying reports it; runs must still be able to record what they did."""
    ledger = used(desk)
    desk.execute("UPDATE audit SET body = 'x' WHERE seq = 1")
    ledger.hold(ACCOUNT, "2", None, "why", desk.now)
    assert ledger.verify_audit(ACCOUNT).first_bad == 1


def test_whoever_has_the_key_can_reseal_and_only_the_checkpoint_shows_it(desk: Any) -> None:
    """What the documentation says of a stolen key is so."""
    ledger = used(desk)
    seen = ledger.checkpoint(ACCOUNT)
    prev = ""
    for record in list(ledger.audit_records(ACCOUNT)):
        body = record.body.replace("order-1", "order-7") if record.seq > 1 else record.body
        forged = type(record)(ACCOUNT, record.seq, record.at, record.kind, body, prev or record.prev, "")
        prev = seal(KEY, forged)
        desk.execute(
            "UPDATE audit SET body = :body, prev = :prev, mac = :mac WHERE seq = :seq",
            body=body, prev=forged.prev, mac=prev, seq=record.seq,
        )  # fmt: skip
    assert ledger.verify_audit(ACCOUNT).ok
    assert ledger.verify_audit(ACCOUNT, seen).first_bad == 8
