"""What every test of the pages starts from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pages import laid_out, opens, shop, world
from pseudo import catalogue_of_nobody
from tertib.cli.showcase import Showcase, showing

__all__ = ["catalogue_of_nobody", "laid_out", "opens", "shop", "world"]


@pytest.fixture(scope="session")
def showcase() -> Iterator[Showcase]:
    """Serve the shop of `demo --web` with its history; tests only look at it."""
    with showing() as shown:
        yield shown
