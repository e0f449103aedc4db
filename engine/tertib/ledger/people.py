"""Who may open the pages: names, roles, hashed passwords, and the sessions that they signed in to.

A ledger knows passwords and session tokens only as hashes. People belong to the ledger, what they may do to its accounts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import Connection, Row, delete, insert, select, update

from tertib.errors import LedgerError
from tertib.ledger import schema
from tertib.sayings import said

Role: TypeAlias = Literal["viewer", "approver", "admin"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""From the one that may least to the one that may most."""

IDLE: Final = timedelta(hours=12)
"""How long a session lasts that nobody uses."""

LONGEST: Final = timedelta(days=7)
"""How long a session lasts at most."""

_TOUCH_AFTER: Final = timedelta(minutes=1)

_P: Final = schema.people.c
_S: Final = schema.sign_ins.c


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in. `accounts` are those that they see, None for all; `language` is theirs, None for the browser's."""

    name: str
    role: Role
    accounts: tuple[str, ...] | None = None
    language: str | None = None
    disabled: bool = False
    password_hash: str = field(default="", repr=False)

    def may(self, role: Role, account: str | None = None) -> bool:
        """Tell whether this person has at least that role, and sees that account."""
        enough = not self.disabled and ROLES.index(self.role) >= ROLES.index(role)
        return enough and (account is None or self.accounts is None or account in self.accounts)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session that a person signed in to. `secret` is what its forms must carry."""

    person: Person
    secret: str = field(repr=False)
    began_at: datetime


def fingerprint(token: str) -> str:
    """Return what a ledger keeps of a session's token: its SHA-256, for the token itself is random."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class People:
    """The people of one ledger: each method one transaction."""

    _writing: Callable[[], AbstractContextManager[Connection]]
    _reading: Callable[[], AbstractContextManager[Connection]]

    def add(self, person: Person, now: datetime) -> None:
        """Add a person; raises `LedgerError` for a name that is taken."""
        with self._writing() as connection:
            if _row(connection, person.name) is not None:
                raise LedgerError(said("there is a person `%(person)s` already", person=person.name))
            values = {**_values(person), "name": person.name, "added_at": now}
            connection.execute(insert(schema.people).values(values))

    def change(self, person: Person) -> None:
        """Replace what is known of a person and end their sessions; raises `LedgerError` for an unknown name."""
        with self._writing() as connection:
            row = update(schema.people).where(_P.name == person.name)
            if connection.execute(row.values(_values(person))).rowcount == 0:
                raise LedgerError(said("there is no person `%(person)s`", person=person.name))
            connection.execute(delete(schema.sign_ins).where(_S.person == person.name))

    def set_language(self, name: str, language: str | None) -> None:
        """Remember the language that a person chose."""
        with self._writing() as connection:
            connection.execute(update(schema.people).where(_P.name == name).values(language=language))

    def find(self, name: str) -> Person | None:
        """Return a person by name, None where there is none."""
        with self._reading() as connection:
            row = _row(connection, name)
            return None if row is None else _person(row)

    def listed(self) -> Sequence[Person]:
        """Return everybody, by name."""
        with self._reading() as connection:
            rows = connection.execute(select(schema.people).order_by(_P.name))
            return tuple(_person(row) for row in rows)

    # --- sessions ---------------------------------------------------------------------------------------

    def sign_in(self, person: Person, token: str, secret: str, now: datetime) -> bool:
        """Begin a session under a random token, and forget those that are over; return whether one began.

        None does for a person who was disabled, or got another password, since they were found.
        """
        with self._writing() as connection:
            over = (_S.seen_at < now - IDLE) | (_S.began_at < now - LONGEST)
            connection.execute(delete(schema.sign_ins).where(over))
            if not _still_stands(connection, person):
                return False
            values = {
                "token": fingerprint(token),
                "person": person.name,
                "secret": secret,
                "began_at": now,
                "seen_at": now,
            }
            connection.execute(insert(schema.sign_ins).values(values))
            return True

    def signed_in(self, token: str, now: datetime) -> SignIn | None:
        """Return the session of a token while it lasts, None where there is none; using it keeps it alive."""
        with self._reading() as connection:
            wanted = select(schema.sign_ins).where(_S.token == fingerprint(token))
            session = connection.execute(wanted).first()
            row = None if session is None else _row(connection, session.person)
        if session is None or row is None or row.disabled:
            return None
        if now - session.seen_at > IDLE or now - session.began_at > LONGEST:
            return None
        if now - session.seen_at > _TOUCH_AFTER:
            self._touch(token, now)
        return SignIn(_person(row), session.secret, session.began_at)

    def _touch(self, token: str, now: datetime) -> None:
        with self._writing() as connection:
            row = update(schema.sign_ins).where(_S.token == fingerprint(token))
            connection.execute(row.values(seen_at=now))

    def sign_out(self, token: str) -> None:
        """End a session; one that is over already is no error."""
        with self._writing() as connection:
            connection.execute(delete(schema.sign_ins).where(_S.token == fingerprint(token)))


def _row(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(schema.people).where(_P.name == name)).first()


def _still_stands(connection: Connection, person: Person) -> bool:
    """Tell whether a person may sign in as they were found; nobody changes them until the transaction is over."""
    wanted = select(_P.password_hash, _P.disabled).where(_P.name == person.name).with_for_update()
    row = connection.execute(wanted).first()
    return row is not None and not row.disabled and bool(row.password_hash == person.password_hash)


def _values(person: Person) -> dict[str, Any]:
    return {
        "role": person.role,
        "accounts": None if person.accounts is None else list(person.accounts),
        "language": person.language,
        "disabled": person.disabled,
        "password_hash": person.password_hash,
    }


def _person(row: Row[Any]) -> Person:
    accounts = None if row.accounts is None else tuple(row.accounts)
    return Person(row.name, row.role, accounts, row.language, row.disabled, row.password_hash)
