"""Whole journeys: the command line, as people and cron call it, against the sandbox over real HTTP."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from project import CANCEL, SETTINGS, Project
from tertib.compile import compile_rules
from tertib.load import load
from tertib.model import Settings, Source


def test_from_rule_to_confirmed_change_and_back_to_an_empty_plan(project: Project) -> None:
    """A plan is shown, applied once, recorded; the next plan is empty and the chain is whole."""
    orders = project.unpaid(3)
    plan = project.json("plan", "--out", "plan.json")
    assert json.loads((project.place / "plan.json").read_text(encoding="utf-8")) == plan
    assert {change["id"] for change in plan["changes"]} == set(orders)
    assert project.writes() == 0

    run = project.json("apply", "plan.json", "--yes")
    assert (run["sent"], run["confirmed"], run["unknown"]) == (3, 3, 0)
    assert {project.status(order) for order in orders} == {"canceled"}

    assert project.json("plan")["changes"] == []
    assert project.json("audit", "verify")["ok"] is True
    runs = project.json("runs")["runs"]
    assert [one["run_id"] for one in runs] == [run["run_id"]]
    shown = project.json("runs", "show", run["run_id"])
    assert {one["state"] for one in shown["changes"]} == {"confirmed"}


def test_a_plan_is_applied_once(project: Project) -> None:
    """The second apply is refused and sends nothing."""
    project.unpaid(1)
    project.json("plan", "--out", "plan.json")
    project.json("apply", "plan.json", "--yes")
    sent = project.writes()
    refused = project.json("apply", "plan.json", "--yes", code=1)
    assert "applied" in refused["error"]
    assert project.writes() == sent


def test_a_recorded_plan_is_applied_by_its_id(project: Project) -> None:
    """No file is needed where the ledger holds the plan."""
    project.unpaid(1)
    plan = project.json("plan")
    assert project.json("apply", plan["plan_id"], "--yes")["confirmed"] == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('"canceled"', '"confirmed"', 1),
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text[:-40],
        lambda _text: "[]",
        lambda _text: "[" * 100_000,
        lambda _text: "\x00\xff",
        lambda _text: "",
    ],
)
def test_an_edited_plan_is_refused(project: Project, edit: Any) -> None:
    """Whatever was done to a plan's file, nothing of it is sent."""
    project.unpaid(1)
    project.json("plan", "--out", "plan.json")
    file = project.place / "plan.json"
    file.write_text(edit(file.read_text(encoding="utf-8")), encoding="utf-8")
    assert project.run("apply", "plan.json", "--yes").returncode == 1
    assert project.writes() == 0


def test_apply_asks_nobody_where_nobody_is(project: Project) -> None:
    """Without a terminal and without `--yes` the command line is wrong, and nothing is sent."""
    project.unpaid(1)
    project.json("plan", "--out", "plan.json")
    done = project.run("apply", "plan.json")
    assert (done.returncode, project.writes()) == (2, 0)
    assert "--yes" in done.stderr


def test_a_backlog_is_worked_off_in_parts(project: Project) -> None:
    """`--first`, `--only` and `--except` pick; an order that is not in the plan is refused."""
    orders = project.unpaid(4)
    plan = project.json("plan", "--out", "plan.json")
    names = {change["id"]: change["order_id"] for change in plan["changes"]}
    assert project.json("apply", "plan.json", "--yes", "--only", "NOSUCH", code=1)["error"]
    run = project.json("apply", "plan.json", "--yes", "--first", "2", "--except", names[orders[0]])
    assert run["sent"] == 2
    assert project.status(orders[0]) == "pending"


def test_exit_codes_of_plan(project: Project) -> None:
    """0 with or without changes; 4 only where it was asked for, and only with changes."""
    assert project.run("plan", "--detailed-exitcode").returncode == 0
    project.unpaid(1)
    assert project.run("plan").returncode == 0
    assert project.run("plan", "--detailed-exitcode").returncode == 4


