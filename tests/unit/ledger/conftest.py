"""A desk to keep ledgers at: real databases, a clock that stands still, and plans made to order.

Every test at the desk runs on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from tertib.ledger import SqlLedger, open_ledger
from tertib.ledger.process import Owner
from tertib.model import Answer, Change, Mode, Outcome, Plan, RuleTally, Run, Spent, State, Trace

START = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
ACCOUNT = "default"
KEY = b"a key for tests, 32 bytes long.."


@dataclass
class StillClock:
    """A clock that moves only when told to."""

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
class Desk:
    """Opens ledgers at one URL and makes what is written into them."""

    url: str
    clock: StillClock = field(default_factory=StillClock)
    opened: list[SqlLedger] = field(default_factory=list)
    plans: int = 0

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.moment

    def later(self, **distance: float) -> datetime:
        """Move the clock on and return where it then stands."""
        self.clock.moment += timedelta(**distance)
        return self.clock.moment

    def open(self, **given: Any) -> SqlLedger:
        """Open the ledger once more."""
        terms: dict[str, Any] = {"key": KEY, "clock": self.clock} | given
        ledger = open_ledger(self.url, **terms)
        self.opened.append(ledger)
        return ledger

    def elsewhere(self, **given: Any) -> SqlLedger:
        """Open the ledger as a process of another machine, which nobody here can see end."""
        return self.open(owner=Owner("elsewhere", 4711, "then", len(self.opened)), **given)

    def change(self, key: int | str, rule: str = "cancel", **given: Any) -> Change:
        """Make a change of one order."""
        plain = Change(
            id=key,
            order_id=f"order-{key}",
            rule=rule,
            before={"status": "pending", "payment_status": "unpaid"},
            set={"status": "canceled", "by": f"tertib/{rule}"},
            value=Decimal("168724.00"),
            reversible=False,
            reasons=(Trace("pending_time: {older_than: 3d}", "5d", result=True),),
            read_at=self.now,
        )
        return replace(plain, **given)

    def changes(self, count: int) -> list[Change]:
        """Make the changes of orders 0, 1, 2, …."""
        return [self.change(number) for number in range(count)]

    def plan(self, *changes: Change, **given: Any) -> Plan:
        """Make a plan of these changes, under an id of its own."""
        self.plans += 1
        rules = sorted({change.rule for change in changes} or {"cancel"})
        plain = Plan(
            plan_id=f"plan-{self.plans}",
            created_at=self.now,
            now=self.now,
            account=ACCOUNT,
            contract="seeds",
            complete=True,
            requests=1,
            orders_read=len(changes),
            scans=(),
            rules=tuple(RuleTally(name, f"hash of {name}", Mode.APPLY, 1, 1) for name in rules),
            changes=tuple(changes),
            held=(),
            warnings=(),
            definitions=tuple({"name": name} for name in rules),
        )
        return replace(plain, **given)

    def document(self, change: Change) -> dict[str, Any]:
        """Return a change as its plan's document has it."""
        return {
            "id": change.id,
            "order_id": change.order_id,
            "rule": change.rule,
            "before": dict(change.before),
            "set": dict(change.set),
            "value": str(change.value),
            "reversible": change.reversible,
            "reasons": [
                {"condition": one.condition, "saw": one.saw, "result": "true"} for one in change.reasons
            ],
        }

    def save(self, ledger: SqlLedger, *changes: Change, **given: Any) -> Plan:
        """Record a plan of these changes and return it."""
        plan = self.plan(*changes, **given)
        ledger.save_plan(plan, {"plan_id": plan.plan_id, "changes": [self.document(one) for one in changes]})
        return plan

    def begin(self, ledger: SqlLedger, *changes: Change, slots: Sequence[str] = ()) -> str:
        """Record a plan, begin its run and intend its changes; return the run's id."""
        plan = self.save(ledger, *changes)
        run = ledger.begin(ACCOUNT, plan.plan_id, kind="apply", slots=slots, now=self.now)
        ledger.intend(run, changes, [self.document(one) for one in changes], self.now)
        return run

    def send(
        self, ledger: SqlLedger, run: str, *changes: Change, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Claim a request for these changes."""
        return ledger.claim(run, changes, body or {"ids": [], "status": "canceled"}, self.now)

    def outcome(self, change: Change, state: State, why: str = "because", plan_id: str = "") -> Outcome:
        """Say what became of a change."""
        return Outcome(change.id, change.order_id, change.rule, state, why, plan_id=plan_id)

    def answer(
        self,
        ledger: SqlLedger,
        claim: Any,
        how: Any,
        state: State,
        *changes: Change,
        status: int | None = 200,
    ) -> None:
        """Record an answer with one outcome for all these changes."""
        outcomes = [self.outcome(one, state) for one in changes]
        ledger.answer(claim, Answer(how, status), outcomes, self.now)

    def confirm(self, ledger: SqlLedger, *changes: Change) -> str:
        """Do a whole run that changes these orders; return the run's id."""
        run = self.begin(ledger, *changes)
        claim = self.send(ledger, run, *changes)
        self.answer(ledger, claim, "answered", State.CONFIRMED, *changes)
        self.end(ledger, run)
        return run

    def end(self, ledger: SqlLedger, run: str, *outcomes: Outcome) -> None:
        """End a run."""
        ledger.end(Run(run, "", Spent(reads=2, writes=1), len(outcomes), outcomes), self.now)

    def states(self, ledger: SqlLedger, run: str) -> dict[str, str]:
        """Return where each change of a run stands, by order key."""
        details = ledger.run_details(run)
        assert details is not None
        return {str(change.id): change.state for change in details.changes}

    def kinds(self, ledger: SqlLedger) -> list[str]:
        """Return the kinds of the audit records so far."""
        return [record.kind for record in ledger.audit_records(ACCOUNT)]

    def execute(self, statement: str, **values: Any) -> None:
        """Change the database behind the ledger's back."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(statement), values)

    def execute_alone(self, statement: str) -> None:
        """Do to the server what cannot stand in a transaction."""
        engine = create_engine(self.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))

    def asked(self, statement: str) -> Any:
        """Return the one value that a statement gives, over a connection of its own."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            return connection.scalar(text(statement))

    def close(self) -> None:
        """Close every ledger that was opened here."""
        for ledger in self.opened:
            ledger.close()


@pytest.fixture
def desk_at() -> type[Desk]:
    """Give what makes a desk at a URL; whoever makes one closes it."""
    return Desk


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """Give a desk whose ledgers are closed at the end."""
    desk = Desk(database_url)
    yield desk
    desk.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Desk]:
    """Give a desk whose ledger is a SQLite file, for what concerns files."""
    desk = Desk(f"sqlite:///{tmp_path}/tertib.db")
    yield desk
    desk.close()
