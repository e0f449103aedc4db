"""`tertib why`: every rule's word on one order."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tertib import pipeline
from tertib.cli import context, judgement, options, screen
from tertib.errors import ReadError
from tertib.explain import Explanation
from tertib.ledger.schema import plain
from tertib.model import Order, Rule


@click.command("why")
@click.argument("order")
@click.option(
    "--from",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the order from this JSON file instead of from Scalev.",
)
@options.json_output
def command(order: str, *, file: Path | None, as_json: bool) -> int:
    """Ask every rule of the project about ORDER, and show what would act, what keeps the others, and what was done."""
    opened = context.session()
    given = None if file is None else judgement.from_file(file, order)
    chosen = context.rules(opened, ())
    explained = [one for rule in chosen if (one := _explained(rule, order, given, opened)) is not None]
    if not explained:
        raise ReadError(f"Scalev has no order `{order}`", hint="give the order's number as Scalev shows it")
    changes = opened.ledger.changes_of(opened.settings.account, explained[0].order_id or order)
    if as_json:
        screen.emit(
            {
                "order_id": explained[0].order_id,
                "rules": [one.document() for one in explained],
                "changes": [plain(asdict(one)) for one in changes],
            }
        )
        return 0
    console = opened.console()
    for one in sorted(explained, key=lambda one: not one.matched):
        judgement.show(one, console)
    for change in changes:
        when = screen.moment(change.planned_at, opened.settings.timezone)
        console.print(
            f"{when}, run {change.run_id}, rule {change.rule}: {change.state} {screen.clean(change.why)}"
        )
    return 0


def _explained(rule: Rule, order: str, given: Order | None, opened: context.Session) -> Explanation | None:
    """Return a rule's explanation; None where its source, such as one customer's orders, lacks the order."""
    try:
        return pipeline.explain(
            rule,
            order,
            opened.settings,
            reader=opened.reader if given is None else None,
            ledger=opened.ledger,
            clock=opened.clock,
            mask=opened.mask,
            order=given,
        )
    except ReadError as error:
        if "has no order" not in str(error):
            raise
        return None
