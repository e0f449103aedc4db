"""What serving needs from outside: a log, a clock that can be stopped, a ledger that keeps slots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from tertib.ledger.anchors import Anchors
from tertib.ledger.approvals import Approvals
from tertib.ledger.slots import Cause, Slot, SlotState
from tertib.model import Pause
from tertib.ports import Clock, Ledger


class Log(Protocol):
    """A logger in structlog's manner: an event for people, and fields for programs."""

    def info(self, event: str, **fields: Any) -> Any:
        """Log what happened."""
        ...

    def warning(self, event: str, **fields: Any) -> Any:
        """Log what somebody should look at."""
        ...

    def error(self, event: str, **fields: Any) -> Any:
        """Log what failed."""
        ...


class ApprovalLedger(Ledger, Protocol):
    """A ledger that keeps a queue of plans that wait for a person."""

    @property
    def approvals(self) -> Approvals:
        """Return the queue."""
        ...


class StoppableClock(Clock, Protocol):
    """Time that knows when the process is to stop."""

    @property
    def stopping(self) -> bool:
        """Tell whether a stop was asked for."""
        ...

    def heed(self) -> None:
        """Raise `Stopped` once a stop was asked for."""
        ...


class EndableClock(StoppableClock, Protocol):
    """Such a time that whoever waits by it can end for all."""

    def stop(self) -> None:
        """Ask for a stop: every sleeper wakes."""
        ...


class SlotLedger(ApprovalLedger, Protocol):
    """A ledger that keeps slots: unique for account, rule and scheduled time."""

    @property
    def anchors(self) -> Anchors:
        """Return since when each rule's slots count."""
        ...

    def pauses_at(self, account: str, at: datetime) -> Sequence[Pause]:
        """Return the pauses that an account was under at an instant that is past."""
        ...

    def slot_open(self, account: str, rule: str, slot_time: datetime, now: datetime) -> bool:
        """Take a slot; False where another has it, or had it, with a run of its own."""
        ...

    def slot_close(
        self,
        account: str,
        rule: str,
        slot_time: datetime,
        state: SlotState,
        now: datetime,
        *,
        run_id: str | None = None,
        note: str = "",
        cause: Cause | None = None,
    ) -> None:
        """Say what became of a slot; raises `SlotLost` where it is no longer this process's to say."""
        ...

    def slot_pass(
        self, account: str, rule: str, slot_time: datetime, state: SlotState, now: datetime, *, note: str
    ) -> bool:
        """Write down a slot for which nothing runs; False where another process has it, or had it."""
        ...

    def orphans(self, account: str, now: datetime) -> Sequence[Slot]:
        """Return the slots whose process ended before it closed them, the oldest first."""
        ...

    def close_orphans(self, account: str, now: datetime, but: Collection[str] = ()) -> Sequence[Slot]:
        """Close the slots, but those of these keys, whose process ended before it closed them."""
        ...

    def slots(self, account: str, rule: str | None = None, limit: int = 50) -> Sequence[Slot]:
        """Return slots of a rule, the latest first."""
        ...
