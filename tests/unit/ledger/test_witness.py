"""A ledger that is behind what was seen of it outside: nothing is sent from it until a person says so."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib.errors import LedgerError
from tertib.ledger import Checkpoint, Witness, kept
from tertib.ledger.export import send
from tertib.model import State

ACCOUNT = "default"
NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)


def at(seq: int, account: str = ACCOUNT) -> Checkpoint:
    """Return a checkpoint at a record's number."""
    return Checkpoint(account, seq, f"mac-{seq}", "2026-03-01T00:00:00Z")


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    """Give a witness that exports to a second file."""
    (tmp_path / "elsewhere").mkdir()
    return Witness(tmp_path / "tertib.checkpoint", str(tmp_path / "elsewhere" / "tertib.checkpoint"))


@pytest.fixture
def restored(desk: Any, witness: Witness) -> Any:
    """Give a ledger that lost its last run after its witness had seen it."""
    ledger = desk.open(saw=witness.saw)
    desk.confirm(ledger, desk.change(1))
    before = ledger.checkpoint(ACCOUNT)
    ledger.hold(ACCOUNT, "9", None, "sent since", desk.now)
    assert witness.keep(ledger.checkpoint(ACCOUNT), desk.now) is None
    desk.execute("DELETE FROM audit WHERE seq > :seq", seq=before.seq)
    return ledger


# --- what the ledger does -------------------------------------------------------------------------------


def test_a_ledger_that_its_checkpoint_has_seen_works(desk: Any, witness: Witness) -> None:
    """Run after run, each seen from outside."""
    ledger = desk.open(saw=witness.saw)
    for key in (1, 2):
        desk.confirm(ledger, desk.change(key))
        assert witness.keep(ledger.checkpoint(ACCOUNT), desk.now) is None
        assert ledger.ahead(ACCOUNT) == ()


def test_nothing_begins_on_an_older_ledger(restored: Any, desk: Any) -> None:
    """The message says what it is and the hint where help is; nothing of the attempt stays."""
    before = restored.checkpoint(ACCOUNT)
    with pytest.raises(
        LedgerError, match="this ledger is older than its checkpoint, which saw record 8"
    ) as caught:
        restored.begin(ACCOUNT, None, kind="apply", slots=(), now=desk.now)
    assert "tertib doctor" in str(caught.value.hint)
    assert restored.checkpoint(ACCOUNT) == before


def test_an_older_ledger_can_be_read(restored: Any, desk: Any) -> None:
    """Runs, changes, plans, history, holds and the log itself are there to look at."""
    assert desk.states(restored, "default-1") == {"1": "confirmed"}
    assert restored.history(ACCOUNT, {"1": "order-1"}, desk.now).confirmed.keys() == {"1"}
    assert restored.verify_audit(ACCOUNT).ok
    assert restored.plans(ACCOUNT)
    assert [one.seq for one in restored.ahead(ACCOUNT)] == [8, 8]


def test_an_older_ledger_that_grew_again_is_still_refused(restored: Any, desk: Any) -> None:
    """Records that took the place of the lost ones do not make up for them."""
    for number in range(5):
        restored.hold(ACCOUNT, str(number), None, "why", desk.now)
    assert restored.checkpoint(ACCOUNT).seq > 8
    with pytest.raises(LedgerError, match="older than its checkpoint"):
        restored.begin(ACCOUNT, None, kind="apply", slots=(), now=desk.now)


def test_an_empty_ledger_in_anothers_place_is_refused(desk: Any, witness: Witness) -> None:
    """A second, forgetful ledger is no better than an old one; not even its account is begun."""
    assert witness.keep(at(12), desk.now) is None
    ledger = desk.open(saw=witness.saw)
    with pytest.raises(LedgerError, match="or is another one"):
        ledger.begin(ACCOUNT, None, kind="apply", slots=(), now=desk.now)
    assert ledger.accounts() == ()


def test_a_person_can_go_on_with_it(restored: Any, desk: Any, witness: Witness) -> None:
    """Who and why are in the log with what was given up, and runs begin again; the checkpoint follows."""
    assert restored.accept(ACCOUNT, "rina", "the disk was lost", desk.now) == 2
    records = list(restored.audit_records(ACCOUNT, kind="checkpoint_accepted"))
    assert [(one.facts["seq"], one.facts["who"], one.facts["why"]) for one in records] == [
        (8, "rina", "the disk was lost")
    ] * 2
    assert restored.ahead(ACCOUNT) == ()
    desk.confirm(restored, desk.change(2))
    assert restored.verify_audit(ACCOUNT).ok
    assert witness.accept(restored.checkpoint(ACCOUNT), desk.now) is None
    assert witness.saw(ACCOUNT) == (restored.checkpoint(ACCOUNT),) * 2


