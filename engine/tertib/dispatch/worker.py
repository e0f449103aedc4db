"""One of several workers on a shared ledger: ticks, takes the accounts that were rung for, and looks after the queue.

What a worker does for an account is a `Server`'s turn, the same as on one machine. Every trouble between machines ends
in the ledger: slots are unique, one run holds an account's lease, and what nobody ends is taken up by the next who looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, Protocol

from tertib.dispatch import tick
from tertib.dispatch.local import AFTER_TROUBLE, LONGEST_WAIT, Server
from tertib.dispatch.needs import Log, SlotLedger, StoppableClock
from tertib.dispatch.rulebook import Edition, Rulebook
from tertib.dispatch.timetable import RESCHEDULED, TAKEN_AWAY
from tertib.errors import TertibError
from tertib.ledger import beats
from tertib.ledger.rota import Rota
from tertib.ledger.slots import Slot
from tertib.sayings import N_, said

TICK: Final = timedelta(seconds=1)
LOOK_AGAIN: Final = beats.EVERY
ENROL: Final = timedelta(minutes=1)
"""How often the rules' files are looked at."""

FORSAKEN: Final = timedelta(days=1)
"""After this long without a worker that takes its slots, an account counts as one that nobody serves any more."""

NOBODY_SERVES: Final = N_("no worker serves this account")


class SharedLedger(SlotLedger, Protocol):
    """A ledger whose slots are announced to several machines."""

    @property
    def rota(self) -> Rota:
        """Return the schedules."""
        ...

    def announced(self, account: str) -> Sequence[Slot]:
        """Return the slots that wait to be taken."""
        ...

    def busy(self, account: str, now: datetime) -> bool:
        """Tell whether a run that may still be at work holds the account."""
        ...

    def give_back(self, account: str, now: datetime) -> None:
        """Let go of the slots that this process took and began no run for."""
        ...


class Post:
    """One account as a worker works on it. `make` loads its rules; `rest` lets go of what only a turn needs."""

    def __init__(
        self,
        account: str,
        ledger: SharedLedger,
        clock: StoppableClock,
        log: Log,
        *,
        make: Callable[[], Server],
        book: Rulebook,
        rest: Callable[[], None],
    ) -> None:
        self.account, self._ledger, self._clock, self._log = account, ledger, clock, log
        self._make, self._book, self._rest = make, book, rest
        self._server: Server | None = None
        self._edition: Edition | None = None
        self._why: str | None = None
        self._owes = False
        self._at_work = Lock()

    def enrol(self) -> None:
        """Put the account's schedules on the rota as its files have them now; raises `LedgerError`."""
        if self._served() is None:
            return
        edition = self._edition = self._book.changed() or self._edition
        if edition is None:
            return
        now = self._clock.now()
        wanted = tick.scheduled(self.account, edition.rules, now)
        self._ledger.rota.enrol(
            self.account, wanted, now, changed=RESCHEDULED, gone=TAKEN_AWAY, but=frozenset(edition.broken)
        )
        self._edition = None

    def look(self) -> None:
        """Take what waits for this account, unless it is being worked on; what fails is logged."""
        if not self._at_work.acquire(blocking=False):
            return
        try:
            self._turn()
        except TertibError as error:
            self._log.error("turn failed", why=str(error), hint=error.hint)
        finally:
            self._rest()
            self._at_work.release()

    def pay_back(self) -> None:
        """Let go of what a turn took and could not close, for the ledger was gone; raises `LedgerError` while it is.

        Another worker may have the account's next job, and cannot know that this one, alive as it is, has given up.
        """
        if self._owes and self._at_work.acquire(blocking=False):
            try:
                self._give_back()
            finally:
                self._at_work.release()

    def _give_back(self) -> None:
        """Let go of what had no run, which others may take, and close what had one."""
        self._ledger.give_back(self.account, self._clock.now())
        self._owes = self._server is not None and not self._server.close_again()

    def _turn(self) -> None:
        now = self._clock.now()
        if self._ledger.busy(self.account, now):
            return  # its slots wait, and are rung for again
        if self._owes:
            self._give_back()
        server, announced = self._served(), self._ledger.announced(self.account)
        if server is None:
            self._fail(announced, now)
            return
        self._owes = True
        server.begin(now, announced)
        server.turn()
        server.close_again()  # before anything is given back: what can be told of a slot is not to be lost
        self._give_back()
        now = self._clock.now()
        server.give_up(self._ledger.announced(self.account), now)
        times = [] if server.settles_at is None else [server.settles_at]
        times += [now + LONGEST_WAIT] if self._ledger.approvals.approved(self.account, now) else []
        if times:
            self._ledger.rota.wake(self.account, min(times), now)

    def _served(self) -> Server | None:
        """Return the account's server; None where it cannot be made, which is logged once."""
        if self._server is None:
            try:
                self._server = self._make()
            except TertibError as error:
                if self._why != str(error):
                    self._log.error("account left out", why=str(error), hint=error.hint)
                self._why = str(error)
        return self._server

    def _fail(self, announced: Sequence[Slot], now: datetime) -> None:
        for slot in announced:
            note = said("the account cannot be served: %(why)s", why=self._why)
            self._ledger.slot_pass(self.account, slot.rule, slot.slot_at, "failed", now, note=note)


