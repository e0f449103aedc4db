"""Play again whenever a file has changed: looked at twice a second, by size and time, until asked to stop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from tertib.ports import Clock

EVERY: Final = 0.5
"""Seconds between two looks."""

Snapshot: TypeAlias = Mapping[Path, tuple[int, int] | None]
"""Each file's time of change (ns) and size, None for one that is not there."""


def watch(
    play: Callable[[Collection[Path]], int],
    files: Callable[[], Iterable[Path]],
    clock: Clock,
    stopping: Callable[[], bool],
) -> int:
    """Play now, and again after every change of the files, until `stopping`; return what the last play gave.

    `play` is told which files have changed. They are looked at before it plays, so that a change made meanwhile
    is not missed.
    """
    seen, changed = _snapshot(files()), tuple[Path, ...]()
    while True:
        code = play(changed)
        while (now := _snapshot(files())) == seen:
            if stopping():
                return code
            clock.sleep(EVERY)
        changed = tuple(sorted(path for path in {*seen, *now} if seen.get(path) != now.get(path)))
        seen = now


def _snapshot(files: Iterable[Path]) -> Snapshot:
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
