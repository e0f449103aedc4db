"""`tertib reject`: say no to a plan that waits."""

from __future__ import annotations

import click

from tertib.cli import context, options, screen, speech
from tertib.cli.apply import recorded


@click.command("reject")
@click.argument("plan", metavar="PLAN_ID")
@click.option("--note", default="", help="A word for whoever asks later.")
@options.json_output
def command(plan: str, *, note: str, as_json: bool) -> int:
    """Say no to a plan that waits: it can be approved no more. The rule asks again when it runs next."""
    sessions = context.sessions()
    opened = context.of_account(sessions, recorded(plan, sessions).get("account"))
    account, now = opened.settings.account, opened.time.now()
    opened.ledger.approvals.reject(
        account, plan, who=context.person(), note=note, now=now, zone=opened.settings.timezone
    )
    if as_json:
        screen.emit({"plan_id": plan, "state": "rejected"})
    else:
        click.echo(speech.gettext("plan %(plan)s is rejected", plan=plan))
    return 0
