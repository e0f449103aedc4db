"""The rules of an account as the pages show them: loaded, checked and tested again only when a file changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from tertib import check, load, rehearse
from tertib.language import document, places
from tertib.model import Loaded, Problem, Rule, Settings
from tertib.ports import Clock
from tertib.rehearse import Rehearsal
from tertib.rehearse.files import find

_Stamp: TypeAlias = frozenset[tuple[str, int, int]]
"""Each file with its time of change (ns) and its size."""


class Book:
    """The rules in some files and directories; safe to read from several threads."""

    def __init__(self, paths: Sequence[str], settings: Settings, clock: Clock) -> None:
        self._paths, self._settings, self._clock = tuple(paths), settings, clock
        self._lock = threading.RLock()
        self._stamp: _Stamp | None = None
        self._loaded = Loaded((), ())
        self._problems: tuple[Problem, ...] | None = None
        self._rehearsals: dict[str, Rehearsal] = {}

    def loaded(self) -> Loaded:
        """Return the rules that stand and what is wrong with the others."""
        with self._lock:
            stamp = self._look()
            if stamp != self._stamp:
                self._loaded = load.load(self._paths, self._settings)
                self._problems, self._rehearsals, self._stamp = None, {}, stamp
            return self._loaded

    def rule(self, name: str) -> Rule | None:
        """Return the rule of that name, None where none of the rules that load has it."""
        return next((one for one in self.loaded().rules if one.name == name), None)

    def problems(self) -> tuple[Problem, ...]:
        """Return every problem of the files, with what can be said of the rules without reading an order."""
        with self._lock:
            loaded = self.loaded()
            if self._problems is None:
                said = check.problems(loaded, self._settings, self._clock.now())
                self._problems = tuple(sorted((*loaded.problems, *said), key=places.order))
            return self._problems

    def rehearsed(self, rule: Rule) -> Rehearsal:
        """Return how the tests of a rule went."""
        with self._lock:
            self.loaded()
            if rule.name not in self._rehearsals:
                found = rehearse.run([rule.origin.file], self._settings, {rule.name})
                self._rehearsals[rule.name] = found
            return self._rehearsals[rule.name]

    @staticmethod
    def source(file: str) -> list[str]:
        """Return the lines of a rule file; none where it cannot be read any more."""
        try:
            raw = Path(file).read_bytes()[: document.LARGEST]
        except OSError:
            return []
        return raw.decode("utf-8", "replace").expandtabs(2).splitlines()

    def _look(self) -> _Stamp:
        rules, tests = find(self._paths, [])
        return frozenset(_seen(file) for file in (*rules, *tests))


def _seen(file: Path) -> tuple[str, int, int]:
    try:
        found = file.stat()
    except OSError:
        return str(file), 0, -1
    return str(file), found.st_mtime_ns, found.st_size
