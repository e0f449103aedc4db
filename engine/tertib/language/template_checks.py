"""What is wrong with a template or an `expr:`, found when the rule is loaded.

This module brings Jinja2, so it is imported only where a rule has a template.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from tertib.language import jinja
from tertib.language.nearest import did_you_mean
from tertib.language.seen import FILTERS
from tertib.language.tables import hint as tables_hint
from tertib.language.wording import one_of, quote
from tertib.model import Complaint, Field, Kind, Path, Table

LONGEST: Final = 2_000
_DEEPEST: Final = 40
_MOST_PARTS: Final = 250
_NAMES: Final = ("order", "rule", "now")
_PARTS: Final[Mapping[str, frozenset[str]]] = {"rule": frozenset({"name"}), "now": frozenset({"date"})}
_LISTS: Final = frozenset({Kind.TAGS, Kind.TEXTS, Kind.OBJECTS})
_MANY: Final = _LISTS | {Kind.QUANTITIES, Kind.OBJECT, Kind.OPEN}


class Check:
    """One text's check; every method adds its complaints."""

    def __init__(
        self,
        text: str,
        fields: Mapping[str, Field],
        complaints: list[Complaint],
        path: Path,
        tables: Mapping[str, Table | None],
    ) -> None:
        self.text = text
        self.fields = fields
        self.tables = tables
        self.complaints = complaints
        self.path = path
        self.what = "template"

    def template(self) -> None:
        """Check a template."""
        tree = self.parsed(jinja.parse)
        if tree is not None:
            self.tree(tree)
            self.outputs(tree)

    def template_for_expression(self) -> None:
        """Complain of a template where an expression belongs."""
        self.say(
            "T410", "an expression is written without braces", "{", hint="write `order.status == 'pending'`"
        )

    def expression(self) -> None:
        """Check an expression."""
        self.what = "expression"
        tree = self.parsed(jinja.parse_expression)
        if tree is not None:
            self.tree(tree)

    def parsed(self, parse: Any) -> Any:
        """Return the syntax tree, None where there is none or it is too deep to be looked at."""
        if len(self.text) > LONGEST:
            self.say("T416", f"the {self.what} has more than {LONGEST} characters")
            return None
        try:
            tree = parse(self.text)
        except TemplateSyntaxError as error:
            self.syntax(error.message or "", error.lineno)
        except RecursionError:
            self.say("T416", f"the {self.what} is nested too deeply")
        else:
            if jinja.depth(tree) > _DEEPEST:
                self.say("T416", f"the {self.what} is nested too deeply")
            elif jinja.parts(tree) > _MOST_PARTS:
                self.say("T416", f"the {self.what} has more than {_MOST_PARTS} names, values and operators")
            else:
                return tree
        return None

    def syntax(self, said: str, line: int) -> None:
        """Say in our words what Jinja2 cannot read."""
        tag = re.search(r"unknown tag '([^']*)'", said)
        odd = re.search(r"(?:got|unexpected char|unexpected|near) u?'([^']*)'", said)
        if tag is not None:
            self.say("T411", f"{self.what}s have no `{{% {tag[1]} %}}`", tag[1], line)
        elif (
            "end of template" in said
            or "end of" in (odd[1] if odd else "")
            or "Missing end" in said
            or "was looking for" in said
        ):
            self.say(
                "T410",
                _UNFINISHED[self.what][0],
                line=line,
                hint=_UNFINISHED[self.what][1],
            )
        elif odd is not None and odd[1]:
            self.say("T410", f"{quote(odd[1])} is not expected in the {self.what}", odd[1], line)
        else:
            self.say(
                "T410",
                f"the {self.what} cannot be read",
                line=line,
                hint="a field of the order is written `order.order_id`",
            )

    def tree(self, tree: nodes.Node) -> None:
        """Check a tree's nodes, filters, tests, and what it looks up."""
        found = False
        for node, sign in jinja.forbidden(tree):
            found = True
            # a part that Jinja2 itself wrote, such as the value that a filter block works on, stands on no line
            self.say("T411", _message(self.what, sign), sign, node.lineno or 1, hint=_INSTEAD.get(sign))
        if found:
            return
        for node in jinja.each(tree):
            self.node(node)
        called = {id(call.node) for call in jinja.lookups(tree)}
        for node, (name, *parts) in jinja.chains(tree):
            if id(node) not in called:
                self.chain(name, parts, node.lineno)
        Lookups(self).tree(tree)

    def node(self, node: Any) -> None:
        """Check the filters and tests by name, and the ways to do without a value that do not work."""
        if isinstance(node, nodes.Const) and node.value in {math.inf, -math.inf}:
            self.say("T416", f"a number in the {self.what} is too large", line=node.lineno)
        elif jinja.starts_nowhere(node) and _is_hidden(jinja.part_of(node)):
            self.hidden(jinja.part_of(node), node.lineno)
        elif isinstance(node, nodes.Filter):
            self.filter(node)
        elif isinstance(node, nodes.Test):
            if node.name not in jinja.TESTS:
                hint = did_you_mean(node.name, jinja.TESTS) or one_of(sorted(jinja.TESTS))
                self.say(
                    "T411", f"{self.what}s have no test `is {node.name}`", node.name, node.lineno, hint=hint
                )
            elif node.name in {"defined", "undefined", "none"}:
                self.in_vain(f"is {node.name}", node.name, node.lineno)
        elif (
            isinstance(node, nodes.Or)
            and isinstance(node.right, nodes.Const)
            and isinstance(node.right.value, str)
        ):
            self.in_vain(f"or {node.right.value!r}", "or", node.lineno)

    def filter(self, node: nodes.Filter) -> None:
        """Check a filter's name, and the names that it looks up in a list."""
        for attribute in jinja.attributes(node):
            if _is_hidden(attribute):
                self.hidden(attribute, node.lineno)
        if node.name not in FILTERS:
            hint = did_you_mean(node.name, FILTERS) or one_of(sorted(FILTERS))
            message = f"{self.what}s have no filter {quote(node.name)}"
            self.say("T411", message, node.name, node.lineno, hint=hint)
        elif node.name in {"default", "d"}:
            self.in_vain(f"| {node.name}", node.name, node.lineno)

    def in_vain(self, written: str, word: str, line: int) -> None:
        """Warn of an attempt to do without a missing value."""
        self.say(
            "T415",
            f"{quote(written)} does not help: an order without the value is held",
            word,
            line,
            hint="leave it out, or add a condition that the value exists",
            severity="warning",
        )

    def chain(self, name: str, parts: list[Any], line: int) -> None:
        """Check one look-up."""
        hidden = next((part for part in parts if _is_hidden(part)), None)
        if name not in _NAMES:
            hint = did_you_mean(name, _NAMES) or self.bare_field(name) or one_of(_NAMES)
            hint = _LOOKUP_HINT if name == jinja.LOOKUP else hint
            self.say("T412", f"{self.what}s do not know {quote(name)}", name, line, hint=hint)
        elif hidden is not None:
            self.hidden(hidden, line)
        elif name == "order" and parts and isinstance(parts[0], str):
            self.field(parts, line)
        elif name == "order" and parts:
            self.say("T413", "`order` is looked up by the names of its fields", "order", line)
        elif name != "order" and parts and isinstance(parts[0], str) and parts[0] not in _PARTS[name]:
            hint = one_of(f"{name}.{part}" for part in sorted(_PARTS[name]))
            self.say("T412", f"`{name}` has no {quote(parts[0])}", parts[0], line, hint=hint)

    def hidden(self, part: str, line: int) -> None:
        """Refuse a name that Python keeps for itself."""
        self.say("T411", f"names that begin with `_`, such as {quote(part)}, are out of reach", part, line)

    def bare_field(self, name: str) -> str | None:
        """Return the hint for a field that was written without `order.`."""
        return f"write `order.{name}`" if name in self.fields else None

    def field(self, parts: list[Any], line: int) -> None:
        """Check that a look-up in the order leads to a field that the source has."""
        names = [part for part in parts if isinstance(part, str)]
        path = ".".join(names)
        word = f"order.{path}" if f"order.{path}" in self.text else names[-1]
        known = self.nearest_known(names)
        exact = known is not None and known.path == path
        if known is None or not (exact or known.kind in {Kind.OPEN, Kind.QUANTITIES}):
            hint = did_you_mean(path, self.fields)
            self.say("T413", f"unknown field {quote(path)} in {_a(self.what)}", word, line, hint=hint)
        elif known.element and all(isinstance(part, str) for part in parts):
            self.crossing(path, word, line)
        elif known.column is None:
            message = f"{quote(path)} is in no answer that is read, so every order is held"
            self.say("T418", message, word, line, severity="warning")
        elif not exact and known.kind is Kind.OPEN:
            message = f"whether orders have {quote(path)} cannot be checked: the shape of `{known.path}` is not documented"
            self.say("T414", message, word, line, hint="an order without it is held", severity="warning")

    def nearest_known(self, names: list[str]) -> Field | None:
        """Return the field of that path, or the longest path above it that is one."""
        ways = (".".join(names[:end]) for end in range(len(names), 0, -1))
        return next((self.fields[way] for way in ways if way in self.fields), None)

    def crossing(self, path: str, word: str, line: int) -> None:
        """Report a path that runs through a list without saying which of its objects."""
        top, _, rest = path.partition(".")
        hint = f"write `order.{top}[0].{rest}` for the first of them"
        self.say("T413", f"`{top}` is a list, so it has no {quote(path)} of its own", word, line, hint=hint)

    def outputs(self, tree: nodes.Node) -> None:
        """Report lists and objects that are written out whole."""
        joined: list[nodes.Output | nodes.Concat] = [
            *tree.find_all(nodes.Output),
            *tree.find_all(nodes.Concat),
        ]
        written = {id(child) for output in joined for child in output.nodes}
        for node, (name, *parts) in jinja.chains(tree):
            path = ".".join(str(part) for part in parts)
            known = self.fields.get(path)
            if (
                name == "order"
                and id(node) in written
                and (not parts or (known is not None and known.kind in _MANY))
            ):
                hint = (
                    f"`{{{{ order.{path} | length }}}}` counts it"
                    if known is not None and known.kind in _LISTS
                    else None
                )
                word = f"order.{path}" if path else "order"
                self.say(
                    "T417",
                    f"{quote(word)} is not one value, so it cannot be written out",
                    word,
                    node.lineno,
                    hint=hint,
                )

    def say(
        self,
        code: str,
        message: str,
        word: str = "",
        line: int = 1,
        *,
        hint: str | None = None,
        severity: Any = "error",
    ) -> None:
        """Add a complaint that points at a word of the text, or at the text where the word is not in it."""
        start = sum(len(part) + 1 for part in self.text.split("\n")[: max(line, 1) - 1])
        edge = r"\b" if word.replace("_", "").isalnum() else ""
        found = re.compile(f"{edge}{re.escape(word)}{edge}").search(self.text, start) if word else None
        offset, width = (found.start(), len(word)) if found else (0, None)
        self.complaints.append(
            Complaint(self.path, code, message, hint, severity, offset=offset, width=width)
        )


