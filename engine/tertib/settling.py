"""Read back changes whose outcome is unknown, once their time has come; nothing is ever sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tertib.compile import columns_for
from tertib.errors import AlreadySettled, BudgetExhausted, ReadError
from tertib.evaluate import contradicts, order_key, reference
from tertib.fetch import fetch
from tertib.language.personal import Mask
from tertib.model import Order, Outcome, Scan, State, Unsettled
from tertib.plan.vetoes import shows
from tertib.ports import Clock, Ledger, Reader
from tertib.sayings import N_, said
from tertib.scalev import contract

_UNTOUCHED: Final = N_(
    "read back: `%(field)s` is not as wanted, and nothing has changed the order since it was sent"
)
_TOUCHED: Final = N_(
    "read back: `%(field)s` is not as wanted, and the order was changed since it was sent: "
    "a person may have taken the change back; `tertib release` hands it to the rules again"
)
_UNTOLD: Final = N_(
    "read back: `%(field)s` is not as wanted, and Scalev does not say when it changed: "
    "a person may have taken the change back; `tertib release` hands it to the rules again"
)
_UNASKABLE: Final = N_(
    "still unknown: the order has no number to ask Scalev for; look at it there by hand, rules leave it alone"
)

PATIENCE: Final = 120.0
"""How long, in seconds, reading back goes on once an order could not be read: Scalev may be out of reach altogether."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What reading back has shown: each outcome, how many changes still wait, and when to come back for them."""

    outcomes: tuple[Outcome, ...]
    waiting: int
    come_back_at: datetime | None


def settle_due(account: str, *, reader: Reader, ledger: Ledger, clock: Clock, mask: Mask) -> Settled:
    """Read back every unknown change that is due; one that cannot be read stays unknown, and the rest goes on.

    Raises `BudgetExhausted` and `CredentialError`, which concern every reading.
    """
    unknown = ledger.unsettled(account)
    due = [one for one in unknown if _is_due(one, clock)]
    outcomes: list[Outcome] = []
    settled = 0
    for change, outcome in _read_all(due, reader, clock, mask):
        try:
            ledger.settle(account, change, outcome, clock.now())
        except AlreadySettled:
            settled += 1  # by another process, which tells of it
            continue
        outcomes.append(outcome)
        settled += outcome.state is not State.SENT
    later = [one.due_at for one in unknown if not _is_due(one, clock)]
    return Settled(tuple(outcomes), len(unknown) - settled, min(later, default=None))


def _is_due(change: Unsettled, clock: Clock) -> bool:
    return change.due_at <= clock.now()


def _read_all(
    due: Iterable[Unsettled], reader: Reader, clock: Clock, mask: Mask
) -> Iterator[tuple[Unsettled, Outcome]]:
    """Yield what reading each change back has shown; nothing after `PATIENCE` once an order could not be read."""
    began, failed = clock.monotonic(), False
    for change in due:
        if failed and clock.monotonic() - began > PATIENCE:
            return
        try:
            outcome = _shown(change, reader, mask)
        except BudgetExhausted:
            raise
        except ReadError as error:
            failed = True
            why = said("still unknown: the order could not be read back: %(why)s", why=error)
            outcome = _told(change, State.SENT, why)
        yield change, outcome


def _shown(change: Unsettled, reader: Reader, mask: Mask) -> Outcome:
    if not change.order_id and not change.source.store:
        return _told(change, State.SENT, _UNASKABLE)
    return _outcome(change, _read_back(change, reader), mask)


def _read_back(change: Unsettled, reader: Reader) -> Order | None:
    """Return the order by its id, or the only one that has its number under a newer kind of id."""
    scan = _scan(change)
    moved = []
    for page in fetch(scan, reader, contradicts(scan)):
        for order in page.orders:
            if order_key(order) == str(change.id):
                return order
            if _has_moved(change, order):
                moved.append(order)
    return moved[0] if len(moved) == 1 else None


def _has_moved(change: Unsettled, order: Order) -> bool:
    """Tell whether an order is the change's own, under the UUID that Scalev gave it in place of its integer."""
    newer = isinstance(change.id, int) and isinstance(contract.wire_id(order.get("id")), str)
    return newer and change.order_id != "" and reference(order) == change.order_id


def _scan(change: Unsettled) -> Scan:
    if change.source.store:
        return Scan(change.source, {}, (change.rule,))
    reads = [path for name in change.set if (path := contract.ACTION_FIELDS[name].reads_as)]
    columns = columns_for(reads, contract.FIELDS["orders"])
    return Scan(change.source, {"order_id": change.order_id, "columns": columns}, (change.rule,))


def _outcome(change: Unsettled, order: Order | None, mask: Mask) -> Outcome:
    """Judge what was read back: as wanted, not as wanted, or still not to be told."""
    if order is None:
        return _told(change, State.SENT, N_("still unknown: Scalev does not return the order"))
    verdicts = {name: shows(order, name, wanted, mask) for name, wanted in change.set.items()}
    differing = [name for name, verdict in verdicts.items() if verdict is False]
    if differing:
        return _not_as_wanted(change, order, differing[0])
    if True in verdicts.values():
        return _told(change, State.CONFIRMED_BY_READBACK, N_("read back with the wanted values"))
    return _told(change, State.SENT, N_("still unknown: the answer does not show what was changed"))


def _not_as_wanted(change: Unsettled, order: Order, name: str) -> Outcome:
    """Tell an order that nothing has touched since it was read from one that our change may have passed through."""
    now = order.get("last_updated_at")
    if change.updated_at and now == change.updated_at:
        return _told(change, State.NOT_APPLIED, said(_UNTOUCHED, field=name))
    return _told(change, State.HELD, said(_TOUCHED if now and change.updated_at else _UNTOLD, field=name))


def _told(change: Unsettled, state: State, why: str) -> Outcome:
    return Outcome(change.id, change.order_id, change.rule, state, why)
