"""Part a plan by its rules' modes: what goes by itself, what waits for a person, what only shows itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from tertib.model import Mode, Outcome, Plan, State


def by_mode(decided: Plan) -> Iterator[tuple[Mode, Plan]]:
    """Part a plan by its rules' modes, so that each part can be applied, or wait, by itself."""
    for mode in Mode:
        names = {tally.name for tally in decided.rules if tally.mode is mode}
        if names:
            yield mode, _only_rules(decided, names)


def _only_rules(decided: Plan, names: Collection[str]) -> Plan:
    kept = [index for index, tally in enumerate(decided.rules) if tally.name in names]
    return replace(
        decided,
        rules=tuple(decided.rules[index] for index in kept),
        definitions=tuple(decided.definitions[index] for index in kept),
        changes=tuple(one for one in decided.changes if one.rule in names),
        over_limit=tuple(one for one in decided.over_limit if one.rule in names),
        held=tuple(one for one in decided.held if one.rule in names),
    )


def waiting_in(mode: Mode, part: Plan) -> list[Outcome]:
    """Return the changes of a part that waits for a person, or only shows itself, as outcomes."""
    state = State.PREVIEWED if mode is Mode.PREVIEW else State.AWAITING_APPROVAL
    why = (
        "its rule is in mode `preview`"
        if mode is Mode.PREVIEW
        else f"approve it with `tertib apply {part.plan_id}`"
    )
    return [Outcome(one.id, one.order_id, one.rule, state, why) for one in part.changes]


def held_live(decided: Plan) -> list[Outcome]:
    """Return what is held of rules that were to act, as outcomes; the record has it in the plan itself."""
    acting = {tally.name for tally in decided.rules if tally.mode is Mode.APPLY}
    return [
        Outcome(one.id, one.order_id or "", one.rule, State.HELD, one.why, one.code)
        for one in decided.held
        if one.id is not None and one.rule in acting
    ]
