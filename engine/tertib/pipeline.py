"""The story of a run on one screen: load → compile → fetch → evaluate → plan → apply → record.

A preview is handed a reader and no writer, and writes nothing but the record. What is applied is a plan that was
recorded before; nothing is sent that is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tertib.apply import Applying, Ports, apply_changes
from tertib.apply.watch import Watch
from tertib.compile import Program, Sizes, compile_rules
from tertib.errors import LedgerError, PlanRefused, ReadError
from tertib.explain import Explanation, ask_untestable, explain_orders, find_orders
from tertib.language.personal import Mask
from tertib.load import from_definition, load
from tertib.lookup import read_again
from tertib.model import (
    Change,
    History,
    Match,
    Mode,
    Order,
    Plan,
    Rule,
    Run,
    Settings,
    Spent,
)
from tertib.plan import Reading, decide, select
from tertib.plan.modes import by_mode, held_live, waiting_in
from tertib.plan.vetoes import Facts
from tertib.ports import Clock, Ledger, Reader, Writer
from tertib.reading import count, read
from tertib.record import seal
from tertib.settling import Settled, settle_due

Progress = Callable[..., None]
OnRead = Callable[[Program, Sizes], None]

__all__ = ["Explanation", "Settled", "apply", "explain", "load", "plan", "run", "settle", "why"]


def _silent(_event: str, **_numbers: object) -> None:
    """Report nothing."""


# --- plan -----------------------------------------------------------------------------------------------


def plan(
    rules: Sequence[Rule],
    settings: Settings,
    *,
    reader: Reader,
    ledger: Ledger,
    clock: Clock,
    mask: Mask,
    progress: Progress | None = None,
    on_read: OnRead | None = None,
) -> Plan:
    """Plan what the rules would do now, and record the plan; nothing is changed at Scalev.

    `on_read` is told how the rules were compiled, and the sizes that reading has shown. Raises `ReadError` where
    nothing at all could be read, `LedgerError` where the plan cannot be recorded.
    """
    decided = _decide(
        rules,
        settings,
        reader=reader,
        ledger=ledger,
        clock=clock,
        mask=mask,
        progress=progress,
        on_read=on_read,
    )
    return _recorded(decided, ledger, mask)


def _decide(
    rules: Sequence[Rule],
    settings: Settings,
    *,
    reader: Reader,
    ledger: Ledger,
    clock: Clock,
    mask: Mask,
    acting: bool = False,
    progress: Progress | None = None,
    on_read: OnRead | None = None,
) -> Plan:
    now = clock.now()
    before = reader.spent()
    known = Sizes(ledger.scan_sizes(settings.account))
    program = compile_rules(rules, settings, now, known)
    if program.worth_counting:
        known = count(program, reader, known)
        program = compile_rules(rules, settings, now, known)
    was_read = read(program, reader, mask, threads=settings.concurrency, progress=progress or _silent)
    ledger.save_scan_sizes(settings.account, {**known.counted, **was_read.sizes}, clock.now())
    if on_read is not None:
        on_read(program, known.known(was_read.sizes))
    history = _history(was_read.evaluated.matches.values(), settings, ledger, now)
    facts = Facts(settings, program.protect, history, now=now, rendered_at=now, mask=mask)
    reading = Reading(was_read.reports, _requests(before, reader.spent()))
    return decide(was_read.evaluated, program, reading, facts, acting=acting, created_at=clock.now())


def _history(matches: Collection[Match], settings: Settings, ledger: Ledger, now: datetime) -> History:
    ids = {str(match.order.get("id")) for match in matches}
    return ledger.history(settings.account, ids, _day_start(now, settings))


def _day_start(now: datetime, settings: Settings) -> datetime:
    return now.astimezone(ZoneInfo(settings.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _requests(before: Spent, after: Spent) -> int:
    return after.reads + after.retries - before.reads - before.retries


def _recorded(decided: Plan, ledger: Ledger, mask: Mask) -> Plan:
    sealed, written = seal(decided, mask)
    ledger.save_plan(sealed, written)
    return sealed


# --- apply ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pick:
    """Which of a plan's changes a person wants: the first so many, only some, all but some."""

    first: int | None = None
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()


