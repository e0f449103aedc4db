"""Two rules that want different things of one order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, islice
from typing import Any, Final

from tertib.check import witness
from tertib.check.branches import Branch
from tertib.check.finding import Finding, Subject, base
from tertib.language import templates
from tertib.language.wording import quote, spelled
from tertib.model import Order, Rule, Schedule
from tertib.plan.priorities import meaning

_MOST_PAIRS: Final = 4096
_TRIED: Final = 12


def findings(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Yield every pair of rules that can match one order and then disagree about it."""
    for one, other in combinations(subjects, 2):
        if _may_disagree(one.rule, other.rule) and one.acting and other.acting:
            yield from _pair(one, other)


def _may_disagree(one: Rule, other: Rule) -> bool:
    if one.source != other.source:
        return False
    if one.priority != other.priority and bound(*_ranked(one, other)):
        return False
    fixed = not any(map(templates.is_template, (*one.action.values(), *other.action.values())))
    return not fixed or meaning(one.action) != meaning(other.action)


def _ranked(one: Rule, other: Rule) -> tuple[Rule, Rule]:
    """Return two rules, the one with the higher priority first."""
    return (one, other) if one.priority > other.priority else (other, one)


def _pair(one: Subject, other: Subject) -> Iterator[Finding]:
    order = common(one, other)
    if order is None:
        return
    first, second = one.rule, other.rule
    if first.priority == second.priority:
        message = (
            f"an order can match this rule, which {_wish(other)}, and {quote(first.name)}, which {_wish(one)}"
        )
        together = bound(first, second) or bound(second, first)
        ends = "at the same priority both are held" if together else _RACE
        hint = f"give one of them a higher `priority`, or let their conditions exclude each other ({_place(first)})"
        yield _found(other, one, "T706", f"{message}; {ends}", hint, order)
        return
    higher, lower = _ranked(first, second)
    ours, theirs = (one, other) if lower is first else (other, one)
    message = (
        f"an order can match this rule, which {_wish(ours)}, and {quote(higher.name)}, which {_wish(theirs)}; "
        "the other has the higher priority, but this one also runs when the other does not"
    )
    hint = f"give both the same schedule, or let their conditions exclude each other ({_place(higher)})"
    yield _found(ours, theirs, "T707", message, hint, order)


_RACE: Final = "they run at different times at the same priority, so whichever comes first decides"


def _found(  # noqa: PLR0917 - a finding's parts in the order in which they are told
    known: Subject, other: Subject, code: str, message: str, hint: str, order: Order
) -> Finding:
    path = ("priority",) if known.rule.priority != _PLAIN else ("action",)
    certain = known.certain and other.certain
    return known.finding(
        code, message, path, other=other.rule.name, hint=hint, witness=order, certain=certain
    )


_PLAIN: Final = 100
"""The priority of a rule that names none."""


def _wish(known: Subject) -> str:
    """Say what a rule wants of an order: what templates make may come from a table, and is not shown."""
    return "wants " + " and ".join(
        f"`{name}` from a template" if templates.is_template(value) else f"`{name}: {spelled(value)}`"
        for name, value in known.rule.action.items()
        if name != "by"
    )


def _place(rule: Rule) -> str:
    return f"{rule.origin.file}:{rule.origin.line}"


def common(one: Subject, other: Subject) -> dict[str, Any] | None:
    """Return an order that both rules would change, each in its own way; None where none is found."""
    ways, other_ways = one.acting or (), other.acting or ()
    if len(ways) * len(other_ways) > _MOST_PAIRS:
        return None

    def accept(order: Order) -> bool:
        mine, theirs = one.changes(order), other.changes(order)
        return mine is not None and theirs is not None and meaning(mine.set) != meaning(theirs.set)

    start = base(one.settings, one.rule, other.rule)
    meetings = islice(_meetings(ways, other_ways, one), _TRIED)
    return witness.find(meetings, one.fields, one.now, accept, start)


def _meetings(ways: Sequence[Branch], others: Sequence[Branch], known: Subject) -> Iterator[Branch]:
    for way in ways:
        for other in others:
            both = way.meet(other, known.now)
            if both is not None:
                yield both


# --- schedules ------------------------------------------------------------------------------------------


def bound(higher: Rule, lower: Rule) -> bool:
    """Tell whether the higher rule is planned whenever the lower one is, so that its priority binds.

    Rules are planned together where they are due for the same slot. A rule without a schedule runs only when a
    person names it, and then with whatever else the person names.
    """
    if lower.schedule is None:
        return True
    if higher.schedule is None or higher.schedule.timezone != lower.schedule.timezone:
        return False
    if _loose(higher.schedule) or _loose(lower.schedule):
        return False
    return _covers(higher.schedule.cron, lower.schedule.cron)


def _loose(schedule: Schedule) -> bool:
    return bool(schedule.jitter)


@lru_cache(maxsize=4096)
def _covers(outer: str, inner: str) -> bool:
    """Tell whether every slot of one cron line is one of another; False where day and weekday make that hard to say."""
    if outer == inner:
        return True
    wide, narrow = _slots(outer), _slots(inner)
    if len(wide) != len(narrow):
        return False
    days = all(parts[index] == {"*"} for parts in (wide,) for index in (2, 4))
    same_days = wide[2] == narrow[2] and wide[4] == narrow[4]
    rest = [index for index in range(len(wide)) if index not in {2, 4}]
    return (days or same_days) and all(wide[index] == {"*"} or wide[index] >= narrow[index] for index in rest)


@lru_cache(maxsize=1024)
def _slots(cron: str) -> tuple[frozenset[int | str], ...]:
    from croniter import croniter  # noqa: PLC0415 - slow to import; many projects have rules without a schedule

    return tuple(frozenset(part) for part in croniter.expand(cron)[0])
