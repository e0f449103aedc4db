"""Every command that prints tables or sentences does so in the language that was asked for; JSON is the same in all.

Indonesian is replaced by a language that nobody speaks: a word in plain letters that is no data was never looked up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import pytest

from project import CANCEL, SETTINGS, Project
from pseudo import catalogue_of_nobody, is_pseudo
from tertib import cli

__all__ = ["catalogue_of_nobody"]

Say: TypeAlias = Callable[..., str]

SCHEDULED: Final = CANCEL.replace("query:", 'schedule: "*/30 8-21 * * *"\nquery:')
LIMITED: Final = """\
name: complete-delivered
query: {status: shipped}
conditions: []
action: {status: completed}
limits: {orders: 1}
mode: MODE
"""
TESTS: Final = """\
now: 2026-11-21T03:15:00+07:00
order: {status: pending, payment_status: unpaid, payment_method: bank_transfer, pending_time: 5d ago}
cases:
  - name: 5d
    planned: {status: canceled}
  - name: 1h
    order: {pending_time: 1h ago}
    planned: {status: canceled}
"""

DATA: Final = (
    (r"\{.*", "facts of the log and conditions, as they are written"),
    (r"`[^`\n]*`", "what is typed or set, in the sentences that quote it"),
    (r"(?m)\btertib [a-z]+ \S+(?: --first \d+)?$", "a command, as it is typed"),
    (r"https?://\S+", "addresses"),
    (r"\S*/\S*", "places of files, time zones, and who a change is signed by"),
    (r"\bquery \w+: \w+", "filters, as they are written"),
    (r"\b\d{6}[A-Z]{6}\b", "order numbers"),
    (r"\b[0-9a-f]{8,}\b", "ids of plans"),
    (r"\bdefault(?:-\d+)?\b", "the account, and its runs"),
    (r"\b(?:cancel-unpaid|complete-delivered)\b", "rules by name"),
    (r"\b[A-Z]\.[A-Z]\.", "buyers' initials"),
    (r"\b(?:rina|LIBUR|siti|salinan)\b", "what a person typed"),
    (r"\b(?:Jan|Feb|Mar|Apr|Mei|Jun|Jul|Agu|Sep|Okt|Nov|Des)\b", "months"),
    (r"\b(?:Sen|Sel|Rab|Kam|Jum|Sab|Min|WIB)\b", "weekdays and the shop's zone"),
    (r"\bRp\b", "money"),
    (r"·+p+·+", "paused slots on the timeline"),
    (r"\b[A-Z]+_[A-Z_]+\b", "variables of the environment"),
    (r"\b(?:preview|approve|apply|auto|seeds|current)\b", "words of the settings and of rules"),
    (r"\b(?:viewer|approver|admin)\b", "roles, as they are typed"),
    (r"\bscope order:[\w:]+", "a scope of a token, as Scalev calls it"),
    (r"\b\w+_\w+\b", "fields and codes, which are the same in every language"),
    (r"\bstatus\b|\bby: ", "fields whose name is one word"),
    (r"\b(?:pending|canceled|unpaid|shipped|completed)\b", "Scalev's own states"),
    (
        r"\b(?:settings|token|audit|pause)\b",
        "what doctor looks at, by name",
    ),
    (r"\b(?:genesis|paused|resumed)\b", "kinds of records in the log"),
    (r"\b[a-z]+ \d+(?:, [a-z]+ \d+|, )+", "tables of the ledger and their rows"),
)
"""What stands in plain letters for a good reason, in the order in which it is taken out."""


def left_over(text: str) -> list[str]:
    """Return the words of an output that were not looked up and are no data."""
    for pattern, _ in DATA:
        text = re.sub(pattern, " ", text)
    return re.findall(r"\b[A-Za-z]{2,}\b", text)


@pytest.fixture
def say(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    catalogue_of_nobody: None,  # noqa: ARG001 - puts its catalogue in place
) -> Say:
    """Return what runs a command in this process, in the strange language, and gives its output back."""
    monkeypatch.chdir(project.place)
    for name in ("SCALEV_BASE_URL", "SCALEV_TOKEN"):
        monkeypatch.setenv(name, project.environ[name])
    monkeypatch.setenv("TERTIB_LANG", "id")
    monkeypatch.setenv("LOGNAME", "rina")
    monkeypatch.setenv("COLUMNS", "400")

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert cli.main(words) == code, capsys.readouterr()
        return capsys.readouterr().out

    return run


def shop_of(project: Project) -> str:
    """Lay out rules and orders of which some change, some are held and some are over a limit; return one's number."""
    project.rule(SCHEDULED, mode="approve")
    project.rule(LIMITED, name="limited")
    orders = project.unpaid(3)
    since = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    unpaid = {"status": "pending", "payment_status": "unpaid", "payment_method": "bank_transfer"}
    project.served.shop.add({**unpaid, "pending_time": since, "transferproof_url": "https://x.example/1.jpg"})
    project.served.shop.add({**unpaid, "pending_time": datetime.now(UTC).isoformat()})
    for _ in range(2):
        project.served.shop.add({"status": "shipped", "gross_revenue": "5000"})
    number: str = project.served.shop.order(orders[0])["order_id"]
    return number


