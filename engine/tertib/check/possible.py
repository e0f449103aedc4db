"""What can never happen in one rule: conditions that nothing satisfies, actions that change nothing or are never let."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tertib.check import goals
from tertib.check.branches import Branches, TooMany, conjoin, expand
from tertib.check.finding import Finding, Subject, rendered
from tertib.language.interpret import evaluate
from tertib.language.wording import quote
from tertib.model import Condition, Expression, Group, Held, Kind, Order, Path, Test
from tertib.scalev import contract

_ALWAYS_HINT: Final = "an order whose field is null or missing stays unknown and never matches; if that is what you mean, write `exists: true`"


def findings(known: Subject) -> Iterator[Finding]:
    """Yield what is impossible or pointless in a rule, each with the order that shows it."""
    told = [one for condition in known.rule.conditions for one in _of_condition(known, condition, top=True)]
    yield from told
    if any(one.severity == "error" for one in told):
        return
    if known.matching is None:
        hint = "split the rule into several"
        message = "the conditions have too many alternatives to tell what they come to"
        yield known.finding("T717", message, ("conditions",), hint=hint, certain=False)
    elif not known.matching:
        yield from _contradiction(known)
    else:
        yield from _dead_alternatives(known)
        yield from _beyond_the_documents(known)
        yield from _without_effect(known)


# --- single conditions ----------------------------------------------------------------------------------


def _of_condition(known: Subject, condition: Condition, *, top: bool) -> Iterator[Finding]:
    """Yield what a condition, or else a part of it, comes to whatever the order holds."""
    if known.impossible(lambda _: (condition,)):
        yield _never(known, condition, top=top)
    elif _always(known, condition):
        message = f"{quote(condition.text)} is always true where its fields are known, so it says nothing"
        order = known.find(
            _ways(known, (condition,)), lambda order: _verdict(known, condition, order) is True
        )
        yield known.finding("T702", message, condition.path, hint=_ALWAYS_HINT, witness=order)
    elif isinstance(condition, Group):
        inner = top and condition.how == "all"
        for child in condition.children:
            yield from _of_condition(known, child, top=inner)


def _never(known: Subject, condition: Condition, *, top: bool) -> Finding:
    message = f"{quote(condition.text)} can never be true"
    if top:
        return known.finding(
            "T701",
            f"{message}, so the rule never matches",
            condition.path,
            severity="error",
            hint=_why(condition),
        )
    return known.finding("T715", message, condition.path, hint=_why(condition))


def _why(condition: Condition) -> str | None:
    if isinstance(condition, Group) and condition.how == "all":
        return "its parts exclude each other"
    if isinstance(condition, Group) and condition.how == "not":
        return "what it denies always holds where its fields are known"
    return None


def _always(known: Subject, condition: Condition) -> bool:
    if isinstance(condition, Expression):
        return False
    return known.impossible(lambda _: (_not(condition),))


def _verdict(known: Subject, condition: Condition, order: Order) -> Any:
    return evaluate(condition, order, known.now)


def _ways(known: Subject, conditions: Iterable[Condition]) -> Branches:
    try:
        return conjoin([expand(condition, known.now, wanted=True) for condition in conditions], known.now)
    except TooMany:
        return ()


# --- several together -----------------------------------------------------------------------------------


def _contradiction(known: Subject) -> Iterator[Finding]:
    """Yield the one finding that the query and the conditions, which each can be true, together cannot."""
    if not known.impossible(known.items):
        return
    core = _core(known)
    items = known.items(known.now)
    filters = [items[index] for index in core if _is_filter(items[index])]
    others = [items[index] for index in core if not _is_filter(items[index])]
    blamed = (others or filters)[-1]
    rest = [one for one in (*filters, *others) if one is not blamed]
    order = _nearly(known, [one for one in items if one is not blamed], blamed) or _nearly(
        known, rest, blamed
    )
    if filters:
        message = f"{_said(blamed)} contradicts the query ({_listed(rest)}), so the rule never matches"
        yield known.finding(
            "T703", message, blamed.path, severity="error", witness=order, hint=_both(rest, blamed)
        )
    else:
        message = f"{_said(blamed)} contradicts {_listed(rest)}, so the rule never matches"
        yield known.finding(
            "T701", message, blamed.path, severity="error", witness=order, hint=_both(rest, blamed)
        )


def _both(rest: Sequence[Condition], blamed: Condition) -> str | None:
    if any(_is_filter(one) for one in (*rest, blamed)):
        return None
    return "all conditions of a rule must hold; for one of several write `any: [{…}, {…}]`"


def _core(known: Subject) -> list[int]:
    """Return the fewest items, by leaving out one after the other, that still contradict each other."""
    core = list(range(len(known.items(known.now))))
    for index in list(core):
        fewer = [one for one in core if one != index]
        if known.impossible(lambda now, fewer=fewer: [known.items(now)[one] for one in fewer]):  # type: ignore[misc]  # the default binds this round's list
            core = fewer
    return core


def _nearly(known: Subject, rest: Sequence[Condition], blamed: Condition) -> dict[str, Any] | None:
    """Return an order that satisfies all of the rest, and not the condition that contradicts it."""

    def accept(order: Order) -> bool:
        held = all(_verdict(known, one, order) is True for one in rest if not _pseudo(one))
        return held and (_pseudo(blamed) or _verdict(known, blamed, order) is not True)

    return known.find(_ways(known, rest), accept)


def _is_filter(condition: Condition) -> bool:
    return condition.path[:1] == ("query",) or (
        isinstance(condition, Group) and not condition.path and all(map(_is_filter, condition.children))
    )


def _pseudo(condition: Condition) -> bool:
    return isinstance(condition, Test) and condition.field.startswith(goals.PSEUDO)


def _said(condition: Condition) -> str:
    if not _is_filter(condition):
        return quote(condition.text)
    return f"filter {quote(_place(condition)[-1])}"


def _place(condition: Condition) -> Path:
    if condition.path or not isinstance(condition, Group):
        return condition.path
    return condition.children[0].path


def _listed(conditions: Iterable[Condition]) -> str:
    return " and ".join(dict.fromkeys(_said(one).removeprefix("filter ") for one in conditions))


def _dead_alternatives(known: Subject) -> Iterator[Finding]:
    """Yield alternatives of an `any` that the rest of the rule excludes."""
    for number, condition in enumerate(known.rule.conditions):
        if not isinstance(condition, Group) or condition.how != "any":
            continue
        for child in condition.children:
            if known.impossible(lambda _, child=child: (child,)):  # type: ignore[misc]  # the default binds this round's child
                continue  # reported by itself

            def with_rest(now: datetime, child: Condition = child, number: int = number) -> list[Condition]:
                others = [one for at, one in enumerate(known.rule.conditions) if at != number]
                return [*goals.query(known.rule, now), *others, child]

            if known.impossible(with_rest):
                message = f"{quote(child.text)} can never be true together with the rest of the rule"
                order = known.find(known.matching or (), known.matches)
                hint = "the other alternatives decide alone"
                yield known.finding("T715", message, child.path, hint=hint, witness=order)


# --- documented values ----------------------------------------------------------------------------------


def _beyond_the_documents(known: Subject) -> Iterator[Finding]:
    """Yield conditions that say nothing, or too much, of the values that Scalev documents for an enumerated field."""
    for condition in known.rule.conditions:
        documented = list(_documented(known, condition))
        if not documented:
            continue
        if known.impossible(lambda _, one=condition, also=documented: (one, *also)):  # type: ignore[misc]  # the defaults bind this round's values
            message = f"{quote(condition.text)} is true of no value that Scalev documents"
            order = known.find(known.matching or (), known.matches)
            yield known.finding("T718", message, condition.path, witness=order, certain=False)
        elif known.impossible(lambda _, one=condition, also=documented: (_not(one), *also)):  # type: ignore[misc]  # the same
            if _always(known, condition):
                continue  # reported as such
            message = f"{quote(condition.text)} is true of every value that Scalev documents"
            order = known.find(known.matching or (), known.matches)
            yield known.finding(
                "T718", message, condition.path, hint=_ALWAYS_HINT, witness=order, certain=False
            )


def _documented(known: Subject, condition: Condition) -> Iterator[Condition]:
    """Yield that each enumerated field of a condition is null or has a documented value."""
    for path in sorted(set(_fields_in(condition))):
        values = _values(known, path)
        if values:
            within = goals.on(path, "in", tuple(sorted(values)), known.fields)
            yield goals.any_of(within, goals.has_none(path, known.fields))


def _not(condition: Condition) -> Condition:
    return Group("not", (condition,), "", ())


def _values(known: Subject, path: str) -> frozenset[str]:
    field = known.fields.get(path)
    return field.values if field is not None and field.kind is Kind.ENUM else frozenset()


def _fields_in(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Test):
        yield condition.field
    elif isinstance(condition, Group):
        for child in condition.children:
            yield from _fields_in(child)


# --- the action -----------------------------------------------------------------------------------------


def _without_effect(known: Subject) -> Iterator[Finding]:
    """Yield the first reason why the action never does anything to an order that matches."""
    if known.acting is None or known.acting:
        return
    passed: list[Condition] = []
    for hurdle in _hurdles(known):
        before = tuple(passed)
        passed.append(hurdle.cleared)
        if known.impossible(lambda now: (*known.items(now), *passed)):
            yield from _stopped(known, before, hurdle)
            return


@dataclass(frozen=True, slots=True)
class _Hurdle:
    """What may keep every match from being changed: the condition under which it does not, and what to say if so."""

    code: str
    cleared: Condition
    says: str


def _hurdles(known: Subject) -> Iterator[_Hurdle]:
    """Yield what stands between a match and a change, in the order in which a plan decides."""
    differs, arrow = goals.differs(known.rule), goals.reachable(known.rule)
    if differs is not None:
        says = "the action changes nothing: every order that matches is like that already"
        yield _Hurdle("T704", differs, says)
    if arrow is not None:
        says = f"no order that matches can be moved to {quote(goals.target(known.rule))}: the status flow has no such arrow"
        yield _Hurdle("T705", arrow, says)
    for name, condition in goals.vetoes(known.rule):
        yield _Hurdle("T714", condition, f"the veto `{name}` holds every order that matches")
    for condition in known.settings.protect:
        says = f"the project protects every order that matches ({quote(condition.text)})"
        yield _Hurdle("T714", _not(condition), says)


def _stopped(known: Subject, before: Iterable[Condition], hurdle: _Hurdle) -> Iterator[Finding]:
    """Yield the finding that all matches end at a hurdle, where the real plan agrees."""

    def accept(order: Order) -> bool:
        outcome = known.outcome(order) if known.matches(order) else "no match"
        if hurdle.code == "T704":
            return outcome is None
        return isinstance(outcome, Held) and outcome.code in _HELD_AS[hurdle.code]

    order = known.find(known.matching or (), accept, *before, *rendered(known.rule))
    if order is not None:
        severity = "warning" if hurdle.code == "T704" else "error"
        path = ("action", "status" if "status" in known.rule.action else "payment_status")
        hint = _mend(hurdle.code, order)
        yield known.finding(hurdle.code, hurdle.says, path, severity=severity, witness=order, hint=hint)


_HELD_AS: Final = {
    "T705": {"status_flow"},
    "T714": {"paid", "conflict", "transfer_proof", "shipment_receipt", "protected"},
}


def _mend(code: str, order: Order) -> str | None:
    if code == "T704":
        return "ask for orders that are not yet as the action wants them"
    if code == "T714":
        return "`allow` in a rule lifts a veto by name; a protection only `tertib.yaml` can change"
    arrows = sorted(contract.STATUS_FLOW.get(str(order["status"]), ()))
    return f"from {quote(order['status'])} the flow leads to {', '.join(map(quote, arrows)) or 'nowhere'}"
