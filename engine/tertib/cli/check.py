"""`tertib check`: every mistake of every rule at once, without asking Scalev or opening the ledger."""

from __future__ import annotations

from dataclasses import replace

import click

from tertib import check as static
from tertib import load as loading
from tertib.cli import context, options, problems, screen
from tertib.errors import SettingsError
from tertib.language import places
from tertib.model import Loaded


@click.command("check")
@options.rules_argument
@options.json_output
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="How problems are written.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--show-code", is_flag=True, help="Print the rules' conditions as one compiled program.")
def command(rules: tuple[str, ...], *, as_json: bool, form: str, strict: bool, show_code: bool) -> int:
    """Find every mistake in RULES: files, directories, globs or names of rules.

    Exit code 1 where a rule has an error (with --strict: a warning).
    """
    opened = context.session()
    loaded = _load(opened, rules)
    failed = bool(loaded.errors or (strict and loaded.problems))
    if show_code and not loaded.errors:
        click.echo(_code(loaded), nl=False)
        return int(failed)
    if as_json or form == "json":
        screen.emit(
            {"ok": not failed, "rules": len(loaded.rules), "problems": problems.as_documents(loaded.problems)}
        )
    elif form == "github":
        click.echo(problems.as_github(loaded.problems), nl=False)
    elif form == "sarif":
        click.echo(problems.as_sarif(loaded.problems), nl=False)
    else:
        click.echo(problems.as_text(loaded.problems) + _verdict(loaded))
    return 1 if failed else 0


def _code(loaded: Loaded) -> str:
    from tertib.language.codegen import compile_conditions  # noqa: PLC0415 - only where the code is asked for

    return compile_conditions({rule.name: rule.conditions for rule in loaded.rules}).source


def _load(opened: context.Session, given: tuple[str, ...]) -> Loaded:
    """Load what was named; a name stands for the whole project, of which only its problems are kept."""
    paths = [word for word in given if context.is_path(word)]
    names = {word for word in given if not context.is_path(word)}
    if not names:
        found = _examined(opened, loading.load(paths or [opened.settings.rules], opened.settings))
    else:
        found = _only(_examined(opened, loading.load([opened.settings.rules], opened.settings)), names)
    if not found.rules and not found.problems:
        raise SettingsError(
            f"no rules in `{', '.join(given) or opened.settings.rules}`",
            hint="`tertib init` lays out a project with starter rules",
        )
    return found


def _examined(opened: context.Session, loaded: Loaded) -> Loaded:
    """Add what can be said of the rules that stand without reading an order: what never runs, conflicts, circles."""
    wrong = static.problems(loaded, opened.settings, opened.clock.now())
    return replace(loaded, problems=tuple(sorted([*loaded.problems, *wrong], key=places.order)))


def _only(loaded: Loaded, names: set[str]) -> Loaded:
    known = {rule.name for rule in loaded.rules} | {problem.rule for problem in loaded.problems}
    unknown = sorted(names - known)
    if unknown:
        raise SettingsError(
            f"no rule is named `{unknown[0]}`", hint="`tertib check` without a name lists all"
        )
    return Loaded(
        tuple(rule for rule in loaded.rules if rule.name in names),
        tuple(problem for problem in loaded.problems if problem.rule in names),
        loaded.files,
    )


def _verdict(loaded: Loaded) -> str:
    errors = len(loaded.errors)
    warnings = len(loaded.problems) - errors
    if not errors:
        good = f"{screen.many(len(loaded.rules), 'rule')} in {screen.many(loaded.files, 'file')}: no errors"
        return good + (f", {screen.many(warnings, 'warning')}" if warnings else "")
    return f"{screen.many(errors, 'error')}, {screen.many(warnings, 'warning')}"
