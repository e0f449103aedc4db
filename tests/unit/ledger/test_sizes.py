from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, func, select

from tertib.ledger import open_ledger
from tertib.ledger.schema import scan_sizes
from tertib.ledger.sizes import KEPT

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class Clock:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Return where it stands."""
        return NOW

    def monotonic(self) -> float:
        """Return nothing of interest."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Wait for nothing."""


def test_the_last_size_of_each_scan_is_known(tmp_path: Path) -> None:
    """A later run's sizes take the place of the earlier one's, account by account."""
    with open_ledger(f"sqlite:///{tmp_path}/t.db", key=b"k" * 32, clock=Clock()) as ledger:
        assert ledger.scan_sizes("a") == {}
        ledger.save_scan_sizes("a", {"?status=draft": 7, "?status=ready": 9}, NOW)
        ledger.save_scan_sizes("a", {"?status=draft": 0}, NOW + DAY)
        ledger.save_scan_sizes("a", {}, NOW + DAY)
        ledger.save_scan_sizes("b", {"?": 3}, NOW)
        assert ledger.scan_sizes("a") == {"?status=draft": 0, "?status=ready": 9}
        assert ledger.scan_sizes("b") == {"?": 3}


def test_what_is_too_old_is_forgotten(tmp_path: Path) -> None:
    """The table does not grow with queries that nobody asks any more."""
    with open_ledger(f"sqlite:///{tmp_path}/t.db", key=b"k" * 32, clock=Clock()) as ledger:
        for days in range(3):
            ledger.save_scan_sizes("a", {f"?{days}": 1}, NOW + days * DAY)
        ledger.save_scan_sizes("a", {"?": 1}, NOW + KEPT + DAY)
        assert set(ledger.scan_sizes("a")) == {"?1", "?2", "?"}
    with create_engine(f"sqlite:///{tmp_path}/t.db").connect() as connection:
        assert connection.scalar(select(func.count()).select_from(scan_sizes)) == 3
