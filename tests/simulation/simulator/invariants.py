"""What must hold after every history, whatever went wrong in it. Each check names what it found, in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator.network import Wire
from simulator.shop import Effect, lasting
from simulator.world import ACCOUNT, World
from tertib.errors import AccountHalted
from tertib.ledger.runs import ChangeRecord, RequestRecord
from tertib.ledger.store import SqlLedger
from tertib.model import Limits, undone_run

MAY_HAVE_BEEN: frozenset[str] = frozenset({"sent", "confirmed", "confirmed_by_readback", "held"})
CONFIRMED: frozenset[str] = frozenset({"confirmed", "confirmed_by_readback"})
NEVER_LEFT = frozenset({"planned", "previewed", "awaiting_approval", "stale", "abandoned"})


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger says happened. `documents` are the plans; `previewed` is what they show of an order and a rule."""

    ledger: SqlLedger
    changes: tuple[ChangeRecord, ...]
    requests: tuple[RequestRecord, ...]
    documents: tuple[Mapping[str, Any], ...]
    previewed: dict[tuple[str, str], list[dict[str, Any]]]
    halted: str | None


def violations(world: World, record: Record) -> dict[str, list[str]]:
    """Return everything that must not be by the invariant that it breaks, empty where all is well."""
    found = {name: list(check(world, record)) for name, check in INVARIANTS.items()}
    return {name: words for name, words in {"no surprises": world.findings, **found}.items() if words}


def look(ledger: SqlLedger) -> Record:
    """Return what the ledger says, to be held against what happened."""
    changes: list[ChangeRecord] = []
    requests: list[RequestRecord] = []
    for run in ledger.runs(ACCOUNT, limit=1000):
        details = ledger.run_details(run.run_id)
        assert details is not None
        changes += details.changes
        requests += details.requests
    documents = [ledger.plan_document(plan.plan_id) or {} for plan in ledger.plans(ACCOUNT, limit=1000)]
    previewed: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for written in documents:
        for one in (*written.get("changes", ()), *written.get("over_limit", ())):
            previewed[str(one["id"]), one["rule"]].append(one["set"])
    return Record(
        ledger, tuple(changes), tuple(requests), tuple(documents), previewed, ledger.halted(ACCOUNT)
    )


# --- never twice ----------------------------------------------------------------------------------------


def _twice(world: World, _record: Record) -> Iterator[str]:
    """Nobody gets the same change twice: not from one rule at all, not from two without a person between them."""
    by_order: dict[str, list[Effect]] = defaultdict(list)
    for effect in world.shop.effects:
        for earlier in by_order[effect.order]:
            if earlier.rule == effect.rule and not _undone_between(by_order[effect.order], earlier):
                yield f"order {effect.order} got the change of rule {effect.rule} twice"
            elif undone_run(effect.rule):
                continue  # a person's own act; that it takes back what it says is looked at below
            elif _wanted(earlier.values) == _wanted(effect.values) and not _touched(world, earlier, effect):
                yield f"order {effect.order} got the same change of rules {earlier.rule} and {effect.rule}"
        by_order[effect.order].append(effect)


def _undone_between(effects: list[Effect], undo: Effect) -> bool:
    """Tell whether an undo was itself taken back since, so that what it undid stood again."""
    return bool(undone_run(undo.rule)) and any(
        undone_run(one.rule) and one.values.keys() & undo.values.keys() - {"by"}
        for one in effects[effects.index(undo) + 1 :]
    )


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
    rows = Counter((lasting(one.id), one.rule) for one in record.changes if one.state in MAY_HAVE_BEEN)
    for place, count in effects.items():
        if rows[place] < count:
            states = [one.state for one in record.changes if (lasting(one.id), one.rule) == place]
            yield f"order {place[0]} was changed by rule {place[1]}, and the record says {states}"


def _records_true(world: World, record: Record) -> Iterator[str]:
    """Every confirmed change happened, and every other end has its reason."""
    effects = Counter((effect.order, effect.rule) for effect in world.shop.effects)
    confirmed = Counter((lasting(one.id), one.rule) for one in record.changes if one.state == "confirmed")
    for place, count in confirmed.items():
        if effects[place] < count:
            yield f"order {place[0]}: rule {place[1]} confirmed a change that never happened"
    people = {touch.order for touch in world.shop.touches}
    for one in record.changes:
        if (
            one.state == "confirmed_by_readback"
            and not effects[lasting(one.id), one.rule]
            and lasting(one.id) not in people
        ):
            others = {effect.order for effect in world.shop.effects}
            if lasting(one.id) not in others:
                yield f"order {one.id}: rule {one.rule} read back a change that nobody made"
        if one.state not in {"planned", "confirmed"} and not one.why:
            yield f"order {one.id}: rule {one.rule} ended as {one.state} without a reason"


def _nothing_pending(world: World, record: Record) -> Iterator[str]:
    """Once all is quiet no change waits any more, but for orders that nobody can read."""
    for one in record.changes:
        if one.state == "planned" and record.halted is None:
            yield f"order {one.id}: a change of run {one.run_id} stays planned for ever"
        if one.state == "sent" and lasting(one.id) in world.shop.orders:
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


