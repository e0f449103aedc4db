"""What a run came to: exit codes, and which holds count against it."""

from __future__ import annotations

import pytest

from tertib.cli import outcome
from tertib.model import Held, Outcome, State
from tertib.telling import states


def ended(*states: State) -> list[Outcome]:
    """Return an outcome a state."""
    return [Outcome(number, f"A{number}", "r", state, "why") for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.CONFIRMED, 0),
        (State.CONFIRMED_BY_READBACK, 0),
        (State.PREVIEWED, 0),
        (State.AWAITING_APPROVAL, 0),
        (State.NOT_APPLIED, 3),
        (State.SENT, 3),
        (State.STALE, 3),
        (State.ABANDONED, 3),
        (State.HELD, 3),
    ],
)
def test_one_change_that_did_not_end_as_intended_is_enough(state: State, code: int) -> None:
    """A run is as good as its worst change; previews are as intended."""
    assert outcome.exit_code(ended(State.CONFIRMED, state)) == code


@pytest.mark.parametrize(
    ("hold", "code"),
    [
        ("limit_orders", 3),
        ("limit_per_day", 3),
        ("cap", 3),
        ("rule_conflict", 3),
        ("incomplete_read", 3),
        ("untrusted_filter", 3),
        ("paid", 0),
        ("transfer_proof", 0),
        ("protected", 0),
        ("on_hold", 0),
        ("same_change", 0),
        ("outranked", 0),
        ("template", 0),
    ],
)
def test_limits_and_conflicts_count_and_ordinary_vetoes_do_not(hold: str, code: int) -> None:
    """Orders that a veto keeps are how rules ordinarily end; what a limit keeps was intended."""
    assert outcome.exit_code([], [Held("A1", "r", hold, "why")]) == code


def test_a_run_that_was_stopped_did_not_end_as_intended() -> None:
    """Also where all that was sent is confirmed: the account may stand still because of what came with it."""
    why = "Scalev says it changed 1 orders that were not sent: 999"
    assert outcome.exit_code(ended(State.CONFIRMED), stopped=why) == 3
    assert outcome.exit_code(ended(State.CONFIRMED)) == 0


def test_nothing_to_do_is_as_intended() -> None:
    """An empty run is 0."""
    assert outcome.exit_code([]) == 0


def test_every_state_has_its_words() -> None:
    """No state is shown by its internal name."""
    assert set(states.CHANGES) == {*(one.value for one in State), states.WAITED}
