"""Two shops in one project, over real HTTP: nothing of one reaches the other, and neither stands in the other's way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from project import CANCEL, Project
from tertib.sandbox.limits import Limits
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

ROOT = Path(__file__).resolve().parent.parent.parent
SHOPS = ("melati", "mawar")


@dataclass
class Agency:
    """One project of two accounts, each with a shop of its own that is served."""

    whole: Project
    shops: dict[str, Served]

    def of(self, name: str) -> Project:
        """Return the project as one account's person sees it."""
        return Project(self.whole.place, self.shops[name], {**self.whole.environ, "TERTIB_ACCOUNT": name})


def settings(shops: dict[str, Served], more: str = "") -> str:
    """Write a `tertib.yaml` for both shops."""
    accounts = "".join(
        f"  {name}:\n    token: {{env: {name.upper()}_TOKEN}}\n    api: {{base_url: '{served.url}'}}\n"
        for name, served in shops.items()
    )
    return f"{more}accounts:\n{accounts}"


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[Agency]:
    """Serve two shops with the same orders' ids, and lay out a project for both."""
    with (
        serve(Shop(seed=1, orders=0), limits=Limits.none()) as melati,
        serve(Shop(seed=1, orders=0), limits=Limits.none()) as mawar,
    ):
        shops = {"melati": melati, "mawar": mawar}
        environ = {
            key: value for key, value in os.environ.items() if not key.startswith(("SCALEV", "TERTIB"))
        }
        environ |= {f"{name.upper()}_TOKEN": served.business_token for name, served in shops.items()}
        whole = Project(tmp_path, melati, environ)
        (tmp_path / "tertib.yaml").write_text(settings(shops), encoding="utf-8")
        whole.rule(CANCEL, mode="apply")
        yield Agency(whole, shops)


def test_a_rejected_token_is_named_by_where_its_account_has_it(agency: Agency) -> None:
    """The variable or the file that the account names, not the one that a project of one account would set."""
    agency.of("melati").unpaid(1)
    secret = agency.whole.place / "mawar.token"
    secret.write_text("zz", encoding="utf-8")
    secret.chmod(0o600)
    done = agency.whole.run("plan", "--json", MAWAR_TOKEN="zz")
    assert "rejected the token in `MAWAR_TOKEN`" in json.loads(done.stdout)["accounts"]["mawar"]["error"]
    hint = json.loads(done.stdout)["accounts"]["mawar"]["hint"]
    assert ("`MAWAR_TOKEN`" in hint, "SCALEV_TOKEN" in done.stdout) == (True, False)

    written = settings(agency.shops).replace("{env: MAWAR_TOKEN}", "{file: mawar.token}")
    (agency.whole.place / "tertib.yaml").write_text(written, encoding="utf-8")
    told = agency.of("mawar").json("plan", code=1)["error"]
    assert f"rejected the token in `{secret}`" in told
    assert "SCALEV_TOKEN" not in told


def test_many_commands_answer_for_every_account(agency: Agency) -> None:
    """Each account has its own document; one that was chosen has the document that a project of one account has."""
    ids = {name: agency.of(name).unpaid(number + 1) for number, name in enumerate(SHOPS)}
    together = agency.whole.json("plan")["accounts"]
    assert {name: len(plan["changes"]) for name, plan in together.items()} == {"melati": 1, "mawar": 2}
    assert {plan["account"] for plan in together.values()} == set(SHOPS)
    alone = agency.whole.json("--account", "mawar", "plan")
    assert [change["id"] for change in alone["changes"]] == [
        change["id"] for change in together["mawar"]["changes"]
    ]
    runs = agency.whole.json("run")["accounts"]
    assert {name: run["confirmed"] for name, run in runs.items()} == {"melati": 1, "mawar": 2}
    for name in SHOPS:
        assert {agency.of(name).status(order) for order in ids[name]} == {"canceled"}
    for words in (("check",), ("settle",), ("runs",), ("doctor",)):
        assert set(agency.whole.json(*words)["accounts"]) == set(SHOPS), words


def test_text_comes_under_each_account_s_name(agency: Agency) -> None:
    """People see whose plan they read."""
    agency.of("melati").unpaid(1)
    shown = agency.whole.run("plan").stdout
    assert shown.index("== melati") < shown.index("cancel-unpaid") < shown.index("== mawar")


def test_a_plan_belongs_to_its_account(agency: Agency) -> None:
    """A plan is applied for the account that it names; said for another one, it is refused and nothing is sent."""
    agency.of("melati").unpaid(1)
    plan = agency.of("melati").json("plan", "--out", "plan.json")
    for named in ("plan.json", plan["plan_id"]):
        refused = agency.whole.json("--account", "mawar", "apply", named, "--yes", code=1)
        assert "melati" in refused["error"]
    assert agency.of("mawar").writes() == agency.of("melati").writes() == 0
    assert agency.whole.json("apply", "plan.json", "--yes")["confirmed"] == 1
    assert (agency.of("melati").writes(), agency.of("mawar").writes()) == (1, 0)


