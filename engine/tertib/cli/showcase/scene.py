"""Where the days that are shown take place: the shop as it is served, and the session that rules are run in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tertib.ledger.approvals import Approval
from tertib.ledger.store import SqlLedger
from tertib.load import load
from tertib.model import Rule
from tertib.sandbox.server import Served
from tertib.session import Session


@dataclass(frozen=True, slots=True)
class Scene:
    """The shop, and the project that its rules belong to."""

    served: Served
    session: Session

    @property
    def account(self) -> str:
        """Return the account's name."""
        return self.session.settings.account

    @property
    def ledger(self) -> SqlLedger:
        """Return the record."""
        return self.session.ledger

    @property
    def now(self) -> datetime:
        """Return the moment at which it happens."""
        return self.session.clock.now()

    def waiting(self, rule: str) -> Iterator[Approval]:
        """Yield the plan of a rule that waits for a person, where there is one."""
        for one in self.ledger.approvals.waiting(self.account, self.now):
            if rule in one.asked.rules:
                yield one

    def ids(self, approval: Approval) -> list[str]:
        """Return the orders (`str(id)`) of a plan that waits."""
        document = self.ledger.plan_document(approval.asked.plan_id) or {"changes": ()}
        return [str(one["id"]) for one in document["changes"]]

    def done_by(self, rule: str) -> Iterator[tuple[str, list[int | str]]]:
        """Yield the runs in which a rule changed orders, the last one first, each with those orders."""
        for run in self.ledger.runs(self.account, 200):
            found = self.ledger.run_details(run.run_id)
            changes = found.changes if found is not None else ()
            ids = [one.id for one in changes if one.rule == rule and one.state == "confirmed"]
            if ids:
                yield run.run_id, ids

    def rule(self, name: str) -> Rule:
        """Return a rule of the project."""
        found = load(self.session.settings.rules, self.session.settings).rules
        return next(one for one in found if one.name == name)
