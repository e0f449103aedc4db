"""What tests take from npm: pinned by a lock file beside them, and installed once into the user's cache.

Nothing of Tertib itself comes from there. Where node or npm is missing such tests are reported as not run; in CI
(`CI=true`) that is a failure.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

OLDEST_NODE: Final = 18


class Absent(Exception):  # noqa: N818 - named for what it reports
    """A package cannot be had on this machine; the message says what is missing."""


def needed(place: Path, file: str) -> Path:
    """Return a file of the packages that the lock file in `place` pins; leave the test out where they cannot be had."""
    try:
        return installed(place, file)
    except Absent as absent:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"not run: {absent}")


def installed(place: Path, file: str) -> Path:
    """Return a file below `node_modules`, installing what `place` pins where it is not there yet; raises `Absent`."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Absent(f"{program} is not installed")
    version = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if int(version.lstrip("v").partition(".")[0] or 0) < OLDEST_NODE:
        raise Absent(f"node is {version or 'broken'}, and {OLDEST_NODE} or newer is needed")
    lock = hashlib.sha256((place / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tertib-tests"
    target = cache / f"{place.name}-{lock}"
    if not (target / "node_modules" / file).exists():
        _install(place, cache, target)
    return target / "node_modules" / file


def _install(place: Path, cache: Path, target: Path) -> None:
    """Install beside the target and rename, so that two test processes cannot see each other's half."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=cache))
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(place / name, fresh / name)
    except OSError as error:
        raise Absent(f"nothing can be written to {cache}: {error.strerror}") from None
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    found = subprocess.run(words, cwd=fresh, capture_output=True, text=True, check=False, timeout=300)
    if found.returncode:
        shutil.rmtree(fresh)
        raise Absent(f"npm could not install what {place.name} needs: {found.stderr.strip()[-300:]}")
    try:
        fresh.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(fresh)
