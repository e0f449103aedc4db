"""What is left over on a shared ledger, for the tick to ring for: approved plans, and outcomes that are due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tertib.ledger.store import SETTLE, SqlLedger
from tertib.model import State


@pytest.fixture
def served(desk_at: Any, postgresql_url: str) -> Iterator[Any]:
    """Give a desk on a server."""
    desk = desk_at(postgresql_url)
    yield desk
    desk.close()


def waiting(ledger: SqlLedger, now: datetime) -> set[str]:
    """Return the accounts that a look finds something left over in."""
    with ledger.rota.tick(now) as look:
        return look.waiting()


def woken(ledger: SqlLedger, now: datetime) -> None:
    """Take whoever is to be woken off the rota, as a tick does that rings for them."""
    with ledger.rota.tick(now) as look:
        look.announce((one, None) for one in look.claim(10))


def test_an_outcome_that_is_due_waits(served: Any) -> None:
    """The worker that was to come back for it died, and nobody asked for the account to be woken."""
    ledger, change = served.open(), served.change(1)
    run = served.begin(ledger, change)
    served.send(ledger, run, change)
    served.end(ledger, run)
    assert waiting(ledger, served.later(seconds=SETTLE.total_seconds() - 1)) == set()
    assert waiting(ledger, served.later(seconds=1)) == {"default"}
    ledger.rota.wake("default", served.now + timedelta(minutes=1), served.now)
    assert waiting(ledger, served.now) == set()
    (open_one,) = ledger.unsettled("default")
    woken(ledger, served.later(minutes=1))
    assert waiting(ledger, served.now) == {"default"}
    ledger.settle("default", open_one, served.outcome(change, State.NOT_APPLIED), served.now)
    assert waiting(ledger, served.now) == set()


@pytest.mark.parametrize("end", ["applied", "expired"])
def test_an_approved_plan_waits_until_a_run_has_it(served: Any, end: str) -> None:
    """Approving wakes the account; where that came to nothing, the plan is found all the same until it expires."""
    ledger = served.open()
    plan = served.save(ledger, served.change(2))
    ledger.ask_approval(plan, "it is new", served.now + timedelta(hours=1), served.now)
    assert waiting(ledger, served.now) == set()
    ledger.approvals.approve("default", plan.plan_id, who="sari", now=served.now)
    assert waiting(ledger, served.now) == set()
    woken(ledger, served.now)
    assert waiting(ledger, served.now) == {"default"}
    if end == "applied":
        ledger.begin("default", plan.plan_id, kind="approved", slots=(), now=served.now)
    else:
        served.later(hours=1)
    assert waiting(ledger, served.now) == set()
    approval = ledger.approvals.of("default", plan.plan_id, served.now)
    assert approval is not None
    assert approval.state == end
    assert ledger.approvals.approved("default", served.now) == ()
