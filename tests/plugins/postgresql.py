"""A PostgreSQL server for the tests: started once a run when a test first asks, on loopback, thrown away afterwards.

Fixtures, for every test below this directory:

- `database`: `sqlite`, then `postgresql`; whatever asks for it runs on both.
- `database_url`: the URL of an empty database of that kind, for this test alone.
- `postgresql_server`: the `Server` of this run; a worker of pytest-xdist uses the same one as the others.
- `postgresql_url`: an empty schema on it, for this test alone.
- `postgresql_alone`: a server that only this module uses, to be stopped and started again.

Where PostgreSQL's programs are not found (on PATH, where Debian keeps them, where Homebrew does), these tests are
skipped as not run, and fail where `CI` is set. `TERTIB_TEST_POSTGRES` names a server that stands ready instead.

Nothing is left behind, however the test run ends: the server belongs to a keeper, a process of its own that waits
for a lock that the test run holds for as long as it lives, and then stops the server and removes its directory.
Started by root, who may not run a server, it runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

READY: Final = "TERTIB_TEST_POSTGRES"
"""The variable that names a server which stands ready: its URL, whose user may create schemas."""

NOT_FOUND: Final = "not run: PostgreSQL's programs (initdb, pg_ctl) were not found; install `postgresql`"

_PLACES: Final = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
_INITIAL: Final = ("-E", "UTF8", "--locale=C", "--no-sync", "-A", "scram-sha-256")
_ATTEMPTS: Final = 5


def binaries() -> Path | None:
    """Return the directory of PostgreSQL's programs, the newest where there are several; None where there is none."""
    found = shutil.which("initdb")
    if found is not None and shutil.which("pg_ctl") is not None:
        return Path(found).resolve().parent
    present = [place for pattern in _PLACES for place in Path("/").glob(pattern.removeprefix("/"))]
    usable = [place for place in present if (place / "initdb").exists() and (place / "pg_ctl").exists()]
    return max(usable, key=_version, default=None)


