"""The everyday seeds, played once however many tests, and processes of pytest-xdist, want to know of them."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from results import note
from simulator.run import play_seed

CHUNK: Final = 50
EVERYDAY: Final = 2000 if os.environ.get("CI") else 200
"""How many seeds the everyday suite plays, and how many together."""


class Played(msgspec.Struct):
    """What a chunk of seeds came to: each seed that failed with what must not be, and how often everything happened."""

    failed: dict[int, list[str]]
    tally: dict[str, int]


@dataclass(frozen=True, slots=True)
class Season:
    """Chunks of seeds, kept in a directory that all processes of a test run share."""

    place: Path

    def played(self, first: int) -> Played:
        """Return what the chunk that begins at a seed came to; whoever asks first plays it."""
        kept = self.place / f"seeds-{first}.json"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(msgspec.json.encode(self._play(first)))
            return msgspec.json.decode(kept.read_bytes(), type=Played)

    def _play(self, first: int) -> Played:
        tally: Counter[str] = Counter()
        failed = {}
        for seed in range(first, first + CHUNK):
            played = play_seed(seed)
            tally += played.tally
            if played.violations:
                failed[seed] = list(played.violations)
        runs = sum(count for name, count in tally.items() if name.startswith("job "))
        note("seeds", played=CHUNK, violations=len(failed), runs=runs, requests=tally["request"])
        return Played(failed, dict(tally))
