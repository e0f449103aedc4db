"""What must hold after every history, whatever went wrong in it. Each check names what it found, in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulator.network import Wire
from simulator.shop import Effect
from simulator.world import ACCOUNT, World
from tertib.errors import AccountHalted
from tertib.ledger.runs import ChangeRecord, RequestRecord
from tertib.ledger.store import SqlLedger
from tertib.model import Rule

MAY_HAVE_BEEN: frozenset[str] = frozenset({"sent", "confirmed", "confirmed_by_readback", "held"})
NEVER_LEFT = frozenset({"planned", "previewed", "awaiting_approval", "stale", "abandoned"})


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger says happened."""

    changes: tuple[ChangeRecord, ...]
    requests: tuple[RequestRecord, ...]
    previewed: dict[tuple[str, str], list[dict[str, Any]]]
    halted: str | None


def violations(world: World, ledger: SqlLedger) -> list[str]:
    """Return everything that must not be, empty where all is well."""
    record = _record(ledger)
    found = [
        *world.findings,
        *_twice(world),
        *_effects_recorded(world, record),
        *_records_true(world, record),
        *_nothing_pending(world, record),
        *_previewed(world, record),
        *_young_reads(world),
        *_as_its_rule_says(world),
        *_ended_once(ledger),
        *_claimed(world),
        *_after_unknown(world),
        *_foreign_halts(world, record),
        *_rate(world),
        *_limits(world, record),
        *_cleared_up(world),
    ]
    verdict = ledger.verify_audit(ACCOUNT)
    if not verdict.ok:
        found.append(f"the audit chain is broken: {verdict.why}")
    return found


def _record(ledger: SqlLedger) -> Record:
    changes: list[ChangeRecord] = []
    requests: list[RequestRecord] = []
    for run in ledger.runs(ACCOUNT, limit=1000):
        details = ledger.run_details(run.run_id)
        assert details is not None
        changes += details.changes
        requests += details.requests
    previewed: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for plan in ledger.plans(ACCOUNT, limit=1000):
        written = ledger.plan_document(plan.plan_id) or {}
        for one in (*written.get("changes", ()), *written.get("over_limit", ())):
            previewed[str(one["id"]), one["rule"]].append(one["set"])
    return Record(tuple(changes), tuple(requests), previewed, ledger.halted(ACCOUNT))


# --- never twice ----------------------------------------------------------------------------------------


def _twice(world: World) -> Iterator[str]:
    """Nobody gets the same change twice: not from one rule at all, not from two without a person between them."""
    by_order: dict[str, list[Effect]] = defaultdict(list)
    for effect in world.shop.effects:
        for earlier in by_order[effect.order]:
            if earlier.rule == effect.rule:
                yield f"order {effect.order} got the change of rule {effect.rule} twice"
            elif _wanted(earlier.values) == _wanted(effect.values) and not _touched(world, earlier, effect):
                yield f"order {effect.order} got the same change of rules {earlier.rule} and {effect.rule}"
        by_order[effect.order].append(effect)


def _wanted(values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "by"}


def _touched(world: World, earlier: Effect, later: Effect) -> bool:
    return any(
        touch.order == later.order
        and earlier.at <= touch.at <= later.at
        and touch.values.keys() & later.values.keys()
        for touch in world.shop.touches
    )


# --- never lost -----------------------------------------------------------------------------------------


def _effects_recorded(world: World, record: Record) -> Iterator[str]:
    """Every effect has a record that does not deny it."""
    effects = Counter((effect.order, effect.rule) for effect in world.shop.effects)
    rows = Counter((str(one.id), one.rule) for one in record.changes if one.state in MAY_HAVE_BEEN)
    for place, count in effects.items():
        if rows[place] < count:
            states = [one.state for one in record.changes if (str(one.id), one.rule) == place]
            yield f"order {place[0]} was changed by rule {place[1]}, and the record says {states}"


def _records_true(world: World, record: Record) -> Iterator[str]:
    """Every confirmed change happened, and every other end has its reason."""
    effects = Counter((effect.order, effect.rule) for effect in world.shop.effects)
    confirmed = Counter((str(one.id), one.rule) for one in record.changes if one.state == "confirmed")
    for place, count in confirmed.items():
        if effects[place] < count:
            yield f"order {place[0]}: rule {place[1]} confirmed a change that never happened"
    people = {touch.order for touch in world.shop.touches}
    for one in record.changes:
        if (
            one.state == "confirmed_by_readback"
            and not effects[str(one.id), one.rule]
            and str(one.id) not in people
        ):
            others = {effect.order for effect in world.shop.effects}
            if str(one.id) not in others:
                yield f"order {one.id}: rule {one.rule} read back a change that nobody made"
        if one.state not in {"planned", "confirmed"} and not one.why:
            yield f"order {one.id}: rule {one.rule} ended as {one.state} without a reason"


