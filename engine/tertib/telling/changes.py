"""A planned change in a line: what becomes of the order, and what the conditions saw."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from tertib.model import Change, Held, Trace
from tertib.plan.limits import waiting
from tertib.telling.seen import seen
from tertib.telling.text import clean, shorten
from tertib.telling.tongue import Tongue

_LONGEST_VALUE: Final = 28
_AGE: Final = re.compile(r"^\S+ \S+ \((.+ old)\)$")
_STATUSES: Final = ("status", "payment_status")
_MASKED_BY_RECORD: Final = "mask"


def summary(changes: Sequence[Change], tongue: Tongue, held: Iterable[Held] = ()) -> str:
    """Say what changes come to (orders, money, and what cannot be taken back), and what waits because of a limit."""
    waits = [clean(tongue.say(one)) for one in waiting(held)]
    told = [_sum(changes, tongue)] if changes or not waits else []
    return "; ".join([*told, *waits])


def _sum(changes: Sequence[Change], tongue: Tongue) -> str:
    """Say in one sentence what changes come to."""
    if not changes:
        return tongue.gettext("nothing to change")
    final = sum(not one.reversible for one in changes)
    money = tongue.rupiah(sum((one.value or Decimal(0) for one in changes), Decimal(0)))
    if not final:
        return tongue.ngettext(
            "%(count)s order, %(money)s; buyers may be messaged; can be undone",
            "%(count)s orders, %(money)s; buyers may be messaged; can be undone",
            len(changes),
            money=money,
        )
    if final == len(changes):
        return tongue.ngettext(
            "%(count)s order, %(money)s; buyers may be messaged; cannot be undone",
            "%(count)s orders, %(money)s; buyers may be messaged; cannot be undone",
            len(changes),
            money=money,
        )
    return tongue.gettext(
        "%(count)s orders, %(money)s; buyers may be messaged; %(final)s cannot be undone",
        count=tongue.number(len(changes)),
        money=money,
        final=tongue.number(final),
    )


def step(change: Change) -> str:
    """Return present state and new state in a line: `pending → canceled`, and what else is set."""
    moved = (f"{before} → {wanted}" for before, wanted in moves(change))
    return ", ".join([*moved, *others(change)])


def moves(change: Change) -> list[tuple[str, str]]:
    """Return the statuses that a change moves, each as it is and as it is to be."""
    return [
        (value(change.before.get(name)), value(change.set[name]))
        for name in _STATUSES
        if name in change.set and change.set[name] != change.before.get(name)
    ]


def others(change: Change) -> list[str]:
    """Return what else a change sets, each in a word or two."""
    return [
        # before a plan is recorded, what a template took of a buyer is still there in clear
        f"+ {name}" if name in change.personal else _also(name, value(wanted))
        for name, wanted in change.set.items()
        if name not in (*_STATUSES, "by") and wanted != change.before.get(name)
    ]


def _also(name: str, wanted: str) -> str:
    """Name a further value; an address is too long for a table, and stands in the plan's file."""
    return f"+ {name}" if "://" in wanted else f"{name} {shorten(wanted, _LONGEST_VALUE)}"


def value(raw: Any) -> str:
    """Show a present or wanted value; one that the record knows by fingerprint only, by its mask."""
    if isinstance(raw, Mapping):
        raw = raw.get(_MASKED_BY_RECORD, "")
    return "?" if raw is None else clean(raw)


def why(reasons: Sequence[Trace], tongue: Tongue) -> str:
    """Return what the conditions saw, in a line; `explain` and the plan's file show the conditions themselves."""
    return ", ".join(clean(_saw(one, tongue)) for one in reasons)


def _saw(reason: Trace, tongue: Tongue) -> str:
    field, colon, _ = reason.condition.partition(":")
    if not (reason.saw and colon):
        return reason.condition
    # of a time, the age says more in less room
    age = _AGE.fullmatch(reason.saw)
    return f"{field} {seen(age[1] if age else reason.saw, tongue)}"
