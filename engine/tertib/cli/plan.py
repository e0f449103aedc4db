"""`tertib plan`: what rules would change, shown and recorded; nothing is sent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import click

from tertib import pipeline, record
from tertib.cli import context, options, preview, progress, queries, screen
from tertib.model import Plan

WITH_CHANGES: Final = 4
SOMETHING_HELD: Final = 3


@click.command("plan")
@options.rules_argument
@options.json_output
@click.option(
    "--out", type=click.Path(dir_okay=False), help="Write the plan to this file, for `tertib apply`."
)
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
    detailed: bool,
    explain_query: bool,
    everything: bool,
) -> int:
    """Preview what RULES would change: files, directories, globs or names of rules. Sends nothing."""
    opened = context.session()
    chosen = context.rules(opened, rules)
    explained = queries.Explained()
    with progress.shown(opened.choices.color, opened.budget.left_hour) as report:
        plan = pipeline.plan(chosen, opened.means(progress=report), on_read=explained)
    document = record.document(plan, opened.mask)
    if out is not None:
        write(document, Path(out))
    if as_json:
        asked = {"explain_query": explained.document(plan.scans)} if explain_query else {}
        screen.emit({**document, **asked})
    else:
        if explain_query:
            explained.show(plan.scans, opened.console())
        _show(plan, opened, out, everything=everything)
    return exit_code(plan, detailed=detailed)


def write(document: dict[str, Any], file: Path) -> None:
    """Write a plan's document whole or not at all: a half-written plan must not stand in a full one's place."""
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n"
    target = file.resolve()
    if target.exists() and not target.is_file():
        # a device or a pipe can only be written to, never be replaced
        target.write_text(text, encoding="utf-8")
        return
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        # the person named the plan's file, not the one it is written to first
        raise OSError(error.errno, error.strerror, str(file)) from error


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
    if plan.changes or plan.over_limit:
        console.print(f"to do exactly this: tertib apply {out or plan.plan_id}")
