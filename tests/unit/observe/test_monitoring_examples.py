"""The examples for Prometheus and Grafana: accepted by Prometheus's own tool, and about metrics that exist."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from extras import promtool
from shopfloor import ACCOUNT, Floor
from tertib.model import Held, State
from tertib.observe import metrics
from tertib.observe.pulse import Pulse

_SAMPLE_NAMES = re.compile(r"\btertib_[a-z_]+")


@pytest.fixture
def place(checkout: Path) -> Path:
    """Return where the examples lie."""
    return checkout / "examples" / "monitoring"


@pytest.fixture
def exported(floor: Floor) -> frozenset[str]:
    """Return the names of all samples that a process exports once everything has happened."""
    held = (Held("O-1", "cancel", "cannot_tell", "why"),)
    floor.slot("cancel", plan=floor.plan("cancel", floor.change("cancel"), held=held))
    floor.run(floor.plan("close", floor.change("close")), State.NOT_APPLIED, status=422)
    floor.run(floor.plan("close", floor.change("close")), State.SENT, status=504)
    floor.ledger.notices.delivered(ACCOUNT, "owner", floor.now)
    floor.ledger.notices.failed(ACCOUNT, "owner", "why", floor.now)
    pulse = Pulse(floor.clock.monotonic)
    pulse.turned(ACCOUNT, ["cancel"], [], {"token": 1})
    figured = metrics.Figured([metrics.Watched(ACCOUNT, floor.ledger)], pulse, floor.clock.now)
    return frozenset(sample.name for family in figured.collect() for sample in family.samples)


def checked(*words: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run promtool beside the examples."""
    return subprocess.run(
        [promtool(), *words], cwd=place, capture_output=True, text=True, check=False, timeout=120
    )


def test_prometheus_accepts_the_rules(place: Path) -> None:
    """`promtool check rules` finds nothing to complain of, nor `check config` in the scrape's."""
    done = checked("check", "rules", "alerts.yaml", place=place)
    assert done.returncode == 0, done.stdout + done.stderr
    config = checked("check", "config", "prometheus.yaml", place=place)
    assert config.returncode == 0, config.stdout + config.stderr


def test_every_alert_comes_when_it_should(place: Path) -> None:
    """`promtool test rules` plays a course of events for each alert, and none is left out of them."""
    done = checked("test", "rules", "alerts.test.yaml", place=place)
    assert done.returncode == 0, done.stdout + done.stderr
    played = {
        one["alertname"]
        for test in yaml.safe_load((place / "alerts.test.yaml").read_text("utf-8"))["tests"]
        for one in test["alert_rule_test"]
        if one["exp_alerts"]
    }
    assert played == set(alerts(place))


def alerts(place: Path) -> dict[str, Any]:
    """Return the alerts by name."""
    (group,) = yaml.safe_load((place / "alerts.yaml").read_text("utf-8"))["groups"]
    return {one["alert"]: one for one in group["rules"]}


@pytest.mark.parametrize("database", ["sqlite"])
def test_alerts_ask_for_metrics_that_exist(place: Path, exported: frozenset[str]) -> None:
    """An alert on a name that nobody exports would never come."""
    asked = {name for one in alerts(place).values() for name in _SAMPLE_NAMES.findall(one["expr"])}
    assert asked - exported == set()


def test_every_alert_is_explained(place: Path, checkout: Path) -> None:
    """The operations page says of each what it means and what to do."""
    page = (checkout / "docs" / "operations.md").read_text("utf-8")
    assert [name for name in alerts(place) if f"### {name}\n" not in page] == []


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_dashboard_shows_metrics_that_exist(place: Path, exported: frozenset[str]) -> None:
    """Every panel asks for something, of the chosen data source, and lies in a place of its own; no metric is left out."""
    dashboard = json.loads((place / "dashboard.json").read_text("utf-8"))
    panels = dashboard["panels"]
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels]
    assert len(set(places)) == len({one["id"] for one in panels}) == len(panels)
    assert all(one["gridPos"]["x"] + one["gridPos"]["w"] <= 24 for one in panels)
    assert all(one["datasource"]["uid"] == "${source}" and one["targets"] for one in panels)
    asked = {
        name for one in panels for target in one["targets"] for name in _SAMPLE_NAMES.findall(target["expr"])
    }
    assert asked - exported == set()
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported}
    assert shown - {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} == set()
