"""Write down what a test run came to, for the promise sheet: where `TERTIB_RESULTS` names a file, a line of JSON a fact.

Tests call `note("kills", sqlite=1)`; `docs/promises.py` adds up the lines. Nothing is written where nobody asks.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import pytest

FILE: Final = "TERTIB_RESULTS"


def note(what: str, **numbers: float) -> None:
    """Add one fact to the results; lines of several processes do not mix, each is one short write."""
    name = os.environ.get(FILE)
    if name is None:
        return
    line = json.dumps({"what": what, **numbers}) + "\n"
    opened = os.open(Path(name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(opened, line.encode())
    finally:
        os.close(opened)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note how many tests state a law: they are tried on many drawn examples each."""
    if getattr(session.config, "workerinput", {"workerid": "gw0"})["workerid"] != "gw0":
        return  # every worker of pytest-xdist collects the same tests
    laws = sum(getattr(getattr(item, "obj", None), "is_hypothesis_test", False) for item in session.items)
    note("collected", tests=len(session.items), laws=laws)
