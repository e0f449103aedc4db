"""Write `docs/performance.md` from what the benchmarks came to; each one's last figures are kept beside it, as JSON."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.measure import Report, Table, Target

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
KEPT: Final = PAGE.with_suffix(".json")

SECTIONS: Final[Mapping[str, str]] = {
    "conditions": "Deciding, beside hand-written Python",
    "engines": "Deciding, beside other engines",
    "decoding": "Reading pages",
    "replay": "Deciding stored orders",
    "requests": "Requests and time of a preview",
    "memory": "Memory",
    "ledger": "The ledger",
    "machines": "Several machines",
    "web": "The pages",
    "startup": "Start-up",
}
"""Each benchmark, by the name of its module, and the heading of its section."""

_LIBRARIES: Final = ("msgspec", "google-re2", "httpx", "sqlalchemy", "orjson", "pydantic")
_NUMBER: Final = re.compile(r"[\d.,]*\d[\d.,]*|not run|")

_OPENING: Final = """\
# What Tertib costs

Written by `python -m benchmarks` (after `pip install -e '.[bench]'`, which brings what is compared with); change the
benchmarks, not this page. `--only NAME --write` renews a section; each says when and on what it was measured.

## Where this shows, and where it does not

In one live, sequential sweep the network hides all of it. A page of 25 orders that takes 50 ms costs 2,000 µs an order;
decoding the columns asked for of that order takes {decode} µs, and deciding ten rules over it {decide}. If you run a dozen rules
on one shop every half hour, nothing on this page matters to you but the requests, of which Scalev gives you 10,000 an hour.

The rest shows

- in **replays**: deciding orders that are already here, as a new rule's author does over last month's (deciding, that is: to
  write down what each match saw takes more than to decide, as the table below says);
- with **hundreds of rules**, where one program for all rules beats a function a rule by far;
- with **many shops on one machine**, where the processor is what they share;
- in **what a run costs**: memory, commits to disk, the start of a command that cron calls every few minutes.

How to read the tables: ways that are compared took turns in one process, and a ratio was taken within each round, so a busy
moment of the machine hit all alike. *Least*, *middle* and *most* are over the rounds. Processor time is counted where nothing
waits, time by the clock for requests, memory and the ledger, which a busy machine slows. The second decimal says nothing.
"""


class Kept(msgspec.Struct):
    """What a benchmark came to, and when and on what it was measured."""

    measured: str
    report: Report


def kept() -> dict[str, Kept]:
    """Return what the page tells today, by the benchmarks' names."""
    return msgspec.json.decode(KEPT.read_bytes(), type=dict[str, Kept]) if KEPT.exists() else {}


def write(reports: Mapping[str, Report]) -> None:
    """Write the page anew with these reports in the place of their older ones.

    Raises KeyError where a benchmark is missing that the opening names a figure of.
    """
    measured = f"{datetime.now(UTC):%Y-%m-%d}: {machine()}"
    known = {**kept(), **{name: Kept(measured, report) for name, report in reports.items()}}
    known = {name: known[name] for name in SECTIONS if name in known}
    PAGE.write_text(text(known), encoding="utf-8")
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n")


def text(known: Mapping[str, Kept]) -> str:
    """Return the page."""
    return "\n".join(_lines(known)) + "\n"


def _lines(known: Mapping[str, Kept]) -> Iterator[str]:
    facts = {name: value for one in known.values() for name, value in one.report.facts.items()}
    yield _OPENING.format(**facts)
    yield from _targets([target for one in known.values() for target in one.report.targets])
    for name, one in known.items():
        yield f"\n## {SECTIONS[name]}\n"
        yield _prose(name)
        yield f"\nMeasured on {one.measured}."
        for table in one.report.tables:
            yield from _table(table)


def _targets(targets: list[Target]) -> Iterator[str]:
    yield "## Targets and what was measured\n"
    yield from _rows(
        ("", "target", "measured", "reached"),
        [(one.what, one.wanted, one.measured, "yes" if one.reached else "**no**") for one in targets],
    )
    missed = [one for one in targets if not one.reached]
    if missed:
        yield "\n### What is not reached, and the floor\n"
        yield from (f"- {one.what}: {one.measured}. {one.floor}".rstrip() for one in missed)


def _prose(name: str) -> str:
    """Return what a benchmark's module says of itself."""
    return (import_module(f"benchmarks.{name}").__doc__ or "").strip()


def _table(table: Table) -> Iterator[str]:
    yield f"\n**{table.title}**\n"
    yield from _rows(table.head, table.rows)
    if table.note:
        yield f"\n{table.note}"


def _rows(head: tuple[str, ...], rows: list[tuple[str, ...]] | tuple[tuple[str, ...], ...]) -> Iterator[str]:
    columns = [[row[place] for row in rows] for place in range(len(head))]
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---:' if all(map(is_number, column)) else '---' for column in columns)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a figure, or stands for one that is missing."""
    return _NUMBER.fullmatch(cell) is not None


# --- what it was measured on ----------------------------------------------------------------------------


def machine() -> str:
    """Describe the machine, Python and the libraries, without naming anybody's."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = os.cpu_count() or 1
    load = os.getloadavg()[2]  # of the last quarter of an hour, about as long as this takes
    hardware = f"{cores} cores of {_processor()} under a load of {load:.0f}, {memory:.0f} GB of memory, {platform.system()}"
    libraries = ", ".join(f"{name} {found}" for name in _LIBRARIES if (found := _version(name)))
    return f"{hardware}; {platform.python_implementation()} {sys.version.split()[0]}, {libraries}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    if known.exists():
        found = re.search(r"model name\s*:\s*(.+)", known.read_text(encoding="utf-8"))
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
