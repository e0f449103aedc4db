"""Decide, order by order, which rules match: the query as written checked again, then every condition.

Pure: it is handed pages and `now`. Memory grows with what matched, not with what was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tertib.compile import CompiledRule, Program, as_sent
from tertib.language import conditions
from tertib.language.durations import format_duration
from tertib.language.kleene import disjunction
from tertib.language.personal import Mask
from tertib.language.values import read_as
from tertib.model import Ago, Held, Kind, Match, Order, Page, Recheck, Scan, Test, Trace, Verdict
from tertib.sayings import N_
from tertib.scalev import contract


@dataclass(slots=True)
class Evaluated:
    """What the pages so far came to.

    `matches` holds the newest reading of each rule and order; `satisfied` the orders that satisfy the query as
    written, for rules that limit their share of them, and `counted` how many those are where Scalev counted them;
    `unreadable` in how many readings of an order a field's value could not be read. `places` are where matches were
    read: scan and position. `moved` holds what matched by one scan and was then shown changed by another.
    """

    matches: dict[tuple[str, str], Match] = field(default_factory=dict)
    without_id: list[Held] = field(default_factory=list)
    moved: list[Held] = field(default_factory=list)
    satisfied: dict[str, set[str]] = field(default_factory=dict)
    unreadable: Counter[str] = field(default_factory=Counter)
    counted: dict[str, int] = field(default_factory=dict)
    places: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    _matched_by: dict[str, set[str]] = field(default_factory=dict, init=False, repr=False)

    def of(self, rule: str) -> list[Match]:
        """Return a rule's matches, in the order in which they were read."""
        return [match for (name, _), match in self.matches.items() if name == rule]

    def add(self, key: str, match: Match, place: tuple[int, int]) -> None:
        """Add a match of the order with this key, or put it in the place of an earlier reading."""
        found = (match.rule, key)
        self.places[found] = min(place, self.places.get(found, place))
        self.matches[found] = match
        self._matched_by.setdefault(key, set()).add(match.rule)

    def matched_by(self, key: str | None) -> Collection[str]:
        """Name the rules that an order may stand in the matches of."""
        return () if key is None else self._matched_by.get(key, ())

    def arrange(self) -> None:
        """Put everything into the order of the scans, however their pages came to be mixed."""
        self.matches = dict(sorted(self.matches.items(), key=lambda match: self.places[match[0]]))
        self.without_id.sort(key=lambda held: (held.rule, held.order_id or ""))
        # What its own scan showed once more, later still, is known again.
        moved = (held for held in self.moved if (held.rule, str(held.id)) not in self.matches)
        self.moved = sorted(moved, key=lambda held: (held.rule, held.order_id or ""))


def contradicts(scan: Scan) -> Callable[[Order], str | None]:
    """Return a check that names the filter of a scan which an order contradicts, None where it agrees with all."""
    sent = [(name, value) for name, value in scan.params.items() if name in contract.PARAMETERS]

    def check(order: Order) -> str | None:
        return next((name for name, value in sent if contract.check(name, value, order) is False), None)

    return check


def absorb(
    evaluated: Evaluated,
    program: Program,
    scan: Scan,
    page: Page,
    mask: Mask,
    *,
    begins_at: tuple[int, int] = (0, 0),
) -> None:
    """Decide a page for every rule its scan serves and add what it shows.

    A later reading of an order replaces the earlier one, also where it no longer matches. `begins_at` is the scan's
    number and how many orders of it came before this page.
    """
    served = frozenset(scan.rules)
    limited = [one for one in map(program.rule, scan.rules) if one.rule.limits.share is not None]
    number, before = begins_at

    def note(path: str) -> None:
        evaluated.unreadable[path] += 1

    found = program.deciding(scan.source).match_page(page.orders, program.now, note)
    for position, (order, names) in enumerate(zip(page.orders, found, strict=True), before):
        key = order_key(order)
        for compiled in limited:
            _count(evaluated, compiled, order, key, now=program.now, sent=scan.params)
        fits = _fitting(program, [name for name in names if name in served], order)
        _forget(evaluated, order, key, page.read_at, served=served, still=fits)
        for name, unchecked in fits.items():
            compiled = program.rule(name)
            if key is None:
                why = N_("the order has no usable `id`, so nothing can be sent for it")
                evaluated.without_id.append(Held(reference(order), name, "no_id", why))
            else:
                match = _match(compiled, order, page.read_at, unchecked, now=program.now, mask=mask)
                evaluated.add(key, match, (number, position))


def _count(
    evaluated: Evaluated,
    compiled: CompiledRule,
    order: Order,
    key: str | None,
    *,
    now: datetime,
    sent: Collection[str],
) -> None:
    """Count an order that satisfies the query of a rule which limits its share of those."""
    queried, unchecked = satisfies_query(compiled, order, now)
    # What an answer does not show is taken on trust only where Scalev was asked for it.
    counts = queried is True or (queried is None and all(name in sent for name in unchecked))
    if counts and key is not None:
        evaluated.satisfied.setdefault(compiled.rule.name, set()).add(key)