def test_accepting_one_checkpoint_accepts_no_other(restored: Any, desk: Any, witness: Witness) -> None:
    """What is lost a second time needs a person a second time."""
    restored.accept(ACCOUNT, "rina", "the disk was lost", desk.now)
    kept.replace(witness.beside, at(30))
    assert [one.seq for one in restored.ahead(ACCOUNT)] == [30]


def test_nothing_to_accept_writes_nothing(desk: Any, witness: Witness) -> None:
    """A ledger that is not behind gives nothing up."""
    ledger = desk.open(saw=witness.saw)
    desk.confirm(ledger, desk.change(1))
    before = ledger.checkpoint(ACCOUNT)
    assert ledger.accept(ACCOUNT, "rina", "why", desk.now) == 0
    assert ledger.checkpoint(ACCOUNT) == before


def test_what_an_older_ledger_had_sent_can_be_read_back(desk: Any, witness: Witness) -> None:
    """Settling sends nothing: it is not kept waiting for a person."""
    ledger = desk.open(saw=witness.saw)
    change = desk.change(1)
    desk.send(ledger, desk.begin(ledger, change), change)
    kept.replace(witness.beside, at(99))
    waiting = ledger.unsettled(ACCOUNT)[0]
    ledger.settle(ACCOUNT, waiting, desk.outcome(change, State.CONFIRMED_BY_READBACK), desk.later(minutes=15))
    assert ledger.unsettled(ACCOUNT) == ()


# --- what the witness does ------------------------------------------------------------------------------


def test_a_witness_keeps_and_exports(witness: Witness) -> None:
    """Both files hold the checkpoint, and what became of the export is known."""
    assert witness.exported(ACCOUNT) is None
    assert witness.keep(at(3), NOW) is None
    assert witness.saw(ACCOUNT) == (at(3), at(3))
    last = witness.exported(ACCOUNT)
    assert last is not None
    assert (last.seq, last.failed, last.to) == (3, None, witness.target)


def test_a_witness_without_a_target_exports_nothing(tmp_path: Path) -> None:
    """The file in the project is all there is."""
    witness = Witness(tmp_path / "tertib.checkpoint")
    assert witness.keep(at(3), NOW) is None
    assert witness.accept(at(2), NOW) is None
    assert (witness.saw(ACCOUNT), witness.exported(ACCOUNT)) == ((at(2),), None)
    assert [path.name for path in tmp_path.iterdir()] == ["tertib.checkpoint"]


