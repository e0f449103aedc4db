"""Pauses: of a rule, an account, everything; who, why, how long, and what they stop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tertib.errors import Paused
from tertib.ledger.store import SqlLedger

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(desk: Any) -> SqlLedger:
    """Return a ledger, on each database."""
    opened: SqlLedger = desk.open()
    return opened


def pause(ledger: SqlLedger, rule: str | None = None, account: str = "default", **how: datetime) -> None:
    """Pause a rule, or an account."""
    ledger.pausing.pause(account, rule, who="budi", why="stok opname", until=how.get("until"), now=NOW)


def test_a_pause_tells_who_and_why(ledger: SqlLedger) -> None:
    """Whoever is stopped by it need ask nobody."""
    pause(ledger, "cancel-unpaid")
    (found,) = ledger.pauses("default", NOW)
    assert found.told == "rule `cancel-unpaid` is paused by budi: stok opname"
    assert found.way_out == "`tertib resume cancel-unpaid` ends it"
    assert ledger.pauses("other", NOW) == ()


def test_a_pause_ends_by_itself_at_its_time(ledger: SqlLedger) -> None:
    """At `until` it is over."""
    pause(ledger, "r", until=NOW + HOUR)
    assert len(ledger.pauses("default", NOW + HOUR - timedelta(microseconds=1))) == 1
    assert ledger.pauses("default", NOW + HOUR) == ()


def test_a_new_pause_takes_the_place_of_the_old_one(ledger: SqlLedger) -> None:
    """Pausing longer is one pause, not two that have to be resumed one by one."""
    pause(ledger, "r", until=NOW + HOUR)
    pause(ledger, "r")
    (found,) = ledger.pauses("default", NOW)
    assert found.until is None


def test_resuming_ends_what_was_named_and_nothing_else(ledger: SqlLedger) -> None:
    """The pause of everything stays where a rule is resumed, and the other way round."""
    pause(ledger, "r")
    pause(ledger)
    ledger.pausing.pause_everything("default", who="budi", why="down", until=None, now=NOW)
    assert [one.what for one in ledger.pauses("default", NOW)] == [
        "everything",
        "account `default`",
        "rule `r`",
    ]
    assert ledger.pausing.resume_everything("default", "sari", NOW)
    assert not ledger.pausing.resume_everything("default", "sari", NOW)
    assert [one.what for one in ledger.pauses("default", NOW)] == ["account `default`", "rule `r`"]
    assert ledger.pausing.resume("default", "r", "sari", NOW)
    assert not ledger.pausing.resume("default", "r", "sari", NOW)
    assert [one.what for one in ledger.pauses("default", NOW)] == ["account `default`"]


def test_everything_is_every_account_the_coming_ones_too(ledger: SqlLedger) -> None:
    """An account that the ledger learns of after the switch was thrown does not slip through."""
    ledger.audit_append("first", "test", {}, NOW)
    ledger.pausing.pause_everything("default", who="budi", why="down", until=None, now=NOW)
    for account in ("first", "default", "never-seen"):
        with pytest.raises(Paused, match="everything is paused by budi: down"):
            ledger.begin(account, None, kind="run", slots=(), now=NOW)


@pytest.mark.parametrize("account", ["default", "first"])
def test_pauses_stand_in_every_chain_that_they_concern(ledger: SqlLedger, account: str) -> None:
    """Who stopped it all, and who let it go on, is in the audit log of each account."""
    ledger.audit_append("first", "test", {}, NOW)
    ledger.pausing.pause_everything("default", who="budi", why="down", until=NOW + HOUR, now=NOW)
    ledger.pausing.resume_everything("default", "sari", NOW)
    kinds = {one.kind: one.body for one in ledger.audit_records(account)}
    assert '"who":"budi"' in kinds["paused"]
    assert '"everything":true' in kinds["paused"]
    assert '"who":"sari"' in kinds["resumed"]
    assert ledger.verify_audit(account).ok


def test_no_run_begins_under_a_pause_of_its_account(ledger: SqlLedger) -> None:
    """Asked inside the step that takes the lease: nothing comes between."""
    pause(ledger)
    with pytest.raises(Paused) as refused:
        ledger.begin("default", None, kind="run", slots=(), now=NOW)
    assert refused.value.hint == "`tertib resume --account default` ends it"
    assert ledger.begin("other", None, kind="run", slots=(), now=NOW) == "other-1"


def test_a_paused_rule_lets_the_account_work(ledger: SqlLedger) -> None:
    """One rule's pause is no reason to stop the others."""
    pause(ledger, "r")
    assert ledger.begin("default", None, kind="run", slots=(), now=NOW) == "default-1"


def test_a_claim_lets_nothing_of_a_paused_rule_out(desk: Any, ledger: SqlLedger) -> None:
    """Set between the last look and the request, a pause still holds: it is asked in the same step."""
    mine, others = desk.change(1), desk.change(2, rule="other")
    run = desk.begin(ledger, mine, others)
    ledger.pausing.pause("default", "cancel", who="budi", why="why", until=None, now=desk.now)
    assert desk.send(ledger, run, mine, others).ids == (2,)
    assert desk.states(ledger, run)["1"] == "planned"


def test_a_claim_raises_under_a_pause_of_everything(desk: Any, ledger: SqlLedger) -> None:
    """Nothing is moved to `sent`."""
    mine = desk.change(1)
    run = desk.begin(ledger, mine)
    ledger.pausing.pause_everything("default", who="budi", why="why", until=None, now=desk.now)
    with pytest.raises(Paused):
        desk.send(ledger, run, mine)
    assert desk.states(ledger, run) == {"1": "planned"}


def test_a_pause_that_is_over_stood_all_the_same(ledger: SqlLedger) -> None:
    """From when it was set until it was ended, or its time had come; by then a slot was due."""
    pause(ledger, "r", until=NOW + 3 * HOUR)
    pause(ledger, account="other")
    assert ledger.pausing.resume("default", "r", "sari", NOW + HOUR)
    assert ledger.pauses("default", NOW + HOUR) == ()
    stood = [ledger.pauses_at("default", NOW + hours * HOUR) for hours in (-1, 0, 1)]
    assert [[one.rule for one in found] for found in stood] == [[], ["r"], []]
    pause(ledger, until=NOW + HOUR)
    assert [one.rule for one in ledger.pauses_at("default", NOW)] == [None, "r"]
    assert ledger.pauses_at("default", NOW + HOUR) == ()
