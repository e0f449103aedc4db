"""What the exit code of a command, and the outcome of a change, say to a script."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from tertib.model import State

EXIT_CODES: Final[Mapping[int, str]] = {
    0: "Everything intended happened. Ordinary vetoes, and rules in mode `preview`, are intended.",
    1: "Nothing could be decided or sent: a mistake in a rule, no token, an ignored filter, a refused plan.",
    2: "The command line is wrong.",
    3: "Something intended was held by a limit or a conflict, dropped, not applied, or its outcome is unknown.",
    4: "`tertib plan --detailed-exitcode`: there are changes.",
    130: "Somebody interrupted the command (Ctrl-C).",
    143: "The command was told to end (SIGTERM), and ended cleanly.",
}
"""Every exit code that a command gives on purpose."""

FAILED: Final = 1
NOT_AS_INTENDED: Final = 3
SIGNALLED: Final = 128


def together(codes: Collection[int], some_failed: int = NOT_AS_INTENDED) -> int:
    """Return one exit code for what several accounts came to; `some_failed` where some failed, and others did not."""
    worst = max(codes, default=0)
    if worst >= SIGNALLED or len(set(codes)) < 2:  # noqa: PLR2004 - all alike, or none
        return worst
    if FAILED in codes:
        return some_failed
    return NOT_AS_INTENDED if NOT_AS_INTENDED in codes else worst


OUTCOMES: Final[Mapping[State, str]] = {
    State.PREVIEWED: "The rule is in mode `preview`: recorded, and nothing sent.",
    State.AWAITING_APPROVAL: "The rule is in mode `approve`: recorded, and `tertib apply` sends it.",
    State.PLANNED: "Recorded as wanted, and not sent.",
    State.SENT: "Sent, and the outcome is not known; it is never sent again, and `tertib settle` reads it back.",
    State.CONFIRMED: "Scalev's answer names the order with the wanted values.",
    State.CONFIRMED_BY_READBACK: "The outcome was unknown, and the order was later read with the wanted values.",
    State.NOT_APPLIED: "Scalev refused, or the order was later read without the wanted values: nothing was done.",
    State.HELD: "Something came up just before sending, so nothing was sent; `why` says what.",
    State.STALE: "The order changed after the plan and no longer matches, so nothing was sent.",
    State.ABANDONED: "Not sent, because an earlier request of the same run has no known outcome.",
}
"""What became of one change, by the state that `apply --json` and `run --json` give it."""
