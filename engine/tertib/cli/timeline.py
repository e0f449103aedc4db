"""Slots drawn on a line a rule and a block a day, readable in 80 columns and without colour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from tertib.cli import screen, speech
from tertib.sayings import N_
from tertib.schedule import Planned

_LONGEST_NAME: Final = 30
_SHORTEST_NAME: Final = 14
_WIDE: Final = 80
_MANY: Final = 9
_SIGNS: Final[Mapping[str, str]] = {"runs": "●", "skipped": "x", "paused": "p"}
_WORDS: Final[Mapping[str, str]] = {"runs": N_("runs"), "skipped": N_("skipped"), "paused": N_("paused")}
_STYLES: Final[Mapping[str, str]] = {"runs": "green", "skipped": "yellow", "paused": "magenta"}


Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with its style."""


def lines(slots: Sequence[Planned], days: Sequence[date], zone: str, width: int) -> Iterator[Line]:
    """Yield the blocks of the days, each on the shop's own clock."""
    where = ZoneInfo(zone)
    cells = 48 if width >= _WIDE else 24
    room = max(_SHORTEST_NAME, min(_LONGEST_NAME, width - cells - 1))
    by_day: dict[date, list[Planned]] = defaultdict(list)
    for one in slots:
        by_day[one.at.astimezone(where).date()].append(one)
    for day in days:
        yield ((speech.tongue().weekday(day).ljust(room + 1), "bold"), (_scale(cells), "dim"))
        found = sorted(by_day[day], key=lambda one: one.rule)
        if not found:
            yield (("  " + speech.gettext("no slots"), "dim"),)
        for rule, mine in groupby(found, key=lambda one: one.rule):
            name = screen.shorten(screen.clean(rule), room - 2)
            yield ((f"  {name}".ljust(room + 1), ""), *_row(list(mine), where, cells))
        yield from _reasons(found)
        yield ()


def _scale(cells: int) -> str:
    """Return the hours over the cells, one every three hours."""
    an_hour = cells // 24
    return "".join(f"{hour:02}".ljust(3 * an_hour) for hour in range(0, 24, 3))


def _row(slots: Sequence[Planned], where: ZoneInfo, cells: int) -> Iterator[tuple[str, str]]:
    """Yield the cells of one rule's day."""
    taken: dict[int, list[Planned]] = defaultdict(list)
    for one in slots:
        local = one.at.astimezone(where)
        taken[(local.hour * 60 + local.minute) * cells // (24 * 60)].append(one)
    for cell in range(cells):
        yield _cell(taken.get(cell, []))


def _cell(slots: Sequence[Planned]) -> tuple[str, str]:
    if not slots:
        return "·", "dim"
    running = [one for one in slots if one.state == "runs"]
    state = "runs" if running else slots[0].state
    many = len(running)
    sign = _SIGNS[state] if many <= 1 else "+" if many > _MANY else str(many)
    return sign, _STYLES[state]


def _reasons(slots: Sequence[Planned]) -> Iterator[Line]:
    """Yield why slots of a day do not run, once a reason."""
    kept: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in slots:
        if one.why is not None and one.rule not in kept[one.state, one.why]:
            kept[one.state, one.why].append(one.rule)
    for (state, why), rules in kept.items():
        word = speech.gettext(_WORDS[state])
        text = f"  {_SIGNS[state]} {word}: {speech.say(why)} ({', '.join(rules)})"
        yield ((screen.clean(text), _STYLES[state]),)


def legend() -> Line:
    """Return what the signs mean."""
    signs = speech.gettext(
        "%(runs)s a slot, 2-%(most)s so many, + more, %(skipped)s skipped, %(paused)s paused",
        most=_MANY,
        **_SIGNS,
    )
    return ((signs, "dim"),)
