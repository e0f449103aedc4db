"""Conditions as alternatives: every way in which they can come out as wanted, with what each leaves open.

A condition is true, false or unknown. What is asked here is always that it be true, or that it be false; both need
the fields that it compares to be known, which is why "is not true" is never asked. A way that certainly leaves
nothing is dropped at once, so that no way left means: impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from typing import Any, Final, Protocol, TypeAlias

from tertib.check.domains import Asked, Items, Names, Span, Words
from tertib.language.calendars import before, reached
from tertib.language.operators import NAMED, NUMERIC, TEXTUAL
from tertib.model import (
    Condition,
    Distance,
    Elements,
    Expression,
    FieldRef,
    Group,
    Kind,
    TableKeys,
    Test,
    WorkingDays,
)

MOST: Final = 256
"""Alternatives beyond which nothing is said."""

Key: TypeAlias = tuple[str, str]
"""A field's path and the family of its domain: one path can be asked about as names and as objects."""


class TooMany(Exception):  # noqa: N818 - says what the conditions have too many of
    """Conditions with more alternatives than are looked at: it cannot be told what they come to."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One way in which conditions come out as wanted.

    `nulls` are null or empty text, `present` neither null nor missing; `domains` say what their values can be.
    `tied` are tests against other fields, and expressions: they are only ever tried, never calculated.
    """

    nulls: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    domains: Mapping[Key, Any] = field(default_factory=dict)
    tied: tuple[tuple[Test | Expression, bool], ...] = ()

    def meet(self, other: Branch, now: datetime) -> Branch | None:
        """Return what both describe, None where that is certainly nothing."""
        nulls, present = self.nulls | other.nulls, self.present | other.present
        if not nulls.isdisjoint(present) or (self.tied and _denies(self.tied, other.tied)):
            return None
        domains = dict(self.domains)
        for key, domain in other.domains.items():
            known = domains.get(key)
            if known is None:
                domains[key] = domain
            elif known != domain:
                both = known.meet(domain)
                if both.empty() or (isinstance(both, Items) and _no_items(both, now)):
                    return None
                domains[key] = both
        return Branch(nulls, present, domains, tuple(dict.fromkeys(self.tied + other.tied)))

    def without(self, paths: Callable[[str], bool]) -> Branch:
        """Return the branch with nothing said of some paths."""
        return Branch(
            frozenset(path for path in self.nulls if not paths(path)),
            frozenset(path for path in self.present if not paths(path)),
            {key: domain for key, domain in self.domains.items() if not paths(key[0])},
            tuple((atom, wanted) for atom, wanted in self.tied if not any(map(paths, _reads(atom)))),
        )

    @property
    def exact(self) -> bool:
        """Tell whether everything about it was calculated."""
        return not self.tied


def _denies(
    tied: tuple[tuple[Test | Expression, bool], ...], others: tuple[tuple[Test | Expression, bool], ...]
) -> bool:
    """Tell whether what is tried in one branch is to fail in the other."""
    return any((atom, not wanted) in tied for atom, wanted in others)


def _reads(atom: Test | Expression) -> tuple[str, ...]:
    if isinstance(atom, Expression):
        return atom.reads
    parts = atom.operand if isinstance(atom.operand, tuple) else (atom.operand,)
    return (atom.field, *(part.path for part in parts if isinstance(part, FieldRef)))


Branches: TypeAlias = tuple[Branch, ...]

ANYTHING: Final[Branches] = (Branch(),)


def expand(condition: Condition, now: datetime, *, wanted: bool) -> Branches:
    """Return every way in which a condition has a verdict at `now`; raises `TooMany`."""
    if isinstance(condition, Group):
        if condition.how == "not":
            return _group(condition.children, "all", now, wanted=not wanted)
        return _group(condition.children, condition.how, now, wanted=wanted)
    if isinstance(condition, Elements):
        return _elements(condition, now, wanted=wanted)
    if isinstance(condition, Expression):
        # without its place, so that one expression is one wherever it stands
        return (Branch(tied=((replace(condition, text="", path=()), wanted),)),)
    return _test(condition, now, wanted=wanted)


def all_true(conditions: Iterable[Condition], now: datetime) -> Branches:
    """Return every way in which all conditions are true; raises `TooMany`."""
    return conjoin((expand(condition, now, wanted=True) for condition in conditions), now)


def conjoin(parts: Iterable[Branches], now: datetime) -> Branches:
    """Return every way in which all parts hold; raises `TooMany`."""
    found = ANYTHING
    for part in parts:
        found = tuple(
            both for one, other in product(found, part) if (both := one.meet(other, now)) is not None
        )
        if len(found) > MOST:
            raise TooMany
    return found


