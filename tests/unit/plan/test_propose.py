"""Proposals at their edges: orders without an id, values on record, what a rule below still says for itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tertib.compile import compile_rules
from tertib.language.personal import Mask
from tertib.model import Confirmed, Held, History, Match, Settings
from tertib.plan.propose import propose
from tertib.plan.vetoes import Facts

CONFIRMED_AT = datetime(2026, 3, 9, tzinfo=UTC)
MASK = Mask(b"k" * 32)  # the plans' own in these tests


def codes(plan: Any) -> list[str]:
    """Return the codes of what a plan holds."""
    return [held.code for held in plan.held]


def test_a_match_without_an_id_is_held(rule: Any, order: Any, now: datetime) -> None:
    """`explain` asks about orders from files too, which may have none."""
    program = compile_rules([rule()], Settings(), now)
    facts = Facts(Settings(), (), History(), now=now, rendered_at=now, mask=MASK)
    held = propose(Match("rule", order(id=...), now, ()), program.rule("rule"), facts)
    assert isinstance(held, Held)
    assert (held.code, held.id) == ("no_id", None)


def test_a_rule_below_that_is_held_itself_says_why_itself(plan: Any, order: Any, rule: Any) -> None:
    """The owner's claim does not hide what else is wrong: each rule shows its own reason."""
    wanting = rule("owner", priority=200, action={"status": "confirmed"})
    below = rule("below", action={"status": "canceled"})
    decided = plan([order(payment_status="paid")], [wanting, below])
    assert [change.rule for change in decided.changes] == ["owner"]
    assert [(held.rule, held.code) for held in decided.held] == [("below", "paid")]


@pytest.mark.parametrize(
    ("holder", "held"), [("Budi Santoso", []), ("Siti", ["human_change"]), (None, ["human_change"])]
)
def test_a_personal_value_on_record_is_compared_by_its_fingerprint(
    plan: Any, order: Any, rule: Any, holder: str | None, held: list[str]
) -> None:
    """The record has no name in clear, and still shows whether a person changed it."""
    values = {"payment_account_holder": {"mask": "B•••", "fingerprint": MASK.fingerprint("Budi Santoso")}}
    history = History(confirmed={"1": (Confirmed("rule", values, CONFIRMED_AT),)})
    assert codes(plan([order(payment_account_holder=holder)], rule(), history=history)) == held


@pytest.mark.parametrize("shown", ["soon", None, "2026-03-01T00:00:00", 7])
def test_a_time_that_cannot_be_read_is_not_as_wanted(plan: Any, order: Any, rule: Any, shown: Any) -> None:
    """A malformed time, or one without an offset, equals no instant: the change is planned."""
    paying = rule(query={}, action={"payment_status": "unpaid", "transfer_time": "2026-03-01T07:00:00+07:00"})
    assert len(plan([order(transfer_time=shown)], paying).changes) == 1
