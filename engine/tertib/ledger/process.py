"""Who holds a lease: a process, told from every other that had or will have its number.

A process number comes back after a while, on another machine it means another process, and in a container it
counts on its own. So a process is its host (name, boot and process namespace), its number and its start time.
"""

from __future__ import annotations

import itertools
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Owner:
    """One opened ledger in one process. `instance` tells the ledgers that one process opens apart."""

    host: str
    pid: int
    started: str
    instance: int = 0

    def document(self) -> dict[str, Any]:
        """Return the owner as the ledger keeps it."""
        return asdict(self)

    @classmethod
    def restore(cls, written: Mapping[str, Any]) -> Owner:
        """Read an owner back."""
        return cls(written["host"], written["pid"], written["started"], written["instance"])


_numbers = itertools.count(1)
_open: set[Owner] = set()


def register() -> Owner:
    """Return an owner of this process for a ledger that is being opened."""
    owner = Owner(host(), os.getpid(), started(os.getpid()) or "", next(_numbers))
    _open.add(owner)
    return owner


def unregister(owner: Owner) -> None:
    """Let an owner count as gone: its ledger was closed and can write nothing more."""
    _open.discard(owner)


def gone(owner: Owner) -> bool:
    """Tell whether the owner has certainly ended; False wherever that cannot be known from here."""
    if owner.host != host():
        return False
    if owner.pid == os.getpid() and owner.started == started(owner.pid):
        return owner not in _open
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    now = started(owner.pid)
    # Without a start time on both sides the number alone must do: it is in use, so nothing is certain.
    return bool(now and owner.started and now != owner.started)


def host() -> str:
    """Name this machine, since its last start, as seen from this process namespace."""
    boot = _text(Path("/proc/sys/kernel/random/boot_id"))
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return "/".join(part for part in (platform.node(), boot, namespace) if part)


_ENDED: Final = "ended"


def started(pid: int) -> str | None:
    """Return when a process started, as text that only compares equal for the same process; None if unknown.

    A process that ended and was not yet collected by its parent counts as another one: it will do nothing more.
    """
    stat = _text(Path(f"/proc/{pid}/stat"))
    if not stat:
        return _started_by_ps(pid)
    # The name in parentheses may hold anything; state and start time are the 1st and 20th word after it.
    words = stat.rpartition(")")[2].split()
    return _ENDED if words[0] in {"Z", "X"} else words[19]


def _started_by_ps(pid: int) -> str | None:
    """Ask `ps`, for systems without /proc."""
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed program and a number
            ["/bin/ps", "-o", "lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
