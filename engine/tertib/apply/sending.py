"""Put one request on the wire and read what its answer proves, order by order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tertib.model import Answer, Change, Echo, Outcome, State
from tertib.sayings import N_, said

BISECTED = frozenset({400, 404, 422})
"""Definite refusals of a whole request for the sake of one order in it."""

STOPPING = frozenset({401, 403})
"""Refusals that every further request would meet too."""


def outcomes_of(answer: Answer, changes: Sequence[Change], wanted: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """Return what an answer proves about each order that was sent; `wanted` are the statuses it must echo.

    A 200 confirms exactly the ids it echoes with the wanted values; all others are unknown and stay `sent`. A
    definite refusal of several orders puts them back to `planned`, to be tried in halves.
    """
    if answer.how == "unknown":
        return tuple(
            outcome(one, State.SENT, said("outcome unknown: %(why)s", why=answer.message)) for one in changes
        )
    if answer.how == "refused":
        halved = answer.status in BISECTED and len(changes) > 1
        state = State.PLANNED if halved else State.NOT_APPLIED
        return tuple(outcome(one, state, answer.message) for one in changes)
    echoes: dict[str, list[Echo]] = {}
    for echo in answer.echoes:
        echoes.setdefault(str(echo.id), []).append(echo)
    return tuple(_echoed(one, echoes.get(str(one.id), []), wanted) for one in changes)


def _echoed(change: Change, echoes: Sequence[Echo], wanted: Mapping[str, Any]) -> Outcome:
    """Judge what an answer says of one order; one that it names twice must be as wanted both times."""
    if not echoes:
        return outcome(change, State.SENT, N_("outcome unknown: the answer does not name this order"))
    differing = [(name, getattr(echo, name)) for echo in echoes for name in _differing(echo, wanted)]
    if differing:
        name, shown = differing[0]
        why = said(
            "outcome unknown: the answer says %(field)s `%(value)s`, not `%(wanted)s`",
            field=name,
            value=shown,
            wanted=wanted[name],
        )
        return outcome(change, State.SENT, why)
    return outcome(change, State.CONFIRMED, N_("the answer names it with the wanted values"))


def _differing(echo: Echo, wanted: Mapping[str, Any]) -> list[str]:
    return [name for name in wanted if getattr(echo, name) != wanted[name]]


def outcome(change: Change, state: State, why: str, code: str = "") -> Outcome:
    """Return what became of a change."""
    return Outcome(change.id, change.order_id, change.rule, state, why, code)


def must_stop(answer: Answer, outcomes: Iterable[Outcome]) -> str | None:
    """Say why nothing more may be sent after this answer, None where the run goes on."""
    if any(one.state is State.SENT for one in outcomes):
        return N_("an outcome is unknown; nothing more is sent before it has been read back")
    if answer.how == "refused" and answer.status in STOPPING:
        return said(
            "Scalev refused the credential (%(status)s): %(why)s", status=answer.status, why=answer.message
        )
    if answer.how == "refused" and answer.status is None:
        return said("Scalev cannot be reached: %(why)s", why=answer.message)
    return None
