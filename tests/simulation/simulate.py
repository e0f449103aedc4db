"""Play many seeds, on several cores: print what fails, make it small, and keep it as a test.

python tests/simulation/simulate.py --seeds 100000 --jobs 2
python tests/simulation/simulate.py --seeds 100000 --minutes 25 --keep
python tests/simulation/simulate.py --seeds 2000 --without "touched since"
"""

from __future__ import annotations

import argparse
import cProfile
import math
import multiprocessing
import pstats
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "plugins"))

from results import note
from simulator.guards import GUARDS
from simulator.run import Played, play, shrink, written
from simulator.scenario import draw

KEPT = Path(__file__).parent / "regressions"


def main() -> int:
    """Play what was asked for; return 1 where something must not be."""
    asked = _asked()
    if asked.profile:
        _profile(asked.first, asked.seeds)
        return 0
    began = time.monotonic()
    until = began + 60 * asked.minutes
    seeds = runs = wires = failed = 0
    fired: Counter[str] = Counter()
    for seed, played in _played(range(asked.first, asked.first + asked.seeds), asked.jobs, asked.without):
        seeds, runs, wires = seeds + 1, runs + played.runs, wires + played.wires
        fired.update(played.faults)
        if played.violations:
            failed += 1
            _report(seed, played, asked.without, keep=asked.keep)
            if failed == asked.stop_after:
                break
        if time.monotonic() > until:
            break
    seconds = time.monotonic() - began
    note("long seeds", played=seeds, runs=runs, requests=wires, violations=failed)
    print(f"{seeds} seeds, {runs} runs of the engine, {wires} changes on the wire, {failed} failed")
    print(
        f"{seeds / seconds:.0f} seeds and {runs / seconds:.0f} runs a second, {sum(fired.values())} mishaps"
    )
    print(f"{len(fired)} kinds of mishap, the rarest: {fired.most_common()[:-6:-1]}")
    return 1 if failed else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after so long, however many are left"
    )
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    parser.add_argument("--without", choices=sorted(GUARDS), help="take this guard out")
    parser.add_argument("--keep", action="store_true", help="write what fails, made small, as a test")
    parser.add_argument("--stop-after", type=int, default=10, help="how many failures are enough")
    parser.add_argument("--profile", action="store_true", help="show where the time goes, in one process")
    return parser.parse_args()


def _played(seeds: range, jobs: int, without: str | None) -> Iterator[tuple[int, Played]]:
    one = partial(_one, without=without)
    if jobs == 1:
        yield from map(one, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(one, seeds, chunksize=20)


def _one(seed: int, without: str | None) -> tuple[int, Played]:
    return seed, play(draw(seed), without)


def _report(seed: int, played: Played, without: str | None, *, keep: bool) -> None:
    print(f"seed {seed}: {'; '.join(played.violations)}")
    small = shrink(draw(seed), lambda scenario: bool(play(scenario, without).violations))
    print(f"made small: {small}\n  {'; '.join(play(small, without).violations)}", flush=True)
    if keep:
        KEPT.mkdir(exist_ok=True)
        (KEPT / f"seed-{seed}.json").write_bytes(written(small) + b"\n")


def _profile(first: int, count: int) -> None:
    """Profile every thread's share of the engine: the simulator runs one at a time."""
    profiles: list[cProfile.Profile] = []

    def observed(run: object, *given: object) -> object:
        profile = cProfile.Profile()
        profiles.append(profile)
        return profile.runcall(run, *given)  # type: ignore[arg-type]  # whatever the method is

    from simulator.world import Process  # noqa: PLC0415 - wrapped here alone

    run = Process.run
    Process.run = lambda self: observed(run, self)  # type: ignore[method-assign,assignment]
    for seed in range(first, first + count):
        play(draw(seed))
    total = pstats.Stats(profiles[0])
    for profile in profiles[1:]:
        total.add(profile)
    total.sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    sys.exit(main())
