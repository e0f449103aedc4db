"""Nothing is read or written but what a person named, and what is written is for its owner alone."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

SECRET: Final = "root:x:0:0:the content of a file that no rule may read"
RULE: Final = """\
name: cancel-unpaid
query: {status: pending, payment_status: unpaid, payment_method: bank_transfer}
conditions:
  - pending_time: {older_than: 3d}
action: {status: canceled}
"""
WITH_TABLE: Final = RULE + "data: {secrets: {file: 'FILE', key: root}}\n"

# --- reading: tables ------------------------------------------------------------------------------------


def outside(place: Any) -> Path:
    """Write a file beside the project that no rule may read."""
    file: Path = place.root.parent / "passwd"
    file.write_text(SECRET, encoding="utf-8")
    return file


TABLES: Final[tuple[tuple[str, str], ...]] = (
    ("/etc/passwd", "is not a path from the rule's own folder"),
    ("~/passwd", "is not a path from the rule's own folder"),
    ("~root/passwd", "is not a path from the rule's own folder"),
    ("../../passwd", "leads out of the rule's folder"),
    ("../../../../../../../../etc/passwd", "leads out of the rule's folder"),
    ("../rules/../../passwd", "leads out of the rule's folder"),
    ("./././../../passwd", "leads out of the rule's folder"),
    ("link.csv", "leads out of the rule's folder"),
    ("folder/passwd", "leads out of the rule's folder"),
    ("zero.csv", "leads out of the rule's folder"),
    ("pipe.csv", "it is no plain file"),
    (".", "is a directory"),
    ("here", "is a directory"),
    ("loop.csv", "cannot be read"),
    ("no\\0thing.csv", "is no file's name"),
    ("%2e%2e/%2e%2e/passwd", "does not exist"),
    ("..\\\\..\\\\passwd", "does not exist"),
    ("file:///etc/passwd", "does not exist"),
    ("https://evil.example/a.csv", "does not exist"),
    ("$HOME/passwd", "does not exist"),
    ("a" * 5_000 + ".csv", "cannot be read"),
)
"""What a rule gives as its table's file, and part of the message that refuses it."""


@pytest.mark.parametrize(("file", "message"), TABLES, ids=[file[:40] for file, _ in TABLES])
def test_a_rule_reads_no_file_outside_of_its_project(place: Any, file: str, message: str) -> None:
    """Whatever a rule calls its table, the message says why not, and never what stands there."""
    target = outside(place)
    rules = place.write("rules/rule.yaml", WITH_TABLE.replace("'FILE'", f'"{file}"')).parent
    (rules / "link.csv").symlink_to(target)
    (rules / "folder").symlink_to(target.parent)
    (rules / "zero.csv").symlink_to("/dev/zero")
    (rules / "loop.csv").symlink_to(rules / "loop.csv")
    (rules / "here").mkdir()
    os.mkfifo(rules / "pipe.csv")
    done = place.run("check")
    assert done.code == 1
    assert message in done.said.replace("\n", "")
    assert "the content of a file" not in done.said
    assert place.run("plan").code == 1
    assert "the content of a file" not in place.said[-1].said


def test_a_table_of_the_project_may_lie_in_another_folder_of_it(place: Any) -> None:
    """The project is the folder of `tertib.yaml`; what lies in it belongs to its rules."""
    place.write("tables/secrets.csv", "root,url\n1,a\n")
    place.write("rules/rule.yaml", WITH_TABLE.replace("FILE", "../tables/secrets.csv"))
    assert place.run("check").code == 0


def test_a_table_that_turns_into_a_link_after_the_plan_is_not_followed(place: Any) -> None:
    """A plan that is applied reads its tables again; one that leads elsewhere by then is not what it was."""
    place.write("rules/t.csv", "root,url\n1,a\n")
    place.write("rules/rule.yaml", WITH_TABLE.replace("FILE", "t.csv"))
    place.add()
    place.json("plan", "--out", "plan.json")
    (place.root / "rules/t.csv").unlink()
    (place.root / "rules/t.csv").symlink_to(outside(place))
    done = place.run("apply", "plan.json", "--yes")
    assert done.code == 1
    assert "changed since the plan was made" in done.err
    assert place.served.journal.of("change") == []


# --- reading: rules, settings, tokens, plans ---------------------------------------------------------------


