"""What is left open about one field: exact sets and intervals, each with values to choose from.

A domain is *empty* only where that is certain. What cannot be calculated (a pattern over free text) is kept as a
test that every chosen value must pass, so that a choice is never wrong and a refusal never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final, Protocol, Self, TypeAlias

from tertib.check.texts import conflicting, samples
from tertib.language.operators import OPERATORS
from tertib.model import Test

Asked: TypeAlias = tuple[Test, bool]
"""A test and the verdict that it must have."""

_MOST_CHOICES: Final = 24
_NO_TIME: Final = datetime.max.replace(tzinfo=UTC)


class Domain(Protocol):
    """What every kind of domain can do."""

    def meet(self, other: Self) -> Self:
        """Return what both leave open."""
        ...

    def empty(self) -> bool:
        """Tell whether nothing is left, for certain."""
        ...

    def choices(self, now: datetime) -> Iterator[Any]:
        """Yield values that lie in the domain, the plainest first."""
        ...


# --- texts, enumerated values, ids, true and false ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """Values that are compared for equality: `allowed` of them (None: any), but `denied`, that pass the tests."""

    allowed: frozenset[Any] | None = None
    denied: frozenset[Any] = frozenset()
    tests: tuple[Asked, ...] = ()
    usual: tuple[Any, ...] = ()

    def meet(self, other: Words) -> Words:
        """Return the values in both."""
        if self.allowed is None or other.allowed is None:
            allowed = self.allowed if other.allowed is None else other.allowed
        else:
            allowed = self.allowed & other.allowed
        denied = self.denied | other.denied
        tests = tuple(dict.fromkeys(self.tests + other.tests)) if other.tests else self.tests
        if allowed is not None:
            allowed, denied = frozenset(one for one in allowed - denied if _passes(one, tests)), frozenset()
        return Words(allowed, denied, tests, self.usual or other.usual)

    def empty(self) -> bool:
        """Tell whether no value is left: none allowed, or two tests that exclude each other."""
        if self.allowed is not None:
            return not any(_passes(one, self.tests) for one in self.allowed - self.denied)
        return conflicting(self.tests)

    def choices(self, now: datetime) -> Iterator[Any]:
        """Yield allowed values, else usual ones and texts that the tests suggest."""
        del now
        if self.allowed is not None:
            found: Iterable[Any] = [
                *(one for one in self.usual if one in self.allowed),
                *sorted(self.allowed - frozenset(self.usual), key=str),
            ]
        else:
            found = dict.fromkeys([*self.usual, *samples(self.tests), "contoh", "lain", "x"])
        kept = (one for one in found if one != "" and one not in self.denied and _passes(one, self.tests))
        yield from islice(kept, _MOST_CHOICES)


def _passes(value: Any, tests: Iterable[Asked]) -> bool:
    return all(_truth(test, value) is wanted for test, wanted in tests)


def _truth(test: Test, value: Any) -> Any:
    # the operators on text do not look at the time
    return OPERATORS[test.operator].truth(value, test.operand, _NO_TIME) if value != "" else None


# --- numbers and times ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of numbers (`Decimal`) or instants, dense, with open or closed ends and points left out."""

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False
    allowed: frozenset[Any] | None = None
    denied: frozenset[Any] = frozenset()

    def meet(self, other: Span) -> Span:
        """Return the intersection."""
        low, low_open = _tighter(self.low, self.low_open, other.low, other.low_open, above=True)
        high, high_open = _tighter(self.high, self.high_open, other.high, other.high_open, above=False)
        allowed = self.allowed if other.allowed is None else other.allowed
        if self.allowed is not None and other.allowed is not None:
            allowed = self.allowed & other.allowed
        return Span(low, high, low_open, high_open, allowed, self.denied | other.denied)

    def holds(self, value: Any) -> bool:
        """Tell whether a value lies in the domain."""
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = self.high is None or value < self.high or (value == self.high and not self.high_open)
        listed = self.allowed is None or value in self.allowed
        return above and below and listed and value not in self.denied

    def empty(self) -> bool:
        """Tell whether nothing lies in it; between two different ends something always does."""
        if self.allowed is not None:
            return not any(map(self.holds, self.allowed))
        if self.low is None or self.high is None or self.low < self.high:
            return False
        return not (self.low == self.high and self.holds(self.low))

    def choices(self, now: datetime) -> Iterator[Any]:
        """Yield values of the domain: plain ones, then the ends, then points between them."""
        kept = (one for one in dict.fromkeys(self._candidates(now)) if self.holds(one))
        yield from islice(kept, _MOST_CHOICES)

    def _candidates(self, now: datetime) -> Iterator[Any]:
        if self.allowed is not None:
            yield from sorted(self.allowed)
            return
        ends = [end for end in (self.low, self.high) if end is not None]
        timely = isinstance(next(iter((*ends, *self.denied)), None), datetime)
        yield from ([now - timedelta(hours=1), now] if timely else map(Decimal, (150_000, 1, 0)))
        steps = _TIME_STEPS if timely else _NUMBER_STEPS
        for end in ends:
            for step in steps:
                yield from _around(end, step)
        yield from ends
        yield from self._between()

    def _between(self) -> Iterator[Any]:
        if self.low is not None and self.high is not None and self.low < self.high:
            parts = len(self.denied) + 2
            for part in range(1, parts):
                yield self.low + (self.high - self.low) * part / parts


