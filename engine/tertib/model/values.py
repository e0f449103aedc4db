"""The smallest values: verdicts, paths, and what stands for a key that is not there."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

Verdict: TypeAlias = bool | None
"""Kleene's three values: True, False, and None for *unknown*. Only True matches."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a rule document, from its top: ``("conditions", 0, "tags")``."""


class Missing(Enum):
    """The type of `MISSING`, which stands for a key that the answer did not hold."""

    MISSING = "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
