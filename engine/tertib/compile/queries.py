"""Queries as sets of filters: which returns all of another, what two have in common, and what each is known by.

A scan may stand in for a narrower query only where everything that it sends less can be checked here exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tertib.model import Recheck, Source
from tertib.scalev import contract

_TIMES: Final = ("_since", "_until")
_HOUR: Final = timedelta(hours=1)
_HOURS_SHOWN: Final = 72


@dataclass(frozen=True, slots=True)
class Query:
    """What one walk through an endpoint asks for, without columns; older orders than `created_since` do not matter."""

    source: Source
    filters: frozenset[tuple[str, str]] = frozenset()
    created_since: datetime | None = None

    @property
    def params(self) -> dict[str, str]:
        """Return the filters by name."""
        return dict(sorted(self.filters))

    @property
    def is_timed(self) -> bool:
        """Tell whether the query has a bound on any time."""
        return self.created_since is not None or any(name.endswith(_TIMES) for name, _ in self.filters)

    def key(self, now: datetime) -> str:
        """Name the query so that the same one is known again in a later run: times by their age."""
        parts = [f"{name}={_aged(name, value, now)}" for name, value in sorted(self.filters)]
        if self.created_since is not None:
            parts.append(f"created_at>{_age(self.created_since, now)}")
        return f"{self.source.store or ''}?{'&'.join(parts)}"


@dataclass(frozen=True, slots=True)
class Need:
    """One query that a rule must see all orders of. The filters in `fixed` must be sent exactly so."""

    rule: str
    query: Query
    fixed: frozenset[tuple[str, str]] = frozenset()


def need(rule: str, query: Query, trust: Iterable[str]) -> Need:
    """Return a rule's need; what it trusts, and what cannot be checked here exactly, is fixed."""
    trusted = frozenset(trust)
    fixed = {one for one in query.filters if one[0] in trusted or not is_checkable(*one)}
    return Need(rule, query, frozenset(fixed))


def is_checkable(name: str, value: str) -> bool:
    """Tell whether an order shows exactly whether it satisfies a filter, so that it need not be sent."""
    if name == "payment_method":
        # `va` may stand for other values too, depending on the contract: only Scalev knows which.
        return value != "va"
    return contract.PARAMETERS[name].recheck is Recheck.EXACT


def covers(scan: Query, needed: Need) -> bool:
    """Tell whether a scan returns every order that a need is about, in a way that can be checked here."""
    return needed.fixed <= scan.filters and contains(scan, needed.query)


def contains(outer: Query, inner: Query) -> bool:
    """Tell whether one query returns all that another does."""
    # the cheap test first: hundreds of rules are compared pair by pair
    if len(outer.filters) > len(inner.filters) or outer.source != inner.source:
        return False
    if not _begins_before(outer, inner):
        return False
    further = outer.filters - inner.filters
    if not all(name.endswith(_TIMES) for name, _ in further):
        return False
    narrow = dict(inner.filters) if further else {}
    return all(name in narrow and _wider(name, value, narrow[name]) == value for name, value in further)


def join(one: Query, other: Query) -> Query:
    """Return the narrowest query that contains both."""
    if not (one.is_timed and other.is_timed):
        return Query(one.source, one.filters & other.filters)
    first, second = dict(one.filters), dict(other.filters)
    common = {
        name: _wider(name, value, second[name])
        for name, value in first.items()
        if name in second and (value == second[name] or name.endswith(_TIMES))
    }
    begins = (one.created_since, other.created_since)
    since = None if None in begins else min(begin for begin in begins if begin is not None)
    return Query(one.source, frozenset(common.items()), since)


def narrowed(query: Query, filters: Mapping[str, str]) -> Query:
    """Return a query with further filters, in place of those of the same names."""
    return Query(query.source, frozenset({**dict(query.filters), **filters}.items()), query.created_since)


def _begins_before(outer: Query, inner: Query) -> bool:
    if outer.created_since is None:
        return True
    return inner.created_since is not None and outer.created_since <= inner.created_since


def _wider(name: str, one: str, other: str) -> str:
    # Times are all spelled alike, in UTC and to the second, so that their texts are ordered as they are.
    return min(one, other) if name.endswith("_since") else max(one, other)


def _aged(name: str, value: str, now: datetime) -> str:
    return _age(datetime.fromisoformat(value), now) if name.endswith(_TIMES) else value


def _age(instant: datetime, now: datetime) -> str:
    hours = round((now - instant.astimezone(UTC)) / _HOUR)
    return f"{hours}h" if abs(hours) <= _HOURS_SHOWN else f"{round(hours / 24)}d"
