"""`tertib test`: run the tests that stand beside the rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from tertib import load, rehearse
from tertib.cli import accounts, context, exits, files, options, rehearsed, screen, speech
from tertib.errors import SettingsError
from tertib.model import Settings
from tertib.rehearse import Rehearsal, junit
from tertib.rehearse.cases import rules_of
from tertib.rehearse.files import find, watched
from tertib.rehearse.watching import watch


@click.command("test")
@options.rules_argument
@options.json_output
@click.option("--coverage", is_flag=True, help="Count which verdicts were seen of every condition.")
@click.option(
    "--coverage-threshold",
    "threshold",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail where fewer of a hundred verdicts were seen.",
)
@click.option(
    "--junit",
    "report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the results as JUnit XML too.",
)
@click.option("--watch", "watching", is_flag=True, help="Run again whenever a rule, test or table changes.")
def command(
    rules: tuple[str, ...],
    *,
    as_json: bool,
    coverage: bool,
    threshold: float | None,
    report: Path | None,
    watching: bool,
) -> int:
    """Run the tests beside RULES (`NAME.test.yaml`): orders in short, an explicit clock, what must come of them.

    Exit code 1 where a case fails, a test has a mistake, or the coverage is below the threshold.
    """
    if watching and as_json:
        raise click.UsageError("`--json` prints one document, and `--watch` never ends")
    shown = rehearsed.Shown(coverage=coverage or threshold is not None, threshold=threshold)
    if not watching:
        return accounts.each(
            lambda one: _once(rules, one, shown, report),
            as_json=as_json,
            some_failed=exits.FAILED,
            one_only="--junit" if report is not None else None,
        )
    opened = context.session()

    def play(changed: Collection[Path]) -> int:
        _announce(changed, opened.clock.now(), opened.settings)
        try:
            said = _once(rules, opened, shown, report)
        except SettingsError as error:
            # a rule may be gone for the moment in which it is edited
            click.echo(f"tertib: {error}", err=True)
            return exits.FAILED
        said.show()
        return said.code

    with context.stopping(opened.clock):
        return watch(play, lambda: _files(rules, opened), opened.clock, lambda: opened.clock.stopping)


def _once(
    given: Sequence[str], opened: context.Session, shown: rehearsed.Shown, report: Path | None
) -> accounts.Said:
    paths, only = _wanted(given, opened.settings)
    found = rehearse.run(paths, opened.settings, only)
    if report is not None:
        _write(report, found)
    code = 0 if found.ok and shown.suffices(found) else exits.FAILED
    return accounts.Said(rehearsed.document(found, shown), lambda: rehearsed.show(found, shown, opened), code)


def _wanted(given: Sequence[str], settings: Settings) -> tuple[list[str], frozenset[str] | None]:
    """Return the paths to look in, and the names of rules to keep to: None where paths were given, or nothing."""
    paths = [word for word in given if context.is_path(word)]
    names = [word for word in given if not context.is_path(word)]
    if not names:
        return paths or [_near(one) for one in settings.rules], None
    beside, tests = find(paths, [])
    given_rules = load.load([*beside, *map(rules_of, tests)], settings).rules
    named = {
        rule.name: rule
        for rule in (*load.load([_near(one) for one in settings.rules], settings).rules, *given_rules)
    }
    unknown = [name for name in names if name not in named]
    if unknown:
        raise SettingsError(
            f"no rule is named `{unknown[0]}` in {context.listed(settings.rules)}",
            hint="give the path of a rule or a test, or a rule's name",
        )
    files = dict.fromkeys(named[name].origin.file for name in names)
    return [*paths, *files], frozenset([*names, *(rule.name for rule in given_rules)])


def _near(path: str) -> str:
    """Return a path as people write it: from the working directory on, where it lies below."""
    place, here = Path(path), Path.cwd()
    return str(place.relative_to(here)) if place.is_relative_to(here) else path


def _write(report: Path, found: Rehearsal) -> None:
    try:
        with files.writing(report) as opened:
            opened.write(junit.document(found))
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise SettingsError(f"`{report}` cannot be written: {reason}") from None


# --- watching -------------------------------------------------------------------------------------------


def _files(given: Sequence[str], opened: context.Session) -> frozenset[Path]:
    """Return the files whose change is a reason to play again."""
    paths = [word for word in given if context.is_path(word)]
    if len(paths) < len(given) or not paths:
        paths += opened.settings.rules
    return watched(paths)


def _announce(changed: Collection[Path], now: datetime, settings: Settings) -> None:
    """Say what made the tests run again."""
    if changed:
        names = ", ".join(screen.clean(path.name) for path in sorted(changed))
        at = screen.moment(now.astimezone(UTC), settings.timezone)
        click.echo("\n" + speech.gettext("%(at)s: %(files)s changed", at=at, files=names))
    else:
        click.echo(speech.gettext("watching; Ctrl-C ends it"))
