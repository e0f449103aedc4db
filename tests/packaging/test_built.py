"""Prove what people install: the wheel, and the sdist that a wheel can be built from again."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

BUILD = "import os, sys; from hatchling import build; os.chdir(sys.argv[1]); print(build.{hook}(sys.argv[2]))"


def build(source: Path, target: Path, hook: str) -> Path:
    """Run one of the build backend's own hooks in a process of its own and return what it made."""
    target.mkdir(parents=True, exist_ok=True)
    shown = subprocess.run(
        [sys.executable, "-c", BUILD.format(hook=hook), str(source), str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    return target / shown.stdout.split()[-1]


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the source distribution of this checkout."""
    return build(checkout, tmp_path_factory.mktemp("sdist"), "build_sdist")


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel built from the unpacked sdist: what the sdist lacks, the wheel would lack."""
    place = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    (source,) = place.iterdir()
    return build(source, tmp_path_factory.mktemp("wheel"), "build_wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that holds the wheel's packages as an installation would."""
    place = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)  # noqa: S202 - our own wheel, built a moment ago
    return place


def python(installed: Path, *arguments: str) -> str:
    """Run Python far from the checkout, with the wheel's packages before any other."""
    shown = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=installed.parent,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout.strip()


def files_below(directory: Path) -> set[str]:
    """Return the files below a directory, by their paths in it."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_wheel_holds_every_shipped_file(checkout: Path, installed: Path) -> None:
    """Rules, their tests and the schemas come with the wheel exactly as they stand in the checkout."""
    for name in ("rules", "schemas"):
        shipped = installed / "tertib" / "shipped" / name
        assert files_below(shipped) == files_below(checkout / name)
        for file in files_below(shipped):
            assert (shipped / file).read_bytes() == (checkout / name / file).read_bytes(), file


def test_wheel_says_that_it_is_typed(installed: Path) -> None:
    """Type checkers take the package's own annotations."""
    assert (installed / "tertib" / "py.typed").is_file()


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    """No test, document or stray file is installed into somebody's site-packages."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"tertib"}


def test_wheel_finds_its_own_rules(installed: Path) -> None:
    """The resolver points into the installation, not at a checkout that happens to be near."""
    found = python(installed, "-c", "import tertib.shipped as s; print(s.rules(), s.schemas(), sep='\\n')")

    assert all(Path(line).is_relative_to(installed) for line in found.splitlines())
    assert len(found.splitlines()) == 2


def test_wheel_checks_and_tests_its_rules(installed: Path) -> None:
    """The starter rules load and pass their tests from an installation."""
    shipped = str(installed / "tertib" / "shipped" / "rules")

    python(installed, "-m", "tertib", "check", "--strict", shipped)
    python(installed, "-m", "tertib", "test", shipped)


def test_checkout_finds_its_own_rules(checkout: Path) -> None:
    """In a checkout the same resolver points at the checkout's top."""
    found = python(
        checkout / "engine", "-c", "import tertib.shipped as s; print(s.rules(), s.schemas(), sep='\\n')"
    )

    assert found.splitlines() == [str(checkout / "rules"), str(checkout / "schemas")]


def test_sdist_holds_what_a_contributor_needs(sdist: Path) -> None:
    """Whoever unpacks the sdist can read, test and build again."""
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2].partition("/")[0] for name in archive.getnames()}

    assert {
        "engine",
        "rules",
        "schemas",
        "tests",
        "docs",
        "examples",
        ".ci",
        "README.md",
        "LICENSE",
    } <= inside
