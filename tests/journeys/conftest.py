"""What every journey starts from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from project import CANCEL, SETTINGS, Project
from tertib.sandbox.server import serve
from tertib.sandbox.shop import Shop


@pytest.fixture
def project(tmp_path: Path, checkout: Path) -> Iterator[Project]:
    """Lay out a project with one rule, and serve an empty shop in contract `seeds`."""
    with serve(Shop.empty()) as served:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(checkout / "engine"),
            "SCALEV_BASE_URL": served.url,
            "SCALEV_TOKEN": served.business_token,
        }
        made = Project(tmp_path / "shop", served, environ)
        made.place.mkdir()
        (made.place / "tertib.yaml").write_text(SETTINGS, encoding="utf-8")
        made.rule(CANCEL)
        yield made
