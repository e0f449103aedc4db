"""The command line: what people type, and what every failure looks like to them.

Nothing heavy is imported here. `tertib --help` and completion read the table below and import no command;
a command's module is imported when it is called, and brings what it needs.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import FrameType
from typing import Any, Final, NamedTuple, NoReturn

import click

from tertib import __version__
from tertib.errors import RuleError, TertibError


class Entry(NamedTuple):
    """One command of the table: its module in this package, its help in a line, its heading."""

    module: str
    help: str
    heading: str


_START, _RULES, _ACT, _ORDERS, _RECORD = (
    "Getting started",
    "Rules",
    "Preview and apply",
    "Single orders",
    "The record",
)

COMMANDS: Final[Mapping[str, Entry]] = {
    "demo": Entry("demo", "See it all at work on a shop that exists only for a minute.", _START),
    "init": Entry("init", "Lay out a project: settings, starter rules, editor hints.", _START),
    "doctor": Entry("doctor", "Check token, clock, ledger and rules, and say what to mend.", _START),
    "sandbox": Entry("sandbox", "Serve a practice Scalev on this machine.", _START),
    "check": Entry("check", "Find every mistake in rules, without reading a single order.", _RULES),
    "test": Entry("test", "Run the tests that stand beside the rules.", _RULES),
    "fields": Entry("fields", "List what a rule can ask of an order, and set on it.", _RULES),
    "plan": Entry("plan", "Preview what rules would change. Sends nothing.", _ACT),
    "apply": Entry("apply", "Do exactly what a plan says, once.", _ACT),
    "run": Entry("run", "Plan and apply at once, as far as each rule's mode allows.", _ACT),
    "approvals": Entry("approvals", "List the plans that wait for a yes or no.", _ACT),
    "approve": Entry("approve", "Say yes to a plan that waits, and apply it.", _ACT),
    "reject": Entry("reject", "Say no to a plan that waits.", _ACT),
    "serve": Entry("serve", "Run rules on their schedules until stopped.", _ACT),
    "worker": Entry("worker", "Run rules on several machines together.", _ACT),
    "people": Entry("people", "Say who may open the pages, and what they may do there.", _ACT),
    "schedule": Entry("schedule", "Show when rules run next, and what is skipped.", _ACT),
    "pause": Entry("pause", "Stop rules, an account or everything for a while.", _ACT),
    "resume": Entry("resume", "Let what was paused go on.", _ACT),
    "notify": Entry("notify", "Try the channels that people are told by.", _ACT),
    "settle": Entry("settle", "Read back changes whose outcome is unknown.", _ACT),
    "explain": Entry("explain", "Show how a rule judges one order, step by step.", _ORDERS),
    "why": Entry("why", "Ask every rule about one order, and the record too.", _ORDERS),
    "hold": Entry("hold", "Keep every rule away from an order for a while.", _ORDERS),
    "release": Entry("release", "Let rules have an order again.", _ORDERS),
    "runs": Entry("runs", "List past runs, or show one.", _RECORD),
    "undo": Entry("undo", "Plan the way back from a past run.", _RECORD),
    "audit": Entry("audit", "List, verify and export the audit log.", _RECORD),
    "ledger": Entry("ledger", "Look at the record itself, copy it, and forget old personal data.", _RECORD),
}


LANGUAGES: Final = ("en", "id")
"""The languages of tables and sentences; here once more, since the module that knows them is not needed for help."""


class Choices:
    """What stands on the command line for every command: which settings and accounts, which language, which colour.

    `project_language` is what the settings say, once they were read.
    """

    def __init__(self) -> None:
        self.config: str | None = None
        self.accounts: tuple[str, ...] = ()
        self.color: bool | None = None
        self.language: str | None = None
        self.project_language: str | None = None


class Terminated(BaseException):
    """SIGTERM arrived and nobody but `main` is to answer it."""


def _choose(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep a global option where it was given: before the command or after it."""
    choices = ctx.find_root().ensure_object(Choices)
    if param.name == "config" and value is not None:
        choices.config = value
    if param.name == "account":
        choices.accounts += tuple(value)
    if param.name == "language" and value is not None:
        choices.language = value
    if param.name == "no_color" and value:
        choices.color = False


def _global_options() -> list[click.Option]:
    """Return the options that every command takes, made anew for each, as click wants them."""
    return [
        click.Option(
            ["--config"],
            metavar="FILE",
            help="Settings to use instead of ./tertib.yaml.",
            expose_value=False,
            callback=_choose,
        ),
        click.Option(
            ["--account"],
            metavar="NAME",
            multiple=True,
            help="Keep to this account of several; may be repeated.",
            expose_value=False,
            callback=_choose,
        ),
        click.Option(
            ["--lang", "language"],
            type=click.Choice(LANGUAGES),
            help="The language of tables and sentences; JSON, logs and errors keep to English.",
            expose_value=False,
            callback=_choose,
        ),
        click.Option(
            ["--no-color"], is_flag=True, help="Print without colour.", expose_value=False, callback=_choose
        ),
    ]


def _with_global_options(command: click.Command) -> click.Command:
    command.params.extend(_global_options())
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _with_global_options(child)
    return command


