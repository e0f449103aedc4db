"""Run the command line as people and cron do; in the everyday run most of each process's start is saved.

Most of what `tertib plan` takes on an empty shop is Python that reads modules. So a process that has read them is kept,
and each command is a fork of it: with its own arguments, environment, directory, streams and end. In CI, and where a
system cannot fork with open files, every command is a process of its own from its first breath.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final, NoReturn

PATIENCE: Final = 120
"""Seconds that a command may take."""

TERTIB: Final = (sys.executable, "-W", "error", "-m", "tertib")
_WARM: Final = not os.environ.get("CI") and hasattr(socket, "send_fds") and hasattr(os, "fork")
_READ_AHEAD: Final = (
    "tertib.cli.apply tertib.cli.plan tertib.cli.run tertib.cli.outcome tertib.check tertib.rehearse tertib.ledger.store"
    " tertib.ledger.export tertib.ledger.keys tertib.language.codegen.plan tertib.projection tertib.scalev.client"
    " tertib.ledger.kept tertib.ledger.witness tertib.cli.audit tertib.cli.ledger tertib.scalev.sharing"
    " alembic.command alembic.config alembic.runtime.migration jsonschema httpcore idna encodings.idna encodings.utf_8_sig"
    " sqlalchemy.dialects.sqlite sqlalchemy.dialects.postgresql.psycopg psycopg rich.table rich.progress opentelemetry.trace"
)
_LENGTH: Final = struct.Struct("!I")


def run(words: Sequence[str], place: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `tertib` with these words in a directory, without a terminal; return its exit code and what it said."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if _WARM and not any(_changes_python(name, value) for name, value in environ.items()):
            code = _kept().run(words, place, environ, (out, err))
        else:
            code = subprocess.run(
                [*TERTIB, *words],
                cwd=place,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                check=False,
                timeout=PATIENCE,
            ).returncode
        said = [_text(one) for one in (out, err)]
    return subprocess.CompletedProcess([*TERTIB, *words], code, *said)


def _changes_python(name: str, value: str) -> bool:
    """Tell whether a variable makes Python start otherwise than it did here; where modules lie makes no difference."""
    return name.startswith("PYTHON") and name != "PYTHONPATH" and os.environ.get(name) != value


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8").replace("\r\n", "\n")


@lru_cache(maxsize=1)
def _kept() -> Kept:
    return Kept()


class Kept:
    """The process that has read all modules; it ends with the test run."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        program = f"import sys; sys.path.insert(1, {str(Path(__file__).parent)!r}); import commands; commands.serve({there.fileno()})"
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program],
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
        )
        there.close()
        self._here.settimeout(PATIENCE)
        atexit.register(self.end)

    def run(
        self, words: Sequence[str], place: Path, environ: Mapping[str, str], streams: tuple[IO[bytes], ...]
    ) -> int:
        """Run one command, its stdout and stderr going to two files; return its exit code."""
        asked = json.dumps({"words": [*words], "place": str(place), "environ": {**environ}}).encode()
        socket.send_fds(self._here, [_LENGTH.pack(len(asked))], [one.fileno() for one in streams])
        self._here.sendall(asked)
        answer: int = json.loads(
            _received(self._here, _LENGTH.unpack(_received(self._here, _LENGTH.size))[0])
        )
        return answer

    def end(self) -> None:
        """Let it go."""
        self._here.shutdown(socket.SHUT_RDWR)
        self._here.close()
        self._process.wait(PATIENCE)


def _received(end: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        part = end.recv(length - len(found))
        if not part:
            raise ConnectionError("the other end is gone")
        found += part
    return found


# --- in the kept process --------------------------------------------------------------------------------


def serve(number: int) -> None:
    """Fork a command for each that is asked for, until the other end is closed."""
    import tables  # noqa: PLC0415 - reads a good part of Tertib, which not every test needs

    del sys.path[1]  # where this file lies is no place for the program's own imports
    for name in _READ_AHEAD.split():
        with suppress(ImportError):  # of an extra that is not here
            importlib.import_module(name)
    tables.remember()
    tables.rehearse()
    gc.collect()
    gc.freeze()  # a child's collector leaves alone what they share
    end = socket.socket(fileno=number)
    while True:
        head, files, _, _ = socket.recv_fds(end, _LENGTH.size, 2)
        if not head:
            end.close()
            return
        asked = json.loads(_received(end, _LENGTH.unpack(head)[0]))
        child = os.fork()
        if not child:
            end.detach()
            os.close(number)
            _become(asked, files)
            return
        for one in files:
            os.close(one)
        code = json.dumps(_ended(child)).encode()
        end.sendall(_LENGTH.pack(len(code)) + code)


def _ended(child: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, 9)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(asked: Mapping[str, Any], files: Sequence[int]) -> None:
    """Be the command that was asked for, to the end of this process."""
    for number, one in enumerate(files, 1):
        os.dup2(one, number)
        os.close(one)
    os.chdir(asked["place"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    time.tzset()
    sys.argv = ["tertib", *asked["words"]]
    from tertib.cli import main  # noqa: PLC0415 - read by now; a test that imports this file does without

    code: object
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    _end(code)


def _end(code: object) -> NoReturn:
    """End as Python does, but leave it to the system to take down what was there before the fork: it takes most of the time."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    gc.collect()  # so that what was left open is told, as it would be
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else code is not None)
