"""Where in its file every condition and filter of a rule stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tertib.language import document
from tertib.language.document import Document
from tertib.model import Condition, Elements, Group, Rule, Trace
from tertib.model import Path as Place


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Spots:
    """The places of one rule's document."""

    file: str
    line: int
    document: Document | None

    def of(self, path: Place) -> Source:
        """Return the place of a key, or of a value that has none; the rule's own where the file has changed."""
        if self.document is None:
            return Source(self.file, self.line, 1)
        spot = self.document.spot(path, on_key=True)
        return Source(self.file, spot.line, spot.column)


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a trace, with the place of what it judges."""

    trace: Trace
    source: Source
    children: tuple[Step, ...] = ()


def spots_of(rules: Iterable[Rule]) -> dict[str, Spots]:
    """Return the places of each rule by its name; their files are read again, since rules do not carry them."""
    files: dict[str, Mapping[int, Document]] = {}
    found = {}
    for rule in rules:
        file = rule.origin.file
        if file not in files:
            files[file] = _documents(Path(file))
        found[rule.name] = Spots(file, rule.origin.line, files[file].get(rule.origin.line))
    return found


def _documents(file: Path) -> Mapping[int, Document]:
    """Return a file's documents by the line that each begins on."""
    try:
        with file.open("rb") as opened:
            parsed = document.parse(opened.read(document.LARGEST + 1))
    except OSError:
        return {}
    return {one.spot(()).line: one for _, one in parsed.documents}


def steps(conditions: Iterable[Condition], traces: Iterable[Trace], spots: Spots) -> tuple[Step, ...]:
    """Join the traces of a rule's conditions with their places."""
    return tuple(_step(one, trace, spots) for one, trace in zip(conditions, traces, strict=True))


def filter_steps(names: Iterable[str], traces: Iterable[Trace], spots: Spots) -> tuple[Step, ...]:
    """Join the traces of a query's filters with their places."""
    return tuple(Step(trace, spots.of(("query", name))) for name, trace in zip(names, traces, strict=True))


def _step(condition: Condition, trace: Trace, spots: Spots) -> Step:
    children: tuple[Step, ...] = ()
    if isinstance(condition, Group) and trace.children:  # an element that is no object has none
        children = steps(condition.children, trace.children, spots)
    elif isinstance(condition, Elements):
        # every object of the list was held against the same condition
        children = tuple(_step(condition.child, child, spots) for child in trace.children)
    return Step(trace, spots.of(condition.path), children)
