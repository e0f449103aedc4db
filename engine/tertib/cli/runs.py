"""`tertib runs`: what past runs did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import click

from tertib import record
from tertib.cli import accounts, context, options, pause, reporting, screen, speech, story
from tertib.errors import SettingsError
from tertib.ledger.runs import ChangeRecord, RunDetails, RunRecord
from tertib.ledger.schema import plain
from tertib.ledger.slots import Slot
from tertib.model import Held, Pause
from tertib.plan import limits
from tertib.sayings import N_
from tertib.telling import states, waiting

_SPENT: Final[Mapping[str, str]] = {
    "on_the_wire": N_("sent"),
    "reads": N_("reads"),
    "retries": N_("retries"),
    "rereads": N_("rereads"),
    "writes": N_("writes"),
}
"""What a run sent, orders and then requests, beside what became of its orders."""


@click.group("runs", invoke_without_command=True)
@options.json_output
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@click.option("--slots", is_flag=True, help="List scheduled times instead, and how each ended.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, limit: int, slots: bool) -> int:
    """List past runs, newest first; `tertib runs show RUN` tells all of one."""
    if ctx.invoked_subcommand is not None:
        ctx.meta[__name__] = as_json
        return 0
    work = _slots if slots else _list
    return accounts.each(lambda opened: work(opened, limit), as_json=as_json)


def _slots(opened: context.Session, limit: int) -> accounts.Said:
    found = opened.ledger.slots(opened.settings.account, None, limit)
    documents = [plain(asdict(one)) for one in found]
    standing = pause.standing(opened)
    told = {"slots": documents, "pauses": pause.documents(standing)}
    return accounts.Said(told, lambda: _show_slots(found, standing, opened))


def _show_slots(found: Sequence[Slot], standing: Sequence[Pause], opened: context.Session) -> None:
    pause.show(standing, opened)
    listed = screen.table(N_("slot"), N_("rule"), N_("state"), N_("run"), N_("why"))
    for one in found:
        at = screen.moment(one.slot_at, opened.settings.timezone)
        state, why = speech.state(states.SLOTS, one.state), screen.clean(speech.say(one.note))
        listed.add_row(at, screen.clean(one.rule), state, one.run_id or "", why)
    opened.console().print(listed if found else speech.gettext("no slots yet"))


def _list(opened: context.Session, limit: int) -> accounts.Said:
    found, standing = opened.ledger.runs(opened.settings.account, limit), pause.standing(opened)
    told = {"runs": [_run(one) for one in found], "pauses": pause.documents(standing)}
    return accounts.Said(told, lambda: _show_list(found, standing, opened))


def _show_list(found: Sequence[RunRecord], standing: Sequence[Pause], opened: context.Session) -> None:
    pause.show(standing, opened)
    console = opened.console()
    listed = screen.table(N_("run"), N_("kind"), N_("state"), N_("began"), N_("slot"), N_("totals"))
    for one in found:
        began = screen.moment(one.started_at, opened.settings.timezone)
        kind, state = speech.kind(one.kind), speech.state(states.RUNS, one.state)
        listed.add_row(
            one.run_id, kind, state, began, story.slot(one, opened.settings.timezone), _totals(one)
        )
    console.print(listed if found else speech.gettext("no runs yet"))


@command.command("show")
@click.argument("run")
@options.json_output
@options.report
@click.pass_context
def show(ctx: click.Context, run: str, *, as_json: bool, html: str | None) -> int:
    """Tell one run in words: its course, every request, and what became of every order."""
    found, opened = next(_found(run, context.sessions()), (None, None))
    if found is None or opened is None:
        raise SettingsError(f"there is no run `{run}` in this ledger", hint="`tertib runs` lists them")
    report = reporting.Report(html)
    report.tell_run(found, opened)
    told = waiting.as_it_stands(
        found.changes,
        opened.ledger.approvals,
        opened.settings.account,
        opened.time.now(),
        opened.settings.timezone,
    )
    waits = tuple(limits.waiting(_left(found, opened)))
    if as_json or ctx.meta.get(__name__):
        screen.emit({**_details(found, told), "waits": list(waits)})
    else:
        _show(replace(found, changes=told), opened, waits)
        report.say()
    return 0


def _found(run: str, opened: Sequence[context.Session]) -> Iterator[tuple[RunDetails, context.Session]]:
    """Yield a run with its account's session: a run of an account that is not asked about is none."""
    for one in opened:
        details = one.ledger.run_details(run)
        if details is not None and details.run.account == one.settings.account:
            yield details, one


def _left(found: RunDetails, opened: context.Session) -> Iterator[Held]:
    """Yield what the run's plans held of changes that it did not make after all."""
    made = {(one.rule, str(one.id)) for one in found.changes}
    for plan_id in found.plan_ids:
        document = opened.ledger.plan_document(plan_id)
        held = () if document is None else record.as_recorded(document).held
        yield from (one for one in held if (one.rule, str(one.id)) not in made)


def _run(one: RunRecord) -> dict[str, Any]:
    document: dict[str, Any] = plain(asdict(one))
    return document


def _totals(one: RunRecord) -> str:
    counts = {name: count for name, count in one.totals.items() if isinstance(count, int) and count}
    return ", ".join(f"{_total(name)} {screen.number(count)}" for name, count in counts.items())


def _total(name: str) -> str:
    return speech.gettext(_SPENT[name]) if name in _SPENT else speech.state(states.CHANGES, name)


def _details(found: RunDetails, told: Sequence[ChangeRecord]) -> dict[str, Any]:
    return {
        **_run(found.run),
        "requests": [plain(asdict(one)) for one in found.requests],
        "changes": waiting.documents(found.changes, told),
    }


def _show(found: RunDetails, opened: context.Session, waits: Sequence[str]) -> None:
    console = opened.console()
    for sentence in story.tell(found, opened.settings.timezone, waits):
        console.print(sentence)
    listed = screen.table(N_("order"), N_("rule"), N_("state"), N_("money"), N_("why"), right=["money"])
    for change in found.changes:
        listed.add_row(
            screen.clean(change.order_id or change.id),
            change.rule,
            speech.state(states.CHANGES, change.state),
            screen.rupiah(change.value),
            screen.clean(speech.say(change.why)),
        )
    if found.changes:
        console.print(listed)
