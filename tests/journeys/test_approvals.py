"""A plan that waits for a person, on the command line and against the sandbox over real HTTP."""

from __future__ import annotations

import html
import json
import re
import signal
import subprocess
from typing import Any

from project import CANCEL, Project


def waiting(project: Project) -> Any:
    """Let the rule ask, and return its entry in the queue."""
    project.json("run")
    (found,) = project.json("approvals")["approvals"]
    return found


def test_a_person_approves_a_part_and_only_that_is_sent(project: Project) -> None:
    """The queue shows the plan; a yes to one order changes that one; the plan is then decided for good."""
    project.rule(CANCEL, mode="approve")
    first, second = project.unpaid(2)
    asked = waiting(project)
    assert (asked["rules"], asked["changes"], asked["value"]) == (["cancel-unpaid"], 2, "200000.00")
    assert (asked["approved_changes"], asked["approved_value"]) == (None, None)
    done = project.json("approve", asked["plan_id"], "--yes", "--only", str(first), "--note", "as agreed")
    assert [one["state"] for one in done["outcomes"]] == ["confirmed"]
    assert (project.status(first), project.status(second)) == ("canceled", "pending")
    again = project.run("approve", asked["plan_id"], "--yes")
    assert again.returncode == 1
    assert f"was applied already, by run `{done['run_id']}`" in again.stderr
    (told,) = project.json("approvals", "--all")["approvals"]
    assert (told["state"], told["note"]) == ("applied", "as agreed")
    assert (told["changes"], told["value"]) == (2, "200000.00")
    assert (told["approved_changes"], told["approved_value"]) == (1, "100000.00")
    listed = " ".join(project.run("approvals", "--all").stdout.split())
    assert "1 of 2" in listed
    assert "Rp 100.000" in listed
    assert "Rp 200.000" not in listed
    assert project.json("audit", "verify")["ok"]


def test_a_name_that_means_two_orders_approves_neither(project: Project) -> None:
    """One order's number is another one's id: the refusal names both, nothing is recorded, and each has a name of its own."""
    project.rule(CANCEL, mode="approve")
    (first,) = project.unpaid(1)
    (second,) = project.unpaid(1, order_id=str(first))
    plan_id = waiting(project)["plan_id"]
    refused = project.run("approve", plan_id, "--yes", "--later", "--only", str(first))
    assert refused.returncode == 1
    assert f"`{first}` means two orders" in refused.stderr
    assert f"`{first}` with the id `{second}`" in refused.stderr
    assert [one["state"] for one in project.json("approvals")["approvals"]] == ["waiting"]
    done = project.json("approve", plan_id, "--yes", "--only", str(second))
    assert [one["id"] for one in done["outcomes"]] == [second]


def test_a_rejected_plan_cannot_be_approved(project: Project) -> None:
    """A no is a no: nothing was sent, and the queue is empty."""
    project.rule(CANCEL, mode="approve")
    (order,) = project.unpaid(1)
    plan_id = waiting(project)["plan_id"]
    assert project.run("reject", plan_id, "--note", "not today").returncode == 0
    refused = project.run("approve", plan_id, "--yes")
    assert refused.returncode == 1
    assert "was rejected by" in refused.stderr
    assert ("WIB" in refused.stderr, "UTC" in refused.stderr) == (True, False)
    assert "nothing waits for approval" in project.run("approvals").stdout
    assert (project.status(order), project.writes()) == ("pending", 0)


def test_without_a_terminal_a_yes_must_be_said(project: Project) -> None:
    """A script that forgets `--yes` approves nothing."""
    project.rule(CANCEL, mode="approve")
    project.unpaid(1)
    plan_id = waiting(project)["plan_id"]
    assert project.run("approve", plan_id).returncode == 2
    assert project.json("approvals")["approvals"][0]["state"] == "waiting"
    assert project.writes() == 0


