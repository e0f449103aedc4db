"""Measure what starting costs: `tertib --help` and `tertib check` beside a bare `python -c pass`.

The three are run in turn, round after round, so that a busy moment of the machine hits all of them alike. The
ratios are printed, never asserted: a shared machine's clock proves nothing.

    python benchmarks/startup.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

RULES = Path(__file__).resolve().parent.parent / "rules" / "cancel"
COMMANDS: Mapping[str, Sequence[str]] = {
    "python -c pass": ("-c", "pass"),
    "tertib --help": ("-m", "tertib", "--help"),
    "tertib check": ("-m", "tertib", "check", str(RULES)),
}


def once(arguments: Sequence[str]) -> float:
    """Run one command to its end and return the seconds it took."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
    return time.perf_counter() - began


def measure(rounds: int) -> dict[str, list[float]]:
    """Return each command's seconds, one figure a round, after one round that warms the caches."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, arguments in COMMANDS.items():
            seconds = once(arguments)
            if number:
                taken[name].append(seconds)
    return taken


def main() -> None:
    """Print a table of milliseconds (minimum, median, maximum) and ratios of medians."""
    parser = argparse.ArgumentParser(description="what starting Tertib costs")
    parser.add_argument("--rounds", type=int, default=15)
    taken = measure(parser.parse_args().rounds)
    bare = statistics.median(taken["python -c pass"])
    print(f"{'':16} {'min ms':>8} {'median':>8} {'max':>8} {'ratio':>7}")
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        figures = (min(seconds), middle, max(seconds))
        print(f"{name:16} {' '.join(f'{figure * 1000:8.1f}' for figure in figures)} {middle / bare:6.1f}x")


if __name__ == "__main__":
    main()