def _young_reads(world: World, _record: Record) -> Iterator[str]:
    """Nothing was sent on a read older than `max_read_age`.

    How old another process's reading is, only the clocks can tell: as far as they went apart since, nobody can know.
    """
    longest = world.setup.settings.max_read_age.total_seconds()
    for wire in world.wires:
        process = world.processes[wire.process]
        for key, at in wire.read_at.items():
            seen = wire.seen[key]
            apart = (
                seen.clock - process.clock
                if seen is not None and at is not None and at < process.began
                else 0
            )
            if at is None or wire.left_at - at > longest + max(apart, 0) + 0.5:
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


def _as_its_rule_says(world: World, _record: Record) -> Iterator[str]:
    """Every order on the wire was, when last read, one that its rule is about; none that is paid is cancelled."""
    for wire in world.wires:
        rule = str(wire.values.get("by", "")).removeprefix("tertib/")
        for key, seen in wire.seen.items() if not undone_run(rule) else ():
            status, payments = _MAY_START[rule]
            if seen is None:
                continue
            if seen.status != status or seen.payment not in payments:
                yield f"request {wire.number} changed order {key} by rule {rule}, read as {seen.status} and {seen.payment}"
            if seen.proof and wire.values.get("status") == "canceled":
                yield f"request {wire.number} cancelled order {key}, read with a proof of transfer"


def _taken_back(world: World, record: Record) -> Iterator[str]:
    """No undo sets but what the record has from before, nor touches an order that was last read as other than left."""
    ours = {(one.run_id, str(one.id)): one for one in record.changes if one.state in CONFIRMED}
    for wire in world.wires:
        run = undone_run(str(wire.values.get("by", "")).removeprefix("tertib/"))
        for key, seen in wire.seen.items() if run else ():
            change = ours.get((run, key))
            if change is None:
                yield f"request {wire.number} took order {key} back, which run {run} is not known to have changed"
                continue
            before = change.before if change.found is None else change.found
            if any(
                before.get(name) != value
                for name, value in _wanted(wire.values).items()
                if name in change.set
            ):
                yield f"request {wire.number} set order {key} to what it was not before run {run}"
            left = {**before, **change.set}
            if seen is not None and (seen.status, seen.payment) != (left["status"], left["payment_status"]):
                yield f"request {wire.number} took order {key} back, read as {seen.status} and {seen.payment}"


def _plans_hold(world: World, record: Record) -> Iterator[str]:
    """Nothing goes by a preview that is too old or not whole, nor for a rule that is not to act unasked."""
    for wire in world.wires:
        process = world.processes[wire.process]
        if process.refused_by_age:
            yield f"request {wire.number} was sent by a plan that was too old"
        if process.plan is not None and not process.plan.complete:
            yield f"request {wire.number} was sent by a plan whose reading did not finish"
        if process.plan is None and wire.values.get("by") == "tertib/previewed":
            yield f"request {wire.number} was sent for a rule that only shows itself"
    for written in record.documents:
        unread = _unread(written)
        for one in (*written["changes"], *written["over_limit"]):
            if one["rule"] in unread:
                yield f"a plan changes order {one['id']} by rule {one['rule']}, whose orders were not read to the end"


def _unread(written: Mapping[str, Any]) -> set[str]:
    """Name the rules that rest on a reading that did not finish, or start from a status that it was to read."""
    scans = written["read"]["scans"]
    failed = [scan for scan in scans if "failure" in scan]
    statuses = {scan["params"].get("status") for scan in failed}
    hit = [scan for scan in scans if scan in failed or scan["params"].get("status") in statuses]
    return {rule for scan in hit for rule in scan["rules"]}


def _left_alone(world: World, _record: Record) -> Iterator[str]:
    """No order is changed that a person put on hold before the ledger let it out, or that the project protects."""
    for wire in world.wires:
        process = world.processes[wire.process]
        let_out = process.let_out.get(wire.request_id, process.began)
        for key, seen in wire.seen.items():
            if world.held.get(lasting(key), let_out + 1) <= let_out:
                yield f"request {wire.number} changed order {key}, which was on hold"
            if seen is not None and seen.money == world.setup.protected:
                yield f"request {wire.number} changed order {key}, which the project protects"


def _status_just_read(world: World, _record: Record) -> Iterator[str]:
    """Where the present status is written back, it was read under the run's own lease."""
    for wire in world.wires:
        if wire.values.get("by") != "tertib/mark-paid" or "status" not in wire.values:
            continue
        leased = world.processes[wire.process].leased or 0.0
        for key, at in wire.read_at.items():
            if at is None or at < leased:
                yield f"request {wire.number} wrote back the status that order {key} had before the run began"


def _slots_once(world: World, _record: Record) -> Iterator[str]:
    """No scheduled time has a second run, however many processes start for it."""
    for slot, count in Counter(world.slots).items():
        if count > 1:
            yield f"slot {slot} had {count} runs"


