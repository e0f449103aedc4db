"""What became of a plan: states, answers, outcomes, runs, and what is still unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from tertib.model.reading import Spent
from tertib.model.rules import Source


class State(StrEnum):
    """Where a change stands. Only `planned → sent` puts anything on the wire."""

    PREVIEWED = "previewed"
    AWAITING_APPROVAL = "awaiting_approval"
    PLANNED = "planned"
    SENT = "sent"
    CONFIRMED = "confirmed"
    CONFIRMED_BY_READBACK = "confirmed_by_readback"
    NOT_APPLIED = "not_applied"
    HELD = "held"
    STALE = "stale"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Pick:
    """Which of a plan's changes a person wants: the first so many, only some, all but some; all where nothing is said.

    `only` and `but` name orders by number or id, as people type them; where `by_id` is set, by id alone (`str(id)`).
    """

    first: int | None = None
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    by_id: bool = False


@dataclass(frozen=True, slots=True)
class Echo:
    """What an answer to a change says of one order."""

    id: int | str
    status: str | None
    payment_status: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How Scalev answered one bulk change.

    `answered`: a 200 whose `echoes` were read. `refused`: nothing was done, for certain (never connected, 429,
    4xx but 408). `unknown`: anything else. `status` is None where no status line arrived.
    """

    how: Literal["answered", "refused", "unknown"]
    status: int | None
    echoes: tuple[Echo, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one planned change; `code` names the hold where one kept it back.

    `plan_id` names the plan that the change is from, where that is not the one which the run applies.
    """

    id: int | str
    order_id: str
    rule: str
    state: State
    why: str
    code: str = ""
    plan_id: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What one apply came to. `sent` counts the orders that went on the wire; `stopped` says why not all did."""

    run_id: str
    plan_id: str
    spent: Spent
    sent: int
    outcomes: tuple[Outcome, ...]
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A change whose outcome is unknown: what was wanted, and when it may be read back.

    `set` holds the readable action fields only; personal ones as their keyed hash. `updated_at` is the order's
    `last_updated_at` as it was read before the change was sent, "" where that is not known.
    """

    change_id: str
    run_id: str
    id: int | str
    order_id: str
    rule: str
    source: Source
    set: Mapping[str, Any]
    sent_at: datetime
    due_at: datetime
    updated_at: str = ""


UNDO: Final = "undo:"
"""How the names of the rules begin that take a run back: no rule that a person writes can have a colon in its name."""


def undone_run(rule: str) -> str:
    """Return the id of the run that the rule of this name takes back, "" for a rule that a person wrote."""
    return rule.removeprefix(UNDO).rpartition(":")[0] if rule.startswith(UNDO) else ""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one order in a past run, as an undo needs to know it.

    `before` are the values of the last reading before it was sent, `set` what was sent; personal ones stand as their
    keyed hash. `over_at` is when its request was over, as far as is known, `reached` whether the change may have reached
    Scalev at all.
    `since` names the last run, and its rule, that changed the order after this one and was not itself taken back.
    """

    id: int | str
    order_id: str
    rule: str
    state: State
    before: Mapping[str, Any]
    set: Mapping[str, Any]
    over_at: datetime | None
    reached: bool
    since: tuple[str, str] | None = None
