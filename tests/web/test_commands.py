"""`tertib people`, and `tertib serve --web` over real HTTP."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pages import RULE
from project import SETTINGS, Project
from tertib.cli import main
from tertib.sandbox.server import serve
from tertib.sandbox.shop import Shop


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a project of two accounts."""
    (tmp_path / "tertib.yaml").write_text(
        "accounts:\n  melati: {token: {env: MELATI}}\n  kenanga: {token: {env: KENANGA}}\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def secret(place: Path, text: str = "enam angsa berlari pagi\n", mode: int = 0o600) -> str:
    """Write a password's file."""
    file = place / "password"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return str(file)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """Run a command, check its exit code, and return what it said."""
    assert main(list(words)) == code
    caught = capsys.readouterr()
    return caught.out + caught.err


def test_people_are_added_changed_and_disabled(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step is in the audit log of the accounts that the person sees, without a hash; the list shows none either."""
    file = secret(place)
    out = said(
        capsys, "people", "add", "siti", "--role", "approver", "--account", "melati", "--password-file", file
    )
    assert "siti, approver, account melati" in out
    said(capsys, "people", "change", "siti", "--role", "admin", "--all-accounts", "--language", "id")
    said(capsys, "people", "disable", "siti")
    listed = json.loads(said(capsys, "people", "list", "--json"))["people"]
    assert listed == [{"name": "siti", "role": "admin", "accounts": None, "language": "id", "disabled": True}]
    kinds = {}
    for account in ("melati", "kenanga"):
        records = json.loads(said(capsys, "audit", "list", "--account", account, "--json"))["records"]
        kinds[account] = [one["kind"] for one in records if one["kind"].startswith("person")]
        assert "argon2" not in str(records)
    assert kinds == {
        "melati": ["person_added", "person_changed", "person_disabled"],
        "kenanga": ["person_changed", "person_disabled"],
    }


@pytest.mark.parametrize(
    ("password", "words", "why"),
    [
        (("enam angsa berlari pagi", 0o644), ["add", "siti"], "others may read"),
        (("short", 0o600), ["add", "siti"], "at least 10 characters"),
        (("enam angsa berlari pagi", 0o600), ["add", "si\u202eti"], "cannot be a person's name"),
        (("enam angsa berlari pagi", 0o600), ["change", "nobody"], "there is no person `nobody`"),
    ],
)
def test_what_cannot_be_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], password: tuple[str, int], words: list[str], why: str
) -> None:
    """A file that others may read, a weak password, a name that hides something, somebody unknown."""
    file = secret(place, *password)
    assert why in said(capsys, "people", *words, "--password-file", file, code=1)


def test_nobody_is_added_twice_or_to_an_account_that_is_not_there(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And without a terminal a password must come from a file."""
    file = secret(place)
    said(capsys, "people", "add", "siti", "--password-file", file)
    assert "already" in said(capsys, "people", "add", "siti", "--password-file", file, code=1)
    strange = said(capsys, "people", "add", "tono", "--account", "mawar", "--password-file", file, code=1)
    assert "there is no account `mawar`" in strange
    assert "--password-file" in said(capsys, "people", "add", "tono", code=2)


# --- serving --------------------------------------------------------------------------------------------


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def project(tmp_path: Path, checkout: Path) -> Iterator[Project]:
    """Lay out a project whose rule runs by itself, once a year."""
    with serve(Shop.empty()) as served:
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(checkout / "engine"),
            "SCALEV_BASE_URL": served.url,
            "SCALEV_TOKEN": served.business_token,
        }
        made = Project(tmp_path / "shop", served, environ)
        made.place.mkdir()
        (made.place / "tertib.yaml").write_text(SETTINGS, encoding="utf-8")
        made.rule(RULE.replace("*/30 8-21 * * *", "0 0 1 1 *"), mode="approve")
        yield made


@contextmanager
def served(project: Project, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run `tertib serve` and yield it with the line that says how the pages stand; stop it as a person would."""
    process = subprocess.Popen(
        project.command("serve", *words),
        cwd=project.place,
        env=dict(project.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, about_pages(process)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors


def about_pages(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the first line of the log that is about pages."""
    assert process.stdout is not None
    for line in process.stdout:
        told: dict[str, Any] = json.loads(line)
        if "pages" in told["event"]:
            return told
    raise AssertionError(process.communicate()[1])


def test_pages_are_served_beside_the_schedule_and_a_yes_is_carried_out(project: Project) -> None:
    """Approved on the page, applied by the loop within a moment, and told on the page; a stop ends both."""
    (order,) = project.unpaid(1)
    project.json("run")
    port = free_port()
    with served(project, "--web", f"127.0.0.1:{port}") as (process, line):
        assert line["at"] == f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=line["at"]) as client:
            (plan,) = project.json("approvals")["approvals"]
            at = f"/accounts/default/plans/{plan['plan_id']}"
            page = client.get(f"{at}/review?which=all").text
            secret = page.partition('name="csrf" value="')[2].partition('"')[0]
            sent = client.post(f"{at}/approve", data={"csrf": secret, "which": "all"})
            assert sent.status_code == 303
            assert process.stdout is not None
            done = next(
                one for one in map(json.loads, process.stdout) if one["event"] == "approved plan applied"
            )
            assert done["sent"] == 1
            assert "confirmed" in client.get(at).text
    assert project.status(order) == "canceled"


def test_a_port_that_is_taken_stops_no_schedule(project: Project) -> None:
    """It is said, and the loop goes on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with served(project, "--web", f"127.0.0.1:{port}") as (process, line):
            assert line["event"] == "pages are not served"
            assert "cannot listen on" in line["why"]
            assert process.stdout is not None
            assert any(one["event"] == "next slot" for one in map(json.loads, process.stdout))


def test_another_address_is_refused_without_people(project: Project) -> None:
    """`serve` does not even begin: anybody could approve there."""
    done = project.run("serve", "--web", f"0.0.0.0:{free_port()}")
    assert done.returncode == 1
    assert "nobody has a password yet" in done.stderr
    wrong = project.run("serve", "--web", "rules/")
    assert wrong.returncode == 2
    assert "no address with a port" in wrong.stderr