def _ended_once(_world: World, record: Record) -> Iterator[str]:
    """How a change ended is written down once, and never written over."""
    ends: Counter[tuple[str, str, str]] = Counter()
    for entry in record.ledger.audit_records(ACCOUNT):
        facts = entry.facts
        outcomes = facts.get("outcomes", [facts] if entry.kind == "change_settled" else [])
        for one in outcomes:
            if one["state"] not in {"sent", "planned"}:
                ends[facts["run"], str(one["id"]), one["rule"]] += 1
    for (run, key, rule), count in ends.items():
        if count > 1:
            yield f"order {key}: the change of rule {rule} in run {run} ended {count} times"


def _claimed(world: World, _record: Record) -> Iterator[str]:
    """Only ids that the compare-and-set returned went on the wire, once."""
    for wire in world.wires:
        if wire.request_id is None:
            yield f"request {wire.number} carried ids that the ledger had not let out"


def _after_unknown(world: World, _record: Record) -> Iterator[str]:
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
    return any(request.request_id == wire.request_id for wire in foreign)


# --- budgets and limits ---------------------------------------------------------------------------------


def _rate(world: World, _record: Record) -> Iterator[str]:
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
    rules = {rule.name: rule.limits for rules in world.setup.rule_sets for rule in rules}
    # the rules of an undo have the project's own limits
    rules |= {one.rule: settings.limits for one in record.changes if undone_run(one.rule)}
    sent = [
        one for one in record.changes if one.sent_at is not None and one.state not in {"stale", "planned"}
    ]
    sent = [one for one in sent if one.state != "not_applied" or "read back" in one.why]
    for (run, name), mine in _grouped(sent, lambda one: (one.run_id, one.rule)).items():
        limits = rules[name]
        value = sum((one.value or Decimal(0) for one in mine), Decimal(0))
        if limits.orders is not None and len(mine) > limits.orders:
            yield f"run {run}: rule {name} sent {len(mine)} orders, and the limit is {limits.orders}"
        if limits.value is not None and value > limits.value:
            yield f"run {run}: rule {name} sent Rp {value}, and the limit is Rp {limits.value}"
    yield from _money(world, rules)
    for (day, name), mine in _grouped(sent, lambda one: (_day(one.sent_at, zone), one.rule)).items():
        limit = rules[name].orders_per_day
        if limit is not None and len(mine) > limit:
            yield f"{day}: rule {name} sent {len(mine)} orders, and the limit a day is {limit}"
    for day, mine in _grouped(sent, lambda one: _day(one.sent_at, zone)).items():
        cap = settings.caps.orders_per_day
        if cap is not None and len(mine) > cap:
            yield f"{day}: {len(mine)} orders were sent, and the cap is {cap}"


def _money(world: World, rules: Mapping[str, Limits]) -> Iterator[str]:
    """No run sends more money than a rule's limit, by the values that its orders were last read with."""
    spent: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for wire in world.wires:
        rule = str(wire.values.get("by", "")).removeprefix("tertib/")
        for seen in wire.seen.values():
            spent[wire.process, rule] += Decimal(seen.money) if seen and not wire.refused else 0
    for (process, name), value in spent.items():
        limit = rules[name].value
        if limit is not None and value > limit:
            yield f"process {process}: rule {name} sent Rp {value}, as last read, and the limit is Rp {limit}"


def _grouped(rows: list[ChangeRecord], key: Any) -> dict[Any, list[ChangeRecord]]:
    groups: dict[Any, list[ChangeRecord]] = defaultdict(list)
    for one in rows:
        groups[key(one)].append(one)
    return groups


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.astimezone(zone).date().isoformat()


def _cleared_up(world: World, _record: Record) -> Iterator[str]:
    """In the end a process that nothing befalls gets through, unless a person must look first."""
    error = world.last.error
    if error is not None and not isinstance(error, AccountHalted):
        yield f"clearing up failed: {type(error).__name__}: {error}"


def _chain(_world: World, record: Record) -> Iterator[str]:
    """No record of the audit chain was edited, dropped or swapped."""
    verdict = record.ledger.verify_audit(ACCOUNT)
    if not verdict.ok:
        yield f"the audit chain is broken: {verdict.why}"


INVARIANTS: Final[Mapping[str, Callable[[World, Record], Iterator[str]]]] = {
    "never twice": _twice,
    "every effect on record": _effects_recorded,
    "every record true": _records_true,
    "nothing left pending": _nothing_pending,
    "nothing unpreviewed": _previewed,
    "young readings": _young_reads,
    "as its rule says": _as_its_rule_says,
    "taken back": _taken_back,
    "plans hold": _plans_hold,
    "left alone": _left_alone,
    "status just read": _status_just_read,
    "one run a slot": _slots_once,
    "ended once": _ended_once,
    "claimed": _claimed,
    "nothing after an unknown": _after_unknown,
    "strangers stop the account": _foreign_halts,
    "rate": _rate,
    "limits": _limits,
    "gets through": _cleared_up,
    "audit chain": _chain,
}
"""Every invariant by its name; the census counts, for each, what could have gone against it."""
