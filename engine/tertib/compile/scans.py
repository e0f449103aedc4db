"""Find the scans that cover all rules in the fewest pages, and say what each of them saves.

Equal queries are read once, and one that lies within another is read with it: that never costs a page more. A wider scan
that no rule asked for, and several narrow ones in place of one, are chosen only where all their sizes are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from tertib.compile.queries import Need, Query, contains, covers, is_checkable, join
from tertib.compile.rules import CompiledRule
from tertib.compile.sizes import Gauge
from tertib.compile.splits import halves, split_longest

_WORTH_COUNTING = 5
_MOST_COUNTED = 2
_MOST_JOINED = 60
_MOST_WATCHED = 60

_STATISTICS = frozenset({"status", "payment_status", "shipped_time_since", "shipped_time_until"})
"""The filters whose count by the statistics endpoint can be relied on; it documents others, of ids and searches."""


@dataclass(frozen=True, slots=True)
class Shared:
    """One scan and the needs that it serves.

    `pages` is how many it should take, `apart` how many the same rules would take each by itself; None where that
    is not known. `watched` are narrower queries whose sizes reading it will show.
    """

    query: Query
    needs: tuple[Need, ...]
    pages: int | None
    apart: int | None
    watched: tuple[Query, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """Name the rules that are judged on this scan's orders."""
        return tuple(dict.fromkeys(one.rule for one in self.needs))

    @property
    def starts_from(self) -> frozenset[str] | None:
        """Return the statuses that its rules start from, None for all of them."""
        statuses = [one.query.params.get("status") for one in self.needs]
        return None if None in statuses else frozenset(status for status in statuses if status is not None)


def arrange(rules: Sequence[CompiledRule], gauge: Gauge, threads: int) -> tuple[Shared, ...]:
    """Return the scans that bring every match of every rule, in the order of the rules that first need them."""
    needs = _Needs(one for rule in rules for one in rule.needs())
    best = _merged(needs, gauge)
    finer = _finer(needs, best, {one.rule.name: one for one in rules}, gauge)
    if finer:
        needs = _Needs(part for one in needs for part in finer.get(one, (one,)))
        best = _merged(needs, gauge)
    whole = {query: shared for query in best for shared in [_shared(query, needs, best, gauge)]}
    parts = split_longest(best, gauge, threads)
    pool = _pool(rules, needs, gauge)
    return tuple(_watching(_part(query, whole[origin], gauge), pool, gauge) for query, origin in parts)


def _part(query: Query, whole: Shared, gauge: Gauge) -> Shared:
    return whole if query == whole.query else replace(whole, query=query, pages=gauge.pages(query))


class _Needs:
    """All needs of a program, and which of them a query would serve; each query's are worked out once."""

    def __init__(self, needs: Iterable[Need]) -> None:
        self._all = tuple(needs)
        self._served: dict[Query, tuple[Need, ...]] = {}

    def __iter__(self) -> Iterator[Need]:
        return iter(self._all)

    def served_by(self, query: Query) -> tuple[Need, ...]:
        """Return the needs that a query would serve."""
        if query not in self._served:
            self._served[query] = tuple(one for one in self._all if covers(query, one))
        return self._served[query]

    def replaces(self, scan: Query, query: Query) -> bool:
        """Tell whether a scan serves everything that another was to be read for."""
        return contains(scan, query) and all(covers(scan, one) for one in self.served_by(query))


# --- merging --------------------------------------------------------------------------------------------


def _merged(needs: _Needs, gauge: Gauge) -> list[Query]:
    """Return the queries to read: those within others left out, and those joined that are fewer pages together."""
    current = _outermost(needs)
    while (better := _best_join(current, needs, gauge)) is not None:
        current = [better, *(query for query in current if not needs.replaces(better, query))]
    return current


def _outermost(needs: _Needs) -> list[Query]:
    queries = list(dict.fromkeys(one.query for one in needs))
    return [
        query
        for query in queries
        if not any(other != query and needs.replaces(other, query) for other in queries)
    ]


def _best_join(current: Sequence[Query], needs: _Needs, gauge: Gauge) -> Query | None:
    """Return the wider query that saves the most pages, None where none is known to save any."""
    best, most = None, 0
    for wide in _joins(current) if gauge.knows_any else ():
        pages = gauge.at_most([wide])
        if pages is None:
            continue
        replaced = gauge.total(query for query in current if needs.replaces(wide, query))
        if replaced is not None and replaced - pages > most:
            best, most = wide, replaced - pages
    return best


def _joins(queries: Sequence[Query]) -> list[Query]:
    """Return what pairs of queries have in common, where it is none of them."""
    pairs = (join(one, other) for one, other in combinations(queries, 2) if one.source == other.source)
    given = set(queries)
    return [wide for wide in dict.fromkeys(pairs) if wide not in given]


# --- lists of values ------------------------------------------------------------------------------------