def apply(
    plan: Plan,
    settings: Settings,
    *,
    reader: Reader,
    writer: Writer,
    ledger: Ledger,
    clock: Clock,
    mask: Mask,
    kind: str = "apply",
    slot: str | None = None,
    pick: Pick | None = None,
    stopping: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
) -> Run:
    """Apply exactly this plan, once; a person's apply acts on rules of any mode.

    Raises `PlanRefused` for a plan that is unknown to this ledger, was changed, is too old, rests on an
    incomplete read or a lookup table that changed, or was applied before; `LedgerError` where the intent cannot be recorded.
    """
    now, watch = clock.now(), Watch(clock)
    _refuse_unfit(plan, settings, ledger, now, mask)
    picked = pick or Pick()
    changes = select(plan, first=picked.first, only=picked.only, but=picked.but)
    rules = [from_definition(one, read_again(one, settings)) for one in plan.definitions]
    ports = Ports(reader, writer, ledger, clock, watch, stopping, progress or _silent)
    program = compile_rules(rules, settings, now, Sizes(ledger.scan_sizes(settings.account)))
    run_id = ledger.begin(settings.account, plan.plan_id, kind=kind, slot=slot, now=now)
    return _carry_out(plan, changes, run_id, program=program, settings=settings, ports=ports, mask=mask)


def _refuse_unfit(plan: Plan, settings: Settings, ledger: Ledger, now: datetime, mask: Mask) -> None:
    if ledger.plan_document(plan.plan_id) is None:
        raise PlanRefused(
            f"plan `{plan.plan_id}` is not in this ledger",
            hint="apply it where it was planned, or plan again",
        )
    if seal(plan, mask)[0].plan_id != plan.plan_id:
        raise PlanRefused(f"plan `{plan.plan_id}` differs from the one on record", hint="plan again")
    if plan.account != settings.account:
        raise PlanRefused(f"plan `{plan.plan_id}` is for account `{plan.account}`, not `{settings.account}`")
    if now - plan.created_at > settings.plan_ttl:
        raise PlanRefused(
            f"plan `{plan.plan_id}` is from {plan.created_at:%Y-%m-%d %H:%M} UTC, too old to apply",
            hint="plan again; `apply: {plan_ttl: …}` sets how long a plan holds",
        )
    if not plan.complete:
        raise PlanRefused(f"plan `{plan.plan_id}` rests on a reading that did not finish", hint="plan again")


def _carry_out(
    plan: Plan,
    changes: Sequence[Change],
    run_id: str,
    *,
    program: Program,
    settings: Settings,
    ports: Ports,
    mask: Mask,
) -> Run:
    """Apply under an open run, and close it also where something fails on the way."""
    with _ended(run_id, plan.plan_id, ports):
        return _applied(plan, changes, run_id, program=program, settings=settings, ports=ports, mask=mask)


@contextmanager
def _ended(run_id: str, plan_id: str, ports: Ports) -> Iterator[None]:
    """End a run also where something fails in it, so that the account is free at once."""
    try:
        yield
    except BaseException as error:
        failed = Run(run_id, plan_id, Spent(), 0, (), f"failed: {type(error).__name__}")
        with suppress(LedgerError):
            ports.ledger.end(failed, ports.clock.now())
        raise


def _applied(
    plan: Plan,
    changes: Sequence[Change],
    run_id: str,
    *,
    program: Program,
    settings: Settings,
    ports: Ports,
    mask: Mask,
) -> Run:
    before = ports.reader.spent(), ports.writer.spent()
    now = ports.clock.now()
    history = ports.ledger.history(
        settings.account, {str(change.id) for change in changes}, _day_start(now, settings)
    )
    facts = Facts(settings, program.protect, history, now=now, rendered_at=plan.now, mask=mask)
    applied = apply_changes(run_id, plan, changes, program=program, facts=facts, ports=ports)
    finished = _run(plan, applied, _spent(before, ports))
    ports.ledger.end(finished, ports.clock.now())
    return finished


def _run(plan: Plan, applied: Applying, spent: Spent) -> Run:
    return Run(
        run_id=applied.run_id,
        plan_id=plan.plan_id,
        spent=spent,
        sent=len(applied.sent),
        outcomes=tuple(applied.outcomes.values()),
        stopped=applied.stopped,
    )


def _spent(before: tuple[Spent, Spent], ports: Ports) -> Spent:
    """Return what applying has cost: the requests of both ports since `before`, and what the budget has left."""
    (read, written), after, writes = before, ports.reader.spent(), ports.writer.spent()
    return Spent(
        retries=after.retries - read.retries,
        rereads=after.reads - read.reads,
        writes=writes.writes - written.writes,
        waited=after.waited - read.waited + writes.waited - written.waited,
        left_hour=after.left_hour,
    )


# --- run: plan and apply as each rule's mode allows -----------------------------------------------------


