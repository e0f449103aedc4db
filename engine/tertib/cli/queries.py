"""`--explain-query`: which conditions Scalev filtered by, which stayed here and why, and what each scan stood for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tertib.cli import screen, speech
from tertib.compile import Program, Shared, Sizes
from tertib.model import ScanReport
from tertib.sayings import N_

if TYPE_CHECKING:
    from rich.console import Console


class Explained:
    """Takes note of how rules were compiled and what reading them showed; `pipeline.plan` calls it once."""

    def __init__(self) -> None:
        self.program: Program | None = None
        self.sizes = Sizes()

    def __call__(self, program: Program, sizes: Sizes) -> None:
        """Take note."""
        self.program, self.sizes = program, sizes

    def show(self, reports: Sequence[ScanReport], out: Console) -> None:
        """Print both tables: what became of the conditions, and the scans."""
        if self.program is not None:
            _conditions(self.program, out)
            _scans(self._rows(reports), out)

    def document(self, reports: Sequence[ScanReport]) -> dict[str, Any]:
        """Return the same as plain JSON."""
        rules = self.program.rules if self.program is not None else ()
        return {
            "rules": [
                {
                    "rule": one.rule.name,
                    "conditions": [
                        {"condition": note.condition, "filters": list(note.filters), "why": note.why or None}
                        for note in one.pushdown.notes
                    ],
                }
                for one in rules
            ],
            "scans": [
                {
                    "params": report.scan.params,
                    "rules": list(report.scan.rules),
                    "expected_pages": shared.pages,
                    "pages": report.pages,
                    "orders": report.orders,
                    "pages_apart": apart,
                    "ended_early": report.ended_early,
                }
                for shared, report, apart in self._rows(reports)
            ],
        }

    def _rows(self, reports: Sequence[ScanReport]) -> list[tuple[Shared, ScanReport, int | None]]:
        shared = self.program.shared if self.program is not None else ()
        return [(one, report, self._apart(one)) for one, report in zip(shared, reports, strict=False)]

    def _apart(self, shared: Shared) -> int | None:
        """Return how many pages its rules would have taken each by itself, by what reading has shown."""
        if self.program is None:
            return None
        alone = dict.fromkeys((one.rule, one.query) for one in shared.needs)
        pages = [self.sizes.pages(query, self.program.now) for _, query in alone]
        known = [one for one in pages if one is not None]
        return sum(known) if len(known) == len(pages) else None


def _conditions(program: Program, out: Console) -> None:
    listed = screen.table(N_("rule"), N_("condition"), N_("Scalev filters by"), N_("stays here, because"))
    for one in program.rules:
        for note in one.pushdown.notes:
            filters = "\n".join(screen.clean(speech.say(one)) for one in note.filters)
            listed.add_row(one.rule.name, screen.clean(note.condition), filters, speech.say(note.why))
    if listed.row_count:
        out.print(listed)
        out.print()


def _scans(rows: Sequence[tuple[Shared, ScanReport, int | None]], out: Console) -> None:
    right = ["expected", "pages", "orders", "saved"]
    listed = screen.table(
        N_("what was sent"),
        N_("for"),
        N_("expected"),
        N_("pages"),
        N_("orders"),
        N_("saved"),
        right=right,
    )
    for shared, report, apart in rows:
        listed.add_row(
            _sent(report),
            ", ".join(report.scan.rules),
            "?" if shared.pages is None else screen.number(shared.pages),
            screen.number(report.pages),
            screen.number(report.orders),
            "?" if apart is None else screen.number(max(0, apart - report.pages)),
        )
    out.print(listed)
    saved = sum(max(0, apart - report.pages) for _, report, apart in rows if apart is not None)
    out.print(speech.gettext("pages that sharing saved: %(pages)s", pages=screen.number(saved)))
    out.print()


def _sent(report: ScanReport) -> str:
    """Show what a scan asked for, columns left out."""
    scan = report.scan
    lines = [f"{name}={value}" for name, value in scan.params.items() if name != "columns"]
    lines = lines or [speech.gettext("all orders")]
    if scan.source.store is not None:
        of = speech.gettext("customer orders of %(store)s", store=scan.source.store)
        lines[0] = f"{of}: {lines[0]}"
    if report.ended_early:
        lines.append(speech.gettext("ended early: what follows was created too long ago"))
    return "\n".join(map(screen.clean, lines))
