"""A record in which things happen at a word: slots that end one way or the other, plans, runs, changes.

Fixture `floor`, for every test below this directory, on a database that `database_url` names. The orders in it are full
of personal data, so that whatever is told of the record can be searched for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from tertib.ledger import SqlLedger, open_ledger
from tertib.ledger.slots import Cause, SlotState
from tertib.model import Answer, Change, Held, Mode, Outcome, Plan, RuleTally, Run, Spent, State, Trace

START: Final = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ACCOUNT: Final = "toko"
CANARIES: Final = (
    "Wulan Kenanga",
    "6287700011122",
    "wulan@surat.example",
    "Jl. Melati No. 7",
    "1234567890123",
    "titip ke tetangga",
    "ORD-CANARY",
)
"""What stands in every order here, and must stand in nothing that is told."""


@dataclass
class MovingClock:
    """A clock that moves when told to."""

    moment: datetime = START

    def now(self) -> datetime:
        """Return the moment it stands at."""
        return self.moment

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return (self.moment - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.moment += timedelta(seconds=seconds)


@dataclass
class Floor:
    """A ledger and what happens in it."""

    ledger: SqlLedger
    clock: MovingClock
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 100_000)))

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.moment

    def later(self, **distance: float) -> datetime:
        """Move on and return the present instant."""
        self.clock.moment += timedelta(**distance)
        return self.now

    def change(self, rule: str, value: str = "100000") -> Change:
        """Make a change of a new order, with a buyer who must not be told of."""
        name, phone, email, street, number, note, order = CANARIES
        key = next(self.numbers)
        return Change(
            id=key,
            order_id=f"{order}-{key}",
            rule=rule,
            before={"status": "pending", "customer.name": name, "customer.phone": phone, "notes": note},
            set={"status": "canceled", "payment_account_number": number, "payment_account_holder": name},
            value=Decimal(value),
            reversible=False,
            reasons=(Trace(f"customer.email: {email}", street, result=True),),
            read_at=self.now,
            customer=f"{name}, {street}",
        )

    def plan(self, rule: str, *changes: Change, matched: int | None = None, **given: Any) -> Plan:
        """Record a plan of one rule."""
        tally = RuleTally(
            rule, f"hash of {rule}", Mode.APPLY, len(changes) if matched is None else matched, len(changes)
        )
        plan = Plan(
            plan_id=f"plan-{next(self.numbers)}",
            created_at=self.now,
            now=self.now,
            account=ACCOUNT,
            contract="seeds",
            complete=True,
            requests=1,
            orders_read=7,
            scans=(),
            rules=(tally,),
            changes=changes,
            held=(),
            warnings=(),
            definitions=({"name": rule},),
        )
        plan = replace(plan, **given)
        self.ledger.save_plan(plan, {"plan_id": plan.plan_id, "changes": [_document(one) for one in changes]})
        return plan

    def run(
        self, plan: Plan, state: State = State.CONFIRMED, *, slot: str | None = None, status: int = 200
    ) -> str:
        """Carry a plan out; every change of it ends as `state`."""
        run = self.ledger.begin(
            ACCOUNT,
            plan.plan_id,
            kind="slot" if slot else "apply",
            slots=(slot,) if slot else (),
            now=self.now,
        )
        outcomes = []
        if plan.changes:
            self.ledger.intend(run, plan.changes, [_document(one) for one in plan.changes], self.now)
            claim = self.ledger.claim(run, plan.changes, {"ids": [], "status": "canceled"}, self.now)
            outcomes = [Outcome(one.id, one.order_id, one.rule, state, CANARIES[0]) for one in plan.changes]
            how: Any = "unknown" if state is State.SENT else "answered" if status == 200 else "refused"
            self.ledger.answer(claim, Answer(how, status), outcomes, self.now)
        self.ledger.end(Run(run, plan.plan_id, Spent(reads=1), len(outcomes), tuple(outcomes)), self.now)
        return run

    def slot(
        self,
        rule: str,
        state: SlotState = "done",
        *,
        plan: Plan | None = None,
        cause: Cause | None = None,
        held: tuple[str, ...] = (),
    ) -> str | None:
        """Let a rule's next slot pass, half an hour after the last one, and return its run's id if it had one."""
        at = self.later(minutes=30)
        assert self.ledger.slot_open(ACCOUNT, rule, at, at)
        self.later(seconds=1)
        if held:
            rows = tuple(Held(None, rule, code, CANARIES[0]) for code in held)
            plan = self.plan(rule, held=rows)
        key = f"{ACCOUNT}/{rule}/{at:%Y-%m-%dT%H:%M:%SZ}"
        run = None if plan is None else self.run(plan, slot=key)
        self.ledger.slot_close(
            ACCOUNT, rule, at, state, self.later(seconds=5), run_id=run, note=CANARIES[1], cause=cause
        )
        return run

    def ask(self, rule: str, *changes: Change) -> Plan:
        """Let a plan wait for a person."""
        plan = self.plan(rule, *changes)
        self.ledger.ask_approval(plan, "asks", self.now + timedelta(days=1), self.now)
        return plan

    def settle(self, state: State) -> None:
        """Read back whatever is unknown, once its time has come."""
        self.later(minutes=20)
        for one in self.ledger.unsettled(ACCOUNT):
            outcome = Outcome(one.id, one.order_id, one.rule, state, CANARIES[0])
            self.ledger.settle(ACCOUNT, one, outcome, self.now)


def _document(change: Change) -> Mapping[str, Any]:
    return {
        "id": change.id,
        "order_id": change.order_id,
        "rule": change.rule,
        "before": dict(change.before),
        "set": dict(change.set),
        "value": str(change.value),
        "reversible": False,
        "reasons": [],
    }


@pytest.fixture
def floor(database_url: str) -> Iterator[Floor]:
    """Give a record that nothing has happened in yet."""
    clock = MovingClock()
    with open_ledger(database_url, key=b"a key for tests, 32 bytes long..", clock=clock) as ledger:
        yield Floor(ledger, clock)
