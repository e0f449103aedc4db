"""Render the promise sheet: what Tertib promises, each with its number from the last CI run and the test that proves it.

    python docs/promises.py RESULTS            # show the numbers of a test run that had TERTIB_RESULTS=RESULTS
    python docs/promises.py RESULTS --write    # and write them into docs/promises.json and docs/promises.md
    python docs/promises.py --write            # write the sheet again from the numbers that are kept

Fails where a promise has no number, or where anything was violated.
"""  # noqa: INP001 - a script, no package

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
KEPT: Final = HERE / "promises.json"
SHEET: Final = HERE / "promises.md"

ONCE: Final = frozenset({"collected", "coverage"})
"""Facts of a whole test run: several runs in one CI are not added up, the largest counts."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One sentence for people, the numbers behind it with names of results in braces, and how to see for yourself."""

    says: str
    number: str
    proof: str


PROMISES: Final = (
    Promise(
        "No order gets the same change twice, whatever breaks on the way.",
        "{seeds.played} histories of the real engine with {seeds.requests} requests, {seeds.violations} violations",
        "pytest tests/simulation/test_simulation.py",
    ),
    Promise(
        "Nothing is lost: each effect has a record, each record an effect or a reason.",
        "{seeds.runs} runs of the engine in those histories, {seeds.violations} violations",
        "pytest tests/simulation/test_simulation.py",
    ),
    Promise(
        "A process that is killed at any named point is finished by the next one.",
        "{kills.sqlite} kills on SQLite and {kills.postgresql} on PostgreSQL, with SIGKILL",
        "CI=true pytest tests/kills",
    ),
    Promise(
        "A process that was frozen and wakes up does no harm.",
        "{freezes.sqlite} freezes on SQLite and {freezes.postgresql} on PostgreSQL, with SIGSTOP",
        "CI=true pytest tests/kills",
    ),
    Promise(
        "Every guard is there for a reason: without it a history goes wrong that goes well with it.",
        "{guards.shown} guards, each with its witness",
        "pytest tests/simulation/test_guards.py",
    ),
    Promise(
        "The tests would notice: every fault happens, and every rule of the game can be broken.",
        "every mishap, point and kind of process counted in {seeds.played} histories",
        "CI=true pytest tests/simulation/test_census.py",
    ),
    Promise(
        "An audit chain that somebody edited, cut or put in another order is found out.",
        "{audit edits.found} edits of a real chain, all found; a cut-off end needs the exported checkpoint",
        "pytest tests/simulation/test_audit.py",
    ),
    Promise(
        "What decides, sends and records has no branch that no test takes.",
        "{coverage.percent} % of {coverage.branches} branches in `plan`, `apply`, `record` and `ledger`",
        "bash .ci/coverage",
    ),
    Promise(
        "All of it is checked at every change.",
        "{collected.tests} tests, {collected.laws} of them laws that are tried on many drawn examples",
        "bash .ci/run",
    ),
)

NOT_PROMISED: Final = (
    (
        "**Exactly once.** Scalev's endpoint has no idempotency key. A change whose answer was lost is never sent again and is"
        " read back later; until then nobody knows, and where reading back cannot tell, a person must look."
    ),
    (
        "**Sleep beyond the settle window.** A request that arrives, or a process that wakes between its last look at the clock"
        " and the socket, later than `settle` (15 minutes) can take effect after the change was written down as not applied."
    ),
    (
        "**The age of a reading across a clock that was set.** A run notices when its clock is set back and reads everything"
        " again. Between `plan` and a later `apply`, or between two machines, only the clocks tell how old a preview's"
        " reading is: by as much as they go apart it may be older than `max_read_age`."
    ),
    (
        "**Whose change it was.** Where a person makes the very change that we sent and got no answer for, reading back takes"
        " it for ours: Scalev's list does not say who did what."
    ),
    (
        "**A hold by an id that Scalev changes.** An order is known by its id and by its number. Where Scalev gives it a new"
        " id, a hold by the old one still binds only if the record has a change of that order: hold orders by their number."
    ),
    (
        "**Two files changed together.** Whoever can write both the ledger and the exported checkpoint, and has the key, can"
        " rewrite the past. Keep the checkpoint where the machine that runs Tertib cannot write."
    ),
    (
        "**That Scalev did what it answered**, and that a buyer got no message: Tertib believes the echo, and Scalev sends the"
        " messages."
    ),
)

LONG: Final = (
    ("seeds", "python tests/simulation/simulate.py --seeds 100000 --jobs 2 --keep"),
    ("seeds, as tests", "TERTIB_TEST_SEEDS=100000 pytest -m long -n auto tests/simulation"),
    ("kills", "TERTIB_TEST_KILLS=2000 pytest -m long -n auto tests/kills -k many_kills"),
    ("freezes", "TERTIB_TEST_FREEZES=500 pytest -m long -n auto tests/kills -k many_freezes"),
)
"""The long runs, each in one line."""


def collect(lines: Iterable[str]) -> dict[str, float]:
    """Add up the facts of a test run; raises ValueError for a line that is none."""
    found: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        fact = json.loads(line)
        what = fact.pop("what")
        for name, number in fact.items():
            key = f"{what}.{name}"
            found[key] = max(found[key], number) if what in ONCE else found[key] + number
    return dict(found)


def numbered(template: str, numbers: Mapping[str, float]) -> str:
    """Fill in the numbers; raises KeyError with the name of one that is missing."""
    parts = template.split("{")
    filled = [f"{numbers[name]:,.0f}{rest}" for name, _, rest in (part.partition("}") for part in parts[1:])]
    return parts[0] + "".join(filled)


def sheet(kept: Mapping[str, Mapping[str, float]]) -> str:
    """Return the promise sheet."""
    rows = [f"| {one.says} | {numbered(one.number, kept['ci'])} | `{one.proof}` |" for one in PROMISES]
    runs = [
        f"- Long run of {day}: " + "; ".join(f"{number:,.0f} {name}" for name, number in numbers.items())
        for day, numbers in sorted(kept.items())
        if day != "ci"
    ]
    return "\n".join(
        (
            "# What Tertib promises",
            "",
            (
                "Written by `docs/promises.py` from the numbers of a CI run. Each line says what is promised, what it was tried"
                " on, and how you can try it yourself."
            ),
            "",
            "| promise | tried on | see for yourself |",
            "|---|---|---|",
            *rows,
            "",
            "## What it does not promise",
            "",
            *(f"- {one}" for one in NOT_PROMISED),
            "",
            "## The long runs",
            "",
            "CI plays a part of what can be played. These take hours, and one line each:",
            "",
            *(f"- {name}: `{command}`" for name, command in LONG),
            "",
            "A seed that fails is printed, made as small as it can be, and with `--keep` becomes a permanent test.",
            "",
            *runs,
            "",
        )
    )


def main() -> int:
    """Show or write what a run came to; return 1 where something was violated or not measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    kept = json.loads(KEPT.read_text("utf-8"))
    if asked.results is not None:
        kept["ci"] = dict(sorted(collect(asked.results.read_text("utf-8").splitlines()).items()))
    try:
        shown = [f"{one.says}\n    {numbered(one.number, kept['ci'])}" for one in PROMISES]
    except KeyError as missing:
        sys.stderr.write(f"nothing was measured for {missing}\n")
        return 1
    sys.stdout.write("\n".join(shown) + "\n")
    if asked.write:
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        SHEET.write_text(sheet(kept), "utf-8")
    return 1 if kept["ci"]["seeds.violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
