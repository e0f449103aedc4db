"""Explain what one rule makes of one order: its query, its conditions, the vetoes, and when it would match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tertib.compile import CompiledRule, columns_for
from tertib.evaluate import contradicts, order_key, query_trace, reasons, reference, satisfies_query
from tertib.fetch import fetch
from tertib.language import conditions
from tertib.language.durations import format_duration
from tertib.language.kleene import conjunction
from tertib.model import Change, Held, Match, Order, Scan, Source, Trace, Verdict
from tertib.plan.propose import propose
from tertib.plan.vetoes import Facts
from tertib.ports import Reader
from tertib.record import held_document, masked, trace_document
from tertib.scalev import contract


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule's verdict on an order, and everything that it rests on."""

    rule: str
    order_id: str | None
    verdict: Verdict
    trace: tuple[Trace, ...]
    vetoes: tuple[Held, ...] = ()
    change: dict[str, Any] | None = None
    matches_in: str | None = None

    @property
    def matched(self) -> bool:
        """Tell whether query and conditions are all true."""
        return self.verdict is True

    def document(self) -> dict[str, Any]:
        """Return what `explain --json` prints."""
        words: dict[Verdict, str] = {True: "true", False: "false", None: "unknown"}
        return {
            "rule": self.rule,
            "order_id": self.order_id,
            "matched": self.matched,
            "verdict": words[self.verdict],
            "trace": [trace_document(one) for one in self.trace],
            "vetoes": [held_document(one) for one in self.vetoes],
            "change": self.change,
            "matches_in": self.matches_in,
        }


def find_order(order_id: str, compiled: CompiledRule, reader: Reader) -> Order | None:
    """Read the order that goes by this reference, or this id where it is no reference; None where there is none."""
    if compiled.rule.source.store:
        scan = Scan(compiled.rule.source, {}, (compiled.rule.name,))
    else:
        columns = columns_for(compiled.reads, contract.FIELDS["orders"])
        scan = Scan(Source(), {"order_id": order_id, "columns": columns}, (compiled.rule.name,))
    for page in fetch(scan, reader, contradicts(scan)):
        for order in page.orders:
            if order_id in (reference(order), order_key(order)):
                return order
    return None


def explain_order(compiled: CompiledRule, order: Order, facts: Facts) -> Explanation:
    """Explain a rule's verdict on an order as it was read; pure."""
    rule = compiled.rule
    queried, unchecked = satisfies_query(compiled, order, facts.now)
    conditioned = conjunction(conditions.evaluate(one, order, facts.now) for one in rule.conditions)
    verdict = conjunction((queried, conditioned))
    why = reasons(compiled, order, facts.now, facts.mask)
    wait = None
    if queried is True and verdict is not True:
        wait = conditions.matches_in(rule.conditions, order, facts.now)
    proposed = None
    if conditioned is True and queried is not False:
        match = Match(rule.name, order, facts.now, why, unchecked)
        proposed = propose(match, compiled, facts)
    return Explanation(
        rule=rule.name,
        order_id=reference(order),
        verdict=verdict,
        trace=(*query_trace(compiled, order, facts.now, facts.mask), *why),
        vetoes=(proposed,) if isinstance(proposed, Held) else (),
        change=masked(proposed.set, facts.mask, proposed.personal) if isinstance(proposed, Change) else None,
        matches_in=None if wait is None else format_duration(wait),
    )
