"""The rule files that a server works from, looked at between its turns: what they say now, where that is something new.

A rule that loaded before and does not now is broken, not gone: whoever edits it shall see its slots fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from tertib.load import load
from tertib.model import Problem, Rule, Settings
from tertib.rehearse.files import find

_NO_RULES: Final = "T103"
"""A directory without rules: they were taken away."""

_Stamp: TypeAlias = Mapping[Path, tuple[int, ...] | None]
"""Each file's time of change (ns), size and number, None for one that is not there."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What the rule files say: the rules that load, and by name why one that did before does not now."""

    rules: tuple[Rule, ...] = ()
    broken: dict[str, str] = field(default_factory=dict)


class Rulebook:
    """The rules in these files and directories, and those of these names in the project's; all where none are named."""

    def __init__(self, paths: Sequence[str], names: Sequence[str], settings: Settings) -> None:
        self._wholes = tuple(paths) if paths or names else settings.rules
        self._names, self._settings = frozenset(names), settings
        self._seen: _Stamp | None = None
        self._known: dict[str, str] = {}

    def changed(self) -> Edition | None:
        """Return what the files say, the first time and wherever one of them is another than before."""
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        rules, problems = self._load()
        self._seen = stamp
        self._known = {
            **{name: file for name, file in self._known.items() if _why(name, file, problems)},
            **{rule.name: rule.origin.file for rule in rules},
        }
        standing = {rule.name for rule in rules}
        lost = {
            name: _why(name, file, problems) for name, file in self._known.items() if name not in standing
        }
        return Edition(tuple(rules), {name: why for name, why in lost.items() if why is not None})

    def _load(self) -> tuple[list[Rule], list[Problem]]:
        whole = load(self._wholes, self._settings) if self._wholes else None
        rules, problems = (list(whole.rules), list(whole.errors)) if whole else ([], [])
        if self._names:
            named = load(self._settings.rules, self._settings)
            there = {rule.name for rule in rules}
            rules += [one for one in named.rules if one.name in self._names and one.name not in there]
            problems += named.errors
        return rules, problems

    def _stamp(self) -> _Stamp:
        places = (*self._wholes, *(self._settings.rules if self._names else ()))
        return {file: _look(file) for file in (*find(places, [])[0], *map(Path, places))}


def _look(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _why(name: str, file: str, problems: Iterable[Problem]) -> str | None:
    """Return why a rule that stood in a file does not load, None where it was taken away."""
    said = list(problems)
    own = next((one for one in said if one.rule == name), None)
    around = own or next(iter(_around(file, said)), None)
    return None if around is None else f"{around.file}:{around.line}: {around.message}"


def _around(file: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems of a file, or of a directory above it.

    A file that breaks off tells its mistake at one of its rules, and gives none of them.
    """
    for one in problems:
        above = one.code != _NO_RULES and Path(one.file) in Path(file).parents
        if one.file == file or above:
            yield one
