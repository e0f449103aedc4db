"""The project's settings: `tertib.yaml`, what the environment overrides, and the tokens, which stand in neither.

Every path in the settings is resolved against the file that they stand in, so that a program started elsewhere (by
cron, say) finds the same ledger and not a second, forgetful one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tertib import shipped
from tertib.errors import SettingsError
from tertib.language import document, places, structure
from tertib.language.document import Document
from tertib.language.wording import kind_of
from tertib.model import Complaint, Notify, Problem, Secret, Settings
from tertib.settings import accounts, credentials
from tertib.settings.accounts import chosen, only
from tertib.settings.addresses import ledger_at, ledger_fault, url_fault
from tertib.settings.credentials import address, is_set, place_of, refuse_shared, seen, token
from tertib.settings.keys import protections

__all__ = [
    "FILE",
    "SettingsFileError",
    "address",
    "chosen",
    "inspect",
    "inspect_all",
    "is_set",
    "only",
    "place_of",
    "protections",
    "read",
    "read_all",
    "refuse_shared",
    "seen",
    "token",
]

FILE: Final = "tertib.yaml"
_SECRET_TEXT: Final = re.compile(r"://[^/\s]*@|bearer|[A-Za-z0-9_\-.+/=]{32,}", re.IGNORECASE)
_ON_SECRETS: Final = frozenset({"T602", "T603", "T604", "T605", "T608", "T610"})


class SettingsFileError(SettingsError):
    """A settings file with mistakes; `problems` holds all of them, each with its place."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        lines = [_line(problem) for problem in problems]
        super().__init__("\n".join(lines), hint=problems[0].hint if len(problems) == 1 else None)


def _line(problem: Problem) -> str:
    where = f"{problem.file}:{problem.line}:{problem.column}"
    return f"{where}: {problem.message} [{problem.code}]"


def read(config: str | None, environ: Mapping[str, str], cwd: Path, account: str | None = None) -> Settings:
    """Read the settings of one account: the project's only one, or the one that is named.

    Raises `SettingsError` where there are several and none is named, and as `read_all` does.
    """
    found = read_all(config, environ, cwd)
    return only(chosen(found, () if account is None else (account,)))


def read_all(config: str | None, environ: Mapping[str, str], cwd: Path) -> tuple[Settings, ...]:
    """Read every account's settings: `config`, else `TERTIB_CONFIG`, else `tertib.yaml` in `cwd`, else the defaults.

    `SCALEV_BASE_URL` and `TERTIB_DATABASE_URL` override the file. Raises `SettingsError`; for mistakes in the file
    it is a `SettingsFileError` with all of them.
    """
    named = config or environ.get("TERTIB_CONFIG")
    file = cwd / (named or FILE)
    if named is None and not file.exists():
        return (_with_environment(_at(Settings(), cwd), environ, cwd),)
    shown = named or FILE
    found, problems = inspect_all(_bytes(file, shown), shown)
    if any(problem.severity == "error" for problem in problems):
        raise SettingsFileError(tuple(problem for problem in problems if problem.severity == "error"))
    base, whole = file.resolve().parent, str(file.resolve())
    return tuple(_with_environment(replace(_at(one, base), file=whole), environ, base) for one in found)


def inspect(raw: bytes, file: str) -> tuple[Settings, tuple[Problem, ...]]:
    """Return what a settings file says of its first account, and every problem and warning about the file."""
    found, problems = inspect_all(raw, file)
    return found[0], problems


def inspect_all(raw: bytes, file: str) -> tuple[tuple[Settings, ...], tuple[Problem, ...]]:
    """Return what a settings file says of each account, paths as written, and every problem and warning about it."""
    parsed = document.parse(raw)
    problems = [places.of_flaw(flaw, parsed.lines, file) for flaw in parsed.flaws if flaw.code != "T114"]
    found: tuple[Settings, ...] = (Settings(),)
    if not problems and parsed.documents and parsed.documents[0][1].data is not None:
        one = parsed.documents[0][1]
        found, complaints = _settings(one, file)
        if len(parsed.documents) > 1:
            spot = parsed.documents[1][1].spot(())
            extra = places.of_file(file, "T117", "a second document stands here", "settings are one document")
            problems.append(replace(extra, line=spot.line, column=spot.column))
        problems += [places.of_complaint(complaint, one, file, None) for complaint in complaints]
    return found, tuple(sorted((_discreet(problem) for problem in problems), key=places.order))


