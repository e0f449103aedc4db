"""Source that decides one order after another: nested questions, every value read at most once, and only if needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tertib.language import interpret
from tertib.language.codegen.access import Access
from tertib.language.codegen.formula import Atom, Formula, Items
from tertib.language.codegen.names import Names
from tertib.language.codegen.plan import Node, tree
from tertib.language.codegen.questions import Need, Questions, Raw, needs, raws
from tertib.language.durations import format_duration
from tertib.model import Ago, Kind

INDENT = "    "

Leaf = Callable[[int], str]
"""Says in one statement that the rule of this number matches."""


@dataclass(slots=True)
class Functions:
    """The functions that one piece of source is made of, helpers first."""

    names: Names
    types: dict[str, type]
    lines: list[str] = field(default_factory=list)
    _items: dict[tuple[str, Items], str] = field(default_factory=dict)

    def ask(self, formula: Formula, hint: str) -> str:
        """Write a function `(order, now, note) -> bool` that asks one formula of one order; return its name."""
        name = self.names.variable(("function", formula), hint)
        body = _Body(self, self.types, "order", "")
        self._write(name, "order", body, formula)
        return name

    def item(self, formula: Items, prefix: str) -> str:
        """Write the function that asks a formula of one object of a list; return its name."""
        known = (prefix, formula)
        if known not in self._items:
            path = prefix + formula.path
            name = self._items[known] = self.names.variable(("item", *known), f"item of {path}")
            # tags and quantities may come as bare texts, which are made into objects only when they are read
            types = self.types if formula.kind is Kind.OBJECTS else {}
            body = _Body(self, types, "item", f"{path}.")
            self._write(name, "item", body, formula.child, self._guard(formula, types.get(path)))
        return self._items[known]

    def _guard(self, formula: Items, kind: type | None) -> list[str]:
        """Return what an object that is not of the expected class gets: the interpreter's word, or no."""
        if kind is None:
            return ["if item.__class__ is not dict and not is_mapping(item):", f"{INDENT}return False"]

        def otherwise(item: object, now: object, _note: object) -> bool:
            return interpret.evaluate(formula.condition, item, now) is formula.wanted  # type: ignore[arg-type] # total

        bound = self.names.constant(kind, f"type {formula.path}", key=("type", kind))
        other = self.names.constant(otherwise, "interpreted", key=("item", formula))
        return [f"if item.__class__ is not {bound}:", f"{INDENT}return {other}(item, now, note)"]

    def _write(self, name: str, root: str, body: _Body, formula: Formula, guard: Sequence[str] = ()) -> None:
        inner = body.block(tree([formula], None), lambda _: "return True")
        lines = [*guard, *body.bounds(), *inner, "return False"]
        self.lines += [f"def {name}({root}, now, note):", *(INDENT + line for line in lines), "", ""]


class _Body:
    """Writes the nested questions of one function, and keeps what they need."""

    def __init__(self, functions: Functions, types: dict[str, type], root: str, prefix: str) -> None:
        self._names = functions.names
        self._bounds: dict[Ago, str] = {}
        access = Access(functions.names, types, prefix)
        self._questions = Questions(
            functions.names, access, root, lambda items: functions.item(items, prefix), self._bound
        )

    def bounds(self) -> list[str]:
        """Return the statements that work out instants before now."""
        return [
            f"{name} = ago(now, {self._names.constant(ago.distance)})" for ago, name in self._bounds.items()
        ]

    def block(self, root: Node, leaf: Leaf) -> list[str]:
        """Return the statements that ask a tree's questions."""
        return [leaf(rule) for rule in root.rules] + list(self._children(root, {}, leaf))

    def load(self, path: str) -> list[str]:
        """Return the statements that load a raw value."""
        return [f"{self._questions.holder(raw)} = {self._questions.define(raw)}" for raw in raws(path)]

    def untold(self, path: str) -> str:
        """Return an expression that is true where a loaded value is neither text nor null."""
        raw = self._questions.raw(path)
        return f"{raw} is not None and {raw}.__class__ is not str"

    def _bound(self, ago: Ago) -> str:
        if ago not in self._bounds:
            name = self._names.variable(("ago", ago), f"before {format_duration(ago.distance)}")
            self._bounds[ago] = name
        return self._bounds[ago]

    def _children(self, node: Node, have: dict[Need, bool], leaf: Leaf) -> Iterator[str]:
        """Write the questions below a node. `have` says what is in variables, and whether for certain."""
        have = dict(have)
        for need in _shared(node.children):
            yield from self._prepare(need, have)
        for _, group in groupby(node.children, key=_forked):
            word = "if"
            for child in group:
                if word == "if":
                    for need in needs(child.question):
                        yield from self._provide(need, have)
                yield f"{word} {_bare(self._questions.ask(child.question))}:"
                inner = [leaf(rule) for rule in child.rules] + list(self._children(child, have, leaf))
                yield from (INDENT + line for line in inner)
                word = "elif" if _forked(child) is not None else "if"

    def _prepare(self, need: Need, have: dict[Need, bool]) -> Iterator[str]:
        """Make a value that several branches use known before them: a raw one at once, a reading when first used."""
        if isinstance(need, Raw):
            for raw in raws(need.path):
                yield from self._provide(raw, have)
        elif need not in have:
            have[need] = False
            yield f"{self._questions.holder(need)} = UNREAD"

    def _provide(self, need: Need, have: dict[Need, bool]) -> Iterator[str]:
        if have.get(need):
            return
        holder, value = self._questions.holder(need), self._questions.define(need)
        if need in have:
            yield f"if {holder} is UNREAD:"
            yield f"{INDENT}{holder} = {value}"
        else:
            yield f"{holder} = {value}"
        have[need] = True


