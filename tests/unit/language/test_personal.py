"""Masks and fingerprints of personal values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertib.language.personal import Mask

MASK = Mask(b"k" * 32)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("6281234567889", "6281•••89"),
        ("+6281234567889", "6281•••89"),
        (6281234567889, "6281•••89"),
        ("081234567", "•••"),
        ("Budi Santoso", "B•••"),
        ("budi@example.com", "b•••"),
        ("Ani", "•••"),
        ("", "•••"),
        (None, "•••"),
        (True, "•••"),
        ({"name": "Budi"}, "•••"),
        (["6281234567889"], "•••"),
        pytest.param(10**5000, "•••", id="huge"),
        ("\u202eBudi Santoso", "•••"),
    ],
)
def test_mask(value: Any, expected: str) -> None:
    """Long numbers keep six digits, long texts a letter, everything else nothing."""
    assert MASK.show(value) == expected


@given(st.text())
def test_mask_keeps_little(text: str) -> None:
    """However a text looks, the mask shows at most six of its characters, and nothing that controls a terminal."""
    shown = MASK.show(text).replace("•••", "")
    assert len(shown) <= 6
    assert shown.isprintable()
    assert shown == "" or len(shown) < len(text)


def test_fingerprint_is_keyed_and_short() -> None:
    """The same value has the same 12 hex digits under one key and others under another."""
    fingerprint = MASK.fingerprint("6281234567889")
    assert fingerprint == MASK.fingerprint(6281234567889)
    assert len(fingerprint) == 12
    assert int(fingerprint, 16) >= 0
    assert fingerprint != Mask(b"x" * 32).fingerprint("6281234567889")
    assert fingerprint != MASK.fingerprint("6281234567888")


def test_fingerprint_of_anything() -> None:
    """Objects compare whatever the order of their keys; lone surrogates and huge numbers do not raise."""
    assert MASK.fingerprint({"a": 1, "b": 2}) == MASK.fingerprint({"b": 2, "a": 1})
    assert MASK.fingerprint("\ud800") != MASK.fingerprint("\ud801")
    assert MASK.fingerprint(None) != MASK.fingerprint("null")
    assert MASK.fingerprint(10**5000) != MASK.fingerprint(10**5000 + 1)


def test_key_is_in_no_repr() -> None:
    """A traceback or a log that shows the mask does not show its key."""
    assert "kkkk" not in repr(MASK)
