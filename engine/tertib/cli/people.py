"""`tertib people`: who may open the pages, and what they may do there."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tertib import settings as reading
from tertib.cli import LANGUAGES, Choices, context, options, screen, speech
from tertib.errors import SettingsError
from tertib.ledger.people import ROLES, Person, Role
from tertib.sayings import N_

if TYPE_CHECKING:
    from tertib.cli.context import Session

_LONGEST_NAME: Final = 80
_LONGEST_FILE: Final = 4096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO

_role = click.option("--role", type=click.Choice(ROLES), help="What they may do. A new person is a viewer.")
_language = click.option(
    "--language", type=click.Choice(LANGUAGES), help="The language of their pages; else their browser's."
)
_password_file = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the password from this file, with mode 0600, instead of asking.",
)


@click.group("people")
def command() -> None:
    """List and change who may open the pages: viewers look, approvers approve and reject, admins do everything.

    While there is nobody, whoever works at this machine may do everything, and no other machine is let in.
    """


@command.command("list")
@options.json_output
def listing(*, as_json: bool) -> int:
    """List everybody, with role and accounts."""
    opened = _project()
    found = opened[0].ledger.people.listed()
    if as_json:
        screen.emit({"people": [_document(one) for one in found]})
        return 0
    listed = screen.table(N_("name"), N_("role"), N_("accounts"), N_("language"), N_("state"))
    for one in found:
        accounts = speech.gettext("all") if one.accounts is None else ", ".join(one.accounts)
        state = speech.gettext("disabled") if one.disabled else ""
        listed.add_row(screen.clean(one.name), one.role, accounts, one.language or "", state)
    opened[0].console().print(
        listed if found else speech.gettext("nobody yet: whoever works at this machine may do everything")
    )
    return 0


@command.command("add")
@click.argument("name")
@_role
@_language
@_password_file
@options.json_output
def add(
    name: str, *, role: Role | None, language: str | None, password_file: Path | None, as_json: bool
) -> int:
    """Add NAME; the password is asked for. With `--account` (repeated for several) they see those accounts alone."""
    opened = _project()
    _refuse_name(name)
    if opened[0].ledger.people.find(name) is not None:
        raise SettingsError(f"there is a person `{name}` already", hint="`tertib people change` changes them")
    made = Person(
        name, role or "viewer", _named(opened), language, password_hash=_hashed(name, password_file)
    )
    _record(opened, "person_added", made)
    opened[0].ledger.people.add(made, opened[0].time.now())
    if as_json:
        screen.emit(_document(made))
        return 0
    click.echo(speech.gettext("added: %(name)s, %(role)s, %(accounts)s", **_told(made)))
    click.echo(speech.gettext("everybody signs in to the pages from now on, at this machine too"))
    return 0


@command.command("change")
@click.argument("name")
@_role
@_language
@_password_file
@click.option("--password", "asks", is_flag=True, help="Ask for a new password.")
@click.option("--all-accounts", is_flag=True, help="Let them see every account again.")
@click.option("--enable", is_flag=True, help="Let somebody in again who was disabled.")
@options.json_output
def change(
    name: str,
    *,
    role: Role | None,
    language: str | None,
    password_file: Path | None,
    asks: bool,
    all_accounts: bool,
    enable: bool,
    as_json: bool,
) -> int:
    """Change NAME's role, accounts, language or password; what is not named stays. Ends their sessions."""
    opened = _project()
    known = _known(opened, name)
    accounts = None if all_accounts else _named(opened) or known.accounts
    changed = replace(
        known,
        role=role or known.role,
        accounts=accounts,
        language=language or known.language,
        disabled=known.disabled and not enable,
        password_hash=_hashed(name, password_file) if asks or password_file else known.password_hash,
    )
    _record(opened, "person_changed", changed, password=changed.password_hash != known.password_hash)
    opened[0].ledger.people.change(changed)
    if as_json:
        screen.emit(_document(changed))
    else:
        click.echo(speech.gettext("changed: %(name)s, %(role)s, %(accounts)s", **_told(changed)))
    return 0