_TIME_STEPS: Final = (timedelta(days=1), timedelta(hours=1), timedelta(seconds=1), timedelta(microseconds=1))
_NUMBER_STEPS: Final = (Decimal(1000), Decimal(1), Decimal("0.01"))


def _around(end: Any, step: Any) -> Iterator[Any]:
    for place in (step, -step):
        try:
            yield end + place
        except OverflowError:
            continue


def _tighter(one: Any, one_open: bool, other: Any, other_open: bool, *, above: bool) -> tuple[Any, bool]:  # noqa: FBT001 - an end is a value with its openness
    if one is None or other is None:
        return (one, one_open) if other is None else (other, other_open)
    if one == other:
        return one, one_open or other_open
    return (one, one_open) if (one > other) is above else (other, other_open)


# --- lists of names -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Names:
    """Lists of names: what they must hold and must not, one at least of each group, not all of each group."""

    held: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    some: frozenset[frozenset[str]] = frozenset()
    lacking: frozenset[frozenset[str]] = frozenset()
    count: Span = Span(low=Decimal(0))

    def meet(self, other: Names) -> Names:
        """Return the lists that both describe."""
        return Names(
            self.held | other.held,
            self.barred | other.barred,
            self.some | other.some,
            self.lacking | other.lacking,
            self.count.meet(other.count),
        )

    def empty(self) -> bool:
        """Tell whether no list fits: names both held and barred, or too many names for the count."""
        if self.held & self.barred or any(group <= self.barred for group in self.some):
            return True
        if any(group <= self.held for group in self.lacking):
            return True
        least = max(len(self.held), 1 if self.some else 0)
        return next(whole_numbers(self.count.meet(Span(low=Decimal(least)))), None) is None

    def choices(self, now: datetime) -> Iterator[Any]:
        """Yield lists of names that fit, the shortest first."""
        del now
        found: dict[tuple[str, ...], None] = {}
        for names in islice(_picks(self.held, list(self.some - {frozenset()}), self.barred), 64):
            if any(group <= names for group in self.lacking):
                continue
            wanted = self.count.meet(Span(low=Decimal(len(names))))
            size = next(whole_numbers(wanted), None)
            if size is not None:
                found[(*sorted(names), *self._fillers(size - len(names), names))] = None
        yield from islice(sorted(found, key=len), _MOST_CHOICES)

    def _fillers(self, number: int, names: frozenset[str]) -> list[str]:
        taken = self.barred | names | frozenset().union(*self.lacking)
        fresh = (f"contoh-{n}" for n in range(1, number + len(taken) + 1))
        return list(islice((name for name in fresh if name not in taken), number))


def _picks(
    held: frozenset[str], groups: list[frozenset[str]], barred: frozenset[str]
) -> Iterator[frozenset[str]]:
    """Yield ways to hold one name of each group."""
    if not groups:
        yield held
    elif groups[0] & held:
        yield from _picks(held, groups[1:], barred)
    else:
        for name in sorted(groups[0] - barred):
            yield from _picks(held | {name}, groups[1:], barred)


_LONGEST_LIST: Final = 60


def whole_numbers(span: Span) -> Iterator[int]:
    """Yield the whole numbers of a span that starts at 0 or above, the least first, not beyond a long list."""
    if span.allowed is not None:
        yield from sorted(int(one) for one in span.allowed if one % 1 == 0 and span.holds(one))
        return
    start = int(span.low or 0)
    most = _LONGEST_LIST + len(span.denied)
    yield from (n for n in range(start, start + most) if span.holds(Decimal(n)))


# --- lists of objects -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Items:
    """Lists of objects: what every object must satisfy, what at least one must, and how many there are.

    Conditions are kept with the verdict that they must have; what they come to is for `branches` to calculate.
    """

    every: tuple[tuple[Any, bool], ...] = ()
    some: tuple[tuple[Any, bool], ...] = ()
    count: Span = Span(low=Decimal(0))

    def meet(self, other: Items) -> Items:
        """Return the lists that both describe."""
        return replace(
            self,
            every=tuple(dict.fromkeys(self.every + other.every)),
            some=tuple(dict.fromkeys(self.some + other.some)),
            count=self.count.meet(other.count),
        )

    def empty(self) -> bool:
        """Tell whether the count alone leaves nothing."""
        needed = Span(low=Decimal(1 if self.some else 0))
        return next(whole_numbers(self.count.meet(needed)), None) is None

    def choices(self, now: datetime) -> Iterator[Any]:
        """Yield nothing: objects are put together by `witness`."""
        del now
        return iter(())
