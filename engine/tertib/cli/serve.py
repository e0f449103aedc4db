"""`tertib serve`: run rules on their schedules until stopped."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import click

from tertib.cli import context, options, pages, problems, redact, screen, watching
from tertib.dispatch import local
from tertib.dispatch.rulebook import Rulebook
from tertib.errors import CredentialError, RuleError, SettingsError, TertibError
from tertib.session import Session as AccountSession

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

_WITHOUT_VALUE: Final[tuple[object, ...]] = (None, "", {}, [])


@click.command("serve")
@options.rules_argument
@click.option(
    "--listen",
    metavar="ADDRESS:PORT",
    help="Answer /metrics, /healthz and /readyz there, e.g. 127.0.0.1:9464.",
)
@click.option(
    "--allow-remote-metrics", is_flag=True, help="Let --listen be an address that other machines reach."
)
@click.option(
    "--web",
    "web",
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS:PORT]",
    help="Serve the pages too, at 127.0.0.1:8787 unless an address is given.",
)
def command(
    rules: tuple[str, ...], listen: str | None, *, allow_remote_metrics: bool, web: str | None
) -> int:
    """Run RULES on their schedules until SIGTERM or Ctrl-C; logs what it does and what comes next.

    On a terminal the log is for people, elsewhere each line is JSON. A stop lets the request in flight end and be
    recorded, and sends nothing more.
    """
    opened = context.sessions()
    log = logger(color=opened[0].choices.color)
    shown = pages.place(opened[0], web)
    watch = watching.Watching(watching.place(opened[0], listen, remote=allow_remote_metrics), log)
    if len(opened) == 1:
        servers = [_server(opened[0], rules, log, watch)]
        _ = (
            opened[0].reader,
            opened[0].writer,
        )  # where nothing else could run, a token is missed before the first slot
    else:
        servers = [one for each in opened if (one := _one_of_several(each, rules, log, watch)) is not None]
    if not servers:
        raise SettingsError("there is no account whose rules could be served")
    clock = opened[0].clock
    with context.stopping(clock), watch.at_work(), pages.beside(opened, rules, shown, log) as waiter:
        local.serve(servers, clock, waiter)
    return 0


def _one_of_several(
    opened: context.Session, rules: tuple[str, ...], log: local.Log, watch: watching.Watching
) -> local.Server | None:
    """Return what serves an account, None where it cannot be served: that is logged, and stops no other account."""
    account = opened.settings.account
    try:
        server = _server(opened, rules, log, watch)
    except TertibError as error:
        if isinstance(error, RuleError):
            click.echo(problems.as_text(error.problems), err=True, nl=False)
        log.warning("account left out", account=account, why=str(error), hint=error.hint)
        return None
    try:
        _ = opened.reader, opened.writer
    except CredentialError as error:
        log.warning("account cannot be asked", account=account, why=str(error), hint=error.hint)
    return server


def _server(
    opened: context.Session, rules: tuple[str, ...], log: local.Log, watch: watching.Watching
) -> local.Server:
    own = OfAccount(log, opened.settings.account)
    return server_of(opened, rules, own, watch.of_account(opened, own))


def server_of(
    opened: context.Session,
    rules: tuple[str, ...],
    log: local.Log,
    told: Mapping[str, Any],
    *,
    enrolled: bool = False,
) -> local.Server:
    """Return what serves one account; raises where it has a rule with a mistake, or none with a schedule.

    `told` is who is told of its work, as `Watching.of_account` gives it. `enrolled` is the timetable's; an account that
    is enrolled may be without a schedule, for what was approved is applied all the same.
    """
    chosen = context.rules(opened, rules)
    if not enrolled and not any(rule.enabled and rule.schedule for rule in chosen):
        raise SettingsError(
            "none of these rules has a schedule", hint='add `schedule: "*/30 8-21 * * *"` to a rule'
        )
    machine = machine_of(opened, log, told)
    log.info("serving", rules=[rule.name for rule in chosen], account=opened.settings.account)
    return local.Server(chosen, machine, rulebook(opened, rules).changed, whole=not rules, enrolled=enrolled)


def machine_of(
    opened: AccountSession, log: local.Log, told: Mapping[str, Any] | None = None
) -> local.Machine:
    """Return what serving an account works with, all of it its session's."""
    return local.Machine(
        settings=opened.settings,
        reader=lambda: opened.reader,
        writer=lambda: opened.writer,
        ledger=opened.ledger,
        clock=opened.time,
        mask=opened.mask,
        log=log,
        **(told or {}),
    )


def rulebook(opened: context.Session, rules: tuple[str, ...]) -> Rulebook:
    """Return the files that these words of the command line mean."""
    paths = [word for word in rules if context.is_path(word)]
    return Rulebook(paths, [word for word in rules if word not in paths], opened.settings)


class OfAccount:
    """A log of which every line names one account."""

    def __init__(self, log: local.Log, account: str) -> None:
        self._log, self._account = log, account

    def info(self, event: str, **fields: Any) -> None:
        """Log what happened."""
        self._log.info(event, **{"account": self._account, **fields})

    def warning(self, event: str, **fields: Any) -> None:
        """Log what somebody should look at."""
        self._log.warning(event, **{"account": self._account, **fields})

    def error(self, event: str, **fields: Any) -> None:
        """Log what failed."""
        self._log.error(event, **{"account": self._account, **fields})


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
            sys.stdout.write(f"{message}\n")  # in one piece: accounts log from threads of their own
            sys.stdout.flush()

    info = warning = error = msg


def _without_empty(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {name: value for name, value in event.items() if value not in _WITHOUT_VALUE}


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Take credentials, and what a terminal would obey, out of every text: a message may quote what a server sent back."""
    return {name: _harmless(value) for name, value in event.items()}


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return screen.clean(redact.without_secrets(value, os.environ))
    return [_harmless(one) for one in value] if isinstance(value, list | tuple) else value
