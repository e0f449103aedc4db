"""How a rule judged one order, as a tree that people can follow; and where the order, the moment or the verdict come from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from tertib import naming
from tertib.cli import files, screen, speech
from tertib.errors import SettingsError
from tertib.explain import Explanation
from tertib.language import document, durations
from tertib.model import Held, Order, Trace, Verdict
from tertib.plan.holds import HOLDS
from tertib.sayings import N_
from tertib.telling import changes, states
from tertib.telling.seen import seen
from tertib.telling.tongue import ENGLISH

if TYPE_CHECKING:
    from rich.console import Console

    from tertib.ports import Clock

MARKS: Final[Mapping[Verdict, str]] = {True: "✓", False: "✗", None: "?"}
_LARGEST_ORDERS: Final = 256 * 1024 * 1024
_STYLES: Final[Mapping[Verdict, str]] = {True: "green", False: "red", None: "yellow"}
_SAID: Final[Mapping[Verdict, str]] = {
    True: N_("rule %(rule)s, order %(order)s: matches"),
    False: N_("rule %(rule)s, order %(order)s: does not match"),
    None: N_("rule %(rule)s, order %(order)s: cannot be told"),
}

from_option = click.option(
    "--from",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take the order from this JSON or YAML file, one order or a list of them, instead of from Scalev.",
)
at_option = click.option(
    "--at", metavar="INSTANT", help="Judge as if it were then: `2026-11-21T10:00:00+07:00`, or a date."
)


# --- as text --------------------------------------------------------------------------------------------


def show(explained: Explanation, out: Console, zone: str) -> None:
    """Print an explanation: the verdict, each condition with what it saw, what keeps the order, what would change."""
    when = "" if explained.now is None else f"  ({screen.moment(explained.now, zone)})"
    out.print(
        f"{MARKS[explained.verdict]} {screen.clean(_verdict(explained))}{when}",
        style=_STYLES[explained.verdict],
        soft_wrap=True,
    )
    for text in (*lines(explained.trace), *_after(explained)):
        out.print(f"  {text}", soft_wrap=True)


def _verdict(explained: Explanation) -> str:
    order = explained.order_id or speech.gettext("(without a number)")
    if explained.past is not None:
        return speech.gettext("rule %(rule)s, order %(order)s: matched", rule=explained.rule, order=order)
    return speech.gettext(_SAID[explained.verdict], rule=explained.rule, order=order)


def lines(traces: Sequence[Trace], depth: int = 0) -> Iterator[str]:
    """Yield a tree of verdicts, a line a node."""
    for node in traces:
        yield line(node, depth)
        yield from lines(node.children, depth + 1)


def line(node: Trace, depth: int = 0) -> str:
    """Return one node of a trace: its verdict, what it asks, the value that it saw."""
    saw = ""
    if node.saw:
        told = screen.clean(seen(node.saw, speech.tongue()))
        saw = "  " + speech.gettext("(saw %(value)s)", value=told)
    return f"{'  ' * depth}{MARKS[node.result]} {screen.clean(node.condition)}{saw}"


def _after(explained: Explanation) -> Iterator[str]:
    """Yield what came after the conditions, or will."""
    if explained.excluded_by:
        names = ", ".join(f"`{name}`" for name in explained.excluded_by)
        yield speech.gettext("the query keeps this order out, by %(filters)s", filters=names)
    yield from _soon(explained)
    for held in explained.vetoes:
        yield from _held(held)
    for held in explained.limits:
        yield from _held(held)
    for held in explained.conflicts:
        if held.rule == explained.rule:
            yield _kept(held)
        else:
            other = speech.gettext("rule %(rule)s wants it too", rule=held.rule)
            yield f"{other}: {_kept(held)}"
    if explained.change is not None:
        values = ", ".join(f"{name}: {changes.value(value)}" for name, value in explained.change.items())
        if explained.past is None:
            yield speech.gettext("would set %(values)s", values=values)
        else:
            yield speech.gettext("was to set %(values)s", values=values)
    elif explained.matched and not (explained.vetoes or explained.limits or explained.conflicts):
        yield speech.gettext("nothing to change: the order is as the rule wants it")
    if explained.past is not None:
        yield from _past(explained.past)


def _soon(explained: Explanation) -> Iterator[str]:
    coming = explained.coming
    if coming is None:
        return
    age = _wait(explained)
    if coming.unless:
        unless = screen.clean(either([speech.say(one) for one in coming.unless]))
        yield speech.gettext("will match in %(age)s, unless %(unless)s", age=age, unless=unless)
    else:
        yield speech.gettext("will match in %(age)s, if nothing else changes", age=age)
    if coming.stays:
        stays = "; ".join(screen.clean(speech.say(one)) for one in coming.stays)
        yield "  " + speech.gettext("until then must stay: %(conditions)s", conditions=stays)
    if coming.held is not None:
        yield "  " + speech.gettext("and then: %(held)s", held=_kept(coming.held))


def _wait(explained: Explanation) -> str:
    """Return how long it takes until a rule matches, as exactly as the engine knows it."""
    wait = None if explained.coming is None else explained.coming.wait
    speaks = speech.tongue()
    return explained.matches_in or "" if speaks.language == ENGLISH or wait is None else speaks.age(wait)


def either(words: Sequence[str]) -> str:
    """Return words of which one may be meant: `true, false or unknown`."""
    if len(words) == 1:
        return words[0]
    return speech.gettext("%(first)s or %(last)s", first=", ".join(words[:-1]), last=words[-1])


def _held(held: Held) -> Iterator[str]:
    yield _kept(held)
    if held.code in HOLDS:
        yield "  " + speech.gettext("hint: %(hint)s", hint=speech.say(HOLDS[held.code].mend))


def _kept(held: Held) -> str:
    """Say what keeps an order."""
    return screen.clean(speech.gettext("held (%(code)s): %(why)s", code=held.code, why=speech.say(held.why)))


def _past(past: Mapping[str, Any]) -> Iterator[str]:
    why = f": {screen.clean(speech.say(past['why']))}" if past.get("why") else ""
    state = speech.state(states.CHANGES, past.get("stands", past["state"]))
    yield speech.gettext("in run %(run)s it ended as %(state)s", run=past["run_id"], state=state) + why


# --- from a file ----------------------------------------------------------------------------------------


def from_file(file: Path, wanted: str) -> Order:
    """Return the order of that reference or id from a file: one order, a list of them, or an API answer.

    Raises `SettingsError` where the file is no such thing or lacks the order.
    """
    orders = list(_orders(_read(file)))
    for order in orders:
        if naming.among((str(order.get("order_id")), str(order.get("id"))), wanted) is not None:
            return order
    if len(orders) == 1 and "order_id" not in orders[0] and "id" not in orders[0]:
        return orders[0]
    names = [str(order.get("order_id") or order.get("id")) for order in orders[:5]]
    hint = f"it holds {', '.join(f'`{screen.clean(name)}`' for name in names)}" if names else "it holds none"
    more = " and more" if len(orders) > len(names) else ""
    raise SettingsError(f"`{file}` holds no order `{wanted}`", hint=hint + more)


def _read(file: Path) -> Any:
    try:
        raw = files.read(file, _LARGEST_ORDERS)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise SettingsError(f"`{file}` cannot be read: {reason}") from None
    if raw is None:
        raise SettingsError(f"`{file}` is too large to be read")
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_float=Decimal, parse_constant=str)
    except (ValueError, RecursionError):
        return _yaml(raw, file)


def _yaml(raw: bytes, file: Path) -> Any:
    parsed = document.parse(raw)
    if parsed.flaws or not parsed.documents:
        flaw = next(iter(parsed.flaws), None)
        place = f"`{file}`" if flaw is None else f"`{file}:{flaw.spot.line}:{flaw.spot.column}`"
        why = "" if flaw is None else f": {flaw.message}"
        raise SettingsError(f"{place} can be read neither as JSON nor as YAML{why}")
    return parsed.documents[0][1].data


def _orders(found: Any) -> Iterator[Order]:
    if isinstance(found, Mapping) and isinstance(found.get("data"), list | Mapping):
        found = found["data"]
    rows = found if isinstance(found, list) else [found]
    yield from (row for row in rows if isinstance(row, Mapping))


# --- at another moment ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Standing:
    """A clock that stands at a given moment, and otherwise runs as another does."""

    moment: datetime
    clock: Clock

    def now(self) -> datetime:
        """Return the given moment."""
        return self.moment

    def monotonic(self) -> float:
        """Return the other clock's seconds."""
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait as the other clock does."""
        self.clock.sleep(seconds)


def clock_at(text: str | None, clock: Clock, zone: str) -> Clock:
    """Return the clock to judge by: as it is, or standing at an instant; raises `UsageError` for what is none."""
    if text is None:
        return clock
    try:
        return _Standing(durations.parse_instant(text, ZoneInfo(zone)), clock)
    except ValueError as error:
        hint = "write `2026-11-21T10:00:00+07:00`, or a date for its midnight"
        raise click.UsageError(f"--at: {error}; {hint}") from None
