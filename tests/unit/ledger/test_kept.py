"""Checkpoints kept beside the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertib.ledger import Checkpoint
from tertib.ledger.kept import keep, kept


def at(seq: int, account: str = "default") -> Checkpoint:
    """Return a checkpoint at a record's number."""
    return Checkpoint(account, seq, f"mac-{seq}", "2026-03-01T00:00:00Z")


def test_each_account_keeps_its_latest(tmp_path: Path) -> None:
    """An older checkpoint never takes a later one's place, and accounts do not touch each other's."""
    file = tmp_path / "tertib.checkpoint"
    for checkpoint in (at(3), at(5, "other"), at(7), at(6)):
        keep(file, checkpoint)
    assert (kept(file, "default"), kept(file, "other")) == (at(7), at(5, "other"))
    assert list(tmp_path.iterdir()) == [file]


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """A checkpoint is written with mode 0600."""
    file = tmp_path / "tertib.checkpoint"
    keep(file, at(1))
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[]", "not json", '{"default": 3}', '{"default": {"seq": "x"}}'])
def test_a_file_that_cannot_be_read_keeps_nothing(tmp_path: Path, text: str) -> None:
    """A damaged file is no checkpoint, and is replaced by the next one."""
    file = tmp_path / "tertib.checkpoint"
    file.write_text(text, "utf-8")
    assert kept(file, "default") is None
    keep(file, at(1))
    assert kept(file, "default") == at(1)
