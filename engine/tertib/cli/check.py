"""`tertib check`: every mistake of every rule at once, without asking Scalev or opening the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click

from tertib import check as static
from tertib import load as loading
from tertib.cli import accounts, context, exits, options, problems, speech
from tertib.compile import compile_rules
from tertib.errors import SettingsError, TertibError
from tertib.language import places
from tertib.language.nearest import did_you_mean
from tertib.language.wording import quote
from tertib.model import Given, Loaded, Problem


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
    found = _Found(context.sessions(), rules)
    if show_code:
        return _show_code(found, strict=strict)
    if form in {"github", "sarif"} and not as_json:
        write = problems.as_github if form == "github" else problems.as_sarif
        click.echo(write(found.everywhere()), nl=False)
        return found.code(strict=strict)
    if len(found.sessions) > 1 and form == "text" and not as_json and found.common:
        accounts.heading(speech.gettext("every account"), quiet=False)
        click.echo(problems.as_text(found.common), nl=False)
    return accounts.each(
        lambda opened: found.said(opened, strict=strict),
        as_json=as_json or form == "json",
        some_failed=exits.FAILED,
        opened=found.sessions,
    )


class _Found:
    """What checking every account came to; a problem that all of them have stands in `common`."""

    def __init__(self, sessions: Sequence[context.Session], given: tuple[str, ...]) -> None:
        self.sessions = sessions
        self._loaded: dict[str | None, Loaded | TertibError] = {}
        for one in sessions:
            try:
                self._loaded[one.account] = _load(one, given)
            except TertibError as error:
                self._loaded[one.account] = error
        if not given:
            self._tell_unused()
        loaded = self.loaded
        whole = len(loaded) == len(sessions) > 1
        shared = set(loaded[0].problems).intersection(*(one.problems for one in loaded)) if whole else set()
        self.common = tuple(sorted(shared, key=places.order))

    @property
    def loaded(self) -> list[Loaded]:
        """Return what was loaded, for the accounts where anything was."""
        return [one for one in self._loaded.values() if isinstance(one, Loaded)]

    def said(self, opened: context.Session, *, strict: bool) -> accounts.Said:
        """Return what there is to say of one account; raises what kept its rules from being looked at."""
        loaded = self._loaded[opened.account]
        if isinstance(loaded, TertibError):
            raise loaded
        failed = bool(loaded.errors or (strict and loaded.problems))
        document = {
            "ok": not failed,
            "rules": len(loaded.rules),
            "problems": problems.as_documents(loaded.problems),
        }
        own = [one for one in loaded.problems if one not in self.common]
        text = problems.as_text(own) + _verdict(loaded)
        return accounts.Said(document, lambda: click.echo(text), exits.FAILED if failed else 0)

    def everywhere(self) -> list[Problem]:
        """Return every problem once; one that not every account has names those that do, where there are several."""
        for error in self._loaded.values():
            if isinstance(error, TertibError):
                raise error
        having: dict[Problem, list[str]] = {}
        for one, loaded in zip(self.sessions, self.loaded, strict=True):
            for problem in loaded.problems:
                having.setdefault(problem, []).append(one.settings.account)
        told = [
            one
            if len(names) == len(self.sessions)
            else replace(one, message=f"{one.message} ({_accounts(names)})")
            for one, names in having.items()
        ]
        return sorted(told, key=places.order)

    def code(self, *, strict: bool) -> int:
        """Return 1 where any account has an error; if strict, a warning."""
        return exits.FAILED if any(one.errors or (strict and one.problems) for one in self.loaded) else 0

    def _tell_unused(self) -> None:
        """Add a warning for every value that the settings give to a variable which no rule of its accounts declares."""
        loaded = {one: self._loaded[one.account] for one in self.sessions}
        whole = {one: found for one, found in loaded.items() if isinstance(found, Loaded)}
        used = {
            _place(given)
            for one, found in whole.items()
            for name, given in one.settings.vars.items()
            if name in found.vars
        }
        for one, found in whole.items():
            idle = {name: given for name, given in one.settings.vars.items() if _place(given) not in used}
            told = [*found.problems, *(_unused(name, given, found) for name, given in idle.items())]
            self._loaded[one.account] = replace(found, problems=tuple(sorted(told, key=places.order)))


def _place(given: Given) -> tuple[str, int, int]:
    return given.file, given.line, given.column


def _unused(name: str, given: Given, loaded: Loaded) -> Problem:
    problem = places.of_file(
        given.file, "T612", f"no rule declares a variable {quote(name)}", did_you_mean(name, loaded.vars)
    )
    return replace(problem, line=given.line, column=given.column, severity="warning")


def _accounts(names: Sequence[str]) -> str:
    return f"account{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _show_code(found: _Found, *, strict: bool) -> int:
    opened = found.sessions[0]
    if len(found.sessions) > 1:
        accounts.refuse_several(found.sessions, "--show-code")
    said = found.said(opened, strict=strict)
    loaded = found.loaded[0]
    if loaded.errors:
        said.show()
    else:
        click.echo(_code(opened, loaded), nl=False)
    return said.code


def _code(opened: context.Session, loaded: Loaded) -> str:
    """Return the programs that a run of these rules decides by, one for each source that they read."""
    program = compile_rules(loaded.rules, opened.settings, opened.clock.now())
    shown = [
        f"# rules that read the orders of {'the business' if source.store is None else ascii(source.store)}\n"
        f"{program.deciding(source).compiled.source}"
        for source in dict.fromkeys(one.rule.source for one in program.rules)
    ]
    return "\n\n".join(shown) or "# none of these rules is enabled\n"


def _load(opened: context.Session, given: tuple[str, ...]) -> Loaded:
    """Load what was named; a name stands for the whole project, of which only its problems are kept."""
    paths = [word for word in given if context.is_path(word)]
    names = {word for word in given if not context.is_path(word)}
    if not names:
        found = _examined(opened, loading.load(paths or opened.settings.rules, opened.settings))
    else:
        found = _only(_examined(opened, loading.load(opened.settings.rules, opened.settings)), names)
    if not found.rules and not found.problems:
        raise SettingsError(
            f"no rules in {context.listed(given or opened.settings.rules)}",
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
    warned = speech.ngettext("%(count)s warning", "%(count)s warnings", warnings)
    if errors:
        return speech.ngettext("%(count)s error", "%(count)s errors", errors) + f", {warned}"
    good = speech.gettext(
        "%(rules)s in %(files)s: no errors",
        rules=speech.ngettext("%(count)s rule", "%(count)s rules", len(loaded.rules)),
        files=speech.ngettext("%(count)s file", "%(count)s files", loaded.files),
    )
    return good + (f", {warned}" if warnings else "")
