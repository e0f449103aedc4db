"""`tertib worker`: one of several machines that run the rules of a ledger on PostgreSQL."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import click

from tertib.cli import context, options, serve, watching
from tertib.errors import SettingsError
from tertib.ledger import ledger_file

if TYPE_CHECKING:
    from tertib.dispatch.local import Log
    from tertib.dispatch.worker import Post
    from tertib.ledger.database import Database

MOST: Final = 12
"""Accounts at a time: each needs a connection to the ledger, of which a process keeps fifteen at the most."""

MANY: Final = 50
"""With more accounts than these, connections to Scalev are closed after each turn."""


@click.command("worker")
@options.rules_argument
@click.option(
    "--concurrency",
    type=click.IntRange(1, MOST),
    default=4,
    show_default=True,
    metavar="N",
    help="Work on so many accounts at a time.",
)
@click.option(
    "--tick/--no-tick", default=True, help="Also look for what is due, for all workers; the default."
)
@click.option(
    "--listen",
    metavar="ADDRESS:PORT",
    help="Answer /metrics, /healthz and /readyz there, e.g. 127.0.0.1:9464.",
)
@click.option(
    "--allow-remote-metrics", is_flag=True, help="Let --listen be an address that other machines reach."
)
def command(
    rules: tuple[str, ...], concurrency: int, listen: str | None, *, tick: bool, allow_remote_metrics: bool
) -> int:
    """Run RULES on their schedules together with other workers, on a ledger on PostgreSQL, until SIGTERM or Ctrl-C.

    Start as many as you like, on as many machines; each account is worked on by one of them at a time.
    """
    opened = context.sessions()
    _refuse_unfit(opened[0])
    log = serve.logger(color=opened[0].choices.color)
    watch = watching.Watching(watching.place(opened[0], listen, remote=allow_remote_metrics), log)
    database = _share(opened[0])
    try:
        _work(opened, rules, log, watch, database, concurrency=concurrency, ticks=tick)
    finally:
        for one in opened:
            one.close()
        database.close()
    return 0


def _refuse_unfit(opened: context.Session) -> None:
    """Raise `SettingsError` for a ledger that is a file, and where the queue's library is not installed."""
    if ledger_file(opened.settings.ledger) is not None:
        raise SettingsError(
            "workers share a ledger on PostgreSQL, and this project's is a file",
            hint="set `ledger: postgresql://HOST/DATABASE`, or use `tertib serve` on one machine",
        )
    if find_spec("procrastinate") is None or find_spec("psycopg") is None:
        raise SettingsError(
            "workers need a library that is not installed", hint="pip install 'tertib[scale]'"
        )


def _share(opened: context.Session) -> Database:
    """Open the ledger's database once for all accounts, with the queue's tables."""
    from tertib.clock import LedgerClock  # noqa: PLC0415 - beside what follows
    from tertib.dispatch import queue  # noqa: PLC0415 - brings the queue's library
    from tertib.ledger import process  # noqa: PLC0415 - brings sqlalchemy
    from tertib.ledger.store import open_database  # noqa: PLC0415 - the same
    from tertib.session import Shared  # noqa: PLC0415 - beside what it is made of

    project = opened.project
    database = open_database(opened.settings.ledger)
    project.shared = Shared(database, process.register(), LedgerClock(project.clock, database.now))
    queue.prepare(database)
    return database


def _work(
    opened: tuple[context.Session, ...],
    rules: tuple[str, ...],
    log: Log,
    watch: watching.Watching,
    database: Database,
    *,
    concurrency: int,
    ticks: bool,
) -> None:
    from tertib.dispatch.queue import Queue, QueueBell  # noqa: PLC0415 - as in `_share`
    from tertib.dispatch.worker import Worker  # noqa: PLC0415 - the same

    posts = {one.settings.account: _post(one, rules, log, watch, many=len(opened) > MANY) for one in opened}
    worker = Worker(posts, opened[0].ledger.rota, QueueBell(), opened[0].time, log, ticks=ticks)
    queue = Queue(opened[0].settings.ledger, posts, worker.look, concurrency=concurrency, log=log)
    log.info("working", accounts=len(posts), ledger=database.name)
    with context.stopping(opened[0].clock), watch.at_work():
        worker.run(queue, concurrency)


def _post(
    opened: context.Session, rules: tuple[str, ...], log: Log, watch: watching.Watching, *, many: bool
) -> Post:
    from tertib.dispatch.worker import Post  # noqa: PLC0415 - as in `_share`

    own = serve.OfAccount(log, opened.settings.account)
    told = watch.of_account(opened, own)
    return Post(
        opened.settings.account,
        opened.ledger,
        opened.time,
        own,
        make=lambda: serve.server_of(opened, rules, own, told, enrolled=True),
        book=serve.rulebook(opened, rules),
        rest=opened.hang_up if many else _keep,
    )


def _keep() -> None:
    """Keep the connections for the next turn."""
