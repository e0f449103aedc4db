"""Complaints and flaws brought to their file, line and column."""

from __future__ import annotations

from tertib.language.document import Document, Flaw
from tertib.model import Complaint, Problem

_LONGEST_LINE = 500


def of_complaint(complaint: Complaint, document: Document, file: str, rule: str | None) -> Problem:
    """Return what the language says against a value as a problem of a file."""
    spot = document.spot(
        complaint.path, on_key=complaint.on_key, offset=complaint.offset, width=complaint.width
    )
    return Problem(
        file,
        spot.line,
        spot.column,
        complaint.code,
        complaint.message,
        complaint.severity,
        rule,
        complaint.hint,
        document.source_line(spot.line)[:_LONGEST_LINE],
        spot.width,
    )


def of_flaw(flaw: Flaw, lines: tuple[str, ...], file: str, rule: str | None = None) -> Problem:
    """Return what makes a file unreadable as a problem of it."""
    line, column, width = flaw.spot
    source = lines[line - 1][:_LONGEST_LINE] if line <= len(lines) else ""
    return Problem(file, line, column, flaw.code, flaw.message, "error", rule, flaw.hint, source, width)


def of_file(file: str, code: str, message: str, hint: str | None = None) -> Problem:
    """Return a problem with a file, or a path, as a whole."""
    return Problem(file, 1, 1, code, message, "error", None, hint)


def order(problem: Problem) -> tuple[str, int, int, str, str]:
    """Return the key by which problems are sorted: by file, then by place."""
    return problem.file, problem.line, problem.column, problem.code, problem.message