def _nothing_pending(world: World, record: Record) -> Iterator[str]:
    """Once all is quiet no change waits any more, but for orders that nobody can read."""
    for one in record.changes:
        if one.state == "planned" and record.halted is None:
            yield f"order {one.id}: a change of run {one.run_id} stays planned for ever"
        if one.state == "sent" and str(one.id) in world.shop.orders:
            yield f"order {one.id}: a change of run {one.run_id} stays unknown although it can be read back"


# --- nothing but what was shown, on fresh knowledge -----------------------------------------------------


def _previewed(world: World, record: Record) -> Iterator[str]:
    """Only changes that a recorded plan shows went on the wire."""
    for wire in world.wires:
        rule = str(wire.values.get("by", "")).removeprefix("tertib/")
        for key in map(str, wire.ids):
            shown = record.previewed.get((key, rule), [])
            if not any(_fits(one, wire.values) for one in shown):
                yield f"request {wire.number} changed order {key} in a way that no plan shows"


def _fits(shown: dict[str, Any], sent: Any) -> bool:
    repeated = {"status"} if "status" not in shown else set()
    return shown == {name: value for name, value in sent.items() if name not in repeated}


def _young_reads(world: World) -> Iterator[str]:
    """Nothing was sent on a read older than `max_read_age`, told as well as two machines' clocks agree."""
    longest = world.setup.settings.max_read_age.total_seconds()
    apart = abs(world.scenario.skew) if world.scenario.apart else 0.0
    for wire in world.wires:
        planned_elsewhere = world.processes[wire.process].job.kind == "apply"
        longest_here = longest + (apart if planned_elsewhere else 0.0)
        for key, at in wire.read_at.items():
            if at is None or wire.left_at - at > longest_here + 0.5:
                age = "nothing" if at is None else f"a read {wire.left_at - at:.0f} s old"
                yield f"request {wire.number} changed order {key} on {age}"


_UNPAID = frozenset({"unpaid"})
_MAY_START: dict[str, tuple[str, frozenset[str]]] = {
    "cancel": ("pending", _UNPAID),
    "cancel-too": ("pending", _UNPAID),
    # Its conditions say nothing of payment: that paid orders and conflicts are spared is the vetoes' doing.
    "cancel-all": ("pending", _UNPAID),
    "previewed": ("draft", _UNPAID),
    "confirm": ("pending", frozenset({"paid"})),
    "mark-paid": ("confirmed", _UNPAID),
    "complete": ("shipped", frozenset({"unpaid", "paid", "conflict"})),
}
"""What each rule may change, by its own text: the status and the payment that an order was last read with."""


def _as_its_rule_says(world: World) -> Iterator[str]:
    """Every order on the wire was, when last read, one that its rule is about; none that is paid is cancelled."""
    for wire in world.wires:
        rule = str(wire.values.get("by", "")).removeprefix("tertib/")
        for key, seen in wire.seen.items():
            status, payments = _MAY_START[rule]
            if seen is not None and (seen[0] != status or seen[1] not in payments):
                yield f"request {wire.number} changed order {key} by rule {rule}, read as {' and '.join(seen[:2])}"


def _ended_once(ledger: SqlLedger) -> Iterator[str]:
    """How a change ended is written down once, and never written over."""
    ends: Counter[tuple[str, str, str]] = Counter()
    for record in ledger.audit_records(ACCOUNT):
        facts = record.facts
        outcomes = facts.get("outcomes", [facts] if record.kind == "change_settled" else [])
        for one in outcomes:
            if one["state"] not in {"sent", "planned"}:
                ends[facts["run"], str(one["id"]), one["rule"]] += 1
    for (run, key, rule), count in ends.items():
        if count > 1:
            yield f"order {key}: the change of rule {rule} in run {run} ended {count} times"


def _claimed(world: World) -> Iterator[str]:
    """Only ids that the compare-and-set returned went on the wire, once."""
    for wire in world.wires:
        if not wire.claimed:
            yield f"request {wire.number} carried ids that the ledger had not let out"


