"""Take a run back: rules for what it did, the orders read in the fewest requests, and a reason for each that stays.

The rules come from the record (`plan.undoing`); what they make of the orders as they are now is decided by the stages
that decide for every rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tertib.compile import CompiledRule, Program, columns_for
from tertib.compile.sizes import pages_of
from tertib.errors import PlanRefused, ReadError
from tertib.evaluate import order_key, reasons
from tertib.load import from_definition
from tertib.model import Done, Held, Order, Page, Plan, Rule, Scan, Settings, Source, Spent, Trace
from tertib.plan.picking import meant
from tertib.plan.propose import nothing_to_change
from tertib.plan.undoing import Undoing, undo
from tertib.plan.vetoes import Facts
from tertib.ports import Decode, Reader
from tertib.sayings import N_, said
from tertib.scalev import contract

WORTH_COUNTING: Final = 10
"""Orders from which on it pays to ask how many the queries would return."""


@dataclass(frozen=True, slots=True)
class ToUndo:
    """A run to be taken back, as rules; `undoing` holds what the record alone keeps from it."""

    rules: tuple[Rule, ...]
    undoing: Undoing

    @property
    def orders(self) -> Iterator[tuple[str, Done]]:
        """Yield each order that may be taken back, with the name of the rule that would."""
        for name, group in self.undoing.groups.items():
            yield from ((name, one) for one in group.orders)


def rules_to_undo(
    run_id: str, done: Sequence[Done] | None, settings: Settings, *, only: Sequence[str], but: Sequence[str]
) -> ToUndo:
    """Return the rules that take a run back, or the part of it that a person picked by order number or id.

    Raises `PlanRefused` where there is no such run, where an order that was picked is not in it, and for a name that means
    two orders.
    """
    if done is None:
        raise PlanRefused(
            said("there is no run `%(run)s` in this ledger", run=run_id), hint=N_("`tertib runs` lists them")
        )
    known = {name for one in done for name in (one.order_id, str(one.id))}
    strange = [name for name in (*only, *but) if name not in known]
    if strange:
        raise PlanRefused(
            said("run `%(run)s` did nothing with order `%(order)s`", run=run_id, order=strange[0])
        )
    named, left_out = meant(done, only), meant(done, but)
    picked = [one for one in done if (not only or str(one.id) in named) and str(one.id) not in left_out]
    undoing = undo(run_id, picked, settings)
    return ToUndo(tuple(from_definition(one) for one in undoing.definitions), undoing)


# --- reading --------------------------------------------------------------------------------------------


def cheapest(program: Program, wanted: ToUndo, reader: Reader) -> Program:
    """Return the program that reads the orders one by one, unless its own scans certainly take fewer requests."""
    orders = list(wanted.orders)
    pages = _pages(program, reader) if len(orders) >= WORTH_COUNTING else None
    if pages is not None and pages < len(orders):
        return program
    scans = tuple(_single(one, program.rule(name)) for name, one in orders)
    return replace(program, scans=scans, shared=(), worth_counting=())


def _pages(program: Program, reader: Reader) -> int | None:
    """Return how many pages the program's scans take, asking the statistics where nobody knows; None where they cannot tell."""
    total = 0
    for shared in program.shared:
        pages = shared.pages
        if pages is None:
            try:
                counted = reader.count(shared.query.params)
            except ReadError:
                return None
            pages = None if counted is None else pages_of(counted)
        if pages is None:
            return None
        total += pages
    return total


def _single(one: Done, compiled: CompiledRule) -> Scan:
    """Return the scan that reads one order by its number."""
    params = {
        "order_id": one.order_id,
        "columns": columns_for(compiled.reads, contract.FIELDS["orders"]),
    }
    return Scan(Source(), params, (compiled.rule.name,))


@dataclass(frozen=True, slots=True)
class Noting:
    """A reader that keeps the orders it was to look out for (`str(id)`), so that what moved on can be told."""

    reader: Reader
    wanted: frozenset[str]
    seen: dict[str, Order] = field(default_factory=dict)

    def page(
        self,
        source: Source,
        params: Mapping[str, str],
        cursor: str | None = None,
        decode: Decode | None = None,
    ) -> Page:
        """Return one page, and note the orders in it."""
        page = self.reader.page(source, params, cursor, decode)
        for order in page.orders:
            key = order_key(order)
            if key is not None and key in self.wanted:
                self.seen[key] = order
        return page

    def count(self, params: Mapping[str, str]) -> int | None:
        """Return how many orders fit."""
        return self.reader.count(params)

    def spent(self) -> Spent:
        """Return what reading has cost so far."""
        return self.reader.spent()


def noting(reader: Reader, wanted: ToUndo) -> Noting:
    """Return a reader that keeps the orders which are to be taken back."""
    return Noting(reader, frozenset(str(one.id) for _, one in wanted.orders))


# --- what stays -----------------------------------------------------------------------------------------


def with_what_stays(
    plan: Plan, wanted: ToUndo, program: Program, seen: Mapping[str, Order], facts: Facts
) -> Plan:
    """Return the plan with every order of the run that stays as it is, and what stays of those that go back."""
    unread = {one.rule for one in plan.held if one.order_id is None and one.id is None}
    decided = {str(one.id) for one in (*plan.changes, *plan.over_limit)}
    decided |= {str(one.id) for one in plan.held}
    stays = [
        _why(one, program.rule(name), seen.get(str(one.id)), facts)
        for name, one in wanted.orders
        if str(one.id) not in decided and name not in unread
    ]
    undoing = wanted.undoing
    return replace(
        plan, held=(*plan.held, *undoing.held, *stays), warnings=(*plan.warnings, *undoing.warnings)
    )


def _why(one: Done, compiled: CompiledRule, order: Order | None, facts: Facts) -> Held:
    """Say why an order that the record would let go back is not as the run left it."""
    if order is None:
        why = N_("Scalev does not return it any more as the run left it")
        return Held(one.order_id, one.rule, "changed_since", why, one.id)
    if nothing_to_change(order, compiled.rule.action, facts):
        why = N_("it is as it was before the run already")
        return Held(one.order_id, one.rule, "taken_back", why, one.id)
    return _differs(one, compiled, order, facts)


def _differs(one: Done, compiled: CompiledRule, order: Order, facts: Facts) -> Held:
    traces = reasons(compiled, order, facts.now, facts.mask)
    wrong = next((trace for trace in traces if trace.result is False), None)
    if wrong is not None:
        return Held(one.order_id, one.rule, "changed_since", _said(wrong), one.id)
    unknown = next((trace.condition for trace in traces if trace.result is None), "it")
    why = said(
        "the answer does not show whether the order is still as the run left it: `%(condition)s`",
        condition=unknown,
    )
    return Held(one.order_id, one.rule, "cannot_tell", why, one.id)


def _said(wrong: Trace) -> str:
    name = wrong.condition.partition(":")[0]
    if name == "last_updated_at":
        return N_(
            "it was changed once more after the run, so the money may have come since:"
            " a payment is taken back only where nobody has touched the order"
        )
    return said("it was changed after the run: `%(field)s` is %(saw)s", field=name, saw=wrong.saw)
