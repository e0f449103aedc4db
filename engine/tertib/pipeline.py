"""The story of a run on one screen: load → compile → fetch → evaluate → plan → apply → record.

A preview is handed a reader and no writer, and writes nothing but the record. What is applied is a plan that was
recorded before; nothing is sent that is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tertib import tracing
from tertib.apply import Ports, apply_changes
from tertib.apply.watch import Watch
from tertib.compile import Program, Sizes, compile_rules
from tertib.errors import LedgerError, NoSuchOrder, Paused, PlanRefused
from tertib.evaluate import order_key, reference
from tertib.explain import Explanation, ask_untestable, explain_orders, find_orders
from tertib.language.personal import Mask
from tertib.load import from_definition, load
from tertib.lookup import read_again
from tertib.means import Means, history
from tertib.model import Change, Mode, Order, Pick, Plan, Rule, Run, Settings, Spent, undone_run
from tertib.plan import Reading, decide, pauses, select
from tertib.plan.modes import ASKS, as_earned, by_mode, held_live, waiting_in
from tertib.plan.vetoes import Facts
from tertib.ports import Clock, Ledger, Reader, Writer
from tertib.reading import Read, count, read
from tertib.record import seal
from tertib.sayings import N_, said
from tertib.settling import Settled, settle_due
from tertib.tracing import traced
from tertib.undo import cheapest, noting, rules_to_undo, with_what_stays

OnRead = Callable[[Program, Sizes], None]

__all__ = [
    "Explanation",
    "Means",
    "Pick",
    "Settled",
    "apply",
    "explain",
    "load",
    "plan",
    "run",
    "settle",
    "undo",
    "why",
]


# --- plan -----------------------------------------------------------------------------------------------


def plan(rules: Sequence[Rule], means: Means, *, on_read: OnRead | None = None) -> Plan:
    """Plan what the rules would do now, and record the plan; nothing is changed at Scalev.

    `on_read` is told how the rules were compiled, and the sizes that reading has shown. Raises `ReadError` where
    nothing at all could be read, `LedgerError` where the plan cannot be recorded.
    """
    decided = _decide(rules, means, on_read=on_read)
    standing = means.ledger.pauses(means.account, means.clock.now())
    warnings = (*decided.warnings, *pauses.warnings({rule.name for rule in rules}, standing))
    return _recorded(replace(decided, warnings=warnings), means)


def _refuse_paused(means: Means) -> None:
    """Raise `Paused` where a person paused the account or everything: nothing need be read then."""
    pause = pauses.whole(means.ledger.pauses(means.account, means.clock.now()))
    if pause is not None:
        raise Paused(pause.told, hint=pause.way_out)


def _decide(
    rules: Sequence[Rule], means: Means, *, acting: bool = False, on_read: OnRead | None = None
) -> Plan:
    now = means.clock.now()
    before = means.reader.spent()
    known = means.known_sizes()
    program = compile_rules(rules, means.settings, now, known)
    if program.worth_counting:
        known = count(program, means.reader, known)
        program = compile_rules(rules, means.settings, now, known)
    was_read = _read(program, means.reader, means)
    means.ledger.save_scan_sizes(means.account, {**known.counted, **was_read.sizes}, means.clock.now())
    if on_read is not None:
        on_read(program, known.known(was_read.sizes))
    matches = was_read.evaluated.matches.items()
    orders = {key: reference(match.order) or "" for (_, key), match in matches}
    facts = means.facts(orders, program, now=now, rendered_at=now)
    return _decided(was_read, program, facts, before, means, acting=acting)


def _read(program: Program, reader: Reader, means: Means) -> Read:
    return read(program, reader, means.mask, threads=means.settings.concurrency, progress=means.progress)


def _decided(
    was_read: Read, program: Program, facts: Facts, before: Spent, means: Means, *, acting: bool
) -> Plan:
    """Decide on what was read; `before` is what had been spent when the reading began."""
    after = means.reader.spent()
    requests = after.reads + after.retries - before.reads - before.retries
    reading = Reading(was_read.reports, requests)
    return decide(was_read.evaluated, program, reading, facts, acting=acting, created_at=means.clock.now())


def _recorded(decided: Plan, means: Means) -> Plan:
    sealed, written = seal(decided, means.mask)
    means.ledger.save_plan(sealed, written)
    return sealed


# --- apply ----------------------------------------------------------------------------------------------


@traced("tertib.apply")
def apply(
    plan: Plan,
    means: Means,
    writer: Writer,
    *,
    kind: str | None = None,
    pick: Pick | None = None,
) -> Run:
    """Apply exactly this plan, once; a person's apply acts on rules of any mode.

    Raises `PlanRefused` for a plan that is unknown to this ledger, was changed, is too old, rests on an
    incomplete read or a lookup table that changed, or was applied before, and for a pick that means two orders by one
    name; `LedgerError` where the intent cannot be recorded.
    """
    now, watch = means.clock.now(), Watch(means.clock)
    _refuse_paused(means)
    _refuse_unfit(plan, means, now)
    changes = select(plan, pick or Pick())
    rules = [from_definition(one, read_again(one, means.settings)) for one in plan.definitions]
    program = compile_rules(rules, means.settings, now, means.known_sizes())
    run_id = means.ledger.begin(means.account, plan.plan_id, kind=kind or _kind(plan), slots=(), now=now)
    with _ended(run_id, plan.plan_id, means):
        ports = _ports(means, writer, watch)
        return _carry_out(plan, changes, run_id, program=program, means=means, ports=ports)


def _kind(plan: Plan) -> str:
    """Name the kind of run that applying a plan is: an undo where its rules take a run back."""
    return "undo" if plan.rules and all(undone_run(tally.name) for tally in plan.rules) else "apply"


def _refuse_unfit(plan: Plan, means: Means, now: datetime) -> None:
    if means.ledger.plan_document(plan.plan_id) is None:
        raise PlanRefused(
            said("plan `%(plan)s` is not in this ledger", plan=plan.plan_id),
            hint=N_("apply it where it was planned, or plan again"),
        )
    if seal(plan, means.mask)[0].plan_id != plan.plan_id:
        raise PlanRefused(
            said("plan `%(plan)s` differs from the one on record", plan=plan.plan_id), hint=N_("plan again")
        )
    if plan.account != means.account:
        raise PlanRefused(
            said(
                "plan `%(plan)s` is for account `%(account)s`, not `%(other)s`",
                plan=plan.plan_id,
                account=plan.account,
                other=means.account,
            )
        )
    if now - plan.created_at > means.settings.plan_ttl:
        raise PlanRefused(
            said(
                "plan `%(plan)s` is from %(time)s, too old to apply",
                plan=plan.plan_id,
                time=f"{plan.created_at.astimezone(ZoneInfo(means.settings.timezone)):%Y-%m-%d %H:%M %Z}",
            ),
            hint=N_("plan again; `apply: {plan_ttl: …}` sets how long a plan holds"),
        )
    if not plan.complete:
        raise PlanRefused(
            said("plan `%(plan)s` rests on a reading that did not finish", plan=plan.plan_id),
            hint=N_("plan again"),
        )


def _ports(means: Means, writer: Writer, watch: Watch) -> Ports:
    return Ports(means.reader, writer, means.ledger, means.clock, watch, means.stopping, means.progress)


@contextmanager
def _ended(run_id: str, plan_id: str, means: Means) -> Iterator[None]:
    """End a run also where something fails in it, so that the account is free at once."""
    tracing.note(run=run_id, account=means.account)
    try:
        yield
    except BaseException as error:
        failed = Run(run_id, plan_id, Spent(), 0, (), said("failed: %(kind)s", kind=type(error).__name__))
        with suppress(LedgerError):
            means.ledger.end(failed, means.clock.now())
        raise


def _carry_out(
    plan: Plan,
    changes: Sequence[Change],
    run_id: str,
    *,
    program: Program,
    means: Means,
    ports: Ports,
    reads: int = 0,
) -> Run:
    """Apply the changes under an open run, and close it; `reads` are the requests that planning took in this run."""
    before = ports.reader.spent(), ports.writer.spent()
    now = means.clock.now()
    facts = means.facts(
        {str(one.id): one.order_id for one in changes}, program, now=now, rendered_at=plan.now
    )
    applied = apply_changes(run_id, plan, changes, program=program, facts=facts, ports=ports)
    finished = Run(
        run_id=run_id,
        plan_id=plan.plan_id,
        spent=replace(_spent(before, ports), reads=reads),
        sent=len(applied.sent),
        outcomes=tuple(applied.outcomes.values()),
        stopped=applied.stopped,
    )
    means.ledger.end(finished, means.clock.now())
    return finished


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


@traced("tertib.run")
def run(
    rules: Sequence[Rule], means: Means, writer: Writer, *, slots: Sequence[str] = ()
) -> tuple[Plan, Run]:
    """Plan the rules together and apply those in mode `apply`; plans of the others wait in the record.

    What an earlier run left unknown is read back first, where its time has come. `slots` are the keys of the
    scheduled times that the run is for, none for a person's own run.
    """
    settle(means)
    _refuse_paused(means)
    watch = Watch(means.clock)
    going, whys = _as_earned(rules, means) if slots else (list(rules), {})
    decided = _decide(going, means, acting=True)
    parts = _recorded_parts(decided, whys, means)
    live = next((part for mode, part in parts if mode is Mode.APPLY), None)
    waiting = [one for mode, part in parts if mode is not Mode.APPLY for one in waiting_in(mode, part)]
    names = {tally.name for tally in live.rules} if live else set()
    acting = [rule for rule in going if rule.name in names]
    program = compile_rules(acting, means.settings, means.clock.now(), means.known_sizes())
    run_id = means.ledger.begin(
        means.account,
        live.plan_id if live else None,
        kind="slot" if slots else "run",
        slots=slots,
        now=means.clock.now(),
    )
    whole = seal(decided, means.mask)[0]
    shown = live or (parts[0][1] if parts else whole)
    with _ended(run_id, shown.plan_id, means):
        means.ledger.conclude(run_id, waiting, means.clock.now())
        if live is None:
            done = Run(run_id, shown.plan_id, Spent(reads=decided.requests), 0, ())
            means.ledger.end(done, means.clock.now())
        else:
            ports = _ports(means, writer, watch)
            done = _carry_out(
                live, live.changes, run_id, program=program, means=means, ports=ports, reads=decided.requests
            )
    return whole, replace(done, outcomes=(*done.outcomes, *waiting, *held_live(decided)))


def _as_earned(rules: Sequence[Rule], means: Means) -> tuple[list[Rule], dict[str, str]]:
    """Return the rules as they may act unasked, and why those that may not must ask."""
    reversals = means.settings.reversals
    hashes = {rule.name: rule.hash for rule in rules if rule.mode is Mode.APPLY}
    since = means.clock.now() - reversals.within
    return as_earned(rules, means.ledger.reputes(means.account, hashes, since), reversals)


def _recorded_parts(decided: Plan, whys: Mapping[str, str], means: Means) -> list[tuple[Mode, Plan]]:
    """Record a plan's parts by mode; those of rules that ask wait for a person from now on."""
    parts = [(mode, _recorded(part, means)) for mode, part in by_mode(decided)]
    for mode, part in parts:
        if mode is Mode.APPROVE:
            _ask(part, whys, means)
    return parts


