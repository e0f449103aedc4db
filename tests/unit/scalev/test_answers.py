from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.scalev.answers import Received, Undecodable, clean, complaint, decode

JSON = {"content-type": "application/json; charset=utf-8"}


@given(
    st.text(max_size=400),
    st.text(alphabet="abcdef0123456789-", min_size=8, max_size=40),
    st.text(max_size=400),
)
def test_cleaned_words_are_short_plain_and_without_the_secret(before: str, secret: str, after: str) -> None:
    """Whatever surrounds a secret, it does not come through, nor do line breaks and control characters."""
    shown = clean(before + secret + after, (secret,))
    assert secret not in shown
    assert shown.isprintable()
    assert len(shown) <= 200


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("status is invalid", "status is invalid"),
        ("a\r\n\tb\x00c", "a b c"),
        ("call +62 812-3456-7890 now", "call ••• now"),
        ("081234567890", "•••"),
        ("write to budi.s+1@example.co.id", "write to •••"),
        ("orders 1000600, 1000601 are unknown", "orders 1000600, 1000601 are unknown"),
        ("order 250130JQHFZG", "order 250130JQHFZG"),
    ],
)
def test_only_what_is_private_is_taken_out(words: str, shown: str) -> None:
    """Phones, accounts and addresses go; order numbers and reasons stay."""
    assert clean(words) == shown


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["error", "error_code", "details", "x"]), inner)
        ),
    )
)
def test_no_error_body_crashes(body: object) -> None:
    """A refusal's body may have any shape; what it says is one short line, or nothing."""
    said = complaint(Received(422, JSON, json.dumps(body).encode()))
    assert said.isprintable()
    assert len(said) <= 200


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_undecodable(body: bytes) -> None:
    """Decoding ends in a value or in the one error that its callers know."""
    said = ""
    try:
        decode(Received(200, JSON, body))
    except Undecodable as error:
        said = str(error)
    assert said in ("", f"status 200, application/json, {len(body)} bytes")


def test_an_answer_does_not_show_its_body() -> None:
    """Neither its repr nor its description holds what may be a buyer's."""
    received = Received(200, {}, b"Budi Santoso", "was cut off")
    assert "Budi" not in repr(received) + received.describe()
    assert received.describe() == "status 200, no content type, 12 bytes, then was cut off"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("bad customer Budi Santoso", "bad customer …"),
        (
            "order 17 cannot be moved from pending to closed",
            "order 17 cannot be moved from pending to closed",
        ),
        ("Pesanan tidak ditemukan: Jalan Melati No 12", "Pesanan tidak ditemukan: … No 12"),
        ("payment_method: is invalid", "payment_method: is invalid"),
    ],
)
def test_only_words_that_are_known_to_be_harmless_are_shown(said: str, shown: str) -> None:
    """A server may quote a buyer's name in its message, and no mask knows names."""
    body = json.dumps({"error": said}).encode()
    assert complaint(Received(422, {}, body)) == shown