@pytest.mark.parametrize(("mode", "state"), [("preview", "previewed"), ("approve", "awaiting_approval")])
def test_run_sends_nothing_for_rules_that_only_preview(project: Project, mode: str, state: str) -> None:
    """`run` obeys each rule's mode, and that is as intended."""
    project.rule(CANCEL, mode)
    project.unpaid(1)
    run = project.json("run")
    assert [one["state"] for one in run["outcomes"]] == [state]
    assert project.writes() == 0


def test_run_applies_what_is_live(project: Project) -> None:
    """A rule in mode `apply` is planned and applied at once, without a question."""
    project.rule(CANCEL, "apply")
    orders = project.unpaid(2)
    assert project.json("run")["confirmed"] == 2
    assert {project.status(order) for order in orders} == {"canceled"}


def test_what_a_limit_holds_is_exit_code_3(project: Project) -> None:
    """A rule over its limit sends nothing, and cron's mail says so; a preview of it is no failure."""
    project.rule(CANCEL + "limits: {orders: 1}\n", "apply")
    project.unpaid(2)
    plan = project.json("plan")
    assert {one["code"] for one in plan["held"]} == {"limit_orders"}
    project.json("run", code=3)
    assert project.writes() == 0


def test_an_unknown_outcome_is_exit_code_3_until_it_is_settled(project: Project) -> None:
    """What broke off is unknown, never sent again, and `settle` says when to come back."""
    project.rule(CANCEL, "apply")
    project.unpaid(1)
    project.served.faults.add("reset_after_apply", target="change")
    run = project.json("run", code=3)
    assert run["unknown"] == 1
    settled = project.json("settle", code=3)
    assert settled["waiting"] == 1
    assert datetime.fromisoformat(settled["come_back_at"]) > datetime.now(UTC)
    again = project.json("run")
    assert (again["sent"], project.writes()) == (0, 1)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"SCALEV_TOKEN": ""}, "SCALEV_TOKEN"),
        ({"SCALEV_TOKEN": "wrong"}, "token"),
        ({"SCALEV_BASE_URL": "http://127.0.0.1:9"}, "127.0.0.1:9"),
        ({"TERTIB_DATABASE_URL": "sqlite:////nonexistent/tertib.db"}, "/nonexistent"),
        ({"TERTIB_CONFIG": "nowhere.yaml"}, "nowhere.yaml"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_a_line(
    project: Project, environ: dict[str, str], says: str
) -> None:
    """No traceback, exit code 1, and the message names the thing."""
    done = project.run("plan", "--json", **environ)
    assert done.returncode == 1
    assert says in json.loads(done.stdout)["error"]


def test_a_corrupt_ledger_is_said_so(project: Project) -> None:
    """A file that is no database stops the command, and is not overwritten."""
    project.unpaid(1)
    project.json("plan")
    ledger = project.place / "tertib.db"
    for stale in project.place.glob("tertib.db-*"):
        stale.unlink()
    ledger.write_bytes(b"not a database" * 1000)
    assert project.run("plan").returncode == 1
    assert ledger.read_bytes().startswith(b"not a database")


@pytest.mark.parametrize("words", [["plan", "--out", "/dev/full"], ["audit", "export", "--out", "/dev/full"]])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /dev/full")
def test_a_full_disk_is_said_so(project: Project, words: list[str]) -> None:
    """What cannot be written is a message and exit code 1."""
    project.unpaid(1)
    project.json("plan")
    done = project.run(*words)
    assert done.returncode == 1
    assert "no space left" in done.stderr
    assert Path("/dev/full").is_char_device()


def test_broken_rules_are_all_listed(project: Project) -> None:
    """Every problem of every file comes at once, with its place, and nothing is read from Scalev."""
    project.rule("name: a\nquery: {statu: pending}\nconditions: []\naction: {status: canceled}\n", name="a")
    project.rule(
        "name: b\nquery: {}\nconditions: [{pending_tim: {older_than: 3d}}]\naction: {status: shiped}\n",
        name="b",
    )
    done = project.run("plan")
    assert done.returncode == 1
    assert re.search(r"a\.yaml:2:\d+: ", done.stderr)
    assert re.search(r"b\.yaml:3:\d+: ", done.stderr)
    assert re.search(r"b\.yaml:4:\d+: ", done.stderr)
    document = project.json("check", code=1)
    assert document["ok"] is False
    assert {problem["severity"] for problem in document["problems"]} >= {"error"}
    assert project.served.journal.entries == []


def test_a_rules_name_stands_for_its_file(project: Project) -> None:
    """Where a path is expected, a name is looked up among the project's rules."""
    project.rule(CANCEL.replace("cancel-unpaid", "other"), name="other")
    plan = project.json("plan", "cancel-unpaid")
    assert [rule["name"] for rule in plan["rules"]] == ["cancel-unpaid"]
    assert "Did you mean `cancel-unpaid`?" in project.json("plan", "cancel-unpayd", code=1)["error"]


def test_a_plan_over_a_limit_says_so_and_is_worked_off_in_parts(project: Project) -> None:
    """Nothing is said to be nothing to do: what waits, why, and the command that does a part; the plan is not used up."""
    project.rule(CANCEL + "limits: {orders: 2}\n")
    orders = project.unpaid(5)
    waits = "5 changes of rule `cancel-unpaid` wait, held by a limit: 5 orders, and the limit is 2"
    part = "tertib apply 'my plan.json' --first 2"
    shown = project.run("plan", "--out", "my plan.json").stdout
    assert waits in shown
    assert f"or do a part: {part}" in shown
    assert "nothing to change" not in shown
    assert "to do exactly this" not in shown
    assert json.loads((project.place / "my plan.json").read_text(encoding="utf-8"))["summary"] == waits

    done = project.run("apply", "my plan.json", "--yes")
    assert done.returncode == 3
    for told in (waits, "nothing was sent, and the plan can still be applied in parts", part):
        assert told in done.stdout
    whole = project.json("apply", "my plan.json", "--yes", code=3)
    assert (whole["run_id"], whole["requests"], whole["held"]) == (None, 0, 5)
    assert {one["code"] for one in whole["outcomes"]} == {"limit_orders"}
    assert project.json("runs")["runs"] == []

    assert project.json("apply", "my plan.json", "--yes", "--first", "2")["confirmed"] == 2
    assert sorted(map(project.status, orders)) == ["canceled"] * 2 + ["pending"] * 3


def test_an_apply_says_what_a_limit_held_beside_it(project: Project) -> None:
    """One rule's changes are sent, and of the other it is said that they wait, and why."""
    project.rule(CANCEL + "limits: {orders: 1}\n")
    project.rule(CANCEL.replace("cancel-unpaid", "other").replace("bank_transfer", "qris"), name="other")
    project.unpaid(2)
    other = {**project.served.shop.order(project.unpaid(1)[0]), "id": 77, "order_id": "261122OTHER"}
    project.served.shop.add({**other, "payment_method": "qris"})
    shown = project.run("plan", "--out", "plan.json").stdout
    assert "to do exactly this: tertib apply plan.json\n" in shown
    done = project.run("apply", "plan.json", "--yes")
    assert done.returncode == 3
    assert "3 changes of rule `cancel-unpaid` wait, held by a limit" in done.stdout


def test_an_undo_names_its_file_as_a_shell_reads_it(project: Project) -> None:
    """A blank in a file's name does not part it."""
    project.rule(
        "name: confirm\nquery: {status: pending}\nconditions: []\naction: {status: confirmed}\nmode: apply\n"
    )
    project.unpaid(1)
    run = project.json("run")["run_id"]
    shown = project.run("undo", run, "--out", "the way back.json").stdout
    assert "to do exactly this: tertib apply 'the way back.json'\n" in shown


def test_explain_why_hold_and_release(project: Project) -> None:
    """A person asks why an order would go, keeps it, sees that it is kept, and lets it go again."""
    order = project.unpaid(1)[0]
    name = project.served.shop.order(order)["order_id"]
    explained = project.json("explain", "cancel-unpaid", name)
    assert (explained["matched"], explained["verdict"], explained["vetoes"]) == (True, "true", [])
    project.json("hold", name, "--until", "2d", "--why", "the buyer called")
    assert project.json("plan")["changes"] == []
    assert [one["code"] for one in project.json("why", name)["rules"][0]["vetoes"]] == ["on_hold"]
    project.json("release", name)
    assert project.json("run")["outcomes"][0]["state"] == "previewed"
    assert [one["state"] for one in project.json("why", name)["changes"]] == ["previewed"]
    assert project.run("release", "NOSUCH").returncode == 1


def test_an_order_can_be_explained_from_a_file(project: Project) -> None:
    """No token and no network are needed for an order that was saved as JSON."""
    order = project.served.shop.order(project.unpaid(1)[0])
    (project.place / "orders.json").write_text(json.dumps({"data": [order]}, default=str), encoding="utf-8")
    done = project.run(
        "explain", "cancel-unpaid", str(order["order_id"]), "--from", "orders.json", "--json", SCALEV_TOKEN=""
    )
    assert json.loads(done.stdout)["verdict"] == "true"
    assert project.run("explain", "cancel-unpaid", "NOSUCH", "--from", "orders.json").returncode == 1


def test_doctor_finds_what_is_wrong(project: Project) -> None:
    """A healthy project passes; a refused token fails with what to do."""
    healthy = project.json("doctor")
    assert {one["state"] for one in healthy["checks"]} <= {"ok", "warn"}
    done = project.run("doctor", "--json", SCALEV_TOKEN="wrong")
    failed = [one for one in json.loads(done.stdout)["checks"] if one["state"] == "fail"]
    assert (done.returncode, [one["check"] for one in failed]) == (1, ["token"])
    assert failed[0]["mend"]


def test_doctor_clears_a_halt_on_a_persons_word(project: Project) -> None:
    """An answer about an order that was never sent stops the account until somebody has looked."""
    project.rule(CANCEL, "apply")
    project.unpaid(1)
    stranger = project.served.shop.add({"status": "shipped"})["id"]
    project.served.faults.add("foreign_id", target="change", id=stranger)
    assert project.run("run").returncode == 3
    assert "account" in [
        one["check"] for one in project.json("doctor", code=1)["checks"] if one["state"] == "fail"
    ]
    project.unpaid(1)
    assert project.run("run").returncode == 1
    assert project.run("doctor", "--clear-halt").returncode == 2
    project.json("doctor", "--clear-halt", "--why", "looked at the order")
    assert project.json("run")["confirmed"] == 1


def test_the_audit_log_is_listed_exported_and_shows_a_forgery(project: Project) -> None:
    """An edited record is found, with its number."""
    project.unpaid(1)
    project.json("plan")
    listed = project.json("audit", "list")["records"]
    exported = project.run("audit", "export").stdout.splitlines()
    assert [json.loads(line) for line in exported] == listed
    assert project.run("audit", "export", "--format", "csv").stdout.count("\n") == len(listed) + 1
    project.run("audit", "checkpoint", "--out", "point.json")
    assert project.json("audit", "verify", "--checkpoint", "point.json")["ok"]
    with sqlite3.connect(project.place / "tertib.db") as database:
        database.execute("UPDATE audit SET body = '{}' WHERE seq = 2")
    database.close()
    verdict = project.json("audit", "verify", code=1)
    assert (verdict["ok"], verdict["first_bad"]) == (False, 2)


def test_init_lays_out_a_project_that_passes_and_overwrites_nothing(project: Project) -> None:
    """The new project checks and tests clean; a second init is refused and changes nothing."""
    project.json("init", "new", "--rule", "cancel-unpaid-transfer")
    place = project.place / "new"
    assert (place / "tertib.key").stat().st_mode & 0o777 == 0o600
    inside = Project(place, project.served, project.environ)
    assert inside.json("check")["rules"] == 1
    assert inside.json("test")["failed"] == 0
    (place / "tertib.yaml").write_text("mine", encoding="utf-8")
    refused = project.json("init", "new", "--rule", "cancel-unpaid-transfer", code=1)
    assert "`tertib.yaml`" in refused["error"]
    assert (place / "tertib.yaml").read_text(encoding="utf-8") == "mine"


def test_fields_are_found_by_pattern(project: Project) -> None:
    """`tertib fields` answers what a rule can ask for."""
    found = project.json("fields", "transferproof*")
    assert [one["path"] for one in found["fields"]] == ["transferproof_url"]
    assert [one["name"] for one in found["action"]] == ["transferproof_url"]
    assert "transferproof_url" in project.run("fields", "proof").stdout


@pytest.mark.parametrize("words", [["plan"], ["fields"], ["runs"], ["doctor"], ["audit", "list"]])
def test_tables_are_plain_without_a_terminal(project: Project, words: list[str]) -> None:
    """No escape sequence reaches a pipe, whatever an order's name holds, and a narrow width is no failure."""
    order = project.unpaid(1)[0]
    project.served.shop.edit(order, {"customer.name": "\x1b[31mBudi\u202e"})
    done = project.run(*words, COLUMNS="40")
    assert done.returncode == 0
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.stdout)


