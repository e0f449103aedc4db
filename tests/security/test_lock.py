"""The lock of CI's packages: it fits what the project asks for, pins by hash, names no host, and is audited."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = (ROOT / "requirements/ci.lock").read_text(encoding="utf-8")
PINNED: Final = {
    canonicalize_name(name): Version(version)
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE)
}


def asked_for() -> list[Requirement]:
    """Return what the project and its extras for tests and developers ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [Requirement(one) for one in (*project["dependencies"], *extras["test"], *extras["dev"])]


@pytest.mark.parametrize("wanted", asked_for(), ids=str)
def test_the_lock_fits_what_the_project_asks_for(wanted: Requirement) -> None:
    """Every dependency is pinned to a version within its range; the command in the lock's head makes it anew."""
    assert PINNED[canonicalize_name(wanted.name)] in wanted.specifier


def test_every_package_is_pinned_by_hash_and_no_host_is_named() -> None:
    """What is installed is what was locked, wherever it comes from."""
    parts = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert [part.split()[0] for part in parts if "--hash=sha256:" not in part] == []
    assert len(parts) == len(PINNED) > 40
    assert "://" not in LOCK
    assert "--index" not in LOCK.replace("--no-emit-index-url", "")
    assert "/" not in re.sub(r"#.*|sha256:\S+", "", LOCK)


# --- the audit in CI --------------------------------------------------------------------------------------

STUB: Final = """\
#!{python}
import pathlib, sys
if "venv" in sys.argv:
    place = pathlib.Path(sys.argv[-1], "bin")
    place.mkdir(parents=True)
    for name in ("pip", "pip-audit", "python"):
        (place / name).symlink_to(pathlib.Path(__file__).with_name(name))
elif sys.argv[0].endswith("pip-audit"):
    found = {found!r}
    if found:
        pathlib.Path(sys.argv[sys.argv.index("--output") + 1]).write_text(found)
    else:
        sys.exit("cannot reach the service")
elif sys.argv[0].endswith("pip"):
    sys.exit({pip!r})
"""


def audited(tmp_path: Path, found: Any, pip: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the audit with programs in place of pip and pip-audit that find what a test says."""
    for name in ("fake", "pip", "pip-audit"):
        stub = tmp_path / name
        stub.write_text(
            STUB.format(python=sys.executable, found=found and json.dumps(found), pip=pip), encoding="utf-8"
        )
        stub.chmod(0o700)
    (tmp_path / "python").symlink_to(sys.executable)
    return subprocess.run(
        ["bash", str(ROOT / ".ci/audit")],
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(tmp_path / "fake")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def package(name: str, **more: Any) -> dict[str, Any]:
    """Return what pip-audit says of one package."""
    return {"name": name, "version": "1.0", "vulns": [], **more}


FLAW: Final = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": "x"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ({"dependencies": [package("a")]}, 0, "1 packages looked up, 0 known vulnerabilities"),
        ({"dependencies": [package("a", vulns=[FLAW])]}, 1, "a 1.0: PYSEC-2026-1, mended in 1.1"),
        ({"dependencies": [package("a", vulns=[{**FLAW, "fix_versions": []}])]}, 1, "no release yet"),
        (
            {"dependencies": [{"name": "a", "skip_reason": "not found"}, package("b")]},
            0,
            "audit not run for 1 of 2 packages: the first says: not found",
        ),
        (
            {"dependencies": [{"name": "a", "skip_reason": "no"}, package("b", vulns=[FLAW])]},
            1,
            "PYSEC-2026-1",
        ),
        ({"dependencies": []}, 1, "0 packages looked up"),
        (None, 0, "audit not run: pip-audit gave no findings (cannot reach the service)"),
    ],
)
def test_the_audit_fails_on_what_is_known_and_says_what_it_could_not_look_up(
    tmp_path: Path, found: Any, code: int, said: str
) -> None:
    """A known vulnerability fails; a service that is out of reach is told in words, and passes for nothing."""
    done = audited(tmp_path, found)
    assert (done.returncode, said in done.stdout) == (code, True), done


def test_the_audit_says_that_it_could_not_be_installed(tmp_path: Path) -> None:
    """Without a network the step is reported, not failed."""
    done = audited(tmp_path, None, pip="no network")
    assert (done.returncode, done.stdout.strip()) == (
        0,
        "audit not run: pip-audit cannot be installed (no network)",
    )
