"""Explain what rules make of one order: query, conditions, vetoes, limits, the other rules, and when it would match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from tertib.compile import CompiledRule, Program, columns_for
from tertib.errors import CredentialError, ReadError
from tertib.evaluate import (
    Evaluated,
    absorb,
    contradicts,
    order_key,
    query_trace,
    reasons,
    reference,
    satisfies_query,
)
from tertib.fetch import fetch
from tertib.language import conditions
from tertib.language.calendars import reached
from tertib.language.durations import format_wait
from tertib.language.kleene import conjunction
from tertib.language.values import find, is_null, read
from tertib.model import (
    Ago,
    Held,
    Match,
    Order,
    Page,
    Plan,
    Scan,
    Source,
    Test,
    Trace,
    Verdict,
)
from tertib.plan import Reading, decide
from tertib.plan.holds import ABOUT_LIMITS, OF_OTHER_RULES
from tertib.plan.propose import propose
from tertib.plan.vetoes import LIFTABLE, PAID, Facts
from tertib.ports import Reader
from tertib.record import held_document, masked, trace_document
from tertib.sayings import N_, said
from tertib.scalev import contract

_SECOND: Final = timedelta(seconds=1)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Coming:
    """When an order will match by time alone, and what would have to stay as it is until then.

    `unless` says the usual ways for that to fail in words, `stays` names all filters and conditions that are true
    now. `held` is what would keep the order from changing even then, as far as is known today.
    """

    wait: timedelta
    unless: tuple[str, ...]
    stays: tuple[str, ...]
    held: Held | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule's verdict on an order, and everything that it rests on.

    `trace` holds the filters of the query, then the conditions. `excluded_by` names the filters that the order does not
    fit. `vetoes` are all that keep it, also those that would show only once others were lifted; `conflicts` and
    `limits` are what the other rules and today's limits say; `owner` is the rule that would change it. `past` tells of
    the run, where the explanation was taken from the record.
    """

    rule: str
    order_id: str | None
    verdict: Verdict
    trace: tuple[Trace, ...]
    vetoes: tuple[Held, ...] = ()
    change: Mapping[str, Any] | None = None
    coming: Coming | None = None
    excluded_by: tuple[str, ...] = ()
    conflicts: tuple[Held, ...] = ()
    limits: tuple[Held, ...] = ()
    owner: str | None = None
    now: datetime | None = None
    past: Mapping[str, Any] | None = None

    @property
    def matched(self) -> bool:
        """Tell whether query and conditions are all true."""
        return self.verdict is True

    @property
    def matches_in(self) -> str | None:
        """Return how long it is until the order matches (`5h12m`), None where it does or time alone brings nothing."""
        return None if self.coming is None else format_wait(self.coming.wait)

    def document(self) -> dict[str, Any]:
        """Return what `explain --json` prints."""
        words: dict[Verdict, str] = {True: "true", False: "false", None: "unknown"}
        told = {
            "rule": self.rule,
            "order_id": self.order_id,
            "matched": self.matched,
            "verdict": words[self.verdict],
            "trace": [_node(one) for one in self.trace],
            "vetoes": [held_document(one) for one in self.vetoes],
            "matches_in": self.matches_in,
            "unless": list(self.coming.unless) if self.coming else [],
            "stays": list(self.coming.stays) if self.coming else [],
            "then_held": held_document(self.coming.held) if self.coming and self.coming.held else None,
            "excluded_by": list(self.excluded_by),
            "conflicts": [held_document(one) for one in self.conflicts],
            "limits": [held_document(one) for one in self.limits],
            "owner": self.owner,
            "change": None if self.change is None else dict(self.change),
            "now": self.now,
        }
        return told if self.past is None else {**told, "run": dict(self.past)}


def _node(trace: Trace) -> dict[str, Any]:
    """Return one node of the tree, with its parts even where it has none."""
    return {**trace_document(trace), "children": [_node(one) for one in trace.children]}


# --- reading one order ----------------------------------------------------------------------------------


def find_orders(order_id: str, program: Program, reader: Reader) -> dict[Source, Order]:
    """Read the order of that reference, or id, once from each source that the rules read.

    A source that cannot be read does not stand in the way of another that has the order; where none has, its
    `ReadError` or `CredentialError` is raised.
    """
    found: dict[Source, Order] = {}
    failure: ReadError | CredentialError | None = None
    for source in dict.fromkeys(one.rule.source for one in program.rules):
        alike = [one for one in program.rules if one.rule.source == source]
        try:
            order = _find(order_id, source, alike, reader)
        except (ReadError, CredentialError) as error:
            failure = failure or error
            continue
        if order is not None:
            found[source] = order
    if failure is not None and not found:
        raise failure
    return found


