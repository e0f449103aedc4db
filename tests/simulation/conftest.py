"""Let the simulator be imported by its own name, here and by the command beside it; play the everyday seeds once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from season import Season


@pytest.fixture(scope="session")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    """Return the everyday seeds; processes of pytest-xdist have their directories side by side."""
    base = tmp_path_factory.getbasetemp()
    return Season(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
