"""*A rule*: its source with the checker's marks, when it runs, what it did, its tests, and its word on any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.responses import Response

from tertib import naming, pipeline
from tertib.errors import NoSuchOrder, ReadError
from tertib.explain import Explanation
from tertib.model import Problem, Rule
from tertib.sayings import N_, said
from tertib.web.asking import count_question
from tertib.web.site import Refusal, Visit

_SLOTS: Final = 12
_COMING: Final = 6
_DAYS: Final = 8
_LONGEST_ORDER: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a rule's file, with what the checker says about it."""

    number: int
    text: str
    marks: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked a rule about: the order as it was typed, what the rule makes of it, or why it was not read."""

    order: str
    explained: Explanation | None
    message: str = ""
    hint: str | None = None


def listed(visit: Visit) -> Response:
    """List the rules, those with mistakes first, and every problem of their files."""
    book = visit.desk.book
    loaded, problems = book.loaded(), book.problems()
    return visit.page(
        "rules.html",
        rules=sorted(loaded.rules, key=lambda one: (not one.enabled, one.name)),
        problems=[(one, Path(one.file).name) for one in problems],
        errors=len(loaded.errors),
    )


def show(visit: Visit) -> Response:
    """Show a rule; to htmx only the part that it asks for."""
    return _page(visit, visit.arg("rule"))


def explain(visit: Visit) -> Response:
    """Show what a rule makes of the order that was typed in; reads it from Scalev, and changes nothing."""
    rule = _rule(visit, visit.arg("rule"))
    order = order_asked(visit)
    means = visit.desk.means()
    try:
        explained = pipeline.explain(
            rule,
            naming.known_as(order, visit.desk.ledger, visit.desk.account),
            visit.desk.settings,
            reader=means.reader,
            ledger=means.ledger,
            clock=means.clock,
            mask=means.mask,
            others=visit.desk.book.loaded().rules,
        )
    except ReadError as error:
        return _unread(visit, rule.name, order, error)
    if visit.is_part:
        return visit.page("parts/explanation.html", explained=explained)
    return _page(visit, rule.name, Asked(order, explained))


def _unread(visit: Visit, name: str, order: str, error: ReadError) -> Response:
    """Say under the field why an order was not read: a number that Scalev lacks was mistyped, all else is Scalev's fault."""
    status = 422 if isinstance(error, NoSuchOrder) else 502
    if visit.is_part:
        return visit.told(str(error), error.hint, status=status)
    return _page(visit, name, Asked(order, None, str(error), error.hint), status)


def order_asked(visit: Visit) -> str:
    """Return the order that a form names; raises `Refusal` for none, and where too many are asked about."""
    order = naming.bare(visit.form.get("order", ""))[:_LONGEST_ORDER]
    if not order:
        raise Refusal(N_("type an order's number"))
    count_question(visit)
    return order


def _rule(visit: Visit, name: str) -> Rule:
    found = visit.desk.book.rule(name)
    if found is None:
        told = said("there is no rule `%(rule)s` that loads", rule=name[:80])
        raise Refusal(told, status=404)
    return found


def _page(visit: Visit, name: str, asked: Asked | None = None, status: int = 200) -> Response:
    desk = visit.desk
    rule, problems = desk.book.rule(name), desk.book.problems()
    broken = next((one for one in problems if one.rule == name), None)
    slots = desk.ledger.slots(desk.account, name, _SLOTS)
    columns = desk.days.columns(visit.now, visit.tongue, name)
    known = rule is not None or broken is not None or slots or any(one.orders for one in columns)
    if not known:
        told = said("there is no rule `%(rule)s`", rule=name[:80])
        return visit.told(told, status=404)
    pauses = desk.ledger.pauses(desk.account, visit.now)
    file = rule.origin.file if rule is not None else broken.file if broken is not None else ""
    return visit.page(
        "rule.html",
        status,
        name=name,
        rule=rule,
        file=Path(file).name,
        lines=list(_lines(desk.book.source(file), [one for one in problems if one.file == file])),
        coming=desk.ahead.of(rule, pauses, visit.now, _DAYS)[:_COMING] if rule and rule.enabled else [],
        slots=slots,
        columns=columns,
        rehearsal=desk.book.rehearsed(rule) if rule is not None else None,
        asked=asked,
    )


def _lines(source: Sequence[str], problems: Sequence[Problem]) -> Iterator[Line]:
    for number, text in enumerate(source, 1):
        yield Line(number, text, tuple(one for one in problems if one.line == number))
