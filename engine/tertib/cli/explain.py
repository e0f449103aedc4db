"""`tertib explain`: how one rule judges one order, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from tertib import load as loading
from tertib import naming, pipeline
from tertib.cli import context, judgement, options, screen
from tertib.explain import Explanation


@click.command("explain")
@click.argument("rule")
@click.argument("order")
@judgement.from_option
@click.option("--run", "run_id", metavar="RUN", help="Show what a past run saw and decided, from the record.")
@judgement.at_option
@options.json_output
def command(
    rule: str, order: str, *, file: Path | None, run_id: str | None, at: str | None, as_json: bool
) -> int:
    """Show how RULE (a name or a file) judges ORDER: each condition with the value it saw, and what came after.

    Works for orders that the rule's query keeps out, and says which filter does.
    """
    opened = context.session()
    if run_id is not None and (file is not None or at is not None):
        raise click.UsageError("`--run` tells of the past, and takes neither `--from` nor `--at`")
    explained = (
        _live(opened, rule, order, file, at) if run_id is None else _recalled(opened, rule, order, run_id)
    )
    if as_json:
        documents = [one.document() for one in explained]
        # a file may hold several rules; one rule, the ordinary case, is one explanation
        screen.emit(documents[0] if len(documents) == 1 else {"explanations": documents})
        return 0
    for one in explained:
        judgement.show(one, opened.console(), opened.settings.timezone)
    return 0


def _live(
    opened: context.Session, rule: str, order: str, file: Path | None, at: str | None
) -> list[Explanation]:
    clock = judgement.clock_at(at, opened.time, opened.settings.timezone)
    given = None if file is None else judgement.from_file(file, order)
    if given is None:
        order = naming.known_as(order, opened.ledger, opened.settings.account)
    asked = context.rules(opened, [rule])
    # mistakes in other rules do not stand in the way of explaining this one
    others = loading.load(opened.settings.rules, opened.settings).rules
    return [
        pipeline.explain(
            one,
            order,
            opened.settings,
            reader=opened.reader if given is None else None,
            ledger=opened.ledger,
            clock=clock,
            mask=opened.mask,
            order=given,
            others=(*asked, *(other for other in others if other.name not in {each.name for each in asked})),
        )
        for one in asked
    ]


def _recalled(opened: context.Session, rule: str, order: str, run_id: str) -> Sequence[Explanation]:
    from tertib.cli import recalled  # noqa: PLC0415 - brings the ledger, which an order from a file does without

    names = [rule]
    if context.is_path(rule):
        names = [one.name for one in loading.load([rule], opened.settings).rules] or names
    known = naming.known_as(order, opened.ledger, opened.settings.account)
    return [recalled.from_run(opened, run_id, name, known) for name in names]