def _after_unknown(world: World) -> Iterator[str]:
    """Nothing more is sent by a run once an outcome is unknown."""
    unknown: dict[int, Wire] = {}
    for wire in world.wires:
        if wire.process in unknown:
            yield f"request {wire.number} was sent after request {unknown[wire.process].number}, whose outcome is unknown"
        if wire.unknown:
            unknown[wire.process] = wire


def _foreign_halts(world: World, record: Record) -> Iterator[str]:
    """Nothing is sent, and the account is stopped, once an answer that names orders nobody sent is on record."""
    foreign = [wire for wire in world.wires if wire.foreign]
    if not foreign:
        return
    recorded = [one for one in record.requests if one.how == "answered" and _names_foreign(one, foreign)]
    if recorded and record.halted is None:
        yield "an answer named an order that was not sent, and the account was not stopped"
    later = [wire for wire in world.wires if recorded and wire.number > foreign[0].number]
    for wire in later:
        yield f"request {wire.number} was sent after an answer named an order that was not sent"


def _names_foreign(request: RequestRecord, foreign: list[Wire]) -> bool:
    return any(tuple(request.ids) == wire.ids for wire in foreign)


# --- budgets and limits ---------------------------------------------------------------------------------


def _rate(world: World) -> Iterator[str]:
    """No process asks more often than the rate limit allows."""
    for process in world.processes:
        for count, seconds in world.setup.windows:
            stamps = process.requests
            if any(later - earlier < seconds for earlier, later in zip(stamps, stamps[count:], strict=False)):
                yield f"process {process.number} made more than {count} requests in {seconds:.0f} s"


def _limits(world: World, record: Record) -> Iterator[str]:
    """No run and no day goes over a rule's limit or the project's caps."""
    settings = world.setup.settings
    zone = ZoneInfo(settings.timezone)
    rules = {rule.name: rule for rules in world.setup.rule_sets for rule in rules}
    sent = [
        one for one in record.changes if one.sent_at is not None and one.state not in {"stale", "planned"}
    ]
    sent = [one for one in sent if one.state != "not_applied" or "read back" in one.why]
    for (run, name), mine in _grouped(sent, lambda one: (one.run_id, one.rule)).items():
        limits = rules[name].limits
        value = sum((one.value or Decimal(0) for one in mine), Decimal(0))
        if limits.orders is not None and len(mine) > limits.orders:
            yield f"run {run}: rule {name} sent {len(mine)} orders, and the limit is {limits.orders}"
        if limits.value is not None and value > limits.value:
            yield f"run {run}: rule {name} sent Rp {value}, and the limit is Rp {limits.value}"
    yield from _money(world, rules)
    for (day, name), mine in _grouped(sent, lambda one: (_day(one.sent_at, zone), one.rule)).items():
        limit = rules[name].limits.orders_per_day
        if limit is not None and len(mine) > limit:
            yield f"{day}: rule {name} sent {len(mine)} orders, and the limit a day is {limit}"
    for day, mine in _grouped(sent, lambda one: _day(one.sent_at, zone)).items():
        cap = settings.caps.orders_per_day
        if cap is not None and len(mine) > cap:
            yield f"{day}: {len(mine)} orders were sent, and the cap is {cap}"


def _money(world: World, rules: Mapping[str, Rule]) -> Iterator[str]:
    """No run sends more money than a rule's limit, by the values that its orders were last read with."""
    spent: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for wire in world.wires:
        rule = str(wire.values.get("by", "")).removeprefix("tertib/")
        for seen in wire.seen.values():
            spent[wire.process, rule] += Decimal(seen[2]) if seen and not wire.refused else 0
    for (process, name), value in spent.items():
        limit = rules[name].limits.value
        if limit is not None and value > limit:
            yield f"process {process}: rule {name} sent Rp {value}, as last read, and the limit is Rp {limit}"


def _grouped(rows: list[ChangeRecord], key: Any) -> dict[Any, list[ChangeRecord]]:
    groups: dict[Any, list[ChangeRecord]] = defaultdict(list)
    for one in rows:
        groups[key(one)].append(one)
    return groups


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).date().isoformat()


def _cleared_up(world: World) -> Iterator[str]:
    """In the end a process that nothing befalls gets through, unless a person must look first."""
    error = world.last.error
    if error is not None and not isinstance(error, AccountHalted):
        yield f"clearing up failed: {type(error).__name__}: {error}"
