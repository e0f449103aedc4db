"""Every file that a ledger makes is its owner's alone, whatever the umask of the process says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tertib.ledger import Witness, audit_key

ACCOUNT = "default"


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let every new file be anybody's, where nobody sees to it."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_every_file_is_its_owners(files: Any, tmp_path: Path) -> None:
    """Database, log, index of the log, key, checkpoint, exported checkpoint, note of the export, copy."""
    (tmp_path / "out").mkdir()
    witness = Witness(tmp_path / "tertib.checkpoint", str(tmp_path / "out" / "tertib.checkpoint"))
    ledger = files.open(key=audit_key({}, tmp_path / "tertib.db"), saw=witness.saw)
    files.confirm(ledger, files.change(1))
    assert witness.keep(ledger.checkpoint(ACCOUNT), files.now) is None
    ledger.back_up(tmp_path / "copy.db")
    made = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert made.keys() >= {"tertib.db", "tertib.db-wal", "tertib.db-shm", "tertib.key", "copy.db"}
    assert made.keys() >= {"tertib.checkpoint", "tertib.exported"}
    assert set(made.values()) == {0o600}