@command.command("disable")
@click.argument("name")
@options.json_output
def disable(name: str, *, as_json: bool) -> int:
    """Let NAME in no more, from now on; what they did stays on record under their name."""
    opened = _project()
    gone = replace(_known(opened, name), disabled=True)
    _record(opened, "person_disabled", gone)
    opened[0].ledger.people.change(gone)
    if as_json:
        screen.emit(_document(gone))
    else:
        click.echo(speech.gettext("disabled: %(name)s, %(role)s, %(accounts)s", **_told(gone)))
    return 0


# --- whose people they are ------------------------------------------------------------------------------


def _project() -> tuple[Session, ...]:
    """Open every account of the project: people are kept in the first one's ledger, and may see them all."""
    ctx = click.get_current_context()
    named = context.sessions()[0]
    choices = ctx.find_root().ensure_object(Choices)
    opened = tuple(
        context.Session(choices, account=one.account, project=named.project) for one in named.project.accounts
    )
    for one in opened:
        ctx.call_on_close(one.close)
    return opened


def _named(opened: Iterable[Session]) -> tuple[str, ...] | None:
    """Return the accounts that `--account` names, None for all; raises `SettingsError` for one that there is not."""
    names = click.get_current_context().find_root().ensure_object(Choices).accounts
    found = reading.chosen([one.settings for one in opened], names)
    return tuple(one.account for one in found) if names else None


def _known(opened: tuple[Session, ...], name: str) -> Person:
    found = opened[0].ledger.people.find(name)
    if found is None:
        raise SettingsError(f"there is no person `{name}`", hint="`tertib people list` lists them")
    return found


def _refuse_name(name: str) -> None:
    if not name.strip() or name != name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise SettingsError(
            "this cannot be a person's name", hint=f"printable characters, at most {_LONGEST_NAME}"
        )


def _record(opened: Iterable[Session], kind: str, who: Person, **facts: Any) -> None:
    """Write down in the audit log of every account that the person sees who may do what there from now on.

    Before it is done: a record of what then fails is no harm, a right that nobody wrote down is.
    """
    told = {"name": who.name, "role": who.role, "who": context.person(), **facts}
    for one in opened:
        if who.accounts is None or one.settings.account in who.accounts:
            one.ledger.audit_append(one.settings.account, kind, told, one.time.now())


# --- passwords ------------------------------------------------------------------------------------------


def _hashed(name: str, file: Path | None) -> str:
    """Return the hash of the password that is asked for, or stands in a file; raises `SettingsError` for a weak one."""
    from tertib.web import passwords  # noqa: PLC0415 - listing and disabling people does without

    password = _asked() if file is None else _from_file(file)
    wrong = passwords.weakness(password, name)
    if wrong is not None:
        raise SettingsError(wrong, hint="a few words that belong together for nobody else make a good one")
    return passwords.hashed(password)


def _asked() -> str:
    if not screen.asks() or not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for a password on; give `--password-file`")
    prompt: Callable[..., str] = click.prompt
    return prompt("Password", hide_input=True, confirmation_prompt=True, err=True)


def _from_file(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(file.stat().st_mode)
            raw = opened.read(_LONGEST_FILE)
    except OSError as error:
        raise SettingsError(f"`{file}` cannot be read: {(error.strerror or '').lower()}") from None
    if mode & _OTHERS:
        raise SettingsError(f"others may read `{file}` (mode {mode:04o})", hint=f"chmod 600 {file}")
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except ValueError:
        raise SettingsError(f"`{file}` holds no text") from None


# --- as it is told --------------------------------------------------------------------------------------


def _document(one: Person) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "accounts": None if one.accounts is None else list(one.accounts),
        "language": one.language,
        "disabled": one.disabled,
    }


def _told(one: Person) -> Mapping[str, str]:
    """Return who somebody is, as the sentences about them name it."""
    sees = (
        speech.gettext("all accounts")
        if one.accounts is None
        else speech.gettext("account %(account)s", account=", ".join(one.accounts))
    )
    return {"name": one.name, "role": one.role, "accounts": sees}
