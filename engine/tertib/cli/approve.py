"""`tertib approve`: say yes to a plan that waits, or to a part of it, and apply that."""

from __future__ import annotations

import click

from tertib.cli import context, onward, options, outcome, screen, sending, speech
from tertib.cli.apply import recorded
from tertib.dispatch import approved
from tertib.errors import PlanRefused
from tertib.ledger.approvals import WAITING
from tertib.model import Pick


@click.command("approve")
@click.argument("plan", metavar="PLAN_ID")
@options.json_output
@options.yes
@options.first("Approve")
@options.orders("Approve")
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
    sending.refuse_unasked("approve", yes=yes)
    sessions = context.sessions()
    planned, pick, opened = sending.restored(recorded(plan, sessions), sessions, Pick(first, only, but))
    if sending.held_whole(planned, pick):
        return sending.tell_held(planned, opened, onward.command("approve", plan), as_json=as_json)
    if not yes and not sending.agreed(planned, pick, opened):
        click.echo(speech.gettext("nothing was approved"), err=True)
        return 1
    account, now = opened.settings.account, opened.time.now()
    opened.ledger.approvals.approve(
        account, plan, who=context.person(), note=note, part=pick, now=now, zone=opened.settings.timezone
    )
    if later:
        _say_approved(plan, as_json=as_json)
        return 0
    return _apply(plan, opened, as_json=as_json)


def _say_approved(plan: str, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"plan_id": plan, "state": "approved"})
    else:
        click.echo(
            speech.gettext(
                "plan %(plan)s is approved; `tertib serve` or `tertib worker` applies it", plan=plan
            )
        )


def _apply(plan: str, opened: context.Session, *, as_json: bool) -> int:
    approval = opened.ledger.approvals.of(opened.settings.account, plan, opened.time.now())
    if approval is None or approval.state == WAITING:  # decided a moment ago, and taken back since
        raise PlanRefused(f"plan `{plan}` is not approved any more")
    with sending.at_work(opened) as work:
        means = opened.means(progress=work.progress)
        run = approved.carry_out(approval, opened.ledger, means, opened.writer)
    sending.tell(run, opened, as_json=as_json)
    return work.exit_code(outcome.exit_code(run.outcomes, stopped=run.stopped))
