"""The tests' own server: one for all workers, skipped or failed where it cannot be, and gone however a run ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import postgresql

ONE = """
import os, signal
import pytest
from sqlalchemy import create_engine, text

pytest_plugins = []

@pytest.mark.parametrize("number", range(4))
def test_it_answers(postgresql_url, postgresql_server, number):
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_setting('fsync')")) == "on"
    engine.dispose()
    print("PORT", postgresql_server.port)
    END
"""


def inner(
    place: Path, checkout: Path, end: str, *words: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest once more, on four tests that use the server."""
    (place / "test_inner.py").write_text(ONE.replace("END", end), encoding="utf-8")
    path = os.pathsep.join((str(checkout / "tests" / "plugins"), str(checkout / "engine")))
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "postgresql",
            "-p",
            "no:cacheprovider",
            "-rP",
            *words,
            str(place),
        ],
        cwd=place,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "PYTHONPATH": path,
            "TMPDIR": str(place),
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def ports(said: str) -> set[int]:
    """Return the ports that the tests of a run had their server on."""
    return {int(line.split()[1]) for line in said.splitlines() if line.startswith("PORT")}


def is_open(port: int) -> bool:
    """Tell whether anybody listens there."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a directory that the server's user can reach, where root's own temporary files cannot be."""
    made = Path(f"/tmp/tertib-inner-{os.getpid()}-{tmp_path_factory.getbasetemp().name}")  # noqa: S108 - see above
    made.mkdir()
    made.chmod(0o711)
    yield made
    subprocess.run(["rm", "-rf", str(made)], check=True)


def test_the_workers_share_one_server_which_is_gone_afterwards(place: Path, checkout: Path) -> None:
    """Two workers, one port; nothing listens there when the run has ended, and no directory stays."""
    done = inner(place, checkout, "", "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    (port,) = ports(done.stdout)
    assert not is_open(port)
    assert not list(place.glob("tertib-tests-*"))


def test_a_run_that_is_killed_leaves_no_server(place: Path, checkout: Path) -> None:
    """The keeper notices by itself that nobody holds the lock any more."""
    end = f"open({str(place / 'port')!r}, 'w').write(str(postgresql_server.port)); os.kill(os.getpid(), signal.SIGKILL)"
    done = inner(place, checkout, end)
    assert done.returncode == -signal.SIGKILL
    port = int((place / "port").read_text("ascii"))
    for kept in place.glob("tertib-tests-*/*.kept"):
        with postgresql._locked(kept):
            kept.unlink(missing_ok=True)  # the keeper has let go of it: it is done
    assert not is_open(port)
    assert not list(place.glob("tertib-tests-*/server*"))


@pytest.mark.parametrize(("ci", "word"), [("", "4 skipped"), ("true", "4 errors")])
def test_without_postgresql_the_tests_are_not_run(place: Path, checkout: Path, ci: str, word: str) -> None:
    """A user's run says so and goes on; in CI that is a failure."""
    conftest = "import postgresql\npostgresql.binaries = lambda: None\n"
    (place / "conftest.py").write_text(conftest, encoding="utf-8")
    done = inner(place, checkout, "", "-n", "0", "-rs", **({"CI": ci} if ci else {}))
    assert word in done.stdout
    assert "PostgreSQL's programs (initdb, pg_ctl) were not found; install `postgresql`" in done.stdout


def test_the_newest_of_several_versions_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As Debian keeps them, side by side; one without its programs does not count."""
    for version, programs in (("9.6", 2), ("15", 2), ("16", 1), ("13", 2)):
        place = tmp_path / version / "bin"
        place.mkdir(parents=True)
        for program in ("initdb", "pg_ctl")[:programs]:
            (place / program).touch()
    monkeypatch.setattr(postgresql, "_PLACES", (f"{tmp_path}/*/bin",))
    monkeypatch.setenv("PATH", "/nowhere")
    assert postgresql.binaries() == tmp_path / "15" / "bin"
    monkeypatch.setattr(postgresql, "_PLACES", ())
    assert postgresql.binaries() is None


def test_a_server_that_does_not_start_fails_the_test(place: Path) -> None:
    """What the programs say is in the message."""
    (place / "made").mkdir()
    with pytest.raises(subprocess.CalledProcessError) as caught:
        postgresql.Server(str(place / "made"), str(postgresql.binaries()), 1, "x").start()
    assert "data" in str(caught.value.output)
