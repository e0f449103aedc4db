"""Kleene's three-valued logic: what follows for certain where some verdicts are unknown (None)."""

from __future__ import annotations

from collections.abc import Iterable

from tertib.model import Verdict


def negation(verdict: Verdict) -> Verdict:
    """Return the opposite; what is unknown stays unknown."""
    return None if verdict is None else not verdict


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """Return false where any is false, else unknown where any is unknown, else true (also of none at all)."""
    found = set(verdicts)
    return False if False in found else None if None in found else True


def disjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """Return true where any is true, else unknown where any is unknown, else false (also of none at all)."""
    found = set(verdicts)
    return True if True in found else None if None in found else False
