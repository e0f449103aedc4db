"""What a worker does for one account between the queue and the account's own server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tertib.dispatch.rulebook import Edition, Rulebook
from tertib.dispatch.worker import Post
from tertib.errors import LedgerError, RuleError
from tertib.ledger.slots import Slot

NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
DUE = Slot("a/cancel", "cancel", NOON, "due", None, "", NOON, None)


@dataclass
class Stage:
    """Ledger, rota, server, clock and log in one: what was called, in order."""

    calls: list[str] = field(default_factory=list)
    held: bool = False
    gone: bool = False
    broken: bool = False
    unclosed: int = 0
    settles_at: datetime | None = None
    approved: tuple[str, ...] = ()
    during: Callable[[], None] = lambda: None

    @property
    def rota(self) -> Any:
        """Return what schedules are kept in."""
        return self

    @property
    def approvals(self) -> Any:
        """Return the plans that were approved and are not applied."""
        return SimpleNamespace(approved=lambda _account, _now: self.approved)

    def now(self) -> datetime:
        """Return noon."""
        return NOON

    def busy(self, _account: str, _now: datetime) -> bool:
        """Tell whether another is at work."""
        return self.held

    def announced(self, _account: str) -> tuple[Slot, ...]:
        """Return one slot."""
        return (DUE,)

    def give_back(self, _account: str, _now: datetime) -> None:
        """Fail while the ledger is gone."""
        if self.gone:
            raise LedgerError("the ledger cannot be reached")
        self.calls.append("gave back")

    def slot_pass(
        self, _account: str, _rule: str, _at: datetime, state: str, _now: datetime, note: str
    ) -> bool:
        """Keep what a slot was written down as."""
        self.calls.append(f"{state}: {note}")
        return True

    def begin(self, _now: datetime, announced: object) -> None:
        """Take up what waits."""
        assert announced == (DUE,)

    def turn(self) -> None:
        """Work."""
        self.calls.append("turn")
        self.during()

    def close_again(self) -> bool:
        """Close what is left at the last of so many tries."""
        if self.unclosed:
            self.unclosed -= 1
            self.calls += [] if self.unclosed else ["closed"]
        return not self.unclosed

    def give_up(self, _announced: object, _now: datetime) -> None:
        """Write down what no turn takes."""

    def wake(self, _account: str, at: datetime, _now: datetime) -> None:
        """Keep when the account is to be woken."""
        self.calls.append(f"wake {at:%H:%M}")

    def enrol(self, _account: str, _wanted: object, _now: datetime, **_why: object) -> None:
        """Fail while the ledger is gone."""
        if self.gone:
            raise LedgerError("the ledger cannot be reached")
        self.calls.append("enrolled")

    def error(self, event: str, **_fields: Any) -> None:
        """Keep what was logged."""
        self.calls.append(event)

    def make(self) -> Any:
        """Return the server, or fail as rules with a mistake do."""
        if self.broken:
            raise RuleError(())
        return self

    def post(self) -> Post:
        """Return the account's post."""
        it = cast("Any", self)
        return Post("a", it, it, it, make=self.make, book=cast("Rulebook", None), rest=lambda: None)


def test_a_turn_takes_what_waits_and_wakes_for_what_is_unknown() -> None:
    """One turn of the account's own server, and a bell for when outcomes may be read back."""
    stage = Stage(settles_at=NOON + timedelta(minutes=15))
    stage.post().look()
    assert stage.calls == ["turn", "gave back", "wake 05:15"]


def test_what_was_approved_and_not_applied_is_tried_again_soon() -> None:
    """Scalev did not answer, say: the account is woken in a minute, or sooner where an outcome is due before."""
    stage = Stage(approved=("plan-1",))
    stage.post().look()
    stage.settles_at = NOON + timedelta(seconds=30)
    stage.post().look()
    assert [call for call in stage.calls if "wake" in call] == ["wake 05:01", "wake 05:00"]


def test_an_enrolment_that_failed_is_made_again() -> None:
    """The ledger was away when the files were looked at for the first time."""
    stage, editions = Stage(gone=True), iter([Edition()])
    it = cast("Any", stage)
    book = cast("Rulebook", SimpleNamespace(changed=lambda: next(editions, None)))
    post = Post("a", it, it, it, make=stage.make, book=book, rest=lambda: None)
    with pytest.raises(LedgerError):
        post.enrol()
    stage.gone = False
    post.enrol()
    post.enrol()
    assert stage.calls == ["enrolled"]


def test_an_account_that_another_holds_is_left_alone() -> None:
    """Its slots stay as they are, to be rung for again, rather than end as held."""
    stage = Stage(held=True)
    stage.post().look()
    assert stage.calls == []


def test_an_account_is_worked_on_once_at_a_time() -> None:
    """A second bell while the first turn is at work, after a sweep, does nothing."""
    stage = Stage()
    post = stage.post()
    stage.during = post.look
    post.look()
    assert stage.calls == ["turn", "gave back"]


def test_what_could_not_be_closed_is_paid_back_once_the_ledger_is_there() -> None:
    """The process lives, so nobody else may take its slots: it lets go of them itself, and once is enough."""
    stage = Stage()
    post = stage.post()
    stage.during = lambda: setattr(stage, "gone", True)
    post.look()
    assert stage.calls == ["turn", "turn failed"]
    with pytest.raises(LedgerError):
        post.pay_back()
    stage.gone = False
    post.pay_back()
    post.pay_back()
    assert stage.calls == ["turn", "turn failed", "gave back"]


def test_slots_of_an_account_that_cannot_be_served_fail_with_the_reason() -> None:
    """A mistake in its rules is told in the slot, and logged once."""
    stage = Stage(broken=True)
    post = stage.post()
    post.look()
    post.look()
    failed = "failed: the account cannot be served: 0 problems in the rules"
    assert stage.calls == ["account left out", failed, failed]


def test_what_a_turn_could_not_close_is_tried_again_before_slots_are_given_back() -> None:
    """A slot that is given back is free for others, and what this worker knows of it is lost."""
    stage = Stage()
    stage.unclosed = 1
    post = stage.post()
    post.look()
    post.pay_back()
    assert stage.calls == ["turn", "closed", "gave back"]


def test_what_stays_unclosed_is_owed_until_it_is_closed() -> None:
    """With the next sign of life, or at the next turn before anything is taken."""
    stage = Stage()
    stage.unclosed = 4
    post = stage.post()
    post.look()
    post.pay_back()
    post.look()
    assert stage.calls == ["turn", "gave back", "gave back", "gave back", "closed", "turn", "gave back"]
