"""`tertib run`: plan and apply at once, as each rule's mode allows; it never asks."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tertib import pipeline, record
from tertib.cli import accounts, context, options, outcome, preview, progress, sending


@click.command("run")
@options.rules_argument
@options.json_output
def command(rules: tuple[str, ...], *, as_json: bool) -> int:
    """Plan RULES and apply those whose mode is `apply`; others only record their plan. Never asks."""
    return accounts.each(lambda opened: _run(opened, rules), as_json=as_json)


def _run(opened: context.Session, rules: Sequence[str]) -> accounts.Said:
    chosen = context.rules(opened, rules)
    with sending.at_work(opened) as work:
        means = opened.means(progress=progress.heeding(opened.clock, work.progress))
        plan, run = pipeline.run(chosen, means, opened.writer)

    def show() -> None:
        console = opened.console()
        preview.show(plan, console, zone=opened.settings.timezone, now=plan.now, left=run.spent.left_hour)
        outcome.show(run, console)

    code = outcome.exit_code(run.outcomes, outcome.held_live(plan), run.stopped)
    return accounts.Said(record.run_document(run), show, work.exit_code(code))
