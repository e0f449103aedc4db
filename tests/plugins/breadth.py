"""How widely a run tries things: all of it in CI; in the everyday run a share, of which the drawn part differs each time."""

from __future__ import annotations

import os
from typing import Final

IN_CI: Final = bool(os.environ.get("CI"))

_SHARE: Final = 5
_FEWEST: Final = 20


def examples(count: int) -> int:
    """Return on how many of `count` drawn examples a law is tried."""
    return count if IN_CI else max(_FEWEST, count // _SHARE)
