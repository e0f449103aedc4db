"""A checkpoint kept beside the ledger, outside the database: it shows when the end of the audit chain was cut off.

Whoever can change both files can still hide a truncation; a copy on another machine (`tertib audit checkpoint`)
shows that too.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from tertib.ledger.audit import Checkpoint


def checkpoint_file(ledger: Path) -> Path:
    """Return where the checkpoints of a ledger's file lie."""
    return ledger.with_suffix(".checkpoint")


def kept(file: Path, account: str) -> Checkpoint | None:
    """Return the checkpoint that was kept for an account, None where there is none that can be read."""
    found = _all(file).get(account)
    try:
        return None if found is None else Checkpoint.restore(found)
    except ValueError:
        return None


def keep(file: Path, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint unless a later one is kept already; raises OSError where the file cannot be written."""
    before = kept(file, checkpoint.account)
    if before is not None and before.seq >= checkpoint.seq:
        return
    everything = {**_all(file), checkpoint.account: checkpoint.document()}
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            json.dump(everything, opened, sort_keys=True)
        os.replace(draft, file)  # noqa: PTH105 - atomic, and said so by its name
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def _all(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
