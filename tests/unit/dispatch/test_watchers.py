"""Whoever watches a server at work: told after every turn, and never in its way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from logged import Log
from shopfloor import ACCOUNT, Floor, floor
from tertib.clock import Stopped
from tertib.dispatch import local
from tertib.errors import (
    AccountHalted,
    BudgetExhausted,
    CredentialError,
    LeaseLost,
    LedgerError,
    RuleError,
    SettingsError,
)
from tertib.language.personal import Mask
from tertib.load import loads
from tertib.model import Settings

__all__ = ["floor"]

RULE = 'name: cancel\nquery: {status: pending}\naction: {status: canceled}\nschedule: "*/30 * * * *"\n'


def server(floor: Floor, log: Log, turned: Any) -> local.Server:
    """Return a server whose token cannot be used, so that every slot fails."""

    def no_token() -> Any:
        raise CredentialError("no token")

    clock: Any = floor.clock
    clock.stopping, clock.heed = False, lambda: None
    machine = local.Machine(
        Settings(account=ACCOUNT), no_token, no_token, floor.ledger, clock, Mask(b"k"), log, turned=turned
    )
    return local.Server(loads(RULE, Settings()).rules, machine)


def test_a_watcher_that_fails_stops_nothing(floor: Floor) -> None:
    """Its error is logged by its name alone, the slot is on record with its cause, and the next turn comes."""
    seen: list[datetime] = []
    log = Log()

    def turned(coming: Sequence[local.Due]) -> None:
        seen.append(coming[0].at)
        raise RuntimeError("a message with a secret in it")

    served = server(floor, log, turned)
    served.begin(floor.now)
    for _ in range(3):
        floor.later(minutes=30)
        served.turn()
    assert len(seen) == 3
    failed = [fields["why"] for event, fields in log.events if event == "telling failed"]
    assert failed == ["internal error: RuntimeError"] * 3
    slots = floor.ledger.slots(ACCOUNT, "cancel")
    assert [(one.state, one.cause) for one in slots] == [("failed", "token")] * len(slots)
    assert len(slots) == 3


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Stopped("stopped"), "stopped"),
        (CredentialError("no token"), "token"),
        (AccountHalted("look"), "halted"),
        (LeaseLost("another"), "busy"),
        (LedgerError("disk"), "ledger"),
        (BudgetExhausted("no room"), "reading"),
        (RuleError(()), "rule"),
        (SettingsError("settings"), "internal"),
        (RuntimeError("a fault"), "internal"),
    ],
)
def test_every_trouble_has_its_word(error: Exception, cause: str) -> None:
    """The narrower kind goes before the wider one."""
    assert local.cause_of(error) == cause
