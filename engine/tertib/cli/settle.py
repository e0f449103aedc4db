"""`tertib settle`: read back what an earlier run could not learn the outcome of."""

from __future__ import annotations

import click

from tertib import pipeline, record
from tertib.cli import accounts, context, options, outcome, screen, speech
from tertib.pipeline import Settled


@click.command("settle")
@options.json_output
def command(*, as_json: bool) -> int:
    """Read back changes whose outcome is unknown; sends nothing. Says when to come back for the rest."""
    return accounts.each(_settle, as_json=as_json)


def _settle(opened: context.Session) -> accounts.Said:
    settled = pipeline.settle(opened.means())
    document = {
        "settled": sum(one.state in outcome.AS_INTENDED for one in settled.outcomes),
        "waiting": settled.waiting,
        "come_back_at": settled.come_back_at and settled.come_back_at.isoformat(),
        "outcomes": [record.outcome_document(one) for one in settled.outcomes],
    }
    code = outcome.NOT_AS_INTENDED if settled.waiting else outcome.exit_code(settled.outcomes)
    return accounts.Said(document, lambda: _show(settled, opened), code)


def _show(settled: Settled, opened: context.Session) -> None:
    console = opened.console()
    for one in settled.outcomes:
        console.print(
            f"{screen.clean(one.order_id or one.id)} ({one.rule}): {screen.clean(speech.say(one.why))}"
        )
    if settled.waiting:
        console.print(
            speech.ngettext(
                "%(count)s change still unknown", "%(count)s changes still unknown", settled.waiting
            )
        )
    elif not settled.outcomes:
        console.print(speech.gettext("nothing is waiting to be settled"))
    if settled.come_back_at is not None:
        at = screen.moment(settled.come_back_at, opened.settings.timezone)
        console.print(speech.gettext("come back at %(at)s", at=at))
