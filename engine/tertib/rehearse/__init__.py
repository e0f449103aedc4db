"""Play rule tests: the real stages `load → compile → evaluate → plan`, on invented orders, at a written-down moment.

No network, no record, no clock: what a test sees is what the rules say. `run` returns every case with what was
expected, what came, and the trace of every condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from glob import has_magic, iglob
from pathlib import Path
from typing import Any, Final

from tertib import load
from tertib.compile import CompiledRule, Program, compile_rules
from tertib.evaluate import Evaluated, absorb, order_key, query_trace, reasons
from tertib.language import durations, places
from tertib.language.personal import Mask
from tertib.model import (
    Change,
    Complaint,
    Confirmed,
    Held,
    History,
    Page,
    Plan,
    Problem,
    Rule,
    Settings,
    Trace,
)
from tertib.plan import Reading, decide
from tertib.plan.vetoes import Facts
from tertib.rehearse.cases import Case, Expected, Sheet, is_test, read, rules_of, test_of
from tertib.rehearse.specimen import BadOrder, Specimen

# Orders in tests are invented; the mask is here because a trace always has one.
_MASK: Final = Mask(b"orders in rule tests are invented")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case played: what was expected, what came, and what every filter and condition of its rule saw.

    `differences` says in words what differs, a line each; it is empty where the case passed.
    """

    file: str
    line: int
    name: str
    rule: str
    expected: str
    got: str
    differences: tuple[str, ...]
    query: tuple[Trace, ...]
    trace: tuple[Trace, ...]

    @property
    def ok(self) -> bool:
        """Tell whether the case went as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All cases of a run, the problems that kept some from being played, and the rule files without a test."""

    cases: tuple[CaseResult, ...]
    problems: tuple[Problem, ...]
    untested: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether there was something to play and all of it went as expected."""
        broken = any(problem.severity == "error" for problem in self.problems)
        return bool(self.cases) and not broken and all(case.ok for case in self.cases)


def run(paths: Sequence[str | Path], settings: Settings) -> Rehearsal:
    """Play the tests of these rule files, test files, directories or globs; never raises for what is in them."""
    problems: list[Problem] = []
    rule_files, test_files = _files(paths, problems)
    cases: list[CaseResult] = []
    for file in test_files:
        sheet, found = read(file, settings)
        problems.extend(found)
        if sheet is not None:
            _play(sheet, cases, problems)
    tested = {rules_of(file) for file in test_files}
    untested = tuple(str(file) for file in rule_files if file not in tested)
    if not test_files and not problems:
        hint = "a test of `cancel.yaml` stands beside it, in `cancel.test.yaml`"
        problems.append(
            places.of_file(str(paths[0]) if paths else ".", "T103", "there is no rule test here", hint)
        )
    return Rehearsal(tuple(cases), tuple(problems), untested)


def _files(paths: Iterable[str | Path], problems: list[Problem]) -> tuple[list[Path], list[Path]]:
    """Return the rule files and the test files that the paths stand for, each once, in order of name."""
    found = {file for path in paths for file in _below(str(path), problems)}
    tests = {file for file in found if is_test(file)}
    rules = found - tests
    beside = {test_of(file) for file in rules}
    return sorted(rules), sorted(tests | {file for file in beside if file.is_file()})


def _below(path: str, problems: list[Problem]) -> Iterator[Path]:
    """Yield the YAML files that one path, directory or glob stands for; hidden ones are passed over."""
    place = Path(path)
    if place.is_file():
        yield place
    elif place.is_dir():
        for file in place.rglob("*"):
            hidden = any(part.startswith(".") for part in file.relative_to(place).parts)
            if file.suffix in {".yaml", ".yml"} and not hidden and file.is_file():
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


# --- playing one file -----------------------------------------------------------------------------------


def _play(sheet: Sheet, cases: list[CaseResult], problems: list[Problem]) -> None:
    loaded = load.load([sheet.rules], sheet.settings)
    if loaded.errors:
        problems.extend(loaded.problems)
        return
    program = compile_rules(loaded.rules, sheet.settings, sheet.now)
    for case in sheet.cases:
        try:
            cases.append(_play_case(sheet, case, _rule_of(case, loaded.rules), program))
        except _Unplayable as error:
            problems.append(sheet.problem(error.complaint))


class _Unplayable(Exception):  # noqa: N818 - carries a complaint from a case to the file's report
    """A case that asks for something that does not exist."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.message)
        self.complaint = complaint


def _rule_of(case: Case, rules: Sequence[Rule]) -> Rule:
    named = [rule for rule in rules if case.rule in {None, rule.name}]
    if len(named) == 1:
        return named[0]
    names = ", ".join(f"`{rule.name}`" for rule in rules)
    if case.rule is None:
        why = "the file holds several rules, and the case does not say which it is about"
        raise _Unplayable(Complaint(case.place, "T118", why, f"write `rule:` with one of {names}"))
    why = f"the file holds no rule `{case.rule}`"
    raise _Unplayable(Complaint((*case.place, "rule"), "T119", why, f"it holds {names}"))


