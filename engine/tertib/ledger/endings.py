"""How a rule's slot ended, as far as the record of its run tells: for slots that nobody closed."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection, select

from tertib.ledger import schema
from tertib.ledger.tallies import held_in
from tertib.model import State

Told: TypeAlias = Literal["done", "held"]

_C: Final = schema.changes.c


def told(connection: Connection, run_id: str, rule: str) -> Told | None:
    """Return how a rule's part of a run ended that came to its own end; None where the record leaves it open.

    An order that was held may have been so by a veto, which is how rules ordinarily end, or by a limit or a pause.
    """
    states = set(connection.scalars(select(_C.state).where(_C.run == run_id, _C.rule == rule).distinct()))
    if State.ABANDONED in states:
        return "held"
    if State.HELD in states:
        return None
    return "done" if states or _had_nothing(connection, run_id, rule) else None


def _had_nothing(connection: Connection, run_id: str, rule: str) -> bool:
    """Tell whether the run's plan, in which the rule had no change, held none of its orders either."""
    wanted = select(schema.plans.c.id, schema.plans.c.rules).where(schema.plans.c.applied_by == run_id)
    plan = connection.execute(wanted).first()
    return plan is not None and rule in (plan.rules or {}) and not held_in(connection, [plan.id], rule)
