"""Play rule tests: the real stages `load → compile → evaluate → plan`, on invented orders, at a written-down moment.

No network, no record, no clock: what a test sees is what the rules say. `run` returns every case with what was
expected, what came, the trace of every condition with its place, and which verdicts of which conditions were seen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tertib import load
from tertib.compile import CompiledRule, Program, compile_rules
from tertib.evaluate import Evaluated, absorb, order_key, query_trace, reasons
from tertib.language import places
from tertib.language.personal import Mask
from tertib.model import (
    Complaint,
    Confirmed,
    Field,
    History,
    Page,
    Problem,
    Rule,
    Settings,
    Trace,
)
from tertib.plan import Reading, decide
from tertib.plan.vetoes import Facts
from tertib.rehearse.cases import Case, Expected, Sheet, read, rules_of
from tertib.rehearse.coverage import Coverage, Tally
from tertib.rehearse.files import find
from tertib.rehearse.judging import diff, differences, in_words, what_came
from tertib.rehearse.sources import Spots, Step, filter_steps, spots_of, steps
from tertib.rehearse.specimen import Specimen
from tertib.scalev import contract

# Orders in tests are invented; the mask is here because a trace always has one.
_MASK: Final = Mask(b"orders in rule tests are invented")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case played: what was expected, what came, and what every filter and condition of its rule saw.

    `differences` says in words what differs, a line each, and `diff` shows it; both are empty where the case
    passed. `steps` are the filters of the query and the conditions, each with the place where it is written.
    """

    file: str
    line: int
    name: str
    rule: str
    now: datetime
    expected: str
    got: str
    differences: tuple[str, ...]
    diff: tuple[str, ...]
    query: tuple[Trace, ...]
    trace: tuple[Trace, ...]
    steps: tuple[Step, ...]

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
    coverage: Coverage

    @property
    def ok(self) -> bool:
        """Tell whether there was something to play and all of it went as expected."""
        broken = any(problem.severity == "error" for problem in self.problems)
        return bool(self.cases) and not broken and all(case.ok for case in self.cases)


