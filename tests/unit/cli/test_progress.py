from __future__ import annotations

import io

import pytest
from rich.console import Console

from tertib.cli import progress
from tertib.clock import Stopped, SystemClock
from tertib.telling.tongue import ENGLISH, tongue


class Terminal(io.StringIO):
    """A terminal in memory, which may go away."""

    gone = False

    def isatty(self) -> bool:
        """Be a terminal."""
        return True

    def write(self, text: str) -> int:
        """Take text, or fail as a terminal that is gone does."""
        if self.gone:
            raise OSError(5, "Input/output error")
        return super().write(text)


def test_nothing_is_shown_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Cron jobs and pipes get no bar, and no thread that draws one."""
    with progress.shown() as report:
        assert report is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("numbers", "left", "said"),
    [
        ({"pages": 3, "orders": 75, "matched": 2}, None, "3 pages, 75 orders, 2 matched"),
        (
            {"pages": 12, "orders": 300, "matched": 7, "expected": 40},
            9871,
            "12 of 40 pages, 300 orders, 7 matched, at most 9.871 requests left this hour",
        ),
        (
            {"pages": 41, "orders": 1025, "matched": 7, "expected": 40},
            None,
            "41 of 41 pages, 1.025 orders, 7 matched",
        ),
        ({"done": 3, "total": 10}, None, "3 of 10"),
    ],
)
def test_the_numbers_are_said(numbers: dict[str, int], left: int | None, said: str) -> None:
    """Pages, orders, matches and requests left; a shop that has grown never shows more than all of it."""
    assert progress.words(numbers, left, tongue(ENGLISH)) == said


@pytest.fixture
def terminal() -> Terminal:
    """Return a terminal."""
    return Terminal()


def test_a_bar_is_drawn_on_a_terminal(terminal: Terminal) -> None:
    """It shows what goes on and how long the rest will take, and a new event starts a new bar."""
    with progress.bars(Console(file=terminal, width=120, force_terminal=True)) as drawn:
        bar = progress.Bar(drawn, lambda: 9990, tongue(ENGLISH))
        bar("read", pages=2, orders=50, matched=1, expected=4)
        drawn.refresh()
        assert (
            "2 of 4 pages, 50 orders, 1 matched, at most 9.990 requests left this hour" in terminal.getvalue()
        )
        bar("applied", done=1, total=3)
        drawn.refresh()
    assert "1 of 3" in terminal.getvalue()
    assert drawn.tasks[0].total == 3


def test_a_terminal_that_goes_away_stops_nothing(terminal: Terminal) -> None:
    """What is shown is no reason to leave a change unrecorded."""
    drawn = progress.bars(Console(file=terminal, width=120, force_terminal=True))
    bar = progress.Bar(drawn, lambda: None, tongue(ENGLISH))
    terminal.gone = True
    bar("applied", done=1, total=3)
    bar("applied", done=2, total=3)
    assert drawn.tasks[0].completed == 2


def test_reading_ends_when_the_process_is_to_stop() -> None:
    """A page that comes after the signal is the last; an apply asks the clock by itself."""
    clock = SystemClock()
    told: list[str] = []
    heed = progress.heeding(clock, lambda event, **_numbers: told.append(event))
    heed("read", pages=1)
    clock.stop()
    heed("applied", done=1)
    with pytest.raises(Stopped):
        heed("read", pages=2)
    clock.close()
    assert told == ["read", "applied", "read"]
