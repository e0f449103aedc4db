"""Who may open the pages, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tertib.errors import LedgerError
from tertib.ledger.people import IDLE, LONGEST, Person

BUDI = Person("budi", "approver", ("toko-a",), password_hash="$argon2id$…")


def test_roles_build_on_each_other_and_accounts_bound_them() -> None:
    """An approver may look, and approve in their accounts; a disabled person may nothing."""
    assert BUDI.may("viewer")
    assert BUDI.may("approver", "toko-a")
    assert not BUDI.may("approver", "toko-b")
    assert not BUDI.may("admin", "toko-a")
    assert replace(BUDI, accounts=None).may("viewer", "toko-b")
    assert not replace(BUDI, disabled=True).may("viewer")
    assert "argon2" not in repr(BUDI)


def test_people_are_added_changed_and_listed(desk: Any) -> None:
    """A name is taken once; a change replaces all that is known; an unknown name is refused."""
    people = desk.open().people
    people.add(BUDI, desk.now)
    with pytest.raises(LedgerError, match="there is a person `budi` already"):
        people.add(BUDI, desk.now)
    people.change(replace(BUDI, role="admin", accounts=None))
    people.set_language("budi", "id")
    assert people.listed() == (replace(BUDI, role="admin", accounts=None, language="id"),)
    assert people.find("sari") is None
    with pytest.raises(LedgerError, match="there is no person `sari`"):
        people.change(replace(BUDI, name="sari"))


def test_a_session_lasts_while_it_is_used(desk: Any) -> None:
    """It ends when nobody uses it, and at the latest after a week; the ledger keeps only the token's hash."""
    people = desk.open().people
    people.add(BUDI, desk.now)
    people.sign_in(BUDI, "a random token", "a secret", desk.now)
    for _ in range(14):
        desk.later(hours=11.9)
        found = people.signed_in("a random token", desk.now)
        assert (found.person, found.secret) == (BUDI, "a secret")
    assert people.signed_in("a random token", desk.later(hours=11.9)) is None
    people.sign_in(BUDI, "another", "a secret", desk.now)
    assert people.signed_in("another", desk.now).began_at == desk.now
    assert people.signed_in("another", desk.now + IDLE + timedelta(seconds=1)) is None
    assert people.signed_in("another", desk.now + LONGEST + timedelta(seconds=1)) is None


def test_signing_out_and_being_changed_end_sessions(desk: Any) -> None:
    """After a sign-out, a new password or a lock-out, the old token opens nothing."""
    people = desk.open().people
    people.add(BUDI, desk.now)
    people.sign_in(BUDI, "one", "s", desk.now)
    people.sign_out("one")
    assert people.signed_in("one", desk.now) is None
    people.sign_in(BUDI, "two", "s", desk.now)
    people.change(replace(BUDI, disabled=True))
    assert people.signed_in("two", desk.now) is None
    assert people.signed_in("no such token", desk.now) is None


def test_a_sign_in_under_way_ends_with_the_password_that_it_was_for(desk: Any) -> None:
    """Whoever was given another password, locked out or forgotten since they were found gets no session."""
    people = desk.open().people
    people.add(BUDI, desk.now)
    assert people.sign_in(BUDI, "one", "s", desk.now)
    for since in (replace(BUDI, password_hash="$argon2id$ another"), replace(BUDI, disabled=True)):
        people.change(since)
        assert not people.sign_in(BUDI, "two", "s", desk.now)
        assert people.signed_in("two", desk.now) is None
    assert not people.sign_in(replace(BUDI, name="sari"), "three", "s", desk.now)
