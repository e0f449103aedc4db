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

from tertib.cli import context, files, screen
from tertib.errors import SettingsError
from tertib.explain import Explanation
from tertib.language import document, durations
from tertib.model import Held, Order, Trace, Verdict
from tertib.plan.holds import HOLDS
from tertib.telling import changes

if TYPE_CHECKING:
    from rich.console import Console

    from tertib.ports import Clock

MARKS: Final[Mapping[Verdict, str]] = {True: "✓", False: "✗", None: "?"}
_LARGEST_ORDERS: Final = 256 * 1024 * 1024
_STYLES: Final[Mapping[Verdict, str]] = {True: "green", False: "red", None: "yellow"}
_SAID: Final[Mapping[Verdict, str]] = {True: "matches", False: "does not match", None: "cannot be told"}

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
    said = "matched" if explained.past is not None else _SAID[explained.verdict]
    order = screen.clean(explained.order_id or "the order")
    when = "" if explained.now is None else f"  ({screen.moment(explained.now, zone)})"
    out.print(
        f"{MARKS[explained.verdict]} rule {explained.rule}, order {order}: {said}{when}",
        style=_STYLES[explained.verdict],
        soft_wrap=True,
    )
    for text in (*lines(explained.trace), *_after(explained)):
        out.print(f"  {text}", soft_wrap=True)


def lines(traces: Sequence[Trace], depth: int = 0) -> Iterator[str]:
    """Yield a tree of verdicts, a line a node."""
    for node in traces:
        yield line(node, depth)
        yield from lines(node.children, depth + 1)


def line(node: Trace, depth: int = 0) -> str:
    """Return one node of a trace: its verdict, what it asks, the value that it saw."""
    saw = f"  (saw {screen.clean(node.saw)})" if node.saw else ""
    return f"{'  ' * depth}{MARKS[node.result]} {screen.clean(node.condition)}{saw}"


def _after(explained: Explanation) -> Iterator[str]:
    """Yield what came after the conditions, or will."""
    if explained.excluded_by:
        names = ", ".join(f"`{name}`" for name in explained.excluded_by)
        yield f"the query keeps this order out, by {names}"
    yield from _soon(explained)
    for held in explained.vetoes:
        yield from _held(held)
    for held in explained.limits:
        yield from _held(held)
    for held in explained.conflicts:
        who = "" if held.rule == explained.rule else f"rule {held.rule}, which wants it too, is "
        yield f"{who}held ({held.code}): {screen.clean(held.why)}"
    if explained.change is not None:
        did = "was to set" if explained.past is not None else "would set"
        values = ", ".join(f"{name}: {changes.value(value)}" for name, value in explained.change.items())
        yield f"{did} {values}"
    elif explained.matched and not (explained.vetoes or explained.limits or explained.conflicts):
        yield "nothing to change: the order is as the rule wants it"
    if explained.past is not None:
        yield from _past(explained.past)


def _soon(explained: Explanation) -> Iterator[str]:
    coming = explained.coming
    if coming is None:
        return
    unless = f", unless {_listed(coming.unless)}" if coming.unless else ", if nothing else changes"
    yield f"will match in {explained.matches_in}{unless}"
    if coming.stays:
        yield f"  until then must stay: {'; '.join(map(screen.clean, coming.stays))}"
    if coming.held is not None:
        yield f"  and would then be held ({coming.held.code}): {screen.clean(coming.held.why)}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _held(held: Held) -> Iterator[str]:
    yield f"held ({held.code}): {screen.clean(held.why)}"
    if held.code in HOLDS:
        yield f"  hint: {HOLDS[held.code].mend}"


def _past(past: Mapping[str, Any]) -> Iterator[str]:
    why = f": {screen.clean(past['why'])}" if past.get("why") else ""
    yield f"in run {past['run_id']} it ended as {past['state']}{why}"


# --- from a file ----------------------------------------------------------------------------------------


def from_file(file: Path, wanted: str) -> Order:
    """Return the order of that reference or id from a file: one order, a list of them, or an API answer.

    Raises `SettingsError` where the file is no such thing or lacks the order.
    """
    orders = list(_orders(_read(file)))
    for order in orders:
        if wanted in {order.get("order_id"), str(order.get("id"))}:
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


def as_scalev_names_it(opened: context.Session, order: str) -> str:
    """Return the order's number for an id that the record knows: Scalev finds orders by their number alone."""
    known = opened.ledger.changes_of(opened.settings.account, order)
    return next((one.order_id for one in reversed(known) if one.order_id), order)


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
