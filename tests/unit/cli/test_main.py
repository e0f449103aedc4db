"""The command line's frame: what every failure looks like, and how light its start is."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from tertib import cli
from tertib.errors import PlanRefused, RuleError
from tertib.model import Problem

PROBLEM = Problem("r.yaml", 3, 5, "T101", "unknown field `statu`", rule="x", hint="did you mean `status`?")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run `tertib plan` with a command in its place that does what the test says."""

    def run(what: BaseException | Callable[[], object], *words: str) -> int:
        @click.command("plan")
        @click.option("--json", "as_json", is_flag=True)
        def command(*, as_json: bool) -> object:  # noqa: ARG001 - read from the command line by `main`
            if isinstance(what, BaseException):
                raise what
            return what()

        monkeypatch.setitem(cli.root.commands, "plan", command)
        return cli.main(["plan", *words])

    return run


def test_an_error_raised_on_purpose_is_a_message_and_a_hint(
    failing: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message goes to stderr with its hint, nothing to stdout, and the exit code is 1."""
    assert failing(PlanRefused("the plan is too old", hint="plan again")) == 1
    assert capsys.readouterr() == ("", "tertib: the plan is too old\n  hint: plan again\n")


def test_under_json_an_error_is_one_document_on_stdout(
    failing: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that reads stdout as JSON can read failures as well."""
    assert failing(PlanRefused("the plan is too old", hint="plan again"), "--json") == 1
    out = capsys.readouterr().out
    assert json.loads(out) == {"error": "the plan is too old", "hint": "plan again", "exit_code": 1}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["plan", "--json"], True),
        (["check", "--format", "json"], True),
        (["check", "--format=json"], True),
        (["check", "--format", "text"], False),
        (["plan", "--", "--json"], False),
    ],
)
def test_json_is_recognised_on_a_command_line_that_may_be_wrong(words: list[str], *, wanted: bool) -> None:
    """Errors come before or while the command line is read, so it is judged by its words."""
    assert cli.wants_json(words) is wanted


def test_problems_of_rules_are_listed_in_full(
    failing: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every problem is printed with its place, and under JSON stands in the document."""
    assert failing(RuleError([PROBLEM, PROBLEM]), "--json") == 1
    captured = capsys.readouterr()
    assert captured.err.count("r.yaml:3:5: rule x: unknown field `statu` [T101]") == 2
    assert [one["line"] for one in json.loads(captured.out)["problems"]] == [3, 3]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (KeyboardInterrupt(), 130),
        (cli.Terminated(), 143),
        (click.Abort(), 130),
        (click.UsageError("no"), 2),
        (click.ClickException("no"), 1),
        (RuntimeError("no"), 1),
        (OSError(errno.ENOSPC, "No space left on device", "plan.json"), 1),
    ],
)
def test_every_way_to_fail_has_its_exit_code(
    failing: Callable[..., int], what: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """No failure shows a traceback, and each says something on stderr."""
    assert failing(what) == code
    captured = capsys.readouterr()
    assert captured.err
    assert "Traceback" not in captured.err


def test_a_commands_own_exit_code_is_kept(failing: Callable[..., int]) -> None:
    """What a command returns is the exit code; returning nothing is 0."""
    assert failing(lambda: 4) == 4
    assert failing(lambda: None) == 0


def test_sigterm_ends_a_command_with_143(failing: Callable[..., int]) -> None:
    """A command that does not handle SIGTERM itself ends cleanly, as the shell expects."""
    before = signal.getsignal(signal.SIGTERM)
    assert failing(lambda: signal.raise_signal(signal.SIGTERM)) == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_unforeseen_error_hides_the_token(
    failing: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library may quote the header it refused: neither message nor traceback shows the token."""
    monkeypatch.setenv("SCALEV_TOKEN", "s3cr3t-token")
    monkeypatch.setenv("TERTIB_DEBUG", "1")
    assert failing(RuntimeError("Illegal header value b'Bearer s3cr3t-token'")) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "internal error: RuntimeError" in err
    assert "s3cr3t" not in err


def test_a_wrong_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing mistake is a wrong command line with a suggestion."""
    assert cli.main(["aply"]) == 2
    assert "no such command: `aply`. Did you mean `apply`?" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--config", "x.yaml", "plan"], ["plan", "--config", "x.yaml"]])
def test_global_options_stand_before_or_after_the_command(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--config` means the same in either place."""
    seen: list[str | None] = []

    @click.command("plan", params=cli._global_options())
    @click.pass_context
    def command(ctx: click.Context) -> None:
        seen.append(ctx.find_root().ensure_object(cli.Choices).config)

    monkeypatch.setitem(cli.root.commands, "plan", command)
    assert cli.main(words) == 0
    assert seen == ["x.yaml"]


def python(checkout: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python in a process of its own, against the checkout."""
    environ = {**os.environ, "PYTHONPATH": str(checkout / "engine"), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True, timeout=60
    )


LOADED = "import sys; print(*sorted(n for n in sys.modules if n.split('.')[0] in {named!r} or n.startswith('tertib.')))"
HEAVY = {
    "rich",
    "httpx",
    "sqlalchemy",
    "msgspec",
    "jinja2",
    "yaml",
    "structlog",
    "uvicorn",
    "croniter",
    "re2",
}


def test_help_imports_no_command_and_nothing_heavy(checkout: Path) -> None:
    """`tertib --help` reads a table: no command module, no library but click."""
    code = "import tertib.cli as c; c.main(['--help']); " + LOADED.format(named=HEAVY)
    out = python(checkout, code).stdout.splitlines()[-1]
    assert set(out.split()) == {"tertib.cli", "tertib.errors"}


def test_completion_imports_no_command(checkout: Path) -> None:
    """Pressing TAB must be as quick as `--help`."""
    code = "import tertib.cli as c\ntry: c.main([])\nexcept SystemExit: pass\n" + LOADED.format(named=HEAVY)
    done = python(checkout, code, _TERTIB_COMPLETE="bash_complete", COMP_WORDS="tertib au", COMP_CWORD="1")
    *completed, loaded = done.stdout.splitlines()
    assert completed == ["plain,audit"]
    assert set(loaded.split()) == {"tertib.cli", "tertib.errors"}


def test_check_imports_neither_http_nor_database(checkout: Path) -> None:
    """`tertib check` runs in every commit hook, so it pays for neither client nor ledger."""
    code = f"import tertib.cli as c; c.main(['check', {str(checkout / 'rules')!r}]); " + LOADED.format(
        named=HEAVY
    )
    out = python(checkout, code).stdout.splitlines()[-1].split()
    assert "tertib.load" in out
    assert not [name for name in out if name.split(".")[0] in {"httpx", "sqlalchemy"}]


def test_every_command_of_the_table_exists_under_its_name() -> None:
    """The table's names, modules and helps are those of real commands."""
    context = click.Context(cli.root)
    for name, entry in cli.COMMANDS.items():
        command = cli.root.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help
        assert entry.help.endswith(".")
        assert {"config", "no_color"} <= {param.name for param in command.params}
