"""`pause`, `resume`, `schedule` and `runs --slots`, as people and programs see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tertib.cli import main, timeline
from tertib.model import Holidays, Origin, Pause, Rule, Schedule
from tertib.schedule import Planned, planned

RULES = """
name: chase
query: {status: pending, payment_method: qris}
action: {status: confirmed}
schedule: "0 9 * * *"
---
name: often
query: {status: pending, payment_method: qris}
action: {status: confirmed}
schedule: "*/5 * * * *"
"""

Said = tuple[int, str, str]


@pytest.fixture
def tertib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Return the command line, in a project with two rules."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "tertib.yaml").write_text("holidays: ID\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> Said:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_pause_is_set_shown_and_ended(tertib: Callable[..., Said]) -> None:
    """Every command that shows slots shows it too, with who and why."""
    code, out, _ = tertib("pause", "chase", "--why", "stok opname", "--until", "3d", "--json")
    (found,) = json.loads(out)["pauses"]
    assert (code, found["what"], found["rule"], found["why"]) == (0, "rule", "chase", "stok opname")
    assert found["until"] is not None
    for words in (("runs",), ("runs", "--slots"), ("schedule",)):
        assert "stok opname" in tertib(*words)[1], words
    assert tertib("resume", "chase")[:2] == (0, "rule `chase` goes on\n")
    assert tertib("resume", "chase")[0] == 1


def test_the_switch_stops_run_before_anything_else(tertib: Callable[..., Said]) -> None:
    """No token is needed to be told that everything is paused."""
    assert tertib("pause", "--all", "--why", "Scalev is down")[0] == 0
    code, out, err = tertib("resume", "--all")
    assert (code, out, err) == (0, "everything goes on\n", "")


def test_the_account_is_paused_by_its_name(tertib: Callable[..., Said]) -> None:
    """`--account` alone means the whole account."""
    assert "account `default` is paused" in tertib("pause", "--account", "default", "--why", "libur")[1]
    assert tertib("resume", "--account", "default")[1] == "account `default` goes on\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--why", "x"), 2, "say what is meant"),
        (("chase",), 2, "Missing option '--why'"),
        (("chase", "--all", "--why", "x"), 2, "`--all` means every rule"),
        (("chse", "--why", "x"), 1, "there is no rule `chse`"),
        (("chase", "--why", "x", "--until", "2020-01-01"), 2, "`2020-01-01` has passed"),
        (("chase", "--why", "x", "--until", "besok"), 2, "neither a time"),
    ],
)
def test_what_cannot_be_meant_pauses_nothing(
    tertib: Callable[..., Said], words: tuple[str, ...], code: int, message: str
) -> None:
    """A pause of a misspelt rule would be none, and nobody would know."""
    given, _, err = tertib("pause", *words)
    assert (given, message in err) == (code, True), err
    assert json.loads(tertib("schedule", "--json")[1])["pauses"] == []


def test_a_rule_that_does_not_load_can_be_paused(tertib: Callable[..., Said]) -> None:
    """The one that makes trouble is the one to be stopped."""
    file = Path("rules/a.yaml")
    file.write_text(file.read_text("utf-8").replace('"0 9 * * *"', "every day"), encoding="utf-8")
    assert tertib("pause", "chase", "--why", "broken")[0] == 0


def test_looking_makes_no_ledger(tertib: Callable[..., Said]) -> None:
    """`schedule` in a new project leaves no file behind."""
    code, out, _ = tertib("schedule")
    assert (code, Path("tertib.db").exists()) == (0, False)
    assert max(map(len, out.splitlines())) <= 80


def test_the_schedule_for_programs(tertib: Callable[..., Said]) -> None:
    """Every slot with its state, and when each rule runs next."""
    found = json.loads(tertib("schedule", "chase", "--days", "3", "--json")[1])
    assert [one["rule"] for one in found["rules"]] == ["chase"]
    assert found["timezone"] == "Asia/Jakarta"
    assert 2 <= len(found["slots"]) <= 3
    assert set(found["slots"][0]) == {"rule", "at", "starts", "state", "why"}


# --- the timeline ---------------------------------------------------------------------------------------

CHRISTMAS = datetime(2026, 12, 24, 17, tzinfo=UTC)  # midnight of the 25th in Jakarta


def slots(pauses: tuple[Pause, ...] = (), **given: Any) -> list[Planned]:
    """Return the slots of a rule on 25 December and the day after."""
    schedule = Schedule(given.pop("cron", "0 9 * * *"), "Asia/Jakarta", **given)
    rule = Rule("chase", Origin("a.yaml", 1), {}, (), {}, {}, "", schedule=schedule)
    return planned(rule, pauses, CHRISTMAS, CHRISTMAS + timedelta(days=2))


def drawn(found: list[Planned], width: int = 80) -> list[str]:
    """Return the lines without their styles."""
    days = [date(2026, 12, 25), date(2026, 12, 26)]
    lines = timeline.lines(found, days, "Asia/Jakarta", width)
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_a_holiday_is_marked_and_named() -> None:
    """A sign in the line, and the reason below it."""
    lines = drawn(slots(holidays=Holidays("ID")))
    assert lines[0].split() == ["Fri", "25", "Dec", "00", "03", "06", "09", "12", "15", "18", "21"]
    assert lines[1].split() == ["chase", "·" * 18 + "x" + "·" * 29]
    assert lines[2] == "  x skipped: Hari Raya Natal (chase)"
    assert lines[5].split() == ["chase", "·" * 18 + "●" + "·" * 29]


def test_a_pause_ends_on_the_line_too() -> None:
    """Slots after its end run again."""
    pause = Pause("default", "chase", "budi", "libur", CHRISTMAS, CHRISTMAS + timedelta(days=1))
    assert [one.state for one in slots((pause,))] == ["paused", "runs"]
    assert "p paused: rule `chase` is paused by budi: libur (chase)" in drawn(slots((pause,)))[2]


@pytest.mark.parametrize(
    ("cron", "signs"), [("*/10 0 * * *", "33"), ("* 0 * * *", "++"), ("0 0 * * *", "●·")]
)
def test_many_slots_share_a_cell(cron: str, signs: str) -> None:
    """A digit says how many start in the half hour."""
    assert drawn(slots(cron=cron))[4].split()[1].startswith(signs)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_keep_to_the_width(width: int) -> None:
    """Narrow terminals get a cell an hour."""
    assert max(map(len, drawn(slots(), width))) <= width


def test_a_day_without_slots_says_so() -> None:
    """An empty block would look like a fault."""
    assert drawn([])[1] == "  no slots"
