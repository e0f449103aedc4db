"""`tertib approve`: say yes to a plan that waits, or to a part of it, and apply that."""

from __future__ import annotations

import getpass

import click

from tertib import pipeline, record
from tertib.cli import context, options, outcome, progress, screen
from tertib.cli.apply import agreed, document, refuse_strangers
from tertib.dispatch import approved
from tertib.errors import PlanRefused
from tertib.ledger.approvals import WAITING, Part


@click.command("approve")
@click.argument("plan", metavar="PLAN_ID")
@options.json_output
@click.option("--yes", is_flag=True, help="Do not ask. Needed where nobody sits at a terminal.")
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="Approve the first N changes only.")
@click.option("--only", multiple=True, metavar="ORDER", help="Approve this order only; may be repeated.")
@click.option(
    "--except", "but", multiple=True, metavar="ORDER", help="Leave this order out; may be repeated."
)
@click.option("--note", default="", help="A word for whoever asks later.")
@click.option("--later", is_flag=True, help="Leave the sending to `tertib serve` or `tertib worker`.")
def command(
    plan: str,
    *,
    as_json: bool,
    yes: bool,
    first: int | None,
    only: tuple[str, ...],
    but: tuple[str, ...],
    note: str,
    later: bool,
) -> int:
    """Say yes to a plan that waits, and apply it at once; every check is made again at that moment."""
    if not yes and not screen.asks():
        raise click.UsageError("there is no terminal to ask on; add `--yes` to approve without being asked")
    opened = context.session()
    restored = record.restore(document(plan, opened))
    pick = pipeline.Pick(first, only, but)
    refuse_strangers(restored, pick)
    if not yes and not agreed(restored, pick, opened):
        click.echo("nothing was approved", err=True)
        return 1
    account, part = opened.settings.account, Part(first, only, but)
    now = opened.clock.now()
    opened.ledger.approvals.approve(account, plan, who=person(), note=note, part=part, now=now)
    if later:
        _say_approved(plan, as_json=as_json)
        return 0
    return _apply(plan, opened, as_json=as_json)


def _say_approved(plan: str, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"plan_id": plan, "state": "approved"})
    else:
        click.echo(f"plan {plan} is approved; `tertib serve` or `tertib worker` applies it")


def person() -> str:
    """Return who works at this terminal, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _apply(plan: str, opened: context.Session, *, as_json: bool) -> int:
    approval = opened.ledger.approvals.of(opened.settings.account, plan, opened.clock.now())
    if approval is None or approval.state == WAITING:  # decided a moment ago, and taken back since
        raise PlanRefused(f"plan `{plan}` is not approved any more")
    with (
        context.stopping(opened.clock) as stop,
        progress.shown(opened.choices.color, opened.budget.left_hour) as report,
    ):
        run = approved.carry_out(approval, opened.ledger, opened.means(progress=report), opened.writer)
    if as_json:
        screen.emit(record.run_document(run))
    else:
        outcome.show(run, opened.console())
    return 128 + stop.number if stop.number is not None else outcome.exit_code(run.outcomes)
