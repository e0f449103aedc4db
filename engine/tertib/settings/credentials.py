"""Where tokens come from: the environment, or a file that nobody else may read; never the settings themselves.

An account of `accounts:` names its own variables or files. SCALEV_TOKEN is the token of a project with one account,
and of no other: a token that is set for one shop must not reach another's orders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tertib.errors import CredentialError
from tertib.language import document
from tertib.model import Complaint, Secret, Settings
from tertib.sayings import N_, said
from tertib.settings.addresses import url_fault

KEYS: Final[Mapping[str, str]] = {"token": "SCALEV_TOKEN", "customer_token": "SCALEV_CUSTOMER_TOKEN"}
"""An account's keys for its credentials, each with the variable that a project with one account sets instead."""

SECRET_KEY: Final = re.compile(
    r"token|secret|password|passwd|api_?key|authorization|bearer|credential", re.IGNORECASE
)
_LONGEST_TOKEN: Final = 16 * 1024
_OTHERS_MAY: Final = 0o077
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,63}", re.ASCII)
_PASTED: Final = re.compile(r"[A-Za-z0-9_\-.+/=]{32,}")
_NAME_IT: Final = (
    "name the variable that holds it, `{env: MELATI_TOKEN}`, or a file, `{file: secrets/melati}`"
)

_SEEN: Final[set[str]] = set()


def token(environ: Mapping[str, str], name: str, settings: Settings) -> str:
    """Return the credential `name` (`SCALEV_TOKEN`, `SCALEV_CUSTOMER_TOKEN`) of the account that `settings` are for.

    Raises `CredentialError`, which never holds any part of it, where there is none, where others may read its
    file, where it cannot be a token, or where the base URL would carry it unencrypted.
    """
    place, written = _written(environ, name, settings)
    found = written.strip()
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        hint = N_("it must be one line of letters, digits and signs, as Scalev shows it")
        raise CredentialError(said("what %(place)s holds is not a token", place=place), hint=hint)
    wrong = url_fault(settings.base_url)
    if wrong is not None:
        raise CredentialError(wrong[1], hint=wrong[2])
    _SEEN.add(found)
    return found


def address(environ: Mapping[str, str], secret: Secret, called: str) -> str:
    """Return an address that holds secrets, such as a channel's; `called` names it for people.

    Raises `CredentialError`, which never holds any part of it, where there is none or where others may read its file.
    """
    raw = environ.get(secret.env or "", "") if secret.file is None else _from_file(Path(secret.file), called)
    found = raw.strip()
    if not found:
        place = f"{secret.env} is not set" if secret.file is None else f"`{secret.file}` is empty"
        raise CredentialError(f"there is no address for {called}: {place}")
    if not found.isprintable() or "://" not in found:
        raise CredentialError(f"what {secret.env or f'`{secret.file}`'} holds is not one address")
    _SEEN.add(found)
    return found


def is_set(environ: Mapping[str, str], name: str, settings: Settings) -> bool:
    """Tell whether anything says where the credential `name` of this account is."""
    if settings.credentials is not None:
        return name in settings.credentials
    return bool(environ.get(name) or environ.get(f"{name}_FILE"))


def place_of(environ: Mapping[str, str], name: str, settings: Settings) -> str:
    """Return what names the credential, for people: a variable or a file, never what stands in it."""
    secret = (settings.credentials or {}).get(name)
    if secret is not None:
        return secret.env or f"`{secret.file}`"
    return f"{name}_FILE" if environ.get(f"{name}_FILE") else name


def seen() -> frozenset[str]:
    """Return every token that this process has handed out, for whoever takes them out of a text."""
    return frozenset(_SEEN)


def refuse_shared(environ: Mapping[str, str], accounts: Sequence[Settings]) -> None:
    """Raise `CredentialError` where two accounts have the same token at the same place: it is one business.

    Two budgets, leases and records for one business would each not know of the other. A token that cannot be read
    is the trouble of whoever needs it.
    """
    for name in KEYS.values():
        owner: dict[tuple[str, str], str] = {}
        for one in accounts:
            found = _quietly(environ, name, one)
            other = owner.setdefault((one.base_url, found), one.account) if found else one.account
            if other != one.account:
                raise CredentialError(
                    f"accounts `{other}` and `{one.account}` have the same token",
                    hint="an account is one credential's business at Scalev: give each its own, or keep one of the two",
                )


def _quietly(environ: Mapping[str, str], name: str, settings: Settings) -> str:
    if settings.credentials is None or name not in settings.credentials:
        return ""
    try:
        return _written(environ, name, settings)[1].strip()
    except CredentialError:
        return ""


def _written(environ: Mapping[str, str], name: str, settings: Settings) -> tuple[str, str]:
    """Return where a credential stands, and what stands there."""
    if settings.credentials is None:
        return _of_environment(environ, name)
    secret = settings.credentials.get(name)
    key = next(one for one, variable in KEYS.items() if variable == name)
    if secret is None:
        raise CredentialError(
            f"account `{settings.account}` names no `{key}`",
            hint=f"{name} is not used where tertib.yaml has `accounts`: {_NAME_IT}",
        )
    if secret.file is not None:
        called = f"the `{key}` of account `{settings.account}`"
        return called, _from_file(Path(secret.file), called)
    written = environ.get(secret.env or "", "")
    if not written.strip():
        hint = f"set {secret.env}; {name} is not used where tertib.yaml has `accounts`"
        raise CredentialError(
            said(
                "no token for account `%(account)s`: %(variable)s is not set",
                account=settings.account,
                variable=secret.env,
            ),
            hint=hint,
        )
    return str(secret.env), written


