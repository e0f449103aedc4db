"""The sandbox that templates and `expr:` run in: Jinja2 with nothing but the order and tables, and no way out of it.

Two fences, each enough by itself: the syntax tree may hold only the kinds of node listed here, and Jinja2's own
immutable sandbox runs what is left, with every look-up, operator and filter replaced by ours. A look-up of a value
that is missing, null or empty ends the rendering: missing knowledge never acts.

This module brings Jinja2, so it is imported only where a rule has a template.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import takewhile
from typing import Any, Final, TypeGuard

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import TemplateError
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tertib.language.seen import FILTERS, INNER_FILTERS, Figure, decimal_of, look_up, text_of

FAILURES: Final = (
    TemplateError,
    SyntaxError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
)
"""What running a template can raise, whatever an order holds."""


LOOKUP: Final = "lookup"
"""The one name that a template may call."""

TESTS: Final = frozenset(
    "defined undefined none string number boolean in eq ne gt ge lt le odd even divisibleby true false".split()  # noqa: SIM905 - reads better
)
"""What may stand behind `is` in a template."""


_BY_ATTRIBUTE: Final = frozenset({"map", "sum"})
"""The filters that look a name up in each of a list."""


# --- the environment ------------------------------------------------------------------------------------


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox with our look-ups and our arithmetic."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"+", "-"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up `obj.attribute`."""
        return look_up(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look up `obj[argument]`."""
        return look_up(obj, argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - Jinja2's own signature
        if (
            operator == "+"
            and isinstance(left, str)
            and isinstance(right, str)
            and not isinstance(left, Figure)
        ):
            return text_of(text_of(left) + text_of(right))
        number = _ARITHMETIC[operator](decimal_of(left), decimal_of(right))
        return decimal_of(number)

    def call_unop(self, context: Any, operator: str, arg: Any) -> Any:  # noqa: ARG002 - Jinja2's own signature
        return -decimal_of(arg) if operator == "-" else decimal_of(arg)


_ARITHMETIC: Final[Mapping[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


@lru_cache(maxsize=1)
def environment() -> _Environment:
    """Return the one environment, made when a rule first needs it."""
    made = _Environment(
        # what is made are field values, not pages; addresses are percent-encoded
        autoescape=False,
        undefined=StrictUndefined,
        finalize=text_of,
        optimized=False,
        keep_trailing_newline=False,
        cache_size=0,
    )
    made.filters = {**FILTERS, **INNER_FILTERS}
    made.tests = {name: test for name, test in made.tests.items() if name in TESTS}
    made.globals = {}
    return made


def parse(text: str) -> nodes.Template:
    """Return a template's syntax tree; raises Jinja2's `TemplateSyntaxError` or RecursionError."""
    return environment().parse(text)


def parse_expression(text: str) -> nodes.Expr:
    """Return an expression's syntax tree; raises Jinja2's `TemplateSyntaxError` or RecursionError."""
    parser = Parser(environment(), text, state="variable")
    found = parser.parse_expression()
    if not parser.stream.eos:
        parser.fail(f"unexpected '{parser.stream.current.value}'")
    return found


def members(text: str, name: str, *, expression: bool) -> Iterator[tuple[str, int, int]]:
    """Yield every `name.member` of a template, or of an expression: the member, and where the whole starts and ends.

    What is not valid Jinja2 has none: `parse` is who says so.
    """
    try:
        tokens = list(_tokens(text, expression=expression))
    except TemplateError:
        return
    for before, first, dot, last in zip([None, *tokens], tokens, tokens[1:], tokens[2:], strict=False):
        looked_up = before is not None and before[0] == "operator" and before[1] == "."
        if not looked_up and first[:2] == ("name", name) and dot[1] == "." and last[0] == "name":
            yield last[1], first[2], last[2] + len(last[1])


def _tokens(text: str, *, expression: bool) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and place of every token that is no blank; Jinja2 itself tells the line alone."""
    lexer, place = environment().lexer, 0
    for _, kind, value in lexer.tokeniter(text, None, state="variable" if expression else None):
        # blanks that a `-` takes away are not among the tokens
        place = max(text.find(value, place), place)
        if kind != "whitespace":
            yield kind, value, place
        place += len(value)


@lru_cache(maxsize=1024)
def compiled(text: str, *, percent_encode: bool) -> Any:
    """Return a template ready to render, with its outputs percent-encoded where they end up in an address."""
    tree = parse(text)
    lead = True
    for output in tree.find_all(nodes.Output):
        for index, child in enumerate(output.nodes):
            if percent_encode and not isinstance(child, nodes.TemplateData):
                output.nodes[index] = _filtered(child, "tertib_url_lead" if lead else "tertib_url_part")
            lead = False
    _make_exact(tree)
    return environment().from_string(tree)


@lru_cache(maxsize=1024)
def compiled_expression(text: str) -> Any:
    """Return an expression ready to evaluate."""
    body = nodes.Assign(nodes.Name("result", "store"), parse_expression(text), lineno=1)
    tree = nodes.Template([body], lineno=1)
    tree.set_environment(environment())
    _make_exact(tree)
    return environment().from_string(tree)


def evaluate(template: Any, names: Mapping[str, Any]) -> Any:
    """Return what a compiled expression comes to."""
    context = template.new_context(dict(names))
    for _ in template.root_render_func(context):
        pass
    return context.vars["result"]


def _make_exact(tree: nodes.Node) -> None:
    """Let decimals be decimals, let `~` join values as templates write them, and mark computed names as such."""
    for node in list(
        tree.find_all((nodes.Compare, nodes.Operand, nodes.BinExpr, nodes.Filter, nodes.Concat))
    ):
        for name, value in list(node.iter_fields()):
            if isinstance(value, nodes.Const) and isinstance(value.value, float):
                setattr(node, name, _filtered(nodes.Const(repr(value.value)), "tertib_number"))
    for joined in tree.find_all(nodes.Concat):
        joined.nodes = [_filtered(child, "tertib_text") for child in joined.nodes]
    for looked in tree.find_all(nodes.Getitem):
        looked.arg = _marked(looked.arg)
    for found in tree.find_all(nodes.Filter):
        if found.name in _BY_ATTRIBUTE:
            found.args = [_marked(one) for one in found.args]
            for named in found.kwargs:
                named.value = _marked(named.value)


def _marked(node: nodes.Expr) -> nodes.Expr:
    """Mark a name that is computed: it may be a value of the order, which no message shows."""
    return node if isinstance(node, nodes.Const | nodes.Slice) else _filtered(node, "tertib_key")


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno or 1).set_environment(
        environment()
    )  # type: ignore[return-value]  # set_environment returns its node


