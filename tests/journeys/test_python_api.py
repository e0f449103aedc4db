"""Prove the Python API as a developer uses it: the README's example and the example service, on the embedded Scalev."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import tertib
from tertib.errors import PlanRefused, RuleError, SettingsError
from tertib.sandbox.server import Served, serve
from tertib.sandbox.shop import Shop

ROOT = Path(__file__).resolve().parent.parent.parent
RULE = """\
name: complete-delivered
query: {status: shipped}
conditions:
  - shipment_status: {eq_i: delivered}
action: {status: completed}
"""


@pytest.fixture
def scalev() -> Iterator[Served]:
    """Serve a small invented shop."""
    with serve(Shop(seed=3, orders=120, contract="seeds")) as served:
        yield served


@pytest.fixture
def project(tmp_path: Path, scalev: Served, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the settings file of a project with one rule; the token stands in the environment."""
    monkeypatch.setenv("SCALEV_TOKEN", scalev.business_token)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "complete.yaml").write_text(RULE, "utf-8")
    settings = tmp_path / "tertib.yaml"
    settings.write_text(f"api: {{base_url: '{scalev.url}'}}\n", "utf-8")
    return settings


def test_the_four_verbs(project: Path) -> None:
    """A plan is made, explained, applied once, and the next one is empty."""
    with tertib.open_shop(project) as shop:
        (rule,) = shop.load()
        plan = shop.plan([rule])
        explained = shop.explain(rule, plan.changes[0].order_id)
        run = shop.apply(plan)

        assert explained.matched
        assert {one.state for one in run.outcomes} == {"confirmed"}
        assert len(run.outcomes) == len(plan.changes) > 0
        with pytest.raises(PlanRefused):
            shop.apply(plan)
        assert shop.plan([rule]).changes == ()


def test_a_checkpoint_is_kept_while_the_shop_is_open(project: Path) -> None:
    """After each plan that was applied: a program that is killed later has a witness of what it sent."""
    witness = project.parent / "tertib.checkpoint"
    with tertib.open_shop(project) as shop:
        plan = shop.plan(shop.load())
        assert not witness.exists()
        run = shop.apply(plan)
        assert len(run.outcomes) > 0
        kept = witness.read_text("utf-8")
    assert witness.read_text("utf-8") == kept


def test_mistakes_come_all_at_once(project: Path) -> None:
    """Rules that do not load raise one error with every problem."""
    bad = RULE.replace("eq_i", "eqi").replace("completed", "done")
    (project.parent / "rules" / "complete.yaml").write_text(bad, "utf-8")

    with tertib.open_shop(project) as shop, pytest.raises(RuleError) as raised:
        shop.load()

    assert len(raised.value.problems) == 2


def test_settings_are_refused_at_once(project: Path) -> None:
    """Settings that do not fit are no surprise in the middle of a run."""
    project.write_text("apii: {}\n", "utf-8")

    with pytest.raises(SettingsError, match="apii"), tertib.open_shop(project):
        pass


def test_importing_tertib_is_light() -> None:
    """The package's face offers its names without loading what is behind them."""
    assert {"open_shop", "Shop", "__version__"} <= set(tertib.__all__)
    with pytest.raises(AttributeError, match="no attribute `opne`"):
        tertib.opne  # noqa: B018


def test_the_readme_s_example_runs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The snippet in the README works as it stands, but for the order that it asks about."""
    text = (ROOT / "README.md").read_text("utf-8")
    snippet = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert snippet is not None
    program = snippet[1].replace('"261120ABCDEF"', "plan.changes[0].order_id")

    exec(compile(program, str(project), "exec"), {})  # noqa: S102 - our own README

    assert "shipped {'status': 'completed'" in capsys.readouterr().out


@pytest.fixture
def service() -> ModuleType:
    """Return the example service as a module."""
    spec = importlib.util.spec_from_file_location("hourly", ROOT / "examples" / "service" / "hourly.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_service_acts_on_what_is_harmless(
    project: Path, service: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Completing can be undone, so the service does it by itself; the second time there is nothing to do."""
    with caplog.at_level(logging.INFO, "shop"):
        service.once(str(project))
        assert re.search(r"(\d+) of \1 confirmed", caplog.text)
        caplog.clear()
        service.once(str(project))

    assert caplog.text == ""


def test_the_example_service_leaves_the_rest_to_a_person(
    project: Path, service: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing cannot be undone, so the service only says which plan waits."""
    (project.parent / "rules" / "complete.yaml").write_text(RULE.replace("completed", "closed"), "utf-8")

    with caplog.at_level(logging.INFO, "shop"):
        service.once(str(project))

    assert re.search(r"orders wait for you: tertib apply \S+", caplog.text)
    assert "confirmed" not in caplog.text
