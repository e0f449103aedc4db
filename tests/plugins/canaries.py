"""No buyer in anything that a run of the tests leaves: what every started `tertib` says, and every ledger that it keeps.

The sandbox invents its buyers, so their names and numbers stand in every order that a journey is about and may stand
in nothing that comes of it. `tests/security` looks far more closely; this looks everywhere, in a millisecond a test.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tertib.sandbox.shop import Shop

_LEDGERS = ("*.db", "*.db-wal", "*.checkpoint")


@lru_cache(maxsize=1)
def buyers() -> frozenset[bytes]:
    """Return what the sandbox's ordinary order says of its buyer."""
    order = Shop.empty().add({})
    told = {order["customer"][name] for name in ("name", "phone", "email")}
    told |= {order["destination_address"][name] for name in ("name", "phone", "address")}
    return frozenset(one.encode() for one in told)


def told_of(content: bytes) -> list[str]:
    """Return the buyers' values that stand in some bytes."""
    return sorted(one.decode() for one in buyers() if one in content)


@pytest.fixture(scope="session", autouse=True)
def every_started_tertib_is_searched() -> Iterator[None]:
    """Search what every `tertib` says that a test starts and waits for."""
    real = subprocess.run

    def run(*given: Any, **named: Any) -> subprocess.CompletedProcess[Any]:
        done = real(*given, **named)
        words = given[0] if given else named.get("args")
        if isinstance(words, list) and "tertib" in words:
            for stream in (done.stdout, done.stderr):
                content = stream.encode() if isinstance(stream, str) else stream or b""
                assert told_of(content) == [], words
        return done

    patch = pytest.MonkeyPatch()
    patch.setattr(subprocess, "run", run)
    yield
    patch.undo()


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Search the ledgers that a test left in its own directory."""
    place = getattr(item, "funcargs", {}).get("tmp_path")
    if isinstance(place, Path):
        for kind in _LEDGERS:
            for file in place.rglob(kind):
                if file.is_file():
                    assert told_of(file.read_bytes()) == [], file.name
