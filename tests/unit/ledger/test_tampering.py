"""Every hand in a small chain, one after the other, on both databases: each is found, the last two by the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from tertib.ledger import Checkpoint, Record, SqlLedger, schema
from tertib.ledger.audit import canonical, key_check, seal

ACCOUNT = "default"
KEY = b"a key for tests, 32 bytes long.."
THIEF = b"another key, also long enough..."
TEXTS = ("at", "kind", "body", "prev", "mac")
_A = schema.audit.c


@pytest.fixture
def ledger(desk: Any) -> SqlLedger:
    """Give a ledger whose chain holds a run, a hold and its end."""
    opened: SqlLedger = desk.open()
    desk.confirm(opened, *desk.changes(2))
    opened.hold(ACCOUNT, "1", None, "why", desk.now)
    opened.unhold(ACCOUNT, "1", desk.now)
    return opened


def chain(ledger: SqlLedger) -> list[Record]:
    """Return the chain's records."""
    return list(ledger.audit_records(ACCOUNT))


class Undone(Exception):  # noqa: N818 - it is no error: it takes a hand back
    """Leaves a transaction so that nothing of it stays."""


def found(ledger: SqlLedger, hand: Any, checkpoint: Checkpoint | None = None) -> int | None:
    """Let a hand change the table, verify over the same connection, and take all of it back; return the first bad."""
    verdicts = []
    with suppress(Undone), ledger._database.writing() as connection:
        hand(connection)
        verdicts.append(verified(ledger, connection, checkpoint))
        raise Undone
    verdict = verdicts[0]
    assert verdict.ok == (verdict.first_bad is None and not verdict.why)
    return None if verdict.ok else verdict.first_bad or 0


def verified(ledger: SqlLedger, connection: Connection, checkpoint: Checkpoint | None) -> Any:
    """Verify the chain as one transaction sees it."""
    from tertib.ledger import audit, trail  # noqa: PLC0415 - only what is compared here needs them

    return audit.verify(trail.records(connection, ACCOUNT), ledger._terms.key, ACCOUNT, checkpoint)


def rewritten(records: Sequence[Record]) -> Any:
    """Return a hand that puts these records in place of the chain."""

    def hand(connection: Connection) -> None:
        connection.execute(delete(schema.audit))
        rows = [{name: getattr(one, name) for name in ("account", "seq", *TEXTS)} for one in records]
        if rows:
            connection.execute(insert(schema.audit), rows)

    return hand


def test_an_untouched_chain_is_whole(ledger: SqlLedger) -> None:
    """A hand that changes nothing is not found; the chain has the nine records that the other tests walk."""
    assert found(ledger, rewritten(chain(ledger)), ledger.checkpoint(ACCOUNT)) is None
    assert len(chain(ledger)) == 9


def edits(text: str) -> Iterator[str]:
    """Yield a text without, and with another, character at each place; and with one more at either end."""
    for place, letter in enumerate(text):
        yield text[:place] + text[place + 1 :]
        yield text[:place] + ("x" if letter != "x" else "y") + text[place + 1 :]
    yield from (f"{text} ", f" {text}")


@pytest.mark.parametrize("column", TEXTS)
def test_every_edit_of_every_record_is_found_at_its_record(ledger: SqlLedger, column: str) -> None:
    """Each character of each text, changed and dropped, whatever its record."""
    records = chain(ledger)
    for index, record in enumerate(records):
        wrong = set()
        for text in edits(getattr(record, column)):
            changed: dict[str, Any] = {column: text}
            wrong.add(audit_of([*records[:index], replace(record, **changed), *records[index + 1 :]]))
        assert wrong == {record.seq}
        row = update(schema.audit).where(_A.seq == record.seq)
        edited = row.values({column: f"{getattr(record, column)}x"})
        assert found(ledger, partial(Connection.execute, statement=edited)) == record.seq


def audit_of(records: Sequence[Record]) -> int | None:
    """Return the first bad record of a chain that no database holds."""
    from tertib.ledger import audit  # noqa: PLC0415 - as in `verified`

    return audit.verify(records, KEY, ACCOUNT).first_bad