def test_a_reader_that_leaves_is_no_error(project: Project) -> None:
    """`tertib fields | head -1` ends quietly."""
    line = f"{' '.join(project.command('fields'))} | head -1"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=project.place,
        env=project.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""


def serving(project: Project, *words: str) -> subprocess.Popen[str]:
    """Start a command that goes on, with its output as lines."""
    return subprocess.Popen(
        project.command(*words),
        cwd=project.place,
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events(process: subprocess.Popen[str], wanted: str, count: int) -> list[dict[str, Any]]:
    """Read the log until an event has come so many times, and return those."""
    assert process.stdout is not None
    found = []
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == wanted:
            found.append(event)
            if len(found) == count:
                break
    return found


def test_serve_runs_three_slots_once_each_and_stops_on_sigterm(project: Project) -> None:
    """Every other second a slot; the order is changed once, each slot is recorded, and SIGTERM is exit 0."""
    project.rule(CANCEL + 'schedule: "* * * * * */2"\nfirst_run: apply\n', "apply")
    orders = project.unpaid(2)
    process = serving(project, "serve")
    try:
        done = events(process, "slot done", 3)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    assert [event["sent"] for event in done] == [2, 0, 0]
    assert len({event["slot"] for event in done}) == 3
    assert json.loads(out.splitlines()[-1])["event"] == "stopped"
    assert {project.status(order) for order in orders} == {"canceled"}
    assert project.writes() == 1
    assert project.json("audit", "verify")["ok"]


def test_a_slot_that_a_limit_holds_says_so(project: Project) -> None:
    """The list of slots, and the story of the run, give the limit and how many changes wait for it."""
    rule = CANCEL + 'schedule: "* * * * * */2"\nfirst_run: apply\nlimits: {orders: 1}\n'
    project.rule(rule, "apply")
    project.unpaid(3)
    process = serving(project, "serve")
    try:
        (done,) = events(process, "slot done", 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
    waits = "3 changes of rule `cancel-unpaid` wait, held by a limit: 3 orders, and the limit is 1"
    slots = project.json("runs", "--slots")["slots"]
    assert [(one["state"], one["note"]) for one in slots if one["run_id"] == done["run"]] == [("held", waits)]
    at = datetime.fromisoformat(done["slot"]).astimezone(ZoneInfo("Asia/Jakarta"))
    told = project.run("runs", "show", done["run"]).stdout
    assert f"it ran for slot cancel-unpaid {at:%Y-%m-%d %H:%M} WIB" in told
    assert waits in told
    assert f"cancel-unpaid {at:%Y-%m-%d %H:%M} WIB" in project.run("runs", COLUMNS="200").stdout
    assert project.json("runs", "show", done["run"])["waits"] == [waits]


def test_a_stop_in_the_middle_of_a_change_lets_it_end_and_be_recorded(project: Project) -> None:
    """SIGTERM while a request is on the wire: it is answered and recorded, the rest is not sent."""
    (project.place / "tertib.yaml").write_text(SETTINGS + "apply: {batch_size: 1}\n", encoding="utf-8")
    project.rule(CANCEL, "apply")
    project.unpaid(3)
    project.served.faults.add("slow", target="change", times=None, delay_ms=1500)
    process = serving(project, "run", "--json")
    try:
        while not project.writes():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 143
    run = json.loads(out)
    assert (run["sent"], run["confirmed"], run["dropped"]) == (1, 1, 2)
    assert project.writes() == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stop_while_reading_sends_nothing(project: Project, number: signal.Signals, code: int) -> None:
    """A run that is stopped before its plan is whole ends at the next page, and nothing is on the wire."""
    project.rule(CANCEL, "apply")
    project.unpaid(60)
    project.served.faults.add("slow", target="list", times=None, delay_ms=700)
    process = serving(project, "run")
    try:
        while not project.served.journal.of("list"):
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, project.writes()) == (code, 0)


def test_serve_stops_in_the_middle_of_a_change(project: Project) -> None:
    """SIGTERM while a slot's request is on the wire: it is recorded, nothing more is sent, and the exit code is 0."""
    (project.place / "tertib.yaml").write_text(SETTINGS + "apply: {batch_size: 1}\n", encoding="utf-8")
    project.rule(CANCEL + 'schedule: "* * * * * *"\nfirst_run: apply\n', "apply")
    project.unpaid(3)
    project.served.faults.add("slow", target="change", times=None, delay_ms=1500)
    process = serving(project, "serve")
    try:
        while not project.writes():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, project.writes()) == (0, 1)
    changes = project.json("runs", "show", project.json("runs")["runs"][0]["run_id"])["changes"]
    assert sorted(one["state"] for one in changes) == ["abandoned", "abandoned", "confirmed"]


