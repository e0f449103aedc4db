"""Rules that feed each other: what one makes of an order is what the next one asks for, round and round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise, product
from typing import Any, Final

from tertib.check import goals, witness
from tertib.check.branches import Branch, Branches, TooMany, conjoin, expand
from tertib.check.finding import Finding, Subject, base, rendered
from tertib.language import templates
from tertib.language.values import find as value_at
from tertib.language.wording import quote
from tertib.model import Change, Held, Kind, Order
from tertib.scalev import contract

_LONGEST: Final = 5
_MOST_STEPS: Final = 4000
_MOST_WAYS: Final = 64


@dataclass(frozen=True, slots=True)
class _Step:
    """A rule in a circle: the ways in which it would change an order if the status flow let it, and what it sets."""

    known: Subject
    ways: Branches = field(repr=False)
    sets: Mapping[str, Any]


def findings(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Yield every shortest circle of rules once, at its last rule."""
    steps = [step for known in subjects if (step := _step(known)) is not None]
    yield from _alone(steps)
    follows = _follows(steps)
    seen: set[frozenset[int]] = set()
    for circle in _circles(follows):
        members = frozenset(circle)
        if any(known <= members for known in seen):
            continue
        orders = _round([steps[number] for number in circle])
        if orders is not None:
            seen.add(members)
            yield _found([steps[number].known for number in circle], orders)


def _step(known: Subject) -> _Step | None:
    """Return a rule as a step, None where it can never take one, but for the status flow."""
    if known.matching is None:
        return None
    sets = {path: value for path, value in goals.shown(known.rule).items() if value is not None}
    try:
        parts = [known.matching]
        differs = goals.differs(known.rule)
        parts += [
            expand(one, known.now, wanted=True)
            for one in (differs, *(veto for _, veto in goals.vetoes(known.rule)))
            if one
        ]
        parts += [expand(one, known.now, wanted=False) for one in known.settings.protect]
        parts += [expand(one, known.now, wanted=True) for one in rendered(known.rule)]
        ways = conjoin(parts, known.now)
    except TooMany:
        return None
    return _Step(known, ways, sets) if ways and len(ways) <= _MOST_WAYS else None


def _follows(steps: Sequence[_Step]) -> dict[int, list[int]]:
    """Return for each rule which others can want an order that it has just changed."""
    left_as = [tuple(sorted((path, str(value)) for path, value in step.sets.items())) for step in steps]
    wanting = {
        (state, source): [
            at
            for at, step in enumerate(steps)
            if step.known.rule.source == source and _in_state(step, dict(state))
        ]
        for state, source in {
            (state, step.known.rule.source) for state, step in zip(left_as, steps, strict=True)
        }
    }
    return {
        number: [at for at in wanting[left_as[number], step.known.rule.source] if at != number]
        for number, step in enumerate(steps)
    }


def _in_state(step: _Step, state: Mapping[str, Any]) -> Branches:
    fields = step.known.fields
    parts = [
        expand(goals.on(path, "eq", str(value), fields), step.known.now, wanted=True)
        for path, value in state.items()
        if fields[path].kind in _COMPARED
    ]
    return conjoin([step.ways, *parts], step.known.now)


_COMPARED: Final = frozenset({"enum", "text", "id"})


def _circles(follows: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """Yield simple circles, the shortest first, each from its first rule; gives up quietly where there are too many."""
    spent = 0
    for length in range(2, _LONGEST + 1):
        waiting: list[tuple[int, ...]] = [(start,) for start in follows]
        while waiting:
            path = waiting.pop()
            spent += 1
            if spent > _MOST_STEPS * length:
                break
            if len(path) == length:
                if path[0] in follows[path[-1]]:
                    yield path
                continue
            waiting += [
                (*path, after) for after in follows[path[-1]] if after > path[0] and after not in path
            ]


def _round(circle: Sequence[_Step]) -> list[dict[str, Any]] | None:
    """Return the order as each rule finds it, once round the circle; None where no one order goes round."""
    states = _states(circle)
    if states is None:
        return None
    try:
        ways = [_in_state(step, state) for step, state in zip(circle, states, strict=True)]
    except TooMany:
        return None
    moving = {path for state in states for path in state}
    now = circle[0].known.now
    for number, chosen in enumerate(product(*ways)):
        if number >= _MOST_WAYS:
            break
        lasting = [one.without(lambda path: _moves(path, moving)) for one in chosen]
        static = _all_together(lasting, now)
        if static is not None:
            orders = _orders(circle, chosen, static, moving)
            if orders is not None:
                return orders
    return None


def _all_together(branches: Sequence[Branch], now: datetime) -> Branch | None:
    found: Branch | None = Branch()
    for branch in branches:
        found = None if found is None else found.meet(branch, now)
    return found


def _states(circle: Sequence[_Step]) -> list[dict[str, Any]] | None:
    """Return what is set when each rule's turn comes, after the first round; None where a template decides."""
    state: dict[str, Any] = {}
    for step in circle:
        state.update(step.sets)
        state.update(
            dict.fromkeys(
                (path for path, value in goals.shown(step.known.rule).items() if value is None), None
            )
        )
    found = []
    for step in circle:
        found.append({path: value for path, value in state.items() if value is not None})
        state.update(step.sets)
    return found


def _moves(path: str, moving: Iterable[str]) -> bool:
    """Tell whether a field may change as an order goes round: what rules set, and the times of the statuses."""
    return path in moving or path == "last_updated_at" or (path.endswith("_time") and path != "transfer_time")


def _orders(
    circle: Sequence[_Step], chosen: Sequence[Branch], static: Branch, moving: Iterable[str]
) -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] = []
    start = base(circle[0].known.settings, *(step.known.rule for step in circle))
    for step, one in zip(circle, chosen, strict=True):
        whole = one.meet(static, step.known.now)
        if whole is None:
            return None
        order = witness.find((whole,), step.known.fields, step.known.now, step.known.matches, start)
        if order is None or not _goes(step, order):
            return None
        found.append(order)
    lasting = [{key: value for key, value in order.items() if not _moves(key, moving)} for order in found]
    agree = all(set(one) - set(other) == set() and one == other for one, other in pairwise(lasting))
    return _aligned(circle, found) if agree or _merge(circle, found, moving) else None


