"""What tests need that not every machine has: where it is missing a test is not run, and fails where `CI` is set."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest


def apprise_or_not_run() -> None:
    """Leave a test out where apprise is not installed."""
    _needed(find_spec("apprise") is not None, "apprise is not installed; pip install 'tertib[notify]'")


def promtool() -> str:
    """Return Prometheus's `promtool`; leave the test out where there is none."""
    found = shutil.which("promtool")
    _needed(found is not None, "promtool was not found; install `prometheus`")
    return str(found)


def _needed(there: bool, why: str) -> None:  # noqa: FBT001 - what is needed is there, or is not
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(f"not run: {why}")
    pytest.skip(f"not run: {why}")
