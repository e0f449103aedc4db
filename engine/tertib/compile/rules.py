"""One rule with what running it needs, at one `now`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import product
from zoneinfo import ZoneInfo

from tertib.compile.pushdown import Pushdown, as_written, push_down
from tertib.compile.queries import Need, Query, narrowed, need
from tertib.compile.sent import as_sent
from tertib.compile.sizes import Sizes
from tertib.language import conditions, templates
from tertib.model import Field, Recheck, Rule, Settings
from tertib.scalev import contract

VETO_FIELDS = ("status", "payment_status", "transferproof_url", "shipment_receipt")
"""What every veto reads, whatever the rule asks for."""

SHOWN_FIELDS = ("order_id", "gross_revenue", "customer.name", "created_at")
"""What a plan shows of every order, and counts."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with what running it needs: its field table, the field paths it reads, the filters it pushes down.

    `zone` is the shop's, in which reasons show times. `satisfied` is how many orders its query returns, where the
    statistics said so and a share of them is limited.
    """

    rule: Rule
    fields: Mapping[str, Field]
    reads: frozenset[str]
    pushdown: Pushdown
    alternatives: tuple[Mapping[str, str], ...]
    zone: tzinfo | None = None
    satisfied: int | None = None

    @property
    def pushed(self) -> Mapping[str, str]:
        """Return the filters that always narrow the query."""
        return self.pushdown.filters

    @property
    def trusted(self) -> tuple[str, ...]:
        """Name the rule's filters that nothing in an answer can show to have been heeded."""
        return tuple(name for name in self.rule.query if contract.PARAMETERS[name].recheck is Recheck.NONE)

    def untestable(self, now: datetime) -> Mapping[str, str]:
        """Return those filters as sent, where each has one value: a re-read of one order sends them too."""
        return {
            name: as_sent(self.rule.query[name][0], now)
            for name in self.trusted
            if len(self.rule.query[name]) == 1
        }

    def needs(self) -> tuple[Need, ...]:
        """Return the queries that together bring every match: one an alternative of the query."""
        return tuple(self._needs(self.pushdown))

    def finer(self, wide: Need) -> tuple[Need, ...]:
        """Return what may stand in for one of the rule's needs: a narrower one a value of its conditions' lists."""
        names = tuple(self.pushdown.choices)
        values = product(*self.pushdown.choices.values()) if names else ()
        queries = (narrowed(wide.query, dict(zip(names, one, strict=True))) for one in values)
        return tuple(need(self.rule.name, query, self.rule.trust) for query in queries)

    def finer_needs(self) -> tuple[Need, ...]:
        """Return such narrower needs in place of all of the rule's needs; none where its conditions have no lists."""
        return tuple(one for wide in self.needs() for one in self.finer(wide))

    def possible_needs(self, now: datetime) -> tuple[Need, ...]:
        """Return what the rule would need if its share were counted elsewhere; what it needs where none is limited."""
        return tuple(self._needs(push_down(self.rule, now)))

    def _needs(self, pushdown: Pushdown) -> Iterator[Need]:
        for alternative in self.alternatives:
            sent = {} if self.rule.source.store else {**pushdown.filters, **alternative}
            query = Query(self.rule.source, frozenset(sent.items()), pushdown.created_since)
            yield need(self.rule.name, query, self.rule.trust)


def compile_rule(rule: Rule, settings: Settings, sizes: Sizes, now: datetime) -> CompiledRule:
    """Compile one rule; a share of what its query returns is counted by reading unless `sizes` has the count."""
    alternatives = tuple(_alternatives(rule, now))
    satisfied = _counted(rule, alternatives, sizes, now)
    whole = rule.limits.share is not None and satisfied is None
    return CompiledRule(
        rule=rule,
        fields=contract.FIELDS[rule.source.name],
        reads=frozenset(_reads(rule, settings)),
        pushdown=as_written(rule) if whole else push_down(rule, now),
        alternatives=alternatives,
        zone=ZoneInfo(settings.timezone),
        satisfied=satisfied,
    )


def _counted(
    rule: Rule, alternatives: tuple[Mapping[str, str], ...], sizes: Sizes, now: datetime
) -> int | None:
    """Return what the statistics count for a query as written; alternatives could overlap, so for one only."""
    if rule.limits.share is None or rule.source.store is not None or len(alternatives) != 1:
        return None
    return sizes.counted.get(Query(rule.source, frozenset(alternatives[0].items())).key(now))


def _reads(rule: Rule, settings: Settings) -> Iterator[str]:
    yield from VETO_FIELDS
    yield from SHOWN_FIELDS
    for condition in (*rule.conditions, *settings.protect):
        yield from conditions.reads(condition)
    for parameter in rule.query:
        yield from contract.PARAMETERS[parameter].checks
    for name, value in rule.action.items():
        if path := contract.ACTION_FIELDS[name].reads_as:
            yield path
        if isinstance(value, str) and templates.is_template(value):
            yield from templates.reads(value)


def _alternatives(rule: Rule, now: datetime) -> Iterator[dict[str, str]]:
    """Yield what is sent for every combination of the query's lists: a list is a union of scans."""
    names = tuple(rule.query)
    for values in product(*rule.query.values()):
        yield {name: as_sent(value, now) for name, value in zip(names, values, strict=True)}