def _merge(circle: Sequence[_Step], orders: list[dict[str, Any]], moving: Iterable[str]) -> bool:
    """Give every order the lasting values of all; tell whether each still matches its rule."""
    lasting: dict[str, Any] = {}
    for order in orders:
        for key, value in order.items():
            if not _moves(key, moving) and lasting.setdefault(key, value) != value:
                return False
    for order in orders:
        order.update(lasting)
    return all(_goes(step, order) for step, order in zip(circle, orders, strict=True))


def _aligned(circle: Sequence[_Step], orders: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Return the orders where each shows what the rule before it sets."""
    for number, order in enumerate(orders):
        before = circle[number - 1]
        for path, value in before.sets.items():
            if str(value_at(order, path)) != str(value):
                return None
    return orders


def _goes(step: _Step, order: Order) -> bool:
    """Tell whether the rule would change the order, or only the status flow keeps it from that.

    A rule that does not name the statuses it starts from does not mean those that the flow keeps out anyway.
    """
    if not step.known.matches(order):
        return False
    outcome = step.known.outcome(order)
    if isinstance(outcome, Held) and outcome.code == "status_flow":
        return all(
            getattr(way.domains.get(("status", "words")), "allowed", None)
            for way in step.known.matching or ()
        )
    return isinstance(outcome, Change)


def _found(circle: Sequence[Subject], orders: Sequence[Order]) -> Finding:
    last = circle[-1]
    steps = " → ".join(_state(order, circle) for order in (*orders, orders[0]))
    names = " and ".join(quote(known.rule.name) for known in circle[:-1])
    message = f"this rule and {names} feed each other in a circle: {steps}"
    if len(circle) == 1:
        message = "the rule matches what it has just changed, and changes it again at every run: `now` is never the same"
    blocked = next(
        (
            (known, order)
            for known, order in zip(circle, orders, strict=True)
            if not isinstance(known.outcome(order), Change)
        ),
        None,
    )
    hint = "let one of them leave out what the other has changed, for instance by a tag"
    if len(circle) == 1:
        hint = "leave out what is done already, such as `payment_status: {ne: paid}`"
    if blocked is not None:
        known, order = blocked
        hint = f"today only Scalev's status flow stops it: it has no arrow from {quote(order['status'])} to {quote(goals.target(known.rule))}"
    path = ("action", "status") if "status" in last.rule.action else ("action", "payment_status")
    other = circle[0].rule.name if len(circle) > 1 else None
    certain = all(known.certain for known in circle)
    return last.finding("T708", message, path, other=other, hint=hint, witness=orders[0], certain=certain)


def _state(order: Order, circle: Sequence[Subject]) -> str:
    paths = dict.fromkeys(
        path for known in circle for path in goals.shown(known.rule) if path in {"status", "payment_status"}
    )
    return "/".join(str(order.get(path)) for path in paths)


# --- a rule that feeds itself ---------------------------------------------------------------------------


def _alone(steps: Sequence[_Step]) -> Iterator[Finding]:
    """Yield rules whose own change does not end them: a template writes the time of day, which is never the same."""
    for step in steps:
        for name, value in step.known.rule.action.items():
            path = contract.ACTION_FIELDS[name].reads_as
            if path in step.known.fields and templates.is_template(value) and _NOW.search(value):
                yield from _again(step, name, str(path))


_NOW: Final = re.compile(r"\bnow\b")


def _again(step: _Step, name: str, path: str) -> Iterator[Finding]:
    """Yield that a rule matches an order which has all that it sets, and an hour ago's value of one field."""
    known = step.known
    hour = timedelta(hours=1)
    is_time = known.fields[path].kind is Kind.TIME
    earlier = goals.on(path, "older_than", hour, known.fields) if is_time else goals.has(path, known.fields)
    try:
        ways = _in_state(step, step.sets)
    except TooMany:
        return
    order = known.find(ways, lambda order: known.changes(order) is not None, earlier, *rendered(known.rule))
    if order is not None:
        yield replace(_found([known], [order]), path=("action", name))
