"""Decide what would be done: vetoes, priorities and limits, in one pure stage, with a reason for each order.

Nothing here reads a clock, a network or the record: what they know is handed in as `Facts`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tertib.compile import Program
from tertib.evaluate import Evaluated
from tertib.model import (
    Change,
    Held,
    Match,
    Mode,
    Pick,
    Plan,
    Rule,
    RuleTally,
    ScanReport,
)
from tertib.plan.holds import WHOLE_RULE
from tertib.plan.limits import Breach, held_for, of_all_rules, over_limit, sent_by, unvalued
from tertib.plan.picking import meant
from tertib.plan.priorities import Claim, settle_claims
from tertib.plan.propose import propose
from tertib.plan.vetoes import Facts
from tertib.sayings import N_, said, said_many


@dataclass(frozen=True, slots=True)
class Reading:
    """How the reading that a plan rests on went."""

    scans: tuple[ScanReport, ...]
    requests: int

    @property
    def complete(self) -> bool:
        """Tell whether every scan was read to its end."""
        return all(report.failure is None for report in self.scans)


def decide(
    evaluated: Evaluated,
    program: Program,
    reading: Reading,
    facts: Facts,
    *,
    acting: bool,
    created_at: datetime,
) -> Plan:
    """Return the plan, yet without its id: every change, every hold, and the tallies of every rule.

    `acting` is the view of `run` and `serve`, where rules in mode `preview` claim nothing against live ones
    and rules in mode `apply` must trust the filters that cannot be checked.
    """
    unread = _unread_rules(program, reading.scans)
    claims = _held_apart(list(_claims(evaluated, program, facts, unread)))
    settled = _settle(claims, acting=acting)
    changes = [one for one in settled if isinstance(one, Change)]
    held = [
        *evaluated.without_id,
        *evaluated.moved,
        *_whole_rules(program, unread, acting=acting),
        *(one for one in settled if isinstance(one, Held)),
    ]
    barred = {one.rule for one in held if one.order_id is None and one.code in WHOLE_RULE}
    changes = [change for change in changes if change.rule not in barred]
    kept, over, limit_holds = _limited(changes, evaluated, program, facts, acting=acting)
    return Plan(
        plan_id="",
        created_at=created_at,
        now=facts.now,
        account=facts.settings.account,
        contract=facts.settings.contract,
        complete=reading.complete,
        requests=reading.requests,
        orders_read=sum(report.orders for report in reading.scans),
        scans=reading.scans,
        rules=tuple(_tallies(evaluated, program, kept)),
        changes=tuple(kept),
        held=(*held, *limit_holds),
        warnings=tuple(_warnings(evaluated, program)),
        definitions=tuple(compiled.rule.definition for compiled in program.rules),
        over_limit=tuple(over),
    )


# --- claims ---------------------------------------------------------------------------------------------


def _claims(evaluated: Evaluated, program: Program, facts: Facts, unread: Collection[str]) -> Iterator[Claim]:
    by_rule: dict[str, list[Match]] = {compiled.rule.name: [] for compiled in program.rules}
    for match in evaluated.matches.values():
        by_rule[match.rule].append(match)
    for compiled in program.rules:
        if compiled.rule.name in unread:
            continue
        for match in by_rule[compiled.rule.name]:
            result = propose(match, compiled, facts)
            if result is not None:
                yield Claim(compiled.rule, str(result.id), result)


def _held_apart(claims: Sequence[Claim]) -> list[Claim]:
    """Hold what wants orders that bear one number under several ids: they may be one order, which is changed once."""
    keys: dict[str | None, set[str]] = defaultdict(set)
    for claim in claims:
        keys[claim.result.order_id].add(claim.key)
    return [
        claim if len(keys[claim.result.order_id]) == 1 else replace(claim, result=_namesake(claim.result))
        for claim in claims
    ]


def _namesake(result: Change | Held) -> Held:
    if isinstance(result, Held):
        return result
    why = said(
        "several orders have the number `%(order)s`, so it cannot be told which is meant",
        order=result.order_id,
    )
    return Held(result.order_id, result.rule, "cannot_tell", why, result.id)


def _settle(claims: Sequence[Claim], *, acting: bool) -> list[Change | Held]:
    if not acting:
        return list(settle_claims(claims))
    live = list(settle_claims(claim for claim in claims if claim.rule.mode is not Mode.PREVIEW))
    previewing = {claim.rule.name for claim in claims if claim.rule.mode is Mode.PREVIEW}
    return live + [one for one in settle_claims(claims) if one.rule in previewing]


# --- what holds a whole rule ----------------------------------------------------------------------------


def _unread_rules(program: Program, scans: Iterable[ScanReport]) -> frozenset[str]:
    """Name the rules that a scan failed, and those that start from a status which it was to read."""
    failed = [report.scan for report in scans if report.failure is not None]
    names = {name for scan in failed for name in scan.rules}
    for scan in program.scans:
        if any(_overlap(scan.starts_from, other.starts_from) for other in failed):
            names.update(scan.rules)
    return frozenset(names)


def _overlap(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    return one is None or other is None or bool(one & other)


def _whole_rules(program: Program, unread: Collection[str], *, acting: bool) -> Iterator[Held]:
    for compiled in program.rules:
        rule = compiled.rule
        if rule.name in unread:
            why = N_("the orders it rests on were not read to the end, so nothing of it can be decided")
            yield Held(None, rule.name, "incomplete_read", why)
        untrusted = [name for name in compiled.trusted if name not in rule.trust]
        if acting and rule.mode is Mode.APPLY and untrusted:
            why = said(
                "nothing in an answer shows whether filter `%(filter)s` was heeded; `trust: [%(filter)s]` lets the rule rely on it",
                filter=untrusted[0],
            )
            yield Held(None, rule.name, "untrusted_filter", why)


# --- limits ---------------------------------------------------------------------------------------------


def _limited(
    changes: Sequence[Change], evaluated: Evaluated, program: Program, facts: Facts, *, acting: bool
) -> tuple[list[Change], list[Change], list[Held]]:
    """Part the changes into those within all limits and those over one, with the holds that say so."""
    kept: list[Change] = []
    over: list[Change] = []
    holds: list[Held] = []
    for compiled in program.rules:
        rule = compiled.rule
        mine, unknown = _valued([c for c in changes if c.rule == rule.name], rule, facts)
        holds.extend(unknown)
        sent = sent_by(rule.name, facts.history.sent_today)
        breach = over_limit(mine, rule.limits, sent, satisfied(evaluated, rule))
        (kept if breach is None else over).extend(mine)
        holds.extend(held_for(breach, mine) if breach else ())
    breach = _over_caps(kept, program, facts, acting=acting)
    if breach is not None:
        holds.extend(held_for(breach, kept))
        kept, over = [], [*over, *kept]
    return kept, over, holds


def satisfied(evaluated: Evaluated, rule: Rule) -> int | None:
    """Count the orders that satisfy a rule's query as written, None where no share of them is limited."""
    if rule.limits.share is None:
        return None
    return evaluated.counted.get(rule.name, len(evaluated.satisfied.get(rule.name, ())))