class Lookups:
    """The check of a text's calls of `lookup`: their form, the table and the column."""

    def __init__(self, check: Check) -> None:
        self.check = check

    def tree(self, tree: nodes.Node) -> None:
        """Check every call in a tree, and what is taken of the row that it finds."""
        parents = {id(child): node for node in jinja.each(tree) for child in node.iter_child_nodes()}
        for call in jinja.lookups(tree):
            table = self.table(call)
            of_row = parents.get(id(call))
            taken = (
                of_row if isinstance(of_row, nodes.Getattr | nodes.Getitem) and of_row.node is call else None
            )
            column = jinja.part_of(taken) if taken is not None else None
            if not isinstance(column, str):
                self.form("says no column", call)
            elif table is not None:
                self.column(table, column, call)
                self.below(column, parents.get(id(taken)), taken)

    def table(self, call: nodes.Call) -> Table | None:
        """Return the table that a call looks into, None after a complaint about it."""
        name, pair = jinja.table_of(call), 2
        if len(call.args) != pair or call.kwargs or call.dyn_args or call.dyn_kwargs:
            self.form("takes a table's name and a key", call)
        elif name is None:
            self.form("takes a table's name as a text in quotes", call)
        elif name not in self.check.tables:
            hint = tables_hint(name, self.check.tables)
            self.check.say("T420", f"unknown table {quote(name)}", name, call.lineno, hint=hint)
        else:
            return self.check.tables[name]
        return None

    def column(self, table: Table, column: str, call: nodes.Call) -> None:
        """Report a column that a table does not have."""
        if column not in table.columns:
            hint = did_you_mean(column, table.columns) or one_of(table.columns[:20])
            message = f"table `{table.name}` has no column {quote(column)}"
            self.check.say("T421", message, column, call.lineno, hint=hint)

    def below(self, column: str, parent: nodes.Node | None, taken: nodes.Node | None) -> None:
        """Report a name that is looked up in a cell; a cell is one text, which may be a time with its `date`."""
        if isinstance(parent, nodes.Getattr | nodes.Getitem) and parent.node is taken:
            part = jinja.part_of(parent)
            if isinstance(part, str) and part != "date":
                message = f"{quote(column)} is a column, and has no {quote(part)}"
                self.check.say("T421", message, part, parent.lineno)

    def form(self, what: str, call: nodes.Call) -> None:
        """Report a call that is not written as one must be."""
        self.check.say("T419", f"`lookup` {what}", jinja.LOOKUP, call.lineno, hint=_LOOKUP_HINT)


def _is_hidden(part: Any) -> TypeGuard[str]:
    return isinstance(part, str) and part.startswith("_")


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _message(what: str, sign: str) -> str:
    """Say that templates lack the part that is written with a sign."""
    if sign == "(":
        return f"{what}s can call `lookup` and nothing else"
    shown = f"{{% {sign} %}}" if sign.isalpha() else sign
    return f"{what}s have no `{shown}`"


_UNFINISHED: Final[Mapping[str, tuple[str, str]]] = {
    "template": (
        "the template is not closed",
        "every `{{` needs its `}}`, every `{% if %}` its `{% endif %}`",
    ),
    "expression": ("the expression breaks off", "write it whole, such as `order.quantity > 1`"),
}
"""What to say of a text that ends too early, and what to do."""

_LOOKUP_HINT: Final = "write `lookup('proofs', order.order_id).url`: table, key and column"

_INSTEAD: Final[Mapping[str, str]] = {
    "(": "filters take the place of calls: `{{ order.order_id | lower }}`",
    "for": "a template gives one value; `join` and `map` work on lists",
    "**": "write the number itself",
    "set": "write the value where it is used",
}
