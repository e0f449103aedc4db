"""The README's walk, played to its end: the rule, the test and the commands that a newcomer copies."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

import commands
from project import Project

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RULES = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ tertib (.*?)(?: {2,}#.*)?$", re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "README.id.md"])
def test_the_walk_changes_orders(project: Project, checkout: Path, name: str) -> None:
    """Every command of the first five minutes does what it is there for, and the last one changes orders."""
    page = (checkout / name).read_text("utf-8")
    rule, rule_test = RULES.findall(page)[:2]
    (project.place / "tertib.yaml").unlink()
    (project.place / "rules" / "rule.yaml").unlink()
    (project.place / "rules" / "cancel-unpaid.yaml").write_text(rule, "utf-8")
    (project.place / "rules" / "cancel-unpaid.test.yaml").write_text(rule_test, "utf-8")
    walk = [one.split() for one in COMMAND.findall(CONSOLE.findall(page)[0])]
    assert [one[0] for one in walk] == ["check", "test", "sandbox", "plan", "plan", "apply"]

    sandbox = subprocess.Popen(
        [*commands.TERTIB, *walk[2], "--port", "0", "--json"],
        cwd=project.place,
        env=project.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sandbox.stdout is not None
        greeting = json.loads(sandbox.stdout.readline())
        environ = {"SCALEV_BASE_URL": greeting["url"], "SCALEV_TOKEN": greeting["token"]}
        for words in (*walk[:2], *walk[3:5]):
            assert project.run(*words, **environ).returncode == 0, words
        done = project.run(*walk[5], "--yes", "--json", **environ)
    finally:
        sandbox.send_signal(signal.SIGTERM)
        sandbox.communicate(timeout=30)
    run = json.loads(done.stdout)
    assert run["confirmed"] == run["sent"] > 0
    assert run["held"] == 0