def run(
    rules: Sequence[Rule],
    settings: Settings,
    *,
    reader: Reader,
    writer: Writer,
    ledger: Ledger,
    clock: Clock,
    mask: Mask,
    slot: str | None = None,
    stopping: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
) -> tuple[Plan, Run]:
    """Plan the rules together and apply those in mode `apply`; plans of the others wait in the record.

    What an earlier run left unknown is read back first, where its time has come.
    """
    settle(settings, reader=reader, ledger=ledger, clock=clock, mask=mask)
    watch = Watch(clock)
    decided = _decide(
        rules,
        settings,
        reader=reader,
        ledger=ledger,
        clock=clock,
        mask=mask,
        acting=True,
        progress=progress,
    )
    parts = {mode: _recorded(part, ledger, mask) for mode, part in by_mode(decided)}
    live = parts.get(Mode.APPLY)
    ports = Ports(reader, writer, ledger, clock, watch, stopping, progress or _silent)
    now = clock.now()
    tables = {rule.name: rule.data for rule in rules}
    going = [from_definition(one, tables[one["name"]]) for one in (live.definitions if live else ())]
    program = compile_rules(going, settings, now, Sizes(ledger.scan_sizes(settings.account)))
    run_id = ledger.begin(
        settings.account,
        live.plan_id if live else None,
        kind="run" if slot is None else "slot",
        slot=slot,
        now=now,
    )
    waiting = [
        one for mode, part in parts.items() if mode is not Mode.APPLY for one in waiting_in(mode, part)
    ]
    with _ended(run_id, live.plan_id if live else "", ports):
        ledger.conclude(run_id, waiting, now)
    waiting += held_live(decided)
    whole, _ = seal(decided, mask)
    if live is None:
        shown = next(iter(parts.values()), whole)
        done = Run(run_id, shown.plan_id, Spent(reads=decided.requests), 0, tuple(waiting))
        with _ended(run_id, shown.plan_id, ports):
            ledger.end(done, clock.now())
        return whole, done
    done = _carry_out(live, live.changes, run_id, program=program, settings=settings, ports=ports, mask=mask)
    spent = replace(done.spent, reads=decided.requests)
    return whole, replace(done, spent=spent, outcomes=(*done.outcomes, *waiting))


# --- settle ---------------------------------------------------------------------------------------------


def settle(settings: Settings, *, reader: Reader, ledger: Ledger, clock: Clock, mask: Mask) -> Settled:
    """Read back the changes whose outcome is unknown and whose time has come; nothing is sent."""
    return settle_due(settings.account, reader=reader, ledger=ledger, clock=clock, mask=mask)


# --- explain --------------------------------------------------------------------------------------------


def explain(
    rule: Rule,
    order_id: str,
    settings: Settings,
    *,
    reader: Reader | None,
    ledger: Ledger | None,
    clock: Clock,
    mask: Mask,
    order: Order | None = None,
    others: Sequence[Rule] = (),
) -> Explanation:
    """Explain what a rule makes of an order, read from Scalev or given; nothing is changed or recorded.

    `others` are the project's other rules, which may want the order too. Raises `ReadError` where the order cannot
    be read or Scalev has none of that reference.
    """
    beside = [one for one in others if one.enabled and one.name != rule.name and one.source == rule.source]
    together = [replace(rule, enabled=True), *beside]
    explained = why(
        together, order_id, settings, reader=reader, ledger=ledger, clock=clock, mask=mask, order=order
    )
    return next(one for one in explained if one.rule == rule.name)


def why(
    rules: Sequence[Rule],
    order_id: str,
    settings: Settings,
    *,
    reader: Reader | None,
    ledger: Ledger | None,
    clock: Clock,
    mask: Mask,
    order: Order | None = None,
) -> tuple[Explanation, ...]:
    """Explain what every enabled rule makes of an order, read once from each source that they read.

    Raises `ReadError` where the order cannot be read, or where no source has it.
    """
    now = clock.now()
    program = compile_rules(rules, settings, now)
    found = {one.rule.source: order for one in program.rules} if order is not None else {}
    asked = {}
    if order is None and reader is not None:
        found = find_orders(order_id, program, reader)
        asked = ask_untestable(order_id, program, found, reader)
    if not found:
        raise ReadError(
            f"Scalev has no order `{order_id}`", hint="give the order's number as Scalev shows it"
        )
    history = History()
    if ledger is not None:
        ids = {str(one.get("id")) for one in found.values()}
        history = ledger.history(settings.account, ids, _day_start(now, settings))
    facts = Facts(settings, program.protect, history, now=now, rendered_at=now, mask=mask)
    return explain_orders(program, found, facts, asked)
