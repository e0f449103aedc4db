"""Static checks: what rules can never do, do carelessly, or do against each other, shown by an order that proves it.

Exact over enumerated values, intervals, presence and tags; no solver, and no guessing. What rests on a pattern, an
expression or another field is only reported where a synthesised order, held against the real evaluation and the real
plan, shows it; nothing is said where it cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tertib.check import careful, circles, pairs, possible
from tertib.check.finding import Finding, subject
from tertib.language import document, places
from tertib.language.document import Document
from tertib.model import Complaint, Loaded, Problem, Rule, Settings

__all__ = ["Finding", "check", "problems"]


def check(rules: Sequence[Rule], settings: Settings, now: datetime) -> tuple[Finding, ...]:
    """Return what is to be said of rules, one by one and together; rules that are not enabled are only looked at alone.

    Pure. Every witness has been held against the real evaluation at `now`; ages are judged for all later times.
    """
    subjects = [subject(rule, settings, now) for rule in rules]
    alone = [one for known in subjects for one in (*possible.findings(known), *careful.findings(known))]
    live = [known for known in subjects if known.rule.enabled]
    return (*alone, *pairs.findings(live), *circles.findings(live))


def problems(loaded: Loaded, settings: Settings, now: datetime) -> tuple[Problem, ...]:
    """Return the findings about loaded rules as problems with file, line and column, sorted by place.

    The files are read once more for the places; where one has changed or gone, its rule's own line stands in.
    """
    rules = {rule.name: rule for rule in loaded.rules}
    documents: dict[str, dict[int, Document]] = {}
    told = {(problem.rule, problem.code) for problem in loaded.problems}
    found = []
    for finding in check(loaded.rules, settings, now):
        if finding.code == "T716" and (finding.rule, "T312") in told:
            continue  # a rule without a query was told so when it was loaded
        origin = rules[finding.rule].origin
        if origin.file not in documents:
            documents[origin.file] = dict(_documents(origin.file))
        found.append(_problem(finding, rules[finding.rule], documents[origin.file].get(origin.line)))
    return tuple(sorted(found, key=places.order))


def _documents(file: str) -> Iterator[tuple[int, Document]]:
    """Yield a file's documents with the lines that their rules start at."""
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 - `file` is opened as it was given to `load`
            raw = opened.read(document.LARGEST + 1)
    except OSError:
        return
    for _, one in document.parse(raw).documents:
        yield one.spot(()).line, one


def _problem(finding: Finding, rule: Rule, found: Document | None) -> Problem:
    if found is None:
        origin = rule.origin
        return Problem(
            origin.file,
            origin.line,
            1,
            finding.code,
            finding.message,
            finding.severity,
            rule.name,
            finding.hint,
        )
    text = _text_at(found.data, finding.path)
    offset = text.find(finding.word) if finding.word and text else -1
    complaint = Complaint(
        finding.path,
        finding.code,
        finding.message,
        finding.hint,
        finding.severity,
        offset=max(offset, 0),
        width=len(finding.word) if offset >= 0 else None,
    )
    return places.of_complaint(complaint, found, rule.origin.file, rule.name)


def _text_at(data: object, path: Iterable[str | int]) -> str:
    for key in path:
        try:
            data = data[key]  # type: ignore[index]  # whatever a file holds
        except (KeyError, IndexError, TypeError):
            return ""
    return data if isinstance(data, str) else ""
