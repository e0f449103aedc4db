"""The record as a thing to look after: status, copies, restored ledgers, checkpoints, and forgetting; as people do it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from project import CANCEL, SETTINGS, Project
from tertib.clock import SystemClock
from tertib.ledger import audit_key, open_ledger

ACCOUNT = "default"
KEY = "ab" * 32


@pytest.fixture
def shop(project: Project, database: str, request: pytest.FixtureRequest) -> Project:
    """Give the project with its ledger on either database."""
    if database == "sqlite":
        return project
    url = request.getfixturevalue("postgresql_url")
    environ = {**project.environ, "TERTIB_DATABASE_URL": url, "TERTIB_AUDIT_KEY": KEY}
    return Project(project.place, project.served, environ)


def applied(project: Project, count: int = 1) -> Any:
    """Cancel some unpaid orders."""
    project.unpaid(count)
    project.json("plan", "--out", "plan.json")
    return project.json("apply", "plan.json", "--yes")


def checkpoint_file(project: Project) -> Path:
    """Return the one file of checkpoints beside the project's settings."""
    (found,) = project.place.glob("*.checkpoint")
    return found


def ahead(project: Project) -> None:
    """Let the kept checkpoint know of records that the ledger has not: as after a restored backup."""
    file = checkpoint_file(project)
    kept = json.loads(file.read_text("utf-8"))
    kept[ACCOUNT] |= {"seq": kept[ACCOUNT]["seq"] + 40, "mac": "of a run that is lost"}
    file.write_text(json.dumps(kept), "utf-8")


def checks(project: Project, name: str, code: int = 0) -> list[Any]:
    """Return what `doctor` finds of that name."""
    return [one for one in project.json("doctor", code=code)["checks"] if one["check"] == name]


# --- status and copies ----------------------------------------------------------------------------------


def test_the_ledger_tells_how_it_stands(shop: Project, database: str) -> None:
    """Where it is without a password, what it holds, how far its log goes and what was seen of it outside."""
    applied(shop, 2)
    found = shop.json("ledger", "status")
    assert found["whole"] is True
    assert (found["rows"]["changes"], found["rows"]["runs"]) == (2, 1)
    assert found["last_record"] == found["checkpoints"][0]
    assert found["exported"] is None
    assert found["size"] > 8192
    said = shop.run("ledger", "status").stdout
    at = datetime.fromisoformat(found["last_record"]["at"]).astimezone(ZoneInfo("Asia/Jakarta"))
    assert f"record {found['last_record']['seq']}, {at:%Y-%m-%d %H:%M} WIB" in said
    assert "whole: yes" in said
    if database == "postgresql":
        assert "tertib:***@" in found["ledger"]
        assert shop.environ["TERTIB_DATABASE_URL"].split(":")[2].split("@")[0] not in said


def test_a_copy_can_be_worked_with_after_a_loss(project: Project) -> None:
    """The copy takes the ledger's place, is told to be older, is accepted, and works on."""
    applied(project)
    made = project.run("ledger", "backup", "copy.db")
    assert "is a copy of" in made.stdout
    assert (project.place / "copy.db").stat().st_mode & 0o777 == 0o600
    assert project.json("ledger", "backup", "copy.db", code=1)["error"] == "`copy.db` is there already"
    assert project.json("ledger", "backup", "second.db") == {"backup": "second.db"}
    applied(project)
    for name in ("tertib.db-wal", "tertib.db-shm"):
        (project.place / name).unlink(missing_ok=True)
    shutil.copy(project.place / "copy.db", project.place / "tertib.db")
    plan = project.json("plan", "--out", "plan.json")
    refused = project.json("apply", plan["plan_id"], "--yes", code=1)
    assert "this ledger is older than its checkpoint" in refused["error"]
    assert project.json("ledger", "accept", "--why", "the disk was lost")["given_up"]
    assert project.json("apply", plan["plan_id"], "--yes")["not_applied"] == 0


# --- an older ledger ------------------------------------------------------------------------------------