def _valued(changes: Sequence[Change], rule: Rule, facts: Facts) -> tuple[list[Change], list[Held]]:
    unknown = unvalued(changes, rule.limits, facts.settings.caps)
    ids = {one.id for one in unknown}
    return [change for change in changes if change.id not in ids], unknown


def _over_caps(kept: Sequence[Change], program: Program, facts: Facts, *, acting: bool) -> Breach | None:
    going = {one.rule.name for one in program.rules if not acting or one.rule.mode is Mode.APPLY}
    breach = over_limit(
        [change for change in kept if change.rule in going],
        facts.settings.caps,
        sent_by("", facts.history.sent_today),
    )
    return breach and of_all_rules(breach)


# --- telling --------------------------------------------------------------------------------------------


def _tallies(evaluated: Evaluated, program: Program, kept: Sequence[Change]) -> Iterator[RuleTally]:
    matched = Counter(match.rule for match in evaluated.matches.values())
    matched.update(one.rule for one in (*evaluated.without_id, *evaluated.moved))
    for compiled in program.rules:
        rule = compiled.rule
        mine = [change for change in kept if change.rule == rule.name]
        yield RuleTally(
            name=rule.name,
            hash=rule.hash,
            mode=rule.mode,
            matched=matched[rule.name],
            planned=len(mine),
            value=sum((change.value or Decimal(0) for change in mine), Decimal(0)),
            satisfied=satisfied(evaluated, rule),
        )


def _warnings(evaluated: Evaluated, program: Program) -> Iterator[str]:
    for compiled in program.rules:
        for name in compiled.trusted:
            yield said(
                "rule `%(rule)s`: filter `%(filter)s` is trusted: no answer shows whether it was heeded",
                rule=compiled.rule.name,
                filter=name,
            )
    for path, count in sorted(evaluated.unreadable.items()):
        yield said_many(
            "field `%(field)s`: %(count)s reading held a value that cannot be read, and counted as unknown",
            "field `%(field)s`: %(count)s readings held a value that cannot be read, and counted as unknown",
            count,
            field=path,
        )


def select(plan: Plan, pick: Pick) -> tuple[Change, ...]:
    """Return the changes a person picks from a plan: some orders, all but some, or the first so many.

    Without a pick these are the plan's changes; a pick also reaches those that a limit held, so that a
    backlog can be worked off in parts that stay within the limits. Raises `PlanRefused` for a name that means two orders.
    """
    if pick.first is None and not pick.only and not pick.but:
        return plan.changes
    pool = (*plan.changes, *plan.over_limit)
    only, but = (frozenset(names) if pick.by_id else meant(pool, names) for names in (pick.only, pick.but))
    picked = [one for one in pool if (not only or str(one.id) in only) and str(one.id) not in but]
    return tuple(picked if pick.first is None else picked[: pick.first])