def test_only_what_is_new_is_exported(
    witness: Witness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A command that recorded nothing asks nobody; one that failed is tried again by the next."""
    posted: list[int] = []
    remote = Witness(tmp_path / "tertib.checkpoint", "https://checkpoints.example/tertib?key=secret")
    answers = iter([LedgerError("https://checkpoints.example answers 500"), None, None])

    def post(_target: str, checkpoint: Checkpoint, *, loopback: bool) -> None:
        posted.append(checkpoint.seq)
        assert not loopback
        if (error := next(answers)) is not None:
            raise error

    monkeypatch.setattr("tertib.ledger.export.send", post)
    assert (
        remote.keep(at(3), NOW) == "the checkpoint was not exported: https://checkpoints.example answers 500"
    )
    failed = remote.exported(ACCOUNT)
    assert failed is not None
    assert failed.failed
    assert "secret" not in (tmp_path / "tertib.exported").read_text("utf-8")
    assert remote.keep(at(3), NOW) is None
    assert remote.keep(at(3), NOW) is None
    assert remote.keep(at(5), NOW) is None
    assert posted == [3, 3, 5]
    assert remote.saw(ACCOUNT) == (at(5),)  # an address is not asked
    assert witness.exported(ACCOUNT) is None  # its target is another


def test_a_failed_export_is_tried_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who is patient is told of the failure as it was, while the file in the project goes on."""
    posted: list[int] = []

    def post(_target: str, checkpoint: Checkpoint, *, loopback: bool) -> None:
        assert not loopback
        posted.append(checkpoint.seq)
        if len(posted) < 3:
            raise LedgerError("https://checkpoints.example answers 500")

    monkeypatch.setattr("tertib.ledger.export.send", post)
    remote = Witness(tmp_path / "tertib.checkpoint", "https://checkpoints.example/tertib")
    patience, why = (
        timedelta(minutes=5),
        "the checkpoint was not exported: https://checkpoints.example answers 500",
    )
    assert remote.keep(at(1), NOW, patience) == why
    for distance in (timedelta(minutes=4), timedelta(minutes=-4)):
        assert remote.keep(at(2), NOW + distance, patience) == why
    assert (posted, remote.saw(ACCOUNT)) == ([1], (at(2),))
    assert remote.keep(at(2), NOW + patience, patience) == why
    assert remote.keep(at(2), NOW + patience) is None  # without patience, at once
    assert remote.keep(at(3), NOW + patience, patience) is None
    assert posted == [1, 2, 2, 3]


@pytest.mark.parametrize("noted", ["yesterday", 7, "2026-03-10T05:00:00"])
def test_a_failure_noted_at_no_time_is_tried_again(witness: Witness, noted: object) -> None:
    """A damaged note keeps no export from being made."""
    assert witness.keep(at(3), NOW) is None
    file = witness.beside.with_suffix(".exported")
    last = json.loads(file.read_text("utf-8"))[ACCOUNT]
    kept.note(file, ACCOUNT, {**last, "at": noted, "failed": "it was full"})
    assert witness.keep(at(4), NOW, timedelta(minutes=5)) is None
    assert witness.saw(ACCOUNT) == (at(4), at(4))


def test_accounts_that_export_at_the_same_time_note_it_both(witness: Witness) -> None:
    """Each note is added to what stands there when it is written, not to what stood there before."""
    with ThreadPoolExecutor(8) as pool:
        accounts = [f"toko-{number}" for number in range(24)]
        assert set(pool.map(lambda name: witness.keep(at(3, name), NOW), accounts)) == {None}
    assert [witness.exported(one) is not None for one in accounts] == [True] * 24


@pytest.mark.parametrize("text", ["[]", "{", '{"default": 7}', '{"default": {"to": "x"}}'])
def test_a_damaged_note_of_the_last_export_is_none(witness: Witness, text: str) -> None:
    """The checkpoint is then exported once more."""
    witness.keep(at(3), NOW)
    witness.beside.with_suffix(".exported").write_text(text, "utf-8")
    assert witness.exported(ACCOUNT) is None
    assert witness.keep(at(3), NOW) is None
    assert witness.exported(ACCOUNT) is not None


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Beside the ledger, at the target, and for the note: each says which file, and nothing is raised."""
    gone = tmp_path / "gone" / "tertib.checkpoint"
    assert "gone/tertib.checkpoint` cannot be written: no such file" in str(Witness(gone).keep(at(1), NOW))
    assert "gone/tertib.checkpoint` cannot be written: no such file" in str(Witness(gone).accept(at(1), NOW))
    there = Witness(tmp_path / "tertib.checkpoint", str(gone))
    assert "gone/tertib.checkpoint` cannot be written: no such file" in str(there.keep(at(1), NOW))
    last = there.exported(ACCOUNT)
    assert last is not None
    assert last.failed
    noted = Witness(tmp_path / "tertib.checkpoint", str(tmp_path / "other.checkpoint"))
    (tmp_path / "tertib.exported").unlink()
    (tmp_path / "tertib.exported").mkdir()
    assert "tertib.exported` cannot be written" in str(noted.keep(at(2), NOW))


def test_checkpoints_of_accounts_are_kept_apart(witness: Witness) -> None:
    """Two accounts in one file, each with its own; a document of one account is read as well."""
    for checkpoint in (at(3), at(5, "toko-b")):
        witness.keep(checkpoint, NOW)
    written = json.loads(witness.beside.read_text("utf-8"))
    assert kept.of_account(written, "toko-b") == at(5, "toko-b")
    assert kept.of_account(written, "toko-c") is None
    assert kept.of_account(at(3).document(), "toko-b") == at(3)
    with pytest.raises(ValueError, match="a checkpoint is an object"):
        kept.of_account([], ACCOUNT)


def test_a_checkpoint_that_cannot_be_replaced_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves the old one in its place, and nothing beside it."""
    file = tmp_path / "tertib.checkpoint"
    kept.keep(file, at(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        kept.keep(file, at(2))
    assert list(tmp_path.iterdir()) == [file]
    assert kept.kept(file, ACCOUNT) == at(1)
    assert kept.checkpoint_file(tmp_path / "tertib.db") == file


def test_the_address_of_an_export_is_not_this_network() -> None:
    """Sending itself looks where an address leads; the rest is in `test_export.py`."""
    with pytest.raises(LedgerError, match="leads into a private network"):
        send("https://127.0.0.1/x", at(1), loopback=False)