@dataclass(slots=True)
class _Playing:
    """What a run has come to so far. `only` names the rules that are asked for, None for all."""

    only: Collection[str] | None
    cases: list[CaseResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    rules: dict[tuple[str, str], tuple[Rule, Spots]] = field(default_factory=dict)

    def wants(self, rule: str) -> bool:
        """Tell whether a rule is among those asked for."""
        return self.only is None or rule in self.only

    def know(self, rules: Sequence[Rule]) -> Mapping[str, Spots]:
        """Remember rules with their places, for the coverage; return the places."""
        spots = spots_of(rules)
        self.rules.update(
            {(one.origin.file, one.name): (one, spots[one.name]) for one in rules if self.wants(one.name)}
        )
        return spots


def run(paths: Sequence[str | Path], settings: Settings, only: Collection[str] | None = None) -> Rehearsal:
    """Play the tests of these rule files, test files, directories or globs; never raises for what is in them.

    `only` keeps to the cases of the rules that it names.
    """
    playing = _Playing(only)
    rule_files, test_files = find(paths, playing.problems)
    for file in test_files:
        sheet, found = read(file, settings)
        playing.problems.extend(found)
        if sheet is not None:
            _play(sheet, playing)
    tested = {rules_of(file) for file in test_files}
    untested = [file for file in rule_files if file not in tested]
    for file in untested:
        playing.know(load.load([file], settings).rules)
    if not test_files and not playing.problems:
        hint = "a test of `cancel.yaml` stands beside it, in `cancel.test.yaml`"
        playing.problems.append(
            places.of_file(str(paths[0]) if paths else ".", "T103", "there is no rule test here", hint)
        )
    return Rehearsal(
        cases=tuple(playing.cases),
        problems=tuple(sorted(dict.fromkeys(playing.problems), key=places.order)),
        untested=tuple(map(str, untested)),
        coverage=Coverage(tuple(playing.tally.of(rule, spots) for rule, spots in playing.rules.values())),
    )


# --- playing one file -----------------------------------------------------------------------------------


def _play(sheet: Sheet, playing: _Playing) -> None:
    """Play the cases of a file that can be played, and say what is wrong with every other."""
    rules = _rules(sheet, playing)
    spots = playing.know(rules)
    for case in sheet.cases:
        if case.rule is not None and not playing.wants(case.rule):
            continue
        rule, complaints = _rule_of(case, rules)
        fields = contract.FIELDS[rule.source.name] if rule is not None else _EVERY_FIELD
        complaints += _order_complaints(sheet, case, fields)
        playing.problems += [sheet.problem(one) for one in complaints]
        broken = any(one.severity == "error" for one in complaints)
        if rule is not None and sheet.sound and case.sound and not broken and playing.wants(rule.name):
            playing.cases.append(
                _play_case(sheet, case, rule, rules, spots=spots[rule.name], tally=playing.tally)
            )


_EVERY_FIELD: Final[Mapping[str, Field]] = {
    path: one for fields in contract.FIELDS.values() for path, one in fields.items()
}
"""What an order may hold while nobody can say which source its rule reads."""


def _rules(sheet: Sheet, playing: _Playing) -> tuple[Rule, ...]:
    """Return the rules that a file is about, none where any of them has an error."""
    if not Path(sheet.rules).exists():
        hint = f"it is about the rules in `{Path(sheet.rules).name}`, which does not stand beside it"
        playing.problems.append(places.of_file(sheet.file, "T102", "this test has no rule file", hint))
        return ()
    loaded = load.load([sheet.rules], sheet.settings)
    if loaded.errors:
        playing.problems.extend(loaded.problems)
        return ()
    return loaded.rules


def _rule_of(case: Case, rules: Sequence[Rule]) -> tuple[Rule | None, list[Complaint]]:
    named = [rule for rule in rules if case.rule in {None, rule.name}]
    if len(named) == 1 or not rules:
        return named[0] if named else None, []
    names = ", ".join(f"`{rule.name}`" for rule in rules)
    if case.rule is None:
        why = "the file holds several rules, and the case does not say which it is about"
        return None, [Complaint(case.place, "T118", why, f"write `rule:` with one of {names}")]
    why = f"the file holds no rule `{case.rule}`"
    return None, [Complaint((*case.place, "rule"), "T119", why, f"it holds {names}")]


def _order_complaints(sheet: Sheet, case: Case, fields: Mapping[str, Field]) -> list[Complaint]:
    """Return everything that is wrong with a case's order, where it is written: in the case, or for all of them."""
    found = []
    for slip in _specimen(sheet, case, fields).slips(case.order, case.missing):
        if slip.left_out:
            where: tuple[str | int, ...] = (*case.place, "missing", case.missing.index(slip.field))
        elif slip.field in case.own:
            where = (*case.place, "order", slip.field)
        else:
            where = ("order", slip.field)
        if slip.strange:
            found.append(Complaint(where, "T213", slip.message, slip.hint, "warning"))
        else:
            found.append(Complaint(where, "T201", slip.message, slip.hint, on_key=not slip.left_out))
    return found


def _specimen(sheet: Sheet, case: Case, fields: Mapping[str, Field]) -> Specimen:
    spoken = "current" if sheet.settings.contract == "current" else "seeds"
    return Specimen(fields, case.now, spoken, sheet.settings.calendar)


# --- playing one case -----------------------------------------------------------------------------------


def _play_case(
    sheet: Sheet, case: Case, rule: Rule, rules: Sequence[Rule], *, spots: Spots, tally: Tally
) -> CaseResult:
    program = _program(sheet, case, rule, rules)
    compiled = program.rule(rule.name)
    order = _specimen(sheet, case, compiled.fields).order(case.order, case.missing)
    tally.note(compiled, order, case.now)
    evaluated = Evaluated()
    for scan in program.scans:
        absorb(evaluated, program, scan, Page((order,), None, case.now), _MASK)
    facts = Facts(
        sheet.settings,
        program.protect,
        _history(case, order, rule),
        now=case.now,
        rendered_at=case.now,
        mask=_MASK,
    )
    plan = decide(evaluated, program, Reading((), 0), facts, acting=False, created_at=case.now)
    came = what_came(plan, rule.name, matched=_matched(evaluated, rule.name, order))
    query, trace = _traces(compiled, order, case.now)
    return CaseResult(
        file=sheet.file,
        line=case.line,
        name=case.name,
        rule=rule.name,
        now=case.now,
        expected=in_words(case.expected),
        got=came.words,
        differences=tuple(differences(case.expected, came, (*query, *trace))),
        diff=tuple(diff(case.expected, came, (*query, *trace))),
        query=query,
        trace=trace,
        steps=(*filter_steps(rule.query, query, spots), *steps(rule.conditions, trace, spots)),
    )


def _program(sheet: Sheet, case: Case, rule: Rule, rules: Sequence[Rule]) -> Program:
    """Compile the file's rules on the same source together; the rule in question also where it is not enabled."""
    together = [one if one is not rule else replace(one, enabled=True) for one in rules]
    alike = [one for one in together if one.source == rule.source]
    return compile_rules(alike, sheet.settings, case.now)


def _traces(
    compiled: CompiledRule, order: Mapping[str, Any], now: datetime
) -> tuple[tuple[Trace, ...], tuple[Trace, ...]]:
    return query_trace(compiled, order, now, _MASK), reasons(compiled, order, now, _MASK)


def _matched(evaluated: Evaluated, rule: str, order: Mapping[str, Any]) -> bool:
    without_id = any(held.rule == rule for held in evaluated.without_id)
    return without_id or (rule, order_key(order)) in evaluated.matches


def _history(case: Case, order: Mapping[str, Any], rule: Rule) -> History:
    """Build the record that a case describes: what is on hold, unsettled, confirmed before, or sent today."""
    past, key = case.past, str(order_key(order))
    confirmed = tuple(Confirmed(name or rule.name, values, case.now) for name, values in past.confirmed)
    return History(
        confirmed={key: confirmed},
        unsettled=frozenset({key} if past.unsettled else ()),
        holds={key: past.hold} if past.hold else {},
        sent_today={rule.name: past.sent_today, "": past.sent_today},
    )


__all__ = ["Case", "CaseResult", "Expected", "Rehearsal", "run"]
