"""In which order to ask, and what to ask once: rules as paths through one tree of questions.

Every rule is a row of parts that must all hold. The parts are put in one order for all rules (what settles most for
the least work first), and rules that begin alike share the beginning. The field that most rules pin to certain
values, usually `status`, becomes the first fork: an order goes down one branch of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import log2
from typing import Final, TypeAlias

from tertib.language.codegen.formula import NEVER, Atom, Both, Fixed, Formula, Items, Said, both, parts_of
from tertib.model import FieldRef, Kind

_DEEPEST: Final = 40
"""Nested blocks; Python allows a hundred indents. Deeper rules ask the rest in one line."""

# What a question costs, in tens of nanoseconds, and the share of orders that it is likely to be true of. They only
# need to be right about which comes first.
_COSTS: Final[Mapping[str, tuple[float, float]]] = {
    "null": (2, 0.5), "in": (2, 0.25), "same": (4, 0.3), "pin": (2, 0.25),
    "lt": (8, 0.5), "lte": (8, 0.5), "gt": (8, 0.5), "gte": (8, 0.5),
    "contains": (4, 0.15), "starts_with": (4, 0.15), "ends_with": (4, 0.15), "eq_i": (5, 0.2),
    "contains_i": (5, 0.2), "starts_with_i": (5, 0.2), "ends_with_i": (5, 0.2), "matches": (6, 0.3),
    "any_of": (8, 0.1), "all_of": (8, 0.05), "count": (4, 0.5), "reference": (200, 0.5),
}  # fmt: skip
_ITEMS_COST: Final = 60.0
_EXPRESSION_COST: Final = 3000.0


Keys: TypeAlias = Mapping[Formula, tuple[bool, int, int, int]]
"""What sorts the parts of a row: the fork, how soon to ask, how many rules ask it, which came first."""


@dataclass(slots=True)
class Node:
    """A question, the rules that need no other once it is answered, and what is asked next."""

    question: Formula
    rules: list[int] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fork:
    """The field that most rules pin."""

    path: str


def tree(formulas: Sequence[Formula], fork: Fork | None) -> Node:
    """Arrange rules, each by its number, into one tree; rules that never match are left out."""
    rows = [
        (number, row)
        for number, formula in enumerate(formulas)
        if formula != NEVER
        for row in _branches(parts_of(formula), fork)
    ]
    uses = Counter(part for _, row in rows for part in row)
    first = {part: place for place, part in enumerate(dict.fromkeys(part for _, row in rows for part in row))}
    keys: Keys = {
        part: (fork is None or not _pinning([part], fork), _class(part), -uses[part], first[part])
        for part in uses
    }
    ordered = [(number, tuple(sorted(row, key=lambda part: keys[part]))) for number, row in rows]
    root = Node(Fixed(value=True))
    _grow(root, ordered, 0, keys)
    return root


def fork_of(formulas: Iterable[Formula]) -> Fork | None:
    """Choose the field that most rules pin to certain texts, None where no two pin the same."""
    found: Counter[str] = Counter()
    for formula in formulas:
        found.update({atom.path for atom in _pinning(parts_of(formula))})
    path, count = next(iter(found.most_common(1)), ("", 0))
    return Fork(path) if count > 1 else None


def _pinning(parts: Iterable[Formula], fork: Fork | None = None) -> list[Atom]:
    """Return the parts that hold a field, or the fork's, to certain texts."""
    return [
        part
        for part in parts
        if isinstance(part, Atom)
        and part.operator in {"in", "pin"}
        and part.wanted
        and part.kind in {Kind.ENUM, Kind.TEXT}
        and isinstance(part.operand, tuple)
        and (fork is None or part.path == fork.path)
    ]


def _branches(parts: tuple[Formula, ...], fork: Fork | None) -> Iterable[tuple[Formula, ...]]:
    """Yield a rule's row once for each value to which it pins the fork's field."""
    pinned = _pinning(parts, fork) if fork is not None else []
    if not pinned:
        return [parts]
    rest = tuple(part for part in parts if part not in pinned)
    values = [one for one in pinned[0].operand if all(one in part.operand for part in pinned)]
    return [(Atom("in", pinned[0].path, Kind.ENUM, (one,)), *rest) for one in values]


def _grow(node: Node, rows: list[tuple[int, tuple[Formula, ...]]], depth: int, keys: Keys) -> None:
    node.rules = [number for number, row in rows if not row]
    if depth >= _DEEPEST:
        for number, row in rows:
            if row:
                node.children.append(Node(both(row), [number]))
        return
    rest = sorted((one for one in rows if one[1]), key=lambda one: keys[one[1][0]])
    for part, group in groupby(rest, key=lambda one: one[1][0]):
        child = Node(part)
        _grow(child, [(number, row[1:]) for number, row in group], depth + 1, keys)
        node.children.append(child)


# --- what comes first -----------------------------------------------------------------------------------


def _class(part: Formula) -> int:
    """Return how soon to ask: the logarithm of what it costs to be rid of one order."""
    cost, true = _estimate(part)
    return round(log2(cost / max(1 - true, 0.02)))


def _estimate(part: Formula) -> tuple[float, float]:
    """Return what a question costs, and the share of orders it is likely to be true of."""
    if isinstance(part, Fixed):
        return 1, float(part.value)
    if isinstance(part, Atom):
        return _estimate_atom(part)
    if isinstance(part, Items):
        return _ITEMS_COST + 2 * _estimate(part.child)[0], 0.8 if part.every else 0.2
    if isinstance(part, Both):
        return _estimate_all([_estimate(one) for one in part.parts])
    if isinstance(part, Said):
        return _EXPRESSION_COST, 0.5
    cost, false = _estimate_all([(cost, 1 - true) for cost, true in map(_estimate, part.parts)])
    return cost, 1 - false


def _estimate_all(parts: Iterable[tuple[float, float]]) -> tuple[float, float]:
    whole, reached = 0.0, 1.0
    for cost, true in parts:
        whole += cost * reached
        reached *= true
    return whole, reached


def _estimate_atom(atom: Atom) -> tuple[float, float]:
    cost, true = _COSTS[atom.operator]
    if atom.operator == "in" and atom.kind not in {Kind.ENUM, Kind.TEXT, Kind.BOOLEAN}:
        cost = 6
    if atom.kind is Kind.BOOLEAN:
        true = 0.5
    if isinstance(atom.operand, FieldRef):
        cost *= 2
    if atom.operator == "null":
        return cost, true
    return cost, true if atom.wanted else 1 - true / 2
