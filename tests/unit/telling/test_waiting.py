"""What people are told of a change whose plan waited for a person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tertib.ledger.approvals import Approval, Asked
from tertib.ledger.runs import ChangeRecord
from tertib.model import Pick, Source
from tertib.telling import waiting
from tertib.telling.states import WAITED
from tertib.telling.tongue import tongue

NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
ZONE = "Asia/Jakarta"
WAITS = ChangeRecord(
    change_id="default-1:1", run_id="default-1", plan_id="p1", id=7, order_id="A7", rule="cancel",
    rule_hash="h", source=Source(), before={"status": "pending"}, found=None, set={"status": "canceled"},
    value=Decimal(1), reversible=False, trace=(), state="awaiting_approval",
    why="approve it with `tertib approve p1`", request_id=None, read_at=NOW, planned_at=NOW, sent_at=None,
    due_at=None, settled_at=NOW,
)  # fmt: skip
ASKED = Asked("p1", ("cancel",), 1, "1", "the rule is in mode `approve`", NOW + timedelta(hours=24))


@dataclass
class Queue:
    """Approvals of one account, given by hand."""

    known: dict[str, Approval] = field(default_factory=dict)
    taken: frozenset[tuple[str, str]] = frozenset()

    def of_plans(self, account: str, plan_ids: Any, now: datetime) -> dict[str, Approval]:
        """Return those that are known of these plans."""
        assert (account, now) == ("default", NOW)
        return {plan: one for plan, one in self.known.items() if plan in plan_ids}

    def taken_by(self, run_ids: Any, orders: Any) -> frozenset[tuple[str, str]]:
        """Return what was taken of these."""
        return frozenset(one for one in self.taken if one[0] in run_ids and one[1] in orders)


def approval(state: str, **given: Any) -> Approval:
    """Return how a plan stands; where somebody said yes, that was budi at noon."""
    plain = Approval(ASKED, "default", NOW, state)
    if given.get("approved"):
        plain = replace(plain, decided_by="budi", decided_at=NOW)
    return replace(plain, **given)


def told(found: Approval | None, *taken: tuple[str, str], change: ChangeRecord = WAITS) -> ChangeRecord:
    """Return what people are told of a change in a plan that stands so."""
    queue: Any = Queue({} if found is None else {"p1": found}, frozenset(taken))
    (one,) = waiting.as_it_stands([change], queue, "default", NOW, ZONE)
    return one


BY_BUDI = "the plan was approved by budi, 2026-03-10 12:00 WIB"
RUN = {"run_id": "default-2"}

STANDINGS = [
    (
        approval("rejected", decided_by="sari", decided_at=NOW),
        "the plan was rejected by sari, 2026-03-10 12:00 WIB",
    ),
    (approval("replaced", replaced_by="p2"), "the plan was replaced by plan `p2`"),
    (approval("expired"), "the plan expired: nobody approved it until 2026-03-11 12:00 WIB"),
    (approval("applied", **RUN), "the plan was applied by run `default-2`"),
    (
        approval("applied", decided_by="sari", decided_at=NOW, **RUN),
        "the plan was applied by run `default-2`",
    ),
    (approval("approved", approved=True), f"{BY_BUDI}, and is about to be applied"),
    (approval("applied", approved=True, **RUN), f"{BY_BUDI}, and applied by run `default-2`"),
    (approval("expired", approved=True), f"{BY_BUDI}, and expired before it was applied"),
    (approval("refused", approved=True, refused="no room"), f"{BY_BUDI}, and could not be applied: no room"),
    (approval("approved", approved=True, part=Pick(only=("A7",))), f"{BY_BUDI}, and is about to be applied"),
    (approval("approved", approved=True, part=Pick(only=("8",))), f"{BY_BUDI}, without this order"),
    (approval("expired", approved=True, part=Pick(but=("7",))), f"{BY_BUDI}, without this order"),
    (
        approval("approved", approved=True, part=Pick(first=3)),
        "the first 3 orders of the plan were approved by budi, 2026-03-10 12:00 WIB",
    ),
    (None, "its plan is none of those that people were asked about"),
]


@pytest.mark.parametrize(("found", "sentence"), STANDINGS)
def test_what_became_of_the_plan_is_said(found: Approval | None, sentence: str) -> None:
    """Whatever came of the plan, the change waits no more, and one sentence says why; the record stays as it is."""
    one = told(found, ("default-2", "7"))
    assert (one.state, one.why) == (WAITED, sentence)
    assert replace(one, state=WAITS.state, why=WAITS.why) == WAITS


@pytest.mark.parametrize(("found", "sentence"), STANDINGS)
def test_it_is_said_in_indonesian_too(found: Approval | None, sentence: str) -> None:
    """No English is left in it but names."""
    said = tongue("id").say(told(found, ("default-2", "7")).why)
    assert said != sentence
    assert " the " not in f" {said} "


def test_a_plan_that_still_waits_is_told_with_the_command() -> None:
    """What is recorded still holds."""
    assert told(approval("waiting")) == WAITS


@pytest.mark.parametrize("part", [Pick(), Pick(first=1)])
def test_an_order_that_the_applying_run_left_out_says_so(part: Pick) -> None:
    """Whether by name or by number: what the run took is on record."""
    one = told(approval("applied", approved=True, part=part, **RUN), ("default-2", "8"))
    assert one.why == "the plan was applied by run `default-2`, without this order"


def test_what_never_waited_stays_as_it_is() -> None:
    """Nothing is looked up for it."""
    sent = replace(WAITS, state="confirmed", why="")
    nobody: Any = None
    assert waiting.as_it_stands([sent], nobody, "default", NOW, ZONE) == (sent,)


def test_json_has_the_recorded_state_and_how_it_stands() -> None:
    """Programs find both, and no sentence that was true once."""
    (document,) = waiting.documents([WAITS], [told(approval("replaced", replaced_by="p2"))])
    assert (document["state"], document["stands"]) == ("awaiting_approval", WAITED)
    assert (document["why"], document["value"]) == ("the plan was replaced by plan `p2`", "1")
