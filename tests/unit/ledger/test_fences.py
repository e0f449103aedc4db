"""Every write of a run is fenced by the lease's epoch: a worker that lost the account and wakes up writes nothing.

The table names every method of the ledger that writes. One that is not in it fails the first test. What people decide
(`approvals` and its like) has objects of its own, which send nothing and say nothing of a sent change.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import select

from tertib.errors import LeaseLost
from tertib.ledger import SqlLedger, schema
from tertib.model import Answer, Change, Run, Spent, State

ACCOUNT = "default"


@dataclass(frozen=True)
class Woken:
    """A worker that was frozen with a run, a change that it had planned, and one that it had sent."""

    desk: Any
    ledger: SqlLedger
    run: str
    planned: Change
    sent: Change
    claim: Any


FENCED: Final[Mapping[str, Callable[[Woken], object]]] = {
    "renew": lambda w: w.ledger.renew(w.run, w.desk.now),
    "intend": lambda w: w.ledger.intend(
        w.run, [w.desk.change(9)], [w.desk.document(w.desk.change(9))], w.desk.now
    ),
    "claim": lambda w: w.desk.send(w.ledger, w.run, w.planned),
    "answer": lambda w: w.ledger.answer(
        w.claim, Answer("answered", 200), [w.desk.outcome(w.sent, State.CONFIRMED)], w.desk.now
    ),
    "conclude": lambda w: w.ledger.conclude(w.run, [w.desk.outcome(w.planned, State.STALE)], w.desk.now),
    "end": lambda w: w.ledger.end(Run(w.run, "", Spent(), 0, ()), w.desk.now),
}
"""The writes of a run, by the method that makes them: each as a woken worker would try it."""

TAKES_THE_ACCOUNT: Final = {"begin", "settle", "forget"}
"""Writes that belong to no run: they refuse while anybody may be at work, and shut out whoever was."""

OF_PEOPLE: Final = {
    *("hold", "unhold", "release", "clear_halt", "accept"),
    *("slot_open", "slot_close", "slot_pass", "close_orphans", "give_back"),
    *("halt", "audit_append", "save_plan", "save_scan_sizes"),
}
"""Writes that let nothing out and say nothing of a sent change: what people ask for, slots, plans, sizes, the brake."""


@pytest.fixture(params=["taken over by a run", "taken over to settle"])
def woken(request: pytest.FixtureRequest, desk: Any) -> Woken:
    """Freeze a worker in the middle of its run until its lease is over, and let another take the account."""
    ledger, planned, sent = desk.elsewhere(), desk.change(1), desk.change(2)
    run = desk.begin(ledger, planned, sent)
    claim = desk.send(ledger, run, sent)
    desk.later(minutes=20)
    other = desk.elsewhere()
    if request.param == "taken over by a run":
        desk.begin(other, desk.change(3))
    else:
        waiting = other.unsettled(ACCOUNT)[0]
        other.settle(ACCOUNT, waiting, desk.outcome(sent, State.HELD), desk.now)
    return Woken(desk, ledger, run, planned, sent, claim)


def everything(ledger: SqlLedger) -> list[Any]:
    """Return all rows of all tables."""
    with ledger._database.reading() as connection:
        return [connection.execute(select(table)).all() for table in schema.metadata.sorted_tables]


def writers() -> set[str]:
    """Return the ledger's methods whose source begins a write transaction."""
    methods = inspect.getmembers(SqlLedger, inspect.isfunction)
    return {
        name
        for name, method in methods
        if not name.startswith("_")
        and any(begin in inspect.getsource(method) for begin in ("_writing", ".writing("))
    }


def test_every_write_is_in_the_table() -> None:
    """A new one must say which kind it is before it passes here."""
    assert writers() == {*FENCED, *TAKES_THE_ACCOUNT, *OF_PEOPLE}


@pytest.mark.parametrize("name", FENCED)
def test_a_woken_worker_writes_nothing(woken: Woken, name: str) -> None:
    """The attempt is refused as `LeaseLost`, and not a row of any table is other than before."""
    before = everything(woken.ledger)
    with pytest.raises(LeaseLost):
        FENCED[name](woken)
    assert everything(woken.ledger) == before


@pytest.mark.parametrize("name", FENCED)
def test_the_same_write_succeeds_under_the_lease(desk: Any, name: str) -> None:
    """It is the lost lease that refuses them, not the way in which they are tried."""
    ledger, planned, sent = desk.elsewhere(), desk.change(1), desk.change(2)
    run = desk.begin(ledger, planned, sent)
    claim = desk.send(ledger, run, sent)
    before = everything(ledger)
    desk.later(seconds=1)
    FENCED[name](Woken(desk, ledger, run, planned, sent, claim))
    assert everything(ledger) != before


def test_a_lease_that_is_over_lets_nothing_out_though_nobody_took_it(desk: Any) -> None:
    """`claim` asks for a lease that still runs, not only for the right epoch."""
    ledger, change = desk.elsewhere(), desk.change(1)
    run = desk.begin(ledger, change)
    desk.later(minutes=3)
    before = everything(ledger)
    with pytest.raises(LeaseLost):
        desk.send(ledger, run, change)
    assert everything(ledger) == before


@pytest.mark.parametrize("name", sorted(TAKES_THE_ACCOUNT))
def test_what_takes_the_account_waits_for_a_live_run(desk: Any, name: str) -> None:
    """While another process may be at work, nobody begins, settles or forgets."""
    worker, change = desk.elsewhere(lease_ttl=timedelta(hours=1)), desk.change(1)
    run = desk.begin(worker, change)
    desk.send(worker, run, change)
    desk.later(minutes=20)
    other = desk.elsewhere()
    attempts = {
        "begin": lambda: other.begin(ACCOUNT, None, kind="apply", slots=(), now=desk.now),
        "settle": lambda: other.settle(
            ACCOUNT, other.unsettled(ACCOUNT)[0], desk.outcome(change, State.HELD), desk.now
        ),
        "forget": lambda: other.forget(ACCOUNT, desk.now, "rina", desk.now),
    }
    before = everything(other)
    with pytest.raises(LeaseLost, match=f"run `{run}` is at work"):
        attempts[name]()
    assert everything(other) == before
