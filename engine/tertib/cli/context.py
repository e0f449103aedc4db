"""What a command works with: settings, credentials, ledger, client and clock, each made when first asked for."""

from __future__ import annotations

import getpass
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from tertib import load as loading
from tertib import settings as reading
from tertib.cli import Choices, Terminated
from tertib.clock import SystemClock
from tertib.errors import PlanRefused, RuleError, SettingsError, TertibError
from tertib.model import Rule
from tertib.session import Project
from tertib.session import Session as AccountSession

if TYPE_CHECKING:
    from rich.console import Console

    from tertib.telling.tongue import Tongue


class Session(AccountSession):
    """An account as one command works with it: where its settings are and how it shows things was said beside it."""

    def __init__(
        self,
        choices: Choices | None = None,
        environ: Mapping[str, str] | None = None,
        directory: Path | None = None,
        *,
        account: str | None = None,
        project: Project | None = None,
    ) -> None:
        self.choices = choices or Choices()
        super().__init__(self.choices.config, environ, directory, account=account, project=project)

    def console(self) -> Console:
        """Return the console for tables on stdout."""
        from tertib.cli import screen  # noqa: PLC0415 - `--json` does without it

        return screen.console(color=self.choices.color)

    @property
    def tongue(self) -> Tongue:
        """Return the language in which things are told to whoever runs the command."""
        from tertib.cli import speech  # noqa: PLC0415 - as in `console`

        return speech.tongue()

    def warn(self, message: str) -> None:
        """Say on stderr what went wrong beside the work."""
        click.echo(f"tertib: {message}", err=True)


def session() -> Session:
    """Open the one account that the command that runs now is about; it closes when the command ends.

    Raises `SettingsError` where there are several accounts, and none or more than one of them is named.
    """
    opened = sessions()
    if len(opened) > 1:
        reading.only([one.settings for one in opened])
    return opened[0]


def sessions() -> tuple[Session, ...]:
    """Open every account that the command that runs now is about: those that were named, or all of them.

    Nothing is raised for settings that do not fit: the session says so as soon as something is asked of it.
    """
    ctx = click.get_current_context()
    choices = ctx.find_root().ensure_object(Choices)
    project = Project(choices.config)
    ctx.call_on_close(project.clock.close)
    named = choices.accounts or tuple(project.environ.get("TERTIB_ACCOUNT", "").replace(",", " ").split())
    try:
        known = project.accounts
    except SettingsError:
        known = ()
    accounts = [one.account for one in reading.chosen(known, named)] if known else [None]
    choices.project_language = known[0].language if known else None
    opened = tuple(Session(choices, account=account, project=project) for account in accounts)
    for one in opened:
        ctx.call_on_close(one.close)
    return opened


def of_account(opened: Sequence[Session], account: object) -> Session:
    """Return the session of the account that a plan names, or the only one; raises `PlanRefused` for any other."""
    for one in opened:
        if len(opened) == 1 or one.settings.account == account:
            return one
    raise PlanRefused(f"the plan is for account `{account}`, which is none of this project's")


def person() -> str:
    """Return who works at this terminal, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def rules(opened: Session, given: Sequence[str]) -> tuple[Rule, ...]:
    """Load the rules that were named on the command line, by path or by name; all of them where none was.

    Raises `RuleError` with every problem, and `SettingsError` where a name or a path leads nowhere.
    """
    paths = [word for word in given if is_path(word)]
    names = [word for word in given if not is_path(word)]
    found: list[Rule] = []
    if paths or not names:
        loaded = loading.load(paths or opened.settings.rules, opened.settings)
        if loaded.errors:
            raise RuleError(loaded.problems)
        if loaded.problems:
            click.echo("there are warnings about these rules; `tertib check` lists them", err=True)
        found += loaded.rules
    found += [rule for rule in _by_name(opened, names) if rule.name not in {one.name for one in found}]
    for rule in found:
        if not rule.enabled:
            click.echo(f"rule {rule.name} is left out: it says `enabled: false`", err=True)
    if not found:
        where = listed(paths or opened.settings.rules)
        raise SettingsError(
            f"no rules in {where}", hint="`tertib init` lays out a project with starter rules"
        )
    return tuple(found)


def listed(paths: Sequence[str]) -> str:
    """Return paths as a message names them."""
    return ", ".join(f"`{path}`" for path in paths)


def is_path(word: str) -> bool:
    """Tell whether a word of the command line means files rather than a rule's name."""
    return any(sign in word for sign in "/\\*?[") or word.endswith((".yaml", ".yml")) or Path(word).exists()


def _by_name(opened: Session, names: Sequence[str]) -> list[Rule]:
    """Find rules by name in the project's rules; other rules' problems do not stand in the way."""
    if not names:
        return []
    loaded = loading.load(opened.settings.rules, opened.settings)
    by_name = {rule.name: rule for rule in loaded.rules}
    missing = [name for name in names if name not in by_name]
    if missing:
        broken = [problem for problem in loaded.errors if problem.rule in missing]
        if broken:
            raise RuleError(broken)
        where = listed(opened.settings.rules)
        raise SettingsError(f"no rule is named `{missing[0]}` in {where}{_near(missing[0], by_name)}")
    return [by_name[name] for name in dict.fromkeys(names)]


def _near(word: str, known: Mapping[str, Rule]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only after a typing mistake

    near = get_close_matches(word, known, n=1)
    return f". Did you mean `{near[0]}`?" if near else ""


class Stop:
    """What a signal asked for: the signal's number once one has come, else None."""

    def __init__(self) -> None:
        self.number: int | None = None


@contextmanager
def stopping(clock: SystemClock) -> Iterator[Stop]:
    """Let SIGINT and SIGTERM stop the work in an orderly way: the request in flight ends and is recorded.

    The first signal rings the clock, which wakes every wait and which the stages ask between requests; a
    second Ctrl-C breaks off at once.
    """
    stop = Stop()

    def note(number: int, _frame: FrameType | None) -> None:
        if stop.number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.number = number
        clock.stop()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    except TertibError as error:
        if stop.number is None:
            raise
        # the work gave up because it was asked to: that is no failure of its own
        raise (Terminated if stop.number == signal.SIGTERM else KeyboardInterrupt) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