def test_what_is_approved_for_later_waits_for_whoever_serves(project: Project) -> None:
    """`--later` records the yes and sends nothing."""
    project.rule(CANCEL, mode="approve")
    project.unpaid(1)
    plan_id = waiting(project)["plan_id"]
    said = json.loads(project.run("approve", plan_id, "--yes", "--later", "--json").stdout)
    assert said == {"plan_id": plan_id, "state": "approved"}
    assert project.writes() == 0
    table = project.run("approvals", "--all").stdout
    assert "approved by" in table


def test_whoever_serves_applies_what_was_approved(project: Project) -> None:
    """A yes given while `serve` is at work is carried out by it, within a turn, and recorded under its run."""
    project.rule(CANCEL + 'schedule: "0 4 1 1 *"\n', mode="approve")
    (order,) = project.unpaid(1)
    plan_id = waiting(project)["plan_id"]
    project.run("approve", plan_id, "--yes", "--later")
    with subprocess.Popen(
        project.command("serve"), cwd=project.place, env=project.environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        logged = next(line for line in process.stdout if "approved plan applied" in line)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert json.loads(logged)["plan"] == plan_id
    assert project.status(order) == "canceled"
    (told,) = project.json("approvals", "--all")["approvals"]
    assert told["state"] == "applied"
    assert project.writes() == 1


# --- what is told of the orders that waited -------------------------------------------------------------


def told(project: Project, order: Any) -> dict[str, str]:
    """Return what the commands that look back tell of an order in the first run, each in one line of words."""
    (project.place / "report.html").unlink(missing_ok=True)
    shown = project.run("runs", "show", "default-1", "--html", "report.html", COLUMNS="300").stdout
    report = (project.place / "report.html").read_text("utf-8")
    return {
        "why": project.run("why", str(order)).stdout,
        "explain": project.run("explain", "cancel-unpaid", str(order), "--run", "default-1").stdout,
        "runs show": shown,
        "report": html.unescape(re.sub("<[^>]*>", " ", report)),
    }


def test_an_order_waits_as_long_as_its_plan_does(project: Project) -> None:
    """Each command says how to approve it."""
    project.rule(CANCEL, mode="approve")
    (order,) = project.unpaid(1)
    plan_id = waiting(project)["plan_id"]
    for command, said in told(project, order).items():
        assert f"approve it with `tertib approve {plan_id}`" in said, command


def test_an_order_whose_plan_was_rejected_waits_no_more(project: Project) -> None:
    """Nobody is told to approve what can be approved no more; in JSON the state on record stays."""
    project.rule(CANCEL, mode="approve")
    (order,) = project.unpaid(1)
    project.run("reject", waiting(project)["plan_id"], "--note", "not today")
    for command, said in told(project, order).items():
        assert "the plan was rejected by " in said, command
        assert "waited for approval" in said, command
        assert "waits for approval" not in said, command
        assert "tertib approve" not in said, command
    (listed,) = project.json("runs", "show", "default-1")["changes"]
    assert project.json("why", str(order))["changes"] == [listed]
    assert (listed["state"], listed["stands"]) == ("awaiting_approval", "waited_for_approval")
    assert listed["why"].startswith("the plan was rejected by ")
    assert "rencananya ditolak oleh" in project.run("why", str(order), TERTIB_LANG="id").stdout


def test_an_order_that_was_approved_is_told_of_once_as_waiting_and_once_as_changed(project: Project) -> None:
    """The line of the run that asked says what came of it, above the line of the run that did it."""
    project.rule(CANCEL, mode="approve")
    (order,) = project.unpaid(1)
    done = project.json("approve", waiting(project)["plan_id"], "--yes")
    assert done["confirmed"] == 1
    asked, confirmed = (
        line
        for line in told(project, order)["why"].splitlines()
        if "rule cancel-unpaid w" in line or "set status" in line
    )
    assert "and waited for approval: the plan was approved by " in asked
    assert f"and applied by run `{done['run_id']}`" in asked
    assert "which Scalev confirmed" in confirmed
