"""`tertib schedule`: when rules run next, on a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from tertib.cli import accounts, context, options, pause, screen, speech, timeline
from tertib.errors import SettingsError
from tertib.model import Pause, Rule
from tertib.sayings import N_
from tertib.schedule import MOST_AHEAD, Planned, days_from, planned

if TYPE_CHECKING:
    from rich.console import Console

LATEST: Final = datetime.max.replace(tzinfo=UTC)
"""When a rule runs next that does not run on the days that are shown: after all the others."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What there is to show of one account, up to the end of the last day."""

    rules: Sequence[Rule]
    slots: Sequence[Planned]
    pauses: Sequence[Pause]
    days: Sequence[date]
    now: datetime
    until: datetime


@click.command("schedule")
@options.rules_argument
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=2,
    show_default=True,
    metavar="N",
    help="How many days, from today.",
)
@options.json_output
def command(rules: tuple[str, ...], *, days: int, as_json: bool) -> int:
    """Show the next slots of RULES on a timeline, with those that are skipped or paused and why.

    `tertib runs --slots` lists past ones.
    """
    return accounts.each(lambda opened: _schedule(opened, rules, days), as_json=as_json)


def _schedule(opened: context.Session, given: Sequence[str], count: int) -> accounts.Said:
    rules = [one for one in context.rules(opened, given) if one.enabled and one.schedule is not None]
    if not rules:
        hint = 'add `schedule: "*/30 8-21 * * *"` to a rule'
        raise SettingsError("none of these rules has a schedule", hint=hint)
    now, zone = opened.time.now(), opened.settings.timezone
    days = days_from(now, count, zone)
    until = datetime.combine(days[-1] + timedelta(days=1), time(), ZoneInfo(zone)) - timedelta(microseconds=1)
    pauses = pause.standing(opened)
    slots = [slot for rule in rules for slot in planned(rule, pauses, now, until)]
    found = _Shown(rules, slots, pauses, days, now, until)
    return accounts.Said(_document(found, opened), lambda: _show(found, opened))


# --- for programs ---------------------------------------------------------------------------------------


def _document(found: _Shown, opened: context.Session) -> dict[str, Any]:
    listed = sorted(found.slots, key=lambda one: (one.at, one.rule))
    return {
        "account": opened.settings.account,
        "timezone": opened.settings.timezone,
        "now": found.now.isoformat(),
        "until": found.until.isoformat(),
        "rules": [_rule(rule, found) for rule in found.rules],
        "slots": [_slot(one) for one in listed],
        "pauses": pause.documents(found.pauses),
    }


def _rule(rule: Rule, found: _Shown) -> dict[str, Any]:
    mine = [one for one in found.slots if one.rule == rule.name]
    coming = next((one for one in mine if one.state == "runs"), None)
    return {
        "rule": rule.name,
        "cron": rule.schedule.cron if rule.schedule else None,
        "timezone": rule.schedule.timezone if rule.schedule else None,
        "mode": rule.mode.value,
        "next": None if coming is None else coming.at.isoformat(),
        "cut": len(mine) >= MOST_AHEAD,
    }


def _slot(one: Planned) -> dict[str, Any]:
    times = {"at": one.at.isoformat(), "starts": one.starts.isoformat()}
    return {"rule": one.rule, **times, "state": one.state, "why": one.why}


# --- for people -----------------------------------------------------------------------------------------


def _show(found: _Shown, opened: context.Session) -> None:
    from rich.text import Text  # noqa: PLC0415 - `--json` does without rich

    console, zone = opened.console(), opened.settings.timezone
    pause.show(found.pauses, opened)
    _show_next(found, console, zone)
    for line in timeline.lines(found.slots, found.days, zone, console.width):
        console.print(Text.assemble(*line), overflow="fold")
    console.print(Text.assemble(*timeline.legend()))


def _show_next(found: _Shown, console: Console, zone: str) -> None:
    """Print when each rule runs next, the soonest first."""
    listed = screen.table(N_("rule"), N_("mode"), N_("runs next"))
    rows = []
    for rule in found.rules:
        mine = [one for one in found.slots if one.rule == rule.name]
        coming = next((one for one in mine if one.state == "runs"), None)
        starts = LATEST if coming is None else coming.starts
        rows.append((starts, rule.name, rule.mode.value))
    for starts, name, mode in sorted(rows):
        listed.add_row(screen.clean(name), mode, _next(starts, found.now, zone))
    console.print(listed)


def _next(starts: datetime, now: datetime, zone: str) -> str:
    if starts == LATEST:
        return speech.gettext("not on these days")
    at = screen.moment(starts, zone)
    return speech.gettext("%(at)s (in %(age)s)", at=at, age=screen.age(starts - now))
