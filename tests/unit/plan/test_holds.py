"""The table of holds: every code that the engine can write stands in it, and none besides."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tertib.plan.holds import HOLDS

_CODES = re.compile(
    r"""(?:Held\([^)]*?,\s*|Veto\(\s*|Breach\(\s*|_held\(claim,\s*|_held\(one,\s*|hold\(match,\s*|code=|_conflict\(order,\s*)"([a-z_]+)\""""
)


def test_every_code_in_the_stages_has_its_row_and_every_row_its_code(checkout: Path) -> None:
    """What `plan` can hold an order for is explained, and nothing is explained that cannot be."""
    engine = checkout / "engine" / "tertib"
    paths = [*(engine / "plan").glob("*.py"), *(engine / "apply").glob("*.py"), engine / "evaluate.py"]
    sources = [path.read_text("utf-8") for path in paths if path.name != "holds.py"]
    plans = [path.read_text("utf-8") for path in (engine / "plan").glob("*.py") if path.name != "holds.py"]
    assert {code for source in plans for code in _CODES.findall(source)} <= HOLDS.keys()
    spelled = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
    }
    assert spelled >= HOLDS.keys()


def test_every_row_says_what_is_so_and_what_to_do() -> None:
    """The help is a sentence; the way to mend it is a fragment, as hints are."""
    for code, reason in HOLDS.items():
        assert reason.code == code
        assert reason.help[0].isupper()
        assert reason.help.endswith(".")
        assert reason.mend
        assert not reason.mend.endswith(".")
