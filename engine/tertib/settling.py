"""Read back changes whose outcome is unknown, once their time has come; nothing is ever sent again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tertib.compile import columns_for
from tertib.evaluate import contradicts, order_key
from tertib.fetch import fetch
from tertib.language.personal import Mask
from tertib.model import Order, Outcome, Scan, State, Unsettled
from tertib.plan.vetoes import shows
from tertib.ports import Clock, Ledger, Reader
from tertib.scalev import contract


@dataclass(frozen=True, slots=True)
class Settled:
    """What reading back has shown: each outcome, how many changes still wait, and when to come back for them."""

    outcomes: tuple[Outcome, ...]
    waiting: int
    come_back_at: datetime | None


def settle_due(account: str, *, reader: Reader, ledger: Ledger, clock: Clock, mask: Mask) -> Settled:
    """Read back every unknown change that is due; raises `ReadError` where Scalev cannot be read."""
    unknown = ledger.unsettled(account)
    due = [one for one in unknown if one.due_at <= clock.now()]
    outcomes = []
    for change in due:
        outcome = _outcome(change, _read_back(change, reader), mask)
        ledger.settle(account, change, outcome, clock.now())
        outcomes.append(outcome)
    later = [one.due_at for one in unknown if one.due_at > clock.now()]
    return Settled(tuple(outcomes), len(unknown) - len(due) + _still(outcomes), min(later, default=None))


def _still(outcomes: Iterable[Outcome]) -> int:
    return sum(one.state is State.SENT for one in outcomes)


def _read_back(change: Unsettled, reader: Reader) -> Order | None:
    scan = _scan(change)
    for page in fetch(scan, reader, contradicts(scan)):
        for order in page.orders:
            if order_key(order) == str(change.id):
                return order
    return None


def _scan(change: Unsettled) -> Scan:
    if change.source.store:
        return Scan(change.source, {}, (change.rule,))
    reads = [path for name in change.set if (path := contract.ACTION_FIELDS[name].reads_as)]
    columns = columns_for(reads, contract.FIELDS["orders"])
    return Scan(change.source, {"order_id": change.order_id, "columns": columns}, (change.rule,))


def _outcome(change: Unsettled, order: Order | None, mask: Mask) -> Outcome:
    """Judge what was read back: as wanted, not as wanted, or still not to be told."""
    if order is None:
        return _told(change, State.SENT, "still unknown: Scalev does not return the order")
    verdicts = {name: shows(order, name, wanted, mask) for name, wanted in change.set.items()}
    differing = [name for name, verdict in verdicts.items() if verdict is False]
    if differing:
        why = f"read back: `{differing[0]}` is not as wanted"
        return _told(change, State.NOT_APPLIED, why)
    if True in verdicts.values():
        return _told(change, State.CONFIRMED_BY_READBACK, "read back with the wanted values")
    return _told(change, State.SENT, "still unknown: the answer does not show what was changed")


def _told(change: Unsettled, state: State, why: str) -> Outcome:
    return Outcome(change.id, change.order_id, change.rule, state, why)