def test_every_deletion_inside_is_found(ledger: SqlLedger) -> None:
    """Of one record, of every run of several, and also where the rest is numbered anew."""
    records = chain(ledger)
    for first, last in combinations(range(len(records)), 2):
        left = records[:first] + records[last:]
        assert found(ledger, rewritten(left)) == first + 1
        renumbered = [replace(one, seq=seq) for seq, one in enumerate(left, 1)]
        assert found(ledger, rewritten(renumbered)) == first + 1


def test_every_swap_is_found(ledger: SqlLedger) -> None:
    """Of any two records, with their numbers exchanged."""
    records = chain(ledger)
    for one, other in combinations(range(len(records)), 2):
        swapped = list(records)
        swapped[one] = replace(records[other], seq=one + 1)
        swapped[other] = replace(records[one], seq=other + 1)
        assert found(ledger, rewritten(swapped)) == one + 1


def test_every_record_that_is_put_in_is_found(ledger: SqlLedger) -> None:
    """Anywhere, copied from elsewhere in the chain or sealed with a key of one's own."""
    records = chain(ledger)
    for place in range(1, len(records) + 1):
        forged = replace(records[1], seq=place + 1, prev=records[place - 1].mac, body='{"forged":true}')
        for added in (replace(records[0], seq=place + 1), replace(forged, mac=seal(THIEF, forged))):
            later = [replace(one, seq=one.seq + 1) for one in records[place:]]
            assert found(ledger, rewritten([*records[:place], added, *later])) == place + 1


def test_every_truncation_needs_the_checkpoint(ledger: SqlLedger) -> None:
    """Alone each shorter chain looks whole, but for the empty one; the checkpoint tells every one of them."""
    records, seen = chain(ledger), ledger.checkpoint(ACCOUNT)
    for length in range(len(records)):
        assert found(ledger, rewritten(records[:length])) is None
        assert found(ledger, rewritten(records[:length]), seen) == length + 1


def resealed(records: Sequence[Record], index: int, key: bytes) -> list[Record]:
    """Return the chain with one record's body changed, and everything from there on sealed anew."""
    made = list(records[:index])
    for place, record in enumerate(records[index:], index):
        body = canonical({**record.facts, "forged": True}) if place == index else record.body
        prev = made[-1].mac if made else record.prev
        unsealed = replace(record, body=body, prev=prev)
        made.append(replace(unsealed, mac=seal(key, unsealed)))
    return made


def test_every_chain_that_is_sealed_anew_needs_the_checkpoint(ledger: SqlLedger) -> None:
    """Whoever has the key can make another past from any record on: a checkpoint behind that record tells it."""
    records = chain(ledger)
    checkpoints = [Checkpoint(ACCOUNT, one.seq, one.mac, one.at) for one in records]
    for index in range(len(records)):
        other = rewritten(resealed(records, index, KEY))
        assert found(ledger, other) is None
        for checkpoint in checkpoints:
            told = found(ledger, other, checkpoint)
            assert told == (None if checkpoint.seq <= index else checkpoint.seq)


def test_every_chain_that_is_sealed_with_another_key_is_found_without_one(ledger: SqlLedger) -> None:
    """From any record on; also where all of it, with the key's own check, is another's."""
    records = chain(ledger)
    for index in range(1, len(records)):
        assert found(ledger, rewritten(resealed(records, index, THIEF))) == index + 1
    first = replace(records[0], body=canonical({**records[0].facts, "key_check": key_check(THIEF, ACCOUNT)}))
    whole = resealed([first, *records[1:]], 0, THIEF)
    assert found(ledger, rewritten(whole)) == 0


def test_a_chain_of_another_account_is_found(ledger: SqlLedger, desk: Any) -> None:
    """Records cannot be moved between accounts, nor chains exchanged."""
    ledger.hold("second", "1", None, "why", desk.now)
    foreign = [replace(one, account=ACCOUNT) for one in ledger.audit_records("second")]
    assert found(ledger, rewritten(foreign)) is not None
    with ledger._database.reading() as connection:
        assert connection.execute(select(_A.seq).where(_A.account == "second")).all()
