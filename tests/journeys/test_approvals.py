"""A plan that waits for a person, on the command line and against the sandbox over real HTTP."""

from __future__ import annotations

import json
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
    done = project.json("approve", asked["plan_id"], "--yes", "--only", str(first), "--note", "as agreed")
    assert [one["state"] for one in done["outcomes"]] == ["confirmed"]
    assert (project.status(first), project.status(second)) == ("canceled", "pending")
    again = project.run("approve", asked["plan_id"], "--yes")
    assert again.returncode == 1
    assert f"was applied already, by run `{done['run_id']}`" in again.stderr
    (told,) = project.json("approvals", "--all")["approvals"]
    assert (told["state"], told["note"]) == ("applied", "as agreed")
    assert project.json("audit", "verify")["ok"]


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