def _find(
    order_id: str,
    source: Source,
    rules: Sequence[CompiledRule],
    reader: Reader,
    filters: Mapping[str, str] | None = None,
) -> Order | None:
    params: dict[str, str] = {}
    if not source.store:
        wanted = frozenset[str]().union(*(one.reads for one in rules))
        columns = columns_for(wanted, contract.FIELDS["orders"])
        params = {"order_id": order_id, **(filters or {}), "columns": columns}
    scan = Scan(source, params, tuple(one.rule.name for one in rules))
    for page in fetch(scan, reader, contradicts(scan)):
        for order in page.orders:
            if order_id in {reference(order), order_key(order)}:
                return order
    return None


def ask_untestable(
    order_id: str, program: Program, orders: Mapping[Source, Order], reader: Reader
) -> dict[str, dict[str, bool]]:
    """Ask Scalev, a request a filter, whether the order passes the filters that no answer shows; raises `ReadError`."""
    return {
        compiled.rule.name: {
            name: _find(order_id, Source(), [compiled], reader, {name: value}) is not None
            for name, value in compiled.untestable(program.now).items()
        }
        for compiled in program.rules
        if Source() in orders and compiled.trusted
    }


# --- explaining -----------------------------------------------------------------------------------------


def explain_orders(
    program: Program,
    orders: Mapping[Source, Order],
    facts: Facts,
    asked: Mapping[str, Mapping[str, bool]] | None = None,
) -> tuple[Explanation, ...]:
    """Explain what every rule makes of one order, each on the order as its source gave it; pure.

    A rule whose source lacks the order gets no explanation. `asked` is what Scalev said of filters that no answer
    shows, by rule.
    """
    heard = asked or {}
    evaluated = Evaluated()
    for scan in program.scans:
        if scan.source in orders:
            absorb(evaluated, program, scan, Page((orders[scan.source],), None, facts.now), facts.mask)
    for name, filters in heard.items():
        if False in filters.values():
            evaluated.matches = {key: one for key, one in evaluated.matches.items() if key[0] != name}
    plan = decide(evaluated, program, Reading((), 0), facts, acting=False, created_at=facts.now)
    return tuple(
        _explain(compiled, orders[compiled.rule.source], facts, plan, heard.get(compiled.rule.name, {}))
        for compiled in program.rules
        if compiled.rule.source in orders
    )


def _explain(
    compiled: CompiledRule, order: Order, facts: Facts, plan: Plan, heard: Mapping[str, bool]
) -> Explanation:
    rule = compiled.rule
    queried, unchecked = satisfies_query(compiled, order, facts.now)
    conditioned = conditions.all_of(rule.conditions, order, facts.now)
    filters = _filters(compiled, order, facts, heard)
    why = reasons(compiled, order, facts.now, facts.mask)
    passed = conjunction((queried, *heard.values()))
    vetoes: tuple[Held, ...] = ()
    if conditioned is True and passed is not False:
        vetoes = tuple(_vetoes(Match(rule.name, order, facts.now, why, unchecked), compiled, facts))
    change = next((one for one in plan.changes if one.rule == rule.name), None)
    mine = [one for one in plan.held if one.rule == rule.name]
    verdict = conjunction((passed, conditioned))
    return Explanation(
        rule=rule.name,
        order_id=reference(order),
        verdict=verdict,
        trace=(*filters, *why),
        vetoes=vetoes,
        change=None if change is None else masked(change.set, facts.mask, change.personal),
        coming=None if verdict is True or False in heard.values() else _coming(compiled, order, facts),
        excluded_by=tuple(name for name, one in zip(rule.query, filters, strict=True) if one.result is False),
        conflicts=tuple(one for one in plan.held if one.code in OF_OTHER_RULES) if verdict is True else (),
        limits=tuple(one for one in mine if one.code in ABOUT_LIMITS),
        owner=next((one.rule for one in plan.changes), None),
        now=facts.now,
    )


def _filters(
    compiled: CompiledRule, order: Order, facts: Facts, heard: Mapping[str, bool]
) -> tuple[Trace, ...]:
    """Trace the query, with what Scalev said of filters that no answer shows."""
    traces = query_trace(compiled, order, facts.now, facts.mask)
    return tuple(
        replace(one, saw=N_("as Scalev says"), result=heard[name]) if name in heard else one
        for name, one in zip(compiled.rule.query, traces, strict=True)
    )


def _vetoes(match: Match, compiled: CompiledRule, facts: Facts) -> Iterator[Held]:
    """Yield what keeps a match from its change, one after the other, as if each before it had been lifted."""
    while isinstance(result := propose(match, compiled, facts), Held):
        yield result
        if result.code in LIFTABLE:
            allow = compiled.rule.allow | {result.code}
            compiled = replace(compiled, rule=replace(compiled.rule, allow=allow))
        elif result.code == "on_hold":
            facts = replace(facts, history=replace(facts.history, holds={}))
        elif result.code == "unsettled":
            facts = replace(facts, history=replace(facts.history, unsettled=frozenset()))
        elif result.code == "protected":
            facts = replace(facts, protect=())
        else:
            return


