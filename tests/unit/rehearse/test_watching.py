"""Prove that watching plays again after every change of a file that counts, and ends when it is asked to."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from tertib.rehearse.files import watched
from tertib.rehearse.watching import EVERY, watch


class Clock:
    """A clock whose sleeps run what a test has prepared for each, and stop the watch after the last."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.stopped = False
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return one moment."""
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self) -> float:
        """Return one moment."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Run the next step, or stop."""
        self.slept.append(seconds)
        if self.steps:
            self.steps.pop(0)()
        else:
            self.stopped = True


def run(clock: Clock, place: Path, code: int = 1) -> list[list[str]]:
    """Watch a directory until the clock's steps are done; return the changed files of each play."""
    plays: list[list[str]] = []

    def play(changed: Collection[Path]) -> int:
        plays.append([file.name for file in changed])
        return code

    assert watch(play, lambda: watched([place]), clock, lambda: clock.stopped) == code
    return plays


def test_each_change_plays_again(tmp_path: Path) -> None:
    """A file that changed, came or went; a look at which nothing has changed plays nothing."""
    rule, test = tmp_path / "a.yaml", tmp_path / "a.test.yaml"
    rule.write_text("name: a\n", "utf-8")
    clock = Clock(
        lambda: None,
        lambda: rule.write_text("name: other\n", "utf-8"),
        lambda: test.write_text("now: 2026-11-21\n", "utf-8"),
        lambda: os.utime(rule, (1, 1)),
        test.unlink,
    )

    assert run(clock, tmp_path) == [[], ["a.yaml"], ["a.test.yaml"], ["a.yaml"], ["a.test.yaml"]]
    assert set(clock.slept) == {EVERY}


def test_a_table_that_a_rule_names_counts(tmp_path: Path) -> None:
    """A lookup table is watched wherever it lies, also before it exists; other files are not."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text("name: a\ndata: {proofs: ../proofs.csv}\n", "utf-8")
    table, other = tmp_path / "proofs.csv", tmp_path / "other.csv"
    clock = Clock(
        lambda: other.write_text("x\n", "utf-8"),
        lambda: table.write_text("order,url\n", "utf-8"),
    )

    assert run(clock, tmp_path / "rules", 0) == [[], ["proofs.csv"]]


def test_a_change_made_while_playing_is_not_missed(tmp_path: Path) -> None:
    """Files are looked at before a play, so what is saved during it plays again."""
    rule = tmp_path / "a.yaml"
    rule.write_text("name: a\n", "utf-8")
    clock, plays = Clock(), []

    def play(changed: Collection[Path]) -> int:
        plays.append(len(changed))
        if len(plays) == 1:
            rule.write_text("name: changed\n", "utf-8")
        return 0

    watch(play, lambda: watched([tmp_path]), clock, lambda: clock.stopped)

    assert plays == [0, 1]
