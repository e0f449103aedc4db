"""Part a plan by its rules' modes: what goes by itself, what waits for a person, what only shows itself.

A rule in mode `apply` goes by itself on its schedule only once it has earned it: until a person has let it change
orders as it now stands, and again when people took back too much of what it did, it asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from tertib.model import Mode, Outcome, Plan, Repute, Reversals, Rule, State
from tertib.sayings import N_, Said, said

NEW: Final = N_("the rule is new or was edited: it acts by itself once a person has approved what it does")
ASKS: Final = N_("the rule is in mode `approve`")


def as_earned(
    rules: Sequence[Rule], reputes: Mapping[str, Repute], reversals: Reversals
) -> tuple[list[Rule], dict[str, str]]:
    """Return the rules as they may run by themselves, those that must ask in mode `approve`, and why each must.

    Only rules in mode `apply` can lose by it.
    """
    whys = {
        rule.name: why
        for rule in rules
        if rule.mode is Mode.APPLY
        and (why := _why_ask(rule, reputes.get(rule.name, Repute()), reversals)) is not None
    }
    return [_asking(rule) if rule.name in whys else rule for rule in rules], whys


def _why_ask(rule: Rule, repute: Repute, reversals: Reversals) -> str | None:
    if not repute.proven and rule.first_run == "approve":
        return NEW
    if repute.changed >= reversals.orders and repute.reversed > reversals.share * repute.changed:
        share = f"{Decimal(100) * repute.reversed / repute.changed:.0f}%"
        return said(
            "people took back %(reversed)s of its %(changed)s changes (%(share)s): it asks until it is edited or they keep what it does",
            reversed=repute.reversed,
            changed=repute.changed,
            share=share,
        )
    return None


def _asking(rule: Rule) -> Rule:
    return replace(rule, mode=Mode.APPROVE, definition={**rule.definition, "mode": Mode.APPROVE.value})


def by_mode(decided: Plan) -> Iterator[tuple[Mode, Plan]]:
    """Part a plan by its rules' modes, so that each part can be applied, or wait, by itself.

    Each rule that asks gets a part of its own: a person says yes or no to one rule at a time.
    """
    for mode in Mode:
        names = [tally.name for tally in decided.rules if tally.mode is mode]
        parts = [{name} for name in names] if mode is Mode.APPROVE else [set(names)]
        yield from ((mode, _only_rules(decided, part)) for part in parts if part)


def _only_rules(decided: Plan, names: Collection[str]) -> Plan:
    """Return the part of these rules; `requests` and `orders_read` still tell of the reading that all parts share.

    A scan that failed stays in every part: it is why none of them is complete.
    """
    kept = [index for index, tally in enumerate(decided.rules) if tally.name in names]
    return replace(
        decided,
        scans=tuple(one for one in decided.scans if one.failure or set(names) & set(one.scan.rules)),
        rules=tuple(decided.rules[index] for index in kept),
        definitions=tuple(decided.definitions[index] for index in kept),
        changes=tuple(one for one in decided.changes if one.rule in names),
        over_limit=tuple(one for one in decided.over_limit if one.rule in names),
        held=tuple(one for one in decided.held if one.rule in names),
        warnings=tuple(one for one in decided.warnings if _is_of(one, names)),
    )


def _is_of(warning: str, names: Collection[str]) -> bool:
    """Tell whether a warning names one of these rules, or none: then it is about the whole reading."""
    named = warning.values.get("rule") if isinstance(warning, Said) else None
    return named is None or named in names


def waiting_in(mode: Mode, part: Plan) -> list[Outcome]:
    """Return the changes of a part that waits for a person, or only shows itself, as outcomes."""
    state = State.PREVIEWED if mode is Mode.PREVIEW else State.AWAITING_APPROVAL
    why = (
        N_("its rule is in mode `preview`")
        if mode is Mode.PREVIEW
        else said("approve it with `tertib approve %(plan)s`", plan=part.plan_id)
    )
    return [Outcome(one.id, one.order_id, one.rule, state, why, plan_id=part.plan_id) for one in part.changes]


def held_live(decided: Plan) -> list[Outcome]:
    """Return what is held of rules that were to act, as outcomes; the record has it in the plan itself."""
    acting = {tally.name for tally in decided.rules if tally.mode is Mode.APPLY}
    return [
        Outcome(one.id, one.order_id or "", one.rule, State.HELD, one.why, one.code)
        for one in decided.held
        if one.id is not None and one.rule in acting
    ]
