"""What tests on free text say of each other, and texts to try where the set of values has no end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from tertib.check import sampling
from tertib.model import Test

_FOLDED: Final = "_i"


def conflicting(tests: Iterable[tuple[Test, bool]]) -> bool:
    """Tell whether two tests on one text exclude each other, for certain; False where it cannot be told."""
    asked = tuple(tests)
    return any(_exclude(one, other) or _exclude(other, one) for one, other in combinations(asked, 2))


def _exclude(one: tuple[Test, bool], other: tuple[Test, bool]) -> bool:
    (first, holds), (second, second_holds) = one, other
    if not holds:
        return False
    if not second_holds:
        return _implies(first, second)
    return _both_ends(first, second)


def _parts(test: Test) -> tuple[str, str, bool]:
    """Return a test's operator without its case-blindness, its text as it is compared, and whether case counts."""
    blind = test.operator.endswith(_FOLDED)
    text = test.operand if isinstance(test.operand, str) else ""
    return test.operator.removesuffix(_FOLDED), text.casefold() if blind else text, blind


def _implies(first: Test, second: Test) -> bool:
    """Tell whether every text that passes the first test passes the second."""
    if (first.operator, first.operand) == (second.operator, second.operand):
        return True
    if "matches" in {first.operator, second.operator}:
        return False
    name, text, blind = _parts(first)
    wanted, part, loose = _parts(second)
    if blind and not loose:
        return False
    known = text.casefold() if loose else text
    return {
        "contains": part in known,
        "starts_with": name in {"starts_with", "eq"} and known.startswith(part),
        "ends_with": name in {"ends_with", "eq"} and known.endswith(part),
        "eq": name == "eq" and known == part,
    }[wanted]


def _both_ends(first: Test, second: Test) -> bool:
    """Tell whether two texts' ends that must both hold cannot."""
    name, text, _ = _parts(first)
    other, part, _ = _parts(second)
    text, part = text.casefold(), part.casefold()
    if name == "starts_with" and other == "starts_with":
        return not (text.startswith(part) or part.startswith(text))
    if name == "ends_with" and other == "ends_with":
        return not (text.endswith(part) or part.endswith(text))
    if name == "eq":
        return (
            (other == "eq" and text != part)
            or (other == "starts_with" and not text.startswith(part))
            or (other == "ends_with" and not text.endswith(part))
            or (other == "contains" and part not in text)
        )
    return False


def samples(tests: Iterable[tuple[Test, bool]]) -> Iterator[str]:
    """Yield texts that may pass the tests: their own words, alone and put together."""
    asked = [test for test, wanted in tests if wanted]
    starts = [test.operand for test in asked if test.operator.startswith("starts_with")]
    ends = [test.operand for test in asked if test.operator.startswith("ends_with")]
    inside = [test.operand for test in asked if test.operator.startswith("contains")]
    longest_start, longest_end = max(starts, key=len, default=""), max(ends, key=len, default="")
    words = [word for test in asked if test.operator == "matches" for word in sampling.texts(test.operand)]
    exact = [test.operand for test in asked if test.operator == "eq_i"]
    yield from exact
    for word in (*words, ""):
        for joint in ("", " "):
            yield joint.join(part for part in (longest_start, *inside, word, longest_end) if part)
    negative = [test for test, wanted in tests if not wanted]
    yield from (str(test.operand)[:-1] for test in negative if test.operator.startswith("eq"))
