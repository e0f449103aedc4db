"""Count which verdicts the cases of a test have shown of every condition: true, false and unknown.

A condition that no case has seen false may be one that never is; one that was never seen unknown says nothing of what
happens when an answer lacks its field. Groups count beside their parts, and what must hold of the objects in a
list beside the list's own condition. Filters of the query are listed too, and not counted: Scalev applies them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tertib.compile import CompiledRule, as_sent
from tertib.language.interpret import Reading, objects, verdict
from tertib.language.kleene import disjunction
from tertib.model import Condition, Elements, Group, Order, Recheck, Rule, Verdict
from tertib.rehearse.sources import Source, Spots
from tertib.scalev import contract

VERDICTS: Final[tuple[Verdict, ...]] = (True, False, None)
"""What each condition must be seen to be."""

_OF_FILTERS: Final[tuple[Verdict, ...]] = (True, False)

Address = tuple[str | int, ...]
"""Where a node stands among a rule's conditions: the number of its condition, then of each part below."""


@dataclass(frozen=True, slots=True)
class Node:
    """One condition, or filter, with the verdicts that were seen of it and those that were not."""

    condition: str
    file: str
    line: int
    column: int
    seen: tuple[Verdict, ...]
    missing: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """One rule's nodes, in the order in which they are written, over the cases that are about it."""

    rule: str
    file: str
    line: int
    cases: int
    nodes: tuple[Node, ...]
    filters: tuple[Node, ...]

    @property
    def seen(self) -> int:
        """Count the verdicts that were seen."""
        return sum(len(node.seen) for node in self.nodes)

    @property
    def needed(self) -> int:
        """Count the verdicts that there are to see."""
        return len(VERDICTS) * len(self.nodes)


@dataclass(frozen=True, slots=True)
class Coverage:
    """All rules that were tested, or stand there untested."""

    rules: tuple[RuleCoverage, ...]

    @property
    def seen(self) -> int:
        """Count the verdicts that were seen."""
        return sum(rule.seen for rule in self.rules)

    @property
    def needed(self) -> int:
        """Count the verdicts that there are to see."""
        return sum(rule.needed for rule in self.rules)

    def reaches(self, percent: float) -> bool:
        """Tell whether at least so many of a hundred verdicts were seen."""
        return self.seen * 100 >= percent * self.needed


def percent(seen: int, needed: int) -> float:
    """Return a share as a percentage with one decimal, rounded down, so that only all of it is 100."""
    return seen * 1000 // needed / 10 if needed else 100.0


@dataclass(slots=True)
class Tally:
    """What the cases have shown so far, by rule and address."""

    verdicts: dict[str, dict[Address, set[Verdict]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    cases: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def note(self, compiled: CompiledRule, order: Order, now: datetime) -> None:
        """Note what a case's order shows of every node of its rule."""
        rule = compiled.rule
        self.cases[rule.name] += 1
        for address, seen in _observed(compiled, order, now):
            self.verdicts[rule.name][address].add(seen)

    def of(self, rule: Rule, spots: Spots) -> RuleCoverage:
        """Return what was seen of one rule, with the place of every node."""
        seen = self.verdicts[rule.name]
        return RuleCoverage(
            rule=rule.name,
            file=rule.origin.file,
            line=rule.origin.line,
            cases=self.cases[rule.name],
            nodes=tuple(
                _node(one.text, spots.of(one.path), seen[address], VERDICTS)
                for address, one in _addresses(rule.conditions)
            ),
            filters=tuple(
                _node(f"query {name}", spots.of(("query", name)), seen[("query", name)], _OF_FILTERS)
                for name in rule.query
                if contract.PARAMETERS[name].recheck is not Recheck.NONE
            ),
        )


def _node(text: str, source: Source, seen: set[Verdict], wanted: Sequence[Verdict]) -> Node:
    return Node(
        text,
        source.file,
        source.line,
        source.column,
        seen=tuple(one for one in VERDICTS if one in seen),
        missing=tuple(one for one in wanted if one not in seen),
    )


# --- walking --------------------------------------------------------------------------------------------


def _addresses(conditions: Iterable[Condition], above: Address = ()) -> Iterator[tuple[Address, Condition]]:
    for number, one in enumerate(conditions):
        address = (*above, number)
        yield address, one
        if isinstance(one, Group):
            yield from _addresses(one.children, address)
        elif isinstance(one, Elements):
            yield from _addresses((one.child,), address)


def _observed(compiled: CompiledRule, order: Order, now: datetime) -> Iterator[tuple[Address, Verdict]]:
    for name, alternatives in compiled.rule.query.items():
        sent = (as_sent(value, now) for value in alternatives)
        yield ("query", name), disjunction(contract.check(name, value, order) for value in sent)
    yield from _seen(compiled.rule.conditions, Reading(order, now), ())


def _seen(
    conditions: Iterable[Condition], reading: Reading, above: Address
) -> Iterator[tuple[Address, Verdict]]:
    """Yield the verdict of every node; one on the objects in a list comes once for each object."""
    for number, one in enumerate(conditions):
        address = (*above, number)
        yield address, verdict(one, reading)
        if isinstance(one, Group):
            yield from _seen(one.children, reading, address)
        elif isinstance(one, Elements):
            for element in objects(one, reading) or ():
                if isinstance(element, Mapping):
                    yield from _seen((one.child,), reading.of_element(one.field, element), address)
