"""Since when slots count: put on record at first sight, kept over restarts, anew where the times are others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tertib.ledger.anchors import Times, times
from tertib.ledger.store import SqlLedger
from tertib.model import Schedule

ACCOUNT = "default"
HOURLY, DAILY = Times("0 * * * *", "Asia/Jakarta", 0), Times("0 9 * * *", "Asia/Jakarta", 0)


@pytest.fixture
def ledger(desk: Any) -> SqlLedger:
    """Return a ledger, on each database."""
    opened: SqlLedger = desk.open()
    return opened


def keep(
    ledger: SqlLedger, now: datetime, gone: str = "", anew: str = "", **wanted: Times
) -> dict[str, datetime]:
    """Put times on record, those of the rules in `gone` as taken away."""
    return ledger.anchors.keep(ACCOUNT, wanted, now, gone=gone.split().__contains__, anew=anew.split())


def test_a_schedule_counts_from_when_it_was_first_seen(desk: Any, ledger: SqlLedger) -> None:
    """However often it is looked at since, by whichever process."""
    first = desk.now
    assert keep(ledger, first, a=HOURLY) == {"a": first}
    later = desk.later(days=28)
    assert keep(desk.open(), later, a=HOURLY, b=DAILY) == {"a": first, "b": later}
    assert ledger.anchors.of(ACCOUNT, {"a": HOURLY, "b": DAILY}, desk.later(days=1)) == {
        "a": first,
        "b": later,
    }


@pytest.mark.parametrize(
    "other", [DAILY, HOURLY._replace(timezone="Europe/Berlin"), HOURLY._replace(jitter=60)]
)
def test_other_times_count_from_when_they_were_seen(desk: Any, ledger: SqlLedger, other: Times) -> None:
    """Before they are on record whoever only asks is told the present."""
    keep(ledger, desk.now, a=HOURLY)
    changed = desk.later(hours=3)
    assert ledger.anchors.of(ACCOUNT, {"a": other}, changed) == {"a": changed}
    assert keep(ledger, changed, a=other) == {"a": changed}
    assert ledger.anchors.of(ACCOUNT, {"a": other}, desk.later(hours=1)) == {"a": changed}


def test_a_rule_that_comes_back_counts_from_then(desk: Any, ledger: SqlLedger) -> None:
    """While it was away nothing of it was missed; a rule that somebody else looks after stays as it is."""
    first = desk.now
    keep(ledger, first, a=HOURLY, others=DAILY)
    keep(ledger, desk.later(hours=1), gone="a")
    back = desk.later(days=49)
    assert keep(ledger, back, a=HOURLY) == {"a": back}
    assert keep(ledger, desk.later(hours=1), others=DAILY) == {"others": first}


def test_a_rule_that_is_new_to_its_server_counts_anew(desk: Any, ledger: SqlLedger) -> None:
    """Its file came back while nobody had seen that it was gone."""
    keep(ledger, desk.now, a=HOURLY)
    back = desk.later(days=2)
    assert keep(ledger, back, anew="a", a=HOURLY) == {"a": back}


def test_an_older_ledger_goes_on_where_its_slots_ended(desk: Any, ledger: SqlLedger) -> None:
    """It has slots and no such record: what came due while it was brought up to date is not lost."""
    assert ledger.slot_open(ACCOUNT, "a", desk.now, desk.now)
    last = desk.now
    assert keep(ledger, desk.later(hours=2), a=HOURLY) == {"a": last - timedelta(microseconds=1)}
    new = desk.now
    assert ledger.slot_open(ACCOUNT, "b", last, new)
    assert keep(ledger, new, anew="b", b=HOURLY) == {"b": new}


def test_accounts_have_their_own(desk: Any, ledger: SqlLedger) -> None:
    """Two shops have a rule of one name."""
    keep(ledger, desk.now, a=HOURLY)
    later = desk.later(hours=1)
    assert ledger.anchors.of("other", {"a": HOURLY}, later) == {"a": later}


def test_what_becomes_of_slots_moves_none() -> None:
    """Days off, deadlines and what is done about missed slots leave the times as they are."""
    plain = Schedule("0 9 * * *", "Asia/Jakarta", jitter=timedelta(minutes=2))
    assert times(plain) == Times("0 9 * * *", "Asia/Jakarta", 120)
    assert times(Schedule("0 9 * * *", "Asia/Jakarta", plain.jitter, "skip", timedelta(hours=1))) == times(
        plain
    )
