"""The audit chain in the database: begun with its account, added to inside every write, read back in pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from tertib.errors import LedgerCorrupt, LedgerError
from tertib.ledger import schema
from tertib.ledger.audit import (
    GENESIS,
    Checkpoint,
    Record,
    canonical,
    genesis_prev,
    is_under_other_key,
    key_check,
    seal,
)
from tertib.ledger.database import enter
from tertib.sayings import N_, said

_A: Final = schema.audit.c
PAGE: Final = 1000

# Every write makes these statements: they are built once.
_ACCOUNT: Final = select(schema.accounts).where(schema.accounts.c.account == bindparam("of_account"))
_ACCOUNT_LOCKED: Final = _ACCOUNT.with_for_update()
_CHAIN: Final = select(schema.audit).where(_A.account == bindparam("of_account"))
_FIRST: Final = _CHAIN.where(_A.seq == 1)
_NEWEST: Final = _CHAIN.order_by(_A.seq.desc()).limit(1)
_ADD: Final = insert(schema.audit)


@dataclass(frozen=True, slots=True)
class Writing:
    """A write transaction on one account, whose row is locked until it commits."""

    connection: Connection
    account: str
    key: bytes

    def record(self, kind: str, at: datetime, /, **facts: Any) -> None:
        """Add an audit record to the account's chain; it commits or vanishes with the rest of the transaction."""
        last = newest(self.connection, self.account)
        if last is None:
            raise LedgerCorrupt(
                said("the audit records of account `%(account)s` are gone", account=self.account),
                hint=N_("restore the ledger from a copy"),
            )
        _add(self.connection, self.key, (self.account, last.seq + 1, schema.iso(at), kind), last.mac, facts)

    def standing(self) -> Row[Any]:
        """Return the account's row: epoch, lease, halt."""
        return self.connection.execute(_ACCOUNT, {"of_account": self.account}).one()


def open_account(connection: Connection, account: str, key: bytes, now: datetime) -> Writing:
    """Lock an account's row for this transaction, and begin account and chain where they are new.

    From here on the transaction sees this account's rows alone.

    Raises `LedgerError` where the chain was begun with another key: one record under a second key would break it.
    """
    enter(connection, account)
    # SQLite has no row locks and renders none: there the whole transaction is alone already.
    if connection.execute(_ACCOUNT_LOCKED, {"of_account": account}).first() is None:
        _begin(connection, account, key, now)
    else:
        _refuse_other_key(connection, account, key)
    return Writing(connection, account, key)


def _begin(connection: Connection, account: str, key: bytes, now: datetime) -> None:
    try:
        with connection.begin_nested():
            connection.execute(insert(schema.accounts).values(account=account, epoch=0))
    except IntegrityError:  # another machine began it in this moment; wait for its commit
        connection.execute(_ACCOUNT_LOCKED, {"of_account": account}).one()
        _refuse_other_key(connection, account, key)
        return
    facts = {"account": account, "key_check": key_check(key, account), "format": 1}
    _add(connection, key, (account, 1, schema.iso(now), GENESIS), genesis_prev(account), facts)


def _refuse_other_key(connection: Connection, account: str, key: bytes) -> None:
    # A beginning that is damaged is for `audit verify` to report; it must not stop the work.
    first = connection.execute(_FIRST, {"of_account": account}).first()
    if first is None:
        return  # `record` refuses to go on, and verifying says what is missing
    if is_under_other_key(key, _record(first)):
        raise LedgerError(
            said("the audit key is not the one that account `%(account)s` was begun with", account=account),
            hint=N_("set `TERTIB_AUDIT_KEY` as it was, or restore the key file beside the ledger"),
        )


def _add(
    connection: Connection, key: bytes, head: tuple[str, int, str, str], prev: str, facts: dict[str, Any]
) -> None:
    account, seq, at, kind = head
    unsealed = Record(account, seq, at, kind, canonical(facts), prev, "")
    values = {"account": account, "seq": seq, "at": at, "kind": kind, "body": unsealed.body, "prev": prev}
    connection.execute(_ADD, values | {"mac": seal(key, unsealed)})


