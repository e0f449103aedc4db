"""Which known name somebody meant: the "did you mean" of every message."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 60


def distance(left: str, right: str, limit: int) -> int:
    """Count the edits (add, drop, change, swap neighbours) from `left` to `right`; `limit + 1` where it is more."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        line = [row]
        for column, b in enumerate(right, 1):
            cost = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (a != b))
            swapped = row > 1 and column > 1 and a == right[column - 2] and left[row - 2] == b
            line.append(min(cost, before_last[column - 2] + 1) if swapped else cost)
        if min(line) > limit and min(last) > limit:
            return limit + 1  # no later line can be less
        before_last, last = last, line
    return last[-1]


def nearest(word: str, names: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Return the known names that are close to `word`, the closest first, at most `most` of them."""
    wanted = _plain(word)
    if not wanted or len(wanted) > _LONGEST:
        return ()
    limit = max(1, min(3, len(wanted) // 3))
    found = []
    for name in set(names):
        edits = distance(wanted, _plain(name), limit)
        if edits <= limit:
            found.append((edits, name))
    best = min(found)[0] if found else 0
    return tuple(name for edits, name in sorted(found) if edits <= best + 1)[:most]


def did_you_mean(word: str, names: Iterable[str]) -> str | None:
    """Return the hint that names what `word` was probably meant to be, None where nothing is close."""
    close = nearest(word, names)
    if not close:
        return None
    return f"did you mean {' or '.join(f'`{name}`' for name in close)}?"


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