def everything(project: Project, say: Say) -> Iterator[tuple[str, str]]:
    """Run every command that tells people something; yield its words and its output."""

    def told(*words: str, code: int = 0) -> tuple[str, str]:
        return " ".join(words), say(*words, code=code)

    number = shop_of(project)
    yield told("check")
    yield told("plan", "--explain-query")
    yield told("run", code=0)
    yield told("approvals")
    yield told("why", number)
    yield told("explain", "cancel-unpaid", number)
    yield told("hold", number, "--why", "LIBUR", "--until", "3d")
    yield told("hold", number, "--why", "LIBUR")
    yield told("hold", "--list")
    yield told("why", number)
    yield told("release", number)
    asked = json.loads(say("approvals", "--json"))["approvals"][0]["plan_id"]
    yield told("approve", asked, "--yes", "--only", number)
    yield told("run")
    again = json.loads(say("approvals", "--json"))["approvals"][0]["plan_id"]
    yield told("reject", again)
    yield told("approvals", "--all")
    yield told("runs")
    runs = [one["run_id"] for one in json.loads(say("runs", "--json"))["runs"]]
    for run in runs:
        yield told("runs", "show", run)
    yield told("runs", "--slots")
    yield told("why", number)
    yield told("explain", "cancel-unpaid", number, "--run", runs[-1])
    yield told("undo", runs[1])
    yield told("undo", runs[1], "--apply", "--yes", code=3)
    yield told("settle")
    yield told("pause", "cancel-unpaid", "--why", "LIBUR", "--until", "3d")
    yield told("schedule", "--days", "1")
    yield told("doctor")
    yield told("resume", "cancel-unpaid")
    yield told("schedule", "--days", "1")
    yield told("audit", "list")
    yield told("audit", "verify")
    yield told("ledger", "status")
    yield told("ledger", "backup", "salinan/x.db")
    yield told("ledger", "prune", "--yes")
    yield told("doctor")
    (project.place / "siti").write_text("enam angsa berlari\n", encoding="utf-8")
    (project.place / "siti").chmod(0o600)
    yield told("people", "list")
    yield told("people", "add", "siti", "--password-file", "siti")
    yield told("people", "change", "siti", "--role", "approver")
    yield told("people", "disable", "siti")
    yield told("people", "list")


def test_no_word_is_left_untranslated(project: Project, say: Say) -> None:
    """Whatever a command prints beside data was looked up, from the first plan to the last word of the log."""
    (project.place / "salinan").mkdir()
    left = {words: found for words, said in everything(project, say) if (found := left_over(said))}
    assert left == {}


def test_rule_tests_are_told_in_the_language(project: Project, say: Say) -> None:
    """Counts, coverage and the headings; what differs is shown in the words of the test's file."""
    project.rule(CANCEL)
    (project.place / "rules" / "rule.test.yaml").write_text(TESTS, encoding="utf-8")
    lines = say("test", "--coverage", code=1).splitlines()
    told = [one for one in lines if is_pseudo(one)]
    assert len(told) > 5
    assert left_over(told[-1]) == left_over(told[-2]) == []