def test_nothing_is_sent_from_an_older_ledger(shop: Project) -> None:
    """`apply` and `run` refuse and send nothing, reading commands work, and `doctor` says what to do."""
    shop.rule((shop.place / "rules" / "rule.yaml").read_text("utf-8"))
    applied(shop)
    sent = shop.writes()
    ahead(shop)
    shop.unpaid(1)
    shop.json("plan", "--out", "plan.json")
    sending: tuple[tuple[str, ...], ...] = (("apply", "plan.json", "--yes"), ("run",))
    for command in sending:
        refused = shop.json(*command, code=1)
        assert "older than its checkpoint" in refused["error"], command
        assert "tertib doctor" in refused["hint"]
    assert shop.writes() == sent
    reading: tuple[tuple[str, ...], ...] = (("runs",), ("audit", "list"), ("ledger", "status"), ("plan",))
    for command in reading:
        assert shop.run(*command).returncode == (1 if "status" in command else 0), command
    assert shop.json("audit", "verify", code=1)["ok"] is False
    (found,) = checks(shop, "checkpoint", code=1)
    assert found["state"] == "fail"
    assert "tertib ledger accept --why" in found["mend"]


def test_a_person_lets_an_older_ledger_work_again(shop: Project) -> None:
    """With a reason, which stays in the log; once there is nothing to accept, there is nothing to accept."""
    applied(shop)
    ahead(shop)
    assert shop.run("ledger", "accept").returncode == 2
    assert "goes on with this ledger" in shop.run("ledger", "accept", "--why", "the disk was lost").stdout
    assert shop.json("ledger", "accept", "--why", "again", code=1)["error"]
    records = shop.json("audit", "list", "--kind", "checkpoint_accepted")["records"]
    assert [one["body"]["why"] for one in records] == ["the disk was lost"]
    assert applied(shop)["confirmed"] == 1
    assert shop.json("audit", "verify")["ok"]
    assert checks(shop, "checkpoint") == []


def test_a_ledger_that_was_deleted_is_missed(project: Project) -> None:
    """A new, empty file in its place would send everything again: it is refused like an older one."""
    applied(project)
    for file in project.place.glob("tertib.db*"):
        file.unlink()
    project.unpaid(1)
    project.json("plan", "--out", "plan.json")
    assert "or is another one" in project.json("apply", "plan.json", "--yes", code=1)["error"]