# --- when it will match ---------------------------------------------------------------------------------


def _coming(compiled: CompiledRule, order: Order, facts: Facts) -> Coming | None:
    """Return when the order matches if nothing but time changes, None where that brings nothing."""
    wait = _wait(compiled, order, facts.now)
    if wait is None:
        return None
    later = replace(facts, now=facts.now + wait + _INSTANT)
    _, unchecked = satisfies_query(compiled, order, later.now)
    match = Match(compiled.rule.name, order, later.now, (), unchecked)
    return Coming(
        wait=wait,
        unless=tuple(_unless(compiled, order)),
        stays=tuple(_stays(compiled, order, facts)),
        held=next(_vetoes(match, compiled, later), None),
    )


def _wait(compiled: CompiledRule, order: Order, now: datetime) -> timedelta | None:
    waits = [
        wait
        for start in (now, *_turns(compiled, order, now))
        if (wait := _wait_from(start, compiled, order, now)) is not None
    ]
    return min(waits, default=None)


def _wait_from(start: datetime, compiled: CompiledRule, order: Order, now: datetime) -> timedelta | None:
    """Return the wait for the first match after an instant from which on the query lets the order through."""
    if satisfies_query(compiled, order, start)[0] is not True:
        return None
    wanted = compiled.rule.conditions
    if conditions.all_of(wanted, order, start) is True:
        return start - now
    wait = conditions.matches_in(wanted, order, start)
    if wait is None or satisfies_query(compiled, order, start + wait + _INSTANT)[0] is not True:
        return None
    return start + wait - now


def _turns(compiled: CompiledRule, order: Order, now: datetime) -> Iterator[datetime]:
    """Yield the instants to come at which a filter such as `shipped_time_until: 14d ago` may turn true."""
    for name, values in compiled.rule.query.items():
        for path in contract.PARAMETERS[name].checks:
            happened = read(find(order, path), compiled.fields[path]) if path in compiled.fields else None
            for value in values:
                if isinstance(value, Ago) and isinstance(happened, datetime):
                    # filters count in whole seconds
                    for turn in reached(happened, value.distance):
                        whole = turn.replace(microsecond=0) + _SECOND
                        yield from (one for one in (turn, whole) if one > now)


def _unless(compiled: CompiledRule, order: Order) -> Iterator[str]:
    """Say the usual ways in which an order that would match comes not to."""
    rule = compiled.rule
    cancels = rule.action.get("status") == "canceled"
    asked = {path for name in rule.query for path in contract.PARAMETERS[name].checks}
    asked |= {path for one in rule.conditions for path in conditions.reads(one)}
    payment = order.get("payment_status")
    may_be_paid = not (isinstance(payment, str) and payment in PAID)
    if may_be_paid and ("payment_status" in asked or (cancels and "paid" not in rule.allow)):
        yield N_("paid")
    for path, words in (
        ("transferproof_url", N_("given a transfer proof")),
        ("shipment_receipt", N_("given a shipment receipt")),
    ):
        veto = path.replace("transferproof_url", "transfer_proof")
        must_lack = _asked_for_null(compiled, path) or (cancels and veto not in rule.allow)
        if must_lack and is_null(find(order, path)):
            yield words
    if "status" in asked and isinstance(status := order.get("status"), str):
        yield said("moved from `%(status)s`", status=status)


def _asked_for_null(compiled: CompiledRule, path: str) -> bool:
    return any(
        isinstance(one, Test) and one.field == path and one.operator == "exists" and one.operand is False
        for one in compiled.rule.conditions
    )


def _stays(compiled: CompiledRule, order: Order, facts: Facts) -> Iterator[str]:
    """Name the filters and conditions that are true now and must be so then."""
    traces = (
        *query_trace(compiled, order, facts.now, facts.mask),
        *reasons(compiled, order, facts.now, facts.mask),
    )
    yield from (one.condition.removeprefix("query ") for one in traces if one.result is True)


# --- from the record ------------------------------------------------------------------------------------


def recall(
    rule: str,
    order_id: str,
    traces: Iterable[Trace],
    *,
    held: Iterable[Held] = (),
    change: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    past: Mapping[str, Any],
) -> Explanation:
    """Return the explanation of a decision as the record has it: what was decided on had matched."""
    return Explanation(
        rule=rule,
        order_id=order_id,
        verdict=True,
        trace=tuple(traces),
        vetoes=tuple(held),
        change=change,
        owner=None if change is None else rule,
        now=at,
        past=past,
    )
