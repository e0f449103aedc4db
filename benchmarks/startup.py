"""What starting costs: `tertib --help`, `check` of one rule and `plan`, beside a bare `python -c pass`.

`plan` is a whole one: it opens its ledger and reads one page of one order from a sandbox that answers at once. Ratios are of
processor time, which tells most of it and does not depend on what else the machine does.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import Report, Spread, Table, Target, at_most, number, ratios, seconds_of
from tertib.sandbox.limits import Limits
from tertib.sandbox.server import serve
from tertib.sandbox.shop import Shop
from tertib.shipped import rules as shipped_rules

BARE: Final = "python -c pass"
_TARGETS: Final = {"tertib --help": 6, "tertib check, one rule": 20, "tertib plan, one rule": 45}
_FLOOR: Final = "Most of it is imports, by package in the table below."
_SHOWN: Final = 7
_IMPORT: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


@dataclass(frozen=True, slots=True)
class Size:
    """How often each command is started."""

    rounds: int


FULL: Final = Size(15)
QUICK: Final = Size(3)


@dataclass(frozen=True, slots=True)
class Start:
    """The seconds that one start took, by the clock and of the processor."""

    clock: float
    processor: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where the commands run, and with what environment."""

    directory: Path
    environ: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """Run Python to its end and return what it wrote to its error output; raises where it fails."""
        command = [sys.executable, *arguments]
        done = subprocess.run(  # noqa: S603 - our own program
            command, check=False, cwd=self.directory, env=self.environ, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{' '.join(arguments)} failed: {done.stdout}{done.stderr}"
        return done.stderr


def measure(size: Size) -> Report:
    """Start each command in turn, and say what the imports of the heavier ones are."""
    rule = str(shipped_rules() / "cancel" / "cancel-unpaid-transfer.yaml")
    commands: dict[str, Sequence[str]] = {
        BARE: ("-c", "pass"),
        "tertib --help": ("-m", "tertib", "--help"),
        "tertib check, one rule": ("-m", "tertib", "check", rule),
        "tertib plan, one rule": ("-m", "tertib", "plan", rule, "--json"),
    }
    with _place() as place:
        for arguments in commands.values():
            place.run(*arguments)  # the ledger is made, and the files are in memory
        taken: dict[str, list[Start]] = {name: [] for name in commands}
        for _ in range(size.rounds):
            for name, arguments in commands.items():
                taken[name].append(_start(place, arguments))
        parts = tuple(_parts(name, place, commands[name]) for name in _TARGETS)
    imports = Table("What is imported", _PARTS_HEAD, parts, _PARTS_NOTE)
    return Report((_table(taken), imports), tuple(_targets(taken)))


def _start(place: Place, arguments: Sequence[str]) -> Start:
    before = _processor_seconds()
    clock = seconds_of(lambda: place.run(*arguments))
    return Start(clock, _processor_seconds() - before)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _place() -> Iterator[Place]:
    """Open a directory of its own, and a sandbox whose shop holds one order."""
    with tempfile.TemporaryDirectory() as directory, serve(Shop(orders=1), limits=Limits.none()) as served:
        environ = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
        if "PYTHONPATH" in environ:
            parts = environ["PYTHONPATH"].split(os.pathsep)
            environ["PYTHONPATH"] = os.pathsep.join(str(Path(part).resolve()) for part in parts)
        yield Place(
            Path(directory),
            {**environ, "SCALEV_BASE_URL": served.url, "SCALEV_TOKEN": served.business_token},
        )


def _table(taken: Mapping[str, Sequence[Start]]) -> Table:
    rows = tuple(
        (
            name,
            number(statistics.median(one.clock for one in starts) * 1e3),
            number(statistics.median(one.processor for one in starts) * 1e3),
            *_of_bare(starts, taken).cells(),
        )
        for name, starts in taken.items()
    )
    return Table("Start-up", ("", "ms by the clock", "of the processor", "least", "middle", "most"), rows)


def _of_bare(starts: Sequence[Start], taken: Mapping[str, Sequence[Start]]) -> Spread:
    return ratios([one.processor for one in starts], [one.processor for one in taken[BARE]])


def _targets(taken: Mapping[str, Sequence[Start]]) -> Iterator[Target]:
    for name, bound in _TARGETS.items():
        found = _of_bare(taken[name], taken).middle
        yield at_most(f"Start-up of `{name}`, of `{BARE}`", bound, found, _FLOOR)


# --- what is imported -----------------------------------------------------------------------------------

_PARTS_HEAD: Final = ("", "all imports, ms", "of it")
_PARTS_NOTE: Final = "Milliseconds that importing takes, by package and by part of Tertib, as `-X importtime` tells it, once; it slows what it tells of."


def _parts(name: str, place: Place, arguments: Sequence[str]) -> tuple[str, str, str]:
    """Return what a command's imports take, in all and the packages that take most."""
    found = Counter[str]()
    for line in place.run("-X", "importtime", *arguments).splitlines():
        if known := _IMPORT.match(line):
            found[_package(known[2])] += int(known[1])
    most = ", ".join(f"{package} {number(micros / 1e3)}" for package, micros in found.most_common(_SHOWN))
    return name, number(found.total() / 1e3), most


def _package(module: str) -> str:
    """Return what a module is counted under: its package, or its part of Tertib."""
    package, _, rest = module.partition(".")
    if package == "tertib":
        return f"tertib.{rest.partition('.')[0]}".rstrip(".")
    return "Python's library" if package in sys.stdlib_module_names else package
