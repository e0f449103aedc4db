"""What is kept outside a ledger while rules are served on it: after each turn that recorded something, whatever fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logged import Log
from tertib.cli import context, serve, watching, worker
from tertib.dispatch import local
from tertib.errors import LedgerError
from tertib.ledger import Checkpoint
from tertib.session import Project

ACCOUNT = "melati"
RULE = """\
name: cancel
query: {status: pending}
action: {status: canceled}
schedule: "0 4 1 1 *"
"""
ACCOUNTS = """\
accounts:
  melati: {token: {env: MELATI_TOKEN}}
  mawar: {token: {env: MAWAR_TOKEN}}
"""
TOKENS = {"MELATI_TOKEN": "token-of-melati-0123456789", "MAWAR_TOKEN": "token-of-mawar-0123456789"}
URL = "https://checkpoints.example/tertib"
FAILED = "the checkpoint was not exported: https://checkpoints.example answers 500"


def of_checkpoints(log: Log) -> list[tuple[str, Any]]:
    """Return what was said of checkpoints, and why."""
    return [(event, fields.get("why")) for event, fields in log.events if "checkpoint" in event]


class Post:
    """A place for checkpoints on another machine, which can be told to fail."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fails: Exception | None = None

    def __call__(self, _target: str, checkpoint: Checkpoint, *, loopback: bool) -> None:
        """Take a checkpoint, or fail."""
        assert not loopback
        self.asked.append(checkpoint.seq)
        if self.fails is not None:
            raise self.fails


class Served:
    """An account that is served on a real ledger."""

    def __init__(self, opened: context.Session) -> None:
        self.opened, self.log = opened, Log()
        told = watching.Watching(None, self.log).of_account(opened, self.log)
        self.server: local.Server = serve.server_of(opened, (), self.log, told)
        self.server.begin(opened.time.now())
        self._orders = iter(range(1000))

    @property
    def account(self) -> str:
        """Return its name."""
        return self.opened.settings.account

    @property
    def beside(self) -> Path:
        """Return the file of checkpoints beside the ledger."""
        return self.opened.witness.beside

    def turn(self, *, recorded: bool = True) -> int:
        """Give the account a turn in which something is recorded, or nothing; return the number of the last record."""
        if recorded:
            self.opened.ledger.hold(self.account, str(next(self._orders)), None, "why", datetime.now(UTC))
        self.server.turn()
        head = self.opened.ledger.checkpoint(self.account)
        return 0 if head is None else head.seq

    def kept(self) -> int:
        """Return which record the checkpoint beside the ledger saw, 0 where there is none."""
        documents = json.loads(self.beside.read_text("utf-8")) if self.beside.exists() else {}
        return int(documents[self.account]["seq"]) if self.account in documents else 0


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    """Give the place that an address leads to."""
    made = Post()
    monkeypatch.setattr("tertib.ledger.export.send", made)
    return made


@pytest.fixture
def both(tmp_path: Path, post: Post) -> Iterator[tuple[Served, Served]]:
    """Serve two accounts of one project, whose checkpoints go to an address."""
    assert post.asked == []
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.yaml").write_text(RULE, "utf-8")
    (tmp_path / "tertib.yaml").write_text(f"checkpoints: {URL}\n{ACCOUNTS}", "utf-8")
    project = Project(None, TOKENS, tmp_path)
    melati, mawar = (context.Session(account=name, project=project) for name in ("melati", "mawar"))
    with closing(project.clock), closing(melati), closing(mawar):
        yield Served(melati), Served(mawar)


@pytest.fixture
def served(both: tuple[Served, Served]) -> Served:
    """Give the one account that a test is about."""
    return both[0]


def test_a_checkpoint_is_kept_after_each_turn_of_each_account(
    both: tuple[Served, Served], post: Post
) -> None:
    """While the process is at work, not only when it ends; beside the ledger and at the address."""
    ends = [one.turn() for one in (*both, *both)]
    assert [one.kept() for one in both] == ends[2:]
    assert ends[2] > ends[0]
    assert post.asked == ends
    assert [of_checkpoints(one.log) for one in both] == [[], []]


def test_a_worker_keeps_it_too(served: Served) -> None:
    """Each time it looked at an account that was rung for."""
    log = served.log
    post = worker._post(served.opened, (), log, watching.Watching(None, log), many=False)
    for order in ("a", "b"):
        served.opened.ledger.hold(ACCOUNT, order, None, "why", datetime.now(UTC))
        post.look()
        head = served.opened.ledger.checkpoint(ACCOUNT)
        assert head is not None
        assert served.kept() == head.seq


def test_nothing_is_written_where_nothing_moved(served: Served, post: Post) -> None:
    """Neither is the file touched nor the address asked, turn after turn."""
    assert served.turn() == served.kept()
    served.beside.unlink()
    for _ in range(3):
        served.turn(recorded=False)
    assert not served.beside.exists()
    assert len(post.asked) == 1


def test_a_failed_export_stops_no_turn_and_is_told_once(
    served: Served, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a place that fails asked at each turn; the file beside the ledger goes on, and so do the turns."""
    post.fails = LedgerError("https://checkpoints.example answers 500")
    ends = [served.turn() for _ in range(3)]
    assert served.kept() == ends[-1]
    assert post.asked == ends[:1]
    assert of_checkpoints(served.log) == [("checkpoint not kept", FAILED)]

    post.fails = None
    later = datetime.now(UTC) + watching.EXPORT_AGAIN + timedelta(seconds=1)
    monkeypatch.setattr(served.opened.clock, "now", lambda: later)
    last = [served.turn(recorded=False) for _ in range(2)][-1]
    assert post.asked == [ends[0], last]
    assert of_checkpoints(served.log)[1:] == [("checkpoint kept again", None)]


def test_an_export_that_breaks_stops_no_turn(served: Served, post: Post) -> None:
    """A fault in it is told by its name alone; what comes next is run."""
    post.fails = RuntimeError("a message with a secret in it")
    assert served.turn() < served.turn()
    told = [fields["why"] for event, fields in served.log.events if event == "telling failed"]
    assert told == ["internal error: RuntimeError"] * 2
    post.fails = None


def test_a_ledger_that_does_not_answer_is_told_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The turns go on, and the checkpoint follows as soon as it answers."""

    def gone(_account: str) -> None:
        raise LedgerError("the ledger does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(served.opened.ledger, "checkpoint", gone)
        for _ in range(2):
            served.server.turn()
    end = served.turn()
    assert served.kept() == end
    assert of_checkpoints(served.log) == [
        ("checkpoint not kept", "the ledger does not answer"),
        ("checkpoint kept again", None),
    ]


def test_a_ledger_that_is_behind_overwrites_nothing(served: Served, post: Post) -> None:
    """What shows that it is an older one stays, beside it and at the address, however far it grows."""
    end = served.turn()
    ahead = {
        ACCOUNT: {"account": ACCOUNT, "seq": end + 1, "mac": "of a run that is lost", "at": "2026-03-01"}
    }
    served.beside.write_text(json.dumps(ahead), "utf-8")
    for _ in range(3):
        assert served.turn() > end
    served.opened.close()
    assert json.loads(served.beside.read_text("utf-8")) == ahead
    assert post.asked == [end]


def test_the_end_makes_up_for_an_export_that_failed(
    served: Served, post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process that ends in an orderly way tries at once, and what still fails is told on stderr."""
    post.fails = LedgerError("https://checkpoints.example answers 500")
    end = served.turn()
    served.opened.close()
    assert post.asked == [end, end]
    assert capsys.readouterr().err == f"tertib: {FAILED}\n"
