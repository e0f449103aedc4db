"""The chain by itself: sealed in one way only, and broken visibly by every hand that lacks the key."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.ledger.audit import (
    AuditVerdict,
    Checkpoint,
    Record,
    canonical,
    cell,
    genesis_prev,
    key_check,
    seal,
    verify,
    write_csv,
)

KEY = b"the right key, 32 bytes long ..."
ACCOUNT = "default"

TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def chain(bodies: Sequence[str], key: bytes = KEY, account: str = ACCOUNT) -> list[Record]:
    """Seal a chain of these bodies behind a genesis record."""
    first = canonical({"account": account, "key_check": key_check(key, account), "format": 1})
    prev, records = genesis_prev(account), []
    for seq, body in enumerate([first, *bodies], 1):
        kind = "genesis" if seq == 1 else "note"
        record = Record(account, seq, "2026-03-10T05:00:00.000000+00:00", kind, body, prev, "")
        records.append(replace(record, mac=seal(key, record)))
        prev = records[-1].mac
    return records


def checkpoint(record: Record) -> Checkpoint:
    """Return the checkpoint that was taken at a record."""
    return Checkpoint(record.account, record.seq, record.mac, record.at)


BODIES = [canonical({"number": number}) for number in range(9)]


# --- canonical form -------------------------------------------------------------------------------------


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_equal_values_have_one_form(value: dict[str, Any]) -> None:
    """The order in which keys were put in never shows."""
    assert canonical(value) == canonical(dict(reversed(value.items())))


def test_the_form_has_no_spaces_and_keeps_letters() -> None:
    """Sorted keys, UTF-8, nothing optional."""
    assert canonical({"b": [1, None, True], "a": "Résumé"}) == '{"a":"Résumé","b":[1,null,true]}'


@pytest.mark.parametrize("value", [0.5, {"deep": [1.0]}, Decimal(1), {1: "x"}, b"x", {"set": {1}}])
def test_what_two_programs_may_write_differently_is_refused(value: Any) -> None:
    """Floats above all: their text depends on who prints them."""
    with pytest.raises(TypeError):
        canonical(value)


# --- a whole chain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 9])
def test_a_whole_chain_is_whole(length: int) -> None:
    """With and without a checkpoint, at whichever record it was taken."""
    records = chain(BODIES[:length])
    assert verify(records, KEY, ACCOUNT) == AuditVerdict(ok=True, records=length + 1)
    for record in records:
        assert verify(records, KEY, ACCOUNT, checkpoint(record)).ok


def test_an_account_without_records_is_whole() -> None:
    """Nothing happened, nothing is missing; but a checkpoint knows better."""
    assert verify([], KEY, ACCOUNT) == AuditVerdict(ok=True, records=0)
    seen = Checkpoint(ACCOUNT, 3, "x", "t")
    assert verify([], KEY, ACCOUNT, seen).first_bad == 1


# --- every tampering ------------------------------------------------------------------------------------


@given(
    at=st.integers(min_value=0, max_value=9),
    field=st.sampled_from(["account", "seq", "at", "kind", "body", "prev", "mac"]),
)
def test_every_edit_is_found_at_its_record(at: int, field: str) -> None:
    """No field of any record can be changed."""
    records = chain(BODIES)
    value: Any = getattr(records[at], field)
    edited: dict[str, Any] = {field: value + 1 if isinstance(value, int) else value + "0"}
    records[at] = replace(records[at], **edited)
    verdict = verify(records, KEY, ACCOUNT)
    assert (verdict.ok, verdict.first_bad) == (False, at + 1)


@given(at=st.integers(min_value=0, max_value=8))
def test_every_deletion_inside_is_found(at: int) -> None:
    """A record that was taken out leaves a gap, also where the rest is renumbered."""
    records = chain(BODIES)
    del records[at]
    assert verify(records, KEY, ACCOUNT) == AuditVerdict(False, 9, at + 1, f"record {at + 1} is missing")  # noqa: FBT003 - the verdict as printed
    renumbered = [replace(record, seq=seq) for seq, record in enumerate(records, 1)]
    assert verify(renumbered, KEY, ACCOUNT).first_bad == at + 1


@given(st.permutations(range(10)))
def test_every_order_but_the_right_one_is_found(order: list[int]) -> None:
    """Swapped records are found, also where their numbers are put right."""
    records = [chain(BODIES)[index] for index in order]
    renumbered = [replace(record, seq=seq) for seq, record in enumerate(records, 1)]
    assert verify(renumbered, KEY, ACCOUNT).ok == (order == sorted(order))


@given(at=st.integers(min_value=1, max_value=10), body=st.sampled_from(BODIES))
def test_every_record_put_in_between_is_found(at: int, body: str) -> None:
    """Whoever lacks the key cannot seal a record of their own."""
    records = chain(BODIES)
    forged = Record(ACCOUNT, at + 1, records[0].at, "note", body, records[at - 1].mac, "")
    forged = replace(forged, mac=seal(b"some other key", forged))
    later = [replace(record, seq=record.seq + 1) for record in records[at:]]
    assert verify([*records[:at], forged, *later], KEY, ACCOUNT).first_bad == at + 1


@given(kept=st.integers(min_value=0, max_value=9))
def test_a_cut_off_end_shows_only_against_a_checkpoint(kept: int) -> None:
    """The chain alone cannot know how long it was; the checkpoint can."""
    records = chain(BODIES)
    assert verify(records[:kept], KEY, ACCOUNT).ok
    verdict = verify(records[:kept], KEY, ACCOUNT, checkpoint(records[-1]))
    assert (verdict.ok, verdict.first_bad) == (False, kept + 1)


def test_a_chain_sealed_anew_shows_only_against_a_checkpoint() -> None:
    """Whoever has the key can write another past; not the one that the checkpoint saw."""
    records, other = chain(BODIES), chain([*BODIES[:4], canonical({"number": 99}), *BODIES[5:]])
    assert verify(other, KEY, ACCOUNT).ok
    verdict = verify(other, KEY, ACCOUNT, checkpoint(records[7]))
    assert (verdict.ok, verdict.first_bad) == (False, 8)
    assert "the chain was made anew" in verdict.why


def test_another_accounts_chain_or_checkpoint_does_not_fit() -> None:
    """Chains cannot be exchanged between accounts, nor checkpoints."""
    records = chain(BODIES)
    moved = [replace(record, account="second") for record in records]
    assert verify(moved, KEY, "second").first_bad == 1
    assert verify(records, KEY, "second").first_bad == 1
    foreign = checkpoint(chain(BODIES, account="second")[0])
    assert (
        verify(records, KEY, ACCOUNT, replace(foreign, seq=99)).why == "the checkpoint is of account `second`"
    )


def test_a_chain_must_begin_at_its_beginning() -> None:
    """A first record of another kind is no genesis, however well it is sealed."""
    record = Record(ACCOUNT, 1, "t", "note", "{}", genesis_prev(ACCOUNT), "")
    verdict = verify([replace(record, mac=seal(KEY, record))], KEY, ACCOUNT)
    assert (verdict.first_bad, verdict.why) == (1, "the first record is not the chain's beginning")


# --- the wrong key --------------------------------------------------------------------------------------


def test_a_wrong_key_is_told_apart_from_a_broken_chain() -> None:
    """No record is to blame for a key that was never theirs."""
    assert verify(chain(BODIES), b"the wrong key", ACCOUNT) == AuditVerdict(
        ok=False, records=10, first_bad=None, why="the audit key is not the one that sealed these records"
    )


@pytest.mark.parametrize("body", ['{"key_check":"0"}', "[]", "no json"])
def test_a_tampered_key_check_is_tampering(body: str) -> None:
    """Where any record fits the key, the key is right and the first record is not."""
    records = chain(BODIES)
    records[0] = replace(records[0], body=body)
    assert verify(records, KEY, ACCOUNT).first_bad == 1


# --- checkpoints and records by themselves --------------------------------------------------------------


def test_a_checkpoint_survives_its_export() -> None:
    """What was written can be read back."""
    seen = checkpoint(chain(BODIES)[3])
    assert Checkpoint.restore(seen.document()) == seen


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        {},
        {"account": "a", "seq": True, "mac": "m", "at": "t"},
        {"account": "a", "seq": 1, "mac": 2, "at": "t"},
    ],
)
def test_what_is_no_checkpoint_is_refused(written: Any) -> None:
    """A file of something else is named as such."""
    with pytest.raises(ValueError, match="a checkpoint is an object with account, seq, mac and at"):
        Checkpoint.restore(written)


def test_a_records_facts_are_an_object() -> None:
    """A body of anything else is an error, not a surprise further on."""
    record = chain(BODIES)[1]
    assert record.facts == {"number": 0}
    with pytest.raises(ValueError, match="a record's body is an object"):
        _ = replace(record, body="[1]").facts


# --- for spreadsheets -----------------------------------------------------------------------------------


@given(st.text(max_size=12))
def test_no_cell_starts_a_formula(text: str) -> None:
    """Whatever an order brought in, a spreadsheet takes it for text; what is harmless stays as it is."""
    escaped = str(cell(text))
    assert not escaped.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert escaped in {text, f"'{text}"}


@given(st.text(alphabet="ab=+-@\t\r\n,\"'", max_size=12))
def test_no_text_breaks_out_of_its_cell(text: str) -> None:
    """A line end inside a record stays inside its cell: behind it no row, and no formula, begins."""
    record = replace(chain(BODIES[:1])[1], kind=text)
    out = io.StringIO(newline="")
    write_csv([record], out)
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert len(rows) == 2
    assert rows[1][3] == cell(text)


def test_the_export_has_a_header_and_every_record() -> None:
    """One line a record, readable by any CSV reader, formulas defused."""
    records = chain(BODIES[:2])
    records[1] = replace(records[1], kind='=cmd|" /C calc"!A0')
    out = io.StringIO(newline="")
    assert write_csv(records, out) == 3
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [row["seq"] for row in rows] == ["1", "2", "3"]
    assert rows[1]["kind"] == '\'=cmd|" /C calc"!A0'
    assert rows[2]["body"] == records[2].body
