"""What each recorded plan adds up to, rule by rule, kept beside it so that totals need not open its document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from tertib.ledger import schema
from tertib.ledger.trail import Writing
from tertib.model import Plan

_T: Final = schema.tallies.c

READ: Final = "read"
MATCHED: Final = "matched"
PLANNED: Final = "planned"
HELD: Final = "held:"
"""What is counted: orders read (of no rule), matched and planned of a rule, and with its code after it, held."""

NO_RULE: Final = ""


def note(writing: Writing, plan: Plan) -> None:
    """Write down what a plan adds up to; noughts are left out."""
    counts = {(rule.name, MATCHED): rule.matched for rule in plan.rules}
    counts |= {(rule.name, PLANNED): rule.planned for rule in plan.rules}
    counts |= Counter((held.rule, f"{HELD}{held.code}") for held in plan.held)
    if not _reading_noted(writing.connection, plan):
        counts[NO_RULE, READ] = plan.orders_read
    rows = [_row(plan, rule, what, orders) for (rule, what), orders in counts.items() if orders]
    if rows:
        writing.connection.execute(insert(schema.tallies), rows)


def _row(plan: Plan, rule: str, what: str, orders: int) -> dict[str, Any]:
    return {"account": plan.account, "plan": plan.plan_id, "rule": rule, "what": what, "orders": orders}


def _reading_noted(connection: Connection, plan: Plan) -> bool:
    """Tell whether another part of the same decision has counted the orders that were read for both.

    A run parts its plan by its rules' modes; all parts were decided in the same instant.
    """
    plans = schema.plans.c
    same = select(plans.id).where(plans.account == plan.account, plans.created_at == plan.created_at)
    found = select(_T.id).where(_T.plan.in_(same), _T.what == READ).limit(1)
    return connection.scalar(found) is not None


def held_in(connection: Connection, plans: Collection[str], rule: str) -> tuple[str, ...]:
    """Return the codes for which plans held orders of a rule, or the rule whole."""
    wanted = select(_T.what).where(_T.plan.in_(plans), _T.rule == rule, _T.what.startswith(HELD))
    return tuple(sorted({what.removeprefix(HELD) for what in connection.scalars(wanted)}))


def matched_in(connection: Connection, plans: Collection[str], rule: str) -> dict[str, int]:
    """Return how many orders a rule matched, by plan; plans in which it matched none are left out."""
    wanted = select(_T.plan, _T.orders).where(_T.plan.in_(plans), _T.rule == rule, _T.what == MATCHED)
    return {row.plan: row.orders for row in connection.execute(wanted)}


def added(connection: Connection, account: str, after: int) -> tuple[int, Mapping[tuple[str, str], int]]:
    """Return the last tally's number, and what those after `after` add up to, by rule and what was counted.

    An account's rows are numbered in the order in which they are committed: each was written under its lock.
    """
    rows = _T.account == account, _T.id > after
    last = connection.scalar(select(func.max(_T.id)).where(*rows))
    wanted = select(_T.rule, _T.what, func.sum(_T.orders)).where(*rows).group_by(_T.rule, _T.what)
    return last or after, dict(_sums(connection.execute(wanted.where(_T.id <= (last or after)))))


def _sums(rows: Any) -> Iterator[tuple[tuple[str, str], int]]:
    yield from (((rule, what), int(orders)) for rule, what, orders in rows)