def _ask(plan: Plan, whys: Mapping[str, str], means: Means) -> None:
    """Let a plan wait for a person, until it is too old to be applied; one of an incomplete reading cannot be."""
    if plan.complete:
        why = "; ".join(whys.get(tally.name, ASKS) for tally in plan.rules)
        expires_at = plan.created_at + means.settings.plan_ttl
        means.ledger.ask_approval(plan, why, expires_at, means.clock.now())


# --- undo -----------------------------------------------------------------------------------------------


def undo(run_id: str, means: Means, *, only: Sequence[str] = (), but: Sequence[str] = ()) -> Plan:
    """Plan the way back from what a run did, and record the plan; nothing is changed at Scalev.

    It is a plan like any other, of rules that the record implies, and lists every order of the run that stays as it is.
    `only` and `but` pick orders by number or id. Raises `PlanRefused` where there is no such run or order, or where a name
    means two orders, `ReadError` where nothing could be read.
    """
    now, before = means.clock.now(), means.reader.spent()
    done = means.ledger.done(means.account, run_id)
    wanted = rules_to_undo(run_id, done, means.settings, only=only, but=but)
    reader = noting(means.reader, wanted)
    whole = compile_rules(wanted.rules, means.settings, now, means.known_sizes())
    program = cheapest(whole, wanted, reader)
    was_read = _read(program, reader, means)
    orders = {str(one.id): one.order_id for _, one in wanted.orders}
    facts = means.facts(orders, program, now=now, rendered_at=now)
    decided = _decided(was_read, program, facts, before, means, acting=False)
    return _recorded(with_what_stays(decided, wanted, program, reader.seen, facts), means)


