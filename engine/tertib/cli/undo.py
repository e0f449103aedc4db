"""`tertib undo`: plan the way back from what a run did, and go it after asking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from tertib import naming, pipeline, record
from tertib.cli import context, onward, options, outcome, preview, progress, screen, sending, speech
from tertib.cli import plan as planning
from tertib.model import Pick, Plan
from tertib.sayings import N_

HARMLESS: Final = frozenset({"not_done", "taken_back"})
"""Why an order of the run needs no undoing; every other one stays although the run changed it."""

LEFT_ALONE: Final = N_(
    "rules leave undone orders alone until `tertib release ORDER`; `tertib hold --list` shows them"
)


@click.command("undo")
@click.argument("run")
@options.json_output
@click.option(
    "--out", type=click.Path(dir_okay=False), help="Write the plan to this file, for `tertib apply`."
)
@options.orders("Undo")
@click.option(
    "--apply", "at_once", is_flag=True, help="Do it now, after asking, instead of only planning it."
)
@click.option("--yes", is_flag=True, help="Do not ask. Needed with --apply where nobody sits at a terminal.")
@click.option("--all", "everything", is_flag=True, help="Show every row.")
def command(
    run: str,
    *,
    as_json: bool,
    out: str | None,
    only: tuple[str, ...],
    but: tuple[str, ...],
    at_once: bool,
    yes: bool,
    everything: bool,
) -> int:
    """Plan the way back from RUN: to the recorded values, for orders that are still as the run left them.

    Sends nothing without --apply; `tertib apply` does it later, exactly as shown. What cannot be undone is listed with
    the reason. An undone order counts as changed by a person: rules leave it alone until `tertib release`.
    """
    if at_once:
        sending.refuse_unasked("undo", yes=yes)
    if yes and not at_once:
        raise click.UsageError("`--yes` goes with `--apply`: without it nothing is sent")
    opened = context.session()
    picked, left_out = _known(only, opened), _known(but, opened)
    with progress.shown(opened.choices.color, opened.budget.left_hour) as report:
        plan = pipeline.undo(run, opened.means(progress=report), only=picked, but=left_out)
    if out is not None:
        planning.write(record.document(plan, opened.mask), Path(out))
    if at_once:
        return _apply(plan, opened, as_json=as_json, yes=yes)
    if as_json:
        screen.emit(record.document(plan, opened.mask))
    else:
        _show(plan, opened, out, everything=everything)
    return planning.exit_code(plan, detailed=False)


def _known(orders: Sequence[str], opened: context.Session) -> list[str]:
    return [naming.known_as(one, opened.ledger, opened.settings.account) for one in orders]


def _show(plan: Plan, opened: context.Session, out: str | None, *, everything: bool) -> None:
    console, zone = opened.console(), opened.settings.timezone
    preview.show(
        plan, console, zone=zone, now=plan.now, everything=everything, left=opened.budget.left_hour()
    )
    if plan.changes or plan.over_limit:
        console.print(speech.gettext(LEFT_ALONE))
    for line in onward.ways(plan, onward.command("apply", out or plan.plan_id)):
        console.print(line, soft_wrap=True)


def _apply(plan: Plan, opened: context.Session, *, as_json: bool, yes: bool) -> int:
    """Carry the plan out after saying what stays; an order that the run changed and that stays makes the exit code 3."""
    if not (yes and as_json):
        _preview(plan, opened, stderr=as_json or not yes)
    unread = planning.exit_code(plan, detailed=False)
    if unread:
        return unread
    if sending.held_whole(plan, Pick()):
        return sending.tell_held(plan, opened, onward.command("apply", plan.plan_id), as_json=as_json)
    if plan.changes and not yes and not sending.confirmed(len(plan.changes)):
        click.echo(speech.gettext("nothing was sent"), err=True)
        return 1
    with sending.at_work(opened) as work:
        run = pipeline.apply(plan, opened.means(progress=work.progress), opened.writer)
    stays = [record.held_document(one) for one in plan.held]
    sending.tell(run, opened, as_json=as_json, beside={"stays": stays})
    return work.exit_code(outcome.exit_code(run.outcomes, plan.held, run.stopped) or _left_undone(plan))


def _preview(plan: Plan, opened: context.Session, *, stderr: bool) -> None:
    """Show what is to be undone and what stays, on stderr where stdout is for something else."""
    console = screen.console(color=opened.choices.color, stderr=stderr)
    preview.show(plan, console, zone=opened.settings.timezone, now=plan.now)
    if plan.changes:
        console.print(speech.gettext(LEFT_ALONE))


def _left_undone(plan: Plan) -> int:
    return outcome.NOT_AS_INTENDED if any(one.code not in HARMLESS for one in plan.held) else 0
