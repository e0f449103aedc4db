"""Turn rules into a program: the scans that cover them, what each must read, and the filters that are sent.

Pure: `now` is an argument, and nothing here knows a network. A condition becomes a filter only where the filter
returns a superset of what the condition matches; every condition is evaluated again on what came back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from tertib.compile.deciding import Deciding
from tertib.compile.queries import Query
from tertib.compile.rules import SHOWN_FIELDS, VETO_FIELDS, CompiledRule, compile_rule
from tertib.compile.scans import Shared, arrange, worth_counting
from tertib.compile.sent import as_sent, columns_for
from tertib.compile.sizes import Gauge, Sizes
from tertib.model import Condition, Rule, Scan, Settings, Source
from tertib.scalev import contract

__all__ = [
    "SHOWN_FIELDS",
    "VETO_FIELDS",
    "CompiledRule",
    "Deciding",
    "Program",
    "Query",
    "Shared",
    "Sizes",
    "as_sent",
    "columns_for",
    "compile_rules",
]


@dataclass(frozen=True)  # without slots: what is built is kept in the instance
class Program:
    """All rules of one run, compiled together at one `now`.

    `shared` says of each scan what it stands for, in the same order. `worth_counting` are queries whose count by the
    statistics endpoint should save more requests than it takes. How orders are decided is worked out when it is first
    asked for, by one thread: scans may be read by several.
    """

    rules: tuple[CompiledRule, ...]
    scans: tuple[Scan, ...]
    protect: tuple[Condition, ...]
    now: datetime
    shared: tuple[Shared, ...] = ()
    worth_counting: tuple[Query, ...] = ()

    def rule(self, name: str) -> CompiledRule:
        """Return a compiled rule by its name; KeyError where the program has none of that name."""
        return self._by_name[name]

    def deciding(self, source: Source) -> Deciding:
        """Return how the orders of a source are read and decided, by all of the program's rules that read it."""
        return self._by_source[source]

    @cached_property
    def _by_name(self) -> Mapping[str, CompiledRule]:
        return {compiled.rule.name: compiled for compiled in self.rules}

    @cached_property
    def _by_source(self) -> Mapping[Source, Deciding]:
        return {
            source: Deciding(
                rules=tuple(one for one in self.rules if one.rule.source == source),
                protect=self.protect,
                filters=frozenset(self._filters(source)),
                fields=contract.FIELDS[source.name],
            )
            for source in dict.fromkeys(one.rule.source for one in self.rules)
        }

    def _filters(self, source: Source) -> Iterator[str]:
        """Yield the filters that the orders of a source are checked by again: sent ones, written ones, counted ones."""
        for compiled in self.rules:
            if compiled.rule.source == source:
                yield from compiled.rule.query
        for scan in self.scans:
            if scan.source == source:
                yield from (name for name in scan.params if name in contract.PARAMETERS)
        for shared in self.shared:
            yield from (name for query in shared.watched for name, _ in query.filters)


def compile_rules(
    rules: Iterable[Rule], settings: Settings, now: datetime, sizes: Sizes | None = None
) -> Program:
    """Compile enabled rules into one program whose scans cover them all, in the fewest pages that `sizes` let know."""
    known = sizes or Sizes()
    compiled = tuple(compile_rule(rule, settings, known, now) for rule in rules if rule.enabled)
    gauge = Gauge(known, now)
    shared = arrange(compiled, gauge, settings.concurrency)
    return Program(
        rules=compiled,
        scans=tuple(_scan(one, compiled) for one in shared),
        protect=settings.protect,
        now=now,
        shared=shared,
        worth_counting=worth_counting(compiled, shared, gauge),
    )


def _scan(shared: Shared, rules: Iterable[CompiledRule]) -> Scan:
    """Return a scan as it is sent, with the columns that all of its rules read."""
    names = shared.rules
    params = shared.query.params
    if shared.query.source.store is None:
        reads = frozenset[str]().union(*(one.reads for one in rules if one.rule.name in names))
        params["columns"] = columns_for(reads, contract.FIELDS["orders"])
    return Scan(
        source=shared.query.source,
        params=params,
        rules=names,
        starts_from=shared.starts_from,
        created_since=shared.query.created_since,
    )
