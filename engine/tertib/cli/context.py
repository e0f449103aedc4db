"""What a command works with: settings, credentials, ledger, client and clock, each made when first asked for."""

from __future__ import annotations

import hmac
import os
import random
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from tertib import load as loading
from tertib import settings as reading
from tertib.cli import Choices, Terminated
from tertib.clock import SystemClock
from tertib.errors import RuleError, SettingsError, TertibError
from tertib.model import Rule, Settings

if TYPE_CHECKING:
    from rich.console import Console

    from tertib.language.personal import Mask
    from tertib.ledger.store import SqlLedger
    from tertib.scalev.budget import RollingBudget
    from tertib.scalev.client import ChangeClient, Client

_MASK_LABEL: Final = b"tertib mask of personal values"


class Session:
    """One command's surroundings. Everything in it is opened lazily and closed together."""

    def __init__(
        self,
        choices: Choices | None = None,
        environ: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.choices = choices or Choices()
        self.environ = os.environ if environ is None else environ
        self.directory = directory or Path.cwd()
        self.clock = SystemClock()

    @cached_property
    def settings(self) -> Settings:
        """Read `tertib.yaml` and the environment; raises `SettingsError`."""
        return reading.read(self.choices.config, self.environ, self.directory)

    @cached_property
    def key(self) -> bytes:
        """Return the audit key; raises `LedgerError`."""
        from tertib.ledger import audit_key, ledger_file  # noqa: PLC0415 - only for commands that have a record

        return audit_key(self.environ, ledger_file(self.settings.ledger))

    @cached_property
    def mask(self) -> Mask:
        """Return the mask of personal values, keyed by a derivate of the audit key, so that neither shows the other."""
        from tertib.language.personal import Mask  # noqa: PLC0415 - `check` and `fields` mask nothing

        return Mask(hmac.digest(self.key, _MASK_LABEL, "sha256"))

    @cached_property
    def ledger(self) -> SqlLedger:
        """Open the ledger; raises `LedgerError`."""
        from tertib.ledger.store import open_ledger  # noqa: PLC0415 - brings sqlalchemy, which `check` must not import

        return open_ledger(
            self.settings.ledger,
            key=self.key,
            clock=self.clock,
            settle=self.settings.settle,
            lease_ttl=self.settings.lease_ttl,
            fingerprint=self.mask.fingerprint,
        )

    @cached_property
    def budget(self) -> RollingBudget:
        """Return the one request allowance that reading and writing share."""
        from tertib.scalev.budget import RollingBudget  # noqa: PLC0415 - only for commands that ask Scalev

        return RollingBudget(self.clock)

    @cached_property
    def reader(self) -> Client:
        """Return the client that reads; raises `CredentialError` for a token that is set and cannot be used."""
        from tertib.scalev.budget import RollingBudget  # noqa: PLC0415 - as in `budget`
        from tertib.scalev.client import Client  # noqa: PLC0415 - brings httpx, which `check` must not import

        return Client(
            self.settings.base_url,
            token=self._token("SCALEV_TOKEN"),
            customer_token=self._token("SCALEV_CUSTOMER_TOKEN"),
            timeout=self.settings.timeout,
            budget=self.budget,
            customer_budget=RollingBudget(self.clock),
            clock=self.clock,
            rng=random.Random(),  # noqa: S311 - spreads retries, hides nothing
        )

    @cached_property
    def writer(self) -> ChangeClient:
        """Return the client that changes orders; only commands that act ask for it. Raises `CredentialError`."""
        from tertib.scalev.client import ChangeClient  # noqa: PLC0415 - as in `reader`

        return ChangeClient(
            self.settings.base_url,
            token=self._token("SCALEV_TOKEN"),
            timeout=self.settings.timeout,
            budget=self.budget,
            clock=self.clock,
        )

    def console(self) -> Console:
        """Return the console for tables on stdout."""
        from tertib.cli import screen  # noqa: PLC0415 - `--json` does without it

        return screen.console(color=self.choices.color)

    def close(self) -> None:
        """Close whatever was opened, and keep a checkpoint of the audit chain beside a ledger that was."""
        if "ledger" in self.__dict__:
            self._keep_checkpoint()
        for name in ("reader", "writer", "ledger"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.clock.close()

    @property
    def checkpoints(self) -> Path | None:
        """Return the file of kept checkpoints, None for a ledger on a server."""
        from tertib.ledger import kept, keys  # noqa: PLC0415 - as in `key`

        ledger = keys.ledger_file(self.settings.ledger)
        return None if ledger is None else kept.checkpoint_file(ledger)

    def _keep_checkpoint(self) -> None:
        """Keep how far the audit chain goes; a disk that is full must not hide what the command itself says."""
        from tertib.ledger import kept  # noqa: PLC0415 - as in `key`

        file = self.checkpoints
        with suppress(OSError, TertibError):
            found = self.ledger.checkpoint(self.settings.account)
            if file is not None and found is not None:
                kept.keep(file, found)

    def _token(self, name: str) -> str | None:
        """Return a credential where one is set; a client asks for the one it needs when it needs it."""
        given = self.environ.get(name) or self.environ.get(f"{name}_FILE")
        return reading.token(self.environ, name, self.settings) if given else None


def session() -> Session:
    """Open the session of the command that runs now; it closes when the command ends."""
    ctx = click.get_current_context()
    opened = Session(ctx.find_root().ensure_object(Choices))
    ctx.call_on_close(opened.close)
    return opened


def rules(opened: Session, given: Sequence[str]) -> tuple[Rule, ...]:
    """Load the rules that were named on the command line, by path or by name; all of them where none was.

    Raises `RuleError` with every problem, and `SettingsError` where a name or a path leads nowhere.
    """
    paths = [word for word in given if is_path(word)]
    names = [word for word in given if not is_path(word)]
    found: list[Rule] = []
    if paths or not names:
        loaded = loading.load(paths or [opened.settings.rules], opened.settings)
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
        where = ", ".join(f"`{path}`" for path in paths or [opened.settings.rules])
        raise SettingsError(
            f"no rules in {where}", hint="`tertib init` lays out a project with starter rules"
        )
    return tuple(found)


def is_path(word: str) -> bool:
    """Tell whether a word of the command line means files rather than a rule's name."""
    return any(sign in word for sign in "/\\*?[") or word.endswith((".yaml", ".yml")) or Path(word).exists()


def _by_name(opened: Session, names: Sequence[str]) -> list[Rule]:
    """Find rules by name in the project's rules; other rules' problems do not stand in the way."""
    if not names:
        return []
    loaded = loading.load([opened.settings.rules], opened.settings)
    by_name = {rule.name: rule for rule in loaded.rules}
    missing = [name for name in names if name not in by_name]
    if missing:
        broken = [problem for problem in loaded.errors if problem.rule in missing]
        if broken:
            raise RuleError(broken)
        raise SettingsError(
            f"no rule is named `{missing[0]}` in `{opened.settings.rules}`{_near(missing[0], by_name)}"
        )
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
