"""`tertib demo`: the whole of it on an invented shop, in under a minute, leaving nothing behind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tertib import load as loading
from tertib import pipeline, record, shipped
from tertib.cli import Choices, context, options, outcome, preview, progress, screen
from tertib.errors import RuleError
from tertib.model import Rule

if TYPE_CHECKING:
    from tertib.model import Plan, Run

ORDERS: Final = 1200
"""Orders of the invented shop: few enough that both plans stay within Scalev's own rate limit for the most part."""

SEED: Final = 7

SHOWN: Final = (
    "cancel-unpaid-transfer",
    "cancel-abandoned-draft",
    "cancel-probable-spam",
    "mark-paid-bukti-ok",
    "complete-digital-paid",
    "complete-delivered",
    "close-shipped-without-ending",
    "return-to-sender",
)
"""The starter rules of the demo: none of them takes up an order where another one leaves it, as `confirm-paid`
does after `mark-paid-bukti-ok`, so that a second plan finds nothing to do."""


@click.command("demo")
@options.json_output
def command(*, as_json: bool) -> int:
    """See a preview, an apply, the record and an empty second preview, on a shop that exists only for a minute."""
    say: Callable[[str], None] = (lambda _text: None) if as_json else click.echo
    with _shop(say) as opened:
        rules = _starter_rules(opened)
        say(f"\n2. What would {screen.many(len(rules), 'starter rule')} change? `tertib plan` only reads:\n")
        first = _plan(rules, opened)
        if not as_json:
            preview.show(first, opened.console(), zone=opened.settings.timezone, now=first.now)
        say("\n3. You looked and agree. `tertib apply` sends exactly that, and writes down what came back:\n")
        run = _apply(first, opened)
        if not as_json:
            outcome.show(run, opened.console())
        verdict = opened.ledger.verify_audit(opened.settings.account)
        whole = "whole" if verdict.ok else f"broken: {verdict.why}"
        say(
            f"\n4. The record: {screen.many(verdict.records, 'sealed record')}, {whole} (`tertib audit verify`)."
        )
        second = _plan(rules, opened)
        left = len(second.changes)
        say(f"\n5. Planned again: {record.summary(second.changes)}. What was done is not done twice.")
        say("\nNothing is left of this shop. Your own: `tertib init my-shop`.")
        if as_json:
            screen.emit(_document(first, run, opened, whole=verdict.ok, left=left))
    return 0 if verdict.ok and not left else 1


@contextmanager
def _shop(say: Callable[[str], None]) -> Iterator[context.Session]:
    """Serve an invented shop, and yield a session on it whose ledger lies in a directory that goes with it."""
    from tertib.sandbox.server import serve  # noqa: PLC0415 - brings uvicorn; `demo --help` does without
    from tertib.sandbox.shop import Shop  # noqa: PLC0415 - as above

    shop = Shop(seed=SEED, orders=ORDERS, contract="seeds")
    with tempfile.TemporaryDirectory(prefix="tertib-demo-") as place, serve(shop) as served:
        say(
            f"1. A shop is open at {served.url}: {screen.many(ORDERS, 'invented order')}, real HTTP, no buyer to wake."
        )
        environ = {"SCALEV_BASE_URL": served.url, "SCALEV_TOKEN": served.business_token}
        opened = context.Session(_choices(), environ, Path(place))
        try:
            yield opened
        finally:
            opened.close()


def _choices() -> Choices:
    """Keep the choice of colour; the project's own settings are no part of the demo."""
    made = Choices()
    made.color = click.get_current_context().find_root().ensure_object(Choices).color
    return made


def _starter_rules(opened: context.Session) -> tuple[Rule, ...]:
    loaded = loading.load([shipped.rules()], opened.settings)
    if loaded.errors:
        raise RuleError(loaded.problems)
    by_name = {rule.name: rule for rule in loaded.rules}
    return tuple(by_name[name] for name in SHOWN)


def _plan(rules: tuple[Rule, ...], opened: context.Session) -> Plan:
    with progress.shown(opened.choices.color, opened.budget.left_hour) as report:
        return pipeline.plan(rules, opened.means(progress=report))


def _apply(plan: Plan, opened: context.Session) -> Run:
    with progress.shown(opened.choices.color, opened.budget.left_hour) as report:
        return pipeline.apply(plan, opened.means(progress=report), opened.writer)


def _document(plan: Plan, run: Run, opened: context.Session, *, whole: bool, left: int) -> dict[str, Any]:
    return {
        "plan": record.document(plan, opened.mask),
        "apply": record.run_document(run),
        "audit": {"ok": whole},
        "second_plan_changes": left,
    }