def test_the_demo_is_told_in_the_language(say: Say) -> None:
    """Each numbered step of a newcomer's first minute was looked up, and so was what follows it."""
    steps = [one for one in say("demo").splitlines() if re.match(r"\d\. ", one)]
    assert len(steps) == 5
    assert [left_over(one) for one in steps] == [[], [], [], [], []]


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("plan", "--explain-query"),
        ("run",),
        ("approvals", "--all"),
        ("runs",),
        ("runs", "--slots"),
        ("why", "NUMBER"),
        ("explain", "cancel-unpaid", "NUMBER"),
        ("hold", "NUMBER", "--why", "LIBUR"),
        ("hold", "--list"),
        ("pause", "cancel-unpaid", "--why", "LIBUR"),
        ("schedule",),
        ("doctor",),
        ("audit", "list"),
        ("audit", "verify"),
        ("ledger", "status"),
        ("people", "list"),
        ("settle",),
        ("fields",),
    ],
    ids=" ".join,
)
def test_json_is_in_no_language(project: Project, say: Say, words: tuple[str, ...]) -> None:
    """What scripts read has no text in it that was looked up, whoever runs them."""
    number = shop_of(project)
    say("run", "--json")
    say("pause", "complete-delivered", "--why", "LIBUR")
    given = [number if word == "NUMBER" else word for word in words]
    written = say(*given, "--json")
    assert json.loads(written)
    assert not is_pseudo(written)


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_formats_for_code_hosts_are_in_no_language(project: Project, say: Say, form: str) -> None:
    """Annotations stand beside code, which is English."""
    project.rule(CANCEL.replace("older_than", "odler_than"))
    assert not is_pseudo(say("check", "--format", form, code=1))


def test_json_is_the_same_to_the_byte(project: Project) -> None:
    """With nothing that moves between the two, both languages print one document."""
    project.unpaid(2)
    project.run("run")
    for words in (("check",), ("approvals", "--all"), ("runs",), ("audit", "list"), ("ledger", "status")):
        english = project.run(*words, "--json", TERTIB_LANG="en").stdout
        assert json.loads(english)
        assert english == project.run(*words, "--json", TERTIB_LANG="id").stdout


def test_help_reference_and_errors_stay_english(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    """They are what people search for: a message reads the same in every question about it."""
    assert not is_pseudo(say("plan", "--help"))
    assert not is_pseudo(say("fields") + say("fields", "--operators"))
    say("runs", "show", "nothing", code=1)
    assert cli.main(["runs", "show", "nothing"]) == 1
    assert "there is no run `nothing` in this ledger" in capsys.readouterr().err


def test_tables_in_indonesian_say_so(project: Project) -> None:
    """The real catalogue, through the settings, with a locale that says otherwise."""
    project.unpaid(1)
    (project.place / "tertib.yaml").write_text(SETTINGS + "language: id\n", encoding="utf-8")
    told = project.run("plan", LANG="en_US.UTF-8").stdout
    assert "1 pesanan, Rp 100.000" in told
    assert "1 order, Rp 100.000" in project.run("--lang", "en", "plan").stdout
    assert "1 order, Rp 100.000" in project.run("plan", TERTIB_LANG="en").stdout


def test_settings_name_a_language_that_there_is(project: Project) -> None:
    """A word that is none is a mistake in the settings, with its place."""
    (project.place / "tertib.yaml").write_text(SETTINGS + "language: jv\n", encoding="utf-8")
    done = project.run("plan")
    assert done.returncode == 1
    assert "tertib.yaml:3:" in done.stderr


def test_a_language_that_there_is_not_is_said_before_anything_is_done(project: Project) -> None:
    """Of the environment it is a failure, of the command line a wrong command line; nothing was sent."""
    project.rule(CANCEL, mode="apply")
    project.unpaid(1)
    done = project.run("run", TERTIB_LANG="jv")
    assert done.returncode == 1
    assert (
        done.stderr
        == "tertib: TERTIB_LANG is `jv`, which is no language of tertib\n  hint: it is one of `en`, `id`\n"
    )
    assert project.run("run", "--lang", "jv").returncode == 2
    assert project.writes() == 0
    assert project.run("--help", TERTIB_LANG="jv").returncode == 0
