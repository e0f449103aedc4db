"""How the orders of one source are read and decided: as little of each as is needed, by all its rules at once.

The conditions of a source's rules become one Python program (`language.codegen`), and its pages are decoded into what
that program and everything after it reads (`projection`). Both are built when first asked for: `check` and re-reads need
neither, and an explanation or a rule test, which has one order, no decoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tertib.compile.rules import CompiledRule
from tertib.language import templates
from tertib.model import Condition, Expression, Field, Group, Kind, Order, Recheck, Rule
from tertib.scalev import contract

if TYPE_CHECKING:
    from tertib.language.codegen import Compiled, Note
    from tertib.projection import Projection

_ALWAYS: Final = ("id", "order_id", "created_at", "last_updated_at", "is_probably_spam")
"""What telling orders apart, and one reading from the next, takes, and a flag that a filter is judged by where it comes."""


@dataclass(frozen=True)  # without slots: what is built is kept in the instance
class Deciding:
    """All rules of one source, what protects its orders, and the filters that are checked again on its pages."""

    rules: tuple[CompiledRule, ...]
    protect: tuple[Condition, ...]
    filters: frozenset[str]
    fields: Mapping[str, Field]

    @cached_property
    def projection(self) -> Projection:
        """Return how pages are decoded: into what anything reads of an order between its page and its plan."""
        from tertib.projection import project  # noqa: PLC0415 - `check` and rule tests do without msgspec

        return project(set(self._reads()), self.fields, set(self._whole()))

    @cached_property
    def compiled(self) -> Compiled:
        """Return the conditions as they decide projected orders; what `tertib check --show-code` shows."""
        return self._compile(self.projection.types)

    @cached_property
    def _compiled_for_dicts(self) -> Compiled:
        return self._compile({})

    def match_page(
        self, orders: Sequence[Order], now: datetime, note: Note | None = None
    ) -> list[tuple[str, ...]]:
        """Return, order by order, the rules whose conditions are all true of it and whose query does not deny it.

        `note` is told, once an order (in a list: once an object), the path of each value that cannot be read: of projected
        orders also those of a wrong JSON type that no rule came to look at. All orders may be plain dicts instead.
        """
        if not orders:
            return []
        if isinstance(orders[0], dict):
            return self._compiled_for_dicts.match_page(orders, now, note)
        if note is not None:
            for path in self.projection.misfits_of(orders):
                note(path)
        return self.compiled.match_page(orders, now, note)

    def _compile(self, types: Mapping[str, type]) -> Compiled:
        from tertib.language.codegen import compile_conditions  # noqa: PLC0415 - `check` compiles nothing

        return compile_conditions(
            {one.rule.name: one.rule.conditions for one in self.rules},
            types=types,
            pins={one.rule.name: _pins(one.rule) for one in self.rules},
        )

    # --- what is read ---------------------------------------------------------------------------------------

    def _reads(self) -> Iterator[str]:
        yield from _ALWAYS
        for compiled in self.rules:
            yield from compiled.reads
        for name in self.filters:
            yield from contract.PARAMETERS[name].checks
        # A rule may have set other fields before it was edited, and what it set is compared with what is there.
        yield from (one.reads_as for one in contract.ACTION_FIELDS.values() if one.reads_as)

    def _whole(self) -> Iterator[str]:
        """Yield what is looked at as it came: by templates, by re-checks of ids in lists, as a personal list's fingerprint."""
        for compiled in self.rules:
            for value in compiled.rule.action.values():
                if templates.is_template(value):
                    yield from templates.reads(value)
            for condition in compiled.rule.conditions:
                yield from _of_expressions(condition)
        for condition in self.protect:
            yield from _of_expressions(condition)
        for name in self.filters:
            yield from (path for path in contract.PARAMETERS[name].checks if self._is_list(path))
        for path, known in self.fields.items():
            if known.personal and self._is_list(path):
                yield from (path for compiled in self.rules if path in compiled.reads)

    def _is_list(self, path: str) -> bool:
        return path in self.fields and self.fields[path].kind is Kind.OBJECTS


def _of_expressions(condition: Condition) -> Iterator[str]:
    """Yield what the expressions in a condition name; none stands in a condition on the objects of a list."""
    if isinstance(condition, Expression):
        yield from condition.reads
    elif isinstance(condition, Group):
        for child in condition.children:
            yield from _of_expressions(child)


def _pins(rule: Rule) -> Mapping[str, frozenset[str]]:
    """Return the fields that a rule's query holds to certain texts: no order that shows another is one of its orders."""
    asked = ((contract.PARAMETERS[name], values) for name, values in rule.query.items())
    return {
        parameter.checks[0]: frozenset(str(value) for value in values)
        for parameter, values in asked
        if parameter.kind == "enum"
        and parameter.recheck is Recheck.EXACT
        and parameter.comparison == "equal"
        and len(parameter.checks) == 1
    }