def _group(children: Iterable[Condition], how: str, now: datetime, *, wanted: bool) -> Branches:
    parts = [expand(child, now, wanted=wanted) for child in children]
    if (how == "all") is wanted:
        return conjoin(parts, now)
    found = tuple(branch for part in parts for branch in part)
    if len(found) > MOST:
        raise TooMany
    return found


# --- tests ----------------------------------------------------------------------------------------------


def _above(path: str) -> frozenset[str]:
    """Return a path and every path above it."""
    parts = path.split(".")
    return frozenset(".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _known(path: str, family: str, domain: Any) -> Branches:
    if domain.empty():
        return ()
    return (Branch(present=_above(path), domains={(path, family): domain}),)


def _test(test: Test, now: datetime, *, wanted: bool) -> Branches:
    if test.operator == "exists":
        if test.operand is wanted:
            return (Branch(present=_above(test.field)),)
        return (Branch(nulls=frozenset({test.field})),)
    if _refers(test):
        return _tied(test, wanted=wanted)
    if test.operator == "count":
        return _counted(test, wanted=wanted)
    for kinds, translate in _FAMILIES:
        if test.kind in kinds:
            return translate(test, now, wanted=wanted)
    return _tied(test, wanted=wanted)


def _refers(test: Test) -> bool:
    parts = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    return any(isinstance(part, FieldRef) for part in parts)


def _tied(test: Test, *, wanted: bool) -> Branches:
    present = frozenset[str]().union(*map(_above, _reads(test)))
    return (Branch(present=present, tied=((replace(test, text="", path=()), wanted),)),)


def _words(test: Test, now: datetime, *, wanted: bool) -> Branches:
    del now
    usual = _USUAL.get(test.field, ())
    if test.operator in {"eq", "ne", "in", "not_in"}:
        values = test.operand if isinstance(test.operand, tuple | TableKeys) else (test.operand,)
        is_among = (test.operator in {"eq", "in"}) is wanted
        # an empty text is null: no comparison with it is ever true
        among = frozenset(value for value in values if value != "")
        domain = Words(allowed=among, usual=usual) if is_among else Words(denied=among, usual=usual)
        return _known(test.field, "words", domain)
    return _known(test.field, "words", Words(tests=((test, wanted),), usual=usual))


def _flag(test: Test, now: datetime, *, wanted: bool) -> Branches:
    both = Words(allowed=frozenset({True, False}))
    return tuple(
        branch
        for one in _words(test, now, wanted=wanted)
        for branch in _known(test.field, "words", both.meet(one.domains[test.field, "words"]))
    )


def _span(test: Test, now: datetime, *, wanted: bool) -> Branches:
    spans = spans_of(test.operator, test.operand, now, wanted=wanted)
    return tuple(branch for span in spans for branch in _known(test.field, "span", span))


_OPPOSITE: Final = {
    "lt": "gte", "gte": "lt", "gt": "lte", "lte": "gt", "eq": "ne", "ne": "eq", "in": "not_in", "not_in": "in",
    "before": "gte", "after": "lte",
}  # fmt: skip


def spans_of(operator: str, operand: Any, now: datetime, *, wanted: bool) -> tuple[Span, ...]:
    """Return the intervals in which a comparison comes out as wanted."""
    if operator in {"older_than", "newer_than"}:
        bound = before(now, operand)
        if operator == "older_than":
            return spans_of("lt", bound, now, wanted=wanted)
        return spans_of("gt", bound, now, wanted=wanted)
    if operator == "between":
        low, high = operand
        return (
            (Span(low=low, high=high),)
            if wanted
            else (
                Span(high=low, high_open=True),
                Span(low=high, low_open=True),
            )
        )
    name = operator if wanted else _OPPOSITE[operator]
    return (_SPANS[name](operand),)


_SPANS: Final[Mapping[str, Callable[[Any], Span]]] = {
    "lt": lambda bound: Span(high=bound, high_open=True),
    "before": lambda bound: Span(high=bound, high_open=True),
    "lte": lambda bound: Span(high=bound),
    "gt": lambda bound: Span(low=bound, low_open=True),
    "after": lambda bound: Span(low=bound, low_open=True),
    "gte": lambda bound: Span(low=bound),
    "eq": lambda value: Span(allowed=frozenset({value})),
    "ne": lambda value: Span(denied=frozenset({value})),
    "in": lambda values: Span(allowed=frozenset(values)),
    "not_in": lambda values: Span(denied=frozenset(values)),
}


# --- lists ----------------------------------------------------------------------------------------------


def _names(test: Test, now: datetime, *, wanted: bool) -> Branches:
    del now
    several = frozenset(test.operand) if isinstance(test.operand, tuple) else frozenset({test.operand})
    operator, holds = test.operator, wanted
    if operator == "none_of":
        operator, holds = "any_of", not wanted
    if operator == "includes" or len(several) == 1:
        domain = Names(held=several) if holds else Names(barred=several)
    elif operator == "any_of":
        domain = Names(some=frozenset({several})) if holds else Names(barred=several)
    else:
        domain = Names(held=several) if holds else Names(lacking=frozenset({several}))
    return _known(test.field, "names", domain)


def _counted(test: Test, *, wanted: bool) -> Branches:
    """Return the counts that a test leaves; what it says is a conjunction, so its opposite is an alternative."""
    least = Span(low=Decimal(0))
    parts = [spans_of(name, operand, _NO_TIME, wanted=wanted) for name, operand in test.operand]
    ways = product(*parts) if wanted else [(span,) for part in parts for span in part]
    family, kind = ("names", Names) if test.kind in NAMED else (f"items:{test.kind}", Items)
    found: list[Branch] = []
    for way in ways:
        span = least
        for one in way:
            span = span.meet(one)
        found += _known(test.field, family, kind(count=span))
    return tuple(found)


def _elements(condition: Elements, now: datetime, *, wanted: bool) -> Branches:
    """Return what a list of objects must be like: some object one way, or every object the other."""
    if condition.how == "any":
        some, verdict = wanted, wanted
    elif condition.how == "every":
        some, verdict = not wanted, wanted
    else:
        some, verdict = not wanted, not wanted
    asked = ((condition.child, verdict),)
    domain = Items(some=asked) if some else Items(every=asked)
    if domain.empty() or _no_items(domain, now):
        return ()
    # an object that a list is asked for, and the kind of list, are needed to build one
    return (
        Branch(
            present=_above(condition.field), domains={(condition.field, f"items:{condition.kind}"): domain}
        ),
    )


def _no_items(items: Items, now: datetime) -> bool:
    """Tell whether an object that must be there certainly cannot be."""
    try:
        return any(not object_ways(items, one, now) for one in items.some)
    except TooMany:
        return False


def object_ways(items: Items, one: tuple[Condition, bool] | None, now: datetime) -> Branches:
    """Return every way in which one object is what the list asks of it, and of every object."""
    asked = items.every if one is None else (*items.every, one)
    return conjoin((expand(condition, now, wanted=wanted) for condition, wanted in asked), now)


class _Translate(Protocol):
    def __call__(self, test: Test, now: datetime, *, wanted: bool) -> Branches: ...


_NO_TIME: Final = datetime.max.replace(tzinfo=UTC)
"""Stands for `now` where nothing looks at it."""

_FAMILIES: Final[tuple[tuple[frozenset[Kind], _Translate], ...]] = (
    (TEXTUAL, _words),
    (frozenset({Kind.BOOLEAN}), _flag),
    (NUMERIC | {Kind.TIME}, _span),
    (NAMED, _names),
)

_USUAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "status": ("pending", "shipped", "confirmed", "completed", "canceled"),
    "payment_status": ("unpaid", "paid"),
    "payment_method": ("bank_transfer", "qris", "cod", "va", "va_bca"),
    "platform": ("scalev", "tokopedia"),
}
"""Values to show in a synthesised order where the rules leave the choice."""