def test_pipes_and_devices_among_the_rules_are_not_waited_for(place: Any) -> None:
    """A directory of rules is walked; what is no plain file in it is a problem, not a wait without an end."""
    place.write("rules/rule.yaml", RULE)
    os.mkfifo(place.root / "rules/pipe.yaml")
    (place.root / "rules/zero.yaml").symlink_to("/dev/zero")
    done = place.run("check")
    assert done.code == 1
    assert done.said.count("it is no plain file") == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../../evil", "cannot be a rule's name"),
        ("/etc/passwd", "cannot be a rule's name"),
        ("..", "cannot be a rule's name"),
        ("a/b", "cannot be a rule's name"),
        ("a\\\\b", "cannot be a rule's name"),
        ("C:evil", "cannot be a rule's name"),
        ("-rf", "cannot be a rule's name"),
        ("a\\nb", "cannot be a rule's name"),
        ("$(id)", "cannot be a rule's name"),
        ("`id`", "cannot be a rule's name"),
    ],
)
def test_a_rules_name_is_never_a_path(place: Any, name: str, message: str) -> None:
    """Names with a slash, a dot in front, or a sign that a shell obeys are refused."""
    place.write("rules/rule.yaml", RULE.replace("cancel-unpaid", f'"{name}"'))
    done = place.run("check")
    assert done.code == 1
    assert message in done.said


Prepare = Callable[[Path], str]


def _fifo(root: Path) -> str:
    os.mkfifo(root / "pipe", 0o600)
    return "pipe"


def _readable(root: Path) -> str:
    (root / "token").write_text("sandbox", encoding="utf-8")
    (root / "token").chmod(0o644)
    return "token"


def _link(root: Path) -> str:
    (root / "loop").symlink_to(root / "loop")
    return "loop"


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda _root: "/dev/zero", "is not a file"),
        (str, "is not a file"),
        (_fifo, "is not a file"),
        (_readable, "others may read the token"),
        (_link, "cannot be read"),
        (lambda _root: "nothing", "cannot be read"),
        (lambda root: os.path.relpath("/etc/passwd", root), "others may read the token"),
    ],
)
def test_a_token_comes_from_a_plain_file_of_its_owner_only(
    place: Any, monkeypatch: pytest.MonkeyPatch, prepare: Prepare, message: str
) -> None:
    """Anything else that SCALEV_TOKEN_FILE names is refused, and nothing of it is shown."""
    place.write("rules/rule.yaml", RULE)
    monkeypatch.delenv("SCALEV_TOKEN")
    monkeypatch.setenv("SCALEV_TOKEN_FILE", prepare(place.root))
    done = place.run("plan")
    assert done.code == 1
    assert message in done.err
    assert "root:" not in done.said
    assert "sandbox" not in done.said.replace("tertib-sandbox", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check", "/dev/zero"), "more than 256 KiB are not read"),
        (("check", "--config", "/dev/zero"), "more than 256 KiB are not read"),
        (("check", "--config", "."), "cannot be read"),
        (("check", "--config", "../none.yaml"), "cannot be read"),
        (("apply", "/dev/zero", "--yes"), "is too large to be a plan"),
        (("apply", ".", "--yes"), "directory"),
        (("apply", "../passwd", "--yes"), "it is not readable as JSON"),
        (("apply", "rules/rule.yaml", "--yes"), "it is not readable as JSON"),
        (("audit", "verify", "--checkpoint", "/dev/zero"), "is no checkpoint"),
        (("audit", "verify", "--checkpoint", "../passwd"), "is no checkpoint"),
        (("explain", "cancel-unpaid", "1", "--from", "/dev/zero"), "is too large to be read"),
        (("explain", "cancel-unpaid", "1", "--from", "../passwd"), "holds no order"),
        (("why", "1", "--from", "/dev/zero"), "is too large to be read"),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(given),
)
def test_what_a_person_names_is_read_up_to_a_limit(place: Any, words: tuple[str, ...], message: str) -> None:
    """A device, a directory or a stranger's file gives a message; its content is not repeated."""
    outside(place)
    place.write("rules/rule.yaml", RULE)
    done = place.run(*words)
    assert done.code in {1, 2}
    assert message in done.said.lower().replace("\n", "") or message in done.said.replace("\n", "")
    assert "the content of a file" not in done.said


# --- writing --------------------------------------------------------------------------------------------


def everything(root: Path) -> dict[Path, int]:
    """Return every file and directory below one, with its mode."""
    return {file: stat.S_IMODE(file.lstat().st_mode) for file in root.rglob("*") if not file.is_symlink()}