def _fitting(program: Program, names: Iterable[str], order: Order) -> dict[str, tuple[str, ...]]:
    """Return the rules whose query an order does not contradict, each with the filters that it leaves unchecked."""
    found = {}
    for name in names:
        queried, unchecked = satisfies_query(program.rule(name), order, program.now)
        if queried is not False:
            found[name] = unchecked
    return found


def _forget(
    evaluated: Evaluated,
    order: Order,
    key: str | None,
    read_at: datetime,
    *,
    served: Collection[str],
    still: Collection[str],
) -> None:
    """Drop an order from the matches of the rules that this reading was for, and hold it for others if it changed."""
    if key is None:
        return
    for rule in evaluated.matched_by(key):
        if rule not in served:
            _outdate(evaluated, rule, order, key, read_at)
        elif rule not in still:
            evaluated.matches.pop((rule, key), None)


def _outdate(evaluated: Evaluated, rule: str, order: Order, key: str, read_at: datetime) -> None:
    """Hold what another rule's scan had read of an order that this later reading shows changed."""
    match = evaluated.matches.get((rule, key))
    changed = order.get("last_updated_at")
    if match is None or match.read_at > read_at or match.order.get("last_updated_at") == changed:
        return
    del evaluated.matches[rule, key]
    why = N_("it changed while orders were being read; the next plan sees it as it is")
    wire = contract.wire_id(order.get("id"))
    evaluated.moved.append(Held(reference(order), rule, "cannot_tell", why, wire))


def _match(
    compiled: CompiledRule,
    order: Order,
    read_at: datetime,
    unchecked: tuple[str, ...],
    *,
    now: datetime,
    mask: Mask,
) -> Match:
    return Match(
        rule=compiled.rule.name,
        order=order,
        read_at=read_at,
        reasons=reasons(compiled, order, now, mask),
        unchecked=unchecked,
        filters=query_trace(compiled, order, now, mask),
    )


def order_key(order: Order) -> str | None:
    """Return `str(id)` of an order whose id can be sent back, None for any other."""
    wire = contract.wire_id(order.get("id"))
    return None if wire is None else str(wire)


def reference(order: Order) -> str | None:
    """Return the order's human reference, None where it has none that can be read; a number is read as its text."""
    found = read_as(order.get("order_id"), Kind.ID)
    return found if isinstance(found, str) else None


def satisfies_query(compiled: CompiledRule, order: Order, now: datetime) -> tuple[Verdict, tuple[str, ...]]:
    """Check an order against the rule's query as written.

    Returns the verdict over all filters that leave a trace in an answer, and the names of those among them
    that this order's answer did not let us check.
    """
    unchecked = []
    for name, alternatives in compiled.rule.query.items():
        if contract.PARAMETERS[name].recheck is Recheck.NONE:
            continue
        verdict = disjunction(contract.check(name, as_sent(value, now), order) for value in alternatives)
        if verdict is False:
            return False, ()
        if verdict is None:
            unchecked.append(name)
    return (None if unchecked else True), tuple(unchecked)


def holds(compiled: CompiledRule, order: Order, now: datetime) -> bool:
    """Tell whether every condition of the rule is true of one order, by the interpreter; unknown is not true."""
    return all(conditions.evaluate(condition, order, now) is True for condition in compiled.rule.conditions)


def reasons(compiled: CompiledRule, order: Order, now: datetime, mask: Mask) -> tuple[Trace, ...]:
    """Trace every condition of the rule on an order: what it saw, and its verdict."""
    return tuple(
        conditions.trace(condition, order, now, compiled.fields, mask, zone=compiled.zone)
        for condition in compiled.rule.conditions
    )


def query_trace(compiled: CompiledRule, order: Order, now: datetime, mask: Mask) -> tuple[Trace, ...]:
    """Trace every filter of the rule's query on an order, for an explanation of what the query excluded."""
    traces = []
    for name, alternatives in compiled.rule.query.items():
        parameter = contract.PARAMETERS[name]
        sent = [as_sent(value, now) for value in alternatives]
        verdict = (
            None
            if parameter.recheck is Recheck.NONE
            else disjunction(contract.check(name, value, order) for value in sent)
        )
        saw = ", ".join(f"{path} {_shown(path, order, now, compiled, mask)}" for path in parameter.checks)
        personal = any(
            path in compiled.fields and compiled.fields[path].personal for path in parameter.checks
        )
        asked = " or ".join(
            mask.show(value) if personal else _asked(value, compiled) for value in alternatives
        )
        traces.append(Trace(f"query {name}: {asked}", saw or N_("not in an answer"), verdict))
    return tuple(traces)


def _asked(value: str | datetime | Ago, compiled: CompiledRule) -> str:
    """Write a filter's value as a person does: a distance as such, an instant on the shop's clock."""
    if isinstance(value, Ago):
        return f"{format_duration(value.distance)} ago"
    return value.astimezone(compiled.zone).isoformat() if isinstance(value, datetime) else value


def _shown(path: str, order: Order, now: datetime, compiled: CompiledRule, mask: Mask) -> str:
    """Show the value that a filter judges as a condition on it would: masked, times on the shop's clock."""
    known = compiled.fields.get(path)
    kind = Kind.OPEN if known is None else known.kind
    shown = Test(path, kind, "exists", operand=True, text=path, path=())
    return conditions.trace(shown, order, now, compiled.fields, mask, zone=compiled.zone).saw
