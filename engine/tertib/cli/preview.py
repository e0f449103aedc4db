"""A plan as people read it: what would change and why, totals, what is held, and what reading cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tertib import record
from tertib.cli import screen
from tertib.model import Change, Held, Plan
from tertib.telling.changes import step, why

if TYPE_CHECKING:
    from rich.console import Console

MOST_ROWS: Final = 50
"""Rows of changes that are shown without `--all`, over all rules together."""

_FEWEST_A_RULE: Final = 5
_MOST_NAMED: Final = 4
_WHOLE_RULE: Final = frozenset({"incomplete_read", "untrusted_filter"})


def show(
    plan: Plan, out: Console, *, zone: str, now: datetime, everything: bool = False, left: int | None = None
) -> None:
    """Print a plan. `now` is what ages are counted to; `left` the requests that the hour still allows."""
    changes(plan, [*plan.changes, *plan.over_limit], out, now, everything=everything)
    _totals(plan, out)
    _held(plan.held, out)
    _scans(plan, out)
    for warning in plan.warnings:
        out.print(f"warning: {screen.clean(warning)}", style="yellow")
    out.print(_cost(plan, left, zone))
    out.print(record.summary(plan.changes), style="bold")


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
    columns = ("order", "customer", "change", "why", "money", "age")
    listed = screen.table(*columns, right=["money"], cut="why", title=rule)
    for change in changes if room is None else changes[:room]:
        listed.add_row(
            screen.clean(change.order_id or change.id),
            screen.clean(change.customer),
            step(change),
            why(change.reasons),
            screen.rupiah(change.value),
            "" if change.since is None else screen.age(now - change.since),
        )
    out.print(listed)
    if room is not None and len(changes) > room:
        out.print(f"… and {screen.number(len(changes) - room)} more; `--all` shows them", style="dim")
    out.print()


def _totals(plan: Plan, out: Console) -> None:
    if not plan.rules:
        return
    held = Counter(one.rule for one in plan.held)
    listed = screen.table(
        "rule",
        "mode",
        "matched",
        "to change",
        "held",
        "money",
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
    listed = screen.table("held", "orders", "rule", "why", right=["orders"])
    for (rule, code, reason), orders in groups.items():
        named = [screen.clean(order) for order in orders if order]
        listed.add_row(
            code,
            "all" if code in _WHOLE_RULE else screen.number(len(orders)),
            screen.clean(rule),
            screen.clean(reason) + _examples(named),
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
            out.print(f"not read to the end, for {names}: {screen.clean(report.failure)}", style="red")


def _cost(plan: Plan, left: int | None, zone: str) -> str:
    orders, requests = screen.many(plan.orders_read, "order"), screen.many(plan.requests, "request")
    rest = "" if left is None else f", {screen.number(left)} left this hour"
    return f"read {orders} in {requests}{rest}; {screen.moment(plan.now, zone)}"
