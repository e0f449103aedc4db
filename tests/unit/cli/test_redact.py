"""Credentials never reach a message, wherever they came from."""

from __future__ import annotations

from pathlib import Path

from tertib.cli import redact


def test_every_known_secret_is_replaced(tmp_path: Path) -> None:
    """Tokens, customer tokens and the audit key go, from the environment and from files alike."""
    file = tmp_path / "token"
    file.write_text("from-a-file\n", encoding="utf-8")
    environ = {
        "SCALEV_TOKEN_FILE": str(file),
        "SCALEV_CUSTOMER_TOKEN": "of-a-customer",
        "TERTIB_AUDIT_KEY": "a-key",
    }
    shown = redact.without_secrets("from-a-file of-a-customer a-key stays", environ)
    assert shown == "[secret] [secret] [secret] stays"


def test_what_looks_like_a_secret_goes_even_where_it_is_unknown() -> None:
    """Bearer values and passwords in addresses are hidden by their shape."""
    shown = redact.without_secrets("b'Bearer abc.def' postgresql://tertib:pass@host/db", {})
    assert shown == "b'Bearer [secret]' postgresql://tertib:[secret]@host/db"


def test_an_empty_variable_replaces_nothing() -> None:
    """An empty secret must not be found between all letters."""
    assert redact.without_secrets("plain", {"SCALEV_TOKEN": "", "TERTIB_AUDIT_KEY": "  "}) == "plain"


def test_a_token_with_a_line_break_is_hidden_in_a_repr_too() -> None:
    """A repr writes the line break as two characters; the token's stretches are hidden all the same."""
    token = "first-half\nsecond-half"
    shown = redact.without_secrets(repr(token.encode()), {"SCALEV_TOKEN": token})
    assert "half" not in shown
