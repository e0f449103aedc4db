"""Nothing of one account shows in another's: every question is asked of a ledger full of a neighbour's rows."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib.errors import LedgerError, PlanRefused
from tertib.ledger import SqlLedger
from tertib.model import Outcome, Run, Spent, State

from .conftest import ACCOUNT, START, Desk

LATER = START + timedelta(hours=1)
NEIGHBOUR = ACCOUNT
ARGUMENTS: Mapping[str, Any] = {
    "orders": {"0": "order-0", "1": "order-1", "9": "order-2"},
    "since": START - timedelta(days=1),
    "before": LATER,
    "now": LATER,
    "at": LATER,
    "until": None,
    "order_ref": "order-0",
    "ref": "order-2",
    "rule": "cancel",
    "rules": ("cancel",),
    "slot_time": START,
    "state": "done",
    "seen": {"status=pending": 900},
    "hashes": {"cancel": "hash of cancel"},
    "kind": "noted",
    "facts": {"order": "order-0"},
    "who": "budi",
    "why": "looked at it",
    "but": frozenset[str](),
    "note": "nothing ran",
}
"""What is said for a parameter of this name: always something that the neighbour has."""

METHODS = {
    name: inspect.signature(method)
    for name, method in inspect.getmembers(SqlLedger, inspect.isfunction)
    if not name.startswith("_") and "account" in inspect.signature(method).parameters and name != "begin"
}
"""Every method for one account, as the ledger has them today; a run that begins has a test of its own."""


def asked(ledger: SqlLedger, method: str, account: str, **more: Any) -> Any:
    """Call a method for an account and return what it says, or which error it raises."""
    given = {**ARGUMENTS, **more, "account": account}
    wanted = [
        one.name
        for one in list(METHODS[method].parameters.values())[1:]
        if one.default is one.empty or one.name == "rule"
    ]
    try:
        found = getattr(ledger, method)(**{name: given[name] for name in wanted})
        return list(found) if isinstance(found, Iterator) else found
    except LedgerError as error:
        return type(error)


def state(ledger: SqlLedger, account: str) -> dict[str, Any]:
    """Return all that a ledger tells of an account."""
    return {name: asked(ledger, name, account) for name in READING}


READING = (
    "history",
    "plans",
    "scan_sizes",
    "unsettled",
    "halted",
    "runs",
    "changes_of",
    "holds",
    "slots",
    "last_slot",
    "last_slots",
    "audit_records",
    "checkpoint",
)


@pytest.fixture
def full(desk: Desk) -> SqlLedger:
    """Return a ledger in which the neighbour has rows of every kind."""
    ledger = desk.open()
    changes = desk.changes(3)
    run = desk.begin(ledger, *changes)
    desk.send(ledger, run, changes[0])
    ledger.conclude(run, [Outcome(1, "order-1", "cancel", State.HELD, "held")], desk.now)
    ledger.end(Run(run, "plan-1", Spent(), 1, ()), desk.now)
    ledger.hold(NEIGHBOUR, "order-2", None, "asked for", desk.now)
    ledger.save_scan_sizes(NEIGHBOUR, {"status=pending": 900}, desk.now)
    assert ledger.slot_open(NEIGHBOUR, "cancel", START, desk.now)
    ledger.slot_close(NEIGHBOUR, "cancel", START, "done", desk.now)
    ledger.halt(NEIGHBOUR, "look at this", desk.now)
    return ledger


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_neighbour_s_rows_are_not_seen(full: SqlLedger, tmp_path: Path, method: str) -> None:
    """An account with nothing on record gets what an empty ledger gives, of every method, and changes nobody else."""
    more = {"change": full.unsettled(NEIGHBOUR)[0], "run_id": full.runs(NEIGHBOUR)[0].run_id}
    more["outcome"] = Outcome(0, "order-0", "cancel", State.NOT_APPLIED, "read back")
    empty, before = Desk(f"sqlite:///{tmp_path}/empty.db").open(), state(full, NEIGHBOUR)
    assert asked(full, method, "mawar", **more) == asked(empty, method, "mawar", **more)
    assert state(full, NEIGHBOUR) == before
    empty.close()


@pytest.mark.parametrize("method", READING)
def test_the_neighbour_has_something_to_be_seen(full: SqlLedger, tmp_path: Path, method: str) -> None:
    """The test above would see a row that shows: the neighbour itself gets another answer than an empty ledger's."""
    empty = Desk(f"sqlite:///{tmp_path}/empty.db").open()
    assert asked(full, method, NEIGHBOUR) != asked(empty, method, NEIGHBOUR)
    empty.close()


def test_a_lease_and_a_halt_keep_one_account_only(full: SqlLedger, desk: Desk) -> None:
    """While the neighbour is stopped, and while its run is at work, another account begins and ends runs."""
    other = desk.elsewhere()
    at_work = full.begin("melati", None, kind="run", slots=(), now=desk.now)
    run = other.begin("mawar", None, kind="run", slots=(), now=desk.now)
    other.end(Run(run, "", Spent(), 0, ()), desk.now)
    full.end(Run(at_work, "", Spent(), 0, ()), desk.now)
    plan = full.plans(NEIGHBOUR)[0].plan_id
    with pytest.raises(PlanRefused, match=f"made for account `{NEIGHBOUR}`"):
        full.begin("mawar", plan, kind="apply", slots=(), now=desk.now)
    with pytest.raises(LedgerError, match="look at this"):
        full.begin(NEIGHBOUR, None, kind="run", slots=(), now=desk.now)
