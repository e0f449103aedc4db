"""Write a run of rule tests as JUnit XML, the form that build servers read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final

from tertib.model import Problem
from tertib.rehearse import CaseResult, Rehearsal
from tertib.rehearse.judging import shown
from tertib.rehearse.sources import Step

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, escaped or not."""


def document(rehearsed: Rehearsal) -> str:
    """Return the whole run: a suite for each test file, a case for each case, an error for each problem."""
    problems = [one for one in rehearsed.problems if one.severity == "error"]
    failed = sum(not case.ok for case in rehearsed.cases)
    tests = len(rehearsed.cases) + len(problems)
    suites = [*_of_cases(rehearsed.cases), *_of_problems(problems)]
    head = _tag("testsuites", name="tertib test", tests=tests, failures=failed, errors=len(problems))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join([head, *suites, "</testsuites>", ""])


def _of_cases(cases: Iterable[CaseResult]) -> Iterator[str]:
    for file, group in groupby(cases, key=lambda case: case.file):
        mine = list(group)
        failed = sum(not case.ok for case in mine)
        yield "  " + _tag("testsuite", name=file, tests=len(mine), failures=failed, errors=0, skipped=0)
        yield from (_case(case) for case in mine)
        yield "  </testsuite>"


def _case(case: CaseResult) -> str:
    names: dict[str, str | int] = {
        "name": case.name,
        "classname": case.rule,
        "file": case.file,
        "line": case.line,
    }
    if case.ok:
        return f"    {_tag('testcase', **names)}</testcase>"
    told = "\n".join([*case.diff, "", *_trace(case.steps)])
    said = "; ".join(" ".join(line.split()) for line in case.differences[:2])
    opened = _tag("failure", message=said, type="difference")
    return f"    {_tag('testcase', **names)}\n      {opened}{_text(told)}</failure>\n    </testcase>"


def _trace(steps: Sequence[Step], depth: int = 0) -> Iterator[str]:
    for step in steps:
        yield f"{'  ' * depth}{shown(step.trace)}  ({step.source.file}:{step.source.line})"
        yield from _trace(step.children, depth + 1)


def _of_problems(problems: Iterable[Problem]) -> Iterator[str]:
    for file, group in groupby(problems, key=lambda problem: problem.file):
        mine = list(group)
        yield "  " + _tag("testsuite", name=file, tests=len(mine), failures=0, errors=len(mine), skipped=0)
        yield from (_problem(problem) for problem in mine)
        yield "  </testsuite>"


def _problem(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}"
    opened = _tag("testcase", name=place, classname=problem.code, file=problem.file, line=problem.line)
    error = _tag("error", message=problem.message, type=problem.code)
    hint = f"\nhint: {problem.hint}" if problem.hint else ""
    told = _text(f"{place}: {problem.message}{hint}")
    return f"    {opened}\n      {error}{told}</error>\n    </testcase>"


def _tag(tag: str, **attributes: str | int) -> str:
    written = "".join(f' {name}="{_attribute(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>"


def _text(value: object) -> str:
    """Return text that XML can hold: characters that it has none for are left out."""
    return escape(_NO_XML.sub("", str(value)), quote=False).replace("\r", "&#13;")


def _attribute(value: object) -> str:
    """Return text for an attribute, in which XML would turn line ends and tabs into blanks."""
    text = escape(_NO_XML.sub("", str(value)), quote=True)
    return text.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
