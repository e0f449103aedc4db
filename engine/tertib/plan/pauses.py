"""What a person paused: whether anything goes, and which changes stay behind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from tertib.model import Change, Held, Pause
from tertib.sayings import said


def whole(pauses: Iterable[Pause]) -> Pause | None:
    """Return the pause under which nothing goes at all: that of the account, or of everything."""
    return next((one for one in pauses if one.rule is None), None)


def paused(changes: Iterable[Change], pauses: Sequence[Pause]) -> Iterator[Held]:
    """Yield a hold for every change of a rule that is paused by name."""
    by_rule = {one.rule: one for one in pauses}
    for change in changes:
        pause = by_rule.get(change.rule)
        if pause is not None:
            yield Held(change.order_id, change.rule, "paused", pause.told, change.id)


def warnings(rules: Collection[str], pauses: Iterable[Pause]) -> Iterator[str]:
    """Yield what keeps a plan of these rules from being applied for now: planning itself goes on."""
    for pause in pauses:
        if pause.rule is None or pause.rule in rules:
            yield said("%(why)s; nothing of it is applied until it is resumed", why=pause.told)
