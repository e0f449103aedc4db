"""How a rule judged one order, as a tree that people can follow; and orders read from a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tertib.cli import preview, screen
from tertib.errors import SettingsError
from tertib.explain import Explanation
from tertib.model import Order, Trace, Verdict

if TYPE_CHECKING:
    from rich.console import Console

_MARKS: Final[Mapping[Verdict, tuple[str, str]]] = {
    True: ("✓", "green"),
    False: ("✗", "red"),
    None: ("?", "yellow"),
}
_SAID: Final[Mapping[Verdict, str]] = {True: "matches", False: "does not match", None: "cannot be told"}


def show(explained: Explanation, out: Console) -> None:
    """Print an explanation: the verdict, each condition with what it saw, what keeps the order, what would change."""
    mark, style = _MARKS[explained.verdict]
    order = screen.clean(explained.order_id or "the order")
    out.print(f"{mark} rule {explained.rule}, order {order}: {_SAID[explained.verdict]}", style=style)
    for depth, node in _lines(explained.trace):
        sign, _ = _MARKS[node.result]
        saw = f"  (saw {screen.clean(node.saw)})" if node.saw else ""
        out.print(f"{'  ' * (depth + 1)}{sign} {screen.clean(node.condition)}{saw}")
    for held in explained.vetoes:
        out.print(f"  held ({held.code}): {screen.clean(held.why)}", style="yellow")
    if explained.change is not None:
        said = ", ".join(f"{name}: {preview.value(value)}" for name, value in explained.change.items())
        out.print(f"  would set {said}")
    elif explained.matched and not explained.vetoes:
        out.print("  nothing to change: the order is as the rule wants it")
    if explained.matches_in:
        out.print(f"  would match in {explained.matches_in}, if nothing else changes")


def _lines(nodes: Sequence[Trace], depth: int = 0) -> Iterator[tuple[int, Trace]]:
    for node in nodes:
        yield depth, node
        yield from _lines(node.children, depth + 1)


def from_file(file: Path, wanted: str) -> Order:
    """Return the order of that reference or id from a JSON file: one order, a list of them, or an API answer.

    Raises `SettingsError` where the file is no such thing or lacks the order.
    """
    try:
        read = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"`{file}` is not readable as JSON") from error
    for order in _orders(read):
        if wanted in (order.get("order_id"), str(order.get("id"))):
            return order
    raise SettingsError(f"`{file}` holds no order `{wanted}`")


def _orders(read: Any) -> Iterator[Order]:
    if isinstance(read, Mapping) and isinstance(read.get("data"), list | Mapping):
        read = read["data"]
    rows = read if isinstance(read, list) else [read]
    yield from (row for row in rows if isinstance(row, Mapping))
