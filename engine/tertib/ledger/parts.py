"""What is too much for one statement, in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

_T = TypeVar("_T")

CHUNK: Final = 500
"""How many orders one statement names: far below what any database takes in one statement."""


def chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Yield a sequence in parts that one statement can name."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
