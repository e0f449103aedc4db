"""`tertib run`: plan and apply at once, as each rule's mode allows; it never asks."""

from __future__ import annotations

import click

from tertib import pipeline, record
from tertib.cli import context, options, outcome, preview, progress, screen


@click.command("run")
@options.rules_argument
@options.json_output
def command(rules: tuple[str, ...], *, as_json: bool) -> int:
    """Plan RULES and apply those whose mode is `apply`; others only record their plan. Never asks."""
    opened = context.session()
    chosen = context.rules(opened, rules)
    with (
        context.stopping(opened.clock) as stop,
        progress.shown(opened.choices.color, opened.budget.left_hour) as report,
    ):
        means = opened.means(progress=progress.heeding(opened.clock, report))
        plan, run = pipeline.run(chosen, means, opened.writer)
    if as_json:
        screen.emit(record.run_document(run))
    else:
        console = opened.console()
        preview.show(plan, console, zone=opened.settings.timezone, now=plan.now, left=run.spent.left_hour)
        outcome.show(run, console)
    if stop.number is not None:
        return 128 + stop.number
    return outcome.exit_code(run.outcomes, outcome.held_live(plan))
