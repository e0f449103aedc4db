"""The accounts of a project: each with its own keys over those at the top of `tertib.yaml`, which are the defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from tertib.errors import SettingsError
from tertib.language.document import Document
from tertib.language.nearest import did_you_mean
from tertib.language.wording import quote
from tertib.model import Complaint, Given, Path, Settings
from tertib.settings import credentials
from tertib.settings.keys import NAME, NAME_HINT, Keys

_MOST_NAMED: Final = 5
_OF_PROJECT: Final = frozenset({"account", "accounts", "ledger", "checkpoints"})
"""Keys that no account has of its own: there is one record for all of them."""


def read(one: Document, file: str, complaints: list[Complaint]) -> tuple[Settings, ...]:
    """Return the settings of every account of a document, of its one account where it has no `accounts`.

    What is wrong at the top is said once, however many accounts take it over.
    """
    shared = _without(one.data, {"accounts"})
    alone = replace(Keys(shared, complaints).settings(), vars=_vars(shared, (), one, file))
    if "accounts" not in one.data:
        return (alone,)
    written = one.data["accounts"]
    if "account" in one.data:
        hint = "give the account its name below `accounts`, and delete `account`"
        complaints.append(
            Complaint(("account",), "T609", "`account` and `accounts` exclude each other", hint, on_key=True)
        )
    if not isinstance(written, dict) or not written:
        return (alone,)
    found = []
    for name, own in written.items():
        if not NAME.fullmatch(name):
            place = ("accounts", name)
            complaints.append(
                Complaint(place, "T607", "this cannot be an account's name", NAME_HINT, on_key=True)
            )
        mine = _without(own if isinstance(own, dict) else {}, _OF_PROJECT)
        given = {**alone.vars, **_vars(mine, ("accounts", name), one, file)}
        found.append(replace(_account(name, mine, shared, complaints), vars=given))
    return tuple(found)


def _account(
    name: str, own: Mapping[str, Any], shared: Mapping[str, Any], complaints: list[Complaint]
) -> Settings:
    """Return an account's settings but for its values of variables."""
    said: list[Complaint] = []
    merged = {**_over(shared, own), "protect": [*_listed(shared, "protect"), *_listed(own, "protect")]}
    found = Keys(_without(merged, {"account"}), said).settings()
    for complaint in said:
        placed = replace(complaint, path=_place(complaint.path, name, own, shared))
        if placed not in complaints:
            complaints.append(placed)
    return replace(found, account=name, credentials=credentials.named(own))


def _without(data: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}


def _over(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shared keys with an account's own in their place, block by block."""
    merged = dict(shared)
    for key, value in own.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _listed(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key)
    return found if isinstance(found, list) else []


def _place(path: Path, name: str, own: Mapping[str, Any], shared: Mapping[str, Any]) -> Path:
    """Return where a value of the merged keys is written: below the account, or at the top."""
    if path[:1] == ("protect",):
        before = len(_listed(shared, "protect"))
        if len(path) > 1 and isinstance(path[1], int) and path[1] >= before:
            return ("accounts", name, "protect", path[1] - before, *path[2:])
        return path
    return ("accounts", name, *path) if _holds(own, path) or not _holds(shared, path[:1]) else path


def _holds(data: Any, path: Path) -> bool:
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _vars(data: Mapping[str, Any], above: Path, one: Document, file: str) -> dict[str, Given]:
    """Return the values that are given to rules' variables, each with where it is written."""
    found = data.get("vars")
    if not isinstance(found, dict):
        return {}
    own = str(above[-1]) if above else ""
    spots = {name: one.spot((*above, "vars", name), on_key=True) for name in found}
    return {
        name: Given(value, file, spots[name].line, spots[name].column, own)
        for name, value in found.items()
        if value is not None
    }


# --- choosing -------------------------------------------------------------------------------------------


def chosen(accounts: Sequence[Settings], names: Iterable[str]) -> tuple[Settings, ...]:
    """Return the accounts of these names, each once and in the file's order; all of them where none is named.

    Raises `SettingsError` for a name that no account has.
    """
    wanted = list(names)
    known = [one.account for one in accounts]
    for name in wanted:
        if name not in known:
            hint = did_you_mean(name, known) or f"there {'are' if len(known) > 1 else 'is'} {_named(known)}"
            raise SettingsError(f"there is no account {quote(name)}", hint=hint)
    return tuple(one for one in accounts if not wanted or one.account in wanted)


def only(accounts: Sequence[Settings]) -> Settings:
    """Return the one account that there is; raises `SettingsError` where there are several to choose from."""
    if len(accounts) == 1:
        return accounts[0]
    names = [one.account for one in accounts]
    raise SettingsError(
        f"which account is meant? there are {_named(names)}",
        hint=f"say `--account {names[0]}`, or set TERTIB_ACCOUNT",
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join(_quoted(names[:_MOST_NAMED])) + (", …" if len(names) > _MOST_NAMED else "")


def _quoted(names: Iterable[str]) -> Iterator[str]:
    return (quote(name) for name in names)
