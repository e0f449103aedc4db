"""What a person can do with a plan: carry it out as it is, or work off in parts what a limit holds."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from tertib.cli import speech
from tertib.model import Plan
from tertib.plan.holds import HOLDS, LIMITS

_PART: Final = 50
"""How many changes are offered as a part, where the rules' own limits allow so many."""

_IN_PARTS: Final = frozenset({"limit_orders", "limit_value"})
"""The limits on what goes at once; a part of the changes stays within them."""


def command(verb: str, plan: str) -> str:
    """Return the command that a plan is carried out with, by its id or its file, as a shell reads it."""
    return f"tertib {verb} {shlex.quote(plan)}"


def ways(plan: Plan, carried_out: str) -> Iterator[str]:
    """Yield what can be done with a plan, a line each; `carried_out` is the command that carries it out."""
    if plan.changes:
        yield speech.gettext("to do exactly this: %(command)s", command=carried_out)
    codes = dict.fromkeys(one.code for one in plan.held if one.code in LIMITS)
    if _IN_PARTS & codes.keys():
        part = f"{carried_out} --first {_part(plan)}"
        yield speech.gettext("raise the limit and plan again, or do a part: %(command)s", command=part)
    for code in codes.keys() - _IN_PARTS:
        yield speech.gettext("hint: %(hint)s", hint=speech.say(HOLDS[code].mend))


def _part(plan: Plan) -> int:
    """Return how many changes may go at once as far as limits on orders say."""
    over = {one.rule for one in plan.over_limit}
    named = {tally.name: one for tally, one in zip(plan.rules, plan.definitions, strict=True)}
    return min([_PART, *(named[rule]["limits"]["orders"] or _PART for rule in over)])