def test_the_demo_ends_with_an_empty_second_plan(project: Project) -> None:
    """The README's first command works as it stands, and leaves nothing behind."""
    before = sorted(project.place.rglob("*"))
    shown = project.json("demo")
    assert shown["second_plan_changes"] == 0
    assert shown["apply"]["confirmed"] == len(shown["plan"]["changes"]) > 100
    assert sorted(project.place.rglob("*")) == before


def test_the_sandbox_is_served_until_stopped(project: Project) -> None:
    """`tertib sandbox` says where it is, and SIGTERM ends it with exit code 0."""
    process = serving(
        project, "sandbox", "--port", "0", "--orders", "30", "--fault", "plain_429,times=1", "--json"
    )
    try:
        assert process.stdout is not None
        greeting = json.loads(process.stdout.readline())
        environ = {"SCALEV_BASE_URL": greeting["url"], "SCALEV_TOKEN": greeting["token"]}
        plan = json.loads(project.run("plan", "--json", **environ).stdout)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert plan["read"]["complete"] is True
    assert process.returncode == 0
    assert project.run("sandbox", "--fault", "nonsense").returncode == 2


def test_show_code_prints_the_compiled_conditions(project: Project) -> None:
    """`check --show-code` shows just the program that decides in a run, as Python that can be read."""
    shown = project.run("check", "rules", "--show-code")
    assert shown.returncode == 0
    compile(shown.stdout, "<shown>", "exec")
    loaded = load([project.place / "rules"], Settings())
    program = compile_rules(loaded.rules, Settings(), datetime.now(UTC))
    assert shown.stdout.partition("\n")[2] == program.deciding(Source()).compiled.source
