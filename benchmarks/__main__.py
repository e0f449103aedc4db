"""Run every benchmark, print its tables, and write `docs/performance.md`.

    python -m benchmarks                  all of it, a quarter of an hour; writes the page
    python -m benchmarks --only requests  one, at full size; writes nothing without --write
    python -m benchmarks --quick          small and once, for CI; writes nothing

The exit code is 1 where a bound of shape does not hold: ways that decide alike decide differently, a rule that takes
more requests than its script, memory that grows with what is read, a page that was edited by hand. No time is asserted:
a shared machine proves none.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from benchmarks import page
from benchmarks.measure import Report, Table, Target, in_fresh_process


def each(names: Sequence[str], size: str) -> Iterator[tuple[str, Report]]:
    """Run benchmarks one after the other at their size `FULL` or `QUICK`, so that none runs in what another left."""
    for name in names:
        benchmark = import_module(f"benchmarks.{name}")
        yield name, in_fresh_process(benchmark.measure, getattr(benchmark, size))


def show(name: str, report: Report) -> None:
    """Print what a benchmark came to."""
    print(f"\n=== {name}")
    for table in report.tables:
        _show_table(table)
    for target in report.targets:
        print(_line(target))
    for broken in report.broken:
        print(f"BROKEN: {broken}")
    sys.stdout.flush()


def _show_table(table: Table) -> None:
    rows = [table.head, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.head))]
    print(f"\n{table.title}")
    for row in rows:
        cells = (
            cell.rjust(width) if page.is_number(cell) else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        print(f"  {'  '.join(cells).rstrip()}")


def _line(target: Target) -> str:
    return f"{'reached' if target.reached else 'NOT REACHED'}: {target.what}: {target.wanted}, measured {target.measured}"


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="what Tertib costs")
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        choices=list(page.SECTIONS),
        help="run these; write nothing without --write",
    )
    parser.add_argument("--write", action="store_true", help="renew the sections of --only on the page")
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds, write nothing")
    asked = parser.parse_args()
    reports = {}
    for name, report in each(asked.only or list(page.SECTIONS), "QUICK" if asked.quick else "FULL"):
        reports[name] = report
        show(name, report)
    if not asked.quick and (asked.write or not asked.only):
        page.write(reports)
        print(f"\nwrote {page.PAGE.name}")
    broken = sum(len(report.broken) for report in reports.values())
    if page.text(page.kept()) != page.PAGE.read_text(encoding="utf-8"):
        print(f"BROKEN: {page.PAGE.name} is not what {page.KEPT.name} makes of it")
        broken += 1
    print(f"\n{len(reports)} benchmarks, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