class Working(Protocol):
    """A worker's end of the queue."""

    async def work(self) -> None:
        """Take jobs until cancelled."""
        ...

    async def sweep(self) -> int:
        """Delete the jobs of dead workers."""
        ...


class Worker:
    """What one process does until it is asked to stop."""

    def __init__(
        self,
        posts: Mapping[str, Post],
        rota: Rota,
        bell: tick.Bell,
        clock: StoppableClock,
        log: Log,
        *,
        ticks: bool = True,
    ) -> None:
        self._posts, self._rota, self._bell = posts, rota, bell
        self._clock, self._log, self._ticks = clock, log, ticks
        self._next: dict[str, float] = {}
        self._troubled = False

    def look(self, account: str) -> None:
        """Look at an account that was rung for."""
        if not self._clock.stopping:
            self._posts[account].look()

    def run(self, queue: Working, concurrency: int) -> None:
        """Work until a stop was asked for: what is at work then ends in its own orderly way."""
        asyncio.run(self._run(queue, concurrency))
        self._log.info("stopped")

    async def _run(self, queue: Working, concurrency: int) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(concurrency + 2))
        loop.set_exception_handler(self._late)
        others = [asyncio.create_task(self._working(queue)), asyncio.create_task(self._sweeping(queue))]
        await asyncio.to_thread(self._keep_time)
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _late(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what the queue raised where nobody waited: a job whose end came after it had been swept."""
        kind = type(context.get("exception")).__name__
        self._log.warning("queue", why=f"a job's end was not taken ({kind})")

    async def _working(self, queue: Working) -> None:
        while not self._clock.stopping:
            try:
                await queue.work()
            except Exception as error:  # noqa: BLE001 - whatever the library raises, the next attempt is made
                self._log.warning("queue lost", why=type(error).__name__)
            await asyncio.sleep(AFTER_TROUBLE.total_seconds())

    async def _sweeping(self, queue: Working) -> None:
        while not self._clock.stopping:
            await asyncio.sleep(LOOK_AGAIN.total_seconds())
            with suppress(Exception):  # a server that is gone is logged by those that need it more
                await queue.sweep()

    # --- keeping time, in a thread of its own ----------------------------------------------------------

    def _keep_time(self) -> None:
        while not self._clock.stopping:
            self.keep_time()
            self._clock.sleep((AFTER_TROUBLE if self._troubled else TICK).total_seconds())

    def keep_time(self) -> None:
        """Do what is due of a worker itself: enrol schedules, give a sign of life, tick; trouble is logged once."""
        try:
            self._now_and_then("enrol", ENROL, self._enrol)
            self._now_and_then("beat", beats.EVERY, self._beat)
            if self._ticks:
                tick.look(self._rota, self._bell, self._clock.now())
                self._now_and_then("again", LOOK_AGAIN, self._look_again)
                self._now_and_then("leave", ENROL, self._leave)
        except TertibError as error:
            if not self._troubled:
                self._log.error("tick failed", why=str(error), hint=error.hint)
            self._troubled = True
        else:
            if self._troubled:
                self._log.info("ticking again")
            self._troubled = False

    def _beat(self) -> None:
        self._rota.beat(self._clock.now())
        for post in self._posts.values():
            post.pay_back()

    def _look_again(self) -> None:
        tick.look_again(self._rota, self._bell, self._clock.now())

    def _leave(self) -> None:
        """Take off the rota what was taken out of every worker's settings: its slots would be announced for ever."""
        now = self._clock.now()
        with self._rota.tick(now) as look:
            forsaken = look.forsaken(now - FORSAKEN) - self._posts.keys()
        for account in sorted(forsaken):
            left = self._rota.leave(account, now, NOBODY_SERVES)
            self._log.warning("account left", account=account, slots=left, why=NOBODY_SERVES)

    def _enrol(self) -> None:
        for post in self._posts.values():
            if self._clock.stopping:
                return
            post.enrol()

    def _now_and_then(self, what: str, every: timedelta, do: Callable[[], None]) -> None:
        moment = self._clock.monotonic()
        if moment >= self._next.get(what, moment):
            do()
            self._next[what] = moment + every.total_seconds()
