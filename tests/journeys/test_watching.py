"""Serving while somebody watches: messages, metrics and health of a real process, against the sandbox."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from extras import apprise_or_not_run
from project import CANCEL, SETTINGS, Project
from receiving import SECRET, Service, receiving

YEARLY = 'schedule: "0 4 1 1 *"\n'
NOTIFY = "notify:\n  channels:\n    - {name: owner, url: {env: OWNER_URL}}\n    - {name: stuck, url: {env: STUCK_URL}}\n"


@pytest.fixture
def service() -> Iterator[Service]:
    """Give a service that messages are sent to."""
    apprise_or_not_run()
    with receiving() as found:
        yield found


@contextmanager
def serving(
    project: Project, *words: str, said: list[str] | None = None, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """Serve the project, and stop in an orderly way at the end; `said` gets what was not read until then."""
    said = [] if said is None else said
    with subprocess.Popen(
        project.command("serve", *words),
        cwd=project.place,
        env={**project.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            said += process.communicate(timeout=60)


def lines_until(process: subprocess.Popen[str], event: str) -> list[dict[str, Any]]:
    """Return the log as far as a line with this event."""
    assert process.stdout is not None
    found = []
    for line in process.stdout:
        found.append(json.loads(line))
        if found[-1]["event"] == event:
            return found
    raise AssertionError(found)


def test_people_are_told_and_a_stuck_channel_stops_nothing(project: Project, service: Service) -> None:
    """A plan that waits is told over HTTP in Indonesian; the channel that hangs keeps nobody from stopping."""
    (project.place / "tertib.yaml").write_text(SETTINGS + NOTIFY, encoding="utf-8")
    project.rule(CANCEL + YEARLY, mode="approve")
    project.unpaid(2)
    project.json("run")
    plan_id = project.json("approvals")["approvals"][0]["plan_id"]
    urls = {"OWNER_URL": service.url(), "STUCK_URL": service.url("hang")}
    said: list[str] = []
    with serving(project, said=said, **urls) as process:
        body = service.bodies.get(timeout=60)
        said += map(repr, lines_until(process, "next slot"))
    assert process.returncode in {0, 143}
    assert body["title"] == "2 pesanan menunggu persetujuan Anda: Rp 200.000"
    assert f"tertib approve {plan_id}" in body["message"]
    assert SECRET not in "".join(said)
    assert "Traceback" not in "".join(said)


def test_metrics_and_health_of_a_process_that_serves(project: Project) -> None:
    """What `/metrics`, `/healthz` and `/readyz` answer, at the address that the log names."""
    project.rule(CANCEL + YEARLY, mode="apply")
    project.unpaid(1)
    project.json("run")
    with serving(project, "--listen", "127.0.0.1:0") as process:
        log = lines_until(process, "next slot")
        address = next(one["at"] for one in log if one["event"] == "metrics and health are answered")
        with httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
            metrics = client.get("/metrics").text
            assert 'tertib_orders_changed_total{account="default",rule="cancel-unpaid"} 1.0' in metrics
            assert 'tertib_slot_lag_seconds{account="default"} 0.0' in metrics
            assert client.get("/healthz").json()["ok"] is True
            assert client.get("/readyz").json() == {
                "ok": True,
                "accounts": {"default": {"ledger": True, "token": True}},
            }
    assert all(one.get("account") == "default" for one in log if one["event"] in {"serving", "next slot"})


def test_metrics_for_other_machines_need_a_word(project: Project) -> None:
    """Listening for everybody is refused before anything is served, unless somebody said so."""
    project.rule(CANCEL + YEARLY, mode="apply")
    refused = project.run("serve", "--listen", "0.0.0.0:0")
    assert refused.returncode == 2
    assert "other machines could read the shop's figures there" in refused.stderr
    assert project.run("serve", "--listen", "banana").returncode == 2


def test_a_channel_is_tried_from_the_command_line(project: Project, service: Service) -> None:
    """`notify test` sends to those that are named, or to all, and says of each how it went."""
    (project.place / "tertib.yaml").write_text(SETTINGS + NOTIFY, encoding="utf-8")
    urls = {"OWNER_URL": service.url(), "STUCK_URL": service.url("refuse")}
    done = project.run("notify", "test", "owner", **urls)
    assert (done.returncode, done.stdout) == (0, "owner: sent\n")
    assert service.bodies.get(timeout=60)["title"] == "Tertib: pesan percobaan"
    failed = project.run("notify", "test", "--json", **urls)
    assert failed.returncode == 1
    (sent, refused) = json.loads(failed.stdout)["channels"]
    assert (sent["ok"], refused["ok"], refused["why"]) == (
        True,
        False,
        "the service did not take the message",
    )
    unknown = project.run("notify", "test", "onwer", **urls)
    assert unknown.returncode == 1
    assert "there is no channel `onwer`" in unknown.stderr
    for one in (done, failed, unknown):
        assert SECRET not in one.stdout + one.stderr


def test_whoever_runs_from_cron_sends_what_is_to_be_told(project: Project, service: Service) -> None:
    """`notify send` tells what changed since it was asked last, once; `doctor` tells of a channel that fails."""
    (project.place / "tertib.yaml").write_text(SETTINGS + NOTIFY, encoding="utf-8")
    project.rule(CANCEL, mode="apply")
    urls = {"OWNER_URL": service.url(), "STUCK_URL": "json://"}
    project.run("notify", "send", **urls)
    project.unpaid(1)
    project.json("run")
    told = project.run("notify", "send", **urls)
    assert told.returncode == 1
    assert "message not sent: stuck" in told.stderr
    assert service.bodies.get(timeout=60)["title"] == "1 pesanan sudah diubah: Rp 100.000"
    project.run("notify", "send", **urls)
    assert service.bodies.empty()
    checks = json.loads(project.run("doctor", "--json", **urls).stdout)["checks"]
    states = {one["check"]: one["state"] for one in checks if one["check"].startswith("channel")}
    assert states == {"channel owner": "ok", "channel stuck": "fail"}
