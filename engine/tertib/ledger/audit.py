"""The chain of audit records: how each is sealed to the one before it, and how a broken chain is told.

A record's seal is HMAC-SHA256 over the seal before it, the account, its number, time, kind and body. Whoever lacks
the key can therefore not change, drop, swap or add a record inside the chain unseen. Cutting off its end, or
sealing all of it anew with a stolen key, only shows against a checkpoint that was kept elsewhere.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO

from tertib.sayings import N_, said

GENESIS: Final = "genesis"
"""The kind of every account's first record. It holds the key's check value and nothing else."""


@dataclass(frozen=True, slots=True)
class Record:
    """One audit record. `body` is canonical JSON as it was sealed; `at` is an instant as fixed-width text."""

    account: str
    seq: int
    at: str
    kind: str
    body: str
    prev: str
    mac: str

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return the body's values; raise ValueError where the body is no JSON object."""
        facts = json.loads(self.body)
        if not isinstance(facts, dict):
            raise ValueError("a record's body is an object")  # noqa: TRY004 - the value is wrong, not the call
        return facts


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a chain went at some moment: kept elsewhere, it shows what was cut off or sealed anew since."""

    account: str
    seq: int
    mac: str
    at: str

    def document(self) -> dict[str, Any]:
        """Return the checkpoint as it is exported."""
        return {"account": self.account, "seq": self.seq, "mac": self.mac, "at": self.at}

    @classmethod
    def restore(cls, written: Any) -> Checkpoint:
        """Read an exported checkpoint; raise ValueError where it is none."""
        if not isinstance(written, Mapping):
            raise ValueError("a checkpoint is an object with account, seq, mac and at")  # noqa: TRY004 - as above
        account, seq, mac, at = (written.get(name) for name in ("account", "seq", "mac", "at"))
        if not (
            isinstance(account, str) and type(seq) is int and isinstance(mac, str) and isinstance(at, str)
        ):
            raise ValueError("a checkpoint is an object with account, seq, mac and at")
        return cls(account, seq, mac, at)


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What verifying found. `first_bad` is the number of the first record that is wrong or missing."""

    ok: bool
    records: int
    first_bad: int | None = None
    why: str = ""