# --- what a tree may hold -------------------------------------------------------------------------------

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Filter,
    nodes.Keyword,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Neg,
    nodes.Pos,
    nodes.List,
    nodes.Tuple,
)

_SPELLED: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Pow: "**",
    nodes.Call: "(",
    nodes.For: "for",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.With: "with",
    nodes.Block: "block",
    nodes.Extends: "extends",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Dict: "{",
    nodes.Scope: "autoescape",
}

_OF_ANOTHER: Final = (nodes.Pair, nodes.ScopedEvalContextModifier)
"""Nodes that only stand inside one which is forbidden itself, and is written with the sign that people see."""


def forbidden(tree: nodes.Node) -> Iterator[tuple[nodes.Node, str]]:
    """Yield the nodes that no template may hold, each with the sign that it is written with."""
    for node in _all(tree):
        if not isinstance(node, (*_ALLOWED, *_OF_ANOTHER)) and not is_lookup(node):
            yield node, _SPELLED.get(type(node), type(node).__name__.lower())


def is_lookup(node: nodes.Node) -> TypeGuard[nodes.Call]:
    """Tell whether a node calls `lookup`, with whatever arguments."""
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == LOOKUP


def lookups(tree: nodes.Node) -> Iterator[nodes.Call]:
    """Yield every call of `lookup` in a tree."""
    return (node for node in _all(tree) if is_lookup(node))


def table_of(call: nodes.Call) -> str | None:
    """Return the name of the table that a call of `lookup` spells out, None where it spells out none."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, nodes.Const) and isinstance(first.value, str) else None


def depth(tree: nodes.Node) -> int:
    """Return how deep a tree is nested."""
    level, deepest = [tree], 0
    while level:
        deepest += 1
        level = [child for node in level for child in node.iter_child_nodes()]
    return deepest


def parts(tree: nodes.Node) -> int:
    """Count a tree's names, values and operators."""
    return sum(1 for _ in _all(tree))


def _all(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting[:0] = node.iter_child_nodes()


def each(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield every node of a tree in the order in which it is written."""
    yield from _all(tree)


def chains(tree: nodes.Node) -> Iterator[tuple[nodes.Node, tuple[Any, ...]]]:
    """Yield every look-up that starts at a name, whole: its node and its parts, the name first.

    A part is a text or an integer; None stands for a part that is computed or a slice, and ends the chain.
    """
    inner: set[int] = set()
    for node in _all(tree):
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem) and id(node) not in inner:
            parts: list[Any] = []
            below: Any = node
            while isinstance(below, nodes.Getattr | nodes.Getitem):
                inner.add(id(below.node))
                parts.insert(0, part_of(below))
                below = below.node
            if isinstance(below, nodes.Name):
                yield node, (below.name, *parts)


def part_of(node: nodes.Getattr | nodes.Getitem) -> Any:
    """Return the text or integer that a look-up names, None for one that is computed or a slice."""
    if isinstance(node, nodes.Getattr):
        return node.attr
    value = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return value if isinstance(value, str | int) else None


def starts_nowhere(node: nodes.Node) -> TypeGuard[nodes.Getattr | nodes.Getitem]:
    """Tell whether a node looks something up in a value that is neither a name nor a row of a table."""
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return False
    below: nodes.Node = node
    while isinstance(below, nodes.Getattr | nodes.Getitem):
        below = below.node
    return not isinstance(below, nodes.Name) and not is_lookup(below)


def attributes(node: nodes.Filter) -> Iterator[Any]:
    """Yield the names that a filter's arguments spell out, where the filter looks them up in each of a list."""
    if node.name in _BY_ATTRIBUTE:
        given = (*node.args, *(named.value for named in node.kwargs))
        yield from (one.value for one in given if isinstance(one, nodes.Const))


def paths(tree: nodes.Node) -> frozenset[str]:
    """Return the field paths of the order that a tree looks up, each up to its first index."""
    return frozenset(
        ".".join(takewhile(lambda part: isinstance(part, str), parts))
        for _, (name, *parts) in chains(tree)
        if name == "order" and parts and isinstance(parts[0], str)
    )
