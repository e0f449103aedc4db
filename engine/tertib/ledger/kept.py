"""A checkpoint kept beside the ledger, outside the database: it shows when the end of the audit chain was cut off.

Whoever can change both files can still hide a truncation; a copy on another machine (`checkpoints` in tertib.yaml,
or `tertib audit checkpoint`) shows that too.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tertib.ledger.audit import Checkpoint


def checkpoint_file(ledger: Path) -> Path:
    """Return where the checkpoints of a ledger's file lie."""
    return ledger.with_suffix(".checkpoint")


def kept(file: Path, account: str) -> Checkpoint | None:
    """Return the checkpoint that was kept for an account, None where there is none that can be read."""
    try:
        return of_account(read(file), account)
    except ValueError:
        return None


def of_account(document: Any, account: str) -> Checkpoint | None:
    """Return an account's checkpoint from a document of one checkpoint, or of one for each account.

    None where the document has none of that account; raises ValueError where it is no such document.
    """
    if isinstance(document, Mapping) and not isinstance(document.get("account"), str):
        found = document.get(account)
        return None if found is None else Checkpoint.restore(found)
    return Checkpoint.restore(document)


def keep(file: Path, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint unless a later one is kept already; raises OSError where the file cannot be written."""
    with _alone(file):
        before = kept(file, checkpoint.account)
        if before is None or before.seq < checkpoint.seq:
            write(file, {**read(file), checkpoint.account: checkpoint.document()})


def replace(file: Path, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint in place of whatever is kept; raises OSError where the file cannot be written."""
    note(file, checkpoint.account, checkpoint.document())


def note(file: Path, account: str, document: Mapping[str, Any]) -> None:
    """Write an account's part of a file in place of what it was; raises OSError where the file cannot be written."""
    with _alone(file):
        write(file, {**read(file), account: document})


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Keep other processes from the files of a directory, so that of two that add an account both are kept."""
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file, an empty one where there is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(file: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON object, whole or not at all and for its owner alone; raises OSError."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            json.dump(document, opened, sort_keys=True)
        os.replace(draft, file)  # noqa: PTH105 - atomic, and said so by its name
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
