"""`tertib hold`: keep every rule away from an order."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from tertib.cli import context, options, screen
from tertib.language import durations


@click.command("hold")
@click.argument("order")
@click.option(
    "--until", metavar="TIME", help="When the hold ends: `3d`, `2026-12-24` or a full time; else never."
)
@click.option("--why", default="no reason was given", help="The reason, for whoever asks later.")
@options.json_output
def command(order: str, *, until: str | None, why: str, as_json: bool) -> int:
    """Keep every rule away from ORDER (its number or id) until the hold ends or `tertib release` ends it."""
    opened = context.session()
    now = opened.clock.now()
    ends = None if until is None else _read(until, now, opened.settings.timezone)
    if ends is not None and ends <= now:
        raise click.BadParameter(f"`{until}` has passed", param_hint="--until")
    opened.ledger.hold(opened.settings.account, order, ends, why, now)
    if as_json:
        screen.emit({"order": order, "until": ends and ends.isoformat(), "why": why})
    else:
        end = (
            "until it is released"
            if ends is None
            else f"until {screen.moment(ends, opened.settings.timezone)}"
        )
        click.echo(f"{screen.clean(order)} is on hold {end}")
    return 0


def _read(text: str, now: datetime, zone: str) -> datetime:
    """Read a time or a distance from now; anything else is a wrong command line."""
    try:
        return now + durations.parse_duration(text)
    except ValueError:
        pass
    try:
        return durations.parse_instant(text, ZoneInfo(zone))
    except ValueError as error:
        raise click.BadParameter(
            f"`{text}` is neither a time (`2026-12-24T18:00+07:00`) nor a distance (`3d`)",
            param_hint="--until",
        ) from error
