"""What is wrong with rules, in the formats that people, scripts and code hosts read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from tertib import __version__
from tertib.cli.screen import as_json
from tertib.language.codes import CODES
from tertib.model import Problem
from tertib.telling.text import clean

_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(problems: Iterable[Problem]) -> str:
    """Return every problem as `file:line:col: rule NAME: message [code]`, its line with a caret, its hint."""
    return "".join(_text(problem) for problem in problems)


def as_documents(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return the problems as `check --json` lists them."""
    return [
        {
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "rule": problem.rule,
            "severity": problem.severity,
            "code": problem.code,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]


def as_github(problems: Iterable[Problem]) -> str:
    """Return the problems as workflow commands, which GitHub shows as annotations beside the lines."""
    return "".join(_annotation(problem) for problem in problems)


def as_sarif(problems: Sequence[Problem]) -> str:
    """Return the problems as a SARIF 2.1.0 log, which code hosts and editors import."""
    codes = sorted({problem.code for problem in problems})
    driver = {"name": "tertib", "version": __version__, "rules": [_sarif_rule(code) for code in codes]}
    results = [_result(problem, codes.index(problem.code)) for problem in problems]
    # columns of problems count characters, as Python does, where SARIF would count UTF-16 units
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return as_json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _text(problem: Problem) -> str:
    rule = f"rule {problem.rule}: " if problem.rule else ""
    warning = "warning: " if problem.severity == "warning" else ""
    place = f"{problem.file}:{problem.line}:{problem.column}"
    lines = [clean(f"{place}: {rule}{warning}{problem.message} [{problem.code}]")]
    if problem.source_line.strip():
        lines += [f"    {_printable(problem.source_line)}", "    " + _caret(problem)]
    if problem.hint:
        lines.append(f"    hint: {clean(problem.hint)}")
    return "\n".join(lines) + "\n"


def _printable(line: str) -> str:
    """Return a line of a file with tabs and control characters as one blank each, so that the caret fits."""
    return "".join(character if character.isprintable() else " " for character in line.rstrip())


def _caret(problem: Problem) -> str:
    room = max(1, len(problem.source_line.rstrip()) - problem.column + 1)
    return " " * (problem.column - 1) + "^" * max(1, min(problem.width, room))


def _annotation(problem: Problem) -> str:
    rule = f"rule {problem.rule}: " if problem.rule else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    place = f"file={_property(problem.file)},line={problem.line},col={problem.column}"
    title = f"tertib {_property(problem.code)}"
    return f"::{problem.severity} {place},title={title}::{_data(rule + problem.message + hint)}\n"


def _data(text: str) -> str:
    """Escape a workflow command's message."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return clean(escaped)


def _property(text: str) -> str:
    """Escape a workflow command's property, in which colons and commas mean something as well."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif_rule(code: str) -> dict[str, Any]:
    """Return what SARIF calls a rule: a kind of message, with what it means."""
    meaning = {"text": CODES.get(code, code)}
    return {"id": code, "shortDescription": meaning, "fullDescription": meaning, "help": meaning}


def _result(problem: Problem, index: int) -> dict[str, Any]:
    rule = f"rule {problem.rule}: " if problem.rule else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    region = {
        "startLine": problem.line,
        "startColumn": problem.column,
        "endColumn": problem.column + max(1, problem.width),
    }
    location = {"artifactLocation": {"uri": _uri(problem.file)}, "region": region}
    return {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": problem.severity,
        "message": {"text": rule + problem.message + hint},
        "locations": [{"physicalLocation": location}],
    }


def _uri(file: str) -> str:
    """Return a file's name as a URI: a relative one stays relative, which means the repository's top."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
