"""Find the rule tests of files, directories and globs, and everything else that they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from glob import has_magic, iglob
from pathlib import Path
from typing import Any, Final

from tertib.language import document, places
from tertib.model import Problem
from tertib.rehearse.cases import is_test, rules_of, test_of

_YAML: Final = frozenset({".yaml", ".yml"})


def find(paths: Iterable[str | Path], problems: list[Problem]) -> tuple[list[Path], list[Path]]:
    """Return the rule files and the test files that the paths stand for, each once, in order of name."""
    found = _once(file for path in paths for file in _below(str(path), problems))
    rules = {file for file in found if not is_test(file)}
    beside = {test_of(file) for file in rules}
    tests = _once((*(found - rules), *(file for file in beside if file.is_file())))
    return sorted(rules), sorted(tests)


def _once(files: Iterable[Path]) -> set[Path]:
    """Return each file once, by whichever path it was found first."""
    first: dict[Path, Path] = {}
    for file in files:
        first.setdefault(file.resolve(), file)
    return set(first.values())


def watched(paths: Iterable[str | Path]) -> frozenset[Path]:
    """Return every file that what a test says can depend on: rules, tests, and the tables that rules name."""
    rules, tests = find(paths, [])
    rules += [rules_of(test) for test in tests]
    tables = {table for file in rules for table in _tables(file)}
    return frozenset({*rules, *tests, *tables})


def _tables(file: Path) -> Iterator[Path]:
    try:
        with file.open("rb") as opened:
            parsed = document.parse(opened.read(document.LARGEST + 1))
    except OSError:
        return
    for _, one in parsed.documents:
        named = one.data.get("data") if isinstance(one.data, Mapping) else None
        yield from (file.parent / text for text in _texts(named) if text)


def _texts(data: Any) -> Iterator[str]:
    for _, value in document.walk(data):
        if isinstance(value, str):
            yield value


def _below(path: str, problems: list[Problem]) -> Iterator[Path]:
    """Yield the YAML files that one path, directory or glob stands for; hidden ones are passed over."""
    place = Path(path)
    if place.is_file():
        yield place
    elif place.is_dir():
        for file in place.rglob("*"):
            hidden = any(part.startswith(".") for part in file.relative_to(place).parts)
            if file.suffix in _YAML and not hidden and file.is_file():
                yield file
    elif matching := _matching(path):
        for one in matching:
            yield from _below(one, problems)
    else:
        message = "no file matches" if has_magic(path) else "there is no file or directory"
        problems.append(places.of_file(path, "T102", f"{message} `{path}`"))


def _matching(path: str) -> list[str]:
    # Path.glob knows no absolute patterns
    return sorted(iglob(path, recursive=True)) if has_magic(path) else []  # noqa: PTH207
