"""One account as the pages see it: its settings, its record, its rules. There is no writer in it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tertib import record
from tertib.ledger import AuditVerdict
from tertib.ledger.store import SqlLedger
from tertib.model import Plan, Settings
from tertib.pipeline import Means
from tertib.session import Session
from tertib.web.ahead import Ahead
from tertib.web.book import Book
from tertib.web.daily import Days

_MOST_PLANS = 8


@dataclass(frozen=True)
class Desk:
    """What the pages of one account work with. `means` plans and explains, and is asked for anew each time."""

    settings: Settings
    ledger: SqlLedger
    book: Book
    means: Callable[[], Means]
    verify: Callable[[], AuditVerdict]
    plans: Plans
    days: Days
    ahead: Ahead

    @property
    def account(self) -> str:
        """Return the account's name."""
        return self.settings.account

    @property
    def zone(self) -> str:
        """Return the shop's time zone."""
        return self.settings.timezone

    def plan(self, plan_id: str) -> Plan | None:
        """Return a recorded plan of this account as it was shown, None where there is none."""
        found = self.plans.get(plan_id)
        return found if found is not None and found.account == self.account else None


@dataclass
class Plans:
    """Recorded plans, the last few of them kept: a plan never changes, and reading a large one takes a while."""

    ledger: SqlLedger
    _kept: OrderedDict[str, Plan] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, plan_id: str) -> Plan | None:
        """Return a plan, None where the ledger has none of that id; raises `PlanRefused` for one that cannot be read."""
        with self._lock:
            if plan_id in self._kept:
                self._kept.move_to_end(plan_id)
                return self._kept[plan_id]
        found = self._read(plan_id)
        if found is not None:
            with self._lock:
                self._kept[plan_id] = found
                while len(self._kept) > _MOST_PLANS:
                    self._kept.popitem(last=False)
        return found

    def _read(self, plan_id: str) -> Plan | None:
        document = self.ledger.plan_document(plan_id)
        return None if document is None else record.as_recorded(document)


def desk_of(opened: Session, rules: Sequence[str] = ()) -> Desk:
    """Return an account's desk; `rules` are the paths that were named, those of the settings where none were.

    What several threads will share is opened here, by one. Raises what opening the ledger raises.
    """
    ledger = opened.ledger
    _ = opened.mask, opened.budget, opened.witness
    return Desk(
        settings=opened.settings,
        ledger=ledger,
        book=Book(rules or opened.settings.rules, opened.settings, opened.clock),
        means=_Means(opened),
        verify=opened.verified,
        plans=Plans(ledger),
        ahead=Ahead(opened.settings.timezone),
        days=Days(ledger, opened.settings.account, opened.settings.timezone),
    )


class _Means:
    """Gives what planning works with; the client that reads is made once, by whichever page first needs it."""

    def __init__(self, opened: Session) -> None:
        self._opened = opened
        self._lock = threading.Lock()

    def __call__(self) -> Means:
        """Return it; raises `CredentialError` where the token cannot be used."""
        clock = self._opened.clock
        with self._lock:
            return self._opened.means(progress=lambda _event, **_numbers: clock.heed())
