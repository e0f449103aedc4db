"""One machine serves all starter rules for an hour, and holds no more memory at its end than near its beginning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tertib.sandbox.limits import Limits
from tertib.sandbox.server import serve
from tertib.sandbox.shop import Shop

PROGRAM = Path(__file__).with_name("hour.py")
RULES = 18
SLOTS_AN_HOUR = 12


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
def test_an_hour_of_all_starter_rules_leaves_memory_flat(tmp_path: Path, checkout: Path) -> None:
    """Every slot of the hour is accounted for, nothing failed, and memory after the first slots is memory after the last."""
    # the shop's clock is a real one, and would find an hour's requests within seconds
    with serve(Shop(seed=7, orders=1200, contract="seeds"), limits=Limits.none()) as served:
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(checkout / "engine"),
            "SCALEV_BASE_URL": served.url,
            "SCALEV_TOKEN": served.business_token,
        }
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(tmp_path)],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=900,
        )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one for one in told if "error" in one] == []
    held = [one["bytes"] for one in told if "bytes" in one and one["minute"] >= 15]
    assert max(held[-3:]) <= 1.1 * max(held[:3])
    assert max(held) > 0
    ended = told[-1]["slots"]
    assert set(ended) <= {"done", "held"}
    assert sum(ended.values()) in {RULES * (SLOTS_AN_HOUR - 1), RULES * SLOTS_AN_HOUR}
