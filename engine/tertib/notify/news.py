"""What is new in what the record says, against what people were told: pure, and the only place that decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, get_args

from tertib.ledger.notices import Notice
from tertib.model import Channel, NotifyEvent
from tertib.notify.situations import CURSOR, Found, Situation

How: TypeAlias = Literal["new", "still", "over"]

_RULE_KINDS: Final = frozenset({"failing", "held", "limit", "idle"})


@dataclass(frozen=True, slots=True)
class Message:
    """What one message says: several things of one kind that are new, go on, or are over."""

    kind: NotifyEvent
    how: How
    items: tuple[Situation, ...]

    def for_channel(self, channel: Channel) -> Message | None:
        """Return what of it a channel wants to hear, None where that is nothing.

        Things whose money is not known to be below the channel's least are told.
        """
        if self.kind not in channel.on:
            return None
        least = channel.min_money
        kept = tuple(one for one in self.items if least is None or one.money is None or one.money >= least)
        return replace(self, items=kept) if kept else None


@dataclass(frozen=True, slots=True)
class News:
    """The messages to send, and what to remember once they are on their way."""

    messages: tuple[Message, ...]
    told: tuple[Notice, ...]
    over: tuple[str, ...]


def news(
    found: Found,
    standing: Mapping[str, Notice],
    now: datetime,
    remind: timedelta | None,
    known: Iterable[str] | None = None,
) -> News:
    """Return what to tell of what was found: what is new, what is worth a reminder, what is over.

    Of a rule that was not looked at nothing is said. `known` are the rules that still have a schedule: what is told
    of another's slots ends silently.
    """
    present = {one.key: one for one in found.going_on}
    fresh = [one for one in found.going_on if _is_fresh(one, standing.get(one.key))]
    old = [one for one in found.going_on if one not in fresh]
    still = [one for one in old if remind is not None and now - standing[one.key].told_at >= remind]
    gone = [key for key in standing if key not in present and key != CURSOR and _was_looked_at(key, found)]
    lost = set() if known is None else {key for key in standing if _rule_of(key) not in {None, *known}}
    over = [found.ended[key] for key in gone if key in found.ended and key not in lost]
    told = [_notice(one, now, now) for one in fresh]
    told += [_notice(one, standing[one.key].since, now) for one in still]
    told += [
        _notice(one, standing[one.key].since, standing[one.key].told_at)
        for one in old
        if one not in still and standing[one.key].detail != _detail(one)
    ]
    if CURSOR not in standing or standing[CURSOR].detail != found.cursor:
        told.append(Notice(CURSOR, now, now, found.cursor))
    messages = [*_grouped("new", (*fresh, *found.done)), *_grouped("still", still), *_grouped("over", over)]
    return News(tuple(messages), tuple(told), tuple({*gone, *lost} - present.keys()))


def _is_fresh(one: Situation, told: Notice | None) -> bool:
    return told is None or told.detail.get("sign", "") != one.sign


def _was_looked_at(key: str, found: Found) -> bool:
    rule = _rule_of(key)
    return rule is None or rule in found.rules


def _rule_of(key: str) -> str | None:
    kind, _, rule = key.partition(":")
    return rule if kind in _RULE_KINDS else None


def _notice(one: Situation, since: datetime, told_at: datetime) -> Notice:
    return Notice(one.key, since, told_at, _detail(one))


def _detail(one: Situation) -> dict[str, Any]:
    plan = {"plan": one.item["plan"]} if "plan" in one.item else {}
    return {"sign": one.sign, **plan}


def _grouped(how: How, situations: Iterable[Situation]) -> Iterator[Message]:
    """Yield one message for each kind, in the order in which the settings list the kinds."""
    by_kind: dict[str, list[Situation]] = {}
    for one in situations:
        by_kind.setdefault(one.kind, []).append(one)
    for kind in get_args(NotifyEvent):
        if kind in by_kind:
            yield Message(kind, how, tuple(by_kind[kind]))


def money_of(message: Message) -> Decimal | None:
    """Return what everything in a message is worth together, None where nothing of it is known."""
    known = [one.money for one in message.items if one.money is not None]
    return sum(known, Decimal(0)) if known else None
