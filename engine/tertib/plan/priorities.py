"""Settle which rule owns an order that several rules want."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from tertib.model import Change, Held, Rule
from tertib.sayings import said


@dataclass(frozen=True, slots=True)
class Claim:
    """What one rule wants of one order: a change, or a hold that speaks for every rule below it."""

    rule: Rule
    key: str
    result: Change | Held


def settle_claims(claims: Iterable[Claim]) -> Iterator[Change | Held]:
    """Yield one result a claim: the highest priority owns an order, equals must agree, a hold binds those below."""
    by_order: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_order[claim.key].append(claim)
    for wanting in by_order.values():
        yield from _settle_order(wanting)


def _settle_order(wanting: list[Claim]) -> Iterator[Change | Held]:
    owner: Change | None = None
    holder: Held | None = None
    ranked = sorted(wanting, key=lambda claim: (-claim.rule.priority, claim.rule.name))
    for _, level in groupby(ranked, key=lambda claim: claim.rule.priority):
        claims = list(level)
        if owner is not None or holder is not None:
            yield from (_below(claim, owner, holder) for claim in claims)
            continue
        for result in _among_equals(claims):
            yield result
            if isinstance(result, Change):
                owner = result
            elif result.code != "same_change":
                holder = holder or result


def _among_equals(claims: list[Claim]) -> Iterator[Change | Held]:
    changes = [claim for claim in claims if isinstance(claim.result, Change)]
    agreed = len({meaning(claim.result.set) for claim in changes if isinstance(claim.result, Change)}) <= 1
    first = changes[0] if changes else None
    for claim in claims:
        if isinstance(claim.result, Held) or (agreed and claim is first):
            yield claim.result
        elif agreed and first is not None:
            yield _held(
                claim, "same_change", said("rule `%(rule)s` makes the same change", rule=first.rule.name)
            )
        else:
            others = ", ".join(f"`{one.rule.name}`" for one in changes if one is not claim)
            why = said(
                "%(rules)s wants another change at the same priority; give one of them a higher `priority`",
                rules=others,
            )
            yield _held(claim, "rule_conflict", why)


def _below(claim: Claim, owner: Change | None, holder: Held | None) -> Held:
    if isinstance(claim.result, Held):
        return claim.result
    if owner is None and holder is not None:
        why = said(
            "rule `%(rule)s`, which has a higher priority, holds it (%(code)s)",
            rule=holder.rule,
            code=holder.code,
        )
        return _held(claim, "held_by_higher", why)
    if owner is not None and meaning(owner.set) == meaning(claim.result.set):
        return _held(claim, "same_change", said("rule `%(rule)s` makes the same change", rule=owner.rule))
    name = owner.rule if owner is not None else ""
    return _held(
        claim,
        "outranked",
        said("rule `%(rule)s`, which has a higher priority, wants another change", rule=name),
    )


def _held(claim: Claim, code: str, why: str) -> Held:
    return Held(claim.result.order_id, claim.rule.name, code, why, claim.result.id)


def meaning(values: dict[str, Any] | Any) -> tuple[tuple[str, str], ...]:
    """Return what a change does, comparably: all its values but `by`, which only says who did it."""
    return tuple(sorted((name, str(value)) for name, value in values.items() if name != "by"))
