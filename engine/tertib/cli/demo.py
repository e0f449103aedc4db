"""`tertib demo`: the whole of it on an invented shop, on the terminal or on the pages, leaving nothing behind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tertib import load as loading
from tertib import pipeline, record, shipped
from tertib.cli import Choices, context, options, outcome, preview, progress, screen, speech
from tertib.errors import RuleError
from tertib.model import Rule
from tertib.sayings import N_
from tertib.telling import changes

if TYPE_CHECKING:
    from tertib.ledger import AuditVerdict
    from tertib.model import Plan, Run

ORDERS: Final = 1200
"""Orders of the invented shop: few enough that both plans stay within Scalev's own rate limit for the most part."""

SEED: Final = 7
_WAIT: Final = 3600.0
_YOUR_OWN: Final = "`tertib init my-shop`"

Say = Callable[[str], None]

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


TO_TRY: Final = (
    N_("Today: what ran, what waits for you, and what somebody should look at."),
    N_(
        "Approvals, `cancel-unpaid-transfer`: search for `janji-bayar`, buyers who promised to pay; tick them, and"
        " approve all but those."
    ),
    N_("The same plan, vetoed or held: why are these left alone? Open one of them and ask every rule."),
    N_(
        "Runs: one lost its answer and read it back; open one of `complete-delivered` and plan to take it back."
    ),
    N_("Rules: read one, see when it runs next, and ask it about an order's number."),
)
"""What a newcomer can do on the pages, a line each."""


@click.command("demo")
@options.json_output
@click.option("--web", is_flag=True, help="Open the pages instead, on a shop with some days behind it.")
@click.option("--port", type=click.IntRange(0, 65535), help="Where --web serves the pages; else a free port.")
def command(*, as_json: bool, web: bool, port: int | None) -> int:
    """See a preview, an apply, the record and an empty second preview, on a shop that exists only for a minute.

    With --web, click through it all: history, plans that wait, charts. It stays until Ctrl-C, and nothing of it is left.
    """
    if port is not None and not web:
        raise click.UsageError("`--port` goes with `--web`")
    say: Say = (lambda _text: None) if as_json else click.echo
    return _pages(port or 0, say, as_json=as_json) if web else _story(say, as_json=as_json)


# --- on the pages ---------------------------------------------------------------------------------------


def _pages(port: int, say: Say, *, as_json: bool) -> int:
    """Serve the pages on a shop with a history until a stop is asked for."""
    from tertib.cli import showcase  # noqa: PLC0415 - brings two web servers; `demo` without --web needs one

    gettext, orders = speech.gettext, _orders(showcase.ORDERS)
    with showcase.set_back() as clock, context.stopping(clock):
        say(gettext("A shop opens: %(orders)s. Its last days are played:", orders=orders))
        shown_by = showcase.Showing(port, context.person(), speech.tongue(), say)
        with showcase.showing(shown_by, clock) as shown:
            if as_json:
                screen.emit({"url": shown.url, "directory": str(shown.place), "shop": shown.served.url})
            say("\n" + gettext("The pages are open at %(url)s until Ctrl-C. Try this:", url=shown.url) + "\n")
            for number, line in enumerate(TO_TRY, start=1):
                say(f"{number}. {gettext(line)}")
            place = shown.place / "rules"
            say("\n" + gettext("The rules lie in %(place)s: an edit holds within a minute.", place=place))
            while not clock.stopping:
                clock.sleep(_WAIT)
    say("\n" + gettext("Nothing is left of this shop. Your own: %(command)s", command=_YOUR_OWN))
    return 0


def _orders(count: int) -> str:
    return speech.ngettext("%(count)s invented order", "%(count)s invented orders", count)


# --- on the terminal ------------------------------------------------------------------------------------


def _story(say: Say, *, as_json: bool) -> int:
    """Tell it all on the terminal: a preview, an apply, the record, an empty second preview."""
    gettext, ngettext = speech.gettext, speech.ngettext
    with _shop(say) as opened:
        rules = _starter_rules(opened)
        many = ngettext("%(count)s starter rule", "%(count)s starter rules", len(rules))
        asks = gettext("What would %(rules)s change? `tertib plan` only reads:", rules=many)
        say(f"\n2. {asks}\n")
        first = _plan(rules, opened)
        if not as_json:
            preview.show(first, opened.console(), zone=opened.settings.timezone, now=first.now)
        agreed = gettext(
            "You looked and agree. `tertib apply` sends exactly that, and writes down what came back:"
        )
        say(f"\n3. {agreed}\n")
        run = _apply(first, opened)
        if not as_json:
            outcome.show(run, opened.console())
        verdict = opened.ledger.verify_audit(opened.settings.account)
        say(f"\n4. {_of_the_record(verdict)}")
        second = _plan(rules, opened)
        again = gettext(
            "Planned again: %(summary)s. What was done is not done twice.",
            summary=changes.summary(second.changes, speech.tongue()),
        )
        say(f"\n5. {again}")
        say("\n" + gettext("Nothing is left of this shop. Your own: %(command)s", command=_YOUR_OWN))
        left = len(second.changes)
        if as_json:
            screen.emit(_document(first, run, opened, whole=verdict.ok, left=left))
    return 0 if verdict.ok and not left else 1


def _of_the_record(verdict: AuditVerdict) -> str:
    whole = speech.gettext("whole")
    if not verdict.ok:
        whole = speech.gettext("broken: %(why)s", why=speech.say(verdict.why))
    return speech.ngettext(
        "The record: %(count)s sealed record, %(whole)s (`tertib audit verify`).",
        "The record: %(count)s sealed records, %(whole)s (`tertib audit verify`).",
        verdict.records,
        whole=whole,
    )


@contextmanager
def _shop(say: Say) -> Iterator[context.Session]:
    """Serve an invented shop, and yield a session on it whose ledger lies in a directory that goes with it."""
    from tertib.sandbox.server import serve  # noqa: PLC0415 - brings uvicorn; `demo --help` does without
    from tertib.sandbox.shop import Shop  # noqa: PLC0415 - as above

    shop = Shop(seed=SEED, orders=ORDERS, contract="seeds")
    with tempfile.TemporaryDirectory(prefix="tertib-demo-") as place, serve(shop) as served:
        opens = speech.gettext(
            "A shop is open at %(url)s: %(orders)s, real HTTP, no buyer to wake.",
            url=served.url,
            orders=_orders(ORDERS),
        )
        say(f"1. {opens}")
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
