"""Synthesised orders: one that lies in a branch, built from the plainest values and then held against the real thing.

What was calculated needs one try. What is tied to other fields, to a pattern or to an expression is tried a few
times; where no try passes, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, product
from types import MappingProxyType
from typing import Any, Final

from tertib.check import goals
from tertib.check.branches import Branch, TooMany, expand, object_ways
from tertib.check.domains import Items, Span, whole_numbers
from tertib.check.goals import PSEUDO, put_filter
from tertib.language.durations import LONGEST
from tertib.language.interpret import duration_of, evaluate
from tertib.language.values import find as value_at
from tertib.model import Condition, Expression, Field, FieldRef, Kind, Order, Test

ORDER_ID: Final = "261101TERTIB"
"""The number of a synthesised order, where the rules leave the choice."""

_TRIES: Final = 48
_BRANCHES_TRIED: Final = 24
_TEXT_IN_EXPRESSION: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def find(
    branches: Iterable[Branch],
    fields: Mapping[str, Field],
    now: datetime,
    accept: Callable[[Order], bool],
    base: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any] | None:
    """Return a synthesised order of one of the branches that `accept` takes, None where no try gives one.

    `base` is what the order has besides, where the branch says nothing of it.
    """
    for branch in islice(branches, _BRANCHES_TRIED):
        tries = 1 if branch.exact and _calculated(branch) else _TRIES
        for order in islice(orders(branch, fields, now, tries), tries):
            whole = {**base, **order}
            if accept(whole):
                return whole
    return None


def _calculated(branch: Branch) -> bool:
    return not any(
        isinstance(domain, Items) or getattr(domain, "tests", ()) for domain in branch.domains.values()
    )


def orders(
    branch: Branch, fields: Mapping[str, Field], now: datetime, tries: int
) -> Iterator[dict[str, Any]]:
    """Yield orders that lie in a branch, as far as it was calculated."""
    for narrowed in _untied(branch, fields, now):
        keys = list(narrowed.domains)
        lists = [list(islice(_raw_choices(narrowed, key, fields, now), tries)) for key in keys]
        for values in product(*lists):
            yield _put_together(narrowed, dict(zip(keys, values, strict=True)), fields, now)


# --- what is tied to other fields -----------------------------------------------------------------------


def _untied(branch: Branch, fields: Mapping[str, Field], now: datetime) -> Iterator[Branch]:
    """Yield branches in which tests against other fields became tests against one value of theirs."""
    tests = [(atom, wanted) for atom, wanted in branch.tied if isinstance(atom, Test)]
    found = [branch]
    for test, wanted in tests:
        found = list(
            islice((fixed for one in found for fixed in _fixed(one, test, fields, now, wanted=wanted)), 16)
        )
    for atom, _ in branch.tied:
        if isinstance(atom, Expression):
            found = list(
                islice((open_ for one in found for open_ in _guessed(one, atom, fields, now)), _TRIES)
            )
    yield from found


def _fixed(
    branch: Branch, test: Test, fields: Mapping[str, Field], now: datetime, *, wanted: bool
) -> Iterator[Branch]:
    parts = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    choices = [
        _operands(branch, part, fields, now) if isinstance(part, FieldRef) else [(part, ())] for part in parts
    ]
    for chosen in product(*choices):
        values = tuple(value for value, _ in chosen)
        operand = values if isinstance(test.operand, tuple) else values[0]
        concrete = replace(test, operand=operand)
        extra = [assignment for _, assignments in chosen for assignment in assignments]
        fixed: Branch | None = branch
        for condition in (concrete, *extra):
            verdict = wanted if condition is concrete else True
            ways = expand(condition, now, wanted=verdict)
            fixed = next((both for way in ways if fixed and (both := fixed.meet(way, now))), None)
        if fixed is not None:
            yield fixed


def _operands(
    branch: Branch, reference: FieldRef, fields: Mapping[str, Field], now: datetime
) -> list[tuple[Any, tuple[Test, ...]]]:
    """Return values that the other field may have, each with the test that makes it have that value."""
    del fields
    family = "span" if reference.kind in _SPANNED else "words"
    domain = branch.domains.get((reference.path, family))
    values = list(islice(domain.choices(now), 8)) if domain is not None else list(_PLAIN[reference.kind](now))
    found: list[tuple[Any, tuple[Test, ...]]] = []
    for value in values:
        test = Test(reference.path, reference.kind, "eq", value, "", ())
        operand = duration_of(value, reference.unit) if reference.unit else value
        if operand is not None and operand != LONGEST:
            found.append((operand, (test,)))
    return found


def _guessed(
    branch: Branch, expression: Expression, fields: Mapping[str, Field], now: datetime
) -> Iterator[Branch]:
    """Yield branches in which the fields of an expression have some value, its own texts first."""
    said = [one or other for one, other in _TEXT_IN_EXPRESSION.findall(expression.source)]
    unsaid = [path for path in expression.reads if path in fields and not _is_said(branch, path)]
    choices = [_guesses(fields[path], said, now) for path in unsaid]
    for values in islice(product(*choices), _TRIES):
        found: Branch | None = branch
        for path, value in zip(unsaid, values, strict=True):
            test = Test(path, fields[path].kind, "eq", value, "", ())
            ways = expand(test, now, wanted=True) if found else ()
            found = found.meet(ways[0], now) if found and ways else found
        if found is not None:
            yield found


def _is_said(branch: Branch, path: str) -> bool:
    return path in branch.nulls or any(key[0] == path for key in branch.domains)


def _guesses(field: Field, said: Iterable[str], now: datetime) -> list[Any]:
    if field.kind is Kind.ENUM:
        return [*(word for word in said if word in field.values), *sorted(field.values)][:8]
    if field.kind in _PLAIN:
        texts = list(said) if field.kind in {Kind.TEXT, Kind.ID} else []
        return [*texts, *_PLAIN[field.kind](now)][:8]
    return []


_SPANNED: Final = frozenset({Kind.NUMBER, Kind.MONEY, Kind.TIME})
_PLAIN: Final[Mapping[Kind, Callable[[datetime], tuple[Any, ...]]]] = {
    Kind.TEXT: lambda _: ("contoh", "lain"),
    Kind.ENUM: lambda _: ("contoh",),
    Kind.ID: lambda _: ("1", "2"),
    Kind.NUMBER: lambda _: (Decimal(1), Decimal(2), Decimal(0), Decimal(30)),
    Kind.MONEY: lambda _: (Decimal(100_000), Decimal(1000), Decimal(0)),
    Kind.BOOLEAN: lambda _: (True, False),
    Kind.TIME: lambda now: (now - timedelta(days=2), now - timedelta(hours=1), now - timedelta(days=60)),
}


# --- building -------------------------------------------------------------------------------------------


def _raw_choices(
    branch: Branch, key: tuple[str, str], fields: Mapping[str, Field], now: datetime
) -> Iterator[Any]:
    path, family = key
    domain = branch.domains[key]
    if isinstance(domain, Items):
        yield from islice(_lists(domain, family.partition(":")[2], now), 8)
        return
    kind = fields[path].kind if path in fields else None
    for value in domain.choices(now):
        yield _spelled(value, kind)


def _spelled(value: Any, kind: Kind | None) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else format(value, "f")
    if kind is Kind.TAGS:
        return [{"id": 700 + number, "name": name} for number, name in enumerate(value)]
    if kind is Kind.QUANTITIES:
        return dict.fromkeys(value, 1)
    if isinstance(value, tuple):
        return list(value)
    return goals.as_id(value) if kind is Kind.ID else value


def _lists(items: Items, kind: str, now: datetime) -> Iterator[Any]:
    """Yield lists of objects: one for each that must be there, or fewer where one is several of them."""
    try:
        wanted = [_object(items, one, now) for one in items.some]
        filler = _object(items, None, now)
    except TooMany:
        return
    if None in wanted:
        return
    kept = [one for number, one in enumerate(wanted) if one not in wanted[:number]]
    size = next(whole_numbers(items.count.meet(Span(low=Decimal(len(kept))))), None)
    if size is None or (size > len(kept) and filler is None):
        return
    built = [*kept, *([filler] * (size - len(kept)))]
    if kind == Kind.QUANTITIES:
        yield {
            str(one.get("name", f"contoh-{n}")): one.get("quantity", 1) for n, one in enumerate(built) if one
        }
    else:
        yield built


def _object(items: Items, one: tuple[Condition, bool] | None, now: datetime) -> dict[str, Any] | None:
    asked = items.every if one is None else (*items.every, one)

    def accept(candidate: Order) -> bool:
        return all(evaluate(condition, candidate, now) is verdict for condition, verdict in asked)

    return find(object_ways(items, one, now), {}, now, accept)


def _put_together(
    branch: Branch, values: Mapping[tuple[str, str], Any], fields: Mapping[str, Field], now: datetime
) -> dict[str, Any]:
    order: dict[str, Any] = {}
    for path in sorted(branch.nulls):
        _put(order, path, None)
    for path in sorted(branch.present):
        if path.startswith(PSEUDO):
            continue
        # a parent that a null child was put into is there already
        said = any(key[0] == path for key in values) or isinstance(value_at(order, path), dict)
        if not said and not _inside(path, branch.present):
            _put(order, path, _anything(fields.get(path), now))
    for (path, _), value in values.items():
        if path.startswith(PSEUDO):
            put_filter(order, path.removeprefix(PSEUDO), str(value))
        else:
            _put(order, path, value)
    return order


def _inside(path: str, paths: Iterable[str]) -> bool:
    return any(one.startswith(f"{path}.") for one in paths)


def _anything(field: Field | None, now: datetime) -> Any:
    """Return a value of a field of which only its presence is asked."""
    if field is None:
        return "contoh"
    if field.kind in _ANY_OF_KIND:
        return _ANY_OF_KIND[field.kind]
    if field.path == "order_id":
        return ORDER_ID
    if field.path.endswith("_url"):
        return "https://contoh.example/1.jpg"
    if field.values:
        return min(field.values)
    return _spelled(next(iter(_PLAIN[field.kind](now))), field.kind)


_ANY_OF_KIND: Final[Mapping[Kind, Any]] = {
    Kind.TAGS: [{"id": 1, "name": "contoh"}],
    Kind.TEXTS: ["contoh"],
    Kind.OBJECTS: [{}],
    Kind.QUANTITIES: {"contoh": 1},
    Kind.OBJECT: {"id": 1},
    Kind.OPEN: {"contoh": 1},
}


def _put(order: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place = order
    for key in parents:
        inside = place.get(key)
        if inside is None and key in place:
            return  # the parent is null, and so is everything below it
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            return
    place[last] = value