class CommandTable(click.Group):
    """A group that knows its commands from `COMMANDS` and imports one only to call it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of the table, which is the order people meet them in."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import a command's module and return the command, which is named as the module is."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if cmd_name not in self.commands:
            module = importlib.import_module(f"tertib.cli.{entry.module}")
            self.commands[cmd_name] = _with_global_options(module.command)
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where the one given does not exist."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no such command: `{args[0]}`{_nearest(args[0])}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the table under its headings, without importing a command."""
        for heading in dict.fromkeys(entry.heading for entry in COMMANDS.values()):
            with formatter.section(heading):
                formatter.write_dl(
                    [(name, entry.help) for name, entry in COMMANDS.items() if entry.heading == heading]
                )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete commands from the table; click would import each for its help."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only while completing

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=entry.help)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]


def _nearest(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only after a typing mistake

    near = get_close_matches(word, COMMANDS, n=1)
    return f". Did you mean `{near[0]}`?" if near else ""


@click.command(
    cls=CommandTable,
    params=_global_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`tertib COMMAND --help` tells more. Start with `tertib demo`.",
)
@click.version_option(__version__, "--version", message="tertib %(version)s")
def root() -> None:
    """Rules-as-code for Scalev orders: preview, apply once, prove it afterwards."""
    if os.environ.get("TERTIB_LANG"):
        from tertib.cli import speech  # noqa: PLC0415 - `--help` does without, and so does who does not ask for it

        speech.asked(os.environ)  # a wrong one is said before anything is done


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every failure becomes a message.

    0 done, 1 nothing could be decided or sent, 2 wrong command line, 3 something intended did not happen,
    4 `plan --detailed-exitcode` with changes, 130 interrupted, 143 terminated.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _forgive_encodings()
    with _terminable():
        try:
            code = _invoke(words)
            sys.stdout.flush()
        except BrokenPipeError:
            return _abandon_output(141)
        except OSError as error:
            code = _fail(words, _what_failed(error), None)
            return _abandon_output(code)
        return code


def _invoke(words: list[str]) -> int:
    """Call the command and translate what it raises; output errors pass through."""
    try:
        code = root.main(words, prog_name="tertib", standalone_mode=False)
    except click.ClickException as error:
        return _refused(words, error)
    except (click.Abort, KeyboardInterrupt):
        return _fail(words, "interrupted", None, code=130)
    except Terminated:
        return _fail(words, "terminated", None, code=143)
    except TertibError as error:
        return _fail(words, str(error), error.hint, problems=error)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - the last place that can turn a fault into a message
        return _internal_error(words, error)
    return code if isinstance(code, int) else 0


def _refused(words: Sequence[str], error: click.ClickException) -> int:
    """Say what is wrong with the command line (2), or what a command gave up on (1)."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return 2
    if isinstance(error, click.UsageError):
        return _fail(words, error.format_message(), _usage_hint(error), code=2)
    return _fail(words, error.format_message(), None)


def _fail(
    words: Sequence[str], message: str, hint: str | None, *, code: int = 1, problems: object = None
) -> int:
    """Say what went wrong on stderr, and as a JSON document on stdout where JSON was asked for."""
    if isinstance(problems, RuleError):
        from tertib.cli import problems as listing  # noqa: PLC0415 - only rules have problems to list

        sys.stderr.write(listing.as_text(problems.problems))
    sys.stderr.write(f"tertib: {_harmless(message)}\n" + (f"  hint: {_harmless(hint)}\n" if hint else ""))
    if wants_json(words):
        from tertib.cli import screen  # noqa: PLC0415 - only where JSON was asked for

        document: dict[str, Any] = {"error": message, "hint": hint, "exit_code": code}
        if isinstance(problems, RuleError):
            document["problems"] = listing.as_documents(problems.problems)
        sys.stdout.write(screen.as_json(document) + "\n")
        sys.stdout.flush()
    return code


def _harmless(text: str) -> str:
    """Return a message without what a terminal could obey: it may quote a file's name or an argument."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)


def wants_json(words: Sequence[str]) -> bool:
    """Tell whether the command line asks for one JSON document, as far as it could be read at all."""
    before_dashes = words[: words.index("--")] if "--" in words else words
    formats = pairwise(before_dashes)
    return "--json" in before_dashes or "--format=json" in before_dashes or ("--format", "json") in formats


def _usage_hint(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx is not None else "tertib"
    return f"`{path} --help` shows how it is used"


def _what_failed(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"cannot use `{error.filename}`: {reason}" if error.filename else f"cannot write: {reason}"


def _internal_error(words: Sequence[str], error: Exception) -> int:
    from tertib.cli import redact  # noqa: PLC0415 - only after a fault

    if os.environ.get("TERTIB_DEBUG"):
        sys.stderr.write(redact.traceback_without_secrets(error, os.environ))
    return _fail(
        words,
        # what the error itself says may quote an order
        f"internal error: {type(error).__name__} in {redact.place(error)}",
        "this is a fault in tertib, not in your rules; set TERTIB_DEBUG=1 for the traceback, which may quote an order",
    )


@contextmanager
def _terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception; elsewhere than in the main thread Python allows no handler."""

    def terminate(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    try:
        before = signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _forgive_encodings() -> None:
    """Let a terminal that lacks a character show a `?` rather than stop the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _abandon_output(code: int) -> int:
    """Point stdout at nothing, so that the interpreter's own last flush stays quiet too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return code
    finally:
        os.close(nowhere)
    return code
