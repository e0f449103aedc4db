"""Turn the conditions of all loaded rules, together, into Python functions that say which rules match.

The semantics are `interpret`'s, exactly: the interpreter stays the reference and gives `explain` its trace. A match
needs only "definitely true", so what settles a rule first is asked first, what rules share is asked once, and an
order goes down only the branch of the field that the rules pin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from tertib.language import interpret
from tertib.language.codegen.each import Functions, page_function
from tertib.language.codegen.formula import NEVER, Atom, Formula, both, of_rule
from tertib.language.codegen.names import Names, attribute_of
from tertib.language.codegen.plan import Fork, fork_of, tree
from tertib.language.codegen.runtime import Note
from tertib.model import Condition, Kind, Order, Verdict

__all__ = ["Compiled", "Note", "Pins", "attribute_of", "compile_conditions"]

Pins: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
"""For a rule's name, the fields that its query holds to certain texts."""

_Page: TypeAlias = Callable[[Sequence[Any], datetime, Note | None], list[tuple[str, ...]]]
_One: TypeAlias = Callable[[Any, datetime, Note | None], bool]


@dataclass(slots=True)
class Compiled:
    """Compiled conditions. `source` is what runs; `never` names the rules that no order can match."""

    source: str
    never: tuple[str, ...]
    _rules: Mapping[str, tuple[Condition, ...]]
    _types: Mapping[str, type]
    _page: _Page
    _verdicts: dict[str, tuple[_One, _One]] = field(default_factory=dict)

    def match(self, order: Order, now: datetime, note: Note | None = None) -> tuple[str, ...]:
        """Return the rules whose conditions are all true of the order, in the order in which they were given.

        `note` is told the path of each value that was looked at and is no time or number.
        """
        return self._page((order,), now, note)[0]

    def match_page(
        self, orders: Sequence[Order], now: datetime, note: Note | None = None
    ) -> list[tuple[str, ...]]:
        """Return what `match` says of each order; what depends on `now` alone is worked out once."""
        return self._page(orders, now, note)

    def verdict(self, rule: str, order: Order, now: datetime) -> Verdict:
        """Return whether all conditions of one rule hold: True, False, or None for unknown. KeyError for no rule."""
        if order.__class__ is not self._types.get("", dict):
            return interpret.all_of(self._rules[rule], order, now)
        if rule not in self._verdicts:
            self._verdicts[rule] = _verdict_functions(self._rules[rule], self._types)
        true, false = self._verdicts[rule]
        return True if true(order, now, None) else False if false(order, now, None) else None


def compile_conditions(
    rules: Mapping[str, tuple[Condition, ...]],
    *,
    types: Mapping[str, type] | None = None,
    pins: Pins | None = None,
) -> Compiled:
    """Compile the conditions of all rules, by name, into one `Compiled`.

    With `types` (a `Projection`'s) orders are structs of the class under ""; any other order is still decided, only
    slower. Where a field in `pins` shows another text, or none, its rule does not match. Raises ValueError where the
    types lack a field that is read.
    """
    pinned = pins or {}
    formulas = [_formula(conditions, pinned.get(name, {})) for name, conditions in rules.items()]
    other = _Otherwise(rules, formulas)
    page, source = _page(rules, formulas, dict(types or {}), fork_of(formulas), other)
    never = tuple(name for name, formula in zip(rules, formulas, strict=True) if formula == NEVER)
    return Compiled(source, never, rules, types or {}, page)


def _formula(conditions: tuple[Condition, ...], pinned: Mapping[str, frozenset[str]]) -> Formula:
    pins = (Atom("pin", path, Kind.ENUM, tuple(sorted(values))) for path, values in pinned.items())
    return both([*pins, of_rule(conditions, wanted=True)])


@dataclass(slots=True)
class _Otherwise:
    """Decides the orders that the fast function is not written for: of another class, or without the fork's text."""

    rules: Mapping[str, tuple[Condition, ...]]
    formulas: Sequence[Formula]
    plain: _Page | None = None

    def __call__(self, order: Any, now: datetime, note: Note | None) -> tuple[str, ...]:
        if not isinstance(order, Mapping):
            return tuple(
                name for name, found in self.rules.items() if interpret.all_of(found, order, now) is True
            )
        if self.plain is None:
            self.plain, _ = _page(self.rules, self.formulas, {}, None, self)
        return self.plain((order,), now, note)[0]


def _page(
    rules: Mapping[str, object],
    formulas: Sequence[Formula],
    types: dict[str, type],
    fork: Fork | None,
    other: _Otherwise,
) -> tuple[_Page, str]:
    """Compile the function that decides a page; return it with its source."""
    places = {name: place for place, name in enumerate(rules)}
    names = Names()
    names.bound["other"] = other
    names.bound["in_order"] = lambda hits: (
        hits if len(hits) == 1 else tuple(sorted(hits, key=places.__getitem__))
    )
    functions = Functions(names, types)
    lines = page_function(functions, tree(formulas, fork), tuple(rules), _pinned(fork, formulas))
    source = _source(names, [*functions.lines, *lines], len(rules))
    return _executed(source, names)["match_page"], source


def _pinned(fork: Fork | None, formulas: Sequence[Formula]) -> str | None:
    """Return the fork's field where a pin speaks of it: then an order that does not show it may still match."""
    parts = (part for formula in formulas for part in getattr(formula, "parts", (formula,)))
    pins = (part for part in parts if isinstance(part, Atom) and part.operator == "pin")
    return fork.path if fork is not None and any(one.path == fork.path for one in pins) else None


def _verdict_functions(conditions: tuple[Condition, ...], types: Mapping[str, type]) -> tuple[_One, _One]:
    names = Names()
    functions = Functions(names, dict(types))
    true = functions.ask(of_rule(conditions, wanted=True), "is true")
    false = functions.ask(of_rule(conditions, wanted=False), "is false")
    found = _executed(_source(names, functions.lines, 1), names)
    return found[true], found[false]


def _source(names: Names, lines: Sequence[str], rules: int) -> str:
    title = f"# {rules} rule{'' if rules == 1 else 's'}, compiled together"
    return "\n".join([title, *names.legend(), "", "", *lines]).rstrip("\n") + "\n"


def _executed(source: str, names: Names) -> dict[str, Any]:
    """Run source that this package wrote: of a rule it holds plain names, and ASCII in comments, and nothing else."""
    code = compile(source, "<conditions>", "exec")
    exec(code, names.bound)  # noqa: S102 - what is executed is made of our own words; rules only bring constants
    return names.bound