def test_an_approval_finds_the_account_of_its_plan(agency: Agency) -> None:
    """A plan is decided on without saying whose it is, and not at all under another account's name."""
    agency.whole.rule(CANCEL, mode="approve")
    orders = {name: agency.of(name).unpaid(1)[0] for name in SHOPS}
    agency.whole.json("run")
    plans = {name: agency.of(name).json("approvals")["approvals"][0]["plan_id"] for name in SHOPS}
    refused = agency.of("mawar").run("approve", plans["melati"], "--yes")
    assert refused.returncode == 1
    assert "does not wait for approval in account `mawar`" in refused.stderr
    assert agency.whole.run("approve", plans["melati"], "--yes").returncode == 0
    assert agency.whole.run("reject", plans["mawar"]).returncode == 0
    assert agency.of("melati").status(orders["melati"]) == "canceled"
    assert agency.of("mawar").status(orders["mawar"]) == "pending"


def test_a_hold_counts_for_one_account(agency: Agency) -> None:
    """Both shops have an order of that id; only the one on hold is kept back."""
    orders = {name: agency.of(name).unpaid(1)[0] for name in SHOPS}
    assert len(set(orders.values())) == 1
    assert agency.whole.run("hold", str(orders["melati"])).returncode == 1
    agency.of("melati").json("hold", str(orders["melati"]))
    plans = agency.whole.json("plan")["accounts"]
    assert {name: len(plan["changes"]) for name, plan in plans.items()} == {"melati": 0, "mawar": 1}
    assert [one["code"] for one in plans["melati"]["held"]] == ["on_hold"]
    assert agency.of("mawar").run("release", str(orders["mawar"])).returncode == 1


def test_a_run_is_shown_to_its_account_alone(agency: Agency) -> None:
    """Whoever asks for one account does not see another's run, and the records are verified apart."""
    agency.of("melati").unpaid(1)
    run = agency.of("melati").json("run")
    assert agency.whole.json("runs", "show", run["run_id"])["run_id"] == run["run_id"]
    assert agency.of("mawar").run("runs", "show", run["run_id"]).returncode == 1
    assert agency.of("mawar").json("runs")["runs"] == []
    records = {name: agency.of(name).json("audit", "verify")["records"] for name in SHOPS}
    assert records["melati"] > records["mawar"] == 0


def test_one_account_s_failure_stops_no_other(agency: Agency) -> None:
    """Without a token for one, the other runs; the exit code says that something was left out."""
    agency.of("mawar").unpaid(1)
    done = agency.whole.run("run", "--json", MELATI_TOKEN="")
    found = json.loads(done.stdout)["accounts"]
    assert (done.returncode, found["mawar"]["confirmed"]) == (3, 1)
    assert "MELATI_TOKEN is not set" in found["melati"]["error"]
    assert "SCALEV_TOKEN is not used" in found["melati"]["hint"]


def test_the_token_of_a_project_with_one_account_is_not_used(agency: Agency) -> None:
    """SCALEV_TOKEN, left over from before, reaches no account that does not name it."""
    token = agency.whole.served.business_token
    done = agency.whole.run("--account", "melati", "plan", MELATI_TOKEN="", SCALEV_TOKEN=token)
    assert done.returncode == 1
    assert agency.of("melati").served.journal.of("list") == []


def test_two_accounts_with_one_token_are_refused(agency: Agency) -> None:
    """Two records and two budgets for one business are refused, without a word of the token."""
    agency.whole.place.joinpath("tertib.yaml").write_text(
        settings(dict.fromkeys(SHOPS, agency.shops["melati"])), encoding="utf-8"
    )
    refused = agency.of("mawar").json("plan", code=1)
    assert "have the same token" in refused["error"]
    assert agency.shops["melati"].journal.of("list") == []


def test_options_that_stand_for_one_account_ask_which(agency: Agency) -> None:
    """One file cannot hold two plans."""
    done = agency.whole.run("plan", "--out", "plan.json")
    assert done.returncode == 2
    assert "--account" in done.stderr
    assert not (agency.whole.place / "plan.json").exists()


