"""How a run of rule tests looks: failed cases as a diff with their trace, and what the cases never showed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from tertib.cli import context, judgement, problems, screen, speech
from tertib.rehearse import CaseResult, Rehearsal
from tertib.rehearse.coverage import Coverage, Node, RuleCoverage, percent
from tertib.rehearse.judging import WORDS
from tertib.rehearse.sources import Step
from tertib.sayings import N_

_VERDICTS: Final[Mapping[bool | None, str]] = {True: N_("true"), False: N_("false"), None: N_("unknown")}


@dataclass(frozen=True, slots=True)
class Shown:
    """What was asked to be shown, and the coverage, in percent, that is enough (None for any)."""

    coverage: bool = False
    threshold: float | None = None

    def suffices(self, rehearsed: Rehearsal) -> bool:
        """Tell whether the coverage reaches the threshold."""
        return self.threshold is None or rehearsed.coverage.reaches(self.threshold)


def show(rehearsed: Rehearsal, shown: Shown, opened: context.Session) -> None:
    """Print a run of rule tests for people."""
    click.echo(problems.as_text(rehearsed.problems), nl=False)
    for case in rehearsed.cases:
        if not case.ok:
            click.echo("\n".join(_failure(case, opened.settings.timezone)) + "\n")
    for file in rehearsed.untested:
        click.echo(speech.gettext("no test stands beside %(file)s", file=file))
    if shown.coverage:
        _show_coverage(rehearsed.coverage, opened)
    click.echo(_verdict(rehearsed))
    if not shown.suffices(rehearsed):
        click.echo(
            speech.gettext(
                "the coverage is below the threshold of %(percent)s %%", percent=f"{shown.threshold:g}"
            )
        )


def _failure(case: CaseResult, zone: str) -> Iterator[str]:
    failed = speech.gettext("rule %(rule)s: %(case)s", rule=case.rule, case=case.name)
    yield f"{case.file}:{case.line}: {screen.clean(failed)}"
    yield from (f"  {screen.clean(line)}" for line in case.diff)
    yield "  " + speech.gettext("at %(at)s the rule saw:", at=screen.moment(case.now, zone))
    lines = list(_steps(case.steps))
    width = max((len(line) for line, _ in lines), default=0)
    yield from (f"  {line.ljust(min(width, 100))}  {place}" for line, place in lines)


def _steps(steps: Sequence[Step], depth: int = 1) -> Iterator[tuple[str, str]]:
    for step in steps:
        line = judgement.line(step.trace, depth)
        yield line, f"{step.source.file}:{step.source.line}"
        yield from _steps(step.children, depth + 1)


def _verdict(rehearsed: Rehearsal) -> str:
    failed = sum(not case.ok for case in rehearsed.cases)
    passed = len(rehearsed.cases) - failed
    broken = sum(problem.severity == "error" for problem in rehearsed.problems)
    said = speech.ngettext(
        "%(count)s case: %(passed)s passed, %(failed)s failed",
        "%(count)s cases: %(passed)s passed, %(failed)s failed",
        len(rehearsed.cases),
        passed=passed,
        failed=failed,
    )
    if not broken:
        return said
    return f"{said}, " + speech.ngettext("%(count)s mistake", "%(count)s mistakes", broken)


# --- coverage -------------------------------------------------------------------------------------------


def _show_coverage(coverage: Coverage, opened: context.Session) -> None:
    listed = screen.table(
        N_("rule"),
        N_("cases"),
        N_("conditions"),
        N_("seen"),
        N_("of"),
        N_("coverage"),
        right=["cases", "conditions", "seen", "of", "coverage"],
    )
    for rule in coverage.rules:
        numbers = (rule.cases, len(rule.nodes), rule.seen, rule.needed)
        listed.add_row(rule.rule, *map(screen.number, numbers), _percent(rule.seen, rule.needed))
    if coverage.rules:
        opened.console().print(listed)
    for rule in coverage.rules:
        for line in _unseen(rule):
            click.echo(line)
    click.echo(
        speech.ngettext(
            "coverage: %(percent)s, %(seen)s of %(count)s verdict seen",
            "coverage: %(percent)s, %(seen)s of %(count)s verdicts seen",
            coverage.needed,
            percent=_percent(coverage.seen, coverage.needed),
            seen=screen.number(coverage.seen),
        )
    )


def _unseen(rule: RuleCoverage) -> Iterator[str]:
    for node in rule.nodes:
        if node.missing:
            said = speech.gettext(
                "rule %(rule)s: %(condition)s was never seen %(verdicts)s",
                rule=rule.rule,
                condition=_text(node),
                verdicts=_words(node.missing),
            )
            yield f"{_place(node)}: {said}"
    for node in rule.filters:
        if False in node.missing:
            said = speech.gettext(
                "rule %(rule)s: `%(condition)s` never kept an order out (not counted)",
                rule=rule.rule,
                condition=node.condition,
            )
            yield f"{_place(node)}: {said}"


def _text(node: Node) -> str:
    return f"`{screen.clean(node.condition)}`"


def _place(node: Node) -> str:
    return f"{node.file}:{node.line}:{node.column}"


def _words(verdicts: Iterable[bool | None]) -> str:
    return judgement.either([speech.gettext(_VERDICTS[one]) for one in verdicts])


def _percent(seen: int, needed: int) -> str:
    return f"{percent(seen, needed):g} %"


# --- for machines ---------------------------------------------------------------------------------------


def document(rehearsed: Rehearsal, shown: Shown) -> dict[str, Any]:
    """Return what `test --json` prints."""
    told = {
        "ok": rehearsed.ok and shown.suffices(rehearsed),
        "passed": sum(case.ok for case in rehearsed.cases),
        "failed": sum(not case.ok for case in rehearsed.cases),
        "cases": [_case(case) for case in rehearsed.cases],
        "problems": problems.as_documents(rehearsed.problems),
        "untested": list(rehearsed.untested),
    }
    return {**told, "coverage": _coverage(rehearsed.coverage, shown)} if shown.coverage else told


def _case(case: CaseResult) -> dict[str, Any]:
    return {
        "file": case.file,
        "line": case.line,
        "name": case.name,
        "rule": case.rule,
        "now": case.now,
        "ok": case.ok,
        "expected": case.expected,
        "got": case.got,
        "differences": list(case.differences),
        "diff": list(case.diff),
        "trace": [_step(step) for step in case.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "condition": step.trace.condition,
        "saw": step.trace.saw,
        "result": WORDS[step.trace.result],
        "file": step.source.file,
        "line": step.source.line,
        "children": [_step(child) for child in step.children],
    }


def _coverage(coverage: Coverage, shown: Shown) -> dict[str, Any]:
    return {
        "percent": percent(coverage.seen, coverage.needed),
        "threshold": shown.threshold,
        "seen": coverage.seen,
        "needed": coverage.needed,
        "rules": [
            {
                "rule": rule.rule,
                "file": rule.file,
                "line": rule.line,
                "cases": rule.cases,
                "percent": percent(rule.seen, rule.needed),
                "seen": rule.seen,
                "needed": rule.needed,
                "nodes": [_node(node) for node in rule.nodes],
                "filters": [_node(node) for node in rule.filters],
            }
            for rule in coverage.rules
        ],
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "condition": node.condition,
        "file": node.file,
        "line": node.line,
        "column": node.column,
        "seen": [WORDS[one] for one in node.seen],
        "missing": [WORDS[one] for one in node.missing],
    }
