"""A plan as people read it: what would change and why, totals, what is held, and what reading cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tertib.cli import screen, speech
from tertib.model import Change, Held, Plan
from tertib.plan.holds import WHOLE_RULE
from tertib.sayings import N_
from tertib.telling.changes import step, summary, why

if TYPE_CHECKING:
    from rich.console import Console

MOST_ROWS: Final = 50
"""Rows of changes that are shown without `--all`, over all rules together."""

_FEWEST_A_RULE: Final = 5
_MOST_NAMED: Final = 4


def show(
    plan: Plan, out: Console, *, zone: str, now: datetime, everything: bool = False, left: int | None = None
) -> None:
    """Print a plan. `now` is what ages are counted to; `left` the requests that the hour still allows."""
    changes(plan, [*plan.changes, *plan.over_limit], out, now, everything=everything)
    _totals(plan, out)
    _held(plan.held, out)
    _scans(plan, out)
    for warning in plan.warnings:
        said = speech.gettext("warning: %(why)s", why=speech.say(warning))
        out.print(screen.clean(said), style="yellow")
    out.print(_cost(plan, left, zone))
    out.print(summary(plan.changes, speech.tongue(), plan.held), style="bold")


def changes(
    plan: Plan, rows: Sequence[Change], out: Console, now: datetime, *, everything: bool = False
) -> None:
    """Print changes of a plan rule by rule, in the plan's order of rules."""
    room = None if everything else _room(len({change.rule for change in rows}))
    for tally in plan.rules:
        _changes(tally.name, [one for one in rows if one.rule == tally.name], out, now, room)


def _room(rules: int) -> int:
    return max(_FEWEST_A_RULE, MOST_ROWS // max(1, rules))


def _changes(rule: str, changes: Sequence[Change], out: Console, now: datetime, room: int | None) -> None:
    """Print one rule's changes, those over a limit among them, for a plan shows every row."""
    if not changes:
        return
    columns = (N_("order"), N_("customer"), N_("change"), N_("why"), N_("money"), N_("age"))
    listed = screen.table(*columns, right=["money"], cut="why", title=rule)
    for change in changes if room is None else changes[:room]:
        listed.add_row(
            screen.clean(change.order_id or change.id),
            screen.clean(change.customer),
            step(change),
            why(change.reasons, speech.tongue()),
            screen.rupiah(change.value),
            "" if change.since is None else screen.age(now - change.since),
        )
    out.print(listed)
    if room is not None and len(changes) > room:
        more = screen.number(len(changes) - room)
        out.print(speech.gettext("… and %(more)s more; `--all` shows them", more=more), style="dim")
    out.print()


def _totals(plan: Plan, out: Console) -> None:
    if not plan.rules:
        return
    held = Counter(one.rule for one in plan.held)
    listed = screen.table(
        N_("rule"),
        N_("mode"),
        N_("matched"),
        N_("to change"),
        N_("held"),
        N_("money"),
        right=["matched", "to change", "held", "money"],
    )
    for tally in plan.rules:
        listed.add_row(
            tally.name,
            str(tally.mode),
            screen.number(tally.matched),
            screen.number(tally.planned),
            screen.number(held[tally.name]),
            screen.rupiah(tally.value),
        )
    out.print(listed)
    out.print()


def _held(held: Sequence[Held], out: Console) -> None:
    """Print what is held, orders of one rule with one reason together."""
    if not held:
        return
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in held:
        groups[one.rule, one.code, one.why].append(one.order_id or ("" if one.id is None else str(one.id)))
    listed = screen.table(N_("held"), N_("orders"), N_("rule"), N_("why"), right=["orders"])
    for (rule, code, reason), orders in groups.items():
        named = [screen.clean(order) for order in orders if order]
        listed.add_row(
            code,
            speech.gettext("all") if code in WHOLE_RULE else screen.number(len(orders)),
            screen.clean(rule),
            screen.clean(speech.say(reason)) + _examples(named),
        )
    out.print(listed)
    out.print()


def _examples(orders: Sequence[str]) -> str:
    if not orders:
        return ""
    more = ", …" if len(orders) > _MOST_NAMED else ""
    return f" [{', '.join(orders[:_MOST_NAMED])}{more}]"


def _scans(plan: Plan, out: Console) -> None:
    for report in plan.scans:
        if report.failure is not None:
            names = ", ".join(f"`{name}`" for name in report.scan.rules)
            failure = screen.clean(speech.say(report.failure))
            said = speech.gettext("not read to the end, for %(rules)s: %(why)s", rules=names, why=failure)
            out.print(said, style="red")


def _cost(plan: Plan, left: int | None, zone: str) -> str:
    known = {
        "orders": speech.ngettext("%(count)s order", "%(count)s orders", plan.orders_read),
        "requests": speech.ngettext("%(count)s request", "%(count)s requests", plan.requests),
        "at": screen.moment(plan.now, zone),
    }
    if left is None:
        return speech.gettext("read %(orders)s in %(requests)s; %(at)s", **known)
    return speech.gettext(
        "read %(orders)s in %(requests)s, at most %(left)s left this hour; %(at)s",
        left=screen.number(left),
        **known,
    )