# --- time -----------------------------------------------------------------------------------------------


def later_moments(
    conditions: Iterable[Condition], now: datetime, further_ages: Iterable[Distance] = ()
) -> tuple[datetime, ...]:
    """Return later moments between which nothing changes about what conditions with ages and dates leave open.

    An age's bound moves with time and a date's does not, so that what is impossible now may be possible next year.
    """
    ages, dates = {timedelta(0), *further_ages}, set[datetime]()
    for test in _tests(conditions):
        for part in test.operand if isinstance(test.operand, tuple) else (test.operand,):
            if isinstance(part, timedelta | WorkingDays):
                ages.add(part)
            elif isinstance(part, datetime):
                dates.add(part)
    if not dates or len(ages) == 1:
        return ()
    turns = sorted({turn for date in dates for age in ages for turn in reached(date, age) if turn > now})
    between = [one + (other - one) / 2 for one, other in pairwise(turns)]
    return tuple(sorted({*turns, *between, *(turn + timedelta(microseconds=1) for turn in turns)}))


def _tests(conditions: Iterable[Condition]) -> Iterable[Test]:
    for condition in conditions:
        if isinstance(condition, Test):
            yield condition
        elif isinstance(condition, Group):
            yield from _tests(condition.children)
        elif isinstance(condition, Elements):
            yield from _tests((condition.child,))


__all__ = [
    "ANYTHING",
    "Asked",
    "Branch",
    "Branches",
    "TooMany",
    "all_true",
    "conjoin",
    "expand",
    "later_moments",
]
