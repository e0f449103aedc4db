"""Read orders again before they are changed, the cheaper way, and judge them again as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tertib.compile import CompiledRule, Program, columns_for
from tertib.evaluate import contradicts, holds, order_key, reasons, satisfies_query
from tertib.fetch import fetch
from tertib.language.personal import Mask
from tertib.model import Change, Held, Match, Order, Scan, ScanReport, Source
from tertib.plan.propose import propose, updated
from tertib.plan.vetoes import Facts
from tertib.ports import Reader
from tertib.sayings import N_
from tertib.scalev import contract

PAGES_PER_SECOND = 10.0
"""What the rate limit allows at best (100 requests in 10 seconds)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One order as it was just read."""

    order: Order
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Rescanned:
    """What scans showed that were read again, by `str(id)`.

    `readings` are orders as scans of their own rule have them; `moved` are orders that a scan of another rule showed
    changed after that.
    """

    readings: dict[str, Reading]
    moved: set[str]


def by_scans_is_cheaper(stale: Sequence[Change], scans: Iterable[ScanReport], max_age: timedelta) -> bool:
    """Tell whether reading the scans again takes fewer requests than the orders one by one, and ends in time."""
    rules = {change.rule for change in stale}
    pages = sum(report.pages for report in scans if rules & set(report.scan.rules))
    customers = any(report.scan.source.store for report in scans if rules & set(report.scan.rules))
    if customers:
        return True
    return 0 < pages < len(stale) and pages / PAGES_PER_SECOND < max_age.total_seconds() / 2


def read_scans(
    rules: Collection[str], going: Mapping[str, Change], program: Program, reader: Reader
) -> Rescanned:
    """Read the scans of these rules again; return what they show of the changes in `going` (by `str(id)`).

    Raises `ReadError` where a scan does not end: what was read of it says nothing about the rest.
    """
    shown = Rescanned({}, set())
    for scan in program.scans:
        if not set(rules) & set(scan.rules):
            continue
        for page in fetch(scan, reader, contradicts(scan)):
            for order in page.orders:
                change = going.get(order_key(order) or "")
                if change is not None:
                    _note(shown, change, scan, Reading(order, page.read_at))
    return shown


def _note(shown: Rescanned, change: Change, scan: Scan, reading: Reading) -> None:
    """Note what a scan shows of a change's order: its own rule's can be judged, another's only betrays a change."""
    key = str(change.id)
    if change.rule in scan.rules:
        shown.readings[key] = reading
        shown.moved.discard(key)
        return
    known = updated(shown.readings[key].order) if key in shown.readings else change.updated_at
    if updated(reading.order) != known:
        shown.moved.add(key)


def read_one(
    order_id: str, key: str, compiled: CompiledRule, reader: Reader, now: datetime
) -> Reading | None:
    """Read one order by its reference, with the filters that only Scalev can judge; None where it is gone.

    Raises `ReadError` where the answer cannot be trusted.
    """
    scan = Scan(
        source=Source(),
        params={
            "order_id": order_id,
            **compiled.untestable(now),
            "columns": columns_for(compiled.reads, contract.FIELDS["orders"]),
        },
        rules=(compiled.rule.name,),
    )
    for page in fetch(scan, reader, contradicts(scan)):
        for order in page.orders:
            if order_key(order) == key:
                return Reading(order, page.read_at)
    return None


def judge_again(change: Change, reading: Reading, program: Program, facts: Facts) -> Change | Held:
    """Judge a planned change on a new reading: the change with what was read now, or why it is dropped."""

    def drop(code: str, why: str) -> Held:
        return Held(change.order_id, change.rule, code, why, change.id)

    compiled = program.rule(change.rule)
    queried, unchecked = satisfies_query(compiled, reading.order, facts.now)
    if queried is False:
        return drop("query", N_("it no longer satisfies the query"))
    if not holds(compiled, reading.order, facts.now):
        return drop("conditions", N_("its conditions no longer hold"))
    match = Match(
        rule=change.rule,
        order=reading.order,
        read_at=reading.read_at,
        reasons=reasons(compiled, reading.order, facts.now, facts.mask),
        unchecked=unchecked,
    )
    proposed = propose(match, compiled, facts)
    if proposed is None:
        return drop("nothing_to_change", N_("it is as wanted already"))
    if isinstance(proposed, Held):
        return proposed
    if not same_values(change.set, proposed.set, facts.mask):
        return drop("other_values", N_("what the action would write has changed since the preview"))
    return replace(proposed, reasons=change.reasons, filters=change.filters)


def same_values(planned: Mapping[str, Any], rendered: Mapping[str, Any], mask: Mask) -> bool:
    """Tell whether rendered values are the planned ones; those known by fingerprint compare by it."""
    return planned.keys() == rendered.keys() and all(
        mask.fingerprint(rendered[name]) == value.get("fingerprint")
        if isinstance(value, Mapping)
        else rendered[name] == value
        for name, value in planned.items()
    )