def _of_environment(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    written, file = environ.get(name, ""), environ.get(f"{name}_FILE", "")
    if written.strip() and file:
        raise CredentialError(f"both {name} and {name}_FILE are set", hint="unset one of them")
    if written.strip():
        return name, written
    if not file:
        hint = said(
            "set %(variable)s, or %(variable)s_FILE to a file with mode 0600 that holds it",
            variable=name,
        )
        raise CredentialError(said("no token: %(variable)s is not set", variable=name), hint=hint)
    return f"{name}_FILE", _from_file(Path(file), f"{name}_FILE")


def _from_file(file: Path, called: str) -> str:
    try:
        mode = file.stat().st_mode
        if not file.is_file():
            raise CredentialError(f"{called} is not a file: {file}")
        if mode & _OTHERS_MAY:
            message = said(
                "others may read the token in %(file)s (mode %(mode)s)", file=file, mode=f"{mode & 511:04o}"
            )
            raise CredentialError(message, hint=f"chmod 600 {file}")
        with file.open("rb") as opened:
            raw = opened.read(_LONGEST_TOKEN + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise CredentialError(f"{called} cannot be read: {file}: {reason}") from None
    if len(raw) > _LONGEST_TOKEN:
        raise CredentialError(f"{called} is too large for a token: {file}")
    return raw.decode("utf-8-sig", "replace")


# --- what the settings say of them ----------------------------------------------------------------------


def named(account: Mapping[str, Any]) -> dict[str, Secret]:
    """Return where an account says that its credentials are, by the variable that would hold each elsewhere."""
    found = {}
    for key, variable in KEYS.items():
        said = account.get(key)
        if isinstance(said, Mapping) and fault(said) is None:
            found[variable] = Secret(env=said.get("env"), file=said.get("file"))
    return found


def complaints(data: Any) -> Iterator[Complaint]:
    """Complain of every key that would hold a credential, and of accounts that do not name theirs.

    No value is in any message: people paste a token where its name belongs.
    """
    for path, value in document.walk(data):
        if not path or "protect" in path or not isinstance(path[-1], str):
            continue
        if len(path) == _OF_ACCOUNT and path[0] == "accounts" and path[-1] in KEYS:
            wrong = fault(value) if isinstance(value, Mapping) else _PLAIN
            if wrong is not None:
                yield Complaint(path, wrong[0], wrong[1], _NAME_IT, on_key=wrong is _PLAIN)
        elif path[-1] == "url" and "channels" in path:
            wrong = fault(value) if isinstance(value, Mapping) else _PLAIN_URL
            if wrong is not None:
                yield Complaint(path, wrong[0], wrong[1], _NAME_URL, on_key=wrong is _PLAIN_URL)
        elif SECRET_KEY.search(path[-1]) and path[:-1] != ("accounts",):
            hint = "set SCALEV_TOKEN, or SCALEV_TOKEN_FILE to a file with mode 0600, and delete it here"
            message = "tokens and passwords never stand in the settings"
            yield Complaint(path, "T602", message, _NAME_IT if path[0] == "accounts" else hint, on_key=True)
    yield from _twice(data)


_OF_ACCOUNT: Final = 3
_PLAIN: Final = ("T602", "tokens and passwords never stand in the settings")
_PLAIN_URL: Final = ("T602", "a channel's address holds secrets and never stands in the settings")
_NAME_URL: Final = (
    "name the variable that holds it, `{env: TELEGRAM_URL}`, or a file, `{file: secrets/telegram}`"
)


def fault(said: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return code and message of what is wrong with what should say where a token is."""
    if len(said) != 1 or not said.keys() <= {"env", "file"}:
        return "T610", "a token is either in a variable (`env`) or in a file (`file`)"
    ((kind, value),) = said.items()
    if not isinstance(value, str) or not value:
        return "T610", f"`{kind}` must be the name of a {'variable' if kind == 'env' else 'file'}"
    if kind == "env" and not _VARIABLE.fullmatch(value):
        return "T610", "this is no variable's name: capitals, digits and `_`, at most 64"
    if kind == "file" and _PASTED.fullmatch(value.rpartition("/")[2]) and "/" not in value:
        return "T602", "this looks like a token, and not like a file's name"
    return None


def _twice(data: Any) -> Iterator[Complaint]:
    """Complain of accounts that name one variable or file for the same credential, and ask the same Scalev."""
    accounts = data.get("accounts") if isinstance(data, Mapping) else None
    if not isinstance(accounts, Mapping):
        return
    whole = {name: one for name, one in accounts.items() if isinstance(one, Mapping)}
    for key, variable in KEYS.items():
        given = {name: named(one)[variable] for name, one in whole.items() if variable in named(one)}
        first: dict[Any, str] = {}
        for name, secret in given.items():
            other = first.setdefault((secret.env, secret.file, _base_url(whole[name])), name)
            if other != name:
                hint = "an account is one credential's business at Scalev"
                message = f"account `{other}` names the same `{key}`"
                yield Complaint(("accounts", name, key), "T611", message, hint)


def _base_url(account: Mapping[str, Any]) -> str | None:
    api = account.get("api")
    return str(api.get("base_url")) if isinstance(api, Mapping) else None
