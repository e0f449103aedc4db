"""`tertib test`: run the tests that stand beside the rules."""

from __future__ import annotations

from typing import Any

import click

from tertib import rehearse
from tertib.cli import context, options, problems, screen
from tertib.rehearse import CaseResult, Rehearsal


@click.command("test")
@options.rules_argument
@options.json_output
def command(rules: tuple[str, ...], *, as_json: bool) -> int:
    """Run the tests beside RULES (`NAME.test.yaml`): orders in short, an explicit clock, what must come of them."""
    opened = context.session()
    rehearsed = rehearse.run(list(rules) or [opened.settings.rules], opened.settings)
    if as_json:
        screen.emit(_document(rehearsed))
    else:
        _show(rehearsed)
    return 0 if rehearsed.ok else 1


def _document(rehearsed: Rehearsal) -> dict[str, Any]:
    return {
        "ok": rehearsed.ok,
        "passed": sum(case.ok for case in rehearsed.cases),
        "failed": sum(not case.ok for case in rehearsed.cases),
        "cases": [_case(case) for case in rehearsed.cases],
        "problems": problems.as_documents(rehearsed.problems),
        "untested": list(rehearsed.untested),
    }


def _case(case: CaseResult) -> dict[str, Any]:
    return {
        "file": case.file,
        "line": case.line,
        "name": case.name,
        "rule": case.rule,
        "ok": case.ok,
        "expected": case.expected,
        "got": case.got,
        "differences": list(case.differences),
    }


def _show(rehearsed: Rehearsal) -> None:
    click.echo(problems.as_text(rehearsed.problems), nl=False)
    for case in rehearsed.cases:
        if not case.ok:
            click.echo(f"{case.file}:{case.line}: rule {case.rule}: {screen.clean(case.name)}")
            for line in case.differences:
                click.echo(f"    {screen.clean(line)}")
    for file in rehearsed.untested:
        click.echo(f"no test stands beside {file}")
    failed = sum(not case.ok for case in rehearsed.cases)
    click.echo(
        f"{screen.many(len(rehearsed.cases), 'case')}: {len(rehearsed.cases) - failed} passed, {failed} failed"
    )