def _version(place: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", place.parent.name)]


def user() -> str | None:
    """Return the user that a server of root's must run as, None for anybody else, whose own it may be."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@dataclass
class Server:
    """One server in a directory of its own. `stop` and `start` may be called in turn; its port stays the same."""

    home: str
    programs: str
    port: int
    password: str

    @classmethod
    def make(cls, home: Path, programs: Path) -> Self:
        """Lay out a server's files and start it."""
        made = cls(str(home), str(programs), 0, secrets.token_hex(16))
        password = home / "password"
        password.write_text(made.password, encoding="ascii")
        account = user()
        if account is not None:
            for path in (home, password):
                shutil.chown(path, account, pwd.getpwnam(account).pw_gid)
        made.call("initdb", "-D", "data", "-U", "tertib", *_INITIAL, "--pwfile=password")
        password.unlink()
        for left in reversed(range(_ATTEMPTS)):
            made.port = _free_port()
            try:
                made.start()
            except subprocess.CalledProcessError:  # another process took the port in between
                if not left:
                    raise
            else:
                break
        return made

    def start(self, **settings: str) -> None:
        """Start it, with settings besides its own; return when it answers."""
        chosen = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self.port),
            "max_connections": "200",
        } | settings
        options = " ".join(shlex.quote(f"--{name}={value}") for name, value in chosen.items())
        self.call("pg_ctl", "start", "-D", "data", "-w", "-s", "-l", "log", "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` cuts its connections, `immediate` is as good as a power cut to it."""
        self.call("pg_ctl", "stop", "-D", "data", "-w", "-s", "-m", mode)

    def restart(self, **settings: str) -> None:
        """Stop it and start it with other settings."""
        self.stop()
        self.start(**settings)

    @property
    def url(self) -> str:
        """Return where its first database lies."""
        return f"postgresql+psycopg://tertib:{self.password}@127.0.0.1:{self.port}/postgres"

    def call(self, program: str, *words: str) -> None:
        """Run one of PostgreSQL's programs as the server's user; raise `CalledProcessError` where it fails."""
        account = user()
        # The server lives on and would keep a pipe open: what is said goes to a file.
        with tempfile.TemporaryFile("w+") as told:
            done = subprocess.run(
                [f"{self.programs}/{program}", *words],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                user=account,
                group=None if account is None else pwd.getpwnam(account).pw_gid,
                extra_groups=None if account is None else [],
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            )
            told.seek(0)
            if done.returncode:
                raise subprocess.CalledProcessError(done.returncode, (program, *words), told.read())


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        number: int = asked.getsockname()[1]
        return number


# --- the keeper -----------------------------------------------------------------------------------------


def keep(home: Path) -> None:
    """Start a server in `home`, say so on stdout, and take it away when the test run has ended."""
    programs = binaries()
    if programs is None:
        raise SystemExit(NOT_FOUND)
    with _locked(home.with_suffix(".kept")):
        try:
            server = Server.make(home, programs)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(home)
            raise SystemExit(f"{error.cmd[0]} failed: {error.output}") from None
        sys.stdout.write(json.dumps(asdict(server)) + "\n")
        sys.stdout.flush()
        with _locked(home.parent / ALIVE):
            pass
        with suppress(subprocess.CalledProcessError):  # the last test may have stopped it already
            server.stop("immediate")
        shutil.rmtree(home)
        _clear(home.parent, home.with_suffix(".kept"))


def _clear(run: Path, kept: Path) -> None:
    """Remove what is left of a run that was killed; one that ends by itself removes it all in the end."""
    for file in (kept, run / ALIVE, run / STARTING, run / WRITTEN):
        file.unlink(missing_ok=True)
    with suppress(OSError):  # another keeper is not done yet
        run.rmdir()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a file's lock; the system lets go of it when the process ends, however that comes about."""
    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _under_a_keeper(run: Path, name: str) -> Server:
    """Start a server with a keeper of its own; fail the test where it does not start."""
    home = run / name
    home.mkdir()
    keeper = subprocess.Popen(
        [sys.executable, __file__, str(home)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests; the keeper still has to clear up
    )
    keeper.returncode = 0  # it outlives this process: nobody here waits for it
    assert keeper.stdout is not None
    assert keeper.stderr is not None
    with keeper.stdout, keeper.stderr:
        said = keeper.stdout.readline()
        why = "" if said else keeper.stderr.read()
    if why:
        pytest.fail(f"no PostgreSQL server: {why}", pytrace=False)
    return Server(**json.loads(said))


# --- what pytest calls ----------------------------------------------------------------------------------

ALIVE: Final = "alive"
"""The file in the run's directory that the test run keeps locked as long as it lives."""

STARTING: Final = "starting"
"""The file that a worker locks to start the server, or to wait until another has."""

WRITTEN: Final = "server.json"
"""The file that tells the workers where the server is."""

_RUN: Final = pytest.StashKey[Path]()
_UNTIL_THE_END: Final = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the directory of the run's servers, or learn from the one that runs the workers where it is."""
    given = getattr(config, "workerinput", None)
    if given is not None:
        config.stash[_RUN] = Path(given["postgresql"])
        return
    run = Path(tempfile.mkdtemp(prefix="tertib-tests-"))
    run.chmod(0o711)  # the server's user must reach its own directory in it
    config.stash[_RUN] = run
    config.stash[_UNTIL_THE_END] = ExitStack()
    config.stash[_UNTIL_THE_END].enter_context(_locked(run / ALIVE))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the servers' directory is."""
    node.workerinput["postgresql"] = str(node.config.stash[_RUN])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let the keepers stop their servers, and wait until they have."""
    if _UNTIL_THE_END not in config.stash:
        return
    config.stash[_UNTIL_THE_END].close()
    run = config.stash[_RUN]
    for kept in run.glob("*.kept"):
        with suppress(FileNotFoundError), _locked(kept):
            pass
    shutil.rmtree(run, ignore_errors=True)  # the keepers are removing it too


def _refuse_without_programs() -> None:
    """Skip the test where PostgreSQL is not there; in CI that is a failure."""
    if binaries() is not None:
        return
    if os.environ.get("CI"):
        pytest.fail(NOT_FOUND, pytrace=False)
    pytest.skip(NOT_FOUND)


@pytest.fixture(scope="session")
def postgresql_server(pytestconfig: pytest.Config) -> Server:
    """Return the server of this test run, started now or by whichever worker asked first."""
    _refuse_without_programs()
    run = pytestconfig.stash[_RUN]
    written = run / WRITTEN
    with _locked(run / STARTING):
        if not written.exists():
            server = _under_a_keeper(run, "server")
            written.write_text(json.dumps(asdict(server)), encoding="utf-8")
        return Server(**json.loads(written.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def postgresql_alone(pytestconfig: pytest.Config) -> Iterator[Server]:
    """Give a server that no other test uses."""
    _refuse_without_programs()
    server = _under_a_keeper(pytestconfig.stash[_RUN], f"alone-{uuid4().hex}")
    yield server
    with suppress(subprocess.CalledProcessError):  # a test may have left it stopped
        server.stop("immediate")


@pytest.fixture(scope="session")
def postgresql_database(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database that this worker has for itself; schemas in it are the tests' own."""
    ready = os.environ.get(READY)
    if ready:
        return ready
    server: Server = request.getfixturevalue("postgresql_server")
    name = f"tests_{uuid4().hex}"
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server.url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def postgresql_url(postgresql_database: str) -> Iterator[str]:
    """Give the URL of an empty schema."""
    name = f"test_{uuid4().hex}"
    engine = create_engine(postgresql_database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(postgresql_database).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Name the kind of database that the test runs on: each in turn."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the URL of a database of that kind that nobody has used."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path}/tertib.db"
    url: str = request.getfixturevalue("postgresql_url")
    return url


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
