"""Passwords, hashed by argon2; the library is looked for only where somebody has a password."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tertib.errors import SettingsError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 10
LONGEST: Final = 1000

_AT_ONCE: Final = threading.Semaphore(2)
"""Hashing takes 64 MiB and a core for a moment: a flood of sign-ins must not take all of either."""


def weakness(password: str, name: str) -> str | None:
    """Return what is wrong with a password, None where it will do."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    if name and name.casefold() in password.casefold():
        return "the password holds the name"
    if len(set(password)) < SHORTEST // 2:
        return "the password repeats a few characters"
    return None


def hashed(password: str) -> str:
    """Return the hash to keep; raises `SettingsError` where the library is not installed."""
    with _AT_ONCE:
        return _hasher().hash(password)


def fits(password: str, kept: str) -> bool:
    """Tell whether a password is the one that was hashed.

    Where nothing was kept it takes as long and says no, so that nobody learns from the time which names there are.
    """
    from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415 - as in `_hasher`

    with _AT_ONCE:
        try:
            _hasher().verify(kept or _of_nobody(), password[:LONGEST])
        except (Argon2Error, InvalidHashError):
            return False
    return bool(kept)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher as Hasher  # noqa: PLC0415 - an extra: pages of one person do without
    except ModuleNotFoundError as error:
        raise SettingsError(
            "passwords need a library that is not installed", hint="pip install 'tertib[web]'"
        ) from error
    return Hasher()


@lru_cache(maxsize=1)
def _of_nobody() -> str:
    return _hasher().hash("nobody has this password")
