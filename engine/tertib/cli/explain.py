"""`tertib explain`: how one rule judges one order, step by step."""

from __future__ import annotations

from pathlib import Path

import click

from tertib import pipeline
from tertib.cli import context, judgement, options, screen


@click.command("explain")
@click.argument("rule")
@click.argument("order")
@click.option(
    "--from",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the order from this JSON file instead of from Scalev.",
)
@options.json_output
def command(rule: str, order: str, *, file: Path | None, as_json: bool) -> int:
    """Show how RULE (a name or a file) judges ORDER: each condition with the value it saw, and what holds it."""
    opened = context.session()
    given = None if file is None else judgement.from_file(file, order)
    explained = [
        pipeline.explain(
            one,
            order,
            opened.settings,
            reader=opened.reader if given is None else None,
            ledger=opened.ledger,
            clock=opened.clock,
            mask=opened.mask,
            order=given,
        )
        for one in context.rules(opened, [rule])
    ]
    if as_json:
        documents = [one.document() for one in explained]
        # a file may hold several rules; one rule, the ordinary case, is one explanation
        screen.emit(documents[0] if len(documents) == 1 else {"explanations": documents})
        return 0
    for one in explained:
        judgement.show(one, opened.console())
    return 0