def canonical(value: Any) -> str:
    """Return the one way to write `value` as JSON: sorted keys, no spaces, no escapes beyond JSON's own.

    Raises TypeError for floats and everything else that two programs may write differently.
    """
    _refuse_ambiguous(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _refuse_ambiguous(value: Any) -> None:
    if isinstance(value, Mapping):
        for name, part in value.items():
            if not isinstance(name, str):
                raise TypeError("a key in an audit record is text")
            _refuse_ambiguous(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_ambiguous(part)
    elif not (value is None or isinstance(value, str | int)):
        raise TypeError(f"a `{type(value).__name__}` has no canonical form in an audit record")


def genesis_prev(account: str) -> str:
    """Return what an account's first record follows: bound to the account, so that chains cannot be exchanged."""
    return hashlib.sha256(b"tertib audit chain\0" + _octets(account)).hexdigest()


def key_check(key: bytes, account: str) -> str:
    """Return a value that shows whether a key is the right one and says nothing else about it."""
    return hmac.new(key, b"tertib key check\0" + _octets(account), hashlib.sha256).hexdigest()[:16]


def seal(key: bytes, record: Record) -> str:
    """Return the seal that belongs to a record, whatever its `mac` says."""
    parts = [record.prev, record.account, record.seq, record.at, record.kind, record.body]
    text = json.dumps(parts, separators=(",", ":"))
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def verify(
    records: Iterable[Record], key: bytes, account: str, checkpoint: Checkpoint | None = None
) -> AuditVerdict:
    """Walk an account's chain in order and return whether it is whole."""
    walk = _Walk(key, account, checkpoint)
    for record in records:
        walk.step(record)
    return walk.verdict()


class _Walk:
    """One pass over a chain. It goes on behind a break, to tell a wrong key from a broken chain."""

    def __init__(self, key: bytes, account: str, checkpoint: Checkpoint | None) -> None:
        self._key = key
        self._account = account
        self._checkpoint = checkpoint
        self._count = 0
        self._prev = genesis_prev(account)
        self._bad: tuple[int, str] | None = None
        self._wrong_key = False
        self._key_fits = False

    def step(self, record: Record) -> None:
        """Hold one record against the one before it."""
        self._count += 1
        if self._bad is not None and self._key_fits:
            return
        sealed = _sealed(self._key, record)
        self._key_fits = self._key_fits or sealed
        if self._count == 1:
            self._wrong_key = is_under_other_key(self._key, record)
        if self._bad is None:
            self._bad = self._fault(record, sealed=sealed)
            self._prev = record.mac

    def _fault(self, record: Record, *, sealed: bool) -> tuple[int, str] | None:
        number = self._count
        if record.seq != number:
            return number, said("record %(number)s is missing", number=number)
        if record.prev != self._prev:
            return number, said("record %(number)s does not follow the one before it", number=number)
        if not sealed:
            return number, said("record %(number)s is not as it was written", number=number)
        if number == 1 and record.kind != GENESIS:
            return number, N_("the first record is not the chain's beginning")
        if (
            self._checkpoint is not None
            and number == self._checkpoint.seq
            and record.mac != self._checkpoint.mac
        ):
            return number, said(
                "record %(number)s is not the one that the checkpoint saw: the chain was made anew",
                number=number,
            )
        return None

    def verdict(self) -> AuditVerdict:
        """Return what the walk came to."""
        if self._wrong_key and not self._key_fits:
            return AuditVerdict(
                ok=False,
                records=self._count,
                why=N_("the audit key is not the one that sealed these records"),
            )
        bad = self._bad or self._against_checkpoint()
        if bad is None:
            return AuditVerdict(ok=True, records=self._count)
        return AuditVerdict(ok=False, records=self._count, first_bad=bad[0], why=bad[1])

    def _against_checkpoint(self) -> tuple[int, str] | None:
        checkpoint = self._checkpoint
        if checkpoint is None:
            return None
        if checkpoint.account != self._account:
            return 1, said("the checkpoint is of account `%(account)s`", account=checkpoint.account)
        if checkpoint.seq > self._count:
            missing = self._count + 1
            return (
                missing,
                said(
                    "the chain ends at record %(number)s, the checkpoint saw %(seen)s: its end was cut off",
                    number=self._count,
                    seen=checkpoint.seq,
                ),
            )
        return None


def _sealed(key: bytes, record: Record) -> bool:
    texts = (record.prev, record.at, record.kind, record.body, record.mac)
    return all(isinstance(text, str) for text in texts) and hmac.compare_digest(
        _octets(record.mac), _octets(seal(key, record))
    )


def is_under_other_key(key: bytes, first: Record) -> bool:
    """Tell whether a chain's first record says that another key sealed it; False where it says nothing readable."""
    try:
        facts = first.facts
        return "key_check" in facts and facts["key_check"] != key_check(key, str(facts.get("account")))
    except (TypeError, ValueError):
        return False


# --- for spreadsheets -----------------------------------------------------------------------------------

_COLUMNS: Final = ("account", "seq", "at", "kind", "body", "prev", "mac")
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(records: Iterable[Record], out: TextIO) -> int:
    """Write records as CSV with a header and return how many; no cell can start a formula in a spreadsheet."""
    # Rows end as RFC 4180 has it: for any other end, Python leaves a lone carriage return in a cell unquoted, and a
    # spreadsheet begins a new row, and perhaps a formula, behind it.
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    count = 0
    for record in records:
        writer.writerow(cell(getattr(record, column)) for column in _COLUMNS)
        count += 1
    return count


def cell(value: str | int) -> str | int:
    """Return a CSV cell that spreadsheets take for text: a leading quote marks what would be a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
