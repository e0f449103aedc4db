"""`tertib plan`: what rules would change, shown and recorded; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from tertib import pipeline, record
from tertib.cli import accounts, context, files, onward, options, preview, progress, queries, reporting
from tertib.model import Plan

WITH_CHANGES: Final = 4
SOMETHING_HELD: Final = 3


@click.command("plan")
@options.rules_argument
@options.json_output
@click.option(
    "--out", type=click.Path(dir_okay=False), help="Write the plan to this file, for `tertib apply`."
)
@options.report
@click.option(
    "--detailed-exitcode", "detailed", is_flag=True, help="Exit with 4 where something would change."
)
@click.option(
    "--explain-query",
    is_flag=True,
    help="Show which conditions Scalev filters by and why the others stay here, what was read, and for which rules.",
)
@click.option("--all", "everything", is_flag=True, help="Show every row.")
def command(
    rules: tuple[str, ...],
    *,
    as_json: bool,
    out: str | None,
    html: str | None,
    detailed: bool,
    explain_query: bool,
    everything: bool,
) -> int:
    """Preview what RULES would change: files, directories, globs or names of rules. Sends nothing."""
    if html is not None and html == out:
        raise click.UsageError("`--html` and `--out` name the same file")
    sessions, one_only = context.sessions(), "--out" if out is not None else None
    report = reporting.Report(html, len(sessions))

    def planned(opened: context.Session) -> accounts.Said:
        explained = queries.Explained()
        with report.about(opened):
            plan = _plan(opened, rules, explained)
        document = record.document(plan, opened.mask)
        report.tell_plan(document, opened, out)
        if out is not None:
            write(document, Path(out))
        asked = {"explain_query": explained.document(plan.scans)} if explain_query else {}

        def show() -> None:
            if explain_query:
                explained.show(plan.scans, opened.console())
            _show(plan, opened, out, everything=everything)

        return accounts.Said({**document, **asked}, show, exit_code(plan, detailed=detailed))

    code = accounts.each(planned, as_json=as_json, one_only=one_only, opened=sessions)
    if not as_json:
        report.say()
    return code


def _plan(opened: context.Session, rules: Sequence[str], explained: queries.Explained) -> Plan:
    chosen = context.rules(opened, rules)
    with progress.shown(opened.choices.color, opened.budget.left_hour) as report:
        return pipeline.plan(chosen, opened.means(progress=report), on_read=explained)


def write(document: dict[str, Any], file: Path) -> None:
    """Write a plan's document; raises `OSError`."""
    with files.writing(file) as opened:
        opened.write(json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n")


def exit_code(plan: Plan, *, detailed: bool) -> int:
    """Return 1 where reading failed every rule and 3 where it failed some; else 0, or in detail 4 for changes.

    What a limit holds is no failure of a preview; in detail it is 3 where nothing else would change.
    """
    unread = {one.rule for one in plan.held if one.code == "incomplete_read"}
    if unread:
        return SOMETHING_HELD if any(tally.name not in unread for tally in plan.rules) else 1
    if detailed and plan.changes:
        return WITH_CHANGES
    return SOMETHING_HELD if detailed and plan.over_limit else 0


def _show(plan: Plan, opened: context.Session, out: str | None, *, everything: bool) -> None:
    console = opened.console()
    preview.show(
        plan,
        console,
        zone=opened.settings.timezone,
        now=plan.now,
        everything=everything,
        left=opened.budget.left_hour(),
    )
    for line in onward.ways(plan, onward.command("apply", out or plan.plan_id)):
        console.print(line, soft_wrap=True)