def test_a_copy_from_before_a_kill_is_missed(project: Project) -> None:
    """`serve` is killed and an older copy put in the ledger's place: the checkpoint was kept while it was at work."""
    project.rule(CANCEL + 'schedule: "* * * * * *"\nfirst_run: apply\n', "apply")
    with subprocess.Popen(
        project.command("serve"), cwd=project.place, env=project.environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            changed(process, project.unpaid(2))
            project.run("ledger", "backup", "copy.db")
            changed(process, project.unpaid(3))
        finally:
            process.kill()
    sent = project.writes()
    seen = json.loads(checkpoint_file(project).read_text("utf-8"))[ACCOUNT]["seq"]
    for file in project.place.glob("tertib.db*"):
        file.unlink()
    shutil.copy(project.place / "copy.db", project.place / "tertib.db")
    assert project.json("ledger", "status", code=1)["last_record"]["seq"] < seen
    project.unpaid(1)
    assert "this ledger is older than its checkpoint" in project.json("run", code=1)["error"]
    assert project.writes() == sent
    assert [one["state"] for one in checks(project, "checkpoint", code=1)] == ["fail"]


def changed(process: subprocess.Popen[str], orders: list[Any]) -> None:
    """Read the log of `serve` until these orders were changed, and on to the slot after, whose turn is another one."""
    assert process.stdout is not None
    done = (event for line in process.stdout if (event := json.loads(line))["event"] == "slot done")
    left = len(orders)
    while left > 0:
        left -= next(done)["sent"]
    next(done)


# --- exported checkpoints -------------------------------------------------------------------------------


def test_checkpoints_go_to_a_file_elsewhere(shop: Project, tmp_path: Path) -> None:
    """After each run the file is ahead; it verifies the log, and it alone is enough to notice an older ledger."""
    out = tmp_path / "elsewhere.checkpoint"
    (shop.place / "tertib.yaml").write_text(f"{SETTINGS}checkpoints: ../{out.name}\n", "utf-8")
    applied(shop)
    first = json.loads(out.read_text("utf-8"))[ACCOUNT]["seq"]
    applied(shop)
    assert json.loads(out.read_text("utf-8"))[ACCOUNT]["seq"] > first
    assert out.stat().st_mode & 0o777 == 0o600
    assert shop.json("audit", "verify", "--checkpoint", str(out))["ok"]
    assert checks(shop, "checkpoint")[0]["state"] == "ok"
    checkpoint_file(shop).unlink()
    kept = json.loads(out.read_text("utf-8"))
    kept[ACCOUNT]["seq"] += 7
    out.write_text(json.dumps(kept), "utf-8")
    assert "its end was cut off" in shop.json("audit", "verify", "--checkpoint", str(out), code=1)["why"]
    shop.unpaid(1)
    assert (
        "older than its checkpoint"
        in shop.json("apply", shop.json("plan")["plan_id"], "--yes", code=1)["error"]
    )


@pytest.fixture
def collector() -> Iterator[Any]:
    """Serve a place for checkpoints on this machine, which can be told to fail."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not server.failing:  # type: ignore[attr-defined] # set below
                server.kept.append(body)  # type: ignore[attr-defined] # set below
            self.send_response(500 if server.failing else 204)  # type: ignore[attr-defined] # set below
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(server.kept[-1])  # type: ignore[attr-defined] # set below

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.kept, server.failing = [], False  # type: ignore[attr-defined] # what the handler goes by
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_checkpoints_are_posted_and_a_failure_stops_nothing(project: Project, collector: Any) -> None:
    """What fails is said, stands in `doctor`, and is made up for by the next command that can."""
    url = f"http://127.0.0.1:{collector.server_port}/key/secret"
    to = f"checkpoints: {{to: {url}, allow_loopback: true}}\n"
    (project.place / "tertib.yaml").write_text(SETTINGS + to, "utf-8")
    applied(project)
    assert json.loads(collector.kept[-1])["seq"] == project.json("ledger", "status")["last_record"]["seq"]
    asked = len(collector.kept)
    project.run("runs")
    assert len(collector.kept) == asked  # nothing new was recorded
    assert project.json("audit", "verify", "--checkpoint", url)["ok"]

    collector.failing = True
    project.unpaid(1)
    done = project.run("run")
    assert done.returncode == 0
    assert "the checkpoint was not exported: http://127.0.0.1 answers 500" in done.stderr
    assert "secret" not in done.stderr
    (found,) = checks(project, "checkpoint")
    assert (found["state"], "answers 500" in found["message"]) == ("warn", True)
    collector.failing = False
    project.run("runs")
    assert checks(project, "checkpoint")[0]["state"] == "ok"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gone.json",), "the checkpoint `gone.json` cannot be read: no such file or directory"),
        (("tertib.yaml",), "`tertib.yaml` is no checkpoint of `tertib audit checkpoint`"),
        (("other.json",), "`other.json` holds no checkpoint of account `default`"),
        (("https://127.0.0.1:1/x",), "https://127.0.0.1 leads into a private network"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_told(project: Project, words: tuple[str], message: str) -> None:
    """In words, with exit code 1."""
    (project.place / "other.json").write_text("{}", "utf-8")
    assert project.json("audit", "verify", "--checkpoint", *words, code=1)["error"] == message


# --- forgetting -----------------------------------------------------------------------------------------


def test_old_data_is_forgotten_after_it_was_shown(shop: Project) -> None:
    """Shown first; not without `--yes` where nobody can be asked; recorded, and the log stays whole."""
    applied(shop, 2)
    assert shop.json("ledger", "prune", "--yes")["forgotten"]["changes"] == 0
    assert "to be forgotten: nothing" in shop.run("ledger", "prune").stdout
    grow_old(shop)
    shown = shop.run("ledger", "prune")
    assert (shown.returncode, shown.stdout) == (2, "to be forgotten: 1 plan, 2 changes, 1 request\n")
    done = shop.run("ledger", "prune", "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "forgotten")
    assert shop.json("audit", "list", "--kind", "data_forgotten")["records"][0]["body"]["changes"] == 2
    assert shop.json("audit", "verify")["ok"]
    assert len(shop.json("runs", "show", "default-1")["changes"]) == 2


@pytest.mark.parametrize("span", ["1h", "soon", "0d"])
def test_what_may_still_be_needed_is_not_forgotten(project: Project, span: str) -> None:
    """A span below the time that plans hold, or none at all, is a wrong command line."""
    assert project.run("ledger", "prune", "--older-than", span, "--yes").returncode == 2


def grow_old(project: Project) -> None:
    """Make everything in the ledger 200 days older than it is, but for the log."""
    from sqlalchemy import create_engine, select, update  # noqa: PLC0415 - only here

    from tertib.ledger import schema  # noqa: PLC0415 - as above

    engine = create_engine(project.environ.get("TERTIB_DATABASE_URL", f"sqlite:///{project.place}/tertib.db"))
    then = datetime.now(UTC) - timedelta(days=200)
    columns = {"plans": "created_at", "changes": "planned_at", "requests": "claimed_at"}
    with engine.begin() as connection:
        for name, column in columns.items():
            table = schema.metadata.tables[name]
            assert connection.execute(select(table)).all()
            connection.execute(update(table).values({column: then}))
    engine.dispose()


# --- a halted account -----------------------------------------------------------------------------------


def test_a_stopped_account_is_told_and_cleared_on_a_persons_word(shop: Project) -> None:
    """Ids echoed that nobody sent: nothing more is sent, `doctor` says how to go on, and who did is on record."""
    applied(shop)
    url = shop.environ.get("TERTIB_DATABASE_URL", f"sqlite:///{shop.place}/tertib.db")
    key = audit_key(shop.environ, shop.place / "tertib.db")
    with open_ledger(url, key=key, clock=SystemClock()) as ledger:
        ledger.halt(ACCOUNT, "Scalev says it changed 1 orders that were not sent: 4711", datetime.now(UTC))
    shop.unpaid(1)
    plan = shop.json("plan")
    assert "4711" in shop.json("apply", plan["plan_id"], "--yes", code=1)["error"]
    (found,) = checks(shop, "account", code=1)
    assert "tertib doctor --clear-halt --why" in found["mend"]
    assert shop.run("doctor", "--clear-halt").returncode == 2
    assert shop.json("doctor", "--clear-halt", "--why", "a colleague did it")["cleared"]
    (record,) = shop.json("audit", "list", "--kind", "halt_cleared")["records"]
    assert (record["body"]["why"], "4711" in record["body"]["halted_why"]) == ("a colleague did it", True)
    assert shop.json("apply", plan["plan_id"], "--yes")["confirmed"] == 1


# --- files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_of_the_export_starts_a_formula(project: Project, text: str) -> None:
    """Whatever stands in a record, a spreadsheet takes it for text."""
    with open_ledger(
        f"sqlite:///{project.place}/tertib.db",
        key=audit_key({}, project.place / "tertib.db"),
        clock=SystemClock(),
    ) as ledger:
        ledger.audit_append(ACCOUNT, text, {"x": text}, datetime.now(UTC))
    assert project.run("audit", "export", "--format", "csv", "--out", "log.csv").returncode == 0
    written = (project.place / "log.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(written, newline="")))
    assert rows[-1]["kind"] == f"'{text}"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row.values())


def test_every_file_of_a_journey_is_its_owners(project: Project, tmp_path: Path) -> None:
    """Ledger, key, checkpoints, plans, exports and copies, under a umask that would let everybody in."""
    (project.place / "tertib.yaml").write_text(f"{SETTINGS}checkpoints: ../out.checkpoint\n", "utf-8")
    (project.place / "log.csv").write_text("left by somebody", "utf-8")
    (project.place / "log.csv").chmod(0o666)
    made_before = {"tertib.yaml", "rule.yaml"}
    before = os.umask(0)
    try:
        applied(project)
        project.run("audit", "export", "--format", "csv", "--out", "log.csv")
        project.run("audit", "checkpoint", "--out", "point.json")
        project.run("ledger", "backup", "copy.db")
    finally:
        os.umask(before)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in made_before]
    assert {path.name for path in files} >= {
        *("tertib.db", "tertib.key", "tertib.checkpoint", "tertib.exported", "out.checkpoint"),
        *("plan.json", "log.csv", "point.json", "copy.db"),
    }
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in files} == {
        path.name: "0o600" for path in files
    }
