"""`tertib serve`: run rules on their schedules until stopped."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click

from tertib.cli import context, options, redact
from tertib.dispatch import local
from tertib.errors import SettingsError

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

_WITHOUT_VALUE: Final[tuple[object, ...]] = (None, "", {}, [])


@click.command("serve")
@options.rules_argument
def command(rules: tuple[str, ...]) -> int:
    """Run RULES on their schedules until SIGTERM or Ctrl-C; logs what it does and what comes next.

    On a terminal the log is for people, elsewhere each line is JSON. A stop lets the request in flight end and be
    recorded, and sends nothing more.
    """
    opened = context.session()
    chosen = context.rules(opened, rules)
    if not any(rule.enabled and rule.schedule for rule in chosen):
        raise SettingsError(
            "none of these rules has a schedule", hint='add `schedule: "*/30 8-21 * * *"` to a rule'
        )
    log = logger(color=opened.choices.color)
    machine = local.Machine(
        settings=opened.settings,
        reader=opened.reader,
        writer=opened.writer,
        ledger=opened.ledger,
        clock=opened.clock,
        mask=opened.mask,
        log=log,
    )
    with context.stopping(opened.clock):
        log.info("serving", rules=[rule.name for rule in chosen], account=opened.settings.account)
        local.serve(chosen, machine)
    return 0


def logger(*, color: bool | None = None) -> local.Log:
    """Return the log: readable on a terminal, JSON lines elsewhere, on stdout, with no secret and no empty field."""
    import structlog  # noqa: PLC0415 - takes as long to import as all of `tertib --help`

    terminal = sys.stdout.isatty()
    colored = terminal and color is not False and "NO_COLOR" not in os.environ
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=colored) if terminal else structlog.processors.JSONRenderer()
    )
    made: local.Log = structlog.wrap_logger(
        _Lines(),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_empty,
            _without_secrets,
            last,
        ],
        wrapper_class=structlog.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return made


class _Lines:
    """Write each line at once. A log that cannot be written is no reason to leave a slot unrecorded."""

    def msg(self, message: str) -> None:
        """Write one line."""
        with suppress(OSError):
            print(message, file=sys.stdout, flush=True)  # noqa: T201 - this is the log's own output

    info = warning = error = msg


def _without_empty(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {name: value for name, value in event.items() if value not in _WITHOUT_VALUE}


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Take credentials out of every text, for a message may quote what a server sent back."""
    return {
        name: redact.without_secrets(value, os.environ) if isinstance(value, str) else value
        for name, value in event.items()
    }