@pytest.fixture
def no_mask() -> Iterator[None]:
    """Let the machine's own mask keep nothing from anybody."""
    before = os.umask(0)
    yield
    os.umask(before)


TEST: Final = """\
now: 2026-11-21T10:00:00+07:00
cases:
  - name: young
    order: {status: pending, payment_status: unpaid, payment_method: bank_transfer, pending_time: 1d ago}
    not_matched: true
"""


def test_what_commands_write_is_for_their_owner_alone(place: Any, no_mask: None) -> None:
    """With a mask that forbids nothing, every file that any command makes has mode 0600."""
    assert no_mask is None
    place.write("rules/rule.yaml", RULE)
    place.write("rules/rule.test.yaml", TEST)
    sources = everything(place.root)
    order = place.add()["order_id"]
    place.add()
    readable = place.write("readable.json", "{}")
    readable.chmod(0o666)
    written = {"plan.json", "report.xml", "log.jsonl", "log.csv", "point.json", "copy.db", "readable.json"}
    place.run("plan", "--out", "plan.json")
    place.run("plan", "--out", "readable.json")
    run = place.json("apply", "plan.json", "--yes")
    place.run("hold", order, "--why", "the buyer called")
    place.run("test", "--junit", "report.xml")
    place.run("audit", "export", "--out", "log.jsonl")
    place.run("audit", "export", "--format", "csv", "--out", "log.csv")
    place.run("audit", "checkpoint", "--out", "point.json")
    place.run("ledger", "backup", "copy.db")
    place.run("undo", run["run_id"], "--out", "back.json")
    made = {file: mode for file, mode in everything(place.root).items() if file not in sources}
    assert written | {"tertib.db", "tertib.key"} <= {file.name for file in made}
    assert {file.name: f"{mode:o}" for file, mode in made.items() if file.is_file() and mode & 0o177} == {}
    assert {file.name: f"{mode:o}" for file, mode in made.items() if file.is_dir() and mode & 0o022} == {}
    assert sources == {file: everything(place.root)[file] for file in sources}


def test_a_new_project_can_be_written_by_its_owner_alone(place: Any, no_mask: None) -> None:
    """What `init` lays out may be read by a team, and changed by nobody else; the key is the owner's."""
    assert no_mask is None
    place.json("init", "new")
    made = everything(place.root / "new")
    assert {file.name: f"{mode:o}" for file, mode in made.items() if mode & 0o022} == {}
    assert made[place.root / "new/tertib.key"] == 0o600


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--out"),
        ("audit", "export", "--out"),
        ("audit", "checkpoint", "--out"),
        ("test", "--junit"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("file", ["nowhere/out", "a-file/out", "/dev/full", "loop", "x" * 300])
def test_what_cannot_be_written_is_said_and_leaves_nothing_behind(
    place: Any, words: tuple[str, ...], file: str
) -> None:
    """No half a file, no draft, no directory that nobody asked for."""
    place.write("rules/rule.yaml", RULE)
    place.write("rules/rule.test.yaml", TEST)
    place.write("a-file", "")
    (place.root / "loop").symlink_to(place.root / "loop")
    place.run("plan")
    before = set(everything(place.root))
    done = place.run(*words, file)
    assert done.code in {1, 2}
    assert done.err
    assert set(everything(place.root)) == before


def test_a_link_in_the_place_of_a_draft_is_not_followed(place: Any) -> None:
    """In a directory that others may write to, nobody can guess the name that is written to first."""
    place.write("rules/rule.yaml", RULE)
    target = outside(place)
    for name in (f".plan.json.{os.getpid()}", ".plan.json.tmp", "plan.json.tmp", "plan.json~"):
        (place.root / name).symlink_to(target)
    place.run("plan", "--out", "plan.json")
    assert target.read_text(encoding="utf-8") == SECRET
    assert json.loads((place.root / "plan.json").read_text(encoding="utf-8"))["format"] == 1


def test_a_plan_that_is_written_over_keeps_nothing_of_the_old_mode(place: Any) -> None:
    """A link that a person made is written through; what it leads to becomes the owner's alone."""
    place.write("rules/rule.yaml", RULE)
    real = place.write("plans/today.json", "{}")
    real.chmod(0o644)
    (place.root / "plan.json").symlink_to(real)
    place.run("plan", "--out", "plan.json")
    assert (place.root / "plan.json").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert json.loads(real.read_text(encoding="utf-8"))["changes"] == []