# --- settle ---------------------------------------------------------------------------------------------


def settle(means: Means) -> Settled:
    """Read back the changes whose outcome is unknown and whose time has come; nothing is sent."""
    return settle_due(
        means.account, reader=means.reader, ledger=means.ledger, clock=means.clock, mask=means.mask
    )


# --- explain --------------------------------------------------------------------------------------------


def explain(
    rule: Rule,
    order_id: str,
    settings: Settings,
    *,
    reader: Reader | None,
    ledger: Ledger,
    clock: Clock,
    mask: Mask,
    order: Order | None = None,
    others: Sequence[Rule] = (),
) -> Explanation:
    """Explain what a rule makes of an order, read from Scalev or given; nothing is changed or recorded.

    `others` are the project's other rules, which may want the order too. Raises `ReadError` where the order cannot
    be read, `NoSuchOrder` where Scalev has none of that reference.
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
    ledger: Ledger,
    clock: Clock,
    mask: Mask,
    order: Order | None = None,
) -> tuple[Explanation, ...]:
    """Explain what every enabled rule makes of an order, read once from each source that they read.

    Raises `ReadError` where the order cannot be read, `NoSuchOrder` where no source has it.
    """
    now = clock.now()
    program = compile_rules(rules, settings, now)
    found = {one.rule.source: order for one in program.rules} if order is not None else {}
    asked = {}
    if order is None and reader is not None:
        found = find_orders(order_id, program, reader)
        asked = ask_untestable(order_id, program, found, reader)
    if not found:
        raise NoSuchOrder(
            said("Scalev has no order `%(order)s`", order=order_id),
            hint=N_("give the order's number as Scalev shows it"),
        )
    orders = {key: reference(one) or "" for one in found.values() if (key := order_key(one)) is not None}
    known = history(orders, settings, ledger, now)
    facts = Facts(settings, program.protect, known, now=now, rendered_at=now, mask=mask)
    return explain_orders(program, found, facts, asked)