def _bytes(file: Path, shown: str) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(document.LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        hint = "`tertib init` lays out a project with one" if isinstance(error, FileNotFoundError) else None
        raise SettingsError(f"{shown}: the settings cannot be read: {reason}", hint=hint) from None


def _discreet(problem: Problem) -> Problem:
    """Leave out the line of the file where it may hold a secret."""
    line = problem.source_line
    hidden = problem.code in _ON_SECRETS or credentials.SECRET_KEY.search(line) or _SECRET_TEXT.search(line)
    return replace(problem, source_line="") if hidden else problem


@lru_cache(maxsize=1)
def _schema() -> str:
    return (shipped.schemas() / "settings.schema.json").read_text(encoding="utf-8")


def _settings(one: Document, file: str) -> tuple[tuple[Settings, ...], list[Complaint]]:
    data = one.data
    if not isinstance(data, dict):
        return (Settings(),), [
            Complaint((), "T117", f"settings must be a block of keys, not {kind_of(data)}")
        ]
    complaints = list(credentials.complaints(data))
    found = accounts.read(one, file, complaints)
    complaints += structure.unspoken(structure.complaints(_without_conditions(data), _schema()), complaints)
    return found, complaints


def _without_conditions(data: Any) -> Any:
    """Return settings without what their schema need not judge: conditions have their own parser."""
    if not isinstance(data, dict):
        return data
    shown = {key: [] if key == "protect" else value for key, value in data.items()}
    if isinstance(data.get("accounts"), dict):
        shown["accounts"] = {name: _without_conditions(own) for name, own in data["accounts"].items()}
    return shown


def _at(settings: Settings, base: Path) -> Settings:
    """Return settings whose paths are absolute, resolved against `base`."""
    named, target = settings.credentials, settings.checkpoints
    if target is not None and "://" not in target:
        target = _resolved(target, base)
    return replace(
        settings,
        checkpoints=target,
        rules=tuple(_resolved(one, base) for one in settings.rules),
        ledger=ledger_at(settings.ledger, base),
        credentials=None if named is None else {name: _secret_at(one, base) for name, one in named.items()},
        notify=_notify_at(settings.notify, base),
    )


def _notify_at(notify: Notify, base: Path) -> Notify:
    channels = tuple(replace(one, url=_secret_at(one.url, base)) for one in notify.channels)
    texts = None if notify.texts is None else _resolved(notify.texts, base)
    return replace(notify, channels=channels, texts=texts)


def _resolved(path: str, base: Path) -> str:
    return str((base / Path(path).expanduser()).resolve())


def _secret_at(secret: Secret, base: Path) -> Secret:
    return secret if secret.file is None else replace(secret, file=_resolved(secret.file, base))


def _with_environment(settings: Settings, environ: Mapping[str, str], base: Path) -> Settings:
    """Return the settings with what the environment overrides; raises `SettingsError` naming the variable."""
    url, ledger = environ.get("SCALEV_BASE_URL", "").strip(), environ.get("TERTIB_DATABASE_URL", "").strip()
    for name, wrong in (
        ("SCALEV_BASE_URL", url and url_fault(url)),
        ("TERTIB_DATABASE_URL", ledger and ledger_fault(ledger)),
    ):
        if wrong:
            _, message, hint = wrong
            raise SettingsError(f"{name}: {message}", hint=hint)
    return replace(
        settings,
        base_url=url.rstrip("/") or settings.base_url,
        ledger=ledger_at(ledger, base) if ledger else settings.ledger,
    )
