from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language.nearest import did_you_mean, distance, nearest

NAMES = ["status", "payment_status", "payment_method", "pending_time", "tags"]
WORDS = st.text("abcd", max_size=6)


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("statsu", ("status",)),
        ("Payment-Status", ("payment_status",)),
        ("payment method", ("payment_method",)),
        ("tag", ("tags",)),
        ("paymnt_metod", ("payment_method",)),
        ("revenue", ()),
        ("", ()),
        ("x" * 100_000, ()),
    ],
)
def test_names_that_were_meant_are_found(word: str, names: tuple[str, ...]) -> None:
    """Prove that slips of the hand, of case and of separators are understood, and nothing is guessed beyond."""
    assert nearest(word, NAMES) == names


def test_the_hint_is_a_question() -> None:
    """Prove the words of the hint, and that there is none where nothing is close."""
    assert did_you_mean("paid", ["paids", "laid"]) == "did you mean `laid` or `paids`?"
    assert did_you_mean("elephant", NAMES) is None


@given(WORDS, WORDS)
def test_distance_is_symmetric_and_zero_for_equals_only(left: str, right: str) -> None:
    """Prove the laws that make edits a distance."""
    assert distance(left, right, 9) == distance(right, left, 9)
    assert (distance(left, right, 9) == 0) == (left == right)


@given(WORDS, st.integers(0, 5), st.sampled_from("abcd"))
def test_one_edit_is_one_edit(word: str, place: int, letter: str) -> None:
    """Prove that adding a letter, or swapping two neighbours, costs one."""
    place = min(place, len(word))
    assert distance(word, word[:place] + letter + word[place:], 9) == 1
    swapped = word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
    assert distance(word, swapped, 9) <= 1
