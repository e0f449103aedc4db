"""What the stages need from outside: reading Scalev, writing to it, the record, and time.

Reading and writing are separate ports, so that a preview is never handed a writer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from tertib.model import (
    Answer,
    Change,
    Done,
    History,
    Hold,
    Outcome,
    Page,
    Pause,
    Plan,
    Repute,
    Run,
    Source,
    Spent,
    Unsettled,
)

Decode: TypeAlias = Callable[[bytes], Any]
"""Makes a mapping of a body; raises `msgspec.DecodeError` for what is no JSON."""


class Clock(Protocol):
    """Time, injected: tests and the simulator bring their own."""

    def now(self) -> datetime:
        """Return the present instant, with its zone (UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, or return early when the process is asked to stop."""
        ...


class Budget(Protocol):
    """The request allowance of one credential, over all its windows."""

    def take(self) -> None:
        """Wait until a request may be made; raise `BudgetExhausted` where that would be too long."""
        ...

    def observe(self, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer's rate-limit headers (names in lower case)."""
        ...

    def left_hour(self) -> int | None:
        """Return how many requests the hour's window still allows, as far as is known."""
        ...


class Reader(Protocol):
    """Reads of one account. Every method retries what may be retried and raises `ReadError` otherwise."""

    def page(
        self,
        source: Source,
        params: Mapping[str, str],
        cursor: str | None = None,
        decode: Decode | None = None,
    ) -> Page:
        """Return one page: the first where `cursor` is None. With `decode` its orders are what that makes of them."""
        ...

    def count(self, params: Mapping[str, str]) -> int | None:
        """Return how many orders fit, by the statistics endpoint; None where the credential may not ask."""
        ...

    def spent(self) -> Spent:
        """Return what reading has cost so far."""
        ...


class Writer(Protocol):
    """The one write: a bulk change, sent exactly once however it ends."""

    def await_turn(self) -> None:
        """Wait until the budget has room for one write, before anything is claimed for it."""
        ...

    def change_status(self, body: Mapping[str, Any]) -> Answer:
        """Send `body` at once and exactly once, and say how it was answered.

        Never raises for what the network does. Takes no further turn: `await_turn` came before the claim.
        """
        ...

    def spent(self) -> Spent:
        """Return what writing has cost so far."""
        ...


class Ledger(Protocol):
    """The record of one account. Every write is fenced by the lease epoch that `begin` took."""

    def history(self, account: str, orders: Mapping[str, str], since: datetime) -> History:
        """Return what decisions need about these orders, with what was sent since `since`.

        `orders` are their order_ids by `str(id)`: an order is known by either, since its id may change.
        """
        ...

    def save_plan(self, plan: Plan, document: Mapping[str, Any]) -> None:
        """Record a plan's document (as written to its file) under its id."""
        ...

    def plan_document(self, plan_id: str) -> Mapping[str, Any] | None:
        """Return a recorded plan's document, None where this ledger has none of that id."""
        ...

    def ask_approval(self, plan: Plan, why: str, expires_at: datetime, now: datetime) -> None:
        """Let a recorded plan wait for a person, in the place of those of the same rules that still do."""
        ...

    def reputes(self, account: str, hashes: Mapping[str, str], since: datetime) -> Mapping[str, Repute]:
        """Return what is known of each rule, named with its hash: counted over what was sent from `since` on."""
        ...

    def scan_sizes(self, account: str) -> Mapping[str, int]:
        """Return how many orders past runs saw, by the key of what was asked."""
        ...

    def save_scan_sizes(self, account: str, seen: Mapping[str, int], now: datetime) -> None:
        """Remember how many orders were seen, in place of what was known before."""
        ...

    def begin(
        self, account: str, plan_id: str | None, *, kind: str, slots: Sequence[str], now: datetime
    ) -> str:
        """Take the account's lease, open a run and mark the plan as applied by it; return the run's id.

        Without a `plan_id` the run applies nothing: it settles, or records plans that wait for a person. `slots` are the
        keys of the scheduled times that it is for; it goes by the first, and from now on each of them has had its run.
        Changes that an earlier, dead run left as `planned` become `abandoned`: they were never sent. Raises `PlanRefused` where the plan was applied or a slot had its run before, `LeaseLost` where another writer holds the
        account, `AccountHalted` where a person must look first, `Paused` where one paused the account or everything.
        """
        ...

    def renew(self, run_id: str, now: datetime) -> None:
        """Extend the lease; raises `LeaseLost` where it is no longer ours."""
        ...

    def intend(
        self,
        run_id: str,
        changes: Sequence[Change],
        documents: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        """Commit the changes as `planned`, each with its plan document (masked, with its trace)."""
        ...

    def claim(self, run_id: str, changes: Sequence[Change], body: Mapping[str, Any], now: datetime) -> Claim:
        """Move `planned → sent` in one committed compare-and-set; only the ids it returns go on the wire.

        What a person paused or put on hold stays behind; raises `Paused` where that is the account or everything.
        """
        ...

    def answer(self, claim: Claim, answer: Answer, outcomes: Sequence[Outcome], now: datetime) -> str | None:
        """Commit the answer, each change's outcome and the audit records in one transaction.

        An outcome whose state is `PLANNED` puts a definitely refused change back for a bisection. An answer that
        names orders which were not sent stops the account in the same transaction; the return value says so.
        """
        ...

    def conclude(self, run_id: str, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Record outcomes that sent nothing: held, stale, abandoned, previewed, awaiting approval.

        One that the run never intended names the recorded plan that holds its change; `LedgerError` where that plan
        holds none.
        """
        ...

    def done(self, account: str, run_id: str) -> Sequence[Done] | None:
        """Return what became of each order in a run, in its order; None where the account has no run of that id."""
        ...

    def unsettled(self, account: str) -> Sequence[Unsettled]:
        """Return the changes that stand as `sent` with nothing known of their outcome."""
        ...

    def settle(self, account: str, change: Unsettled, outcome: Outcome, now: datetime) -> None:
        """Record what reading an unsettled change back has shown, with its audit record.

        Raises `AlreadySettled` where another process has done so meanwhile.
        """
        ...

    def pauses(self, account: str, now: datetime) -> Sequence[Pause]:
        """Return the pauses that an account is under at `now`: those of everything first, those of rules last."""
        ...

    def holds(self, account: str, now: datetime) -> Sequence[Hold]:
        """Return the holds of an account's orders that stand at `now`, the oldest first."""
        ...

    def halt(self, account: str, why: str, now: datetime) -> None:
        """Stop every further write for the account until a person clears it."""
        ...

    def end(self, run: Run, now: datetime) -> None:
        """Close the run with its totals and release the lease."""
        ...


class Claim(Protocol):
    """One request's permission to be sent."""

    @property
    def request_id(self) -> str:
        """Return the request's own id in the ledger."""
        ...

    @property
    def ids(self) -> Sequence[int | str]:
        """Return exactly the ids that may be sent."""
        ...

    @property
    def epoch(self) -> int:
        """Return the lease epoch that the claim was made under."""
        ...

    @property
    def deadline(self) -> datetime:
        """Return when the lease ends: from then on another process may be at work, and nothing may be sent."""
        ...