def _play_case(sheet: Sheet, case: Case, rule: Rule, program: Program) -> CaseResult:
    compiled = program.rule(rule.name)
    order = _order(sheet, case, compiled)
    evaluated = Evaluated()
    page = Page((order,), None, sheet.now)
    for scan in program.scans:
        absorb(evaluated, program, scan, page, _MASK)
    history = _history(sheet, case, order, rule)
    facts = Facts(sheet.settings, program.protect, history, now=sheet.now, rendered_at=sheet.now, mask=_MASK)
    plan = decide(evaluated, program, Reading((), 0), facts, acting=False, created_at=sheet.now)
    query = query_trace(compiled, order, sheet.now, _MASK)
    trace = reasons(compiled, order, sheet.now, _MASK)
    came = _what_came(plan, rule.name, matched=_matched(evaluated, rule.name, order))
    return CaseResult(
        file=sheet.file,
        line=case.line,
        name=case.name,
        rule=rule.name,
        expected=_in_words(case.expected),
        got=came.words,
        differences=tuple(_differences(case.expected, came, (*query, *trace))),
        query=query,
        trace=trace,
    )


def _order(sheet: Sheet, case: Case, compiled: CompiledRule) -> Mapping[str, Any]:
    kind_of_id = "current" if sheet.settings.contract == "current" else "seeds"
    try:
        return Specimen(compiled.fields, sheet.now, kind_of_id).order(case.order, case.missing)
    except BadOrder as error:
        inside = "missing" if error.field in case.missing else "order"
        where = (*case.place, inside) if inside == "missing" else (*case.place, inside, error.field)
        raise _Unplayable(Complaint(where, "T201", str(error), error.hint, on_key=True)) from None


def _matched(evaluated: Evaluated, rule: str, order: Mapping[str, Any]) -> bool:
    without_id = any(held.rule == rule for held in evaluated.without_id)
    return without_id or (rule, order_key(order)) in evaluated.matches


# --- what the record knew -------------------------------------------------------------------------------


def _history(sheet: Sheet, case: Case, order: Mapping[str, Any], rule: Rule) -> History:
    """Build the record that a case describes: what is on hold, unsettled, confirmed before, or sent today."""
    past, key = case.past, str(order_key(order))
    confirmed = tuple(Confirmed(name or rule.name, values, sheet.now) for name, values in past.confirmed)
    return History(
        confirmed={key: confirmed},
        unsettled=frozenset({key} if past.unsettled else ()),
        holds={key: past.hold} if past.hold else {},
        sent_today={rule.name: past.sent_today, "": past.sent_today},
    )


# --- judging --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of an order: a change, a hold, or why there was neither."""

    what: str
    change: Change | None = None
    held: Held | None = None

    @property
    def words(self) -> str:
        if self.change is not None:
            return f"planned: {_listed(self.change.set)}"
        if self.held is not None:
            return f"held: {self.held.code} ({self.held.why})"
        return _WORDS[self.what]


_WORDS: Final = {
    "not_matched": "not matched",
    "unchanged": "unchanged (the order is as wanted already)",
}


def _what_came(plan: Plan, rule: str, *, matched: bool) -> _Came:
    change = next((one for one in plan.changes if one.rule == rule), None)
    if change is not None:
        return _Came("planned", change=change)
    held = next((one for one in plan.held if one.rule == rule), None)
    if held is not None:
        return _Came("held", held=held)
    return _Came("unchanged" if matched else "not_matched")


def _differences(expected: Expected, came: _Came, trace: Sequence[Trace]) -> Iterator[str]:
    if came.what != expected.what or (came.held is not None and came.held.code != expected.code):
        yield f"expected {_in_words(expected)}"
        yield f"got      {came.words}"
        if came.what == "not_matched":
            yield from (f"because  {_shown(node)}" for node in trace if node.result is not True)
    elif came.change is not None:
        yield from _value_differences(expected.values, came.change.set)
    elif expected.because:
        yield from _reason_differences(expected.because, came, trace)


def _value_differences(wanted: Mapping[str, Any], planned: Mapping[str, Any]) -> Iterator[str]:
    for name in (*wanted, *(name for name in planned if name not in wanted and name != "by")):
        if name not in planned:
            yield f"`{name}`: expected {wanted[name]!s}, and the change does not set it"
        elif name not in wanted:
            yield f"`{name}`: the change sets {_plain(planned[name])}, and the case does not expect it"
        elif not _same(wanted[name], planned[name]):
            yield f"`{name}`: expected {wanted[name]!s}, got {_plain(planned[name])}"


def _reason_differences(because: str, came: _Came, trace: Sequence[Trace]) -> Iterator[str]:
    if came.held is not None:
        if because not in came.held.why:
            yield f"held as expected, but not because of `{because}`: {came.held.why}"
        return
    decisive = [node for node in trace if node.result is not True]
    if not any(because in text for node in decisive for text in _texts(node)):
        seen = "; ".join(_shown(node) for node in decisive) or "nothing in the trace"
        yield f"not matched as expected, but not because of `{because}`: {seen}"


def _texts(node: Trace) -> Iterator[str]:
    yield node.condition
    for child in node.children:
        yield from _texts(child)


def _shown(node: Trace) -> str:
    verdict = {True: "true", False: "false", None: "unknown"}[node.result]
    return f"{node.condition} saw {node.saw}: {verdict}"


def _same(wanted: Any, planned: Any) -> bool:
    if isinstance(planned, datetime) or _instant(wanted) is not None:
        return _instant(wanted) == _instant(planned)
    return str(wanted) == str(planned)


def _instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return durations.parse_timestamp(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items())


def _in_words(expected: Expected) -> str:
    if expected.what == "planned":
        return f"planned: {_listed(expected.values)}"
    if expected.what == "held":
        return f"held: {expected.code}"
    return _WORDS[expected.what].partition(" (")[0] + (
        f" because of {expected.because}" if expected.because else ""
    )


__all__ = ["Case", "CaseResult", "Expected", "Rehearsal", "run"]