def _finer(
    needs: _Needs, scans: Sequence[Query], rules: Mapping[str, CompiledRule], gauge: Gauge
) -> dict[Need, tuple[Need, ...]]:
    """Return what is better read value by value: needs for whose sake alone a scan takes more pages than they would."""
    found: dict[Need, tuple[Need, ...]] = {}
    for scan in scans if gauge.knows_any else ():
        local = needs.served_by(scan)
        wide = {one: rules[one.rule].finer(one) for one in local if one.query == scan}
        if not wide or not all(wide.values()):
            continue
        # Another rule's lists in the same scan may be read so too, where the scan then is not needed for it.
        trial = {**{one: parts for one in local if (parts := rules[one.rule].finer(one))}, **wide}
        for chosen in (wide, trial):
            cut_up = _Needs(part for one in local for part in chosen.get(one, (one,)))
            if _is_fewer(gauge.at_most(_merged(cut_up, gauge)), gauge.pages(scan)):
                found.update(chosen)
                break
    return found


def _is_fewer(pages: int | None, than: int | None) -> bool:
    return pages is not None and than is not None and pages < than


# --- what one scan stands for ---------------------------------------------------------------------------


def _shared(query: Query, needs: _Needs, scans: Sequence[Query], gauge: Gauge) -> Shared:
    """Return a scan with the needs that it serves."""
    mine = tuple(one for one in needs.served_by(query) if _server(one, scans) == query)
    # What one rule needs twice, it would read once.
    alone = dict.fromkeys((one.rule, one.query) for one in mine)
    return Shared(query, mine, gauge.pages(query), gauge.total(own for _, own in alone))


def _server(one: Need, scans: Sequence[Query]) -> Query:
    """Return the one scan that serves a need: its own, else the narrowest, so that a scan lost holds few rules."""
    serving = [scan for scan in scans if covers(scan, one)]
    return one.query if one.query in serving else max(serving, key=lambda scan: len(scan.filters))


# --- learning sizes -------------------------------------------------------------------------------------


def _pool(rules: Sequence[CompiledRule], wanted: Iterable[Need], gauge: Gauge) -> tuple[Query, ...]:
    """Return the queries whose sizes could make a later run cheaper."""
    own = dict.fromkeys(one.query for rule in rules for one in rule.needs())
    finer = (one.query for rule in rules for one in (*rule.finer_needs(), *rule.possible_needs(gauge.now)))
    known = tuple(dict.fromkeys((*(one.query for one in wanted), *own, *finer)))
    return (*known, *(_joins(tuple(own)) if len(own) <= _MOST_JOINED else ()))


def _watching(one: Shared, pool: Sequence[Query], gauge: Gauge) -> Shared:
    parts = (part for pair in halves(one.query, gauge.now) for part in pair)
    watched = dict.fromkeys(query for query in (*parts, *pool) if _shows(one.query, query))
    return replace(one, watched=tuple(watched)[:_MOST_WATCHED])


def _shows(scan: Query, query: Query) -> bool:
    """Tell whether the orders of a scan show how many of them another query would return."""
    return (
        query != scan
        and query.created_since == scan.created_since
        and contains(scan, query)
        and all(is_checkable(*one) for one in query.filters - scan.filters)
    )


def worth_counting(rules: Sequence[CompiledRule], scans: Sequence[Shared], gauge: Gauge) -> tuple[Query, ...]:
    """Return the few queries whose count by the statistics endpoint should save more requests than it takes."""
    shares = [query for rule in rules for query in _share_to_count(rule, gauge)]
    current, needs = [one.query for one in scans], _Needs(one for shared in scans for one in shared.needs)
    unknown = [wide for wide in _joins(current) if _is_countable(wide) and gauge.pages(wide) is None]
    savings = {wide: _most_saved(wide, current, needs, gauge) for wide in unknown}
    worth = [wide for wide, pages in savings.items() if pages >= _WORTH_COUNTING]
    worth.sort(key=lambda wide: savings[wide], reverse=True)
    return (*shares, *worth[:_MOST_COUNTED])


def _most_saved(wide: Query, current: Sequence[Query], needs: _Needs, gauge: Gauge) -> int:
    """Return how many pages a wider scan could save at most; 0 where it would serve a single rule.

    It has at least the orders of the largest scan that it replaces, of each status that they are from.
    """
    replaced = [query for query in current if needs.replaces(wide, query)]
    if len({one.rule for query in replaced for one in needs.served_by(query)}) < 2:  # noqa: PLR2004 - shared
        return 0
    largest: dict[str | None, int] = {}
    for query in replaced:
        status = query.params.get("status")
        largest[status] = max(largest.get(status, 0), gauge.pages(query) or 1)
    return sum(gauge.pages(query) or 1 for query in replaced) - sum(largest.values())


def _share_to_count(rule: CompiledRule, gauge: Gauge) -> Iterator[Query]:
    """Yield the query of a rule that limits its share, where counting lets its conditions save more pages."""
    if rule.rule.limits.share is None or len(rule.alternatives) != 1 or rule.satisfied is not None:
        return
    written = rule.needs()[0].query
    wide = gauge.pages(written)
    narrow = gauge.total(one.query for one in rule.possible_needs(gauge.now))
    if _is_countable(written) and wide is not None and narrow is not None and narrow + 1 < wide:
        yield written


def _is_countable(query: Query) -> bool:
    return query.source.store is None and {name for name, _ in query.filters} <= _STATISTICS
