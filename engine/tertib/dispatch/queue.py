"""The queue between workers, on Procrastinate: it decides which worker looks at an account, and nothing else.

A job is a bell: "look at this account". It carries nothing, is never retried and is deleted when it ends, however it
ends; a worker that died leaves a job that `sweep` deletes, and the account is rung for again. So no job runs twice,
a late end of one touches no other, and the library's periodic tasks and retries are not used at all. See
`docs/decisions/0015-the-queue-is-a-bell.md`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any, Final

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector, exceptions
from procrastinate.jobs import DeleteJobCondition, Job, Status
from sqlalchemy import Connection, func, make_url, select, text

from tertib.dispatch.needs import Log
from tertib.errors import LedgerError
from tertib.ledger.database import Database

TASK: Final = "tertib.look"
BEAT: Final = 5.0
"""Seconds between a worker's signs of life to the queue."""

DEAD: Final = 30.0
"""Seconds without one after which its jobs are swept away: long before a lease ends, which is what protects."""

POLL: Final = 1.0
"""Seconds between looks for a job."""

_OPEN: Final = text("SELECT queueing_lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
_MISSING: Final = text("SELECT to_regclass('procrastinate_jobs') IS NULL")
_PREPARING: Final = int.from_bytes(b"queue", "big")


def conninfo(url: str) -> str:
    """Return a ledger's URL as the driver itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def prepare(database: Database) -> None:
    """Create the queue's tables beside the ledger's, where they are not; raises `LedgerError`."""
    with database.writing() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_PREPARING)))
        if connection.scalar(_MISSING):
            _create(connection)


def _create(connection: Connection) -> None:
    wire = connection.connection.driver_connection
    if wire is None:
        raise LedgerError("the connection to the ledger is gone")
    wire.execute(_app().schema_manager.get_schema())


def _app() -> App:
    """Return an app that has no connection of its own: it is handed the transaction that it writes in."""
    return App(connector=SyncPsycopgConnector())


class QueueBell:
    """Rings for accounts in a tick's own transaction; implements `tick.Bell`."""

    def __init__(self) -> None:
        self._jobs = _app().job_manager

    def rung(self, connection: Any) -> set[str]:
        """Return the accounts with a job that waits or runs."""
        return {row[0] for row in connection.execute(_OPEN.text) if row[0] is not None}

    def ring(self, connection: Any, accounts: Collection[str]) -> None:
        """Queue one job for each account; it waits while another of the account runs."""
        jobs = [
            Job(
                queue=account,
                task_name=TASK,
                task_kwargs={},
                lock=account,
                queueing_lock=account,
                priority=0,
                scheduled_at=None,
            )
            for account in sorted(accounts)
        ]
        if jobs:
            self._jobs.batch_defer_jobs(jobs, connection=connection)


class Queue:
    """One worker's end of the queue. `look` is called with each account that was rung for, in a thread."""

    def __init__(
        self, url: str, accounts: Collection[str], look: Callable[[str], None], *, concurrency: int, log: Log
    ) -> None:
        connector = PsycopgConnector(conninfo=conninfo(url), min_size=1, max_size=4, timeout=5.0)
        self._app = App(connector=connector)
        self._accounts, self._concurrency, self._log = sorted(accounts), concurrency, log
        _speak_through(log)

        @self._app.task(name=TASK, pass_context=True)
        def _look(context: Any) -> None:
            look(context.job.queue)

    async def work(self) -> None:
        """Take jobs until cancelled, which lets those at work end; returns, or raises, where the server is gone."""
        async with self._app.open_async():
            await self._app.run_worker_async(
                queues=self._accounts,
                concurrency=self._concurrency,
                install_signal_handlers=False,
                listen_notify=False,
                fetch_job_polling_interval=POLL,
                update_heartbeat_interval=BEAT,
                stalled_worker_timeout=DEAD,
                delete_jobs=DeleteJobCondition.ALWAYS,
            )

    async def sweep(self) -> int:
        """Delete the jobs whose worker gives no sign of life, and return how many there were.

        None is put back: it might still be at work, and its late end would then end another's job.
        """
        swept = 0
        for job in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD):
            try:
                await self._app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
            except exceptions.ConnectorException:
                continue  # it ended, or another worker swept it
            swept += 1
            self._log.warning("job of a silent worker swept", account=job.queue)
        return swept


class _Said(logging.Handler):
    """Passes on what the libraries say through the worker's own log."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log a message without its traceback, which may quote a statement."""
        self._log.warning("queue", why=record.getMessage(), source=record.name)


def _speak_through(log: Log) -> None:
    for name in ("procrastinate", "psycopg.pool"):
        logger = logging.getLogger(name)
        logger.handlers = [_Said(log)]
        logger.propagate = False
