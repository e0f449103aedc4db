"""Files that a person names on the command line: written for their owner alone, and never read without an end."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

_LARGEST_STREAM: Final = 32 * 1024 * 1024
"""How much is taken from a pipe or a device, which may go on for ever."""


@contextmanager
def writing(file: Path) -> Iterator[TextIO]:
    """Write a file whole or not at all, readable by its owner alone: half of it must not stand in a full one's place.

    A device or a pipe can only be written to, never be replaced. Raises `OSError` under the name that was given.
    """
    target = Path(os.path.realpath(file))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(file))
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    try:
        # a name that nobody can guess, so that nobody can lay a link in its place
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _of(file, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        Path(draft).replace(target)
    except OSError as error:
        raise _of(file, error) from error
    finally:
        Path(draft).unlink(missing_ok=True)


def _of(file: Path, error: OSError) -> OSError:
    """Return an error about the file that the person named, not the one it is written to first."""
    return OSError(error.errno, error.strerror, str(file))


def read(file: Path, most: int) -> bytes | None:
    """Return a file's bytes, None where there are more than `most`; raises `OSError`."""
    with file.open("rb") as opened:
        status = os.fstat(opened.fileno())
        allowed = most if stat.S_ISREG(status.st_mode) else min(most, _LARGEST_STREAM)
        if status.st_size > allowed:
            return None
        raw = opened.read(allowed + 1)
    return None if len(raw) > allowed else raw