def test_values_of_variables_differ_by_account(agency: Agency) -> None:
    """One rule, two meanings: each account's plan carries the rule as it stands for it, and goes by it."""
    for name in SHOPS:
        agency.of(name).unpaid(1)
    agency.whole.rule(
        "vars: {cancel_after: 3d}\n" + CANCEL.replace("older_than: 3d", "older_than: {var: cancel_after}")
    )
    text = settings(agency.shops).replace("MAWAR_TOKEN}\n", "MAWAR_TOKEN}\n    vars: {cancel_after: 9d}\n")
    agency.whole.place.joinpath("tertib.yaml").write_text(text, encoding="utf-8")
    plans = agency.whole.json("plan")["accounts"]
    assert {name: len(plan["changes"]) for name, plan in plans.items()} == {"melati": 1, "mawar": 0}
    hashes = {plan["rules"][0]["hash"] for plan in plans.values()}
    assert len(hashes) == 2
    applied = agency.whole.json("--account", "melati", "plan", "--out", "plan.json")
    assert "cancel_after" not in json.dumps(applied["rules"][0]["definition"]["conditions"])
    agency.whole.place.joinpath("tertib.yaml").write_text(settings(agency.shops), encoding="utf-8")
    (agency.whole.place / "rules" / "rule.yaml").unlink()
    assert agency.whole.json("apply", "plan.json", "--yes")["confirmed"] == 1


def test_serving_goes_on_where_one_account_has_no_token(agency: Agency) -> None:
    """One process serves both: the one without a token fails its slots, the other's orders are changed."""
    agency.whole.rule(
        CANCEL.replace("mode: MODE", 'mode: apply\nfirst_run: apply\nschedule: "* * * * * */2"')
    )
    order = agency.of("mawar").unpaid(1)[0]
    process = subprocess.Popen(
        agency.whole.command("serve"),
        cwd=agency.whole.place,
        env={**agency.whole.environ, "MELATI_TOKEN": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        seen = list(_until(process, {("slot failed", "melati"), ("slot done", "mawar")}))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert agency.of("mawar").status(order) == "canceled"
    assert all(one["account"] == "melati" for one in seen if one["event"] == "slot failed")
    assert process.returncode == 0
    assert agency.shops["melati"].journal.of("list") == []


def _until(process: subprocess.Popen[str], wanted: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    waiting, ends = set(wanted), time.monotonic() + 60
    for line in process.stdout:
        event = json.loads(line)
        waiting.discard((event["event"], event.get("account", "")))
        yield event
        if not waiting or time.monotonic() > ends:
            break
    assert not waiting


def test_the_example_agency_works(agency: Agency) -> None:
    """The example project's rules pass their tests for both shops, and plan and run on two shops."""
    place = agency.whole.place / "agency"
    shutil.copytree(ROOT / "examples" / "agency", place)
    text = (place / "tertib.yaml").read_text(encoding="utf-8")
    for name in SHOPS:
        line = f"{name.upper()}_TOKEN}}"
        text = text.replace(line, f"{line}\n    api: {{base_url: '{agency.shops[name].url}'}}", 1)
    (place / "tertib.yaml").write_text(text, encoding="utf-8")
    project = Project(place, agency.whole.served, agency.whole.environ)
    assert [one["ok"] for one in project.json("check")["accounts"].values()] == [True, True]
    assert [one["ok"] for one in project.json("test")["accounts"].values()] == [True, True]
    for name in SHOPS:
        agency.of(name).unpaid(2)
    plans = project.json("run")["accounts"]
    states = {name: {one["state"] for one in plan["outcomes"]} for name, plan in plans.items()}
    # five days and a moment: Melati's buyers have five days, Mawar's three, and Mawar's person is asked
    assert states == {"toko-melati": {"previewed"}, "toko-mawar": {"awaiting_approval"}}


def test_check_says_each_problem_once(agency: Agency) -> None:
    """What all accounts have stands first, and once; an account's own below its name; values nobody asks for are told."""
    agency.whole.rule(
        "vars: {after: 3d}\n" + CANCEL.replace("older_than: 3d", "older_than: {var: after}, newr: 1")
    )
    text = settings(agency.shops, "vars: {spare: 1}\n")
    text = text.replace("MAWAR_TOKEN}\n", "MAWAR_TOKEN}\n    vars: {after: soon, aftr: 1}\n")
    agency.whole.place.joinpath("tertib.yaml").write_text(text, encoding="utf-8")
    done = agency.whole.run("check")
    assert done.returncode == 1
    everywhere, melati, mawar = done.stdout.split("== ")[1:]
    assert "T202" in everywhere
    assert "tertib.yaml:1:8: warning: no rule declares a variable `spare`" in everywhere
    assert "T202" not in melati + mawar
    assert "(`after` of account `mawar`, tertib.yaml:8)" in mawar
    assert "did you mean `after`?" in mawar
    assert "spare" not in mawar
    found = agency.whole.json("check", code=1)["accounts"]
    codes = {name: sorted(one["code"] for one in said["problems"]) for name, said in found.items()}
    assert codes["melati"] == ["T202", "T612"]
    assert codes["mawar"] == ["T202", "T208", "T612", "T612"]
    lines = agency.whole.run("check", "--format", "github").stdout.splitlines()
    assert len(lines) == len(set(lines)) == 4