def newest(connection: Connection, account: str) -> Record | None:
    """Return the account's last record, None where it has none."""
    found = connection.execute(_NEWEST, {"of_account": account}).first()
    return None if found is None else _record(found)


def is_known(connection: Connection, account: str) -> bool:
    """Tell whether the account was begun in this ledger."""
    return connection.execute(_ACCOUNT, {"of_account": account}).first() is not None


def checkpoint(connection: Connection, account: str) -> Checkpoint | None:
    """Return how far the account's chain goes, None where it has none."""
    last = newest(connection, account)
    return None if last is None else Checkpoint(account, last.seq, last.mac, last.at)


# --- held against what was kept outside -----------------------------------------------------------------

ACCEPTED: Final = "checkpoint_accepted"
"""The kind of the record by which a person goes on with a ledger that a checkpoint outside it is ahead of."""


def unmet(connection: Connection, account: str, seen: Iterable[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Return the checkpoints that this chain does not reach, or has gone another way to, and that nobody accepted."""
    strangers = [one for one in seen if not _holds(connection, account, one)]
    if not strangers:
        return ()
    facts = [record.facts for record in records(connection, account, kind=ACCEPTED)]
    accepted = {(one["seq"], one["mac"]) for one in facts}
    return tuple(one for one in strangers if (one.seq, one.mac) not in accepted)


def _holds(connection: Connection, account: str, seen: Checkpoint) -> bool:
    mac = connection.scalar(select(_A.mac).where(_A.account == account, _A.seq == seen.seq))
    return bool(mac == seen.mac)


def refuse_older(writing: Writing, seen: Iterable[Checkpoint]) -> None:
    """Raise `LedgerError` where a checkpoint outside the ledger knows of records that it has not."""
    missing = unmet(writing.connection, writing.account, seen)
    if missing:
        raise LedgerError(
            said(
                "this ledger is older than its checkpoint, which saw record %(number)s of account `%(account)s`: it was restored from a backup, or is another one, and nothing is sent from it",
                number=missing[0].seq,
                account=writing.account,
            ),
            hint=N_("what was sent since is not in it; `tertib doctor` says what to do"),
        )


def accept(writing: Writing, seen: Iterable[Checkpoint], who: str, why: str, now: datetime) -> int:
    """Go on with this ledger as it is, on a person's word; return how many checkpoints that gives up."""
    missing = unmet(writing.connection, writing.account, seen)
    for one in missing:
        writing.record(ACCEPTED, now, seq=one.seq, mac=one.mac, seen_at=one.at, who=who, why=why)
    return len(missing)


def records(
    connection: Connection,
    account: str,
    *,
    after: int = 0,
    kind: str | None = None,
    since: datetime | None = None,
) -> Iterator[Record]:
    """Yield an account's records in order, from the one after number `after` on, a page at a time."""
    wanted = select(schema.audit).where(_A.account == account).order_by(_A.seq).limit(PAGE)
    if kind is not None:
        wanted = wanted.where(_A.kind == kind)
    if since is not None:
        wanted = wanted.where(_A.at >= schema.iso(since))
    while page := _page(connection, wanted.where(_A.seq > after)):
        yield from page
        after = page[-1].seq


def _page(connection: Connection, wanted: Select[Any]) -> list[Record]:
    try:
        return [_record(row) for row in connection.execute(wanted)]
    except DBAPIError:
        return _readable(connection, wanted)


def _readable(connection: Connection, wanted: Select[Any]) -> list[Record]:
    """Return a page record by record; one whose text is no text at all comes empty, so that no seal fits it."""
    numbers = connection.scalars(wanted.with_only_columns(_A.seq)).all()
    found = []
    for seq in numbers:
        try:
            found.append(_record(connection.execute(wanted.where(_A.seq == seq)).one()))
        except DBAPIError:
            found.append(Record("", seq, "", "", "", "", ""))
    return found


def _record(row: Row[Any]) -> Record:
    return Record(row.account, row.seq, row.at, row.kind, row.body, row.prev, row.mac)