def _forked(node: Node) -> str | None:
    """Return the field of which a node asks for one text: of such neighbours only one can be true."""
    question = node.question
    if not isinstance(question, Atom) or question.operator != "in" or not question.wanted:
        return None
    single = question.kind in {Kind.ENUM, Kind.TEXT} and isinstance(question.operand, tuple)
    return question.path if single and len(question.operand) == 1 else None


def _shared(children: Sequence[Node]) -> Iterator[Need]:
    """Yield what several branches need and the first of them needs only further down.

    Of branches that exclude each other an order takes one, so they count as one.
    """
    uses: Counter[Need] = Counter()
    early: set[Need] = set()
    for _, group in groupby(children, key=_forked):
        nodes = list(group)
        for together in [nodes] if _forked(nodes[0]) else [[node] for node in nodes]:
            early |= {need for need in needs(together[0].question) if need not in uses}
            uses.update({need for node in together for need in _used(node)})
    yield from (need for need, count in uses.items() if count > 1 and need not in early)


def _used(node: Node) -> dict[Need, None]:
    """Return everything that a branch needs, in the order of its questions."""
    found: dict[Need, None] = dict.fromkeys(needs(node.question))
    for child in node.children:
        found |= _used(child)
    return found


def _bare(expression: str) -> str:
    """Drop the brackets around a whole expression."""
    depth = 0
    for place, letter in enumerate(expression):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and place < len(expression) - 1:
            return expression
    return expression[1:-1] if expression.startswith("(") else expression


def page_function(functions: Functions, root: Node, rules: Sequence[str], pinned: str | None) -> list[str]:
    """Write `match_page(orders, now, note)`, which returns the rules that match, order by order.

    An order that is not of the expected class, or whose `pinned` field holds no text, is left to `other`.
    """
    names = functions.names
    body = _Body(functions, functions.types, "order", "")
    block = body.block(root, lambda rule: f"hits += {names.constant((rules[rule],), f'rule {rules[rule]}')}")
    kind = functions.types.get("")
    strange = "order.__class__ is not dict and not is_mapping(order)"
    if kind is not None:
        strange = f"order.__class__ is not {names.constant(kind, 'type order', key=('type', kind))}"
    left = [f"{INDENT}matched.append(other(order, now, note))", f"{INDENT}continue"]
    untold = [f"if {body.untold(pinned)}:", *left] if pinned else []
    loop = [
        f"if {strange}:",
        *left,
        *(body.load(pinned) if pinned else ()),
        *untold,
        "hits = ()",
        *block,
        "matched.append(hits and in_order(hits))",
    ]
    return [
        "def match_page(orders, now, note):",
        f"{INDENT}matched = []",
        *(INDENT + line for line in body.bounds()),
        f"{INDENT}for order in orders:",
        *(INDENT * 2 + line for line in loop),
        f"{INDENT}return matched",
        "",
        "",
    ]
