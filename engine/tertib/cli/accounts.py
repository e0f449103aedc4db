"""One command for many accounts: each on its own, under its own heading, and none in another's way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tertib.cli import context, exits, problems, screen
from tertib.errors import RuleError, TertibError

if TYPE_CHECKING:
    from tertib.cli.context import Session


@dataclass(frozen=True, slots=True)
class Said:
    """What a command has to say of one account: for programs, for people, and its exit code."""

    document: Mapping[str, Any]
    show: Callable[[], None]
    code: int = 0


def each(
    work: Callable[[Session], Said],
    *,
    as_json: bool,
    some_failed: int = exits.NOT_AS_INTENDED,
    one_only: str | None = None,
    opened: Sequence[Session] = (),
) -> int:
    """Do a command's work for every account that it is about; return the exit code.

    One account is as if there were no others. Of several, what fails for one is said and the rest go on; `some_failed` is
    the exit code where that happened to some of them, 1 where to all. In JSON it is one document:
    `{"accounts": {NAME: DOCUMENT}}`. `one_only` names an option that was given and stands for one account: with it,
    several are a wrong command line. `opened` are the accounts, where the command has opened them itself.
    """
    opened = opened or context.sessions()
    if one_only is not None and len(opened) > 1:
        refuse_several(opened, one_only)
    if len(opened) == 1:
        said = work(opened[0])
        screen.emit(said.document) if as_json else said.show()
        return said.code
    documents: dict[str, Any] = {}
    codes = []
    for one in opened:
        if one.clock.stopping:
            break
        heading(one.settings.account, quiet=as_json)
        said = _said(work, one)
        documents[one.settings.account] = said.document
        codes.append(said.code)
        if not as_json:
            said.show()
    if as_json:
        screen.emit({"accounts": documents})
    return exits.together(codes, some_failed)


def heading(account: str, *, quiet: bool) -> None:
    """Write an account's name over what is said of it; on stderr where stdout is for a document."""
    click.secho(f"== {account}", bold=True, err=quiet)


def _said(work: Callable[[Session], Said], opened: Session) -> Said:
    """Return what there is to say of an account, also where it is that nothing could be done."""
    try:
        return work(opened)
    except TertibError as error:
        return Said(failure(error), lambda: None, exits.FAILED)


def failure(error: TertibError) -> dict[str, Any]:
    """Say on stderr what went wrong for one account, and return it as a document."""
    document: dict[str, Any] = {"error": str(error), "hint": error.hint, "exit_code": exits.FAILED}
    if isinstance(error, RuleError):
        click.echo(problems.as_text(error.problems), err=True, nl=False)
        document["problems"] = problems.as_documents(error.problems)
    click.echo(f"tertib: {screen.clean(error)}", err=True)
    if error.hint:
        click.echo(f"  hint: {screen.clean(error.hint)}", err=True)
    return document


def refuse_several(opened: Sequence[Session], option: str) -> NoReturn:
    """Raise `UsageError` for an option that stands for one account, where there are several."""
    names = context.listed([one.settings.account for one in opened])
    raise click.UsageError(f"`{option}` is for one account, and there are {names}; say `--account`")
