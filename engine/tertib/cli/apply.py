"""`tertib apply`: do exactly what a plan says, after asking."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from tertib import pipeline
from tertib.cli import context, files, onward, options, outcome, sending, speech
from tertib.errors import PlanRefused
from tertib.model import Pick

_LARGEST_PLAN: Final = 512 * 1024 * 1024


@click.command("apply")
@click.argument("plan", metavar="PLANFILE|PLAN_ID")
@options.json_output
@options.yes
@options.first("Apply")
@options.orders("Apply")
def command(
    plan: str, *, as_json: bool, yes: bool, first: int | None, only: tuple[str, ...], but: tuple[str, ...]
) -> int:
    """Do exactly what a plan says, once: a file of `tertib plan --out`, or the id of a recorded plan.

    --first, --only and --except work off a backlog in parts; they also reach what a limit held.
    """
    sending.refuse_unasked("apply", yes=yes)
    sessions = context.sessions()
    planned, pick, opened = sending.restored(document(plan, sessions), sessions, Pick(first, only, but))
    if sending.held_whole(planned, pick):
        return sending.tell_held(planned, opened, onward.command("apply", plan), as_json=as_json)
    if not yes and not sending.agreed(planned, pick, opened):
        click.echo(speech.gettext("nothing was sent"), err=True)
        return 1
    with sending.at_work(opened) as work:
        run = pipeline.apply(planned, opened.means(progress=work.progress), opened.writer, pick=pick)
    # whoever picks a part has seen the rest held
    held = planned.held if pick == Pick() else ()
    sending.tell(run, opened, as_json=as_json, held=held)
    return work.exit_code(outcome.exit_code(run.outcomes, held, run.stopped))


def document(named: str, sessions: Sequence[context.Session]) -> Mapping[str, Any]:
    """Read a plan's document from the file of that name, or from the accounts' ledgers by its id.

    Raises `PlanRefused` where there is neither, or where the file holds no JSON.
    """
    file = Path(named)
    return _written(file) if file.exists() else recorded(named, sessions)


def recorded(plan_id: str, sessions: Sequence[context.Session]) -> Mapping[str, Any]:
    """Return the document of a recorded plan; raises `PlanRefused` where no account's ledger has it."""
    for opened in sessions:
        found = opened.ledger.plan_document(plan_id)
        if found is not None:
            return found
    raise PlanRefused(
        f"there is no file `{plan_id}`, and no plan of that id in this ledger",
        hint="`tertib plan --out plan.json` makes one",
    )


def _written(file: Path) -> Mapping[str, Any]:
    raw = files.read(file, _LARGEST_PLAN)
    if raw is None:
        raise PlanRefused(f"`{file}` is too large to be a plan")
    try:
        written = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PlanRefused(f"`{file}` is no plan: it is not readable as JSON") from error
    if not isinstance(written, Mapping):
        raise PlanRefused(f"`{file}` is no plan")
    return written
